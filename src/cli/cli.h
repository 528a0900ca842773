/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* The program's parts beside the options: what it shows, and what it writes besides pictures. */

#include "cli/options.h"
#include "cli/screen.h"

/* ---- progress.c ------------------------------------------------------------------------------ */

/* Lines, the progress bar and, with --show, the picture so far, on stderr. */
struct cli_console {
    bool terminal; /* stderr is one: the bar is redrawn in place */
    bool quiet, verbose;
    bool silent;       /* no progress, as where several jobs run at a time */
    double last_drawn; /* monotonic seconds */
    double first;      /* seconds that the first report took: kernels are compiled then */
    /* Of the job at hand: iterations times their pixels, all of them. */
    const struct impasto_plan_scale *scales;
    size_t scale_count;
    char words[256]; /* beside the bar; empty: neither is shown */
    double share;    /* of the work that is done */
    struct cli_block block;
    struct cli_show *show; /* NULL: no pictures */
    double asked, next;    /* monotonic seconds: when one was asked for, 0: not; when to ask next */
    double spent;          /* seconds, on all pictures */
    int pictures;
    struct cli_events *events; /* --progress; NULL: none */
    size_t picture; /* the one at hand of a batch or sequence, from 1 on; 0: there is only one */
    int preview;    /* longer side of pictures among the events; 0: there are none */
};

void cli_console_init(struct cli_console *console, const struct cli_settings *settings);
/* Gets ready for --show; nothing where stderr is no terminal. IMPASTO_ERROR_USAGE in a build that
 * cannot. */
enum impasto_status cli_console_open_show(struct cli_console *console, struct impasto_error *error);
/* An impasto_log_fn with the console as user. */
void cli_console_log(void *console, enum impasto_log_level level, const char *line);
/* Whose progress it will be, for the time left. The info must outlive it. */
void cli_console_begin(struct cli_console *console, const struct impasto_job_info *job);
void cli_console_progress(struct cli_console *console, const struct impasto_job_progress *progress);
/* Whether it is time for a picture. They take a small share of the time, reading them included. */
bool cli_console_wants_picture(struct cli_console *console);
void cli_console_picture(struct cli_console *console, const struct impasto_image *image,
                         int iteration);
/* Leaves the bar and the picture standing. */
void cli_console_finish(struct cli_console *console);
void cli_console_close(struct cli_console *console);
/* Of a monotonic clock. */
double cli_seconds(void);
/* "1:23:45", "12:34", "0:07"; returns text. */
const char *cli_duration(double seconds, char *text, size_t size);

/* ---- devices.c ------------------------------------------------------------------------------- */

/* --list-devices on stdout. */
enum impasto_status cli_list_devices(bool json, struct impasto_error *error);
/* --self-test: a table on stdout and a verdict. */
enum impasto_status cli_self_test(struct impasto_device *device, struct impasto_error *error);

/* ---- trace.c --------------------------------------------------------------------------------- */

/* --trace: JSON lines, flushed one by one. */
struct cli_trace {
    FILE *stream; /* NULL: no trace */
    const char *path;
};

/* What is known of a run that is about to begin. */
struct cli_run {
    const struct cli_settings *settings;
    const struct impasto_params *params;
    const struct impasto_device_info *device;
    const char *weights; /* where they came from */
    bool builtin;        /* they are the built-in ones */
    const struct impasto_job_info *job;
    const char *output;
    bool continues;        /* after another run of the same command */
    int number;            /* of the picture, with --interpolate; from 0 on */
    struct json_t *inputs; /* by cli_inputs_read */
};

enum impasto_status cli_trace_open(struct cli_trace *trace, const char *path,
                                   const struct cli_run *run, struct impasto_error *error);
enum impasto_status cli_trace_iteration(struct cli_trace *trace,
                                        const struct impasto_params *params,
                                        const struct impasto_job_progress *progress,
                                        struct impasto_error *error);
/* The last line, and the end of the file. status: how the run ended. */
enum impasto_status cli_trace_close(struct cli_trace *trace, enum impasto_status status,
                                    int iterations, double seconds, const char *output,
                                    struct impasto_error *error);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Gives the options, and names the pictures, that are in a PNG or JSON file; resumed: in a
 * checkpoint. */
enum impasto_status cli_settings_load(struct cli_settings *settings, const char *path, bool resumed,
                                      struct impasto_error *error);
/* The checkpoint that --resume has named, the settings'; NULL: none. */
struct impasto_checkpoint *cli_resumed(const struct cli_settings *settings);
/* Iterations from one of its run's frames to the next; 0: it had none, or they are not known. */
int cli_resumed_frames(const struct cli_settings *settings);
/* The settings file that sets everything that a --preset on the command line would; NULL: none. */
const char *cli_idle_preset(const struct cli_settings *settings);

