/* SPDX-License-Identifier: MIT */
/* Appliers: include/impasto/apply.h. */

#include "apply/apply.h"
#include "apply/film.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_SIDE 65500

struct impasto_apply_params impasto_apply_defaults(void)
{
    return (struct impasto_apply_params){
        .struct_size = sizeof(struct impasto_apply_params),
        .strength = 1,
        .size = IMPASTO_SIZE_SOURCE,
        .stroke = 1,
    };
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static enum impasto_status check_range(const char *name, float value, float low, float high,
                                       struct impasto_error *error)
{
    if (value >= low && value <= high)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_USAGE, "%s %g: must be from %g to %g", name, (double)value,
                    (double)low, (double)high);
}

static enum impasto_status check_mix(const struct impasto_applier *applier, const float *mix,
                                     struct impasto_error *error)
{
    double sum = 0;
    for (int i = 0; i < applier->net.shape.styles; i++) {
        if (!(mix[i] >= 0) || !isfinite(mix[i]))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "the weight of style %d in the mix is %g; it must be 0 or more", i,
                            (double)mix[i]);
        sum += (double)mix[i];
    }
    return sum > 0 && isfinite(sum)
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_USAGE, "no style of the mix has a weight above 0");
}

static enum impasto_status check_params(const struct impasto_applier *applier,
                                        const struct impasto_apply_params *params,
                                        struct impasto_error *error)
{
    const int styles = applier->net.shape.styles;
    if (params->mix_count != (params->mix ? (size_t)styles : 0))
        return imp_fail(error, IMPASTO_ERROR_USAGE, "the mix has %zu weights, the model %d styles",
                        params->mix_count, styles);
    if (params->mix)
        IMP_TRY(check_mix(applier, params->mix, error));
    IMP_TRY(check_range("`strength`", params->strength, 0, 2, error));
    IMP_TRY(check_range("`steady`", params->steady, 0, 1, error));
    if (!(params->smooth >= 0 && params->smooth < 1))
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`smooth` %g: must be from 0 to less than 1",
                        (double)params->smooth);
    IMP_TRY(check_range("`stroke`", params->stroke, 0.25F, 4, error));
    if (params->size != IMPASTO_SIZE_SOURCE)
        IMP_TRY(
            check_range("`size`", (float)params->size, IMP_APPLY_SMALLEST, LARGEST_SIDE, error));
    if (params->strength != 1 && applier->identity < 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`strength` %g: the model has no identity to mix with; leave it at 1",
                        (double)params->strength);
    if (params->colour > IMPASTO_COLOUR_MATCH)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`colour` %u: must be from 0 to %u",
                        (unsigned)params->colour, (unsigned)IMPASTO_COLOUR_MATCH);
    return IMPASTO_OK;
}

/* The weights that sum to 1, with the identity's share. mix NULL: the first style alone. */
static void weights_of(const struct impasto_applier *applier, const float *mix,
                       float weights[IMP_STYLES_MOST])
{
    const int styles = applier->net.shape.styles;
    const float strength = applier->params.strength;
    double sum = 0;
    for (int i = 0; i < styles; i++)
        sum += mix ? (double)mix[i] : i == 0;
    for (int i = 0; i < styles; i++)
        weights[i] = strength * (float)((mix ? (double)mix[i] : i == 0) / sum);
    if (applier->identity >= 0)
        weights[applier->identity] += 1 - strength;
}

/* How far the painting's colours go to the photograph's: as far as the identity has a share of it.
 * Where they are matched, they get there afterwards in any case. */
static float tone_of(const struct impasto_applier *applier, const float weights[IMP_STYLES_MOST])
{
    const float share = applier->identity >= 0 ? weights[applier->identity] : 0;
    if (applier->params.colour == IMPASTO_COLOUR_MATCH)
        return 0;
    return fminf(fmaxf(share, 0), 1);
}

static void take_params(struct impasto_applier *applier, const struct impasto_apply_params *params)
{
    applier->params = *params;
    if (params->mix) {
        memcpy(applier->mix, params->mix, params->mix_count * sizeof(float));
        applier->params.mix = applier->mix;
    }
}

/* ---- Life ------------------------------------------------------------------------------------ */

static enum impasto_status copy_model(const struct impasto_model *model,
                                      struct impasto_applier *applier, struct impasto_error *error)
{
    const size_t count = imp_stylenet_mixed_count(&model->net);
    IMP_TRY(imp_stylenet_copy(&model->net, &applier->net, error));
    applier->identity = impasto_model_info(model)->identity;
    applier->mixed = malloc(count * sizeof(float));
    return applier->mixed ? IMPASTO_OK : imp_fail_memory(error, "a model", count * sizeof(float));
}

