/* SPDX-License-Identifier: MIT */
/* One size's part of a job: its targets, its image, its steps. */

#include "paint/scale.h"

#include <math.h>
#include <stdlib.h>

/* ---- Life ------------------------------------------------------------------------------------ */

/* Sums of all bands, for the optimiser. */
static enum impasto_status total(void *user, const struct imp_buffer *sums, int slots,
                                 double *totals)
{
    struct imp_band *band = user;
    return imp_band_totals(band, band->device, sums, slots, NULL, totals);
}

enum impasto_status imp_scale_init(struct imp_scale *scale, struct imp_device *device,
                                   const struct impasto_params *params,
                                   const struct imp_model *model, const struct imp_layout *weights,
                                   const struct imp_sources *sources, const struct imp_film *film,
                                   struct imp_band *band, int size)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int last = sources->width > sources->height ? sources->width : sources->height;
    *scale = (struct imp_scale){
        .device = device,
        .params = params,
        .model = model,
        .weights = weights,
        .film = *film,
        .band = band,
        .quiet = band && imp_comm_rank(band->comm) > 0,
        .sizes = imp_sizes_of(params, size, sources->width, sources->height),
        .pass = calloc((size_t)sources->styles, sizeof(*scale->pass)),
        .passes = sources->styles,
        .optimizer = imp_optimizer_find(params->optimizer),
    };
    if (!scale->pass)
        return imp_device_fail_memory(device, "a scale", 0);
    struct imp_sizes *sizes = &scale->sizes;
    if (band) {
        sizes->begin = band->begin;
        sizes->rows = band->rows;
    }
    scale->elsewhere = (struct imp_elsewhere){.height = sizes->canvas_height,
                                              .begin = sizes->begin,
                                              .n = (int)(3 * imp_canvas_count(sizes)),
                                              .totals = total,
                                              .user = band};
    struct imp_loss_options losses = imp_params_losses(params);
    losses.temporal_weight = film->weight;
    losses.earlier = size == last ? film->earlier : 0;
    const struct imp_objective_options options = {
        .model = model,
        .losses = &losses,
        .height = sizes->rows,
        .width = sizes->canvas_width,
        .band = band,
        .regions = sources->regions,
        .holds = sources->keep != NULL,
    };
    IMP_TRY(imp_objective_init(&scale->objective, device, &options));
    scale->guard = (struct imp_guard){.device = device,
                                      .sums = &scale->objective.losses.sums,
                                      .slot = scale->objective.losses.spare_slot,
                                      .elements = (int)(3 * imp_canvas_own(sizes)),
                                      .all = (int)(3 * imp_canvas_count(sizes))};
    for (int r = 0; r < sources->regions; r++) {
        struct imp_style_region *region = &scale->objective.region[r];
        region->weight = sources->region[r].weight;
        imp_guide_init(&region->guide, sizes->canvas_height, sizes->canvas_width,
                       sources->region[r].mask != NULL, band);
    }
    for (int i = 0; i < scale->passes; i++) {
        struct imp_style_pass *pass = &scale->pass[i];
        const struct imp_source *style = &sources->style[i];
        int width, height;
        imp_style_fit(params, size, last, style->own_width, style->own_height, &width, &height);
        imp_style_pass_init(pass, model, caps, height, width, style->mask != NULL);
    }
    /* The planes of 16384 x 16384 pixels still count in an int. */
    scale->state = (struct imp_optimizer_state){.n = (int)(3 * imp_canvas_own(sizes)),
                                                .height = sizes->rows,
                                                .elsewhere = band ? &scale->elsewhere : NULL,
                                                .bounds = {0, 1},
                                                .history = params->history};
    return IMPASTO_OK;
}

void imp_scale_release(struct imp_scale *scale)
{
    imp_optimizer_release(scale->optimizer, &scale->state);
    imp_scale_unlist(scale);
    imp_objective_release(&scale->objective);
    free(scale->pass);
    *scale = (struct imp_scale){0};
}

void imp_carry_free(struct imp_carry *carry)
{
    free(carry->image);
    for (size_t i = 0; i < IMP_COUNT(carry->vectors); i++)
        free(carry->vectors[i]);
    *carry = (struct imp_carry){0};
}

/* ---- Targets --------------------------------------------------------------------------------- */

