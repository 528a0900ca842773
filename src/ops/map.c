/* SPDX-License-Identifier: MIT */
/* Maps of style networks: margins, and the way from images and back: cl/map.cl. */

#include "ops/map.h"
#include "ops/kernels.h"

/* ---- Sizes ----------------------------------------------------------------------------------- */

struct imp_map imp_map_of(int channels, int height, int width, int margin, int lanes)
{
    const int inset = margin - 1;
    return (struct imp_map){.tensor = {.channels = (channels + lanes - 1) / lanes * lanes,
                                       .height = height + 2 * inset,
                                       .width = width + 2 * inset,
                                       .lanes = lanes},
                            .inset = inset};
}

size_t imp_map_bytes(const struct imp_map *map)
{
    const struct imp_tensor *tensor = &map->tensor;
    return imp_tensor_bytes(tensor->channels, tensor->height, tensor->width, tensor->lanes);
}

int imp_map_height(const struct imp_map *map)
{
    return map->tensor.height - 2 * map->inset;
}

int imp_map_width(const struct imp_map *map)
{
    return map->tensor.width - 2 * map->inset;
}

int imp_map_wide(const struct imp_map *map)
{
    return map->inset + 1;
}

double imp_map_rows_bytes(const struct imp_map *map, int rows)
{
    return imp_float_bytes((double)map->tensor.channels * rows * imp_map_width(map));
}

/* ---- Margins --------------------------------------------------------------------------------- */

static enum impasto_status check_margin(struct imp_device *device, const struct imp_map *map,
                                        int margin, int height, enum imp_edge edge)
{
    const int width = imp_map_width(map);
    if (margin < 1 || margin > imp_map_wide(map))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "a margin of %d pixels in a map that has %d", margin,
                               imp_map_wide(map));
    if (edge == IMP_EDGE_REFLECT && (height <= margin || width <= margin))
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "%dx%d pixels are too few to reflect %d of them", width, height,
                               margin);
    return IMPASTO_OK;
}

/* Of so many pixels of the margin's neighbourhood in each block. */
static enum impasto_status launch_margin(struct imp_device *device, const char *function,
                                         const struct imp_map *map, const struct imp_arg *args,
                                         size_t arg_count, int pixels)
{
    const bool planar = map->tensor.lanes == 1;
    return imp_program_launch(
        device, planar ? IMP_PROGRAM_PLANAR_MAPS : IMP_PROGRAM_MAPS, function,
        &(struct imp_launch){
            .args = args,
            .arg_count = arg_count,
            .global = {imp_column_items(device, pixels), (size_t)imp_tensor_blocks(&map->tensor)},
            .bytes = imp_float_bytes(2.0 * pixels * map->tensor.channels),
        });
}

enum impasto_status imp_map_fill(struct imp_device *device, const struct imp_map *map, int margin,
                                 enum imp_edge edge, bool top, bool bottom)
{
    const int height = imp_map_height(map), width = imp_map_width(map);
    /* Rows beside the strip are pixels to reflect, where there are some. */
    const int pixels_high = height + (top && bottom ? 0 : margin);
    const int across = (top + bottom) * margin;
    const int down = height + 2 * margin - across;
    const struct imp_arg args[] = {imp_buf(map->tensor.buffer),
                                   imp_int(imp_tensor_blocks(&map->tensor)),
                                   imp_int(height),
                                   imp_int(width),
                                   imp_int(imp_map_wide(map)),
                                   imp_int(margin),
                                   imp_int((int)edge),
                                   imp_int(top),
                                   imp_int(bottom)};
    IMP_TRY(check_margin(device, map, margin, pixels_high, edge));
    return launch_margin(device, "map_fill", map, args, IMP_COUNT(args),
                         across * (width + 2 * margin) + down * 2 * margin);
}

