/* SPDX-License-Identifier: MIT */
/* impasto apply: opens a model once, and paints picture after picture. */

#include "base/os.h"
#include "cli/apply/run.h"
#include "cli/devices/devices.h"
#include "cli/model/model.h"

#include <stdlib.h>
#include <string.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* style: the one that the model was named by; -1: none. */
static enum impasto_status read_mix(struct cli_applying *a, int style)
{
    if (a->options->mix)
        return cli_mix_read(a->options->mix, a->model, &a->mix, a->error);
    return style < 0 ? IMPASTO_OK : cli_mix_of_one((size_t)style, a->model, &a->mix, a->error);
}

static struct impasto_apply_params params_of(const struct cli_applying *a)
{
    struct impasto_apply_params params = impasto_apply_defaults();
    params.mix = a->mix.weight;
    params.mix_count = a->mix.weight ? impasto_model_info(a->model)->style_count : 0;
    params.strength = a->options->strength;
    params.stroke = a->options->stroke;
    params.size = a->options->size ? a->options->size : IMPASTO_SIZE_SOURCE;
    params.colour = (enum impasto_colour)a->options->colour;
    params.memory = a->options->memory;
    return params;
}

static enum impasto_status open_model(struct cli_applying *a, const char *word)
{
    const uint64_t most = a->settings->max_pixels;
    int style = -1;
    enum impasto_status status = cli_model_open(word, &a->model, &style, a->error);
    if (status == IMPASTO_OK)
        status = read_mix(a, style);
    if (status == IMPASTO_OK)
        status = cli_regions_load(&a->options->regions, most, a->model, &a->regions, a->error);
    if (status == IMPASTO_OK && a->settings->keep)
        status = cli_mask_load(a->settings->keep, most, &a->keep, a->error);
    return status == IMPASTO_OK ? cli_refine_open(a) : status;
}

static enum impasto_status open_device(struct cli_applying *a)
{
    cli_events_phase(&a->console, "opening", NULL, 0);
    enum impasto_status status = cli_watchdog_open(&a->watchdog, &a->console, a->error);
    if (status == IMPASTO_OK)
        status = cli_open_device(&a->settings->common, &a->console, &a->device, a->error);
    cli_catch_signals(); /* some drivers put handlers of their own in place */
    return status;
}

/* With the device, where that is not open yet. */
static enum impasto_status open_applier(struct cli_applying *a)
{
    const struct impasto_apply_params params = params_of(a);
    enum impasto_status status = a->device ? IMPASTO_OK : open_device(a);
    if (status == IMPASTO_OK && !a->applier)
        status = impasto_applier_open(a->device, a->model, &params, &a->applier, a->error);
    return status;
}

/* What is on the device, and what tells of that. */
static void close_work(struct cli_applying *a, enum impasto_status status)
{
    cli_console_close(&a->console);
    impasto_applier_close(&a->applier);
    cli_close_device(&a->settings->common, &a->device, status);
    cli_watchdog_close(&a->watchdog);
    cli_inputs_free(&a->inputs);
}

/* What all workers of a batch share. */
static void close_model(struct cli_applying *a)
{
    impasto_model_close(&a->model);
    impasto_image_free(&a->keep);
    cli_regions_free(&a->regions);
    cli_refine_close(&a->refining);
    cli_mix_free(&a->mix);
}

/* ---- One picture ----------------------------------------------------------------------------- */

static void tell_written(struct cli_applying *a, const struct impasto_image *image,
                         const char *output, double seconds)
{
    char line[1200];
    if (!a->lock)
        cli_events_wrote(&a->console, output);
    snprintf(line, sizeof(line), "wrote %s (%dx%d, %.2f s)", cli_name_of_output(output),
             image->width, image->height, seconds);
    cli_console_log(&a->console, IMPASTO_LOG_INFO, line);
}

