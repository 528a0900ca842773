/* SPDX-License-Identifier: MIT */
/* A style network, applied in strips: strips.h has the method. */

#include "apply/layers.h"

#include <stdlib.h>

static bool is_whole(const struct imp_strips *s)
{
    return s->strip == s->padded_height;
}

enum impasto_status imp_strips_load(struct imp_strips *s, const float *parameters)
{
    IMP_TRY(imp_buffer_write(s->parameters, 0, parameters, s->rows.parameters * sizeof(float)));
    for (int i = 0; i < s->rows.count; i++)
        IMP_TRY(imp_conv_any_pack(s->device, &layers_row(s, i)->conv, IMP_FORWARD, s->parameters,
                                  layers_row(s, i)->weights, s->packed[i]));
    return IMPASTO_OK;
}

/* ---- What layers are made of ----------------------------------------------------------------- */

/* Whether deconv3 normalises what deconv2 has left. */
static bool reads_raw(const struct imp_strips *s, int layer)
{
    return layer == layers_deconv3(s) &&
           imp_conv_any_normalises(imp_device_caps(s->device), &layers_row(s, layer)->conv);
}

/* A layer's convolution of y's rows `first` to first + rows. The maps' rows 0 are the picture's
 * rows x_begin and y_begin. */
static enum impasto_status convolve(const struct imp_strips *s, int layer, const struct imp_map *x,
                                    int x_begin, const struct imp_map *y, int y_begin, int first,
                                    int rows)
{
    const struct imp_model_row *row = layers_row(s, layer);
    const bool raw = reads_raw(s, layer);
    return imp_conv_any_forward(s->device, &(struct imp_conv_any){
                                               .shape = row->conv,
                                               .x = *x,
                                               .y = *y,
                                               .x_begin = x_begin,
                                               .y_begin = y_begin,
                                               .first = first,
                                               .rows = rows,
                                               .packed = s->packed[layer],
                                               .bias = imp_model_normed(row) ? NULL : s->parameters,
                                               .bias_at = row->bias,
                                               .statistics = raw ? s->statistics : NULL,
                                               .relu = raw && layers_row(s, layer - 1)->relu,
                                               .workspace = s->workspace,
                                               .label = row->name,
                                           });
}

/* The sums of a map's rows, which are the picture's from `at` on. */
static enum impasto_status sum_rows(const struct imp_strips *s, const struct imp_map *x, int at,
                                    int first, int rows)
{
    const struct imp_window window = {.first = first, .rows = rows, .at = at, .begins = at == 0};
    return imp_norm_sums(s->device, x, &window, s->sums);
}

/* The statistics of a layer whose sums are complete; its picture is height x width. */
static enum impasto_status take_statistics(const struct imp_strips *s, int layer, int height,
                                           int width)
{
    const struct imp_model_row *row = layers_row(s, layer);
    const struct imp_norm_row norm = {s->parameters, row->gamma, row->beta, row->conv.out};
    struct imp_buffer *to = layer == layers_deconv3(s) ? s->last_statistics : s->statistics;
    IMP_TRY(imp_norm_finish(s->device, s->sums, height, width, s->shape.epsilon, &norm, to));
    return s->kept ? imp_norm_smooth(s->device, &norm, layer, s->stays, s->begins, s->kept, to)
                   : IMPASTO_OK;
}

/* Normalises a map's rows where they are. */
static enum impasto_status normalise(const struct imp_strips *s, int layer, const struct imp_map *x,
                                     int first, int rows)
{
    const struct imp_model_row *row = layers_row(s, layer);
    return imp_norm_apply(s->device, x,
                          layer == layers_deconv3(s) ? s->last_statistics : s->statistics,
                          row->relu, NULL, x, first, rows);
}

/* y = a layer of whole maps, normalised, with a margin for the next one. A block's second layer is
 * added to its input, `added`, which becomes the block's output. */
static enum impasto_status whole_layer(const struct imp_strips *s, int layer,
                                       const struct imp_map *x, const struct imp_map *added,
                                       const struct imp_map *y)
{
    /* An upsampled picture's reflection is the small one's repeated edge. */
    const enum imp_edge edge =
        layers_row(s, layer + 1)->conv.upsample ? IMP_EDGE_REPLICATE : IMP_EDGE_REFLECT;
    const struct imp_model_row *row = layers_row(s, layer);
    const int height = imp_map_height(y), width = imp_map_width(y);
    IMP_TRY(convolve(s, layer, x, 0, y, 0, 0, height));
    IMP_TRY(sum_rows(s, y, 0, 0, height));
    IMP_TRY(take_statistics(s, layer, height, width));
    const struct imp_map *to = added ? added : y;
    IMP_TRY(imp_norm_apply(s->device, y, s->statistics, row->relu, added, to, 0, height));
    return imp_map_fill(s->device, to, 1, edge, true, true);
}

