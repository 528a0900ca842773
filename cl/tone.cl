/* SPDX-License-Identifier: MIT */
/*
 * The colours of images, (3, height, width) floats: their moments, and moving them.
 *
 * Moments are of bands of NORM_BAND rows, whose columns are dealt out to `parts` work-items:
 * sums[(band * parts + part) * TONE_MOMENTS]. They are four colours: `from`, one near these; `offset`, their
 * mean less that; the sums of squares about the mean; and those of the products of channels 0 and 1, 1 and
 * 2, 2 and 0. So neither means nor the number of pixels cost precision.
 */

static inline float3 colour(__global const float *image, size_t plane, int i)
{
    return (float3)(image[i], image[plane + i], image[2 * plane + i]);
}

/* Of every step-th pixel of a row, n of them, from `part` on. */
static inline float3 mean_colour(__global const float *row, size_t plane, int part, int step, int n)
{
    float3 sum = (float3)(0.0f);
    for (int i = 0; i < n; i++)
        sum += colour(row, plane, part + i * step);
    return sum / (float)n;
}

/* The moments of rows at to at + rows of the image, whose bands begin with `band`. Dimensions: parts, bands. */
__kernel void tone_sums(__global const float *restrict image, __global float *restrict sums, int height,
                        int width, int at, int rows, int band, int parts)
{
    const int part = (int)get_global_id(0), k = (int)get_global_id(1), begin = k * NORM_BAND;
    if (part >= min(parts, width) || begin >= rows)
        return;
    const size_t plane = (size_t)height * width;
    const int end = min(begin + NORM_BAND, rows), columns = (width - part + parts - 1) / parts;
    const float count = (float)columns * (end - begin);
    image += (size_t)at * width;
    /* As in cl/norm.cl: where other rows' means are far from the first one's, so are colours from each other. */
    const float3 from = mean_colour(image + (size_t)begin * width, plane, part, parts, columns);
    float3 sum = (float3)(0.0f), squares = sum, across = sum;
    for (int row = begin; row < end; row++) {
        __global const float *in = image + (size_t)row * width;
        float3 row_sum = (float3)(0.0f), row_squares = row_sum, row_across = row_sum;
        for (int i = part; i < width; i += parts) {
            const float3 d = colour(in, plane, i) - from;
            row_sum += d;
            row_squares += d * d;
            row_across += d * d.yzx;
        }
        sum += row_sum;
        squares += row_squares;
        across += row_across;
    }
    __global float *out = sums + ((size_t)(band + k) * parts + part) * TONE_MOMENTS;
    vstore3(from, 0, out);
    vstore3(sum / count, 1, out);
    vstore3(squares - sum * (sum / count), 2, out);
    vstore3(across - sum * (sum.yzx / count), 3, out);
}

/* Colours = the matrix times them, plus a colour, in rows at to at + rows of the image. Dimensions: width /
 * COLUMNS, rows. */
__kernel void tone_move(__global float *image, int height, int width, int at, int rows, float rr, float rg,
                        float rb, float gr, float gg, float gb, float br, float bg, float bb, float red,
                        float green, float blue)
{
    const int row = (int)get_global_id(1);
    if (row >= rows)
        return;
    const size_t plane = (size_t)height * width;
    image += (size_t)(at + row) * width;
    FOR_COLUMNS(i, width) {
        const float r = image[i], g = image[plane + i], b = image[2 * plane + i];
        image[i] = (rr * r + rg * g) + (rb * b + red);
        image[plane + i] = (gr * r + gg * g) + (gb * b + green);
        image[2 * plane + i] = (br * r + bg * g) + (bb * b + blue);
    }
}
