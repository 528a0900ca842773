/* SPDX-License-Identifier: MIT */
/*
 * Milliseconds and GFLOP/s of every convolution algorithm on every layer of VGG19, forwards and
 * backwards: bench_conv [SIZE [ALGORITHM]]. The flops are those of direct convolution, so
 * Winograd's filtering may go beyond the device's peak, which is measured first.
 *
 * Then what the algorithm's kernels take of the time, one waited for after the other, with the
 * flops that they do, for which the peak is measured again before and after.
 *
 * SIZE is the side of a square picture (512). $IMPASTO_TEST_DEVICE names the device. Each figure is
 * a median, see imp_tune_time; the peaks are the best of RUNS runs.
 */

#include "vgg/weights.h"
#include "open_device.h"
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#define RUNS 5

/* Best of RUNS of a launch, in seconds; negative: failed. */
static double time_launch(struct imp_device *device, const struct imp_launch *launch)
{
    double best = -1;
    for (int run = -1; run < RUNS; run++) {
        const double start = imp_host_seconds();
        if (imp_launch(device, launch) || imp_device_finish(device))
            return -1;
        const double seconds = imp_host_seconds() - start;
        if (run >= 0 && (best < 0 || seconds < best))
            best = seconds;
    }
    return best;
}

/* What the device does at most: multiply-adds on registers, and copying COPY bytes. */
#define TURNS 20000
#define COPY ((size_t)64 << 20)
/* Returns the first, in GFLOP/s; 0: failed. */
static double report_peaks(struct imp_device *device)
{
    double peak = 0;
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t items = caps->cpu ? 16 * (size_t)caps->info.compute_units : 1 << 16;
    const int lanes = caps->vector_width, n = (int)(COPY / sizeof(float)) / lanes;
    const int columns = caps->cpu ? 4096 : 1, turns = caps->cpu ? TURNS : TURNS / 20;
    struct imp_buffer *from = NULL, *to = NULL;
    char macros[16];
    snprintf(macros, sizeof(macros), "-DVW=%d", lanes);
    if (imp_buffer_create(device, COPY, "bench", &from) ||
        imp_buffer_create(device, COPY, "bench", &to))
        goto done;
    const double sum =
        time_launch(device, &(struct imp_launch){.kernel = {"probe", "probe_multiply_add", macros},
                                                 IMP_ARGS(imp_buf(to), imp_int(turns),
                                                          imp_float(0.999f), imp_float(0.001f)),
                                                 .global = {items}});
    const double copy = time_launch(
        device,
        &(struct imp_launch){.kernel = {"probe", "probe_copy", macros},
                             IMP_ARGS(imp_buf(from), imp_buf(to), imp_int(n), imp_int(columns)),
                             .global = {(size_t)((n + columns - 1) / columns)}});
    peak = 2e-9 * (double)items * PROBE_CHAINS * lanes * turns / sum;
    printf("peak: %.1f GFLOP/s of multiply-adds, %.1f GB/s of copying (read and written)\n", peak,
           2e-9 * (double)COPY / copy);
done:
    imp_buffer_free(&from);
    imp_buffer_free(&to);
    return peak;
}

static void report(struct imp_device *device, const struct imp_conv_algorithm *algorithm, int layer,
                   bool forward, int size)
{
    const struct imp_layer_shape *shape = &imp_layer_shapes[layer];
    const int in = forward ? shape->in_channels : shape->out_channels;
    const int out = forward ? shape->out_channels : shape->in_channels;
    const int side = size >> (shape->block - 1);
    if (!algorithm->supports(imp_device_caps(device), in, out))
        return;
    double seconds = 0;
    if (imp_tune_time(device, algorithm, imp_gemm_builtin(imp_device_caps(device)), in, out, side,
                      &seconds)) {
        printf("%-8s %-8s %s: %s\n", shape->name, forward ? "forward" : "backward", algorithm->name,
               imp_device_error(device)->message);
        return;
    }
    printf("%-8s %-8s %-9s %4d>%-4d @ %4d  %9.2f ms  %8.1f GFLOP/s\n", shape->name,
           forward ? "forward" : "backward", algorithm->name, in, out, side, 1e3 * seconds,
           18e-9 * in * out * side * side / seconds);
    fflush(stdout);
}

