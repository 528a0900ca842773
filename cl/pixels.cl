/* SPDX-License-Identifier: MIT */
/*
 * Frames: bytes, as cameras and films have them, and images of floats, (3, height, width), RGB from 0 to
 * 1.
 *
 * Component k of pixel (y, x) is the byte at base_k + y * stride + x * step. What the macros say:
 *
 *     STEP   bytes from a pixel to the next, of the first component
 *     YUV    1: luma and two chroma components; 0: red, green, blue, all as the first component lies
 *     CSTEP  as STEP, of chroma
 *     SX, SY 1: chroma has half of the columns, or of the rows, rounded up
 *
 * Halved rows of chroma lie between the two that they stand for. Along a row, a sample lies with the first
 * of its two pixels, or between the two. `side` tells which: an even pixel has so much of the sample before
 * its own, 0 or 0.25, and an odd one 0.5 - side of the sample behind.
 */

#ifndef STEP
#define STEP 1
#define YUV 0
#define CSTEP 1
#define SX 0
#define SY 0
#endif

/* The rows or columns of chroma that a pixel lies between, of n: its own, and the other's distance. */
static inline int beside(int pixel, int own, int n)
{
    return clamp(pixel & 1 ? own + 1 : own - 1, 0, n - 1);
}

/* Chroma for a pixel's column, of two rows; less its middle, 128. */
static inline float chroma_at(__global const uchar *near, __global const uchar *far, int columns,
                              int x, float side)
{
#if SX
    const int own = x >> 1, other = beside(x, own, columns);
    const float share = x & 1 ? 0.5f - side : side;
#else
    const int own = x, other = x;
    const float share = 0.0f;
#endif
    const float a = (float)near[own * CSTEP], b = (float)near[other * CSTEP];
#if SY
    const float c = (float)far[own * CSTEP], d = (float)far[other * CSTEP];
    return 0.75f * (a + share * (b - a)) + 0.25f * (c + share * (d - c)) - 128.0f;
#else
    return a + share * (b - a) - 128.0f;
#endif
}

/*
 * image = the frame. YUV: R = luma + red_v V, G = luma + green_u U + green_v V, B = luma + blue_u U, where
 * luma = scale * (Y - offset). Not clamped: bytes can say colours that are none. RGB: image = byte / 255.
 * Dimensions: width / COLUMNS, height.
 */
__kernel void pixels_take(__global const uchar *restrict frame, __global float *restrict image,
                          int height, int width, int base0, int base1, int base2, int stride,
                          int chroma_stride, float offset, float scale, float red_v, float green_u,
                          float green_v, float blue_u, float side)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    const size_t plane = (size_t)height * width, row = (size_t)y * width;
    __global const uchar *first = frame + base0 + (size_t)y * stride;
#if YUV
    const int columns = SX ? (width + 1) / 2 : width, rows = SY ? (height + 1) / 2 : height;
    const int own = y >> SY, other = SY ? beside(y, own, rows) : own;
    __global const uchar *u = frame + base1 + (size_t)own * chroma_stride;
    __global const uchar *u_far = frame + base1 + (size_t)other * chroma_stride;
    __global const uchar *v = frame + base2 + (size_t)own * chroma_stride;
    __global const uchar *v_far = frame + base2 + (size_t)other * chroma_stride;
    FOR_COLUMNS(x, width) {
        const float luma = scale * ((float)first[x * STEP] - offset);
        const float cb = chroma_at(u, u_far, columns, x, side);
        const float cr = chroma_at(v, v_far, columns, x, side);
        image[row + x] = luma + red_v * cr;
        image[plane + row + x] = luma + green_u * cb + green_v * cr;
        image[2 * plane + row + x] = luma + blue_u * cb;
    }
#else
    __global const uchar *second = frame + base1 + (size_t)y * stride;
    __global const uchar *third = frame + base2 + (size_t)y * stride;
    FOR_COLUMNS(x, width) {
        image[row + x] = (float)first[x * STEP] / 255.0f;
        image[plane + row + x] = (float)second[x * STEP] / 255.0f;
        image[2 * plane + row + x] = (float)third[x * STEP] / 255.0f;
    }
#endif
}

/* A value within its range; NaN becomes 0, and is told of by `odd` instead. */
static inline float unit(float v)
{
    return v > 0.0f ? min(v, 1.0f) : 0.0f;
}

/* The nearest byte. */
static inline uchar byte_of(float v)
{
    return convert_uchar_sat(v + 0.5f);
}

/*
 * The frame's first component, or all three of RGB, = the image, clamped: Y = offset + scale * luma, luma =
 * red R + green G + blue B. `wide` columns are written: what is beyond the image repeats its last one.
 * odd[0] = 1 if the image has numbers that are not finite; otherwise it stays.
 * Dimensions: wide / COLUMNS, height.
 */
__kernel void pixels_give(__global const float *restrict image, __global uchar *restrict frame,
                          __global int *restrict odd, int height, int width, int wide, int base0,
                          int base1, int base2, int stride, float offset, float scale, float red,
                          float green, float blue)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    const size_t plane = (size_t)height * width, row = (size_t)y * width;
    __global uchar *first = frame + base0 + (size_t)y * stride;
#if !YUV
    __global uchar *second = frame + base1 + (size_t)y * stride;
    __global uchar *third = frame + base2 + (size_t)y * stride;
