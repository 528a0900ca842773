/* SPDX-License-Identifier: MIT */
/* Apart from files.c: these random numbers are the library's own, and tests of the public API alone
 * cannot reach them. */

#include "files.h"

size_t damage(const unsigned char *bytes, size_t size, size_t head, uint32_t stream, int round,
              unsigned char *changed)
{
    uint64_t draw = (uint64_t)round * 64;
    memcpy(changed, bytes, size);
    const uint32_t kind = imp_rng_bits(20, stream, draw++) % 8;
    if (kind == 0)
        return imp_rng_bits(20, stream, draw++) % size;
    if (kind == 1) {
        const size_t at = imp_rng_bits(20, stream, draw++) % head;
        const size_t count = 1 + imp_rng_bits(20, stream, draw++) % 8;
        memmove(changed + at, changed + at + count, size - at - count);
        return size - count;
    }
    const uint32_t count = 1 + imp_rng_bits(20, stream, draw++) % 4;
    for (uint32_t j = 0; j < count; j++) {
        const uint32_t bits = imp_rng_bits(20, stream, draw++);
        const size_t at = imp_rng_bits(20, stream, draw++) % (bits % 16 == 0 ? size : head);
        if (bits & 0x100)
            changed[at] ^= (unsigned char)(1u << (bits >> 16 & 7));
        else
            changed[at] = (unsigned char)(bits >> 24);
    }
    return size;
}
