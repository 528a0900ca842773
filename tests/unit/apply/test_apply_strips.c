/* SPDX-License-Identifier: MIT */
/*
 * A style network in strips has the bytes that it has whole, whatever its ends, at all widths and
 * heights that may be; and what it has whole is what the passes of training compute, which have a
 * double reference. Every buffer begins as NaN, so that nothing is read that nobody wrote.
 * IMPASTO_TEST_DEVICE names the device (auto). test_apply_strips brief, tiny: for slow devices, and
 * for simulators.
 */

#include "apply/strips.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of a painting's range, 0 to 1. */
#define PASSES_TOLERANCE 1e-4F

static struct imp_device *device;

/* What a network's ends may be: taps, normalisation, output, and what RGB becomes. */
#define ENDS(taps, norm, kind, in, scale, offset)                                                  \
    .end_size = (taps), .end_norm = (norm), .output = IMP_OUTPUT_##kind, .in_scale = (in),         \
    .out_scale = (scale), .out_offset = (offset), .epsilon = 1e-5F, .styles = 1

/* Noise that would be noticed where strips had it from other rows. */
#define NOISE .noise = 0.2F

static const struct imp_model_shape networks[] = {
    {{4, 8, 8, 8, 4}, 1, ENDS(3, false, LINEAR, 255, 1 / 255.0F, 0), NOISE},
    {{8, 16, 32, 16, 8}, 1, ENDS(9, false, LINEAR, 255, 1 / 255.0F, 0), NOISE},
    {{4, 8, 12, 8, 4}, 2, ENDS(5, true, TANH, 1, 150 / 255.0F, 0.5F)},
    {{8, 16, 16, 8, 8}, 0, ENDS(7, false, SIGMOID, 2, 1, 0)},
    {{32, 32, 32, 8, 4}, 1, ENDS(9, true, SIGMOID, 1, 1, 0)},
    {{16, 32, 64, 32, 16}, 1, ENDS(7, true, LINEAR, 255, 1 / 255.0F, 0.5F)},
    {{8, 12, 20, 8, 12}, 1, ENDS(3, true, TANH, 1, 0.5F, 0.5F)},
    {{8, 16, 32, 16, 8}, 1, ENDS(5, false, TANH, 255, 0.5F, 0.5F)},
};

/* Sizes of pictures: the smallest; multiples of the stride and of nothing; and heights of which
 * strips leave 1 to 4 rows, as they have 32, 64 and 128. */
static const struct size {
    int height, width;
} sizes[] = {
    {33, 16}, {34, 17}, {35, 18}, {36, 19},  {48, 20},  {65, 16},
    {66, 23}, {67, 41}, {68, 16}, {101, 37}, {129, 16}, {131, 30},
};

/* How far colours go to the picture's. */
static float tone_share;

/* How many of both are tried, the first ones. */
static size_t network_count = IMP_COUNT(networks), size_count = IMP_COUNT(sizes);

/* ---- A picture's way through a network ------------------------------------------------------- */

struct picture {
    int height, width;
    float *from, *to; /* (3, height, width) */
};

static size_t plane_of(const struct picture *picture)
{
    return (size_t)picture->height * (size_t)picture->width;
}

static struct picture drawn(int height, int width)
{
    struct picture picture = {height, width, NULL, NULL};
    const size_t count = 3 * plane_of(&picture);
    picture.from = malloc(count * sizeof(float));
    picture.to = malloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        picture.from[i] = (float)((i * 29 + i / (size_t)width * 31) % 97) / 96;
    return picture;
}

static void erase(struct picture *picture)
{
    free(picture->from);
    free(picture->to);
}

static void read_row(void *user, int row, float *const planes[3])
{
    const struct picture *p = user;
    const float *from = p->from + (size_t)row * (size_t)p->width;
    for (size_t c = 0; c < 3; c++)
        memcpy(planes[c], from + c * plane_of(p), (size_t)p->width * sizeof(float));
}

static void write_row(void *user, int row, const float *const planes[3])
{
    const struct picture *p = user;
    float *to = p->to + (size_t)row * (size_t)p->width;
    for (size_t c = 0; c < 3; c++)
        memcpy(to + c * plane_of(p), planes[c], (size_t)p->width * sizeof(float));
}

