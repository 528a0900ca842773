/* SPDX-License-Identifier: MIT */
/*
 * Measuring a device. It measures the vector width and register block, then the size of Winograd's
 * chunks, then whether CLBlast multiplies faster, then how long each algorithm takes for each of
 * VGG19's shapes. Each measurement uses what those before it found.
 */

#include "session/session.h"
#include "selftest/selftest.h"
#include "vgg/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Timed runs, of which the median counts, after one that compiles. */
#define RUNS 3
/* Seconds after which larger pictures of a shape are not measured. */
#define PATIENCE 1.0

/* Convolution shapes of VGG19 with blocked tensors on both sides, both directions. */
static const struct {
    int in, out;
} shapes[] = {{64, 64},   {64, 128},  {128, 64},  {128, 128}, {128, 256},
              {256, 128}, {256, 256}, {256, 512}, {512, 256}, {512, 512}};
static const int sides[] = {8, 24, 64, 160};

/* Register blocks tried. */
static const struct {
    int lanes, vectors, positions;
} blocks[] = {{16, 4, 6}, {16, 2, 12}, {16, 2, 14}, {16, 1, 14}, {8, 2, 6}, {8, 4, 3},
              {8, 1, 12}, {4, 4, 4},   {4, 2, 6},   {4, 2, 8},   {4, 4, 6}};
/* What they are judged by: the layers that take most of the time. */
static const struct {
    int in, out, side;
} judges[] = {{64, 64, 160}, {256, 256, 64}, {512, 512, 24}};

static const uint64_t chunks[] = {8u << 20, 16u << 20, 28u << 20, 48u << 20, 128u << 20};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum impasto_status imp_tune_time(struct imp_device *device,
                                  const struct imp_conv_algorithm *algorithm, enum imp_gemm gemm,
                                  int in, int out, int side, double *median)
{
    const struct imp_caps *caps = imp_device_caps(device);
    struct imp_buffer *weights = NULL, *bias = NULL;
    const int in_lanes = in == 3 ? 1 : caps->vector_width;
    const int out_lanes = out == 3 ? 1 : caps->vector_width;
    const size_t scratch = algorithm->workspace_size(caps, in, out, side, side);
    double seconds[RUNS];
    struct imp_conv conv = {
        .x = {.channels = in, .height = side, .width = side, .lanes = in_lanes},
        .y = {.channels = out, .height = side, .width = side, .lanes = out_lanes},
        .rows = side,
        .epilogue = out == 3 ? IMP_EPILOGUE_STORE : IMP_EPILOGUE_BIAS_RELU,
        .gemm = gemm};
    enum impasto_status status;
    if ((status = imp_buffer_create(device, imp_tensor_bytes(in, side, side, in_lanes), "tuning",
                                    &conv.x.buffer)) ||
        (status = imp_buffer_create(device, imp_tensor_bytes(out, side, side, out_lanes), "tuning",
                                    &conv.y.buffer)) ||
        (status = imp_buffer_create(device, algorithm->packing->size(caps, in, out), "tuning",
                                    &weights)) ||
        (status = imp_buffer_create(device, (size_t)out * sizeof(float), "tuning", &bias)) ||
        (scratch && (status = imp_buffer_create(device, scratch, "tuning", &conv.workspace))))
        goto done;
    conv.weights = weights;
    conv.bias = bias;
    for (int run = -1; run < RUNS && status == IMPASTO_OK; run++) {
        const double start = imp_host_seconds();
        if ((status = algorithm->run(device, &conv)) == IMPASTO_OK)
            status = imp_device_finish(device);
        if (run >= 0)
            seconds[run] = imp_host_seconds() - start;
    }
    if (status == IMPASTO_OK) {
        qsort(seconds, RUNS, sizeof(*seconds), ascending);
        *median = seconds[RUNS / 2];
    }
done:
    imp_buffer_free(&conv.x.buffer);
    imp_buffer_free(&conv.y.buffer);
    imp_buffer_free(&weights);
    imp_buffer_free(&bias);
    imp_buffer_free(&conv.workspace);
    return status;
}

/* Those that "auto" chooses among. */
static bool is_eligible(const struct imp_caps *caps, const struct imp_conv_algorithm *algorithm,
                        int in, int out)
{
    return algorithm->packing == &imp_conv_blocked && algorithm->supports(caps, in, out);
}

/* Seconds of the fastest algorithm. */
static enum impasto_status time_fastest(struct imp_device *device, int in, int out, int side,
                                        double *least)
{
    *least = INFINITY;
    for (size_t a = 0; imp_conv_algorithms[a]; a++) {
        double seconds = 0;
        if (!is_eligible(imp_device_caps(device), imp_conv_algorithms[a], in, out))
            continue;
        IMP_TRY(imp_tune_time(device, imp_conv_algorithms[a],
                              imp_gemm_builtin(imp_device_caps(device)), in, out, side, &seconds));
        *least = fmin(*least, seconds);
    }
    return IMPASTO_OK;
}

