/* SPDX-License-Identifier: MIT */
/* Optical flow: the search of patches, what they offer each other, and the flow that they make. */

#include "selftest/check_flow.h"

#include <math.h>
#include <stdlib.h>

#define SIDE IMP_FLOW_SIDE
#define STRIDE 4 /* FLOW_STRIDE */
#define STEPS 8
/* A descent ends at steps of 0.01 pixels, or where rounding decides that one is no better. */
#define VECTORS 0.01
#define COSTS 1e-3 /* relative to the squares of which they are differences */
#define ROUNDING 1e-4

static const struct shape {
    int height, width;
} shapes[] = {{8, 8}, {17, 23}, {9, 40}, {33, 14}, {61, 75}};

static int patches_of(int n)
{
    return (n - SIDE + STRIDE - 1) / STRIDE + 1;
}

static int patch_at(int i, int n)
{
    return i * STRIDE < n - SIDE ? i * STRIDE : n - SIDE;
}

/* ---- A patch, in double precision ------------------------------------------------------------ */

struct vector {
    double u, v;
};

struct patch {
    const struct imp_check_frames *frames;
    int y, x;
};

static double limited(double at, double low, double high)
{
    return fmin(fmax(at, low), high);
}

/* The difference at a pixel of the patch, moved no further than the padding reaches. */
static double residual(const struct patch *p, int i, struct vector move)
{
    const double top = limited(p->y + move.v, -CHECK_FLOW_PAD,
                               p->frames->level.height + CHECK_FLOW_PAD - SIDE - 1.01);
    const double left = limited(p->x + move.u, -CHECK_FLOW_PAD,
                                p->frames->level.width + CHECK_FLOW_PAD - SIDE - 1.01);
    return imp_check_luma_at(p->frames, 1, top + i / SIDE, left + i % SIDE) -
           imp_check_luma(p->frames, 0, p->y + i / SIDE, p->x + i % SIDE);
}

static double cost(const struct patch *p, struct vector move)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double r = residual(p, i, move);
        sum += r;
        squares += r * r;
    }
    return squares - sum * sum / (SIDE * SIDE);
}

/* One step of Gauss and Newton; slopes lose their means, so the residuals' does not matter. */
static struct vector step(const struct patch *p, struct vector at)
{
    double mean[2] = {0, 0}, xx = 1, xy = 0, yy = 1, bx = 0, by = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int k = 0; k < 2; k++)
            mean[k] +=
                imp_check_slope(p->frames, 0, p->y + i / SIDE, p->x + i % SIDE, k) / (SIDE * SIDE);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int y = p->y + i / SIDE, x = p->x + i % SIDE;
        const double across = imp_check_slope(p->frames, 0, y, x, false) - mean[0];
        const double down = imp_check_slope(p->frames, 0, y, x, true) - mean[1];
        const double r = residual(p, i, at);
        xx += across * across;
        xy += across * down;
        yy += down * down;
        bx += across * r;
        by += down * r;
    }
    const double det = xx * yy - xy * xy;
    return (struct vector){(yy * bx - xy * by) / det, (xx * by - xy * bx) / det};
}

static struct vector descend(const struct patch *p, struct vector start)
{
    struct vector best = start, at = start;
    double least = INFINITY;
    for (int i = 0; i <= STEPS; i++) {
        const double here = cost(p, at);
        if (here >= least)
            break;
        least = here;
        best = at;
        const struct vector move = step(p, at);
        at.u -= move.u;
        at.v -= move.v;
        if (move.u * move.u + move.v * move.v < 1e-4)
            break;
    }
    return best;
}

/* The flow of the level above, enlarged, at a patch's middle. */
static struct vector start_of(const struct patch *p, const float *above, int height, int width)
{
    const double x = (p->x + SIDE / 2 + 0.5) / 2 - 0.5, y = (p->y + SIDE / 2 + 0.5) / 2 - 0.5;
    const int column = (int)x, row = (int)y, lanes = p->frames->lanes;
    double sums[2] = {0, 0};
    for (int i = 0; i < 8; i++) {
        const int j = i / 2 % 2, k = i % 2;
        sums[i / 4] += 2 * (1 - fabs(x - column - k)) * (1 - fabs(y - row - j)) *
                       (double)above[(size_t)(i / 4) * imp_field_floats(lanes, height, width) +
                                     imp_check_field_at(lanes, width, row + j, column + k)];
    }
    return (struct vector){sums[0], sums[1]};
}

