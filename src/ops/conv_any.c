/* SPDX-License-Identifier: MIT */
/* Convolutions of style networks, and the gradients to their inputs: cl/conv_any.cl. */

#include "ops/conv_nine.h"
#include "ops/kernels.h"

#define MACROS 64

/* ---- What is computed ------------------------------------------------------------------------ */

int imp_conv_any_margin(const struct imp_conv_shape *s)
{
    return s->size / 2;
}

int imp_conv_any_gradient_margin(const struct imp_conv_shape *s)
{
    if (s->upsample)
        return 3;
    return s->stride == 2 ? s->size / 2 : s->size - 1;
}

/*
 * One axis of a window that slides. Tap t of output i meets x at stride * i + from + t. Its weight
 * is the sum over an interval of the layer's kernel, from low + slope * t to high + slope * t, as
 * far as there is one.
 */
struct axis {
    int taps, from, low, high, slope;
};

static struct axis axis_of(const struct imp_conv_shape *s, enum imp_direction direction, int phase)
{
    const int half = s->size / 2, end = s->size - 1;
    if (s->upsample && direction == IMP_FORWARD)
        return (struct axis){2, phase - 1, phase - 1, phase, 2};
    if (s->upsample)
        return (struct axis){4, -1, 2, 3, -1};
    if (direction == IMP_FORWARD)
        return (struct axis){s->size, -half, 0, 0, 1};
    if (s->stride == 1)
        return (struct axis){s->size, -half, end, end, -1};
    /* Every second column of the kernel, from the last that meets this phase on. */
    const int last = end - (end + phase + half) % 2;
    return (struct axis){(last + 2) / 2, (phase + half - last) / 2, last, last, -2};
}

/* A convolution as the kernels know it: the layer's, or its gradient's. */
struct task {
    int in, out; /* channels of what is read and written */
    int size, stride;
    int phases;                /* along each axis */
    int in_stride, out_stride; /* floats between channels' weights in the layer's */
    bool planar_in, spread;    /* spread: its outputs are the columns of a planar picture's sums */
    bool paired;               /* outputs are computed in pairs: cl/conv_any.cl */
    int lanes, blocks;         /* of what is read */
    int vectors;               /* of what is written */
    struct imp_conv_block block;
    struct axis axis[2]; /* by phase */
};

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

static struct task task_of(const struct imp_caps *caps, const struct imp_conv_shape *s,
                           enum imp_direction direction)
{
    const bool forward = direction == IMP_FORWARD;
    const int width = caps->vector_width;
    struct task t = {.in = forward ? s->in : s->out,
                     .out = forward ? s->out : s->in,
                     .size = s->size,
                     .stride = forward       ? s->stride
                               : s->upsample ? 2
                                             : 1,
                     .phases = (forward ? s->upsample : s->stride == 2) ? 2 : 1,
                     .in_stride = (forward ? 1 : s->in) * s->size * s->size,
                     .out_stride = (forward ? s->in : 1) * s->size * s->size,
                     .axis = {axis_of(s, direction, 0), axis_of(s, direction, 1)}};
    t.planar_in = t.in == 3;
    t.spread = t.out == 3;
    t.paired = !t.spread && 2 * t.out <= width;
    t.lanes = t.planar_in ? 1 : width;
    t.blocks = round_up(t.in, t.lanes) / t.lanes;
    t.vectors = round_up(t.spread ? 3 * s->size : t.out, width) / width;
    if (t.spread)
        t.vectors = round_up(t.vectors, imp_conv_block(caps).vectors);
    t.block = imp_conv_block_of(caps, t.vectors);
    return t;
}

/* A phase's window, its axes down and across, and where its weights begin, in vectors. */
struct phase {
    struct axis down, across;
    int at[2]; /* of the outputs, which lie `phases` apart */
    size_t weights;
};

static size_t phase_weights(const struct task *t, const struct phase *p)
{
    return (size_t)t->vectors * (size_t)(t->blocks * t->lanes * p->down.taps * p->across.taps);
}

