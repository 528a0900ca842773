/* SPDX-License-Identifier: MIT */
/*
 * One picture on several devices, each with a band of its rows: the bytes are those of one device,
 * however many there are and however the rows are shared. Here the devices are one and the same,
 * opened several times.
 */

#include "files.h"
#include "fixtures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 4
#define WIDTH 40
/* Three blocks of rows, and two at the smaller scale. */
#define HEIGHT 200

static bool brief; /* two devices, few layers and steps: for platforms that take minutes */
static struct impasto_weights *weights;
static struct impasto_image *content, *styles[2], *mask, *keep;

/* Lines of the log: how many are being told just now, and whether there were ever two. */
static atomic_int told;
static atomic_bool told_at_once;

/* ---- Painting -------------------------------------------------------------------------------- */

static void tell(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
    if (atomic_fetch_add(&told, 1) > 0)
        told_at_once = true;
    for (volatile int i = 0; i < 300000; i++) /* long enough for others */
        continue;
    atomic_fetch_sub(&told, 1);
}

static struct impasto_device *open_devices(int count, const float *shares)
{
    struct impasto_device *devices[MOST] = {NULL};
    struct impasto_error error = {0};
    for (int i = 0; i < count; i++)
        if (impasto_device_open(NULL, tell, NULL, &devices[i], &error) != IMPASTO_OK)
            fail_msg("%s", error.message);
    if (count > 1 && impasto_device_join(devices[0], devices + 1, (size_t)count - 1, shares,
                                         &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return devices[0];
}

static enum impasto_status paint_on(struct impasto_device *device,
                                    const struct impasto_pictures *pictures,
                                    const struct impasto_params *params,
                                    struct impasto_image **result, struct impasto_error *error)
{
    struct impasto_job *job = NULL;
    enum impasto_status status = impasto_job_open(device, weights, pictures, params, &job, error);
    if (status == IMPASTO_OK)
        status = impasto_job_run(job, NULL, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_job_image(job, result, error);
    impasto_job_close(&job);
    return status;
}

static struct impasto_image *paint(int count, const float *shares,
                                   const struct impasto_pictures *pictures,
                                   const struct impasto_params *params)
{
    struct impasto_device *device = open_devices(count, shares);
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    if (paint_on(device, pictures, params, &result, &error) != IMPASTO_OK)
        fail_msg("%d devices: %s", count, error.message);
    impasto_device_close(&device);
    assert_false(told_at_once);
    return result;
}

/* Rows travel before others are computed, or meanwhile. */
static const char *const paces[] = {"off", "on"};

/* The same on one device, on two, on three, and on two that share unevenly, in both ways. */
static void expect_same_bytes(const struct impasto_pictures *pictures,
                              const struct impasto_params *params)
{
    static const float uneven[] = {1, 9};
    struct impasto_image *one = paint(1, NULL, pictures, params);
    const size_t bytes = 3 * (size_t)one->width * (size_t)one->height * sizeof(float);
    for (int round = 2 * 2; round < 2 * (brief ? 3 : 5); round++) {
        const int count = round / 2;
        (void)setenv("IMPASTO_OVERLAP", paces[round % 2], 1);
        struct impasto_image *some =
            count < 4 ? paint(count, NULL, pictures, params) : paint(2, uneven, pictures, params);
        assert_int_equal(some->height, one->height);
        if (memcmp(some->rgb, one->rgb, bytes) != 0) {
            size_t differ = 0;
            for (size_t i = 0; i < bytes / sizeof(float); i++)
                differ += some->rgb[i] != one->rgb[i];
            fail_msg("%d devices, overlap %s: %zu of %zu values differ from one device's", count,
                     paces[round % 2], differ, bytes / sizeof(float));
        }
        impasto_image_free(&some);
    }
    (void)unsetenv("IMPASTO_OVERLAP");
    impasto_image_free(&one);
}

/* Memory without thrift, so that one device works on the whole picture as well. */
static struct impasto_params few_steps(void)
{
    struct impasto_params params;
    struct impasto_error error = {0};
    if (impasto_params_preset(weights, NULL, &params, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    params.size = HEIGHT;
    params.scales = 1;
    params.iterations = params.first_iterations = 5;
    params.memory = (uint64_t)1 << 31;
    return params;
}

static struct impasto_params checkpoint_params(void)
{
    struct impasto_params params = few_steps();
    params.scales = 2;
    params.iterations = params.first_iterations = 5;
    params.history = 3;
    return params;
}

/* ---- The tests ------------------------------------------------------------------------------- */

/* As presets have it: a margin, copies of the edge, an average, and a smaller scale before, which
 * three devices leave to the first. */
static void of_a_preset(void **state)
{
    (void)state;
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = styles[0], .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    struct impasto_params params = few_steps();
    params.scales = 2;
    if (brief) {
        params.scales = 1;
        params.iterations = params.first_iterations = 2;
        memset(params.content_layers, 0, sizeof(params.content_layers));
        memset(params.style_layers, 0, sizeof(params.style_layers));
        params.content_layers[1] = params.style_layers[0] = params.style_layers[2] = 1;
    }
    expect_same_bytes(&pictures, &params);
    if (brief)
        return;
    impasto_params_optimizer(&params, IMPASTO_OPTIMIZER_ADAM);
    params.iterations = params.first_iterations = 3;
    expect_same_bytes(&pictures, &params);
}

/* Regions with masks of their own, a part that is kept, means and covariances, maxima, and a border
 * of zeros. */
static void of_regions(void **state)
{
    (void)state;
    const struct impasto_region regions[] = {
        {.struct_size = sizeof(regions[0]), .mask = mask, .weight = 1},
        {.struct_size = sizeof(regions[0]), .weight = 2}};
    const struct impasto_style both[] = {
        {.struct_size = sizeof(both[0]), .image = styles[0], .weight = 1},
        {.struct_size = sizeof(both[0]), .image = styles[1], .weight = 1, .region = 1}};
    const struct impasto_pictures pictures = {.struct_size = sizeof(pictures),
                                              .content = content,
                                              .styles = both,
                                              .style_count = 2,
                                              .regions = regions,
                                              .region_count = 2,
                                              .keep = keep};
    struct impasto_params params = few_steps();
    params.margin = 0;
    params.style_loss = IMPASTO_STYLE_LOSS_COVARIANCE;
    params.pooling = IMPASTO_POOLING_MAX;
    params.padding = IMPASTO_PADDING_ZERO;
    params.conv = "direct";
    params.init = IMPASTO_INIT_NOISE;
    expect_same_bytes(&pictures, &params);
}

/* ---- Checkpoints ----------------------------------------------------------------------------- */

/* Opens a job, from a checkpoint or its beginning; takes `steps` steps (all where that is less than
 * 0); keeps it in a checkpoint, or has its result. */
static struct impasto_image *work(int count, const char *from, int steps, const char *to)
{
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = styles[0], .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    const struct impasto_params params = checkpoint_params();
    struct impasto_device *device = open_devices(count, NULL);
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_image *result = NULL;
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    enum impasto_status status =
        from ? impasto_checkpoint_open(from, &checkpoint, &error) : IMPASTO_OK;
    if (status == IMPASTO_OK)
        status =
            from ? impasto_job_resume(device, weights, &pictures, checkpoint, &params, &job, &error)
                 : impasto_job_open(device, weights, &pictures, &params, &job, &error);
    for (int i = 0; i < steps && status == IMPASTO_OK; i++)
        status = impasto_job_step(job, NULL, &error);
    if (status == IMPASTO_OK && steps < 0)
        status = impasto_job_run(job, NULL, NULL, &error);
    if (status == IMPASTO_OK)
        status =
            to ? impasto_job_save(job, to, NULL, &error) : impasto_job_image(job, &result, &error);
    if (status != IMPASTO_OK)
        fail_msg("%d devices: %s", count, error.message);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
    impasto_device_close(&device);
    return result;
}

/* A run is stopped at the first scale, in the first rank's hands or in two's, and at the last one.
 * Others go on with it each time. */
static void checkpoints(void **state)
{
    char path[PATH_SIZE];
    (void)state;
    snprintf(path, sizeof(path), "%s", in_folder("run.ckpt"));
    struct impasto_image *straight = work(1, NULL, -1, NULL);
    (void)work(3, NULL, 2, path);
    (void)work(2, path, 1, path);
    (void)work(1, path, 3, path);
    (void)work(3, path, 2, path);
    struct impasto_image *parted = work(2, path, -1, NULL);
    expect_same_picture(parted, straight);
    impasto_image_free(&straight);
    impasto_image_free(&parted);
}

/* Of three devices the first works alone, and cannot save what it is asked to: the others, which
 * wait meanwhile, hear of it, and all go on. */
static void lone_rank(void **state)
{
    (void)state;
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = styles[0], .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    const struct impasto_params params = checkpoint_params();
    struct impasto_device *device = open_devices(3, NULL);
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    struct impasto_image *result = NULL, *one = work(1, NULL, -1, NULL);
    assert_int_equal(impasto_job_open(device, weights, &pictures, &params, &job, &error),
                     IMPASTO_OK);
    for (int tries = 0; tries < 2; tries++) {
        assert_int_equal(impasto_job_step(job, NULL, &error), IMPASTO_OK);
        assert_int_equal(impasto_job_save(job, "no/such/folder/x.ckpt", NULL, &error),
                         IMPASTO_ERROR_OUTPUT);
    }
    assert_int_equal(impasto_job_run(job, NULL, NULL, &error), IMPASTO_OK);
    assert_int_equal(impasto_job_image(job, &result, &error), IMPASTO_OK);
    expect_same_picture(result, one);
    impasto_job_close(&job);
    impasto_device_close(&device);
    impasto_image_free(&result);
    impasto_image_free(&one);
}

static void expect_usage(enum impasto_status status, const struct impasto_error *error,
                         const char *words)
{
    assert_int_equal(status, IMPASTO_ERROR_USAGE);
    if (!strstr(error->message, words))
        fail_msg("'%s' does not say '%s'", error->message, words);
}

/* Devices that are joined are not joined again, and paint pictures of jobs alone. */
static void refusals_of_members(void **state)
{
    (void)state;
    struct impasto_device *member[3] = {NULL};
    struct impasto_error error = {0};
    struct impasto_applier *applier = NULL;
    struct impasto_train *train = NULL;
    const struct impasto_train_style style = {.struct_size = sizeof(style), .image = styles[0]};
    const struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1};
    const struct impasto_train_params params = {.struct_size = sizeof(params)};
    for (int i = 0; i < 3; i++)
        member[i] = open_devices(1, NULL);
    struct impasto_device *const twice[] = {member[1], member[1]};
    expect_usage(impasto_device_join(member[0], twice, 2, NULL, &error), &error, "twice");
    assert_int_equal(impasto_device_join(member[0], &member[1], 1, NULL, &error), IMPASTO_OK);
    expect_usage(impasto_device_join(member[2], &member[1], 1, NULL, &error), &error, "joined to");
    expect_usage(impasto_device_join(member[1], &member[2], 1, NULL, &error), &error, "only once");
    expect_usage(impasto_applier_open(member[0], NULL, NULL, &applier, &error), &error,
                 "a network is not for several devices");
    expect_usage(impasto_train_plan(member[0], weights, &task, &params, &train, &error), &error,
                 "a training is not for several devices");
    impasto_device_close(&member[0]);
    impasto_device_close(&member[2]);
}

/* What is not for several devices is one line, and the job goes on. */
static void refusals(void **state)
{
    (void)state;
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = styles[0], .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    static const float nothing[] = {1, 0};
    struct impasto_params params = few_steps();
    struct impasto_device *device = open_devices(2, NULL), *third = open_devices(1, NULL);
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    expect_usage(impasto_device_join(third, &third, 1, NULL, &error), &error, "itself");
    expect_usage(impasto_device_join(third, &device, 1, NULL, &error), &error, "joined to");
    expect_usage(impasto_device_join(device, &third, 1, NULL, &error), &error, "only once");
    expect_usage(impasto_device_join(third, &device, 1, nothing, &error), &error, "joined to");
    params.iterations = 1;
    assert_int_equal(impasto_job_open(device, weights, &pictures, &params, &job, &error),
                     IMPASTO_OK);
    assert_int_equal(impasto_job_save(job, "no/such/folder/x.ckpt", NULL, &error),
                     IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "no/such/folder"));
    const struct impasto_job_info *info = impasto_job_info(job);
    assert_int_equal(info->band_count, 2);
    assert_int_equal(info->bands[0].begin, 0);
    assert_int_equal(info->bands[1].begin, info->bands[0].rows);
    assert_int_equal(info->bands[0].rows + info->bands[1].rows, HEIGHT + 2 * params.margin);
    expect_usage(impasto_job_reuse(job, &pictures, &error), &error, "another content");
    assert_int_equal(impasto_job_run(job, NULL, NULL, &error), IMPASTO_OK);
    impasto_job_close(&job);
    params.memory = 5 << 20;
    assert_int_equal(impasto_job_open(device, weights, &pictures, &params, &job, &error),
                     IMPASTO_ERROR_MEMORY);
    assert_non_null(strstr(error.message, "rows of"));
    assert_non_null(strstr(error.message, "`memory` allows 5 MiB"));
    impasto_device_close(&device);
    impasto_device_close(&third);
}

int main(int argc, char **argv)
{
    brief = argc > 1 && strcmp(argv[1], "brief") == 0;
    if (impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, NULL) != IMPASTO_OK)
        return 1;
    content = painted_picture(WIDTH, HEIGHT, 0);
    styles[0] = painted_picture(64, 48, 1);
    styles[1] = painted_picture(48, 56, 2);
    mask = painted_picture(WIDTH, HEIGHT, 3);
    keep = painted_picture(WIDTH, HEIGHT, 4);
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        keep->rgb[i] = i / (3 * WIDTH) < HEIGHT / 2 ? 0.0f : keep->rgb[i];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_preset), cmocka_unit_test(of_regions),
        cmocka_unit_test(checkpoints), cmocka_unit_test(refusals),
        cmocka_unit_test(lone_rank),   cmocka_unit_test(refusals_of_members),
    };
    const struct CMUnitTest few[] = {cmocka_unit_test(of_a_preset)};
    return brief ? cmocka_run_group_tests(few, NULL, NULL)
                 : cmocka_run_group_tests(tests, make_folder, remove_folder);
}