static enum impasto_status judge(struct imp_device *device, double *seconds)
{
    *seconds = 0;
    for (size_t i = 0; i < IMP_COUNT(judges); i++) {
        double least = 0;
        IMP_TRY(time_fastest(device, judges[i].in, judges[i].out, judges[i].side, &least));
        *seconds += least;
    }
    return IMPASTO_OK;
}

/* One candidate of the steps on the way: opens the device with it, judges it, and keeps it where it
 * is the best so far. */
static enum impasto_status try_settings(const struct imp_candidate *candidate,
                                        const struct imp_log *log,
                                        const struct imp_tuning *settings, struct imp_tuning *best,
                                        double *least, struct impasto_error *error)
{
    const struct imp_device_options options = {
        .log = {0}, .vector_width = settings->vector_width, .tuning = settings};
    struct imp_device *device = NULL;
    double seconds = INFINITY;
    IMP_TRY(imp_device_open(candidate, &options, &device, error));
    const enum impasto_status status = judge(device, &seconds);
    if (status == IMPASTO_OK) {
        imp_log(log, IMPASTO_LOG_INFO,
                "tuning: vectors of %d, blocks of %d by %d, chunks of %.0f MiB: %.1f ms",
                settings->vector_width, settings->block_vectors, settings->block_positions,
                (double)settings->chunk / (1 << 20), 1e3 * seconds);
        if (seconds < *least) {
            *least = seconds;
            *best = *settings;
        }
    } else {
        imp_log(log, IMPASTO_LOG_DEBUG, "tuning: vectors of %d do not run: %s",
                settings->vector_width, imp_device_error(device)->message);
    }
    imp_device_close(&device);
    return IMPASTO_OK;
}

/* ---- CLBlast --------------------------------------------------------------------------------- */

/* What multiplies by it, those that are timed first. */
static const char *const multipliers[] = {"winograd4", "im2col", "winograd2", "winograd4x8"};
#define TIMED_MULTIPLIERS 2
/* CLBlast compiles its kernels at every start, for which a smaller gain would not pay. */
#define WORTH_CHANGING 0.95

static const struct imp_conv_algorithm *algorithm_named(const char *name)
{
    size_t a = 0;
    while (strcmp(imp_conv_algorithms[a]->name, name) != 0)
        a++;
    return imp_conv_algorithms[a];
}

/* What a self-test says, for the log. */
struct verdict {
    int checks;
    char failed[128];
};

static void note_check(void *user, const struct impasto_check *check)
{
    struct verdict *verdict = user;
    verdict->checks++;
    if (!check->passed && !verdict->failed[0])
        snprintf(verdict->failed, sizeof(verdict->failed), "%s: error %.1e", check->name,
                 check->error);
}

/* Whether all that multiplies computes rightly with CLBlast. */
static bool library_passes(struct imp_device *device, const struct imp_log *log)
{
    for (size_t i = 0; i < IMP_COUNT(multipliers); i++) {
        struct verdict verdict = {0};
        char filter[32];
        snprintf(filter, sizeof(filter), "conv %s clblast", multipliers[i]);
        const int failed =
            imp_selftest_run(device, IMP_SELFTEST_USER, filter, note_check, &verdict);
        if (failed == 0 && verdict.checks > 0)
            continue;
        imp_log(log, IMPASTO_LOG_WARNING,
                "CLBlast failed the self-test of %s, so the built-in GEMM is used: %s",
                multipliers[i], failed < 0 ? imp_device_error(device)->message : verdict.failed);
        return false;
    }
    return true;
}

/* Seconds of an algorithm on the layers that judge. */
static enum impasto_status time_multiplier(struct imp_device *device, const char *name,
                                           enum imp_gemm gemm, double *total)
{
    *total = 0;
    for (size_t i = 0; i < IMP_COUNT(judges); i++) {
        double seconds = 0;
        IMP_TRY(imp_tune_time(device, algorithm_named(name), gemm, judges[i].in, judges[i].out,
                              judges[i].side, &seconds));
        *total += seconds;
    }
    return IMPASTO_OK;
}