/* n: 0 to phases * phases, which gives the end of all weights. */
static struct phase phase_of(const struct task *t, int n)
{
    struct phase p = {.weights = 0};
    for (int i = 0; i <= n; i++) {
        p.weights += i > 0 ? phase_weights(t, &p) : 0;
        p.at[0] = i / t->phases;
        p.at[1] = i % t->phases;
        p.down = t->axis[p.at[0] % 2];
        p.across = t->axis[p.at[1]];
        if (t->spread)
            p.across.taps = 1;
        if (t->paired)
            p.across.taps += t->stride;
    }
    return p;
}

/* ---- Weights --------------------------------------------------------------------------------- */

size_t imp_conv_any_packed(const struct imp_caps *caps, const struct imp_conv_shape *shape,
                           enum imp_direction direction)
{
    if (direction == IMP_FORWARD && imp_conv_nine_suits(caps, shape))
        return imp_conv_nine_packed(caps, shape);
    const struct task t = task_of(caps, shape, direction);
    return phase_of(&t, t.phases * t.phases).weights * (size_t)caps->vector_width * sizeof(float);
}

static enum impasto_status pack_phase(struct imp_device *device, const struct task *t,
                                      const struct phase *p, const struct imp_buffer *parameters,
                                      size_t at, struct imp_buffer *packed)
{
    const int in = t->blocks * t->lanes, lanes = imp_device_caps(device)->vector_width;
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_ANY, "conv_any_pack",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(parameters), imp_int((int)at), imp_buf(packed),
                     imp_int((int)p->weights), imp_int(t->in), imp_int(t->out),
                     imp_int(t->in_stride), imp_int(t->out_stride), imp_int(t->size),
                     imp_int(p->down.taps), imp_int(p->across.taps), imp_int(p->down.low),
                     imp_int(p->down.high), imp_int(p->across.low), imp_int(p->across.high),
                     imp_int(p->down.slope), imp_int(t->spread), imp_int(t->paired ? t->stride : 0),
                     imp_int(t->blocks), imp_int(t->lanes), imp_int(t->vectors),
                     imp_int(t->block.vectors)),
            .global = {(size_t)in, (size_t)t->vectors},
            .bytes = imp_float_bytes(2.0 * (double)phase_weights(t, p) * lanes),
            .label = "pack",
        });
}

enum impasto_status imp_conv_any_pack(struct imp_device *device, const struct imp_conv_shape *shape,
                                      enum imp_direction direction,
                                      const struct imp_buffer *parameters, size_t at,
                                      struct imp_buffer *packed)
{
    const struct imp_caps *caps = imp_device_caps(device);
    if (direction == IMP_FORWARD && imp_conv_nine_suits(caps, shape))
        return imp_conv_nine_pack(device, shape, parameters, at, packed);
    const struct task t = task_of(caps, shape, direction);
    for (int n = 0; n < t.phases * t.phases; n++) {
        const struct phase p = phase_of(&t, n);
        IMP_TRY(pack_phase(device, &t, &p, parameters, at, packed));
    }
    return IMPASTO_OK;
}

/* ---- Launches -------------------------------------------------------------------------------- */

/* A rectangle of a picture, its margin at negative rows and columns. */
struct area {
    int row, col, rows, cols;
};

/* A map's picture, and so much more on each side. */
static struct area picture_of(const struct imp_map *map, int margin)
{
    return (struct area){-margin, -margin, imp_map_height(map) + 2 * margin,
                         imp_map_width(map) + 2 * margin};
}

/* What the kernel reads or writes: at position `first` is the first pixel of row `begin` of the
 * whole picture. */
struct place {
    const struct imp_buffer *buffer;
    int pitch, plane, first, begin;
};

