/* SPDX-License-Identifier: MIT */
/*
 * Convolutions of any size, stride and phase: src/ops/conv_any.h. One kernel does the products, others
 * pack its weights and finish the last layer.
 *
 * Packed weights are (groups, blocks, taps, VW input channels, CV, VW output channels), blocks of
 * VW input channels, as conv_direct's; from planar pictures (groups, 3, taps, CV, VW).
 */

/*
 * Where a sum's taps lie: weights[at], summed over an interval of each axis of the kernel, which tap t has
 * from low + slope * t to high + slope * t, as far as it is within 0 .. size - 1. Channels beyond `in` and
 * `out` are zero. With `spread`, each output has the columns of the kernel as channels of their own:
 * channel n is column n % size of output n / size.
 * Dimensions: input channels, rounded up to whole blocks, of blocks * lanes; vectors of output channels.
 */
__kernel void conv_any_pack(__global const float *restrict weights, int at,
                            __global floatv *restrict packed, int packed_at, int in, int out,
                            int in_stride, int out_stride, int size, int down, int across,
                            int low_down, int high_down, int low_across, int high_across, int slope,
                            int spread, int blocks, int lanes, int vectors, int group)
{
    const int i = (int)get_global_id(0), vector = (int)get_global_id(1);
    if (i >= blocks * lanes || vector >= vectors)
        return;
    __global floatv *to = packed + packed_at +
                          ((size_t)(vector / group * blocks + i / lanes) * (down * across) * lanes +
                           i % lanes) * group + vector % group;
    for (int tap = 0; tap < down * across; tap++) {
        const int ty = tap / across * slope, tx = tap % across * slope;
        float sum[VW];
        for (int lane = 0; lane < VW; lane++) {
            const int n = vector * VW + lane, o = spread ? n / size : n;
            const int first = spread ? n % size : max(low_across + tx, 0);
            const int last = spread ? first : min(high_across + tx, size - 1);
            __global const float *from =
                weights + at + (size_t)o * out_stride + (size_t)i * in_stride;
            sum[lane] = 0.0f;
            for (int ky = max(low_down + ty, 0); ky <= min(high_down + ty, size - 1); ky++)
                for (int kx = first; kx <= last; kx++)
                    sum[lane] += o < out && i < in ? from[ky * size + kx] : 0.0f;
        }
        floatv v;
        for (int lane = 0; lane < VW; lane++)
            ((float *)&v)[lane] = sum[lane];
        to[(size_t)tap * lanes * group] = v;
    }
}

/*
 * The last layer's planar picture, y[o][row][col] = [bias[o] +] the sum over k of channel o * size + k of
 * `work` at column col + k. work: (vectors, work_plane, VW), `rows` rows of cols + size - 1 columns each.
 * A work-item does `run` columns of a row. Dimensions: runs of all rows, 3.
 */
__kernel void conv_any_planes(__global const float *restrict work, int work_plane,
                              __global float *restrict y, int y_pitch, int y_plane, int y_from,
                              __global const float *restrict bias, int bias_at, int biased, int size,
                              int rows, int cols, int run)
{
    const int runs = (cols + run - 1) / run, o = (int)get_global_id(1);
    const int row = (int)get_global_id(0) / runs, begin = (int)get_global_id(0) % runs * run;
    if (row >= rows || o >= 3)
        return;
    const float first = biased ? bias[bias_at + o] : 0.0f;
    __global float *to = y + (size_t)o * y_plane + y_from + row * y_pitch;
    for (int col = begin; col < min(begin + run, cols); col++) {
        float sum = first;
        for (int k = 0; k < size; k++) {
            const int n = o * size + k;
            const int position = row * (cols + size - 1) + col + k;
            sum += work[((size_t)(n / VW) * work_plane + position) * VW + n % VW];
        }
        to[col] = sum;
    }
}

#ifdef CV

#ifdef PLANAR_IN
#define LANES 1
#else
#define LANES VW
#endif

/* x at the first tap of the first block for an output, and the window that slides. */
struct window {
    int in, pitch, plane, down, across;
};

/* The sums of one position, for what is left of rows narrower than a tile. */
static inline void sum_one(struct window s, __global const float *x, __global const floatv *wp,
                           floatv acc[CV])
{
    for (int first = 0; first < s.in; first += LANES, x += (size_t)s.plane * LANES)
        for (int ty = 0; ty < s.down; ty++)
            for (int tx = 0; tx < s.across; tx++, wp += LANES * CV) {
                __global const float *xp = x + (ty * s.pitch + tx) * LANES;
                for (int c = 0; c < min(LANES, s.in - first); c++)
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        acc[j] = wp[c * CV + j] * (floatv)(xp[c]) + acc[j];
            }
}

