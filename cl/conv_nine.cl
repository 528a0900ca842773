/* SPDX-License-Identifier: MIT */
/*
 * Convolutions with 9x9 taps between feature maps and planar pictures of three channels, for CPUs:
 * src/ops/conv_nine.c.
 *
 * Along a row, nine taps are three times three, and so are pixels:
 *
 *     y(3 t + p) = the sum over b, j of w(3 b + j) x(3 (t + b) + p + j - 4)
 *
 * For one b that is Winograd's minimal filtering F(3, 3) (Lavin and Gray 2016): of the five inputs of tile
 * t + b and the three weights of b five products, of which three outputs are made. As tiles are as long as
 * thirds of the kernel, all b share the tiles' transforms: 15 products for 27, and no more transforms than
 * three taps would need. Rows are summed directly, so a row's bits depend on no other.
 *
 * The points are +-1/2, +-5/4 and infinity: the error is no larger than that of 81 plain products.
 *
 * V, the transformed rows, is (slots, POINTS, in, pitch): `pitch` tiles side by side. There are as many slots
 * as rows are in use at a time; row r is in slot r % slots. U, the transformed weights, is (groups, POINTS,
 * WINDOW, in, 3, OUT), OUT outputs of a group side by side.
 *
 * From a picture, lanes are channels: OUT is CV vectors, of TB tiles at a time. PAIRED: the halves of a vector
 * are two rows, each of at most VW / 2 channels, and the window is a row higher than one's. To a picture, lanes
 * are tiles: OUT is 3, of NV vectors of tiles in HIGH rows.
 */
#define TAPS 9
#define THIRD 3
#define POINTS 5
#define LEAD (TAPS / 2) /* pixels of a tile before its first output */
#define NEAR 0.5f       /* the points, and their squares */
#define NEAR2 0.25f
#define FAR 1.25f
#define FAR2 1.5625f

#if VW == 16
#define LOAD(from) vload16(0, from)
#elif VW == 8
#define LOAD(from) vload8(0, from)
#else
#define LOAD(from) vload4(0, from)
#endif

/* What must be inlined keeps its sums in registers. */
#ifdef __has_attribute
#if __has_attribute(always_inline)
#define WITHIN __attribute__((always_inline))
#endif
#endif
#ifndef WITHIN
#define WITHIN
#endif

static inline void transform_input(const floatv d[POINTS], floatv v[POINTS])
{
    const floatv even = d[3] - FAR2 * d[1], odd = NEAR * (d[2] - FAR2 * d[0]);
    const floatv far_even = d[3] - NEAR2 * d[1], far_odd = FAR * (d[2] - NEAR2 * d[0]);
    v[0] = even + odd;
    v[1] = even - odd;
    v[2] = far_even + far_odd;
    v[3] = far_even - far_odd;
    v[4] = d[4] - (NEAR2 + FAR2) * d[2] + (NEAR2 * FAR2) * d[0];
}

/* Point p's row is [1, p, p^2] over the product of its distances to the others. */
static inline void transform_weights(const float g[THIRD], float u[POINTS])
{
    const float near = 1.0f / (2.0f * NEAR * (NEAR2 - FAR2)), far = 1.0f / (2.0f * FAR * (FAR2 - NEAR2));
    u[0] = near * (g[0] + NEAR * g[1] + NEAR2 * g[2]);
    u[1] = -near * (g[0] - NEAR * g[1] + NEAR2 * g[2]);
    u[2] = far * (g[0] + FAR * g[1] + FAR2 * g[2]);
    u[3] = -far * (g[0] - FAR * g[1] + FAR2 * g[2]);
    u[4] = g[2];
}

static inline void transform_output(const floatv m[POINTS], floatv y[THIRD])
{
    const floatv s = m[0] + m[1], d = m[0] - m[1], t = m[2] + m[3], e = m[2] - m[3];
    y[0] = s + t;
    y[1] = NEAR * d + FAR * e;
    y[2] = NEAR2 * s + FAR2 * t + m[4];
}

#ifdef PAIRED
#define TOGETHER 2
#else
#define TOGETHER 1
#endif
#define WINDOW (TAPS + TOGETHER - 1)

