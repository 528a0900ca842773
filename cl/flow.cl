/* SPDX-License-Identifier: MIT */
/*
 * Put before the kernels of the optical flow. They know three kinds of planes of floats, all of which vectors
 * may be stored to and loaded from without asking for a row's end:
 *
 * - lumas of a frame's level, 0 to 255, with PAD copies of the edge's pixels at each side;
 * - fields of a level, such as its flow or its slopes, with a margin of one pixel, a copy of the edge;
 * - dealt planes: the pixels whose x + y is even, colour 0, apart from the others, colour 1. So all four
 *   neighbours of a colour's pixels are of the other colour, and stand side by side as they do. Cells
 *   that are no pixels hold numbers that do not matter, but are finite where they meet a factor of 0.
 */

#define PAD FLOW_PAD
#define PATCH FLOW_PATCH
#define STRIDE FLOW_STRIDE

#define LUMA_PITCH(width) (PAD + ((width) + PAD + VW - 1) / VW * VW)
#define LUMA_AT(width, y, x) (((y) + PAD) * LUMA_PITCH(width) + PAD + (x))

#define FIELD_PITCH(width) (VW + ((width) + VW) / VW * VW)
#define FIELD_AT(width, y, x) (((y) + 1) * FIELD_PITCH(width) + VW + (x))
#define FIELD(height, width) FIELD_AT(width, (height) + 1, VW)

#define DEALT_VECTORS(width) (((width) + 2 * VW - 1) / (2 * VW))
#define DEALT_PITCH(width) ((DEALT_VECTORS(width) + 1) * VW)
#define DEALT_AT(height, width, colour, y) (((colour) * (height) + (y)) * DEALT_PITCH(width) + VW)
#define DEALT(height, width) (DEALT_AT(height, width, 2, 0))

#if VW == 16
#define vloadv vload16
#define vstorev vstore16
#define convert_floatv convert_float16
#define LANE_NUMBERS (intv)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#elif VW == 8
#define vloadv vload8
#define vstorev vstore8
#define convert_floatv convert_float8
#define LANE_NUMBERS (intv)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#define vloadv vload4
#define vstorev vstore4
#define convert_floatv convert_float4
#define LANE_NUMBERS (intv)(0, 1, 2, 3)
#endif

/* The vectors that a work-item does of a row of n pixels, by their first pixel. */
#define FOR_VECTORS(x, n)                                                                                    \
    for (int x = (int)get_global_id(0) * COLUMNS * VW, end_of_##x = min(x + COLUMNS * VW, (n));              \
         x < end_of_##x; x += VW)

static inline floatv load(__global const float *restrict p)
{
    return vloadv(0, p);
}

static inline void store(floatv v, __global float *restrict p)
{
    vstorev(v, 0, p);
}

/* Every second of the pixels of two vectors side by side, from the first on, or from the second. */
static inline floatv evens(floatv first, floatv second)
{
    floatv v;
    v.lo = first.even;
    v.hi = second.even;
    return v;
}

static inline floatv odds(floatv first, floatv second)
{
    floatv v;
    v.lo = first.odd;
    v.hi = second.odd;
    return v;
}

/* Slopes of a plane at a vector of pixels: Sobel's differences over 8. */
static inline floatv slope_across(__global const float *restrict p, int pitch)
{
    return 0.125f * ((load(p - pitch + 1) - load(p - pitch - 1)) + 2.0f * (load(p + 1) - load(p - 1)) +
                     (load(p + pitch + 1) - load(p + pitch - 1)));
}

static inline floatv slope_down(__global const float *restrict p, int pitch)
{
    return 0.125f *
           ((load(p + pitch - 1) - load(p - pitch - 1)) + 2.0f * (load(p + pitch) - load(p - pitch)) +
            (load(p + pitch + 1) - load(p - pitch + 1)));
}

/* The margin at the ends of a field's row, by the work-items that have stored them; each stores so many
 * pixels. */
static inline void close_row(__global float *restrict row, int width, int pixels)
{
    if (get_global_id(0) == 0)
        row[-1] = row[0];
    if ((int)get_global_id(0) == (width - 1) / pixels)
        row[width] = row[width - 1];
}

/* A point of a luma, by the pixel before it and the weights of the four around it. */
typedef struct {
    int at;
    float4 weights;
} point;

/* Of the first of `size` x `size` pixels. What would be beyond the padding is moved into it. */
static inline point point_at(float x, float y, int height, int width, int size)
{
    const float inside_x = fmin(fmax(x + PAD, 0.0f), (float)(width + 2 * PAD - size) - 1.01f);
    const float inside_y = fmin(fmax(y + PAD, 0.0f), (float)(height + 2 * PAD - size) - 1.01f);
    const int column = (int)inside_x, row = (int)inside_y;
    const float fx = inside_x - (float)column, fy = inside_y - (float)row;
    point p;
    p.at = row * LUMA_PITCH(width) + column;
    p.weights = (float4)((1.0f - fx) * (1.0f - fy), fx * (1.0f - fy), (1.0f - fx) * fy, fx * fy);
    return p;
}

static inline float sampled(__global const float *restrict luma, point p, int width)
{
    __global const float *q = luma + p.at, *below = q + LUMA_PITCH(width);
    return (p.weights.x * q[0] + p.weights.y * q[1]) + (p.weights.z * below[0] + p.weights.w * below[1]);
}
