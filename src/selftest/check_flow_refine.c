/* SPDX-License-Identifier: MIT */
/* Optical flow: its variational refinement, against the same terms in the pixels' own order. */

#include "selftest/check_flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 1e-6
#define ZETA 0.01
/* Where a robust measure is at its steepest, roundings of the lumas grow a hundredfold. */
#define ROUNDING 5e-4

/* plain_height, plain_width: of a flow that is a part of the level; 0: fields. */
static const struct refine_case {
    int height, width, robust, sweeps, plain_height, plain_width;
} cases[] = {{8, 8, 1, 1, 0, 0},  {17, 23, 1, 2, 17, 23}, {16, 16, 1, 1, 3, 5},
             {9, 40, 2, 1, 0, 0}, {33, 14, 3, 3, 33, 13}, {61, 75, 2, 3, 0, 0}};

/* Planes of a level, in the pixels' order; the last is where a reader of margins is told the size.
 */
struct planes {
    const struct imp_check_frames *frames;
    int height, width;
    double *u, *v;           /* the flow */
    double *base_u, *base_v; /* that everything is linearised about */
    double *warped, *middle[2], *terms[9], *stiffness;
};

static int clamped(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* ---- Terms ----------------------------------------------------------------------------------- */

struct plane {
    const double *values;
    int height, width;
};

static double value_of(const void *data, int y, int x)
{
    const struct plane *plane = data;
    return plane->values[clamped(y, plane->height) * plane->width + clamped(x, plane->width)];
}

static double slope(const struct planes *p, const double *values, int at, bool down)
{
    const struct plane plane = {values, p->height, p->width};
    return imp_check_sobel(value_of, &plane, at / p->width, at % p->width, down);
}

static void warp(struct planes *p)
{
    for (int at = 0; at < p->height * p->width; at++) {
        const double x = at % p->width + p->u[at], y = at / p->width + p->v[at];
        p->warped[at] = imp_check_luma_at(p->frames, 1, fmin(fmax(y, 0), p->height - 1),
                                          fmin(fmax(x, 0), p->width - 1));
    }
    for (int at = 0; at < p->height * p->width; at++)
        for (int k = 0; k < 2; k++)
            p->middle[k][at] =
                0.5 * (slope(p, p->warped, at, k) +
                       imp_check_slope(p->frames, 0, at / p->width, at % p->width, k));
}

/* An equation: its slopes and its difference, over the length of the slopes. */
static void equation(struct planes *p, int k, int at, double across, double down, double difference)
{
    const double x = at % p->width + p->u[at], y = at / p->width + p->v[at];
    const bool inside = x >= 0 && y >= 0 && x <= p->width - 1 && y <= p->height - 1;
    const double scale = inside ? 1 / sqrt(across * across + down * down + ZETA) : 0;
    p->terms[3 * k][at] = scale * across;
    p->terms[3 * k + 1][at] = scale * down;
    p->terms[3 * k + 2][at] = scale * difference;
}

static void linearise(struct planes *p)
{
    warp(p);
    for (int at = 0; at < p->height * p->width; at++) {
        const int y = at / p->width, x = at % p->width;
        const double across = p->middle[0][at], down = p->middle[1][at];
        const double xy = slope(p, p->middle[0], at, true);
        double change[2];
        for (int k = 0; k < 2; k++)
            change[k] = slope(p, p->warped, at, k) - imp_check_slope(p->frames, 0, y, x, k);
        equation(p, 0, at, across, down, p->warped[at] - imp_check_luma(p->frames, 0, y, x));
        equation(p, 1, at, slope(p, p->middle[0], at, false), xy, change[0]);
        equation(p, 2, at, xy, slope(p, p->middle[1], at, true), change[1]);
        p->base_u[at] = p->u[at];
        p->base_v[at] = p->v[at];
    }
}

/* ---- Relaxation ------------------------------------------------------------------------------ */

static void stiffen(struct planes *p, const struct imp_refinement *how)
{
    for (int at = 0; at < p->height * p->width; at++) {
        const int right = at % p->width + 1 < p->width ? at + 1 : at;
        const int below = at / p->width + 1 < p->height ? at + p->width : at;
        const double squares = pow(p->u[right] - p->u[at], 2) + pow(p->v[right] - p->v[at], 2) +
                               pow(p->u[below] - p->u[at], 2) + pow(p->v[below] - p->v[at], 2);
        p->stiffness[at] = 0.5 * (double)how->smoothness / sqrt(squares + EPSILON);
    }
}

/* Two equations in u and v of one pixel. */
struct pair {
    double a11, a12, a22, b1, b2;
};

/* Of the data, with the robust weights of the flow `u`, `v`, for increments to the base. */
static struct pair data_pair(const struct planes *p, const struct imp_refinement *how, int at,
                             double du, double dv)
{
    double left[3];
    struct pair e = {0};
    for (int k = 0; k < 3; k++)
        left[k] = p->terms[3 * k + 2][at] + p->terms[3 * k][at] * du + p->terms[3 * k + 1][at] * dv;
    const double luma = 0.5 * (double)how->intensity / sqrt(left[0] * left[0] + EPSILON);
    const double slopes =
        0.5 * (double)how->gradient / sqrt(left[1] * left[1] + left[2] * left[2] + EPSILON);
    for (int k = 0; k < 3; k++) {
        const double weight = k == 0 ? luma : slopes, across = p->terms[3 * k][at];
        const double down = p->terms[3 * k + 1][at], rest = p->terms[3 * k + 2][at];
        e.a11 += weight * across * across;
        e.a12 += weight * across * down;
        e.a22 += weight * down * down;
        e.b1 -= weight * across * rest;
        e.b2 -= weight * down * rest;
    }
    return e;
}

/* Adds the four links of a pixel, for increments. */
static void link(const struct planes *p, int at, struct pair *e)
{
    const int y = at / p->width, x = at % p->width;
    const int near[4] = {x > 0 ? at - 1 : at, x + 1 < p->width ? at + 1 : at,
                         y > 0 ? at - p->width : at, y + 1 < p->height ? at + p->width : at};
    for (int k = 0; k < 4; k++) {
        const double strength =
            near[k] == at ? 0 : 0.5 * (p->stiffness[at] + p->stiffness[near[k]]);
        e->a11 += strength;
        e->a22 += strength;
        e->b1 += strength * (p->u[near[k]] - p->base_u[at]);
        e->b2 += strength * (p->v[near[k]] - p->base_v[at]);
    }
}

/* One sweep over a colour. data: the pixels' own equations, with weights that are as old as they
 * may be. */
static void relax(struct planes *p, const struct imp_refinement *how, const struct pair *data,
                  int colour)
{
    const double omega = (double)how->relaxation;
    for (int at = 0; at < p->height * p->width; at++) {
        if ((at / p->width + at % p->width) % 2 != colour)
            continue;
        struct pair e = data[at];
        link(p, at, &e);
        double du = p->u[at] - p->base_u[at], dv = p->v[at] - p->base_v[at];
        du += omega * ((e.b1 - e.a12 * dv) / e.a11 - du);
        dv += omega * ((e.b2 - e.a12 * du) / e.a22 - dv);
        p->u[at] = p->base_u[at] + du;
        p->v[at] = p->base_v[at] + dv;
    }
}

static void refine(struct planes *p, const struct imp_refinement *how, struct pair *data)
{
    linearise(p);
    for (int i = 0; i < how->robust; i++) {
        stiffen(p, how);
        for (int at = 0; at < p->height * p->width; at++)
            data[at] = data_pair(p, how, at, p->u[at] - p->base_u[at], p->v[at] - p->base_v[at]);
        for (int k = 0; k < 2 * how->sweeps; k++)
            relax(p, how, data, k % 2);
    }
}

/* ---- The checks ------------------------------------------------------------------------------ */

static bool make_planes(struct imp_check_run *run, struct planes *p, double **all)
{
    const size_t n = (size_t)(p->height * p->width);
    double **const each[] = {&p->u,      &p->v,         &p->base_u,    &p->base_v,
                             &p->warped, &p->stiffness, &p->middle[0], &p->middle[1]};
    *all = imp_check_doubles(run, (IMP_COUNT(each) + 9) * n);
    if (!*all)
        return false;
    for (size_t i = 0; i < IMP_COUNT(each); i++)
        *each[i] = *all + i * n;
    for (size_t i = 0; i < 9; i++)
        p->terms[i] = *all + (IMP_COUNT(each) + i) * n;
    return true;
}

/* Dealt planes begin as zeroes, as all memory does; of fields what matters is written before. */
static bool make_scratch(struct imp_check_run *run, struct imp_refining *scratch, int height,
                         int width)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    const size_t field = imp_field_floats(lanes, height, width);
    const size_t dealt = imp_dealt_floats(lanes, height, width);
    float *zeroes = calloc(IMP_TERMS * dealt, sizeof(*zeroes));
    const bool made = zeroes && imp_check_buffer(run, &scratch->warped, IMP_WARPED * field, NULL) &&
                      imp_check_buffer(run, &scratch->middle, IMP_MIDDLE * field, NULL) &&
                      imp_check_buffer(run, &scratch->terms, IMP_TERMS * dealt, zeroes) &&
                      imp_check_buffer(run, &scratch->refined, IMP_REFINED * dealt, zeroes) &&
                      imp_check_buffer(run, &scratch->stiffness, dealt, zeroes) &&
                      imp_check_buffer(run, &scratch->system, IMP_SYSTEM * dealt, zeroes);
    free(zeroes);
    return made;
}

