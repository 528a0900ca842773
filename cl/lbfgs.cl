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
 * sums[(row * columns + column) * PARTS + part] = share of a dot product. Rows: the move and the change
 * in `slot`, and reduced. Columns: the moves, the changes, and reduced. Dimensions: PARTS,
 * columns / LBFGS_TOGETHER.
 */
__kernel void lbfgs_dots(__global const floatv *restrict reduced,
                         __global const floatv *restrict moves,
                         __global const floatv *restrict changes, __global float *restrict sums,
                         int vectors, int slot, int slots)
{
    const int part = (int)get_global_id(0), first = (int)get_global_id(1) * LBFGS_TOGETHER;
    const int columns = 2 * slots + 1;
    if (part >= PARTS || first >= columns)
        return;
    __global const floatv *move = moves + (size_t)slot * vectors;
    __global const floatv *change = changes + (size_t)slot * vectors;
    __global const floatv *others[LBFGS_TOGETHER];
    floatv by_move[LBFGS_TOGETHER], by_change[LBFGS_TOGETHER], by_reduced[LBFGS_TOGETHER];
#pragma unroll
    for (int k = 0; k < LBFGS_TOGETHER; k++) {
        const int column = min(first + k, columns - 1); /* the last ones may be done twice */
        others[k] = column < slots       ? moves + (size_t)column * vectors
                    : column < 2 * slots ? changes + (size_t)(column - slots) * vectors
                                         : reduced;
        by_move[k] = by_change[k] = by_reduced[k] = (floatv)(0.0f);
    }
    for (int i = SHARE_BEGIN(part, vectors); i < SHARE_END(part, vectors); i += SHARE_STEP) {
        const floatv m = move[i], c = change[i], r = reduced[i];
#pragma unroll
        for (int k = 0; k < LBFGS_TOGETHER; k++) {
            const floatv v = others[k][i];
            by_move[k] += m * v;
            by_change[k] += c * v;
            by_reduced[k] += r * v;
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
                          int n, float low, float high)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int whole = n / VW;
    const floatv zero = (floatv)(0.0f), lowest = (floatv)(low), highest = (floatv)(high);
    __global const floatv *images = (__global const floatv *)image;
    __global const floatv *gradients = (__global const floatv *)gradient;
    __global const floatv *directions = (__global const floatv *)direction;
    floatv products = zero, sizes = zero;
    for (int i = SHARE_BEGIN(part, whole); i < SHARE_END(part, whole); i += SHARE_STEP) {
        const floatv x = images[i], d = directions[i];
        const intv stopped = ((x <= lowest) & (d < zero)) | ((x >= highest) & (d > zero));
        products += select(gradients[i] * d, zero, stopped);
        sizes += fabs(d) + (x - x);
    }
    float product = sum_lanes(products), size = sum_lanes(sizes);
    for (int i = whole * VW; part == PARTS - 1 && i < n; i++) {
        const float x = image[i], d = direction[i];
        product += (x <= low && d < 0.0f) || (x >= high && d > 0.0f) ? 0.0f : gradient[i] * d;
        size += fabs(d) + (x - x);
    }
    sums[part] = product;
    sums[PARTS + part] = size;
}
