/* SPDX-License-Identifier: MIT */
/* Colours of a whole picture: mean and covariance, and giving one picture those of another. */

#include "image/image.h"

#include <math.h>
#include <string.h>

float imp_luminance(const float rgb[3])
{
    return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

void imp_colours_measure(const struct impasto_image *image, const float *weights,
                         struct imp_colours *colours)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    double mass = 0;
    *colours = (struct imp_colours){0};
    for (size_t i = 0; i < pixels; i++) {
        const double w = weights ? (double)weights[i] : 1;
        mass += w;
        for (int c = 0; c < 3; c++)
            colours->mean[c] += w * (double)image->rgb[3 * i + (size_t)c];
    }
    if (!(mass > 0))
        return;
    for (int c = 0; c < 3; c++)
        colours->mean[c] /= mass;
    for (size_t i = 0; i < pixels; i++) {
        const double w = (weights ? (double)weights[i] : 1) / mass;
        double d[3];
        for (int c = 0; c < 3; c++)
            d[c] = (double)image->rgb[3 * i + (size_t)c] - colours->mean[c];
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                colours->covariance[a][b] += w * d[a] * d[b];
    }
}

/* Matrices that are only read are not const: before C23, no others could be passed for such. */

/* Eigenvalues and, in columns, eigenvectors of a symmetric matrix, by Jacobi's rotations. */
static void eigen(double matrix[3][3], double values[3], double vectors[3][3])
{
    static const int pairs[3][2] = {{0, 1}, {0, 2}, {1, 2}};
    double a[3][3];
    memcpy(a, matrix, sizeof(a));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            vectors[i][j] = i == j;
    /* Convergence is quadratic: 3 x 3 are diagonal to rounding after 6 sweeps; 12 cost nothing. */
    for (int step = 0; step < 12 * 3; step++) {
        const int p = pairs[step % 3][0], q = pairs[step % 3][1];
        if (a[p][q] == 0)
            continue;
        const double angle = 0.5 * atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = cos(angle), s = sin(angle);
        for (int k = 0; k < 3; k++) {
            const double x = a[k][p], y = a[k][q];
            a[k][p] = c * x - s * y;
            a[k][q] = s * x + c * y;
        }
        for (int k = 0; k < 3; k++) {
            const double x = a[p][k], y = a[q][k];
            a[p][k] = c * x - s * y;
            a[q][k] = s * x + c * y;
            const double u = vectors[k][p], v = vectors[k][q];
            vectors[k][p] = c * u - s * v;
            vectors[k][q] = s * u + c * v;
        }
    }
    for (int i = 0; i < 3; i++)
        values[i] = a[i][i];
}

/* An axis of colours along which a picture hardly varies is not stretched to one along which it
 * does. The standard deviation is taken to be at least half a step of 8 bits. */
#define LEAST_DEVIATION (0.5 / 255)

/* And by no more than this is a picture's difference from its mean multiplied on the way to
 * another's. */
#define MOST_GAIN 4

/* The inverse of eigen(). */
static void symmetric(const double values[3], double vectors[3][3], double out[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            out[i][j] = 0;
            for (int k = 0; k < 3; k++)
                out[i][j] += vectors[i][k] * values[k] * vectors[j][k];
        }
}

/* The symmetric root of a covariance, or of its inverse. */
static void root(double matrix[3][3], bool inverse, double out[3][3])
{
    double values[3], vectors[3][3];
    eigen(matrix, values, vectors);
    for (int i = 0; i < 3; i++) {
        const double deviation = sqrt(fmax(values[i], 0));
        values[i] = inverse ? 1 / fmax(deviation, LEAST_DEVIATION) : deviation;
    }
    symmetric(values, vectors, out);
}

static void multiply(double a[3][3], double b[3][3], double out[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            out[i][j] = 0;
            for (int k = 0; k < 3; k++)
                out[i][j] += a[i][k] * b[k][j];
        }
}

/* out = a b a */
static void between(double a[3][3], double b[3][3], double out[3][3])
{
    double left[3][3];
    multiply(a, b, left);
    multiply(left, a, out);
}

void imp_colours_match(struct impasto_image *image, const struct imp_colours *from,
                       const struct imp_colours *to)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    struct imp_colours a = *from, b = *to;
    double back[3][3], forth[3][3], map[3][3];
    root(a.covariance, true, back);
    root(b.covariance, false, forth);
    multiply(forth, back, map);
    for (size_t p = 0; p < pixels; p++) {
        float *rgb = image->rgb + 3 * p;
        double d[3];
        for (int c = 0; c < 3; c++)
            d[c] = (double)rgb[c] - from->mean[c];
        for (int c = 0; c < 3; c++)
            rgb[c] = (float)(to->mean[c] + map[c][0] * d[0] + map[c][1] * d[1] + map[c][2] * d[2]);
    }
}

/* F^-1/2 (F^1/2 T F^1/2)^1/2 F^-1/2 of the two covariances, with gains that are bounded. */
static void transport(double from[3][3], double to[3][3], double map[3][3])
{
    double forth[3][3], back[3][3], middle[3][3], half[3][3], gains[3], axes[3][3];
    root(from, false, forth);
    root(from, true, back);
    between(forth, to, middle);
    root(middle, false, half);
    between(back, half, map);
    eigen(map, gains, axes);
    for (int i = 0; i < 3; i++)
        gains[i] = gains[i] < MOST_GAIN ? gains[i] : MOST_GAIN;
    symmetric(gains, axes, map);
}

void imp_colours_approach(const struct imp_colours *from, const struct imp_colours *to,
                          double share, float matrix[3][3], float added[3])
{
    struct imp_colours a = *from, b = *to;
    double map[3][3];
    transport(a.covariance, b.covariance, map);
    for (int i = 0; i < 3; i++) {
        double sum = from->mean[i] + share * (to->mean[i] - from->mean[i]);
        for (int j = 0; j < 3; j++) {
            const double same = i == j;
            const double part = same + share * (map[i][j] - same);
            matrix[i][j] = (float)part;
            sum -= part * from->mean[j];
        }
        added[i] = (float)sum;
    }
}
