/* SPDX-License-Identifier: MIT */
/* Total variation of a picture (3, height, width), as mean squared differences of neighbours. */

/* The picture may be a band of rows of a taller one. Then `beside` (2, 3, width) has the row above it and
 * the one below it, as far as there is one: `above` and `below` say so. */

/* Total variation of a picture (3, height, width): sums[sums_at + block * shares + share] = share of a
 * block of rows (as in reduce.cl) in inverse_x * sum of dx^2 + inverse_y * sum of dy^2, dx and dy the
 * forward differences. */
__kernel void tv_sum(__global const float *restrict image, __global float *restrict sums,
                     int sums_at, int height, int width, float inverse_x, float inverse_y, int rows,
                     int blocks, int shares, __global const float *restrict beside, int below)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int block = part / shares, share = part % shares, first = block * rows;
    const int count = block + 1 < blocks ? rows : block < blocks ? height - first : 0;
    const int n = 3 * count * width;
    float along_x = 0.0f, along_y = 0.0f;
    for (int k = PART_BEGIN(share, shares, n); k < PART_END(share, shares, n);
         k += PART_STEP(shares)) {
        const int x = k % width, row = k / width, y = first + row % count;
        const size_t i = ((size_t)(row / count) * height + y) * width + x;
        const float here = image[i];
        const float dx = x + 1 < width ? image[i + 1] - here : 0.0f;
        const float dy = y + 1 < height ? image[i + width] - here
                         : below        ? beside[(3 + row / count) * width + x] - here
                                        : 0.0f;
        along_x += dx * dx;
        along_y += dy * dy;
    }
    sums[sums_at + part] = inverse_x * along_x + inverse_y * along_y;
}

/* gradient += factor * d/dimage (inverse_x * sum dx^2 + inverse_y * sum dy^2). Dimensions:
 * width / COLUMNS, height, 3. */
__kernel void tv_bwd(__global const float *restrict image, __global float *restrict gradient,
                     int height, int width, float inverse_x, float inverse_y, float factor,
                     __global const float *restrict beside, int above, int below)
{
    const int y = (int)get_global_id(1), c = (int)get_global_id(2);
    if (y >= height || c >= 3)
        return;
    __global const float *row = image + ((size_t)c * height + y) * width;
    /* At the border a neighbour is the pixel itself. */
    __global const float *up = y > 0 ? row - width : above ? beside + c * width : row;
    __global const float *down = y + 1 < height ? row + width : below ? beside + (3 + c) * width : row;
    gradient += ((size_t)c * height + y) * width;
    FOR_COLUMNS(x, width) {
        const float here = row[x];
        const float along_x = 2.0f * here - row[x - (x > 0)] - row[x + (x + 1 < width)];
        const float along_y = 2.0f * here - up[x] - down[x];
        gradient[x] += 2.0f * factor * (inverse_x * along_x + inverse_y * along_y);
    }
}
