/* SPDX-License-Identifier: MIT */
/*
 * Y4M to a file, a pipe or standard output.
 *
 * A pipe gets what comes: whoever reads it is the clock. A file keeps the source's time, so a frame
 * stands for those that were dropped behind it, too.
 */

#include "base/os.h"
#include "live/kinds.h"
#include "video/y4m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In a file, a frame is repeated so often at most: what lasts longer was a pause. */
#define REPEATS_MOST 300
#define UNKNOWN 2 /* of ITU-T H.273 */

struct y4m_out {
    struct imp_live_sink sink;
    const char *name;
    struct imp_y4m_output output;
    char mark[IMP_Y4M_LINE + sizeof(IMP_Y4M_FRAME "\n")]; /* before the frame at hand */
    size_t bytes;                                         /* of a frame */
    /* What is still to be written of it. */
    size_t mark_at, frame_at;
    const unsigned char *frame;
    int64_t written, last; /* frames; the last one's number */
};

static enum impasto_status fail(const struct y4m_out *out, struct impasto_error *error)
{
    if (errno == EPIPE)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: nobody reads it any more", out->name);
    return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, out->name, "cannot be written", errno);
}

/* ---- Pipes ----------------------------------------------------------------------------------- */

/* The next piece that is to be written; 0 bytes: there is none. */
static size_t rest(const struct y4m_out *out, const void **bytes)
{
    const size_t mark = strlen(out->mark);
    *bytes = out->mark_at < mark ? (const void *)(out->mark + out->mark_at)
                                 : (const void *)(out->frame + out->frame_at);
    return out->mark_at < mark ? mark - out->mark_at : out->bytes - out->frame_at;
}

static void pass(struct y4m_out *out, size_t bytes)
{
    if (out->mark_at < strlen(out->mark))
        out->mark_at += bytes;
    else
        out->frame_at += bytes;
}

static enum impasto_status push(struct imp_live_sink *sink, bool *done, struct impasto_error *error)
{
    struct y4m_out *out = (struct y4m_out *)sink;
    const void *bytes;
    for (size_t left; (left = rest(out, &bytes)) > 0;) {
        const int ready = imp_os_await(out->output.descriptor, true, IMP_LIVE_PATIENCE);
        const ptrdiff_t took =
            ready > 0 ? imp_os_write_some(out->output.descriptor, bytes, left) : ready;
        if (took < 0 && errno != EINTR && errno != EAGAIN)
            return fail(out, error);
        if (took <= 0)
            return IMPASTO_OK; /* asked again, unless an end is asked for */
        pass(out, (size_t)took);
    }
    snprintf(out->mark, sizeof(out->mark), "%s\n", IMP_Y4M_FRAME);
    *done = true;
    return IMPASTO_OK;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int64_t times_of(const struct y4m_out *out, const struct imp_live_frame *frame)
{
    const int64_t passed = out->written > 0 ? frame->number - out->last : 1;
    return passed < 1 ? 1 : passed < REPEATS_MOST ? passed : REPEATS_MOST;
}

static enum impasto_status store(struct y4m_out *out, int64_t times, struct impasto_error *error)
{
    for (int64_t i = 0; i < times; i++) {
        const size_t mark = strlen(out->mark);
        if (fwrite(out->mark, 1, mark, out->output.file.stream) != mark ||
            fwrite(out->frame, 1, out->bytes, out->output.file.stream) != out->bytes)
            return fail(out, error);
        snprintf(out->mark, sizeof(out->mark), "%s\n", IMP_Y4M_FRAME);
    }
    return IMPASTO_OK;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static enum impasto_status write_frame(struct imp_live_sink *sink,
                                       const struct imp_live_frame *frame, bool *done,
                                       struct impasto_error *error)
{
    struct y4m_out *out = (struct y4m_out *)sink;
    const int64_t times = times_of(out, frame);
    out->frame = frame->pixels.plane[0];
    out->mark_at = out->frame_at = 0;
    out->last = frame->number;
    out->written++;
    *done = out->output.file.stream != NULL;
    return out->output.file.stream ? store(out, times, error) : push(sink, done, error);
}

static enum impasto_status finish(struct imp_live_sink *sink, struct impasto_error *error)
{
    struct y4m_out *out = (struct y4m_out *)sink;
    return out->output.file.stream && out->written > 0 ? imp_file_commit(&out->output.file, error)
                                                       : IMPASTO_OK;
}

static void close_sink(struct imp_live_sink *sink)
{
    struct y4m_out *out = (struct y4m_out *)sink;
    imp_y4m_close(&out->output);
    free(out);
}

/* Frames of the source's size, and a header that says so. */
static void describe(struct y4m_out *out, const struct imp_live_form *form)
{
    const struct imp_film film = {.width = form->pixels.width,
                                  .height = form->pixels.height,
                                  .rate = {form->rate_num, form->rate_den},
                                  .chroma = IMP_CHROMA_420,
                                  .matrix = UNKNOWN,
                                  .primaries = UNKNOWN,
                                  .transfer = UNKNOWN};
    struct imp_yuv_layout layout;
    imp_y4m_print(&film, out->mark, &layout);
    snprintf(out->mark + strlen(out->mark), sizeof(out->mark) - strlen(out->mark), "%s\n",
             IMP_Y4M_FRAME);
    out->sink.form = *form;
    out->sink.form.pixels = (struct impasto_pixels){
        .struct_size = sizeof(struct impasto_pixels),
        .format = IMPASTO_PIXELS_I420,
        .width = film.width,
        .height = film.height,
        .matrix = layout.kr > 0.25F ? IMPASTO_MATRIX_BT601 : IMPASTO_MATRIX_BT709,
        .full = layout.full,
        .centred = layout.offset_x > 0,
    };
    out->bytes = impasto_pixels_lay(&out->sink.form.pixels, NULL);
}

enum impasto_status imp_live_y4m_sink(const char *path, const struct imp_live_form *form,
                                      const struct imp_live_options *options,
                                      struct imp_live_sink **sink, struct impasto_error *error)
{
    struct y4m_out *out = calloc(1, sizeof(*out));
    if (!out)
        return imp_fail_memory(error, "a film", sizeof(*out));
    out->sink = (struct imp_live_sink){
        .write = write_frame, .again = push, .finish = finish, .close = close_sink};
    out->name = imp_live_name(path, true);
    describe(out, form);
    const enum impasto_status status = imp_y4m_open(&out->output, path, options->stopped, error);
    if (status == IMPASTO_OK)
        *sink = &out->sink;
    else
        close_sink(&out->sink);
    return status;
}
