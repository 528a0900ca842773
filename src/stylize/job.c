/* SPDX-License-Identifier: MIT */
/*
 * A job: from two pictures to one. Opening it plans the memory, packs the weights, and captures the
 * targets; each step measures, checks, and moves the image.
 */

#include "stylize/stylize.h"
#include "stylize/budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_ROWS 16

struct impasto_job {
    struct imp_device *device;
    struct impasto_params params;
    bool only_plan; /* see impasto_job_plan */
    struct imp_sizes sizes;
    struct imp_memory memory;
    struct imp_model model;
    struct imp_losses losses;
    struct imp_net net;
    const struct imp_optimizer *optimizer;
    struct imp_optimizer_state state;
    struct imp_buffer *image, *gradient;
    int iteration;
    double started; /* imp_host_seconds() of the first step; 0 before it */
    float *alpha;   /* of the content, at the result's size; NULL: opaque */
    unsigned char *metadata;
    size_t metadata_size;
    struct impasto_job_info info;
    struct impasto_plan_row rows[PLAN_ROWS];
    struct impasto_plan_stage stages[IMP_STAGES];
    struct impasto_plan_layer layers[IMPASTO_LAYERS];
    struct impasto_profile_row *profile;
};

/* Carries a device-layer failure to the caller. */
static enum impasto_status lift(const struct impasto_job *job, enum impasto_status status,
                                struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return IMPASTO_OK;
    return imp_fail(error, status, "%s", imp_device_error(job->device)->message);
}

static const char *layers_text(const float weights[IMPASTO_LAYERS], char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int l = 0; l < IMPASTO_LAYERS && used < size; l++)
        if (weights[l] > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
                                     impasto_layer_name(l));
    return text;
}

static void announce(const struct impasto_job *job, const struct impasto_weights_info *weights)
{
    const struct imp_log *log = imp_device_log(job->device);
    char content[256], style[256];
    if (weights->builtin)
        imp_log(log, IMPASTO_LOG_INFO, "weights: %s (generated, not the trained ImageNet weights)",
                weights->source);
    else
        imp_log(log, IMPASTO_LOG_INFO, "weights: %s (%s to %s, %s input)", weights->source,
                impasto_layer_name(0), impasto_layer_name(weights->layers - 1),
                weights->convention == IMPASTO_CONVENTION_TORCHVISION ? "torchvision" : "caffe");
    imp_log(log, IMPASTO_LOG_INFO, "layers: content %s; style %s",
            layers_text(job->params.content_layers, content, sizeof(content)),
            layers_text(job->params.style_layers, style, sizeof(style)));
    imp_log(log, IMPASTO_LOG_INFO, "size: %dx%d, style %dx%d", job->sizes.width, job->sizes.height,
            job->sizes.style_width, job->sizes.style_height);
    const double mib = 1 << 20;
    char rows[512];
    size_t used = 0;
    for (size_t i = 0; i < job->info.plan_rows && used < sizeof(rows); i++)
        used += (size_t)snprintf(rows + used, sizeof(rows) - used, "%s%s %.1f", i ? ", " : "",
                                 job->info.plan[i].purpose, (double)job->info.plan[i].bytes / mib);
    imp_log(log, IMPASTO_LOG_INFO, "memory: %.1f MiB on the device (%s)",
            (double)job->info.plan_bytes / mib, rows);
}

static void describe_plan(struct impasto_job *job)
{
    for (int l = 0; l < job->model.layers; l++)
        job->layers[l] = (struct impasto_plan_layer){
            .layer = l,
            .forward = job->net.algorithm[l][0]->name,
            .backward = job->net.algorithm[l][1]->name,
        };
    for (int s = 0; s < job->net.stages; s++) {
        const struct imp_stage *stage = &job->net.stage[s];
        job->stages[s] = (struct impasto_plan_stage){
            .first = stage->first,
            .last = stage->last,
            .keep = stage->plan.keep,
            .rows = stage->plan.rows,
            .height = stage->height,
        };
    }
}

