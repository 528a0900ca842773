/* SPDX-License-Identifier: MIT */
/* Films that are painted: how still they hold, scenes, and what clips are opened with. */

#include "clip_fixture.h"

#include <math.h>

/* ---- How still it holds ---------------------------------------------------------------------- */

static void a_frame_that_repeats_is_not_painted_again(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_clip *clip = open_clip(&usual, &film);
    float rgb[VALUES], painted[VALUES], before[VALUES];
    draw_pan(rgb, 0, 0);
    paint(clip, rgb, before);
    paint(clip, rgb, painted);
    expect_same(painted, before);
    assert_int_equal(impasto_clip_info(clip)->iterations, 0);
    assert_true(impasto_clip_info(clip)->warp[0].last == 0);
    rgb[0] += 1.0F / 255;
    paint(clip, rgb, painted);
    assert_true(impasto_clip_info(clip)->iterations > 0);
    impasto_clip_close(&clip);
}

/* The camera's noise: half a code or so. */
static void add_noise(float *rgb, int frame)
{
    uint32_t bits = 12345U + (uint32_t)frame;
    for (int i = 0; i < VALUES; i++) {
        bits = bits * 1664525U + 1013904223U;
        rgb[i] += ((float)(bits >> 16) / 65536 - 0.5F) / 255;
    }
}

static void a_still_film_stands_still(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_params params = usual;
    params.iterations = params.first_iterations = 40;
    struct impasto_clip *clip = open_clip(&params, &film);
    float rgb[VALUES], painted[VALUES];
    double first = 0;
    for (int frame = 0; frame < 50; frame++) {
        draw_pan(rgb, 0, 0);
        add_noise(rgb, frame);
        paint(clip, rgb, painted);
        const struct impasto_clip_info *info = impasto_clip_info(clip);
        const double mean = (info->colour[0] + info->colour[1] + info->colour[2]) / 3;
        first = frame == 0 ? mean : first;
        if (frame > 1 && !(info->warp[0].last < 1e-3))
            fail_msg("frame %d: E_warp is %g", frame, info->warp[0].last);
        if (!(fabs(mean - first) < 2.0 / 255))
            fail_msg("frame %d: the mean colour went from %g to %g", frame, first, mean);
        assert_int_equal(info->begins_scene, frame == 0);
    }
    assert_int_equal(impasto_clip_info(clip)->warp[0].pairs, 49);
    assert_int_equal(impasto_clip_info(clip)->warp[1].pairs, 12);
    assert_int_equal(impasto_clip_info(clip)->warp[2].pairs, 3);
    impasto_clip_close(&clip);
}

/* Means over a film of a pan or a walk. */
static struct impasto_clip_info measure(const struct impasto_clip_params *film, bool walk)
{
    struct impasto_params params = usual;
    params.iterations = params.first_iterations = 30;
    struct impasto_clip *clip = open_clip(&params, film);
    float rgb[VALUES], painted[VALUES];
    for (int frame = 0; frame < 9; frame++) {
        if (walk)
            draw_walk(rgb, frame);
        else
            draw_pan(rgb, 1.7F * (float)frame, 0);
        paint(clip, rgb, painted);
    }
    const struct impasto_clip_info info = *impasto_clip_info(clip);
    assert_int_equal(info.scenes, 1);
    impasto_clip_close(&clip);
    return info;
}

static void a_pan_holds_its_strokes(void **state)
{
    (void)state;
    const struct impasto_clip_params none = film_of(IMPASTO_CONSISTENCY_NONE);
    const struct impasto_clip_params held = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_clip_params loose = held;
    loose.temporal_weight = 0;
    const struct impasto_clip_info alone = measure(&none, false);
    const struct impasto_clip_info film = measure(&held, false);
    const struct impasto_clip_info start = measure(&loose, false);
    print_message("E_warp: alone %g, from the one before %g, held to it %g; source %g\n",
                  alone.warp[0].mean, start.warp[0].mean, film.warp[0].mean,
                  film.warp[0].mean_source);
    print_message("4 apart: %g, %g, %g; style loss %g, %g, %g\n", alone.warp[1].mean,
                  start.warp[1].mean, film.warp[1].mean, alone.style_loss, start.style_loss,
                  film.style_loss);
    assert_true(film.warp[0].mean <= 0.25 * alone.warp[0].mean);
    assert_true(film.warp[0].mean < start.warp[0].mean);
    assert_true(film.warp[1].mean <= alone.warp[1].mean);
}

