/* SPDX-License-Identifier: MIT */
/*
 * How much a network's picture repeats with its own upsampling. The picture is made from maps of a quarter
 * of its sides, so that of an even sky the network can only make what is the same every LATTICE pixels. In
 * a window of LATTICE_WINDOW pixels a side, each of the LATTICE^2 places of that pattern has a mean; how far
 * these are from the window's mean is the pattern. Windows lie side by side from the picture's first pixel;
 * what is left over at the far edges is not looked at.
 */

#define PLACES (LATTICE * LATTICE)

/* means[(c * windows + window) * PLACES + place] of x (3, height, width). Dimensions: windows * PLACES, 3. */
__kernel void lattice_means(__global const float *restrict x, __global float *restrict means, int height,
                            int width, int windows)
{
    const int entry = (int)get_global_id(0), c = (int)get_global_id(1);
    if (entry >= windows * PLACES || c >= 3)
        return;
    const int across = width / LATTICE_WINDOW, window = entry / PLACES, place = entry % PLACES;
    const int row = window / across * LATTICE_WINDOW + place / LATTICE;
    const int col = window % across * LATTICE_WINDOW + place % LATTICE;
    float sum = 0.0f;
    for (int i = 0; i < LATTICE_WINDOW; i += LATTICE)
        for (int j = 0; j < LATTICE_WINDOW; j += LATTICE)
            sum += x[(c * height + row + i) * width + col + j];
    means[c * windows * PLACES + entry] = sum * ((float)PLACES / (LATTICE_WINDOW * LATTICE_WINDOW));
}

/* Means become their differences from their window's, of `planes` windows of all channels, and
 * sums[sums_at + part] = a share of the mean of those differences' squares. Dimension: PARTS. */
__kernel void lattice_sum(__global float *restrict means, __global float *restrict sums, int sums_at,
                          int planes)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, planes); i < SHARE_END(part, planes); i += SHARE_STEP) {
        __global float *pattern = means + i * PLACES;
        float mean = 0.0f;
        for (int place = 0; place < PLACES; place++)
            mean += pattern[place] / PLACES;
        for (int place = 0; place < PLACES; place++) {
            pattern[place] -= mean;
            sum += pattern[place] * pattern[place];
        }
    }
    sums[sums_at + part] = sum / ((float)planes * PLACES);
}

/* gradient (3, height, width) += factor * the difference that a pixel's place has. Dimensions: the windows'
 * columns, their rows, 3. */
__kernel void lattice_bwd(__global const float *restrict pattern, __global float *restrict gradient,
                          int height, int width, int windows, float factor)
{
    const int col = (int)get_global_id(0), row = (int)get_global_id(1), c = (int)get_global_id(2);
    const int across = width / LATTICE_WINDOW, down = height / LATTICE_WINDOW;
    if (col >= across * LATTICE_WINDOW || row >= down * LATTICE_WINDOW || c >= 3)
        return;
    const int window = row / LATTICE_WINDOW * across + col / LATTICE_WINDOW;
    const int place = row % LATTICE * LATTICE + col % LATTICE;
    gradient[(c * height + row) * width + col] += factor * pattern[(c * windows + window) * PLACES + place];
}