/* begin: the row of the whole picture that the map's row 0 is. */
static struct place place_of(const struct imp_map *map, int begin)
{
    const int pitch = map->tensor.width + 2;
    return (struct place){.buffer = map->tensor.buffer,
                          .pitch = pitch,
                          .plane = imp_tensor_plane(&map->tensor),
                          .first = (map->inset + 1) * (pitch + 1),
                          .begin = begin};
}

/* Of a pixel of the whole picture that is in the buffer. The whole may have more positions than an
 * int can count. */
static int position_of(const struct place *place, int row, int col)
{
    return place->first + (row - place->begin) * place->pitch + col;
}

/* Of the outputs begin to begin + count, those of a phase: the first one's number among them. */
static int first_of(int begin, int phase, int phases)
{
    return phases == 1 ? begin : (begin - phase + 1) >> 1;
}

static struct area area_of(const struct area *y, const struct phase *p, int phases)
{
    const int row = first_of(y->row, p->at[0], phases), col = first_of(y->col, p->at[1], phases);
    return (struct area){row, col, first_of(y->row + y->rows, p->at[0], phases) - row,
                         first_of(y->col + y->cols, p->at[1], phases) - col};
}

/* Bytes of weights that a work-item uses over and over: half of a core's innermost cache. And of x,
 * from which its next group of channels is computed: half of the next cache. */
#define DEPTH_BYTES (16u << 10)
#define AREA_BYTES (256u << 10)
/* Columns of a work-item's area, about, and its rows at most. Each core gets so many areas or more.
 */
#define AREA_COLS 64
#define AREA_ROWS 16
#define AREAS_PER_UNIT 8

/* What a work-item does: rows, columns, and blocks of channels at a time. */
struct share {
    int high, run, depth;
};

static int clamp(int n, int low, int high)
{
    return n < low ? low : n > high ? high : n;
}

static struct share share_of(const struct imp_caps *caps, const struct task *t,
                             const struct phase *p, const struct area *area)
{
    const int tile_cols = t->block.positions * (t->paired ? 2 : 1);
    if (!caps->cpu)
        return (struct share){1, tile_cols, t->blocks};
    const int taps = p->down.taps * p->across.taps;
    const int block_bytes =
        taps * t->lanes * t->block.vectors * caps->vector_width * (int)sizeof(float);
    const int parts = (area->cols + AREA_COLS - 1) / AREA_COLS;
    const int run = round_up((area->cols + parts - 1) / parts, tile_cols);
    const int row_bytes = (t->stride * run + p->across.taps) * t->in * (int)sizeof(float);
    const int fit = ((int)AREA_BYTES / row_bytes - p->down.taps) / t->stride;
    const int groups = t->vectors / t->block.vectors;
    const int64_t even =
        (int64_t)area->rows * parts * groups / (AREAS_PER_UNIT * (int64_t)caps->info.compute_units);
    return (struct share){clamp(fit < even ? fit : (int)even, 1, AREA_ROWS), run,
                          taps > 0 ? clamp((int)DEPTH_BYTES / block_bytes, 1, t->blocks) : 1};
}

/* Whether all phases have as many outputs and taps, and each begins a pixel after the one before.
 */
static bool are_alike(const struct task *t, const struct area *area)
{
    return t->phases == 2 && t->axis[0].taps == t->axis[1].taps &&
           t->axis[1].from == t->axis[0].from + 1 && area->row % 2 == 0 && area->rows % 2 == 0 &&
           area->col % 2 == 0 && area->cols % 2 == 0;
}

