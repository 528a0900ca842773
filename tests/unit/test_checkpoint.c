/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints by the public API: a job resumed from any of its iterations ends in the bytes of one
 * that was never stopped; what does not belong together, and what is damaged, is refused.
 */

#include "files.h"

#include <impasto/impasto.h>

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cmocka.h>

static struct impasto_device *device;
static struct impasto_weights *weights;
static struct impasto_params usual;
static struct impasto_image *content, *style, *second, *mask, *start;
static char path[PATH_SIZE];
static unsigned warnings;

static void count_warnings(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    (void)line;
    warnings += level == IMPASTO_LOG_WARNING;
}

static struct impasto_image *make(int width, int height, int kind)
{
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(width, height, &image, NULL), IMPASTO_OK);
    for (int i = 0; i < 3 * width * height; i++)
        image->rgb[i] = (float)((i * (kind + 7) + i / (3 * width) * 31) % 97) / 96;
    return image;
}

static int set_up(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    if (impasto_device_open(NULL, count_warnings, NULL, &device, &error) != IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK ||
        impasto_params_preset(weights, NULL, &usual, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    memset(usual.content_layers, 0, sizeof(usual.content_layers));
    memset(usual.style_layers, 0, sizeof(usual.style_layers));
    usual.content_layers[2] = usual.style_layers[0] = usual.style_layers[2] = 1;
    usual.size = 48;
    usual.scales = 3;
    usual.iterations = 2;
    usual.first_iterations = 4;
    content = make(48, 36, 0);
    style = make(32, 32, 2);
    second = make(40, 32, 4);
    mask = make(48, 36, 5);
    start = make(30, 24, 6);
    make_folder(NULL);
    snprintf(path, sizeof(path), "%s", in_folder("checkpoint"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    impasto_image_free(&content);
    impasto_image_free(&style);
    impasto_image_free(&second);
    impasto_image_free(&mask);
    impasto_image_free(&start);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return remove_folder(NULL);
}

/* ---- Runs ------------------------------------------------------------------------------------ */

static struct impasto_style styles[2];
static struct impasto_region regions[2];

static struct impasto_pictures simple(void)
{
    styles[0] = (struct impasto_style){.image = style, .weight = 1};
    return (struct impasto_pictures){.content = content, .styles = styles, .style_count = 1};
}

/* Everything that pictures can be. */
static struct impasto_pictures rich(void)
{
    struct impasto_pictures p = simple();
    styles[1] = (struct impasto_style){.image = second, .weight = 2, .region = 1};
    regions[0] = (struct impasto_region){.mask = mask, .weight = 1};
    regions[1] = (struct impasto_region){.weight = 0.5f};
    p.style_count = p.region_count = 2;
    p.regions = regions;
    p.keep = mask;
    p.init = start;
    return p;
}

static struct impasto_job *open_job(const struct impasto_pictures *p,
                                    const struct impasto_params *params)
{
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    if (impasto_job_open(device, weights, p, params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return job;
}

static struct impasto_checkpoint *open_file(void)
{
    struct impasto_error error = {0};
    struct impasto_checkpoint *checkpoint = NULL;
    if (impasto_checkpoint_open(path, &checkpoint, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return checkpoint;
}

static struct impasto_job *resume(const struct impasto_pictures *p,
                                  const struct impasto_params *params)
{
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    struct impasto_checkpoint *checkpoint = open_file();
    if (impasto_job_resume(device, weights, p, checkpoint, params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_checkpoint_close(&checkpoint);
    return job;
}

static void save(struct impasto_job *job, const char *note)
{
    struct impasto_error error = {0};
    if (impasto_job_save(job, path, note, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static struct impasto_progress step(struct impasto_job *job)
{
    struct impasto_error error = {0};
    struct impasto_progress progress;
    if (impasto_job_step(job, &progress, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return progress;
}

static struct impasto_image *picture(struct impasto_job *job)
{
    struct impasto_error error = {0};
    struct impasto_image *image = NULL;
    if (impasto_job_image(job, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

static void expect_same(const struct impasto_image *a, const struct impasto_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_memory_equal(a->rgb, b->rgb, sizeof(float) * 3 * (size_t)a->width * (size_t)a->height);
}

/* Runs to the end; returns the picture. */
static struct impasto_image *finish(struct impasto_job **job)
{
    while (!step(*job).done)
        ;
    struct impasto_image *image = picture(*job);
    impasto_job_close(job);
    return image;
}

enum { MOST = 64 };

static int stride = 1; /* iterations from one exchange to the next */

/* The job becomes one that goes on from its checkpoint. */
static void exchange(struct impasto_job **job, const struct impasto_pictures *p,
                     const struct impasto_params *params)
{
    save(*job, NULL);
    struct impasto_image *so_far = picture(*job);
    impasto_job_close(job);
    *job = resume(p, params);
    struct impasto_image *again = picture(*job);
    expect_same(again, so_far);
    impasto_image_free(&again);
    impasto_image_free(&so_far);
}

/* Resumes from every iteration of a run, the one before the first and the one after the last among
 * them. */
static void expect_resumable(const struct impasto_pictures *p, const struct impasto_params *params)
{
    struct impasto_progress expected[MOST];
    struct impasto_job *job = open_job(p, params);
    const int total = impasto_job_info(job)->iterations;
    assert_true(total < MOST);
    for (int k = 0; k <= total; k++)
        expected[k] = step(job);
    struct impasto_image *result = picture(job);
    impasto_job_close(&job);
    warnings = 0;
    /* One that is saved, closed and resumed after every step. */
    job = open_job(p, params);
    for (int k = 0; k <= total + 1; k++) {
        if (k % stride == 0)
            exchange(&job, p, k % 2 ? params : NULL);
        /* Once to the end without saving. */
        if (k == total / 2 / stride * stride) {
            struct impasto_image *end = finish(&job);
            expect_same(end, result);
            impasto_image_free(&end);
            job = resume(p, NULL);
        }
        const struct impasto_progress now = step(job), *then = &expected[k <= total ? k : total];
        assert_int_equal(now.iteration, then->iteration);
        assert_int_equal(now.iterations, total);
        assert_int_equal(now.scale, then->scale);
        assert_int_equal(now.width, then->width);
        assert_int_equal(now.done, then->done);
        assert_memory_equal(&now.total, &then->total, sizeof(now.total));
        assert_memory_equal(now.style, then->style, sizeof(now.style));
    }
    struct impasto_image *last = picture(job);
    expect_same(last, result);
    assert_int_equal(warnings, 0);
    impasto_image_free(&last);
    impasto_job_close(&job);
    impasto_image_free(&result);
}

static void adam(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.average = 0.9f;
    expect_resumable(&p, &params);
}

static void adam_without_a_mean(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.average = 0;
    params.init = IMPASTO_INIT_NOISE;
    expect_resumable(&p, &params);
}

static void lbfgs(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.average = 0;
    params.init = IMPASTO_INIT_NOISE;
    expect_resumable(&p, &params);
}

/* Long enough for it to be used up, and for line searches of several trials. */
static void lbfgs_with_a_short_history(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.init = IMPASTO_INIT_NOISE;
    params.history = 2;
    params.size = 24;
    params.scales = 1;
    params.iterations = 12;
    params.learning_rate = 2;
    params.average = 0.5f;
    expect_resumable(&p, &params);
}

static void masks_margins_and_colours(void **state)
{
    (void)state;
    const struct impasto_pictures p = rich();
    struct impasto_params params = usual;
    params.init = IMPASTO_INIT_IMAGE;
    params.margin = 8;
    params.colour = IMPASTO_COLOUR_LUMA;
    expect_resumable(&p, &params);
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.colour = IMPASTO_COLOUR_MATCH;
    expect_resumable(&p, &params);
}

/* A job that is given another picture begins anew, also after it was resumed. */
static void again_after_resuming(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.again = true;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    struct impasto_image *expected = finish(&job);
    job = resume(&p, &params);
    struct impasto_image *resumed = picture(job);
    step(job);
    assert_int_equal(impasto_job_again(job, &p, &error), IMPASTO_OK);
    assert_int_equal(step(job).iteration, 0);
    struct impasto_image *end = finish(&job), *tiny = make(3, 48, 0);
    expect_same(end, expected);
    job = resume(&p, &params);
    p.content = tiny;
    assert_int_equal(impasto_job_again(job, &p, &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_job_save(job, path, NULL, &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
    impasto_image_free(&tiny);
    impasto_image_free(&expected);
    impasto_image_free(&resumed);
    impasto_image_free(&end);
}

static void what_it_says_of_itself(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_job *job = open_job(&p, &usual);
    step(job);
    step(job);
    save(job, "{\"name\": \"gr\xc3\xbc\xc3\x9f\"}");
    impasto_job_close(&job);
    struct impasto_checkpoint *checkpoint = open_file();
    const struct impasto_checkpoint_info *info = impasto_checkpoint_info(checkpoint);
    assert_string_equal(info->note, "{\"name\": \"gr\xc3\xbc\xc3\x9f\"}");
    assert_string_equal(info->version, impasto_version());
    assert_string_equal(info->device, impasto_device_info(device)->name);
    assert_int_equal(info->iteration, 2);
    assert_int_equal(info->iterations, 8);
    assert_int_equal(info->width, 48);
    assert_int_equal(info->height, 36);
    assert_true(info->seconds > 0);
    assert_int_equal(info->params.first_iterations, 4);
    assert_memory_equal(&info->params.learning_rate, &usual.learning_rate, sizeof(float));
    /* It can be closed at once, and replaced while it is open. */
    job = open_job(&p, &usual);
    save(job, NULL);
    impasto_job_close(&job);
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_checkpoint_close(&checkpoint);
    assert_int_equal(step(job).iteration, 2);
    assert_int_equal(impasto_job_save(job, path, "\xff", &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
}

/* ---- More iterations ------------------------------------------------------------------------- */

static void more_iterations(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    for (int optimizer = 0; optimizer < 2; optimizer++)
        for (int scales = 1; scales <= 2; scales++) {
            struct impasto_params params = usual, longer;
            params.optimizer = (enum impasto_optimizer)optimizer;
            params.average = optimizer == IMPASTO_OPTIMIZER_ADAM ? 0.9f : 0;
            params.scales = scales;
            params.iterations = 5;
            longer = params;
            longer.iterations = 8;
            struct impasto_job *job = open_job(&p, &longer);
            struct impasto_image *expected = finish(&job);
            job = open_job(&p, &params);
            const int total = impasto_job_info(job)->iterations;
            for (int k = 0; k < total; k++)
                step(job);
            save(job, NULL);
            impasto_job_close(&job);
            job = resume(&p, &longer);
            struct impasto_image *found = finish(&job);
            expect_same(found, expected);
            impasto_image_free(&expected);
            impasto_image_free(&found);
        }
}

static void expect_refusal(const struct impasto_pictures *p, const struct impasto_params *params,
                           const struct impasto_weights *with, enum impasto_status status,
                           const char *words)
{
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    struct impasto_checkpoint *checkpoint = open_file();
    assert_int_equal(impasto_job_resume(device, with, p, checkpoint, params, &job, &error), status);
    assert_null(job);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    impasto_checkpoint_close(&checkpoint);
}

static void iterations_that_cannot_be(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual, other;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.average = 0;
    struct impasto_job *job = open_job(&p, &params);
    for (int k = 0; k < 6; k++) /* 4 at the first scale, 2 at the second, where it still is */
        step(job);
    save(job, NULL);
    other = params;
    other.first_iterations = 5;
    expect_refusal(&p, &other, weights, IMPASTO_ERROR_USAGE, "4 iterations at scale 1 of 3");
    other = params;
    other.iterations = 1;
    expect_refusal(&p, &other, weights, IMPASTO_ERROR_USAGE, "2 iterations at scale 2 of 3");
    struct impasto_image *end = finish(&job);
    impasto_image_free(&end);
    job = resume(&p, &params);
    while (!step(job).done)
        ;
    save(job, NULL);
    impasto_job_close(&job);
    other = params;
    other.iterations = 4;
    expect_refusal(&p, &other, weights, IMPASTO_ERROR_USAGE, "scale 2 of 3");
    other.iterations = 2;
    job = resume(&p, &other);
    assert_true(step(job).done);
    impasto_job_close(&job);
    params.scales = 1;
    job = open_job(&p, &params);
    while (!step(job).done)
        ;
    save(job, NULL);
    impasto_job_close(&job);
    params.iterations = 9;
    expect_refusal(&p, &params, weights, IMPASTO_ERROR_USAGE, "settled");
}

/* ---- What does not belong together ----------------------------------------------------------- */

static void other_pictures_and_parameters(void **state)
{
    (void)state;
    struct impasto_pictures p = rich();
    struct impasto_params params = usual;
    params.init = IMPASTO_INIT_IMAGE;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    struct impasto_image *tinted = make(48, 36, 0);
    tinted->rgb[1000] += 0.001f;
    p.content = tinted;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "another content picture");
    /* Less than a step of what files can have. */
    tinted->rgb[1000] = content->rgb[1000] + 1e-7f;
    struct impasto_checkpoint *checkpoint = open_file();
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
    p = rich();
    styles[1].image = style;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "(style 2)");
    p = rich();
    styles[0].weight = 3;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "(style 1)");
    p = rich();
    regions[1].weight = 3;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "region");
    p = rich();
    p.keep = NULL;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "keep");
    p = rich();
    p.init = second;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "start from");
    p = simple();
    p.init = start;
    p.keep = mask;
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_INPUT, "2 style pictures, not 1");
    p = rich();
    params.learning_rate *= 2;
    expect_refusal(&p, &params, weights, IMPASTO_ERROR_USAGE, "learning-rate");
    params = usual;
    expect_refusal(&p, &params, weights, IMPASTO_ERROR_USAGE, "init");
    impasto_image_free(&tinted);
}

static void other_weights(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_weights *exported = NULL, *changed = NULL;
    const char *file = in_folder("weights.safetensors");
    assert_int_equal(impasto_weights_save(weights, file, &error), IMPASTO_OK);
    assert_int_equal(impasto_weights_open(file, IMPASTO_CONVENTION_AUTO, &exported, &error),
                     IMPASTO_OK);
    assert_int_equal(impasto_weights_open(file, IMPASTO_CONVENTION_TORCHVISION, &changed, &error),
                     IMPASTO_OK);
    struct impasto_job *job = NULL;
    assert_int_equal(impasto_job_open(device, exported, &p, &usual, &job, &error), IMPASTO_OK);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    expect_refusal(&p, NULL, weights, IMPASTO_ERROR_WEIGHTS, "other weights");
    expect_refusal(&p, NULL, changed, IMPASTO_ERROR_WEIGHTS, "torchvision");
    struct impasto_checkpoint *checkpoint = open_file();
    assert_int_equal(impasto_job_resume(device, exported, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_checkpoint_close(&checkpoint);
    impasto_job_close(&job);
    impasto_weights_close(&exported);
    impasto_weights_close(&changed);
}

/* Another way to compute is allowed, and told. */
static void another_algorithm_is_told(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.conv = "direct";
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    save(job, NULL);
    impasto_job_close(&job);
    warnings = 0;
    job = resume(&p, NULL);
    assert_int_equal(warnings, 0);
    impasto_job_close(&job);
    params.conv = "winograd2";
    job = resume(&p, &params);
    assert_int_equal(warnings, 1);
    impasto_job_close(&job);
}

static void a_plan_has_nothing_to_save(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    assert_int_equal(impasto_job_plan(device, weights, &p, &usual, &job, &error), IMPASTO_OK);
    assert_int_equal(impasto_job_save(job, path, NULL, &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static unsigned char *bytes;
static size_t size;

/* A checkpoint of a little L-BFGS job, in memory too. */
static void make_file(void)
{
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.history = 2;
    params.size = 24;
    params.scales = 1;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    step(job);
    save(job, "a note");
    impasto_job_close(&job);
    bytes = read_bytes(path, &size);
}

static enum impasto_status try_bytes(const unsigned char *data, size_t count)
{
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_error error = {0};
    write_bytes(path, data, count);
    const enum impasto_status status = impasto_checkpoint_open(path, &checkpoint, &error);
    if (status != IMPASTO_OK) {
        assert_null(checkpoint);
        assert_non_null(strstr(error.message, path));
        assert_null(strchr(error.message, '\n'));
    }
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static void damage_is_found(void **state)
{
    (void)state;
    make_file();
    unsigned char *copy = malloc(size + 8);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(copy + size, 0, 8);
    assert_int_equal(try_bytes(copy, size), IMPASTO_OK);
    for (size_t length = 0; length < size; length += length < 4096 ? 61 : 4099)
        assert_int_equal(try_bytes(copy, length), IMPASTO_ERROR_INPUT);
    assert_int_equal(try_bytes(copy, size - 1), IMPASTO_ERROR_INPUT);
    assert_int_equal(try_bytes(copy, size + 1), IMPASTO_ERROR_INPUT);
    for (size_t at = 0; at < size; at += at < 4096 ? 37 : 4099) {
        copy[at] ^= (unsigned char)(1u << at % 8);
        assert_int_equal(try_bytes(copy, size), IMPASTO_ERROR_INPUT);
        copy[at] = bytes[at];
    }
    assert_int_equal(try_bytes((const unsigned char *)"{}", 2), IMPASTO_ERROR_INPUT);
    free(copy);
    free(bytes);
}

/* Tries bytes whose checksum is made to fit. */
static void try_forgery(const char *what, unsigned char *copy, enum impasto_status opening,
                        enum impasto_status resuming)
{
    const struct impasto_pictures p = simple();
    const uLong checksum = crc32_z(0, copy, size - 4);
    for (size_t i = 0; i < 4; i++)
        copy[size - 4 + i] = (unsigned char)(checksum >> 8 * i);
    const enum impasto_status status = try_bytes(copy, size);
    if (status != opening)
        fail_msg("%s: %d", what, status);
    if (status != IMPASTO_OK)
        return;
    struct impasto_checkpoint *checkpoint = open_file();
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    const enum impasto_status resumed =
        impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error);
    if (resumed != resuming)
        fail_msg("%s: resuming gives %d, %s", what, resumed, error.message);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
}

/* The first `from` becomes `to`, of the same length. */
static void expect_forgery_found(const char *from, const char *to, enum impasto_status opening,
                                 enum impasto_status resuming)
{
    const size_t length = strlen(from);
    unsigned char *copy = malloc(size);
    size_t at = 0;
    assert_non_null(copy);
    assert_int_equal(length, strlen(to));
    memcpy(copy, bytes, size);
    while (at + length < size && memcmp(copy + at, from, length) != 0)
        at++;
    if (at + length >= size)
        fail_msg("no '%s' in the file", from);
    memcpy(copy + at, to, length);
    try_forgery(to, copy, opening, resuming);
    free(copy);
}

/* One of the optimiser's numbers, which come first after the header. */
static void expect_number_refused(size_t index, double number)
{
    unsigned char *copy = malloc(size);
    uint64_t head = 0, bits;
    char what[64];
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    for (int i = 7; i >= 0; i--)
        head = head << 8 | bytes[i];
    memcpy(&bits, &number, sizeof(bits));
    for (size_t i = 0; i < 8; i++)
        copy[8 + head + 8 * index + i] = (unsigned char)(bits >> 8 * i);
    snprintf(what, sizeof(what), "%g as number %zu", number, index);
    try_forgery(what, copy, IMPASTO_OK, IMPASTO_ERROR_INPUT);
    free(copy);
}

static void forgeries_are_found(void **state)
{
    (void)state;
    const enum impasto_status ok = IMPASTO_OK, bad = IMPASTO_ERROR_INPUT;
    make_file();
    expect_forgery_found("a note", "a vote", ok, ok);
    expect_forgery_found("impasto.checkpoint\":\"1", "impasto.checkpoint\":\"9", bad, bad);
    expect_forgery_found("impasto.checkpoint\":\"1", "impasto.checkpoint\":\"x", bad, bad);
    expect_forgery_found("\\\"at\\\":0", "\\\"at\\\":7", bad, bad);
    expect_forgery_found("\\\"steps\\\":2", "\\\"steps\\\":9", bad, bad);
    expect_forgery_found("\\\"steps\\\":2", "\\\"stops\\\":2", bad, bad);
    expect_forgery_found("\\\"history\\\":2", "\\\"history\\\":9", ok, bad);
    expect_forgery_found("\\\"history\\\":2", "\\\"history\\\":0", ok, IMPASTO_ERROR_USAGE);
    expect_forgery_found("\\\"size\\\":24", "\\\"size\\\":28", ok, bad);
    expect_forgery_found("\\\"optimizer\\\":1", "\\\"optimizer\\\":0", ok, bad);
    expect_forgery_found("\\\"optimizer\\\":1", "\\\"optimizer\\\":7", ok, IMPASTO_ERROR_USAGE);
    expect_forgery_found("lbfgs.direction", "lbfgs.directoon", ok, bad);
    /* Whether it has begun; evaluations of the search; first, count, used and next slot of the
     * history. */
    expect_number_refused(0, 0);
    expect_number_refused(0, 2);
    expect_number_refused(19, 1e9);
    expect_number_refused(20, 2);
    expect_number_refused(20, -1);
    expect_number_refused(21, 3);
    expect_number_refused(22, 1e300);
    expect_number_refused(22, NAN);
    expect_number_refused(23, 0.5);
    free(bytes);
}

static void no_checkpoint_there(void **state)
{
    (void)state;
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_error error = {0};
    const char *missing = in_folder("missing");
    assert_int_equal(impasto_checkpoint_open(missing, &checkpoint, &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_checkpoint_open("/", &checkpoint, &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "a folder"));
}

/* Two: the weights of an earlier test, and the checkpoint. */
static int count_files(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

/* A failure to write leaves the older one. */
static void an_older_one_stays(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_job *job = open_job(&p, &usual);
    assert_int_equal(impasto_job_save(job, "/dev/full", NULL, &error), IMPASTO_ERROR_OUTPUT);
    assert_int_equal(impasto_job_save(job, in_folder("no/folder"), NULL, &error),
                     IMPASTO_ERROR_OUTPUT);
    step(job);
    save(job, "the older one");
    step(job);
    /* A file system without room for it, or what comes closest: files may not grow to its size. */
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 16384;
    void (*usual_way)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum impasto_status status = impasto_job_save(job, path, "a newer one", &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, usual_way);
    assert_int_equal(status, IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "checkpoint"));
    struct impasto_checkpoint *checkpoint = open_file();
    assert_string_equal(impasto_checkpoint_info(checkpoint)->note, "the older one");
    impasto_checkpoint_close(&checkpoint);
    /* Nothing else is left behind. */
    assert_int_equal(count_files(), 2);
    struct impasto_image *end = finish(&job);
    impasto_image_free(&end);
}

/* "brief": what a slow device can do in a few minutes. */
int main(int argc, char **argv)
{
    const struct CMUnitTest brief[] = {cmocka_unit_test(adam), cmocka_unit_test(lbfgs)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam),
        cmocka_unit_test(adam_without_a_mean),
        cmocka_unit_test(lbfgs),
        cmocka_unit_test(lbfgs_with_a_short_history),
        cmocka_unit_test(masks_margins_and_colours),
        cmocka_unit_test(again_after_resuming),
        cmocka_unit_test(what_it_says_of_itself),
        cmocka_unit_test(more_iterations),
        cmocka_unit_test(iterations_that_cannot_be),
        cmocka_unit_test(other_pictures_and_parameters),
        cmocka_unit_test(other_weights),
        cmocka_unit_test(another_algorithm_is_told),
        cmocka_unit_test(a_plan_has_nothing_to_save),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(forgeries_are_found),
        cmocka_unit_test(no_checkpoint_there),
        cmocka_unit_test(an_older_one_stays),
    };
    if (argc > 1 && strcmp(argv[1], "brief") == 0) {
        stride = 3;
        return cmocka_run_group_tests(brief, set_up, tear_down);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
