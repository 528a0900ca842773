/* SPDX-License-Identifier: MIT */
/* --trace: a line for the run and its settings, one for each iteration, one for the end. */

#include "cli/common/json.h"
#include "cli/paint/run.h"

#include <errno.h>

static enum impasto_status write_line(struct cli_trace *trace, json_t *line,
                                      struct impasto_error *error)
{
    /* 17 digits bring every double back. */
    const int dumped = json_dumpf(line, trace->stream, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(line);
    errno = 0;
    if (dumped != 0 || fputc('\n', trace->stream) == EOF || fflush(trace->stream) != 0)
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, trace->path, "cannot be written",
                             errno ? errno : EIO);
    return IMPASTO_OK;
}

static json_t *run_line(const struct cli_run *run)
{
    json_t *line = json_object(), *device = json_object(), *sizes = json_array();
    json_t *plan = json_object(), *algorithms = json_object();
    json_object_set_new(line, "type", json_string("run"));
    json_object_set_new(line, "version", cli_json_text(impasto_version()));
    json_object_set_new(device, "index", json_integer(run->device->index));
    json_object_set_new(device, "name", cli_json_text(run->device->name));
    json_object_set_new(device, "platform", cli_json_text(run->device->platform));
    json_object_set_new(device, "driver", cli_json_text(run->device->driver));
    json_object_set_new(line, "device", device);
    json_object_set_new(line, "content", cli_json_text(run->settings->content));
    json_object_set_new(line, "style", cli_json_texts(&run->settings->styles));
    json_object_set_new(line, "output", cli_json_text(run->output));
    json_object_set_new(line, "weights", cli_json_text(run->weights));
    json_object_set_new(line, "width", json_integer(run->job->width));
    json_object_set_new(line, "height", json_integer(run->job->height));
    for (size_t i = 0; i < run->job->scale_count; i++) {
        const struct impasto_plan_scale *scale = &run->job->scales[i];
        json_array_append_new(sizes, json_pack("{si si si}", "width", scale->width, "height",
                                               scale->height, "iterations", scale->iterations));
    }
    json_object_set_new(line, "scales", sizes);
    json_object_set_new(line, "style_width", json_integer(run->job->style_width));
    json_object_set_new(line, "style_height", json_integer(run->job->style_height));
    for (size_t i = 0; i < run->job->plan_rows; i++)
        json_object_set_new(plan, run->job->plan[i].purpose,
                            json_integer((json_int_t)run->job->plan[i].bytes));
    json_object_set_new(line, "memory", plan);
    for (size_t i = 0; i < run->job->layer_count; i++) {
        const struct impasto_plan_layer *layer = &run->job->layers[i];
        json_object_set_new(algorithms, impasto_layer_name(layer->layer),
                            json_pack("[ss]", layer->forward, layer->backward));
    }
    json_object_set_new(line, "algorithms", algorithms);
    json_object_set(line, "inputs", run->inputs);
    json_object_set_new(line, "settings", cli_record_settings(run->settings, run->params));
    return line;
}

enum impasto_status cli_trace_open(struct cli_trace *trace, const char *path,
                                   const struct cli_run *run, struct impasto_error *error)
{
    if (!path)
        return IMPASTO_OK;
    trace->path = cli_is_standard(path) ? "standard output" : path;
    trace->stream = cli_is_standard(path) ? stdout : fopen(path, run->continues ? "a" : "w");
    if (!trace->stream)
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
    return write_line(trace, run_line(run), error);
}

static json_t *layer_losses(const float *weights, const double *values)
{
    json_t *layers = json_object();
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (weights[l] > 0)
            json_object_set_new(layers, impasto_layer_name(l), cli_json_number(values[l]));
    return layers;
}

enum impasto_status cli_trace_iteration(struct cli_trace *trace,
                                        const struct impasto_params *params,
                                        const struct impasto_job_progress *progress,
                                        struct impasto_error *error)
{
    if (!trace->stream)
        return IMPASTO_OK;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("iteration"));
    json_object_set_new(line, "iteration", json_integer(progress->head.step));
    json_object_set_new(line, "width", json_integer(progress->width));
    json_object_set_new(line, "height", json_integer(progress->height));
    json_object_set_new(line, "total", cli_json_number(progress->head.total));
    json_object_set_new(line, "content", layer_losses(params->content_layers, progress->content));
    json_object_set_new(line, "style", layer_losses(params->style_layers, progress->style));
    json_object_set_new(line, "tv", cli_json_number(progress->tv));
    json_object_set_new(line, "seconds", cli_json_number(progress->head.seconds));
    return write_line(trace, line, error);
}

enum impasto_status cli_trace_close(struct cli_trace *trace, enum impasto_status status,
                                    int iterations, double seconds, const char *output,
                                    struct impasto_error *error)
{
    if (!trace->stream)
        return IMPASTO_OK;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("done"));
    json_object_set_new(line, "status",
                        cli_json_text(status == IMPASTO_OK ? "ok" : impasto_status_text(status)));
    json_object_set_new(line, "iterations", json_integer(iterations));
    json_object_set_new(line, "seconds", cli_json_number(seconds));
    json_object_set_new(line, "output", cli_json_text(output));
    enum impasto_status written = write_line(trace, line, error);
    if (trace->stream != stdout && fclose(trace->stream) != 0 && written == IMPASTO_OK)
        written =
            cli_fail_file(error, IMPASTO_ERROR_OUTPUT, trace->path, "cannot be written", errno);
    trace->stream = NULL;
    return written;
}
