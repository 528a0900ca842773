/* SPDX-License-Identifier: MIT */
/* Masks from pictures and colours, what lies under transparency, matching colours, composing. */

#include "fixtures.h"
#include "image/formats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float noise(uint32_t stream, size_t i)
{
    return imp_rng_uniform(11, stream, i);
}

static void fill_noise(struct impasto_image *image, uint32_t stream, float low, float range)
{
    const size_t values = 3 * (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < values; i++)
        image->rgb[i] = low + range * noise(stream, i);
}

/* ---- Colours of whole pictures --------------------------------------------------------------- */

static void expect_same(const struct imp_colours *a, const struct imp_colours *b)
{
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(a->mean[i] - b->mean[i]) < 1e-5);
        for (int j = 0; j < 3; j++)
            assert_true(fabs(a->covariance[i][j] - b->covariance[i][j]) < 1e-5);
    }
}

static void statistics_by_hand(void **state)
{
    (void)state;
    struct impasto_image *image = blank_picture(2, 2);
    static const float rgb[] = {0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1};
    memcpy(image->rgb, rgb, sizeof(rgb));
    struct imp_colours c;
    imp_colours_measure(image, NULL, &c);
    assert_true(fabs(c.mean[0] - 0.5) < 1e-12 && fabs(c.mean[1] - 0.25) < 1e-12);
    assert_true(fabs(c.covariance[0][0] - 0.25) < 1e-12);
    assert_true(fabs(c.covariance[0][1] - 0.125) < 1e-12);
    /* With the last two pixels alone. */
    static const float weights[] = {0, 0, 2, 2};
    imp_colours_measure(image, weights, &c);
    assert_true(fabs(c.mean[0] - 0.5) < 1e-12 && fabs(c.mean[2] - 0.5) < 1e-12);
    assert_true(fabs(c.covariance[0][2] + 0.25) < 1e-12);
    impasto_image_free(&image);
}

static void matching_reproduces_mean_and_covariance(void **state)
{
    (void)state;
    struct impasto_image *style = blank_picture(31, 17), *content = blank_picture(23, 29);
    fill_noise(style, 1, 0.2f, 0.3f);
    fill_noise(content, 2, 0.1f, 0.8f);
    /* Correlated channels, so that the matrices are no diagonals. */
    for (size_t i = 0; i < 31 * 17; i++)
        style->rgb[3 * i + 1] = 0.5f * style->rgb[3 * i] + 0.3f * style->rgb[3 * i + 1];
    for (size_t i = 0; i < 23 * 29; i++)
        content->rgb[3 * i + 2] =
            0.9f * content->rgb[3 * i + 2] - 0.5f * content->rgb[3 * i] + 0.5f;
    struct imp_colours from, to, found;
    imp_colours_measure(style, NULL, &from);
    imp_colours_measure(content, NULL, &to);
    imp_colours_match(style, &from, &to);
    imp_colours_measure(style, NULL, &found);
    expect_same(&found, &to);
    impasto_image_free(&style);
    impasto_image_free(&content);
}

/* A grey picture varies along one axis only: nothing is divided by zero, and a mean is
 * still met. */
static void matching_a_flat_picture(void **state)
{
    (void)state;
    struct impasto_image *grey = blank_picture(16, 16), *content = blank_picture(16, 16);
    fill_noise(content, 3, 0, 1);
    for (size_t i = 0; i < 256; i++)
        grey->rgb[3 * i] = grey->rgb[3 * i + 1] = grey->rgb[3 * i + 2] = noise(4, i);
    struct imp_colours from, to, found;
    imp_colours_measure(grey, NULL, &from);
    imp_colours_measure(content, NULL, &to);
    imp_colours_match(grey, &from, &to);
    imp_colours_measure(grey, NULL, &found);
    for (int c = 0; c < 3; c++)
        assert_true(fabs(found.mean[c] - to.mean[c]) < 1e-5);
    for (size_t i = 0; i < 3 * 256; i++)
        assert_true(isfinite(grey->rgb[i]) && fabsf(grey->rgb[i]) < 4);
    impasto_image_free(&grey);
    impasto_image_free(&content);
}

/* Noise whose channels depend on each other. */
static struct impasto_image *noisy(uint32_t stream, float low, float range, float share)
{
    struct impasto_image *image = blank_picture(31, 17);
    fill_noise(image, stream, low, range);
    for (size_t i = 0; i < 31 * 17; i++)
        image->rgb[3 * i + 1] += share * (image->rgb[3 * i] - image->rgb[3 * i + 2]);
    return image;
}

