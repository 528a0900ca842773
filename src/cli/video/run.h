/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_RUN_H
#define CLI_VIDEO_RUN_H

/* Inside films: from a source of frames to a sink. */

#include "cli/apply/apply.h"
#include "cli/guard/guard.h"
#include "cli/report/report.h"
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
    float stroke;
    float steady, smooth;
    bool tone_map;
    float start, length; /* seconds; length 0: to the end */
    int every;           /* 0: not given */
    bool preview;
    float fps;         /* 0: not given */
    const char *codec; /* NULL: not given */
    int crf;           /* -1: not given */
    int bits;          /* 8 or 10 */
    bool lossless;
    int colour;      /* enum impasto_colour */
    int consistency; /* enum impasto_consistency */
    float temporal_weight;
    int frame_iterations;                  /* -1: as the painting's say */
    const char *given[CLI_VIDEO_SETTINGS]; /* texts of paintings' settings; NULL: not given */
};

struct cli_scenes;

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
    struct cli_scenes *scenes;               /* of several devices; NULL: one paints */
    size_t devices;                          /* how many they are; 0: one paints */
    const struct impasto_clip_info *figures; /* of all; NULL: the clip's are */
    FILE *trace;                             /* NULL: none */
    struct cli_film_report *report;
    struct imp_stream_options stream;
    char *job; /* of stream.job */
    struct imp_source *source;
    struct imp_film source_film, film; /* as it comes, and as it goes */
    struct imp_sink *sink;
    struct imp_frame frame, painted; /* the one at hand */
    int64_t first, end;              /* the part that is painted: times of the source */
    int64_t seen;                    /* frames in this part, for --every and --preview */
    int64_t read;                    /* the time of the last one that was read, in the source */
    int64_t apart, shown;            /* --preview: every so many-th frame, and how many were */
    double slot;                     /* the last one, for --fps */
    int64_t kept;                    /* frames that the film has of an earlier run */
    int64_t done;                    /* frames, with those */
    int64_t earlier;    /* of them, painted by earlier runs, those before others included */
    double frame_share; /* of the frame at hand that is done */
    double opened;      /* monotonic seconds, when painting began */
    double began;       /* monotonic seconds, when the first frame was done */
    bool planned;       /* what it takes has been said */
};

enum impasto_status cli_video_run(const struct cli_call *call, struct impasto_error *error);

/* ---- check.c --------------------------------------------------------------------------------- */

/* Refuses what could not be done, before any work. */
enum impasto_status cli_video_check(const struct cli_filming *filming);

/* ---- frames.c -------------------------------------------------------------------------------- */

/* Decides by the options what part of the film is painted, and what film that makes.
 * IMPASTO_ERROR_USAGE: --preview, of a film whose frames nobody has counted. */
enum impasto_status cli_video_choose(struct cli_filming *filming);
/* Reads the next frame that is wanted. *more: false at the end. */
enum impasto_status cli_video_next(struct cli_filming *filming, bool *more);
/* Room for a frame of a film, for the caller to free. */
enum impasto_status cli_video_make_frame(const struct imp_film *film, struct imp_frame *frame,
                                         struct impasto_error *error);
/* Decides what the painted film is, by the open clip, and makes room for a frame of it. */
enum impasto_status cli_video_make_result(struct cli_filming *filming);
/* A frame in memory as clips take it. */
struct impasto_frame cli_video_frame(const struct imp_film *film, const struct imp_frame *frame);
/* Paints the frame at hand. */
enum impasto_status cli_video_paint(struct cli_filming *filming);

/* ---- done.c ---------------------------------------------------------------------------------- */

/* Remembers what the frame of that number is made of, the one at hand. IMPASTO_ERROR_INPUT: it was
 * another one in an earlier run. */
enum impasto_status cli_video_see(struct cli_filming *filming, int64_t number);
/* Writes the painted frame. known: this run has painted it, and its figures are told. */
enum impasto_status cli_video_write(struct cli_filming *filming, bool known);
/* Counts and tells it. seconds: that a frame takes. known: likewise. */
void cli_video_count(struct cli_filming *filming, double seconds, bool known);

/* ---- job.c ----------------------------------------------------------------------------------- */

