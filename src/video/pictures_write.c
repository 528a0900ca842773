/* SPDX-License-Identifier: MIT */
/*
 * Numbered pictures, from 1 on, one for each frame. The folder of the job has the frames' times
 * beside it, each written once its picture is there. So a run goes on after the last of them.
 */

#include "base/os.h"
#include "video/job_folder.h"
#include "video/numbered.h"

#include <impasto/image.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct pictures_sink {
    const char *path;
    const struct imp_stream_options *options;
    struct impasto_image *image; /* of a frame */
    struct imp_job_folder folder;
    char *times; /* a path */
    int descriptor;
    int64_t frames, last; /* written, and the last one's time */
};

/* As small as it is exact; what loses is of fine quality. */
static const struct impasto_save_options saving = {.struct_size = sizeof(saving)};

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status fail(const struct pictures_sink *sink, struct impasto_error *error)
{
    return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, sink->times, "cannot be written", errno);
}

static bool read_time(const struct pictures_sink *sink, int64_t number, int64_t *time)
{
    return imp_os_read_at(sink->descriptor, time, sizeof(*time),
                          (uint64_t)number * sizeof(*time)) == (ptrdiff_t)sizeof(*time);
}

/* Frames that are there, up to the last one that can be gone on from. */
static enum impasto_status take_up(struct pictures_sink *sink, bool fresh,
                                   struct impasto_error *error)
{
    sink->descriptor = imp_os_open(sink->times, IMP_OS_CHANGE);
    if (sink->descriptor < 0 && errno == ENOENT)
        sink->descriptor = imp_os_open(sink->times, IMP_OS_CREATE);
    if (sink->descriptor < 0)
        return fail(sink, error);
    if (!imp_os_lock_file(sink->descriptor))
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: another run works on it; wait for its end, or end it", sink->times);
    for (int64_t time; !fresh && read_time(sink, sink->frames, &time) &&
                       imp_numbered_is_there(sink->path, sink->frames + 1);)
        sink->frames++;
    if (sink->options->builds)
        sink->frames = imp_job_find_state(&sink->folder, 0, sink->frames);
    if (sink->frames > 0 && !read_time(sink, sink->frames - 1, &sink->last))
        return fail(sink, error);
    return imp_os_shorten(sink->descriptor, (uint64_t)sink->frames * sizeof(int64_t))
               ? IMPASTO_OK
               : fail(sink, error);
}

/* The folder that pictures go to is made, as for batches. */
static enum impasto_status make_folder(const char *path, struct impasto_error *error)
{
    char *folder = imp_os_folder(path);
    if (!folder)
        return imp_fail_memory(error, "a file name", 0);
    const bool made = imp_os_make_folder(folder, false) || errno == EEXIST;
    const enum impasto_status status =
        made ? IMPASTO_OK
             : imp_fail_file(error, IMPASTO_ERROR_OUTPUT, folder, "cannot be made", errno);
    free(folder);
    return status;
}

static enum impasto_status open_sink(const char *path, const struct imp_film *film,
                                     const struct imp_stream_options *options, void **state,
                                     struct impasto_error *error)
{
    struct pictures_sink *sink = calloc(1, sizeof(*sink));
    bool fresh;
    if (!sink)
        return imp_fail_memory(error, "a film", 0);
    *state = sink;
    sink->path = path;
    sink->options = options;
    sink->descriptor = -1;
    IMP_TRY(impasto_image_save_check(path, film->width, film->height, &saving, error));
    IMP_TRY(impasto_image_create(film->width, film->height, &sink->image, error));
    IMP_TRY(make_folder(path, error));
    IMP_TRY(imp_job_folder_name(&sink->folder, path, error));
    sink->times = imp_job_folder_file(&sink->folder, "times");
    if (!sink->times)
        return imp_fail_memory(error, "a file name", 0);
    IMP_TRY(imp_job_folder_open(&sink->folder, options->job, &fresh, error));
    imp_stream_warn_of_sound(path, film, options);
    return take_up(sink, fresh, error);
}