/* phases: 1, or all in one launch, of which p is the first. */
static enum impasto_status slide(struct imp_device *device, const struct task *t,
                                 const struct phase *p, int phases, const struct imp_buffer *packed,
                                 const struct place *x, const struct place *y,
                                 const struct area *whole, const char *label)
{
    const struct area area = area_of(whole, p, t->phases);
    if (area.rows < 1 || area.cols < 1)
        return IMPASTO_OK;
    const struct imp_caps *caps = imp_device_caps(device);
    const struct share share = share_of(caps, t, p, &area);
    const size_t items = imp_items(area.rows, share.high) * imp_items(area.cols, share.run);
    const size_t groups = (size_t)(t->vectors / t->block.vectors * phases);
    const int x_from =
        position_of(x, t->stride * area.row + p->down.from, t->stride * area.col + p->across.from);
    const int y_from =
        position_of(y, t->phases * area.row + p->at[0], t->phases * area.col + p->at[1]);
    char macros[MACROS];
    snprintf(macros, sizeof(macros), "-DCV=%d -DTB=%d -DSTRIDE=%d%s%s", t->block.vectors,
             t->block.positions, t->stride, t->planar_in ? " -DPLANAR_IN" : "",
             t->paired ? " -DPAIRED" : "");
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_ANY, "conv_any",
        &(struct imp_launch){
            .kernel.macros = macros,
            IMP_ARGS(imp_buf(x->buffer), imp_int(x->pitch), imp_int(x->plane), imp_int(x_from),
                     imp_buf(y->buffer), imp_int(y->pitch), imp_int(y->plane), imp_int(y_from),
                     imp_buf(packed), imp_int((int)p->weights), imp_int((int)phase_weights(t, p)),
                     imp_int(phases), imp_int(t->in), imp_int(t->vectors), imp_int(p->down.taps),
                     imp_int(p->across.taps), imp_int(t->phases), imp_int(area.rows),
                     imp_int(area.cols), imp_int(share.high), imp_int(share.run),
                     imp_int(share.depth)),
            .global = {caps->cpu ? groups : items, caps->cpu ? items : groups},
            .flops = 2.0 * phases * p->down.taps * (p->across.taps - (t->paired ? t->stride : 0)) *
                     t->in * (t->spread ? t->size * t->out : t->out) * area.rows * area.cols,
            .label = label,
        });
}

static enum impasto_status slide_phases(struct imp_device *device, const struct task *t,
                                        const struct imp_conv_any *conv, const struct place *x,
                                        const struct place *y, const struct area *area)
{
    const int all = t->phases * t->phases, together = are_alike(t, area) ? all : 1;
    for (int n = 0; n < all; n += together) {
        const struct phase p = phase_of(t, n);
        IMP_TRY(slide(device, t, &p, together, conv->packed, x, y, area, conv->label));
    }
    return IMPASTO_OK;
}

/* ---- The last layer: a column of taps for each column of the kernel, then their sums -----------
 */

/* Bytes of workspace aimed at for a core, so that a band of rows stays in its cache; on GPUs. */
#define CPU_BAND (1u << 20)
#define GPU_BAND (64u << 20)

/* Positions of the workspace for so many rows, with what the kernel's columns reach beyond them. */
static int band_positions(const struct task *t, int rows, int width)
{
    return rows * (width + t->size - 1);
}

static int band_rows(const struct imp_caps *caps, const struct task *t, int height, int width)
{
    const size_t row = (size_t)band_positions(t, 1, width) * (size_t)t->vectors *
                       (size_t)caps->vector_width * sizeof(float);
    const size_t bytes = caps->cpu ? (size_t)CPU_BAND * caps->info.compute_units : GPU_BAND;
    const size_t rows = bytes / row;
    return rows < 1 ? 1 : rows < (size_t)height ? (int)rows : height;
}

