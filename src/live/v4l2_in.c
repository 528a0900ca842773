/* SPDX-License-Identifier: MIT */
/*
 * A camera. The driver fills buffers that are mapped here, one after the other. Of those that are
 * full the newest is taken, and goes back at once: it is copied, as the painter may need it for
 * longer than the camera can do without.
 */

#include "live/v4l2.h"

#ifdef __linux__

#include "base/os.h"
#include "live/v4l2_camera.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Seconds: until the first frame; between two looks for a camera that is lost; that a time of the
 * driver's may be past. */
#define FIRST_SECONDS 5
#define LOST_SECONDS 0.5
#define PAST_SECONDS 1

/* ---- Frames ---------------------------------------------------------------------------------- */

/* The driver's time where that is of this clock, and now otherwise. */
static double time_of(const struct v4l2_buffer *buffer)
{
    const double now = imp_os_seconds();
    const double then = (double)buffer->timestamp.tv_sec + 1e-6 * (double)buffer->timestamp.tv_usec;
    const bool monotonic =
        (buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return monotonic && then <= now && now - then < PAST_SECONDS ? then : now;
}

/* Numbers go on where a camera begins anew. */
static int64_t number_of(struct imp_camera *c, const struct v4l2_buffer *buffer)
{
    const int64_t number = (int64_t)buffer->sequence - c->sequence;
    const int64_t result = number < c->next ? c->next : number;
    c->sequence = (int64_t)buffer->sequence - result;
    c->next = result + 1;
    return result;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status open_device(struct imp_camera *c, struct impasto_error *error)
{
    uint32_t caps = 0;
    IMP_TRY(imp_v4l2_open(c->path, false, &c->descriptor, &caps, error));
    if ((caps & V4L2_CAP_VIDEO_CAPTURE) == 0 || (caps & V4L2_CAP_STREAMING) == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: gives no frames; if it is a virtual camera, nobody writes to it yet: "
                        "start that program first",
                        c->path);
    IMP_TRY(imp_camera_set_format(c, error));
    imp_camera_set_rate(c);
    return imp_camera_start(c, error);
}

/* Waits for the first frame, by which alone it is known how JPEG has its chroma. */
static enum impasto_status see_jpeg(struct imp_camera *c, struct impasto_pixels *form,
                                    struct impasto_error *error)
{
    const double begun = imp_os_seconds();
    struct v4l2_buffer buffer;
    while (imp_os_seconds() - begun < FIRST_SECONDS) {
        if (c->options->stopped())
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
        if (imp_os_await(c->descriptor, false, IMP_LIVE_PATIENCE) <= 0)
            continue;
        const int found = imp_camera_take_newest(c, &buffer);
        if (found < 0)
            return imp_camera_fail(c, "gives no frames", error);
        if (found == 0)
            continue;
        const bool seen = imp_mjpeg_look(c->mjpeg, c->buffers[buffer.index].start, buffer.bytesused,
                                         &form->format);
        if (imp_v4l2_call(c->descriptor, VIDIOC_QBUF, &buffer) < 0)
            return imp_camera_fail(c, "takes no buffer back", error);
        if (seen)
            return IMPASTO_OK;
    }
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: gives no frames that can be decoded; name other `pixels`", c->path);
}

/* The camera, running; *form: of its frames. */
static enum impasto_status open_camera(struct imp_camera *c, struct impasto_pixels *form,
                                       struct impasto_error *error)
{
    IMP_TRY(open_device(c, error));
    *form = (struct impasto_pixels){.struct_size = sizeof(*form),
                                    .format = c->format->pixels,
                                    .width = (int)c->pixels.width,
                                    .height = (int)c->pixels.height};
    imp_camera_set_colours(c, form);
    if (c->format->jpeg)
        IMP_TRY(see_jpeg(c, form, error));
    return impasto_pixels_lay(form, NULL) > 0
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_INPUT, "%s: its frames have no size", c->path);
}

/* ---- A camera that is lost ------------------------------------------------------------------- */

static enum impasto_status lose(struct imp_camera *c, struct impasto_error *error)
{
    const char *why = strerror(errno);
    imp_camera_release(c);
    if (!c->options->wait)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: the camera is gone: %s; `wait` waits for it to come back", c->path,
                        why);
    imp_live_warn(c->options, "%s: the camera is gone: %s; waiting for it", c->path, why);
    return IMPASTO_OK;
}