static struct imp_colours approached(const struct impasto_image *image,
                                     const struct imp_colours *to, double share, float matrix[3][3])
{
    struct imp_colours from, found;
    struct impasto_image *moved = blank_picture(31, 17);
    float added[3];
    imp_colours_measure(image, NULL, &from);
    imp_colours_approach(&from, to, share, matrix, added);
    for (size_t i = 0; i < 31 * 17; i++)
        for (size_t c = 0; c < 3; c++)
            moved->rgb[3 * i + c] = added[c] + matrix[c][0] * image->rgb[3 * i] +
                                    matrix[c][1] * image->rgb[3 * i + 1] +
                                    matrix[c][2] * image->rgb[3 * i + 2];
    imp_colours_measure(moved, NULL, &found);
    impasto_image_free(&moved);
    return found;
}

/* All the way, the colours are the other picture's; half of it, the mean is between, and the
 * matrix between that and none. */
static void approaching_goes_a_share_of_the_way(void **state)
{
    (void)state;
    struct impasto_image *image = noisy(5, 0.2F, 0.3F, 0.4F), *other = noisy(6, 0.1F, 0.5F, -0.3F);
    struct imp_colours from, to;
    float none[3][3], half[3][3], whole[3][3];
    imp_colours_measure(image, NULL, &from);
    imp_colours_measure(other, NULL, &to);
    struct imp_colours found = approached(image, &to, 0, none);
    expect_same(&found, &from);
    found = approached(image, &to, 1, whole);
    expect_same(&found, &to);
    found = approached(image, &to, 0.5, half);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(found.mean[i] - (from.mean[i] + to.mean[i]) / 2) < 1e-5);
        for (int j = 0; j < 3; j++) {
            assert_true(fabsf(half[i][j] - (none[i][j] + whole[i][j]) / 2) < 1e-6F);
            assert_true(fabsf(whole[i][j] - whole[j][i]) < 1e-6F);
        }
    }
    impasto_image_free(&image);
    impasto_image_free(&other);
}

/* What hardly has colours is not given them by its noise; what has none at all is no danger. */
static void approaching_bounds_what_it_amplifies(void **state)
{
    (void)state;
    static const float ranges[] = {0.01F, 1e-4F, 0};
    struct impasto_image *other = noisy(6, 0, 1, 0.5F);
    struct imp_colours to;
    imp_colours_measure(other, NULL, &to);
    for (size_t k = 0; k < 3; k++) {
        struct impasto_image *flat = noisy(5, 0.5F, ranges[k], 0);
        float m[3][3];
        const struct imp_colours found = approached(flat, &to, 1, m);
        for (int i = 0; i < 3; i++) {
            assert_true(fabs(found.mean[i] - to.mean[i]) < 1e-4);
            assert_true(m[i][i] >= 0 && m[i][i] < 4.001F);
            assert_true(sqrt(found.covariance[i][i]) <= 4.001 * (double)ranges[k]);
        }
        impasto_image_free(&flat);
    }
    impasto_image_free(&other);
}

/* ---- Masks ----------------------------------------------------------------------------------- */

/* Three fields with smooth edges: red, green, blue. */
static struct impasto_image *make_map(void)
{
    struct impasto_image *map = blank_picture(60, 8);
    for (int i = 0; i < 60 * 8; i++) {
        const float x = (float)(i % 60);
        const float green = fminf(fmaxf((x - 17) / 6, 0), 1),
                    blue = fminf(fmaxf((x - 37) / 6, 0), 1);
        map->rgb[3 * i] = 1 - green;
        map->rgb[3 * i + 1] = green * (1 - blue);
        map->rgb[3 * i + 2] = blue;
    }
    return map;
}

