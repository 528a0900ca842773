/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_RUN_H
#define CLI_VIDEO_RUN_H

/* Inside films: from a source of frames to a sink. */

#include "cli/apply/apply.h"
#include "cli/guard/guard.h"
#include "cli/video/video.h"
#include "video/stream.h"

struct cli_video_options {
    const char *output; /* NULL: not given */
    const char *model;
    const char *mix; /* NULL: the first style */
    float strength;
    bool tone_map;
    int colour; /* enum impasto_colour */
};

struct cli_filming {
    const struct cli_video_options *options;
    struct cli_settings *settings;
    struct impasto_error *error;
    const char *input;
    struct cli_console console;
    struct cli_watchdog *watchdog;
    struct impasto_model *model;
    struct cli_mix mix;
    struct impasto_device *device;
    struct impasto_applier *applier;
    struct imp_stream_options stream;
    struct imp_source *source;
    struct imp_film film;
    struct imp_sink *sink;
    struct imp_frame frame; /* the one at hand, which is painted where it is */
    int64_t done;           /* frames */
    double began;           /* monotonic seconds, when the first frame was done */
};

enum impasto_status cli_video_run(const struct cli_call *call, struct impasto_error *error);

/* ---- tell.c ---------------------------------------------------------------------------------- */

/* Tells how far the film is. done: it is at its end. */
void cli_video_tell(struct cli_filming *filming, bool done);

#endif
