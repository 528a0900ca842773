/* SPDX-License-Identifier: MIT */
/* Pictures as masks: lightness as a plane, masks from colours, and what lies under transparency. */

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lightness ------------------------------------------------------------------------------- */

enum impasto_status imp_image_mask(const struct impasto_image *mask, int height, int width,
                                   float **plane, struct impasto_error *error)
{
    const size_t pixels = (size_t)mask->width * (size_t)mask->height;
    const size_t bytes = (size_t)height * (size_t)width * sizeof(float);
    float *values = malloc(pixels * sizeof(float)), *out = malloc(bytes);
    enum impasto_status status = IMPASTO_OK;
    if (!values || !out) {
        status = imp_fail_memory(error, "a mask", bytes + pixels * sizeof(float));
    } else {
        for (size_t i = 0; i < pixels; i++) {
            const float *rgb = mask->rgb + 3 * i;
            values[i] = (rgb[0] + rgb[1] + rgb[2]) / 3 * (mask->alpha ? mask->alpha[i] : 1);
        }
        status = imp_planes_resize(values, 1, mask->height, mask->width, IMP_FILTER_TENT, out,
                                   height, width, error);
    }
    free(values);
    if (status == IMPASTO_OK)
        *plane = out;
    else
        free(out);
    return status;
}

/* ---- Colours --------------------------------------------------------------------------------- */

/* Colours are told apart in steps of 1/8 when they are counted. */
#define STEPS 8
/* A pixel may be this far from the key, in each channel, and still have its colour: compression. */
#define NEAR 0.06f
#define MOST_COLOURS 64

struct palette {
    float colour[MOST_COLOURS][3]; /* the key first */
    size_t pixels[MOST_COLOURS];
    int count;
};

struct bin {
    double sum[3];
    size_t count;
};

static float distance(const float a[3], const float b[3])
{
    const float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return sqrtf(x * x + y * y + z * z);
}

static int bin_of(const float rgb[3])
{
    int bin = 0;
    for (int c = 0; c < 3; c++) {
        const int step = (int)(rgb[c] * STEPS);
        bin = bin * STEPS + (step < 0 ? 0 : step >= STEPS ? STEPS - 1 : step);
    }
    return bin;
}

static int most_first(const void *a, const void *b)
{
    const struct bin *x = a, *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

/* Whether a colour looks like a smooth edge between two of the palette's colours. It lies between
 * them, and there is little of it beside them. */
static bool is_edge(const struct palette *palette, const float colour[3], size_t pixels)
{
    for (int a = 0; a < palette->count; a++)
        for (int b = 0; b < a; b++) {
            const float *p = palette->colour[a], *q = palette->colour[b];
            const float detour = distance(p, colour) + distance(colour, q) - distance(p, q);
            const size_t least =
                palette->pixels[a] < palette->pixels[b] ? palette->pixels[a] : palette->pixels[b];
            if (detour < NEAR && pixels < least / 4)
                return true;
        }
    return false;
}

/* The key's colour, then the other colours of the picture, the most frequent first. A colour of its
 * own is the mean of a bin with a hundredth of the pixels. */
static bool find_palette(const struct impasto_image *image, const float key[3],
                         struct palette *palette)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const size_t bins = STEPS * STEPS * STEPS;
    struct bin *bin = calloc(bins, sizeof(*bin));
    if (!bin)
        return false;
    *palette = (struct palette){.count = 1};
    memcpy(palette->colour[0], key, sizeof(palette->colour[0]));
    for (size_t i = 0; i < pixels; i++) {
        const float *rgb = image->rgb + 3 * i;
        struct bin *b = &bin[bin_of(rgb)];
        for (int c = 0; c < 3; c++)
            b->sum[c] += (double)rgb[c];
        b->count++;
        palette->pixels[0] += distance(rgb, key) < NEAR;
    }
    qsort(bin, bins, sizeof(*bin), most_first);
    for (size_t i = 0; i < bins && bin[i].count > pixels / 100; i++) {
        float mean[3];
        for (int c = 0; c < 3; c++)
            mean[c] = (float)(bin[i].sum[c] / (double)bin[i].count);
        /* Neighbouring bins may hold one colour's noise. */
        bool known = palette->count == MOST_COLOURS || is_edge(palette, mean, bin[i].count);
        for (int k = 0; k < palette->count; k++)
            known = known || distance(mean, palette->colour[k]) < 2 * NEAR;
        if (known)
            continue;
        palette->pixels[palette->count] = bin[i].count;
        memcpy(palette->colour[palette->count++], mean, sizeof(mean));
    }
    free(bin);
    return true;
}

/* The key's share of a pixel: shares go by the inverse of the distance, which between two colours
 * is linear, and they sum to 1. */
static float share_of_key(const struct palette *palette, const float rgb[3])
{
    float total = 0, key = 0;
    for (int k = 0; k < palette->count; k++) {
        const float d = distance(rgb, palette->colour[k]);
        if (d < NEAR)
            return k == 0;
        total += 1 / d;
        key = k == 0 ? 1 / d : key;
    }
    return key / total;
}

