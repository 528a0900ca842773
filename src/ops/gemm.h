/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_GEMM_H
#define IMP_OPS_GEMM_H

/* Matrix products: gemm.c chooses and has the built-in ones, gemm_clblast.c has CLBlast's. */

#include "device/device.h"

/* Ways to multiply matrices; imp_gemm_choose says which suits. */
enum imp_gemm {
    IMP_GEMM_VECTOR, /* built in, for CPUs: registers only */
    IMP_GEMM_TILED,  /* built in, for GPUs: local memory, any work-group size down to 1 */
    IMP_GEMM_CLBLAST,
};

/* How many products an algorithm makes at a time: CLBlast has other kernels for batches. */
enum imp_products { IMP_PRODUCTS_NONE, IMP_PRODUCTS_SINGLE, IMP_PRODUCTS_BATCHED };

/* Row pitches of B and C, and B's and C's buffers, are multiples of this many floats. */
#define IMP_GEMM_ALIGN 64

/* C = A B, row-major, (m x k) (k x n), pitches in floats (ldb, ldc multiples of IMP_GEMM_ALIGN).
 * Offsets: in floats, of B and C multiples of IMP_GEMM_ALIGN. The matrices of a batch follow one
 * another, m lda, k ldb and m ldc floats apart. */
struct imp_gemm_call {
    int m, n, k;
    const struct imp_buffer *a, *b, *c;
    int lda, ldb, ldc;
    size_t offset_a, offset_b, offset_c;
    int batch; /* products; 0: 1 */
    const char *label;
};
enum impasto_status imp_gemm(struct imp_device *device, enum imp_gemm which,
                             const struct imp_gemm_call *call);

/*
 * Which GEMM a name means for such products on this device: NULL or "auto", "clblast", "builtin".
 * CLBlast is trusted only after it has matched the built-in one on test products, once per call of
 * this function. If it does not match, "auto" falls back with a warning, and "clblast" fails.
 * "auto" takes the one that was measured to be faster. Where none was, it takes CLBlast, unless the
 * build has none or the device's quirks advise against it.
 */
enum impasto_status imp_gemm_choose(struct imp_device *device, const char *name,
                                    enum imp_products products, enum imp_gemm *which);
/* What was measured of such products. */
enum imp_faster imp_gemm_faster(const struct imp_caps *caps, enum imp_products products);

/* The built-in GEMM that suits the device. */
enum imp_gemm imp_gemm_builtin(const struct imp_caps *caps);
/* programs.c: TS of cl/tile.cl, the side of the largest square work-group that the device allows,
 * 16 or less. */
int imp_tile_side(const struct imp_caps *caps);

/* gemm_clblast.c: present in every build; without CLBlast it fails. */
bool imp_gemm_clblast_available(void);
/* Forgets what CLBlast has compiled; before a context goes away. */
void imp_gemm_clblast_release(void);

#endif
