/* SPDX-License-Identifier: MIT */
/* Frames of bytes in the formats of cameras and films, painted by a style network. */

#include "apply/apply.h"
#include "apply/film.h"
#include "files.h"
#include "networks.h"
#include "fixtures.h"
#include "image/image.h"
#include "model/model.h"

#include <math.h>

#define WIDTH 37
#define HEIGHT 22
/* Beside the rows, which nothing may be written to. */
#define GAP 5
#define UNTOUCHED 0xaa
/* Codes that a byte may differ from what it is rounded from. */
#define ROUNDED 0.52

static struct impasto_device *device;
static struct impasto_model *model;

static const char *const style_names[] = {"dots", IMP_STYLE_IDENTITY};

static int set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state))
        return -1;
    make_network(in_folder("model"), style_names, IMP_COUNT(style_names));
    assert_int_equal(impasto_model_open(in_folder("model"), &model, &error), IMPASTO_OK);
    assert_int_equal(
        impasto_device_open(getenv("IMPASTO_TEST_DEVICE"), NULL, NULL, &device, &error),
        IMPASTO_OK);
    return 0;
}

static int tear_down(void **state)
{
    impasto_model_close(&model);
    impasto_device_close(&device);
    return remove_folder(state);
}

static struct impasto_applier *opened(const struct impasto_apply_params *params)
{
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    if (impasto_applier_open(device, model, params, &applier, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return applier;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* A frame whose rows have gaps; *memory is to be freed. */
static struct impasto_pixels frame_of(enum impasto_pixel_format format, unsigned char **memory)
{
    struct impasto_pixels frame = {
        .struct_size = sizeof(frame), .format = format, .width = WIDTH, .height = HEIGHT};
    assert_true(impasto_pixels_lay(&frame, NULL) > 0);
    const size_t row = frame.stride[0] + frame.stride[1] + frame.stride[2] + 3 * GAP;
    const size_t bytes = row * HEIGHT;
    *memory = malloc(bytes);
    assert_non_null(*memory);
    memset(*memory, UNTOUCHED, bytes);
    unsigned char *at = *memory;
    for (int p = 0; p < IMPASTO_PIXELS_PLANES && frame.stride[p] > 0; p++) {
        frame.stride[p] += GAP;
        frame.plane[p] = at;
        at += frame.stride[p] * HEIGHT;
    }
    return frame;
}

static unsigned char pattern(int x, int y)
{
    return (unsigned char)(30 + (x * 37 + y * 59 + x * y) % 180);
}

/* Bytes of a row, without the gap. */
static size_t row_of(const struct impasto_pixels *frame, int plane)
{
    return frame->stride[plane] - GAP;
}

/* Luma has a pattern; chroma says one colour, so that no interpolation matters. */
static void draw(const struct impasto_pixels *frame, unsigned char u, unsigned char v)
{
    const bool packed = frame->format == IMPASTO_PIXELS_YUYV;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            frame->plane[0][(size_t)y * frame->stride[0] + (size_t)(packed ? 2 * x : x)] =
                pattern(x, y);
    for (size_t y = 0; packed && y < HEIGHT; y++)
        for (size_t i = 0; i < (WIDTH + 1) / 2; i++) {
            frame->plane[0][y * frame->stride[0] + 4 * i + 1] = u;
            frame->plane[0][y * frame->stride[0] + 4 * i + 3] = v;
        }
    for (size_t y = 0; frame->format == IMPASTO_PIXELS_I420 && y < HEIGHT / 2; y++) {
        memset(frame->plane[1] + y * frame->stride[1], u, row_of(frame, 1));
        memset(frame->plane[2] + y * frame->stride[2], v, row_of(frame, 2));
    }
}

/* The same as a picture, by BT.709, limited. */
static struct impasto_image *picture_of(unsigned char u, unsigned char v)
{
    struct impasto_image *image = blank_picture(WIDTH, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            float *rgb = image->rgb + 3 * (y * WIDTH + x);
            const double luma = (pattern(x, y) - 16) / 219.0;
            const double red = 1.5748 * (v - 128) / 224, blue = 1.8556 * (u - 128) / 224;
            rgb[0] = (float)(luma + red);
            rgb[1] = (float)(luma - (0.2126 * red + 0.0722 * blue) / 0.7152);
            rgb[2] = (float)(luma + blue);
        }
    return image;
}

static void paint(struct impasto_applier *applier, const struct impasto_pixels *from,
                  const struct impasto_pixels *to)
{
    struct impasto_error error = {0};
    if (impasto_applier_pixels(applier, from, to, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static struct impasto_image *painted(struct impasto_applier *applier,
                                     const struct impasto_image *content)
{
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = content};
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    if (impasto_applier_paint(applier, &pictures, &result, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return result;
}

static void expect_gaps(const struct impasto_pixels *frame, int plane, int rows)
{
    for (size_t y = 0; y < (size_t)rows; y++)
        for (size_t x = row_of(frame, plane); x < frame->stride[plane]; x++)
            assert_int_equal(frame->plane[plane][y * frame->stride[plane] + x], UNTOUCHED);
}

/* ---- From the formats ------------------------------------------------------------------------ */

/* What such a frame becomes is what the picture becomes that it says. */
static void expect_taken(enum impasto_pixel_format format, enum impasto_colour colour)
{
    unsigned char *from, *to;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_pixels source = frame_of(format, &from);
    const struct impasto_pixels target = frame_of(IMPASTO_PIXELS_RGB24, &to);
    const unsigned char u = 119, v = 140;
    params.colour = colour;
    struct impasto_applier *applier = opened(&params);
    source.matrix = IMPASTO_MATRIX_BT709;
    draw(&source, u, v);
    struct impasto_image *content = picture_of(u, v), *wanted = painted(applier, content);
    paint(applier, &source, &target);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < 3 * WIDTH; i++) {
            const double byte = target.plane[0][(size_t)y * target.stride[0] + (size_t)i];
            const double exact = 255 * (double)wanted->rgb[y * 3 * WIDTH + i];
            if (fabs(byte - fmin(fmax(exact, 0), 255)) > ROUNDED)
                fail_msg("format %d, row %d, byte %d: %g, not %g", (int)format, y, i, byte, exact);
        }
    expect_gaps(&target, 0, HEIGHT);
    impasto_image_free(&content);
    impasto_image_free(&wanted);
    impasto_applier_close(&applier);
    free(from);
    free(to);
}

static void frames_are_what_their_bytes_say(void **state)
{
    (void)state;
    expect_taken(IMPASTO_PIXELS_I420, IMPASTO_COLOUR_STYLE);
    expect_taken(IMPASTO_PIXELS_YUYV, IMPASTO_COLOUR_STYLE);
    expect_taken(IMPASTO_PIXELS_I420, IMPASTO_COLOUR_LUMA);
    expect_taken(IMPASTO_PIXELS_YUYV, IMPASTO_COLOUR_MATCH);
}

/* ---- To the formats -------------------------------------------------------------------------- */

/* Planes that are not halved say, to rounding, what bytes of RGB say. */
static void results_have_the_format_asked_for(void **state)
{
    (void)state;
    unsigned char *from, *to, *planes;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_applier *applier = opened(&params);
    struct impasto_pixels source = frame_of(IMPASTO_PIXELS_I420, &from);
    const struct impasto_pixels rgb = frame_of(IMPASTO_PIXELS_RGB24, &to);
    struct impasto_pixels yuv = frame_of(IMPASTO_PIXELS_I444, &planes);
    yuv.full = 1;
    draw(&source, 110, 150);
    paint(applier, &source, &rgb);
    paint(applier, &source, &yuv);
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++) {
            const unsigned char *c = rgb.plane[0] + y * rgb.stride[0] + 3 * x;
            const double luma = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
            const size_t at = y * yuv.stride[0] + x;
            assert_true(fabs(yuv.plane[0][at] - luma) < 1.01);
            assert_true(fabs(yuv.plane[1][at] - (128 + (c[2] - luma) / 1.772)) < 1.3);
            assert_true(fabs(yuv.plane[2][at] - (128 + (c[0] - luma) / 1.402)) < 1.3);
        }
    for (int p = 0; p < 3; p++)
        expect_gaps(&yuv, p, HEIGHT);
    impasto_applier_close(&applier);
    free(from);
    free(to);
    free(planes);
}

static void a_frame_may_become_itself(void **state)
{
    (void)state;
    unsigned char *memory, *other;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_applier *applier = opened(&params);
    const struct impasto_pixels frame = frame_of(IMPASTO_PIXELS_YUYV, &memory);
    const struct impasto_pixels apart = frame_of(IMPASTO_PIXELS_YUYV, &other);
    draw(&frame, 140, 100);
    paint(applier, &frame, &apart);
    paint(applier, &frame, &frame);
    for (size_t y = 0; y < HEIGHT; y++)
        assert_memory_equal(frame.plane[0] + y * frame.stride[0],
                            apart.plane[0] + y * frame.stride[0], frame.stride[0]);
    impasto_applier_close(&applier);
    free(memory);
    free(other);
}

/* ---- Noise ----------------------------------------------------------------------------------- */

/* Mean difference of the two frames' luma, codes. */
static double apart(const struct impasto_pixels *a, const struct impasto_pixels *b)
{
    double sum = 0;
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++)
            sum += abs(a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x]);
    return sum / (WIDTH * HEIGHT);
}

/* Paints the pattern with noise, again and again. Returns how far the last two results are apart.
 */
static double flicker(float steady)
{
    unsigned char *from, *memory[2];
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_pixels source = frame_of(IMPASTO_PIXELS_GRAY8, &from), target[2];
    params.steady = steady;
    struct impasto_applier *applier = opened(&params);
    for (int i = 0; i < 2; i++)
        target[i] = frame_of(IMPASTO_PIXELS_GRAY8, &memory[i]);
    for (int i = 0; i < 8; i++) {
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                const uint32_t noise = imp_rng_bits(3, (uint32_t)i, (uint64_t)(y * WIDTH + x));
                source.plane[0][(size_t)y * source.stride[0] + (size_t)x] =
                    (unsigned char)(pattern(x, y) + noise % 17);
            }
        paint(applier, &source, &target[i % 2]);
    }
    const double result = apart(&target[0], &target[1]);
    impasto_applier_close(&applier);
    free(from);
    free(memory[0]);
    free(memory[1]);
    return result;
}

static void noise_is_averaged_out(void **state)
{
    (void)state;
    const double as_it_is = flicker(0), steadied = flicker(0.02F);
    if (!(steadied < 0.7 * as_it_is))
        fail_msg("frames are %g apart, steadied %g", as_it_is, steadied);
}

/* What has moved is there at once. */
static void a_change_is_not_averaged(void **state)
{
    (void)state;
    unsigned char *from, *to, *fresh;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_pixels source = frame_of(IMPASTO_PIXELS_I420, &from);
    const struct impasto_pixels after = frame_of(IMPASTO_PIXELS_I420, &to);
    const struct impasto_pixels alone = frame_of(IMPASTO_PIXELS_I420, &fresh);
    params.steady = 0.02F;
    struct impasto_applier *applier = opened(&params), *other = opened(&params);
    draw(&source, 60, 60);
    paint(applier, &source, &after);
    draw(&source, 190, 190);
    paint(applier, &source, &after);
    paint(other, &source, &alone);
    assert_true(apart(&after, &alone) == 0);
    impasto_applier_close(&applier);
    impasto_applier_close(&other);
    free(from);
    free(to);
    free(fresh);
}

/* ---- Statistics that stay -------------------------------------------------------------------- */

/* The pattern with noise of its own; wild: numbers that no motion makes of it. lit: a part of it is
 * lighter. */
static void fill_gray(const struct impasto_pixels *frame, uint32_t number, bool wild, bool lit)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const uint32_t bits = imp_rng_bits(5, number, (uint64_t)(y * WIDTH + x));
            const int light = lit && x > WIDTH - 8 && y > HEIGHT / 2 ? 70 : 0;
            frame->plane[0][(size_t)y * frame->stride[0] + (size_t)x] =
                (unsigned char)(wild ? bits % 256
                                     : (uint32_t)(pattern(x, y) / 2 + light) + bits % 3);
        }
}