/* ---- probe.c --------------------------------------------------------------------------------- */

/* Where CLBlast may be used, tries it in another process; before anything of the library's devices
 * is called. A crash is IMPASTO_ERROR_DEVICE where --gemm clblast was given, otherwise the settings
 * get --gemm builtin, with a warning. device: as the device will be opened; NULL: automatic. */
enum impasto_status cli_probe_gemm(struct cli_settings *settings, const char *device,
                                   struct cli_console *console, struct impasto_error *error);

/* ---- record.c -------------------------------------------------------------------------------- */

/* What a PNG result of so many iterations says of itself: JSON, to be freed. NULL: no memory. */
char *cli_record(const struct cli_run *run, int iterations);
/* What a checkpoint says of its run, where things are on this machine included; likewise. */
char *cli_record_checkpoint(const struct cli_run *run);
/* --save-settings. builtin: the weights are these. */
enum impasto_status cli_settings_save(const struct cli_settings *settings,
                                      const struct impasto_params *params, bool builtin,
                                      struct impasto_error *error);
/* A file's name as others may see it: without folders where its path is absolute, on any system, or
 * leads up from here. */
const char *cli_shown_name(const char *path);

/* ---- meant.c --------------------------------------------------------------------------------- */

/* The kind of device that a spec which fits none was probably meant to be; NULL: none. Static. */
const char *cli_meant_device(const char *spec);
/* Refuses words that were meant for something else than they became: "style.jpg:0,5",
 * --init nois. */
enum impasto_status cli_meant_check(const struct cli_settings *settings,
                                    struct impasto_error *error);

/* ---- inputs.c -------------------------------------------------------------------------------- */

/* Refuses pictures and weights that a settings file names and that are not there. */
enum impasto_status cli_inputs_check(const struct cli_settings *settings,
                                     struct impasto_error *error);
/* Hashes the files that go into a run. weights: where they came from; NULL: the built-in ones. */
struct json_t *cli_inputs_read(const struct cli_settings *settings,
                               const struct impasto_params *params, const char *weights);
/* The next picture of a batch: another content, beside which all is as it was read. */
void cli_inputs_next(struct json_t *inputs, const struct cli_settings *settings);
void cli_inputs_free(struct json_t **inputs);
/* Warns of inputs that are not those that a settings file was made with. */
void cli_inputs_compare(const struct cli_settings *settings, const struct json_t *inputs,
                        struct cli_console *console);

/* ---- outputs.c ------------------------------------------------------------------------------- */

/* What follows the last slash. */
const char *cli_file_name(const char *path);
/* The ending of a result's name that nobody has given: ".png", or as --format says. */
const char *cli_usual_ending(const struct cli_settings *settings);
/* <content>-<style>.png beside the content picture; the caller frees it; NULL: out of memory. */
char *cli_default_output(const struct cli_settings *settings, const char *style);
/* What -o gives, where it is a folder with the usual name in it; likewise. */
char *cli_output_pattern(const struct cli_settings *settings, const char *given);
/* path with "-0001" before its extension, for number 1; likewise. */
char *cli_numbered(const char *path, int number);
/* The files that a run may write, the picture first; NULL where one is not asked for. */
#define CLI_OUTPUTS 7
void cli_list_outputs(const struct cli_settings *settings, const char *output,
                      const char *outputs[CLI_OUTPUTS]);
/* Refuses, before any work, what could not be written at the end: a path that is no regular file,
 * in a folder that is not there or not writable, the same file as an input or as another output. */
enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* Whether it is "-", which stands for standard input or output. */
bool cli_is_standard(const char *path);
/* ".png", whatever its case; nothing but that is none. */
bool cli_has_extension(const char *path, const char *extension);
/* Also of files that do not exist yet, by their folders. */
bool cli_same_file(const char *a, const char *b);

/* Writes to the stream; false: that failed, and errno may say why. */
typedef bool (*cli_write_fn)(FILE *stream, const void *data);
/* How the results are saved. */
struct impasto_save_options cli_save_options(const struct cli_settings *settings);
/* Writes a file, whole or not at all. */
enum impasto_status cli_write_file(const char *path, cli_write_fn write, const void *data,
                                   struct impasto_error *error);
/* Both write whole or not at all; floats little-endian, texts with a line break at the end, and to
 * standard output where path is "-". */