static void free_scratch(struct imp_refining *scratch)
{
    imp_buffer_free(&scratch->warped);
    imp_buffer_free(&scratch->middle);
    imp_buffer_free(&scratch->terms);
    imp_buffer_free(&scratch->refined);
    imp_buffer_free(&scratch->stiffness);
    imp_buffer_free(&scratch->system);
}

static double error_of(const struct planes *p, const float *found, const struct refine_case *c)
{
    const bool plain = c->plain_height > 0;
    const int lanes = p->frames->lanes, margin = plain ? 0 : 1;
    const int height = plain ? c->plain_height : p->height,
              width = plain ? c->plain_width : p->width;
    const size_t plane =
        plain ? (size_t)(height * width) : imp_field_floats(lanes, p->height, p->width);
    double error = 0;
    for (int y = -margin; y < height + margin; y++)
        for (int x = -margin; x < width + margin; x++) {
            const int from = clamped(y, p->height) * p->width + clamped(x, p->width);
            const size_t at =
                plain ? (size_t)(y * width + x) : imp_check_field_at(lanes, p->width, y, x);
            error = fmax(error, imp_check_apart((double)found[at], p->u[from]));
            error = fmax(error, imp_check_apart((double)found[plane + at], p->v[from]));
        }
    return error;
}

