/* SPDX-License-Identifier: MIT */
/* A style network, applied in strips: strips.h has the method. */

#include "apply/strips.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A picture goes through whole where that takes no more bytes than this; strips cost a fifth more
 * time, but larger pictures would fill the memory of small machines. */
#define WHOLE_MOST ((uint64_t)256 << 20)
/* Rows of a strip where there is memory for them. */
#define STRIP_USUAL (2 * IMP_STRIP_ROWS)

/* ---- Rows of the network --------------------------------------------------------------------- */

/* The layers by their place: conv1, conv2, conv3, the blocks' pairs, deconv1, deconv2, deconv3. */
enum { CONV1, CONV2, CONV3, BLOCKS };

static const struct imp_model_row *row_at(const struct imp_strips *s, int index)
{
    return &s->rows.row[index];
}

static int deconv1(const struct imp_strips *s)
{
    return s->rows.count - 3;
}

static bool is_last(const struct imp_strips *s, int index)
{
    return index == s->rows.count - 1;
}

/* What the last layer sees beside a strip: even, as deconv2 makes rows by twos. */
static int end_margin(const struct imp_strips *s)
{
    return (s->shape.end_size / 2 + 1) / 2 * 2;
}

/* What the first layer sees beside a strip, and one row that conv2 sees. */
static int start_margin(const struct imp_strips *s)
{
    return s->shape.end_size / 2 + 1;
}

static int lanes_of(const struct imp_strips *s)
{
    return imp_device_caps(s->device)->vector_width;
}

static bool is_whole(const struct imp_strips *s)
{
    return s->strip == s->padded;
}

/* ---- Maps ------------------------------------------------------------------------------------ */

static struct imp_map map_in(struct imp_buffer *buffer, int channels, int height, int width,
                             int margin, int lanes)
{
    struct imp_map map = imp_map_of(channels, height, width, margin, lanes);
    map.tensor.buffer = buffer;
    return map;
}

/* A strip of the picture, as the first layer sees it. */
static struct imp_map input_map(const struct imp_strips *s, int rows)
{
    return map_in(s->planar, 3, rows, s->across, start_margin(s), 1);
}

/* A strip of what the last layer makes. */
static struct imp_map output_map(const struct imp_strips *s, int rows)
{
    return map_in(s->planar, 3, rows, s->across, 1, 1);
}

/* A strip of conv1's output, and of deconv2's. */
static struct imp_map full_map(const struct imp_strips *s, int index, int rows, int margin)
{
    return map_in(s->full, row_at(s, index)->conv.out, rows, s->across, margin, lanes_of(s));
}

/* conv2's output, and deconv1's. */
static struct imp_map half_map(const struct imp_strips *s, int index)
{
    return map_in(s->wide, row_at(s, index)->conv.out, s->padded / 2, s->across / 2, 1,
                  lanes_of(s));
}

static struct imp_map quarter_map(const struct imp_strips *s, struct imp_buffer *buffer)
{
    return map_in(buffer, row_at(s, CONV3)->conv.out, s->padded / 4, s->across / 4, 1, lanes_of(s));
}

/* ---- Sizes ----------------------------------------------------------------------------------- */

