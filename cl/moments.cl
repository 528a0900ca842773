/* SPDX-License-Identifier: MIT */
/*
 * Means of channels, for style losses that tell them from the covariance. Positions may have weights,
 * as in gram.cl; `weighted` says whether.
 */

/* partial[chunk * blocks + block] = sum of weight * f over positions first + chunk * GRAM_CHUNK to
 * first + (chunk + 1) * GRAM_CHUNK, but not beyond `last`. The halo is zero. Dimensions: blocks, chunks. */
__kernel void mean_partial(__global const floatv *restrict f, __global floatv *restrict partial,
                           int blocks, int chunks, int plane, int first, int last,
                           __global const float *restrict weight, int weight_at, int weighted)
{
    const int block = (int)get_global_id(0), chunk = (int)get_global_id(1);
    if (block >= blocks || chunk >= chunks)
        return;
    __global const floatv *in = f + (size_t)block * plane;
    const int begin = first + chunk * GRAM_CHUNK, end = min(last, begin + GRAM_CHUNK);
    floatv sum = (floatv)(0.0f);
    for (int p = begin; p < end; p++)
        sum += weighted ? (floatv)(weight[weight_at + p]) * in[p] : in[p];
    partial[(size_t)chunk * blocks + block] = sum;
}

/* mean = or (accumulate) += scale * the sum over chunks, in their order. Dimension: blocks. */
__kernel void mean_sum(__global const floatv *restrict partial, __global floatv *restrict mean,
                       int blocks, int chunks, float scale, int accumulate)
{
    const int block = (int)get_global_id(0);
    if (block >= blocks)
        return;
    floatv sum = (floatv)(0.0f);
    for (int chunk = 0; chunk < chunks; chunk++)
        sum += partial[(size_t)chunk * blocks + block];
    mean[block] = (floatv)(scale) * sum + (accumulate ? mean[block] : (floatv)(0.0f));
}

/* gram (channels, channels) -= mean mean^T / channels: from second moments to covariance. Dimensions:
 * channels, channels. */
__kernel void centre(__global float *restrict gram, __global const float *restrict mean, int channels)
{
    const int j = (int)get_global_id(0), i = (int)get_global_id(1);
    if (i < channels && j < channels)
        gram[(size_t)i * channels + j] -= mean[i] * mean[j] / (float)channels;
}

/* sums[part] = shares of the sum of (mean - target)^2. Dimension: PARTS. */
__kernel void mean_difference(__global const float *restrict mean,
                              __global const float *restrict target, __global float *restrict sums,
                              int sums_at, int channels)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    float sum = 0.0f;
    for (int i = SHARE_BEGIN(part, channels); i < SHARE_END(part, channels); i += SHARE_STEP) {
        const float difference = mean[i] - target[i];
        sum += difference * difference;
    }
    sums[sums_at + part] = sum;
}

/* bias_i = factor (mean_i - target_i) - sum over j of d_ij mean_j, with d as gram_difference lays it
 * out: then d f + bias is the gradient of covariance and mean. Dimension: channels. */
__kernel void mean_bias(__global const float *restrict mean, __global const float *restrict target,
                        __global const float *restrict d, __global float *restrict bias,
                        int channels, float factor)
{
    const int i = (int)get_global_id(0);
    if (i >= channels)
        return;
    const int group = CV * VW;
    __global const float *row = d + (size_t)(i / group) * channels * group + i % group;
    float sum = 0.0f;
    for (int j = 0; j < channels; j++)
        sum += row[(size_t)j * group] * mean[j];
    bias[i] = factor * (mean[i] - target[i]) - sum;
}
