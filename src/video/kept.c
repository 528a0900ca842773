/* SPDX-License-Identifier: MIT */
/* Painted frames that wait for others: video/kept.h. */

#include "video/kept.h"

#include "base/os.h"
#include "video/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct head {
    int64_t number, time, duration;
    uint32_t checksum; /* of these three and the pixels, which follow row by row without gaps */
    uint32_t zero;
};

static size_t frame_bytes(const struct imp_kept *kept)
{
    return kept->row * kept->rows;
}

static uint64_t place_of(const struct imp_kept *kept, int64_t i)
{
    return (uint64_t)i * (sizeof(struct head) + frame_bytes(kept));
}

uint64_t imp_kept_bytes(const struct imp_film *film, int64_t frames)
{
    return (uint64_t)frames * (sizeof(struct head) + imp_film_pixel(film) * (uint64_t)film->width *
                                                         (uint64_t)film->height);
}

/* of: a checksum of what the frame was made of. */
static uint32_t checksum_of(const struct head *head, uint32_t of, const void *bytes, size_t size)
{
    return imp_checksum(imp_checksum(of, head, offsetof(struct head, checksum)), bytes, size);
}

static enum impasto_status fail(const struct imp_kept *kept, struct impasto_error *error)
{
    return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, kept->path, "cannot be written", errno);
}

bool imp_kept_find(struct imp_kept *kept, int64_t place, int64_t number, uint32_t of,
                   struct imp_frame *frame)
{
    const uint64_t at = place_of(kept, place);
    struct head head;
    const bool found =
        imp_packets_read_all(kept->descriptor, &head, sizeof(head), at) && head.number == number &&
        imp_packets_read_all(kept->descriptor, kept->bytes, frame_bytes(kept), at + sizeof(head)) &&
        head.checksum == checksum_of(&head, of, kept->bytes, frame_bytes(kept));
    if (found)
        *frame = (struct imp_frame){
            .rgb = kept->bytes, .stride = kept->row, .time = head.time, .duration = head.duration};
    return found;
}

enum impasto_status imp_kept_open(struct imp_kept *kept, const char *path,
                                  const struct imp_film *film, struct impasto_error *error)
{
    *kept = (struct imp_kept){.path = path,
                              .descriptor = -1,
                              .row = imp_film_pixel(film) * (size_t)film->width,
                              .rows = (size_t)film->height};
    kept->bytes = malloc(frame_bytes(kept));
    if (!kept->bytes)
        return imp_fail_memory(error, "a frame", frame_bytes(kept));
    kept->descriptor = imp_os_open(path, IMP_OS_CHANGE);
    if (kept->descriptor < 0 && errno == ENOENT)
        kept->descriptor = imp_os_open(path, IMP_OS_CREATE);
    if (kept->descriptor < 0)
        return fail(kept, error);
    return IMPASTO_OK;
}

void imp_kept_resume(struct imp_kept *kept, int64_t first)
{
    struct imp_frame frame;
    kept->first = first;
    kept->count = 0;
    while (imp_kept_find(kept, kept->count, first + kept->count, 0, &frame))
        kept->count++;
}

enum impasto_status imp_kept_put(struct imp_kept *kept, int64_t place, int64_t number, uint32_t of,
                                 const struct imp_frame *frame, struct impasto_error *error)
{
    const uint64_t at = place_of(kept, place);
    struct head head = {.number = number, .time = frame->time, .duration = frame->duration};
    for (size_t y = 0; y < kept->rows; y++)
        memcpy(kept->bytes + y * kept->row, frame->rgb + y * frame->stride, kept->row);
    head.checksum = checksum_of(&head, of, kept->bytes, frame_bytes(kept));
    if (!imp_os_write_at(kept->descriptor, &head, sizeof(head), at) ||
        !imp_os_write_at(kept->descriptor, kept->bytes, frame_bytes(kept), at + sizeof(head)))
        return fail(kept, error);
    return IMPASTO_OK;
}

enum impasto_status imp_kept_add(struct imp_kept *kept, const struct imp_frame *frame,
                                 struct impasto_error *error)
{
    IMP_TRY(imp_kept_put(kept, kept->count, kept->first + kept->count, 0, frame, error));
    kept->count++;
    return IMPASTO_OK;
}

enum impasto_status imp_kept_read(struct imp_kept *kept, int64_t i, struct imp_frame *frame,
                                  struct impasto_error *error)
{
    return imp_kept_find(kept, i, kept->first + i, 0, frame)
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_OUTPUT,
                          "%s: has changed while it was read; end whatever else works on it",
                          kept->path);
}

enum impasto_status imp_kept_sync(struct imp_kept *kept, struct impasto_error *error)
{
    return imp_os_sync(kept->descriptor) ? IMPASTO_OK : fail(kept, error);
}

void imp_kept_shorten(struct imp_kept *kept, int64_t count)
{
    kept->count = count;
    (void)imp_os_shorten(kept->descriptor, place_of(kept, count));
}

void imp_kept_begin(struct imp_kept *kept, int64_t first)
{
    imp_kept_shorten(kept, 0);
    kept->first = first;
}

void imp_kept_shut(struct imp_kept *kept)
{
    free(kept->bytes);
    kept->bytes = NULL;
    if (kept->descriptor >= 0)
        imp_os_close(kept->descriptor);
    kept->descriptor = -1;
}