/* The sums of TB positions side by side. */
static inline void sum_tile(struct window s, __global const float *x, __global const floatv *wp,
                            floatv acc[CV][TB])
{
    for (int first = 0; first < s.in; first += LANES, x += (size_t)s.plane * LANES)
        for (int ty = 0; ty < s.down; ty++)
            for (int tx = 0; tx < s.across; tx++, wp += LANES * CV) {
                __global const float *xp = x + (ty * s.pitch + tx) * LANES;
#if VW == 4 && !defined(PLANAR_IN)
                /* GPUs: one vector load per pixel instead of four scalar ones. */
                floatv xv[TB];
#pragma unroll
                for (int t = 0; t < TB; t++)
                    xv[t] = vload4(t * STRIDE, xp);
#define INPUT(t, c) ((c) == 0 ? xv[t].x : (c) == 1 ? xv[t].y : (c) == 2 ? xv[t].z : xv[t].w)
#define CHANNELS VW
#pragma unroll
#else
#define INPUT(t, c) xp[(t) * STRIDE * LANES + (c)]
#ifdef PLANAR_IN
#define CHANNELS 1
#else
                const int channels = min(VW, s.in - first);
#define CHANNELS channels
#endif
#pragma unroll 4
#endif
                for (int c = 0; c < CHANNELS; c++) {
                    floatv wv[CV];
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        wv[j] = wp[c * CV + j];
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

/*
 * y at y_from + step * (row * y_pitch + col) = the sum over a window, down x across, of w times x from
 * x_from + STRIDE * (row * x_pitch + col) on, for rows x cols of them. Positions, pitches and planes count
 * pixels. x: (in / VW, x_plane, VW), or planar (in, x_plane); y: (vectors, y_plane, VW). Of a block's
 * channels only those before `in` are read.
 *
 * A work-item does `run` columns of a row, in tiles of CV vectors times TB positions. The last tile is
 * moved back into the row, and stores what is new. So nothing outside the windows is read.
 * Dimensions: runs of all rows, vectors / CV.
 */
FULL_WIDTH
__kernel void conv_any(__global const float *restrict x, int x_pitch, int x_plane, int x_from,
                       __global floatv *restrict y, int y_pitch, int y_plane, int y_from,
                       __global const floatv *restrict w, int w_at, int in, int vectors, int down,
                       int across, int step, int rows, int cols, int run)
{
    const int runs = (cols + run - 1) / run, group = (int)get_global_id(1);
    const int row = (int)get_global_id(0) / runs, begin = (int)get_global_id(0) % runs * run;
    if (row >= rows || group * CV >= vectors)
        return;
    const struct window s = {in, x_pitch, x_plane, down, across};
    const floatv zero = (floatv)(0.0f);
    const int end = min(begin + run, cols), blocks = (in + LANES - 1) / LANES;
    __global const floatv *wp = w + w_at + (size_t)group * blocks * down * across * LANES * CV;
    __global const float *from = x + (size_t)(x_from + STRIDE * row * x_pitch) * LANES;
    __global floatv *to = y + (size_t)group * CV * y_plane + y_from + step * row * y_pitch;
    if (cols < TB) {
        for (int col = begin; col < end; col++) {
            floatv acc[CV];
#pragma unroll
            for (int j = 0; j < CV; j++)
                acc[j] = zero;
            sum_one(s, from + STRIDE * col * LANES, wp, acc);
#pragma unroll
            for (int j = 0; j < CV; j++)
                to[(size_t)j * y_plane + step * col] = acc[j];
        }
        return;
    }
    for (int tile = begin; tile < end; tile += TB) {
        const int first = min(tile, cols - TB);
        floatv acc[CV][TB];
#pragma unroll
        for (int j = 0; j < CV; j++)
#pragma unroll
            for (int t = 0; t < TB; t++)
                acc[j][t] = zero;
        sum_tile(s, from + STRIDE * first * LANES, wp, acc);
#pragma unroll
        for (int t = 0; t < TB; t++)
            if (first + t >= tile)
#pragma unroll
                for (int j = 0; j < CV; j++)
                    to[(size_t)j * y_plane + step * (first + t)] = acc[j][t];
    }
}

#endif
