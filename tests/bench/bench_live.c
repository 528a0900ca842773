/* SPDX-License-Identifier: MIT */
/*
 * How long a camera's frame takes from its planes to those of the painted one, once kernels are
 * compiled: wall clock and processor time.
 *
 *   taskset -c 0,1 build/tests/bench_live MODEL [WIDTHxHEIGHT [ROUNDS [LEAST]]]
 *
 * Prints one line of JSON. Fails where the fastest round is slower than LEAST frames per second: a
 * machine that others use, too, says little by its other rounds.
 */

#include "timing.h"

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_live: %s\n", error->message);
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

/* Noise in I420, or NULL. */
static unsigned char *make_frame(int width, int height, struct impasto_pixels *frame)
{
    *frame = (struct impasto_pixels){.struct_size = sizeof(*frame),
                                     .format = IMPASTO_PIXELS_I420,
                                     .width = width,
                                     .height = height};
    const size_t bytes = impasto_pixels_lay(frame, NULL);
    unsigned char *planes = bytes > 0 ? malloc(bytes) : NULL;
    for (size_t i = 0; planes && i < bytes; i++)
        planes[i] = (unsigned char)(i * 2654435761u >> 24);
    (void)impasto_pixels_lay(frame, planes);
    return planes;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds of the fastest round. */
static double time_rounds(struct impasto_applier *applier, const struct impasto_pixels *from,
                          const struct impasto_pixels *to, int rounds)
{
    struct impasto_error error;
    double least = 1e9;
    for (int round = -1; round < rounds; round++) {
        const double begun = seconds();
        timing_begin();
        check(impasto_applier_pixels(applier, from, to, &error), &error);
        if (round < 0) /* kernels are compiled before */
            continue;
        timing_end(round);
        const double taken = seconds() - begun;
        least = taken < least ? taken : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    int width = 640, height = 360;
    const int rounds = argc > 3 ? atoi(argv[3]) : 25;
    const double wanted = argc > 4 ? atof(argv[4]) : 0;
    if (argc < 2 || (argc > 2 && sscanf(argv[2], "%dx%d", &width, &height) != 2) || rounds < 1 ||
        rounds > TIMING_MOST) {
        fprintf(stderr, "bench_live MODEL [WIDTHxHEIGHT [ROUNDS [LEAST]]]\n");
        return 2;
    }
    struct impasto_device *device = NULL;
    struct impasto_applier *applier = open_applier(argv[1], &device);
    struct impasto_pixels from, to;
    unsigned char *source = make_frame(width, height, &from);
    unsigned char *target = make_frame(width, height, &to);
    if (!source || !target)
        return 1;
    const double least = time_rounds(applier, &from, &to, rounds);
    printf("{\"width\": %d, \"height\": %d, \"frames_per_second\": %.1f, ", width, height,
           1 / least);
    timing_print(rounds);
    printf("}\n");
    impasto_applier_close(&applier);
    impasto_device_close(&device);
    free(source);
    free(target);
    return 1 / least < wanted;
}
