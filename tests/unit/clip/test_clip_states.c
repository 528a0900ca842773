/* SPDX-License-Identifier: MIT */
/* Films that are painted and stopped: they go on to the same bytes, from states that are theirs. */

#include "clip_fixture.h"

/* ---- Stopping and going on ------------------------------------------------------------------- */

static int stop_at_once(void *user, const struct impasto_job_progress *progress)
{
    (void)progress;
    int *left = user;
    return (*left)-- == 0;
}

static void a_frame_can_be_tried_again(void **state)
{
    (void)state;
    int never = -1, soon = 1000;
    struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_error error = {0};
    float rgb[VALUES], painted[VALUES], expected[VALUES];
    const struct impasto_frame from = frame_of(rgb), to = frame_of(painted);
    film.progress = stop_at_once;
    film.user = &never;
    struct impasto_clip *whole = open_clip(&usual, &film);
    film.user = &soon;
    struct impasto_clip *clip = open_clip(&usual, &film);
    for (int frame = 0; frame < 3; frame++) {
        draw_pan(rgb, (float)frame, 0);
        soon = 2;
        assert_int_equal(impasto_clip_frame(clip, &from, &to, &error), IMPASTO_ERROR_INTERRUPTED);
        assert_int_equal(impasto_clip_info(clip)->frames, frame);
        soon = -1;
        paint(clip, rgb, painted);
        paint(whole, rgb, expected);
        expect_same(painted, expected);
    }
    impasto_clip_close(&whole);
    impasto_clip_close(&clip);
}

static void save(struct impasto_clip *clip)
{
    struct impasto_error error = {0};
    if (impasto_clip_save(clip, in_folder("state"), &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void expect_the_same_film(const struct impasto_params *params,
                                 const struct impasto_clip_params *film)
{
    struct impasto_clip *whole = open_clip(params, film), *resumed = NULL;
    struct impasto_error error = {0};
    float painted[VALUES], expected[VALUES];
    for (int frame = 0; frame < 5; frame++)
        paint_pan(whole, frame, expected);
    save(whole);
    resumed = open_clip(params, film);
    if (impasto_clip_load(resumed, in_folder("state"), &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_int_equal(impasto_clip_info(resumed)->frames, 5);
    for (int frame = 5; frame < 9; frame++) {
        paint_pan(whole, frame, expected);
        paint_pan(resumed, frame, painted);
        expect_same(painted, expected);
    }
    const struct impasto_clip_info a = *impasto_clip_info(whole), b = *impasto_clip_info(resumed);
    assert_memory_equal(a.warp, b.warp, sizeof(a.warp));
    assert_int_equal(a.scenes, b.scenes);
    assert_true(a.warp[1].pairs == 2 && a.loss == b.loss);
    impasto_clip_close(&whole);
    impasto_clip_close(&resumed);
}

static void a_film_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    const struct impasto_clip_params fine = film_of(IMPASTO_CONSISTENCY_FINE);
    struct impasto_params params = usual;
    expect_the_same_film(&params, &film);
    params.colour = IMPASTO_COLOUR_LUMA;
    expect_the_same_film(&params, &fine);
    params.colour = IMPASTO_COLOUR_MATCH;
    impasto_params_optimizer(&params, IMPASTO_OPTIMIZER_ADAM);
    expect_the_same_film(&params, &film);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void expect_load(const struct impasto_params *params, const struct impasto_clip_params *film,
                        const struct impasto_image *picture, const char *words)
{
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    if (try_to_open(params, film, picture, &clip, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_int_equal(impasto_clip_load(clip, in_folder("state"), &error), IMPASTO_ERROR_INPUT);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_int_equal(impasto_clip_info(clip)->frames, 0);
    impasto_clip_close(&clip);
}

static void a_state_of_another_film_is_refused(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_clip_params other = film;
    struct impasto_params params = usual;
    struct impasto_clip *clip = open_clip(&usual, &film);
    float painted[VALUES];
    paint_pan(clip, 0, painted);
    save(clip);
    impasto_clip_close(&clip);
    expect_load(&usual, &film, other_style, "was begun with other");
    params.strength = 0.6F;
    expect_load(&params, &film, style, "was begun with other");
    other.temporal_weight = 11;
    expect_load(&usual, &other, style, "was begun with other");
    other = film;
    other.width += 2;
    expect_load(&usual, &other, style, "was begun with other");
    write_bytes(in_folder("state"), "what is no state", 16);
    expect_load(&usual, &film, style, "state");
}

static void damaged_states_are_refused(void **state)
{
    (void)state;
    const struct impasto_clip_params film = film_of(IMPASTO_CONSISTENCY_FILM);
    struct impasto_clip *clip = open_clip(&usual, &film), *fresh = NULL;
    float painted[VALUES], expected[VALUES];
    size_t size;
    paint_pan(clip, 0, expected);
    save(clip);
    unsigned char *bytes = read_bytes(in_folder("state"), &size);
    unsigned char *changed = malloc(size);
    assert_non_null(changed);
    for (int round = 0; round < 60; round++) {
        struct impasto_error error = {0};
        write_bytes(in_folder("state"), changed, damage(bytes, size, 2000, 7, round, changed));
        if (impasto_clip_load(clip, in_folder("state"), &error) != IMPASTO_ERROR_INPUT)
            fail_msg("round %d: a damaged state was taken", round);
        assert_true(error.message[0] && !strchr(error.message, '\n'));
        assert_int_equal(impasto_clip_info(clip)->frames, 0);
    }
    /* It is as good as new. */
    fresh = open_clip(&usual, &film);
    for (int frame = 0; frame < 2; frame++) {
        paint_pan(clip, frame, painted);
        paint_pan(fresh, frame, expected);
        expect_same(painted, expected);
    }
    impasto_clip_close(&clip);
    impasto_clip_close(&fresh);
    free(bytes);
    free(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_can_be_tried_again),
        cmocka_unit_test(a_film_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_state_of_another_film_is_refused),
        cmocka_unit_test(damaged_states_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
