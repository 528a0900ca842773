/* SPDX-License-Identifier: MIT */
/* Operations in double precision. The objective made of them is in objective.c. */

#include "selftest/reference.h"

#include <math.h>
#include <string.h>

void imp_ref_conv(int in, int out, int h, int w, const double *x, const float *weights, double *y)
{
    memset(y, 0, sizeof(*y) * (size_t)out * (size_t)h * (size_t)w);
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++)
            for (int tap = 0; tap < 9; tap++) {
                const int dy = tap / 3 - 1, dx = tap % 3 - 1;
                const double weight = (double)weights[(o * in + i) * 9 + tap];
                for (int row = 0; row < h; row++) {
                    if (row + dy < 0 || row + dy >= h)
                        continue;
                    const double *from = x + (i * h + row + dy) * w + dx;
                    double *to = y + (o * h + row) * w;
                    const int begin = dx < 0 ? 1 : 0, end = dx > 0 ? w - 1 : w;
                    for (int col = begin; col < end; col++)
                        to[col] += weight * from[col];
                }
            }
}

void imp_ref_conv_backward(int in, int out, int h, int w, const double *gy, const float *weights,
                           double *gx)
{
    memset(gx, 0, sizeof(*gx) * (size_t)in * (size_t)h * (size_t)w);
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++)
            for (int tap = 0; tap < 9; tap++) {
                const int dy = tap / 3 - 1, dx = tap % 3 - 1;
                const double weight = (double)weights[(o * in + i) * 9 + tap];
                for (int row = 0; row < h; row++) {
                    if (row + dy < 0 || row + dy >= h)
                        continue;
                    double *to = gx + (i * h + row + dy) * w + dx;
                    const double *from = gy + (o * h + row) * w;
                    const int begin = dx < 0 ? 1 : 0, end = dx > 0 ? w - 1 : w;
                    for (int col = begin; col < end; col++)
                        to[col] += weight * from[col];
                }
            }
}

static int mirrored(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* Of all products of a weight and a pixel beyond the edge: forwards into y, or back into x. */
static void reflect(int in, int out, int h, int w, const float *weights, const double *from,
                    double *to, bool back)
{
    for (int i = 0; i < out * in * 9; i++) {
        const int dy = i % 9 / 3 - 1, dx = i % 3 - 1, x_plane = i / 9 % in, y_plane = i / 9 / in;
        for (int at = 0; at < h * w; at++) {
            const int row = at / w + dy, col = at % w + dx;
            if (row >= 0 && row < h && col >= 0 && col < w)
                continue;
            const int y = y_plane * h * w + at;
            const int x = (x_plane * h + mirrored(row, h)) * w + mirrored(col, w);
            to[back ? x : y] += (double)weights[i] * from[back ? y : x];
        }
    }
}

void imp_ref_conv_reflect(int in, int out, int h, int w, const double *x, const float *weights,
                          double *y)
{
    reflect(in, out, h, w, weights, x, y, false);
}

void imp_ref_conv_reflect_backward(int in, int out, int h, int w, const double *gy,
                                   const float *weights, double *gx)
{
    reflect(in, out, h, w, weights, gy, gx, true);
}

void imp_ref_pool(int c, int h, int w, bool average, const double *x, double *y)
{
    for (int k = 0; k < c; k++)
        for (int row = 0; row < h / 2; row++)
            for (int col = 0; col < w / 2; col++) {
                const double *p = x + (k * h + 2 * row) * w + 2 * col;
                y[(k * (h / 2) + row) * (w / 2) + col] =
                    average ? (p[0] + p[1] + p[w] + p[w + 1]) / 4
                            : fmax(fmax(p[0], p[1]), fmax(p[w], p[w + 1]));
            }
}

void imp_ref_pool_backward(int c, int h, int w, bool average, const double *x, const double *gy,
                           double *gx)
{
    memset(gx, 0, sizeof(*gx) * (size_t)c * (size_t)h * (size_t)w);
    for (int k = 0; k < c; k++)
        for (int row = 0; row < h / 2; row++)
            for (int col = 0; col < w / 2; col++) {
                const int at = (k * h + 2 * row) * w + 2 * col;
                const int window[4] = {at, at + 1, at + w, at + w + 1};
                const double g = gy[(k * (h / 2) + row) * (w / 2) + col];
                int largest = 0;
                for (int n = 0; n < 4; n++) {
                    if (average)
                        gx[window[n]] = g / 4;
                    else if (x[window[n]] > x[window[largest]])
                        largest = n;
                }
                if (!average)
                    gx[window[largest]] = g;
            }
}

static double mass_of(int m, const double *w)
{
    double mass = w ? 0 : m;
    for (int p = 0; w && p < m; p++)
        mass += w[p];
    return mass;
}

void imp_ref_gram(int c, int m, const double *f, const double *w, double *g)
{
    const double mass = mass_of(m, w);
    for (int i = 0; i < c; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int p = 0; p < m; p++)
                sum += (w ? w[p] : 1) * f[i * m + p] * f[j * m + p];
            g[i * c + j] = g[j * c + i] = sum / (c * mass);
        }
}