static void judge(struct imp_check_run *run, const struct refine_case *c, struct planes *p,
                  struct pair *data)
{
    const struct imp_refinement how = {20, 10, 5, 1.6f, c->robust, c->sweeps};
    const size_t field = imp_field_floats(p->frames->lanes, c->height, c->width);
    const size_t n = 2 * (c->plain_height > 0 ? (size_t)(c->plain_height * c->plain_width) : field);
    struct imp_buffer *from = NULL, *to = NULL;
    struct imp_refining scratch = {0};
    float *flow = imp_check_flow(run, 4, c->height, c->width, 1.5f, &from);
    float *found = imp_check_data(run, 6, n, false);
    if (flow && found && make_scratch(run, &scratch, c->height, c->width) &&
        imp_check_buffer(run, &to, n, NULL) &&
        imp_check_ok(run, imp_flow_refine(run->device, &p->frames->pair, from, &how, &scratch, to,
                                          c->plain_height, c->plain_width))) {
        for (int i = 0; i < c->height * c->width; i++) {
            const size_t at =
                imp_check_field_at(p->frames->lanes, c->width, i / c->width, i % c->width);
            p->u[i] = (double)flow[at];
            p->v[i] = (double)flow[field + at];
        }
        refine(p, &how, data);
        const double damage = imp_check_read_buffer(run, to, n, found);
        imp_check_end(run, fmax(damage, error_of(p, found, c)), ROUNDING);
    }
    free_scratch(&scratch);
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    free(flow);
    free(found);
}

void imp_check_flow_refine(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, 4, IMP_COUNT(cases));
    for (size_t i = 0; i < count; i++) {
        const struct refine_case *c = &cases[i];
        struct imp_check_frames frames = {0};
        struct planes p = {.frames = &frames, .height = c->height, .width = c->width};
        double *all = NULL;
        if (!imp_check_begin(run, "flow refined %dx%d, %d x %d", c->width, c->height, c->robust,
                             c->sweeps))
            continue;
        struct pair *data = calloc((size_t)(c->height * c->width), sizeof(*data));
        if (data && imp_check_frames(run, &frames, c->height, c->width) &&
            make_planes(run, &p, &all))
            judge(run, c, &p, data);
        imp_check_frames_free(&frames);
        free(data);
        free(all);
    }
}