enum impasto_status impasto_applier_open(struct impasto_device *device,
                                         const struct impasto_model *model,
                                         const struct impasto_apply_params *params,
                                         struct impasto_applier **applier,
                                         struct impasto_error *error)
{
    IMP_TRY(imp_device_alone(device, "a network", error));
    IMP_TRY(imp_device_check(device, error));
    struct impasto_applier *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "an applier", sizeof(*opened));
    opened->device = device->device;
    enum impasto_status status = copy_model(model, opened, error);
    if (status == IMPASTO_OK)
        status = impasto_applier_change(opened, params, error);
    if (status == IMPASTO_OK)
        *applier = opened;
    else
        impasto_applier_close(&opened);
    return status;
}

void impasto_applier_close(struct impasto_applier **applier)
{
    if (!applier || !*applier)
        return;
    imp_strips_release(&(*applier)->strips);
    imp_staging_release(&(*applier)->staging);
    imp_recall_release(&(*applier)->recall);
    imp_stylenet_free(&(*applier)->net);
    free((*applier)->mixed);
    free(*applier);
    *applier = NULL;
}

uint64_t impasto_applier_memory(const struct impasto_applier *applier)
{
    return imp_layout_held(&applier->strips.layout) + imp_staging_bytes(&applier->staging) +
           imp_layout_held(&applier->recall.layout);
}

enum impasto_status impasto_applier_change(struct impasto_applier *applier,
                                           const struct impasto_apply_params *params,
                                           struct impasto_error *error)
{
    struct impasto_apply_params taken = impasto_apply_defaults();
    IMP_TRY(imp_sized_take("impasto_apply_params", params, &taken, sizeof(taken), error));
    IMP_TRY(check_params(applier, &taken, error));
    take_params(applier, &taken);
    return IMPASTO_OK;
}

bool imp_applier_follows(const struct impasto_applier *applier)
{
    return applier->params.steady > 0 || applier->params.smooth > 0;
}

void imp_applier_forget(struct impasto_applier *applier)
{
    applier->staging.begun = false;
    applier->recall.begun = applier->recall.smooths = false;
}

/* ---- Painting -------------------------------------------------------------------------------- */

/* Strips of that size, without parameters. Buffers of frames that are not of that size go. */
static enum impasto_status resize(struct impasto_applier *applier, int height, int width)
{
    struct imp_strips *strips = &applier->strips;
    struct imp_staging *staging = &applier->staging;
    struct imp_recall *recall = &applier->recall;
    imp_strips_release(strips);
    if (staging->in.height != height || staging->in.width != width)
        imp_staging_release(staging);
    if (!imp_recall_fits(recall, height, width))
        imp_recall_release(recall);
    const uint64_t most = applier->params.memory;
    const uint64_t taken = imp_staging_bytes(staging) + imp_layout_held(&recall->layout);
    memset(applier->loaded, 0, sizeof(applier->loaded));
    return imp_strips_open(strips, applier->device, &applier->net.shape, height, width,
                           most == 0      ? 0
                           : most > taken ? most - taken
                                          : 1);
}

enum impasto_status imp_applier_prepare(struct impasto_applier *applier, int height, int width,
                                        const float *mix)
{
    struct imp_strips *strips = &applier->strips;
    const size_t bytes = (size_t)applier->net.shape.styles * sizeof(float);
    float weights[IMP_STYLES_MOST] = {0};
    if (!strips->device || strips->height != height || strips->width != width)
        IMP_TRY(resize(applier, height, width));
    weights_of(applier, mix, weights);
    strips->tone.share = tone_of(applier, weights);
    if (memcmp(weights, applier->loaded, bytes) == 0)
        return IMPASTO_OK;
    memset(applier->loaded, 0, sizeof(applier->loaded));
    imp_stylenet_mix(&applier->net, weights, applier->mixed);
    IMP_TRY(imp_strips_load(strips, applier->mixed));
    memcpy(applier->loaded, weights, bytes);
    return IMPASTO_OK;
}

/* From a picture to another, or to itself. */
struct canvas {
    const struct impasto_image *from;
    struct impasto_image *to;
    struct imp_compose compose;
    bool match; /* what is painted first takes the colours of the part of `from` that it is for */
};

static void read_row(void *user, int row, float *const planes[3])
{
    const struct canvas *canvas = user;
    const int width = canvas->from->width;
    const float *from = canvas->from->rgb + 3 * (size_t)row * (size_t)width;
    for (int x = 0; x < width; x++)
        for (int c = 0; c < 3; c++)
            planes[c][x] = *from++;
}