/* Where a scene begins, all is as if the film began there. Within it, it is not. */
static void a_cut_begins_anew(void **state)
{
    (void)state;
    unsigned char *from, *to, *fresh;
    struct impasto_apply_params params = impasto_apply_defaults();
    const struct impasto_pixels source = frame_of(IMPASTO_PIXELS_GRAY8, &from);
    const struct impasto_pixels after = frame_of(IMPASTO_PIXELS_GRAY8, &to);
    const struct impasto_pixels alone = frame_of(IMPASTO_PIXELS_GRAY8, &fresh);
    params.steady = 0.3F;
    params.smooth = 0.9F;
    for (int cut = 0; cut < 2; cut++) {
        struct impasto_applier *applier = opened(&params), *other = opened(&params);
        for (uint32_t i = 0; i < 3; i++) {
            fill_gray(&source, i, false, false);
            paint(applier, &source, &after);
        }
        fill_gray(&source, 3, cut, !cut);
        paint(applier, &source, &after);
        paint(other, &source, &alone);
        if (cut)
            assert_true(apart(&after, &alone) == 0);
        else
            assert_true(apart(&after, &alone) > 1);
        impasto_applier_close(&applier);
        impasto_applier_close(&other);
    }
    free(from);
    free(to);
    free(fresh);
}

