/* SPDX-License-Identifier: MIT */
/*
 * Dense inverse search (Kroeger et al. 2016) on a pyramid, from coarse to fine. Patches pass on to
 * their neighbours, in rounds, what they have found: in the original each takes over from those
 * before it in the same pass, which no parallel device can do. Each level ends with a variational
 * refinement (Brox et al. 2004).
 */

#include "flow/flow.h"

#include "ops/sums.h"

#include <limits.h>

/* A grade. finest: the level of the last search, 1 of half the picture's size, 2 of a quarter. */
struct imp_flow_plan {
    int finest;
    int steps;         /* of a patch's first search */
    int rounds, again; /* of exchange, and steps after each */
    struct imp_refinement refinement;
    bool last; /* refined at the picture's size, too */
};

/* What matters was measured: tests/bench/bench_flow.c. */
#define WEIGHTS .smoothness = 20, .gradient = 10, .intensity = 5, .relaxation = 1.6f

static const struct imp_flow_plan plans[] = {
    [IMP_FLOW_LIVE] = {2, 8, 3, 4, {WEIGHTS, .robust = 3, .sweeps = 3}, false},
    [IMP_FLOW_FILM] = {1, 8, 3, 4, {WEIGHTS, .robust = 3, .sweeps = 3}, false},
    [IMP_FLOW_BEST] = {1, 12, 4, 4, {WEIGHTS, .robust = 5, .sweeps = 5}, true},
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* ---- Levels ---------------------------------------------------------------------------------- */

static int lanes_of(const struct imp_flow *flow)
{
    return imp_device_caps(flow->device)->vector_width;
}

/* The level of the largest motions: the last whose shorter side has two patches, or the finest. */
static int coarsest(const struct imp_flow *flow)
{
    const int shorter = flow->height < flow->width ? flow->height : flow->width;
    int level = 0;
    while (shorter >> (level + 1) >= 2 * IMP_FLOW_SIDE)
        level++;
    return larger(level, flow->plan->finest);
}

/* Whether slopes of a level are needed. */
static bool is_searched(const struct imp_flow *flow, int level)
{
    return level >= flow->plan->finest || flow->plan->last;
}

/* Places the levels in a frame's buffer. Pictures that are smaller than a patch at the finest level
 * are extended. */
void imp_flow_init(struct imp_flow *flow, struct imp_device *device, enum imp_flow_grade grade,
                   int height, int width)
{
    *flow = (struct imp_flow){
        .device = device, .plan = &plans[grade], .height = height, .width = width};
    const int least = IMP_FLOW_SIDE << flow->plan->finest, lanes = lanes_of(flow);
    size_t at = 0;
    flow->count = coarsest(flow) + 1;
    for (int i = 0; i < flow->count; i++) {
        struct imp_level *level = &flow->levels[i];
        *level = (struct imp_level){.height = larger(height, least) >> i,
                                    .width = larger(width, least) >> i,
                                    .luma_at = (int)at};
        at += imp_luma_floats(lanes, level->height, level->width);
        level->slopes_at = (int)at;
        if (is_searched(flow, i))
            at += 2 * imp_field_floats(lanes, level->height, level->width);
    }
    flow->frame_floats = at;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Bytes of a buffer of so many floats; kernels index with int. */
static size_t float_bytes(size_t floats)
{
    return floats > INT_MAX ? SIZE_MAX : floats * sizeof(float);
}

/* The level with the largest fields, or for a refinement. */
static const struct imp_level *largest(const struct imp_flow *flow, bool refined)
{
    return &flow->levels[flow->plan->last ? 0 : refined ? flow->plan->finest : 1];
}

static void add_refining(struct imp_flow *flow, struct imp_layout *layout)
{
    static const char purpose[] = "optical flow, refinement";
    const struct imp_level *level = largest(flow, true);
    const size_t field = imp_field_floats(lanes_of(flow), level->height, level->width);
    const size_t dealt = imp_dealt_floats(lanes_of(flow), level->height, level->width);
    struct imp_refining *r = &flow->refining;
    imp_layout_add(layout, &r->warped, float_bytes(IMP_WARPED * field), purpose);
    imp_layout_add(layout, &r->middle, float_bytes(IMP_MIDDLE * field), purpose);
    imp_layout_add(layout, &r->terms, float_bytes(IMP_TERMS * dealt), purpose);
    imp_layout_add(layout, &r->refined, float_bytes(IMP_REFINED * dealt), purpose);
    imp_layout_add(layout, &r->stiffness, float_bytes(dealt), purpose);
    imp_layout_add(layout, &r->system, float_bytes(IMP_SYSTEM * dealt), purpose);
}

void imp_flow_layout(struct imp_flow *flow, struct imp_layout *layout)
{
    static const char purpose[] = "optical flow";
    const struct imp_level *dense = largest(flow, false);
    const struct imp_level *finest = &flow->levels[flow->plan->finest];
    for (int i = 0; i < 2; i++) {
        imp_layout_add(layout, &flow->found[i],
                       float_bytes(imp_patches_floats(finest->height, finest->width)), purpose);
        imp_layout_add(
            layout, &flow->dense[i],
            float_bytes(2 * imp_field_floats(lanes_of(flow), dense->height, dense->width)),
            purpose);
    }
    add_refining(flow, layout);
    imp_layout_add(layout, &flow->trust, float_bytes((size_t)flow->height * (size_t)flow->width),
                   purpose);
    imp_layout_add(layout, &flow->sums, 3 * IMP_PARTS * sizeof(float), purpose);
}

void imp_pyramid_layout(const struct imp_flow *flow, struct imp_pyramid *frame,
                        struct imp_layout *layout)
{
    imp_layout_add(layout, &frame->levels, float_bytes(flow->frame_floats), "optical flow, frames");
}

/* ---- A frame --------------------------------------------------------------------------------- */

enum impasto_status imp_pyramid_take(const struct imp_flow *flow, struct imp_pyramid *frame,
                                     const struct imp_buffer *picture, int planes)
{
    const struct imp_level *levels = flow->levels;
    IMP_TRY(imp_flow_luma(flow->device, picture, planes, flow->height, flow->width, frame->levels,
                          &levels[0]));
    for (int i = 1; i < flow->count; i++)
        IMP_TRY(imp_flow_halve(flow->device, frame->levels, &levels[i - 1], &levels[i]));
    for (int i = 0; i < flow->count; i++)
        if (is_searched(flow, i))
            IMP_TRY(imp_flow_slopes(flow->device, frame->levels, &levels[i]));
    return IMPASTO_OK;
}

/* ---- A pair ---------------------------------------------------------------------------------- */

/* Searches at a level, from the flow of the level above where there is one. Both are in
 * flow->dense, by whether the level is even. */
static enum impasto_status search(struct imp_flow *flow, const struct imp_flow_pair *pair,
                                  const struct imp_buffer *prior, int number)
{
    const struct imp_flow_prior near = {prior, flow->height, flow->width, number};
    const struct imp_flow_plan *plan = flow->plan;
    const struct imp_level *above = number + 1 < flow->count ? &flow->levels[number + 1] : NULL;
    struct imp_buffer *found = flow->found[0], *better = flow->found[1];
    IMP_TRY(imp_flow_search(flow->device, pair, above, flow->dense[(number + 1) % 2],
                            prior ? &near : NULL, plan->steps, found));
    for (int i = 0; i < plan->rounds; i++) {
        struct imp_buffer *former = found;
        IMP_TRY(imp_flow_spread(flow->device, pair, found, plan->again, better));
        found = better;
        better = former;
    }
    IMP_TRY(imp_flow_densify(flow->device, pair, found, flow->dense[number % 2]));
    return imp_flow_refine(flow->device, pair, flow->dense[number % 2], &plan->refinement,
                           &flow->refining, flow->dense[number % 2], 0, 0);
}

/* From the level's fields to the level below's, or to a flow of the picture's size. */
static enum impasto_status enlarge(struct imp_flow *flow, int number, struct imp_buffer *result)
{
    const struct imp_level *small = &flow->levels[number], *large = &flow->levels[number - 1];
    const struct imp_buffer *from = flow->dense[number % 2];
    if (number == 1 && !flow->plan->last)
        return imp_flow_enlarge(flow->device, small, from, flow->height, flow->width, result, true);
    return imp_flow_enlarge(flow->device, small, from, large->height, large->width,
                            flow->dense[(number - 1) % 2], false);
}

enum impasto_status imp_flow_measure(struct imp_flow *flow, const struct imp_pyramid *from,
                                     const struct imp_pyramid *to, struct imp_buffer *result)
{
    return imp_flow_follow(flow, from, to, NULL, result);
}

enum impasto_status imp_flow_follow(struct imp_flow *flow, const struct imp_pyramid *from,
                                    const struct imp_pyramid *to, const struct imp_buffer *prior,
                                    struct imp_buffer *result)
{
    struct imp_flow_pair pair = {.from = from->levels, .to = to->levels};
    for (int i = flow->count - 1; i >= flow->plan->finest; i--) {
        pair.level = &flow->levels[i];
        IMP_TRY(search(flow, &pair, prior, i));
    }
    for (int i = flow->plan->finest; i > 0; i--)
        IMP_TRY(enlarge(flow, i, result));
    if (!flow->plan->last)
        return IMPASTO_OK;
    pair.level = &flow->levels[0];
    return imp_flow_refine(flow->device, &pair, flow->dense[0], &flow->plan->refinement,
                           &flow->refining, result, flow->height, flow->width);
}