/* U from weights (out, in, 9, 9), from float `at` on. Dimensions: outputs of all groups, channels of the
 * input. */
__kernel void nine_pack(__global const float *restrict weights, int at, __global float *restrict packed,
                        int in, int out, int groups)
{
    const int n = (int)get_global_id(0), i = (int)get_global_id(1);
    if (n >= groups * OUT || i >= in)
        return;
    const int o = n % (groups * OUT / TOGETHER), later = n / (groups * OUT / TOGETHER);
    for (int row = 0; row < WINDOW; row++)
        for (int b = 0; b < THIRD; b++) {
            const int tap = row - later;
            const bool there = o < out && tap >= 0 && tap < TAPS;
            __global const float *from =
                weights + at + (((size_t)o * in + i) * TAPS + tap) * TAPS + b * THIRD;
            float g[THIRD], u[POINTS];
            for (int j = 0; j < THIRD; j++)
                g[j] = there ? from[j] : 0.0f;
            transform_weights(g, u);
            for (int e = 0; e < POINTS; e++)
                packed[((((size_t)(n / OUT * POINTS + e) * WINDOW + row) * in + i) * THIRD + b) * OUT +
                       n % OUT] = u[e];
        }
}

/* ---- V ----------------------------------------------------------------------------------------------- */