static enum impasto_status save(struct cli_applying *a, struct impasto_image *image,
                                const char *output, double begun)
{
    const struct impasto_save_options options = cli_save_options(a->settings);
    cli_events_phase(&a->console, "saving", NULL, 0);
    free(image->settings);
    image->settings = cli_apply_record(a);
    if (!image->settings)
        return cli_fail_memory(a->error, "the settings");
    const enum impasto_status status = cli_picture_save(image, output, &options, a->error);
    if (status != IMPASTO_OK)
        return status;
    cli_console_picture(&a->console, image, 0);
    cli_console_finish(&a->console);
    tell_written(a, image, output, cli_seconds() - begun);
    return IMPASTO_OK;
}

/* *result takes the content's place where nothing else will need that. */
static enum impasto_status paint(struct cli_applying *a, struct impasto_image **content,
                                 struct impasto_image **result)
{
    const struct impasto_apply_pictures pictures = {
        .struct_size = sizeof(pictures),
        .content = *content,
        .keep = a->keep,
        .regions = a->regions.region,
        .region_count = a->regions.count,
    };
    cli_events_phase(&a->console, "painting", NULL, 0);
    if (a->options->size > 0 || a->options->refine > 0)
        return impasto_applier_paint(a->applier, &pictures, result, a->error);
    *result = *content;
    *content = NULL;
    return impasto_applier_paint_over(a->applier, &pictures, *result, a->error);
}

/* The network's picture, refined as far as that goes. Where it goes wrong or is interrupted, what
 * there is is still a picture. Network and optimiser need not be on the device at a time. */
static enum impasto_status refine(struct cli_applying *a, struct impasto_image **content,
                                  struct impasto_image **result)
{
    if (a->options->refine == 0)
        return IMPASTO_OK;
    impasto_applier_close(&a->applier);
    return cli_refine(a, content, result);
}

/* A picture that is there is saved whatever the status was, which stays the run's. But in a batch,
 * a picture that is there is a finished one. */
static enum impasto_status conclude(struct cli_applying *a, struct impasto_image *result,
                                    const char *output, double begun, enum impasto_status status)
{
    const struct impasto_error why = *a->error;
    if (status != IMPASTO_OK && a->lock)
        return status;
    const enum impasto_status saved = save(a, result, output, begun);
    if (saved != IMPASTO_OK || status == IMPASTO_OK)
        return saved;
    *a->error = why;
    return status;
}

/* Of the second picture of a batch, all but the content are known. */
static void read_inputs(struct cli_applying *a)
{
    if (a->inputs) {
        cli_inputs_next(a->inputs, a->settings);
        return;
    }
    a->inputs = cli_inputs_begin(a->settings);
    cli_inputs_add(a->inputs, "model", impasto_model_info(a->model)->source, 0);
    if (a->refining.weights) {
        const struct impasto_weights_info *weights = impasto_weights_info(a->refining.weights);
        a->builtin = weights->builtin;
        cli_inputs_add(a->inputs, "weights", weights->source, weights->version);
    }
    cli_inputs_add_options(a->inputs, a->settings, NULL);
    cli_inputs_compare(a->settings, a->inputs, &a->console);
}

/* From the settings' content to output. */
static enum impasto_status apply_one(struct cli_applying *a, const char *output)
{
    const double begun = cli_seconds();
    struct impasto_image *content = NULL, *result = NULL;
    cli_events_phase(&a->console, "loading", NULL, 0);
    enum impasto_status status = cli_check_outputs(a->settings, output, a->error);
    if (status == IMPASTO_OK)
        status =
            cli_picture_load(a->settings->content, a->settings->max_pixels, &content, a->error);
    if (status == IMPASTO_OK)
        status = open_applier(a);
    if (status == IMPASTO_OK)
        read_inputs(a);
    if (status == IMPASTO_OK)
        status = paint(a, &content, &result);
    if (status == IMPASTO_OK) {
        /* It replaces the result, so that it must come first. */
        const enum impasto_status refined = refine(a, &content, &result);
        if (!a->lock) /* no other picture needs what it holds, and encoders take memory, too */
            impasto_applier_close(&a->applier);
        status = conclude(a, result, output, begun, refined);
    }
    impasto_image_free(&content);
    impasto_image_free(&result);
    return status;
}

