/* SPDX-License-Identifier: MIT */
/*
 * How long a style network takes for a frame, once kernels are compiled: wall clock and processor
 * time, the median and the least of so many rounds.
 *
 *   taskset -c 0 build/tests/bench_apply MODEL [WIDTHxHEIGHT [ROUNDS]]
 *
 * Prints one line of JSON. vs_onnx.py compares it with ONNX Runtime.
 */

#include "timing.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_apply: %s\n", error->message);
    exit(1);
}

static struct impasto_applier *open_applier(const char *path, struct impasto_device **device)
{
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_model *model = NULL;
    struct impasto_applier *applier = NULL;
    struct impasto_error error;
    check(impasto_model_open(path, &model, &error), &error);
    check(impasto_device_open(getenv("IMPASTO_DEVICE"), NULL, NULL, device, &error), &error);
    check(impasto_applier_open(*device, model, &params, &applier, &error), &error);
    impasto_model_close(&model);
    return applier;
}

int main(int argc, char **argv)
{
    int width = 512, height = 512, rounds = argc > 3 ? atoi(argv[3]) : 9;
    if (argc < 2 || (argc > 2 && sscanf(argv[2], "%dx%d", &width, &height) != 2) || rounds < 1 ||
        rounds > TIMING_MOST) {
        fprintf(stderr, "bench_apply MODEL [WIDTHxHEIGHT [ROUNDS]]\n");
        return 2;
    }
    struct impasto_device *device = NULL;
    struct impasto_applier *applier = open_applier(argv[1], &device);
    const size_t stride = 3 * (size_t)width;
    unsigned char *frame = malloc(stride * (size_t)height),
                  *painted = malloc(stride * (size_t)height);
    struct impasto_error error;
    if (!frame || !painted)
        return 1;
    for (size_t i = 0; i < stride * (size_t)height; i++)
        frame[i] = (unsigned char)(i * 2654435761u >> 24);
    for (int round = -1; round < rounds; round++) {
        timing_begin();
        check(impasto_applier_frame(applier, width, height, frame, stride, painted, stride, &error),
              &error);
        if (round >= 0) /* kernels are compiled before */
            timing_end(round);
    }
    printf("{\"width\": %d, \"height\": %d, ", width, height);
    timing_print(rounds);
    printf("}\n");
    impasto_applier_close(&applier);
    impasto_device_close(&device);
    free(frame);
    free(painted);
    return 0;
}
