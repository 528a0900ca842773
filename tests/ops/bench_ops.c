/* SPDX-License-Identifier: MIT */
/*
 * Speed of the operations on VGG19's and style networks' shapes, from the profile's rows: the best
 * of RUNS times of one launch, and the flops and bytes that it states. Before a convolution's
 * kernels stands its whole, a median, with the flops of direct convolution: Winograd's may go
 * beyond the device's peak, which is measured first.
 */

#include "bench_ops.h"

#include "ops/conv_any.h"
#include "ops/element.h"
#include "ops/gram.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/step.h"
#include "session/session.h"
#include "vgg/weights.h"

#include <stdlib.h>
#include <string.h>

#define RUNS 5
#define ROWS_MOST 16

struct bench {
    struct imp_device *device;
    const char *filter;
    int size;
    bool failed;
};

/* ---- Rows ------------------------------------------------------------------------------------ */

static void print_row(const char *name, const char *kernel, double seconds, double flops,
                      double bytes)
{
    printf("%-40s %-28s %9.3f ms", name, kernel, 1e3 * seconds);
    if (flops > 0)
        printf("  %8.1f GFLOP/s", 1e-9 * flops / seconds);
    if (bytes > 0)
        printf("  %8.1f GB/s", 1e-9 * bytes / seconds);
    printf("\n");
    fflush(stdout);
}

/* A case: what is run, and what with. */
typedef enum impasto_status (*case_fn)(struct imp_device *device, const void *with);

static bool is_wanted(const struct bench *bench, const char *name)
{
    return !bench->failed && (!bench->filter || strstr(name, bench->filter));
}

static void check(struct bench *bench, const char *name, enum impasto_status status)
{
    if (status == IMPASTO_OK)
        return;
    printf("%s: %s\n", name, imp_device_error(bench->device)->message);
    bench->failed = true;
}

/* Prints a row for each kernel that the case launches, after one run that compiles. */
static void time_case(struct bench *bench, const char *name, case_fn run, const void *with)
{
    struct imp_profile_row best[ROWS_MOST] = {0};
    size_t count = 0;
    if (!is_wanted(bench, name))
        return;
    for (int i = -1; i < RUNS; i++) {
        imp_device_set_profile(bench->device, true);
        const enum impasto_status status = run(bench->device, with);
        const struct imp_profile_row *rows = imp_device_profile(bench->device, &count);
        count = count < ROWS_MOST ? count : ROWS_MOST;
        for (size_t r = 0; r < count; r++)
            if (i <= 0 || rows[r].seconds < best[r].seconds)
                best[r] = rows[r];
        imp_device_set_profile(bench->device, false);
        check(bench, name, status);
        if (bench->failed)
            return;
    }
    for (size_t r = 0; r < count; r++) {
        const double launches = (double)best[r].launches;
        print_row(name, best[r].label, best[r].seconds / launches, best[r].flops / launches,
                  best[r].bytes / launches);
    }
}

/* ---- The device's peaks ---------------------------------------------------------------------- */

#define TURNS 20000
#define COPY ((size_t)64 << 20) /* bytes */

struct peak {
    struct imp_buffer *from, *to;
    int turns, n, columns;
    size_t items;
    char macros[16];
};

static enum impasto_status multiply_add(struct imp_device *device, const void *with)
{
    const struct peak *p = with;
    const double lanes = imp_device_caps(device)->vector_width;
    return imp_launch(device, &(struct imp_launch){
                                  .kernel = {"probe", "probe_multiply_add", p->macros},
                                  IMP_ARGS(imp_buf(p->to), imp_int(p->turns), imp_float(0.999f),
                                           imp_float(0.001f)),
                                  .global = {p->items},
                                  .flops = 2.0 * (double)p->items * PROBE_CHAINS * lanes * p->turns,
                              });
}

static enum impasto_status copy(struct imp_device *device, const void *with)
{
    const struct peak *p = with;
    return imp_launch(
        device, &(struct imp_launch){
                    .kernel = {"probe", "probe_copy", p->macros},
                    IMP_ARGS(imp_buf(p->from), imp_buf(p->to), imp_int(p->n), imp_int(p->columns)),
                    .global = {(size_t)((p->n + p->columns - 1) / p->columns)},
                    .bytes = 2.0 * (double)COPY,
                });
}

