/* SPDX-License-Identifier: MIT */
/* A network's two ends, where 9x9 taps meet a picture: cl/conv_nine.cl. */

#include "ops/conv_nine.h"
#include "ops/kernels.h"

#define TAPS 9
#define THIRD 3
#define POINTS 5
#define MACROS 64
/* Bytes of transformed rows aimed at for a core, which its cache holds; and the least rows that are
 * computed from them, since the taps take TAPS - 1 more. */
#define ROWS_BYTES (1u << 20)
#define ROWS_LEAST 16

bool imp_conv_nine_suits(const struct imp_caps *caps, const struct imp_conv_shape *s)
{
    return caps->cpu && s->size == TAPS && s->stride == 1 && !s->upsample &&
           (s->in == 3) != (s->out == 3);
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* How outputs are grouped, `outputs` in each of `groups`. */
struct task {
    bool to_picture, paired; /* paired: in vectors of two rows, one below the other */
    int outputs, groups, window;
    struct imp_conv_block block; /* from a picture: vectors of channels, and tiles */
    int tiles, high;             /* to a picture: vectors of tiles, and rows */
};

/* To a picture, the block with weights and input must fit 32 registers where vectors have 16 lanes,
 * and 16 elsewhere. */
static struct task task_of(const struct imp_caps *caps, const struct imp_conv_shape *s)
{
    const int lanes = caps->vector_width;
    if (s->out == 3)
        return (struct task){.to_picture = true,
                             .outputs = 3,
                             .groups = 1,
                             .window = TAPS,
                             .tiles = lanes == 16 ? 4 : 2,
                             .high = 2};
    const int vectors = round_up(s->out, lanes) / lanes;
    struct task task = {.paired = 2 * s->out <= lanes, .block = imp_conv_block_of(caps, vectors)};
    task.outputs = task.block.vectors * lanes;
    task.groups = vectors / task.block.vectors;
    task.window = TAPS + task.paired;
    task.high = 1 + task.paired;
    return task;
}

/* Vectors of tiles that a row takes. */
static int tiles_of(const struct imp_caps *caps, const struct task *task, int width)
{
    const int pixels = THIRD * caps->vector_width * (task->to_picture ? task->tiles : 1);
    return round_up(width, pixels) / (THIRD * caps->vector_width);
}

/* Tiles of a transformed row, with those that the last ones read. */
static int pitch_of(const struct imp_caps *caps, const struct task *task, int width)
{
    return (tiles_of(caps, task, width) + 1) * caps->vector_width;
}

/* Floats of a transformed row. */
static size_t row_floats(const struct imp_caps *caps, const struct imp_conv_shape *s, int width)
{
    const struct task task = task_of(caps, s);
    return (size_t)POINTS * (size_t)s->in * (size_t)pitch_of(caps, &task, width);
}

/* Rows that are computed at a time. */
static int rows_of(const struct imp_caps *caps, const struct imp_conv_shape *s, int height,
                   int width)
{
    const size_t bytes = (size_t)ROWS_BYTES * caps->info.compute_units;
    const size_t fit = bytes / (row_floats(caps, s, width) * sizeof(float));
    const int rows = fit < TAPS - 1 + ROWS_LEAST ? ROWS_LEAST : (int)fit - (TAPS - 1);
    return rows < height ? rows : height;
}

size_t imp_conv_nine_workspace(const struct imp_caps *caps, const struct imp_conv_shape *s,
                               int height, int width)
{
    return (size_t)(rows_of(caps, s, height, width) + TAPS - 1) * row_floats(caps, s, width) *
           sizeof(float);
}

/* ---- Weights --------------------------------------------------------------------------------- */

size_t imp_conv_nine_packed(const struct imp_caps *caps, const struct imp_conv_shape *s)
{
    const struct task task = task_of(caps, s);
    return (size_t)(task.groups * task.outputs * task.window) * POINTS * THIRD * (size_t)s->in *
           sizeof(float);
}

static enum impasto_status launch(struct imp_device *device, const struct imp_conv_shape *s,
                                  const char *function, const struct imp_launch *launch)
{
    const struct task task = task_of(imp_device_caps(device), s);
    struct imp_launch whole = *launch;
    char macros[MACROS];
    if (task.to_picture)
        snprintf(macros, sizeof(macros), "-DOUT=3 -DNV=%d -DHIGH=%d", task.tiles, task.high);
    else
        snprintf(macros, sizeof(macros), "-DOUT=%d -DCV=%d -DTB=%d%s", task.outputs,
                 task.block.vectors, task.block.positions, task.paired ? " -DPAIRED" : "");
    whole.kernel.macros = macros;
    return imp_program_launch(device, IMP_PROGRAM_CONV_NINE, function, &whole);
}

enum impasto_status imp_conv_nine_pack(struct imp_device *device, const struct imp_conv_shape *s,
                                       const struct imp_buffer *parameters, size_t at,
                                       struct imp_buffer *packed)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct task task = task_of(caps, s);
    return launch(device, s, "nine_pack",
                  &(struct imp_launch){
                      IMP_ARGS(imp_buf(parameters), imp_int((int)at), imp_buf(packed),
                               imp_int(s->in), imp_int(s->out), imp_int(task.groups)),
                      .global = {(size_t)task.groups * (size_t)task.outputs, (size_t)s->in},
                      .bytes = 2 * (double)imp_conv_nine_packed(caps, s),
                      .label = "pack",
                  });
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* The rows at hand: the first, how many, and of how many that are there at a time. */
struct band {
    int first, rows, slots;
};

static double taken_bytes(const struct imp_conv_nine *conv, int pitch, int rows)
{
    return imp_float_bytes((double)(conv->cols + POINTS * pitch) * conv->shape->in * rows);
}

/* Transforms `rows` rows of x from row `first` on, which lies TAPS / 2 rows above y's. */
static enum impasto_status take_planes(struct imp_device *device, const struct imp_conv_nine *conv,
                                       int slots, int first, int rows)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct task task = task_of(caps, conv->shape);
    const int pitch = pitch_of(caps, &task, conv->cols);
    return launch(
        device, conv->shape, "nine_take_planes",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->x.buffer), imp_int(conv->x.pitch), imp_int(conv->x.plane),
                     imp_int(conv->x.from + first * conv->x.pitch), imp_int(conv->cols + TAPS - 1),
                     imp_buf(conv->workspace), imp_int(conv->shape->in), imp_int(pitch),
                     imp_int(first % slots), imp_int(slots), imp_int(rows)),
            .global = {(size_t)rows, 3},
            .bytes = taken_bytes(conv, pitch, rows),
            .label = conv->label,
        });
}

