/* SPDX-License-Identifier: MIT */
/*
 * Instance normalisation of maps, whose planes have `wide` more pixels at each side of height x width
 * (cl/map.cl).
 *
 * Moments of n numbers are three: `from`, a number near them; `offset`, their mean less that; `squares`,
 * the sum of squares about the mean. So neither large means nor outliers cost precision. `sums` has
 * moments of bands, NORM_BAND rows each: sums[band * pitch + k * blocks + block]. Where a band's columns
 * are dealt out to several work-items, each leaves its part's behind those of its band, which are merged
 * then: sums[band * pitch + to + (k * blocks + block) * parts + part].
 *
 * statistics[k * blocks + block], by the names that shared.h has.
 */

/* The moments of n_a numbers become those of n_a + n_b (Chan, Golub and LeVeque 1979). offset_b is from
 * the same number. */
static inline void merge(float n_a, floatv *offset, floatv *squares, float n_b, floatv offset_b,
                         floatv squares_b)
{
    const float share = n_b / (n_a + n_b);
    const floatv delta = offset_b - *offset;
    *offset += share * delta;
    *squares += squares_b + (n_a * share) * (delta * delta);
}

/* The mean of every step-th of n vectors, nearly: sums in single precision. */
static inline floatv nearly_mean(__global const floatv *in, int n, int step, float count)
{
    floatv a = (floatv)(0.0f), b = a, c = a, d = a;
    int i = 0;
    for (; i + 3 * step < n; i += 4 * step) {
        a += in[i];
        b += in[i + step];
        c += in[i + 2 * step];
        d += in[i + 3 * step];
    }
    for (; i < n; i += step)
        a += in[i];
    return ((a + b) + (c + d)) / count;
}

/* Their moments from `from`. */
static inline void row_moments(__global const floatv *in, int n, int step, float count, floatv from,
                               floatv *offset, floatv *squares)
{
    floatv s0 = (floatv)(0.0f), s1 = s0, q0 = s0, q1 = s0;
    int i = 0;
    for (; i + step < n; i += 2 * step) {
        const floatv d0 = in[i] - from, d1 = in[i + step] - from;
        s0 += d0;
        s1 += d1;
        q0 += d0 * d0;
        q1 += d1 * d1;
    }
    if (i < n) {
        const floatv d = in[i] - from;
        s0 += d;
        q0 += d * d;
    }
    *offset = (s0 + s1) / count;
    *squares = (q0 + q1) - (s0 + s1) * *offset;
}

/* Moments of the bands of rows first to first + rows of x, of which `band` is the first. Dimensions: parts,
 * bands, blocks. */
__kernel FULL_WIDTH void norm_sums(__global const floatv *restrict x, __global floatv *restrict sums,
                                   int blocks, int height, int width, int wide, int first, int rows,
                                   int band, int pitch, int to, int parts)
{
    const int part = (int)get_global_id(0), block = (int)get_global_id(2);
    const int begin = (int)get_global_id(1) * NORM_BAND, end = min(begin + NORM_BAND, rows);
    if (part >= min(parts, width) || begin >= rows || block >= blocks)
        return;
    const float count = (float)((width - part + parts - 1) / parts);
    floatv from = (floatv)(0.0f), offset = from, squares = from;
    for (int row = begin; row < end; row++) {
        __global const floatv *in = x + pixel(height, width, wide, block, first + row, part);
        floatv row_offset, row_squares;
        /* Where other rows' means are far from the first one's, so are the numbers from each other. */
        if (row == begin)
            from = nearly_mean(in, width - part, parts, count);
        row_moments(in, width - part, parts, count, from, &row_offset, &row_squares);
        if (row == begin) {
            offset = row_offset;
            squares = row_squares;
        } else
            merge((float)(row - begin) * count, &offset, &squares, count, row_offset, row_squares);
    }
    const int stride = blocks * parts;
    __global floatv *out =
        sums + (size_t)(band + begin / NORM_BAND) * pitch + to + block * parts + part;
    out[0] = from;
    out[stride] = offset;
    out[2 * stride] = squares;
}

