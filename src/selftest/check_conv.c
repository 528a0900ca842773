/* SPDX-License-Identifier: MIT */
/* Every convolution algorithm, with every epilogue, on awkward shapes. */

#include "ops/conv.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct shape {
    int in, out, height, width;
};

/* Of tall shapes with an odd height only some rows are computed: how many are left out at either
 * end. The outermost are not even read. */
static int left_out(const struct shape *s)
{
    return s->height > 4 && s->height % 2 ? 2 : 0;
}

static bool is_left_out(const struct shape *s, size_t element)
{
    const int row = (int)(element / (size_t)s->width % (size_t)s->height);
    return row < left_out(s) || row >= s->height - left_out(s);
}

/* In the order in which the levels take them: 2, 7, 9, all. Widths and heights lie about the
 * register blocks of 4, 6, 8 and 14 positions. */
static const struct shape shapes[] = {
    {64, 64, 3, 5},   {3, 64, 5, 9},    {64, 3, 5, 9},   {64, 64, 1, 1},   {3, 64, 1, 7},
    {64, 3, 3, 2},    {128, 64, 2, 3},  {64, 64, 5, 9},  {64, 128, 7, 13}, {64, 128, 16, 16},
    {64, 64, 13, 14}, {64, 64, 1, 29},  {64, 64, 31, 1}, {3, 64, 17, 19},  {64, 3, 17, 19},
    {3, 64, 2, 1},    {64, 3, 1, 1},    {64, 64, 5, 37}, {256, 256, 3, 3}, {128, 128, 6, 5},
    {512, 512, 2, 2}, {64, 64, 40, 52}, {3, 64, 64, 70},
};

static const char *const epilogues[] = {"store", "bias_relu", "mask", "add_mask", "mask_bits"};

/* What the epilogue makes of r, given what y held. */
static double finish(enum imp_epilogue epilogue, double r, double before, double bias, double mask)
{
    switch (epilogue) {
    case IMP_EPILOGUE_STORE:
        return r;
    case IMP_EPILOGUE_BIAS_RELU:
        return fmax(0, r + bias);
    case IMP_EPILOGUE_MASK:
    case IMP_EPILOGUE_MASK_BITS:
        return mask > 0 ? r : 0;
    case IMP_EPILOGUE_ADD_MASK:
        return mask > 0 ? before + r : 0;
    case IMP_EPILOGUES:
        break;
    }
    return NAN;
}

/* Host data of one check. */
struct data {
    float *x, *weights, *flipped, *bias, *mask, *before, *found, *packed;
    double *wide, *expected;
};

static void data_free(struct data *d)
{
    float *floats[] = {d->x,    d->weights, d->flipped, d->bias,
                       d->mask, d->before,  d->found,   d->packed};
    for (size_t i = 0; i < IMP_COUNT(floats); i++)
        free(floats[i]);
    free(d->wide);
    free(d->expected);
}