static enum impasto_status compare_products(struct imp_device *device, const struct imp_log *log,
                                            const char *name, enum imp_faster *faster)
{
    double builtin = 0, library = 0;
    IMP_TRY(time_multiplier(device, name, imp_gemm_builtin(imp_device_caps(device)), &builtin));
    if (time_multiplier(device, name, IMP_GEMM_CLBLAST, &library) != IMPASTO_OK) {
        imp_log(log, IMPASTO_LOG_WARNING,
                "CLBlast failed while it was timed, so the built-in GEMM is used: %s",
                imp_device_error(device)->message);
        return IMPASTO_OK;
    }
    *faster = library < WORTH_CHANGING * builtin ? IMP_FASTER_LIBRARY : IMP_FASTER_BUILTIN;
    imp_log(log, IMPASTO_LOG_INFO, "tuning: %s by the built-in GEMM %.1f ms, by CLBlast %.1f ms",
            name, 1e3 * builtin, 1e3 * library);
    return IMPASTO_OK;
}

enum impasto_status imp_tune_products(struct imp_device *device, const struct imp_log *log,
                                      struct imp_tuning *tuning)
{
    tuning->single = tuning->batched = IMP_FASTER_BUILTIN;
    if (!library_passes(device, log))
        return IMPASTO_OK;
    for (size_t i = 0; i < TIMED_MULTIPLIERS; i++) {
        const bool batched = algorithm_named(multipliers[i])->products == IMP_PRODUCTS_BATCHED;
        IMP_TRY(compare_products(device, log, multipliers[i],
                                 batched ? &tuning->batched : &tuning->single));
    }
    return IMPASTO_OK;
}

static enum impasto_status check_name(const char *gemm, struct impasto_error *error)
{
    if (!gemm || strcmp(gemm, "auto") == 0 || strcmp(gemm, "builtin") == 0)
        return IMPASTO_OK;
    if (strcmp(gemm, "clblast") != 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "GEMM '%s' does not exist; choose one of auto, clblast, builtin", gemm);
    return imp_gemm_clblast_available() ? IMPASTO_OK
                                        : imp_fail(error, IMPASTO_ERROR_USAGE,
                                                   "this build has no CLBlast; use `gemm` builtin");
}

/* On a device opened for that alone: what CLBlast breaks, goes with it. */
static enum impasto_status tune_products(const struct imp_candidate *candidate, const char *gemm,
                                         const struct imp_log *log, struct imp_tuning *tuning,
                                         struct impasto_error *error)
{
    const bool automatic = !gemm || strcmp(gemm, "auto") == 0;
    const bool advised = candidate->info.type != IMPASTO_DEVICE_CPU &&
                         !(candidate->quirks & IMP_QUIRK_NO_FAST_GEMM_LIBRARY);
    if (!imp_gemm_clblast_available() || (automatic && !advised))
        return IMPASTO_OK;
    tuning->single = tuning->batched = IMP_FASTER_BUILTIN;
    if (!automatic && strcmp(gemm, "builtin") == 0)
        return IMPASTO_OK;
    const struct imp_device_options options = {
        .log = {0}, .vector_width = tuning->vector_width, .tuning = tuning};
    struct imp_device *device = NULL;
    IMP_TRY(imp_device_open(candidate, &options, &device, error));
    const enum impasto_status status =
        imp_lift(device, imp_tune_products(device, log, tuning), error);
    imp_gemm_clblast_release();
    imp_device_close(&device);
    return status;
}

/* ---- All shapes ------------------------------------------------------------------------------ */

/* Every shape by every algorithm, as large as patience allows. */
static enum impasto_status time_shapes(struct imp_device *device, struct imp_tuning *tuning)
{
    /* Eligible are those that make batches, or none. */
    const enum imp_gemm gemm = tuning->batched == IMP_FASTER_LIBRARY
                                   ? IMP_GEMM_CLBLAST
                                   : imp_gemm_builtin(imp_device_caps(device));
    for (size_t s = 0; s < IMP_COUNT(shapes); s++)
        for (size_t a = 0; imp_conv_algorithms[a]; a++) {
            const struct imp_conv_algorithm *algorithm = imp_conv_algorithms[a];
            const int in = shapes[s].in, out = shapes[s].out;
            double seconds = 0;
            if (!is_eligible(imp_device_caps(device), algorithm, in, out))
                continue;
            for (size_t i = 0; i < IMP_COUNT(sides) && seconds < PATIENCE / 8; i++) {
                if (tuning->timings == IMP_TIMINGS)
                    return IMPASTO_OK;
                IMP_TRY(imp_tune_time(device, algorithm, gemm, in, out, sides[i], &seconds));
                struct imp_timing *timing = &tuning->timing[tuning->timings++];
                *timing = (struct imp_timing){
                    .in = in, .out = out, .pixels = sides[i] * sides[i], .seconds = seconds};
                snprintf(timing->algorithm, sizeof(timing->algorithm), "%s", algorithm->name);
            }
        }
    return IMPASTO_OK;
}

