/* SPDX-License-Identifier: MIT */
/*
 * Pooling 2x2 with stride 2 on blocked tensors; an odd last row or column is dropped. `height` and
 * `width` are those of the large side x, which may be a strip: of it `rows` rows from row `first` on take
 * part, the pooled ones from row `small_first` on of the small side, of small_height rows and width / 2
 * columns. average: the mean, otherwise the maximum. A work-item does COLUMNS columns.
 *
 * A route says for each pooled value which of its four pixels, in reading order, pass its gradient on
 * through the ReLU before: four words of bits, see maskword, for a vector. It serves instead of x, and
 * where x is computed again: rounded in another way, its near-ties could fall otherwise.
 */

#define AT(h, w, block, row, col) ((size_t)(block) * PLANE(h, w) + ((row) + 1) * PITCH(w) + (col) + 1)

/* The larger of both; NaN where either is. */
static inline floatv larger(floatv a, floatv b)
{
    return select(a, b, (a < b) | (b != b));
}

/* y = pool(x), and with `routes` the route; both are shaped alike. Dimensions: columns of y / COLUMNS,
 * rows / 2, blocks. */
__kernel void pool_fwd(__global const floatv *restrict x, __global floatv *restrict y,
                       __global maskword *restrict route, int blocks, int height, int width,
                       int first, int rows, int small_height, int small_first, int routes,
                       int average)
{
    const int w = width / 2, begin = (int)get_global_id(0) * COLUMNS;
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (begin >= w || row >= rows / 2 || block >= blocks)
        return;
    const floatv zero = (floatv)(0.0f);
    __global const floatv *top = x + AT(height, width, block, first + 2 * row, 0);
    __global const floatv *bottom = top + PITCH(width);
    const size_t out = AT(small_height, w, block, small_first + row, 0);
    for (int col = begin; col < min(begin + COLUMNS, w); col++) {
        const floatv a = top[2 * col], b = top[2 * col + 1];
        const floatv c = bottom[2 * col], d = bottom[2 * col + 1];
        const floatv most = larger(larger(a, b), larger(c, d));
        const floatv pooled = average ? 0.25f * ((a + b) + (c + d)) : most;
        y[out + col] = pooled;
        if (!routes)
            continue;
        __global maskword *r = route + 4 * (out + col);
        /* Of equal maxima the first. */
        const intv in_a = a == most, in_b = b == most, in_c = c == most;
        r[0] = pack_bits((a > zero) & (average ? -1 : in_a));
        r[1] = pack_bits((b > zero) & (average ? -1 : in_b & ~in_a));
        r[2] = pack_bits((c > zero) & (average ? -1 : in_c & ~(in_a | in_b)));
        r[3] = pack_bits((d > zero) & (average ? -1 : ~(in_a | in_b | in_c)));
    }
}

/* g = the gradient of the pooled values gy by their route, both of the whole; with accumulate, what was
 * in g where x > 0 is added. Dimensions as pool_bwd's. */
__kernel void pool_bwd_route(__global const floatv *restrict x,
                             __global const maskword *restrict route,
                             __global const floatv *restrict gy, __global floatv *g, int blocks,
                             int height, int width, int first, int rows, int small_height,
                             int small_first, int accumulate, int average)
{
    const int w = width / 2, begin = (int)get_global_id(0) * COLUMNS;
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (2 * begin >= width || 2 * row >= rows || block >= blocks)
        return;
    const floatv zero = (floatv)(0.0f);
    const float share = average ? 0.25f : 1.0f;
    const size_t corner = AT(height, width, block, first + 2 * row, 0);
    for (int col = begin; col < begin + COLUMNS && 2 * col < width; col++) {
        const bool inside = small_first + row < small_height && col < w;
        const size_t from = AT(small_height, w, block, small_first + row, col);
        const floatv v = inside ? share * gy[from] : (floatv)(0.0f);
        for (int k = 0; k < 4; k++) {
            if (2 * row + k / 2 >= rows || 2 * col + k % 2 >= width)
                continue;
            const size_t at = corner + k / 2 * PITCH(width) + 2 * col + k % 2;
            const intv here = ((intv)(inside ? route[4 * from + k] : 0) & LANE_BITS) != (intv)(0);
            floatv part = select(zero, v, here);
            if (accumulate)
                part += gated(g[at], x[at]);
            g[at] = part;
        }
    }
}

/*
 * The way back through pooling and the ReLU before it: g (=, or += with accumulate) the gradient of
 * the pooled values gy, where x > 0, and 0 elsewhere, also where x is not positive and g held
 * something. Of equal maxima the first in reading order receives the gradient. Covers dropped pixels
 * too. Dimensions: columns of x / 2 rounded up / COLUMNS, rows / 2 rounded up, blocks.
 */
__kernel void pool_bwd(__global const floatv *x, __global const floatv *restrict gy,
                       __global floatv *g, int blocks, int height, int width, int first, int rows,
                       int small_height, int small_first, int accumulate, int average)
{
    const int w = width / 2, begin = (int)get_global_id(0) * COLUMNS;
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (2 * begin >= width || 2 * row >= rows || block >= blocks)
        return;
    const floatv zero = (floatv)(0.0f);
    const size_t corner = AT(height, width, block, first + 2 * row, 0);
    for (int col = begin; col < begin + COLUMNS && 2 * col < width; col++) {
        const bool inside = small_first + row < small_height && col < w;
        const floatv v = inside ? gy[AT(small_height, w, block, small_first + row, col)] : zero;
        floatv largest = zero;
        intv taken = (intv)(0);
        if (inside && !average) {
            const size_t at = corner + 2 * col;
            largest = max(max(x[at], x[at + 1]),
                          max(x[at + PITCH(width)], x[at + PITCH(width) + 1]));
        }
        for (int k = 0; k < 4; k++) {
            if (2 * row + k / 2 >= rows || 2 * col + k % 2 >= width)
                continue;
            const size_t at = corner + k / 2 * PITCH(width) + 2 * col + k % 2;
            const floatv a = x[at];
            const intv here = (a == largest) & ~taken;
            taken |= here;
            floatv part = average ? 0.25f * v : select(zero, v, here);
            if (accumulate)
                part += g[at];
            g[at] = gated(part, a);
        }
    }
}