/* ---- conv1 and conv2: A and B ---------------------------------------------------------------- */

/* Row i of the picture reflected at its edges. */
static int reflect(int i, int n)
{
    const int period = n > 1 ? 2 * (n - 1) : 1;
    const int at = abs(i) % period;
    return at < n ? at : period - at;
}

/* The picture's rows from first - margin on to the device, and from there to conv1's map. */
static enum impasto_status read_strip(const struct imp_strips *s, const struct imp_rows *source,
                                      float *pixels, int first, int rows)
{
    const int margin = layers_first_margin(s), all = rows + 2 * margin;
    const size_t plane = (size_t)all * (size_t)s->width;
    const struct imp_map map = layers_input(s, rows);
    struct imp_noise noise = {.deviation = s->shape.noise, .height = s->height};
    if (source->from)
        return imp_map_take(s->device, source->from, s->height, s->width, first, s->shape.in_scale,
                            0, &noise, &map, margin);
    noise.first = first - margin;
    for (int y = 0; y < all; y++) {
        float *to = pixels + (size_t)y * (size_t)s->width;
        float *const planes[3] = {to, to + plane, to + 2 * plane};
        source->read(source->user, reflect(first - margin + y, s->height), planes);
    }
    IMP_TRY(imp_buffer_write(s->image, 0, pixels, 3 * plane * sizeof(float)));
    return imp_map_take(s->device, s->image, all, s->width, margin, s->shape.in_scale, 0, &noise,
                        &map, margin);
}

static int rows_at(const struct imp_strips *s, int first)
{
    return first + s->strip < s->padded_height ? s->strip : s->padded_height - first;
}

/* Of so many padded rows from `first` on, those of the picture itself. */
static int rows_inside(const struct imp_strips *s, int first, int rows)
{
    return first + rows < s->height ? rows : s->height - first;
}

/* The sums of a strip of the photograph, which has been read. */
static enum impasto_status photograph_sums(const struct imp_strips *s,
                                           const struct imp_rows *source, int first, int rows)
{
    const int margin = layers_first_margin(s), inside = rows_inside(s, first, rows);
    const struct imp_tone_rows strip = {rows + 2 * margin, s->width, margin, inside};
    const struct imp_tone_rows all = {s->height, s->width, first, inside};
    return source->from ? imp_tone_sums(s->device, source->from, &all, first, s->tone.photograph)
                        : imp_tone_sums(s->device, s->image, &strip, first, s->tone.photograph);
}

/* A: conv1's statistics. Of a single strip its output stays. */
static enum impasto_status conv1_statistics(const struct imp_strips *s,
                                            const struct imp_rows *source, float *pixels)
{
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const int rows = rows_at(s, first);
        const struct imp_map x = layers_input(s, rows), y = layers_full(s, CONV1, rows);
        IMP_TRY(read_strip(s, source, pixels, first, rows));
        if (s->tone.share > 0)
            IMP_TRY(photograph_sums(s, source, first, rows));
        IMP_TRY(convolve(s, CONV1, &x, first, &y, first, 0, rows));
        IMP_TRY(sum_rows(s, &y, first, 0, rows));
    }
    return take_statistics(s, CONV1, s->padded_height, s->padded_width);
}

/* conv1 of a strip once more, from the row before it on, which conv2 reads. */
static enum impasto_status conv1_strip(const struct imp_strips *s, const struct imp_rows *source,
                                       float *pixels, int first, const struct imp_map *y)
{
    const int rows = imp_map_height(y), before = first > 0;
    const struct imp_map x = layers_input(s, rows);
    if (!is_whole(s)) {
        IMP_TRY(read_strip(s, source, pixels, first, rows));
        IMP_TRY(convolve(s, CONV1, &x, first, y, first, -before, rows + before));
    }
    IMP_TRY(normalise(s, CONV1, y, -before, rows + before));
    return imp_map_fill(s->device, y, 1, IMP_EDGE_REFLECT, first == 0, true);
}

/* B: conv2, whole, strip by strip. conv1's statistics are in force throughout, so conv2's sums are
 * taken in the end. */
