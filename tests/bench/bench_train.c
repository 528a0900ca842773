/* SPDX-License-Identifier: MIT */
/*
 * How long a step of a training takes, once kernels are compiled: wall clock and processor time,
 * the median and the least of so many steps.
 *
 *   taskset -c 0 build/tests/bench_train WEIGHTS STYLE PHOTOS WIDTH BATCH CROP [STEPS]
 *
 * PHOTOS is a folder of ten or more pictures. Prints one line of JSON. vs_torch_train.py compares
 * it with PyTorch.
 */

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_STEPS 999
/* The first steps compile. */
#define UNTIMED 2

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_train: %s\n", error->message);
    exit(1);
}

static double milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Steps of one kind, and no judge between them. */
static struct impasto_train_params params_of(char **words)
{
    struct impasto_train_params params;
    impasto_train_params_default(&params);
    params.width = atoi(words[0]);
    params.batch = atoi(words[1]);
    params.crop = atoi(words[2]);
    params.late_share = 0;
    params.steps = params.judge_every = 1000000;
    return params;
}

static struct impasto_train *open_train(char **words, struct impasto_device **device)
{
    const struct impasto_train_params params = params_of(words + 3);
    struct impasto_weights *weights = NULL;
    struct impasto_image *image = NULL;
    struct impasto_train *train = NULL;
    struct impasto_error error;
    check(impasto_weights_open(words[0], IMPASTO_CONVENTION_AUTO, &weights, &error), &error);
    check(impasto_image_load(words[1], 0, &image, &error), &error);
    check(impasto_device_open(getenv("IMPASTO_DEVICE"), NULL, NULL, device, &error), &error);
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = image, .name = "style"};
    const struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1, .photos = words[2]};
    check(impasto_train_open(*device, weights, &task, &params, &train, &error), &error);
    impasto_image_free(&image);
    impasto_weights_close(&weights);
    return train;
}

int main(int argc, char **argv)
{
    const int steps = argc > 7 ? atoi(argv[7]) : 3;
    double wall[MOST_STEPS], processor[MOST_STEPS];
    struct impasto_device *device = NULL;
    struct impasto_error error;
    if (argc < 7 || steps < 1 || steps > MOST_STEPS) {
        fprintf(stderr, "bench_train WEIGHTS STYLE PHOTOS WIDTH BATCH CROP [STEPS]\n");
        return 2;
    }
    struct impasto_train *train = open_train(argv + 1, &device);
    for (int step = -UNTIMED; step < steps; step++) {
        const double begun = milliseconds(CLOCK_MONOTONIC);
        const double spent = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        check(impasto_train_step(train, NULL, &error), &error);
        if (step < 0)
            continue;
        wall[step] = milliseconds(CLOCK_MONOTONIC) - begun;
        processor[step] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - spent;
    }
    qsort(wall, (size_t)steps, sizeof(*wall), by_value);
    qsort(processor, (size_t)steps, sizeof(*processor), by_value);
    printf("{\"ms\": %.2f, \"min_ms\": %.2f, \"cpu_ms\": %.2f, \"min_cpu_ms\": %.2f}\n",
           wall[steps / 2], wall[0], processor[steps / 2], processor[0]);
    impasto_train_close(&train);
    impasto_device_close(&device);
    return 0;
}
