/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_RANKS_H
#define CLI_VIDEO_RANKS_H

/*
 * A film by several processes that mpirun has started. The first reads the film, finds the scenes,
 * encodes and writes, and has a painter of its own. Each of the others has a clip, and does with it
 * what the first asks for, an errand at a time: so it is one more painter of cli/video/scenes.h. It
 * has read the model or the style pictures and weights by itself. Frames and states travel.
 */

#include "cli/video/run.h"

enum cli_errand {
    CLI_ERRAND_GREET, /* nothing but to answer */
    CLI_ERRAND_PAINT,
    CLI_ERRAND_SAVE,
    CLI_ERRAND_LOAD,
    CLI_ERRAND_END /* is not answered; it ends the frame at hand */
};

/* What the first rank asks for. Behind it come a frame or a state, where there is one. */
struct cli_asked {
    enum cli_errand errand;
    bool begins; /* a scene, with this frame, after so many frames and scenes */
    uint64_t frames, scenes;
    uint64_t bytes; /* that follow */
};

/* What it is answered. Behind it come a painted frame or a state likewise. */
struct cli_answered {
    bool alive; /* this is no answer yet: it is at work on the frame, and nothing else counts */
    struct impasto_error error; /* its status is OK where all is well */
    struct impasto_clip_info info;
    uint64_t bytes;
    char device[128]; /* its name */
};

/* ---- state.c --------------------------------------------------------------------------------- */

/* All of a state's file. *bytes: to be freed; NULL after a failure. */
enum impasto_status cli_state_read(const char *path, void **bytes, size_t *size,
                                   struct impasto_error *error);

/* ---- join.c ---------------------------------------------------------------------------------- */

/* Of the first: tells the others what film it is. mine: how it has fared; below, too. */
enum impasto_status cli_video_lead(struct cli_filming *filming, enum impasto_status mine);
/* Of the others: is told, and sees whether it was started with the same words. *leaves: the first
 * has failed, and says so when all agree. */
enum impasto_status cli_video_be_led(struct cli_filming *filming, enum impasto_status mine,
                                     bool *leaves);
/* Of all: passes where all have opened what they paint by. */
enum impasto_status cli_video_agree(struct cli_filming *filming, enum impasto_status mine);

/* ---- follow.c -------------------------------------------------------------------------------- */

/* All that a rank does that is not the first. */
enum impasto_status cli_video_follow(const struct cli_call *call, struct impasto_error *error);

#endif
