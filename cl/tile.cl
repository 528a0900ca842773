/* SPDX-License-Identifier: MIT */
/*
 * The matrix product of GPUs, which every kernel that multiplies there shares: a work-group of TS x TS
 * work-items computes a tile of TILE x TILE, TILE = 4 TS, a slab of TS of the summed dimension at a
 * time in local memory. A kernel loads slabs as its data lie, lets multiply_slab add them up, and stores
 * the tile as it pleases. Work-item (lx, ly) has rows 4 ly to 4 ly + 3, one vector, at the columns
 * lx, lx + TS, lx + 2 TS, lx + 3 TS, so that neighbours touch neighbouring memory.
 */

#define TILE (4 * TS)

/* A slab: TS rows of the summed dimension, TILE values each. The vector more keeps columns of work-items
 * off one memory bank. */
typedef float4 slab_row[TS + 1];
/* Element i of a slab's row q. */
#define SLAB(slab, q, i) (((__local float *)(slab)[q])[i])

/* total[j] += left(q, rows 4 ly..) right(q, column lx + j TS) over the slab's q. The caller puts barriers
 * around it. */
static inline void multiply_slab(__local const slab_row *left, __local const slab_row *right, int lx,
                                 int ly, float4 total[4])
{
    for (int q = 0; q < TS; q++) {
        const float4 l = left[q][ly];
        __local const float *r = (__local const float *)right[q] + lx;
#pragma unroll
        for (int j = 0; j < 4; j++)
            total[j] = l * (float4)(r[j * TS]) + total[j];
    }
}
