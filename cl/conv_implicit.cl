/* SPDX-License-Identifier: MIT */
/*
 * Convolution as an implicit matrix product on tile.cl, TAPS = 9 (3x3) or 1 (1x1): weights times the
 * columns that im2col would lay out, read from where they are. Rows of the product are output
 * channels, columns are positions, the summed dimension is taps and input channels. VW is 4. With one
 * tap, `epilogue` are store_pointwise's flags and aux is its bias.
 *
 * x: (in_blocks, plane, 4); y, aux as mask: (out_blocks, plane, 4); aux as bias: (out_blocks, 4)
 * w: (out_blocks / CV, in_blocks, TAPS, 4 input channels, CV, 4 output channels)
 * in_blocks are a multiple of TS / 4, out_blocks of TS, and TS is one of CV.
 */

/* For `rows` rows from row `first` on. Dimensions: positions / 4, out_blocks. */
__kernel __attribute__((reqd_work_group_size(TS, TS, 1))) void
conv_implicit(__global const float4 *restrict x, __global const float4 *restrict w,
              __global float4 *y, __global const float4 *aux, int out_blocks, int in_blocks,
              int height, int width, int first, int rows, int epilogue
#if TAPS == 1
              , __global const float *restrict weight, int weight_at
#endif
)
{
    __local slab_row left[TS], right[TS];
    const int lx = (int)get_local_id(0), ly = (int)get_local_id(1);
    const int pitch = PITCH(width), plane = PLANE(height, width), span = SPAN(rows, width);
    const int start = FIRST(width) + first * pitch;
    /* Launches may be cut by offsets, so the tile comes from the global id, not the group id. */
    const int column = ((int)get_global_id(0) - lx) * 4;
    const int vector = (int)get_global_id(1) - ly;

    /* What this work-item loads of each slab: one vector of weights, for output vector `vector + to` of
     * its input channel `from`; one of x, for input vector `block` at a position of the tile. */
    const int item = ly * TS + lx;
    const int to = item / (CV * TS) * CV + item % CV, from = item / CV % TS;
    const int block = item / TILE, position = item % TILE;
    /* Beyond the last position it is read once more, so that nothing is read beyond the halo. */
    const int at = start + min(column + position, span - 1);
    __global const float4 *wp =
        w + ((size_t)((vector + to) / CV) * in_blocks * TAPS * 4 + from % 4) * CV + (vector + to) % CV;

    float4 total[4];
#pragma unroll
    for (int j = 0; j < 4; j++)
        total[j] = (float4)(0.0f);
    for (int tap = 0; tap < TAPS; tap++) {
        const int shift = TAPS == 9 ? (tap / 3 - 1) * pitch + tap % 3 - 1 : 0;
        for (int in = 0; in < in_blocks; in += TS / 4) {
            left[from][to] = wp[(size_t)((in + from / 4) * TAPS + tap) * 4 * CV];
            const float4 v = x[(size_t)(in + block) * plane + at + shift];
            SLAB(right, 4 * block, position) = v.x;
            SLAB(right, 4 * block + 1, position) = v.y;
            SLAB(right, 4 * block + 2, position) = v.z;
            SLAB(right, 4 * block + 3, position) = v.w;
            barrier(CLK_LOCAL_MEM_FENCE);
            multiply_slab(left, right, lx, ly, total);
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        const int here = column + lx + j * TS;
        const size_t to_y = (size_t)(vector + ly) * plane + start + here;
        if (here < span && here % pitch < width && vector + ly < out_blocks)
#if TAPS == 1
            store_pointwise(epilogue, y, aux, weight, to_y, vector + ly, weight_at + start + here,
                            total[j]);
#else
            store_by(epilogue, y, aux, to_y, vector + ly, VW, total[j]);
#endif
    }
}