static enum impasto_status fill_regions(struct imp_scale *scale, const struct imp_sources *sources)
{
    for (int r = 0; r < scale->objective.regions; r++) {
        struct imp_guide *guide = &scale->objective.region[r].guide;
        float *plane = NULL;
        if (!guide->used)
            continue;
        enum impasto_status status =
            imp_canvas_plane(scale->device, &scale->sizes, sources->region[r].mask, sources->height,
                             sources->width, &plane);
        if (status == IMPASTO_OK)
            status = imp_guide_fill(guide, scale->device, plane);
        free(plane);
        IMP_TRY(status);
    }
    return IMPASTO_OK;
}

/* A style picture's own weights, at the size of its pass. */
static enum impasto_status fill_style_guide(struct imp_scale *scale, struct imp_style_pass *pass,
                                            const struct imp_source *style)
{
    if (!pass->guide.used)
        return IMPASTO_OK;
    float *plane = NULL;
    IMP_TRY(imp_planes_make(scale->device, 1, (size_t)pass->height * (size_t)pass->width, &plane));
    enum impasto_status status = imp_planes_resize(
        style->mask, 1, style->picture.image->height, style->picture.image->width, IMP_FILTER_TENT,
        plane, pass->height, pass->width, imp_device_error_place(scale->device));
    if (status == IMPASTO_OK)
        status = imp_guide_fill(&pass->guide, scale->device, plane);
    free(plane);
    return status;
}

static enum impasto_status capture_style(struct imp_scale *scale, struct imp_style_pass *pass,
                                         const struct imp_source *style)
{
    const struct imp_sizes sizes = {.width = pass->width,
                                    .height = pass->height,
                                    .canvas_width = pass->width,
                                    .canvas_height = pass->height,
                                    .rows = pass->height};
    enum impasto_status status = imp_layout_allocate(&pass->layout, scale->device);
    if (status == IMPASTO_OK)
        status = fill_style_guide(scale, pass, style);
    if (status == IMPASTO_OK)
        status = imp_canvas_write_image(scale->device, &sizes, style->picture.image, pass->image);
    if (status == IMPASTO_OK)
        status = imp_objective_capture_style(&scale->objective, pass, style->region, style->share,
                                             style->begins, style->ends);
    imp_layout_release(&pass->layout);
    return status;
}

static enum impasto_status capture_styles(struct imp_scale *scale,
                                          const struct imp_sources *sources)
{
    enum impasto_status status = IMPASTO_OK;
    for (int tries = 0; tries == 0 || imp_objective_retries(&scale->objective, status, tries - 1);
         tries++) {
        status = IMPASTO_OK;
        for (int i = 0; i < scale->passes && status == IMPASTO_OK; i++) {
            if (tries > 0)
                imp_style_pass_list(&scale->pass[i], &scale->objective);
            status = capture_style(scale, &scale->pass[i], &sources->style[i]);
        }
    }
    return status;
}

/* In bands, memory is had by all ranks or by none, which then can plan anew. */
static enum impasto_status alike(struct imp_scale *scale, enum impasto_status mine)
{
    if (!scale->band)
        return mine;
    const enum impasto_status status = imp_ranks_agree(scale->band->comm, scale->device, mine);
    scale->agreed = status != IMPASTO_OK;
    return status;
}

/* The first rank looks at the style pictures. All others get its targets. */
static enum impasto_status share_styles(struct imp_scale *scale, const struct imp_sources *sources)
{
    struct imp_targets targets = {0};
    const bool first = imp_comm_rank(scale->band->comm) == 0;
    enum impasto_status status = first ? capture_styles(scale, sources) : IMPASTO_OK;
    if (status == IMPASTO_OK)
        status = imp_targets_allocate(&targets, &scale->objective);
    if (status == IMPASTO_OK && first)
        status = imp_targets_read(&targets, &scale->objective, 0);
    status = alike(scale, status);
    if (status == IMPASTO_OK)
        status = imp_band_share(scale->band, targets.values, targets.value_count * sizeof(float));
    if (status == IMPASTO_OK)
        status =
            imp_band_share(scale->band, targets.energies, targets.energy_count * sizeof(double));
    if (status == IMPASTO_OK && !first)
        status = imp_targets_write(&targets, &scale->objective);
    imp_targets_free(&targets);
    return status;
}

