/* SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

/* Inside painting: from settings to pictures on disk. There may be one, a sequence, or a batch. */

#include "cli/files/files.h"
#include "cli/guard/guard.h"
#include "cli/record/record.h"
#include "cli/report/report.h"

/* ---- trace.c --------------------------------------------------------------------------------- */

/* --trace: lines of JSON. Each is flushed at once. */
struct cli_trace {
    FILE *stream; /* NULL: no trace */
    const char *path;
};

enum impasto_status cli_trace_open(struct cli_trace *trace, const char *path,
                                   const struct cli_run *run, struct impasto_error *error);
enum impasto_status cli_trace_iteration(struct cli_trace *trace,
                                        const struct impasto_params *params,
                                        const struct impasto_job_progress *progress,
                                        struct impasto_error *error);
/* Writes the last line and closes the file. status: how the run ended. */
enum impasto_status cli_trace_close(struct cli_trace *trace, enum impasto_status status,
                                    int iterations, double seconds, const char *output,
                                    struct impasto_error *error);

/* ---- record.c -------------------------------------------------------------------------------- */

/* What a PNG result of so many iterations says of itself, as JSON. The caller frees it. NULL: out
 * of memory. */
char *cli_record(const struct cli_run *run, int iterations);
/* What a checkpoint says of its run. It also tells where the files are on this machine. The caller
 * frees it. NULL: out of memory. */
char *cli_record_checkpoint(const struct cli_run *run);
/* Does what --save-settings says. builtin: the weights are the built-in ones. */
enum impasto_status cli_settings_save(const struct cli_settings *settings,
                                      const struct impasto_params *params, bool builtin,
                                      struct impasto_error *error);
/* ---- timelapse.c ----------------------------------------------------------------------------- */

/* --timelapse: frames 000000.png, 000001.png, ... in a folder. */
struct cli_timelapse {
    const char *folder; /* NULL: none */
    int every;          /* iterations from frame to frame */
    int digits;
    struct impasto_save_options options;
    int frames; /* written so far */
    int last;   /* iteration of the last one; -1: none yet */
};

/* Iterations from frame to frame, in a run of so many iterations. They were asked for, or the run
 * that is resumed had them, or they give a good number of frames. 0: there are no frames. */
int cli_timelapse_every(const struct cli_settings *settings, int iterations);
/* Refuses, before any work, a folder that cannot be made or written to. Refuses frames in it,
 * unless they are known to be of the run that is resumed, and outputs that would be in the way.
 * output: the picture. NULL: there is none. */
enum impasto_status cli_timelapse_check(const struct cli_settings *settings, const char *output,
                                        struct impasto_error *error);
/* Makes the folder. Without --timelapse, this and the functions below do nothing. taken: iterations
 * before a run that is resumed, whose frames are in the folder. */
enum impasto_status cli_timelapse_open(struct cli_timelapse *timelapse,
                                       const struct cli_settings *settings, int iterations,
                                       int taken, struct impasto_error *error);
/* Whether the picture after `taken` iterations is a frame. */
bool cli_timelapse_due(const struct cli_timelapse *timelapse, int taken);
/* Goes back to an iteration, as the run does. */
void cli_timelapse_rewind(struct cli_timelapse *timelapse, int taken);
/* Writes the next frame, width x height, unless it is the one just written. */
enum impasto_status cli_timelapse_write(struct cli_timelapse *timelapse, int taken, int width,
                                        int height, const struct impasto_image *image,
                                        struct impasto_error *error);

/* ---- checkpoint.c ---------------------------------------------------------------------------- */

/* --checkpoint, which --resume implies. */
struct cli_checkpoint {
    const char *path; /* NULL: none, and the functions below do nothing */
    struct cli_every every;
    char *note;
    int saved;                  /* iteration of the one in the file; -1: it is none of this run */
    double last;                /* monotonic seconds: when one was last tried */
    enum impasto_status status; /* of that */
    struct impasto_error error;
};

/* Refuses, before any work, options that do not go with a checkpoint, and another run's file. */
enum impasto_status cli_checkpoint_check(struct cli_settings *settings,
                                         struct impasto_error *error);
/* taken: iterations that the run has behind it. */
enum impasto_status cli_checkpoint_open(struct cli_checkpoint *checkpoint,
                                        const struct cli_run *run, int taken,
                                        struct impasto_error *error);
/* Whether it is time to save one. It is at the end of each size, too: there may be no memory for
 * the next. */
bool cli_checkpoint_due(const struct cli_checkpoint *checkpoint, int taken,
                        const struct impasto_job_info *job);