enum impasto_status cli_write_text(const char *path, const char *text, struct impasto_error *error);
enum impasto_status cli_write_floats(const char *path, const float *data, size_t count,
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

/* Iterations from frame to frame, in a run of so many: what was asked for, what the run that is
 * resumed had, or what gives a good number. 0: neither has frames. */
int cli_timelapse_every(const struct cli_settings *settings, int iterations);
/* Refuses, before any work, a folder that cannot be made or written to, that has frames already,
 * unless they are known to be those of the run that is resumed, or where one of the outputs would
 * be in the way. output: the picture; NULL: none. */
enum impasto_status cli_timelapse_check(const struct cli_settings *settings, const char *output,
                                        struct impasto_error *error);
/* Makes the folder. Without --timelapse: nothing, as all below. taken: of the iterations, before a
 * run that is resumed, whose frames are in the folder. */
enum impasto_status cli_timelapse_open(struct cli_timelapse *timelapse,
                                       const struct cli_settings *settings, int iterations,
                                       int taken, struct impasto_error *error);
/* Whether the picture after `taken` iterations is a frame. */
bool cli_timelapse_due(const struct cli_timelapse *timelapse, int taken);
/* The run goes back to that iteration, and its frames with it. */
void cli_timelapse_rewind(struct cli_timelapse *timelapse, int taken);
/* Writes the next frame, width x height, unless it is the one just written. */
enum impasto_status cli_timelapse_write(struct cli_timelapse *timelapse, int taken, int width,
                                        int height, const struct impasto_image *image,
                                        struct impasto_error *error);

/* ---- checkpoint.c ---------------------------------------------------------------------------- */

/* --checkpoint, which --resume implies. */
struct cli_checkpoint {
    const char *path; /* NULL: none, and then all below does nothing */
    struct cli_every every;
    char *note;
    int saved;   /* iteration of the one in the file, as far as it is of this run; -1: none */
    double last; /* monotonic seconds: when one was last tried */
    enum impasto_status status; /* of that */
    struct impasto_error error;
};

/* Refuses, before any work, what does not go with a checkpoint, and to replace another's. */
enum impasto_status cli_checkpoint_check(struct cli_settings *settings,
                                         struct impasto_error *error);
/* taken: iterations that the run has behind it. */
enum impasto_status cli_checkpoint_open(struct cli_checkpoint *checkpoint,
                                        const struct cli_run *run, int taken,
                                        struct impasto_error *error);
/* At the end of each size as well: there may be no memory for the next. */
bool cli_checkpoint_due(const struct cli_checkpoint *checkpoint, int taken,
                        const struct impasto_job_info *job);
/* Saves the job after so many iterations, unless that is what the file has. Failures are a warning,
 * and kept. */
void cli_checkpoint_save(struct cli_checkpoint *checkpoint, struct impasto_job *job, int taken,
                         struct cli_console *console);
/* How to go on from it, in words, without allocating; false: there is none. */
bool cli_checkpoint_words(const struct cli_checkpoint *checkpoint, const char *output, char *line,
                          size_t size);
/* Says that, once a run has ended before its time. */
void cli_checkpoint_tell(const struct cli_checkpoint *checkpoint, const char *output,
                         struct cli_console *console);
void cli_checkpoint_close(struct cli_checkpoint *checkpoint);

/* ---- plan.c ------------------------------------------------------------------------------------
 */

/* --plan on stdout. */
void cli_print_plan(const struct impasto_job_info *info);
/* How one block comes by memory; returns text. */
const char *cli_stage_words(const struct impasto_plan_stage *stage, char *text, size_t size);
/* --profile on stderr. */
void cli_print_profile(const struct impasto_job_info *info);

/* ---- report.c -------------------------------------------------------------------------------- */

struct cli_report; /* --report; NULL: none, and then what follows does nothing */

enum impasto_status cli_report_open(struct cli_report **report, const char *path,
                                    struct impasto_error *error);
/* Keeps a small copy. role: "content", or "style", of which there may be several; static. path:
 * where it is from, which the page tells without the folders; outlives the report. */
enum impasto_status cli_report_picture(struct cli_report *report, const char *role,
                                       const char *path, const struct impasto_image *image,
                                       struct impasto_error *error);
void cli_report_progress(struct cli_report *report, const struct impasto_params *params,
                         const struct impasto_job_progress *progress);
/* Writes the page, once. taken: iterations that the result has behind it. ended: how the run did,
 * and why in words unless that is IMPASTO_OK. */
enum impasto_status cli_report_write(struct cli_report *report, const struct cli_run *run,
                                     const struct impasto_image *result, int taken,
                                     enum impasto_status ended, const char *why,
                                     struct impasto_error *error);
void cli_report_close(struct cli_report **report);

#endif
