/* SPDX-License-Identifier: MIT */
/*
 * Job after job in one process, by the public API, for as long as one likes:
 *
 *     soak [--jobs N] [--seconds N] [--seed N] [--every N]
 *
 * Pictures of 16 to 160 pixels, both optimisers, several styles, regions and masks, ample and tight
 * budgets of memory, jobs that are closed midway, resumed from a file, given another picture, or
 * refused; the device is closed and opened now and then. Nothing may pile up: resident memory, open
 * descriptors and threads stay what they were, no buffer or event outlives its job and no OpenCL
 * object its device (which is known where $OPENCL_LAYERS has opencl_layer.so), and a job that is
 * run now and then has the same bytes each time. It takes SHORT_JOBS jobs, or as many as --jobs or
 * as fit
 * --seconds. A line every so many seconds says how it stands.
 */

#include "soaking.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So that medians are of enough samples; about half a minute. */
#define SHORT_JOBS 240
#define MIB ((size_t)1 << 20)

#define LEAST_SIDE 16
#define MOST_SIDE 160
#define STYLES 3
#define REGIONS 2
/* Jobs from one opening of the device to the next, from one reference job to the next, and before
 * which memory still grows: the first few openings, as compilers take much. */
#define JOBS_OF_DEVICE 25
#define JOBS_TO_REFERENCE 20
#define WARM_UP_JOBS (2 * JOBS_OF_DEVICE)

/* ---- Pictures and parameters ----------------------------------------------------------------- */

/* A white part on black, as a mask. */
static struct impasto_image *mask(int width, int height)
{
    struct impasto_image *image = picture(width, height);
    const int edge = width / 4 + below(width / 2);
    for (int i = 0; i < 3 * width * height; i++)
        image->rgb[i] = i / 3 % width < edge ? 1 : 0;
    return image;
}

/* All that a job is made of. */
struct task {
    struct impasto_image *image[2 + STYLES * 2 + REGIONS]; /* to be freed */
    int images;
    struct impasto_style styles[STYLES];
    struct impasto_region regions[REGIONS];
    struct impasto_pictures pictures;
    struct impasto_params params;
};

static struct impasto_image *keep(struct task *task, struct impasto_image *image)
{
    task->image[task->images++] = image;
    return image;
}

static void free_task(struct task *task)
{
    for (int i = 0; i < task->images; i++)
        impasto_image_free(&task->image[i]);
}

static void set_layers(struct impasto_params *params)
{
    memset(params->content_layers, 0, sizeof(params->content_layers));
    memset(params->style_layers, 0, sizeof(params->style_layers));
    params->content_layers[2 + below(3)] = 1;
    params->style_layers[0] = 1;
    params->style_layers[2] = 0.5f;
    if (chance(50))
        params->style_layers[4] = 0.25f;
    if (chance(10))
        params->style_layers[8] = 0.25f;
}