/* Merges each band's parts. Dimensions: blocks, bands. */
__kernel void norm_parts(__global floatv *sums, int blocks, int width, int rows, int band, int pitch,
                         int to, int parts)
{
    const int block = (int)get_global_id(0), k = (int)get_global_id(1);
    if (block >= blocks || k * NORM_BAND >= rows)
        return;
    const int high = min(NORM_BAND, rows - k * NORM_BAND), stride = blocks * parts;
    __global floatv *out = sums + (size_t)(band + k) * pitch + block;
    __global const floatv *in = sums + (size_t)(band + k) * pitch + to + block * parts;
    const floatv from = in[0];
    floatv offset = in[stride], squares = in[2 * stride];
    int columns = (width + parts - 1) / parts;
    for (int part = 1; part < min(parts, width); part++) {
        const int more = (width - part + parts - 1) / parts;
        merge((float)(columns * high), &offset, &squares, (float)(more * high),
              (in[part] - from) + in[stride + part], in[2 * stride + part]);
        columns += more;
    }
    out[0] = from;
    out[blocks] = offset;
    out[2 * blocks] = squares;
}

/* statistics of height x width pixels from the bands' moments. gamma and beta: where they are in
 * parameters, of `channels` channels; further ones have 0. Dimension: blocks. */
__kernel void norm_finish(__global const floatv *restrict sums, __global floatv *statistics, int blocks,
                          int height, int width, int pitch, float epsilon,
                          __global const float *restrict parameters, int gamma, int beta,
                          int channels)
{
    const int block = (int)get_global_id(0);
    if (block >= blocks)
        return;
    const floatv from = sums[block];
    floatv offset = sums[blocks + block], squares = sums[2 * blocks + block];
    for (int row = NORM_BAND; row < height; row += NORM_BAND) {
        __global const floatv *in = sums + (size_t)(row / NORM_BAND) * pitch + block;
        merge((float)row * width, &offset, &squares, (float)min(NORM_BAND, height - row) * width,
              (in[0] - from) + in[blocks], in[2 * blocks]);
    }
    const floatv mean = from + offset;
    const floatv rstd = 1.0f / sqrt(squares / ((float)height * width) + epsilon);
    statistics[STAT_MEAN * blocks + block] = mean;
    statistics[STAT_RSTD * blocks + block] = rstd;
    statistics[STAT_SHIFT * blocks + block] = ((mean - from) - offset) * rstd;
    __global float *lane = (__global float *)(statistics + block);
    const int stride = blocks * VW;
    for (int i = 0; i < VW; i++) {
        const int c = block * VW + i;
        const float g = c < channels ? parameters[gamma + c] : 0.0f;
        const float b = c < channels ? parameters[beta + c] : 0.0f;
        lane[STAT_FACTOR * stride + i] = g * lane[STAT_RSTD * stride + i];
        lane[STAT_SUMMAND * stride + i] = g * lane[STAT_SHIFT * stride + i] + b;
    }
}

/*
 * Statistics that move slowly from frame to frame. state, from `at` on: blocks of the means, then of the
 * variances, epsilon with them. With `begins` it becomes those of this frame. Else it moves to these by
 * 1 - stays of the way, and the statistics become the state's. Dimension: blocks.
 */
