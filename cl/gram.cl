/* SPDX-License-Identifier: MIT */
/*
 * Gram matrices of blocked tensors, G = F F^T / (C M), or with WEIGHTED, where position p counts
 * weight(p), F diag(weight) F^T over C times their sum. The halo is zero, so sums run over whole planes.
 * fixed.cl has the order of the sums, or that they have none.
 * GT = channels per side of the tile that one work-item, or with TS one work-group, computes: a multiple
 * of VW.
 */

#define GV (GT / VW)

/* Positions of a strip. Its 4 vectors of channels by positions are 32 KiB with AVX-512, an innermost
 * cache, and less elsewhere. */
#define STRIP 128

/* weight: of each position of the whole; position p of f has weight[weight_at + p]. */
#ifdef WEIGHTED
#define WEIGHT_ARGUMENTS , __global const float *restrict weight, int weight_at
#define WEIGH(v, p) ((v) * (floatv)(weight[weight_at + (p)]))
#else
#define WEIGHT_ARGUMENTS
#define WEIGH(v, p) (v)
#endif

#if VW == 16
#define STORE_LANES(v, p) vstore16((v), 0, (p))
#elif VW == 8
#define STORE_LANES(v, p) vstore8((v), 0, (p))
#else
#define STORE_LANES(v, p) vstore4((v), 0, (p))
#endif

/* Pairs count the tiles (ti, tj) with tj <= ti: (0, 0), (1, 0), (1, 1), (2, 0) ... */
static inline void tile_of_pair(int pair, int *ti, int *tj)
{
    int i = (int)((sqrt(8.0f * (float)pair + 1.0f) - 1.0f) * 0.5f);
    while ((i + 1) * (i + 2) / 2 <= pair)
        i++;
    while (i * (i + 1) / 2 > pair)
        i--;
    *ti = i;
    *tj = pair - i * (i + 1) / 2;
}

#ifndef TS
/*
 * Partial sums of F(ti * GT + i) F(tj * GT + j): partial[(chunk * pairs + pair) * GT * GT + i * GT + j],
 * over the chunk's positions. A chunk that the window before has cut goes on with what is behind the
 * words of `sums`. Dimensions: pairs, chunks.
 */
