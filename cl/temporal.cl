/* SPDX-License-Identifier: MIT */
/* How far a picture is from another one where that counts: weighted mean squares, and their
 * gradient. Pictures are (3, n), weights (n). */

/* sums[sums_at + part] = share of inverse * sum of weight * (x - target)^2. Dimension: PARTS. */
__kernel void temporal_sum(__global const float *restrict x, __global const float *restrict target,
                           __global const float *restrict weight, __global float *restrict sums,
                           int sums_at, int n, float inverse)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP) {
        const size_t green = (size_t)n + i, blue = green + n;
        const float dr = x[i] - target[i], dg = x[green] - target[green], db = x[blue] - target[blue];
        sum += weight[i] * (dr * dr + dg * dg + db * db);
    }
    sums[sums_at + part] = inverse * sum;
}

/* gradient += factor * weight * (x - target). Dimensions: n / COLUMNS, 3. */
__kernel void temporal_bwd(__global const float *restrict x, __global const float *restrict target,
                           __global const float *restrict weight,
                           __global float *restrict gradient, int n, float factor)
{
    const int c = (int)get_global_id(1);
    if (c >= 3)
        return;
    FOR_COLUMNS(i, n) {
        const size_t at = (size_t)c * n + i;
        gradient[at] += factor * weight[i] * (x[at] - target[at]);
    }
}