static enum impasto_status conv2_whole(const struct imp_strips *s, const struct imp_rows *source,
                                       float *pixels)
{
    const struct imp_map half = layers_half(s, CONV2);
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const struct imp_map y = layers_full(s, CONV1, rows_at(s, first));
        IMP_TRY(conv1_strip(s, source, pixels, first, &y));
        IMP_TRY(convolve(s, CONV2, &y, first, &half, 0, first / 2, imp_map_height(&y) / 2));
    }
    IMP_TRY(sum_rows(s, &half, 0, 0, imp_map_height(&half)));
    IMP_TRY(take_statistics(s, CONV2, imp_map_height(&half), imp_map_width(&half)));
    IMP_TRY(normalise(s, CONV2, &half, 0, imp_map_height(&half)));
    return imp_map_fill(s->device, &half, 1, IMP_EDGE_REFLECT, true, true);
}

/* ---- The layers at a quarter of the resolution: C -------------------------------------------- */

static enum impasto_status quarter_layers(const struct imp_strips *s)
{
    const struct imp_map half = layers_half(s, CONV2), other = layers_half(s, layers_deconv1(s)),
                         residual = layers_quarter(s, s->residual);
    const struct imp_map a = layers_quarter(s, s->branch[0]), b = layers_quarter(s, s->branch[1]);
    IMP_TRY(whole_layer(s, CONV3, &half, NULL, &residual));
    for (int block = 0; block < s->shape.blocks; block++) {
        const int layer = BLOCKS + 2 * block;
        IMP_TRY(whole_layer(s, layer, &residual, NULL, &a));
        IMP_TRY(whole_layer(s, layer + 1, &a, &residual, &b));
    }
    return whole_layer(s, layers_deconv1(s), &residual, NULL, &other);
}

/* ---- deconv2 and deconv3: D and E ------------------------------------------------------------ */

/* D: deconv2's statistics. Of a single strip its output stays. */
static enum impasto_status deconv2_statistics(const struct imp_strips *s)
{
    const struct imp_map half = layers_half(s, layers_deconv1(s));
    const int layer = layers_deconv2(s);
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const int rows = rows_at(s, first);
        const struct imp_map y = layers_full(s, layer, rows);
        IMP_TRY(convolve(s, layer, &half, 0, &y, first, 0, rows));
        IMP_TRY(sum_rows(s, &y, first, 0, rows));
    }
    return take_statistics(s, layer, s->padded_height, s->padded_width);
}

/* deconv2 of a strip once more, with the rows beside it that deconv3 reads. */
static enum impasto_status deconv2_strip(const struct imp_strips *s, int first,
                                         const struct imp_map *y)
{
    const struct imp_map half = layers_half(s, layers_deconv1(s));
    const int layer = layers_deconv2(s), rows = imp_map_height(y), margin = layers_last_margin(s);
    const int before = first < margin ? first : margin;
    const int left = s->padded_height - first - rows, behind = left < margin ? left : margin;
    if (!is_whole(s))
        IMP_TRY(convolve(s, layer, &half, 0, y, first, -before, before + rows + behind));
    if (!reads_raw(s, layers_deconv3(s)))
        IMP_TRY(normalise(s, layer, y, -before, before + rows + behind));
    return imp_map_fill(s->device, y, margin, IMP_EDGE_REFLECT, first == 0, left == 0);
}

enum impasto_status imp_strips_odd(struct imp_device *device)
{
    return imp_device_fail(device, IMPASTO_ERROR_NUMERIC,
                           "the network's painting has numbers that are not finite: the model is "
                           "damaged, or the device computes wrongly (see what a `self-test` says)");
}

static enum impasto_status check_finite(const struct imp_strips *s, const float *values, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] - values[i];
    return sum == 0 ? IMPASTO_OK : imp_strips_odd(s->device);
}

/* The image that the painting comes to be in, and where in it its strip from `first` on. */
static struct imp_buffer *painted(const struct imp_strips *s, const struct imp_rows *sink)
{
    return sink->to ? sink->to : s->image;
}

static struct imp_tone_rows painted_rows(const struct imp_strips *s, const struct imp_rows *sink,
                                         int first)
{
    const int rows = rows_at(s, first), inside = rows_inside(s, first, rows);
    return sink->to ? (struct imp_tone_rows){s->height, s->width, first, inside}
                    : (struct imp_tone_rows){rows, s->width, 0, inside};
}

