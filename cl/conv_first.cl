/* SPDX-License-Identifier: MIT */
/*
 * The 3x3 convolution between a planar picture (3, plane) and a blocked tensor, both ways, and the
 * part of the gradient that reaches the picture through a replicated edge. All are computed for `rows`
 * rows from row `first` on.
 */

/* y = max(conv(x) + bias, 0), or conv(x) with STORE_ONLY. x: (3, plane); w: (27, blocks, VW), tap
 * within channel; y: (blocks, plane, VW). FIRST_RUN positions of one block per work-item. */
FULL_WIDTH
__kernel void conv_first_fwd(__global const float *restrict x, __global const floatv *restrict w,
                             __global floatv *restrict y, __global const floatv *restrict bias,
                             int blocks, int height, int width, int first, int rows)
{
    const int pitch = PITCH(width), plane = PLANE(height, width), span = SPAN(rows, width);
    const int begin = (int)get_global_id(0) * FIRST_RUN;
    const int block = (int)get_global_id(1);
    if (begin >= span || block >= blocks)
        return;

    floatv acc[FIRST_RUN];
#pragma unroll
    for (int t = 0; t < FIRST_RUN; t++)
#ifdef STORE_ONLY
        acc[t] = (floatv)(0.0f);
#else
        acc[t] = bias[block];
#endif

    const int position = FIRST(width) + first * pitch + begin;
    for (int row = 0; row < 9; row++) {
        const int shift = (row % 3 - 1) * pitch - 1;
        __global const float *xp = x + (size_t)(row / 3) * plane + position + shift;
#pragma unroll
        for (int kx = 0; kx < 3; kx++) {
            const floatv wv = w[(row * 3 + kx) * blocks + block];
#pragma unroll
            for (int t = 0; t < FIRST_RUN; t++)
                acc[t] = wv * (floatv)(xp[t + kx]) + acc[t];
        }
    }

    int column = begin % pitch;
#pragma unroll
    for (int t = 0; t < FIRST_RUN; t++) {
        if (column < width && begin + t < span)
#ifdef STORE_ONLY
            y[(size_t)block * plane + position + t] = acc[t];
#else
            y[(size_t)block * plane + position + t] = rectified(acc[t]);
#endif
        if (++column == pitch)
            column = 0;
    }
}

/* y = conv(x). x: (blocks, plane, VW); w: (blocks, 9, 3, VW); y: (3, plane). FIRST_RUN positions each. */
FULL_WIDTH
__kernel void conv_first_bwd(__global const floatv *restrict x, __global const floatv *restrict w,
                             __global float *restrict y, int blocks, int height, int width,
                             int first, int rows)
{
    const int pitch = PITCH(width), plane = PLANE(height, width), span = SPAN(rows, width);
    const int begin = (int)get_global_id(0) * FIRST_RUN;
    if (begin >= span)
        return;

    floatv acc[3][FIRST_RUN];
#pragma unroll
    for (int c = 0; c < 3; c++)
#pragma unroll
        for (int t = 0; t < FIRST_RUN; t++)
            acc[c][t] = (floatv)(0.0f);

    const int position = FIRST(width) + first * pitch + begin;
    for (int block = 0; block < blocks; block++) {
        for (int tap = 0; tap < 9; tap++) {
            const int shift = (tap / 3 - 1) * pitch + tap % 3 - 1;
            __global const floatv *xp = x + (size_t)block * plane + position + shift;
            __global const floatv *wp = w + (block * 9 + tap) * 3;
            const floatv w0 = wp[0], w1 = wp[1], w2 = wp[2];
#pragma unroll
            for (int t = 0; t < FIRST_RUN; t++) {
                const floatv v = xp[t];
                acc[0][t] = w0 * v + acc[0][t];
                acc[1][t] = w1 * v + acc[1][t];
                acc[2][t] = w2 * v + acc[2][t];
            }
        }
    }

    int column = begin % pitch;
#pragma unroll
    for (int t = 0; t < FIRST_RUN; t++) {
        if (column < width && begin + t < span) {
#pragma unroll
            for (int c = 0; c < 3; c++)
                y[(size_t)c * plane + position + t] = sum_lanes(acc[c][t]);
        }
        if (++column == pitch)
            column = 0;
    }
}

/*
 * y += the gradient that arrives at the halo pixels which replicate an edge pixel. One work-item
 * per edge pixel and colour channel; `edge` counts the top row, the bottom row, then left and right
 * columns between them. Where the picture goes on above or below, as one of which this is a band,
 * there is no edge but at the sides. x, w, y as in conv_first_bwd.
 */
FULL_WIDTH
__kernel void conv_first_bwd_replicate(__global const floatv *restrict x,
                                       __global const floatv *restrict w, __global float *y,
                                       int blocks, int height, int width, int first, int rows,
                                       int edges, int above, int below)
{
    const int edge = (int)get_global_id(0), c = (int)get_global_id(1);
    if (edge >= edges || c >= 3)
        return;
    int row, col;
    if (edge < width) {
        row = 0;
        col = edge;
    } else if (edge < 2 * width) {
        row = height - 1;
        col = edge - width;
    } else {
        const int side = edge - 2 * width;
        row = 1 + side / 2;
        col = side % 2 ? width - 1 : 0;
    }
    if (row < first || row >= first + rows)
        return;

    const int pitch = PITCH(width), plane = PLANE(height, width);
    const int top = -above, end = height + below; /* of the rows that there are */
    floatv acc = (floatv)(0.0f);
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            /* (hy, hx): a position of the padded picture; it copies this pixel if clamping it does. */
            const int hy = row + dy, hx = col + dx;
            if ((hy >= top && hy < end && hx >= 0 && hx < width) ||
                clamp(hy, top, end - 1) != row || clamp(hx, 0, width - 1) != col)
                continue;
            for (int tap = 0; tap < 9; tap++) {
                const int gy = hy + tap / 3 - 1, gx = hx + tap % 3 - 1;
                if (gy < top || gy >= end || gx < 0 || gx >= width)
                    continue;
                const size_t at = (size_t)(gy + 1) * pitch + gx + 1;
                for (int block = 0; block < blocks; block++)
                    acc = w[(block * 9 + tap) * 3 + c] * x[(size_t)block * plane + at] + acc;
            }
        }
    }
    y[(size_t)c * plane + (row + 1) * pitch + col + 1] += sum_lanes(acc);
}
