/* SPDX-License-Identifier: MIT */
/* The norm of plain floats, and floats scaled down to one. */

/* sums[part] = a share of the sum of the squares of n floats. Dimension: PARTS. */
__kernel void clip_squares(__global const float *restrict x, __global float *restrict sums, int n)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP)
        sum += x[i] * x[i];
    sums[part] = sum;
}

/* x *= factor, over n floats. */
__kernel void clip_scale(__global float *restrict x, int n, float factor)
{
    FOR_COLUMNS(i, n)
        x[i] *= factor;
}