/* Looks for it now and then. It must be what it was. */
static enum impasto_status find_again(struct imp_camera *c, struct impasto_error *error)
{
    struct impasto_error ignored;
    struct impasto_pixels form;
    const double now = imp_os_seconds();
    if (now - c->looked < LOST_SECONDS) {
        imp_os_sleep(IMP_LIVE_PATIENCE);
        return IMPASTO_OK;
    }
    c->looked = now;
    if (open_camera(c, &form, &ignored) != IMPASTO_OK) {
        imp_camera_release(c);
        return IMPASTO_OK;
    }
    const struct impasto_pixels *was = &c->source.form.pixels;
    if (form.format != was->format || form.width != was->width || form.height != was->height)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: the camera is back with %dx%d pixels, after %dx%d; begin again",
                        c->path, form.width, form.height, was->width, was->height);
    imp_live_warn(c->options, "%s: the camera is there again", c->path);
    return IMPASTO_OK;
}

static enum impasto_status read_frame(struct imp_live_source *source, struct imp_live_frame *frame,
                                      enum imp_live_read *what, struct impasto_error *error)
{
    struct imp_camera *c = (struct imp_camera *)source;
    struct v4l2_buffer buffer;
    *what = IMP_LIVE_NOTHING;
    if (c->descriptor < 0)
        return find_again(c, error);
    if (imp_os_await(c->descriptor, false, IMP_LIVE_PATIENCE) == 0)
        return IMPASTO_OK;
    const int found = imp_camera_take_newest(c, &buffer);
    if (found <= 0)
        return found < 0 ? lose(c, error) : IMPASTO_OK;
    const bool whole = imp_camera_copy(c, &buffer, &frame->pixels);
    frame->time = time_of(&buffer);
    frame->number = number_of(c, &buffer);
    if (whole)
        *what = IMP_LIVE_FRAME;
    return imp_v4l2_call(c->descriptor, VIDIOC_QBUF, &buffer) < 0 ? lose(c, error) : IMPASTO_OK;
}

static void close_source(struct imp_live_source *source)
{
    struct imp_camera *c = (struct imp_camera *)source;
    imp_camera_release(c);
    imp_mjpeg_close(c->mjpeg);
    free(c);
}

/* The first one may be waited for, too. */
static enum impasto_status await_camera(struct imp_camera *c, struct impasto_error *error)
{
    enum impasto_status status = open_camera(c, &c->source.form.pixels, error);
    if (status == IMPASTO_OK || !c->options->wait)
        return status;
    imp_live_warn(c->options, "%s; waiting for it", error->message);
    while (status == IMPASTO_ERROR_INPUT && !c->options->stopped()) {
        imp_camera_release(c);
        imp_os_sleep(LOST_SECONDS);
        status = open_camera(c, &c->source.form.pixels, error);
    }
    return status == IMPASTO_ERROR_INPUT ? imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
                                         : status;
}

enum impasto_status imp_live_camera_source(const char *path, const struct imp_live_options *options,
                                           struct imp_live_source **source,
                                           struct impasto_error *error)
{
    struct imp_camera *c = calloc(1, sizeof(*c));
    struct imp_mjpeg *mjpeg = imp_mjpeg_open();
    if (!c || !mjpeg) {
        free(c);
        imp_mjpeg_close(mjpeg);
        return imp_fail_memory(error, "a camera", sizeof(*c));
    }
    *c = (struct imp_camera){.source = {.read = read_frame, .close = close_source},
                             .path = path,
                             .options = options,
                             .descriptor = -1,
                             .mjpeg = mjpeg};
    const enum impasto_status status = await_camera(c, error);
    if (status == IMPASTO_OK)
        *source = &c->source;
    else
        close_source(&c->source);
    return status;
}

#else

enum impasto_status imp_live_camera_source(const char *path, const struct imp_live_options *options,
                                           struct imp_live_source **source,
                                           struct impasto_error *error)
{
    (void)options;
    *source = NULL;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: cameras are read on Linux alone; send it here as Y4M, by a pipe", path);
}

#endif