/* Numbers whose rows of normalisation are apart. To be freed. */
static struct imp_stylenet network_of(const struct imp_model_shape *shape)
{
    struct imp_stylenet net = {0};
    struct impasto_error error = {0};
    assert_int_equal(imp_stylenet_create(shape, 7, &net, &error), IMPASTO_OK);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] += 0.3F * sinf((float)i);
    return net;
}

static void spoil(struct imp_buffer *buffer, size_t bytes)
{
    const size_t count = bytes / sizeof(float);
    float *values = malloc(count * sizeof(float));
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = NAN;
    assert_int_equal(imp_buffer_write(buffer, 0, values, count * sizeof(float)), IMPASTO_OK);
    free(values);
}

static struct imp_buffer *spoilt(size_t bytes)
{
    struct imp_buffer *buffer = NULL;
    assert_int_equal(imp_buffer_create(device, bytes, "scratch", &buffer), IMPASTO_OK);
    spoil(buffer, bytes);
    return buffer;
}

static void spoil_all(const struct imp_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++)
        spoil(*layout->items[i].buffer, layout->items[i].bytes);
}

/* What became of a way through strips. */
struct way {
    int strip;      /* rows; 0: refused */
    uint64_t bytes; /* of the plan */
};

/* Row by row. */
static enum impasto_status run_rows(struct imp_strips *strips, struct picture *picture)
{
    const struct imp_rows rows = {.read = read_row, .write = write_row, .user = picture};
    return imp_strips_run(strips, &rows);
}

/* From an image on the device to another. */
static enum impasto_status run_images(struct imp_strips *strips, struct picture *picture)
{
    const size_t bytes = 3 * plane_of(picture) * sizeof(float);
    struct imp_buffer *from = NULL, *to = spoilt(bytes);
    assert_int_equal(imp_buffer_create(device, bytes, "image", &from), IMPASTO_OK);
    assert_int_equal(imp_buffer_write(from, 0, picture->from, bytes), IMPASTO_OK);
    const struct imp_rows rows = {.from = from, .to = to};
    const enum impasto_status status = imp_strips_run(strips, &rows);
    assert_int_equal(imp_buffer_read(to, 0, picture->to, bytes), IMPASTO_OK);
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    return status;
}

typedef enum impasto_status (*run_fn)(struct imp_strips *strips, struct picture *picture);

/* In so much memory; 0: in all that there is. */
static struct way through_strips(const struct imp_stylenet *net, struct picture *picture,
                                 uint64_t memory, run_fn run)
{
    struct imp_strips strips = {0};
    const enum impasto_status status =
        imp_strips_init(&strips, device, &net->shape, picture->height, picture->width, memory);
    const struct way way = {status == IMPASTO_OK ? strips.strip : 0,
                            imp_layout_bytes(&strips.layout)};
    if (status == IMPASTO_OK) {
        assert_int_equal(imp_strips_allocate(&strips), IMPASTO_OK);
        spoil_all(&strips.layout);
        assert_int_equal(imp_strips_load(&strips, net->parameters), IMPASTO_OK);
        strips.tone.share = tone_share;
        if (run(&strips, picture) != IMPASTO_OK)
            fail_msg("%s", imp_device_error(device)->message);
    }
    imp_strips_release(&strips);
    return way;
}

/* ---- Strips and the whole -------------------------------------------------------------------- */

/* In less and less memory, until it is refused, by rows and by images in turns. Returns how many
 * heights of strips there were. */
static int expect_the_same(const struct imp_stylenet *net, const struct size *size)
{
    struct picture picture = drawn(size->height, size->width);
    const size_t bytes = 3 * plane_of(&picture) * sizeof(float);
    float *whole = malloc(bytes);
    struct way way = through_strips(net, &picture, 0, run_images);
    int heights = 0;
    assert_int_equal(way.strip, (size->height + 3) / 4 * 4);
    memcpy(whole, picture.to, bytes);
    through_strips(net, &picture, 0, run_rows);
    assert_memory_equal(whole, picture.to, bytes);
    for (; way.strip; heights++) {
        memset(picture.to, 0, bytes);
        const int before = way.strip;
        way = through_strips(net, &picture, way.bytes - 1, heights % 2 ? run_rows : run_images);
        assert_true(way.strip < before);
        if (way.strip && memcmp(whole, picture.to, bytes) != 0)
            fail_msg("%dx%d pixels in strips of %d rows, ends of %d taps", size->width,
                     size->height, way.strip, net->shape.end_size);
    }
    free(whole);
    erase(&picture);
    return heights;
}