static enum impasto_status write_strip(const struct imp_strips *s, const struct imp_rows *sink,
                                       float *pixels, int first)
{
    const int rows = rows_at(s, first);
    const size_t plane = (size_t)rows * (size_t)s->width;
    if (sink->to)
        return IMPASTO_OK; /* it is there */
    IMP_TRY(imp_buffer_read(s->image, 0, pixels, 3 * plane * sizeof(float)));
    IMP_TRY(check_finite(s, pixels, 3 * plane));
    for (int y = 0; y < rows_inside(s, first, rows); y++) {
        const float *from = pixels + (size_t)y * (size_t)s->width;
        const float *const planes[3] = {from, from + plane, from + 2 * plane};
        sink->write(sink->user, first + y, planes);
    }
    return IMPASTO_OK;
}

/* The strip of deconv3's rows from `first` on, as the convolution leaves them. */
static enum impasto_status deconv3_strip(const struct imp_strips *s, int first,
                                         const struct imp_map *out)
{
    const int rows = imp_map_height(out);
    const struct imp_map y = layers_full(s, layers_deconv2(s), rows);
    IMP_TRY(deconv2_strip(s, first, &y));
    return convolve(s, layers_deconv3(s), &y, first, out, first, 0, rows);
}

/* deconv3's statistics, where it is normalised. */
static enum impasto_status deconv3_statistics(const struct imp_strips *s)
{
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const struct imp_map out = layers_output(s, rows_at(s, first));
        IMP_TRY(deconv3_strip(s, first, &out));
        IMP_TRY(sum_rows(s, &out, first, 0, imp_map_height(&out)));
    }
    return take_statistics(s, layers_deconv3(s), s->padded_height, s->padded_width);
}

/* The strip of the painting from `first` on. */
static enum impasto_status paint_strip(const struct imp_strips *s, const struct imp_rows *sink,
                                       int first)
{
    const int last = layers_deconv3(s), rows = rows_at(s, first);
    const bool normed = imp_model_normed(layers_row(s, last));
    const struct imp_map out = layers_output(s, rows);
    const struct imp_tone_rows to = painted_rows(s, sink, first);
    const struct imp_model_shape *shape = &s->shape;
    if (!(normed && is_whole(s)))
        IMP_TRY(deconv3_strip(s, first, &out));
    if (normed)
        IMP_TRY(normalise(s, last, &out, 0, rows));
    return imp_map_give(s->device, &out, 0, rows, shape->output, shape->out_scale,
                        shape->out_offset, painted(s, sink), to.height, to.width, to.at);
}

/* How the painting's colours are to be moved. All of it is painted for that. */
static enum impasto_status find_tone(const struct imp_strips *s, const struct imp_rows *sink,
                                     struct imp_tone_map *map)
{
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const struct imp_tone_rows rows = painted_rows(s, sink, first);
        IMP_TRY(paint_strip(s, sink, first));
        IMP_TRY(imp_tone_sums(s->device, painted(s, sink), &rows, first, s->tone.painting));
    }
    return imp_tone_find(&s->tone, s->device, s->height, s->width, s->stays, s->begins, map);
}

/* E: the picture. Where it lies when its colours are known, it is not painted again. */
static enum impasto_status deconv3_rows(const struct imp_strips *s, const struct imp_rows *sink,
                                        float *pixels)
{
    const bool toned = s->tone.share > 0, stays = toned && (sink->to || is_whole(s));
    struct imp_tone_map map;
    if (imp_model_normed(layers_row(s, layers_deconv3(s))))
        IMP_TRY(deconv3_statistics(s));
    if (toned)
        IMP_TRY(find_tone(s, sink, &map));
    for (int first = 0; first < s->padded_height; first += s->strip) {
        const struct imp_tone_rows rows = painted_rows(s, sink, first);
        if (!stays)
            IMP_TRY(paint_strip(s, sink, first));
        if (toned)
            IMP_TRY(imp_tone_move(s->device, painted(s, sink), &rows, &map));
        IMP_TRY(write_strip(s, sink, pixels, first));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_strips_run(struct imp_strips *s, const struct imp_rows *rows)
{
    float *pixels = malloc(layers_image_bytes(s));
    if (!pixels)
        return imp_device_fail_memory(s->device, "a picture", layers_image_bytes(s));
    if (s->tone.kept && !(s->tone.share > 0))
        s->tone.kept[0] = 0;
    enum impasto_status status = conv1_statistics(s, rows, pixels);
    if (status == IMPASTO_OK)
        status = conv2_whole(s, rows, pixels);
    if (status == IMPASTO_OK)
        status = quarter_layers(s);
    if (status == IMPASTO_OK)
        status = deconv2_statistics(s);
    if (status == IMPASTO_OK)
        status = deconv3_rows(s, rows, pixels);
    free(pixels);
    return status;
}
