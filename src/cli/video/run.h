/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_RUN_H
#define CLI_VIDEO_RUN_H

/* Inside films: from a source of frames to a sink. */

#include "cli/apply/apply.h"
#include "cli/guard/guard.h"
#include "cli/video/video.h"
#include "video/stream.h"

/* Settings of paintings that a film takes. */
#define CLI_VIDEO_SETTINGS 10
extern const struct cli_option cli_video_settings[CLI_VIDEO_SETTINGS];

struct cli_video_options {
    const char *output; /* NULL: not given */
    const char *model;
    const char *mix; /* NULL: the first style */
    float strength;  /* below 0: not given */
    bool tone_map;
    int colour;      /* enum impasto_colour */
    int consistency; /* enum impasto_consistency */
    float temporal_weight;
    int frame_iterations;                  /* -1: as the painting's say */
    const char *given[CLI_VIDEO_SETTINGS]; /* texts of paintings' settings; NULL: not given */
};

struct cli_filming {
    const struct cli_video_options *options;
    struct cli_settings *settings;
    struct impasto_error *error;
    const char *input;
    const char *const *style_words; /* what paints, in place of a model */
    size_t style_word_count;
    struct cli_console console;
    struct cli_watchdog *watchdog;
    struct impasto_model *model;
    struct cli_mix mix;
    struct impasto_device *device;
    struct impasto_weights *weights;
    struct impasto_image *image[CLI_LIST_MOST];
    struct impasto_style style[CLI_LIST_MOST];
    size_t styles;
    struct impasto_clip *clip;
    FILE *trace; /* NULL: none */
    struct imp_stream_options stream;
    struct imp_source *source;
    struct imp_film film;
    struct imp_sink *sink;
    struct imp_frame frame;   /* the one at hand */
    struct imp_film result;   /* the painted film, whose frames may have another size */
    struct imp_frame painted; /* its frame at hand */
    int64_t done;             /* frames */
    double frame_share;       /* of the frame at hand that is done */
    double began;             /* monotonic seconds, when the first frame was done */
};

enum impasto_status cli_video_run(const struct cli_call *call, struct impasto_error *error);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* The parameters of a painting: the preset's, but for what was given. */
enum impasto_status cli_video_make_params(const struct cli_filming *filming,
                                          struct impasto_params *params);

/* ---- painting.c ------------------------------------------------------------------------------ */

/* Reads style pictures and weights. */
enum impasto_status cli_video_load_styles(struct cli_filming *filming, const char *const *words,
                                          size_t count);
/* Opens the clip, with the device and the film's size. */
enum impasto_status cli_video_open_painting(struct cli_filming *filming);
void cli_video_close_painting(struct cli_filming *filming);

/* ---- figures.c ------------------------------------------------------------------------------- */

/* --trace: a line of JSON for each frame. Without it, these do nothing. */
enum impasto_status cli_video_trace_open(struct cli_filming *filming);
enum impasto_status cli_video_trace_frame(struct cli_filming *filming);
void cli_video_trace_close(struct cli_filming *filming);
/* Tells how still a painted film holds. */
void cli_video_tell_figures(struct cli_filming *filming);

/* ---- tell.c ---------------------------------------------------------------------------------- */

/* Tells how far the film is. done: it is at its end. */
void cli_video_tell(struct cli_filming *filming, bool done);

#endif
