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

/* For GPUs, on tile.cl: TS = 16, 8, 4, 2 or 1; any m, n, k. */
#ifdef TS
__kernel __attribute__((reqd_work_group_size(TS, TS, 1))) void
gemm_tiled(__global const float *restrict a, __global const float *b,
           __global float *c, int m, int n, int k, int lda, int ldb, int ldc,
           int offset_a, int offset_b, int offset_c)
{
    __local slab_row left[TS], right[TS];
    const int lx = (int)get_local_id(0), ly = (int)get_local_id(1);
    /* Launches may be cut by offsets, so the tile comes from the global id, not the group id. */
    const int column = ((int)get_global_id(0) - lx) * 4, row = ((int)get_global_id(1) - ly) * 4;
    const size_t batch = get_global_id(2);
    a += offset_a + batch * m * lda;
    b += offset_b + batch * k * ldb;
    c += offset_c + batch * m * ldc;

    float4 total[4];
#pragma unroll
    for (int j = 0; j < 4; j++)
        total[j] = (float4)(0.0f);
    for (int p = 0; p < k; p += TS) {
#pragma unroll
        for (int i = 0; i < TILE; i += TS) {
            const int ar = row + ly + i, bc = column + lx + i;
            SLAB(left, lx, ly + i) = ar < m && p + lx < k ? a[(size_t)ar * lda + p + lx] : 0.0f;
            SLAB(right, ly, lx + i) = bc < n && p + ly < k ? b[(size_t)(p + ly) * ldb + bc] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply_slab(left, right, lx, ly, total);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        const float values[4] = {total[j].x, total[j].y, total[j].z, total[j].w};
        const int s = column + lx + j * TS;
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (row + 4 * ly + i < m && s < n)
                c[(size_t)(row + 4 * ly + i) * ldc + s] = values[i];
    }
}
#endif
