/* SPDX-License-Identifier: MIT */
/*
 * The optical flow on drawn scenes whose flow is known, on frames of all sizes, and how far it says
 * that it can be relied on. IMPASTO_TEST_DEVICE names the device (auto). test_flow brief, tiny: for
 * slow devices, and for simulators.
 */

#include "flow_frames.h"
#include "flow_scenes.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct imp_device *device;

/* Tests end here unless the status is IMPASTO_OK. */
static void must(enum impasto_status status)
{
    if (status != IMPASTO_OK)
        fail_msg("%s", imp_device_error(device)->message);
}

static void *room(size_t n, size_t size)
{
    void *data = test_calloc(n, size);
    assert_non_null(data);
    return data;
}

/* ---- Scenes ---------------------------------------------------------------------------------- */

/* A scene's pair, measured both ways; the flow from frame 0 here. */
struct shot {
    struct flow_frames pair;
    struct scene_truth *truth;
    float *flow;
    size_t n;
};

static const struct scene *scene_named(const char *name)
{
    for (size_t i = 0; i < flow_scene_count; i++)
        if (strcmp(flow_scenes[i].name, name) == 0)
            return &flow_scenes[i];
    fail_msg("there is no scene %s", name);
    return NULL;
}

static void shoot(struct shot *shot, const struct scene *scene, enum imp_flow_grade grade, int size)
{
    const int height = SCENE_HEIGHT * size, width = SCENE_WIDTH * size;
    shot->n = (size_t)(height * width);
    shot->truth = room(shot->n, sizeof(*shot->truth));
    shot->flow = room(2 * shot->n, sizeof(*shot->flow));
    uint8_t *luma = room(shot->n, 1);
    must(flow_frames_open(&shot->pair, device, grade, height, width));
    for (int i = 0; i < 2; i++) {
        scene_frame(scene, i, size, luma);
        must(flow_frames_take(&shot->pair, i, luma));
    }
    for (int i = 0; i < 2; i++)
        must(flow_frames_measure(&shot->pair, i));
    must(flow_frames_judge(&shot->pair, 0));
    must(imp_buffer_read(shot->pair.flows[0], 0, shot->flow, 2 * shot->n * sizeof(float)));
    scene_truth(scene, 0, 1, size, shot->truth);
    test_free(luma);
}

static void end(struct shot *shot)
{
    flow_frames_close(&shot->pair);
    test_free(shot->truth);
    test_free(shot->flow);
}

static bool cuts(struct shot *shot)
{
    bool cut;
    must(imp_flow_cut(&shot->pair.flow, &shot->pair.frames[0], &shot->pair.frames[1],
                      shot->pair.flows[0], shot->pair.reliable[0], &cut));
    return cut;
}

/* Mean end-point errors in pixels, of all that is seen. The demands of films are those that the
 * method was chosen by; the other grades' are a little above what was measured. */
static void check_scenes(enum imp_flow_grade grade, double mean, double still, double shift)
{
    double sum = 0;
    int count = 0;
    for (size_t i = 0; i < flow_scene_count; i++) {
        const struct scene *scene = &flow_scenes[i];
        struct shot shot;
        shoot(&shot, scene, grade, 1);
        const double error = scene_score(shot.truth, shot.flow, 1).seen;
        assert_int_equal(cuts(&shot), scene->cut);
        sum += scene->solvable ? error : 0;
        count += scene->solvable;
        if (strcmp(scene->name, "still") == 0)
            assert_float_equal(error, 0, still);
        if (strcmp(scene->name, "shift") == 0)
            assert_float_equal(error, 0, shift);
        end(&shot);
    }
    assert_true(sum / count <= mean);
}

static void test_scenes_of_films(void **state)
{
    (void)state;
    check_scenes(IMP_FLOW_FILM, 0.21, 0.03, 0.02);
}

static void test_scenes_at_best(void **state)
{
    (void)state;
    check_scenes(IMP_FLOW_BEST, 0.14, 0.03, 0.01);
}

static void test_scenes_live(void **state)
{
    (void)state;
    check_scenes(IMP_FLOW_LIVE, 0.65, 0.03, 0.15);
}

/* The same frames give the same bytes, also after others. */
static void test_the_same_bytes(void **state)
{
    struct shot first, other, again;
    (void)state;
    shoot(&first, scene_named("layers"), IMP_FLOW_FILM, 1);
    shoot(&other, scene_named("far"), IMP_FLOW_FILM, 1);
    shoot(&again, scene_named("layers"), IMP_FLOW_FILM, 1);
    assert_memory_equal(first.flow, again.flow, 2 * first.n * sizeof(float));
    assert_memory_not_equal(first.flow, other.flow, 2 * first.n * sizeof(float));
    end(&first);
    end(&other);
    end(&again);
}

