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

static double square(double x)
{
    return x * x;
}

/* The mean square of the differences of neighbours, right and below, of all channels. */
static double edges(const float *rgb, int height, int width)
{
    double sum = 0;
    for (int row = 0; row < 3 * height; row++)
        for (int x = 0; x < width; x++) {
            const float *at = rgb + row * width + x;
            sum += x + 1 < width ? square(at[1] - at[0]) : 0;
            sum += row % height + 1 < height ? square(at[width] - at[0]) : 0;
        }
    return sum / (6.0 * height * width);
}

static double difference(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)fabsf(a[i] - b[i]);
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
        if (sum < 1e-3)
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

/* ---- style.c --------------------------------------------------------------------------------- */

static void test_styles_repeat(void **state)
{
    (void)state;
    float *first = new_picture(SIDE, SIDE), *second = new_picture(SIDE, SIDE);
    for (int i = 0; i < imp_draw_styles(); i++) {
        const char *name = imp_draw_style_name(i);
        memset(first, 0xFF, FLOATS * sizeof(float));
        memset(second, 0, FLOATS * sizeof(float));
        assert_int_equal(imp_draw_style(name, SIDE, SIDE, first, NULL), IMPASTO_OK);
        assert_int_equal(imp_draw_style(name, SIDE, SIDE, second, NULL), IMPASTO_OK);
        assert_memory_equal(first, second, FLOATS * sizeof(float));
        assert_colours(first, FLOATS);
        if (edges(first, SIDE, SIDE) < 8e-3)
            fail_msg("%s: edges of %.5f", name, edges(first, SIDE, SIDE));
    }
    free(first);
    free(second);
}

/* The mean difference of two pictures. */
static double apart(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < FLOATS; i++)
        sum += fabs((double)a[i] - (double)b[i]);
    return sum / FLOATS;
}

static void test_variants_of_a_style(void **state)
{
    (void)state;
    float *first = new_picture(SIDE, SIDE), *second = new_picture(SIDE, SIDE);
    for (int i = 0; i < imp_draw_styles(); i++) {
        const char *name = imp_draw_style_name(i);
        assert_int_equal(imp_draw_style(name, SIDE, SIDE, first, NULL), IMPASTO_OK);
        assert_int_equal(imp_draw_style_variant(name, 0, SIDE, SIDE, second, NULL), IMPASTO_OK);
        assert_memory_equal(first, second, FLOATS * sizeof(float));
        assert_int_equal(imp_draw_style_variant(name, 1, SIDE, SIDE, second, NULL), IMPASTO_OK);
        assert_colours(second, FLOATS);
        if (apart(first, second) < 0.01)
            fail_msg("%s: variant 1 is only %.4f from 0", name, apart(first, second));
        assert_int_equal(imp_draw_style_variant(name, 2, SIDE, SIDE, first, NULL), IMPASTO_OK);
        if (apart(first, second) < 0.01)
            fail_msg("%s: variant 2 is only %.4f from 1", name, apart(first, second));
    }
    free(first);
    free(second);
}

/* Not by where things lie, as all pictures differ in that, but by what the eye sees at once: mean
 * colour, contrast, edges. */
static void test_styles_differ(void **state)
{
    (void)state;
    enum { NUMBERS = 5, MOST = 64 };
    double seen[MOST][NUMBERS];
    float *rgb = new_picture(SIDE, SIDE);
    assert_in_range(imp_draw_styles(), 12, MOST);
    for (int i = 0; i < imp_draw_styles(); i++) {
        assert_int_equal(imp_draw_style(imp_draw_style_name(i), SIDE, SIDE, rgb, NULL), IMPASTO_OK);
        double squares = 0;
        for (int c = 0; c < 3; c++) {
            seen[i][c] = 0;
            for (size_t p = 0; p < FLOATS / 3; p++) {
                const double value = rgb[(size_t)c * (FLOATS / 3) + p];
                seen[i][c] += value / (FLOATS / 3.0);
                squares += value * value / FLOATS;
            }
        }
        const double mean = (seen[i][0] + seen[i][1] + seen[i][2]) / 3;
        seen[i][3] = sqrt(squares - mean * mean);
        seen[i][4] = sqrt(edges(rgb, SIDE, SIDE));
        for (int j = 0; j < i; j++) {
            double apart = 0;
            for (int n = 0; n < NUMBERS; n++)
                apart += fabs(seen[i][n] - seen[j][n]);
            if (apart < 0.05)
                fail_msg("%s looks like %s", imp_draw_style_name(i), imp_draw_style_name(j));
        }
    }
    free(rgb);
}

static void test_styles_of_odd_sizes(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {1, 30}, {30, 1}, {17, 131}, {131, 17}};
    for (size_t s = 0; s < IMP_COUNT(sizes); s++) {
        const int height = sizes[s][0], width = sizes[s][1];
        float *rgb = new_picture(height, width);
        for (int i = 0; i < imp_draw_styles(); i++) {
            assert_int_equal(imp_draw_style(imp_draw_style_name(i), height, width, rgb, NULL),
                             IMPASTO_OK);
            assert_colours(rgb, (size_t)3 * (size_t)height * (size_t)width);
        }
        free(rgb);
    }
}

static void test_styles_refuse(void **state)
{
    (void)state;
    float rgb[3];
    struct impasto_error error;
    assert_int_equal(imp_draw_style("crayons", 1, 1, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "crayons"));
    assert_non_null(strstr(error.message, "oil"));
    assert_int_equal(imp_draw_style("oil", 1, 0, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "0 x 1 pixels"));
    assert_int_equal(imp_draw_style("oil", 1 << 30, 1 << 30, rgb, &error), IMPASTO_ERROR_USAGE);
    assert_true(imp_draw_style_exists("ink"));
    assert_false(imp_draw_style_exists("in"));
    assert_null(imp_draw_style_name(imp_draw_styles()));
    assert_null(imp_draw_style_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes_repeat),       cmocka_unit_test(test_scenes_differ),
        cmocka_unit_test(test_kinds_have_edges),    cmocka_unit_test(test_scenes_of_odd_sizes),
        cmocka_unit_test(test_scenes_refuse),       cmocka_unit_test(test_styles_repeat),
        cmocka_unit_test(test_variants_of_a_style), cmocka_unit_test(test_styles_differ),
        cmocka_unit_test(test_styles_of_odd_sizes), cmocka_unit_test(test_styles_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