/* What a prior of a picture twice as large says of a patch's middle. */
static struct vector prior_of(const struct patch *p, const float *prior)
{
    const int height = 2 * p->frames->level.height, width = 2 * p->frames->level.width;
    const int at = 2 * (p->y + SIDE / 2) * width + 2 * (p->x + SIDE / 2);
    return (struct vector){(double)prior[at] / 2, (double)prior[height * width + at] / 2};
}

/* ---- The checks ------------------------------------------------------------------------------ */

struct search {
    struct imp_check_frames frames;
    int rows, columns;
    float *above, *prior; /* the prior is of a picture twice as large */
    float *first, *then;  /* what was found by the search, and after an exchange */
    struct imp_buffer *flow, *near, *found, *better;
};

static struct vector found_at(const float *found, int n, int i)
{
    return (struct vector){(double)found[i], (double)found[n + i]};
}

/* By how much one patch's vector is off, or its cost. */
static double patch_error(const struct search *s, const float *found, int i, struct vector expected)
{
    const int n = s->rows * s->columns;
    const struct patch p = {&s->frames, patch_at(i / s->columns, s->frames.level.height),
                            patch_at(i % s->columns, s->frames.level.width)};
    const struct vector is = found_at(found, n, i);
    const double apart =
        hypot(imp_check_apart(is.u, expected.u), imp_check_apart(is.v, expected.v)) / VECTORS;
    const double own = cost(&p, is);
    return fmax(apart, imp_check_over((double)found[2 * n + i], own, (1 + own) * COSTS));
}

static double search_error(const struct search *s)
{
    const struct imp_level *level = &s->frames.level;
    double error = 0;
    for (int i = 0; i < s->rows * s->columns; i++) {
        const struct patch p = {&s->frames, patch_at(i / s->columns, level->height),
                                patch_at(i % s->columns, level->width)};
        const struct vector start =
            start_of(&p, s->above, (level->height + 1) / 2, (level->width + 1) / 2);
        const struct vector offer = prior_of(&p, s->prior);
        const bool nearer = cost(&p, offer) < cost(&p, start);
        error = fmax(error, patch_error(s, s->first, i, descend(&p, nearer ? offer : start)));
    }
    return error;
}

/* The cheapest of a patch's own vector and its neighbours'. */
static struct vector cheapest(const struct search *s, const struct patch *p, int i)
{
    static const int down[] = {0, 0, -1, 1}, across[] = {-1, 1, 0, 0};
    const int n = s->rows * s->columns;
    struct vector best = found_at(s->first, n, i);
    double least = cost(p, best);
    for (int k = 0; k < 4; k++) {
        const int row = i / s->columns + down[k], column = i % s->columns + across[k];
        if (row < 0 || row >= s->rows || column < 0 || column >= s->columns)
            continue;
        const struct vector offer = found_at(s->first, n, row * s->columns + column);
        const double price = cost(p, offer);
        if (price < least) {
            least = price;
            best = offer;
        }
    }
    return best;
}

static double spread_error(const struct search *s)
{
    double error = 0;
    for (int i = 0; i < s->rows * s->columns; i++) {
        const struct patch p = {&s->frames, patch_at(i / s->columns, s->frames.level.height),
                                patch_at(i % s->columns, s->frames.level.width)};
        error = fmax(error, patch_error(s, s->then, i, descend(&p, cheapest(s, &p, i))));
    }
    return error;
}

static struct vector dense(const struct search *s, int y, int x)
{
    const int h = s->frames.level.height, w = s->frames.level.width, n = s->rows * s->columns;
    double weights = 0, u = 0, v = 0;
    for (int i = 0; i < n; i++) {
        const int top = patch_at(i / s->columns, h), left = patch_at(i % s->columns, w);
        if (y < top || y >= top + SIDE || x < left || x >= left + SIDE)
            continue;
        const struct vector move = found_at(s->then, n, i);
        const double r = imp_check_luma_at(&s->frames, 1, y + move.v, x + move.u) -
                         imp_check_luma(&s->frames, 0, y, x);
        const double weight = 1 / fmax(1, fabs(r));
        weights += weight;
        u += weight * move.u;
        v += weight * move.v;
    }
    return (struct vector){u / weights, v / weights};
}

