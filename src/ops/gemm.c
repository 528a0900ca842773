/* SPDX-License-Identifier: MIT */
/* Matrix products: the built-in kernels of cl/gemm.cl, and the decision whether to trust CLBlast.
 */

#include "ops/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Work-items along columns, rows and the batch; the arguments of both kernels are the same. */
static enum impasto_status launch(struct imp_device *device, const struct imp_gemm_call *call,
                                  enum imp_program program, const char *function, size_t columns,
                                  size_t rows, size_t side)
{
    const size_t batch = call->batch > 0 ? (size_t)call->batch : 1;
    struct imp_launch launch = {
        IMP_ARGS(imp_buf(call->a), imp_buf(call->b), imp_buf(call->c), imp_int(call->m),
                 imp_int(call->n), imp_int(call->k), imp_int(call->lda), imp_int(call->ldb),
                 imp_int(call->ldc), imp_int((int)call->offset_a), imp_int((int)call->offset_b),
                 imp_int((int)call->offset_c)),
        .global = {columns, rows, batch},
        .flops = 2.0 * (double)batch * call->m * call->n * call->k,
        .label = call->label,
    };
    if (side > 0)
        memcpy(launch.local, (const size_t[]){side, side, 1}, sizeof(launch.local));
    return imp_program_launch(device, program, function, &launch);
}

static enum impasto_status gemm_vector(struct imp_device *device, const struct imp_gemm_call *call)
{
    const struct imp_gemm_block block = imp_gemm_block(imp_device_caps(device));
    return launch(device, call, IMP_PROGRAM_GEMM_VECTOR, "gemm_vector",
                  imp_items(call->n, block.lanes * block.vectors), imp_items(call->m, block.rows),
                  0);
}

static enum impasto_status gemm_tiled(struct imp_device *device, const struct imp_gemm_call *call)
{
    const int side = imp_tile_side(imp_device_caps(device));
    return launch(device, call, IMP_PROGRAM_GEMM_TILED, "gemm_tiled",
                  imp_items(call->n, 4 * side) * (size_t)side,
                  imp_items(call->m, 4 * side) * (size_t)side, (size_t)side);
}

enum impasto_status imp_gemm(struct imp_device *device, enum imp_gemm which,
                             const struct imp_gemm_call *call)
{
    switch (which) {
    case IMP_GEMM_VECTOR:
        return gemm_vector(device, call);
    case IMP_GEMM_TILED:
        return gemm_tiled(device, call);
    case IMP_GEMM_CLBLAST:
        return imp_gemm_clblast(device, call);
    }
    return imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "no GEMM number %d", (int)which);
}

/* Test products. One lies on each side of the size at which CLBlast changes from its direct kernel
 * to the one that pads and copies. Edges are no multiples of any tile. Batches come last: CLBlast
 * has other kernels for them. */
static const struct probe {
    int m, n, k, batch;
} probes[] = {{67, 61, 45, 1}, {128, 448, 576, 1}, {67, 61, 45, 3}, {128, 448, 576, 2}};

/* Largest difference between CLBlast's and the built-in product, over the root mean square of the
 * product; INFINITY where it is not finite. */
static enum impasto_status compare(struct imp_device *device, enum imp_gemm builtin,
                                   const struct probe *probe, double *error)
{
    const int m = probe->m, n = probe->n, k = probe->k;
    const size_t batch = (size_t)probe->batch;
    const int ld = (n + IMP_GEMM_ALIGN - 1) / IMP_GEMM_ALIGN * IMP_GEMM_ALIGN;
    const size_t a_count = batch * (size_t)m * (size_t)k, b_count = batch * (size_t)k * (size_t)ld;
    const size_t c_count = batch * (size_t)m * (size_t)ld;
    struct imp_buffer *a = NULL, *b = NULL, *c = NULL;
    float *data = malloc((a_count + b_count + 2 * c_count) * sizeof(float));
    enum impasto_status status = IMPASTO_ERROR_MEMORY;
    if (!data)
        goto done;
    for (size_t i = 0; i < a_count + b_count; i++)
        data[i] = imp_rng_uniform(1, 0, i) - 0.5f;
    float *ours = data + a_count + b_count, *theirs = ours + c_count;
    struct imp_gemm_call call = {
        .m = m, .n = n, .k = k, .lda = k, .ldb = ld, .ldc = ld, .batch = probe->batch};
    if ((status = imp_buffer_create(device, a_count * sizeof(float), "self-check", &a)) ||
        (status = imp_buffer_create(device, b_count * sizeof(float), "self-check", &b)) ||
        (status = imp_buffer_create(device, c_count * sizeof(float), "self-check", &c)) ||
        (status = imp_buffer_write(a, 0, data, a_count * sizeof(float))) ||
        (status = imp_buffer_write(b, 0, data + a_count, b_count * sizeof(float))))
        goto done;
    call.a = a, call.b = b, call.c = c;
    if ((status = imp_gemm(device, builtin, &call)) ||
        (status = imp_buffer_read(c, 0, ours, c_count * sizeof(float))) ||
        (status = imp_buffer_zero(c, 0, c_count * sizeof(float))) ||
        (status = imp_gemm(device, IMP_GEMM_CLBLAST, &call)) ||
        (status = imp_buffer_read(c, 0, theirs, c_count * sizeof(float))))
        goto done;
    double largest = 0, squares = 0;
    const size_t rows = batch * (size_t)m;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < (size_t)n; j++) {
            const size_t at = i * (size_t)ld + j;
            const double difference = fabs((double)ours[at] - theirs[at]);
            largest = difference <= largest ? largest : difference; /* keeps a NaN */
            squares += (double)ours[at] * ours[at];
        }
    *error = isfinite(largest) ? largest / sqrt(squares / (double)rows / n) : INFINITY;
