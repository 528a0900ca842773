/* SPDX-License-Identifier: MIT */
/* Resampling against the formula written out as one double sum over the whole picture. */

#include "fixtures.h"
#include "image/image.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double pi = 3.14159265358979323846;

static struct impasto_image *create(int width, int height, bool alpha, uint32_t stream)
{
    struct impasto_image *image = blank_picture(width, height);
    const size_t pixels = (size_t)width * (size_t)height;
    for (size_t i = 0; i < 3 * pixels; i++)
        image->rgb[i] = imp_rng_uniform(1, stream, i);
    if (alpha) {
        image->alpha = malloc(pixels * sizeof(float));
        assert_non_null(image->alpha);
        /* A third wholly transparent, a third opaque, the rest between. */
        for (size_t i = 0; i < pixels; i++)
            image->alpha[i] = fminf(1, fmaxf(0, 3 * imp_rng_uniform(2, stream, i) - 1));
    }
    return image;
}

static double decode(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double encode(double v)
{
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double clamp(double v)
{
    return fmin(1, fmax(0, v));
}

/* The weight of input sample `k` (which may lie beyond the edge) for output sample `i`,
 * unnormalised. */
static double weight(int from, int to, int i, int k)
{
    const double scale = (double)from / to, stretch = fmax(1, scale);
    const double x = fabs((k - ((i + 0.5) * scale - 0.5)) / stretch);
    if (x >= 3)
        return 0;
    return x < 1e-9 ? 1 : 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x);
}

/* Output pixel (i, j) of premultiplied channels 0..3. */
static void resampled(const struct impasto_image *image, int width, int height, int i, int j,
                      bool linear, double out[4])
{
    const int margin_x = 3 * (image->width / width + 2),
              margin_y = 3 * (image->height / height + 2);
    double sum = 0;
    memset(out, 0, 4 * sizeof(*out));
    for (int y = -margin_y; y < image->height + margin_y; y++)
        for (int x = -margin_x; x < image->width + margin_x; x++) {
            const double w =
                weight(image->height, height, j, y) * weight(image->width, width, i, x);
            const int cx = x < 0 ? 0 : x >= image->width ? image->width - 1 : x;
            const int cy = y < 0 ? 0 : y >= image->height ? image->height - 1 : y;
            const size_t at = (size_t)cy * (size_t)image->width + (size_t)cx;
            const double alpha = image->alpha ? (double)image->alpha[at] : 1;
            for (int c = 0; c < 3; c++) {
                const double v = (double)image->rgb[3 * at + (size_t)c];
                out[c] += w * alpha * (linear ? decode(v) : v);
            }
            out[3] += w * alpha;
            sum += w;
        }
    for (int c = 0; c < 4; c++)
        out[c] /= sum;
}

static void check(int from_width, int from_height, int width, int height, bool alpha)
{
    struct impasto_image *image = create(from_width, from_height, alpha, 3), *resized = NULL;
    assert_int_equal(impasto_image_resize(image, width, height, &resized, NULL), IMPASTO_OK);
    assert_int_equal(resized->width, width);
    assert_int_equal(resized->height, height);
    assert_int_equal(resized->alpha != NULL, alpha);
    const bool linear = width < from_width || height < from_height;
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++) {
            double expected[4];
            const size_t at = (size_t)j * (size_t)width + (size_t)i;
            resampled(image, width, height, i, j, linear, expected);
            if (alpha)
                assert_true(fabs((double)resized->alpha[at] - clamp(expected[3])) < 2e-6);
            /* Dividing by a small alpha magnifies rounding. */
            if (alpha && expected[3] < 0.01)
                continue;
            for (int c = 0; c < 3; c++) {
                const double v = clamp(alpha ? expected[c] / expected[3] : expected[c]);
                const double got = (double)resized->rgb[3 * at + (size_t)c];
                assert_true(fabs(got - (linear ? encode(v) : v)) < (alpha ? 2e-4 : 2e-5));
            }
        }
    impasto_image_free(&image);
    impasto_image_free(&resized);
}

static void formula(void **state)
{
    (void)state;
    static const int cases[][4] = {
        {17, 13, 8, 6}, {17, 13, 31, 29}, {9, 21, 4, 30},   {5, 5, 1, 1}, {1, 1, 5, 3},
        {40, 1, 7, 1},  {1, 9, 2, 3},     {33, 32, 32, 31}, {3, 2, 4, 2},
    };
    for (size_t k = 0; k < IMP_COUNT(cases); k++)
        for (int alpha = 0; alpha < 2; alpha++)
            check(cases[k][0], cases[k][1], cases[k][2], cases[k][3], alpha != 0);
}

static void constant_stays(void **state)
{
    (void)state;
    static const int sizes[][2] = {{5, 7}, {64, 48}, {300, 2}};
    struct impasto_image *image = create(50, 40, false, 0), *resized = NULL;
    for (size_t i = 0; i < (size_t)3 * 50 * 40; i++)
        image->rgb[i] = 0.3f;
    for (size_t k = 0; k < IMP_COUNT(sizes); k++) {
        assert_int_equal(imp_image_resize(image, sizes[k][0], sizes[k][1], &resized, NULL),
                         IMPASTO_OK);
        for (size_t i = 0; i < (size_t)3 * (size_t)sizes[k][0] * (size_t)sizes[k][1]; i++)
            assert_true(fabsf(resized->rgb[i] - 0.3f) < 1e-5f);
        impasto_image_free(&resized);
    }
    impasto_image_free(&image);
}

static void same_size_is_a_copy(void **state)
{
    (void)state;
    struct impasto_image *image = create(6, 5, true, 4), *copy = NULL;
    image->metadata.exif.data = malloc(3);
    assert_non_null(image->metadata.exif.data);
    memcpy(image->metadata.exif.data, "abc", 3);
    image->metadata.exif.size = 3;
    assert_int_equal(impasto_image_resize(image, 6, 5, &copy, NULL), IMPASTO_OK);
    assert_memory_equal(copy->rgb, image->rgb, 6 * 5 * 3 * sizeof(float));
    assert_memory_equal(copy->alpha, image->alpha, 6 * 5 * sizeof(float));
    assert_int_equal(copy->metadata.exif.size, 3);
    assert_memory_equal(copy->metadata.exif.data, "abc", 3);
    impasto_image_free(&copy);
    assert_int_equal(impasto_image_resize(image, 3, 2, &copy, NULL), IMPASTO_OK);
    assert_memory_equal(copy->metadata.exif.data, "abc", 3);
    impasto_image_free(&copy);
    impasto_image_free(&image);
}

static void fitting(void **state)
{
    (void)state;
    static const struct {
        int width, height, longer, out_width, out_height;
    } cases[] = {
        {640, 480, 512, 512, 384}, {480, 640, 512, 384, 512}, {100, 100, 33, 33, 33},
        {1000, 1, 10, 10, 1},      {3, 2, 100, 100, 67},      {65500, 65500, 1, 1, 1},
    };
    for (size_t k = 0; k < IMP_COUNT(cases); k++) {
        int width, height;
        imp_image_fit(cases[k].width, cases[k].height, cases[k].longer, &width, &height);
        assert_int_equal(width, cases[k].out_width);
        assert_int_equal(height, cases[k].out_height);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formula),
        cmocka_unit_test(constant_stays),
        cmocka_unit_test(same_size_is_a_copy),
        cmocka_unit_test(fitting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
