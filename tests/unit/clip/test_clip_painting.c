/* SPDX-License-Identifier: MIT */
/* Films that are painted: how still they hold, scenes, being stopped and going on, and states that
 * are refused. */

#include "files.h"
#include "fixtures.h"

#include <impasto/clip.h>
#include <math.h>
#include <string.h>

#define WIDTH 64
#define HEIGHT 48
#define VALUES (3 * WIDTH * HEIGHT)

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_image *style, *other_style;
static struct impasto_params usual;

static int set_up(void **state)
{
    open_small_job(NULL, NULL, &device, &weights, &usual);
    usual.size = IMPASTO_SIZE_SOURCE;
    usual.scales = 2;
    usual.iterations = 6;
    usual.first_iterations = 6;
    usual.margin = 4;
    style = painted_picture(40, 40, 2);
    other_style = painted_picture(40, 40, 5);
    return make_folder(state);
}

static int tear_down(void **state)
{
    impasto_image_free(&style);
    impasto_image_free(&other_style);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return remove_folder(state);
}

/* ---- Scenes ---------------------------------------------------------------------------------- */

/* A landscape without chance, soft enough for its motion to be found; another for each kind. 0 to
 * 1, at any place. */
static float land(float x, float y, int channel, int kind)
{
    const float shift = (float)(kind * 3 + channel);
    return 0.5F + 0.2F * sinf(0.33F * x + 0.21F * y + shift) +
           0.15F * sinf(0.13F * x - 0.37F * y + 2 * shift) + 0.1F * sinf(0.71F * x + 0.53F * y);
}

/* A camera that goes to the right, by so many pixels so far. */
static void draw_pan(float *rgb, float at, int kind)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = land((float)x + at, (float)y, c, kind);
}

/* Another place: tiles, with hard edges. */
static void draw_tiles(float *rgb, int at)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = (float)(((x + at) / 7 * 37 + y / 5 * 23 + c * 11) % 16) / 15;
}

/* A disk that goes behind a box and comes out again. */
static void draw_walk(float *rgb, int frame)
{
    const float disk = 8 + 4 * (float)frame;
    draw_pan(rgb, 0, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const bool in_disk = hypotf((float)x - disk, (float)y - 24) < 8;
            const bool in_box = x >= 26 && x < 36 && y >= 10 && y < 38;
            for (int c = 0; c < 3 && (in_disk || in_box); c++)
                rgb[3 * (y * WIDTH + x) + c] = in_box
                                                   ? 0.25F + 0.1F * sinf((float)(x * 5 + y * 3 + c))
                                                   : land((float)x - disk + 90, (float)y, c, 2);
        }
}

/* ---- Clips ----------------------------------------------------------------------------------- */

static struct impasto_clip_params film_of(enum impasto_consistency consistency)
{
    struct impasto_clip_params film = impasto_clip_defaults(WIDTH, HEIGHT);
    film.consistency = consistency;
    film.iterations = 4;
    film.measure = true;
    return film;
}

static enum impasto_status try_to_open(const struct impasto_params *params,
                                       const struct impasto_clip_params *film,
                                       const struct impasto_image *picture,
                                       struct impasto_clip **clip, struct impasto_error *error)
{
    const struct impasto_style given = {
        .struct_size = sizeof(given), .image = picture, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .styles = &given, .style_count = 1};
    return impasto_clip_open_painting(device, weights, &pictures, params, film, clip, error);
}

static struct impasto_clip *open_clip(const struct impasto_params *params,
                                      const struct impasto_clip_params *film)
{
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    if (try_to_open(params, film, style, &clip, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return clip;
}

static struct impasto_frame frame_of(float *rgb)
{
    return (struct impasto_frame){.struct_size = sizeof(struct impasto_frame),
                                  .width = WIDTH,
                                  .height = HEIGHT,
                                  .samples = IMPASTO_SAMPLES_FLOAT,
                                  .pixels = rgb,
                                  .stride = 3 * WIDTH * sizeof(float)};
}

static void paint(struct impasto_clip *clip, float *rgb, float *painted)
{
    const struct impasto_frame from = frame_of(rgb), to = frame_of(painted);
    struct impasto_error error = {0};
    if (impasto_clip_frame(clip, &from, &to, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void paint_pan(struct impasto_clip *clip, int frame, float *painted)
{
    float rgb[VALUES];
    draw_pan(rgb, 1.7F * (float)frame, 0);
    paint(clip, rgb, painted);
}

static void expect_same(const float *a, const float *b)
{
    assert_memory_equal(a, b, VALUES * sizeof(float));
}

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

/* ---- Stopping and going on ------------------------------------------------------------------- */

static int stop_at_once(void *user, const struct impasto_job_progress *progress)
{
    (void)progress;
    int *left = user;
    return (*left)-- == 0;
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
        cmocka_unit_test(a_frame_can_be_tried_again),
        cmocka_unit_test(a_film_goes_on_to_the_same_bytes),
        cmocka_unit_test(a_state_of_another_film_is_refused),
        cmocka_unit_test(damaged_states_are_refused),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(the_memory_is_in_the_plan),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
