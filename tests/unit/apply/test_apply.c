/* SPDX-License-Identifier: MIT */
/* Style networks applied: mixtures, strength, regions, frames, and what is refused. */

#include "files.h"
#include "networks.h"
#include "fixtures.h"
#include "image/image.h"
#include "model/model.h"

#include <math.h>

#define WIDTH 76
#define HEIGHT 101

static struct impasto_device *device;
static struct impasto_model *model;
static struct impasto_image *content;

static const char *const style_names[] = {"dots", "lines", IMP_STYLE_IDENTITY};

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
    content = painted_picture(WIDTH, HEIGHT, 0);
    return 0;
}

static int tear_down(void **state)
{
    impasto_image_free(&content);
    impasto_model_close(&model);
    impasto_device_close(&device);
    return remove_folder(state);
}

static struct impasto_image *paint(const struct impasto_apply_params *params,
                                   const struct impasto_apply_pictures *pictures)
{
    struct impasto_applier *applier = NULL;
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_applier_open(device, model, params, &applier, &error), IMPASTO_OK);
    if (impasto_applier_paint(applier, pictures, &result, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_applier_close(&applier);
    return result;
}

static struct impasto_image *paint_content(const struct impasto_apply_params *params)
{
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = content};
    return paint(params, &pictures);
}

/* Largest difference of two pictures of one size. */
static float difference(const struct impasto_image *a, const struct impasto_image *b)
{
    float most = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (int i = 0; i < 3 * a->width * a->height; i++)
        most = fmaxf(most, fabsf(a->rgb[i] - b->rgb[i]));
    return most;
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static void the_first_style_is_the_usual_one(void **state)
{
    (void)state;
    const float first[] = {2, 0, 0}, second[] = {0, 1, 0};
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_image *usual = paint_content(&params);
    params.mix_count = 3;
    params.mix = first;
    struct impasto_image *same = paint_content(&params);
    params.mix = second;
    struct impasto_image *other = paint_content(&params);
    expect_same_picture(usual, same);
    assert_true(difference(usual, other) > 0.02F);
    impasto_image_free(&usual);
    impasto_image_free(&same);
    impasto_image_free(&other);
}

static void no_strength_is_the_identity(void **state)
{
    (void)state;
    const float identity[] = {0, 0, 1};
    struct impasto_apply_params params = impasto_apply_defaults();
    params.strength = 0;
    struct impasto_image *none = paint_content(&params);
    params.strength = 1;
    params.mix = identity;
    params.mix_count = 3;
    struct impasto_image *row = paint_content(&params);
    expect_same_picture(none, row);
    impasto_image_free(&none);
    impasto_image_free(&row);
}

/* Rows are mixed, not pictures. */
static void half_the_strength_is_half_of_each_row(void **state)
{
    (void)state;
    const float mix[] = {0.5F, 0, 0.5F};
    struct impasto_apply_params params = impasto_apply_defaults();
    params.strength = 0.5F;
    struct impasto_image *half = paint_content(&params);
    params.strength = 1;
    params.mix = mix;
    params.mix_count = 3;
    struct impasto_image *both = paint_content(&params);
    expect_same_picture(half, both);
    impasto_image_free(&half);
    impasto_image_free(&both);
}

static void regions_have_their_own_styles(void **state)
{
    (void)state;
    const float second[] = {0, 1, 0};
    struct impasto_image *mask = blank_picture(WIDTH, HEIGHT);
    for (int i = 0; i < 3 * WIDTH * (HEIGHT / 2); i++)
        mask->rgb[i] = 1;
    const struct impasto_apply_region region = {
        .struct_size = sizeof(region), .mask = mask, .mix = second, .mix_count = 3};
    const struct impasto_apply_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .regions = &region, .region_count = 1};
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_image *both = paint(&params, &pictures), *below = paint_content(&params);
    params.mix = second;
    params.mix_count = 3;
    struct impasto_image *above = paint_content(&params);
    const size_t half = 3 * WIDTH * (HEIGHT / 2), rest = 3 * (size_t)WIDTH * HEIGHT - half;
    assert_memory_equal(both->rgb, above->rgb, half * sizeof(float));
    assert_memory_equal(both->rgb + half, below->rgb + half, rest * sizeof(float));
    impasto_image_free(&mask);
    impasto_image_free(&both);
    impasto_image_free(&above);
    impasto_image_free(&below);
}