static enum impasto_status apply_single(struct cli_applying *a, const char *content)
{
    char *output = NULL;
    a->settings->content = content;
    enum impasto_status status = a->settings->common.warm
                                     ? IMPASTO_OK
                                     : cli_refuse_launched("apply with one picture", a->error);
    if (status == IMPASTO_OK)
        status = cli_standard_check(a->settings, a->error);
    if (status == IMPASTO_OK)
        status = cli_name_output(a->settings, &output, a->error);
    if (status == IMPASTO_OK && a->settings->show)
        status = cli_console_open_show(&a->console, a->error);
    if (status == IMPASTO_OK) {
        cli_events_start(&a->console, a->settings, output, 1);
        status = apply_one(a, output);
    }
    if (status == IMPASTO_OK && cli_stop_signal())
        status = cli_fail(a->error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    free(output);
    return status;
}

/* ---- Many pictures --------------------------------------------------------------------------- */

/* Who paints on a device. */
struct worker {
    struct cli_batch_worker work;
    struct cli_settings settings; /* with its device, and each item's content */
    struct cli_applying applying;
    struct impasto_error error;
};

static enum impasto_status open_worker(struct cli_batch_worker *work)
{
    struct worker *worker = work->user;
    return open_applier(&worker->applying);
}

static enum impasto_status paint_item(struct cli_batch_worker *work,
                                      const struct cli_batch_item *item)
{
    struct worker *worker = work->user;
    worker->settings.content = item->content;
    return apply_one(&worker->applying, item->output);
}

/* The worker shares the model, masks and pictures of the styles. */
static void init_worker(struct worker *worker, const struct cli_applying *a,
                        struct cli_batch *batch, const char *device, bool alone)
{
    *worker = (struct worker){.settings = *a->settings, .applying = *a};
    if (device)
        worker->settings.common.device = device;
    worker->applying.settings = &worker->settings;
    worker->applying.error = &worker->error;
    worker->applying.lock = &worker->work.lock;
    worker->work = (struct cli_batch_worker){.batch = batch,
                                             .device = device,
                                             .console = &worker->applying.console,
                                             .error = &worker->error,
                                             .open = open_worker,
                                             .paint = paint_item,
                                             .user = worker};
    cli_console_init(&worker->applying.console, &worker->settings.common);
    worker->applying.console.silent = !alone;
}

static enum impasto_status run_workers(const struct cli_applying *a, struct cli_batch *batch,
                                       const struct cli_batch_devices *devices)
{
    struct worker *workers = calloc(devices->count, sizeof(*workers));
    struct cli_batch_worker *work[CLI_BATCH_DEVICES_MOST];
    if (!workers)
        return cli_fail_memory(a->error, "the batch");
    for (size_t i = 0; i < devices->count; i++) {
        init_worker(&workers[i], a, batch, devices->device[i], devices->count == 1);
        work[i] = &workers[i].work;
    }
    enum impasto_status status =
        cli_batch_folders(a->settings, &batch->list, batch->console, a->error);
    if (status == IMPASTO_OK && a->settings->show)
        status = cli_console_open_show(&workers[0].applying.console, a->error);
    if (status == IMPASTO_OK)
        status = cli_batch_run(work, devices->count, a->error);
    for (size_t i = 0; i < devices->count; i++)
        close_work(&workers[i].applying, status);
    free(workers);
    return status;
}

static enum impasto_status check_many(const struct cli_applying *a)
{
    const struct cli_settings *s = a->settings;
    int lists = 0;
    for (int i = 0; i < s->word_count; i++)
        lists += cli_is_standard(s->words[i].text);
    if (lists > 1)
        return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                        "-: standard input can be read only once; name files for the others");
    if (cli_is_standard(s->output))
        return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                        "-o -: standard output takes one picture; name a folder, or a pattern with "
                        "{content}");
    const enum impasto_status status = cli_batch_check(s, a->error);
    return status == IMPASTO_OK ? cli_standard_check(s, a->error) : status;
}