/* A half of the frames is white in it, the other black. */
static struct impasto_image *half_mask(bool right)
{
    struct impasto_image *mask = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_image_create(WIDTH, HEIGHT, &mask, &error), IMPASTO_OK);
    for (int i = 0; i < VALUES; i++)
        mask->rgb[i] = (i / 3 % WIDTH >= WIDTH / 2) == right;
    return mask;
}

/* E_warp of a pan whose halves have a style each, and the plain losses of Gatys. */
static double measure_regions(float temporal_weight)
{
    struct impasto_image *left = half_mask(false), *right = half_mask(true);
    const struct impasto_region regions[] = {
        {.struct_size = sizeof(*regions), .mask = left, .weight = 1},
        {.struct_size = sizeof(*regions), .mask = right, .weight = 1}};
    const struct impasto_style styles[] = {
        {.struct_size = sizeof(*styles), .image = style, .weight = 1},
        {.struct_size = sizeof(*styles), .image = other_style, .weight = 1, .region = 1}};
    const struct impasto_pictures pictures = {.struct_size = sizeof(pictures),
                                              .styles = styles,
                                              .style_count = 2,
                                              .regions = regions,
                                              .region_count = 2};
    struct impasto_params params = usual;
    struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    float painted[VALUES];
    params.losses = IMPASTO_LOSSES_GATYS;
    film.temporal_weight = temporal_weight;
    assert_int_equal(
        impasto_clip_open_painting(device, weights, &pictures, &params, &film, &clip, &error),
        IMPASTO_OK);
    for (int frame = 0; frame < 5; frame++)
        paint_pan(clip, frame, painted);
    const double warp = impasto_clip_info(clip)->warp[0].mean;
    impasto_clip_close(&clip);
    impasto_image_free(&left);
    impasto_image_free(&right);
    return warp;
}

static void regions_are_held_too(void **state)
{
    (void)state;
    const double loose = measure_regions(0), held = measure_regions(1e9F);
    print_message("E_warp in regions, with plain losses: %g, held %g\n", loose, held);
    assert_true(held < 0.5 * loose);
}

static void what_returns_is_known_again(void **state)
{
    (void)state;
    struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    film.temporal_weight = 200;
    struct impasto_clip_params fine = film;
    fine.consistency = IMPASTO_CONSISTENCY_FINE;
    const struct impasto_clip_info near = measure(&film, true), far = measure(&fine, true);
    print_message("E_warp 4 apart: film %g, fine %g; 1 apart: %g, %g\n", near.warp[1].mean,
                  far.warp[1].mean, near.warp[0].mean, far.warp[0].mean);
    assert_true(far.warp[1].mean < near.warp[1].mean);
}

/* ---- Scenes ---------------------------------------------------------------------------------- */

static void a_scene_is_painted_as_if_it_were_the_first(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FINE);
    struct impasto_clip *clip = open_clip(&usual, &film), *anew = open_clip(&usual, &film);
    float rgb[VALUES], painted[VALUES], expected[VALUES];
    for (int frame = 0; frame < 3; frame++)
        paint_pan(clip, frame, painted);
    for (int frame = 0; frame < 2; frame++) {
        draw_tiles(rgb, frame);
        paint(clip, rgb, painted);
        paint(anew, rgb, expected);
        expect_same(painted, expected);
        assert_int_equal(impasto_clip_info(clip)->begins_scene, frame == 0);
    }
    assert_int_equal(impasto_clip_info(clip)->scenes, 2);
    assert_int_equal(impasto_clip_info(clip)->frames, 5);
    impasto_clip_close(&clip);
    impasto_clip_close(&anew);
}

/* Frame by frame of three scenes, the last of which repeats a frame. */
#define SCENES_FRAMES 7
static void draw_scenes(float *rgb, int frame)
{
    if (frame < 3)
        draw_pan(rgb, (float)frame, 0);
    else if (frame < 5)
        draw_tiles(rgb, 2 * frame);
    else
        draw_pan(rgb, 40, 3);
}