static void report_all(struct imp_device *device, const struct imp_conv_algorithm *algorithm,
                       int size)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        for (int forward = 1; forward >= 0; forward--)
            report(device, algorithm, l, forward, size);
}

/* The kernels of an algorithm, and what they have taken in all. */
struct kernels {
    char *name[8];
    double seconds[8], flops[8];
    size_t count;
};

/* Adds a layer's kernels to the sums, each with the best of RUNS times. */
static bool add_kernels(struct imp_device *device, const struct imp_conv_algorithm *algorithm,
                        int in, int out, int side, struct kernels *sums)
{
    static struct imp_profile_row best[8];
    size_t count = 0;
    for (int run = 0; run < RUNS; run++) {
        double ignored;
        imp_device_set_profile(device, true);
        if (imp_tune_time(device, algorithm, imp_gemm_builtin(imp_device_caps(device)), in, out,
                          side, &ignored))
            return false;
        const struct imp_profile_row *rows = imp_device_profile(device, &count);
        for (size_t i = 0; i < count && i < IMP_COUNT(best); i++)
            if (run == 0 || rows[i].seconds < best[i].seconds)
                best[i] = rows[i];
    }
    for (size_t i = 0; i < count && i < IMP_COUNT(best); i++) {
        size_t at = 0;
        while (at < sums->count && strcmp(sums->name[at], best[i].label) != 0)
            at++;
        if (at == IMP_COUNT(sums->name))
            return false;
        if (at == sums->count)
            sums->name[sums->count++] = strdup(best[i].label);
        sums->seconds[at] += best[i].seconds;
        sums->flops[at] += best[i].flops;
    }
    return true;
}

/* The kernels of all layers but the first together. */
static void report_kernels(struct imp_device *device, const struct imp_conv_algorithm *algorithm,
                           int size)
{
    const double before = report_peaks(device);
    struct kernels sums = {0};
    bool good = true;
    for (int l = 1; l < IMPASTO_LAYERS && good; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        const int in = shape->in_channels, out = shape->out_channels;
        const int side = size >> (shape->block - 1);
        good = add_kernels(device, algorithm, in, out, side, &sums) &&
               add_kernels(device, algorithm, out, in, side, &sums);
    }
    imp_device_set_profile(device, false);
    const double after = report_peaks(device), peak = before > after ? before : after;
    double seconds = 0;
    for (size_t i = 0; i < sums.count; i++)
        seconds += sums.seconds[i];
    for (size_t i = 0; i < sums.count && good; i++) {
        printf("%-25s %5.1f %% of the time", sums.name[i], 100 * sums.seconds[i] / seconds);
        const double rate = 1e-9 * sums.flops[i] / sums.seconds[i];
        if (rate > 0)
            printf(", %.1f GFLOP/s, %.0f %% of the peak", rate, 100 * rate / peak);
        printf("\n");
    }
    for (size_t i = 0; i < sums.count; i++)
        free(sums.name[i]);
}

int main(int argc, char **argv)
{
    const int size = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 512;
    struct imp_device *device = NULL;
    if (size < 16) {
        printf("SKIP: %d pixels are too few\n", size);
        return EXIT_SKIPPED;
    }
    const int code = open_test_device(NULL, &device);
    if (code != 0)
        return code;
    printf("%s, %d pixels\n", imp_device_caps(device)->info.name, size);
    (void)report_peaks(device);
    for (size_t a = 0; imp_conv_algorithms[a]; a++) {
        if (argc > 2 && strcmp(argv[2], imp_conv_algorithms[a]->name) != 0)
            continue;
        report_all(device, imp_conv_algorithms[a], size);
        report_kernels(device, imp_conv_algorithms[a], size);
    }
    imp_gemm_clblast_release();
    imp_device_close(&device);
    return 0;
}
