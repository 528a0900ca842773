/* SPDX-License-Identifier: MIT */
/* Instance normalisation of maps: cl/norm.cl. */

#include "ops/norm.h"
#include "ops/kernels.h"

/* Statistics are sized for any device: channels rounded up to this. */
#define LANES_MOST 16
/* On GPUs a band's columns are dealt out to so many work-items, which go along rows together. */
#define PARTS_ACROSS 128
/* Numbers of a band and channel forwards; there are fewer backwards. Numbers of a channel's
 * statistics. */
#define MOMENTS 3
#define STATISTICS 5

/* Planes of pictures, of three channels, lie one after the other. */
static enum imp_program program_of(int channels)
{
    return channels == 3 ? IMP_PROGRAM_PLANAR_NORM : IMP_PROGRAM_MAPS;
}

static int lanes_of(const struct imp_caps *caps, int channels)
{
    return channels == 3 ? 1 : caps->vector_width;
}

static int parts_of(const struct imp_caps *caps)
{
    return caps->cpu ? 1 : PARTS_ACROSS;
}

static int bands_of(int rows)
{
    return (rows + IMP_NORM_BAND - 1) / IMP_NORM_BAND;
}

static int blocks_of(const struct imp_map *map)
{
    return imp_tensor_blocks(&map->tensor);
}

static size_t channel_bytes(int channels)
{
    return (size_t)((channels + LANES_MOST - 1) / LANES_MOST * LANES_MOST) * sizeof(float);
}

size_t imp_norm_statistics_bytes(int channels)
{
    return STATISTICS * channel_bytes(channels);
}

/* The layout of sums, as kernels are told of it: vectors of a band, and where in them the parts'
 * begin, behind the band's own. */
struct layout {
    int parts, pitch, to;
};

static struct layout layout_of(const struct imp_caps *caps, int blocks)
{
    const int parts = parts_of(caps), own = MOMENTS * blocks;
    if (parts == 1)
        return (struct layout){.parts = 1, .pitch = own};
    return (struct layout){.parts = parts, .pitch = own + own * parts, .to = own};
}

size_t imp_norm_sums_bytes(const struct imp_caps *caps, int channels, int height)
{
    const int lanes = lanes_of(caps, channels);
    const int blocks = (channels + lanes - 1) / lanes;
    return (size_t)bands_of(height) * (size_t)(layout_of(caps, blocks).pitch * lanes) *
           sizeof(float);
}

/* ---- Forwards -------------------------------------------------------------------------------- */

enum impasto_status imp_norm_sums(struct imp_device *device, const struct imp_map *x,
                                  const struct imp_window *window, struct imp_buffer *sums)
{
    const int blocks = blocks_of(x), bands = bands_of(window->rows);
    const int band = window->at / IMP_NORM_BAND;
    const struct layout layout = layout_of(imp_device_caps(device), blocks);
    IMP_TRY(
        imp_program_launch(device, program_of(x->tensor.channels), "norm_sums",
                           &(struct imp_launch){
                               IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(sums), imp_int(blocks),
                                        imp_int(imp_map_height(x)), imp_int(imp_map_width(x)),
                                        imp_int(imp_map_wide(x)), imp_int(window->first),
                                        imp_int(window->rows), imp_int(band), imp_int(layout.pitch),
                                        imp_int(layout.to), imp_int(layout.parts)),
                               .global = {(size_t)layout.parts, (size_t)bands, (size_t)blocks},
                               .bytes = imp_map_rows_bytes(x, window->rows),
                           }));
    if (layout.parts == 1)
        return IMPASTO_OK;
    return imp_program_launch(
        device, program_of(x->tensor.channels), "norm_parts",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(sums), imp_int(blocks), imp_int(imp_map_width(x)),
                     imp_int(window->rows), imp_int(band), imp_int(layout.pitch),
                     imp_int(layout.to), imp_int(layout.parts)),
            .global = {(size_t)blocks, (size_t)bands},
            .bytes = imp_float_bytes((double)MOMENTS * bands * layout.parts * x->tensor.channels),
        });
}

enum impasto_status imp_norm_finish(struct imp_device *device, const struct imp_buffer *sums,
                                    int height, int width, float epsilon,
                                    const struct imp_norm_row *row, struct imp_buffer *statistics)
{
    const int lanes = lanes_of(imp_device_caps(device), row->channels);
    const int blocks = (row->channels + lanes - 1) / lanes;
    return imp_program_launch(
        device, program_of(row->channels), "norm_finish",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(sums), imp_buf(statistics), imp_int(blocks), imp_int(height),
                     imp_int(width), imp_int(layout_of(imp_device_caps(device), blocks).pitch),
                     imp_float(epsilon), imp_buf(row->parameters), imp_int((int)row->gamma),
                     imp_int((int)row->beta), imp_int(row->channels)),
            .global = {(size_t)blocks},
            .bytes = imp_float_bytes((double)MOMENTS * bands_of(height) * row->channels),
        });
}

enum impasto_status imp_norm_smooth(struct imp_device *device, const struct imp_norm_row *row,
                                    int layer, float stays, bool begins, struct imp_buffer *state,
                                    struct imp_buffer *statistics)
{
    const int lanes = lanes_of(imp_device_caps(device), row->channels);
    const int blocks = (row->channels + lanes - 1) / lanes;
    return imp_program_launch(
        device, program_of(row->channels), "norm_smooth",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(statistics), imp_buf(state), imp_int(layer * IMP_NORM_STATE / lanes),
                     imp_int(blocks), imp_float(stays), imp_int(begins), imp_buf(row->parameters),
                     imp_int((int)row->gamma), imp_int((int)row->beta), imp_int(row->channels)),
            .global = {(size_t)blocks},
            .bytes = imp_float_bytes((double)STATISTICS * row->channels),
        });
}