static void keys_part_a_map(void **state)
{
    (void)state;
    static const uint32_t keys[] = {0xff0000, 0x00ff00, 0x0000ff};
    struct impasto_image *map = make_map(), *mask[3] = {NULL};
    for (int k = 0; k < 3; k++)
        assert_int_equal(impasto_image_key(map, keys[k], &mask[k], NULL), IMPASTO_OK);
    for (size_t i = 0; i < 60 * 8; i++) {
        const size_t x = i % 60;
        const float sum = mask[0]->rgb[3 * i] + mask[1]->rgb[3 * i] + mask[2]->rgb[3 * i];
        assert_true(fabsf(sum - 1) < 0.15f); /* where edges are smooth; elsewhere exactly: */
        if (x < 17)
            assert_true(mask[0]->rgb[3 * i] == 1 && mask[1]->rgb[3 * i] == 0);
        if (x > 24 && x < 37)
            assert_true(mask[1]->rgb[3 * i] == 1 && sum == 1);
    }
    for (int k = 0; k < 3; k++)
        impasto_image_free(&mask[k]);
    struct impasto_error error = {0};
    assert_int_equal(impasto_image_key(map, 0xffff00, &mask[0], &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "#ffff00"));
    assert_null(mask[0]);
    impasto_image_free(&map);
}

static void masks_are_lightness_times_alpha(void **state)
{
    (void)state;
    struct impasto_image *image = blank_picture(4, 2);
    float alpha[8], *plane = NULL;
    for (size_t i = 0; i < 8; i++) {
        image->rgb[3 * i] = 0.9f;
        image->rgb[3 * i + 1] = 0.6f;
        alpha[i] = (float)i / 7;
    }
    image->alpha = alpha;
    assert_int_equal(imp_image_mask(image, 2, 4, &plane, NULL), IMPASTO_OK);
    for (size_t i = 0; i < 8; i++)
        assert_true(fabsf(plane[i] - 0.5f * alpha[i]) < 1e-6f);
    free(plane);
    image->alpha = NULL;
    impasto_image_free(&image);
}

static void planes_keep_constants_and_range(void **state)
{
    (void)state;
    enum { H = 13, W = 17 };
    float from[2 * H * W], to[2 * 29 * 31];
    static const int sizes[][2] = {{29, 31}, {5, 4}, {1, 1}, {H, W}};
    for (size_t i = 0; i < H * W; i++) {
        from[i] = 0.7f;
        from[H * W + i] = noise(6, i) > 0.5f;
    }
    for (size_t s = 0; s < IMP_COUNT(sizes); s++)
        for (int filter = 0; filter < 2; filter++) {
            const int h = sizes[s][0], w = sizes[s][1];
            assert_int_equal(
                imp_planes_resize(from, 2, H, W, (enum imp_filter)filter, to, h, w, NULL),
                IMPASTO_OK);
            for (int i = 0; i < h * w; i++) {
                assert_true(fabsf(to[i] - 0.7f) < 1e-5f);
                if (filter == IMP_FILTER_TENT)
                    assert_true(to[h * w + i] >= 0 && to[h * w + i] <= 1.00001f);
                if (h == H && w == W)
                    assert_true(fabsf(to[h * w + i] - from[H * W + i]) < 1e-6f);
            }
        }
}

/* ---- Under transparency ---------------------------------------------------------------------- */

static void hidden_pixels_take_their_surroundings_colours(void **state)
{
    (void)state;
    /* Kept as floats: as an operand, 0.2f may be wider. */
    static const float left = 0.2f, right = 0.8f;
    struct impasto_image *image = blank_picture(33, 20), *other = blank_picture(33, 20);
    assert_int_equal(imp_image_add_alpha(image, NULL), IMPASTO_OK);
    assert_int_equal(imp_image_add_alpha(other, NULL), IMPASTO_OK);
    for (int i = 0; i < 33 * 20; i++) {
        const int x = i % 33;
        const bool hidden = x >= 5 && x < 28;
        for (int c = 0; c < 3; c++) {
            image->rgb[3 * i + c] = hidden ? noise(7, (size_t)i) : x < 5 ? left : right;
            other->rgb[3 * i + c] = hidden ? noise(8, (size_t)i) : x < 5 ? left : right;
        }
        image->alpha[i] = other->alpha[i] = hidden ? 0 : 1;
    }
    assert_int_equal(imp_image_fill_hidden(image, NULL), IMPASTO_OK);
    assert_int_equal(imp_image_fill_hidden(other, NULL), IMPASTO_OK);
    for (int i = 0; i < 33 * 20; i++) {
        const int x = i % 33;
        assert_true(image->rgb[3 * i] == other->rgb[3 * i]);
        if (x < 5 || x >= 28)
            assert_true(image->rgb[3 * i] == (x < 5 ? left : right));
        else
            assert_true(image->rgb[3 * i] > 0.19f && image->rgb[3 * i] < 0.81f);
    }
    /* Nearest the left edge it is like the left. */
    assert_true(image->rgb[3 * 5] < image->rgb[3 * 27]);
    impasto_image_free(&image);
    impasto_image_free(&other);
}