__kernel void norm_smooth(__global floatv *statistics, __global floatv *state, int at, int blocks,
                          float stays, int begins, __global const float *restrict parameters,
                          int gamma, int beta, int channels)
{
    const int block = (int)get_global_id(0);
    if (block >= blocks)
        return;
    const floatv rstd = statistics[STAT_RSTD * blocks + block];
    floatv mean = statistics[STAT_MEAN * blocks + block] -
                  statistics[STAT_SHIFT * blocks + block] / rstd;
    floatv variance = 1.0f / (rstd * rstd);
    if (!begins) {
        mean += stays * (state[at + block] - mean);
        variance += stays * (state[at + blocks + block] - variance);
    }
    state[at + block] = mean;
    state[at + blocks + block] = variance;
    if (begins)
        return;
    statistics[STAT_MEAN * blocks + block] = mean;
    statistics[STAT_RSTD * blocks + block] = 1.0f / sqrt(variance);
    statistics[STAT_SHIFT * blocks + block] = (floatv)(0.0f);
    __global float *lane = (__global float *)(statistics + block);
    const int stride = blocks * VW;
    for (int i = 0; i < VW; i++) {
        const int c = block * VW + i;
        const float g = c < channels ? parameters[gamma + c] : 0.0f;
        lane[STAT_FACTOR * stride + i] = g * lane[STAT_RSTD * stride + i];
        lane[STAT_SUMMAND * stride + i] = c < channels ? parameters[beta + c] : 0.0f;
    }
}

/* y = gamma xh + beta, with `relu` not below 0, with `adds` plus `added`, in rows first to first + rows.
 * All have margins of their own. Dimensions: width / COLUMNS, rows, blocks. */
__kernel FULL_WIDTH void norm_apply(__global const floatv *x, __global const floatv *restrict statistics,
                                    __global const floatv *added, __global floatv *y, int blocks,
                                    int height, int width, int first, int rows, int x_wide,
                                    int added_wide, int y_wide, int relu, int adds)
{
    const int row = first + (int)get_global_id(1), block = (int)get_global_id(2);
    if (row >= first + rows || block >= blocks)
        return;
    const floatv mean = statistics[STAT_MEAN * blocks + block];
    const floatv factor = statistics[STAT_FACTOR * blocks + block];
    const floatv summand = statistics[STAT_SUMMAND * blocks + block];
    x += pixel(height, width, x_wide, block, row, 0);
    added += pixel(height, width, added_wide, block, row, 0);
    y += pixel(height, width, y_wide, block, row, 0);
    FOR_COLUMNS(i, width) {
        floatv v = (x[i] - mean) * factor + summand;
        if (relu)
            v = rectified(v);
        if (adds)
            v += added[i];
        y[i] = v;
    }
}

/* The sums of bands for the way back, as norm_sums leaves them, two instead of three: of g, and of g xh,
 * g behind the ReLU. Dimensions: parts, bands, blocks. */
__kernel FULL_WIDTH void norm_bwd_sums(__global const floatv *restrict x,
                                       __global const floatv *restrict g,
                                       __global const floatv *restrict statistics,
                                       __global floatv *restrict sums, int blocks, int height,
                                       int width, int x_wide, int g_wide, int relu, int pitch, int to,
                                       int parts)
{
    const int part = (int)get_global_id(0), block = (int)get_global_id(2);
    const int band = (int)get_global_id(1), begin = band * NORM_BAND;
    if (part >= min(parts, width) || begin >= height || block >= blocks)
        return;
    const floatv mean = statistics[STAT_MEAN * blocks + block];
    const floatv rstd = statistics[STAT_RSTD * blocks + block];
    const floatv shift = statistics[STAT_SHIFT * blocks + block];
    const floatv factor = statistics[STAT_FACTOR * blocks + block];
    const floatv summand = statistics[STAT_SUMMAND * blocks + block];
    floatv sum = (floatv)(0.0f), sum_xh = sum;
    for (int row = begin; row < min(begin + NORM_BAND, height); row++) {
        __global const floatv *x_row = x + pixel(height, width, x_wide, block, row, 0);
        __global const floatv *g_row = g + pixel(height, width, g_wide, block, row, 0);
        floatv row_sum = (floatv)(0.0f), row_xh = row_sum;
        for (int i = part; i < width; i += parts) {
            const floatv d = x_row[i] - mean;
            const floatv v = relu ? gated(g_row[i], d * factor + summand) : g_row[i];
            row_sum += v;
            row_xh += v * (d * rstd + shift);
        }
        sum += row_sum;
        sum_xh += row_xh;
    }
    const int stride = blocks * parts;
    __global floatv *out = sums + (size_t)band * pitch + to + block * parts + part;
    out[0] = sum;
    out[stride] = sum_xh;
}

