/* SPDX-License-Identifier: MIT */
/* What the device can do at most, for benchmarks to be measured against. */

/* Multiply-adds on registers alone: PROBE_CHAINS chains per work-item, each `turns` long. out: a vector
 * per work-item, so that nothing is optimised away. Dimension: work-items. */
__kernel void probe_multiply_add(__global floatv *out, int turns, float a, float b)
{
    floatv chain[PROBE_CHAINS];
#pragma unroll
    for (int i = 0; i < PROBE_CHAINS; i++)
        chain[i] = (floatv)(a + (float)i);
    for (int turn = 0; turn < turns; turn++)
#pragma unroll
        for (int i = 0; i < PROBE_CHAINS; i++)
            chain[i] = chain[i] * a + b;
    floatv sum = chain[0];
#pragma unroll
    for (int i = 1; i < PROBE_CHAINS; i++)
        sum += chain[i];
    out[get_global_id(0)] = sum;
}

/* A copy of n vectors, `columns` of them per work-item. Dimension: n / columns. */
__kernel void probe_copy(__global const floatv *restrict from, __global floatv *restrict to, int n,
                         int columns)
{
    const int begin = (int)get_global_id(0) * columns;
    for (int i = begin; i < min(begin + columns, n); i++)
        to[i] = from[i];
}
