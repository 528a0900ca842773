/* SPDX-License-Identifier: MIT */
/* Where a refinement goes towards which style pictures: the network's regions, as the optimiser has
 * them. */

#include "cli/apply/run.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which style pictures -------------------------------------------------------------------- */

/* The mix of the whole picture, which is area 0, or of a region. */
static const struct cli_mix *mix_of(const struct cli_applying *a, size_t area)
{
    return area == 0 ? &a->mix : &a->regions.mix[area - 1];
}

/* How much of an area's mix is styles, and not the identity: above 0 where there is one that is
 * shown, to 1. --strength comes on top of it. */
static float share_of(const struct cli_applying *a, size_t area)
{
    const struct cli_mix *mix = mix_of(a, area);
    const int identity = impasto_model_info(a->model)->identity;
    double styles = 0, all = 0;
    if (!mix->weight)
        return 1;
    for (size_t i = 0; i < mix->count; i++) {
        const double weight = (double)mix->weight[mix->named[i]];
        all += weight;
        styles += (int)mix->named[i] == identity ? 0 : weight;
    }
    return (float)(styles / all);
}

/* The styles that a picture shows: of the identity there is none. */
struct shown {
    size_t count;
    size_t *style, *area;
    char names[400]; /* as far as they fit */
};

static void add_shown(struct shown *shown, size_t style, const char *name, size_t area)
{
    strncat(shown->names, shown->count ? ", " : "",
            sizeof(shown->names) - strlen(shown->names) - 1);
    strncat(shown->names, name, sizeof(shown->names) - strlen(shown->names) - 1);
    shown->style[shown->count] = style;
    shown->area[shown->count++] = area;
}

/* Of an area's mix; without one, the first style. */
static void list_area(const struct cli_applying *a, size_t area, struct shown *shown)
{
    const struct impasto_model_info *info = impasto_model_info(a->model);
    const struct cli_mix *mix = mix_of(a, area);
    if (!mix->weight && info->identity != 0)
        add_shown(shown, 0, info->styles[0], area);
    for (size_t i = 0; i < mix->count; i++) {
        const size_t style = mix->named[i];
        if (mix->weight[style] > 0 && (int)style != info->identity)
            add_shown(shown, style, info->styles[style], area);
    }
}

/* shown: to be freed in any case. */
static enum impasto_status list_shown(const struct cli_applying *a, struct shown *shown)
{
    size_t most = 0;
    for (size_t area = 0; area <= a->regions.count; area++)
        most += mix_of(a, area)->count + 1;
    shown->style = calloc(most, sizeof(*shown->style));
    shown->area = calloc(most, sizeof(*shown->area));
    if (!shown->style || !shown->area)
        return cli_fail_memory(a->error, "the mix");
    for (size_t area = 0; area <= a->regions.count; area++)
        list_area(a, area, shown);
    return IMPASTO_OK;
}

/* What says of a model's picture of a style that it is missing. */
static enum impasto_status lacks_picture(const struct cli_applying *a, size_t style)
{
    const struct impasto_model_info *info = impasto_model_info(a->model);
    return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                    "--refine: %s keeps no picture of its style %s; name the picture by --style "
                    "FILE, for each style",
                    info->source, info->styles[style]);
}

/* A side of a picture with strokes that are larger by --stroke, pixels. */
static int stroked(const struct cli_applying *a, int side)
{
    return (int)((float)side * a->options->stroke + 0.5f);
}

/* The picture that the model keeps of a style, at the size of the strokes that are painted. It is
 * refused here, as the optimiser would refuse it when the network has painted. */
static enum impasto_status resize_kept(struct cli_applying *a, size_t style,
                                       const struct impasto_image *kept,
                                       struct impasto_image **image)
{
    const struct impasto_model_info *info = impasto_model_info(a->model);
    const int width = stroked(a, kept->width), height = stroked(a, kept->height);
    const int least = (int)impasto_setting_find("style-size")->low;
    if (width < least || height < least)
        return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                        "--refine: with --stroke %g, the picture that %s keeps of its style %s is "
                        "%dx%d pixels, and sides of at least %d are needed; take larger strokes, "
                        "or name a larger picture by --style",
                        (double)a->options->stroke, info->source, info->styles[style], width,
                        height, least);
    return impasto_image_resize(kept, width, height, image, a->error);
}

static enum impasto_status take_kept(struct cli_applying *a, size_t style)
{
    struct cli_refining *refining = &a->refining;
    struct impasto_image *kept = NULL, **image = &refining->image[refining->count];
    if (!impasto_model_has_picture(a->model, style))
        return lacks_picture(a, style);
    enum impasto_status status = impasto_model_picture(a->model, style, &kept, a->error);
    if (status == IMPASTO_OK)
        status = resize_kept(a, style, kept, image);
    impasto_image_free(&kept);
    refining->style[refining->count++] = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = *image, .weight = 1};
    return status;
}

/* Those of all styles that are shown. */
static enum impasto_status take_all_kept(struct cli_applying *a, const struct shown *shown)
{
    enum impasto_status status = IMPASTO_OK;
    if (shown->count > CLI_LIST_MOST)
        return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                        "--refine: the mix and the regions have %zu styles; at most %d can be "
                        "refined",
                        shown->count, CLI_LIST_MOST);
    a->refining.kept = true;
    for (size_t i = 0; i < shown->count && status == IMPASTO_OK; i++)
        status = take_kept(a, shown->style[i]);
    return status;
}

