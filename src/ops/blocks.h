/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_BLOCKS_H
#define IMP_OPS_BLOCKS_H

/*
 * Blocks of a picture's rows, which sums over it are taken by (blocks.c). They depend on the
 * picture's height alone, and not on the strips in which it is worked on. So nor do the sums.
 */

#include "ops/tensor.h"

/* Blocks of so many rows from the top; the last one has the rest. */
struct imp_blocks {
    int height, rows, count;
};

/* Those of a picture `height` rows high in its activations of a stage, whose height was halved so
 * often. There rows are 64 of the picture, in pictures of over 4096 rows 128, of over 16384 256. */
struct imp_blocks imp_blocks_of(int height, int halvings);
/* Shares of a block in a sum; of all blocks, no more than a slot of sums has (sums.h). */
int imp_block_shares(const struct imp_blocks *blocks);

#endif