static double run_on_device(struct imp_check_run *run, const struct imp_conv_algorithm *algorithm,
                            const struct shape *s, enum imp_epilogue epilogue, enum imp_gemm gemm,
                            bool reversed, struct data *d)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int in_lanes = s->in == 3 ? 1 : caps->vector_width;
    const int out_lanes = s->out == 3 ? 1 : caps->vector_width;
    const size_t packed = algorithm->packing->size(caps, s->in, s->out) / sizeof(float);
    const size_t workspace =
        algorithm->workspace_size(caps, s->in, s->out, s->height, s->width) / sizeof(float);
    const int edge = left_out(s);
    struct imp_conv conv = {.first = edge,
                            .rows = s->height - 2 * edge,
                            .lead = edge,
                            .reversed = reversed,
                            .epilogue = epilogue,
                            .gemm = gemm,
                            .label = "check"};
    const struct imp_window whole = {.rows = s->height};
    /* Half of the epilogues get the weights transformed, where that can be. */
    const size_t transformed =
        algorithm->transform && (int)epilogue % 2 == reversed
            ? algorithm->transformed_size(caps, s->in, s->out) / sizeof(float)
            : 0;
    struct imp_buffer *weights = NULL, *bias = NULL, *scratch = NULL, *bits = NULL, *kept = NULL;
    struct imp_buffer *mask = NULL; /* conv.mask's own, while that has bits */
    double error = INFINITY;
    if (reversed) {
        imp_conv_flip(s->in, s->out, d->weights, d->flipped);
        algorithm->packing->pack(caps, s->out, s->in, d->flipped, d->packed);
    } else {
        algorithm->packing->pack(caps, s->in, s->out, d->weights, d->packed);
    }
    if (imp_check_tensor(run, &conv.x, s->in, s->height, s->width, in_lanes, d->x) &&
        imp_check_tensor(run, &conv.y, s->out, s->height, s->width, out_lanes,
                         epilogue == IMP_EPILOGUE_ADD_MASK || edge ? d->before : NULL) &&
        imp_check_tensor(run, &conv.mask, s->out, s->height, s->width, out_lanes, d->mask) &&
        imp_check_buffer(run, &weights, packed, d->packed) &&
        imp_check_buffer(run, &bias, (size_t)s->out, d->bias) &&
        (workspace == 0 || imp_check_buffer(run, &scratch, workspace, NULL))) {
        conv.weights = weights;
        conv.bias = bias;
        conv.workspace = scratch;
        if (epilogue == IMP_EPILOGUE_MASK_BITS &&
            imp_check_buffer(run, &bits, imp_mask_bytes(&conv.mask) / sizeof(float) + 1, NULL) &&
            imp_check_ok(run, imp_mask_pack(run->device, &conv.mask, &whole, s->height, bits))) {
            mask = conv.mask.buffer;
            conv.mask.buffer = bits;
        }
        if (transformed && imp_check_buffer(run, &kept, transformed, NULL) &&
            imp_check_ok(run, algorithm->transform(run->device, &conv, kept)))
            conv.transformed = kept;
        if (!run->broken && imp_check_ok(run, algorithm->run(run->device, &conv)))
            error = imp_check_read(run, &conv.y, d->found);
    }
    if (mask)
        conv.mask.buffer = mask;
    imp_buffer_free(&conv.x.buffer);
    imp_buffer_free(&conv.y.buffer);
    imp_buffer_free(&conv.mask.buffer);
    imp_buffer_free(&bits);
    imp_buffer_free(&weights);
    imp_buffer_free(&bias);
    imp_buffer_free(&scratch);
    imp_buffer_free(&kept);
    return error;
}

static void check(struct imp_check_run *run, const struct imp_conv_algorithm *algorithm,
                  const struct shape *s, enum imp_epilogue epilogue, enum imp_gemm gemm,
                  bool reversed)
{
    const size_t plane = (size_t)s->height * (size_t)s->width;
    const size_t in = (size_t)s->in * plane, out = (size_t)s->out * plane;
    const size_t packed =
        algorithm->packing->size(imp_device_caps(run->device), s->in, s->out) / sizeof(float);
    struct data d = {
        .x = imp_check_data(run, 0, in, false),
        .weights = imp_check_data(run, 1, (size_t)s->in * (size_t)s->out * 9, false),
        .flipped = imp_check_data(run, 7, (size_t)s->in * (size_t)s->out * 9, false),
        .bias = imp_check_data(run, 2, (size_t)s->out, false),
        .mask = imp_check_data(run, 3, out, true),
        .before = imp_check_data(run, 4, out, false),
        .found = imp_check_data(run, 5, out, false),
        .packed = imp_check_data(run, 6, packed, false),
        .expected = imp_check_doubles(run, out),
    };
    d.wide = imp_check_widen(run, d.x, in);
    if (!run->broken) {
        for (size_t i = 0; left_out(s) && i < in; i++)
            if (i / (size_t)s->width % (size_t)s->height % (size_t)(s->height - 1) == 0)
                d.x[i] = NAN;
        const double damage = run_on_device(run, algorithm, s, epilogue, gemm, reversed, &d);
        imp_ref_conv(s->in, s->out, s->height, s->width, d.wide, d.weights, d.expected);
        for (size_t i = 0; i < out; i++)
            d.expected[i] = is_left_out(s, i)
                                ? (double)d.before[i]
                                : finish(epilogue, d.expected[i], (double)d.before[i],
                                         (double)d.bias[i / plane], (double)d.mask[i]);
        imp_check_end(run, fmax(damage, imp_check_error(d.found, d.expected, out)),
                      algorithm->bound);
    }
    data_free(&d);
}

/* Flipping the weights makes the convolution the adjoint: <gy, conv(x)> = <conv'(gy), x>. Checked
 * on the reference, so that the checks above speak for gradients too. */