/* Whether each style has its picture. Of a single one there may be several. */
static enum impasto_status check_count(const struct cli_applying *a, const struct shown *shown)
{
    const size_t given = a->refining.count;
    if (shown->count == given || (shown->count < 2 && a->regions.count == 0))
        return IMPASTO_OK;
    return cli_fail(a->error, IMPASTO_ERROR_USAGE,
                    "--refine: the mix%s %zu styles, and --style names %zu; name a picture of "
                    "each, in this order: %s",
                    a->regions.count > 0 ? " and the regions have" : " has", shown->count, given,
                    shown->names);
}

enum impasto_status cli_areas_weigh(struct cli_applying *a)
{
    struct shown shown = {0};
    enum impasto_status status = list_shown(a, &shown);
    if (status == IMPASTO_OK && shown.count == 0)
        status =
            cli_fail(a->error, IMPASTO_ERROR_USAGE,
                     "--refine: the mix shows no style that could be refined; name one by --mix");
    if (status == IMPASTO_OK)
        status = a->options->styles.count == 0 ? take_all_kept(a, &shown) : check_count(a, &shown);
    for (size_t i = 0; status == IMPASTO_OK && i < shown.count && i < a->refining.count; i++) {
        const struct cli_mix *mix = mix_of(a, shown.area[i]);
        struct impasto_style *style = &a->refining.style[i];
        style->region = (int)shown.area[i];
        if (mix->weight && shown.count == a->refining.count)
            style->weight *= mix->weight[shown.style[i]];
    }
    free(shown.style);
    free(shown.area);
    return status;
}

/* ---- Where ----------------------------------------------------------------------------------- */

/* Takes a region out of an area's mask: it lies over it. */
static void cover(struct impasto_image *area, const struct impasto_image *region)
{
    const size_t values = 3 * (size_t)area->width * (size_t)area->height;
    for (size_t i = 0; i < values; i++)
        area->rgb[i] *= 1 - region->rgb[i];
}

/* Makes a mask gray, and its transparency black; white: all of it white. */
static void flatten(struct impasto_image *mask, bool white)
{
    const size_t pixels = (size_t)mask->width * (size_t)mask->height;
    for (size_t i = 0; i < pixels; i++) {
        float *rgb = mask->rgb + 3 * i;
        const float light = white ? 1 : (rgb[0] + rgb[1] + rgb[2]) / 3;
        rgb[0] = rgb[1] = rgb[2] = light * (mask->alpha ? mask->alpha[i] : 1);
    }
    free(mask->alpha);
    mask->alpha = NULL;
}

/* A region's mask at the size of a picture; what it covers is taken out of those below. */
static enum impasto_status lay_over(const struct cli_applying *a, size_t r,
                                    const struct impasto_image *picture, struct cli_areas *areas)
{
    struct impasto_image **mask = &areas->mask[r + 1];
    const enum impasto_status status =
        impasto_image_resize(a->regions.mask[r], picture->width, picture->height, mask, a->error);
    if (status != IMPASTO_OK)
        return status;
    flatten(*mask, false);
    for (size_t below = 0; below <= r; below++)
        cover(areas->mask[below], *mask);
    return IMPASTO_OK;
}

/* Less than a pixel is nothing that could be painted. */
static bool is_empty(const struct impasto_image *mask)
{
    const size_t pixels = (size_t)mask->width * (size_t)mask->height;
    double sum = 0;
    for (size_t i = 0; i < pixels; i++)
        sum += (double)mask->rgb[3 * i];
    return sum < 1;
}

/* The areas that show a style anywhere, and their styles. An area weighs as much as its mix has of
 * styles. As the optimiser divides these weights by their sum, their mean is to go into the whole
 * style's weight. */
static void list_areas(const struct cli_applying *a, struct cli_areas *areas)
{
    const struct cli_refining *refining = &a->refining;
    for (size_t area = 0; area <= a->regions.count; area++) {
        const size_t before = areas->style_count;
        for (size_t i = 0; i < refining->count && !is_empty(areas->mask[area]); i++)
            if (refining->style[i].region == (int)area) {
                areas->style[areas->style_count] = refining->style[i];
                areas->style[areas->style_count++].region = (int)areas->count;
            }
        if (areas->style_count == before)
            continue;
        const float share = share_of(a, area);
        areas->share += share;
        areas->region[areas->count++] = (struct impasto_region){
            .struct_size = sizeof(struct impasto_region),
            .mask = areas->mask[area],
            .weight = share,
        };
    }
    areas->share /= areas->count > 0 ? (float)areas->count : 1;
}

enum impasto_status cli_areas_open(const struct cli_applying *a,
                                   const struct impasto_image *picture, struct cli_areas *areas)
{
    if (a->regions.count == 0) {
        areas->share = share_of(a, 0);
        return IMPASTO_OK;
    }
    enum impasto_status status =
        impasto_image_create(picture->width, picture->height, &areas->mask[0], a->error);
    if (status == IMPASTO_OK)
        flatten(areas->mask[0], true);
    for (size_t r = 0; r < a->regions.count && status == IMPASTO_OK; r++)
        status = lay_over(a, r, picture, areas);
    if (status == IMPASTO_OK)
        list_areas(a, areas);
    if (status == IMPASTO_OK && areas->style_count == 0)
        status = cli_fail(a->error, IMPASTO_ERROR_INPUT,
                          "--refine: of the parts that show a style nothing is left in this "
                          "picture; see its masks");
    return status;
}

void cli_areas_close(struct cli_areas *areas)
{
    for (size_t i = 0; i < sizeof(areas->mask) / sizeof(*areas->mask); i++)
        impasto_image_free(&areas->mask[i]);
}
