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

/* Eigenvalues and, in columns, eigenvectors of a symmetric matrix, by Jacobi's rotations. */
static void eigen(const double matrix[3][3], double values[3], double vectors[3][3])
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

/* The symmetric root of a covariance, or of its inverse. */
static void root(const double matrix[3][3], bool inverse, double out[3][3])
{
    double values[3], vectors[3][3];
    eigen(matrix, values, vectors);
    for (int i = 0; i < 3; i++) {
        const double deviation = sqrt(fmax(values[i], 0));
        values[i] = inverse ? 1 / fmax(deviation, LEAST_DEVIATION) : deviation;
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            out[i][j] = 0;
            for (int k = 0; k < 3; k++)
                out[i][j] += vectors[i][k] * values[k] * vectors[j][k];
        }
}

void imp_colours_match(struct impasto_image *image, const struct imp_colours *from,
                       const struct imp_colours *to)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    double back[3][3], forth[3][3], map[3][3] = {{0}};
    root(from->covariance, true, back);
    root(to->covariance, false, forth);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                map[i][j] += forth[i][k] * back[k][j];
    for (size_t p = 0; p < pixels; p++) {
        float *rgb = image->rgb + 3 * p;
        double d[3];
        for (int c = 0; c < 3; c++)
            d[c] = (double)rgb[c] - from->mean[c];
        for (int c = 0; c < 3; c++)
            rgb[c] = (float)(to->mean[c] + map[c][0] * d[0] + map[c][1] * d[1] + map[c][2] * d[2]);
    }
}