/* Decides everything, lists the memory, and refuses what does not fit. */
static enum impasto_status plan(struct impasto_job *job, const struct impasto_weights *weights,
                                const struct impasto_image *content,
                                const struct impasto_image *style, struct impasto_error *error)
{
    const struct impasto_params *params = &job->params;
    const struct imp_model_options options = {
        .layers = imp_params_depth(params),
        .average = params->pooling == IMPASTO_POOLING_AVERAGE,
        .replicate = params->padding == IMPASTO_PADDING_REPLICATE,
        .conv = params->conv,
        .gemm = params->gemm,
    };
    job->sizes = imp_sizes_of(params, params->size, content, style);
    IMP_TRY(imp_sizes_check(&job->sizes, error));
    IMP_TRY(lift(job, imp_model_init(&job->model, job->device, &weights->info, &options), error));
    job->optimizer = imp_optimizer_find(params->optimizer);

    const struct imp_parts parts = {&job->model, &job->losses, &job->net,     job->optimizer,
                                    &job->state, &job->image,  &job->gradient};
    imp_memory_init(&job->memory, job->device, params, &job->sizes, &parts);
    if (!imp_memory_plan(&job->memory, job->device, params, &job->sizes, &parts))
        return imp_memory_refuse(&job->memory, job->device, params, &job->model, job->optimizer,
                                 content, style, &job->sizes, error);
    job->info = (struct impasto_job_info){
        .width = job->sizes.width,
        .height = job->sizes.height,
        .style_width = job->sizes.style_width,
        .style_height = job->sizes.style_height,
        .plan = job->rows,
        .plan_rows = imp_memory_rows(&job->memory, job->rows, PLAN_ROWS),
        .plan_bytes = imp_memory_peak(&job->memory),
        .plan_cost = job->memory.cost / job->memory.cost_of_keeping,
        .stages = job->stages,
        .stage_count = (size_t)job->net.stages,
        .layers = job->layers,
        .layer_count = (size_t)job->model.layers,
    };
    describe_plan(job);
    return IMPASTO_OK;
}

/* The pass over the style picture, in memory of its own that is gone afterwards. */
static enum impasto_status capture_style(struct impasto_job *job, const struct impasto_image *style,
                                         struct impasto_error *error)
{
    const struct imp_sizes *sizes = &job->sizes;
    const size_t bytes =
        3 * (size_t)sizes->style_width * (size_t)sizes->style_height * sizeof(float);
    float *planes = NULL;
    IMP_TRY(imp_canvas_planes(style, sizes->style_width, sizes->style_height, 0, &planes, error));
    struct imp_style_pass *pass = &job->memory.pass;
    const struct imp_taps taps = imp_losses_style_taps(&job->losses);
    enum impasto_status status = imp_layout_allocate(&job->memory.style, job->device);
    if (status == IMPASTO_OK)
        status = imp_buffer_write(pass->image, 0, planes, bytes);
    free(planes);
    if (status == IMPASTO_OK)
        status = imp_net_forward(&pass->net, job->device, pass->image, &taps);
    imp_layout_release(&job->memory.style);
    return lift(job, status, error);
}

/* The pass over the content picture, and the start image. */
static enum impasto_status capture_content(struct impasto_job *job,
                                           const struct impasto_image *content,
                                           struct impasto_error *error)
{
    const struct imp_sizes *sizes = &job->sizes;
    const size_t bytes =
        3 * (size_t)sizes->canvas_width * (size_t)sizes->canvas_height * sizeof(float);
    float *planes = NULL, *start = NULL;
    IMP_TRY(imp_canvas_planes(content, sizes->width, sizes->height, job->params.margin, &planes,
                              error));
    const struct imp_taps taps = imp_losses_content_taps(&job->losses);
    enum impasto_status status = imp_buffer_write(job->image, 0, planes, bytes);
    if (status == IMPASTO_OK)
        status = imp_net_forward(&job->net, job->device, job->image, &taps);
    status = lift(job, status, error);
    if (status == IMPASTO_OK)
        status = imp_canvas_start(&job->params, sizes, planes, &start, error);
    if (status == IMPASTO_OK)
        status = lift(job, imp_buffer_write(job->image, 0, start, bytes), error);
    free(planes);
    free(start);
    return status;
}