static size_t image_bytes(const struct imp_strips *s)
{
    const size_t rows = (size_t)s->strip + 2 * (size_t)start_margin(s);
    return 3 * rows * (size_t)s->width * sizeof(float);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The height and width of a layer's input as it is worked on: a strip, or the whole. */
static void input_size(const struct imp_strips *s, int index, int *height, int *width)
{
    const int last = s->rows.count - 1;
    const int shrunk = index == CONV1 || index == last       ? 1
                       : index == CONV2 || index == last - 1 ? 2
                                                             : 4;
    const int margin = index == last ? 2 * end_margin(s) : 2;
    *height = (index <= CONV2 || index >= last - 1 ? s->strip : s->padded) /
                  (index == CONV2 ? 1 : shrunk) +
              margin;
    *width = s->across / (index == CONV2 ? 1 : shrunk);
    if (index == CONV3) {
        *height = s->padded / 2;
        *width = s->across / 2;
    }
}

static size_t workspace_bytes(const struct imp_strips *s)
{
    size_t most = 0;
    for (int i = 0; i < s->rows.count; i++) {
        int height, width;
        input_size(s, i, &height, &width);
        most = largest(most, imp_conv_any_workspace(imp_device_caps(s->device), &row_at(s, i)->conv,
                                                    height, width));
    }
    return most;
}

static size_t sums_bytes(const struct imp_strips *s)
{
    size_t most = 0;
    for (int i = 0; i < s->rows.count; i++) {
        const int shrunk = i == CONV2 || i == deconv1(s) ? 2 : i >= CONV3 && i < deconv1(s) ? 4 : 1;
        most = largest(most, imp_norm_sums_bytes(imp_device_caps(s->device), row_at(s, i)->conv.out,
                                                 s->padded / shrunk));
    }
    return most;
}

static void list_buffers(struct imp_strips *s)
{
    const struct imp_caps *caps = imp_device_caps(s->device);
    const struct imp_map in = input_map(s, s->strip), out = output_map(s, s->strip);
    const struct imp_map first = full_map(s, CONV1, s->strip, 1);
    const struct imp_map last = full_map(s, deconv1(s) + 1, s->strip, end_margin(s));
    const struct imp_map half = half_map(s, CONV2), other_half = half_map(s, deconv1(s));
    const struct imp_map quarter = quarter_map(s, NULL);
    struct imp_layout *layout = &s->layout;
    imp_layout_add(layout, &s->parameters, s->rows.parameters * sizeof(float), "weights");
    for (int i = 0; i < s->rows.count; i++)
        imp_layout_add(layout, &s->packed[i],
                       imp_conv_any_packed(caps, &row_at(s, i)->conv, IMP_FORWARD), "weights");
    imp_layout_add(layout, &s->statistics, imp_norm_statistics_bytes(IMP_CHANNELS_MOST), "sums");
    imp_layout_add(layout, &s->last_statistics, imp_norm_statistics_bytes(3), "sums");
    imp_layout_add(layout, &s->sums, sums_bytes(s), "sums");
    if (workspace_bytes(s) > 0)
        imp_layout_add(layout, &s->workspace, workspace_bytes(s), "workspace");
    imp_layout_add(layout, &s->image, image_bytes(s), "image");
    imp_layout_add(layout, &s->planar, largest(imp_map_bytes(&in), imp_map_bytes(&out)), "image");
    imp_layout_add(layout, &s->full, largest(imp_map_bytes(&first), imp_map_bytes(&last)),
                   "strips");
    imp_layout_add(layout, &s->trunk, imp_map_bytes(&quarter), "activations");
    s->half =
        (imp_map_bytes(&quarter) + IMP_BUFFER_ALIGN - 1) / IMP_BUFFER_ALIGN * IMP_BUFFER_ALIGN;
    imp_layout_add(layout, &s->wide,
                   largest(largest(imp_map_bytes(&half), imp_map_bytes(&other_half)), 2 * s->half),
                   "activations");
}

static uint64_t bytes_with(struct imp_strips *s, int strip)
{
    s->strip = strip;
    imp_layout_release(&s->layout);
    list_buffers(s);
    return imp_layout_bytes(&s->layout);
}

static bool fits(const struct imp_strips *s, uint64_t bytes, uint64_t memory)
{
    return bytes <= memory &&
           imp_layout_largest(&s->layout) <= imp_device_caps(s->device)->max_allocation;
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* The largest longer side of this aspect that strips of the fewest rows leave room for. */
static int side_within(const struct imp_strips *s, uint64_t memory)
{
    const int longer = s->height > s->width ? s->height : s->width;
    int low = 0, high = longer;
    while (low + 1 < high) {
        const int side = low + (high - low) / 2;
        struct imp_strips other = *s;
        other.layout = (struct imp_layout){0};
        other.padded = round_up((int)ceil((double)s->height * side / longer), IMP_MODEL_STRIDE);
        other.across = round_up((int)ceil((double)s->width * side / longer), IMP_MODEL_STRIDE);
        other.width = other.across;
        const bool enough =
            fits(&other,
                 bytes_with(&other, IMP_STRIP_ROWS < other.padded ? IMP_STRIP_ROWS : other.padded),
                 memory);
        imp_layout_release(&other.layout);
        *(enough ? &low : &high) = side;
    }
    return low;
}

static enum impasto_status refuse(struct imp_strips *s, uint64_t bytes, uint64_t memory)
{
    const int side = side_within(s, memory);
    const double need = (double)bytes / 1048576, there = (double)memory / 1048576;
    const struct imp_caps *caps = imp_device_caps(s->device);
    char advice[64] = "no size would fit: allow more `memory`";
    if (side >= IMP_APPLY_SMALLEST)
        snprintf(advice, sizeof(advice), "`size` %d would fit, with `stroke` 1", side);
    if (bytes <= memory)
        return imp_device_fail(s->device, IMPASTO_ERROR_MEMORY,
                               "%dx%d pixels take more than the %.0f MiB in one piece that the "
                               "device allows; %s",
                               s->width, s->height, (double)caps->max_allocation / 1048576, advice);
    return imp_device_fail(s->device, IMPASTO_ERROR_MEMORY,
                           "%dx%d pixels take %.0f MiB with this model, and there are %.0f; %s",
                           s->width, s->height, need, there, advice);
}

enum impasto_status imp_strips_init(struct imp_strips *s, struct imp_device *device,
                                    const struct imp_model_shape *shape, int height, int width,
                                    uint64_t memory)
{
    const uint64_t budget = imp_device_caps(device)->memory_budget - imp_device_allocated(device);
    *s = (struct imp_strips){
        .device = device,
        .shape = *shape,
        .height = height,
        .width = width,
        .padded = round_up(height, IMP_MODEL_STRIDE),
        .across = round_up(width, IMP_MODEL_STRIDE),
    };
    s->shape.styles = 1;
    imp_model_rows(&s->shape, &s->rows);
    memory = memory && memory < budget ? memory : budget;
    uint64_t bytes = bytes_with(s, s->padded);
    if (bytes <= WHOLE_MOST && fits(s, bytes, memory))
        return IMPASTO_OK;
    for (int strip = STRIP_USUAL; strip >= IMP_STRIP_ROWS; strip /= 2) {
        bytes = bytes_with(s, strip < s->padded ? strip : s->padded);
        if (fits(s, bytes, memory))
            return IMPASTO_OK;
    }
    return refuse(s, bytes, memory);
}

enum impasto_status imp_strips_allocate(struct imp_strips *s)
{
    IMP_TRY(imp_layout_allocate(&s->layout, s->device));
    IMP_TRY(imp_buffer_part(s->wide, 0, s->half, &s->first_half));
    return imp_buffer_part(s->wide, s->half, s->half, &s->second_half);
}

void imp_strips_release(struct imp_strips *s)
{
    imp_buffer_free(&s->first_half);
    imp_buffer_free(&s->second_half);
    imp_layout_release(&s->layout);
    *s = (struct imp_strips){0};
}

enum impasto_status imp_strips_load(struct imp_strips *s, const float *parameters)
{
    IMP_TRY(imp_buffer_write(s->parameters, 0, parameters, s->rows.parameters * sizeof(float)));
    for (int i = 0; i < s->rows.count; i++)
        IMP_TRY(imp_conv_any_pack(s->device, &row_at(s, i)->conv, IMP_FORWARD, s->parameters,
                                  row_at(s, i)->weights, s->packed[i]));
    return IMPASTO_OK;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* A layer's convolution of y's rows `first` to first + rows. The maps' rows 0 are the picture's
 * rows x_begin and y_begin. */
static enum impasto_status convolve(const struct imp_strips *s, int index, const struct imp_map *x,
                                    int x_begin, const struct imp_map *y, int y_begin, int first,
                                    int rows)
{
    const struct imp_model_row *row = row_at(s, index);
    return imp_conv_any_forward(s->device, &(struct imp_conv_any){
                                               .shape = row->conv,
                                               .x = *x,
                                               .y = *y,
                                               .x_begin = x_begin,
                                               .y_begin = y_begin,
                                               .first = first,
                                               .rows = rows,
                                               .packed = s->packed[index],
                                               .bias = imp_model_normed(row) ? NULL : s->parameters,
                                               .bias_at = row->bias,
                                               .workspace = s->workspace,
                                               .label = row->name,
                                           });
}

/* The sums of a map's rows, which are the picture's from `at` on. */
static enum impasto_status add_up(const struct imp_strips *s, const struct imp_map *x, int at,
                                  int first, int rows)
{
    const struct imp_window window = {.first = first, .rows = rows, .at = at, .begins = at == 0};
    return imp_norm_sums(s->device, x, &window, s->sums);
}

/* The statistics of a layer whose sums are complete; its picture is height x width. */
static enum impasto_status finish(const struct imp_strips *s, int index, int height, int width)
{
    const struct imp_model_row *row = row_at(s, index);
    const struct imp_norm_row norm = {s->parameters, row->gamma, row->beta, row->conv.out};
    return imp_norm_finish(s->device, s->sums, height, width, s->shape.epsilon, &norm,
                           is_last(s, index) ? s->last_statistics : s->statistics);
}

/* Normalises a map's rows where they are. */
static enum impasto_status normalise(const struct imp_strips *s, int index, const struct imp_map *x,
                                     int first, int rows)
{
    const struct imp_model_row *row = row_at(s, index);
    return imp_norm_apply(s->device, x, is_last(s, index) ? s->last_statistics : s->statistics,
                          row->relu, NULL, x, first, rows);
}

/* A layer of whole maps, normalised, plus `added`, with a margin for the next one. */
static enum impasto_status layer(const struct imp_strips *s, int index, const struct imp_map *x,
                                 const struct imp_map *added, const struct imp_map *y)
{
    /* An upsampled picture's reflection is the small one's repeated edge. */
    const enum imp_edge edge =
        row_at(s, index + 1)->conv.upsample ? IMP_EDGE_REPLICATE : IMP_EDGE_REFLECT;
    const struct imp_model_row *row = row_at(s, index);
    const int height = imp_map_height(y), width = imp_map_width(y);
    IMP_TRY(convolve(s, index, x, 0, y, 0, 0, height));
    IMP_TRY(add_up(s, y, 0, 0, height));
    IMP_TRY(finish(s, index, height, width));
    const struct imp_map *to = added ? added : y;
    IMP_TRY(imp_norm_apply(s->device, y, s->statistics, row->relu, added, to, 0, height));
    return imp_map_fill(s->device, to, 1, edge, true, true);
}

/* ---- The strips of the first layers: A and B ------------------------------------------------- */

/* Row i of the picture reflected at its edges. */
static int reflect(int i, int n)
{
    const int period = n > 1 ? 2 * (n - 1) : 1;
    const int at = abs(i) % period;
    return at < n ? at : period - at;
}

/* The picture's rows from first - margin on to the device, and from there to the first layer's
 * map. */
static enum impasto_status take_strip(const struct imp_strips *s, const struct imp_rows *source,
                                      float *strip, int first, int rows)
{
    const int margin = start_margin(s), all = rows + 2 * margin;
    const size_t plane = (size_t)all * (size_t)s->width;
    for (int y = 0; y < all; y++) {
        float *to = strip + (size_t)y * (size_t)s->width;
        float *const planes[3] = {to, to + plane, to + 2 * plane};
        source->read(source->user, reflect(first - margin + y, s->height), planes);
    }
    IMP_TRY(imp_buffer_write(s->image, 0, strip, 3 * plane * sizeof(float)));
    const struct imp_map map = input_map(s, rows);
    return imp_map_take(s->device, s->image, all, s->width, margin, s->shape.in_scale, 0, &map,
                        margin);
}

static int rows_at(const struct imp_strips *s, int first)
{
    return first + s->strip < s->padded ? s->strip : s->padded - first;
}

/* A: conv1's sums. Of a single strip its output stays. */
static enum impasto_status sum_first(const struct imp_strips *s, const struct imp_rows *source,
                                     float *strip)
{
    for (int first = 0; first < s->padded; first += s->strip) {
        const int rows = rows_at(s, first);
        const struct imp_map x = input_map(s, rows), y = full_map(s, CONV1, rows, 1);
        IMP_TRY(take_strip(s, source, strip, first, rows));
        IMP_TRY(convolve(s, CONV1, &x, first, &y, first, 0, rows));
        IMP_TRY(add_up(s, &y, first, 0, rows));
    }
    return finish(s, CONV1, s->padded, s->across);
}

/* conv1 of a strip once more, from the row before it on, which conv2 sees. */
static enum impasto_status first_again(const struct imp_strips *s, const struct imp_rows *source,
                                       float *strip, int first, const struct imp_map *y)
{
    const int rows = imp_map_height(y), before = first > 0;
    const struct imp_map x = input_map(s, rows);
    if (!is_whole(s)) {
        IMP_TRY(take_strip(s, source, strip, first, rows));
        IMP_TRY(convolve(s, CONV1, &x, first, y, first, -before, rows + before));
    }
    IMP_TRY(normalise(s, CONV1, y, -before, rows + before));
    return imp_map_fill(s->device, y, 1, IMP_EDGE_REFLECT, first == 0, true);
}

/* B: conv2, whole, strip by strip. conv1's statistics are in force throughout, so conv2's sums are
 * taken in the end. */
static enum impasto_status second_layer(const struct imp_strips *s, const struct imp_rows *source,
                                        float *strip)
{
    const struct imp_map half = half_map(s, CONV2);
    for (int first = 0; first < s->padded; first += s->strip) {
        const struct imp_map y = full_map(s, CONV1, rows_at(s, first), 1);
        IMP_TRY(first_again(s, source, strip, first, &y));
        IMP_TRY(convolve(s, CONV2, &y, first, &half, 0, first / 2, imp_map_height(&y) / 2));
    }
    IMP_TRY(add_up(s, &half, 0, 0, imp_map_height(&half)));
    IMP_TRY(finish(s, CONV2, imp_map_height(&half), imp_map_width(&half)));
    IMP_TRY(normalise(s, CONV2, &half, 0, imp_map_height(&half)));
    return imp_map_fill(s->device, &half, 1, IMP_EDGE_REFLECT, true, true);
}

/* ---- C --------------------------------------------------------------------------------------- */

static enum impasto_status middle(const struct imp_strips *s)
{
    const struct imp_map half = half_map(s, CONV2), other = half_map(s, deconv1(s)),
                         trunk = quarter_map(s, s->trunk);
    const struct imp_map a = quarter_map(s, s->first_half), b = quarter_map(s, s->second_half);
    IMP_TRY(layer(s, CONV3, &half, NULL, &trunk));
    for (int block = 0; block < s->shape.blocks; block++) {
        const int index = BLOCKS + 2 * block;
        IMP_TRY(layer(s, index, &trunk, NULL, &a));
        IMP_TRY(layer(s, index + 1, &a, &trunk, &b));
    }
    return layer(s, deconv1(s), &trunk, NULL, &other);
}

/* ---- The strips of the last layers: D and E -------------------------------------------------- */

/* D: deconv2's sums. Of a single strip its output stays. */
static enum impasto_status sum_last(const struct imp_strips *s)
{
    const struct imp_map half = half_map(s, deconv1(s));
    const int index = deconv1(s) + 1;
    for (int first = 0; first < s->padded; first += s->strip) {
        const int rows = rows_at(s, first);
        const struct imp_map y = full_map(s, deconv1(s) + 1, rows, end_margin(s));
        IMP_TRY(convolve(s, index, &half, 0, &y, first, 0, rows));
        IMP_TRY(add_up(s, &y, first, 0, rows));
    }
    return finish(s, index, s->padded, s->across);
}

/* deconv2 of a strip once more, with the rows beside it that the last layer sees. */
static enum impasto_status last_again(const struct imp_strips *s, int first,
                                      const struct imp_map *y)
{
    const struct imp_map half = half_map(s, deconv1(s));
    const int index = deconv1(s) + 1, rows = imp_map_height(y), margin = end_margin(s);
    const int before = first < margin ? first : margin;
    const int left = s->padded - first - rows, behind = left < margin ? left : margin;
    if (!is_whole(s))
        IMP_TRY(convolve(s, index, &half, 0, y, first, -before, before + rows + behind));
    IMP_TRY(normalise(s, index, y, -before, before + rows + behind));
    return imp_map_fill(s->device, y, margin, IMP_EDGE_REFLECT, first == 0, left == 0);
}

/* Damaged weights, or a fault of the device. */
static enum impasto_status check_finite(const struct imp_strips *s, const float *values, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] - values[i];
    return sum == 0 ? IMPASTO_OK
                    : imp_device_fail(s->device, IMPASTO_ERROR_NUMERIC,
                                      "the network's painting has numbers that are not finite: the "
                                      "model is damaged, or the device computes wrongly (see what "
                                      "a `self-test` says)");
}

static enum impasto_status give_strip(const struct imp_strips *s, const struct imp_rows *sink,
                                      const struct imp_map *map, float *strip, int first)
{
    const int rows = imp_map_height(map);
    const size_t plane = (size_t)rows * (size_t)s->width;
    const struct imp_model_shape *shape = &s->shape;
    IMP_TRY(imp_map_give(s->device, map, 0, rows, shape->output, shape->out_scale,
                         shape->out_offset, s->image, rows, s->width, 0));
    IMP_TRY(imp_buffer_read(s->image, 0, strip, 3 * plane * sizeof(float)));
    IMP_TRY(check_finite(s, strip, 3 * plane));
    for (int y = 0; y < rows && first + y < s->height; y++) {
        const float *from = strip + (size_t)y * (size_t)s->width;
        const float *const planes[3] = {from, from + plane, from + 2 * plane};
        sink->write(sink->user, first + y, planes);
    }
    return IMPASTO_OK;
}

/* The last layer's strip of y, from `first` on. */
static enum impasto_status last_strip(const struct imp_strips *s, int first,
                                      const struct imp_map *out)
{
    const int rows = imp_map_height(out);
    const struct imp_map y = full_map(s, deconv1(s) + 1, rows, end_margin(s));
    IMP_TRY(last_again(s, first, &y));
    return convolve(s, s->rows.count - 1, &y, first, out, first, 0, rows);
}

/* The last layer's sums, where it is normalised. */
static enum impasto_status sum_output(const struct imp_strips *s)
{
    for (int first = 0; first < s->padded; first += s->strip) {
        const struct imp_map out = output_map(s, rows_at(s, first));
        IMP_TRY(last_strip(s, first, &out));
        IMP_TRY(add_up(s, &out, first, 0, imp_map_height(&out)));
    }
    return finish(s, s->rows.count - 1, s->padded, s->across);
}

/* E: the picture. */
static enum impasto_status last_layers(const struct imp_strips *s, const struct imp_rows *sink,
                                       float *strip)
{
    const int last = s->rows.count - 1;
    const bool normed = imp_model_normed(row_at(s, last));
    if (normed)
        IMP_TRY(sum_output(s));
    for (int first = 0; first < s->padded; first += s->strip) {
        const struct imp_map out = output_map(s, rows_at(s, first));
        if (!(normed && is_whole(s)))
            IMP_TRY(last_strip(s, first, &out));
        if (normed)
            IMP_TRY(normalise(s, last, &out, 0, imp_map_height(&out)));
        IMP_TRY(give_strip(s, sink, &out, strip, first));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_strips_run(struct imp_strips *s, const struct imp_rows *rows)
{
    float *strip = malloc(image_bytes(s));
    if (!strip)
        return imp_device_fail_memory(s->device, "a picture", image_bytes(s));
    enum impasto_status status = sum_first(s, rows, strip);
    if (status == IMPASTO_OK)
        status = second_layer(s, rows, strip);
    if (status == IMPASTO_OK)
        status = middle(s);
    if (status == IMPASTO_OK)
        status = sum_last(s);
    if (status == IMPASTO_OK)
        status = last_layers(s, rows, strip);
    free(strip);
    return status;
}
