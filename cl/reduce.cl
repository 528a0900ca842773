/* SPDX-License-Identifier: MIT */
/* Sums in PARTS shares; the host adds the shares in double precision. Dimension: PARTS. */

/* sums[sums_at + part] (=, or += with accumulate) share of the sum of (a - b_factor b)^2 over `count`
 * positions of each plane, from position a_at of planes of a_plane positions and b_at of planes of b_plane
 * on. */
__kernel void sum_squared_difference(__global const floatv *restrict a,
                                     __global const floatv *restrict b, float b_factor,
                                     __global float *restrict sums, int sums_at, int planes,
                                     int count, int a_plane, int a_at, int b_plane, int b_at,
                                     int accumulate)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int n = planes * count;
    floatv sum = (floatv)(0.0f);
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP) {
        const int plane = i / count, k = i % count;
        const floatv difference = a[(size_t)plane * a_plane + a_at + k] -
                                  b_factor * b[(size_t)plane * b_plane + b_at + k];
        sum += difference * difference;
    }
    sums[sums_at + part] = sum_lanes(sum) + (accumulate ? sums[sums_at + part] : 0.0f);
}

/* sums[sums_at + part] = how many of a share of n floats are NaN or infinite, judged by their bits,
 * which no compiler option can reason away. */
__kernel void count_not_finite(__global const float *restrict a, __global float *restrict sums,
                               int sums_at, int n)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    int count = 0;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP)
        count += (as_uint(a[i]) & 0x7f800000u) == 0x7f800000u;
    sums[sums_at + part] = (float)count;
}