static void bench_peaks(struct bench *bench)
{
    const struct imp_caps *caps = imp_device_caps(bench->device);
    struct peak p = {.turns = caps->cpu ? TURNS : TURNS / 20,
                     .n = (int)(COPY / sizeof(float)) / caps->vector_width,
                     .columns = caps->cpu ? 4096 : 1,
                     .items = caps->cpu ? 16 * (size_t)caps->info.compute_units : 1 << 16};
    const char *const filter = bench->filter;
    snprintf(p.macros, sizeof(p.macros), "-DVW=%d", caps->vector_width);
    bench->filter = NULL;
    check(bench, "peak", imp_buffer_create(bench->device, COPY, "bench", &p.from));
    check(bench, "peak", imp_buffer_create(bench->device, COPY, "bench", &p.to));
    time_case(bench, "peak of multiply-adds", multiply_add, &p);
    time_case(bench, "peak of copying", copy, &p);
    bench->filter = filter;
    imp_buffer_free(&p.from);
    imp_buffer_free(&p.to);
}

/* ---- Convolutions ---------------------------------------------------------------------------- */

struct conv {
    const struct imp_conv_algorithm *algorithm;
    enum imp_gemm gemm;
    int in, out, side;
};

static enum impasto_status convolve(struct imp_device *device, const void *with)
{
    const struct conv *c = with;
    double ignored;
    return imp_tune_time(device, c->algorithm, c->gemm, c->in, c->out, c->side, &ignored);
}

static void bench_conv(struct bench *bench, const struct conv *c, const char *layer)
{
    char name[64];
    double seconds = 0;
    snprintf(name, sizeof(name), "conv %s%s %s %d>%d @ %d", c->algorithm->name,
             c->gemm == IMP_GEMM_CLBLAST ? " clblast" : "", layer, c->in, c->out, c->side);
    if (!is_wanted(bench, name) ||
        !c->algorithm->supports(imp_device_caps(bench->device), c->in, c->out))
        return;
    check(bench, name,
          imp_tune_time(bench->device, c->algorithm, c->gemm, c->in, c->out, c->side, &seconds));
    if (!bench->failed)
        print_row(name, "all", seconds, 18.0 * c->in * c->out * c->side * c->side, 0);
    time_case(bench, name, convolve, c);
}

/* By one algorithm, each layer forwards and backwards. */
static void bench_algorithm(struct bench *bench, const struct imp_conv_algorithm *algorithm,
                            enum imp_gemm gemm)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        const int in = shape->in_channels, out = shape->out_channels;
        const int side = bench->size >> (shape->block - 1);
        bench_conv(bench, &(struct conv){algorithm, gemm, in, out, side}, shape->name);
        if (in != out)
            bench_conv(bench, &(struct conv){algorithm, gemm, out, in, side}, shape->name);
    }
}

/* CLBlast compiles for long on CPUs, so it is timed where the filter names it. */
static void bench_convolutions(struct bench *bench)
{
    const bool library = imp_gemm_clblast_available() && bench->filter != NULL &&
                         strstr(bench->filter, "clblast") != NULL;
    const enum imp_gemm builtin = imp_gemm_builtin(imp_device_caps(bench->device));
    for (size_t a = 0; imp_conv_algorithms[a]; a++) {
        bench_algorithm(bench, imp_conv_algorithms[a], builtin);
        if (library && imp_conv_algorithms[a]->products != IMP_PRODUCTS_NONE)
            bench_algorithm(bench, imp_conv_algorithms[a], IMP_GEMM_CLBLAST);
    }
}

/* ---- What else a layer needs ----------------------------------------------------------------- */

struct layer {
    struct imp_tensor x, g, half;
    struct imp_window whole;
    struct imp_blocks blocks;
    struct imp_buffer *route, *mask, *workspace, *sums, *gram;
};

static enum impasto_status pool_forward(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    return imp_pool_forward(device, &l->x, &l->whole, &l->half, false, l->route);
}

static enum impasto_status pool_backward(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    return imp_pool_backward_route(device, l->route, NULL, &l->whole, &l->half, &l->g, false);
}

static enum impasto_status gram(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    const int channels = l->x.channels;
    IMP_TRY(imp_gram(device, &l->x, &l->whole, &l->blocks, NULL, l->workspace, l->sums, NULL));
    return imp_gram_finish(device, l->sums, channels, (double)channels * l->x.height * l->x.width,
                           l->gram);
}

static enum impasto_status relu_mask(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    return imp_relu_mask(device, &l->x, &l->whole, &l->g);
}

static enum impasto_status mask_pack(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    return imp_mask_pack(device, &l->x, &l->whole, l->x.height, l->mask);
}

static enum impasto_status content(struct imp_device *device, const void *with)
{
    const struct layer *l = with;
    return imp_content_backward(device, &l->x, &l->whole, &l->x, &l->g, 1.0f, true);
}