/* What of the content picture goes straight to the result: transparency and metadata. */
static enum impasto_status keep_extras(struct impasto_job *job, const struct impasto_image *content,
                                       struct impasto_error *error)
{
    if (content->metadata_size) {
        job->metadata = malloc(content->metadata_size);
        if (!job->metadata)
            return imp_fail_memory(error, "the EXIF block", content->metadata_size);
        memcpy(job->metadata, content->metadata, content->metadata_size);
        job->metadata_size = content->metadata_size;
    }
    if (content->alpha) {
        struct impasto_image *resized = NULL;
        IMP_TRY(imp_image_resize(content, job->sizes.width, job->sizes.height, &resized, error));
        job->alpha = resized->alpha;
        resized->alpha = NULL;
        impasto_image_free(&resized);
    }
    return IMPASTO_OK;
}

static enum impasto_status prepare(struct impasto_job *job, struct impasto_device *device,
                                   const struct impasto_weights *weights,
                                   const struct impasto_image *content,
                                   const struct impasto_image *style, struct impasto_error *error)
{
    IMP_TRY(imp_params_check(&job->params, &weights->info, error));
    IMP_TRY(imp_device_check(device, error));
    IMP_TRY(plan(job, weights, content, style, error));
    announce(job, &weights->info);
    if (job->only_plan)
        return IMPASTO_OK;
    imp_device_set_profile(job->device, job->params.profile);
    IMP_TRY(lift(job, imp_layout_allocate(&job->memory.fixed, job->device), error));
    IMP_TRY(imp_model_load(&job->model, job->device, weights, error));
    IMP_TRY(capture_style(job, style, error));
    IMP_TRY(lift(job, imp_layout_allocate(&job->memory.main, job->device), error));
    IMP_TRY(capture_content(job, content, error));
    return keep_extras(job, content, error);
}

static enum impasto_status open_job(struct impasto_device *device,
                                    const struct impasto_weights *weights,
                                    const struct impasto_image *content,
                                    const struct impasto_image *style,
                                    const struct impasto_params *params, bool only_plan,
                                    struct impasto_job **job, struct impasto_error *error)
{
    struct impasto_job *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "a job", sizeof(*opened));
    opened->device = device->device;
    opened->params = *params;
    opened->only_plan = only_plan;
    const enum impasto_status status = prepare(opened, device, weights, content, style, error);
    /* Only opening reads what these point to. */
    opened->params.init_image = NULL;
    opened->params.conv = opened->params.gemm = NULL;
    if (status == IMPASTO_OK)
        *job = opened;
    else
        impasto_job_close(&opened);
    return status;
}

enum impasto_status impasto_job_open(struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_image *content,
                                     const struct impasto_image *style,
                                     const struct impasto_params *params, struct impasto_job **job,
                                     struct impasto_error *error)
{
    return open_job(device, weights, content, style, params, false, job, error);
}

enum impasto_status impasto_job_plan(struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_image *content,
                                     const struct impasto_image *style,
                                     const struct impasto_params *params, struct impasto_job **job,
                                     struct impasto_error *error)
{
    return open_job(device, weights, content, style, params, true, job, error);
}

void impasto_job_close(struct impasto_job **job)
{
    if (!job || !*job)
        return;
    imp_optimizer_release((*job)->optimizer, &(*job)->state);
    imp_memory_release(&(*job)->memory);
    free((*job)->alpha);
    free((*job)->metadata);
    free((*job)->profile);
    free(*job);
    *job = NULL;
}

