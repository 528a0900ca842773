/* SPDX-License-Identifier: MIT */
/* The public API's jobs: what they refuse, and being given other pictures. "brief", for a platform
 * that is slow: with one scale, and without what there is to tell of several. */

#include "fixtures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_params params;
static struct impasto_image *content, *other, *style, *tall;

static int set_up(void **state)
{
    (void)state;
    open_small_job(NULL, NULL, &device, &weights, &params);
    params.reuse = true;
    content = painted_picture(48, 36, 0);
    other = painted_picture(40, 48, 1);
    style = painted_picture(32, 32, 2);
    tall = painted_picture(16, 48, 3);
    return 0;
}

static int set_up_brief(void **state)
{
    const int code = set_up(state);
    params.scales = 1;
    return code;
}

static int tear_down(void **state)
{
    (void)state;
    impasto_image_free(&content);
    impasto_image_free(&other);
    impasto_image_free(&style);
    impasto_image_free(&tall);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return 0;
}

static void expect_refusal(const struct impasto_pictures *pictures, enum impasto_status status,
                           const char *words)
{
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_open(device, weights, pictures, &params, &job, &error), status);
    assert_null(job);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static void refuses_pictures_that_do_not_fit(void **state)
{
    (void)state;
    struct impasto_style styles[] = {
        {.struct_size = sizeof(styles[0]), .image = style, .weight = 1},
        {.struct_size = sizeof(styles[0]), .image = style, .weight = 1}};
    struct impasto_region regions[] = {{.struct_size = sizeof(regions[0]), .weight = 1},
                                       {.struct_size = sizeof(regions[0]), .weight = 1}};
    struct impasto_pictures p = {.struct_size = sizeof(p)};
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "no content picture");
    p.content = content;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "no style picture");
    p.styles = styles;
    p.style_count = 2;
    styles[1].image = NULL;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "style 1 has no picture");
    styles[1].image = style;
    styles[1].weight = 0;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "weight of style 1");
    styles[1].weight = 1;
    styles[1].region = 1;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "region 1 of 1");
    p.regions = regions;
    p.region_count = 2;
    regions[0].weight = -1;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "weight of region 0");
    regions[0].weight = 1;
    styles[1].region = 0;
    expect_refusal(&p, IMPASTO_ERROR_USAGE, "region 1 has no style");
    styles[1].region = 1;
    regions[1].mask = tall;
    expect_refusal(&p, IMPASTO_ERROR_INPUT, "aspect");
    regions[1].mask = NULL;
    p.keep = tall;
    expect_refusal(&p, IMPASTO_ERROR_INPUT, "aspect");
}

