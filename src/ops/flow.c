/* SPDX-License-Identifier: MIT */
/* Steps of an optical flow: frames' pyramids (cl/flow_frame.cl), patches (cl/flow_patch.cl), and
 * whole flows (cl/flow_field.cl). */

#include "ops/flow.h"
#include "ops/kernels.h"
#include "ops/sums.h"

/* ---- Layouts, as in cl/flow.cl --------------------------------------------------------------- */

static size_t rounded_up(int n, int lanes)
{
    return (size_t)((n + lanes - 1) / lanes) * (size_t)lanes;
}

size_t imp_luma_floats(int lanes, int height, int width)
{
    const size_t pitch = FLOW_PAD + rounded_up(width + FLOW_PAD, lanes);
    return (size_t)(height + 2 * FLOW_PAD) * pitch;
}

size_t imp_field_floats(int lanes, int height, int width)
{
    const size_t pitch = (size_t)lanes + rounded_up(width + 1, lanes);
    return (size_t)(height + 2) * pitch + 2 * (size_t)lanes;
}

size_t imp_dealt_floats(int lanes, int height, int width)
{
    const size_t pitch = (size_t)lanes + rounded_up((width + 1) / 2, lanes);
    return 2 * (size_t)height * pitch + (size_t)lanes;
}

static int patches_of(int n)
{
    return (n - FLOW_PATCH + FLOW_STRIDE - 1) / FLOW_STRIDE + 1;
}

size_t imp_patches_floats(int height, int width)
{
    return 3 * (size_t)patches_of(height) * (size_t)patches_of(width);
}

/* Work-items for the vectors of a row of n pixels. */
static size_t vector_items(struct imp_device *device, int n)
{
    const int lanes = imp_device_caps(device)->vector_width;
    return imp_column_items(device, (n + lanes - 1) / lanes);
}

static double plane_bytes(int planes, int height, int width)
{
    return imp_float_bytes((double)planes * height * width);
}

/* ---- A frame's pyramid ----------------------------------------------------------------------- */

enum impasto_status imp_flow_luma(struct imp_device *device, const struct imp_buffer *picture,
                                  int planes, int height, int width, struct imp_buffer *pyramid,
                                  const struct imp_level *level)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_luma",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(picture), imp_int(planes), imp_int(height), imp_int(width),
                     imp_buf(pyramid), imp_int(level->luma_at), imp_int(level->height),
                     imp_int(level->width)),
            .global = {vector_items(device, width), (size_t)level->height + 2 * FLOW_PAD},
            .bytes = plane_bytes(planes + 1, height, width),
        });
}

enum impasto_status imp_flow_halve(struct imp_device *device, struct imp_buffer *pyramid,
                                   const struct imp_level *from, const struct imp_level *to)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_halve",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pyramid), imp_int(from->luma_at), imp_int(from->width),
                     imp_buf(pyramid), imp_int(to->luma_at), imp_int(to->height),
                     imp_int(to->width)),
            .global = {vector_items(device, to->width), (size_t)to->height + 2 * FLOW_PAD},
            .bytes = plane_bytes(5, to->height, to->width),
        });
}

enum impasto_status imp_flow_slopes(struct imp_device *device, struct imp_buffer *pyramid,
                                    const struct imp_level *level)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_slopes",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pyramid), imp_int(level->luma_at), imp_buf(pyramid),
                     imp_int(level->slopes_at), imp_int(level->height), imp_int(level->width)),
            .global = {vector_items(device, level->width), (size_t)level->height},
            .bytes = plane_bytes(3, level->height, level->width),
        });
}

/* ---- Patches --------------------------------------------------------------------------------- */

/* Flops of comparing a patch once. */
#define COMPARE_FLOPS (14.0 * FLOW_PATCH * FLOW_PATCH)

static double compare_flops(const struct imp_level *level, int times)
{
    return COMPARE_FLOPS * times * patches_of(level->height) * patches_of(level->width);
}

enum impasto_status imp_flow_search(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_level *above, const struct imp_buffer *flow,
                                    const struct imp_flow_prior *prior, int steps,
                                    struct imp_buffer *found)
{
    const struct imp_level *level = pair->level;
    const struct imp_flow_prior none = {.flow = flow};
    const struct imp_flow_prior *offer = prior ? prior : &none;
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_search",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pair->from), imp_buf(pair->to), imp_int(level->luma_at),
                     imp_int(level->slopes_at), imp_int(level->height), imp_int(level->width),
                     imp_buf(flow), imp_int(above ? above->height : 0),
                     imp_int(above ? above->width : 0), imp_buf(offer->flow),
                     imp_int(offer->height), imp_int(offer->width), imp_int(offer->number),
                     imp_int(steps), imp_buf(found)),
            .global = {imp_column_items(device, patches_of(level->width)),
                       (size_t)patches_of(level->height)},
            .flops = compare_flops(level, steps + 4),
        });
}

