/* SPDX-License-Identifier: MIT */
/*
 * lessons FOLDER [STEP]: writes there what weights/learn.py learns the built-in weights from; with
 * STEP only every STEP-th of the pictures.
 *
 * pictures.ppm: scenes, and as many styles, all drawn by the library, one PPM after another.
 * builtin.safetensors: the built-in weights as they are, of which the first layer is not learned.
 */

#include "draw/draw.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 3 /* of the scenes */
#define SCENES 280
#define STYLES 280
#define FIRST_VARIANT 3001 /* of the styles */
#define SIDE 256           /* of a picture, pixels each way */
#define LARGEST 512        /* that it is cut out of */

/* Of scene `index`, before a part is cut out. */
static int scene_side(int index)
{
    return index % 3 == 2 ? 384 : SIDE;
}

/* Strokes are as large as the picture says: 3 to 20 pixels wide. */
static int style_side(int index)
{
    static const int sides[] = {256, 384, 512, 320};
    return sides[index / imp_draw_styles() % 4];
}

/* weights/learned.i8 is older than the variants of these styles. */
static uint32_t variant_of(const char *name, int index)
{
    static const char *const composed[] = {"engraving", "mosaic", "stained", "weave"};
    for (size_t i = 0; i < IMP_COUNT(composed); i++)
        if (strcmp(name, composed[i]) == 0)
            return 0;
    return (uint32_t)(FIRST_VARIANT + index / imp_draw_styles());
}

static enum impasto_status draw_style(int index, float *rgb, struct impasto_error *error)
{
    const char *name = imp_draw_style_name(index % imp_draw_styles());
    const int side = style_side(index);
    return imp_draw_style_variant(name, variant_of(name, index), side, side, rgb, error);
}

/* rgb: 3 planes of `side` by `side`; `number` says which of 5 x 5 places is written. */
static void put(FILE *file, const float *rgb, int side, int number)
{
    const size_t plane = (size_t)side * (size_t)side;
    const int top = (side - SIDE) * (number * 7 % 5) / 5;
    const int left = (side - SIDE) * (number * 3 % 5) / 5;
    fprintf(file, "P6\n%d %d\n255\n", SIDE, SIDE);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (size_t c = 0; c < 3; c++)
                fputc((int)(255 * rgb[c * plane + (size_t)((y + top) * side + x + left)] + 0.5f),
                      file);
}

static enum impasto_status write_pictures(FILE *file, float *rgb, int step,
                                          struct impasto_error *error)
{
    for (int i = 0; i < SCENES; i += step) {
        const int side = scene_side(i);
        IMP_TRY(imp_draw_scene(SEED, i, side, side, rgb, error));
        put(file, rgb, side, i);
    }
    for (int i = 0; i < STYLES; i += step) {
        IMP_TRY(draw_style(i, rgb, error));
        put(file, rgb, style_side(i), SCENES + i);
    }
    return IMPASTO_OK;
}

static enum impasto_status write_weights(const char *path, struct impasto_error *error)
{
    struct impasto_weights *weights = NULL;
    IMP_TRY(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, error));
    const enum impasto_status status = impasto_weights_save(weights, path, error);
    impasto_weights_close(&weights);
    return status;
}

int main(int count, char **words)
{
    char path[4096];
    struct impasto_error error = {0};
    const int step = count == 3 ? atoi(words[2]) : 1;
    if (count < 2 || count > 3 || step < 1) {
        fputs("lessons: name a folder, and perhaps a step of at least 1\n", stderr);
        return 2;
    }
    snprintf(path, sizeof(path), "%s/pictures.ppm", words[1]);
    float *rgb = malloc(3 * sizeof(*rgb) * LARGEST * LARGEST);
    FILE *file = fopen(path, "wb");
    bool whole = rgb && file && write_pictures(file, rgb, step, &error) == IMPASTO_OK;
    whole = file && fclose(file) == 0 && whole;
    free(rgb);
    snprintf(path, sizeof(path), "%s/builtin.safetensors", words[1]);
    if (whole && write_weights(path, &error) == IMPASTO_OK)
        return 0;
    fprintf(stderr, "lessons: %s\n", error.message[0] ? error.message : "writing failed");
    return 1;
}
