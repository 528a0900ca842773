/* SPDX-License-Identifier: MIT */
/* Loads what the command line names: content, styles, masks, a start image. */

#include "cli/files/files.h"

#include <stdlib.h>
#include <string.h>

/* A picture, or the mask that a colour of it makes. */
static enum impasto_status load(const char *word, bool weighted, bool keyed, uint64_t max_pixels,
                                struct impasto_image **image, float *weight,
                                struct impasto_error *error)
{
    struct cli_spec spec;
    struct impasto_image *loaded = NULL;
    enum impasto_status status = cli_spec_read(word, weighted, &spec, error);
    if (status != IMPASTO_OK)
        return status;
    const bool key = keyed && spec.keyed;
    status = cli_picture_load(key          ? spec.path
                              : spec.keyed ? word
                                           : spec.path,
                              max_pixels, &loaded, error);
    if (status == IMPASTO_OK && key) {
        struct impasto_error why = {0};
        status = impasto_image_key(loaded, spec.colour, image, &why);
        if (status != IMPASTO_OK)
            cli_fail(error, status, "%s: %s", spec.path, why.message);
        impasto_image_free(&loaded);
    } else if (status == IMPASTO_OK) {
        *image = loaded;
    }
    if (weight)
        *weight = spec.weight;
    free(spec.path);
    return status;
}

enum impasto_status cli_mask_load(const char *word, uint64_t max_pixels,
                                  struct impasto_image **mask, struct impasto_error *error)
{
    return load(word, false, true, max_pixels, mask, NULL, error);
}

static bool is_none(const char *word)
{
    return strcmp(word, "none") == 0;
}

enum impasto_status cli_pictures_check(const struct cli_settings *s, struct impasto_error *error)
{
    const int styles = s->styles.count, masks = s->content_masks.count;
    const int wanted = masks > 0 ? masks : styles;
    if (masks > 1 && styles > 1 && masks != styles)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--content-mask: %d masks and %d style pictures; give one mask for each "
                        "style picture, or one style picture for all",
                        masks, styles);
    if (s->style_masks.count > 0 && s->style_masks.count != (masks > 1 ? wanted : styles) &&
        !(styles == 1 && s->style_masks.count == wanted))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--style-mask: %d are given, %d wanted; \"none\" stands for none",
                        s->style_masks.count, masks > 1 ? wanted : styles);
    if (s->interpolate && (styles < 2 || masks > 1))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--interpolate: %s",
                        styles < 2 ? "two or more style pictures are needed"
                                   : "regions have a style picture each; give one --content-mask");
    if (s->interpolate && (s->timelapse || s->report))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--%s: is about one picture; leave out --interpolate",
                        s->report ? "report" : "timelapse");
    if (s->interpolate && s->interpolate < styles)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--interpolate: %d pictures cannot show %d styles; ask for at least %d",
                        s->interpolate, styles, styles);
    return IMPASTO_OK;
}

static enum impasto_status load_regions(const struct cli_settings *s, struct cli_pictures *p,
                                        struct impasto_error *error)
{
    for (int i = 0; i < s->content_masks.count; i++) {
        const enum impasto_status status = load(s->content_masks.item[i], true, true, s->max_pixels,
                                                &p->content_mask[i], &p->regions[i].weight, error);
        if (status != IMPASTO_OK)
            return status;
        p->regions[i].struct_size = sizeof(p->regions[i]);
        p->regions[i].mask = p->content_mask[i];
    }
    p->task.regions = p->regions;
    p->task.region_count = (size_t)s->content_masks.count;
    return IMPASTO_OK;
}

/* One entry for each style picture, or, where several regions share one, for each region. */
static enum impasto_status load_styles(const struct cli_settings *s, struct cli_pictures *p,
                                       struct impasto_error *error)
{
    const int styles = s->styles.count, masks = s->content_masks.count;
    const int count = masks > styles ? masks : styles;
    enum impasto_status status;
    float weights[CLI_LIST_MOST];
    for (int i = 0; i < styles; i++)
        if ((status = load(s->styles.item[i], true, false, s->max_pixels, &p->style[i], &weights[i],
                           error)))
            return status;
    for (int i = 0; i < s->style_masks.count; i++)
        if (!is_none(s->style_masks.item[i]) &&
            (status = load(s->style_masks.item[i], false, true, s->max_pixels, &p->style_mask[i],
                           NULL, error)))
            return status;
    for (int i = 0; i < count; i++)
        p->styles[i] = (struct impasto_style){
            .struct_size = sizeof(struct impasto_style),
            .image = p->style[styles > 1 ? i : 0],
            .weight = weights[styles > 1 ? i : 0],
            .mask = p->style_mask[i],
            .region = masks > 1 ? i : 0,
        };
    p->task.styles = p->styles;
    p->task.style_count = (size_t)count;
    return IMPASTO_OK;
}

enum impasto_status cli_pictures_load(const struct cli_settings *s, struct cli_pictures *p,
                                      struct impasto_error *error)
{
    enum impasto_status status;
    *p = (struct cli_pictures){.task.struct_size = sizeof(p->task)};
    if ((s->content &&
         (status = cli_picture_load(s->content, s->max_pixels, &p->content, error))) ||
        (status = load_styles(s, p, error)) || (status = load_regions(s, p, error)))
        return status;
    if (s->keep && (status = load(s->keep, false, true, s->max_pixels, &p->keep, NULL, error)))
        return status;
    if (cli_init_is_file(s) && (status = cli_picture_load(s->init, s->max_pixels, &p->init, error)))
        return status;
    p->task.content = p->content;
    p->task.keep = p->keep;
    p->task.init = p->init;
    return IMPASTO_OK;
}

void cli_pictures_free(struct cli_pictures *p)
{
    impasto_image_free(&p->content);
    impasto_image_free(&p->init);
    impasto_image_free(&p->keep);
    for (int i = 0; i < CLI_LIST_MOST; i++) {
        impasto_image_free(&p->style[i]);
        impasto_image_free(&p->style_mask[i]);
        impasto_image_free(&p->content_mask[i]);
    }
    *p = (struct cli_pictures){0};
}

void cli_pictures_interpolate(struct cli_pictures *p, int index, int count)
{
    int styles = 0;
    while (styles < CLI_LIST_MOST && p->style[styles])
        styles++;
    const float at = (float)(styles - 1) * (float)index / (float)(count - 1);
    int first = (int)at;
    const float share = at - (float)first;
    size_t used = 0;
    /* A style without a share is left out, so that the ends are the single styles. */
    if (share < 1)
        p->styles[used++] = (struct impasto_style){.struct_size = sizeof(struct impasto_style),
                                                   .image = p->style[first],
                                                   .mask = p->style_mask[first],
                                                   .weight = 1 - share};
    if (share > 0)
        p->styles[used++] = (struct impasto_style){.struct_size = sizeof(struct impasto_style),
                                                   .image = p->style[first + 1],
                                                   .mask = p->style_mask[first + 1],
                                                   .weight = share};
    p->task.style_count = used;
}
