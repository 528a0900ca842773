/* SPDX-License-Identifier: MIT */
/*
 * The pictures as the job needs them. They have the sizes of the last scale. Transparency is filled
 * and turned into masks. Colours are as asked for. So the caller's pictures, which may be far
 * larger, can be freed.
 */

#include "paint/sources.h"

#include <math.h>
#include <stdlib.h>

/* ---- Checks ---------------------------------------------------------------------------------- */

static bool usable(float weight)
{
    return weight > 0 && isfinite(weight);
}

static enum impasto_status check_pictures(const struct impasto_pictures *p,
                                          struct impasto_error *error)
{
    const size_t regions = p->region_count ? p->region_count : 1;
    if (p->style_count == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "no style picture");
    for (size_t r = 0; r < p->region_count; r++) {
        if (!usable(p->regions[r].weight))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "the weight of region %zu is %g; it must be above 0 and finite", r,
                            (double)p->regions[r].weight);
        IMP_TRY(imp_image_check_aspect("mask of a region", p->regions[r].mask, p->content, error));
    }
    for (size_t i = 0; i < p->style_count; i++) {
        const struct impasto_style *style = &p->styles[i];
        if (!usable(style->weight))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "the weight of style %zu is %g; it must be above 0 and finite", i,
                            (double)style->weight);
        if (style->region < 0 || (size_t)style->region >= regions)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "style %zu is for region %d of %zu", i,
                            style->region, regions);
        IMP_TRY(imp_image_check_aspect("mask of a style", style->mask, style->image, error));
    }
    for (size_t r = 0; r < regions; r++) {
        size_t styles = 0;
        for (size_t i = 0; i < p->style_count; i++)
            styles += (size_t)p->styles[i].region == r;
        if (styles == 0)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "region %zu has no style picture", r);
    }
    return imp_image_check_aspect("mask of what to keep", p->keep, p->content, error);
}

/* ---- Planes ---------------------------------------------------------------------------------- */

/* *plane *= factor, where no plane is all 1. Both are (pixels); *plane may have to be made. */
static enum impasto_status multiply(float **plane, const float *factor, bool complement,
                                    size_t pixels, struct impasto_error *error)
{
    if (!factor)
        return IMPASTO_OK;
    if (!*plane) {
        *plane = malloc(pixels * sizeof(float));
        if (!*plane)
            return imp_fail_memory(error, "a mask", pixels * sizeof(float));
        for (size_t i = 0; i < pixels; i++)
            (*plane)[i] = 1;
    }
    for (size_t i = 0; i < pixels; i++)
        (*plane)[i] *= complement ? 1 - factor[i] : factor[i];
    return IMPASTO_OK;
}

static void let_go(struct imp_held *held)
{
    impasto_image_free(&held->own);
    held->image = NULL;
}

/* What is transparent everywhere has nothing to paint or to paint with. */
static enum impasto_status check_shows(const char *name, const struct impasto_image *image,
                                       struct impasto_error *error)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    double shown = 0; /* in pixels */
    for (size_t i = 0; image->alpha && i < pixels; i++)
        shown += (double)image->alpha[i];
    if (!image->alpha || shown >= 1)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s%s transparent everywhere; give one that shows something",
                    name ? name : "a picture", name ? ": is" : " is");
}

/* A picture at that size, and its alpha apart (NULL: opaque), with what it hid filled. borrow: the
 * caller's own will do where it is as it should be. */
static enum impasto_status take(const struct impasto_image *picture, int width, int height,
                                bool borrow, struct imp_held *held, float **alpha,
                                struct impasto_error *error)
{
    *alpha = NULL;
    if (borrow && !picture->alpha && picture->width == width && picture->height == height) {
        held->image = picture;
        return IMPASTO_OK;
    }
    IMP_TRY(imp_image_resize(picture, width, height, &held->own, error));
    held->image = held->own;
    IMP_TRY(check_shows(picture->name, held->own, error));
    const enum impasto_status status = imp_image_fill_hidden(held->own, error);
    *alpha = held->own->alpha;
    held->own->alpha = NULL;
    return status;
}

/* ---- Colour ---------------------------------------------------------------------------------- */

static void make_grey(struct impasto_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++) {
        float *rgb = image->rgb + 3 * i;
        rgb[0] = rgb[1] = rgb[2] = imp_luminance(rgb);
    }
}