done:
    imp_buffer_free(&a);
    imp_buffer_free(&b);
    imp_buffer_free(&c);
    free(data);
    return status;
}

/* Rounding alone stays below 1e-5 of the rms at these sizes. */
#define TRUST 1e-4

static enum impasto_status check_clblast(struct imp_device *device, enum imp_gemm builtin,
                                         enum imp_products products)
{
    for (size_t i = 0; i < IMP_COUNT(probes); i++) {
        double error = INFINITY;
        if ((probes[i].batch > 1) != (products == IMP_PRODUCTS_BATCHED))
            continue;
        IMP_TRY(compare(device, builtin, &probes[i], &error));
        if (!(error < TRUST))
            return imp_device_fail(
                device, IMPASTO_ERROR_DEVICE,
                "CLBlast gives a wrong %dx%dx%d product on this device (relative "
                "error %.1e); use `gemm` builtin",
                probes[i].m, probes[i].n, probes[i].k, error);
    }
    return IMPASTO_OK;
}

enum imp_gemm imp_gemm_builtin(const struct imp_caps *caps)
{
    return caps->cpu ? IMP_GEMM_VECTOR : IMP_GEMM_TILED;
}

enum imp_faster imp_gemm_faster(const struct imp_caps *caps, enum imp_products products)
{
    return products == IMP_PRODUCTS_BATCHED ? caps->tuning.batched : caps->tuning.single;
}

/* Whether "auto" tries CLBlast: a measurement counts more than what was said of other devices. */
static bool is_welcome(const struct imp_caps *caps, enum imp_products products)
{
    const enum imp_faster faster = imp_gemm_faster(caps, products);
    return imp_gemm_clblast_available() &&
           (faster == IMP_FASTER_LIBRARY ||
            (faster == IMP_FASTER_UNKNOWN && !(caps->quirks & IMP_QUIRK_NO_FAST_GEMM_LIBRARY)));
}

enum impasto_status imp_gemm_choose(struct imp_device *device, const char *name,
                                    enum imp_products products, enum imp_gemm *which)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const enum imp_gemm builtin = imp_gemm_builtin(caps);
    const bool automatic = !name || strcmp(name, "auto") == 0;
    *which = builtin;
    if (automatic && !is_welcome(caps, products))
        return IMPASTO_OK;
    if (!automatic && strcmp(name, "builtin") == 0)
        return IMPASTO_OK;
    if (!automatic && strcmp(name, "clblast") != 0)
        return imp_device_fail(device, IMPASTO_ERROR_USAGE,
                               "GEMM '%s' does not exist; choose one of auto, clblast, builtin",
                               name);
    if (!imp_gemm_clblast_available())
        return imp_device_fail(device, IMPASTO_ERROR_USAGE,
                               "this build has no CLBlast; use `gemm` builtin");
    const enum impasto_status status = check_clblast(device, builtin, products);
    if (status == IMPASTO_OK) {
        *which = IMP_GEMM_CLBLAST;
        return IMPASTO_OK;
    }
    if (!automatic)
        return status;
    imp_log(imp_device_log(device), IMPASTO_LOG_WARNING,
            "CLBlast failed its self-check, so the built-in GEMM is used: %s",
            imp_device_error(device)->message);
    return IMPASTO_OK;
}