/* ---- What lies on what ----------------------------------------------------------------------- */

static void aspects_may_differ_by_rounding(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_image *of = blank_picture(400, 300), *near = blank_picture(203, 150);
    struct impasto_image *mask = blank_picture(42, 30);
    mask->name = strdup("m.png");
    of->name = strdup("p.png");
    assert_int_equal(imp_image_check_aspect("mask", NULL, of, &error), IMPASTO_OK);
    assert_int_equal(imp_image_check_aspect("mask", near, of, &error), IMPASTO_OK);
    assert_int_equal(imp_image_check_aspect("mask", mask, of, &error), IMPASTO_ERROR_INPUT);
    assert_string_equal(error.message, "m.png: the mask is 42x30 pixels, its picture p.png "
                                       "400x300: give it the picture's aspect");
    impasto_image_free(&of);
    impasto_image_free(&near);
    impasto_image_free(&mask);
}

/* Against the formula, in double precision; with each part or without it, and in place. */
static void rows_are_composed(void **state)
{
    (void)state;
    enum { WIDTH = 13, AT = 4 };
    float planes[3][WIDTH], original[3 * WIDTH], before[3 * WIDTH], target[3 * WIDTH];
    float keep[AT + WIDTH], over[AT + WIDTH];
    const float *const painted[3] = {planes[0], planes[1], planes[2]};
    for (int i = 0; i < 8; i++) {
        const struct imp_compose how = {
            .luma = i & 1, .keep = i & 2 ? keep : NULL, .over = i & 4 ? over : NULL};
        for (size_t k = 0; k < (size_t)3 * WIDTH; k++) {
            planes[k / WIDTH][k % WIDTH] = 1.4F * noise(1, k) - 0.2F; /* some out of range */
            original[k] = noise(2, k);
            before[k] = target[k] = noise(3, k);
        }
        for (size_t k = 0; k < AT + WIDTH; k++) {
            keep[k] = noise(4, k);
            over[k] = noise(5, k);
        }
        const bool plain = !how.luma && !how.keep;
        imp_compose_row(&how, AT, WIDTH, painted, plain ? NULL : original, target);
        for (int x = 0; x < WIDTH; x++) {
            double rgb[3], lightness = 0;
            static const double share[3] = {0.299, 0.587, 0.114};
            for (int c = 0; c < 3; c++) {
                rgb[c] = fmin(fmax((double)planes[c][x], 0), 1);
                lightness += share[c] * (rgb[c] - (double)original[3 * x + c]);
            }
            for (int c = 0; c < 3; c++) {
                const double o = (double)original[3 * x + c];
                const double k = how.keep ? (double)keep[AT + x] : 0;
                const double v = how.over ? (double)over[AT + x] : 1;
                const double p = how.luma ? fmin(fmax(o + lightness, 0), 1) : rgb[c];
                const double expected =
                    v * (k * o + (1 - k) * p) + (1 - v) * (double)before[3 * x + c];
                assert_true(fabs(expected - (double)target[3 * x + c]) < 1e-6);
            }
        }
    }
    /* What is kept keeps its bits, where the target is the original, too. */
    const struct imp_compose all = {.luma = true, .keep = keep};
    for (size_t k = 0; k < AT + WIDTH; k++)
        keep[k] = 1;
    memcpy(target, original, sizeof(target));
    imp_compose_row(&all, AT, WIDTH, painted, target, target);
    assert_memory_equal(target, original, sizeof(target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_by_hand),
        cmocka_unit_test(matching_reproduces_mean_and_covariance),
        cmocka_unit_test(matching_a_flat_picture),
        cmocka_unit_test(approaching_goes_a_share_of_the_way),
        cmocka_unit_test(approaching_bounds_what_it_amplifies),
        cmocka_unit_test(keys_part_a_map),
        cmocka_unit_test(masks_are_lightness_times_alpha),
        cmocka_unit_test(planes_keep_constants_and_range),
        cmocka_unit_test(aspects_may_differ_by_rounding),
        cmocka_unit_test(rows_are_composed),
        cmocka_unit_test(hidden_pixels_take_their_surroundings_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
