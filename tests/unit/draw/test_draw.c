/* SPDX-License-Identifier: MIT */
/* Drawn pictures: the same bytes every time, colours that are colours, and something to see. */

#include "draw/draw.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SIDE 96
#define FLOATS ((size_t)3 * SIDE * SIDE)

static float *new_picture(int height, int width)
{
    float *rgb = malloc((size_t)3 * (size_t)height * (size_t)width * sizeof(float));
    assert_non_null(rgb);
    return rgb;
}

static void assert_colours(const float *rgb, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(isfinite(rgb[i]) && rgb[i] >= 0 && rgb[i] <= 1);
}

/* The mean square of the differences of neighbours, of all channels. */
static double edges(const float *rgb, int height, int width)
{
    double sum = 0;
    for (int row = 0; row < 3 * height; row++)
        for (int x = 0; x + 1 < width; x++) {
            const double d = rgb[row * width + x + 1] - rgb[row * width + x];
            sum += d * d;
        }
    return sum / (3.0 * height * width);
}

static double difference(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs(a[i] - b[i]);
    return sum / (double)count;
}

/* ---- scene.c --------------------------------------------------------------------------------- */

static void test_scenes_repeat(void **state)
{
    (void)state;
    float *first = new_picture(SIDE, SIDE), *second = new_picture(SIDE, SIDE);
    for (int i = 0; i < 2 * imp_draw_scene_kinds(); i++) {
        /* What was there before does not matter. */
        memset(first, 0xFF, FLOATS * sizeof(float));
        memset(second, 0, FLOATS * sizeof(float));
        assert_int_equal(imp_draw_scene(5, i, SIDE, SIDE, first, NULL), IMPASTO_OK);
        assert_int_equal(imp_draw_scene(5, i, SIDE, SIDE, second, NULL), IMPASTO_OK);
        assert_memory_equal(first, second, FLOATS * sizeof(float));
        assert_colours(first, FLOATS);
    }
    free(first);
    free(second);
}

static void test_scenes_differ(void **state)
{
    (void)state;
    const int kinds = imp_draw_scene_kinds();
    float *all = malloc((size_t)kinds * 2 * FLOATS * sizeof(float));
    assert_non_null(all);
    for (int i = 0; i < 2 * kinds; i++)
        assert_int_equal(imp_draw_scene((uint64_t)(i / kinds), i % kinds, SIDE, SIDE,
                                        all + (size_t)i * FLOATS, NULL),
                         IMPASTO_OK);
    for (int i = 0; i < 2 * kinds; i++)
        for (int j = 0; j < i; j++)
            assert_true(difference(all + (size_t)i * FLOATS, all + (size_t)j * FLOATS, FLOATS) >
                        0.02);
    free(all);
}

/* Kinds draw with edges, though one picture of them may be a clear sky. */
static void test_kinds_have_edges(void **state)
{
    (void)state;
    float *rgb = new_picture(SIDE, SIDE);
    for (int kind = 0; kind < imp_draw_scene_kinds(); kind++) {
        double sum = 0;
        for (int i = 0; i < 6; i++) {
            assert_int_equal(imp_draw_scene_kind(kind, 3, i, SIDE, SIDE, rgb, NULL), IMPASTO_OK);
            sum += edges(rgb, SIDE, SIDE) / 6;
        }
        if (sum < 2e-3)
            fail_msg("%s: edges of %.5f", imp_draw_scene_name(kind), sum);
    }
    free(rgb);
}

static void test_scenes_of_odd_sizes(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1},    {1, 40},   {40, 1}, {2, 3},
                                   {17, 131}, {131, 17}, {97, 64}};
    for (size_t s = 0; s < IMP_COUNT(sizes); s++) {
        const int height = sizes[s][0], width = sizes[s][1];
        const size_t count = (size_t)3 * (size_t)height * (size_t)width;
        float *rgb = new_picture(height, width);
        for (int kind = 0; kind < imp_draw_scene_kinds(); kind++) {
            assert_int_equal(imp_draw_scene_kind(kind, 11, (int)s, height, width, rgb, NULL),
                             IMPASTO_OK);
            assert_colours(rgb, count);
        }
        free(rgb);
    }
}

static void test_scenes_refuse(void **state)
{
    (void)state;
    float rgb[3];
    struct impasto_error error;
    assert_int_equal(imp_draw_scene(1, -1, 1, 1, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "scene -1"));
    assert_int_equal(imp_draw_scene(1, 0, 0, 7, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "7 x 0 pixels"));
    assert_int_equal(imp_draw_scene(1, 0, 7, 1 << 20, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(imp_draw_scene_kind(imp_draw_scene_kinds(), 1, 0, 1, 1, rgb, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(imp_draw_scene_kind(-1, 1, 0, 1, 1, rgb, NULL), IMPASTO_ERROR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes_repeat),    cmocka_unit_test(test_scenes_differ),
        cmocka_unit_test(test_kinds_have_edges), cmocka_unit_test(test_scenes_of_odd_sizes),
        cmocka_unit_test(test_scenes_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