/* Adds up each band's parts. Dimensions: blocks, bands. */
__kernel void norm_bwd_parts(__global floatv *sums, int blocks, int width, int bands, int pitch, int to,
                             int parts)
{
    const int block = (int)get_global_id(0), band = (int)get_global_id(1);
    if (block >= blocks || band >= bands)
        return;
    const int stride = blocks * parts;
    __global floatv *out = sums + (size_t)band * pitch + block;
    __global const floatv *in = sums + (size_t)band * pitch + to + block * parts;
    floatv sum = (floatv)(0.0f), sum_xh = sum;
    for (int part = 0; part < min(parts, width); part++) {
        sum += in[part];
        sum_xh += in[stride + part];
    }
    out[0] = sum;
    out[blocks] = sum_xh;
}

/* The sums of all bands: added to the gradients of beta and gamma, and, per pixel, left in the place of
 * the first band's. Dimension: blocks. */
__kernel void norm_bwd_finish(__global floatv *sums, __global float *restrict gradient, int blocks,
                              int bands, int pitch, float pixels, int gamma, int beta, int channels)
{
    const int block = (int)get_global_id(0);
    if (block >= blocks)
        return;
    floatv sum = (floatv)(0.0f), sum_xh = sum;
    for (int band = 0; band < bands; band++) {
        sum += sums[(size_t)band * pitch + block];
        sum_xh += sums[(size_t)band * pitch + blocks + block];
    }
    sums[block] = sum;
    sums[blocks + block] = sum_xh;
    __global const float *lane = (__global const float *)(sums + block);
    for (int i = 0; i < VW && block * VW + i < channels; i++) {
        gradient[beta + block * VW + i] += lane[i];
        gradient[gamma + block * VW + i] += lane[blocks * VW + i];
    }
    sums[block] = sum / pixels;
    sums[blocks + block] = sum_xh / pixels;
}

/* g = the gradient of x: gamma rstd (g - mean of g - xh * mean of g xh), g behind the ReLU. Dimensions:
 * width / COLUMNS, height, blocks. */
__kernel FULL_WIDTH void norm_bwd_apply(__global const floatv *restrict x, __global floatv *restrict g,
                                        __global const floatv *restrict statistics,
                                        __global const floatv *restrict sums, int blocks, int height,
                                        int width, int x_wide, int g_wide, int relu)
{
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (row >= height || block >= blocks)
        return;
    const floatv mean = statistics[STAT_MEAN * blocks + block];
    const floatv rstd = statistics[STAT_RSTD * blocks + block];
    const floatv shift = statistics[STAT_SHIFT * blocks + block];
    const floatv factor = statistics[STAT_FACTOR * blocks + block];
    const floatv summand = statistics[STAT_SUMMAND * blocks + block];
    const floatv mean_g = sums[block], mean_g_xh = sums[blocks + block];
    x += pixel(height, width, x_wide, block, row, 0);
    g += pixel(height, width, g_wide, block, row, 0);
    FOR_COLUMNS(i, width) {
        const floatv d = x[i] - mean;
        const floatv v = relu ? gated(g[i], d * factor + summand) : g[i];
        g[i] = factor * ((v - mean_g) - (d * rstd + shift) * mean_g_xh);
    }
}

/* y += x. Dimensions: width / COLUMNS, height, blocks. */
__kernel FULL_WIDTH void map_add(__global const floatv *restrict x, __global floatv *restrict y,
                                 int blocks, int height, int width, int x_wide, int y_wide)
{
    const int row = (int)get_global_id(1), block = (int)get_global_id(2);
    if (row >= height || block >= blocks)
        return;
    x += pixel(height, width, x_wide, block, row, 0);
    y += pixel(height, width, y_wide, block, row, 0);
    FOR_COLUMNS(i, width)
        y[i] += x[i];
}