static void fill_task(struct task *task, const struct impasto_weights *weights)
{
    const int width = LEAST_SIDE + below(MOST_SIDE - LEAST_SIDE + 1);
    const int height = LEAST_SIDE + below(MOST_SIDE - LEAST_SIDE + 1);
    const int styles = 1 + below(STYLES), regions = styles > 1 && chance(40) ? REGIONS : 0;
    struct impasto_params *p = &task->params;
    *task = (struct task){.pictures = {.struct_size = sizeof(task->pictures),
                                       .styles = task->styles,
                                       .regions = task->regions}};
    if (impasto_params_preset(weights, "quick", p, NULL) != IMPASTO_OK)
        exit(2);
    set_layers(p);
    if (chance(50))
        impasto_params_optimizer(p, IMPASTO_OPTIMIZER_ADAM);
    p->size = IMPASTO_SIZE_SOURCE;
    p->scales = 1 + below(3);
    p->iterations = 1 + below(3);
    p->first_iterations = p->scales > 1 ? 1 + below(3) : -1;
    p->margin = chance(20) ? 8 : 0;
    p->colour = (enum impasto_colour)below(3);
    p->init = chance(20) ? IMPASTO_INIT_NOISE : IMPASTO_INIT_CONTENT;
    p->style_loss = chance(20) ? IMPASTO_STYLE_LOSS_COVARIANCE : IMPASTO_STYLE_LOSS_GRAM;
    p->history = 1 + below(5);
    p->reuse = chance(20);
    p->profile = chance(10);
    /* From what is too little for most to what is ample for all. */
    p->memory = chance(50) ? 0 : 2 * MIB << below(7);
    task->pictures.content = keep(task, picture(width, height));
    /* Of regions it could leave nothing to paint. */
    task->pictures.keep = !regions && chance(20) ? keep(task, mask(width, height)) : NULL;
    for (int i = 0; i < styles; i++) {
        const int side = 2 * LEAST_SIDE + below(80);
        task->styles[i] = (struct impasto_style){
            .struct_size = sizeof(struct impasto_style),
            .image = keep(task, picture(side, side + below(20))),
            .weight = 1 + (float)i,
            .region = regions && i == styles - 1,
        };
        const struct impasto_image *image = task->styles[i].image;
        if (chance(20))
            task->styles[i].mask = keep(task, mask(image->width, image->height));
    }
    for (int i = 0; i < regions; i++)
        task->regions[i] =
            (struct impasto_region){.struct_size = sizeof(struct impasto_region),
                                    .mask = i ? NULL : keep(task, mask(width, height)),
                                    .weight = 1};
    task->pictures.style_count = (size_t)styles;
    task->pictures.region_count = (size_t)regions;
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static struct impasto_device *device;
static struct impasto_weights *weights;
static char folder[] = "/tmp/impasto-soak-XXXXXX", checkpoint_path[64], picture_path[64];
static long done, refused, resumed, left_midway;

static void quiet(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
}

static void open_device(void)
{
    struct impasto_error error = {0};
    if (impasto_device_open(NULL, quiet, NULL, &device, &error) != IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK) {
        printf("%s\n", error.message);
        exit(2);
    }
}

static void close_device(long number)
{
    char text[96];
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    snprintf(text, sizeof(text), "%ld OpenCL objects are left of the closed device", objects(NULL));
    if (objects(NULL) != 0)
        complain(number, text);
}

static enum impasto_status steps(struct impasto_job *job, int most, struct impasto_error *error)
{
    const struct impasto_job_progress *progress = NULL;
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < most && !(progress && progress->head.done) && status == IMPASTO_OK; i++)
        status = impasto_job_step(job, &progress, error);
    return status;
}

/* The job goes on from a file, as another. */
static enum impasto_status exchange(struct impasto_job **job, const struct task *task,
                                    struct impasto_error *error)
{
    struct impasto_checkpoint *checkpoint = NULL;
    enum impasto_status status = impasto_job_save(*job, checkpoint_path, "{}", error);
    if (status == IMPASTO_OK)
        status = impasto_checkpoint_open(checkpoint_path, &checkpoint, error);
    if (status == IMPASTO_OK) {
        impasto_job_close(job);
        status = impasto_job_resume(device, weights, &task->pictures, checkpoint, NULL, job, error);
    }
    impasto_checkpoint_close(&checkpoint);
    resumed += status == IMPASTO_OK;
    return status;
}

/* The picture, by way of a file. */
static enum impasto_status save_and_load(struct impasto_job *job, struct impasto_error *error)
{
    struct impasto_image *image = NULL, *loaded = NULL;
    enum impasto_status status = impasto_job_image(job, &image, error);
    const char *path = picture_path;
    if (status == IMPASTO_OK)
        status = impasto_image_save(
            image, path,
            &(struct impasto_save_options){.struct_size = sizeof(struct impasto_save_options),
                                           .bits = chance(20) ? 16 : 8},
            error);
    if (status == IMPASTO_OK)
        status = impasto_image_load(path, 0, &loaded, error);
    impasto_image_free(&image);
    impasto_image_free(&loaded);
    return status;
}

/* What becomes of an open job. */
static enum impasto_status live(struct impasto_job **job, const struct task *task,
                                struct impasto_error *error)
{
    const int iterations = impasto_job_info(*job)->iterations;
    enum impasto_status status = steps(*job, 1 + below(iterations + 1), error);
    if (status != IMPASTO_OK)
        return status;
    if (chance(25)) {
        left_midway++;
        return IMPASTO_OK;
    }
    if (chance(40))
        status = exchange(job, task, error);
    if (status == IMPASTO_OK)
        status = impasto_job_run(*job, NULL, NULL, error);
    if (status == IMPASTO_OK)
        status = save_and_load(*job, error);
    if (status == IMPASTO_OK && task->params.reuse)
        status = impasto_job_reuse(*job, &task->pictures, error);
    if (status == IMPASTO_OK && task->params.reuse)
        status = steps(*job, 2, error);
    return status;
}

/* A job may be refused for want of memory where little was allowed, for a style that would be
 * smaller than LEAST_SIDE beside a small picture (one in a thousand), and for nothing else, but
 * where that was meant. */