#endif
    int found = 0;
    FOR_COLUMNS(column, wide) {
        const int x = min(column, width - 1);
        const float r = image[row + x], g = image[plane + row + x], b = image[2 * plane + row + x];
        found |= (r - r) + (g - g) + (b - b) != 0.0f; /* NaN is not 0 */
#if YUV
        const float luma = red * unit(r) + green * unit(g) + blue * unit(b);
        first[column * STEP] = byte_of(offset + scale * luma);
#else
        first[column * STEP] = byte_of(255.0f * unit(r));
        second[column * STEP] = byte_of(255.0f * unit(g));
        third[column * STEP] = byte_of(255.0f * unit(b));
#endif
    }
    if (found)
        odd[0] = 1;
}

/* The mean of a row's pixels that chroma sample i stands for, clamped. */
static inline float mean_at(__global const float *row, int width, int i, float side)
{
#if SX
    const float middle = unit(row[2 * i]), behind = unit(row[min(2 * i + 1, width - 1)]);
    return 0.5f * middle + (0.5f - side) * behind + side * unit(row[max(2 * i - 1, 0)]);
#else
    return unit(row[i]);
#endif
}

/* The frame's chroma = 128 + coefficients times the image's mean colour. Dimensions: columns of chroma /
 * COLUMNS, its rows. */
__kernel void pixels_give_chroma(__global const float *restrict image, __global uchar *restrict frame,
                                 int height, int width, int base1, int base2, int chroma_stride,
                                 float u_red, float u_green, float u_blue, float v_red, float v_green,
                                 float v_blue, float side)
{
    const int columns = SX ? (width + 1) / 2 : width, rows = SY ? (height + 1) / 2 : height;
    const int i = (int)get_global_id(1);
    if (i >= rows)
        return;
    const size_t plane = (size_t)height * width;
    __global const float *upper = image + (size_t)(i << SY) * width;
    __global const float *lower = image + (size_t)min((i << SY) + SY, height - 1) * width;
    __global uchar *u = frame + base1 + (size_t)i * chroma_stride;
    __global uchar *v = frame + base2 + (size_t)i * chroma_stride;
    FOR_COLUMNS(x, columns) {
        float mean[3];
        for (int k = 0; k < 3; k++)
            mean[k] = 0.5f * (mean_at(upper + k * plane, width, x, side) +
                              mean_at(lower + k * plane, width, x, side));
        u[x * CSTEP] = byte_of(128.0f + u_red * mean[0] + u_green * mean[1] + u_blue * mean[2]);
        v[x * CSTEP] = byte_of(128.0f + v_red * mean[0] + v_green * mean[1] + v_blue * mean[2]);
    }
}

/* painted = the original's colours with the luma of what was painted, clamped. The image has n pixels.
 * Dimension: n / COLUMNS. */
__kernel void pixels_luma(__global const float *restrict original, __global float *restrict painted,
                          int n, float red, float green, float blue)
{
    FOR_COLUMNS(i, n) {
        const float r = original[i], g = original[(size_t)n + i], b = original[2 * (size_t)n + i];
        const float pr = painted[i], pg = painted[(size_t)n + i], pb = painted[2 * (size_t)n + i];
        const float odd = (pr - pr) + (pg - pg) + (pb - pb); /* 0, or NaN, which must not be lost */
        const float shift =
            red * (unit(pr) - r) + green * (unit(pg) - g) + blue * (unit(pb) - b) + odd;
        painted[i] = r + shift;
        painted[(size_t)n + i] = g + shift;
        painted[2 * (size_t)n + i] = b + shift;
    }
}

/*
 * Steadies a camera's noise: state += k (image - state), and image = state. k = clamp(|image - state| * per,
 * least, 1), where the distance is that of the colour component that differs most. The image has n pixels.
 * Dimension: n / COLUMNS.
 */
__kernel void pixels_steady(__global float *restrict state, __global float *restrict image, int n,
                            float per, float least)
{
    FOR_COLUMNS(i, n) {
        const size_t at[3] = {(size_t)i, (size_t)n + i, 2 * (size_t)n + i};
        float most = 0.0f;
        for (int k = 0; k < 3; k++)
            most = max(most, fabs(image[at[k]] - state[at[k]]));
        const float share = clamp(most * per, least, 1.0f);
        for (int k = 0; k < 3; k++) {
            const float steady = state[at[k]] + share * (image[at[k]] - state[at[k]]);
            state[at[k]] = steady;
            image[at[k]] = steady;
        }
    }
}

/* small(k, y, x) = the mean of by x by pixels of an image (3, height, width); what is left of it at the right
 * and below is left out. Dimensions: small_width / COLUMNS, small_height, 3. */
__kernel void pixels_reduce(__global const float *restrict image, __global float *restrict small,
                            int height, int width, int small_height, int small_width, int by)
{
    const int y = (int)get_global_id(1), k = (int)get_global_id(2);
    if (y >= small_height || k >= 3)
        return;
    __global const float *from = image + ((size_t)k * height + (size_t)y * by) * width;
    FOR_COLUMNS(x, small_width) {
        float sum = 0.0f;
        for (int row = 0; row < by; row++)
            for (int col = 0; col < by; col++)
                sum += from[(size_t)row * width + x * by + col];
        small[((size_t)k * small_height + y) * small_width + x] = sum / (float)(by * by);
    }
}
