/* SPDX-License-Identifier: MIT */
/*
 * Direct convolution, TAPS = 9 (3x3) or 1 (1x1): the sum over input channels and taps of w * x, then
 * the epilogue (common.cl), or with one tap store_pointwise's flags in its place and bias as aux, for
 * `rows` rows from row `first` on. A work-item computes CV vectors of VW
 * output channels at TB consecutive positions and keeps them in registers: CV * TB accumulators, CV
 * weights, one input value. No work-item talks to another, so any work-group size will do.
 *
 * x: (in_blocks, plane, VW); y, aux as mask: (out_blocks, plane, VW); aux as bias: (out_blocks, VW)
 * w: (out_blocks / CV, in_blocks, TAPS, VW input channels, CV, VW output channels)
 */

/* From weights packed for the opposite direction, (in_vectors / CV, out_vectors, 9, VW, CV, VW), those of
 * its gradient, flipped and transposed: (out_vectors / CV, in_vectors, 9, VW, CV, VW). Dimensions:
 * in_vectors, out_vectors, 9. */
__kernel void reverse_weights(__global const floatv *restrict w, __global floatv *restrict reversed,
                              int in_vectors, int out_vectors)
{
    const int in = (int)get_global_id(0), out = (int)get_global_id(1), tap = (int)get_global_id(2);
    if (in >= in_vectors || out >= out_vectors || tap >= 9)
        return;
    floatv g[VW];
    __global const floatv *from =
        w + (((size_t)(in / CV) * out_vectors + out) * 9 + tap) * VW * CV + in % CV;
    for (int c = 0; c < VW; c++)
        g[c] = from[c * CV];
    transpose(g);
    __global floatv *to =
        reversed + (((size_t)(out / CV) * in_vectors + in) * 9 + 8 - tap) * VW * CV + out % CV;
    for (int c = 0; c < VW; c++)
        to[c * CV] = g[c];
}

FULL_WIDTH
__kernel void conv_direct(__global const float *restrict x, __global const floatv *restrict w,
                          __global floatv *y, __global const floatv *aux, int out_blocks,
                          int in_blocks, int height, int width, int first, int rows, int epilogue
#if TAPS == 1
                          , __global const float *restrict weight, int weight_at
#endif
)
{
    const int pitch = PITCH(width), plane = PLANE(height, width), span = SPAN(rows, width);
    const int begin = (int)get_global_id(0) * TB;
    const int group = (int)get_global_id(1);
    if (begin >= span || group * CV >= out_blocks)
        return;

    const floatv zero = (floatv)(0.0f);
    floatv acc[CV][TB];
#pragma unroll
    for (int j = 0; j < CV; j++)
#pragma unroll
        for (int t = 0; t < TB; t++)
            acc[j][t] = zero;

    const int position = FIRST(width) + first * pitch + begin;
    __global const floatv *wp = w + (size_t)group * in_blocks * TAPS * VW * CV;
    for (int block = 0; block < in_blocks; block++) {
        for (int tap = 0; tap < TAPS; tap++) {
            const int shift = TAPS == 9 ? (tap / 3 - 1) * pitch + tap % 3 - 1 : 0;
            __global const float *xp = x + ((size_t)block * plane + position + shift) * VW;
#if VW == 4
            /* GPUs: one vector load per pixel instead of four scalar ones. */
            floatv xv[TB];
#pragma unroll
            for (int t = 0; t < TB; t++)
                xv[t] = vload4(t, xp);
#define INPUT(t, c) ((c) == 0 ? xv[t].x : (c) == 1 ? xv[t].y : (c) == 2 ? xv[t].z : xv[t].w)
#pragma unroll
#else
#define INPUT(t, c) xp[(t) * VW + (c)]
#pragma unroll 4
#endif
            for (int c = 0; c < VW; c++) {
                floatv wv[CV];
#pragma unroll
                for (int j = 0; j < CV; j++)
                    wv[j] = wp[j];
                wp += CV;
                FETCH(xp + (TB + c) * VW, 0); /* positions of the next work-items */
#pragma unroll
                for (int t = 0; t < TB; t++) {
                    const floatv v = (floatv)(INPUT(t, c));
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        acc[j][t] = wv[j] * v + acc[j][t];
                }
            }
        }
    }

    int column = begin % pitch;
#pragma unroll
    for (int t = 0; t < TB; t++) {
#pragma unroll
        for (int j = 0; j < CV; j++)
            FETCH(y + (size_t)(group * CV + j) * plane + position + TB + t, 1);
        if (column < width && begin + t < span) {
#pragma unroll
            for (int j = 0; j < CV; j++) {
                const size_t at = (size_t)(group * CV + j) * plane + position + t;
#if TAPS == 1
                store_pointwise(epilogue, y, aux, weight, at, group * CV + j,
                                weight_at + position + t, acc[j][t]);
#else
                store_by(epilogue, y, aux, at, group * CV + j, VW, acc[j][t]);
#endif
            }
        }
        if (++column == pitch)
            column = 0;
    }
}
