/* SPDX-License-Identifier: MIT */
/* Noise: hashes of whole numbers, and what is smooth between them. */

#include "draw/canvas.h"

static int floor_int(float x)
{
    const int i = (int)x;
    return i - (x < (float)i);
}

static uint32_t hash(int x, int y, uint32_t seed)
{
    /* Odd constants spread the coordinates; two multiply-xorshift rounds mix all bits. */
    uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;
    h = (h ^ h >> 16) * 0x7FEB352Du;
    h = (h ^ h >> 15) * 0x846CA68Bu;
    return h ^ h >> 16;
}

float imp_noise_hash(int x, int y, uint32_t seed)
{
    return (float)(hash(x, y, seed) >> 8) * (1.0f / 16777216.0f);
}

float imp_noise(float x, float y, uint32_t seed)
{
    const int ix = floor_int(x), iy = floor_int(y);
    const float fx = x - (float)ix, fy = y - (float)iy;
    const float ux = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
    const float uy = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
    const float top = imp_mix(imp_noise_hash(ix, iy, seed), imp_noise_hash(ix + 1, iy, seed), ux);
    const float bottom =
        imp_mix(imp_noise_hash(ix, iy + 1, seed), imp_noise_hash(ix + 1, iy + 1, seed), ux);
    return imp_mix(top, bottom, uy);
}

float imp_noise_fractal(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0, strength = 1, total = 0;
    for (int i = 0; i < octaves; i++) {
        sum += strength * imp_noise(x, y, seed + (uint32_t)i);
        total += strength;
        strength *= 0.5f;
        /* A turn of 37 degrees with each doubling keeps the lattices from lining up. */
        const float turned = 1.6f * x - 1.2f * y;
        y = 1.2f * x + 1.6f * y + 7.3f;
        x = turned;
    }
    return sum / total;
}

struct imp_cell imp_noise_cells(float x, float y, float jitter, uint32_t seed)
{
    const int ix = floor_int(x), iy = floor_int(y);
    struct imp_cell cell = {9, 9, 0};
    for (int cy = iy - 1; cy <= iy + 1; cy++) {
        for (int cx = ix - 1; cx <= ix + 1; cx++) {
            const uint32_t id = hash(cx, cy, seed);
            const float dx = (float)cx + 0.5f + jitter * ((float)(id & 0xFFFF) / 65536 - 0.5f) - x;
            const float dy = (float)cy + 0.5f + jitter * ((float)(id >> 16) / 65536 - 0.5f) - y;
            const float distance = dx * dx + dy * dy;
            if (distance < cell.first)
                cell = (struct imp_cell){distance, cell.first, id};
            else if (distance < cell.second)
                cell.second = distance;
        }
    }
    cell.first = sqrtf(cell.first);
    cell.second = sqrtf(cell.second);
    return cell;
}