enum impasto_status impasto_image_key(const struct impasto_image *image, uint32_t colour,
                                      struct impasto_image **mask, struct impasto_error *error)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const float key[3] = {(float)(colour >> 16 & 255) / 255, (float)(colour >> 8 & 255) / 255,
                          (float)(colour & 255) / 255};
    struct palette palette;
    struct impasto_image *out = NULL;
    if (!find_palette(image, key, &palette))
        return imp_fail_memory(error, "a mask's colours", 0);
    IMP_TRY(impasto_image_create(image->width, image->height, &out, error));
    bool found = false;
    for (size_t i = 0; i < pixels; i++) {
        const float alpha = image->alpha ? image->alpha[i] : 1;
        const float share = share_of_key(&palette, image->rgb + 3 * i) * alpha;
        found = found || share > 0.99f;
        out->rgb[3 * i] = out->rgb[3 * i + 1] = out->rgb[3 * i + 2] = share;
    }
    if (!found) {
        impasto_image_free(&out);
        return imp_fail(error, IMPASTO_ERROR_INPUT, "no part of the mask has the colour #%06x",
                        (unsigned)(colour & 0xffffff));
    }
    out->name = image->name ? strdup(image->name) : NULL;
    *mask = out;
    return IMPASTO_OK;
}

/* ---- Under transparency ---------------------------------------------------------------------- */

/* A picture of premultiplied colours and what they were multiplied by; the next is half as large.
 */
struct level {
    int width, height;
    float *rgba;
};

static void shrink(const struct level *from, struct level *to)
{
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            float *out = to->rgba + 4 * ((size_t)y * (size_t)to->width + (size_t)x);
            for (int c = 0; c < 4; c++)
                out[c] = 0;
            for (int k = 0; k < 4; k++) {
                const int fx = 2 * x + k % 2, fy = 2 * y + k / 2;
                if (fx >= from->width || fy >= from->height)
                    continue;
                const float *in = from->rgba + 4 * ((size_t)fy * (size_t)from->width + (size_t)fx);
                for (int c = 0; c < 4; c++)
                    out[c] += in[c];
            }
            /* Any weight is worth a whole one farther away. */
            const float scale = out[3] > 1 ? 1 / out[3] : 1;
            for (int c = 0; c < 4; c++)
                out[c] *= scale;
        }
}

/* What is missing to a weight of 1 comes from the coarser level. */
static void fill_from(const struct level *coarse, struct level *fine)
{
    for (int y = 0; y < fine->height; y++)
        for (int x = 0; x < fine->width; x++) {
            float *out = fine->rgba + 4 * ((size_t)y * (size_t)fine->width + (size_t)x);
            const float *in =
                coarse->rgba + 4 * ((size_t)(y / 2) * (size_t)coarse->width + (size_t)(x / 2));
            const float missing = 1 - out[3];
            for (int c = 0; c < 4 && missing > 0; c++)
                out[c] += missing * in[c];
        }
}

#define MOST_LEVELS 20

enum impasto_status imp_image_fill_hidden(struct impasto_image *image, struct impasto_error *error)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    struct level level[MOST_LEVELS] = {{.width = image->width, .height = image->height}};
    enum impasto_status status = IMPASTO_OK;
    int levels = 0;
    if (!image->alpha)
        return IMPASTO_OK;
    for (; levels < MOST_LEVELS; levels++) {
        struct level *l = &level[levels];
        if (levels > 0) {
            l->width = (level[levels - 1].width + 1) / 2;
            l->height = (level[levels - 1].height + 1) / 2;
        }
        l->rgba = malloc((size_t)l->width * (size_t)l->height * 4 * sizeof(float));
        if (!l->rgba) {
            status = imp_fail_memory(error, "a picture", pixels * 4 * sizeof(float));
            goto done;
        }
        if (levels > 0)
            shrink(&level[levels - 1], l);
        else
            for (size_t i = 0; i < pixels; i++) {
                for (size_t c = 0; c < 3; c++)
                    l->rgba[4 * i + c] = image->alpha[i] * image->rgb[3 * i + c];
                l->rgba[4 * i + 3] = image->alpha[i];
            }
        if (l->width == 1 && l->height == 1) {
            levels++;
            break;
        }
    }
    for (int k = levels - 1; k > 0; k--)
        fill_from(&level[k], &level[k - 1]);
    /* Nothing shows at all: then it is black. */
    for (size_t i = 0; i < pixels; i++) {
        const float *in = level[0].rgba + 4 * i;
        for (size_t c = 0; c < 3; c++)
            image->rgb[3 * i + c] = in[3] > 0 ? in[c] / in[3] : 0;
    }
done:
    for (int k = 0; k < levels; k++)
        free(level[k].rgba);
    return status;
}

/* ---- Aspect ---------------------------------------------------------------------------------- */

#define ASPECT_TOLERANCE 0.02

enum impasto_status imp_image_check_aspect(const char *what, const struct impasto_image *other,
                                           const struct impasto_image *of,
                                           struct impasto_error *error)
{
    if (!other)
        return IMPASTO_OK;
    const double aspect = (double)other->width / other->height;
    const double wanted = (double)of->width / of->height;
    if (fabs(aspect / wanted - 1) <= ASPECT_TOLERANCE)
        return IMPASTO_OK;
    return imp_fail(
        error, IMPASTO_ERROR_INPUT,
        "%s%sthe %s is %dx%d pixels, its picture %s%s%dx%d: give it the picture's aspect",
        other->name ? other->name : "", other->name ? ": " : "", what, other->width, other->height,
        of->name ? of->name : "", of->name ? " " : "", of->width, of->height);
}
