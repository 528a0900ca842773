/* SPDX-License-Identifier: MIT */
/* Frames that are painted before others: video/stream.h. Both files are rings of IMP_AHEAD places.
 */

#include "base/os.h"
#include "video/job_folder.h"
#include "video/kept.h"
#include "video/packets.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(IMP_SEGMENT % IMP_AHEAD == 0,
               "a sink goes on from states that painters keep every IMP_AHEAD frames");

struct imp_ahead {
    struct imp_film film;    /* the source's */
    char *waiting, *ahead;   /* paths */
    struct imp_kept sources; /* frames that wait to be painted */
    struct imp_kept painted;
    uint32_t made_of[IMP_AHEAD]; /* checksums of the sources */
};

uint64_t imp_ahead_bytes(const struct imp_film *source, const struct imp_film *film)
{
    return imp_kept_bytes(source, IMP_AHEAD) + imp_kept_bytes(film, IMP_AHEAD);
}

enum impasto_status imp_ahead_open(const struct imp_sink *sink, const struct imp_film *source,
                                   const struct imp_film *film, struct imp_ahead **ahead,
                                   struct impasto_error *error)
{
    const struct imp_job_folder *folder = imp_sink_folder(sink);
    struct imp_ahead *opened = calloc(1, sizeof(*opened));
    *ahead = opened;
    if (!opened)
        return imp_fail_memory(error, "frames", sizeof(*opened));
    opened->film = *source;
    opened->sources.descriptor = opened->painted.descriptor = -1;
    opened->waiting = imp_job_folder_file(folder, IMP_JOB_WAITING);
    opened->ahead = imp_job_folder_file(folder, IMP_JOB_AHEAD);
    if (!opened->waiting || !opened->ahead)
        return imp_fail_memory(error, "a file name", 0);
    IMP_TRY(imp_kept_open(&opened->sources, opened->waiting, source, error));
    return imp_kept_open(&opened->painted, opened->ahead, film, error);
}

enum impasto_status imp_ahead_take(struct imp_ahead *ahead, int64_t number,
                                   const struct imp_frame *frame, bool *painted,
                                   struct impasto_error *error)
{
    const int64_t place = number % IMP_AHEAD;
    struct imp_frame found;
    ahead->made_of[place] = imp_film_checksum(&ahead->film, frame);
    *painted = imp_kept_find(&ahead->painted, place, number, ahead->made_of[place], &found);
    return imp_kept_put(&ahead->sources, place, number, 0, frame, error);
}

static enum impasto_status fail_changed(const struct imp_kept *kept, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                    "%s: has changed while it was read; end whatever else works on it", kept->path);
}

/* Into the caller's memory. */
static void copy(const struct imp_kept *kept, const struct imp_frame *from, struct imp_frame *to)
{
    for (size_t y = 0; y < kept->rows; y++)
        memcpy(to->rgb + y * to->stride, from->rgb + y * from->stride, kept->row);
    to->time = from->time;
    to->duration = from->duration;
}

enum impasto_status imp_ahead_source(struct imp_ahead *ahead, int64_t number,
                                     struct imp_frame *frame, struct impasto_error *error)
{
    struct imp_frame found;
    if (!imp_kept_find(&ahead->sources, number % IMP_AHEAD, number, 0, &found))
        return fail_changed(&ahead->sources, error);
    copy(&ahead->sources, &found, frame);
    return IMPASTO_OK;
}

enum impasto_status imp_ahead_put(struct imp_ahead *ahead, int64_t number,
                                  const struct imp_frame *frame, struct impasto_error *error)
{
    const int64_t place = number % IMP_AHEAD;
    return imp_kept_put(&ahead->painted, place, number, ahead->made_of[place], frame, error);
}

enum impasto_status imp_ahead_painted(struct imp_ahead *ahead, int64_t number,
                                      struct imp_frame *frame, struct impasto_error *error)
{
    const int64_t place = number % IMP_AHEAD;
    struct imp_frame found;
    if (!imp_kept_find(&ahead->painted, place, number, ahead->made_of[place], &found))
        return fail_changed(&ahead->painted, error);
    copy(&ahead->painted, &found, frame);
    return IMPASTO_OK;
}

void imp_ahead_close(struct imp_ahead **ahead)
{
    struct imp_ahead *closing = *ahead;
    *ahead = NULL;
    if (!closing)
        return;
    imp_kept_shut(&closing->sources);
    imp_kept_shut(&closing->painted);
    if (closing->waiting)
        (void)imp_os_remove(closing->waiting);
    free(closing->waiting);
    free(closing->ahead);
    free(closing);
}
