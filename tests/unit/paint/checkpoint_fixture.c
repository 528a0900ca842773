/* SPDX-License-Identifier: MIT */
#include "checkpoint_fixture.h"

struct impasto_device *device;
struct impasto_weights *weights;
struct impasto_params usual;
struct impasto_image *content, *style, *second, *mask, *start;
struct impasto_style styles[2];
struct impasto_region regions[2];
char path[PATH_SIZE];
unsigned warnings;

static void count_warnings(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    (void)line;
    warnings += level == IMPASTO_LOG_WARNING;
}

int set_up(void **state)
{
    (void)state;
    open_small_job(count_warnings, NULL, &device, &weights, &usual);
    usual.scales = 3;
    usual.first_iterations = 4;
    content = painted_picture(48, 36, 0);
    style = painted_picture(32, 32, 2);
    second = painted_picture(40, 30, 4);
    mask = painted_picture(48, 36, 5);
    start = painted_picture(32, 24, 6);
    make_folder(NULL);
    snprintf(path, sizeof(path), "%s", in_folder("checkpoint"));
    return 0;
}

int tear_down(void **state)
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

struct impasto_pictures simple(void)
{
    styles[0] = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = style, .weight = 1};
    return (struct impasto_pictures){.struct_size = sizeof(struct impasto_pictures),
                                     .content = content,
                                     .styles = styles,
                                     .style_count = 1};
}

struct impasto_pictures rich(void)
{
    struct impasto_pictures p = simple();
    styles[1] = (struct impasto_style){
        .struct_size = sizeof(struct impasto_style), .image = second, .weight = 2, .region = 1};
    regions[0] = (struct impasto_region){
        .struct_size = sizeof(struct impasto_region), .mask = mask, .weight = 1};
    regions[1] =
        (struct impasto_region){.struct_size = sizeof(struct impasto_region), .weight = 0.5f};
    p.style_count = p.region_count = 2;
    p.regions = regions;
    p.keep = mask;
    p.init = start;
    return p;
}

struct impasto_job *open_job(const struct impasto_pictures *p, const struct impasto_params *params)
{
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    if (impasto_job_open(device, weights, p, params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return job;
}

struct impasto_checkpoint *open_file(void)
{
    struct impasto_error error = {0};
    struct impasto_checkpoint *checkpoint = NULL;
    if (impasto_checkpoint_open(path, &checkpoint, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return checkpoint;
}

struct impasto_job *resume(const struct impasto_pictures *p, const struct impasto_params *params)
{
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    struct impasto_checkpoint *checkpoint = open_file();
    if (impasto_job_resume(device, weights, p, checkpoint, params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_checkpoint_close(&checkpoint);
    return job;
}

void save(struct impasto_job *job, const char *note)
{
    struct impasto_error error = {0};
    if (impasto_job_save(job, path, note, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

struct impasto_job_progress step(struct impasto_job *job)
{
    struct impasto_error error = {0};
    const struct impasto_job_progress *progress;
    if (impasto_job_step(job, &progress, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return *progress;
}

struct impasto_image *picture(struct impasto_job *job)
{
    struct impasto_error error = {0};
    struct impasto_image *image = NULL;
    if (impasto_job_image(job, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

struct impasto_image *finish(struct impasto_job **job)
{
    while (!step(*job).head.done)
        ;
    struct impasto_image *image = picture(*job);
    impasto_job_close(job);
    return image;
}

void expect_resume_refused(const struct impasto_pictures *p, const struct impasto_params *params,
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
