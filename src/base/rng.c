/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that depend on (seed, stream, index) alone. They are Philox4x32-10 of Salmon,
 * Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). The key is the
 * seed. The counter is (index / 4, stream, 0). Its four words are the numbers of four consecutive
 * indices.
 */

#include "base/base.h"

#include <math.h>

#define ROUNDS 10
/* The multipliers and key increments of the paper. */
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u
#define WEYL_1 0xBB67AE85u

#define TWO_PI 6.28318530717958647692

static void philox(uint64_t seed, uint32_t stream, uint64_t block, uint32_t out[4])
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = stream, c3 = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t product0 = (uint64_t)MULTIPLIER_0 * c0;
        const uint64_t product1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)product0;
        key0 += WEYL_0;
        key1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t imp_rng_bits(uint64_t seed, uint32_t stream, uint64_t index)
{
    uint32_t words[4];
    philox(seed, stream, index / 4, words);
    return words[index % 4];
}

float imp_rng_uniform(uint64_t seed, uint32_t stream, uint64_t index)
{
    return (float)(imp_rng_bits(seed, stream, index) >> 8) * (1.0f / 16777216.0f);
}

/* Two independent N(0, 1) numbers from two words (Box and Muller 1958). In double precision, so
 * that the floats hardly depend on the mathematics library; the radius comes from (0, 1], where the
 * logarithm is finite. */
static void normal_pair(uint32_t first, uint32_t second, float out[2])
{
    const double radius = sqrt(-2.0 * log(((double)first + 1.0) / 4294967296.0));
    const double angle = TWO_PI * ((double)second / 4294967296.0);
    out[0] = (float)(radius * cos(angle));
    out[1] = (float)(radius * sin(angle));
}

void imp_rng_normal(uint64_t seed, uint32_t stream, uint64_t first, size_t count, float *out)
{
    float numbers[4];
    for (size_t i = 0; i < count; i++) {
        const uint64_t index = first + i;
        if (i == 0 || index % 4 == 0) {
            uint32_t words[4];
            philox(seed, stream, index / 4, words);
            normal_pair(words[0], words[1], numbers);
            normal_pair(words[2], words[3], numbers + 2);
        }
        out[i] = numbers[index % 4];
    }
}