static void strips_give_the_bytes_of_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < network_count; i++) {
        struct imp_stylenet net = network_of(&networks[i]);
        for (size_t k = 0; k < size_count; k++) {
            const int height = sizes[k].height, heights = expect_the_same(&net, &sizes[k]);
            assert_int_equal(heights, height > 128 ? 4 : height > 64 ? 3 : 2);
        }
        imp_stylenet_free(&net);
    }
}

/* In both ways through strips, where all of it is painted before its colours are moved. */
static void so_have_colours_that_are_moved(void **state)
{
    tone_share = 0.7F;
    strips_give_the_bytes_of_the_whole(state);
    tone_share = 0;
}

/* ---- The whole and the passes of training ---------------------------------------------------- */

static void through_pass(const struct imp_stylenet *net, struct picture *picture)
{
    struct imp_pass pass = {0};
    struct imp_layout layout = {0};
    struct imp_buffer *parameters = NULL, *image = NULL, *painting = NULL;
    const size_t numbers = net->rows.parameters * sizeof(float);
    const size_t bytes = 3 * plane_of(picture) * sizeof(float);
    assert_int_equal(
        imp_pass_init(&pass, device, &net->shape, picture->height, picture->width, false),
        IMPASTO_OK);
    pass.parameters = &parameters;
    imp_layout_add(&layout, &parameters, numbers, "weights");
    imp_layout_add(&layout, &image, bytes, "image");
    imp_layout_add(&layout, &painting, bytes, "image");
    imp_pass_layout(&pass, &layout);
    assert_int_equal(imp_layout_allocate(&layout, device), IMPASTO_OK);
    spoil_all(&layout);
    assert_int_equal(imp_buffer_write(parameters, 0, net->parameters, numbers), IMPASTO_OK);
    assert_int_equal(imp_buffer_write(image, 0, picture->from, bytes), IMPASTO_OK);
    assert_int_equal(imp_pass_pack(&pass), IMPASTO_OK);
    assert_int_equal(imp_pass_forward(&pass, 0, image, painting), IMPASTO_OK);
    assert_int_equal(imp_buffer_read(painting, 0, picture->to, bytes), IMPASTO_OK);
    imp_layout_release(&layout);
    imp_pass_release(&pass);
}

static void strips_paint_as_passes_do(void **state)
{
    (void)state;
    static const struct size some[] = {{16, 16}, {19, 22}, {41, 17}};
    for (size_t i = 0; i < network_count; i++) {
        struct imp_stylenet net = network_of(&networks[i]);
        for (size_t k = 0; k < IMP_COUNT(some); k++) {
            struct picture strips = drawn(some[k].height, some[k].width);
            struct picture pass = drawn(some[k].height, some[k].width);
            through_strips(&net, &strips, 0, run_rows);
            through_pass(&net, &pass);
            for (size_t p = 0; p < 3 * plane_of(&pass); p++)
                assert_true(fabsf(strips.to[p] - pass.to[p]) < PASSES_TOLERANCE);
            erase(&strips);
            erase(&pass);
        }
        imp_stylenet_free(&net);
    }
}

/* ---- Far down a picture ---------------------------------------------------------------------- */

#define SIDE 8 /* of what is computed here */
#define MARGIN 4
#define FAR_DOWN (1 << 28) /* rows */

/* A map whose pixels and margin follow from `seed`; 0: of zeros. */
static struct imp_map map_of(int channels, int height, int width, unsigned seed)
{
    const int lanes = channels == 3 ? 1 : imp_device_caps(device)->vector_width;
    struct imp_map map = imp_map_of(channels, height, width, MARGIN, lanes);
    const size_t count = imp_map_bytes(&map) / sizeof(float);
    float *values = malloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        values[i] = seed ? (float)((i * 37 + seed) % 101) / 50 - 1 : 0;
    assert_int_equal(imp_buffer_create(device, count * sizeof(float), "a map", &map.tensor.buffer),
                     IMPASTO_OK);
    assert_int_equal(imp_buffer_write(map.tensor.buffer, 0, values, count * sizeof(float)),
                     IMPASTO_OK);
    free(values);
    return map;
}