/* What moves further than a pyramid shows is found where a prior has it. Prior and result are the
 * same memory. */
static void test_a_prior(void **state)
{
    struct shot shot;
    (void)state;
    shoot(&shot, scene_named("farther"), IMP_FLOW_FILM, 1);
    const double alone = scene_score(shot.truth, shot.flow, 1).seen;
    for (size_t i = 0; i < shot.n; i++) {
        shot.flow[i] = shot.truth[i].u;
        shot.flow[shot.n + i] = shot.truth[i].v;
    }
    must(imp_buffer_write(shot.pair.flows[0], 0, shot.flow, 2 * shot.n * sizeof(float)));
    must(imp_flow_follow(&shot.pair.flow, &shot.pair.frames[0], &shot.pair.frames[1],
                         shot.pair.flows[0], shot.pair.flows[0]));
    must(imp_buffer_read(shot.pair.flows[0], 0, shot.flow, 2 * shot.n * sizeof(float)));
    assert_true(scene_score(shot.truth, shot.flow, 1).seen < 0.5 * alone);
    end(&shot);
}

/* ---- Reliability ----------------------------------------------------------------------------- */

struct verdicts {
    double hit, said, must; /* pixels */
};

static struct verdicts verdicts_of(const struct shot *shot, const struct imp_buffer *reliable)
{
    float *found = room(shot->n, sizeof(*found));
    struct verdicts v = {0};
    must(imp_buffer_read(reliable, 0, found, shot->n * sizeof(*found)));
    for (size_t i = 0; i < shot->n; i++) {
        const double error = hypot((double)(shot->flow[i] - shot->truth[i].u),
                                   (double)(shot->flow[shot->n + i] - shot->truth[i].v));
        const bool bad = !shot->truth[i].seen || error > 1, said = found[i] < 0.5f;
        assert_true(found[i] >= 0 && found[i] <= 1);
        v.hit += bad && said;
        v.said += said;
        v.must += bad;
    }
    test_free(found);
    return v;
}

/* What is hidden, or wrong by more than a pixel, is not relied on, and little else. */
static void test_what_can_be_relied_on(void **state)
{
    struct shot shot;
    (void)state;
    shoot(&shot, scene_named("layers"), IMP_FLOW_FILM, 4);
    must(imp_flow_cautious(&shot.pair.flow, shot.pair.reliable[0], shot.pair.cautious));
    const struct verdicts usual = verdicts_of(&shot, shot.pair.reliable[0]);
    const struct verdicts cautious = verdicts_of(&shot, shot.pair.cautious);
    assert_true(usual.hit / usual.must >= 0.85);
    assert_true(usual.hit / usual.said >= 0.80);
    assert_true(cautious.hit / cautious.must >= 0.98);
    assert_true(cautious.hit / cautious.said >= 0.50);
    end(&shot);
}

/* ---- Frames of all sizes --------------------------------------------------------------------- */

static const struct size {
    int height, width;
} sizes[] = {{1, 1}, {3, 5}, {16, 16}, {1, 40}, {47, 1}, {17, 33}, {61, 83}};

/* Something to see: a chessboard's corner in waves. */
static void draw(uint8_t *luma, const struct size *size, int dx, int dy)
{
    for (int i = 0; i < size->height * size->width; i++) {
        const int x = i % size->width - dx, y = i / size->width - dy;
        luma[i] = (uint8_t)(128 + 50 * sin(0.4 * x + 0.1 * y) + 40 * sin(0.5 * y - 0.2 * x) +
                            (x > 20 && y > 15 ? 20 : 0));
    }
}

/* How far the flow of a still and of a moved picture is from what it should be, away from the
 * edges. */
static double error_at(const struct size *size, enum imp_flow_grade grade, int dx, int dy)
{
    const size_t n = (size_t)(size->height * size->width);
    struct flow_frames pair;
    uint8_t *luma = room(n, 1);
    float *flow = room(2 * n, sizeof(*flow));
    double worst = 0;
    must(flow_frames_open(&pair, device, grade, size->height, size->width));
    for (int i = 0; i < 2; i++) {
        draw(luma, size, i * dx, i * dy);
        must(flow_frames_take(&pair, i, luma));
        must(flow_frames_measure(&pair,
                                 0)); /* at first with a frame of NaN, which leaves no trace */
    }
    must(flow_frames_measure(&pair, 1));
    must(flow_frames_judge(&pair, 0));
    must(imp_buffer_read(pair.flows[0], 0, flow, 2 * n * sizeof(*flow)));
    for (size_t i = 0; i < n; i++) {
        const int x = (int)i % size->width, y = (int)i / size->width;
        assert_true(isfinite(flow[i]) && isfinite(flow[n + i]));
        if ((dx == 0 && dy == 0) || (x > 8 && y > 8 && x < size->width - 9 && y < size->height - 9))
            worst = fmax(worst, hypot((double)flow[i] - dx, (double)flow[n + i] - dy));
    }
    flow_frames_close(&pair);
    test_free(luma);
    test_free(flow);
    return worst;
}