const struct impasto_job_info *impasto_job_info(struct impasto_job *job)
{
    size_t count = 0;
    const struct imp_profile_row *rows = imp_device_profile(job->device, &count);
    free(job->profile);
    job->profile = job->params.profile && count ? calloc(count, sizeof(*job->profile)) : NULL;
    if (!job->profile)
        count = 0;
    for (size_t i = 0; i < count; i++)
        job->profile[i] = (struct impasto_profile_row){.label = rows[i].label,
                                                       .launches = rows[i].launches,
                                                       .seconds = rows[i].seconds,
                                                       .flops = rows[i].flops};
    job->info.profile = job->profile;
    job->info.profile_rows = count;
    return &job->info;
}

static enum impasto_status check_open(const struct impasto_job *job, struct impasto_error *error)
{
    return job->only_plan ? imp_fail(error, IMPASTO_ERROR_USAGE,
                                     "a job made by impasto_job_plan can only tell its plan")
                          : IMPASTO_OK;
}

/* Losses of the image as it is, and, with `gradient`, the gradient, checked for finiteness. */
static enum impasto_status evaluate(struct impasto_job *job, bool gradient,
                                    struct impasto_progress *progress, struct impasto_error *error)
{
    const struct imp_taps taps = imp_losses_taps(&job->losses);
    IMP_TRY(lift(job, imp_net_forward(&job->net, job->device, job->image, &taps), error));
    IMP_TRY(lift(job, imp_losses_measure_tv(&job->losses, job->image), error));
    if (gradient) {
        IMP_TRY(lift(job, imp_net_backward(&job->net, job->device, &taps, job->gradient), error));
        IMP_TRY(lift(job, imp_losses_tv_gradient(&job->losses, job->image, job->gradient), error));
        IMP_TRY(lift(job, imp_losses_check_gradient(&job->losses, job->gradient), error));
    }
    double not_finite = 0;
    IMP_TRY(lift(job, imp_losses_read(&job->losses, progress, &not_finite), error));
    if (!isfinite(progress->total))
        return imp_fail(error, IMPASTO_ERROR_NUMERIC,
                        "the loss is not finite at iteration %d; try a smaller learning rate or "
                        "smaller weights",
                        job->iteration);
    if (gradient && not_finite > 0)
        return imp_fail(error, IMPASTO_ERROR_NUMERIC,
                        "%.0f elements of the gradient are not finite at iteration %d; try smaller "
                        "weights",
                        not_finite, job->iteration);
    return IMPASTO_OK;
}

/* Where the picture is: not always where the next evaluation is to be. */
static const struct imp_buffer *best_image(const struct impasto_job *job)
{
    return imp_optimizer_best(job->optimizer, &job->state, job->image);
}

/* evaluate, for the optimiser. One that has a better image to go back to is told of numbers that are
 * not finite, as a NaN, instead of the run ending. */
static enum impasto_status evaluate_step(struct impasto_job *job, bool gradient,
                                         struct impasto_progress *progress, double *total,
                                         struct impasto_error *error)
{
    struct impasto_error why;
    const enum impasto_status status = evaluate(job, gradient, progress, &why);
    const bool lost = status == IMPASTO_ERROR_NUMERIC && best_image(job) != job->image;
    *total = lost ? NAN : progress->total;
    if (status == IMPASTO_OK || lost)
        return IMPASTO_OK;
    if (error)
        *error = why;
    return status;
}

