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
 * channel n is column n % size of output n / size. `paired`, where not 0: half a vector is all channels, and
 * the other half does the same so many taps later, which is the next output.
 * Dimensions: input channels, rounded up to whole blocks, of blocks * lanes; vectors of output channels.
 */
__kernel void conv_any_pack(__global const float *restrict weights, int at,
                            __global floatv *restrict packed, int packed_at, int in, int out,
                            int in_stride, int out_stride, int size, int down, int across,
                            int low_down, int high_down, int low_across, int high_across, int slope,
                            int spread, int paired, int blocks, int lanes, int vectors, int group)
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
            const int n = vector * VW + lane;
            const int o = spread ? n / size : paired ? n % (VW / 2) : n;
            const int later = n >= VW / 2 ? paired * slope : 0;
            const int first = spread ? n % size : max(low_across + tx - later, 0);
            const int last = spread ? first : min(high_across + tx - later, size - 1);
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
 * Dimensions: pixels, 3.
 */
__kernel void conv_any_planes(__global const float *restrict work, int work_plane,
                              __global float *restrict y, int y_pitch, int y_plane, int y_from,
                              __global const float *restrict bias, int bias_at, int biased, int size,
                              int rows, int cols)
{
    const int row = (int)get_global_id(0) / cols, col = (int)get_global_id(0) % cols;
    const int o = (int)get_global_id(1);
    if (row >= rows || o >= 3)
        return;
    float sum = 0.0f;
    for (int k = 0; k < size; k++) {
        const int n = o * size + k, position = row * (cols + size - 1) + col + k;
        sum += work[((size_t)(n / VW) * work_plane + position) * VW + n % VW];
    }
    y[(size_t)o * y_plane + y_from + row * y_pitch + col] =
        biased ? sum + bias[bias_at + o] : sum;
}

#ifdef SIZE
/* Vectors of a position's sums, of which output o has those from o * SIZE on. */
#define VECTORS ((3 * SIZE + VW - 1) / VW)
#if VW == 16
#define LANE_NUMBERS (intv)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define LAST(v) (v).sf
#define MOVED(first, v) (floatv)((first), (v).s012, (v).s3456, (v).s789abcde)
#elif VW == 8
#define LANE_NUMBERS (intv)(0, 1, 2, 3, 4, 5, 6, 7)
#define LAST(v) (v).s7
#define MOVED(first, v) (floatv)((first), (v).s012, (v).s3456)
#else
#define LANE_NUMBERS (intv)(0, 1, 2, 3)
#define LAST(v) (v).s3
#define MOVED(first, v) (floatv)((first), (v).s012)
#endif

/*
 * The same for CPUs, a row at a time: sums move up by a channel with each column, so that the last of an
 * output's channels has all of them. Dimension: rows.
 */
FULL_WIDTH
__kernel void conv_any_planes_row(__global const floatv *restrict work, int work_plane,
                                  __global float *restrict y, int y_pitch, int y_plane, int y_from,
                                  __global const float *restrict bias, int bias_at, int biased,
                                  int rows, int cols)
{
    const int row = (int)get_global_id(0), ends = SIZE - 1;
    if (row >= rows)
        return;
    const floatv zero = (floatv)(0.0f);
    floatv sums[VECTORS];
    float first[3];
    for (int o = 0; o < 3; o++)
        first[o] = biased ? bias[bias_at + o] : 0.0f;
#pragma unroll
    for (int j = 0; j < VECTORS; j++)
        sums[j] = zero;
    __global const floatv *from = work + (size_t)row * (cols + ends);
    __global float *to = y + y_from + row * y_pitch;
    for (int col = -ends; col < cols; col++, from++) {
#pragma unroll
        for (int j = VECTORS - 1; j >= 0; j--) {
            const floatv moved = MOVED(j > 0 ? LAST(sums[j > 0 ? j - 1 : 0]) : 0.0f, sums[j]);
            const intv begins = (LANE_NUMBERS + j * VW) % SIZE == 0;
            sums[j] = select(moved, zero, begins) + from[(size_t)j * work_plane];
        }
        if (col >= 0)
#pragma unroll
            for (int o = 0; o < 3; o++) {
                const int n = o * SIZE + ends;
                const floatv all = sums[n / VW];
                to[(size_t)o * y_plane + col] = ((const float *)&all)[n % VW] + first[o];
            }
    }
}
#endif

