/* SPDX-License-Identifier: MIT */
/* Optical flow: flows enlarged, how far they can be relied on, and what tells a cut. */

#include "selftest/check_flow.h"

#include "ops/sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING 2e-5

static const struct shape {
    int height, width;
} shapes[] = {{17, 23}, {1, 1}, {5, 3}, {16, 33}, {1, 40}, {34, 1}, {64, 1100}};

static int clamped(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* ---- Enlarging ------------------------------------------------------------------------------- */

/* Of a plane of half the size, bilinear with the pixels' middles matched, and vectors twice as
 * long. */
static double enlarged(const float *field, int lanes, const struct shape *small, int y, int x)
{
    const double at_x = (clamped(x, 2 * small->width) + 0.5) / 2 - 0.5;
    const double at_y = (clamped(y, 2 * small->height) + 0.5) / 2 - 0.5;
    const int column = (int)floor(at_x), row = (int)floor(at_y);
    double sum = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++)
            sum += 2 * (1 - fabs(at_x - column - i)) * (1 - fabs(at_y - row - j)) *
                   (double)field[imp_check_field_at(lanes, small->width, row + j, column + i)];
    return sum;
}

static double enlarged_error(const float *flow, const float *found, int lanes,
                             const struct shape *small, const struct shape *large, bool plain)
{
    const int h = large->height, w = large->width, margin = plain ? 0 : 1;
    const size_t from = imp_field_floats(lanes, small->height, small->width);
    const size_t to = plain ? (size_t)(h * w) : imp_field_floats(lanes, h, w);
    double error = 0;
    for (int k = 0; k < 2; k++)
        for (int y = -margin; y < h + margin; y++)
            for (int x = -margin; x < w + margin; x++) {
                const size_t at = plain ? (size_t)(y * w + x) : imp_check_field_at(lanes, w, y, x);
                const double expected =
                    enlarged(flow + (size_t)k * from, lanes, small, clamped(y, h), clamped(x, w));
                error = fmax(error, imp_check_apart((double)found[(size_t)k * to + at], expected));
            }
    return error;
}

/* Levels are half as large, or half a pixel less; those of extended pictures are larger. */
static void check_enlarge(struct imp_check_run *run, const struct shape *large, bool plain,
                          bool extended)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    const int more = extended || large->height == 1 || large->width == 1 ? 3 : 0;
    const struct shape small = {large->height / 2 + more, large->width / 2 + more};
    const struct imp_level level = {.height = small.height, .width = small.width};
    const size_t n = 2 * (plain ? (size_t)(large->height * large->width)
                                : imp_field_floats(lanes, large->height, large->width));
    struct imp_buffer *from = NULL, *to = NULL;
    float *flow = imp_check_flow(run, 0, small.height, small.width, 5, &from);
    float *found = imp_check_data(run, 1, n, false);
    if (!run->broken && imp_check_buffer(run, &to, n, NULL) &&
        imp_check_ok(run, imp_flow_enlarge(run->device, &level, from, large->height, large->width,
                                           to, plain))) {
        const double damage = imp_check_read_buffer(run, to, n, found);
        imp_check_end(run, fmax(damage, enlarged_error(flow, found, lanes, &small, large, plain)),
                      ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    free(flow);
    free(found);
}

/* ---- Reliability ----------------------------------------------------------------------------- */

static double between(const float *plane, const struct shape *s, double y, double x)
{
    const int row = (int)floor(y), column = (int)floor(x);
    double sum = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++)
            sum +=
                (1 - fabs(x - column - i)) * (1 - fabs(y - row - j)) *
                (double)
                    plane[clamped(row + j, s->height) * s->width + clamped(column + i, s->width)];
    return sum;
}

/* A plane's slope as numpy's gradient has it: one-sided at the ends. */
static double gradient(const float *plane, const struct shape *s, int y, int x, bool down)
{
    const int n = down ? s->height : s->width, i = down ? y : x, step = down ? s->width : 1;
    const int before = i > 0, after = i + 1 < n;
    const float *here = plane + y * s->width + x;
    return before + after == 0
               ? 0
               : ((double)here[after * step] - (double)here[-before * step]) / (before + after);
}

