/* SPDX-License-Identifier: MIT */
/*
 * How much a network's picture repeats with its own upsampling. The picture is made of maps of a quarter of
 * its sides. So of an even sky, a network can only make what repeats every LATTICE pixels, and its waves are
 * stronger at some of these places than at others. In a window of LATTICE_WINDOW pixels a side, each of
 * the LATTICE^2 places has four means: of the picture x, and of its structure tensor dx dx, dy dy and dx dy,
 * with the differences to the right and lower neighbours, which are 0 at the picture's last ones. In a
 * painting, all places have nearly the same means. How far they are from the window's means is the pattern:
 *
 *     pattern (4, 3, windows, PLACES)
 *     lattice = mean over windows, channels and places of
 *               x' x' + ENERGY ((dx dx)' (dx dx)' + (dy dy)' (dy dy)' + 2 (dx dy)' (dx dy)')
 *
 * with a ' for what the pattern has. Windows lie side by side from the picture's first pixel; what is left
 * over at the far edges is not looked at.
 */

#define PLACES (LATTICE * LATTICE)
/* Differences are smaller than what they are taken of, and squares of them more so. */
#define ENERGY 30.0f

/* The differences at a pixel; `at` is its place in x (3, height, width). */
static inline float across_of(__global const float *x, int at, int col, int width)
{
    return col + 1 < width ? x[at + 1] - x[at] : 0.0f;
}
static inline float down_of(__global const float *x, int at, int row, int height, int width)
{
    return row + 1 < height ? x[at + width] - x[at] : 0.0f;
}

/* Means of the `quantity` at a place. Dimensions: windows * PLACES, 3, 4. */
__kernel void lattice_means(__global const float *restrict x, __global float *restrict pattern, int height,
                            int width, int windows)
{
    const int entry = (int)get_global_id(0), c = (int)get_global_id(1), quantity = (int)get_global_id(2);
    if (entry >= windows * PLACES || c >= 3 || quantity >= 4)
        return;
    const int across = width / LATTICE_WINDOW, window = entry / PLACES, place = entry % PLACES;
    const int top = window / across * LATTICE_WINDOW + place / LATTICE;
    const int left = window % across * LATTICE_WINDOW + place % LATTICE;
    float sum = 0.0f;
    for (int row = top; row < top + LATTICE_WINDOW; row += LATTICE)
        for (int col = left; col < left + LATTICE_WINDOW; col += LATTICE) {
            const int at = (c * height + row) * width + col;
            const float dx = across_of(x, at, col, width), dy = down_of(x, at, row, height, width);
            sum += quantity == 0 ? x[at] : quantity == 1 ? dx * dx : quantity == 2 ? dy * dy : dx * dy;
        }
    pattern[(quantity * 3 + c) * windows * PLACES + entry] =
        sum * ((float)PLACES / (LATTICE_WINDOW * LATTICE_WINDOW));
}

/* Means become the pattern, of `planes` windows of all channels, and sums[sums_at + part] = a share of the
 * lattice. Dimension: PARTS. */
__kernel void lattice_sum(__global float *restrict pattern, __global float *restrict sums, int sums_at,
                          int planes)
{
    const float weights[] = {1.0f, ENERGY, ENERGY, 2 * ENERGY};
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, planes); i < SHARE_END(part, planes); i += SHARE_STEP)
        for (int quantity = 0; quantity < 4; quantity++) {
            __global float *p = pattern + (quantity * planes + i) * PLACES;
            float mean = 0.0f;
            for (int place = 0; place < PLACES; place++)
                mean += p[place] / PLACES;
            for (int place = 0; place < PLACES; place++) {
                p[place] -= mean;
                sum += weights[quantity] * p[place] * p[place];
            }
        }
    sums[sums_at + part] = sum / ((float)planes * PLACES);
}

/* What the pattern has at a pixel; 0 beyond the windows. */
static inline float pattern_at(__global const float *pattern, int quantity, int c, int row, int col,
                               int height, int width)
{
    const int across = width / LATTICE_WINDOW, down = height / LATTICE_WINDOW;
    if (row >= down * LATTICE_WINDOW || col >= across * LATTICE_WINDOW)
        return 0.0f;
    const int window = row / LATTICE_WINDOW * across + col / LATTICE_WINDOW;
    const int place = row % LATTICE * LATTICE + col % LATTICE;
    return pattern[((quantity * 3 + c) * across * down + window) * PLACES + place];
}

/* Half the derivatives of the tensor's part, over ENERGY, by the differences at a pixel of the picture. */
static inline float2 slopes_at(__global const float *x, __global const float *pattern, int c, int row,
                               int col, int height, int width)
{
    const int at = (c * height + row) * width + col;
    const float dx = across_of(x, at, col, width), dy = down_of(x, at, row, height, width);
    const float both = pattern_at(pattern, 3, c, row, col, height, width);
    const float slope_x = dx * pattern_at(pattern, 1, c, row, col, height, width) + dy * both;
    const float slope_y = dy * pattern_at(pattern, 2, c, row, col, height, width) + dx * both;
    return (float2)(col + 1 < width ? 2 * slope_x : 0.0f, row + 1 < height ? 2 * slope_y : 0.0f);
}

/* gradient (3, height, width) += factor * d, where 2 d / (3 * windows * LATTICE_WINDOW^2) is the lattice's
 * derivative by a pixel. Dimensions: width, height, 3. */
__kernel void lattice_bwd(__global const float *restrict x, __global const float *restrict pattern,
                          __global float *restrict gradient, int height, int width, float factor)
{
    const int col = (int)get_global_id(0), row = (int)get_global_id(1), c = (int)get_global_id(2);
    if (col >= width || row >= height || c >= 3)
        return;
    const float2 here = slopes_at(x, pattern, c, row, col, height, width);
    float slope = -here.x - here.y;
    if (col > 0)
        slope += slopes_at(x, pattern, c, row, col - 1, height, width).x;
    if (row > 0)
        slope += slopes_at(x, pattern, c, row - 1, col, height, width).y;
    gradient[(c * height + row) * width + col] +=
        factor * (pattern_at(pattern, 0, c, row, col, height, width) + ENERGY * slope);
}
