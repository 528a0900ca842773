/* SPDX-License-Identifier: MIT */
/*
 * What a style network makes of two pictures of one thing, held against each other: maps of features
 * (cl/map.cl) that are carried along a flow (cl/warp.cl), weighted squares of their difference, and its
 * gradient. Flows are (2, height, width), weights (height, width). Maps have margins, which nothing here
 * reads or writes.
 */

/* The row of a map around a point. */
static inline floatv cubic_vectors(__global const floatv *restrict row, int4 x, float4 weights)
{
    return (weights.x * row[x.x] + weights.y * row[x.y]) +
           (weights.z * row[x.z] + weights.w * row[x.w]);
}

/* y(row, col) = x(row + v, col + u), bicubic; beyond its edges x goes on as its edge pixels. Both have
 * `wide`. Dimensions: width / COLUMNS, height, blocks. */
__kernel FULL_WIDTH void features_warp(__global const floatv *restrict x, __global const float *restrict flow,
                            __global floatv *restrict y, int blocks, int height, int width, int wide)
{
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (row >= height || block >= blocks)
        return;
    FOR_COLUMNS(col, width) {
        const int at = row * width + col;
        const float u = flow[at], v = flow[height * width + at];
        const float4 across = cubic_weights(u - floor(u)), down = cubic_weights(v - floor(v));
        const int4 columns = pixels_around(pixel_before(col, u, width), width);
        const int4 rows = pixels_around(pixel_before(row, v, height), height);
        __global const floatv *from = x + pixel(height, width, wide, block, 0, 0);
        const int pitch = width + 2 * wide;
        y[pixel(height, width, wide, block, row, col)] =
            (down.x * cubic_vectors(from + rows.x * pitch, columns, across) +
             down.y * cubic_vectors(from + rows.y * pitch, columns, across)) +
            (down.z * cubic_vectors(from + rows.z * pitch, columns, across) +
             down.w * cubic_vectors(from + rows.w * pitch, columns, across));
    }
}

/* Shares of two sums over all channels: sums[sums_at + part] of weight * (x - target)^2, and PARTS further
 * on of weight * target^2. Both maps have `wide`. Dimension: PARTS. */
__kernel FULL_WIDTH void features_sum(__global const floatv *restrict x, __global const floatv *restrict target,
                           __global const float *restrict weight, __global float *restrict sums,
                           int sums_at, int blocks, int height, int width, int wide)
{
    const int part = (int)get_global_id(0), n = height * width;
    if (part >= PARTS)
        return;
    floatv apart = (floatv)(0.0f), energy = apart;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP)
        for (int block = 0; block < blocks; block++) {
            const size_t at = pixel(height, width, wide, block, i / width, i % width);
            const floatv d = x[at] - target[at];
            apart += weight[i] * (d * d);
            energy += weight[i] * (target[at] * target[at]);
        }
    sums[sums_at + part] = sum_lanes(apart);
    sums[sums_at + PARTS + part] = sum_lanes(energy);
}

/* gradient += factor * weight * (x - target). The gradient has a margin of its own. Dimensions:
 * width / COLUMNS, height, blocks. */
__kernel FULL_WIDTH void features_bwd(__global const floatv *restrict x, __global const floatv *restrict target,
                           __global const float *restrict weight, __global floatv *restrict gradient,
                           int blocks, int height, int width, int wide, int grad_wide, float factor)
{
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (row >= height || block >= blocks)
        return;
    FOR_COLUMNS(col, width) {
        const size_t at = pixel(height, width, wide, block, row, col);
        gradient[pixel(height, width, grad_wide, block, row, col)] +=
            (factor * weight[row * width + col]) * (x[at] - target[at]);
    }
}
