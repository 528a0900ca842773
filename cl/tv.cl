/* SPDX-License-Identifier: MIT */
/* Total variation of a picture (3, height, width), as mean squared differences of neighbours. */

/* Total variation of a picture (3, height, width): sums[sums_at + block * shares + share] = share of a
 * block of rows (as in reduce.cl) in inverse_x * sum of dx^2 + inverse_y * sum of dy^2, dx and dy the
 * forward differences. */
__kernel void tv_sum(__global const float *restrict image, __global float *restrict sums,
                     int sums_at, int height, int width, float inverse_x, float inverse_y, int rows,
                     int blocks, int shares)
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
        const float dy = y + 1 < height ? image[i + width] - here : 0.0f;
        along_x += dx * dx;
        along_y += dy * dy;
    }
    sums[sums_at + part] = inverse_x * along_x + inverse_y * along_y;
}

/* gradient += factor * d/dimage (inverse_x * sum dx^2 + inverse_y * sum dy^2). Dimensions:
 * width / COLUMNS, height, 3. */
__kernel void tv_bwd(__global const float *restrict image, __global float *restrict gradient,
                     int height, int width, float inverse_x, float inverse_y, float factor)
{
    const int y = (int)get_global_id(1), c = (int)get_global_id(2);
    if (y >= height || c >= 3)
        return;
    const int above = y > 0 ? width : 0, below = y + 1 < height ? width : 0;
    FOR_COLUMNS(x, width) {
        const size_t i = ((size_t)c * height + y) * width + x;
        const float here = image[i];
        /* At the border a neighbour is the pixel itself. */
        const float along_x = 2.0f * here - image[i - (x > 0)] - image[i + (x + 1 < width)];
        const float along_y = 2.0f * here - image[i - above] - image[i + below];
        gradient[i] += 2.0f * factor * (inverse_x * along_x + inverse_y * along_y);
    }
}
