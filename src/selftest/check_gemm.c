/* SPDX-License-Identifier: MIT */
/* Matrix products by every kernel that the device can run. */

#include "ops/gemm.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOUND 1e-5 /* as in check_conv.c */

static const struct shape {
    int m, n, k;
} shapes[] = {
    {1, 1, 1},    {5, 7, 3},     {33, 17, 29}, {67, 61, 45},  {7, 65, 9},
    {64, 64, 64}, {65, 129, 16}, {6, 64, 40},  {130, 70, 33}, {64, 700, 27},
};

static const struct {
    enum imp_gemm which;
    const char *name;
} kinds[] = {{IMP_GEMM_VECTOR, "vector"}, {IMP_GEMM_TILED, "tiled"}, {IMP_GEMM_CLBLAST, "clblast"}};

/* CLBlast compiles for half a minute on CPUs, so there only on request. */
static bool wanted(const struct imp_check_run *run, enum imp_gemm which)
{
    if (which != IMP_GEMM_CLBLAST)
        return true;
    const bool advised = !(imp_device_caps(run->device)->quirks & IMP_QUIRK_NO_FAST_GEMM_LIBRARY);
    return imp_gemm_clblast_available() &&
           (advised || (run->filter && strstr(run->filter, "clblast")));
}

static void check(struct imp_check_run *run, enum imp_gemm which, const struct shape *s)
{
    /* B and C share a buffer, C behind B, as im2col uses them. */
    const int ld = (s->n + IMP_GEMM_ALIGN - 1) / IMP_GEMM_ALIGN * IMP_GEMM_ALIGN;
    const size_t a_size = (size_t)s->m * (size_t)s->k, b_size = (size_t)s->k * (size_t)ld;
    const size_t c_size = (size_t)s->m * (size_t)ld, found_size = (size_t)s->m * (size_t)s->n;
    float *a = imp_check_data(run, 0, a_size, false);
    float *b = imp_check_data(run, 1, b_size + c_size, false);
    float *found = imp_check_data(run, 2, found_size, false);
    double *expected = imp_check_doubles(run, found_size);
    struct imp_buffer *a_buffer = NULL, *b_buffer = NULL;
    double damage = INFINITY;
    for (size_t i = b_size; !run->broken && i < b_size + c_size; i++)
        b[i] = NAN;
    if (!run->broken && imp_check_buffer(run, &a_buffer, a_size, a) &&
        imp_check_buffer(run, &b_buffer, b_size + c_size, b)) {
        const struct imp_gemm_call call = {.m = s->m,
                                           .n = s->n,
                                           .k = s->k,
                                           .a = a_buffer,
                                           .b = b_buffer,
                                           .c = b_buffer,
                                           .lda = s->k,
                                           .ldb = ld,
                                           .ldc = ld,
                                           .offset_c = b_size,
                                           .label = "check"};
        if (imp_check_ok(run, imp_gemm(run->device, which, &call)))
            damage = imp_check_read_buffer(run, b_buffer, b_size + c_size, b);
    }
    if (!run->broken) {
        for (int i = 0; i < s->m; i++)
            for (int j = 0; j < s->n; j++) {
                double sum = 0;
                for (int p = 0; p < s->k; p++)
                    sum += (double)a[i * s->k + p] * (double)b[p * ld + j];
                expected[i * s->n + j] = sum;
                found[i * s->n + j] = b[b_size + (size_t)(i * ld + j)];
            }
        imp_check_end(run, fmax(damage, imp_check_error(found, expected, found_size)), BOUND);
    }
    imp_buffer_free(&a_buffer);
    imp_buffer_free(&b_buffer);
    free(a);
    free(b);
    free(found);
    free(expected);
}

void imp_check_gemm(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 3, 5, IMP_COUNT(shapes));
    for (size_t k = 0; k < IMP_COUNT(kinds); k++) {
        if (!wanted(run, kinds[k].which))
            continue;
        for (size_t i = 0; i < count; i++)
            if (imp_check_begin(run, "gemm %s %dx%dx%d", kinds[k].name, shapes[i].m, shapes[i].n,
                                shapes[i].k))
                check(run, kinds[k].which, &shapes[i]);
    }
}