static void what_is_kept_stays(void **state)
{
    (void)state;
    struct impasto_image *mask = blank_picture(WIDTH, HEIGHT);
    const size_t half = 3 * WIDTH * (HEIGHT / 2), rest = 3 * (size_t)WIDTH * HEIGHT - half;
    for (size_t i = 0; i < half; i++)
        mask->rgb[i] = 1;
    const struct impasto_apply_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .keep = mask};
    for (int i = 0; i < 2; i++) {
        struct impasto_apply_params params = impasto_apply_defaults();
        params.stroke = i ? 1.5F : 1;
        struct impasto_image *kept = paint(&params, &pictures), *painted = paint_content(&params);
        assert_memory_equal(kept->rgb, content->rgb, half * sizeof(float));
        assert_memory_equal(kept->rgb + half, painted->rgb + half, rest * sizeof(float));
        impasto_image_free(&kept);
        impasto_image_free(&painted);
    }
    impasto_image_free(&mask);
}

static void painted_over_is_the_same(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    params.colour = IMPASTO_COLOUR_LUMA;
    struct impasto_image *copy = paint_content(&params);
    struct impasto_image *over = painted_picture(WIDTH, HEIGHT, 0);
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures)};
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_applier_open(device, model, &params, &applier, &error), IMPASTO_OK);
    assert_int_equal(impasto_applier_paint_over(applier, &pictures, over, &error), IMPASTO_OK);
    expect_same_picture(copy, over);
    params.size = 40;
    assert_int_equal(impasto_applier_change(applier, &params, &error), IMPASTO_OK);
    assert_int_equal(impasto_applier_paint_over(applier, &pictures, over, &error),
                     IMPASTO_ERROR_USAGE);
    impasto_applier_close(&applier);
    impasto_image_free(&copy);
    impasto_image_free(&over);
}

static void sizes_and_strokes(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    params.size = 48;
    params.stroke = 2;
    params.colour = IMPASTO_COLOUR_LUMA;
    struct impasto_image *result = paint_content(&params);
    assert_int_equal(result->height, 48);
    assert_int_equal(result->width, 36);
    impasto_image_free(&result);
}

/* ---- Colours --------------------------------------------------------------------------------- */

/* A picture whose colours have room, so that few are clamped when others are given their range. */
static struct impasto_image *soft_picture(void)
{
    struct impasto_image *soft = painted_picture(WIDTH, HEIGHT, 0);
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        soft->rgb[i] = 0.35F + 0.3F * soft->rgb[i];
    return soft;
}

static float distance(const struct imp_colours *a, const struct imp_colours *b)
{
    double most = 0;
    for (int i = 0; i < 3; i++) {
        most = fmax(most, fabs(a->mean[i] - b->mean[i]));
        for (int j = 0; j < 3; j++)
            most = fmax(most, fabs(a->covariance[i][j] - b->covariance[i][j]));
    }
    return (float)most;
}

static float distance_of_colours(const struct impasto_image *a, const struct impasto_image *b,
                                 const float *weights)
{
    struct imp_colours x, y;
    imp_colours_measure(a, weights, &x);
    imp_colours_measure(b, weights, &y);
    return distance(&x, &y);
}

static void colours_are_matched(void **state)
{
    (void)state;
    struct impasto_image *soft = soft_picture();
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = soft};
    struct impasto_apply_params params = impasto_apply_defaults();
    for (int i = 0; i < 2; i++) {
        params.stroke = i ? 1.5F : 1;
        params.colour = IMPASTO_COLOUR_STYLE;
        struct impasto_image *painted = paint(&params, &pictures);
        params.colour = IMPASTO_COLOUR_MATCH;
        struct impasto_image *matched = paint(&params, &pictures);
        /* Enlarging takes a little of the range. */
        assert_true(distance_of_colours(painted, soft, NULL) > 0.02F);
        assert_true(distance_of_colours(matched, soft, NULL) < (i ? 0.006F : 0.003F));
        impasto_image_free(&painted);
        impasto_image_free(&matched);
    }
    impasto_image_free(&soft);
}