void imp_ref_mean(int c, int m, const double *f, const double *w, double *mean)
{
    const double mass = mass_of(m, w);
    for (int i = 0; i < c; i++) {
        double sum = 0;
        for (int p = 0; p < m; p++)
            sum += (w ? w[p] : 1) * f[i * m + p];
        mean[i] = sum / mass;
    }
}

double imp_ref_tv(int h, int w, const double *image, double weight, double *gradient)
{
    const double over_x = 1.0 / (3.0 * h * (w - 1)), over_y = 1.0 / (3.0 * (h - 1) * w);
    double sum = 0;
    for (int i = 0; i < 3 * h * w; i++) {
        if (i % w + 1 < w) {
            const double d = image[i + 1] - image[i];
            sum += over_x * d * d;
            if (gradient) {
                gradient[i + 1] += weight * over_x * 2 * d;
                gradient[i] -= weight * over_x * 2 * d;
            }
        }
        if (i / w % h + 1 < h) {
            const double d = image[i + w] - image[i];
            sum += over_y * d * d;
            if (gradient) {
                gradient[i + w] += weight * over_y * 2 * d;
                gradient[i] -= weight * over_y * 2 * d;
            }
        }
    }
    return sum;
}

double imp_ref_range(int n, const double *x, double weight, double *gradient)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double beyond = x[i] < 0 ? x[i] : x[i] > 1 ? x[i] - 1 : 0;
        sum += beyond * beyond / n;
        gradient[i] += weight * 2 * beyond / n;
    }
    return sum;
}

enum { SPACING = 4, WINDOW = 32, QUANTITIES = 4 };
#define ENERGY 30.0

/* A window of a plane, which begins at that row and column. */
struct window {
    int h, w, row, col;
    const double *plane;
};

/* The differences to the neighbours at a pixel, and what is averaged. */
static void quantities_at(const struct window *win, int i, int j, double d[2], double q[QUANTITIES])
{
    const double *p = win->plane + i * win->w + j;
    d[0] = j + 1 < win->w ? p[1] - p[0] : 0;
    d[1] = i + 1 < win->h ? p[win->w] - p[0] : 0;
    q[0] = p[0];
    q[1] = d[0] * d[0];
    q[2] = d[1] * d[1];
    q[3] = d[0] * d[1];
}

/* How far the mean of each place is from the window's. */
static void pattern_of(const struct window *win, double pattern[SPACING * SPACING][QUANTITIES])
{
    const double places = SPACING * SPACING, pixels = WINDOW * WINDOW;
    double d[2], q[QUANTITIES];
    memset(pattern, 0, sizeof(double) * SPACING * SPACING * QUANTITIES);
    for (int i = 0; i < WINDOW; i++)
        for (int j = 0; j < WINDOW; j++) {
            quantities_at(win, win->row + i, win->col + j, d, q);
            for (int place = 0; place < SPACING * SPACING; place++)
                for (int m = 0; m < QUANTITIES; m++)
                    pattern[place][m] +=
                        q[m] * ((place == i % SPACING * SPACING + j % SPACING) * places - 1) /
                        pixels;
        }
}