static void run(struct impasto_job *job, struct impasto_image **result)
{
    struct impasto_error error = {0};
    if (impasto_job_run(job, NULL, NULL, &error) != IMPASTO_OK ||
        impasto_job_image(job, result, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

/* What a program that knows fewer members hands over is taken, and nothing beyond it is looked at;
 * a size of 0, or of members that nobody knows, is refused. */
static void sizes_of_structs(void **state)
{
    (void)state;
    struct impasto_params p = params;
    struct impasto_style only = {.struct_size = sizeof(only), .image = style, .weight = 1};
    struct impasto_pictures all = {
        .struct_size = sizeof(all), .content = content, .styles = &only, .style_count = 1};
    size_t *const sizes[] = {&p.struct_size, &all.struct_size, &only.struct_size};
    const char *const names[] = {"impasto_params", "impasto_pictures", "impasto_style"};
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    for (size_t i = 0; i < 3; i++) {
        const size_t good = *sizes[i], bad[] = {0, good + 8};
        for (size_t k = 0; k < 2; k++) {
            *sizes[i] = bad[k];
            assert_int_equal(impasto_job_open(device, weights, &all, &p, &job, &error),
                             IMPASTO_ERROR_USAGE);
            assert_non_null(strstr(error.message, names[i]));
        }
        *sizes[i] = good;
    }
    p.struct_size = offsetof(struct impasto_params, conv);
    all.struct_size = offsetof(struct impasto_pictures, keep);
    only.struct_size = offsetof(struct impasto_style, region);
    memset((char *)&p + p.struct_size, 0xaa, sizeof(p) - p.struct_size);
    memset((char *)&all + all.struct_size, 0xaa, sizeof(all) - all.struct_size);
    only.region = 77;
    assert_int_equal(impasto_job_plan(device, weights, &all, &p, &job, &error), IMPASTO_OK);
    impasto_job_close(&job);
    /* A preset writes no more than there is. */
    memset(&p, 0xaa, sizeof(p));
    assert_int_equal(impasto_params_preset_sized(
                         weights, NULL, offsetof(struct impasto_params, iterations), &p, &error),
                     IMPASTO_OK);
    assert_int_equal(p.struct_size, offsetof(struct impasto_params, iterations));
    assert_int_equal(p.size, 512);
    assert_int_not_equal(p.iterations, 60);
    assert_int_equal(impasto_params_preset_sized(weights, NULL, sizeof(p) + 8, &p, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_image_encode(content, "x.png", &(struct impasto_save_options){0},
                                          &(unsigned char *){NULL}, &(size_t){0}, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "impasto_save_options"));
}

/* The second picture of a job is what a job of its own makes, also after a refusal between. */
static void again_is_as_if_anew(void **state)
{
    (void)state;
    const struct impasto_style only = {.struct_size = sizeof(only), .image = style, .weight = 1};
    struct impasto_pictures p = {
        .struct_size = sizeof(p), .content = other, .styles = &only, .style_count = 1};
    struct impasto_job *job = NULL;
    struct impasto_image *expected = NULL, *first = NULL, *found = NULL;
    struct impasto_error error = {0};
    const struct impasto_job_progress *progress = NULL;
    assert_int_equal(impasto_job_open(device, weights, &p, &params, &job, &error), IMPASTO_OK);
    run(job, &expected);
    impasto_job_close(&job);

    p.content = content;
    assert_int_equal(impasto_job_open(device, weights, &p, &params, &job, &error), IMPASTO_OK);
    run(job, &first);
    struct impasto_image *tiny = painted_picture(3, 48, 0);
    p.content = tiny;
    assert_int_equal(impasto_job_reuse(job, &p, &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_job_step(job, &progress, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "no pictures"));
    p.content = other;
    assert_int_equal(impasto_job_reuse(job, &p, &error), IMPASTO_OK);
    assert_int_equal(impasto_job_info(job)->width, 40);
    run(job, &found);
    expect_same_picture(found, expected);
    impasto_job_close(&job);
    impasto_image_free(&tiny);
    impasto_image_free(&expected);
    impasto_image_free(&first);
    impasto_image_free(&found);
}

/* Progress counts over all scales, each of which has its size; the picture always has the last
 * one's. */
static void progress_over_scales(void **state)
{
    (void)state;
    const struct impasto_style only = {.struct_size = sizeof(only), .image = style, .weight = 1};
    const struct impasto_pictures p = {
        .struct_size = sizeof(p), .content = content, .styles = &only, .style_count = 1};
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_open(device, weights, &p, &params, &job, &error), IMPASTO_OK);
    const struct impasto_job_info *info = impasto_job_info(job);
    assert_int_equal(info->scale_count, 2);
    assert_int_equal(info->iterations, 5);
    assert_int_equal(info->scales[0].width, 34);
    for (int k = 0; k <= 5; k++) {
        const struct impasto_job_progress *progress = NULL;
        struct impasto_image *image = NULL;
        assert_int_equal(impasto_job_step(job, &progress, &error), IMPASTO_OK);
        assert_int_equal(progress->head.step, k);
        assert_int_equal(progress->head.steps, 5);
        assert_int_equal(progress->scale, k >= 3);
        assert_int_equal(progress->width, k >= 3 ? 48 : 34);
        assert_int_equal(progress->head.done, k == 5);
        assert_int_equal(impasto_job_image(job, &image, &error), IMPASTO_OK);
        assert_int_equal(image->width, 48);
        impasto_image_free(&image);
    }
    impasto_job_close(&job);
}

static void a_plan_is_only_a_plan(void **state)
{
    (void)state;
    const struct impasto_style only = {.struct_size = sizeof(only), .image = style, .weight = 1};
    const struct impasto_pictures p = {
        .struct_size = sizeof(p), .content = content, .styles = &only, .style_count = 1};
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_plan(device, weights, &p, &params, &job, &error), IMPASTO_OK);
    assert_true(impasto_job_info(job)->plan_bytes > 0);
    assert_int_equal(impasto_job_reuse(job, &p, &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_job_step(job, NULL, &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest brief[] = {
        cmocka_unit_test(refuses_pictures_that_do_not_fit),
        cmocka_unit_test(sizes_of_structs),
        cmocka_unit_test(again_is_as_if_anew),
        cmocka_unit_test(a_plan_is_only_a_plan),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_pictures_that_do_not_fit),
        cmocka_unit_test(sizes_of_structs),
        cmocka_unit_test(again_is_as_if_anew),
        cmocka_unit_test(progress_over_scales),
        cmocka_unit_test(a_plan_is_only_a_plan),
    };
    if (argc > 1 && strcmp(argv[1], "brief") == 0)
        return cmocka_run_group_tests(brief, set_up_brief, tear_down);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
