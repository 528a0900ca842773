/* SPDX-License-Identifier: MIT */
/* The weave in double precision, as cl/weave.cl has it. */

#include "ops/weave.h"
#include "selftest/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = WEAVE_WINDOW / 2, QUANTITIES = 6 };
#define FLAT 5e-4

/* Differences of the halved image, (6, down, across), and the gradient by them. */
struct halved {
    int down, across;
    double *d, *slope;
};

/* A window of it, and a shift, (down, right). */
struct place {
    int row, col, shift[2];
};

static double halved_at(const double *plane, int w, int i, int j)
{
    const double *p = plane + 2 * i * w + 2 * j;
    return (p[0] + p[1] + p[w] + p[w + 1]) / 4;
}

static void take_differences(const double *image, int h, int w, const struct halved *half)
{
    for (int q = 0; q < QUANTITIES; q++)
        for (int i = 0; i < half->down; i++)
            for (int j = 0; j < half->across; j++) {
                const double *plane = image + q % 3 * h * w;
                const int to_i = i + q / 3, to_j = j + 1 - q / 3;
                const bool there = to_i < half->down && to_j < half->across;
                half->d[(q * half->down + i) * half->across + j] =
                    there ? halved_at(plane, w, to_i, to_j) - halved_at(plane, w, i, j) : 0;
            }
}

/* Pairs of pixels of the window that are a shift apart: the mean of their products. slope += each
 * times the derivatives of it (each 0: not). */
static double correlate(const struct halved *half, const struct place *place, double each)
{
    double sum = 0;
    int pairs = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                const int i2 = i + place->shift[0], j2 = j + place->shift[1];
                if (i2 < 0 || i2 >= SIDE || j2 < 0 || j2 >= SIDE)
                    continue;
                pairs += pass == 0;
                for (int q = 0; q < QUANTITIES; q++) {
                    const int plane = q * half->down * half->across;
                    const int a = plane + (place->row + i) * half->across + place->col + j;
                    const int b = plane + (place->row + i2) * half->across + place->col + j2;
                    sum += pass == 0 ? half->d[a] * half->d[b] : 0;
                    if (pass == 1) {
                        half->slope[a] += each * half->d[b] / pairs;
                        half->slope[b] += each * half->d[a] / pairs;
                    }
                }
            }
    return sum / pairs;
}

/* The mean of squares in a window. */
static double energy_of(const struct halved *half, const struct place *place)
{
    return correlate(half, &(struct place){place->row, place->col, {0, 0}}, 0) + FLAT;
}

/* Of one window; terms: of the mean. */
static double weave_of(const struct halved *half, const struct halved *content, struct place place,
                       const float *limits, double terms, double weight)
{
    double sum = 0;
    int n = 0;
    const struct place still = {place.row, place.col, {0, 0}};
    const double energy = energy_of(half, &place), content_energy = energy_of(content, &place);
    for (int v = 0; v <= WEAVE_REACH / 2; v += WEAVE_STEP / 2)
        for (int u = -WEAVE_REACH / 2; u <= WEAVE_REACH / 2; u += WEAVE_STEP / 2) {
            if (v == 0 && u <= 0)
                continue;
            place.shift[0] = v;
            place.shift[1] = u;
            const double r = correlate(half, &place, 0) / energy;
            const double photograph = fabs(correlate(content, &place, 0)) / content_energy;
            const double over = fmax(0, fabs(r) - fmax((double)limits[n++], photograph));
            sum += over * over / terms;
            const double by_r = weight * 2 * over * (r > 0 ? 1 : -1) / terms;
            correlate(half, &place, by_r / energy);
            correlate(half, &still, -by_r * r / energy);
        }
    return sum;
}

/* gradient of the image += what the differences' is. */
static void spread(const struct halved *half, int h, int w, double *gradient)
{
    for (int q = 0; q < QUANTITIES; q++)
        for (int i = 0; i < half->down; i++)
            for (int j = 0; j < half->across; j++) {
                const double slope = half->slope[(q * half->down + i) * half->across + j] / 4;
                const int to_i = i + q / 3, to_j = j + 1 - q / 3;
                if (to_i >= half->down || to_j >= half->across)
                    continue;
                for (int pixel = 0; pixel < 4; pixel++) {
                    const int y = pixel / 2, x = pixel % 2;
                    double *plane = gradient + q % 3 * h * w;
                    plane[(2 * to_i + y) * w + 2 * to_j + x] += slope;
                    plane[(2 * i + y) * w + 2 * j + x] -= slope;
                }
            }
}

/* Has no differences where there is no memory. To be released. */
static struct halved halve(const double *image, int h, int w)
{
    struct halved half = {.down = h / 2, .across = w / 2};
    const size_t count = QUANTITIES * (size_t)half.down * (size_t)half.across;
    half.d = calloc(count + 1, sizeof(double));
    half.slope = calloc(count + 1, sizeof(double));
    if (half.d)
        take_differences(image, h, w, &half);
    return half;
}

static void release(const struct halved *half)
{
    free(half->d);
    free(half->slope);
}

double imp_ref_weave(int h, int w, const double *image, const double *content, const float *limits,
                     double weight, double *gradient)
{
    const struct halved half = halve(image, h, w), photograph = halve(content, h, w);
    const double terms = (double)WEAVE_SHIFTS * (h / WEAVE_WINDOW) * (w / WEAVE_WINDOW);
    double sum = 0;
    if (half.d && half.slope && photograph.d && photograph.slope) {
        for (int row = 0; row + SIDE <= half.down; row += SIDE)
            for (int col = 0; col + SIDE <= half.across; col += SIDE)
                sum += weave_of(&half, &photograph, (struct place){.row = row, .col = col}, limits,
                                terms, weight);
        spread(&half, h, w, gradient);
    } else {
        sum = NAN;
    }
    release(&half);
    release(&photograph);
    return sum;
}
