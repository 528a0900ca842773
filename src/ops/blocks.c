/* SPDX-License-Identifier: MIT */
/* Blocks of rows, and the chunks of positions in them: cl/fixed.cl. */

#include "ops/blocks.h"

#include "ops/kernels.h"

struct imp_blocks imp_blocks_of(int height, int halvings)
{
    const int rows = height <= 4096 ? 64 : height <= 16384 ? 128 : 256;
    const int count = height < rows ? 1 : height / rows;
    return (struct imp_blocks){.height = height >> halvings,
                               .rows = rows >> halvings,
                               .count = count,
                               .shares = imp_block_shares(count)};
}

struct imp_blocks imp_blocks_within(const struct imp_blocks *blocks, int begin, int height)
{
    const int before = begin / blocks->rows;
    const bool ends = begin + height == blocks->height;
    return (struct imp_blocks){.height = height,
                               .rows = blocks->rows,
                               .count = ends ? blocks->count - before : height / blocks->rows,
                               .shares = blocks->shares};
}

int imp_block_shares(int count)
{
    const int shares = PARTS / count;
    return shares > PARTS_TOGETHER ? shares / PARTS_TOGETHER * PARTS_TOGETHER : shares;
}

/* Chunks of a block are of one length: CHUNK at most, or a little more rather than a chunk more.
 * Rows are often a power of two, and two positions long. */
static struct imp_chunks lengths(const struct imp_blocks *blocks, int width)
{
    const int pitch = width + 2, block = blocks->rows * pitch;
    const int most = (block - CHUNK / 16 + CHUNK - 1) / CHUNK, per_block = most > 1 ? most : 1;
    return (struct imp_chunks){.total = blocks->height * pitch,
                               .block = block,
                               .blocks = blocks->count,
                               .length = (block + per_block - 1) / per_block,
                               .per_block = per_block};
}

size_t imp_chunks_most(const struct imp_blocks *blocks, int width, int rows)
{
    const struct imp_chunks chunks = lengths(blocks, width);
    /* Each block begins a chunk anew, and the window may cut its first and last. */
    return (size_t)(rows * (width + 2) / chunks.length + rows / blocks->rows + 4);
}

/* The number of the chunk that has that position. */
static int chunk_at(const struct imp_chunks *chunks, int position)
{
    const int block = position / chunks->block;
    const int number = block < chunks->blocks ? block : chunks->blocks - 1;
    return number * chunks->per_block + (position - number * chunks->block) / chunks->length;
}

struct imp_chunks imp_chunks_of(const struct imp_blocks *blocks, const struct imp_tensor *f,
                                const struct imp_window *window)
{
    struct imp_chunks chunks = lengths(blocks, f->width);
    const int pitch = f->width + 2;
    chunks.origin = (1 + window->first - window->at) * pitch;
    chunks.from = window->at * pitch;
    chunks.to = (window->at + window->rows) * pitch;
    chunks.first = chunk_at(&chunks, chunks.from);
    chunks.count = chunk_at(&chunks, chunks.to - 1) - chunks.first + 1;
    /* The next position is of another chunk, or there is none. */
    const bool whole =
        chunks.to == chunks.total || chunk_at(&chunks, chunks.to) >= chunks.first + chunks.count;
    chunks.complete = chunks.count - !whole;
    chunks.begins = window->begins;
    return chunks;
}
