/* SPDX-License-Identifier: MIT */
/*
 * Adam (Kingma and Ba 2015, algorithm 1) with a clamp to [low, high], over n elements from `at` on.
 * correction1 = 1 / (1 - beta1^t) and correction2 = 1 / sqrt(1 - beta2^t), t counting from 1, are
 * computed by the host in double precision.
 */
__kernel void adam(__global float *restrict x, __global const float *restrict gradient,
                   __global float *restrict moment1, __global float *restrict moment2, int at,
                   int n, float learning_rate, float beta1, float beta2, float epsilon,
                   float correction1, float correction2, float low, float high)
{
    FOR_COLUMNS(column, n) {
        const int i = at + column;
        const float g = gradient[i];
        const float m = beta1 * moment1[i] + (1.0f - beta1) * g;
        const float v = beta2 * moment2[i] + (1.0f - beta2) * g * g;
        moment1[i] = m;
        moment2[i] = v;
        const float step = learning_rate * (m * correction1) / (sqrt(v) * correction2 + epsilon);
        x[i] = within(x[i] - step, low, high);
    }
}