/* How far the far corner of the painting changes when something lights up. */
static double far_change(float smooth)
{
    unsigned char *from, *memory[2];
    double sum = 0;
    struct impasto_apply_params params = impasto_apply_defaults();
    const struct impasto_pixels source = frame_of(IMPASTO_PIXELS_GRAY8, &from);
    struct impasto_pixels target[2];
    params.smooth = smooth;
    struct impasto_applier *applier = opened(&params);
    for (int i = 0; i < 2; i++) {
        target[i] = frame_of(IMPASTO_PIXELS_GRAY8, &memory[i]);
        fill_gray(&source, 0, false, i == 1);
        paint(applier, &source, &target[i]);
    }
    for (size_t y = 0; y < 4; y++)
        for (size_t x = 0; x < 8; x++)
            sum += abs(target[0].plane[0][y * target[0].stride[0] + x] -
                       target[1].plane[0][y * target[1].stride[0] + x]);
    impasto_applier_close(&applier);
    free(from);
    free(memory[0]);
    free(memory[1]);
    return sum;
}

static void what_is_far_stays(void **state)
{
    (void)state;
    const double as_it_is = far_change(0), smoothed = far_change(0.9F);
    if (!(as_it_is > 0 && smoothed < 0.7 * as_it_is))
        fail_msg("far from what lights up %g change, smoothed %g", as_it_is, smoothed);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void expect_refusal(const struct impasto_pixels *from, const struct impasto_pixels *to,
                           enum impasto_status status, const char *words)
{
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_applier *applier = opened(&params);
    struct impasto_error error = {0};
    assert_int_equal(impasto_applier_pixels(applier, from, to, &error), status);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    impasto_applier_close(&applier);
}

static void refuses_what_is_no_frame(void **state)
{
    (void)state;
    unsigned char *memory;
    const struct impasto_pixels good = frame_of(IMPASTO_PIXELS_I420, &memory);
    struct impasto_pixels bad = good;
    bad.format = (enum impasto_pixel_format)9;
    expect_refusal(&bad, &good, IMPASTO_ERROR_USAGE, "format 9");
    bad = good;
    bad.plane[2] = NULL;
    expect_refusal(&good, &bad, IMPASTO_ERROR_USAGE, "plane 2");
    bad = good;
    bad.stride[1] = WIDTH / 2;
    expect_refusal(&bad, &good, IMPASTO_ERROR_USAGE, "at least 19");
    bad = good;
    bad.width--;
    expect_refusal(&good, &bad, IMPASTO_ERROR_USAGE, "one size");
    bad.width = 15;
    expect_refusal(&bad, &bad, IMPASTO_ERROR_INPUT, "15x22");
    bad.width = bad.height = 65500;
    expect_refusal(&bad, &bad, IMPASTO_ERROR_INPUT, "2 GiB");
    bad = good;
    bad.struct_size = 3;
    expect_refusal(&bad, &good, IMPASTO_ERROR_USAGE, "impasto_pixels");
    free(memory);
}

static void numbers_that_are_not_finite_are_told(void **state)
{
    (void)state;
    unsigned char *memory;
    float *parameter = &model->net.parameters[model->net.rows.norms];
    const float whole = *parameter;
    const struct impasto_pixels frame = frame_of(IMPASTO_PIXELS_I420, &memory);
    draw(&frame, 140, 100);
    *parameter = NAN;
    expect_refusal(&frame, &frame, IMPASTO_ERROR_NUMERIC, "not finite");
    *parameter = whole;
    free(memory);
}

static void expect_frame(struct impasto_applier *applier, struct impasto_image *frame,
                         enum impasto_status status)
{
    struct impasto_error error = {0};
    assert_int_equal(imp_applier_film_frame(applier, frame, &error), status);
}

/* A frame that fails leaves nothing for the next ones: neither numbers that are not finite, nor a
 * state to be kept. */
static void a_failure_is_forgotten(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_error error = {0};
    params.steady = 0.1F;
    params.smooth = 0.9F;
    struct impasto_applier *applier = opened(&params), *other = opened(&params);
    struct impasto_image *frame = picture_of(110, 150), *fresh = picture_of(110, 150);
    float *kept = calloc(imp_applier_state_floats(applier, WIDTH, HEIGHT), sizeof(float));
    assert_non_null(kept);
    expect_frame(applier, frame, IMPASTO_OK);
    assert_int_equal(imp_applier_state_get(applier, kept, &error), IMPASTO_OK);
    frame->rgb[3 * WIDTH * HEIGHT / 2] = NAN;
    expect_frame(applier, frame, IMPASTO_ERROR_NUMERIC);
    assert_int_equal(imp_applier_state_get(applier, kept, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "the last frame has failed"));
    impasto_image_free(&frame);
    frame = picture_of(110, 150);
    expect_frame(applier, frame, IMPASTO_OK);
    expect_frame(other, fresh, IMPASTO_OK);
    assert_memory_equal(frame->rgb, fresh->rgb, 3 * WIDTH * HEIGHT * sizeof(float));
    impasto_image_free(&frame);
    impasto_image_free(&fresh);
    impasto_applier_close(&applier);
    impasto_applier_close(&other);
    free(kept);
}

/* What a frame has of those before it is a part of the memory that may be taken. */
static void memory_is_kept_to(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_image *frame = picture_of(110, 150);
    params.steady = 0.1F;
    params.smooth = 0.9F;
    struct impasto_applier *applier = opened(&params);
    expect_frame(applier, frame, IMPASTO_OK);
    const uint64_t taken = impasto_applier_memory(applier);
    for (uint64_t less = 0; less < 2; less++) {
        impasto_applier_close(&applier);
        params.memory = taken - less;
        applier = opened(&params);
        expect_frame(applier, frame, less ? IMPASTO_ERROR_MEMORY : IMPASTO_OK);
        assert_true(less || impasto_applier_memory(applier) == taken);
    }
    impasto_image_free(&frame);
    impasto_applier_close(&applier);
}

/* What frames leave for the next ones comes out of the strips' memory, also where it is turned on
 * between two frames of a size: the limit leaves room for that beside the lowest strips, and as
 * little beside those that were planned without it. */
static void memory_is_kept_to_by_changes(void **state)
{
    (void)state;
    const int width = 60, height = 400;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_image *frame = blank_picture(width, height);
    struct impasto_error error = {0};
    struct impasto_applier *applier = opened(&params);
    expect_frame(applier, frame, IMPASTO_OK);
    params.memory = impasto_applier_memory(applier);
    impasto_applier_close(&applier);
    applier = opened(&params);
    for (int turn = 0; turn < 4; turn++) {
        params.smooth = turn == 1 || turn == 3 ? 0.9F : 0;
        params.steady = turn >= 2 ? 0.1F : 0;
        assert_int_equal(impasto_applier_change(applier, &params, &error), IMPASTO_OK);
        expect_frame(applier, frame, IMPASTO_OK);
        assert_true(impasto_applier_memory(applier) <= params.memory);
    }
    params.smooth = params.steady = 0;
    assert_int_equal(impasto_applier_change(applier, &params, &error), IMPASTO_OK);
    expect_frame(applier, frame, IMPASTO_OK);
    assert_true(impasto_applier_memory(applier) == params.memory);
    impasto_image_free(&frame);
    impasto_applier_close(&applier);
}

static void planes_are_laid_one_after_the_other(void **state)
{
    (void)state;
    static unsigned char bytes[64];
    struct impasto_pixels frame = {
        .struct_size = sizeof(frame), .format = IMPASTO_PIXELS_I420, .width = 5, .height = 3};
    assert_int_equal(impasto_pixels_lay(&frame, bytes), 15 + 6 + 6);
    assert_ptr_equal(frame.plane[1], bytes + 15);
    assert_ptr_equal(frame.plane[2], bytes + 21);
    assert_int_equal(frame.stride[0], 5);
    assert_int_equal(frame.stride[2], 3);
    frame.format = IMPASTO_PIXELS_UYVY;
    assert_int_equal(impasto_pixels_lay(&frame, bytes), 36);
    assert_null(frame.plane[1]);
    frame.width = 0;
    assert_int_equal(impasto_pixels_lay(&frame, bytes), 0);
    frame.width = frame.height = 50000;
    assert_int_equal(impasto_pixels_lay(&frame, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_are_laid_one_after_the_other),
        cmocka_unit_test(frames_are_what_their_bytes_say),
        cmocka_unit_test(results_have_the_format_asked_for),
        cmocka_unit_test(a_frame_may_become_itself),
        cmocka_unit_test(noise_is_averaged_out),
        cmocka_unit_test(a_change_is_not_averaged),
        cmocka_unit_test(a_cut_begins_anew),
        cmocka_unit_test(what_is_far_stays),
        cmocka_unit_test(refuses_what_is_no_frame),
        cmocka_unit_test(numbers_that_are_not_finite_are_told),
        cmocka_unit_test(a_failure_is_forgotten),
        cmocka_unit_test(memory_is_kept_to),
        cmocka_unit_test(memory_is_kept_to_by_changes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