/* Every third of 3 VW numbers, from the first, second or third on: their places in each third part. */
#if VW == 16
#define PLACES0(v) (v).s0369, (v).scf
#define PLACES1(v) (v).s147a, (v).sd
#define PLACES2(v) (v).s258b, (v).se
#elif VW == 8
#define PLACES0(v) (v).s036
#define PLACES1(v) (v).s147
#define PLACES2(v) (v).s25
#else
#define PLACES0(v) (v).s03
#define PLACES1(v) (v).s1
#define PLACES2(v) (v).s2
#endif
#if VW % 3 == 1
#define EVERY_THIRD(a, b, c, begin, next, last)                                                    \
    (floatv)(PLACES##begin(a), PLACES##last(b), PLACES##next(c))
#else
#define EVERY_THIRD(a, b, c, begin, next, last)                                                    \
    (floatv)(PLACES##begin(a), PLACES##next(b), PLACES##last(c))
#endif

/* VW numbers from `at` on, 0 beyond the first n. */
static inline floatv load_within(__global const float *from, int at, int n)
{
    floatv v = (floatv)(0.0f);
    if (at + VW <= n)
        return LOAD(from + at);
    for (int i = 0; i < VW; i++)
        if (at + i < n)
            ((float *)&v)[i] = from[at + i];
    return v;
}

/*
 * V of planar rows x, which begin LEAD pixels before the picture and have `reach` numbers that count, the
 * rest of the tiles being zero. Dimensions: rows, in.
 */
FULL_WIDTH
__kernel void nine_take_planes(__global const float *restrict x, int x_pitch, int x_plane, int x_from,
                               int reach, __global float *restrict v, int in, int pitch, int first,
                               int slots, int rows)
{
    const int row = (int)get_global_id(0), i = (int)get_global_id(1);
    if (row >= rows || i >= in)
        return;
    __global const float *from = x + (size_t)i * x_plane + x_from + row * x_pitch;
    __global float *to = v + ((size_t)(first + row) % slots * POINTS * in + i) * pitch;
    for (int tile = 0; tile < pitch; tile += VW) {
        floatv d[POINTS], t[POINTS];
#pragma unroll
        for (int side = 0; side < 2; side++) {
            const int at = THIRD * (tile + side);
            const floatv a = load_within(from, at, reach), b = load_within(from, at + VW, reach),
                         c = load_within(from, at + 2 * VW, reach);
            d[side * THIRD] = EVERY_THIRD(a, b, c, 0, 1, 2);
            d[side * THIRD + 1] = EVERY_THIRD(a, b, c, 1, 2, 0);
            if (side == 0)
                d[2] = EVERY_THIRD(a, b, c, 2, 0, 1);
        }
        transform_input(d, t);
#pragma unroll
        for (int e = 0; e < POINTS; e++)
            *(__global floatv *)(to + (size_t)e * in * pitch + tile) = t[e];
    }
}

/* v without its first lane, and `next` behind the others. */
#if VW == 16
#define MOVED(v, next) (floatv)((v).s123, (v).s4567, (v).s89ab, (v).scdef, (next))
#elif VW == 8
#define MOVED(v, next) (floatv)((v).s123, (v).s4567, (next))
#else
#define MOVED(v, next) (floatv)((v).s123, (next))
#endif

/* What normalises a pixel as it is read. */
struct norm {
    floatv mean, factor, summand;
    int relu;
};

static inline floatv normalised(struct norm n, floatv x)
{
    const floatv v = (x - n.mean) * n.factor + n.summand;
    return n.relu ? rectified(v) : v;
}

/* The pixels of VW tiles from `tile` on, by their place in a third and their channel: lanes are tiles. */
static inline void take_tiles(__global const floatv *from, int tile, int reach, struct norm n,
                              floatv p[THIRD][VW])
{
    for (int i = 0; i < VW; i++)
#pragma unroll
        for (int k = 0; k < THIRD; k++) {
            const int at = THIRD * (tile + i) + k;
            p[k][i] = at < reach ? normalised(n, from[at]) : (floatv)(0.0f);
        }
    for (int k = 0; k < THIRD; k++)
        transpose(p[k]);
}

/* The same of rows of vectors of channels, of which the first `in` count; with `normed` normalised by
 * `statistics`, and with `relu` not below 0 then. Dimensions: rows, blocks of channels. */
FULL_WIDTH
__kernel void nine_take_blocks(__global const floatv *restrict x, int x_pitch, int x_plane, int x_from,
                               int reach, __global float *restrict v, int in, int pitch, int first,
                               int slots, int rows, __global const floatv *restrict statistics,
                               int normed, int relu)
{
    const int row = (int)get_global_id(0), block = (int)get_global_id(1);
    if (row >= rows || block * VW >= in)
        return;
    const int blocks = (in + VW - 1) / VW;
    struct norm n = {(floatv)(0.0f), (floatv)(1.0f), (floatv)(0.0f), normed && relu};
    if (normed) {
        n.mean = statistics[STAT_MEAN * blocks + block];
        n.factor = statistics[STAT_FACTOR * blocks + block];
        n.summand = statistics[STAT_SUMMAND * blocks + block];
    }
    __global const floatv *from = x + (size_t)block * x_plane + x_from + row * x_pitch;
    __global float *to = v + ((size_t)((first + row) % slots) * POINTS * in + block * VW) * pitch;
    floatv p[2][THIRD][VW];
    take_tiles(from, 0, reach, n, p[0]);
    for (int tile = 0; tile < pitch; tile += VW) {
        const int now = tile / VW % 2;
        take_tiles(from, tile + VW, reach, n, p[1 - now]);
        for (int c = 0; c < min(VW, in - block * VW); c++) {
            floatv d[POINTS], t[POINTS];
#pragma unroll
            for (int k = 0; k < THIRD; k++)
                d[k] = p[now][k][c];
#pragma unroll
            for (int k = 0; k < 2; k++)
                d[THIRD + k] = MOVED(d[k], p[1 - now][k][c].s0);
            transform_input(d, t);
#pragma unroll
            for (int e = 0; e < POINTS; e++)
                *(__global floatv *)(to + ((size_t)e * in + c) * pitch + tile) = t[e];
        }
    }
}

#ifdef CV
/* ---- From a picture ---------------------------------------------------------------------------------- */

/* How many tiles are done at a time of what is left. */
#define FEW ((TB + 2) / 3)

/* acc = the sums of one point, of `count` tiles. v: the point's part of slot 0, at the first tile; row: the
 * first row that is read, of `window`. step: 1. If compilers knew, they would keep what one b shares with the
 * next in registers, and have none left for the sums. */
static inline WITHIN void sum_tiles(__global const float *v, int pitch, int row, int slots, int window, int step,
                                    __global const floatv *u, int count, floatv acc[CV][TB])
{
#pragma unroll
    for (int j = 0; j < CV; j++)
#pragma unroll
        for (int t = 0; t < TB; t++)
            acc[j][t] = (floatv)(0.0f);
    for (int r = 0; r < window; r++) {
        __global const float *line = v + (size_t)((row + r) % slots) * POINTS * 3 * pitch;
        for (int i = 0; i < 3; i++, line += pitch)
#pragma unroll
            for (int b = 0; b < THIRD; b++, u += CV) {
                floatv w[CV];
#pragma unroll
                for (int j = 0; j < CV; j++)
                    w[j] = u[j];
#pragma unroll
                for (int t = 0; t < TB; t++) {
                    if (t >= count)
                        continue;
                    const floatv x = (floatv)(line[t + b * step]);
#pragma unroll
                    for (int j = 0; j < CV; j++)
                        acc[j][t] = w[j] * x + acc[j][t];
                }
            }
    }
}

/* Stores a pixel of a row, of two rows if PAIRED and `window` has them. */
static inline void store_pixel(__global floatv *y, int y_pitch, int window, floatv v)
{
#ifdef PAIRED
    floatv first = (floatv)(0.0f), second = first;
    first.lo = v.lo;
    second.lo = v.hi;
    y[0] = first;
    if (window == WINDOW)
        y[y_pitch] = second;
#else
    y[0] = v;
#endif
}

/* Does `count` tiles from `tile` on, of a row of y that begins at `to`. */
static inline WITHIN void do_tiles(__global const float *v, int pitch, int row, int slots, int window, int step,
                                   __global const floatv *u, int tile, int count, __global floatv *to,
                                   int y_pitch, int y_plane, int cols)
{
    floatv m[POINTS][CV][TB];
    for (int e = 0; e < POINTS; e++) {
        floatv acc[CV][TB];
        sum_tiles(v + (size_t)e * 3 * pitch + tile, pitch, row, slots, window, step,
                  u + (size_t)e * WINDOW * 3 * THIRD * CV, count, acc);
#pragma unroll
        for (int j = 0; j < CV; j++)
#pragma unroll
            for (int t = 0; t < TB; t++)
                if (t < count)
                    m[e][j][t] = acc[j][t];
    }
    for (int j = 0; j < CV; j++)
        for (int t = 0; t < count; t++) {
            const floatv points[POINTS] = {m[0][j][t], m[1][j][t], m[2][j][t], m[3][j][t], m[4][j][t]};
            floatv thirds[THIRD];
            transform_output(points, thirds);
#pragma unroll
            for (int p = 0; p < THIRD; p++)
                if (THIRD * (tile + t) + p < cols)
                    store_pixel(to + (size_t)j * y_plane + THIRD * (tile + t) + p, y_pitch, window,
                                thirds[p]);
        }
}

/* y's rows, `rows` of them, whose first reads V's rows from `first` on. Dimensions: groups, rows /
 * TOGETHER. */
FULL_WIDTH
__kernel void nine_to_blocks(__global const float *restrict v, int pitch, int step, int first, int slots,
                             __global const floatv *restrict u, int groups, __global floatv *restrict y,
                             int y_pitch, int y_plane, int y_from, int rows, int cols)
{
    const int group = (int)get_global_id(0), row = (int)get_global_id(1) * TOGETHER;
    if (row >= rows || group >= groups)
        return;
    const int tiles = (cols + THIRD - 1) / THIRD, window = min(WINDOW, TAPS + rows - 1 - row);
    __global const floatv *own = u + (size_t)group * POINTS * WINDOW * 3 * THIRD * CV;
    __global floatv *to = y + (size_t)group * CV * y_plane + y_from + row * y_pitch;
    int tile = 0;
    for (; tile + TB <= tiles; tile += TB)
        do_tiles(v, pitch, first + row, slots, window, step, own, tile, TB, to, y_pitch, y_plane, cols);
    for (; tile < tiles; tile += FEW)
        do_tiles(v, pitch, first + row, slots, window, step, own, tile, FEW, to, y_pitch, y_plane, cols);
}
#else
/* ---- To a picture ------------------------------------------------------------------------------------ */

/*
 * acc += what a row of V adds to rows first_row to last_row of the item's. v: the row at the item's first
 * tile; u: its weights for row 0, at which it is tap `row - 0`; those of a later row lie one tap before.
 */
static inline WITHIN void add_row(__global const float *v, int pitch, int in, __global const float *u,
                           int first_row, int last_row, floatv acc[HIGH][OUT][NV])
{
    const int tap = in * THIRD * OUT;
    for (int i = 0; i < in; i++, v += pitch)
#pragma unroll
        for (int b = 0; b < THIRD; b++, u += OUT) {
            floatv x[NV];
#pragma unroll
            for (int n = 0; n < NV; n++)
                x[n] = LOAD(v + b + n * VW);
#pragma unroll
            for (int q = 0; q < HIGH; q++)
#pragma unroll
                for (int o = 0; o < OUT; o++) {
                    if (q < first_row || q > last_row)
                        continue;
                    const floatv w = (floatv)(u[o - q * tap]);
#pragma unroll
                    for (int n = 0; n < NV; n++)
                        acc[q][o][n] = w * x[n] + acc[q][o][n];
                }
        }
}

/* The sums of one point: of HIGH rows, whose first is V's `row`; `have` of them are wanted. */
static inline WITHIN void sum_point(__global const float *v, int pitch, int in, int row, int slots, int have,
                             __global const float *u, floatv acc[HIGH][OUT][NV])
{
    const size_t slot = (size_t)POINTS * in * pitch;
    const int tap = in * THIRD * OUT;
#pragma unroll
    for (int q = 0; q < HIGH; q++)
#pragma unroll
        for (int o = 0; o < OUT; o++)
#pragma unroll
            for (int n = 0; n < NV; n++)
                acc[q][o][n] = (floatv)(0.0f);
#if HIGH == 2
    add_row(v + row % slots * slot, pitch, in, u, 0, 0, acc);
#endif
    for (int r = HIGH - 1; r < TAPS; r++)
        add_row(v + (row + r) % slots * slot, pitch, in, u + r * tap, 0, HIGH - 1, acc);
#if HIGH == 2
    if (have == 2)
        add_row(v + (row + TAPS) % slots * slot, pitch, in, u + TAPS * tap, 1, 1, acc);
#endif
}

/* The planar picture of three channels. Dimensions: rows / HIGH, pitch / VW / NV. */
FULL_WIDTH
__kernel void nine_to_planes(__global const float *restrict v, int pitch, int in, int first, int slots,
                             __global const float *restrict u, __global float *restrict y, int y_pitch,
                             int y_plane, int y_from, __global const float *restrict bias, int bias_at,
                             int biased, int rows, int cols)
{
    const int row = (int)get_global_id(0) * HIGH, tile = (int)get_global_id(1) * NV * VW;
    if (row >= rows || THIRD * tile >= cols)
        return;
    floatv m[POINTS][HIGH][OUT][NV];
    for (int e = 0; e < POINTS; e++)
        sum_point(v + (size_t)e * in * pitch + tile, pitch, in, first + row, slots, min(HIGH, rows - row),
                  u + (size_t)e * TAPS * in * THIRD * OUT, m[e]);
    for (int q = 0; q < min(HIGH, rows - row); q++)
        for (int o = 0; o < OUT; o++)
            for (int n = 0; n < NV; n++) {
                const floatv points[POINTS] = {m[0][q][o][n], m[1][q][o][n], m[2][q][o][n],
                                               m[3][q][o][n], m[4][q][o][n]};
                const float b = biased ? bias[bias_at + o] : 0.0f;
                const int col = THIRD * (tile + n * VW);
                __global float *to = y + (size_t)o * y_plane + y_from + (row + q) * y_pitch + col;
                floatv thirds[THIRD];
                transform_output(points, thirds);
                for (int i = 0; i < VW; i++)
                    for (int p = 0; p < THIRD; p++)
                        if (col + THIRD * i + p < cols)
                            to[THIRD * i + p] = ((const float *)thirds)[p * VW + i] + b;
            }
}
#endif