static enum impasto_status apply_many(struct cli_applying *a)
{
    struct cli_batch batch = {.settings = a->settings, .console = &a->console};
    struct cli_batch_devices devices;
    struct impasto_error failed = {0};
    char how[1100];
    a->settings->content = NULL;
    enum impasto_status status = cli_batch_devices(a->settings, &devices, a->error);
    if (status == IMPASTO_OK)
        status = check_many(a);
    if (status == IMPASTO_OK)
        status = cli_batch_list(a->settings, &batch.list, &a->console, a->error);
    if (status == IMPASTO_OK) {
        snprintf(how, sizeof(how), "with %s", impasto_model_info(a->model)->source);
        cli_batch_announce(&batch, how);
        status = run_workers(a, &batch, &devices);
        const enum impasto_status summary = cli_batch_summarise(&batch, &failed);
        if (status == IMPASTO_OK && summary != IMPASTO_OK) {
            *a->error = failed;
            status = summary;
        }
    }
    cli_batch_list_free(&batch.list);
    cli_batch_devices_free(&devices);
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static enum impasto_status needs_pictures(struct impasto_error *error)
{
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "apply: needs MODEL PICTURE...; see impasto apply --help");
}

/* Painting's functions know the model as the style, and the pictures as words beside a batch. With
 * a model from a file of settings, a single word is the picture, unless --batch names those. */
static enum impasto_status name_pictures(const struct cli_call *call, const struct cli_list *batch,
                                         struct impasto_error *error)
{
    struct cli_settings *s = call->settings;
    const size_t count = call->operand_count, more = (size_t)batch->count;
    const bool recorded = s->styles.count > 0;
    size_t first = count > 0 && (count + more > 1 || !recorded) ? 1 : 0;
    if (!recorded && (count == 0 || count + more < 2))
        return needs_pictures(error);
    if (first > 0)
        s->styles = (struct cli_list){.item = {call->operands[0]}, .count = 1};
    s->words = calloc(count + more + 1, sizeof(*s->words));
    if (!s->words)
        return cli_fail_memory(error, "the command line");
    for (; first < count; first++)
        s->words[s->word_count++].text = call->operands[first];
    for (size_t i = 0; i < more; i++)
        s->words[s->word_count++].text = batch->item[i];
    if (s->word_count > 0)
        s->content = NULL;
    else if (s->content)
        s->words[s->word_count++].text = s->content;
    s->bits = s->bits ? s->bits : 8;
    return s->word_count > 0 ? IMPASTO_OK : needs_pictures(error);
}

static enum impasto_status check_options(const struct cli_apply_options *options,
                                         struct impasto_error *error)
{
    if (options->refine == 0 && options->styles.count > 0)
        return cli_fail(
            error, IMPASTO_ERROR_USAGE,
            "--style: a model has its styles, see --mix; only --refine takes a picture");
    return IMPASTO_OK;
}

static bool is_single(const struct cli_settings *s, const struct cli_list *batch)
{
    return s->word_count == 1 && batch->count == 0 && !imp_os_is_folder(s->words[0].text) &&
           (cli_is_standard(s->words[0].text) || !imp_os_is_there(s->words[0].text) ||
            cli_batch_is_picture(s->words[0].text));
}

enum impasto_status cli_apply_run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_apply_options options = *(const struct cli_apply_options *)call->options;
    struct cli_applying a = {.options = &options, .settings = call->settings, .error = error};
    cli_watch_driver();
    cli_outlive_writes();
    cli_console_init(&a.console, call->common);
    enum impasto_status status = check_options(&options, error);
    if (status == IMPASTO_OK)
        status = name_pictures(call, &options.batch, error);
    if (status == IMPASTO_OK)
        status = cli_inputs_check(call->settings, error);
    if (status == IMPASTO_OK)
        status = open_model(&a, a.settings->styles.item[0]);
    cli_catch_signals();
    if (status == IMPASTO_OK)
        status = is_single(a.settings, &options.batch) ? apply_single(&a, a.settings->words[0].text)
                                                       : apply_many(&a);
    close_work(&a, status);
    close_model(&a);
    return status;
}
