/* SPDX-License-Identifier: MIT */
/* libpng's memory, and its messages. */

#include "image/png/png.h"

#include <stddef.h>
#include <stdlib.h>

/* What libpng may hold of all, with its rows. A few bytes of compressed text can become many. */
#define MOST_HELD ((size_t)64 << 20)

/* Before each block that libpng allocates. */
union block {
    size_t size;
    max_align_t align;
};

png_voidp imp_png_take(png_structp png, png_alloc_size_t size)
{
    struct imp_png_session *session = png_get_mem_ptr(png);
    if (size > MOST_HELD - session->held)
        return NULL;
    union block *block = malloc(sizeof(*block) + size);
    if (!block) {
        session->starved = true;
        return NULL;
    }
    block->size = size;
    session->held += size;
    return block + 1;
}

void imp_png_give_back(png_structp png, png_voidp memory)
{
    struct imp_png_session *session = png_get_mem_ptr(png);
    if (!memory)
        return;
    union block *block = (union block *)memory - 1;
    session->held -= block->size;
    free(block);
}

void imp_png_on_error(png_structp png, png_const_charp message)
{
    struct imp_png_session *session = png_get_error_ptr(png);
    if (session->starved) {
        session->failure = imp_fail_memory(session->error, session->path, 0);
        longjmp(session->jump, 1);
    }
    const char *advice = session->failure == IMPASTO_ERROR_INPUT
                             ? "is a damaged or cut-short PNG picture; get it anew"
                             : "cannot be written; name another file";
    imp_fail(session->error, session->failure, "%s: %s (libpng: %s)", session->path, advice,
             message);
    longjmp(session->jump, 1);
}

void imp_png_on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}