static void look(struct impasto_clip *scout, float *rgb)
{
    struct impasto_error error = {0};
    const struct impasto_frame frame = frame_of(rgb);
    if (impasto_clip_look(scout, &frame, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

/* As one clip paints them; each scene by a clip that has painted something else, once the cuts are
 * known. */
static void scenes_are_painted_apart(void **state)
{
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FINE);
    struct impasto_params params = usual;
    params.colour = IMPASTO_COLOUR_LUMA;
    float rgb[VALUES], painted[VALUES], apart[VALUES];
    struct impasto_error error = {0};
    struct impasto_clip *clip = open_clip(&params, &film), *other = open_clip(&params, &film);
    struct impasto_clip *scout = NULL;
    if (impasto_clip_open_scout(device, &params, &film, &scout, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    (void)state;
    paint_pan(other, 9, apart);
    for (int frame = 0; frame < SCENES_FRAMES; frame++) {
        draw_scenes(rgb, frame);
        look(scout, rgb);
        const struct impasto_clip_info seen = *impasto_clip_info(scout);
        paint(clip, rgb, painted);
        if (seen.begins_scene)
            impasto_clip_begin(other, seen.frames - 1, seen.scenes - 1);
        paint(other, rgb, apart);
        expect_same(painted, apart);
        const struct impasto_clip_info *a = impasto_clip_info(clip);
        const struct impasto_clip_info *b = impasto_clip_info(other);
        assert_int_equal(seen.begins_scene, frame == 0 || frame == 3 || frame == 5);
        assert_int_equal(a->begins_scene, seen.begins_scene);
        assert_int_equal(a->scenes, seen.scenes);
        assert_int_equal(b->scenes, seen.scenes);
        assert_int_equal(b->frames, seen.frames);
        assert_memory_equal(&a->warp[0].last, &b->warp[0].last,
                            seen.begins_scene ? 0 : sizeof(double));
    }
    assert_true(impasto_clip_info(scout)->memory < impasto_clip_info(clip)->memory / 2);
    const struct impasto_frame frame = frame_of(rgb), result = frame_of(painted);
    assert_int_equal(impasto_clip_frame(scout, &frame, &result, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "only finds scenes"));
    assert_int_equal(impasto_clip_look(clip, &frame, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "this clip paints"));
    impasto_clip_close(&scout);
    impasto_clip_close(&other);
    impasto_clip_close(&clip);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void expect_refusal(const struct impasto_params *params,
                           const struct impasto_clip_params *film, const char *words)
{
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    assert_int_equal(try_to_open(params, film, style, &clip, &error), IMPASTO_ERROR_USAGE);
    assert_null(clip);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_params params = usual;
    film.temporal_weight = -1;
    expect_refusal(&usual, &film, "`temporal-weight` -1");
    film.temporal_weight = (float)NAN;
    expect_refusal(&usual, &film, "`temporal-weight`");
    film = film_of((enum impasto_consistency)3);
    expect_refusal(&usual, &film, "`consistency` 3");
    film = film_of(IMPASTO_CONSISTENCY_FILM);
    film.iterations = -2;
    expect_refusal(&usual, &film, "`frame-iterations` -2");
    film = film_of(IMPASTO_CONSISTENCY_FILM);
    params.init = IMPASTO_INIT_IMAGE;
    expect_refusal(&params, &film, "`init`");
}

static void the_memory_is_in_the_plan(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FINE);
    struct impasto_clip *clip = open_clip(&usual, &film);
    const struct impasto_job_info *job = impasto_clip_info(clip)->job;
    uint64_t bytes = 0;
    for (size_t i = 0; i < job->plan_rows; i++)
        if (strcmp(job->plan[i].purpose, "earlier frames") == 0)
            bytes += job->plan[i].bytes;
    const uint64_t canvas =
        (uint64_t)(WIDTH + 2 * usual.margin) * (uint64_t)(HEIGHT + 2 * usual.margin);
    assert_int_equal(bytes, 3 * 4 * sizeof(float) * canvas);
    impasto_clip_close(&clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_repeats_is_not_painted_again),
        cmocka_unit_test(a_still_film_stands_still),
        cmocka_unit_test(a_pan_holds_its_strokes),
        cmocka_unit_test(regions_are_held_too),
        cmocka_unit_test(what_returns_is_known_again),
        cmocka_unit_test(a_scene_is_painted_as_if_it_were_the_first),
        cmocka_unit_test(scenes_are_painted_apart),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(the_memory_is_in_the_plan),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
