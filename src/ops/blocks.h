/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_BLOCKS_H
#define IMP_OPS_BLOCKS_H

/*
 * Blocks of a picture's rows, which sums over it are taken by (blocks.c). They depend on the
 * picture's height alone, and not on the strips in which it is worked on. So nor do the sums.
 */

#include "ops/tensor.h"

/* Blocks of so many rows from the top; the last one has the rest. `shares` of each in a sum; of all
 * blocks, no more than a slot of sums has (sums.h). */
struct imp_blocks {
    int height, rows, count;
    int shares;
};

/* Those of a picture `height` rows high in its activations of a stage, whose height was halved so
 * often. There rows are 64 of the picture, in pictures of over 4096 rows 128, of over 16384 256. */
struct imp_blocks imp_blocks_of(int height, int halvings);
/* Those from row `begin` on, which a block begins with: `height` rows, the rest or whole blocks. */
struct imp_blocks imp_blocks_within(const struct imp_blocks *blocks, int begin, int height);
/* The shares of each of so many blocks. */
int imp_block_shares(int count);

#endif