enum impasto_status imp_map_fold(struct imp_device *device, const struct imp_map *map, int margin,
                                 enum imp_edge edge)
{
    const int height = imp_map_height(map), width = imp_map_width(map), band = 2 * (margin + 1);
    const int across = height < band ? height : band, down = width < band ? width : band;
    const struct imp_arg args[] = {imp_buf(map->tensor.buffer),
                                   imp_int(imp_tensor_blocks(&map->tensor)),
                                   imp_int(height),
                                   imp_int(width),
                                   imp_int(imp_map_wide(map)),
                                   imp_int(margin),
                                   imp_int((int)edge)};
    if (edge == IMP_EDGE_ZERO)
        return imp_map_fill(device, map, margin, edge, true, true);
    IMP_TRY(check_margin(device, map, margin, height, edge));
    return launch_margin(device, "map_fold", map, args, IMP_COUNT(args),
                         across * width + (height - across) * down);
}

/* ---- Images ---------------------------------------------------------------------------------- */

static enum impasto_status check_image(struct imp_device *device, const struct imp_map *map,
                                       int height, int width, int at, int margin)
{
    const int below = at + imp_map_height(map) + margin - height;
    const int right = imp_map_width(map) + margin - width;
    if (margin > imp_map_wide(map) || map->tensor.lanes != 1 || map->tensor.channels != 3)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "an image goes into a planar map with a margin of %d", margin);
    if (margin - at >= height || below >= height || margin >= width || right >= width)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "%dx%d pixels are too few to reflect", width, height);
    return IMPASTO_OK;
}

enum impasto_status imp_map_take(struct imp_device *device, const struct imp_buffer *image,
                                 int height, int width, int at, float scale, float offset,
                                 const struct imp_noise *noise, const struct imp_map *map,
                                 int margin)
{
    const struct imp_noise none = {.height = height}, *n = noise ? noise : &none;
    const int rows = imp_map_height(map) + 2 * margin, columns = imp_map_width(map) + 2 * margin;
    IMP_TRY(check_image(device, map, height, width, at, margin));
    return imp_program_launch(
        device, IMP_PROGRAM_MAPS, "map_take",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(map->tensor.buffer), imp_int(height), imp_int(width),
                     imp_int(at), imp_int(imp_map_height(map)), imp_int(imp_map_width(map)),
                     imp_int(imp_map_wide(map)), imp_int(margin), imp_float(scale),
                     imp_float(offset), imp_float(n->deviation), imp_int((int)n->seed),
                     imp_int(n->first), imp_int(n->height)),
            .global = {imp_column_items(device, columns), (size_t)rows},
            .bytes = 2 * imp_float_bytes(3.0 * rows * columns),
        });
}

enum impasto_status imp_map_give(struct imp_device *device, const struct imp_map *map, int first,
                                 int rows, enum imp_output output, float scale, float offset,
                                 struct imp_buffer *image, int height, int width, int at)
{
    const int within = rows < height - at ? rows : height - at;
    if (within <= 0)
        return IMPASTO_OK;
    return imp_program_launch(
        device, IMP_PROGRAM_MAPS, "map_give",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(map->tensor.buffer), imp_buf(image), imp_int(imp_map_height(map)),
                     imp_int(imp_map_width(map)), imp_int(imp_map_wide(map)), imp_int(first),
                     imp_int(within), imp_int(height), imp_int(width), imp_int(at),
                     imp_int((int)output), imp_float(scale), imp_float(offset)),
            .global = {imp_column_items(device, width), (size_t)within, 3},
            .bytes = 2 * imp_float_bytes(3.0 * within * width),
        });
}

enum impasto_status imp_map_give_backward(struct imp_device *device, const struct imp_map *map,
                                          enum imp_output output, float scale,
                                          const struct imp_buffer *image_gradient, int height,
                                          int width, const struct imp_map *gradient)
{
    const int wide = imp_map_wide(gradient), columns = imp_map_width(map) + 2 * wide;
    const int rows = imp_map_height(map) + 2 * wide;
    return imp_program_launch(
        device, IMP_PROGRAM_MAPS, "map_give_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(map->tensor.buffer), imp_buf(image_gradient),
                     imp_buf(gradient->tensor.buffer), imp_int(imp_map_height(map)),
                     imp_int(imp_map_width(map)), imp_int(imp_map_wide(map)), imp_int(wide),
                     imp_int(height), imp_int(width), imp_int((int)output), imp_float(scale)),
            .global = {imp_column_items(device, columns), (size_t)rows, 3},
            .bytes = 3 * imp_float_bytes(3.0 * rows * columns),
        });
}
