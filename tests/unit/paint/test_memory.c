/* SPDX-License-Identifier: MIT */
/* Jobs that find less memory than there was, between two sizes and beside other jobs; and the sizes
 * of what is large, or of devices that have little. */

#include "fixtures.h"

#include "session/session.h"
#include "ops/element.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_params params;
static struct impasto_image *content, *style;
static struct impasto_style only;
static struct impasto_pictures pictures;
static uint64_t ample; /* the device's budget */

static int set_up(void **state)
{
    (void)state;
    open_small_job(NULL, NULL, &device, &weights, &params);
    content = painted_picture(48, 36, 0);
    style = painted_picture(32, 32, 2);
    only = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = style, .weight = 1};
    pictures = (struct impasto_pictures){.struct_size = sizeof(struct impasto_pictures),
                                         .content = content,
                                         .styles = &only,
                                         .style_count = 1};
    ample = imp_device_caps(device->device)->memory_budget;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    impasto_image_free(&content);
    impasto_image_free(&style);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return 0;
}

static struct impasto_job *open_job(void)
{
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    if (impasto_job_open(device, weights, &pictures, &params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return job;
}

static void step_to(struct impasto_job *job, int iteration)
{
    struct impasto_error error = {0};
    const struct impasto_job_progress *progress = NULL;
    while (!progress || progress->head.step < iteration)
        if (impasto_job_step(job, &progress, &error) != IMPASTO_OK)
            fail_msg("%s", error.message);
}

static struct impasto_image *image_of(struct impasto_job *job)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    if (impasto_job_image(job, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

/* The next size does not fit: the picture is still there, nothing else is, and once there is memory
 * the job goes on as if nothing had been. */
static void between_two_sizes(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_job *job = open_job();
    static float gradient[3 * 48 * 48];
    step_to(job, 5);
    struct impasto_image *whole = image_of(job);
    impasto_job_close(&job);

    job = open_job();
    step_to(job, 2);
    struct impasto_image *first = image_of(job);
    imp_device_limit_memory(device->device, imp_device_allocated(device->device) / 2);
    for (int tries = 0; tries < 2; tries++) {
        assert_int_equal(impasto_job_step(job, NULL, &error), IMPASTO_ERROR_MEMORY);
        assert_non_null(strstr(error.message, "needs at least"));
        struct impasto_image *between = image_of(job);
        expect_same_picture(between, first);
        impasto_image_free(&between);
        assert_int_equal(impasto_job_gradient(job, gradient, &error), IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "between two sizes"));
        assert_int_equal(impasto_job_save(job, "/dev/null/no", NULL, &error), IMPASTO_ERROR_USAGE);
        assert_int_equal(impasto_job_info(job)->scale_width, 34);
    }
    imp_device_limit_memory(device->device, ample);
    step_to(job, 5);
    struct impasto_image *late = image_of(job);
    expect_same_picture(late, whole);
    impasto_job_close(&job);
    assert_int_equal(imp_device_allocated(device->device), 0);

    /* And so may other pictures be taken. */
    job = open_job();
    step_to(job, 2);
    imp_device_limit_memory(device->device, imp_device_allocated(device->device) / 2);
    assert_int_equal(impasto_job_step(job, NULL, &error), IMPASTO_ERROR_MEMORY);
    imp_device_limit_memory(device->device, ample);
    assert_int_equal(impasto_job_reuse(job, &pictures, &error), IMPASTO_OK);
    step_to(job, 5);
    struct impasto_image *again = image_of(job);
    expect_same_picture(again, whole);
    impasto_job_close(&job);
    impasto_image_free(&first);
    impasto_image_free(&whole);
    impasto_image_free(&late);
    impasto_image_free(&again);
}

/* A job plans with what others on the device leave it, and where that is too little says what would
 * fit. */
static void beside_another(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_job *one = open_job(), *two = NULL;
    const uint64_t full = impasto_job_info(one)->plan_bytes;
    const uint64_t others = imp_device_allocated(device->device);
    uint64_t least = full;
    for (int percent = 100; percent > 0; percent -= 2) {
        imp_device_limit_memory(device->device, others + full * (uint64_t)percent / 100);
        if (impasto_job_open(device, weights, &pictures, &params, &two, &error) != IMPASTO_OK)
            break;
        least = impasto_job_info(two)->plan_bytes;
        assert_true(least <= full * (uint64_t)percent / 100);
        step_to(two, 5);
        impasto_job_close(&two);
    }
    assert_true(least < full);
    assert_int_equal(error.status, IMPASTO_ERROR_MEMORY);
    assert_non_null(strstr(error.message, "can be had"));
    assert_int_equal(imp_device_allocated(device->device), others);
    imp_device_limit_memory(device->device, ample);
    step_to(one, 5);
    impasto_job_close(&one);
}

/* Masks of whole pictures, which only strips of activations go with, have more positions than an
 * int counts; SIZE_MAX stands for what nothing can index. */
static void masks_of_large_pictures(void **state)
{
    (void)state;
    const struct imp_tensor large = {.channels = 64, .height = 16416, .width = 16416, .lanes = 4};
    assert_true(imp_mask_bytes(&large) == (size_t)16 * 16418 * 16418);
    const struct imp_tensor wide = {.channels = 64, .height = 3, .width = 2, .lanes = 16};
    assert_true(imp_mask_bytes(&wide) == (size_t)4 * 5 * 4 * 2);
}

/* The tiles of GPUs get smaller with the work-groups and the local memory that there are: two slabs
 * of TS rows of TS + 1 vectors of 16 bytes. */
static void tiles_of_small_devices(void **state)
{
    (void)state;
    static const struct {
        size_t group;
        uint64_t local;
        int side;
    } cases[] = {{1024, 32768, 16}, {256, 8704, 16}, {256, 8703, 8}, {255, 32768, 8},
                 {1024, 1024, 4},   {1, 32768, 1},   {1024, 0, 16},  {1024, 63, 1}};
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const struct imp_caps caps = {.max_work_group = cases[i].group,
                                      .local_memory = cases[i].local};
        assert_int_equal(imp_tile_side(&caps), cases[i].side);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_two_sizes),
        cmocka_unit_test(beside_another),
        cmocka_unit_test(masks_of_large_pictures),
        cmocka_unit_test(tiles_of_small_devices),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