/* Gives a grey picture another's mean and deviation of luminance. */
static void match_grey(struct impasto_image *image, const struct imp_colours *from,
                       const struct imp_colours *to)
{
    const size_t values = 3 * (size_t)image->width * (size_t)image->height;
    const double deviation = sqrt(from->covariance[0][0]);
    const double scale = deviation > 0 ? sqrt(to->covariance[0][0]) / deviation : 1;
    for (size_t i = 0; i < values; i++)
        image->rgb[i] = (float)(to->mean[0] + scale * ((double)image->rgb[i] - from->mean[0]));
}

/* The style pictures take the colours, or, all being grey, the luminance of the part of the content
 * that they are for. */
static enum impasto_status adapt_colours(const struct impasto_params *params,
                                         struct imp_sources *sources, struct impasto_error *error)
{
    if (params->colour == IMPASTO_COLOUR_STYLE)
        return IMPASTO_OK;
    const bool luma = params->colour == IMPASTO_COLOUR_LUMA;
    if (luma && !sources->original)
        IMP_TRY(imp_image_resize(sources->content.image, sources->width, sources->height,
                                 &sources->original, error));
    if (luma)
        make_grey(sources->content.own);
    for (int i = 0; i < sources->styles; i++) {
        struct imp_source *style = &sources->style[i];
        struct imp_colours from, to;
        if (luma)
            make_grey(style->picture.own);
        imp_colours_measure(sources->content.image, sources->region[style->region].mask, &to);
        imp_colours_measure(style->picture.image, style->mask, &from);
        if (luma)
            match_grey(style->picture.own, &from, &to);
        else
            imp_colours_match(style->picture.own, &from, &to);
    }
    return IMPASTO_OK;
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static enum impasto_status take_content(const struct impasto_pictures *pictures,
                                        const struct imp_sizes *sizes, struct imp_sources *sources,
                                        struct impasto_error *error)
{
    const struct impasto_image *content = pictures->content;
    IMP_TRY(imp_metadata_copy(&content->metadata, &sources->metadata, error));
    IMP_TRY(take(content, sizes->width, sizes->height, sources->borrows, &sources->content,
                 &sources->alpha, error));
    if (!pictures->keep)
        return IMPASTO_OK;
    IMP_TRY(imp_image_mask(pictures->keep, sizes->height, sizes->width, &sources->keep, error));
    return imp_image_resize(sources->content.image, sizes->width, sizes->height, &sources->original,
                            error);
}

static enum impasto_status take_regions(const struct impasto_pictures *pictures,
                                        struct imp_sources *sources, struct impasto_error *error)
{
    const size_t pixels = (size_t)sources->width * (size_t)sources->height;
    const size_t count = pictures->region_count ? pictures->region_count : 1;
    double total = 0;
    sources->region = calloc(count, sizeof(*sources->region));
    if (!sources->region)
        return imp_fail_memory(error, "regions", count * sizeof(*sources->region));
    sources->regions = (int)count;
    for (size_t r = 0; r < count; r++) {
        struct imp_source_region *region = &sources->region[r];
        const struct impasto_image *mask =
            pictures->region_count ? pictures->regions[r].mask : NULL;
        region->weight = pictures->region_count ? (double)pictures->regions[r].weight : 1;
        total += region->weight;
        if (mask)
            IMP_TRY(imp_image_mask(mask, sources->height, sources->width, &region->mask, error));
        IMP_TRY(multiply(&region->mask, sources->alpha, false, pixels, error));
        IMP_TRY(multiply(&region->mask, sources->keep, true, pixels, error));
        double mass = 0;
        for (size_t i = 0; region->mask && i < pixels; i++)
            mass += (double)region->mask[i];
        if (region->mask && mass < 1)
            return imp_fail(error, IMPASTO_ERROR_INPUT,
                            "%s%sregion %zu is empty: nothing of the result is white in its mask, "
                            "visible, and not to be kept",
                            mask && mask->name ? mask->name : "", mask && mask->name ? ": " : "",
                            r);
    }
    for (size_t r = 0; r < count; r++)
        sources->region[r].weight /= total;
    return IMPASTO_OK;
}

static enum impasto_status take_style(const struct impasto_params *params,
                                      const struct impasto_style *style, int last, bool borrow,
                                      struct imp_source *source, struct impasto_error *error)
{
    float *alpha = NULL;
    int width, height;
    source->own_width = style->image->width;
    source->own_height = style->image->height;
    source->region = style->region;
    imp_style_fit(params, last, last, source->own_width, source->own_height, &width, &height);
    IMP_TRY(imp_sizes_check("style", style->image->name, "`style-size`", width, height, error));
    enum impasto_status status =
        take(style->image, width, height, borrow, &source->picture, &alpha, error);
    if (status == IMPASTO_OK && style->mask)
        status = imp_image_mask(style->mask, height, width, &source->mask, error);
    if (status == IMPASTO_OK)
        status = multiply(&source->mask, alpha, false, (size_t)width * (size_t)height, error);
    free(alpha);
    return status;
}

/* By region, so that a region's pictures follow one another. */
static enum impasto_status take_styles(const struct impasto_params *params,
                                       const struct impasto_pictures *pictures, int last,
                                       struct imp_sources *sources, struct impasto_error *error)
{
    sources->style = calloc(pictures->style_count, sizeof(*sources->style));
    if (!sources->style)
        return imp_fail_memory(error, "styles", pictures->style_count * sizeof(*sources->style));
    for (int r = 0; r < sources->regions; r++) {
        const int begin = sources->styles;
        double total = 0;
        for (size_t i = 0; i < pictures->style_count; i++) {
            const struct impasto_style *style = &pictures->styles[i];
            if (style->region != r)
                continue;
            struct imp_source *source = &sources->style[sources->styles++];
            source->share = (double)style->weight;
            total += source->share;
            IMP_TRY(take_style(params, style, last, sources->borrows, source, error));
        }
        for (int i = begin; i < sources->styles; i++)
            sources->style[i].share /= total;
        sources->style[begin].begins = sources->style[sources->styles - 1].ends = true;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_sources_make(const struct impasto_params *params,
                                     const struct impasto_pictures *pictures,
                                     const struct imp_sizes *sizes, bool brief,
                                     struct imp_sources *sources, struct impasto_error *error)
{
    const int last = sizes->width > sizes->height ? sizes->width : sizes->height;
    *sources = (struct imp_sources){
        .width = sizes->width,
        .height = sizes->height,
        /* Colours are adapted in place. */
        .borrows = brief && params->colour == IMPASTO_COLOUR_STYLE,
    };
    IMP_TRY(check_pictures(pictures, error));
    if (params->init == IMPASTO_INIT_IMAGE && !pictures->init)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "init is an image, but there is none");
    if (params->init == IMPASTO_INIT_IMAGE)
        IMP_TRY(imp_image_check_aspect("picture to start from", pictures->init, pictures->content,
                                       error));
    IMP_TRY(take_content(pictures, sizes, sources, error));
    IMP_TRY(take_regions(pictures, sources, error));
    IMP_TRY(take_styles(params, pictures, last, sources, error));
    if (params->init == IMPASTO_INIT_IMAGE) {
        float *alpha = NULL;
        const enum impasto_status status = take(pictures->init, sizes->width, sizes->height,
                                                sources->borrows, &sources->start, &alpha, error);
        free(alpha);
        IMP_TRY(status);
    }
    return adapt_colours(params, sources, error);
}

enum impasto_status imp_sources_next(struct imp_sources *sources,
                                     const struct impasto_params *params,
                                     const struct impasto_image *content,
                                     struct impasto_error *error)
{
    let_go(&sources->content);
    sources->content.image = content;
    if (params->colour != IMPASTO_COLOUR_LUMA)
        return IMPASTO_OK;
    impasto_image_free(&sources->original);
    IMP_TRY(imp_image_resize(content, sources->width, sources->height, &sources->original, error));
    IMP_TRY(
        imp_image_resize(content, sources->width, sources->height, &sources->content.own, error));
    sources->content.image = sources->content.own;
    make_grey(sources->content.own);
    return IMPASTO_OK;
}

void imp_sources_drop_styles(struct imp_sources *sources)
{
    for (int i = 0; i < sources->styles; i++) {
        let_go(&sources->style[i].picture);
        free(sources->style[i].mask);
        sources->style[i].mask = NULL;
    }
    for (int r = 0; r < sources->regions; r++) {
        free(sources->region[r].mask);
        sources->region[r].mask = NULL;
    }
}

void imp_sources_drop_content(struct imp_sources *sources)
{
    let_go(&sources->content);
    let_go(&sources->start);
}

void imp_sources_free(struct imp_sources *sources)
{
    imp_sources_drop_styles(sources);
    imp_sources_drop_content(sources);
    impasto_image_free(&sources->original);
    free(sources->style);
    free(sources->region);
    free(sources->keep);
    free(sources->alpha);
    imp_metadata_free(&sources->metadata);
    *sources = (struct imp_sources){0};
}
