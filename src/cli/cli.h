/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* The program's parts beside the options: what it shows, and what it writes besides pictures. */

#include "cli/options.h"

/* ---- progress.c ------------------------------------------------------------------------------ */

/* Lines and the progress bar on stderr. */
struct cli_console {
    bool terminal; /* stderr is one: the bar is redrawn in place */
    bool quiet, verbose;
    bool bar_shown;
    double last_drawn; /* monotonic seconds */
    double first;      /* seconds that the first report took: kernels are compiled then */
    /* Of the job at hand: iterations times their pixels, all of them. */
    const struct impasto_plan_scale *scales;
    size_t scale_count;
};

void cli_console_init(struct cli_console *console, const struct cli_settings *settings);
/* An impasto_log_fn with the console as user. */
void cli_console_log(void *console, enum impasto_log_level level, const char *line);
/* Whose progress it will be, for the time left. The info must outlive it. */
void cli_console_begin(struct cli_console *console, const struct impasto_job_info *job);
void cli_console_progress(struct cli_console *console, const struct impasto_progress *progress);
/* Ends the bar's line. */
void cli_console_finish(struct cli_console *console);

/* ---- devices.c ------------------------------------------------------------------------------- */

/* --list-devices on stdout. */
enum impasto_status cli_list_devices(bool json, struct impasto_error *error);
/* --self-test: a table on stdout and a verdict. */
enum impasto_status cli_self_test(struct impasto_device *device, struct impasto_error *error);
/* --plan on stdout. */
void cli_print_plan(const struct impasto_job_info *info);
/* --profile on stderr. */
void cli_print_profile(const struct impasto_job_info *info);

/* ---- trace.c --------------------------------------------------------------------------------- */

/* --trace: JSON lines, flushed one by one. */
struct cli_trace {
    FILE *stream; /* NULL: no trace */
    const char *path;
};

struct cli_run {
    const struct cli_settings *settings;
    const struct impasto_params *params;
    const struct impasto_device_info *device;
    const char *weights; /* where they came from */
    const struct impasto_job_info *job;
    const char *output;
    bool continues; /* after another run of the same command */
};

enum impasto_status cli_trace_open(struct cli_trace *trace, const char *path,
                                   const struct cli_run *run, struct impasto_error *error);
enum impasto_status cli_trace_iteration(struct cli_trace *trace,
                                        const struct impasto_params *params,
                                        const struct impasto_progress *progress,
                                        struct impasto_error *error);
/* The last line, and the end of the file. status: how the run ended. */
enum impasto_status cli_trace_close(struct cli_trace *trace, enum impasto_status status,
                                    int iterations, double seconds, const char *output,
                                    struct impasto_error *error);

/* ---- outputs.c ------------------------------------------------------------------------------- */

/* <content>-<style>.png beside the content picture; the caller frees it; NULL: out of memory. */
char *cli_default_output(const char *content, const char *style);
/* path with "-0001" before its extension, for number 1; likewise. */
char *cli_numbered(const char *path, int number);
/* Refuses, before any work, what could not be written at the end: a path that is no regular file,
 * in a folder that is not there or not writable, the same file as an input or as another output. */
enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error);
/* Writes floats little-endian, whole or not at all. */
enum impasto_status cli_write_floats(const char *path, const float *data, size_t count,
                                     struct impasto_error *error);

#endif
