/* SPDX-License-Identifier: MIT */
/*
 * C = A B in single precision, row-major: A is m x k (row pitch lda), B is k x n (ldb), C is m x n
 * (ldc); they begin offset_a, offset_b and offset_c floats into their buffers, which may be one buffer,
 * in parts that do not overlap. Dimension 2 counts the products of a batch, whose matrices follow one
 * another. Two kernels, for two kinds of device. VW here is the vector along a row of B and C.
 */

/*
 * For CPUs: one work-item computes MR rows by NR vectors in registers. ldb and ldc must be multiples
 * of NR * VW, and B and C be readable and writable up to them; rows beyond m are computed from the
 * last row and not stored.
 */
#ifdef MR
__kernel void gemm_vector(__global const float *restrict a, __global const floatv *b,
                          __global floatv *c, int m, int n, int k, int lda, int ldb,
                          int ldc, int offset_a, int offset_b, int offset_c)
{
    const int column = (int)get_global_id(0) * NR, row = (int)get_global_id(1) * MR;
    if (column * VW >= n || row >= m)
        return;
    const size_t batch = get_global_id(2);
    a += offset_a + batch * m * lda;
    b += (offset_b + batch * k * ldb) / VW;
    c += (offset_c + batch * m * ldc) / VW;
    floatv acc[MR][NR];
    __global const float *ap[MR];
#pragma unroll
    for (int i = 0; i < MR; i++) {
        ap[i] = a + (size_t)min(row + i, m - 1) * lda;
#pragma unroll
        for (int j = 0; j < NR; j++)
            acc[i][j] = (floatv)(0.0f);
    }
    for (int p = 0; p < k; p++) {
        __global const floatv *bp = b + (size_t)p * (ldb / VW) + column;
        floatv bv[NR];
#pragma unroll
        for (int j = 0; j < NR; j++)
            bv[j] = bp[j];
#pragma unroll
        for (int i = 0; i < MR; i++) {
            const floatv v = (floatv)(ap[i][p]);
#pragma unroll
            for (int j = 0; j < NR; j++)
                acc[i][j] = v * bv[j] + acc[i][j];
        }
    }
#pragma unroll
    for (int i = 0; i < MR; i++)
        if (row + i < m)
#pragma unroll
            for (int j = 0; j < NR; j++)
                c[(size_t)(row + i) * (ldc / VW) + column + j] = acc[i][j];
}
#endif

/*
 * For GPUs: a work-group of TS x TS work-items computes a tile of 4 TS x 4 TS, a slab of TS of the
 * k dimension at a time in local memory; each work-item has 4 x 4 elements, TS apart, so that
 * neighbours touch neighbouring memory. TS = 16, 8, 4, 2 or 1; any m, n, k.
 */
#ifdef TS
#define TILE (4 * TS)
__kernel __attribute__((reqd_work_group_size(TS, TS, 1))) void
gemm_tiled(__global const float *restrict a, __global const float *b,
           __global float *c, int m, int n, int k, int lda, int ldb, int ldc,
           int offset_a, int offset_b, int offset_c)
{
    __local float as[TS][TILE + 1]; /* + 1: keeps the transposed stores off one memory bank */
    __local float bs[TS][TILE];
    const int lx = (int)get_local_id(0), ly = (int)get_local_id(1);
    /* Launches may be cut by offsets, so the tile comes from the global id, not the group id. */
    const int column = ((int)get_global_id(0) - lx) * 4, row = ((int)get_global_id(1) - ly) * 4;
    const size_t batch = get_global_id(2);
    a += offset_a + batch * m * lda;
    b += offset_b + batch * k * ldb;
    c += offset_c + batch * m * ldc;

    float acc[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
            acc[i][j] = 0.0f;

    for (int p = 0; p < k; p += TS) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int ar = row + ly + i * TS, bc = column + lx + i * TS;
            as[lx][ly + i * TS] = ar < m && p + lx < k ? a[(size_t)ar * lda + p + lx] : 0.0f;
            bs[ly][lx + i * TS] = bc < n && p + ly < k ? b[(size_t)(p + ly) * ldb + bc] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int q = 0; q < TS; q++) {
            float av[4], bv[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                av[i] = as[q][ly + i * TS];
                bv[i] = bs[q][lx + i * TS];
            }
#pragma unroll
            for (int i = 0; i < 4; i++)
#pragma unroll
                for (int j = 0; j < 4; j++)
                    acc[i][j] = av[i] * bv[j] + acc[i][j];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const int r = row + ly + i * TS, s = column + lx + j * TS;
            if (r < m && s < n)
                c[(size_t)r * ldc + s] = acc[i][j];
        }
}
#endif
