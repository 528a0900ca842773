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

#include "timing.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>

/* The first steps compile. */
#define UNTIMED 2

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_train: %s\n", error->message);
    exit(1);
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
    struct impasto_device *device = NULL;
    struct impasto_error error;
    if (argc < 7 || steps < 1 || steps > TIMING_MOST) {
        fprintf(stderr, "bench_train WEIGHTS STYLE PHOTOS WIDTH BATCH CROP [STEPS]\n");
        return 2;
    }
    struct impasto_train *train = open_train(argv + 1, &device);
    for (int step = -UNTIMED; step < steps; step++) {
        timing_begin();
        check(impasto_train_step(train, NULL, &error), &error);
        if (step >= 0)
            timing_end(step);
    }
    printf("{");
    timing_print(steps);
    printf("}\n");
    impasto_train_close(&train);
    impasto_device_close(&device);
    return 0;
}