/* gradient of the plane += each times half the derivatives of a window's part. */
static void pattern_backward(const struct window *win,
                             double pattern[SPACING * SPACING][QUANTITIES], double each,
                             double *gradient)
{
    double d[2], q[QUANTITIES];
    for (int i = win->row; i < win->row + WINDOW; i++)
        for (int j = win->col; j < win->col + WINDOW; j++) {
            const double *p = pattern[i % SPACING * SPACING + j % SPACING];
            double *g = gradient + i * win->w + j;
            quantities_at(win, i, j, d, q);
            g[0] += each * p[0];
            if (j + 1 < win->w) {
                const double slope = each * ENERGY * 2 * (p[1] * d[0] + p[3] * d[1]);
                g[1] += slope;
                g[0] -= slope;
            }
            if (i + 1 < win->h) {
                const double slope = each * ENERGY * 2 * (p[2] * d[1] + p[3] * d[0]);
                g[win->w] += slope;
                g[0] -= slope;
            }
        }
}

/* Of one window of so many. */
static double lattice_of(const struct window *win, double windows, double weight, double *gradient)
{
    static const double weights[QUANTITIES] = {1, ENERGY, ENERGY, 2 * ENERGY};
    double pattern[SPACING * SPACING][QUANTITIES], sum = 0;
    pattern_of(win, pattern);
    for (int place = 0; place < SPACING * SPACING; place++)
        for (int m = 0; m < QUANTITIES; m++)
            sum += weights[m] * pattern[place][m] * pattern[place][m];
    pattern_backward(win, pattern, weight * 2 / (WINDOW * WINDOW * windows), gradient);
    return sum / (SPACING * SPACING * windows);
}

double imp_ref_lattice(int h, int w, const double *image, double weight, double *gradient)
{
    const double windows = 3.0 * (h / WINDOW) * (w / WINDOW);
    double sum = 0;
    for (int c = 0; c < 3; c++)
        for (int row = 0; row + WINDOW <= h; row += WINDOW)
            for (int col = 0; col + WINDOW <= w; col += WINDOW) {
                const struct window win = {h, w, row, col, image + c * h * w};
                sum += lattice_of(&win, windows, weight, gradient + c * h * w);
            }
    return sum;
}

double imp_ref_temporal(int n, const double *x, const double *target, const double *weight,
                        double factor, double *gradient)
{
    double sum = 0;
    for (int i = 0; i < 3 * n; i++) {
        const double apart = x[i] - target[i];
        sum += weight[i % n] * apart * apart / (3.0 * n);
        gradient[i] += factor * weight[i % n] * 2 * apart / (3.0 * n);
    }
    return sum;
}

void imp_ref_adam(const struct imp_adam *adam, int n, double *image, const double *gradient,
                  double *moment1, double *moment2)
{
    const double b1 = (double)adam->beta1, b2 = (double)adam->beta2;
    for (int i = 0; i < n; i++) {
        moment1[i] = b1 * moment1[i] + (1 - b1) * gradient[i];
        moment2[i] = b2 * moment2[i] + (1 - b2) * gradient[i] * gradient[i];
        const double m = moment1[i] / (1 - pow(b1, adam->step));
        const double v = moment2[i] / (1 - pow(b2, adam->step));
        const double to =
            image[i] - (double)adam->learning_rate * m / (sqrt(v) + (double)adam->epsilon);
        image[i] = fmin((double)adam->bounds.high, fmax((double)adam->bounds.low, to));
    }
}

/* The kernel of Catmull and Rom at a distance of d pixels. */
static double cubic(double d)
{
    d = fabs(d);
    return d < 1   ? 1 - 2.5 * d * d + 1.5 * d * d * d
           : d < 2 ? 2 - 4 * d + 2.5 * d * d - 0.5 * d * d * d
                   : 0;
}

static int edge_clamped(double at, int n)
{
    return at < 0 ? 0 : at > n - 1 ? n - 1 : (int)at;
}

/* A sum over the 4 x 4 pixels around the point. */
double imp_ref_sample(const float *plane, int pitch, int height, int width, double y, double x)
{
    const double top = floor(y), left = floor(x);
    double sum = 0;
    for (int j = -1; j <= 2; j++)
        for (int i = -1; i <= 2; i++)
            sum += cubic(y - top - j) * cubic(x - left - i) *
                   (double)
                       plane[edge_clamped(top + j, height) * pitch + edge_clamped(left + i, width)];
    return sum;
}