static enum impasto_status sum_planes(struct imp_device *device, const struct task *t,
                                      const struct imp_conv_any *conv, const struct place *y,
                                      const struct area *area)
{
    const int plane = band_positions(t, area->rows, area->cols);
    const struct imp_buffer *bias = conv->bias ? conv->bias : conv->packed;
    const double flops = 3.0 * t->size * area->rows * area->cols;
    char macros[MACROS];
    snprintf(macros, sizeof(macros), "-DSIZE=%d", t->size);
    if (imp_device_caps(device)->cpu)
        return imp_program_launch(
            device, IMP_PROGRAM_CONV_ANY, "conv_any_planes_row",
            &(struct imp_launch){
                .kernel.macros = macros,
                IMP_ARGS(imp_buf(conv->workspace), imp_int(plane), imp_buf(y->buffer),
                         imp_int(y->pitch), imp_int(y->plane),
                         imp_int(position_of(y, area->row, 0)), imp_buf(bias),
                         imp_int((int)conv->bias_at), imp_int(conv->bias != NULL),
                         imp_int(area->rows), imp_int(area->cols)),
                .global = {(size_t)area->rows},
                .flops = flops,
                .label = conv->label,
            });
    return imp_program_launch(
        device, IMP_PROGRAM_CONV_ANY, "conv_any_planes",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->workspace), imp_int(plane), imp_buf(y->buffer),
                     imp_int(y->pitch), imp_int(y->plane), imp_int(position_of(y, area->row, 0)),
                     imp_buf(bias), imp_int((int)conv->bias_at), imp_int(conv->bias != NULL),
                     imp_int(t->size), imp_int(area->rows), imp_int(area->cols)),
            .global = {(size_t)area->rows * (size_t)area->cols, 3},
            .flops = flops,
            .label = conv->label,
        });
}

static enum impasto_status to_planes(struct imp_device *device, const struct task *t,
                                     const struct imp_conv_any *conv, const struct area *area)
{
    const int rows = band_rows(imp_device_caps(device), t, area->rows, area->cols);
    const struct place x = place_of(&conv->x, conv->x_begin), y = place_of(&conv->y, conv->y_begin);
    const struct phase p = phase_of(t, 0);
    for (int row = area->row; row < area->row + area->rows; row += rows) {
        const int left = area->row + area->rows - row;
        const struct area band = {row, 0, left < rows ? left : rows, area->cols};
        /* x's margin counts as columns, and the workspace begins with the band. */
        const struct area wide = {band.row, 0, band.rows, band.cols + t->size - 1};
        const struct place work = {.buffer = conv->workspace,
                                   .pitch = wide.cols,
                                   .plane = band_positions(t, band.rows, band.cols),
                                   .begin = band.row};
        IMP_TRY(slide(device, t, &p, 1, conv->packed, &x, &work, &wide, conv->label));
        IMP_TRY(sum_planes(device, t, conv, &y, &band));
    }
    return IMPASTO_OK;
}

/* ---- Winograd's filtering, where it pays -------------------------------------------------------
 */

#define FILTERED_CHANNELS 32

static bool is_filtered(const struct imp_caps *caps, const struct imp_conv_shape *s)
{
    return caps->cpu && s->size == 3 && s->stride == 1 && !s->upsample &&
           s->in % caps->vector_width == 0 && s->out % caps->vector_width == 0 &&
           s->in >= FILTERED_CHANNELS && s->out >= FILTERED_CHANNELS;
}

bool imp_conv_any_strips(const struct imp_caps *caps, const struct imp_conv_shape *shape)
{
    return !is_filtered(caps, shape);
}

bool imp_conv_any_normalises(const struct imp_caps *caps, const struct imp_conv_shape *shape)
{
    return imp_conv_nine_suits(caps, shape) && shape->out == 3;
}

/* Whole tensors, whose halo is the margin that is read. */
static enum impasto_status filter(struct imp_device *device, const struct imp_conv_any *conv,
                                  const struct imp_tensor *x, const struct imp_tensor *y)
{
    return imp_conv_winograd4.run(device, &(struct imp_conv){
                                              .x = *x,
                                              .y = *y,
                                              .rows = y->height,
                                              .weights = conv->packed,
                                              .epilogue = IMP_EPILOGUE_STORE,
                                              .workspace = conv->workspace,
                                              .gemm = IMP_GEMM_VECTOR,
                                              .label = conv->label,
                                          });
}

/* ---- A network's ends ------------------------------------------------------------------------
 */

static struct imp_nine_side side_of(const struct place *place, int row, int col)
{
    return (struct imp_nine_side){place->buffer, place->pitch, place->plane,
                                  position_of(place, row, col)};
}

