/* SPDX-License-Identifier: MIT */
/*
 * lessons FOLDER: writes there what weights/learn.py learns the built-in weights from.
 *
 * pictures.ppm          scenes, and styles at two sizes, all drawn by the library, one PPM after
 * another builtin.safetensors   the built-in weights as they are, of which the first layer is not
 * learned
 */

#include "draw/draw.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>

#define SEED 1    /* of the scenes */
#define SCENES 84 /* six of each kind */
#define SMALL 256 /* pixels each way; strokes are 3 to 10 pixels wide */
#define LARGE 512

static enum impasto_status draw(int number, int side, float *rgb, struct impasto_error *error)
{
    return number < SCENES
               ? imp_draw_scene(SEED, number, side, side, rgb, error)
               : imp_draw_style(imp_draw_style_name((number - SCENES) % imp_draw_styles()), side,
                                side, rgb, error);
}

/* rgb: 3 planes. */
static void put(FILE *file, const float *rgb, int side)
{
    const size_t count = (size_t)side * (size_t)side;
    fprintf(file, "P6\n%d %d\n255\n", side, side);
    for (size_t i = 0; i < count; i++)
        for (size_t plane = 0; plane < 3; plane++)
            fputc((int)(255 * rgb[plane * count + i] + 0.5f), file);
}

static enum impasto_status write_pictures(FILE *file, float *rgb, struct impasto_error *error)
{
    const int small = SCENES + imp_draw_styles();
    for (int i = 0; i < small + imp_draw_styles(); i++) {
        const int side = i < small ? SMALL : LARGE;
        IMP_TRY(draw(i, side, rgb, error));
        put(file, rgb, side);
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
    if (count != 2) {
        fputs("lessons: name a folder\n", stderr);
        return 2;
    }
    snprintf(path, sizeof(path), "%s/pictures.ppm", words[1]);
    float *rgb = malloc(3 * sizeof(*rgb) * LARGE * LARGE);
    FILE *file = fopen(path, "wb");
    bool whole = rgb && file && write_pictures(file, rgb, &error) == IMPASTO_OK;
    whole = file && fclose(file) == 0 && whole;
    free(rgb);
    snprintf(path, sizeof(path), "%s/builtin.safetensors", words[1]);
    if (whole && write_weights(path, &error) == IMPASTO_OK)
        return 0;
    fprintf(stderr, "lessons: %s\n", error.message[0] ? error.message : "writing failed");
    return 1;
}
