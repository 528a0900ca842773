/* SPDX-License-Identifier: MIT */
/*
 * How long a style network takes for a frame, once kernels are compiled: wall clock and processor
 * time, the median and the least of so many rounds.
 *
 *   taskset -c 0 build/tests/bench_apply MODEL [WIDTHxHEIGHT [ROUNDS]]
 *
 * Prints one line of JSON. vs_onnx.py compares it with ONNX Runtime.
 */

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_ROUNDS 999

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_apply: %s\n", error->message);
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
        rounds > MOST_ROUNDS) {
        fprintf(stderr, "bench_apply MODEL [WIDTHxHEIGHT [ROUNDS]]\n");
        return 2;
    }
    struct impasto_device *device = NULL;
    struct impasto_applier *applier = open_applier(argv[1], &device);
    const size_t stride = 3 * (size_t)width;
    unsigned char *frame = malloc(stride * (size_t)height),
                  *painted = malloc(stride * (size_t)height);
    double wall[MOST_ROUNDS], processor[MOST_ROUNDS];
    struct impasto_error error;
    if (!frame || !painted)
        return 1;
    for (size_t i = 0; i < stride * (size_t)height; i++)
        frame[i] = (unsigned char)(i * 2654435761u >> 24);
    for (int round = -1; round < rounds; round++) {
        const double begun = milliseconds(CLOCK_MONOTONIC);
        const double spent = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        check(impasto_applier_frame(applier, width, height, frame, stride, painted, stride, &error),
              &error);
        if (round < 0) /* kernels are compiled */
            continue;
        wall[round] = milliseconds(CLOCK_MONOTONIC) - begun;
        processor[round] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - spent;
    }
    qsort(wall, (size_t)rounds, sizeof(*wall), by_value);
    qsort(processor, (size_t)rounds, sizeof(*processor), by_value);
    printf("{\"width\": %d, \"height\": %d, \"ms\": %.2f, \"min_ms\": %.2f, \"cpu_ms\": %.2f, "
           "\"min_cpu_ms\": %.2f}\n",
           width, height, wall[rounds / 2], wall[0], processor[rounds / 2], processor[0]);
    impasto_applier_close(&applier);
    impasto_device_close(&device);
    free(frame);
    free(painted);
    return 0;
}