static const struct {
    const char *name;
    case_fn run;
} layer_cases[] = {{"pool forward", pool_forward},
                   {"pool backward", pool_backward},
                   {"gram", gram},
                   {"relu mask", relu_mask},
                   {"mask pack", mask_pack},
                   {"content backward", content}};

static void bench_layer(struct bench *bench, int channels, int side)
{
    struct imp_device *device = bench->device;
    const struct imp_caps *caps = imp_device_caps(device);
    const int lanes = caps->vector_width;
    struct layer l = {
        .x = {.channels = channels, .height = side, .width = side, .lanes = lanes},
        .half = {.channels = channels, .height = side / 2, .width = side / 2, .lanes = lanes},
        .whole = {.rows = side, .begins = true},
        .blocks = {.height = side, .rows = side / 8, .count = 8}};
    l.g = l.x;
    const struct {
        struct imp_buffer **buffer;
        size_t bytes;
    } buffers[] = {{&l.x.buffer, imp_tensor_bytes(channels, side, side, lanes)},
                   {&l.g.buffer, imp_tensor_bytes(channels, side, side, lanes)},
                   {&l.half.buffer, imp_tensor_bytes(channels, side / 2, side / 2, lanes)},
                   {&l.route, imp_pool_route_bytes(&l.half)},
                   {&l.mask, imp_mask_bytes(&l.x)},
                   {&l.workspace, imp_gram_workspace(caps, channels, side, side, &l.blocks)},
                   {&l.sums, imp_gram_sums_bytes(caps, channels)},
                   {&l.gram, (size_t)channels * (size_t)channels * sizeof(float)}};
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        check(bench, "layer",
              imp_buffer_create(device, buffers[i].bytes, "bench", buffers[i].buffer));
    for (size_t i = 0; i < IMP_COUNT(layer_cases); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s %d @ %d", layer_cases[i].name, channels, side);
        time_case(bench, name, layer_cases[i].run, &l);
    }
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i].buffer);
}

/* ---- Style networks -------------------------------------------------------------------------- */

/* The layers of one, whose input is so many times smaller than the picture. Channels are multiples
 * of its width; 0: the picture's 3. */
static const struct {
    int in, out, size, stride;
    bool upsample;
    int smaller;
} style_layers[] = {
    {0, 1, 9, 1, false, 1}, {1, 2, 3, 2, false, 1}, {2, 4, 3, 2, false, 2}, {4, 4, 3, 1, false, 4},
    {4, 2, 3, 1, true, 4},  {2, 1, 3, 1, true, 2},  {1, 0, 9, 1, false, 1},
};

static struct imp_conv_shape style_shape(size_t layer, int width)
{
    const int in = style_layers[layer].in, out = style_layers[layer].out;
    return (struct imp_conv_shape){.in = in > 0 ? in * width : 3,
                                   .out = out > 0 ? out * width : 3,
                                   .size = style_layers[layer].size,
                                   .stride = style_layers[layer].stride,
                                   .upsample = style_layers[layer].upsample};
}

static int output_side(const struct imp_conv_shape *shape, int side)
{
    return side * (shape->upsample ? 2 : 1) / shape->stride;
}

static void name_layer(char name[64], const char *what, const struct imp_conv_shape *shape,
                       int side)
{
    snprintf(name, 64, "%s %d>%d %dx%d%s%s @ %d", what, shape->in, shape->out, shape->size,
             shape->size, shape->stride == 2 ? " /2" : "", shape->upsample ? " x2" : "", side);
}

struct style_conv {
    struct imp_conv_any call;
    enum imp_direction direction;
};

static enum impasto_status style_convolve(struct imp_device *device, const void *with)
{
    const struct style_conv *c = with;
    return c->direction == IMP_FORWARD ? imp_conv_any_forward(device, &c->call)
                                       : imp_conv_any_backward(device, &c->call);
}

static double seconds_of(struct bench *bench, const char *name, case_fn run, const void *with)
{
    double best = 0;
    for (int i = -1; i < RUNS && !bench->failed; i++) {
        const double begin = imp_host_seconds();
        check(bench, name, run(bench->device, with));
        check(bench, name, imp_device_finish(bench->device));
        const double seconds = imp_host_seconds() - begin;
        if (i <= 0 || seconds < best)
            best = seconds;
    }
    return best;
}

