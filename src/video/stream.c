/* SPDX-License-Identifier: MIT */
/* Sources and sinks, told apart by a film's first bytes, and by the ending of a name. */

#include "base/os.h"
#include "video/job_folder.h"
#include "video/numbered.h"

#include <impasto/image.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct imp_source_kind *const sources[] = {&imp_source_y4m
#if IMP_HAVE_VIDEO
                                                        ,
                                                        &imp_source_film
#endif
};
static const struct imp_sink_kind *const sinks[] = {&imp_sink_y4m
#if IMP_HAVE_VIDEO
                                                    ,
                                                    &imp_sink_film
#endif
};

struct imp_source {
    const struct imp_source_kind *kind;
    void *state;
    int descriptor;
};

struct imp_sink {
    const struct imp_sink_kind *kind;
    void *state;
};

/* ---- Sources --------------------------------------------------------------------------------- */

/* A pipe's other end may be awaited for long. */
static enum impasto_status open_file(struct imp_film_file *file, struct impasto_error *error)
{
    if (strcmp(file->path, "-") == 0) {
        file->name = "standard input";
        file->descriptor = IMP_OS_STDIN;
        return IMPASTO_OK;
    }
    do
        file->descriptor = imp_os_open(file->path, IMP_OS_READ);
    while (file->descriptor < 0 && errno == EINTR && !imp_stream_stopped(file->options));
    if (file->descriptor >= 0)
        return IMPASTO_OK;
    return errno == EINTR
               ? imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : imp_fail_file(error, IMPASTO_ERROR_INPUT, file->path, "cannot be read", errno);
}

static enum impasto_status read_mark(struct imp_film_file *file, struct impasto_error *error)
{
    while (file->marked < sizeof(file->mark)) {
        const ptrdiff_t got = imp_os_read(file->descriptor, file->mark + file->marked,
                                          sizeof(file->mark) - file->marked);
        if (got == 0)
            break;
        if (got > 0)
            file->marked += (size_t)got;
        else if (errno != EINTR)
            return imp_fail_file(error, IMPASTO_ERROR_INPUT, file->name, "cannot be read", errno);
        else if (imp_stream_stopped(file->options))
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    }
    return IMPASTO_OK;
}

static enum impasto_status find_kind(const struct imp_film_file *file,
                                     const struct imp_source_kind **kind,
                                     struct impasto_error *error)
{
    for (size_t i = 0; i < IMP_COUNT(sources); i++)
        if (sources[i]->fits(file->mark, file->marked)) {
            *kind = sources[i];
            return IMPASTO_OK;
        }
    return file->marked == 0
               ? imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is empty", file->name)
               : imp_fail(error, IMPASTO_ERROR_INPUT,
                          "%s: is no film in Y4M; make one of it, as by ffmpeg -i FILM FILE.y4m",
                          file->name);
}

enum impasto_status imp_source_open(const char *path, const struct imp_stream_options *options,
                                    struct imp_source **source, struct imp_film *film,
                                    struct impasto_error *error)
{
    struct imp_film_file file = {.path = path, .name = path, .descriptor = -1, .options = options};
    struct imp_source *opened = calloc(1, sizeof(*opened));
    *source = NULL;
    *film = (struct imp_film){0};
    if (!opened)
        return imp_fail_memory(error, "a film", 0);
    const bool numbered = imp_numbered(path);
    enum impasto_status status = numbered ? IMPASTO_OK : open_file(&file, error);
    opened->descriptor = file.descriptor;
    opened->kind = &imp_source_pictures;
    if (status == IMPASTO_OK && !numbered)
        status = read_mark(&file, error);
    if (status == IMPASTO_OK && !numbered)
        status = find_kind(&file, &opened->kind, error);
    if (status == IMPASTO_OK)
        status = opened->kind->open(&file, &opened->state, film, error);
    if (status == IMPASTO_OK)
        *source = opened;
    else
        imp_source_close(&opened);
    return status;
}

enum impasto_status imp_source_read(struct imp_source *source, struct imp_frame *frame, bool *more,
                                    struct impasto_error *error)
{
    return source->kind->read(source->state, frame, more, error);
}

void imp_source_close(struct imp_source **source)
{
    struct imp_source *closing = *source;
    *source = NULL;
    if (!closing)
        return;
    if (closing->state)
        closing->kind->close(closing->state);
    if (closing->descriptor >= 0 && closing->descriptor != IMP_OS_STDIN)
        imp_os_close(closing->descriptor);
    free(closing);
}

/* ---- Sinks ----------------------------------------------------------------------------------- */

/* Whether a name ends in one of the endings, in any case. */
static bool ends_in(const char *path, const char *endings)
{
    const char *ending = strrchr(imp_os_name(path), '.');
    for (const char *word = endings; ending && *word;) {
        const size_t length = strcspn(word, " ");
        if (strlen(ending) == length && imp_os_compare_start(ending, word, length) == 0)
            return true;
        word += length + strspn(word + length, " ");
    }
    return false;
}

static enum impasto_status find_sink(const char *path, const struct imp_sink_kind **kind,
                                     struct impasto_error *error)
{
    const struct impasto_save_options usual = {.struct_size = sizeof(usual)};
    if (strcmp(path, "-") == 0 || imp_stream_is_pipe(path)) {
        *kind = &imp_sink_y4m;
        return IMPASTO_OK;
    }
    for (size_t i = 0; i < IMP_COUNT(sinks); i++)
        if (ends_in(path, sinks[i]->endings)) {
            *kind = sinks[i];
            return IMPASTO_OK;
        }
    *kind = &imp_sink_pictures;
    if (imp_numbered(path))
        return impasto_image_save_check(path, 0, 0, &usual, error);
    return imp_fail(error, IMPASTO_ERROR_USAGE,
#if IMP_HAVE_VIDEO
                    "%s: end the name of a film in .mp4, .mov, .mkv, .webm or .y4m, or name "
                    "numbered pictures, as NAME%%06d.png",
#else
                    "%s: end the name of a film in .y4m, as this build has no other kind, or name "
                    "numbered pictures, as NAME%%06d.png",
#endif
                    path);
}

