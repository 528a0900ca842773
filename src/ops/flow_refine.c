/* SPDX-License-Identifier: MIT */
/* Variational refinement of a flow: cl/flow_refine.cl. */

#include "ops/flow.h"
#include "ops/kernels.h"

/* A launch on a level, whose items do vectors of rows: of pixels with the margin's rows, or of
 * dealt cells. */
struct pass {
    const char *function;
    const struct imp_arg *args;
    size_t arg_count;
    int planes; /* that it reads and writes */
};

static double level_bytes(const struct imp_level *level, int planes)
{
    return imp_float_bytes((double)planes * level->height * level->width);
}

/* Work-items for the vectors of so many pixels or cells. */
static size_t vector_items(struct imp_device *device, int n)
{
    const int lanes = imp_device_caps(device)->vector_width;
    return imp_column_items(device, (n + lanes - 1) / lanes);
}

static enum impasto_status launch_fields(struct imp_device *device, const struct imp_level *level,
                                         const struct pass *pass)
{
    return imp_program_launch(
        device, IMP_PROGRAM_FLOW, pass->function,
        &(struct imp_launch){
            .args = pass->args,
            .arg_count = pass->arg_count,
            .global = {vector_items(device, level->width), (size_t)level->height + 2},
            .bytes = level_bytes(level, pass->planes),
        });
}

/* colours: 2 for both at once, along the third dimension. */
static enum impasto_status launch_dealt(struct imp_device *device, const struct imp_level *level,
                                        int colours, const struct pass *pass)
{
    return imp_program_launch(device, IMP_PROGRAM_FLOW, pass->function,
                              &(struct imp_launch){
                                  .args = pass->args,
                                  .arg_count = pass->arg_count,
                                  .global = {vector_items(device, (level->width + 1) / 2),
                                             (size_t)level->height, (size_t)colours},
                                  .bytes = level_bytes(level, pass->planes),
                              });
}

#define PASS(name, count, ...)                                                                     \
    &(struct pass)                                                                                 \
    {                                                                                              \
        .function = (name), IMP_ARGS(__VA_ARGS__), .planes = (count)                               \
    }

/* The equations of all pixels, and the flow dealt. */
static enum impasto_status begin(struct imp_device *device, const struct imp_flow_pair *pair,
                                 const struct imp_buffer *flow, const struct imp_refining *scratch)
{
    const struct imp_level *level = pair->level;
    const struct imp_arg height = imp_int(level->height), width = imp_int(level->width);
    const struct imp_arg luma_at = imp_int(level->luma_at), slopes_at = imp_int(level->slopes_at);
    IMP_TRY(launch_fields(device, level,
                          PASS("flow_warp", 4, imp_buf(pair->to), luma_at, height, width,
                               imp_buf(flow), imp_buf(scratch->warped))));
    IMP_TRY(launch_fields(device, level,
                          PASS("flow_middle", 5, imp_buf(scratch->warped), imp_buf(pair->from),
                               slopes_at, height, width, imp_buf(scratch->middle))));
    return launch_dealt(device, level, 1,
                        PASS("flow_terms", 19, imp_buf(pair->from), luma_at,
                             imp_buf(scratch->warped), imp_buf(scratch->middle),
                             imp_buf(pair->from), slopes_at, imp_buf(flow), height, width,
                             imp_buf(scratch->terms), imp_buf(scratch->refined)));
}

/* The weights at the flow as it is now, and sweeps of relaxation. */
static enum impasto_status relax(struct imp_device *device, const struct imp_level *level,
                                 const struct imp_refinement *how,
                                 const struct imp_refining *scratch)
{
    const struct imp_arg height = imp_int(level->height), width = imp_int(level->width);
    IMP_TRY(launch_dealt(device, level, 2,
                         PASS("flow_stiffness", 3, imp_buf(scratch->refined), height, width,
                              imp_float(0.5f * how->smoothness), imp_buf(scratch->stiffness))));
    IMP_TRY(launch_dealt(device, level, 2,
                         PASS("flow_system", 19, imp_buf(scratch->terms), imp_buf(scratch->refined),
                              imp_buf(scratch->stiffness), height, width,
                              imp_float(0.5f * how->intensity), imp_float(0.5f * how->gradient),
                              imp_buf(scratch->system))));
    for (int i = 0; i < 2 * how->sweeps; i++)
        IMP_TRY(launch_dealt(device, level, 1,
                             PASS("flow_relax", 6, imp_buf(scratch->system), height, width,
                                  imp_int(i % 2), imp_float(how->relaxation),
                                  imp_buf(scratch->refined))));
    return IMPASTO_OK;
}

enum impasto_status imp_flow_refine(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_buffer *flow, const struct imp_refinement *how,
                                    const struct imp_refining *scratch, struct imp_buffer *result,
                                    int plain_height, int plain_width)
{
    const struct imp_level *level = pair->level;
    IMP_TRY(begin(device, pair, flow, scratch));
    for (int i = 0; i < how->robust; i++)
        IMP_TRY(relax(device, level, how, scratch));
    return launch_fields(device, level,
                         PASS("flow_join", 4, imp_buf(scratch->refined), imp_int(level->height),
                              imp_int(level->width), imp_int(plain_height), imp_int(plain_width),
                              imp_buf(result)));
}