static int64_t resumed(void *state, int64_t *last)
{
    const struct pictures_sink *sink = state;
    *last = sink->last;
    return sink->frames;
}

static const struct imp_job_folder *folder_of(void *state)
{
    const struct pictures_sink *sink = state;
    return &sink->folder;
}

static const char *state_path(void *state, int64_t frames, bool *due)
{
    struct pictures_sink *sink = state;
    *due = imp_job_state_due(&sink->folder);
    return imp_job_state(&sink->folder, frames);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static void take(const struct imp_frame *frame, struct impasto_image *image)
{
    const size_t row = 3 * (size_t)image->width;
    for (size_t y = 0; y < (size_t)image->height; y++)
        for (size_t i = 0; i < row; i++)
            image->rgb[y * row + i] = (float)frame->rgb[y * frame->stride + i] / 255;
}

static enum impasto_status weigh(const char *path, const struct imp_film *film,
                                 const struct imp_stream_options *options,
                                 const struct imp_frame *frame, struct imp_sink_weight *weight,
                                 struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    (void)options;
    weight->copies = 1;
    weight->most = imp_film_most(film, 3);
    if (!frame)
        return IMPASTO_OK;
    IMP_TRY(impasto_image_create(film->width, film->height, &image, error));
    take(frame, image);
    const enum impasto_status status =
        impasto_image_encode(image, path, &saving, &bytes, &size, error);
    weight->frame = size;
    free(bytes);
    impasto_image_free(&image);
    return status;
}

static enum impasto_status write_picture(const struct pictures_sink *sink,
                                         struct impasto_error *error)
{
    char *name = imp_numbered_name(sink->path, sink->frames + 1);
    if (!name)
        return imp_fail_memory(error, "a file name", 0);
    const enum impasto_status status = impasto_image_save(sink->image, name, &saving, error);
    free(name);
    return status;
}

static enum impasto_status write_frame(void *state, const struct imp_frame *frame,
                                       struct impasto_error *error)
{
    struct pictures_sink *sink = state;
    const bool stated = sink->options->builds && imp_job_has_state(&sink->folder, sink->frames + 1);
    take(frame, sink->image);
    IMP_TRY(write_picture(sink, error));
    if (!imp_os_write_at(sink->descriptor, &frame->time, sizeof(frame->time),
                         (uint64_t)sink->frames * sizeof(frame->time)) ||
        (stated && !imp_os_sync(sink->descriptor)))
        return fail(sink, error);
    sink->frames++;
    if (stated)
        imp_job_change_state(&sink->folder, sink->frames);
    return IMPASTO_OK;
}

static enum impasto_status finish(void *state, bool whole, struct impasto_error *error)
{
    const struct pictures_sink *sink = state;
    (void)error;
    if (whole && imp_numbered_is_there(sink->path, sink->frames + 1))
        imp_stream_warn(sink->options,
                        "%s: the pictures from number %" PRId64
                        " on were there before, and do not belong to this film",
                        sink->path, sink->frames + 1);
    if (whole) {
        (void)imp_os_remove(sink->times);
        imp_job_folder_clear(&sink->folder);
    }
    return IMPASTO_OK;
}

static void close_sink(void *state)
{
    struct pictures_sink *sink = state;
    if (sink->descriptor >= 0)
        imp_os_close(sink->descriptor);
    impasto_image_free(&sink->image);
    imp_job_folder_free(&sink->folder);
    free(sink->times);
    free(sink);
}

const struct imp_sink_kind imp_sink_pictures = {.name = "pictures",
                                                .open = open_sink,
                                                .weigh = weigh,
                                                .resumed = resumed,
                                                .folder = folder_of,
                                                .state_path = state_path,
                                                .write = write_frame,
                                                .finish = finish,
                                                .close = close_sink};