/* Saves the job after so many iterations, unless the file has it already. A failure is a warning,
 * and is kept for the end. */
void cli_checkpoint_save(struct cli_checkpoint *checkpoint, struct impasto_job *job, int taken,
                         struct cli_console *console);
/* Writes how to go on from it. Allocates nothing. false: there is no checkpoint. */
bool cli_checkpoint_words(const struct cli_checkpoint *checkpoint, const char *output, char *line,
                          size_t size);
/* Tells how to go on from it, after a run that has ended before its time. */
void cli_checkpoint_tell(const struct cli_checkpoint *checkpoint, const char *output,
                         struct cli_console *console);
void cli_checkpoint_close(struct cli_checkpoint *checkpoint);

/* ---- run.c ----------------------------------------------------------------------------------- */

/* A device at work on one picture after another. */
struct cli_painter {
    struct cli_settings *settings;
    struct cli_console console;
    bool batch;            /* the job paints more pictures */
    struct cli_lock *lock; /* of the picture at hand; NULL: none */
    struct impasto_device *device;
    struct impasto_weights *weights;
    char *weights_source; /* outlives them */
    int weights_version;  /* of the built-in ones; 0: a file */
    bool builtin;
    struct cli_pictures pictures;
    struct impasto_params params;
    struct impasto_job *job;
    struct json_t *inputs;
    struct cli_run about;
    struct cli_trace trace;
    struct cli_timelapse timelapse;
    struct cli_checkpoint checkpoint;
    struct cli_report *report;
    char *output;
    int number;                       /* of the picture, with --interpolate; from 0 on */
    struct impasto_job_progress last; /* as last reported */
    int taken;                        /* iterations that the picture has behind it */
    int begun;                        /* those that it had when the job was opened */
    int recoveries;                   /* of the picture, from a lost device */
    struct cli_watchdog *watchdog;
    struct impasto_error *error;
    /* Why the callback stopped the run. The library says only that it did. */
    enum impasto_status callback_status;
    struct impasto_error callback_error;
};

/* Refuses, before any work, what could not be written at the end. output: the picture. NULL: there
 * is none. */
enum impasto_status cli_painter_check(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* Opens weights and device. settings, error and console must be set. Pictures are loaded before, so
 * that their faults are told first. */
enum impasto_status cli_painter_open(struct cli_painter *run);
/* Paints the pictures in run->pictures to run->output. last: no other job follows, so that tens of
 * MiB can be freed early. */
enum impasto_status cli_painter_paint(struct cli_painter *run, bool last);
/* status: how its work ended. */
void cli_painter_close(struct cli_painter *run, enum impasto_status status);

enum impasto_status cli_save_weights(const struct impasto_weights *weights, const char *path,
                                     struct cli_console *console, struct impasto_error *error);
/* Writes words like "2 styles: a.jpg, b.jpg:0.3". Returns `text`. */
const char *cli_styles_words(const struct cli_settings *settings, char *text, size_t size);
/* Warns of a preset that changes nothing. Silence would be taken for obedience. */
void cli_warn_of_preset(const struct cli_settings *settings, struct cli_console *console);

/* ---- outcome.c ------------------------------------------------------------------------------- */

/* Reads the picture so far, once, for all who want it now: files, frames, --show. */
enum impasto_status cli_painter_pass_on(struct cli_painter *run, struct impasto_error *error);
/* Tells the watchdog what the checkpoint keeps. */
void cli_painter_keep(const struct cli_painter *run);
/* Saves the checkpoint, if there is to be one. */
void cli_painter_save(struct cli_painter *run);
/* Ends a run that took steps: writes what there is to write. status: how the steps ended. Returns
 * how the run ended in all. */
enum impasto_status cli_painter_conclude(struct cli_painter *run, enum impasto_status status);

/* ---- recover.c ------------------------------------------------------------------------------- */

/* Whether a run that ended with `status` has lost its device, and may open it again. */
bool cli_painter_may_recover(const struct cli_painter *run, enum impasto_status status);
/* Opens device and job again, at the last checkpoint or the beginning. If that fails, there is no
 * job, but the run can be concluded. last: as of cli_painter_paint. */
enum impasto_status cli_painter_recover(struct cli_painter *run, bool last);

/* Paints one picture, or with --interpolate a sequence. */
enum impasto_status cli_run(struct cli_settings *settings, struct impasto_error *error);

/* ---- batch.c --------------------------------------------------------------------------------- */

/* Paints the pictures of --batch. IMPASTO_OK: every picture is there in the end. */
enum impasto_status cli_batch(struct cli_settings *settings, struct impasto_error *error);

#endif
