/* SPDX-License-Identifier: MIT */
/*
 * The vectors of L-BFGS in the box [low, high]. point, reduced and direction are `vectors` floatv long, as is
 * each of the `slots` moves and changes of the history, which follow one another; beyond the image's n
 * floats they are zero. image and gradient are n floats. src/optim/lbfgs.c has the method.
 */

/* image = point + step * direction, kept in the box, over n floats. */
__kernel void lbfgs_move(__global const float *restrict point,
                         __global const float *restrict direction, __global float *restrict image,
                         int n, float step, float low, float high)
{
    FOR_COLUMNS(i, n)
        image[i] = within(point[i] + step * direction[i], low, high);
}

/*
 * Slot's pair for the history: move = image - point, change = gradient - reduced. Then point = image,
 * and reduced = its gradient, zero where the variable is held: at a bound that the loss wants it to
 * cross. What did not move has no change either, so that a pair tells the curvature among the variables
 * that were free; so it does not matter that `reduced` lacks the gradient of held ones.
 */
__kernel void lbfgs_accept(__global const float *restrict image,
                           __global const float *restrict gradient, __global float *restrict point,
                           __global float *restrict reduced, __global float *restrict moves,
                           __global float *restrict changes, int n, int vectors, int slot,
                           float low, float high)
{
    const size_t at = (size_t)slot * vectors * VW;
    FOR_COLUMNS(i, n) {
        const float x = image[i], g = gradient[i], move = x - point[i];
        const bool held = (x <= low && g > 0.0f) || (x >= high && g < 0.0f);
        moves[at + i] = move;
        changes[at + i] = move != 0.0f ? g - reduced[i] : 0.0f;
        point[i] = x;
        reduced[i] = held ? 0.0f : g;
    }
}

/*
 * Sums over the image are taken by blocks of its rows, as in reduce.cl: of each of `planes` planes of
 * `floats` floats, a block has `size` floats, and the last one the rest. A share of a block has vectors of
 * every plane. The last vector of a plane's part may not be full.
 */
#define BLOCK_ARGUMENTS int planes, int floats, int size, int blocks, int shares

#if VW == 16
#define LOAD_VECTOR(p) vload16(0, (p))
#elif VW == 8
#define LOAD_VECTOR(p) vload8(0, (p))
#else
#define LOAD_VECTOR(p) vload4(0, (p))
#endif

/* v[k] = `count` floats of row[k] from `at` on, and zeros where that is less than a vector. */
static inline void load_rows(floatv *v, __global const float *const *row, int rows, size_t at,
                             int count)
{
    if (count >= VW) {
#pragma unroll
        for (int k = 0; k < rows; k++)
            v[k] = LOAD_VECTOR(row[k] + at);
        return;
    }
#pragma unroll 1
    for (int k = 0; k < rows; k++) {
        float lanes[VW];
#pragma unroll 1
        for (int lane = 0; lane < VW; lane++)
            lanes[lane] = lane < count ? row[k][at + lane] : 0.0f;
        v[k] = LOAD_VECTOR(lanes);
    }
}

/*
 * sums[(row * columns + column) * PARTS + block * shares + share] = share of a dot product. Rows: the move
 * and the change in `slot`, and reduced. Columns: the moves, the changes, and reduced. Vectors of the
 * history follow one another at a distance of `pitch` floats. Dimensions: PARTS, columns / LBFGS_TOGETHER.
 */
