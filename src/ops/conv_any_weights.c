/* SPDX-License-Identifier: MIT */
/*
 * The gradient of a convolution's weights and bias: cl/conv_any_weights.cl. A first kernel leaves
 * partial sums over fixed shares of the picture, a second one adds them up in order. How many
 * shares there are follows from the shape and the kind of device, so the bits are the same every
 * time.
 */

#include "ops/conv_any.h"
#include "ops/kernels.h"

#include <limits.h>

/* Single precision adds up so many products at most; then come sums of sums. */
#define POSITIONS_MOST 2048
/* Work-items that keep a device busy. On CPUs they are long. */
#define ITEMS_CPU 256
#define ITEMS_GPU 65536
/* On GPUs, a share has about so many positions at least, and shares come in whole wavefronts. */
#define POSITIONS_LEAST 16
#define WAVEFRONT 64

/* How the sums are shared out. */
struct plan {
    bool planar_x, planar_y;
    int half;            /* x's first row and column are so far in its margin */
    int phases;          /* of y, a side */
    int side;            /* taps a side, of a phase */
    int lanes, scalars;  /* channels of the side that is in vectors, and of the other */
    int vectors, groups; /* of the former, and of `together` of the latter */
    int together;
    int rows, columns; /* of the grid */
    int parts;
};

static int items_of(const struct plan *plan)
{
    return plan->side * plan->phases * plan->groups * plan->vectors;
}

/*
 * Scalars that a work-item takes together. Its accumulators are vectors, and must leave room for
 * one or two more. There are 32 registers where lanes are 16, and 16 of them otherwise on CPUs.
 * Blocks of `lanes` channels must be a multiple.
 */
static int together_of(const struct imp_caps *caps, const struct plan *plan)
{
    const bool few = caps->cpu && caps->vector_width < 16;
    const int each = plan->phases * plan->side;
    int together = caps->vector_width;
    if (plan->planar_x || plan->planar_y)
        return each * 3 <= (few ? 12 : 27) ? 3 : 1;
    while (together > 1 && each * together > (few ? 12 : caps->cpu ? 24 : 16))
        together /= 2;
    return together;
}

static int shares(int n, int most)
{
    return (n + most - 1) / most;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int parts_of(const struct imp_caps *caps, const struct plan *plan)
{
    const double positions = (double)plan->rows * plan->columns;
    const int accurate = (int)(positions / POSITIONS_MOST) + 1;
    if (caps->cpu) {
        const int wanted = larger(accurate, shares(ITEMS_CPU, items_of(plan)));
        return wanted < plan->rows ? shares(plan->rows, shares(plan->rows, wanted)) : plan->rows;
    }
    const int busy = shares(ITEMS_GPU, items_of(plan));
    const int worthwhile = (int)(positions / POSITIONS_LEAST) + 1;
    return WAVEFRONT * shares(larger(accurate, busy < worthwhile ? busy : worthwhile), WAVEFRONT);
}

static struct plan plan_of(const struct imp_caps *caps, const struct imp_conv_shape *shape,
                           int height, int width)
{
    struct plan plan = {
        .planar_x = shape->in == 3,
        .planar_y = shape->out == 3,
        .half = shape->size / 2,
        .phases = shape->upsample ? 2 : 1,
        .side = shape->upsample ? 2 : shape->size,
        .rows = height / shape->stride,
        .columns = width / shape->stride,
    };
    plan.lanes = plan.planar_y ? shape->in : shape->out;
    plan.scalars = plan.planar_y ? shape->out : shape->in;
    plan.together = together_of(caps, &plan);
    plan.vectors = shares(plan.lanes, caps->vector_width);
    plan.groups = shares(plan.scalars, plan.together);
    plan.parts = parts_of(caps, &plan);
    return plan;
}

/* Floats of the partial sums. */
static size_t partial_floats(const struct imp_caps *caps, const struct plan *plan)
{
    const size_t each = (size_t)(plan->phases * plan->phases * plan->side * plan->side);
    return (size_t)plan->parts * (size_t)plan->vectors * (size_t)caps->vector_width *
           (size_t)(plan->groups * plan->together) * each;
}

/* Of y's rows. The bias comes after the weights, in the same place. */
static size_t bias_floats(const struct imp_conv_shape *shape, const struct plan *plan)
{
    return (size_t)shape->out * (size_t)plan->rows * (size_t)plan->phases;
}

size_t imp_conv_any_weights_workspace(const struct imp_caps *caps,
                                      const struct imp_conv_shape *shape, int height, int width)
{
    const struct plan plan = plan_of(caps, shape, height, width);
    const size_t weights = partial_floats(caps, &plan), bias = bias_floats(shape, &plan);
    return (weights > bias ? weights : bias) * sizeof(float);
}

/* The position of the picture's first pixel. */
static int first_of(const struct imp_map *map)
{
    return (map->inset + 1) * (map->tensor.width + 2) + map->inset + 1;
}

#define MACROS 64

static void macros_of(const struct plan *plan, char macros[MACROS])
{
    snprintf(macros, MACROS, "-DPHASES=%d -DSIDE=%d -DCHANNELS=%d%s", plan->phases, plan->side,
             plan->together,
             plan->planar_x   ? " -DPLANAR_X"
             : plan->planar_y ? " -DPLANAR_Y"
                              : "");
}

static enum impasto_status launch_partial(struct imp_device *device, const struct plan *plan,
                                          const struct imp_conv_any_weights *call,
                                          const char *macros)
{
    const struct imp_tensor *x = &call->x.tensor, *y = &call->y_gradient.tensor;
    const bool cpu = imp_device_caps(device)->cpu;
    const int items = items_of(plan), pitch = x->width + 2;
    const double taps = (double)(plan->phases * plan->phases) * plan->side * plan->side;
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_WEIGHTS, "conv_any_weights",
        &(struct imp_launch){
            .kernel.macros = macros,
            IMP_ARGS(imp_buf(x->buffer), imp_buf(y->buffer), imp_buf(call->workspace),
                     imp_int(imp_tensor_plane(x)), imp_int(pitch),
                     imp_int(first_of(&call->x) - plan->half * (pitch + 1)),
                     imp_int(call->shape.stride), imp_int(imp_tensor_plane(y)),
                     imp_int(y->width + 2), imp_int(first_of(&call->y_gradient)),
                     imp_int(plan->rows), imp_int(plan->columns), imp_int(plan->parts),
                     imp_int(plan->groups), imp_int(plan->vectors)),
            .global = {(size_t)(cpu ? items : plan->parts), (size_t)(cpu ? plan->parts : items)},
            .flops = 2 * taps * plan->lanes * plan->scalars * plan->rows * plan->columns,
            .label = call->label,
        });
}