enum impasto_status imp_norm_apply(struct imp_device *device, const struct imp_map *x,
                                   const struct imp_buffer *statistics, bool relu,
                                   const struct imp_map *added, const struct imp_map *y, int first,
                                   int rows)
{
    const int width = imp_map_width(x);
    const struct imp_map *const other = added ? added : x;
    return imp_program_launch(
        device, program_of(x->tensor.channels), "norm_apply",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(statistics), imp_buf(other->tensor.buffer),
                     imp_buf(y->tensor.buffer), imp_int(blocks_of(x)), imp_int(imp_map_height(x)),
                     imp_int(width), imp_int(first), imp_int(rows), imp_int(imp_map_wide(x)),
                     imp_int(imp_map_wide(other)), imp_int(imp_map_wide(y)), imp_int(relu),
                     imp_int(added != NULL)),
            .global = {imp_column_items(device, width), (size_t)rows, (size_t)blocks_of(x)},
            .bytes = (added ? 3 : 2) * imp_map_rows_bytes(x, rows),
        });
}

/* ---- Backwards ------------------------------------------------------------------------------- */

/* What the steps of the way back share. */
struct way_back {
    const struct imp_map *x, *g;
    const struct imp_buffer *statistics, *sums;
    int blocks, height, width;
    bool relu;
};

static enum impasto_status launch_sums(struct imp_device *device, const struct way_back *back)
{
    const int bands = bands_of(back->height);
    const struct layout layout = layout_of(imp_device_caps(device), back->blocks);
    IMP_TRY(imp_program_launch(
        device, program_of(back->x->tensor.channels), "norm_bwd_sums",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(back->x->tensor.buffer), imp_buf(back->g->tensor.buffer),
                     imp_buf(back->statistics), imp_buf(back->sums), imp_int(back->blocks),
                     imp_int(back->height), imp_int(back->width), imp_int(imp_map_wide(back->x)),
                     imp_int(imp_map_wide(back->g)), imp_int(back->relu), imp_int(layout.pitch),
                     imp_int(layout.to), imp_int(layout.parts)),
            .global = {(size_t)layout.parts, (size_t)bands, (size_t)back->blocks},
            .bytes = 2 * imp_map_rows_bytes(back->x, back->height),
        }));
    if (layout.parts == 1)
        return IMPASTO_OK;
    return imp_program_launch(
        device, program_of(back->x->tensor.channels), "norm_bwd_parts",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(back->sums), imp_int(back->blocks), imp_int(back->width),
                     imp_int(bands), imp_int(layout.pitch), imp_int(layout.to),
                     imp_int(layout.parts)),
            .global = {(size_t)back->blocks, (size_t)bands},
            .bytes = imp_float_bytes(2.0 * bands * layout.parts * back->x->tensor.channels),
        });
}

static enum impasto_status launch_finish(struct imp_device *device, const struct way_back *back,
                                         const struct imp_norm_row *row,
                                         struct imp_buffer *gradient)
{
    const int bands = bands_of(back->height);
    const double pixels = (double)back->height * back->width;
    return imp_program_launch(
        device, program_of(back->x->tensor.channels), "norm_bwd_finish",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(back->sums), imp_buf(gradient), imp_int(back->blocks), imp_int(bands),
                     imp_int(layout_of(imp_device_caps(device), back->blocks).pitch),
                     imp_float((float)pixels), imp_int((int)row->gamma), imp_int((int)row->beta),
                     imp_int(row->channels)),
            .global = {(size_t)back->blocks},
            .bytes = imp_float_bytes(2.0 * bands * row->channels),
        });
}

static enum impasto_status launch_apply(struct imp_device *device, const struct way_back *back)
{
    return imp_program_launch(
        device, program_of(back->x->tensor.channels), "norm_bwd_apply",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(back->x->tensor.buffer), imp_buf(back->g->tensor.buffer),
                     imp_buf(back->statistics), imp_buf(back->sums), imp_int(back->blocks),
                     imp_int(back->height), imp_int(back->width), imp_int(imp_map_wide(back->x)),
                     imp_int(imp_map_wide(back->g)), imp_int(back->relu)),
            .global = {imp_column_items(device, back->width), (size_t)back->height,
                       (size_t)back->blocks},
            .bytes = 3 * imp_map_rows_bytes(back->x, back->height),
        });
}

enum impasto_status imp_norm_backward(struct imp_device *device, const struct imp_map *x,
                                      const struct imp_buffer *statistics,
                                      const struct imp_norm_row *row, bool relu,
                                      const struct imp_map *g, struct imp_buffer *sums,
                                      struct imp_buffer *gradient)
{
    const struct way_back back = {.x = x,
                                  .g = g,
                                  .statistics = statistics,
                                  .sums = sums,
                                  .blocks = blocks_of(x),
                                  .height = imp_map_height(x),
                                  .width = imp_map_width(x),
                                  .relu = relu};
    IMP_TRY(launch_sums(device, &back));
    IMP_TRY(launch_finish(device, &back, row, gradient));
    return launch_apply(device, &back);
}

enum impasto_status imp_map_add(struct imp_device *device, const struct imp_map *x,
                                const struct imp_map *y)
{
    const int height = imp_map_height(x), width = imp_map_width(x);
    return imp_program_launch(
        device, program_of(x->tensor.channels), "map_add",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->tensor.buffer), imp_buf(y->tensor.buffer), imp_int(blocks_of(x)),
                     imp_int(height), imp_int(width), imp_int(imp_map_wide(x)),
                     imp_int(imp_map_wide(y))),
            .global = {imp_column_items(device, width), (size_t)height, (size_t)blocks_of(x)},
            .bytes = 3 * imp_map_rows_bytes(x, height),
        });
}