__kernel void lbfgs_dots(__global const float *restrict reduced, __global const float *restrict moves,
                         __global const float *restrict changes, __global float *restrict sums,
                         int pitch, int slot, int slots, BLOCK_ARGUMENTS)
{
    const int part = (int)get_global_id(0), first = (int)get_global_id(1) * LBFGS_TOGETHER;
    const int columns = 2 * slots + 1;
    if (part >= PARTS || first >= columns)
        return;
    const int block = part / shares, share = part % shares;
    const int n = block + 1 < blocks ? size : block < blocks ? floats - block * size : 0;
    const int vectors = (n + VW - 1) / VW;
    __global const float *row[3 + LBFGS_TOGETHER] = {moves + (size_t)slot * pitch,
                                                     changes + (size_t)slot * pitch, reduced};
    floatv by_move[LBFGS_TOGETHER], by_change[LBFGS_TOGETHER], by_reduced[LBFGS_TOGETHER];
#pragma unroll
    for (int k = 0; k < LBFGS_TOGETHER; k++) {
        const int column = min(first + k, columns - 1); /* the last ones may be done twice */
        row[3 + k] = column < slots       ? moves + (size_t)column * pitch
                     : column < 2 * slots ? changes + (size_t)(column - slots) * pitch
                                          : reduced;
        by_move[k] = by_change[k] = by_reduced[k] = (floatv)(0.0f);
    }
    for (int plane = 0; plane < planes; plane++) {
        const size_t at = (size_t)plane * floats + (size_t)block * size;
        for (int i = PART_BEGIN(share, shares, vectors); i < PART_END(share, shares, vectors);
             i += PART_STEP(shares)) {
            floatv v[3 + LBFGS_TOGETHER];
            load_rows(v, row, 3 + LBFGS_TOGETHER, at + (size_t)i * VW, n - i * VW);
#pragma unroll
            for (int k = 0; k < LBFGS_TOGETHER; k++) {
                by_move[k] += v[0] * v[3 + k];
                by_change[k] += v[1] * v[3 + k];
                by_reduced[k] += v[2] * v[3 + k];
            }
        }
    }
#pragma unroll
    for (int k = 0; k < LBFGS_TOGETHER; k++) {
        const int column = first + k;
        if (column < columns) {
            sums[column * PARTS + part] = sum_lanes(by_move[k]);
            sums[(columns + column) * PARTS + part] = sum_lanes(by_change[k]);
            sums[(2 * columns + column) * PARTS + part] = sum_lanes(by_reduced[k]);
        }
    }
}

/*
 * direction = coefficients * (moves, changes, reduced), zero where the variable is held: at a bound, and
 * the loss does not want it to leave. Vectors with a coefficient
 * of zero are not read: what is in slots out of use may be anything.
 */
__kernel void lbfgs_combine(__global const floatv *restrict point,
                            __global const floatv *restrict reduced,
                            __global const floatv *restrict moves,
                            __global const floatv *restrict changes,
                            __global const float *restrict coefficients,
                            __global floatv *restrict direction, int vectors, int slots, float low,
                            float high)
{
    const floatv zero = (floatv)(0.0f), lowest = (floatv)(low), highest = (floatv)(high);
    FOR_COLUMNS(i, vectors) {
        const floatv x = point[i], g = reduced[i];
        floatv sum = coefficients[2 * slots] * g;
        for (int k = 0; k < slots; k++) {
            const float a = coefficients[k], b = coefficients[slots + k];
            if (a != 0.0f)
                sum += a * moves[(size_t)k * vectors + i];
            if (b != 0.0f)
                sum += b * changes[(size_t)k * vectors + i];
        }
        const intv held = ((x <= lowest) & (g >= zero)) | ((x >= highest) & (g <= zero));
        direction[i] = select(sum, zero, held);
    }
}

/*
 * sums[part] = share of the loss's slope along the path at the image: gradient * direction where the
 * path goes on, which it does not where the image is at a bound and the direction leads out of the box.
 * sums[PARTS + part] = share of the sum of |direction|; NaN also where the image is not finite, which
 * what is compared would not tell.
 */
__kernel void lbfgs_slope(__global const float *restrict image,
                          __global const float *restrict gradient,
                          __global const float *restrict direction, __global float *restrict sums,
                          float low, float high, BLOCK_ARGUMENTS)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int block = part / shares, share = part % shares;
    const int n = block + 1 < blocks ? size : block < blocks ? floats - block * size : 0;
    const int vectors = (n + VW - 1) / VW;
    const floatv zero = (floatv)(0.0f), lowest = (floatv)(low), highest = (floatv)(high);
    __global const float *row[3] = {image, gradient, direction};
    floatv products = zero, sizes = zero;
    for (int plane = 0; plane < planes; plane++) {
        const size_t at = (size_t)plane * floats + (size_t)block * size;
        for (int i = PART_BEGIN(share, shares, vectors); i < PART_END(share, shares, vectors);
             i += PART_STEP(shares)) {
            floatv v[3];
            load_rows(v, row, 3, at + (size_t)i * VW, n - i * VW);
            const floatv x = v[0], d = v[2];
            const intv stopped = ((x <= lowest) & (d < zero)) | ((x >= highest) & (d > zero));
            products += select(v[1] * d, zero, stopped);
            sizes += fabs(d) + (x - x);
        }
    }
    sums[part] = sum_lanes(products);
    sums[PARTS + part] = sum_lanes(sizes);
}