FULL_WIDTH
__kernel void gram_partial(__global const float *restrict f, __global floatv *restrict partial,
                           __global const floatv *restrict sums, int pairs, int chunks, int plane,
                           CHUNK_ARGUMENTS WEIGHT_ARGUMENTS)
{
    const int pair = (int)get_global_id(0), chunk = (int)get_global_id(1);
    if (pair >= pairs || chunk >= chunks)
        return;
    int ti, tj;
    tile_of_pair(pair, &ti, &tj);
    const int starts = chunk_begin(first + chunk, block, blocks, length, per_block);
    const int ends = chunk_end(first + chunk, total, block, blocks, length, per_block);
    __global const floatv *cut = sums + ((size_t)FIXED_WORDS * pairs + pair) * GT * GV;
    const bool goes_on = !begins && starts < from;

    /* ROWS rows of the tile at a time in registers, along a strip of positions that stays in the
     * innermost cache until all rows have had it. */
    floatv sum[GT][GV];
#pragma unroll 1
    for (int i = 0; i < GT; i++)
#pragma unroll
        for (int j = 0; j < GV; j++)
            sum[i][j] = goes_on ? cut[i * GV + j] : (floatv)(0.0f);

    const int end = origin + min(ends, to);
    for (int begin = origin + max(starts, from); begin < end; begin += STRIP) {
        const int stop = min(begin + STRIP, end);
#pragma unroll 1
        for (int rows = 0; rows < GT; rows += ROWS) {
            floatv acc[ROWS][GV];
#pragma unroll
            for (int i = 0; i < ROWS; i++)
#pragma unroll
                for (int j = 0; j < GV; j++)
                    acc[i][j] = sum[rows + i][j];
            __global const floatv *rp = (__global const floatv *)f + (size_t)tj * GV * plane;
            __global const float *lp =
                f + (size_t)(ti * GV + rows / VW) * plane * VW + rows % VW;
            for (int p = begin; p < stop; p++) {
                floatv right[GV];
#pragma unroll
                for (int j = 0; j < GV; j++)
                    right[j] = WEIGH(rp[(size_t)j * plane + p], p);
#pragma unroll
                for (int i = 0; i < ROWS; i++) {
                    /* ROWS may span several vectors of channels. */
                    const floatv left =
                        (floatv)(lp[((size_t)(i / VW) * plane + p) * VW + i % VW]);
#pragma unroll
                    for (int j = 0; j < GV; j++)
                        acc[i][j] = left * right[j] + acc[i][j];
                }
            }
#pragma unroll
            for (int i = 0; i < ROWS; i++)
#pragma unroll
                for (int j = 0; j < GV; j++)
                    sum[rows + i][j] = acc[i][j];
        }
    }
    __global floatv *out = partial + ((size_t)chunk * pairs + pair) * GT * GV;
#pragma unroll 1
    for (int i = 0; i < GT; i++)
#pragma unroll
        for (int j = 0; j < GV; j++)
            out[i * GV + j] = sum[i][j];
}
#else
/* The same on tile.cl, where VW is 4 and GT is TILE. Dimensions: TS for each pair, TS, chunks. */
__kernel __attribute__((reqd_work_group_size(TS, TS, 1))) void
gram_tiled(__global const float4 *restrict f, __global float *restrict partial,
           __global const float *restrict sums, int pairs, int chunks, int plane,
           CHUNK_ARGUMENTS WEIGHT_ARGUMENTS)
{
    __local slab_row left[TS], right[TS];
    const int lx = (int)get_local_id(0), ly = (int)get_local_id(1);
    const int pair = (int)get_global_id(0) / TS, chunk = (int)get_global_id(2);
    if (pair >= pairs || chunk >= chunks) /* the whole group is */
        return;
    int ti, tj;
    tile_of_pair(pair, &ti, &tj);
    __global const float4 *rows = f + (size_t)(ti * TS + ly) * plane;
    __global const float4 *columns = f + (size_t)(tj * TS + ly) * plane;

    const int starts = chunk_begin(first + chunk, block, blocks, length, per_block);
    const int ends = chunk_end(first + chunk, total, block, blocks, length, per_block);
    __global const float *cut = sums + ((size_t)FIXED_WORDS * pairs + pair) * TILE * TILE;
    const bool goes_on = !begins && starts < from;
    float4 sum[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
        __global const float *entry = cut + (size_t)(4 * ly) * TILE + lx + j * TS;
        sum[j] = goes_on ? (float4)(entry[0], entry[TILE], entry[2 * TILE], entry[3 * TILE])
                         : (float4)(0.0f);
    }
    const int end = origin + min(ends, to);
    for (int begin = origin + max(starts, from); begin < end; begin += TS) {
        const bool inside = begin + lx < end;
        left[lx][ly] = inside ? rows[begin + lx] : (float4)(0.0f);
        right[lx][ly] = inside ? WEIGH(columns[begin + lx], begin + lx) : (float4)(0.0f);
        barrier(CLK_LOCAL_MEM_FENCE);
        multiply_slab(left, right, lx, ly, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    __global float *out = partial + ((size_t)chunk * pairs + pair) * TILE * TILE;
#pragma unroll
    for (int j = 0; j < 4; j++) {
        __global float *entry = out + (size_t)(4 * ly) * TILE + lx + j * TS;
        entry[0] = sum[j].x;
        entry[TILE] = sum[j].y;
        entry[2 * TILE] = sum[j].z;
        entry[3 * TILE] = sum[j].w;
    }
}
#endif

/* sums = or (unless it begins) += the partial sums of the complete chunks. A work-item does a row of a
 * tile. Dimensions: GT, pairs. */
FULL_WIDTH
__kernel void gram_sum(__global const floatv *restrict partial, __global uintv *restrict sums,
                       int pairs, int chunks, int complete, int begins)
{
    const int row = (int)get_global_id(0), pair = (int)get_global_id(1);
    if (row >= GT || pair >= pairs)
        return;
    const size_t count = (size_t)pairs * GT * GV;
    for (int v = 0; v < GV; v++)
        sum_chunks(partial, chunks, complete, sums, count, ((size_t)pair * GT + row) * GV + v,
                   begins);
}

/* g(i, j) = scale * the sums; g: (channels, channels), both halves. Dimensions: GT, pairs. */
FULL_WIDTH
__kernel void gram_finish(__global const uintv *restrict sums, __global float *restrict g, int pairs,
                          int channels, float scale)
{
    const int row = (int)get_global_id(0), pair = (int)get_global_id(1);
    if (row >= GT || pair >= pairs)
        return;
    int ti, tj;
    tile_of_pair(pair, &ti, &tj);
    const int i = ti * GT + row;
    const size_t count = (size_t)pairs * GT * GV;
    for (int v = 0; v < GV; v++) {
        const struct fixed sum = load_fixed(sums, count, ((size_t)pair * GT + row) * GV + v);
        float lanes[VW];
        STORE_LANES(scale * fixed_value(&sum), lanes);
        for (int lane = 0; lane < VW; lane++) {
            const int j = tj * GT + v * VW + lane;
            g[(size_t)i * channels + j] = lanes[lane];
            if (ti != tj)
                g[(size_t)j * channels + i] = lanes[lane];
        }
    }
}

/*
 * The difference to the target: sums[part] = shares of the sum of (g - target)^2, and d = g - target
 * laid out as the weights of a 1x1 convolution (conv_direct.cl with TAPS = 1 and CV), so that
 * d F is the style gradient up to its factor. Dimension: PARTS.
 */
__kernel void gram_difference(__global const float *restrict g, __global const float *restrict target,
                              __global float *restrict d, __global float *restrict sums,
                              int sums_at, int channels, float factor)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int n = channels * channels;
    float sum = 0.0f;
    for (int e = SHARE_BEGIN(part, n); e < SHARE_END(part, n); e += SHARE_STEP) {
        const int out = e / channels, in = e % channels;
        const float difference = g[e] - target[e];
        sum += difference * difference;
        d[((size_t)(out / (CV * VW)) * channels + in) * CV * VW + out % (CV * VW)] =
            factor * difference;
    }
    sums[sums_at + part] = sum;
}
