/* SPDX-License-Identifier: MIT */
/* A frame's pyramid: its luma, halved again and again, and the slopes of each level. */

/* The copies of the edge's pixels at both sides of a row, of which `filled` pixels are there. */
static inline void pad_row(__global float *restrict row, int width, int filled)
{
    if (get_global_id(0) == 0)
        for (int x = -PAD; x < 0; x++)
            row[x] = row[0];
    if ((int)get_global_id(0) == (filled - 1) / (COLUMNS * VW))
        for (int x = filled; x < width + PAD; x++)
            row[x] = row[filled - 1];
}

/* The luma, 0 to 255, of a picture's pixel and of a vector of them. With three planes it is weighed as BT.601
 * does. */
static inline float luma_of(__global const float *restrict pixel, int planes, int plane)
{
    if (planes == 1)
        return 255.0f * pixel[0];
    return 255.0f * (0.299f * pixel[0] + 0.587f * pixel[plane] + 0.114f * pixel[2 * (size_t)plane]);
}

static inline floatv lumas_of(__global const float *restrict pixels, int planes, int plane)
{
    if (planes == 1)
        return 255.0f * load(pixels);
    return 255.0f * (0.299f * load(pixels) + 0.587f * load(pixels + plane) +
                     0.114f * load(pixels + 2 * (size_t)plane));
}

/*
 * A level's luma from a picture of 3 planes RGB in [0, 1], or of 1, its luma. The level may be larger, and
 * goes on as the picture's edge pixels. Dimensions: width / VW / COLUMNS, rows with their padding.
 */
__kernel void flow_luma(__global const float *restrict picture, int planes, int height, int width,
                        __global float *restrict lumas, int luma_at, int level_height, int level_width)
{
    const int y = (int)get_global_id(1) - PAD, plane = height * width;
    if (y >= level_height + PAD)
        return;
    __global const float *from = picture + clamp(y, 0, height - 1) * width;
    __global float *row = lumas + luma_at + LUMA_AT(level_width, y, 0);
    FOR_VECTORS(x, width) {
        if (x + VW <= width)
            store(lumas_of(from + x, planes, plane), row + x);
        else
            for (int i = x; i < width; i++)
                row[i] = luma_of(from + i, planes, plane);
    }
    pad_row(row, level_width, width);
}

/* A level's luma as means of 2 x 2 of the one below. Dimensions: width / VW / COLUMNS, rows with padding. */
__kernel void flow_halve(__global const float *restrict lumas, int from_at, int from_width,
                         __global float *restrict halves, int to_at, int height, int width)
{
    const int y = (int)get_global_id(1) - PAD;
    if (y >= height + PAD)
        return;
    const int pitch = LUMA_PITCH(from_width);
    __global const float *from = lumas + from_at + LUMA_AT(from_width, 2 * clamp(y, 0, height - 1), 0);
    __global float *row = halves + to_at + LUMA_AT(width, y, 0);
    FOR_VECTORS(x, width) {
        const floatv left = load(from + 2 * x) + load(from + 2 * x + pitch);
        const floatv right = load(from + 2 * x + VW) + load(from + 2 * x + VW + pitch);
        store(0.25f * (evens(left, right) + odds(left, right)), row + x);
    }
    pad_row(row, width, width);
}

/* Slopes of a level's luma: two fields, across and down, without their margins. Dimensions: width / VW /
 * COLUMNS, height. */
__kernel void flow_slopes(__global const float *restrict lumas, int luma_at, __global float *restrict slopes,
                          int slopes_at, int height, int width)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    __global const float *luma = lumas + luma_at + LUMA_AT(width, y, 0);
    __global float *across = slopes + slopes_at + FIELD_AT(width, y, 0);
    __global float *down = across + FIELD(height, width);
    FOR_VECTORS(x, width) {
        store(slope_across(luma + x, LUMA_PITCH(width)), across + x);
        store(slope_down(luma + x, LUMA_PITCH(width)), down + x);
    }
}