static void write_row(void *user, int row, const float *const planes[3])
{
    const struct canvas *canvas = user;
    const int width = canvas->to->width;
    const size_t at = (size_t)row * (size_t)width;
    imp_compose_row(&canvas->compose, at, width, planes, canvas->from->rgb + 3 * at,
                    canvas->to->rgb + 3 * at);
}

static enum impasto_status run(struct impasto_applier *applier, const float *mix,
                               struct canvas *canvas, struct impasto_error *error)
{
    const struct imp_rows rows = {.read = read_row, .write = write_row, .user = canvas};
    enum impasto_status status =
        imp_applier_prepare(applier, canvas->from->height, canvas->from->width, mix);
    if (status == IMPASTO_OK)
        status = imp_strips_run(&applier->strips, &rows);
    return imp_lift(applier->device, status, error);
}

/* Replaces the pixels of `to` by those of `painted`, of the same size, as `how` says. original: may
 * be `to`. */
static enum impasto_status compose(const struct imp_compose *how,
                                   const struct impasto_image *painted,
                                   const struct impasto_image *original, struct impasto_image *to,
                                   struct impasto_error *error)
{
    const int width = to->width;
    float *line = malloc(3 * (size_t)width * sizeof(float));
    if (!line)
        return imp_fail_memory(error, "a picture", 3 * (size_t)width * sizeof(float));
    const float *const planes[3] = {line, line + width, line + 2 * (size_t)width};
    for (int y = 0; y < to->height; y++) {
        const size_t at = (size_t)y * (size_t)width;
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                line[c * width + x] = painted->rgb[3 * (at + (size_t)x) + (size_t)c];
        imp_compose_row(how, at, width, planes, original->rgb + 3 * at, to->rgb + 3 * at);
    }
    free(line);
    return IMPASTO_OK;
}

/* How much each pixel will show of what is painted. *plane: to be freed. */
static enum impasto_status weigh(const struct canvas *canvas, float **plane,
                                 struct impasto_error *error)
{
    const struct imp_compose *how = &canvas->compose;
    const size_t pixels = (size_t)canvas->from->width * (size_t)canvas->from->height;
    *plane = malloc(pixels * sizeof(float));
    if (!*plane)
        return imp_fail_memory(error, "a mask", pixels * sizeof(float));
    for (size_t i = 0; i < pixels; i++)
        (*plane)[i] = (how->over ? how->over[i] : 1) * (how->keep ? 1 - how->keep[i] : 1) *
                      (canvas->from->alpha ? canvas->from->alpha[i] : 1);
    return IMPASTO_OK;
}

/* Gives what was painted the mean and the covariance of the photograph's colours. */
static enum impasto_status match(const struct canvas *canvas, struct impasto_image *painted,
                                 struct impasto_error *error)
{
    struct imp_colours from, to;
    float *weights = NULL;
    IMP_TRY(weigh(canvas, &weights, error));
    imp_colours_measure(painted, weights, &from);
    imp_colours_measure(canvas->from, weights, &to);
    imp_colours_match(painted, &from, &to);
    free(weights);
    return IMPASTO_OK;
}

static enum impasto_status paint_canvas(struct impasto_applier *applier, const float *mix,
                                        struct canvas *canvas, struct impasto_error *error)
{
    struct canvas all = {.from = canvas->from};
    if (!canvas->match)
        return run(applier, mix, canvas, error);
    IMP_TRY(impasto_image_create(canvas->from->width, canvas->from->height, &all.to, error));
    enum impasto_status status = run(applier, mix, &all, error);
    if (status == IMPASTO_OK)
        status = match(canvas, all.to, error);
    if (status == IMPASTO_OK)
        status = compose(&canvas->compose, all.to, canvas->from, canvas->to, error);
    impasto_image_free(&all.to);
    return status;
}

/* A mask at the size of a picture; NULL where there is none. */
static enum impasto_status take_mask(const char *what, const struct impasto_image *mask,
                                     const struct impasto_image *of, float **plane,
                                     struct impasto_error *error)
{
    *plane = NULL;
    if (!mask)
        return IMPASTO_OK;
    IMP_TRY(imp_image_check_aspect(what, mask, of, error));
    return imp_image_mask(mask, of->height, of->width, plane, error);
}

