/* SPDX-License-Identifier: MIT */
/*
 * The bounded style loss, 2 |G - A|^2 / (|A|^2 + |G|^2), of a Gram matrix G and its target A. Near the
 * target it is the relative one. Far from it, it is at most 2, and its gradient vanishes.
 */

/* sums[difference_at + part], sums[energy_at + part] = shares of |g - target|^2 and of |g|^2, over n
 * entries. Dimension: PARTS. */
__kernel void bounded_sums(__global const float *restrict g, __global const float *restrict target,
                           __global float *restrict sums, int difference_at, int energy_at, int n)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float apart = 0.0f, energy = 0.0f;
    for (int e = SHARE_BEGIN(part, n); e < SHARE_END(part, n); e += SHARE_STEP) {
        const float difference = g[e] - target[e];
        apart += difference * difference;
        energy += g[e] * g[e];
    }
    sums[difference_at + part] = apart;
    sums[energy_at + part] = energy;
}

/* The sum of a slot's shares, with a carry for what rounding lost (Kahan). */
static inline float sum_shares(__global const float *shares)
{
    float sum = 0.0f, carry = 0.0f;
    for (int part = 0; part < PARTS; part++) {
        const float term = shares[part] - carry;
        const float next = sum + term;
        carry = (next - sum) - term;
        sum = next;
    }
    return sum;
}

/* The loss's derivative to g is 4 / T (g - target) - 4 D / T^2 g, where D = |g - target|^2 and T is
 * |target|^2 + |g|^2. factors: factor / T and factor D / T^2. A single work-item, which spares the host
 * a wait. */
__kernel void bounded_factors(__global const float *restrict sums, __global float *restrict factors,
                              int difference_at, int energy_at, float target_energy, float factor)
{
    if (get_global_id(0) > 0)
        return;
    const float total = target_energy + sum_shares(sums + energy_at);
    const float scaled = factor / total;
    factors[0] = scaled;
    factors[1] = scaled * (sum_shares(sums + difference_at) / total);
}

/* d = factors[0] (g - target) - factors[1] g, laid out as gram_difference lays it out. Dimension:
 * PARTS. */
__kernel void bounded_difference(__global const float *restrict g,
                                 __global const float *restrict target, __global float *restrict d,
                                 __global const float *restrict factors, int channels)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int n = channels * channels;
    const float to_target = factors[0], to_zero = factors[1];
    for (int e = SHARE_BEGIN(part, n); e < SHARE_END(part, n); e += SHARE_STEP) {
        const int out = e / channels, in = e % channels;
        d[((size_t)(out / (CV * VW)) * channels + in) * CV * VW + out % (CV * VW)] =
            to_target * (g[e] - target[e]) - to_zero * g[e];
    }
}