static double expected_trust(const float *forward, const float *backward, const struct shape *s,
                             int y, int x)
{
    const int n = s->height * s->width, at = y * s->width + x;
    const double u = (double)forward[at], v = (double)forward[n + at], to_x = x + u, to_y = y + v;
    if (to_x < 0 || to_y < 0 || to_x > s->width - 1 || to_y > s->height - 1)
        return -0.4;
    const double back_u = between(backward, s, to_y, to_x);
    const double back_v = between(backward + n, s, to_y, to_x);
    const double apart = pow(u + back_u, 2) + pow(v + back_v, 2);
    if (apart > 0.01 * (u * u + v * v + back_u * back_u + back_v * back_v) + 0.5)
        return -0.4;
    double edge = 0;
    for (int k = 0; k < 4; k++)
        edge += pow(gradient(forward + k / 2 * n, s, y, x, k % 2), 2);
    return edge > 0.01 * (u * u + v * v) + 0.002 ? 0 : 1;
}

static void soften(const double *trust, const struct shape *s, double *reliable)
{
    double weights[5], total = 0;
    for (int i = 0; i < 5; i++)
        total += weights[i] = exp(-(i - 2) * (i - 2) / (2 * 0.8 * 0.8));
    for (int at = 0; at < s->height * s->width; at++) {
        double sum = 0;
        for (int i = 0; i < 25; i++)
            sum += weights[i / 5] * weights[i % 5] / (total * total) *
                   trust[clamped(at / s->width + i / 5 - 2, s->height) * s->width +
                         clamped(at % s->width + i % 5 - 2, s->width)];
        reliable[at] = fmin(fmax(sum, 0), 1);
    }
}

static double lowest(const double *plane, const struct shape *s, int at, int radius)
{
    double least = plane[at];
    for (int j = -radius; j <= radius; j++)
        for (int i = -radius; i <= radius; i++)
            least = fmin(least, plane[clamped(at / s->width + j, s->height) * s->width +
                                      clamped(at % s->width + i, s->width)]);
    return least;
}

/* Flows that mostly lead back, with a patch that does not. */
static void make_flows(const struct shape *s, float *forward, float *backward)
{
    const int n = s->height * s->width;
    for (int i = 0; i < n; i++) {
        const int x = i % s->width, y = i / s->width;
        const double wave = sin(0.02 * x + 0.03 * y);
        forward[i] = (float)(2 * wave) + 0.02f * forward[i];
        forward[n + i] = (float)(-wave) + 0.02f * forward[n + i];
        backward[i] = -forward[i] + (x % 37 < 7 && y % 17 < 5 ? 3 : 0);
        backward[n + i] = -forward[n + i];
    }
}

struct trusting {
    float *forward, *backward, *found;
    double *trust, *reliable;
    struct imp_buffer *there, *back, *trusted, *soft, *scratch, *least;
};

static bool prepare(struct imp_check_run *run, struct trusting *t, const struct shape *s)
{
    const size_t n = (size_t)(s->height * s->width);
    *t = (struct trusting){.forward = imp_check_data(run, 0, 2 * n, false),
                           .backward = imp_check_data(run, 1, 2 * n, false),
                           .found = imp_check_data(run, 2, n, false),
                           .trust = imp_check_doubles(run, n),
                           .reliable = imp_check_doubles(run, n)};
    if (run->broken)
        return false;
    make_flows(s, t->forward, t->backward);
    return imp_check_buffer(run, &t->there, 2 * n, t->forward) &&
           imp_check_buffer(run, &t->back, 2 * n, t->backward) &&
           imp_check_buffer(run, &t->trusted, n, NULL) &&
           imp_check_buffer(run, &t->soft, n, NULL) &&
           imp_check_buffer(run, &t->scratch, n, NULL) && imp_check_buffer(run, &t->least, n, NULL);
}

static void release(struct trusting *t)
{
    struct imp_buffer **const buffers[] = {&t->there, &t->back,    &t->trusted,
                                           &t->soft,  &t->scratch, &t->least};
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i]);
    free(t->forward);
    free(t->backward);
    free(t->found);
    free(t->trust);
    free(t->reliable);
}

static double difference(struct imp_check_run *run, const struct imp_buffer *buffer, float *found,
                         const double *expected, size_t n)
{
    double error = imp_check_read_buffer(run, buffer, n, found);
    for (size_t i = 0; i < n; i++)
        error = fmax(error, imp_check_apart((double)found[i], expected[i]));
    return error;
}