static void one_job(long number)
{
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    struct task task;
    fill_task(&task, weights);
    const bool planned = chance(5), wrong = chance(3);
    if (wrong)
        task.params.learning_rate = -1;
    enum impasto_status status =
        planned ? impasto_job_plan(device, weights, &task.pictures, &task.params, &job, &error)
                : impasto_job_open(device, weights, &task.pictures, &task.params, &job, &error);
    if (status == IMPASTO_OK && !planned)
        status = live(&job, &task, &error);
    const bool meant = (wrong && status == IMPASTO_ERROR_USAGE) ||
                       (task.params.memory && status == IMPASTO_ERROR_MEMORY) ||
                       (status == IMPASTO_ERROR_INPUT &&
                        strstr(error.message, "the style picture would be") != NULL);
    if (status != IMPASTO_OK && !meant)
        complain(number, error.message);
    refused += status != IMPASTO_OK;
    done += status == IMPASTO_OK;
    impasto_job_close(&job);
    free_task(&task);
}

/* The same job each time; the device and all that came before must make no difference. */
static void reference_job(long number)
{
    static struct impasto_image *first;
    struct impasto_error error = {0};
    struct impasto_image *image = NULL;
    struct impasto_job *job = NULL;
    struct task task;
    const uint64_t before = state;
    state = 1;
    fill_task(&task, weights);
    state = before;
    task.params.memory = 0;
    enum impasto_status status =
        impasto_job_open(device, weights, &task.pictures, &task.params, &job, &error);
    if (status == IMPASTO_OK)
        status = impasto_job_run(job, NULL, NULL, &error);
    if (status == IMPASTO_OK)
        status = impasto_job_image(job, &image, &error);
    if (status != IMPASTO_OK)
        complain(number, error.message);
    else if (first && memcmp(image->rgb, first->rgb,
                             sizeof(float) * 3 * (size_t)(image->width * image->height)) != 0)
        complain(number, "the reference job has other bytes than the first time");
    if (!first)
        first = image;
    else
        impasto_image_free(&image);
    done += status == IMPASTO_OK;
    impasto_job_close(&job);
    free_task(&task);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void check_objects(long number)
{
    char text[96];
    const long buffers = objects("buffers"), events = objects("events");
    snprintf(text, sizeof(text), "%ld buffers and %ld events are left of the closed job", buffers,
             events);
    if (buffers != 0 || events != 0)
        complain(number, text);
}

static void say(long number, double seconds)
{
    const struct sample *last = last_sample();
    printf("%7.0f s  %6ld jobs (%ld refused, %ld resumed, %ld left midway)  %7ld KiB  %3ld "
           "descriptors  %3ld threads  %4ld OpenCL objects\n",
           seconds, number, refused, resumed, left_midway, last->resident, last->descriptors,
           last->threads, objects(NULL));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    double limit = 0, every = 60;
    long jobs = SHORT_JOBS;
    state = 20;
    for (int i = 1; i + 1 < argc; i += 2) {
        jobs = strcmp(argv[i], "--jobs") == 0 ? atol(argv[i + 1]) : jobs;
        limit = strcmp(argv[i], "--seconds") == 0 ? atof(argv[i + 1]) : limit;
        every = strcmp(argv[i], "--every") == 0 ? atof(argv[i + 1]) : every;
        state = strcmp(argv[i], "--seed") == 0 ? strtoull(argv[i + 1], NULL, 10) : state;
    }
    if (resident() == 0) {
        printf("SKIP: there is no /proc/self/statm\n");
        return SKIPPED;
    }
    if (!mkdtemp(folder))
        return 2;
    snprintf(checkpoint_path, sizeof(checkpoint_path), "%s/job.ckpt", folder);
    snprintf(picture_path, sizeof(picture_path), "%s/picture.png", folder);
    const double begin = now();
    double said = begin;
    long number = 0;
    open_device();
    if (!opencl_layer_find(&layer))
        printf("OpenCL objects are not counted: OPENCL_LAYERS names no opencl_layer.so\n");
    for (; limit > 0 ? now() - begin < limit : number < jobs; number++) {
        if (number % JOBS_TO_REFERENCE == 0)
            reference_job(number);
        else
            one_job(number);
        check_objects(number);
        take_sample();
        if (now() - said >= every) {
            say(number + 1, now() - begin);
            said = now();
        }
        if (number % JOBS_OF_DEVICE == JOBS_OF_DEVICE - 1) {
            close_device(number);
            open_device();
        }
    }
    close_device(number);
    say(number, now() - begin);
    compare_quarters(WARM_UP_JOBS);
    (void)unlink(checkpoint_path);
    (void)unlink(picture_path);
    if (rmdir(folder) != 0)
        complain(number, "files are left in its folder");
    printf("%ld jobs, %ld failures\n", number, failures);
    return failures ? 1 : 0;
}
