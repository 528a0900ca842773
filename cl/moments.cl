/* SPDX-License-Identifier: MIT */
/*
 * Means of channels, for style losses that tell them from the covariance. Positions may have weights,
 * as in gram.cl; `weighted` says whether.
 */

/* partial[chunk * vectors + v] = sum of weight * f over the chunk's positions; cut chunks as in gram.cl.
 * The halo is zero. Dimensions: vectors, chunks. */
__kernel void mean_partial(__global const floatv *restrict f, __global floatv *restrict partial,
                           __global const floatv *restrict sums, int vectors, int chunks, int plane,
                           CHUNK_ARGUMENTS, __global const float *restrict weight, int weight_at,
                           int weighted)
{
    const int v = (int)get_global_id(0), chunk = (int)get_global_id(1);
    if (v >= vectors || chunk >= chunks)
        return;
    const int starts = chunk_begin(first + chunk, block, blocks, length, per_block);
    const int ends = chunk_end(first + chunk, total, block, blocks, length, per_block);
    const int end = origin + min(ends, to);
    __global const floatv *in = f + (size_t)v * plane;
    floatv sum = !begins && starts < from ? sums[FIXED_WORDS * vectors + v] : (floatv)(0.0f);
    for (int p = origin + max(starts, from); p < end; p++)
        sum += weighted ? (floatv)(weight[weight_at + p]) * in[p] : in[p];
    partial[(size_t)chunk * vectors + v] = sum;
}

/* sums = or (unless it begins) += the partial sums of the complete chunks. Dimension: vectors. */
__kernel void mean_sum(__global const floatv *restrict partial, __global uintv *restrict sums,
                       int vectors, int chunks, int complete, int begins)
{
    const int v = (int)get_global_id(0);
    if (v < vectors)
        sum_chunks(partial, chunks, complete, sums, vectors, v, begins);
}

/* mean = scale * the sums. Dimension: vectors. */
__kernel void mean_finish(__global const uintv *restrict sums, __global floatv *restrict mean,
                          int vectors, float scale)
{
    const int v = (int)get_global_id(0);
    if (v >= vectors)
        return;
    const struct fixed sum = load_fixed(sums, vectors, v);
    mean[v] = (floatv)(scale) * fixed_value(&sum);
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
