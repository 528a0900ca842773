/* SPDX-License-Identifier: MIT */
/*
 * The weave: how much a picture repeats at distances that suit a network's upsampling. A network makes each
 * WEAVE_STEP x WEAVE_STEP pixels of one place of its smallest maps. Of an even sky it can make the same stroke
 * again and again, a few of these places further on, and style losses, which do not look at places, have
 * nothing against it. So the picture's differences are compared with themselves, moved by whole places.
 *
 *     y = means of 2 x 2 pixels of the picture x (3, height, width)
 *     d = differences of y to the right and lower neighbours, (6, height / 2, width / 2), 0 at the last ones
 *
 * In a window W of WEAVE_WINDOW pixels a side, for each shift s of WEAVE_STEP multiples up to WEAVE_REACH pixels
 * each way (only one of s and -s, and not 0), with p and p + s in W:
 *
 *     r_s = mean over p of <d(p), d(p + s)> / (mean over p of <d(p), d(p)> + FLAT)
 *     weave = mean over windows and shifts of max(0, |r_s| - max(limit_s, |r'_s|))^2
 *
 * limit_s is what the style's own picture has, and r'_s what the photograph has in the same window: the edge
 * of a house is as it is some steps further on, and so may its painting's be. Windows lie side by side from the
 * picture's first pixel; what is left over at the far edges is not looked at. All of the below is in pixels of
 * y: a half of the picture's.
 */

#define SIDE (WEAVE_WINDOW / 2)
#define STEP (WEAVE_STEP / 2)
#define REACH (WEAVE_REACH / WEAVE_STEP) /* in steps */
#define ACROSS (2 * REACH + 1)
#define SHIFTS WEAVE_SHIFTS
#define DIFFERENCES 6
/* A window with fainter differences than this counts for less: 0.9 % of the range, in each of the six. */
#define FLAT 5e-4f

/* Shift number n, from 1 to SHIFTS: to the right, and down. Number 0 is no shift at all. Those to the right
 * alone come first, then rows of ACROSS that also go down. */
static inline int across_of_shift(int n)
{
    return ((n + REACH) % ACROSS - REACH) * STEP;
}
static inline int down_of_shift(int n)
{
    return (n + REACH) / ACROSS * STEP;
}

/* Pairs of a window's pixels that are so far from each other. */
static inline int pairs_of(int n)
{
    const int right = across_of_shift(n);
    return (SIDE - max(right, -right)) * (SIDE - down_of_shift(n));
}

static inline float mean_at(__global const float *x, int row, int col, int width)
{
    __global const float *at = x + (size_t)2 * row * width + 2 * col;
    return 0.25f * (at[0] + at[1] + at[width] + at[width + 1]);
}

/* d of x; height, width: those of x, halves of which may be left over. Dimensions: width / 2, height / 2, 3. */
__kernel void weave_differences(__global const float *restrict x, __global float *restrict d, int height,
                                int width)
{
    const int col = (int)get_global_id(0), row = (int)get_global_id(1), c = (int)get_global_id(2);
    const int down = height / 2, across = width / 2;
    if (col >= across || row >= down || c >= 3)
        return;
    __global const float *plane = x + (size_t)c * height * width;
    const float here = mean_at(plane, row, col, width);
    const int at = (c * down + row) * across + col;
    d[at] = mean_at(plane, row, min(col + 1, across - 1), width) - here;
    d[3 * down * across + at] = mean_at(plane, min(row + 1, down - 1), col, width) - here;
}

/* products (SHIFTS + 1, windows): means over the pairs of a window. down, across: sides of d.
 * Dimensions: windows, SHIFTS + 1. */
__kernel void weave_products(__global const float *restrict d, __global float *restrict products, int down,
                             int across)
{
    const int window = (int)get_global_id(0), n = (int)get_global_id(1);
    const int columns = across / SIDE, windows = down / SIDE * columns;
    if (window >= windows || n > SHIFTS)
        return;
    const int right = across_of_shift(n), lower = down_of_shift(n);
    const int top = window / columns * SIDE, left = window % columns * SIDE;
    const int first = max(0, -right), last = SIDE - max(0, right);
    float sum = 0.0f;
    for (int k = 0; k < DIFFERENCES; k++)
        for (int i = 0; i < SIDE - lower; i++) {
            __global const float *row = d + (k * down + top + i) * across + left;
            __global const float *other = row + lower * across + right;
            float part = 0.0f;
            for (int j = first; j < last; j++)
                part += row[j] * other[j];
            sum += part;
        }
    products[n * windows + window] = sum / (float)pairs_of(n);
}