/* The flops of the whole are those of the layer as it is defined. */
static void bench_style_conv(struct bench *bench, const struct imp_conv_shape *shape, int side,
                             enum imp_direction direction)
{
    const struct imp_caps *caps = imp_device_caps(bench->device);
    const bool backward = direction == IMP_BACKWARD;
    const int out_side = output_side(shape, side);
    const int margin = imp_conv_any_margin(shape);
    const int y_margin = backward ? imp_conv_any_gradient_margin(shape) : 1;
    /* Where Winograd's filtering is possible it wants a gradient's margin around both. */
    const int x_margin = backward && !imp_conv_any_strips(caps, shape) ? y_margin : margin;
    const size_t weights = (size_t)(shape->out * shape->in * shape->size * shape->size);
    struct imp_buffer *parameters = NULL, *packed = NULL;
    struct style_conv c = {.call = {.shape = *shape,
                                    .x = imp_map_of(shape->in, side, side, x_margin,
                                                    shape->in == 3 ? 1 : caps->vector_width),
                                    .y = imp_map_of(shape->out, out_side, out_side, y_margin,
                                                    shape->out == 3 ? 1 : caps->vector_width)},
                           .direction = direction};
    const struct {
        struct imp_buffer **buffer;
        size_t bytes;
    } buffers[] = {{&c.call.x.tensor.buffer, imp_map_bytes(&c.call.x)},
                   {&c.call.y.tensor.buffer, imp_map_bytes(&c.call.y)},
                   {&parameters, weights * sizeof(float)},
                   {&packed, imp_conv_any_packed(caps, shape, direction)},
                   {&c.call.workspace, imp_conv_any_workspace(caps, shape, side, side)}};
    char name[64];
    name_layer(name, backward ? "style backward" : "style forward", shape, side);
    if (!is_wanted(bench, name))
        return;
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        if (buffers[i].bytes > 0)
            check(bench, name,
                  imp_buffer_create(bench->device, buffers[i].bytes, "bench", buffers[i].buffer));
    check(bench, name, imp_conv_any_pack(bench->device, shape, direction, parameters, 0, packed));
    c.call.packed = packed;
    const double seconds = seconds_of(bench, name, style_convolve, &c);
    if (!bench->failed)
        print_row(name, "all", seconds, 2.0 * (double)weights * out_side * out_side, 0);
    time_case(bench, name, style_convolve, &c);
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i].buffer);
}

static void bench_style(struct bench *bench, int width)
{
    for (size_t i = 0; i < IMP_COUNT(style_layers); i++) {
        const struct imp_conv_shape shape = style_shape(i, width);
        const int side = bench->size / 4 * 4 / style_layers[i].smaller;
        bench_style_conv(bench, &shape, side, IMP_FORWARD);
        if (shape.in != 3)
            bench_style_conv(bench, &shape, side, IMP_BACKWARD);
    }
}

static enum impasto_status weight_gradient(struct imp_device *device, const void *with)
{
    return imp_conv_any_weights(device, with);
}

static void bench_weights(struct bench *bench, const struct imp_conv_shape *shape, int side)
{
    const struct imp_caps *caps = imp_device_caps(bench->device);
    const int out_side = output_side(shape, side);
    const size_t weights = (size_t)(shape->out * shape->in * shape->size * shape->size);
    struct imp_conv_any_weights call = {
        .shape = *shape,
        .x = imp_map_of(shape->in, side, side, 4, shape->in == 3 ? 1 : caps->vector_width),
        .y_gradient =
            imp_map_of(shape->out, out_side, out_side, 4, shape->out == 3 ? 1 : caps->vector_width),
        .bias_at = shape->out == 3 ? (long)weights : -1};
    const struct {
        struct imp_buffer **buffer;
        size_t bytes;
    } buffers[] = {{&call.x.tensor.buffer, imp_map_bytes(&call.x)},
                   {&call.y_gradient.tensor.buffer, imp_map_bytes(&call.y_gradient)},
                   {&call.gradient, (weights + (size_t)shape->out) * sizeof(float)},
                   {&call.workspace, imp_conv_any_weights_workspace(caps, shape, side, side)}};
    char name[64];
    name_layer(name, "gradient of weights", shape, side);
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        check(bench, name,
              imp_buffer_create(bench->device, buffers[i].bytes, "bench", buffers[i].buffer));
    time_case(bench, name, weight_gradient, &call);
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i].buffer);
}

/* ---- Maps of style networks ------------------------------------------------------------------ */

#define MARGIN 4

struct maps {
    struct imp_map x, y, planar;
    struct imp_window whole;
    struct imp_buffer *parameters, *gradient, *sums, *statistics, *image;
    struct imp_norm_row row;
};

static enum impasto_status map_fill(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    return imp_map_fill(device, &m->y, MARGIN, IMP_EDGE_REFLECT, true, true);
}