#ifdef CV

#ifdef PLANAR_IN
#define LANES 1
#else
#define LANES VW
#endif

/*
 * PAIRED: the halves of a vector are two outputs side by side, each of at most VW / 2 channels. The taps of
 * both are one window, which is little wider than one's. Without, half of all products would be zero.
 */
#ifdef PAIRED
#define TOGETHER 2
static inline floatv sums_at(__global const floatv *y, int step)
{
    floatv sums;
    sums.lo = y[0].lo;
    sums.hi = y[step].lo;
    return sums;
}
static inline void store_one(__global floatv *y, floatv sums)
{
    floatv one = (floatv)(0.0f);
    one.lo = sums.lo;
    y[0] = one;
}
/* Of two columns from `col` on, those from `least` on. */
static inline void store_at(__global floatv *y, int step, int col, int least, floatv sums)
{
    floatv first = (floatv)(0.0f), second = first;
    first.lo = sums.lo;
    second.lo = sums.hi;
    if (col >= least)
        y[0] = first;
    if (col + 1 >= least)
        y[step] = second;
}
#else
#define TOGETHER 1
static inline floatv sums_at(__global const floatv *y, int step)
{
    return y[0];
}
static inline void store_one(__global floatv *y, floatv sums)
{
    y[0] = sums;
}
static inline void store_at(__global floatv *y, int step, int col, int least, floatv sums)
{
    if (col >= least)
        y[0] = sums;
}
#endif
#define EACH (TOGETHER * STRIDE) /* pixels of x from one sum to the next */

/* The window that slides, over planes of x. */
struct window {
    int pitch, plane, down, across;
};

/* The sums of one position, for rows narrower than a tile; never of two. */
static inline void sum_one(struct window s, int in, __global const float *x, __global const floatv *wp,
                           floatv acc[CV])
{
    const int beyond = (TOGETHER - 1) * STRIDE;
    for (int first = 0; first < in; first += LANES, x += (size_t)s.plane * LANES)
        for (int ty = 0; ty < s.down; ty++, wp += beyond * LANES * CV)
            for (int tx = 0; tx < s.across - beyond; tx++, wp += LANES * CV) {
                __global const float *xp = x + (ty * s.pitch + tx) * LANES;
                for (int c = 0; c < min(LANES, in - first); c++)
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        acc[j] = wp[c * CV + j] * (floatv)(xp[c]) + acc[j];
            }
}

