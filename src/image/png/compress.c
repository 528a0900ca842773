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
    /* Pieces that are done may wait here for those before them to be written. */
    size_t slots;
    struct slot {
        struct imp_png_piece piece;
        bool done;
        enum impasto_status status;
    } slot[];
};

struct imp_png_cut imp_png_usual_cut(void)
{
    const int cores = imp_host_cores();
    const int threads = cores < MOST_THREADS ? cores : MOST_THREADS;
    return (struct imp_png_cut){
        .bytes = PIECE_BYTES, .threads = threads, .slots = 2 * (size_t)threads};
}

/* Whether all of it has come out, up to the end of a byte. */
static bool deflate_whole(z_stream *zlib, bool last)
{
    const int outcome = deflate(zlib, last ? Z_FINISH : Z_SYNC_FLUSH);
    return last ? outcome == Z_STREAM_END
                : outcome == Z_OK && zlib->avail_in == 0 && zlib->avail_out > 0;
}

enum impasto_status imp_png_compress(const unsigned char *bytes, size_t size,
                                     const struct imp_png_effort *effort, bool last,
                                     struct imp_png_piece *piece)
{
    z_stream zlib = {0};
    *piece = (struct imp_png_piece){.adler = adler32_z(1, bytes, size), .covers = size};
    const int begun = deflateInit2(&zlib, effort->level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL - 1,
                                   effort->strategy);
    if (begun != Z_OK)
        return begun == Z_MEM_ERROR ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_INTERNAL;
    const size_t room = deflateBound(&zlib, (uLong)size) + END_BYTES;
    enum impasto_status status = IMPASTO_ERROR_MEMORY;
    piece->bytes = malloc(room);
    if (piece->bytes) {
        zlib.next_in = (unsigned char *)bytes;
        zlib.avail_in = (uInt)size;
        zlib.next_out = piece->bytes;
        zlib.avail_out = (uInt)room;
        status = deflate_whole(&zlib, last) ? IMPASTO_OK : IMPASTO_ERROR_INTERNAL;
        piece->size = room - zlib.avail_out;
    }
    deflateEnd(&zlib);
    return status;
}

static enum impasto_status make_piece(const struct imp_png_compressing *c, size_t index,
                                      struct imp_png_piece *piece)
{
    const int height = c->pixels->image->height, begin = (int)index * c->rows;
    const int end = index + 1 < c->pieces ? begin + c->rows : height;
    const size_t size = (size_t)(end - begin) * (1 + imp_png_row_bytes(c->pixels));
    unsigned char *filtered = malloc(size);
    const enum impasto_status status =
        filtered && imp_png_filter_rows(c->pixels, begin, end, filtered)
            ? imp_png_compress(filtered, size, &c->effort, end == height, piece)
            : IMPASTO_ERROR_MEMORY;
    free(filtered);
    return status;
}

/* A thread: makes the next piece, as long as there are some, and room for it. */
static void work(void *user)
{
    struct imp_png_compressing *c = user;
    imp_os_gate_lock(c->gate);
    while (!c->stopped && c->begun < c->pieces) {
        if (c->begun >= c->taken + c->slots) {
            imp_os_gate_wait(c->gate);
            continue;
        }
        const size_t index = c->begun++;
        struct slot slot = {.done = true};
        imp_os_gate_unlock(c->gate);
        slot.status = make_piece(c, index, &slot.piece);
        imp_os_gate_lock(c->gate);
        c->slot[index % c->slots] = slot;
        imp_os_gate_wake(c->gate);
    }
    imp_os_gate_unlock(c->gate);
}

/* Without them, or with fewer than are wanted, it takes longer. */
static void start_threads(struct imp_png_compressing *c, int most)
{
    const int wanted = c->pieces < (size_t)most ? (int)c->pieces : most;
    if (wanted < 2 || !(c->gate = imp_os_gate_create()))
        return;
    while (c->threads < wanted && imp_os_start_thread(&c->thread[c->threads], work, c) == 0)
        c->threads++;
}

enum impasto_status imp_png_compress_open(const struct imp_png_pixels *pixels,
                                          const struct imp_png_effort *effort,
                                          const struct imp_png_cut *cut,
                                          struct imp_png_compressing **compressing,
                                          struct impasto_error *error)
{
    const size_t row = 1 + imp_png_row_bytes(pixels), height = (size_t)pixels->image->height;
    const size_t rows = row < cut->bytes ? cut->bytes / row : 1;
    const size_t bytes = sizeof(struct imp_png_compressing) + cut->slots * sizeof(struct slot);
    struct imp_png_compressing *c = calloc(1, bytes);
    if (!c)
        return imp_fail_memory(error, "a PNG writer", bytes);
    c->slots = cut->slots;
    c->pixels = pixels;
    c->effort = *effort;
    c->rows = (int)(rows < height ? rows : height);
    c->pieces = (height + (size_t)c->rows - 1) / (size_t)c->rows;
    start_threads(c, cut->threads < MOST_THREADS ? cut->threads : MOST_THREADS);
    *compressing = c;
    return IMPASTO_OK;
}

static enum impasto_status tell_failure(enum impasto_status status, size_t bytes,
                                        struct impasto_error *error)
{
    if (status == IMPASTO_ERROR_INTERNAL)
        return imp_fail(error, status, "a PNG writer: zlib %s does not compress what it is given",
                        zlibVersion());
    return status == IMPASTO_OK ? status : imp_fail_memory(error, "a PNG writer", bytes);
}

enum impasto_status imp_png_compress_next(struct imp_png_compressing *c,
                                          struct imp_png_piece *piece, bool *last,
                                          struct impasto_error *error)
{
    struct slot *slot = &c->slot[c->taken % c->slots];
    if (c->threads == 0)
        slot->status = make_piece(c, c->taken, &slot->piece);
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
    return tell_failure(taken.status, (size_t)c->rows * (1 + imp_png_row_bytes(c->pixels)), error);
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
    for (size_t i = 0; i < c->slots; i++)
        free(c->slot[i].piece.bytes);
    imp_os_gate_free(c->gate);
    free(c);
    *compressing = NULL;
}

unsigned long imp_png_add_adler(unsigned long before, const struct imp_png_piece *piece)
{
    return adler32_combine(before, piece->adler, (z_off_t)piece->covers);
}