static enum impasto_status check_depth(const char *path, const struct imp_sink_kind *kind,
                                       const struct imp_film *film, struct impasto_error *error)
{
    return !film->deep || kind->deep
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_USAGE,
                          "%s: has frames of 8 bits; 10 go into .mp4, .mov, .mkv and .webm",
                          strcmp(path, "-") == 0 ? "standard output" : path);
}

bool imp_sink_replaces(const char *path)
{
    struct imp_job_folder folder;
    const bool begun =
        imp_job_folder_name(&folder, path, NULL) == IMPASTO_OK && imp_os_is_there(folder.path);
    imp_job_folder_free(&folder);
    return !begun && (imp_numbered(path) ? imp_numbered_is_there(path, 1) : imp_os_is_file(path));
}

enum impasto_status imp_sink_check(const char *path, struct impasto_error *error)
{
    const struct imp_sink_kind *kind;
    return find_sink(path, &kind, error);
}

enum impasto_status imp_sink_weigh(const char *path, const struct imp_film *film,
                                   const struct imp_stream_options *options,
                                   const struct imp_frame *frame, struct imp_sink_weight *weight,
                                   struct impasto_error *error)
{
    const struct imp_sink_kind *kind;
    *weight = (struct imp_sink_weight){0};
    IMP_TRY(find_sink(path, &kind, error));
    IMP_TRY(check_depth(path, kind, film, error));
    return strcmp(path, "-") == 0 || imp_stream_is_pipe(path)
               ? IMPASTO_OK
               : kind->weigh(path, film, options, frame, weight, error);
}

enum impasto_status imp_sink_open(const char *path, const struct imp_film *film,
                                  const struct imp_stream_options *options, struct imp_sink **sink,
                                  struct impasto_error *error)
{
    struct imp_sink *opened = calloc(1, sizeof(*opened));
    *sink = NULL;
    if (!opened)
        return imp_fail_memory(error, "a film", 0);
    enum impasto_status status = find_sink(path, &opened->kind, error);
    if (status == IMPASTO_OK)
        status = check_depth(path, opened->kind, film, error);
    if (status == IMPASTO_OK)
        status = opened->kind->open(path, film, options, &opened->state, error);
    if (status == IMPASTO_OK)
        *sink = opened;
    else
        imp_sink_abandon(&opened);
    return status;
}

uint32_t imp_film_checksum(const struct imp_film *film, const struct imp_frame *frame)
{
    uint32_t sum = imp_checksum(0, &frame->time, sizeof(frame->time));
    for (int y = 0; y < film->height; y++)
        sum = imp_checksum(sum, frame->rgb + (size_t)y * frame->stride,
                           imp_film_pixel(film) * (size_t)film->width);
    return sum;
}

const struct imp_job_folder *imp_sink_folder(const struct imp_sink *sink)
{
    return sink->kind->folder ? sink->kind->folder(sink->state) : NULL;
}

enum impasto_status imp_sink_see(struct imp_sink *sink, const char *name,
                                 const struct imp_film *film, const struct imp_frame *frame,
                                 int64_t number, struct impasto_error *error)
{
    int64_t last;
    const struct imp_job_folder *folder = imp_sink_folder(sink);
    if (!folder)
        return IMPASTO_OK;
    const uint32_t checksum = imp_film_checksum(film, frame);
    if (number >= imp_sink_resumed(sink, &last)) {
        imp_job_saw(folder, number, checksum);
        return IMPASTO_OK;
    }
    return imp_job_differs(folder, number, checksum)
               ? imp_fail(error, IMPASTO_ERROR_INPUT,
                          "%s: frame %lld is another one than when the film was begun; give the "
                          "film of then, or remove the folder %s, and it is painted anew",
                          name, (long long)number + 1, folder->path)
               : IMPASTO_OK;
}

bool imp_sink_keeps(const char *path)
{
    const struct imp_sink_kind *kind;
    return find_sink(path, &kind, NULL) == IMPASTO_OK && kind->folder;
}

const char *imp_sink_state(struct imp_sink *sink, int64_t frames, bool *due)
{
    *due = false;
    return sink->kind->state_path ? sink->kind->state_path(sink->state, frames, due) : NULL;
}

char *imp_sink_state_path(const struct imp_sink *sink, int64_t frames)
{
    const struct imp_job_folder *folder = imp_sink_folder(sink);
    return folder ? imp_job_state_path(folder, frames) : NULL;
}

enum impasto_status imp_sink_write(struct imp_sink *sink, const struct imp_frame *frame,
                                   struct impasto_error *error)
{
    return sink->kind->write(sink->state, frame, error);
}

int64_t imp_sink_resumed(struct imp_sink *sink, int64_t *last)
{
    return sink->kind->resumed ? sink->kind->resumed(sink->state, last) : 0;
}

enum impasto_status imp_sink_finish(struct imp_sink **sink, bool whole, struct impasto_error *error)
{
    const enum impasto_status status = (*sink)->kind->finish((*sink)->state, whole, error);
    imp_sink_abandon(sink);
    return status;
}

void imp_sink_abandon(struct imp_sink **sink)
{
    struct imp_sink *closing = *sink;
    *sink = NULL;
    if (closing && closing->state)
        closing->kind->close(closing->state);
    free(closing);
}