/* The regions, from the lowest to the top one, over the painting in `to`. */
static enum impasto_status paint_regions(struct impasto_applier *applier,
                                         const struct impasto_apply_pictures *pictures,
                                         struct canvas *canvas, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t r = 0; r < pictures->region_count && status == IMPASTO_OK; r++) {
        const struct impasto_apply_region *region = &pictures->regions[r];
        float *mask = NULL;
        status = take_mask("mask of a region", region->mask, canvas->from, &mask, error);
        canvas->compose.over = mask;
        if (status == IMPASTO_OK)
            status = paint_canvas(applier, region->mix, canvas, error);
        free(mask);
    }
    return status;
}

static enum impasto_status copy_image(const struct impasto_image *image, int width, int height,
                                      struct impasto_image **copy, struct impasto_error *error)
{
    IMP_TRY(imp_image_resize(image, width, height, copy, error));
    return (*copy)->alpha ? imp_image_fill_hidden(*copy, error) : IMPASTO_OK;
}

/* Paints `work`, whose pixels are replaced, with all regions. */
static enum impasto_status paint_work(struct impasto_applier *applier,
                                      const struct impasto_apply_pictures *pictures,
                                      enum impasto_colour colour, const float *keep,
                                      struct impasto_image *work, struct impasto_error *error)
{
    struct canvas canvas = {
        .from = work,
        .to = work,
        .compose = {.luma = colour == IMPASTO_COLOUR_LUMA, .keep = keep},
        .match = colour == IMPASTO_COLOUR_MATCH,
    };
    struct impasto_image *original = NULL;
    if (pictures->region_count > 0) {
        IMP_TRY(imp_image_resize(work, work->width, work->height, &original, error));
        canvas.from = original;
    }
    enum impasto_status status = paint_canvas(applier, applier->params.mix, &canvas, error);
    if (status == IMPASTO_OK)
        status = paint_regions(applier, pictures, &canvas, error);
    impasto_image_free(&original);
    return status;
}

enum impasto_status imp_applier_match(struct impasto_applier *applier, struct impasto_image *work,
                                      struct impasto_error *error)
{
    const struct impasto_apply_pictures none = {0};
    return paint_work(applier, &none, IMPASTO_COLOUR_MATCH, NULL, work, error);
}

enum impasto_status imp_applier_check_size(const char *name, int width, int height,
                                           struct impasto_error *error)
{
    if (width >= IMP_APPLY_SMALLEST && height >= IMP_APPLY_SMALLEST && width <= LARGEST_SIDE &&
        height <= LARGEST_SIDE)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s%sthe network would work on %dx%d pixels; sides of %d to %d can be: give "
                    "another `size` or `stroke`, or another picture",
                    name, name[0] ? ": " : "", width, height, IMP_APPLY_SMALLEST, LARGEST_SIDE);
}

static enum impasto_status check_size(const struct impasto_image *content, int width, int height,
                                      struct impasto_error *error)
{
    return imp_applier_check_size(content->name ? content->name : "", width, height, error);
}

/* The picture painted at the size of the strokes, at that of `work`. */
static enum impasto_status paint_small(struct impasto_applier *applier,
                                       const struct impasto_apply_pictures *pictures,
                                       const struct impasto_image *work,
                                       struct impasto_image **painted, struct impasto_error *error)
{
    const float stroke = applier->params.stroke;
    const int width = (int)lroundf((float)work->width / stroke);
    const int height = (int)lroundf((float)work->height / stroke);
    struct impasto_image *small = NULL;
    IMP_TRY(check_size(pictures->content, width, height, error));
    enum impasto_status status = copy_image(work, width, height, &small, error);
    if (status == IMPASTO_OK)
        status = paint_work(applier, pictures,
                            applier->params.colour == IMPASTO_COLOUR_MATCH ? IMPASTO_COLOUR_MATCH
                                                                           : IMPASTO_COLOUR_STYLE,
                            NULL, small, error);
    if (status == IMPASTO_OK)
        status = imp_image_resize(small, work->width, work->height, painted, error);
    impasto_image_free(&small);
    return status;
}

/* Strokes of another size are painted small and enlarged, or the other way round. The photograph's
 * own colours, and what of it is kept, are those at full size. */
static enum impasto_status paint_scaled(struct impasto_applier *applier,
                                        const struct impasto_apply_pictures *pictures,
                                        const float *keep, struct impasto_image *work,
                                        struct impasto_error *error)
{
    const struct imp_compose how = {.luma = applier->params.colour == IMPASTO_COLOUR_LUMA,
                                    .keep = keep};
    struct impasto_image *painted = NULL;
    enum impasto_status status = paint_small(applier, pictures, work, &painted, error);
    if (status == IMPASTO_OK)
        status = compose(&how, painted, work, work, error);
    impasto_image_free(&painted);
    return status;
}