static enum impasto_status to_or_from_picture(struct imp_device *device,
                                              const struct imp_conv_any *conv,
                                              const struct place *x, const struct place *y,
                                              const struct area *area)
{
    const int margin = imp_conv_any_margin(&conv->shape);
    return imp_conv_nine(device, &(struct imp_conv_nine){
                                     .shape = &conv->shape,
                                     .x = side_of(x, area->row - margin, -margin),
                                     .y = side_of(y, area->row, 0),
                                     .rows = area->rows,
                                     .cols = area->cols,
                                     .height = imp_map_height(&conv->y),
                                     .packed = conv->packed,
                                     .bias = conv->bias,
                                     .bias_at = conv->bias_at,
                                     .statistics = conv->statistics,
                                     .relu = conv->relu,
                                     .workspace = conv->workspace,
                                     .label = conv->label,
                                 });
}

/* ---- The two directions ------------------------------------------------------------------------
 */

size_t imp_conv_any_workspace(const struct imp_caps *caps, const struct imp_conv_shape *s,
                              int height, int width)
{
    if (imp_conv_nine_suits(caps, s))
        return imp_conv_nine_workspace(caps, s, height, width);
    if (s->out == 3) {
        const struct task t = task_of(caps, s, IMP_FORWARD);
        return (size_t)band_positions(&t, band_rows(caps, &t, height, width), width) *
               (size_t)t.vectors * (size_t)caps->vector_width * sizeof(float);
    }
    if (!is_filtered(caps, s))
        return 0;
    /* The gradient has the margin for a part of the picture. */
    const size_t forward = imp_conv_winograd4.workspace_size(caps, s->in, s->out, height, width);
    const size_t backward =
        imp_conv_winograd4.workspace_size(caps, s->out, s->in, height + 2, width + 2);
    return forward > backward ? forward : backward;
}

enum impasto_status imp_conv_any_forward(struct imp_device *device, const struct imp_conv_any *conv)
{
    const struct imp_caps *caps = imp_device_caps(device);
    struct area area = picture_of(&conv->y, 0);
    const bool whole = conv->rows == 0 || (conv->first == 0 && conv->rows == area.rows);
    area.row = conv->y_begin + (whole ? 0 : conv->first);
    area.rows = whole ? area.rows : conv->rows;
    const struct task t = task_of(caps, &conv->shape, IMP_FORWARD);
    const struct place x = place_of(&conv->x, conv->x_begin), y = place_of(&conv->y, conv->y_begin);
    if (conv->bias && !t.spread)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "a convolution to %d channels has no bias", conv->shape.out);
    if (conv->statistics && !imp_conv_any_normalises(caps, &conv->shape))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "a convolution from %d to %d channels does not normalise",
                               conv->shape.in, conv->shape.out);
    if (imp_conv_nine_suits(caps, &conv->shape))
        return to_or_from_picture(device, conv, &x, &y, &area);
    if (t.spread)
        return to_planes(device, &t, conv, &area);
    if (is_filtered(caps, &conv->shape) && conv->x.inset == 0 && conv->y.inset == 0 && whole)
        return filter(device, conv, &conv->x.tensor, &conv->y.tensor);
    return slide_phases(device, &t, conv, &x, &y, &area);
}

enum impasto_status imp_conv_any_backward(struct imp_device *device,
                                          const struct imp_conv_any *conv)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct area area = picture_of(&conv->x, imp_conv_any_margin(&conv->shape));
    const struct task t = task_of(caps, &conv->shape, IMP_BACKWARD);
    const struct place x = place_of(&conv->x, 0), y = place_of(&conv->y, 0);
    if (t.spread)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "the gradient to a picture of 3 channels is not computed");
    if (is_filtered(caps, &conv->shape) && conv->x.inset == 1 && conv->y.inset == 1)
        return filter(device, conv, &conv->y.tensor, &conv->x.tensor);
    return slide_phases(device, &t, conv, &y, &x, &area);
}
