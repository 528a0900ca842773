/* SPDX-License-Identifier: MIT */
/* --trace of a training: a line for what is trained, one for each step, one for the end. */

#include "cli/common/json.h"
#include "cli/train/run.h"

#include <errno.h>
#include <string.h>

static enum impasto_status write_line(const struct cli_trainer *run, json_t *line,
                                      struct impasto_error *error)
{
    const int dumped = json_dumpf(line, run->trace, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(line);
    errno = 0;
    if (dumped == 0 && fputc('\n', run->trace) != EOF && fflush(run->trace) == 0)
        return IMPASTO_OK;
    return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, cli_name_of_output(run->settings->trace),
                         "cannot be written", errno ? errno : EIO);
}

static json_t *describe(const struct cli_trainer *run)
{
    const struct impasto_train_info *info = impasto_train_info(run->train);
    const struct impasto_device_info *device = impasto_device_info(run->device);
    json_t *line = json_object(), *styles = json_array();
    for (size_t i = 0; i < info->style_count; i++)
        json_array_append_new(styles, cli_json_text(info->styles[i]));
    json_object_set_new(line, "type", json_string("train"));
    json_object_set_new(line, "version", cli_json_text(impasto_version()));
    json_object_set_new(line, "device", cli_json_text(device->name));
    json_object_set_new(line, "styles", styles);
    json_object_set_new(line, "output", cli_json_text(run->output));
    json_object_set_new(line, "base", cli_json_text(info->base));
    json_object_set_new(line, "width", json_integer(info->width));
    json_object_set_new(line, "parameters", json_integer((json_int_t)info->parameters));
    json_object_set_new(line, "pictures", json_integer((json_int_t)info->pictures));
    json_object_set_new(line, "drawn", json_boolean(info->drawn));
    json_object_set_new(line, "steps", json_integer(info->steps));
    json_object_set_new(line, "memory", cli_train_memory(info));
    return line;
}

enum impasto_status cli_train_trace_open(struct cli_trainer *run)
{
    const char *path = run->settings->trace;
    if (!path)
        return IMPASTO_OK;
    run->trace = cli_is_standard(path) ? stdout : fopen(path, run->from ? "a" : "w");
    return run->trace
               ? write_line(run, describe(run), run->error)
               : cli_fail_file(run->error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
}

enum impasto_status cli_train_trace_step(struct cli_trainer *run,
                                         const struct impasto_train_progress *progress,
                                         struct impasto_error *error)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"total", progress->head.total},  {"content", progress->content},
        {"style", progress->style},       {"tv", progress->tv},
        {"range", progress->range},       {"lattice", progress->lattice},
        {"weave", progress->weave},       {"learning_rate", progress->learning_rate},
        {"gradient", progress->gradient}, {"seconds", progress->head.seconds},
    };
    if (!run->trace)
        return IMPASTO_OK;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("step"));
    json_object_set_new(line, "step", json_integer(progress->head.step));
    json_object_set_new(line, "batch", json_integer(progress->batch));
    json_object_set_new(line, "crop", json_integer(progress->crop));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        json_object_set_new(line, numbers[i].name, cli_json_number(numbers[i].value));
    if (impasto_train_info(run->train)->params->steady_weight > 0) {
        json_object_set_new(line, "steady", cli_json_number(progress->steady));
        json_object_set_new(line, "steady_features", cli_json_number(progress->steady_features));
    }
    if (progress->skipped)
        json_object_set_new(line, "skipped", json_true());
    if (progress->judged)
        json_object_set_new(line, "judgement", cli_json_number(progress->judgement));
    return write_line(run, line, error);
}

enum impasto_status cli_train_trace_close(struct cli_trainer *run, enum impasto_status status,
                                          struct impasto_error *error)
{
    if (!run->trace)
        return IMPASTO_OK;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("done"));
    json_object_set_new(line, "status",
                        cli_json_text(status == IMPASTO_OK ? "ok" : impasto_status_text(status)));
    json_object_set_new(line, "steps", json_integer(run->last.head.step));
    json_object_set_new(line, "seconds", cli_json_number(run->last.head.seconds));
    json_object_set_new(line, "best", cli_json_number(run->last.best));
    enum impasto_status written = write_line(run, line, error);
    if (run->trace != stdout && fclose(run->trace) != 0 && written == IMPASTO_OK)
        written = cli_fail_file(error, IMPASTO_ERROR_OUTPUT, run->settings->trace,
                                "cannot be written", errno);
    run->trace = NULL;
    return written;
}