static void check_trust(struct imp_check_run *run, const struct shape *s)
{
    const int h = s->height, w = s->width, radius = 3;
    const size_t n = (size_t)(h * w);
    struct trusting t;
    if (prepare(run, &t, s) &&
        imp_check_ok(run, imp_flow_trust(run->device, t.there, t.back, h, w, t.trusted)) &&
        imp_check_ok(run, imp_flow_soften(run->device, t.trusted, h, w, t.soft)) &&
        imp_check_ok(run, imp_flow_lowest(run->device, t.soft, h, w, radius, t.scratch, t.least))) {
        for (int i = 0; i < h * w; i++)
            t.trust[i] = expected_trust(t.forward, t.backward, s, i / w, i % w);
        soften(t.trust, s, t.reliable);
        double error = difference(run, t.trusted, t.found, t.trust, n);
        error = fmax(error, difference(run, t.soft, t.found, t.reliable, n));
        for (size_t i = 0; i < n; i++)
            t.trust[i] = lowest(t.reliable, s, (int)i, radius);
        error = fmax(error, difference(run, t.least, t.found, t.trust, n));
        imp_check_end(run, error, ROUNDING);
    }
    release(&t);
}

/* ---- Cuts ------------------------------------------------------------------------------------ */

/* Differences may sum up to nothing; a code each is what they are measured by. */
static double relative(const float *shares, double expected, int n)
{
    return imp_check_over(imp_check_total(shares), expected, fmax(fabs(expected), n));
}

/* The flow is of pictures twice as large as the level, and of one pixel more. */
static double cut_error(const struct imp_check_frames *frames, const float *flow,
                        const float *reliable, int height, int width, const float *shares)
{
    const int w = frames->level.width, n = frames->level.height * w;
    double lost = 0, sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        const int at = clamped(2 * (i / w) + 1, height) * width + clamped(2 * (i % w) + 1, width);
        const double r = imp_check_luma_at(frames, 1, i / w + (double)flow[height * width + at] / 2,
                                           i % w + (double)flow[at] / 2) -
                         imp_check_luma(frames, 0, i / w, i % w);
        lost += reliable[at] < 0.5f;
        sum += r;
        squares += r * r;
    }
    return fmax(relative(shares, lost, n),
                fmax(relative(shares + IMP_PARTS, sum, n),
                     relative(shares + 2 * (size_t)IMP_PARTS, squares, n)));
}

static void check_cut(struct imp_check_run *run, const struct shape *level)
{
    const int height = 2 * level->height + 1, width = 2 * level->width + 1;
    const size_t n = (size_t)(height * width), parts = 3 * (size_t)IMP_PARTS;
    struct imp_check_frames frames;
    const bool made = imp_check_frames(run, &frames, level->height, level->width);
    float *flow = imp_check_data(run, 5, 2 * n, false), *reliable = imp_check_data(run, 6, n, true);
    float *shares = imp_check_data(run, 7, parts, false);
    struct imp_buffer *along = NULL, *sure = NULL, *sums = NULL;
    if (made && !run->broken && imp_check_buffer(run, &along, 2 * n, flow) &&
        imp_check_buffer(run, &sure, n, reliable) && imp_check_buffer(run, &sums, parts, NULL) &&
        imp_check_ok(run, imp_flow_cut_sums(run->device, &frames.pair, 1, along, sure, height,
                                            width, sums))) {
        const double damage = imp_check_read_buffer(run, sums, parts, shares);
        const double error = cut_error(&frames, flow, reliable, height, width, shares);
        imp_check_end(run, fmax(damage, error), ROUNDING);
    }
    imp_check_frames_free(&frames);
    imp_buffer_free(&along);
    imp_buffer_free(&sure);
    imp_buffer_free(&sums);
    free(flow);
    free(reliable);
    free(shares);
}

void imp_check_flow_fields(struct imp_check_run *run)
{
    static const char *const kinds[] = {"fields", "plain", "extended"};
    const size_t count = imp_check_rows(run, 0, 3, IMP_COUNT(shapes), IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        const struct shape *s = &shapes[i];
        for (int kind = 0; kind < 3; kind++)
            if (imp_check_begin(run, "flow enlarged to %dx%d, %s", s->width, s->height,
                                kinds[kind]))
                check_enlarge(run, s, kind > 0, kind > 1);
        if (imp_check_begin(run, "flow trust %dx%d", s->width, s->height))
            check_trust(run, s);
        if (imp_check_begin(run, "flow cut %dx%d", s->width, s->height))
            check_cut(run, s);
    }
}
