/* SPDX-License-Identifier: MIT */
/*
 * Two threads with a device each, as impasto.h allows: whole jobs with the same weights, pictures
 * opened and written beside each other give the bytes that each gives alone. Most is found by
 * building this with -Db_sanitize=thread; tests/static/tsan.txt names what is not ours.
 */

#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "files.h"
#include "fixtures.h"

#include <pthread.h>

#define THREADS 2
#define ROUNDS 2

static struct impasto_weights *weights;

/* What one thread does, and what becomes of it. */
struct work {
    int index;
    char picture[PATH_SIZE], checkpoint[PATH_SIZE];
    struct impasto_image *result;
    enum impasto_status status;
    struct impasto_error error;
    int lines; /* of the log */
};

static void count_line(void *user, enum impasto_log_level level, const char *line)
{
    struct work *work = user;
    (void)level, (void)line;
    work->lines++;
}

static enum impasto_status make(int width, int height, int kind, struct impasto_image **image,
                                struct impasto_error *error)
{
    IMP_TRY(impasto_image_create(width, height, image, error));
    for (int i = 0; i < 3 * width * height; i++)
        (*image)->rgb[i] = (float)((i * (kind + 7) + i / (3 * width) * 31) % 97) / 96;
    return IMPASTO_OK;
}

/* Thread 0 goes by Adam at two scales, thread 1 by L-BFGS at one; the layers differ, too. */
static void choose(int index, struct impasto_params *params)
{
    impasto_params_optimizer(params, index ? IMPASTO_OPTIMIZER_LBFGS : IMPASTO_OPTIMIZER_ADAM);
    memset(params->content_layers, 0, sizeof(params->content_layers));
    memset(params->style_layers, 0, sizeof(params->style_layers));
    params->content_layers[2 + index] = params->style_layers[0] = 1;
    params->style_layers[2 + index] = 1;
    params->size = 48 - 8 * index;
    params->scales = 2 - index;
    params->iterations = 3;
    params->first_iterations = 3;
    params->gemm = index ? "builtin" : NULL; /* CLBlast, where there is one, has a lock of ours */
}

static enum impasto_status paint(struct work *work, struct impasto_device *device,
                                 struct impasto_image *content, struct impasto_image *style,
                                 struct impasto_job **job)
{
    struct impasto_error *error = &work->error;
    struct impasto_params params;
    const struct impasto_style styles[] = {
        {.struct_size = sizeof(styles[0]), .image = style, .weight = 1}};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = styles, .style_count = 1};
    IMP_TRY(impasto_params_preset(weights, NULL, &params, error));
    choose(work->index, &params);
    IMP_TRY(impasto_job_open(device, weights, &pictures, &params, job, error));
    IMP_TRY(impasto_job_run(*job, NULL, NULL, error));
    IMP_TRY(impasto_job_save(*job, work->checkpoint, NULL, error));
    return impasto_job_image(*job, &work->result, error);
}

/* Everything from a picture on the disk to a picture on the disk. */
static void *paint_all(void *user)
{
    struct work *work = user;
    struct impasto_error *error = &work->error;
    struct impasto_device *device = NULL;
    struct impasto_image *drawn = NULL, *content = NULL, *style = NULL;
    struct impasto_job *job = NULL;
    enum impasto_status status;
    if ((status = make(48 - 8 * work->index, 40, work->index, &drawn, error)) ||
        (status = make(32, 32, 5, &style, error)) ||
        (status = impasto_image_save(drawn, work->picture, BITS(16), error)) ||
        (status = impasto_image_load(work->picture, 0, &content, error)) ||
        (status = impasto_device_open(NULL, count_line, work, &device, error)) ||
        (status = paint(work, device, content, style, &job)))
        work->status = status;
    impasto_job_close(&job);
    impasto_device_close(&device);
    impasto_image_free(&drawn);
    impasto_image_free(&content);
    impasto_image_free(&style);
    return NULL;
}

static void prepare(struct work *work, int index)
{
    char name[32];
    *work = (struct work){.index = index};
    snprintf(name, sizeof(name), "picture-%d.png", index);
    snprintf(work->picture, sizeof(work->picture), "%s", in_folder(name));
    snprintf(name, sizeof(name), "run-%d.ckpt", index);
    snprintf(work->checkpoint, sizeof(work->checkpoint), "%s", in_folder(name));
}

static void expect_done(const struct work *work)
{
    if (work->status != IMPASTO_OK)
        fail_msg("thread %d: %s", work->index, work->error.message);
    assert_non_null(work->result);
}

static void same_bytes_as_alone(void **state)
{
    struct work alone[THREADS], together[THREADS];
    pthread_t threads[THREADS];
    (void)state;
    assert_int_equal(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, NULL),
                     IMPASTO_OK);
    for (int i = 0; i < THREADS; i++) {
        prepare(&alone[i], i);
        (void)paint_all(&alone[i]);
        expect_done(&alone[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++) {
            prepare(&together[i], i);
            assert_int_equal(pthread_create(&threads[i], NULL, paint_all, &together[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int i = 0; i < THREADS; i++) {
            const struct impasto_image *a = alone[i].result, *b = together[i].result;
            expect_done(&together[i]);
            assert_true(together[i].lines > 0);
            assert_int_equal(a->width, b->width);
            assert_int_equal(a->height, b->height);
            assert_memory_equal(a->rgb, b->rgb,
                                3 * (size_t)a->width * (size_t)a->height * sizeof(float));
            impasto_image_free(&together[i].result);
        }
    }
    for (int i = 0; i < THREADS; i++)
        impasto_image_free(&alone[i].result);
    impasto_weights_close(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes_as_alone)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