/* What a convolution leaves in y where its map's row 0 is row y_begin of the picture. To be freed.
 */
static float *convolved(const struct imp_conv_any *call, int y_begin)
{
    struct imp_conv_any conv = *call;
    const struct imp_conv_shape *shape = &conv.shape;
    const size_t bytes = imp_map_bytes(&conv.y);
    float *values = calloc(1, bytes);
    assert_int_equal(imp_buffer_write(conv.y.tensor.buffer, 0, values, bytes), IMPASTO_OK);
    conv.y_begin = y_begin;
    conv.x_begin = y_begin * shape->stride / (shape->upsample ? 2 : 1);
    assert_int_equal(imp_conv_any_forward(device, &conv), IMPASTO_OK);
    assert_int_equal(imp_buffer_read(conv.y.tensor.buffer, 0, values, bytes), IMPASTO_OK);
    return values;
}

static void expect_the_same_below(const struct imp_conv_shape *shape)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int side = SIDE * shape->stride / (shape->upsample ? 2 : 1);
    const size_t scratch = imp_conv_any_workspace(caps, shape, side, side);
    struct imp_map parameters = map_of(3, 3 * SIDE, 3 * SIDE, 3);
    struct imp_map x = map_of(shape->in, side, side, 5), y = map_of(shape->out, SIDE, SIDE, 0);
    struct imp_buffer *packed = spoilt(imp_conv_any_packed(caps, shape, IMP_FORWARD));
    struct imp_buffer *workspace = scratch > 0 ? spoilt(scratch) : NULL;
    assert_int_equal(
        imp_conv_any_pack(device, shape, IMP_FORWARD, parameters.tensor.buffer, 0, packed),
        IMPASTO_OK);
    const struct imp_conv_any conv = {.shape = *shape,
                                      .x = x,
                                      .y = y,
                                      .packed = packed,
                                      .workspace = workspace,
                                      .label = "far down"};
    float *above = convolved(&conv, 0), *below = convolved(&conv, FAR_DOWN);
    assert_memory_equal(above, below, imp_map_bytes(&y));
    free(above);
    free(below);
    imp_buffer_free(&packed);
    imp_buffer_free(&workspace);
    imp_buffer_free(&parameters.tensor.buffer);
    imp_buffer_free(&x.tensor.buffer);
    imp_buffer_free(&y.tensor.buffer);
}

/* Pictures of 40,000 x 65,500 pixels have more of them than an int can count, though no strip has.
 * A narrow one has as many further down. That a sum overflows is seen by sanitizers alone. */
