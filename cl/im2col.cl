/* SPDX-License-Identifier: MIT */
/*
 * Convolution as a matrix product, for a chunk of positions at a time: im2col lays the 3x3
 * neighbourhoods out as columns, GEMM multiplies, unpack brings the product back into the tensor.
 * Tensors are given with their lanes as an argument, so planar pictures (lanes = 1) are welcome.
 */

/* col[(c * 9 + tap) * ld + q] = x(c, position first + q + tap's shift), for q < count; 0 from there
 * to ld. One work-item per column and channel. */
__kernel void im2col(__global const float *restrict x, __global float *restrict col, int channels,
                     int lanes, int height, int width, int first, int count, int ld)
{
    const int q = (int)get_global_id(0), c = (int)get_global_id(1);
    if (q >= ld || c >= channels)
        return;
    const int pitch = PITCH(width), plane = PLANE(height, width);
    __global const float *base = x + (size_t)(c / lanes) * plane * lanes + c % lanes;
    const int position = FIRST(width) + first + q;
    for (int tap = 0; tap < 9; tap++) {
        const int shift = (tap / 3 - 1) * pitch + tap % 3 - 1;
        col[((size_t)c * 9 + tap) * ld + q] =
            q < count ? base[(size_t)(position + shift) * lanes] : 0.0f;
    }
}

/* y(c, position first + q) from product[product_at + c * ld + q] by the epilogue (common.cl). */
__kernel void unpack(__global const float *restrict product, __global float *y,
                     __global const float *aux, int channels, int lanes, int height, int width,
                     int first, int count, int ld, int product_at, int epilogue)
{
    const int q = (int)get_global_id(0), c = (int)get_global_id(1);
    if (q >= count || c >= channels || (first + q) % PITCH(width) >= width)
        return;
    const int plane = PLANE(height, width);
    const size_t at =
        ((size_t)(c / lanes) * plane + FIRST(width) + first + q) * lanes + c % lanes;
    const float r = product[product_at + (size_t)c * ld + q];
    store_by(epilogue, y, aux, at, c, lanes, r);
}
