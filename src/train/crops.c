/* SPDX-License-Identifier: MIT */
/* Crops of training pictures, each as its seed and position have it: which part, how large, turned
 * how, and in which colours. */

#include "image/image.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

#define STREAM_CROP 0x63726f70u

/* A part that is all but one colour has nothing to hold on to: another is tried. */
#define TRIES 4
#define FLAT 0.02 /* standard deviation of the lightness */

/* One in so many crops has its colours permuted. */
#define PERMUTED 0.15f
#define BRIGHTEST 1.25

/* The numbers of a try at a position. */
enum choice { SIDE, LEFT, TOP, FLIP, GAMMA, PERMUTE, PERMUTATION, CHOICES };

static float choose(const struct imp_photos *photos, uint64_t position, int tried,
                    enum choice choice)
{
    const uint64_t at = (position * TRIES + (uint64_t)tried) * 8 + (uint64_t)choice;
    _Static_assert(CHOICES <= 8, "tries share numbers");
    return imp_rng_uniform(photos->seed, STREAM_CROP, at);
}

/* A square of a photograph. */
struct square {
    int left, top, side;
};

/* A whole number from 0 to most. */
static int within(float share, int most)
{
    const int number = (int)(share * (float)(most + 1));
    return number > most ? most : number;
}

static struct square choose_square(const struct imp_photos *photos, const struct imp_photo *photo,
                                   uint64_t position, int tried)
{
    const int shorter = photo->width < photo->height ? photo->width : photo->height;
    const int side = shorter - within(choose(photos, position, tried, SIDE), shorter / 2);
    return (struct square){within(choose(photos, position, tried, LEFT), photo->width - side),
                           within(choose(photos, position, tried, TOP), photo->height - side),
                           side};
}

/* Standard deviation of the lightness, from 0 to 1. */
static double contrast(const struct imp_photo *photo, const struct square *square)
{
    double sum = 0, squares = 0;
    for (int y = 0; y < square->side; y++)
        for (int x = 0; x < square->side; x++) {
            const size_t at =
                (size_t)(square->top + y) * (size_t)photo->width + (size_t)(square->left + x);
            const unsigned char *p = photo->rgb + 3 * at;
            const double light = (p[0] + p[1] + p[2]) / 765.0;
            sum += light;
            squares += light * light;
        }
    const double count = (double)square->side * square->side;
    return sqrt(fmax(squares / count - sum / count * (sum / count), 0));
}

/* How a square becomes planes. */
struct look {
    const unsigned char *channel; /* which of the photograph's each plane has */
    bool flipped;
    float values[256]; /* of the photograph's bytes */
};

static const unsigned char permutations[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                                 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void plain(struct look *look, double gamma)
{
    look->channel = permutations[0];
    look->flipped = false;
    for (int i = 0; i < 256; i++)
        look->values[i] = (float)pow(i / 255.0, gamma);
}

static void choose_look(const struct imp_photos *photos, uint64_t position, struct look *look)
{
    const double turn = 2 * (double)choose(photos, position, 0, GAMMA) - 1;
    plain(look, pow(BRIGHTEST, turn));
    look->flipped = choose(photos, position, 0, FLIP) < 0.5f;
    if (choose(photos, position, 0, PERMUTE) < PERMUTED)
        look->channel = permutations[1 + within(choose(photos, position, 0, PERMUTATION), 4)];
}

static void take(const struct imp_photo *photo, const struct square *square,
                 const struct look *look, float *planes)
{
    const int side = square->side;
    for (int k = 0; k < 3; k++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++) {
                const int from = square->left + (look->flipped ? side - 1 - x : x);
                const size_t at = (size_t)(square->top + y) * (size_t)photo->width + (size_t)from;
                *planes++ = look->values[photo->rgb[3 * at + look->channel[k]]];
            }
}

static enum impasto_status resize(const float *from, int side, float *to, int size,
                                  struct impasto_error *error)
{
    IMP_TRY(imp_planes_resize(from, 3, side, side, IMP_FILTER_LANCZOS, to, size, size, error));
    for (size_t i = 0; i < 3 * (size_t)size * (size_t)size; i++)
        to[i] = fminf(fmaxf(to[i], 0), 1);
    return IMPASTO_OK;
}

static enum impasto_status make(const struct imp_photo *photo, const struct square *square,
                                const struct look *look, int size, float *planes,
                                struct impasto_error *error)
{
    const size_t count = 3 * (size_t)square->side * (size_t)square->side;
    float *own = malloc(count * sizeof(*own));
    if (!own)
        return imp_fail_memory(error, "a crop", count * sizeof(*own));
    take(photo, square, look, own);
    const enum impasto_status status = resize(own, square->side, planes, size, error);
    free(own);
    return status;
}

enum impasto_status imp_crop_draw(struct imp_photos *photos, uint64_t position, int size,
                                  float *planes, struct impasto_error *error)
{
    size_t index;
    struct look look;
    struct square square = {0};
    IMP_TRY(imp_crop_picture(photos, position, &index, error));
    IMP_TRY(imp_photos_need(photos, index, error));
    const struct imp_photo *photo = &photos->item[index];
    for (int tried = 0; tried < TRIES; tried++) {
        square = choose_square(photos, photo, position, tried);
        if (contrast(photo, &square) >= FLAT)
            break;
    }
    choose_look(photos, position, &look);
    return make(photo, &square, &look, size, planes, error);
}

enum impasto_status imp_crop_judged(struct imp_photos *photos, size_t index, int size,
                                    float *planes, struct impasto_error *error)
{
    struct look look;
    IMP_TRY(imp_photos_need(photos, index, error));
    const struct imp_photo *photo = &photos->item[index];
    const int side = photo->width < photo->height ? photo->width : photo->height;
    const struct square square = {(photo->width - side) / 2, (photo->height - side) / 2, side};
    plain(&look, 1);
    return make(photo, &square, &look, size, planes, error);
}
