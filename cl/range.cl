/* SPDX-License-Identifier: MIT */
/* How far a network's picture is beyond the colours, 0 to 1: mean squares, and their gradient. */

static inline float beyond(float x)
{
    return x - within(x, 0.0f, 1.0f);
}

/* sums[sums_at + part] = share of inverse * the sum of squares over n values. Dimension: PARTS. */
__kernel void range_sum(__global const float *restrict x, __global float *restrict sums, int sums_at,
                        int n, float inverse)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP)
        sum += beyond(x[i]) * beyond(x[i]);
    sums[sums_at + part] = inverse * sum;
}

/* gradient += factor * that far, over n values. Dimension: n / COLUMNS. */
__kernel void range_bwd(__global const float *restrict x, __global float *restrict gradient, int n,
                        float factor)
{
    FOR_COLUMNS(i, n)
        gradient[i] += factor * beyond(x[i]);
}
