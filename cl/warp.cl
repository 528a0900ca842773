/* SPDX-License-Identifier: MIT */
/* Planes of a picture, carried along a flow: bicubic, after Catmull and Rom 1974. */

/* Weights of the four pixels around a point, `t` of a pixel behind the second. They sum up to 1, and a
 * parabola through the pixels is met exactly. */
static inline float4 cubic_weights(float t)
{
    const float s = 1.0f - t;
    return (float4)(-0.5f * t * s * s, 1.0f + t * t * (1.5f * t - 2.5f),
                    1.0f + s * s * (1.5f * s - 2.5f), -0.5f * s * t * t);
}

/* The pixel before a point that is `move` from pixel x of n. Far beyond the ends all pixels are the same,
 * so that is near enough, and a whole number fits. */
static inline int pixel_before(int x, float move, int n)
{
    const float whole = fmin(fmax(floor(move), (float)(-x - 4)), (float)(n - x + 4));
    return x + (int)whole;
}

/* Of n pixels those around a point, `before` the one before it. */
static inline int4 pixels_around(int before, int n)
{
    return clamp(before + (int4)(-1, 0, 1, 2), (int4)(0), (int4)(n - 1));
}

static inline float cubic_row(__global const float *restrict row, int4 x, float4 weights)
{
    return (weights.x * row[x.x] + weights.y * row[x.y]) +
           (weights.z * row[x.z] + weights.w * row[x.w]);
}

/*
 * warped_k(y, x) = picture_k(y + v(y, x), x + u(y, x)) for `planes` planes; flow: u, then v, in pixels.
 * Beyond its edges the picture goes on as its edge pixels. Where a flow is not finite, nor is the result.
 * Dimensions: width / COLUMNS, height.
 */
__kernel void warp_fwd(__global const float *restrict picture, __global const float *restrict flow,
                       __global float *restrict warped, int planes, int height, int width)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    const int plane = height * width;
    FOR_COLUMNS(x, width) {
        const int at = y * width + x;
        const float u = flow[at], v = flow[plane + at];
        const float4 across = cubic_weights(u - floor(u)), down = cubic_weights(v - floor(v));
        const int4 columns = pixels_around(pixel_before(x, u, width), width);
        const int4 rows = pixels_around(pixel_before(y, v, height), height) * width;
        for (int k = 0; k < planes; k++) {
            __global const float *from = picture + (size_t)k * plane;
            warped[(size_t)k * plane + at] =
                (down.x * cubic_row(from + rows.x, columns, across) +
                 down.y * cubic_row(from + rows.y, columns, across)) +
                (down.z * cubic_row(from + rows.z, columns, across) +
                 down.w * cubic_row(from + rows.w, columns, across));
        }
    }
}
