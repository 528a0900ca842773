/* SPDX-License-Identifier: MIT */
/* Paintings that are in part the network's identity: their colours go so far to the photograph's,
 * in pictures, regions, frames and films. */

#include "apply/film.h"
#include "files.h"
#include "fixtures.h"
#include "image/image.h"
#include "networks.h"

#include <math.h>
#include <string.h>

#define WIDTH 76
#define HEIGHT 61
#define VALUES (3 * WIDTH * HEIGHT)
/* Sums of floats, and the rounding of what they move. */
#define ROUNDING 1e-4

static struct impasto_device *device;
/* The same numbers. In one of them, the last style is called the identity. */
static struct impasto_model *model, *plain;
static struct impasto_image *content;

static const char *const style_names[] = {"dots", "lines", "identity"};
static const char *const plain_names[] = {"dots", "lines", "photograph"};

/* Of little contrast, and so bright. To be freed. */
static struct impasto_image *soft_picture(float brightness)
{
    struct impasto_image *soft = painted_picture(WIDTH, HEIGHT, 0);
    for (int i = 0; i < VALUES; i++)
        soft->rgb[i] = brightness + 0.2F * soft->rgb[i];
    return soft;
}

static int set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state))
        return -1;
    make_network(in_folder("model"), style_names, 3);
    assert_int_equal(impasto_model_open(in_folder("model"), &model, &error), IMPASTO_OK);
    make_network(in_folder("plain"), plain_names, 3);
    assert_int_equal(impasto_model_open(in_folder("plain"), &plain, &error), IMPASTO_OK);
    assert_int_equal(
        impasto_device_open(getenv("IMPASTO_TEST_DEVICE"), NULL, NULL, &device, &error),
        IMPASTO_OK);
    content = soft_picture(0.4F);
    return 0;
}

static int tear_down(void **state)
{
    impasto_image_free(&content);
    impasto_model_close(&model);
    impasto_model_close(&plain);
    impasto_device_close(&device);
    return remove_folder(state);
}