/* What decides the frames, as text that the caller frees. NULL: out of memory. */
char *cli_video_job(const struct cli_filming *filming);
/* The same for ranks: what all of them must have been given. */
char *cli_video_words(const struct cli_filming *filming);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* The text of a setting of paintings, as it was given; NULL: it was not. */
const char *cli_video_given(const struct cli_video_options *options, const char *name);
/* Reads the setting of that name where it was given. */
enum impasto_status cli_video_read(const struct cli_filming *filming, const char *name,
                                   struct impasto_params *params);
/* The parameters of a painting: the preset's, but for what was given. */
enum impasto_status cli_video_make_params(const struct cli_filming *filming,
                                          struct impasto_params *params);

/* ---- network.c ------------------------------------------------------------------------------- */

/* Reads what paints: the model and its mix, or style pictures and weights. */
enum impasto_status cli_video_load_painter(struct cli_filming *filming);
/* Opens a clip of the film's size that its network paints, or that finds the scenes of such. */
enum impasto_status cli_video_open_network(struct cli_filming *filming,
                                           struct impasto_device *device,
                                           struct impasto_clip **clip);

/* ---- painting.c ------------------------------------------------------------------------------ */

/* Whether the film is painted in the style of pictures, frame upon frame. */
bool cli_video_is_painting(const struct cli_filming *filming);
/* Reads style pictures and weights. */
enum impasto_status cli_video_load_styles(struct cli_filming *filming, const char *const *words,
                                          size_t count);
/* Opens the clip, with the device and the film's size. */
enum impasto_status cli_video_open_painting(struct cli_filming *filming);
/* The same on any device. progress may be called by any thread. */
enum impasto_status cli_video_open_clip(struct cli_filming *filming, struct impasto_device *device,
                                        impasto_job_progress_fn progress, void *user,
                                        struct impasto_clip **clip);
/* Opens what finds the cuts of such a clip. */
enum impasto_status cli_video_open_scout(struct cli_filming *filming, struct impasto_device *device,
                                         struct impasto_clip **scout);
/* Opens one in its place whose frames have so many iterations, at one size. *each: how many those
 * of the film have, but for a scene's first. */
enum impasto_status cli_video_open_trial(struct cli_filming *filming, int iterations,
                                         impasto_job_progress_fn progress, void *user, int *each);
void cli_video_close_painting(struct cli_filming *filming);
/* What the last frame is, and the figures of all. */
const struct impasto_clip_info *cli_video_info(const struct cli_filming *filming);

/* ---- plan.c ---------------------------------------------------------------------------------- */

/* --plan: measures by two frames, and prints what the film takes. */
enum impasto_status cli_video_print_plan(struct cli_filming *filming);
/* IMPASTO_ERROR_OUTPUT: the film has more bytes than its disk has room for. Where nobody knows
 * these, all is well. */
enum impasto_status cli_video_check_disk(const struct cli_filming *filming);
/* Says what the film takes, once that is known and if it can be. seconds: that the frame at hand
 * took. */
void cli_video_say_plan(struct cli_filming *filming, double seconds);

/* ---- figures.c ------------------------------------------------------------------------------- */

/* --trace: a line of JSON for each frame. Without it, these do nothing. */
enum impasto_status cli_video_trace_open(struct cli_filming *filming);
enum impasto_status cli_video_trace_frame(struct cli_filming *filming);
void cli_video_trace_close(struct cli_filming *filming);
/* Tells other programs of the frame that is done. seconds: that it took. */
void cli_video_report_frame(struct cli_filming *filming, double seconds, double left);
/* Tells how still a painted film holds. */
void cli_video_tell_figures(struct cli_filming *filming);

/* ---- report.c -------------------------------------------------------------------------------- */

/* --report: a page about the film. Without it, these do nothing. */
enum impasto_status cli_video_report_take(struct cli_filming *filming);
enum impasto_status cli_video_report_write(struct cli_filming *filming, enum impasto_status ended,
                                           const char *why);

/* For other programs: the frame that is done, now and then. */
void cli_video_preview(struct cli_filming *filming);

/* ---- tell.c ---------------------------------------------------------------------------------- */

/* Seconds that the frames to come will take; NAN: nobody knows. */
double cli_video_left(const struct cli_filming *filming);
/* Tells how far the film is. done: it is at its end. */
void cli_video_tell(struct cli_filming *filming, bool done);

#endif