/*
 * sums[sums_at + part] = a share of the weave; and of the products is made what their pairs get. content: the
 * products of the photograph. With over the part of |r_s| beyond its limit, and E the mean of squares with FLAT:
 *
 *     products(s) = sign(r_s) over_s / (E pairs_s),  products(0) = -2 sum over s of over_s |r_s| / (E pairs)
 *
 * Dimension: PARTS.
 */
__kernel void weave_sum(__global float *restrict products, __global const float *restrict content,
                        __global const float *restrict limits, __global float *restrict sums, int sums_at,
                        int windows)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, windows); i < SHARE_END(part, windows); i += SHARE_STEP) {
        const float energy = products[i] + FLAT, content_energy = content[i] + FLAT;
        float back = 0.0f;
        for (int n = 1; n <= SHIFTS; n++) {
            const float r = products[n * windows + i] / energy;
            const float limit = fmax(limits[n - 1], fabs(content[n * windows + i]) / content_energy);
            const float over = fmax(fabs(r) - limit, 0.0f);
            sum += over * over;
            back += over * fabs(r);
            products[n * windows + i] = (r < 0.0f ? -over : over) / (energy * (float)pairs_of(n));
        }
        products[i] = -2.0f * back / (energy * (float)(SIDE * SIDE));
    }
    sums[sums_at + part] = sum / ((float)windows * SHIFTS);
}

/* slopes (6, down, across): where 2 / (windows SHIFTS) of them are the weave's derivatives by d.
 * Dimensions: across, down, 6. */
__kernel void weave_slopes(__global const float *restrict d, __global const float *restrict products,
                           __global float *restrict slopes, int down, int across)
{
    const int col = (int)get_global_id(0), row = (int)get_global_id(1), k = (int)get_global_id(2);
    if (col >= across || row >= down || k >= DIFFERENCES)
        return;
    const int columns = across / SIDE, windows = down / SIDE * columns;
    const int at = (k * down + row) * across + col;
    const int i = row % SIDE, j = col % SIDE, window = row / SIDE * columns + col / SIDE;
    slopes[at] = 0.0f;
    if (row / SIDE >= down / SIDE || col / SIDE >= columns)
        return;
    float sum = products[window] * d[at];
    for (int n = 1; n <= SHIFTS; n++) {
        const int right = across_of_shift(n), lower = down_of_shift(n), there = lower * across + right;
        float pair = 0.0f;
        if (i + lower < SIDE && j + right >= 0 && j + right < SIDE)
            pair += d[at + there];
        if (i >= lower && j >= right && j - right < SIDE)
            pair += d[at - there];
        sum += products[n * windows + window] * pair;
    }
    slopes[at] = sum;
}

/* gradient (3, height, width) += factor * slope of y, where a quarter of it is each of its four pixels'.
 * Dimensions: width, height, 3. */
__kernel void weave_bwd(__global const float *restrict slopes, __global float *restrict gradient, int height,
                        int width, float factor)
{
    const int x = (int)get_global_id(0), y = (int)get_global_id(1), c = (int)get_global_id(2);
    const int down = height / 2, across = width / 2, row = y / 2, col = x / 2;
    if (x >= width || y >= height || c >= 3 || row >= down || col >= across)
        return;
    const int at = (c * down + row) * across + col;
    __global const float *lower = slopes + 3 * down * across;
    float slope = 0.0f;
    if (col + 1 < across)
        slope -= slopes[at];
    if (col > 0)
        slope += slopes[at - 1];
    if (row + 1 < down)
        slope -= lower[at];
    if (row > 0)
        slope += lower[at - across];
    gradient[(c * height + y) * width + x] += factor * 0.25f * slope;
}