static enum impasto_status paint_over(struct impasto_applier *applier,
                                      const struct impasto_apply_pictures *pictures,
                                      struct impasto_image *work, struct impasto_error *error)
{
    float *keep = NULL;
    IMP_TRY(take_mask("mask of what to keep", pictures->keep, work, &keep, error));
    const enum impasto_status status =
        applier->params.stroke != 1
            ? paint_scaled(applier, pictures, keep, work, error)
            : paint_work(applier, pictures, applier->params.colour, keep, work, error);
    free(keep);
    return status;
}

static enum impasto_status paint_copy(struct impasto_applier *applier,
                                      const struct impasto_apply_pictures *pictures,
                                      struct impasto_image **result, struct impasto_error *error)
{
    const struct impasto_image *content = pictures->content;
    struct impasto_image *work = NULL;
    int width = content->width, height = content->height;
    if (applier->params.size != IMPASTO_SIZE_SOURCE)
        imp_image_fit(content->width, content->height, applier->params.size, &width, &height);
    IMP_TRY(check_size(content, width, height, error));
    enum impasto_status status = copy_image(content, width, height, &work, error);
    if (status == IMPASTO_OK)
        status = paint_over(applier, pictures, work, error);
    if (status == IMPASTO_OK)
        *result = work;
    else
        impasto_image_free(&work);
    return status;
}

/* What can be known of pictures before anything is painted. */
static enum impasto_status check_pictures(const struct impasto_applier *applier,
                                          const struct impasto_apply_pictures *pictures,
                                          struct impasto_error *error)
{
    const size_t styles = (size_t)applier->net.shape.styles;
    if (!pictures->content)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "there is no content picture");
    if (pictures->keep)
        IMP_TRY(imp_image_check_aspect("mask of what to keep", pictures->keep, pictures->content,
                                       error));
    for (size_t r = 0; r < pictures->region_count; r++) {
        const struct impasto_apply_region *region = &pictures->regions[r];
        if (!region->mask)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "region %zu has no mask", r);
        if (region->mix_count != (region->mix ? styles : 0))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "the mix of region %zu has %zu weights, the model %zu styles", r,
                            region->mix_count, styles);
        IMP_TRY(imp_image_check_aspect("mask of a region", region->mask, pictures->content, error));
        if (region->mix)
            IMP_TRY(check_mix(applier, region->mix, error));
    }
    return IMPASTO_OK;
}

/* The caller's pictures in the struct of this version, checked; taken->regions is to be freed. */
static enum impasto_status take_pictures(const struct impasto_applier *applier,
                                         const struct impasto_apply_pictures *pictures,
                                         const struct impasto_image *content,
                                         struct impasto_apply_pictures *taken,
                                         struct impasto_error *error)
{
    struct impasto_apply_pictures given = {0};
    void *regions = NULL;
    IMP_TRY(imp_sized_take("impasto_apply_pictures", pictures, &given, sizeof(given), error));
    const enum impasto_status status =
        imp_sized_take_array("impasto_apply_region", given.regions, given.region_count,
                             sizeof(*given.regions), &regions, error);
    *taken = given;
    taken->regions = regions;
    taken->content = content;
    return status == IMPASTO_OK ? check_pictures(applier, taken, error) : status;
}

enum impasto_status impasto_applier_paint(struct impasto_applier *applier,
                                          const struct impasto_apply_pictures *pictures,
                                          struct impasto_image **result,
                                          struct impasto_error *error)
{
    struct impasto_apply_pictures taken = {0};
    enum impasto_status status = take_pictures(applier, pictures, pictures->content, &taken, error);
    if (status == IMPASTO_OK)
        status = paint_copy(applier, &taken, result, error);
    free((void *)taken.regions);
    return status;
}

enum impasto_status impasto_applier_paint_over(struct impasto_applier *applier,
                                               const struct impasto_apply_pictures *pictures,
                                               struct impasto_image *picture,
                                               struct impasto_error *error)
{
    struct impasto_apply_pictures taken = {0};
    if (applier->params.size != IMPASTO_SIZE_SOURCE)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`size`: a picture that is painted over keeps its size");
    IMP_TRY(check_size(picture, picture->width, picture->height, error));
    enum impasto_status status = take_pictures(applier, pictures, picture, &taken, error);
    free(picture->settings);
    picture->settings = NULL;
    if (status == IMPASTO_OK && picture->alpha)
        status = imp_image_fill_hidden(picture, error);
    if (status == IMPASTO_OK)
        status = paint_over(applier, &taken, picture, error);
    free((void *)taken.regions);
    return status;
}