enum impasto_status impasto_job_step(struct impasto_job *job, struct impasto_progress *progress,
                                     struct impasto_error *error)
{
    const bool last = job->iteration >= job->params.iterations;
    double total = 0;
    bool moved = false;
    IMP_TRY(check_open(job, error));
    if (job->started == 0)
        job->started = imp_host_seconds();
    struct impasto_progress now = {
        .iteration = job->iteration, .iterations = job->params.iterations, .done = last};
    IMP_TRY(evaluate_step(job, !last, &now, &total, error));
    if (last)
        IMP_TRY(lift(job,
                     imp_optimizer_finish(job->optimizer, job->device, &job->state, total,
                                          job->image, &moved),
                     error));
    if (moved)
        IMP_TRY(evaluate(job, false, &now, error));
    now.seconds = imp_host_seconds() - job->started;
    if (!last) {
        IMP_TRY(lift(job,
                     job->optimizer->step(job->device, &job->state, &job->params, total, job->image,
                                          job->gradient),
                     error));
        job->iteration++;
    }
    if (progress)
        *progress = now;
    return IMPASTO_OK;
}

enum impasto_status impasto_job_run(struct impasto_job *job, impasto_progress_fn progress,
                                    void *user, struct impasto_error *error)
{
    struct impasto_progress now = {0};
    while (!now.done) {
        IMP_TRY(impasto_job_step(job, &now, error));
        if (progress && progress(user, &now) && !now.done)
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "stopped after iteration %d",
                            job->iteration);
    }
    return IMPASTO_OK;
}

/* Reads planes on the canvas and cuts them to the result: (3, height, width). */
static enum impasto_status read_planes(struct impasto_job *job, const struct imp_buffer *buffer,
                                       float *result, struct impasto_error *error)
{
    const size_t bytes =
        3 * (size_t)job->sizes.canvas_width * (size_t)job->sizes.canvas_height * sizeof(float);
    float *planes = malloc(bytes);
    if (!planes)
        return imp_fail_memory(error, "a picture", bytes);
    const enum impasto_status status = lift(job, imp_buffer_read(buffer, 0, planes, bytes), error);
    if (status == IMPASTO_OK)
        imp_canvas_cut(&job->sizes, planes, result);
    free(planes);
    return status;
}

enum impasto_status impasto_job_image(struct impasto_job *job, struct impasto_image **image,
                                      struct impasto_error *error)
{
    const size_t pixels = (size_t)job->sizes.width * (size_t)job->sizes.height;
    struct impasto_image *out = NULL;
    IMP_TRY(check_open(job, error));
    float *planes = malloc(3 * pixels * sizeof(float));
    if (!planes)
        return imp_fail_memory(error, "a picture", 3 * pixels * sizeof(float));
    enum impasto_status status = read_planes(job, best_image(job), planes, error);
    if (status == IMPASTO_OK)
        status = impasto_image_create(job->sizes.width, job->sizes.height, &out, error);
    if (status != IMPASTO_OK)
        goto done;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            out->rgb[3 * i + c] = planes[c * pixels + i];
    if (job->alpha) {
        out->alpha = malloc(pixels * sizeof(float));
        if (!out->alpha) {
            status = imp_fail_memory(error, "transparency", pixels * sizeof(float));
            goto done;
        }
        memcpy(out->alpha, job->alpha, pixels * sizeof(float));
    }
    if (job->metadata_size) {
        out->metadata = malloc(job->metadata_size);
        if (!out->metadata) {
            status = imp_fail_memory(error, "the EXIF block", job->metadata_size);
            goto done;
        }
        memcpy(out->metadata, job->metadata, job->metadata_size);
        out->metadata_size = job->metadata_size;
    }
done:
    free(planes);
    if (status == IMPASTO_OK)
        *image = out;
    else
        impasto_image_free(&out);
    return status;
}

enum impasto_status impasto_job_gradient(struct impasto_job *job, float *gradient,
                                         struct impasto_error *error)
{
    struct impasto_progress ignored = {0};
    IMP_TRY(check_open(job, error));
    IMP_TRY(evaluate(job, true, &ignored, error));
    return read_planes(job, job->gradient, gradient, error);
}
