/* SPDX-License-Identifier: MIT */
/* Sums in PARTS shares; the host adds them up in double precision. Dimension: PARTS. */

/*
 * Shares of the sum of (a - b_factor b)^2 over rows `from` to before `to`, in planes of `width` pixels and
 * rows of `pitch` positions, from position a_at of planes of a_plane positions and b_at of planes of b_plane
 * on. Each of `blocks` blocks of `rows` rows, the last with the rest, has `shares` of them:
 * sums[sums_at + block * shares + share]. A share is added up row by row. So it may go on where the rows
 * before `from` have left it (unless it begins), and is the same then, to the last bit.
 */
__kernel void sum_squared_difference(__global const floatv *restrict a,
                                     __global const floatv *restrict b, float b_factor,
                                     __global float *restrict sums, int sums_at, int planes,
                                     int width, int pitch, int a_plane, int a_at, int b_plane,
                                     int b_at, int from, int to, int rows, int blocks, int shares,
                                     int begins)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int block = part / shares, share = part % shares, n = planes * width;
    const int first = block * rows, last = block + 1 < blocks ? min(first + rows, to) : to;
    float sum = begins || first >= from ? 0.0f : sums[sums_at + part];
    for (int row = max(first, from); row < last && block < blocks; row++) {
        const int at = (row - from) * pitch;
        floatv along = (floatv)(0.0f);
        for (int i = PART_BEGIN(share, shares, n); i < PART_END(share, shares, n);
             i += PART_STEP(shares)) {
            const int plane = i / width, x = i % width + at;
            const floatv difference = a[(size_t)plane * a_plane + a_at + x] -
                                      b_factor * b[(size_t)plane * b_plane + b_at + x];
            along += difference * difference;
        }
        sum += sum_lanes(along);
    }
    sums[sums_at + part] = sum;
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