/* ---- The image ------------------------------------------------------------------------------- */

static bool starts_with_content(const struct impasto_params *params)
{
    return params->init == IMPASTO_INIT_CONTENT || imp_params_photograph(params);
}

/* The image to begin with, (3, height, width). */
static enum impasto_status start_planes(const struct imp_scale *scale,
                                        const struct imp_sources *sources,
                                        const struct imp_carry *carry, float **planes)
{
    const struct imp_sizes *sizes = &scale->sizes;
    const size_t count = 3 * (size_t)sizes->width * (size_t)sizes->height;
    const bool content = starts_with_content(scale->params);
    if (!carry && !content && scale->params->init == IMPASTO_INIT_IMAGE)
        return imp_planes_of_image(scale->device, &scale->sizes, sources->start.image, planes);
    if (!carry && content)
        return imp_planes_of_image(scale->device, &scale->sizes, sources->content.image, planes);
    IMP_TRY(imp_planes_make(scale->device, 1, count, planes));
    float *out = *planes;
    if (carry) {
        IMP_TRY(imp_planes_resize(carry->image, 3, carry->height, carry->width, IMP_FILTER_LANCZOS,
                                  out, sizes->height, sizes->width,
                                  imp_device_error_place(scale->device)));
        for (size_t i = 0; i < count; i++)
            out[i] = fminf(fmaxf(out[i], 0), 1);
        return IMPASTO_OK;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = scale->params->init == IMPASTO_INIT_NOISE
                     ? imp_rng_uniform(scale->params->seed, 0, i)
                     : 0.5f;
    return IMPASTO_OK;
}

/* Where the content is kept, the image begins with it and does not move. */
static enum impasto_status hold_kept(struct imp_scale *scale, const struct imp_sources *sources,
                                     float *start)
{
    const struct imp_sizes *sizes = &scale->sizes;
    const size_t pixels = imp_canvas_count(sizes);
    const size_t before = (size_t)sizes->begin * (size_t)sizes->canvas_width;
    const size_t count = (size_t)sizes->width * (size_t)sizes->height;
    float *keep = NULL, *cut = NULL, *content = NULL;
    IMP_TRY(imp_planes_of_image(scale->device, &scale->sizes, sources->content.image, &content));
    enum impasto_status status = imp_canvas_plane(scale->device, sizes, sources->keep,
                                                  sources->height, sources->width, &keep);
    if (status == IMPASTO_OK)
        status = imp_planes_make(scale->device, 1, count, &cut);
    if (status == IMPASTO_OK) {
        imp_canvas_cut(sizes, keep, 1, cut);
        for (size_t plane = 0; plane < 3 * count; plane += count)
            for (size_t i = 0; i < count; i++)
                /* NOLINTNEXTLINE(clang-analyzer-core.*): start is a whole picture */
                start[plane + i] += cut[i] * (content[plane + i] - start[plane + i]);
        for (size_t i = 0; i < pixels; i++)
            keep[i] = 1 - keep[i];
        status = imp_buffer_write(scale->objective.free, 0, keep + before,
                                  imp_canvas_own(sizes) * sizeof(float));
    }
    free(keep);
    free(cut);
    free(content);
    return status;
}

/*
 * The optimiser's vectors go along. A loss is a mean over positions. So with more pixels each one's
 * gradient is smaller in proportion, and its square by the square of that.
 */
static enum impasto_status resume_optimizer(struct imp_scale *scale, const struct imp_carry *carry)
{
    const struct imp_sizes *sizes = &scale->sizes;
    const size_t count = 3 * (size_t)sizes->width * (size_t)sizes->height;
    const float smaller =
        (float)carry->width * (float)carry->height / ((float)sizes->width * (float)sizes->height);
    enum impasto_status status = IMPASTO_OK;
    scale->state.step = carry->step;
    for (int v = 0; v < scale->optimizer->carried && status == IMPASTO_OK; v++) {
        float *planes = NULL;
        IMP_TRY(imp_planes_make(scale->device, 1, count, &planes));
        status = imp_planes_resize(carry->vectors[v], 3, carry->height, carry->width,
                                   IMP_FILTER_TENT, planes, sizes->height, sizes->width,
                                   imp_device_error_place(scale->device));
        for (size_t i = 0; i < count; i++)
            planes[i] *= v == 0 ? smaller : smaller * smaller;
        if (status == IMPASTO_OK)
            status =
                imp_canvas_write(scale->device, &scale->sizes, planes, scale->state.vectors[v]);
        free(planes);
    }
    return status;
}

enum impasto_status imp_scale_open_styles(struct imp_scale *scale,
                                          const struct imp_sources *sources,
                                          struct imp_targets *known)
{
    const uint64_t key = imp_targets_key(scale->pass, scale->passes);
    IMP_TRY(alike(scale, imp_layout_allocate(&scale->targets, scale->device)));
    IMP_TRY(fill_regions(scale, sources));
    if (scale->band)
        return share_styles(scale, sources);
    if (known && known->key == key)
        return imp_targets_write(known, &scale->objective);
    IMP_TRY(capture_styles(scale, sources));
    if (!known)
        return IMPASTO_OK;
    IMP_TRY(imp_targets_allocate(known, &scale->objective));
    return imp_targets_read(known, &scale->objective, key);
}

enum impasto_status imp_scale_open_content(struct imp_scale *scale,
                                           const struct imp_sources *sources,
                                           const struct imp_carry *carry)
{
    float *start = NULL;
    enum impasto_status status = IMPASTO_OK;
    IMP_TRY(alike(scale, imp_layout_allocate(&scale->main, scale->device)));
    IMP_TRY(
        imp_canvas_write_image(scale->device, &scale->sizes, sources->content.image, scale->image));
    for (int tries = 0; tries == 0 || imp_objective_retries(&scale->objective, status, tries - 1);
         tries++)
        status = imp_objective_capture_content(&scale->objective, scale->image);
    IMP_TRY(status);
    /* The image is the content now, which is often what it is to begin with. */
    if (!carry && starts_with_content(scale->params) && !scale->objective.holds)
        return IMPASTO_OK;
    status = start_planes(scale, sources, carry, &start);
    if (status == IMPASTO_OK && scale->objective.holds)
        status = hold_kept(scale, sources, start);
    if (status == IMPASTO_OK)
        status = imp_canvas_write(scale->device, &scale->sizes, start, scale->image);
    free(start);
    return status == IMPASTO_OK && carry ? resume_optimizer(scale, carry) : status;
}

/* ---- The picture ----------------------------------------------------------------------------- */

enum impasto_status imp_scale_picture(const struct imp_scale *scale, float *planes)
{
    const size_t count = 3 * (size_t)scale->sizes.width * (size_t)scale->sizes.height;
    if (scale->steps == 0 || !(scale->params->average > 0))
        return imp_canvas_read(scale->device, &scale->sizes, scale->band, imp_scale_best(scale),
                               planes);
    IMP_TRY(imp_canvas_read(scale->device, &scale->sizes, scale->band, scale->average, planes));
    /* It began with 0, which counts as much as its images have left to count (Kingma and Ba 2015,
     * section 3). */
    const double counted = 1 - pow((double)scale->params->average, scale->steps);
    for (size_t i = 0; i < count; i++)
        planes[i] = (float)fmin(fmax((double)planes[i] / counted, 0), 1);
    return IMPASTO_OK;
}

enum impasto_status imp_scale_gradient(const struct imp_scale *scale, float *planes)
{
    return imp_canvas_read(scale->device, &scale->sizes, scale->band, scale->objective.gradient,
                           planes);
}

enum impasto_status imp_scale_carry(const struct imp_scale *scale, struct imp_carry *carry)
{
    const size_t pixels = (size_t)scale->sizes.width * (size_t)scale->sizes.height;
    *carry = (struct imp_carry){
        .height = scale->sizes.height, .width = scale->sizes.width, .step = scale->state.step};
    IMP_TRY(imp_planes_make(scale->device, 3, pixels, &carry->image));
    IMP_TRY(imp_scale_picture(scale, carry->image));
    for (int v = 0; v < scale->optimizer->carried; v++) {
        IMP_TRY(imp_planes_make(scale->device, 3, pixels, &carry->vectors[v]));
        IMP_TRY(imp_canvas_read(scale->device, &scale->sizes, scale->band, scale->state.vectors[v],
                                carry->vectors[v]));
    }
    return IMPASTO_OK;
}