static enum impasto_status map_fold(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    return imp_map_fold(device, &m->y, MARGIN, IMP_EDGE_REFLECT);
}

static enum impasto_status map_take(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    const int height = imp_map_height(&m->planar), width = imp_map_width(&m->planar);
    return imp_map_take(device, m->image, height, width, 0, 255, 0, NULL, &m->planar, MARGIN);
}

static enum impasto_status give(struct imp_device *device, const struct maps *m,
                                enum imp_output output)
{
    const int height = imp_map_height(&m->planar), width = imp_map_width(&m->planar);
    return imp_map_give(device, &m->planar, 0, height, output, 1, 0, m->image, height, width, 0);
}

static enum impasto_status map_give(struct imp_device *device, const void *with)
{
    return give(device, with, IMP_OUTPUT_LINEAR);
}

static enum impasto_status map_give_tanh(struct imp_device *device, const void *with)
{
    return give(device, with, IMP_OUTPUT_TANH);
}

static enum impasto_status map_add(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    return imp_map_add(device, &m->x, &m->y);
}

static enum impasto_status norm_forward(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    const int height = imp_map_height(&m->x), width = imp_map_width(&m->x);
    IMP_TRY(imp_norm_sums(device, &m->x, &m->whole, m->sums));
    IMP_TRY(imp_norm_finish(device, m->sums, height, width, 1e-5f, &m->row, m->statistics));
    return imp_norm_apply(device, &m->x, m->statistics, true, NULL, &m->y, 0, height);
}

static enum impasto_status norm_backward(struct imp_device *device, const void *with)
{
    const struct maps *m = with;
    return imp_norm_backward(device, &m->x, m->statistics, &m->row, true, &m->y, m->sums,
                             m->gradient);
}

static const struct {
    const char *name;
    case_fn run;
} map_cases[] = {{"map take", map_take},           {"map give", map_give},
                 {"map give tanh", map_give_tanh}, {"norm forward", norm_forward},
                 {"map fill", map_fill},           {"map fold", map_fold},
                 {"norm backward", norm_backward}, {"map add", map_add}};

static void bench_maps(struct bench *bench, int channels, int side)
{
    struct imp_device *device = bench->device;
    const int lanes = imp_device_caps(device)->vector_width;
    struct maps m = {.x = imp_map_of(channels, side, side, 1, lanes),
                     .y = imp_map_of(channels, side, side, MARGIN, lanes),
                     .planar = imp_map_of(3, side, side, MARGIN, 1),
                     .whole = {.rows = side, .begins = true}};
    const size_t parameters = 2 * (size_t)channels * sizeof(float);
    const struct {
        struct imp_buffer **buffer;
        size_t bytes;
    } buffers[] = {{&m.x.tensor.buffer, imp_map_bytes(&m.x)},
                   {&m.y.tensor.buffer, imp_map_bytes(&m.y)},
                   {&m.planar.tensor.buffer, imp_map_bytes(&m.planar)},
                   {&m.image, 3 * (size_t)side * (size_t)side * sizeof(float)},
                   {&m.parameters, parameters},
                   {&m.gradient, parameters},
                   {&m.sums, imp_norm_sums_bytes(imp_device_caps(device), channels, side)},
                   {&m.statistics, imp_norm_statistics_bytes(channels)}};
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        check(bench, "map",
              imp_buffer_create(device, buffers[i].bytes, "bench", buffers[i].buffer));
    m.row = (struct imp_norm_row){m.parameters, 0, (size_t)channels, channels};
    for (size_t i = 0; i < IMP_COUNT(map_cases); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s %d @ %d", map_cases[i].name, channels, side);
        time_case(bench, name, map_cases[i].run, &m);
    }
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(buffers[i].buffer);
}

int bench_ops(struct imp_device *device, const char *filter, int size)
{
    static const int channels[] = {64, 128, 256, 512};
    struct bench bench = {.device = device, .filter = filter, .size = size};
    bench_peaks(&bench);
    bench_convolutions(&bench);
    for (size_t i = 0; i < IMP_COUNT(channels); i++)
        bench_layer(&bench, channels[i], size >> i);
    for (int width = 8; width <= 32; width *= 2)
        bench_style(&bench, width);
    for (size_t i = 0; i < IMP_COUNT(style_layers); i++) {
        const struct imp_conv_shape shape = style_shape(i, 16);
        bench_weights(&bench, &shape, size / style_layers[i].smaller / 4 * 4);
    }
    for (int i = 0; i < 3; i++)
        bench_maps(&bench, 16 << i, size >> i);
    return bench.failed;
}
