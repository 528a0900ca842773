/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPTIM_OPTIM_H
#define IMP_OPTIM_OPTIM_H

/* The optimisers: a table of ways to step, and what of them goes into a checkpoint. */

#include "device/layout.h"
#include "ops/step.h"
#include "store/store.h"

#include <impasto/params.h>

#define IMP_OPTIMIZER_VECTORS 7

/* How far a step goes. */
struct imp_step_options {
    float learning_rate;         /* L-BFGS's first step, Adam's every */
    float beta1, beta2, epsilon; /* Adam's */
};

/* What an optimiser keeps between steps. */
struct imp_optimizer_state {
    int n;                                 /* floats that are moved, here called the image */
    int height;                            /* rows of the image (3, height, width); 0: it is none */
    const struct imp_elsewhere *elsewhere; /* NULL: the image is whole */
    struct imp_bounds bounds;
    int history;                                       /* steps that L-BFGS remembers */
    int step;                                          /* taken so far */
    struct imp_buffer *vectors[IMP_OPTIMIZER_VECTORS]; /* each optimiser has names for its own */
    struct imp_lbfgs *lbfgs; /* lbfgs.c's, from its first step on; see imp_optimizer_release */
    bool undoes;             /* there is room for copies of what a step changes; before `layout` */
    bool undoable;           /* Adam's: the copies of what the last step has changed are whole */
    /* What the last step met that was not finite, and got over; static. NULL: nothing */
    const char *fault;
};

/* A device vector that goes into a checkpoint. */
struct imp_saved_vector {
    const char *name; /* static, and the same for ever */
    struct imp_buffer *buffer;
    size_t floats; /* from its beginning on */
    bool padded;   /* these are images of imp_lbfgs_pitch(n) floats each, not of n */
};

/* A way to step. To add one: its file, its row in optim.c, the build list. */
struct imp_optimizer {
    const char *name;
    enum impasto_optimizer id;
    /* How many of the state's first vectors go on, resized, when the picture grows: none is
     * negative but the first may be. They are checked for numbers that are not finite with each
     * evaluation. */
    int carried;
    void (*layout)(struct imp_optimizer_state *state, struct imp_layout *layout);
    /* Is told the loss at the image and its gradient, which it may overwrite. Moves the image to
     * where it wants them next, within the bounds. total: NaN where loss or gradient are not
     * finite. Only an optimiser that has a best point elsewhere is told that. */
    enum impasto_status (*step)(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct imp_step_options *options, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient);
    /* What the next step depends on, besides the image and `step`. First the host's numbers (NULL:
     * none); loading, the state is a fresh one, of which everything is made that is to hold them.
     * Then, these being in place, the vectors; returns how many. */
    enum impasto_status (*numbers)(struct imp_device *device, struct imp_optimizer_state *state,
                                   struct imp_ledger *ledger);
    size_t (*saved)(const struct imp_optimizer_state *state,
                    struct imp_saved_vector vectors[IMP_OPTIMIZER_VECTORS]);
    /* Takes the last step back: image and state are what they were before it, to the bit. Only
     * where state->undoable. NULL: where the image was, `best` tells. */
    enum impasto_status (*undo)(struct imp_optimizer_state *state, struct imp_buffer *image);
    /* How many sums over the image a step reads, at the most where all is well. NULL: none. */
    int (*sums)(const struct imp_optimizer_state *state);
    /* The four below are for optimisers whose image may be a mere trial. NULL: it never is. */
    /* Makes the trial again, to the bit, as there may have been a fault in it. */
    enum impasto_status (*retry)(struct imp_device *device, struct imp_optimizer_state *state,
                                 struct imp_buffer *image);
    /* The best point so far, where the picture is to be read from: n floats, or image itself. */
    const struct imp_buffer *(*best)(const struct imp_optimizer_state *state,
                                     const struct imp_buffer *image);
    /* After the last evaluation: leaves the image at the best point that was evaluated. total: the
     * loss at the image as it is. *moved: that is not the best. Then there are no more steps to
     * take. */
    enum impasto_status (*finish)(struct imp_device *device, struct imp_optimizer_state *state,
                                  double total, struct imp_buffer *image, bool *moved);
    /* Frees what is the host's and forgets everything, so that the next step is the first. */
    void (*release)(struct imp_optimizer_state *state);
};

extern const struct imp_optimizer imp_optimizer_adam;                      /* adam.c */
extern const struct imp_optimizer imp_optimizer_lbfgs;                     /* lbfgs.c */
const struct imp_optimizer *imp_optimizer_find(enum impasto_optimizer id); /* NULL: none */
/* As above, for any optimiser. release: before the state goes away, is laid out anew, or is to
 * begin from another image; of NULL or twice does nothing. */
const struct imp_buffer *imp_optimizer_best(const struct imp_optimizer *optimizer,
                                            const struct imp_optimizer_state *state,
                                            const struct imp_buffer *image);
enum impasto_status imp_optimizer_finish(const struct imp_optimizer *optimizer,
                                         struct imp_device *device,
                                         struct imp_optimizer_state *state, double total,
                                         struct imp_buffer *image, bool *moved);
void imp_optimizer_release(const struct imp_optimizer *optimizer,
                           struct imp_optimizer_state *state);
enum impasto_status imp_optimizer_numbers(const struct imp_optimizer *optimizer,
                                          struct imp_device *device,
                                          struct imp_optimizer_state *state,
                                          struct imp_ledger *ledger);

#endif