static void strips_may_be_far_down(void **state)
{
    (void)state;
    static const struct imp_conv_shape shapes[] = {
        {3, 8, 5, 1, false}, {8, 8, 3, 2, false}, {8, 8, 3, 1, true}, {8, 3, 9, 1, false}};
    for (size_t i = 0; i < IMP_COUNT(shapes); i++)
        expect_the_same_below(&shapes[i]);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Floats behind what is reserved. */
#define BEHIND 4096

/* All that is reserved for the sums of bands is written, and nothing behind it. The rows are longer
 * than those parts are many that GPUs deal them out to. */
static void expect_sums_as_reserved(int channels)
{
    const int height = 2 * IMP_NORM_BAND + 1, width = 130;
    struct imp_map x = map_of(channels, height, width, 5);
    const struct imp_window whole = {.rows = height, .begins = true};
    const size_t count =
        imp_norm_sums_bytes(imp_device_caps(device), channels, height) / sizeof(float);
    const size_t bytes = (count + BEHIND) * sizeof(float);
    struct imp_buffer *sums = spoilt(bytes);
    float *values = malloc(bytes);
    assert_int_equal(imp_norm_sums(device, &x, &whole, sums), IMPASTO_OK);
    assert_int_equal(imp_buffer_read(sums, 0, values, bytes), IMPASTO_OK);
    for (size_t i = 0; i < count + BEHIND; i++)
        assert_true(isnan(values[i]) == (i >= count));
    imp_buffer_free(&x.tensor.buffer);
    imp_buffer_free(&sums);
    free(values);
}

static void sums_take_what_is_reserved(void **state)
{
    (void)state;
    static const int channels[] = {3, 4, 16, 20};
    for (size_t i = 0; i < IMP_COUNT(channels); i++)
        expect_sums_as_reserved(channels[i]);
}

static void refuses_too_little_memory_with_a_size(void **state)
{
    (void)state;
    const struct imp_model_shape shape = imp_model_shape_usual(8, 1);
    struct imp_strips strips = {0};
    assert_int_equal(imp_strips_init(&strips, device, &shape, 3000, 4000, (uint64_t)40 << 20),
                     IMPASTO_ERROR_MEMORY);
    const char *message = imp_device_error(device)->message;
    assert_non_null(strstr(message, "4000x3000"));
    assert_non_null(strstr(message, "would fit"));
    imp_strips_release(&strips);
}

/* Rows of the strips that 4000 x 3000 pixels get. */
static int rows_planned(void)
{
    const struct imp_model_shape shape = imp_model_shape_usual(32, 1);
    struct imp_strips strips = {0};
    assert_int_equal(imp_strips_init(&strips, device, &shape, 3000, 4000, 0), IMPASTO_OK);
    const int rows = strips.strip;
    imp_strips_release(&strips);
    return rows;
}

/* Where memory is the host's, speed alone is no reason to take much. What a graphics card has, it
 * has for this. */
static void memory_of_its_own_is_taken(void **state)
{
    (void)state;
    struct imp_caps *caps = (struct imp_caps *)(uintptr_t)imp_device_caps(device);
    const struct imp_caps before = *caps;
    caps->max_allocation = caps->memory_budget = (uint64_t)12 << 30;
    caps->unified = true;
    assert_int_equal(rows_planned(), 2 * IMP_STRIP_ROWS);
    caps->unified = false;
    assert_int_equal(rows_planned(), 3000);
    caps->memory_budget = (uint64_t)4 << 30;
    const int rows = rows_planned();
    assert_true(rows > 2 * IMP_STRIP_ROWS && rows < 3000);
    caps->memory_budget = (uint64_t)2 << 30;
    assert_int_equal(rows_planned(), 2 * IMP_STRIP_ROWS);
    *caps = before;
}

/* Sizes that nothing can index are no small ones. */
static void refuses_what_cannot_be_indexed(void **state)
{
    (void)state;
    const struct imp_model_shape shape = imp_model_shape_usual(32, 1);
    struct imp_caps *caps = (struct imp_caps *)(uintptr_t)imp_device_caps(device);
    const struct imp_caps before = *caps;
    struct imp_strips strips = {0};
    caps->max_allocation = caps->memory_budget = UINT64_MAX / 2;
    assert_int_equal(imp_strips_init(&strips, device, &shape, 65500, 65500, 0),
                     IMPASTO_ERROR_MEMORY);
    imp_strips_release(&strips);
    *caps = before;
}

static int open_the_device(void **state)
{
    (void)state;
    const int code = open_test_device(NULL, &device);
    if (code != 0)
        exit(code);
    return 0;
}

static int close_the_device(void **state)
{
    (void)state;
    imp_device_close(&device);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strips_give_the_bytes_of_the_whole),
        cmocka_unit_test(so_have_colours_that_are_moved),
        cmocka_unit_test(strips_paint_as_passes_do),
        cmocka_unit_test(strips_may_be_far_down),
        cmocka_unit_test(sums_take_what_is_reserved),
        cmocka_unit_test(refuses_too_little_memory_with_a_size),
        cmocka_unit_test(memory_of_its_own_is_taken),
        cmocka_unit_test(refuses_what_cannot_be_indexed),
    };
    const char *how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "brief") == 0)
        network_count = 3;
    if (strcmp(how, "tiny") == 0)
        network_count = size_count = 1;
    return cmocka_run_group_tests(tests, open_the_device, close_the_device);
}
