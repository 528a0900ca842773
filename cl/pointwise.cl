/* SPDX-License-Identifier: MIT */
/* Element by element: the network's input and its gradient, ReLU's mask, halos, content loss. */

/*
 * input(k, padded y, x) = scale_k * image(order_k, y, x) + offset_k. image: (3, height, width), RGB;
 * input: a strip of it, `rows` rows from row `at` on, with its halo. order_k = reverse ? 2 - k : k.
 * Beyond the image is 0, or with `replicate` the nearest pixel's value. Dimensions: pitch / COLUMNS,
 * rows + 2, 3.
 */
__kernel void input_fwd(__global const float *restrict image, __global float *restrict input,
                        int height, int width, int at, int rows, int reverse, int replicate,
                        float scale0, float scale1, float scale2, float offset0, float offset1,
                        float offset2)
{
    const int strip_row = (int)get_global_id(1), row = at + strip_row - 1;
    const int k = (int)get_global_id(2);
    if (strip_row >= rows + 2 || k >= 3)
        return;
    const float scale = k == 0 ? scale0 : k == 1 ? scale1 : scale2;
    const float offset = k == 0 ? offset0 : k == 1 ? offset1 : offset2;
    const int y = min(max(row, 0), height - 1);
    __global const float *from = image + ((size_t)(reverse ? 2 - k : k) * height + y) * width;
    __global float *to = input + (size_t)k * PLANE(rows, width) + strip_row * PITCH(width);
    FOR_COLUMNS(col, PITCH(width)) {
        const int x = min(max(col - 1, 0), width - 1);
        const bool outside = y != row || x != col - 1;
        to[col] = outside && !replicate ? 0.0f : scale * from[x] + offset;
    }
}

/* gradient(order_k, at + y, x) = scale_k * input_gradient(k, first + y, x) for y < rows. gradient: of
 * the whole image, `height` rows; input_gradient: a strip of strip_height rows. Dimensions:
 * width / COLUMNS, rows, 3. */
__kernel void input_bwd(__global const float *restrict input_gradient,
                        __global float *restrict gradient, int height, int width, int at,
                        int strip_height, int first, int rows, int reverse, float scale0,
                        float scale1, float scale2)
{
    const int y = (int)get_global_id(1), k = (int)get_global_id(2);
    if (y >= rows || k >= 3)
        return;
    const float scale = k == 0 ? scale0 : k == 1 ? scale1 : scale2;
    __global float *to = gradient + ((size_t)(reverse ? 2 - k : k) * height + at + y) * width;
    __global const float *from = input_gradient + (size_t)k * PLANE(strip_height, width) +
                                 (first + y + 1) * PITCH(width) + 1;
    FOR_COLUMNS(x, width)
        to[x] = scale * from[x];
}

/* g = x > 0 ? g : 0, or NaN where x is not finite, over `count` positions from `at` on of planes of
 * `plane` positions. Dimensions: count / COLUMNS, planes. */
__kernel void relu_mask(__global const floatv *restrict x, __global floatv *restrict g, int planes,
                        int plane, int at, int count)
{
    const int k = (int)get_global_id(1);
    if (k >= planes)
        return;
    x += (size_t)k * plane + at;
    g += (size_t)k * plane + at;
    FOR_COLUMNS(i, count)
        g[i] = gated(g[i], x[i]);
}

/* y = (accumulate ? y : 0) + factor * x, over n values. */
__kernel void blend(__global float *restrict y, __global const float *restrict x, int n, float factor,
                    int accumulate)
{
    FOR_COLUMNS(i, n)
        y[i] = factor * x[i] + (accumulate ? y[i] : 0.0f);
}

/* y += factor * (x - y), over n values: a running average. */
__kernel void approach(__global float *restrict y, __global const float *restrict x, int n,
                       float factor)
{
    FOR_COLUMNS(i, n)
        y[i] += factor * (x[i] - y[i]);
}

/* g = weight * g, over `planes` planes of n values, weight being one such plane. Dimensions: n / COLUMNS,
 * planes. */
