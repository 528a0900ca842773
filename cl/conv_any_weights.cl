/* SPDX-License-Identifier: MIT */
/*
 * The gradient of a convolution's weights, and of its bias. x has `stride` times as many rows and
 * columns as the grid that is summed over. y has PHASES times as many: 2 behind an upsampling, else 1.
 * For each phase of y, each of SIDE x SIDE taps, and each pair of channels:
 *
 *     G = the sum over the grid's rows and columns of
 *         dy[PHASES row + row_phase][PHASES column + column_phase] *
 *         x[stride row + row_phase + row_tap][stride column + column_phase + column_tap]
 *
 * where row and column 0 of x are in its margin. One of the two channels is a lane of a vector, the
 * other a scalar. The vector is y's; with PLANAR_Y, where y has three planes, it is x's. With
 * PLANAR_X, x has three planes.
 *
 * The sums are taken in parts, fixed shares of the grid: some rows on CPUs, every so manieth position
 * on GPUs. A work-item has one row of taps, all column phases, CHANNELS scalars and one vector in
 * registers.
 *
 * partial: (parts, vectors, scalars, PHASES, PHASES, SIDE, SIDE, VW)
 */

#if defined(PLANAR_X)
typedef float x_element;
typedef floatv y_element;
#define X_LANES 1
#define X_AT(vector, scalar) ((size_t)(scalar) * x_plane)
#define Y_AT(vector, scalar) ((size_t)(vector) * y_plane)
#define SCALAR(c, i) x[(size_t)(i) * plane + (c)]
#elif defined(PLANAR_Y)
typedef floatv x_element;
typedef float y_element;
#define X_LANES 1
#define X_AT(vector, scalar) ((size_t)(vector) * x_plane)
#define Y_AT(vector, scalar) ((size_t)(scalar) * y_plane)
#else
typedef float x_element;
typedef floatv y_element;
#define X_LANES VW
#define X_AT(vector, scalar) ((size_t)((scalar) / VW) * x_plane * VW + (scalar) % VW)
#define Y_AT(vector, scalar) ((size_t)(vector) * y_plane)
#if VW == 4 && CHANNELS == 4
/* GPUs: one load of a vector instead of four. */
#define SCALAR(c, i)                                                                               \
    ((i) == 0   ? ((__global const floatv *)x)[c].x                                                \
     : (i) == 1 ? ((__global const floatv *)x)[c].y                                                \
     : (i) == 2 ? ((__global const floatv *)x)[c].z                                                \
                : ((__global const floatv *)x)[c].w)
#else
#define SCALAR(c, i) x[(c) * VW + (i)]
#endif
#endif

/* acc += the products of one position: x at the first tap of the first phase, y at the first phase.
 * plane: from one scalar to the next, where these are planar. */
static inline void add_products(floatv acc[PHASES][SIDE][CHANNELS], __global const x_element *x,
                                __global const y_element *y, int plane)
{
#ifdef PLANAR_Y
    floatv scalars[CHANNELS];
#pragma unroll
    for (int i = 0; i < CHANNELS; i++)
        scalars[i] = (floatv)(y[(size_t)i * plane]);
#pragma unroll
    for (int c = 0; c < SIDE; c++) {
        const floatv v = x[c];
#pragma unroll
        for (int i = 0; i < CHANNELS; i++)
            acc[0][c][i] = v * scalars[i] + acc[0][c][i];
    }
#else
    floatv v[PHASES];
#pragma unroll
    for (int d = 0; d < PHASES; d++)
        v[d] = y[d];
#pragma unroll
    for (int c = 0; c < PHASES + SIDE - 1; c++) {
#pragma unroll
        for (int i = 0; i < CHANNELS; i++) {
            const floatv scalar = (floatv)(SCALAR(c, i));
#pragma unroll
            for (int d = 0; d < PHASES; d++)
                if (c - d >= 0 && c - d < SIDE)
                    acc[d][c - d][i] = v[d] * scalar + acc[d][c - d][i];
        }
    }
#endif
}

/* x_at, y_at: positions of their first row and column. groups: of CHANNELS scalars. Dimensions: parts
 * and SIDE * PHASES * groups * vectors, the latter first on CPUs, as neighbours share their rows. */