static void test_still_frames_of_all_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(sizes); i++)
        for (int grade = IMP_FLOW_LIVE; grade <= IMP_FLOW_BEST; grade++)
            assert_float_equal(error_at(&sizes[i], (enum imp_flow_grade)grade, 0, 0), 0, 1e-6);
}

static void test_moved_frames_of_odd_sizes(void **state)
{
    (void)state;
    for (int grade = IMP_FLOW_FILM; grade <= IMP_FLOW_BEST; grade++)
        assert_float_equal(
            error_at(&sizes[IMP_COUNT(sizes) - 1], (enum imp_flow_grade)grade, 2, -1), 0, 0.25);
}

/* The colours' luma is what a picture of one plane has. */
static void test_pictures_in_colour(void **state)
{
    enum { HEIGHT = 32, WIDTH = 48, PLANE = HEIGHT * WIDTH };
    static const float weights[] = {0.299f, 0.587f, 0.114f};
    float colour[3 * PLANE], luma[PLANE] = {0}, flows[2][2 * PLANE];
    struct flow_frames pair;
    struct imp_buffer *picture = NULL;
    (void)state;
    must(flow_frames_open(&pair, device, IMP_FLOW_FILM, HEIGHT, WIDTH));
    must(imp_buffer_create(device, sizeof(colour), "a picture", &picture));
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 2; i++) {
            memset(luma, 0, sizeof(luma));
            for (int j = 0; j < 3 * PLANE; j++) {
                const int x = j % WIDTH - i, y = j % PLANE / WIDTH;
                colour[j] = 0.5f + 0.2f * (float)sin(0.5 * x + 0.3 * y + j / PLANE) +
                            0.2f * (float)sin(0.4 * y - 0.3 * x);
                luma[j % PLANE] += weights[j / PLANE] * colour[j];
            }
            must(k == 0 ? imp_buffer_write(picture, 0, colour, sizeof(colour))
                        : imp_buffer_write(picture, 0, luma, sizeof(luma)));
            must(imp_pyramid_take(&pair.flow, &pair.frames[i], picture, k == 0 ? 3 : 1));
        }
        must(flow_frames_measure(&pair, 0));
        must(imp_buffer_read(pair.flows[0], 0, flows[k], sizeof(flows[k])));
    }
    for (int i = 0; i < 2 * PLANE; i++)
        assert_float_equal(flows[0][i], flows[1][i], 1e-3);
    assert_float_equal(flows[0][PLANE / 2 + WIDTH / 2], 1, 0.1);
    imp_buffer_free(&picture);
    flow_frames_close(&pair);
}

/* What no kernel could index is refused, and nothing is held. */
static void test_frames_that_are_too_large(void **state)
{
    struct flow_frames pair;
    const uint64_t before = imp_device_allocated(device);
    (void)state;
    assert_int_not_equal(flow_frames_open(&pair, device, IMP_FLOW_BEST, 60000, 60000), IMPASTO_OK);
    assert_int_equal(imp_device_allocated(device), before);
    flow_frames_close(&pair);
}

static int open_device(void **state)
{
    (void)state;
    const int code = open_test_device(NULL, &device);
    if (code == EXIT_SKIPPED)
        exit(code);
    return code;
}

static int close_device(void **state)
{
    (void)state;
    imp_device_close(&device);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_that_are_too_large),
        cmocka_unit_test(test_pictures_in_colour),
        cmocka_unit_test(test_still_frames_of_all_sizes),
        cmocka_unit_test(test_moved_frames_of_odd_sizes),
        cmocka_unit_test(test_scenes_of_films),
        cmocka_unit_test(test_the_same_bytes),
        cmocka_unit_test(test_what_can_be_relied_on),
        cmocka_unit_test(test_scenes_at_best),
        cmocka_unit_test(test_scenes_live),
        cmocka_unit_test(test_a_prior),
    };
    const char *word = argc > 1 ? argv[1] : "";
    const size_t count = strcmp(word, "tiny") == 0    ? 2
                         : strcmp(word, "brief") == 0 ? 6
                                                      : IMP_COUNT(tests);
    return _cmocka_run_group_tests("flow", tests, count, open_device, close_device);
}