/* acc += those of TB positions side by side. */
static inline void sum_tile(struct window s, int in, __global const float *x, __global const floatv *wp,
                            floatv acc[CV][TB])
{
    for (int first = 0; first < in; first += LANES, x += (size_t)s.plane * LANES)
        for (int ty = 0; ty < s.down; ty++)
            for (int tx = 0; tx < s.across; tx++, wp += LANES * CV) {
                __global const float *xp = x + (ty * s.pitch + tx) * LANES;
#if VW == 4 && !defined(PLANAR_IN)
                /* GPUs: one vector load per pixel instead of four scalar ones. */
                floatv xv[TB];
#pragma unroll
                for (int t = 0; t < TB; t++)
                    xv[t] = vload4(t * EACH, xp);
#define INPUT(t, c) ((c) == 0 ? xv[t].x : (c) == 1 ? xv[t].y : (c) == 2 ? xv[t].z : xv[t].w)
#define CHANNELS VW
#pragma unroll
#else
#define INPUT(t, c) xp[(t) * EACH * LANES + (c)]
#ifdef PLANAR_IN
#define CHANNELS 1
#else
                const int channels = min(VW, in - first);
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
 * A work-item does an area `high` times `run`, in tiles of CV vectors times TB positions of a row. The last
 * tile is moved back into the row, and stores what is new. So nothing outside the windows is read. `depth`
 * blocks of channels are done at a time for the whole area, so that their weights stay in the innermost cache.
 * `phases`, 1 or the four of an upsampling: the second of an axis begins a pixel later in x and y, and its
 * weights, w_phase of them, come behind the first one's.
 * Dimensions: areas, vectors / CV * phases; for CPUs the other way around (GROUPS_FIRST), so that neighbours
 * read the same rows, and write side by side.
 */
FULL_WIDTH
__kernel void conv_any(__global const float *restrict x, int x_pitch, int x_plane, int x_from,
                       __global floatv *y, int y_pitch, int y_plane, int y_from,
                       __global const floatv *restrict w, int w_at, int w_phase, int phases, int in,
                       int vectors, int down, int across, int step, int rows, int cols, int high, int run, int depth)
{
#ifdef GROUPS_FIRST
    const int item = (int)get_global_id(1), group = (int)get_global_id(0) / phases;
    const int phase = (int)get_global_id(0) % phases;
#else
    const int item = (int)get_global_id(0), group = (int)get_global_id(1) / phases;
    const int phase = (int)get_global_id(1) % phases;
#endif
    const int across_all = (cols + run - 1) / run;
    const int top = item / across_all * high, begin = item % across_all * run;
    if (top >= rows || group * CV >= vectors)
        return;
    const struct window s = {x_pitch, x_plane, down, across};
    const floatv zero = (floatv)(0.0f);
    const int bottom = min(top + high, rows), end = min(begin + run, cols);
    const int blocks = (in + LANES - 1) / LANES, block_vectors = down * across * LANES * CV;
    __global const floatv *wp = w + w_at + phase * w_phase + (size_t)group * blocks * block_vectors;
    __global const float *from = x + (size_t)(x_from + phase / 2 * x_pitch + phase % 2) * LANES;
    __global floatv *to = y + (size_t)group * CV * y_plane + y_from + phase / 2 * y_pitch + phase % 2;
    const bool narrow = cols < TB * TOGETHER;
    for (int row = top; narrow && row < bottom; row++)
        for (int col = begin; col < end; col++) {
            floatv acc[CV];
#pragma unroll
            for (int j = 0; j < CV; j++)
                acc[j] = zero;
            sum_one(s, in, from + (size_t)(STRIDE * (row * x_pitch + col)) * LANES, wp, acc);
#pragma unroll
            for (int j = 0; j < CV; j++)
                store_one(to + (size_t)j * y_plane + step * (row * y_pitch + col), acc[j]);
        }
    for (int done = 0; !narrow && done < blocks; done += depth) {
        const int left = min(in - done * LANES, depth * LANES);
        for (int row = top; row < bottom; row++) {
            __global const float *line =
                from + ((size_t)done * x_plane + STRIDE * row * x_pitch) * LANES;
            __global floatv *out = to + step * row * y_pitch;
            for (int tile = begin; tile < end; tile += TB * TOGETHER) {
                const int first = min(tile, cols - TB * TOGETHER);
                floatv acc[CV][TB];
#pragma unroll
                for (int j = 0; j < CV; j++)
#pragma unroll
                    for (int t = 0; t < TB; t++)
                        acc[j][t] =
                            done > 0
                                ? sums_at(out + (size_t)j * y_plane + step * (first + t * TOGETHER), step)
                                : zero;
                sum_tile(s, left, line + STRIDE * first * LANES, wp + (size_t)done * block_vectors,
                         acc);
#pragma unroll
                for (int t = 0; t < TB; t++)
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        store_at(out + (size_t)j * y_plane + step * (first + t * TOGETHER), step,
                                 first + t * TOGETHER, tile, acc[j][t]);
            }
        }
    }
}

#endif