static enum impasto_status take_blocks(struct imp_device *device, const struct imp_conv_nine *conv,
                                       int slots, int first, int rows)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct task task = task_of(caps, conv->shape);
    const int pitch = pitch_of(caps, &task, conv->cols), in = conv->shape->in;
    const struct imp_buffer *statistics = conv->statistics ? conv->statistics : conv->packed;
    return launch(
        device, conv->shape, "nine_take_blocks",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->x.buffer), imp_int(conv->x.pitch), imp_int(conv->x.plane),
                     imp_int(conv->x.from + first * conv->x.pitch), imp_int(conv->cols + TAPS - 1),
                     imp_buf(conv->workspace), imp_int(in), imp_int(pitch), imp_int(first % slots),
                     imp_int(slots), imp_int(rows), imp_buf(statistics),
                     imp_int(conv->statistics != NULL), imp_int(conv->relu)),
            .global = {(size_t)rows, imp_items(in, caps->vector_width)},
            .bytes = taken_bytes(conv, pitch, rows),
            .label = conv->label,
        });
}

static double band_flops(const struct imp_conv_nine *conv, const struct band *band)
{
    const struct imp_conv_shape *s = conv->shape;
    return 2.0 * POINTS * TAPS * s->in * s->out * band->rows * conv->cols;
}

static enum impasto_status to_planes(struct imp_device *device, const struct imp_conv_nine *conv,
                                     const struct band *band)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct task task = task_of(caps, conv->shape);
    return launch(
        device, conv->shape, "nine_to_planes",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->workspace), imp_int(pitch_of(caps, &task, conv->cols)),
                     imp_int(conv->shape->in), imp_int(band->first % band->slots),
                     imp_int(band->slots), imp_buf(conv->packed), imp_buf(conv->y.buffer),
                     imp_int(conv->y.pitch), imp_int(conv->y.plane),
                     imp_int(conv->y.from + band->first * conv->y.pitch),
                     imp_buf(conv->bias ? conv->bias : conv->packed), imp_int((int)conv->bias_at),
                     imp_int(conv->bias != NULL), imp_int(band->rows), imp_int(conv->cols)),
            .global = {imp_items(band->rows, task.high),
                       imp_items(tiles_of(caps, &task, conv->cols), task.tiles)},
            .flops = band_flops(conv, band),
            .label = conv->label,
        });
}

static enum impasto_status to_blocks(struct imp_device *device, const struct imp_conv_nine *conv,
                                     const struct band *band)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct task task = task_of(caps, conv->shape);
    return launch(device, conv->shape, "nine_to_blocks",
                  &(struct imp_launch){
                      IMP_ARGS(imp_buf(conv->workspace), imp_int(pitch_of(caps, &task, conv->cols)),
                               imp_int(1), imp_int(band->first % band->slots), imp_int(band->slots),
                               imp_buf(conv->packed), imp_int(task.groups), imp_buf(conv->y.buffer),
                               imp_int(conv->y.pitch), imp_int(conv->y.plane),
                               imp_int(conv->y.from + band->first * conv->y.pitch),
                               imp_int(band->rows), imp_int(conv->cols)),
                      .global = {(size_t)task.groups, imp_items(band->rows, task.high)},
                      .flops = band_flops(conv, band),
                      .label = conv->label,
                  });
}

/* Each band of rows keeps the transformed rows that it shares with the one before. */
enum impasto_status imp_conv_nine(struct imp_device *device, const struct imp_conv_nine *conv)
{
    const int most = rows_of(imp_device_caps(device), conv->shape, conv->height, conv->cols);
    const int beyond = TAPS - 1;
    int taken = 0;
    for (int first = 0; first < conv->rows; first += most) {
        const int left = conv->rows - first;
        const struct band band = {first, left < most ? left : most, most + beyond};
        const int end = first + band.rows + beyond;
        IMP_TRY(conv->shape->out == 3 ? take_blocks(device, conv, band.slots, taken, end - taken)
                                      : take_planes(device, conv, band.slots, taken, end - taken));
        taken = end;
        IMP_TRY(conv->shape->out == 3 ? to_planes(device, conv, &band)
                                      : to_blocks(device, conv, &band));
    }
    return IMPASTO_OK;
}