FULL_WIDTH
__kernel void conv_any_weights(__global const x_element *restrict x,
                               __global const y_element *restrict y,
                               __global floatv *restrict partial, int x_plane, int x_pitch,
                               int x_at, int stride, int y_plane, int y_pitch, int y_at, int rows,
                               int columns, int parts, int groups, int vectors)
{
#ifdef CONTIGUOUS_SHARES
    const int item = (int)get_global_id(0), part = (int)get_global_id(1);
#else
    const int part = (int)get_global_id(0), item = (int)get_global_id(1);
#endif
    if (part >= parts || item >= SIDE * PHASES * groups * vectors)
        return;
    const int row_tap = item % SIDE, row_phase = item / SIDE % PHASES;
    const int group = item / (SIDE * PHASES) % groups, vector = item / (SIDE * PHASES * groups);
    __global const x_element *first_x =
        x + X_AT(vector, group * CHANNELS) +
        ((size_t)x_at + (size_t)(row_phase + row_tap) * x_pitch) * X_LANES;
    __global const y_element *first_y =
        y + Y_AT(vector, group * CHANNELS) + y_at + (size_t)row_phase * y_pitch;
#ifdef PLANAR_Y
    const int plane = y_plane;
#else
    const int plane = x_plane;
#endif

    floatv acc[PHASES][SIDE][CHANNELS];
#pragma unroll
    for (int d = 0; d < PHASES; d++)
#pragma unroll
        for (int j = 0; j < SIDE; j++)
#pragma unroll
            for (int i = 0; i < CHANNELS; i++)
                acc[d][j][i] = (floatv)(0.0f);

#ifdef CONTIGUOUS_SHARES
    const int share = (rows + parts - 1) / parts, end = min(rows, (part + 1) * share);
    for (int row = part * share; row < end; row++) {
        __global const x_element *xp = first_x + (size_t)row * stride * x_pitch * X_LANES;
        __global const y_element *yp = first_y + (size_t)row * PHASES * y_pitch;
        for (int column = 0; column < columns; column++) {
            add_products(acc, xp, yp, plane);
            xp += stride * X_LANES;
            yp += PHASES;
        }
    }
#else
    const int rows_on = parts / columns, columns_on = parts % columns;
    int row = part / columns, column = part % columns;
    while (row < rows) {
        add_products(acc, first_x + ((size_t)row * x_pitch + column) * stride * X_LANES,
                     first_y + ((size_t)row * y_pitch + column) * PHASES, plane);
        row += rows_on;
        column += columns_on;
        if (column >= columns) {
            column -= columns;
            row++;
        }
    }
#endif

    __global floatv *out = partial + ((size_t)part * vectors + vector) * groups * CHANNELS *
                                         (PHASES * PHASES * SIDE * SIDE);
#pragma unroll
    for (int i = 0; i < CHANNELS; i++)
#pragma unroll
        for (int d = 0; d < PHASES; d++)
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                out[((((size_t)group * CHANNELS + i) * PHASES + row_phase) * PHASES + d) * (SIDE * SIDE) +
                    row_tap * SIDE + j] = acc[d][j][i];
}

/* Behind an upsampling, what meets the same pixel has been added up: of the weights' rows or columns
 * 0, 1, 2, the taps of phase 0 have 0 and 1 + 2, those of phase 1 have 0 + 1 and 2. */
#if PHASES == 2
#define WEIGHTS 3
#define TAP(k, phase) (((k) + 1 - (phase)) / 2)
#else
#define WEIGHTS SIDE
#define TAP(k, phase) (k)
#endif

/*
 * gradient += the sums of the parts, in their order. The weight of lane channel l, scalar channel s and
 * tap k is float at + l * lane_step + s * scalar_step + k. There are `lanes` and `scalars` channels
 * that are not padding, `stored` scalars in a part. A work-item does COLUMNS taps of vectors.
 */
FULL_WIDTH
__kernel void conv_any_weights_sum(__global const floatv *restrict partial,
                                   __global float *restrict gradient, int at, int parts,
                                   int vectors, int stored, int lanes, int scalars, int lane_step,
                                   int scalar_step)
{
    FOR_COLUMNS(e, vectors * scalars * WEIGHTS * WEIGHTS) {
        const int k = e % (WEIGHTS * WEIGHTS), pair = e / (WEIGHTS * WEIGHTS);
        const int s = pair % scalars, vector = pair / scalars;
        floatv sum = (floatv)(0.0f);
        for (int phase = 0; phase < PHASES * PHASES; phase++) {
            const int row_tap = TAP(k / WEIGHTS, phase / PHASES);
            const int column_tap = TAP(k % WEIGHTS, phase % PHASES);
            __global const floatv *from =
                partial + (((size_t)vector * stored + s) * (PHASES * PHASES) + phase) * (SIDE * SIDE) +
                row_tap * SIDE + column_tap;
            for (int part = 0; part < parts; part++)
                sum += from[(size_t)part * vectors * stored * (PHASES * PHASES * SIDE * SIDE)];
        }
        float values[VW];
#if VW == 16
        vstore16(sum, 0, values);
#elif VW == 8
        vstore8(sum, 0, values);
#else
        vstore4(sum, 0, values);
#endif
        __global float *to = gradient + (size_t)at + (size_t)s * scalar_step + k;
        for (int lane = 0; lane < VW && vector * VW + lane < lanes; lane++)
            to[(size_t)(vector * VW + lane) * lane_step] += values[lane];
    }
}

/* sums (rows, channels) = of each row and channel of y's gradient. lanes: of y. Dimensions: channels,
 * rows. */
__kernel void conv_any_bias(__global const float *restrict y, __global float *restrict sums,
                            int channels, int lanes, int plane, int pitch, int y_at, int rows,
                            int columns)
{
    const int channel_at = (int)get_global_id(0), row = (int)get_global_id(1);
    if (channel_at >= channels || row >= rows)
        return;
    __global const float *from =
        y + ((size_t)(channel_at / lanes) * plane + y_at + (size_t)row * pitch) * lanes +
        channel_at % lanes;
    /* Four sums, as one would wait for itself. */
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    int column = 0;
    for (; column + 4 <= columns; column += 4) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            sum[i] += from[(size_t)(column + i) * lanes];
    }
    for (; column < columns; column++)
        sum[0] += from[(size_t)column * lanes];
    sums[(size_t)row * channels + channel_at] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* gradient, from float `at` on, += the sums of the rows, in their order. Dimension: channels. */
__kernel void conv_any_bias_sum(__global const float *restrict sums,
                                __global float *restrict gradient, int at, int channels, int rows)
{
    const int c = (int)get_global_id(0);
    if (c >= channels)
        return;
    float sum = 0.0f;
    for (int row = 0; row < rows; row++)
        sum += sums[(size_t)row * channels + c];
    gradient[(size_t)at + c] += sum;
}
