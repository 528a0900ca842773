/* SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

/* From settings to pictures on disk: one, a sequence, or a batch of them. */

#include "cli/cli.h"
#include "cli/pictures.h"

/* ---- signals.c ------------------------------------------------------------------------------- */

/* Some OpenCL drivers put handlers of their own in place while they compile, so this is called
 * again in every iteration. A signal that the parent had us ignore stays ignored. */
void cli_catch_signals(void);
/* Until then: a signal ends the program as it would by itself, but as --progress's last line. */
void cli_tell_signals(void);
/* A pipe that nobody reads any more takes no more progress, which is no reason to lose the picture;
 * a file that may not get larger is an error like a full disk. Neither ends the program from here
 * on. */
void cli_outlive_writes(void);
/* The one that asked for an end; 0: none. */
int cli_stop_signal(void);

/* ---- crash.c --------------------------------------------------------------------------------- */

/* From before the first use of OpenCL: where its driver crashes, or calls exit(), one line says so,
 * and the program ends with IMPASTO_ERROR_DEVICE's exit code. */
void cli_watch_driver(void);
/* At the end of main(). What drivers do behind it harms nobody. */
void cli_leave_driver(void);

/* ---- drivers.c ------------------------------------------------------------------------------- */

/* Before the first use of OpenCL; again, it does nothing. Drivers that die when they are asked for
 * their devices are left out, and those that live have a folder for compiled kernels where the user
 * has none. Says so. */
void cli_drivers_prepare(struct cli_console *console);
/* After the first use: this time nothing has died. */
void cli_drivers_listed(void);

/* ---- lock.c ---------------------------------------------------------------------------------- */

/* A file beside an output that says who is at work on it. */
struct cli_lock {
    char *path;
    int descriptor;
    double refreshed; /* monotonic seconds */
};
enum cli_lock_state { CLI_LOCK_TAKEN, CLI_LOCK_BUSY, CLI_LOCK_FAILED };
/* FAILED: error says why. */
enum cli_lock_state cli_lock_take(struct cli_lock *lock, const char *output,
                                  struct impasto_error *error);
bool cli_lock_is_there(const char *output);
/* Now and then while at work, so that others see that somebody is. */
void cli_lock_refresh(struct cli_lock *lock);
void cli_lock_release(struct cli_lock *lock);

/* ---- open.c ---------------------------------------------------------------------------------- */

/* Opens the device that the settings or $IMPASTO_DEVICE name, or, with no place for it,
 * tunes it. */
enum impasto_status cli_open_device(struct cli_settings *settings, struct cli_console *console,
                                    struct impasto_device **device, struct impasto_error *error);
/* --list-devices, --self-test, --tune. */
enum impasto_status cli_devices_list(struct cli_settings *settings, struct impasto_error *error);
enum impasto_status cli_devices_test(struct cli_settings *settings, struct impasto_error *error);
enum impasto_status cli_devices_tune(struct cli_settings *settings, struct impasto_error *error);

/* ---- watchdog.c ------------------------------------------------------------------------------ */

struct cli_painter;
struct cli_watchdog; /* NULL: none, and then what follows does nothing */

/* Ends the program, with IMPASTO_ERROR_DEVICE's exit code and a word on what is kept, once a
 * driver has been waited for far longer than it takes, or for $IMPASTO_TIMEOUT seconds; unless that
 * is "off". */
enum impasto_status cli_watchdog_open(struct cli_painter *run);
/* The longest wait, in seconds, where so many are expected; 0: nobody knows. */
long cli_watchdog_limit(double expected);
/* A checkpoint is saved, or has been: in that one call device and disk may both hang. */
void cli_watchdog_saving(struct cli_watchdog *watchdog, bool saving);
void cli_watchdog_close(struct cli_watchdog **watchdog);

/* ---- run.c ----------------------------------------------------------------------------------- */

/* A device at work on one picture after another. */
struct cli_painter {
    struct cli_settings *settings;
    struct cli_console console;
    bool batch;            /* the job is used for more pictures */
    struct cli_lock *lock; /* of the picture at hand; NULL: none */
    struct impasto_device *device;
    struct impasto_weights *weights;
    char *weights_source; /* outlives them */
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
    /* Why the callback stopped the run; the library says no more than that it did. */
    enum impasto_status callback_status;
    struct impasto_error callback_error;
};

/* Refuses, before any work, what could not be written at the end. output: the picture; NULL: none.
 */
enum impasto_status cli_painter_check(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* With settings, error and console in place: opens weights and device. Pictures are loaded before,
 * so that their faults are told first. */
enum impasto_status cli_painter_open(struct cli_painter *run);
/* Paints the pictures in run->pictures to run->output. last: no other job of this run will need
 * what this one is made of, which are tens of MiB. */
enum impasto_status cli_painter_paint(struct cli_painter *run, bool last);
void cli_painter_close(struct cli_painter *run);

enum impasto_status cli_save_weights(const struct impasto_weights *weights, const char *path,
                                     struct cli_console *console, struct impasto_error *error);
/* "2 styles: a.jpg, b.jpg:0.3"; returns text. */
const char *cli_styles_words(const struct cli_settings *settings, char *text, size_t size);
/* Says so where a preset has no effect: silence would be taken for obedience. */
void cli_warn_of_preset(const struct cli_settings *settings, struct cli_console *console);

/* ---- outcome.c ------------------------------------------------------------------------------- */

/* The picture so far for all who want it now, read once. */
enum impasto_status cli_painter_pass_on(struct cli_painter *run, struct impasto_error *error);
/* Saves the checkpoint, if there is to be one. */
void cli_painter_save(struct cli_painter *run);
/* The end of a run that took steps and ended as `status` says: writes what there is to write.
 * Returns how the run ended in all. */
enum impasto_status cli_painter_conclude(struct cli_painter *run, enum impasto_status status);

/* ---- recover.c ------------------------------------------------------------------------------- */

/* Whether a run that has ended so has lost its device and may go on with another context. */
bool cli_painter_may_recover(const struct cli_painter *run, enum impasto_status status);
/* Opens device and job again, at the last checkpoint or the beginning. Whatever fails, the run can
 * be concluded, without a job. last: as of cli_painter_paint. */
enum impasto_status cli_painter_recover(struct cli_painter *run, bool last);

/* One picture, or with --interpolate a sequence. */
enum impasto_status cli_run(struct cli_settings *settings, struct impasto_error *error);

/* ---- batch.c --------------------------------------------------------------------------------- */

/* --batch: IMPASTO_OK where every picture is there in the end. */
enum impasto_status cli_batch(struct cli_settings *settings, struct impasto_error *error);

#endif