static enum impasto_status launch_sum(struct imp_device *device, const struct plan *plan,
                                      const struct imp_conv_any_weights *call, const char *macros)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int taps = call->shape.size * call->shape.size, inputs = call->shape.in * taps;
    const int n = plan->vectors * plan->scalars * taps;
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_WEIGHTS, "conv_any_weights_sum",
        &(struct imp_launch){
            .kernel.macros = macros,
            IMP_ARGS(imp_buf(call->workspace), imp_buf(call->gradient), imp_int((int)call->at),
                     imp_int(plan->parts), imp_int(plan->vectors),
                     imp_int(plan->groups * plan->together), imp_int(plan->lanes),
                     imp_int(plan->scalars), imp_int(plan->planar_y ? taps : inputs),
                     imp_int(plan->planar_y ? inputs : taps)),
            .global = {imp_items(n, imp_conv_weights_columns(caps))},
            .bytes = imp_float_bytes((double)partial_floats(caps, plan) + 2.0 * n),
            .label = call->label,
        });
}

static enum impasto_status add_bias(struct imp_device *device,
                                    const struct imp_conv_any_weights *call, const char *macros)
{
    const struct imp_map *map = &call->y_gradient;
    const struct imp_tensor *y = &map->tensor;
    const int rows = imp_map_height(map), columns = imp_map_width(map);
    const int out = call->shape.out;
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_CONV_WEIGHTS, "conv_any_bias",
        &(struct imp_launch){
            .kernel.macros = macros,
            IMP_ARGS(imp_buf(y->buffer), imp_buf(call->workspace), imp_int(out), imp_int(y->lanes),
                     imp_int(imp_tensor_plane(y)), imp_int(y->width + 2), imp_int(first_of(map)),
                     imp_int(rows), imp_int(columns)),
            .global = {(size_t)out, (size_t)rows},
            .bytes = imp_float_bytes((double)out * rows * columns),
            .label = call->label,
        }));
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_WEIGHTS, "conv_any_bias_sum",
        &(struct imp_launch){
            .kernel.macros = macros,
            IMP_ARGS(imp_buf(call->workspace), imp_buf(call->gradient), imp_int((int)call->bias_at),
                     imp_int(out), imp_int(rows)),
            .global = {(size_t)out},
            .bytes = imp_float_bytes((double)out * rows),
            .label = call->label,
        });
}

/* Kinds that no kernel has. */
static enum impasto_status check_shape(struct imp_device *device,
                                       const struct imp_conv_any_weights *call)
{
    const struct imp_conv_shape *s = &call->shape;
    const bool planar = s->in == 3 || s->out == 3;
    if ((s->in == 3 && s->out == 3) || (planar && s->upsample))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "gradient of weights: no kernel for %d to %d channels%s", s->in,
                               s->out, s->upsample ? " behind an upsampling" : "");
    if (call->at > INT_MAX || call->bias_at > INT_MAX)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "gradient of weights: too many parameters for a kernel's index");
    return IMPASTO_OK;
}

enum impasto_status imp_conv_any_weights(struct imp_device *device,
                                         const struct imp_conv_any_weights *call)
{
    const struct imp_map *x = &call->x;
    const struct plan plan =
        plan_of(imp_device_caps(device), &call->shape, imp_map_height(x), imp_map_width(x));
    char macros[MACROS];
    IMP_TRY(check_shape(device, call));
    macros_of(&plan, macros);
    IMP_TRY(launch_partial(device, &plan, call, macros));
    IMP_TRY(launch_sum(device, &plan, call, macros));
    return call->bias_at < 0 ? IMPASTO_OK : add_bias(device, call, macros);
}