static double dense_error(const struct search *s, const float *flow)
{
    const int h = s->frames.level.height, w = s->frames.level.width, lanes = s->frames.lanes;
    const size_t field = imp_field_floats(lanes, h, w);
    double error = 0;
    for (int y = -1; y <= h; y++)
        for (int x = -1; x <= w; x++) {
            const size_t at = imp_check_field_at(lanes, w, y, x);
            const struct vector is = {(double)flow[at], (double)flow[field + at]};
            const struct vector expected = dense(s,
                                                 y < 0    ? 0
                                                 : y >= h ? h - 1
                                                          : y,
                                                 x < 0    ? 0
                                                 : x >= w ? w - 1
                                                          : x);
            error = fmax(
                error, fmax(imp_check_apart(is.u, expected.u), imp_check_apart(is.v, expected.v)));
        }
    return error / ROUNDING;
}

static bool prepare(struct imp_check_run *run, struct search *s, const struct shape *shape)
{
    const int above_height = (shape->height + 1) / 2, above_width = (shape->width + 1) / 2;
    *s = (struct search){.rows = patches_of(shape->height), .columns = patches_of(shape->width)};
    if (!imp_check_frames(run, &s->frames, shape->height, shape->width))
        return false;
    const size_t n = 3 * (size_t)(s->rows * s->columns);
    s->above = imp_check_flow(run, 4, above_height, above_width, 0.5f, &s->flow);
    const size_t pixels = 8 * (size_t)(shape->height * shape->width);
    s->prior = imp_check_data(run, 7, pixels, false);
    for (size_t i = 0; s->prior && i < pixels; i++)
        s->prior[i] *= 4;
    s->first = imp_check_data(run, 0, n, false);
    s->then = imp_check_data(run, 0, n, false);
    return !run->broken && imp_check_buffer(run, &s->near, pixels, s->prior) &&
           imp_check_buffer(run, &s->found, n, NULL) && imp_check_buffer(run, &s->better, n, NULL);
}

static void judge(struct imp_check_run *run, struct search *s, const struct shape *shape)
{
    const struct imp_level above = {.height = (shape->height + 1) / 2,
                                    .width = (shape->width + 1) / 2};
    const struct imp_flow_prior prior = {s->near, 2 * shape->height, 2 * shape->width, 1};
    const size_t n = 3 * (size_t)(s->rows * s->columns);
    const size_t floats = 2 * imp_field_floats(s->frames.lanes, shape->height, shape->width);
    float *flow = imp_check_data(run, 0, floats, false);
    struct imp_buffer *fields = NULL;
    if (flow &&
        imp_check_ok(run, imp_flow_search(run->device, &s->frames.pair, &above, s->flow, &prior,
                                          STEPS, s->found)) &&
        imp_check_ok(run,
                     imp_flow_spread(run->device, &s->frames.pair, s->found, STEPS, s->better)) &&
        imp_check_buffer(run, &fields, floats, NULL) &&
        imp_check_ok(run, imp_flow_densify(run->device, &s->frames.pair, s->better, fields))) {
        double error = imp_check_read_buffer(run, s->found, n, s->first);
        error = fmax(error, imp_check_read_buffer(run, s->better, n, s->then));
        error = fmax(error, imp_check_read_buffer(run, fields, floats, flow));
        error = fmax(error, fmax(search_error(s), spread_error(s)));
        error = fmax(error, dense_error(s, flow));
        imp_check_end(run, error, 1);
    }
    imp_buffer_free(&fields);
    free(flow);
}

void imp_check_flow_patches(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, 4, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++) {
        struct search s = {0};
        if (!imp_check_begin(run, "flow patches %dx%d", shapes[i].width, shapes[i].height))
            continue;
        if (prepare(run, &s, &shapes[i]))
            judge(run, &s, &shapes[i]);
        imp_check_frames_free(&s.frames);
        imp_buffer_free(&s.flow);
        imp_buffer_free(&s.near);
        imp_buffer_free(&s.found);
        imp_buffer_free(&s.better);
        free(s.above);
        free(s.prior);
        free(s.first);
        free(s.then);
    }
}