/* Forwards and backwards through the layers with blocked tensors on both sides, by what was
 * measured. */
static double typical_seconds(struct imp_caps caps, const struct imp_tuning *tuning)
{
    double total = 0;
    caps.tuning = *tuning;
    const double unit = imp_conv_unit(&caps);
    for (int l = 1; l < IMP_TYPICAL_DEPTH; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        const int side = IMP_TYPICAL_SIDE >> (shape->block - 1);
        for (int back = 0; back < 2; back++) {
            const int in = back ? shape->out_channels : shape->in_channels;
            const int out = back ? shape->in_channels : shape->out_channels;
            const struct imp_conv_algorithm *cheapest =
                imp_conv_cheapest(&caps, &imp_conv_blocked, in, out, side, side);
            total += unit * imp_conv_cost(&caps, cheapest, in, out, side, side);
        }
    }
    return total;
}

static enum impasto_status tune(const struct imp_candidate *candidate, const char *gemm,
                                const struct imp_log *log, struct imp_tuning *best,
                                struct impasto_error *error)
{
    const bool cpu = candidate->info.type == IMPASTO_DEVICE_CPU;
    double least = INFINITY;
    for (size_t i = 0; i < IMP_COUNT(blocks); i++) {
        const struct imp_tuning settings = {.vector_width = blocks[i].lanes,
                                            .block_vectors = blocks[i].vectors,
                                            .block_positions = blocks[i].positions,
                                            .chunk = cpu ? chunks[2] : chunks[4]};
        if (cpu || blocks[i].lanes == 4)
            IMP_TRY(try_settings(candidate, log, &settings, best, &least, error));
    }
    if (!isfinite(least))
        return imp_fail(error, IMPASTO_ERROR_DEVICE,
                        "%s: no kernel runs on it; see what a `self-test` says",
                        candidate->info.name);
    const struct imp_tuning block = *best;
    for (size_t i = 0; i < IMP_COUNT(chunks); i++) {
        struct imp_tuning settings = block;
        settings.chunk = chunks[i];
        if (settings.chunk != block.chunk)
            IMP_TRY(try_settings(candidate, log, &settings, best, &least, error));
    }
    IMP_TRY(tune_products(candidate, gemm, log, best, error));
    imp_log(log, IMPASTO_LOG_INFO, "tuning: each layer's shape by each algorithm");
    const struct imp_device_options options = {
        .log = {0}, .vector_width = best->vector_width, .tuning = best};
    struct imp_device *device = NULL;
    IMP_TRY(imp_device_open(candidate, &options, &device, error));
    enum impasto_status status = time_shapes(device, best);
    if (status == IMPASTO_OK)
        best->seconds = typical_seconds(*imp_device_caps(device), best);
    else
        status = imp_fail(error, status, "%s", imp_device_error(device)->message);
    imp_gemm_clblast_release();
    imp_device_close(&device);
    return status;
}

enum impasto_status impasto_device_tune(const char *spec, const char *gemm, impasto_log_fn log,
                                        void *user, struct impasto_error *error)
{
    const struct imp_log sink = {log, user};
    struct imp_candidate *candidates = NULL;
    struct imp_tuning *best = calloc(1, sizeof(*best));
    size_t count = 0, *order = NULL, order_count = 0;
    char *path = NULL;
    enum impasto_status status = IMPASTO_OK;
    if (!best)
        return imp_fail_memory(error, "tuning", sizeof(*best));
    if ((status = check_name(gemm, error)) ||
        (status = imp_candidates_list(imp_tuning_seconds, &candidates, &count, error)) ||
        (status = imp_candidates_select(candidates, count, spec, &order, &order_count, error)))
        goto done;
    const struct imp_candidate *candidate = &candidates[order[0]];
    if ((status = imp_tuning_check(&candidate->info, error)))
        goto done;
    imp_log(&sink, IMPASTO_LOG_INFO, "tuning: device %d: %s (%s)", candidate->info.index,
            candidate->info.name, candidate->info.platform);
    if ((status = tune(candidate, gemm, &sink, best, error)) ||
        (status = imp_tuning_store(&candidate->info, best, &path, error)))
        goto done;
    imp_log(&sink, IMPASTO_LOG_INFO,
            "tuning: vectors of %d, blocks of %d by %d, chunks of %.0f MiB; the convolutions of an "
            "iteration at 512 pixels take %.3f s; kept in %s",
            best->vector_width, best->block_vectors, best->block_positions,
            (double)best->chunk / (1 << 20), best->seconds, path);
done:
    free(path);
    free(order);
    free(candidates);
    free(best);
    return status;
}
