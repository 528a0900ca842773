/* SPDX-License-Identifier: MIT */
/* Element by element: the network's input and its gradient, ReLU's mask, halos, content loss. */

/*
 * input(k, padded y, x) = scale_k * image(order_k, y, x) + offset_k. image: (3, height, width), RGB;
 * input: (3, plane). order_k = reverse ? 2 - k : k. The halo is 0, or with `replicate` the nearest
 * pixel's value. Dimensions: pitch, height + 2, 3.
 */
__kernel void input_fwd(__global const float *restrict image, __global float *restrict input,
                        int height, int width, int reverse, int replicate, float scale0,
                        float scale1, float scale2, float offset0, float offset1, float offset2)
{
    const int col = (int)get_global_id(0), row = (int)get_global_id(1), k = (int)get_global_id(2);
    if (col >= PITCH(width) || row >= height + 2 || k >= 3)
        return;
    const float scale = k == 0 ? scale0 : k == 1 ? scale1 : scale2;
    const float offset = k == 0 ? offset0 : k == 1 ? offset1 : offset2;
    const int y = min(max(row - 1, 0), height - 1), x = min(max(col - 1, 0), width - 1);
    const bool halo = y != row - 1 || x != col - 1;
    const float value = image[((size_t)(reverse ? 2 - k : k) * height + y) * width + x];
    input[(size_t)k * PLANE(height, width) + row * PITCH(width) + col] =
        halo && !replicate ? 0.0f : scale * value + offset;
}

/* gradient(order_k, y, x) = scale_k * input_gradient(k, y, x). Dimensions: width, height, 3. */
__kernel void input_bwd(__global const float *restrict input_gradient,
                        __global float *restrict gradient, int height, int width, int reverse,
                        float scale0, float scale1, float scale2)
{
    const int x = (int)get_global_id(0), y = (int)get_global_id(1), k = (int)get_global_id(2);
    if (x >= width || y >= height || k >= 3)
        return;
    const float scale = k == 0 ? scale0 : k == 1 ? scale1 : scale2;
    gradient[((size_t)(reverse ? 2 - k : k) * height + y) * width + x] =
        scale * input_gradient[(size_t)k * PLANE(height, width) + (y + 1) * PITCH(width) + x + 1];
}

/* g = x > 0 ? g : 0, over n vectors. */
__kernel void relu_mask(__global const floatv *restrict x, __global floatv *restrict g, int n)
{
    const int begin = (int)get_global_id(0) * COLUMNS;
    const floatv zero = (floatv)(0.0f);
    for (int i = begin; i < min(begin + COLUMNS, n); i++)
        g[i] = select(zero, g[i], x[i] > zero);
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

/* g (=, or += with ACCUMULATE) factor * (f - p), over n vectors. */
__kernel void content_bwd(__global const floatv *restrict f, __global const floatv *restrict p,
                          __global floatv *restrict g, int n, float factor)
{
    const int begin = (int)get_global_id(0) * COLUMNS;
    for (int i = begin; i < min(begin + COLUMNS, n); i++)
#ifdef ACCUMULATE
        g[i] += factor * (f[i] - p[i]);
#else
        g[i] = factor * (f[i] - p[i]);
#endif
}