enum impasto_status imp_flow_spread(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_buffer *found, int steps,
                                    struct imp_buffer *better)
{
    const struct imp_level *level = pair->level;
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_spread",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pair->from), imp_buf(pair->to), imp_int(level->luma_at),
                     imp_int(level->slopes_at), imp_int(level->height), imp_int(level->width),
                     imp_buf(found), imp_int(steps), imp_buf(better)),
            .global = {imp_column_items(device, patches_of(level->width)),
                       (size_t)patches_of(level->height)},
            .flops = compare_flops(level, steps + 6),
        });
}

enum impasto_status imp_flow_densify(struct imp_device *device, const struct imp_flow_pair *pair,
                                     const struct imp_buffer *found, struct imp_buffer *flow)
{
    const struct imp_level *level = pair->level;
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_densify",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pair->from), imp_buf(pair->to), imp_int(level->luma_at),
                     imp_int(level->height), imp_int(level->width), imp_buf(found), imp_buf(flow)),
            .global = {imp_column_items(device, (level->width + FLOW_STRIDE - 1) / FLOW_STRIDE),
                       (size_t)level->height + 2},
            .bytes = plane_bytes(12, level->height, level->width),
        });
}

/* ---- Whole flows ----------------------------------------------------------------------------- */

enum impasto_status imp_flow_enlarge(struct imp_device *device, const struct imp_level *small,
                                     const struct imp_buffer *flow, int height, int width,
                                     struct imp_buffer *enlarged, bool plain)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_enlarge",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(flow), imp_int(small->height), imp_int(small->width),
                     imp_buf(enlarged), imp_int(height), imp_int(width), imp_int(plain)),
            .global = {vector_items(device, (width + 1) / 2), (size_t)height + 2},
            .bytes = plane_bytes(3, height, width),
        });
}

enum impasto_status imp_flow_trust(struct imp_device *device, const struct imp_buffer *forward,
                                   const struct imp_buffer *backward, int height, int width,
                                   struct imp_buffer *trust)
{
    return imp_program_launch(device, IMP_PROGRAM_FLOW, "flow_trust",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(forward), imp_buf(backward), imp_buf(trust),
                                           imp_int(height), imp_int(width)),
                                  .global = {imp_column_items(device, width), (size_t)height},
                                  .bytes = plane_bytes(5, height, width),
                              });
}

enum impasto_status imp_flow_soften(struct imp_device *device, const struct imp_buffer *trust,
                                    int height, int width, struct imp_buffer *reliable)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_soften",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(trust), imp_buf(reliable), imp_int(height), imp_int(width)),
            .global = {vector_items(device, width), (size_t)height},
            .bytes = plane_bytes(2, height, width),
        });
}

static enum impasto_status lowest_of_lines(struct imp_device *device,
                                           const struct imp_buffer *plane, int height, int width,
                                           int radius, bool down, struct imp_buffer *lowest)
{
    return imp_program_launch(device, IMP_PROGRAM_FLOW, "flow_lowest",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(plane), imp_buf(lowest), imp_int(height),
                                           imp_int(width), imp_int(radius), imp_int(down)),
                                  .global = {imp_column_items(device, width), (size_t)height},
                                  .bytes = plane_bytes(2, height, width),
                              });
}

enum impasto_status imp_flow_lowest(struct imp_device *device, const struct imp_buffer *plane,
                                    int height, int width, int radius, struct imp_buffer *scratch,
                                    struct imp_buffer *lowest)
{
    IMP_TRY(lowest_of_lines(device, plane, height, width, radius, false, scratch));
    return lowest_of_lines(device, scratch, height, width, radius, true, lowest);
}

enum impasto_status imp_flow_cut_sums(struct imp_device *device, const struct imp_flow_pair *pair,
                                      int number, const struct imp_buffer *flow,
                                      const struct imp_buffer *reliable, int height, int width,
                                      struct imp_buffer *sums)
{
    const struct imp_level *level = pair->level;
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, "flow_cut",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(pair->from), imp_buf(pair->to), imp_int(level->luma_at),
                     imp_int(level->height), imp_int(level->width), imp_int(number), imp_buf(flow),
                     imp_buf(reliable), imp_int(height), imp_int(width), imp_buf(sums)),
            .global = {IMP_PARTS},
            .bytes = plane_bytes(6, level->height, level->width),
        });
}