static struct impasto_applier *opened(const struct impasto_model *of,
                                      const struct impasto_apply_params *params)
{
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    if (impasto_applier_open(device, of, params, &applier, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return applier;
}

static struct impasto_image *paint(const struct impasto_model *of,
                                   const struct impasto_apply_params *params,
                                   const struct impasto_apply_region *region)
{
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = content,
                                                    .regions = region,
                                                    .region_count = region != NULL};
    struct impasto_applier *applier = opened(of, params);
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    if (impasto_applier_paint(applier, &pictures, &result, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_applier_close(&applier);
    return result;
}

static struct impasto_apply_params mixed(const float mix[3], enum impasto_colour colour)
{
    struct impasto_apply_params params = impasto_apply_defaults();
    params.mix = mix;
    params.mix_count = 3;
    params.colour = colour;
    return params;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* The content as a frame, whose numbers are not clamped. To be freed. */
static struct impasto_image *painted_frame(const struct impasto_model *of,
                                           const struct impasto_apply_params *params)
{
    struct impasto_applier *applier = opened(of, params);
    struct impasto_image *frame = soft_picture(0.4F);
    struct impasto_error error = {0};
    if (imp_applier_film_frame(applier, frame, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_applier_close(&applier);
    return frame;
}

/* What the network paints, moved by the identity's share of the mix. */
static void expect_moved(const float mix[3])
{
    const struct impasto_apply_params params = mixed(mix, IMPASTO_COLOUR_STYLE);
    struct impasto_image *as_it_is = painted_frame(plain, &params);
    struct impasto_image *moved = painted_frame(model, &params);
    struct imp_colours photograph, painting;
    float matrix[3][3], added[3];
    imp_colours_measure(content, NULL, &photograph);
    imp_colours_measure(as_it_is, NULL, &painting);
    imp_colours_approach(&painting, &photograph, (double)mix[2], matrix, added);
    for (int i = 0; i < VALUES; i += 3)
        for (int c = 0; c < 3; c++) {
            const float *rgb = as_it_is->rgb + i, *m = matrix[c];
            const float wanted = added[c] + m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2];
            assert_true(fabsf(moved->rgb[i + c] - wanted) < ROUNDING);
        }
    impasto_image_free(&as_it_is);
    impasto_image_free(&moved);
}

static void colours_move_by_the_identitys_share(void **state)
{
    (void)state;
    static const float mixes[][3] = {{0, 0, 1}, {0.5F, 0.25F, 0.25F}, {0.125F, 0, 0.875F}};
    for (size_t i = 0; i < 3; i++)
        expect_moved(mixes[i]);
}

static void nothing_moves_without_a_share(void **state)
{
    (void)state;
    static const float styles[] = {0.75F, 0.25F, 0}, identity[] = {0.25F, 0, 0.75F};
    struct impasto_apply_params params = mixed(styles, IMPASTO_COLOUR_STYLE);
    struct impasto_image *as_it_is = paint(plain, &params, NULL);
    struct impasto_image *same = paint(model, &params, NULL);
    expect_same_picture(as_it_is, same);
    impasto_image_free(&as_it_is);
    impasto_image_free(&same);
    /* Matched colours are the photograph's in any case. */
    params = mixed(identity, IMPASTO_COLOUR_MATCH);
    as_it_is = paint(plain, &params, NULL);
    same = paint(model, &params, NULL);
    expect_same_picture(as_it_is, same);
    impasto_image_free(&as_it_is);
    impasto_image_free(&same);
}

/* Each region goes as far as its own mix does, and as if it were all of the picture. */
static void regions_have_their_own_share(void **state)
{
    (void)state;
    static const float styles[] = {1, 0, 0}, identity[] = {0.25F, 0, 0.75F};
    struct impasto_image *mask = blank_picture(WIDTH, HEIGHT);
    const size_t half = 3 * WIDTH * (HEIGHT / 2), rest = VALUES - half;
    for (size_t i = 0; i < half; i++)
        mask->rgb[i] = 1;
    const struct impasto_apply_region region = {
        .struct_size = sizeof(region), .mask = mask, .mix = identity, .mix_count = 3};
    const struct impasto_apply_params below = mixed(styles, IMPASTO_COLOUR_STYLE);
    const struct impasto_apply_params above = mixed(identity, IMPASTO_COLOUR_STYLE);
    struct impasto_image *both = paint(model, &below, &region);
    struct impasto_image *lower = paint(model, &below, NULL), *upper = paint(model, &above, NULL);
    assert_memory_equal(both->rgb, upper->rgb, half * sizeof(float));
    assert_memory_equal(both->rgb + half, lower->rgb + half, rest * sizeof(float));
    impasto_image_free(&mask);
    impasto_image_free(&both);
    impasto_image_free(&lower);
    impasto_image_free(&upper);
}

/* ---- Films ----------------------------------------------------------------------------------- */

/* The next frame, of a scene that gets lighter. To be freed. */
static struct impasto_image *next_frame(struct impasto_applier *applier, int number)
{
    struct impasto_image *frame = soft_picture(0.3F + 0.02F * (float)number);
    struct impasto_error error = {0};
    if (imp_applier_film_frame(applier, frame, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return frame;
}

static double mean_of(const struct impasto_image *image)
{
    double sum = 0;
    for (int i = 0; i < VALUES; i++)
        sum += (double)image->rgb[i];
    return sum / VALUES;
}

static struct impasto_apply_params half_painted(float smooth)
{
    struct impasto_apply_params params = impasto_apply_defaults();
    params.strength = 0.5F;
    params.smooth = smooth;
    return params;
}

static void a_frame_is_a_picture(void **state)
{
    (void)state;
    const struct impasto_apply_params params = half_painted(0);
    struct impasto_image *frame = painted_frame(model, &params);
    struct impasto_image *picture = paint(model, &params, NULL);
    for (int i = 0; i < VALUES; i++)
        assert_true(fabsf(fminf(fmaxf(frame->rgb[i], 0), 1) - picture->rgb[i]) < ROUNDING);
    impasto_image_free(&frame);
    impasto_image_free(&picture);
}

/* How much lighter the second frame's painting is than the first one's. */
static double lighter_by(float smooth)
{
    const struct impasto_apply_params params = half_painted(smooth);
    struct impasto_applier *applier = opened(model, &params);
    struct impasto_image *first = next_frame(applier, 0), *second = next_frame(applier, 1);
    const double by = mean_of(second) - mean_of(first);
    impasto_applier_close(&applier);
    impasto_image_free(&first);
    impasto_image_free(&second);
    return by;
}

/* The photograph's mean, which alone gets into the painting's, is one of them. */
static void statistics_of_colours_are_smoothed(void **state)
{
    (void)state;
    const double as_it_is = lighter_by(0), smoothed = lighter_by(0.9F);
    assert_true(fabs(as_it_is - 0.01) < 0.002);
    if (!(fabs(smoothed) < 0.5 * as_it_is))
        fail_msg("by %g lighter, smoothed by %g", as_it_is, smoothed);
}

/* As a film that was never interrupted. */
static void statistics_of_colours_are_kept(void **state)
{
    (void)state;
    const struct impasto_apply_params params = half_painted(0.8F);
    struct impasto_applier *applier = opened(model, &params), *resumed = opened(model, &params);
    struct impasto_image *first = next_frame(applier, 0), *second = next_frame(applier, 1);
    struct impasto_error error = {0};
    float *kept = calloc(imp_applier_state_floats(applier, WIDTH, HEIGHT), sizeof(float));
    assert_int_equal(imp_applier_state_get(applier, kept, &error), IMPASTO_OK);
    assert_int_equal(imp_applier_state_put(resumed, WIDTH, HEIGHT, kept, &error), IMPASTO_OK);
    struct impasto_image *third = next_frame(applier, 2), *same = next_frame(resumed, 2);
    expect_same_picture(third, same);
    struct impasto_image *const all[] = {first, second, third, same};
    for (size_t i = 0; i < 4; i++)
        impasto_image_free(&(struct impasto_image *){all[i]});
    impasto_applier_close(&applier);
    impasto_applier_close(&resumed);
    free(kept);
}

/* Frames without a share leave nothing that a later one would go by. */
static void what_is_kept_goes_with_the_share(void **state)
{
    (void)state;
    struct impasto_apply_params params = half_painted(0.9F);
    struct impasto_applier *applier = opened(model, &params), *other = opened(model, &params);
    struct impasto_error error = {0};
    struct impasto_image *before = next_frame(applier, 0);
    for (int i = 0; i < 2; i++) {
        struct impasto_applier *const both[] = {applier, other};
        params.strength = 1;
        assert_int_equal(impasto_applier_change(both[i], &params, &error), IMPASTO_OK);
        if (i == 0)
            imp_applier_forget(applier);
        impasto_image_free(&(struct impasto_image *){next_frame(both[i], 1)});
        params.strength = 0.5F;
        assert_int_equal(impasto_applier_change(both[i], &params, &error), IMPASTO_OK);
    }
    struct impasto_image *one = next_frame(applier, 2), *same = next_frame(other, 2);
    expect_same_picture(one, same);
    impasto_image_free(&before);
    impasto_image_free(&one);
    impasto_image_free(&same);
    impasto_applier_close(&applier);
    impasto_applier_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_move_by_the_identitys_share),
        cmocka_unit_test(nothing_moves_without_a_share),
        cmocka_unit_test(regions_have_their_own_share),
        cmocka_unit_test(a_frame_is_a_picture),
        cmocka_unit_test(statistics_of_colours_are_smoothed),
        cmocka_unit_test(statistics_of_colours_are_kept),
        cmocka_unit_test(what_is_kept_goes_with_the_share),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