static void check_flip(struct imp_check_run *run)
{
    enum { IN = 5, OUT = 4, H = 6, W = 7 };
    if (!imp_check_begin(run, "conv flip %d>%d @ %dx%d", IN, OUT, H, W))
        return;
    float *weights = imp_check_data(run, 0, IN * OUT * 9, false);
    float *flipped = imp_check_data(run, 1, IN * OUT * 9, false);
    float *g = imp_check_data(run, 2, OUT * H * W, false);
    float *found = imp_check_data(run, 3, IN * H * W, false);
    double *wide = imp_check_widen(run, g, OUT * H * W);
    double *expected = imp_check_doubles(run, IN * H * W);
    double *by_flip = imp_check_doubles(run, IN * H * W);
    if (!run->broken) {
        imp_conv_flip(IN, OUT, weights, flipped);
        imp_ref_conv_backward(IN, OUT, H, W, wide, weights, expected);
        imp_ref_conv(OUT, IN, H, W, wide, flipped, by_flip);
        for (size_t i = 0; i < IN * H * W; i++)
            found[i] = (float)by_flip[i];
        imp_check_end(run, imp_check_error(found, expected, IN * H * W), 1e-6);
    }
    free(weights);
    free(flipped);
    free(g);
    free(found);
    free(wide);
    free(expected);
    free(by_flip);
}

/* Where these make a difference. CLBlast's kernels take long to compile, so they are checked where
 * the filter asks for them: those that tuning measures. */
static const struct {
    enum imp_gemm gemm;
    const char *name;
} gemms[] = {
    {IMP_GEMM_VECTOR, " vector"}, {IMP_GEMM_TILED, " tiled"}, {IMP_GEMM_CLBLAST, " clblast"}};

void imp_check_conv(struct imp_check_run *run)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const bool brief = run->level == IMP_SELFTEST_BRIEF;
    /* A simulator takes a minute for a tiled product of this depth; check_gemm.c has smaller ones.
     */
    const bool library =
        imp_gemm_clblast_available() && run->filter && strstr(run->filter, "clblast");
    const size_t gemm_count = run->level == IMP_SELFTEST_TINY ? 1
                              : library                       ? IMP_COUNT(gemms)
                                                              : IMP_COUNT(gemms) - 1;
    const size_t count = imp_check_rows(run, 2, 7, 9, IMP_COUNT(shapes));
    for (size_t a = 0; imp_conv_algorithms[a]; a++) {
        const struct imp_conv_algorithm *algorithm = imp_conv_algorithms[a];
        const bool multiplies = algorithm->products != IMP_PRODUCTS_NONE;
        /* In brief: what a job is likely to use, for the sake of the time to compile it. */
        if (brief && algorithm != &imp_conv_first && algorithm != imp_conv_common(caps))
            continue;
        for (size_t i = 0; i < count; i++) {
            struct shape fewer = shapes[i];
            fewer.in = imp_check_channels(run, fewer.in);
            fewer.out = imp_check_channels(run, fewer.out);
            const struct shape *s = &fewer;
            if (!algorithm->supports(caps, s->in, s->out))
                continue;
            for (int e = 0; e < IMP_EPILOGUES; e++) {
                const enum imp_epilogue epilogue = (enum imp_epilogue)e;
                const bool picture = s->in == 3 || s->out == 3;
                if ((brief && epilogue != IMP_EPILOGUE_BIAS_RELU) ||
                    (picture && epilogue != IMP_EPILOGUE_STORE &&
                     !(s->in == 3 && epilogue == IMP_EPILOGUE_BIAS_RELU)))
                    continue;
                /* A simulator takes minutes for these. It meets every epilogue on the first shape.
                 * Those of the implicit algorithm, with a group's barriers, are the same code. */
                if (run->level == IMP_SELFTEST_TINY && epilogue != IMP_EPILOGUE_STORE && !picture &&
                    (i > 0 || algorithm == &imp_conv_implicit))
                    continue;
                /* Reversed weights matter to no epilogue. */
                const bool reverse = algorithm->packing->reversible && !picture &&
                                     (brief || epilogue == IMP_EPILOGUE_STORE);
                for (size_t g = 0; g < (multiplies && !brief ? gemm_count : 1); g++)
                    for (int reversed = 0; reversed <= reverse; reversed++)
                        if (imp_check_begin(run, "conv %s%s %d>%d @ %dx%d %s%s", algorithm->name,
                                            multiplies ? gemms[g].name : "", s->in, s->out,
                                            s->height, s->width, epilogues[e],
                                            reversed ? " reversed" : ""))
                            check(run, algorithm, s, epilogue,
                                  brief ? imp_gemm_builtin(caps) : gemms[g].gemm, reversed);
            }
        }
    }
    if (!brief)
        check_flip(run);
}