/* A region takes the colours of its part, and what is kept counts for nothing. */
static void colours_are_matched_by_regions(void **state)
{
    (void)state;
    const float second[] = {0, 1, 0};
    const size_t pixels = (size_t)WIDTH * HEIGHT;
    struct impasto_image *soft = soft_picture();
    struct impasto_image *mask = blank_picture(WIDTH, HEIGHT), *keep = blank_picture(WIDTH, HEIGHT);
    float *weights = calloc(pixels, sizeof(float));
    for (size_t i = 0; i < pixels; i++) {
        const bool upper = i < pixels / 2, left = i % WIDTH < WIDTH / 2;
        for (size_t c = 0; c < 3; c++) {
            mask->rgb[3 * i + c] = upper;
            keep->rgb[3 * i + c] = left;
        }
        weights[i] = upper && !left;
    }
    const struct impasto_apply_region region = {
        .struct_size = sizeof(region), .mask = mask, .mix = second, .mix_count = 3};
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = soft,
                                                    .keep = keep,
                                                    .regions = &region,
                                                    .region_count = 1};
    struct impasto_apply_params params = impasto_apply_defaults();
    params.colour = IMPASTO_COLOUR_MATCH;
    struct impasto_image *result = paint(&params, &pictures);
    assert_true(distance_of_colours(result, soft, weights) < 0.003F);
    for (size_t i = 0; i < pixels; i++)
        if (i % WIDTH < WIDTH / 2)
            assert_memory_equal(&result->rgb[3 * i], &soft->rgb[3 * i], 3 * sizeof(float));
    impasto_image_free(&soft);
    impasto_image_free(&mask);
    impasto_image_free(&keep);
    impasto_image_free(&result);
    free(weights);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void expect_frame(enum impasto_colour colour)
{
    enum { STRIDE = 3 * WIDTH + 5 };
    unsigned char *frame = malloc(STRIDE * HEIGHT);
    struct impasto_apply_params params = impasto_apply_defaults();
    params.colour = colour;
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    memset(frame, 0xaa, STRIDE * HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < 3 * WIDTH; x++) {
            float *value = &content->rgb[y * 3 * WIDTH + x];
            frame[y * STRIDE + x] = (unsigned char)(*value * 255 + 0.5F);
            *value = (float)frame[y * STRIDE + x] / 255;
        }
    struct impasto_image *picture = paint_content(&params);
    assert_int_equal(impasto_applier_open(device, model, &params, &applier, &error), IMPASTO_OK);
    assert_int_equal(
        impasto_applier_frame(applier, WIDTH, HEIGHT, frame, STRIDE, frame, STRIDE, &error),
        IMPASTO_OK);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < 3 * WIDTH; x++)
            assert_true(fabsf((float)frame[y * STRIDE + x] -
                              255 * picture->rgb[y * 3 * WIDTH + x]) < 0.51F);
        for (int x = 3 * WIDTH; x < STRIDE; x++)
            assert_int_equal(frame[y * STRIDE + x], 0xaa);
    }
    impasto_applier_close(&applier);
    impasto_image_free(&picture);
    free(frame);
}

static void a_frame_is_a_picture_of_bytes(void **state)
{
    (void)state;
    expect_frame(IMPASTO_COLOUR_STYLE);
    expect_frame(IMPASTO_COLOUR_LUMA);
    expect_frame(IMPASTO_COLOUR_MATCH);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void expect_refusal(const struct impasto_apply_params *params, const char *words)
{
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_applier_open(device, model, params, &applier, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(applier);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static void refuses_parameters_out_of_range(void **state)
{
    (void)state;
    const float none[] = {0, 0, 0}, negative[] = {1, -1, 1}, nan[] = {1, NAN, 1};
    struct impasto_apply_params params = impasto_apply_defaults();
    params.strength = 3;
    expect_refusal(&params, "strength");
    params = impasto_apply_defaults();
    params.stroke = NAN;
    expect_refusal(&params, "stroke");
    params = impasto_apply_defaults();
    params.colour = (enum impasto_colour)(IMPASTO_COLOUR_MATCH + 1);
    expect_refusal(&params, "colour");
    params = impasto_apply_defaults();
    params.mix = none;
    params.mix_count = 2;
    expect_refusal(&params, "3 styles");
    params.mix_count = 3;
    expect_refusal(&params, "above 0");
    params.mix = negative;
    expect_refusal(&params, "style 1");
    params.mix = nan;
    expect_refusal(&params, "style 1");
}

static void refuses_pictures_that_are_too_small(void **state)
{
    (void)state;
    struct impasto_image *small = painted_picture(15, 40, 1), *result = NULL;
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = small};
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_applier_open(device, model, &params, &applier, &error), IMPASTO_OK);
    assert_int_equal(impasto_applier_paint(applier, &pictures, &result, &error),
                     IMPASTO_ERROR_INPUT);
    assert_null(result);
    assert_non_null(strstr(error.message, "15x40"));
    impasto_applier_close(&applier);
    impasto_image_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_style_is_the_usual_one),
        cmocka_unit_test(no_strength_is_the_identity),
        cmocka_unit_test(half_the_strength_is_half_of_each_row),
        cmocka_unit_test(regions_have_their_own_styles),
        cmocka_unit_test(what_is_kept_stays),
        cmocka_unit_test(painted_over_is_the_same),
        cmocka_unit_test(sizes_and_strokes),
        cmocka_unit_test(colours_are_matched),
        cmocka_unit_test(colours_are_matched_by_regions),
        cmocka_unit_test(a_frame_is_a_picture_of_bytes),
        cmocka_unit_test(refuses_parameters_out_of_range),
        cmocka_unit_test(refuses_pictures_that_are_too_small),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