__kernel void weigh_planes(__global float *restrict g, __global const float *restrict weight, int planes,
                           int n)
{
    const int plane = (int)get_global_id(1);
    if (plane >= planes)
        return;
    g += (size_t)plane * n;
    FOR_COLUMNS(i, n)
        g[i] *= weight[i];
}

/* mask = x > 0, over `count` positions of each plane, from x_at on of planes of x_plane positions, and
 * from mask_at on of planes of mask_plane. Dimensions: count / COLUMNS, planes. */
__kernel void mask_pack(__global const floatv *restrict x, __global maskword *restrict mask,
                        int planes, int x_plane, int x_at, int mask_plane, int mask_at, int count)
{
    const int plane = (int)get_global_id(1);
    if (plane >= planes)
        return;
    x += (size_t)plane * x_plane + x_at;
    mask += (size_t)plane * mask_plane + mask_at;
    FOR_COLUMNS(i, count)
        mask[i] = pack_bits(x[i] > (floatv)(0.0f));
}

/* The same positions of masks, as copy_rows. */
__kernel void copy_mask_rows(__global const maskword *restrict from, __global maskword *restrict to,
                             int planes, int from_plane, int from_at, int to_plane, int to_at,
                             int count)
{
    const int plane = (int)get_global_id(1);
    if (plane >= planes)
        return;
    from += (size_t)plane * from_plane + from_at;
    to += (size_t)plane * to_plane + to_at;
    FOR_COLUMNS(i, count)
        to[i] = from[i];
}

/* Zeroes the halo of planes planes. One work-item per halo position and plane: the top row, the
 * bottom row, then left and right columns between them. */
__kernel void halo_zero(__global floatv *restrict x, int planes, int height, int width)
{
    const int at = (int)get_global_id(0), plane = (int)get_global_id(1);
    const int pitch = PITCH(width), positions = 2 * pitch + 2 * height;
    if (at >= positions || plane >= planes)
        return;
    int row, col;
    if (at < 2 * pitch) {
        row = at < pitch ? 0 : height + 1;
        col = at % pitch;
    } else {
        row = 1 + (at - 2 * pitch) / 2;
        col = (at - 2 * pitch) % 2 ? width + 1 : 0;
    }
    x[(size_t)plane * PLANE(height, width) + row * pitch + col] = (floatv)(0.0f);
}

/* Zeroes `count` positions of each plane from `at` on. Dimensions: count / COLUMNS, planes. */
__kernel void rows_zero(__global floatv *restrict x, int planes, int plane, int at, int count)
{
    const int k = (int)get_global_id(1);
    if (k >= planes)
        return;
    x += (size_t)k * plane + at;
    FOR_COLUMNS(i, count)
        x[i] = (floatv)(0.0f);
}

/* Copies `count` positions of each plane, from position from_at of planes of from_plane positions to
 * to_at of planes of to_plane. Dimensions: count / COLUMNS, planes. */
__kernel void copy_rows(__global const floatv *from, __global floatv *to, int planes,
                        int from_plane, int from_at, int to_plane, int to_at, int count)
{
    const int plane = (int)get_global_id(1);
    if (plane >= planes)
        return;
    from += (size_t)plane * from_plane + from_at;
    to += (size_t)plane * to_plane + to_at;
    FOR_COLUMNS(i, count)
        to[i] = from[i];
}

/* g (=, or += with accumulate) factor * (f - p), over `count` positions from `at` on of the planes of f
 * and g, and from p_at on of the planes of p. Dimensions: count / COLUMNS, planes. */
__kernel void content_bwd(__global const floatv *restrict f, __global const floatv *restrict p,
                          __global floatv *restrict g, int planes, int plane, int at, int p_plane,
                          int p_at, int count, float factor, int accumulate)
{
    const int k = (int)get_global_id(1);
    if (k >= planes)
        return;
    f += (size_t)k * plane + at;
    g += (size_t)k * plane + at;
    p += (size_t)k * p_plane + p_at;
    FOR_COLUMNS(i, count) {
        const floatv part = factor * (f[i] - p[i]);
        g[i] = accumulate ? g[i] + part : part;
    }
}
