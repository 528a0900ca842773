/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPTIM_GUARD_H
#define IMP_OPTIM_GUARD_H

/*
 * The guard against numbers that are not finite. It is told which buffers to watch, counts on the
 * device, and says what to do. Its counts come to the host with the losses, in one reading.
 */

#include "ops/sums.h"

/* Failures running after which a run ends: the first, the same measured again, and then a half, a
 * quarter and an eighth of the step. The first two tell what passes from what stays, the others
 * whether it is the step. An iteration's time is lost with each. */
#define IMP_GUARD_TRIES 5

/* Buffers that are watched: the gradient, the optimiser's vectors that are carried, the average. */
#define IMP_GUARD_BUFFERS 4

struct imp_guard {
    struct imp_device *device;
    struct imp_buffer *const *sums;       /* which has the counts, from slot `slot` on */
    int slot, elements;                   /* floats of each buffer that is watched */
    int all;                              /* the same with those of other devices, for messages */
    int watched;                          /* buffers */
    const char *what[IMP_GUARD_BUFFERS];  /* each of them, for messages; static */
    double not_finite[IMP_GUARD_BUFFERS]; /* the counts, which who reads the sums puts here */
    int failures;                         /* running */
    char doubt[96];                       /* what was found last that is not finite */
};

/* What to do about an evaluation that is not finite. */
enum imp_verdict {
    IMP_VERDICT_RETRY,     /* measure the same again: the fault may pass */
    IMP_VERDICT_SHORTER,   /* a trial was too long: tell the optimiser so */
    IMP_VERDICT_TAKE_BACK, /* take the last step back, and take half of it */
    IMP_VERDICT_GIVE_UP,
};

/* Forgets what was watched. */
void imp_guard_begin(struct imp_guard *guard);
/* Counts what is not finite in a buffer, from now on the next of those that are watched. */
enum impasto_status imp_guard_watch(struct imp_guard *guard, const char *what,
                                    const struct imp_buffer *buffer);
/* Whether the loss and all that is watched is finite; otherwise guard->doubt says what is not. */
bool imp_guard_is_sound(struct imp_guard *guard, double loss);
/* Of a buffer that is watched: whether it holds something that is not finite. */
bool imp_guard_found(const struct imp_guard *guard, const char *what);
/* After one more failure. trial: there is a better point than where the image is. undoable: the
 * last step can be taken back. */
enum imp_verdict imp_guard_judge(struct imp_guard *guard, bool trial, bool undoable);

#endif
