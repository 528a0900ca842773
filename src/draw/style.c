/* SPDX-License-Identifier: MIT */
/* The styles by name. */

#include "draw/draw.h"

#include "draw/style.h"

#include <stdlib.h>
#include <string.h>

#define OVERSAMPLING 2 /* each way */

static const struct entry {
    const char *name;
    imp_style_fn draw;
} styles[] = {
    {"oil", imp_style_oil},
    {"fauve", imp_style_fauve},
    {"pastel", imp_style_pastel},
    {"pointillist", imp_style_pointillist},
    {"watercolour", imp_style_watercolour},
    {"ink", imp_style_ink},
    {"woodcut", imp_style_woodcut},
    {"engraving", imp_style_engraving},
    {"wave", imp_style_wave},
    {"mosaic", imp_style_mosaic},
    {"stained", imp_style_stained},
    {"cubist", imp_style_cubist},
    {"weave", imp_style_weave},
    {"embroidery", imp_style_embroidery},
};

int imp_draw_styles(void)
{
    return (int)IMP_COUNT(styles);
}

const char *imp_draw_style_name(int style)
{
    return style >= 0 && style < imp_draw_styles() ? styles[style].name : NULL;
}

static const struct entry *find(const char *name)
{
    for (size_t i = 0; i < IMP_COUNT(styles); i++)
        if (strcmp(styles[i].name, name) == 0)
            return &styles[i];
    return NULL;
}

bool imp_draw_style_exists(const char *name)
{
    return find(name) != NULL;
}

static float average(const struct imp_canvas *canvas, size_t plane, int x, int y)
{
    float sum = 0;
    for (int i = 0; i < OVERSAMPLING * OVERSAMPLING; i++) {
        const int px = x * OVERSAMPLING + i % OVERSAMPLING;
        const int py = y * OVERSAMPLING + i / OVERSAMPLING;
        sum += imp_clamp01(
            canvas->rgb[plane * canvas->plane + (size_t)py * (size_t)canvas->width + (size_t)px]);
    }
    return sum / (OVERSAMPLING * OVERSAMPLING);
}

static void shrink(const struct imp_canvas *canvas, int height, int width, float *rgb)
{
    for (size_t c = 0; c < 3; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                *rgb++ = average(canvas, c, x, y);
}

/* Neighbours far apart; 0 stays 0. */
static uint64_t spread(uint32_t variant)
{
    return variant * UINT64_C(2654435761);
}

static void draw(const struct entry *entry, uint32_t variant, struct imp_canvas *canvas,
                 float *planes)
{
    struct imp_style style = {
        .canvas = canvas,
        .variant = variant,
        .dice = {.seed = imp_checksum(0, entry->name, strlen(entry->name)) ^ spread(variant)},
        .sketch = planes,
        .angle = planes + 3 * canvas->plane,
        .near = planes + 4 * canvas->plane,
        .side = planes + 5 * canvas->plane,
        .part = planes + 6 * canvas->plane,
        .relief = canvas->depth,
    };
    entry->draw(&style);
}

static enum impasto_status fail_unknown(const char *name, struct impasto_error *error)
{
    char names[256] = "";
    for (size_t i = 0; i < IMP_COUNT(styles); i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? ", " : "",
                 styles[i].name);
    return imp_fail(error, IMPASTO_ERROR_USAGE, "there is no drawn style %s; there are %s", name,
                    names);
}

enum impasto_status imp_draw_style_variant(const char *name, uint32_t variant, int height,
                                           int width, float *rgb, struct impasto_error *error)
{
    const struct entry *entry = find(name);
    if (!entry)
        return fail_unknown(name, error);
    IMP_TRY(imp_canvas_check(height, width, error));
    const size_t plane = (size_t)height * (size_t)width * OVERSAMPLING * OVERSAMPLING;
    float *planes = calloc(10 * plane, sizeof(float));
    struct imp_canvas canvas;
    if (!planes)
        return imp_fail_memory(error, "drawing a style", 10 * plane * sizeof(float));
    const enum impasto_status status =
        imp_canvas_open(&canvas, height * OVERSAMPLING, width * OVERSAMPLING, planes, error);
    if (status == IMPASTO_OK) {
        draw(entry, variant, &canvas, planes + 3 * plane);
        shrink(&canvas, height, width, rgb);
        imp_canvas_close(&canvas);
    }
    free(planes);
    return status;
}

enum impasto_status imp_draw_style(const char *name, int height, int width, float *rgb,
                                   struct impasto_error *error)
{
    return imp_draw_style_variant(name, 0, height, width, rgb, error);
}
