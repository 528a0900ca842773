/* SPDX-License-Identifier: MIT */
/*
 * The pixels of a PNG, compressed on all cores. Rows are cut into pieces, each of which is a stream
 * of zlib's that knows nothing of the others, and ends on a whole byte. One behind the other they
 * are one stream. Pieces depend on the picture alone, so that any number of threads gives the same
 * bytes.
 */

#include "base/os.h"
#include "image/png/png.h"

#include <stdlib.h>
#include <zlib.h>

/* Filtered bytes of a piece, about. A piece costs some bytes of its own, and finds nothing that is
 * in those before it. */
#define PIECE_BYTES ((size_t)1 << 20)
#define MOST_THREADS 16
/* Pieces that are done may wait for those before them to be written. */
#define SLOTS ((size_t)2 * MOST_THREADS)
/* What zlib adds where a piece ends, beside what deflateBound() counts. */
#define END_BYTES 16

struct imp_png_compressing {
    const struct imp_png_pixels *pixels;
    struct imp_png_effort effort;
    int rows; /* of a piece */
    size_t pieces;
    struct imp_os_gate *gate; /* of what follows; NULL: there are no threads */
    struct imp_os_thread *thread[MOST_THREADS];
    int threads;
    bool stopped;
    size_t begun, taken;
    struct slot {
        struct imp_png_piece piece;
        bool done, failed;
    } slot[SLOTS];
};

bool imp_png_compress(const unsigned char *bytes, size_t size, const struct imp_png_effort *effort,
                      bool last, struct imp_png_piece *piece)
{
    z_stream zlib = {0};
    *piece = (struct imp_png_piece){.adler = adler32_z(1, bytes, size), .covers = size};
    if (deflateInit2(&zlib, effort->level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL - 1,
                     effort->strategy) != Z_OK)
        return false;
    const size_t room = deflateBound(&zlib, (uLong)size) + END_BYTES;
    piece->bytes = malloc(room);
    if (piece->bytes) {
        zlib.next_in = (unsigned char *)bytes;
        zlib.avail_in = (uInt)size;
        zlib.next_out = piece->bytes;
        zlib.avail_out = (uInt)room;
        (void)deflate(&zlib, last ? Z_FINISH : Z_SYNC_FLUSH);
        piece->size = room - zlib.avail_out;
    }
    deflateEnd(&zlib);
    return piece->bytes != NULL;
}

static bool make_piece(const struct imp_png_compressing *c, size_t index,
                       struct imp_png_piece *piece)
{
    const int height = c->pixels->image->height, begin = (int)index * c->rows;
    const int end = index + 1 < c->pieces ? begin + c->rows : height;
    const size_t size = (size_t)(end - begin) * (1 + imp_png_row_bytes(c->pixels));
    unsigned char *filtered = malloc(size);
    const bool made = filtered && imp_png_filter_rows(c->pixels, begin, end, filtered) &&
                      imp_png_compress(filtered, size, &c->effort, end == height, piece);
    free(filtered);
    return made;
}

/* A thread: makes the next piece, as long as there are some, and room for it. */
static void work(void *user)
{
    struct imp_png_compressing *c = user;
    imp_os_gate_lock(c->gate);
    while (!c->stopped && c->begun < c->pieces) {
        if (c->begun >= c->taken + SLOTS) {
            imp_os_gate_wait(c->gate);
            continue;
        }
        const size_t index = c->begun++;
        struct slot slot = {.done = true};
        imp_os_gate_unlock(c->gate);
        slot.failed = !make_piece(c, index, &slot.piece);
        imp_os_gate_lock(c->gate);
        c->slot[index % SLOTS] = slot;
        imp_os_gate_wake(c->gate);
    }
    imp_os_gate_unlock(c->gate);
}

/* Without them, or with fewer than there are cores, it takes longer. */
static void start_threads(struct imp_png_compressing *c)
{
    const int cores = imp_os_cores();
    const size_t most = c->pieces < MOST_THREADS ? c->pieces : MOST_THREADS;
    const int wanted = cores < (int)most ? cores : (int)most;
    if (wanted < 2 || !(c->gate = imp_os_gate_create()))
        return;
    while (c->threads < wanted && imp_os_start_thread(&c->thread[c->threads], work, c) == 0)
        c->threads++;
}

enum impasto_status imp_png_compress_open(const struct imp_png_pixels *pixels,
                                          const struct imp_png_effort *effort,
                                          struct imp_png_compressing **compressing,
                                          struct impasto_error *error)
{
    const size_t row = 1 + imp_png_row_bytes(pixels), height = (size_t)pixels->image->height;
    const size_t rows = row < PIECE_BYTES ? PIECE_BYTES / row : 1;
    struct imp_png_compressing *c = calloc(1, sizeof(*c));
    if (!c)
        return imp_fail_memory(error, "a PNG writer", sizeof(*c));
    c->pixels = pixels;
    c->effort = *effort;
    c->rows = (int)(rows < height ? rows : height);
    c->pieces = (height + (size_t)c->rows - 1) / (size_t)c->rows;
    start_threads(c);
    *compressing = c;
    return IMPASTO_OK;
}

enum impasto_status imp_png_compress_next(struct imp_png_compressing *c,
                                          struct imp_png_piece *piece, bool *last,
                                          struct impasto_error *error)
{
    struct slot *slot = &c->slot[c->taken % SLOTS];
    if (c->threads == 0)
        slot->failed = !make_piece(c, c->taken, &slot->piece);
    if (c->gate)
        imp_os_gate_lock(c->gate);
    while (c->threads > 0 && !slot->done)
        imp_os_gate_wait(c->gate);
    const struct slot taken = *slot;
    *slot = (struct slot){0};
    *last = ++c->taken == c->pieces;
    if (c->gate) {
        imp_os_gate_wake(c->gate);
        imp_os_gate_unlock(c->gate);
    }
    *piece = taken.piece;
    return taken.failed ? imp_fail_memory(error, "a PNG writer", PIECE_BYTES) : IMPASTO_OK;
}

void imp_png_compress_close(struct imp_png_compressing **compressing)
{
    struct imp_png_compressing *c = *compressing;
    if (!c)
        return;
    if (c->gate) {
        imp_os_gate_lock(c->gate);
        c->stopped = true;
        imp_os_gate_wake(c->gate);
        imp_os_gate_unlock(c->gate);
    }
    for (int i = 0; i < c->threads; i++)
        imp_os_join_thread(&c->thread[i]);
    for (size_t i = 0; i < SLOTS; i++)
        free(c->slot[i].piece.bytes);
    imp_os_gate_free(c->gate);
    free(c);
    *compressing = NULL;
}

unsigned long imp_png_add_adler(unsigned long before, const struct imp_png_piece *piece)
{
    return adler32_combine(before, piece->adler, (z_off_t)piece->covers);
}
