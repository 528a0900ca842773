/* SPDX-License-Identifier: MIT */
/* A virtual camera, v4l2loopback's: what is written to it, other programs take for a camera's. They
 * all know I420. */

#include "live/v4l2.h"

#ifdef __linux__

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loopback {
    struct imp_live_sink sink;
    const char *path;
    int descriptor;
    size_t bytes; /* of a frame */
    const unsigned char *frame;
};

static enum impasto_status check_caps(const struct loopback *out, uint32_t caps,
                                      const struct imp_live_options *options,
                                      struct impasto_error *error)
{
    if ((caps & V4L2_CAP_VIDEO_OUTPUT) == 0)
        return imp_fail(
            error, IMPASTO_ERROR_OUTPUT,
            "%s: takes no frames: it is a real camera, or another program writes to it; "
            "see ls /sys/class/video4linux",
            out->path);
    if ((caps & V4L2_CAP_VIDEO_CAPTURE) != 0)
        imp_live_warn(options,
                      "%s: browsers will not list it, as it takes frames and gives them at once; "
                      "load its module so: modprobe v4l2loopback exclusive_caps=1",
                      out->path);
    return IMPASTO_OK;
}

static enum impasto_status set_format(struct loopback *out, struct impasto_error *error)
{
    const struct impasto_pixels *pixels = &out->sink.form.pixels;
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    struct v4l2_pix_format *wanted = &format.fmt.pix;
    wanted->width = (uint32_t)pixels->width;
    wanted->height = (uint32_t)pixels->height;
    wanted->pixelformat = V4L2_PIX_FMT_YUV420;
    wanted->field = V4L2_FIELD_NONE;
    wanted->bytesperline = (uint32_t)pixels->width;
    wanted->sizeimage = (uint32_t)out->bytes;
    wanted->colorspace = V4L2_COLORSPACE_SRGB; /* with BT.601, limited, as cameras have it */
    if (imp_v4l2_call(out->descriptor, VIDIOC_S_FMT, &format) < 0)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: does not take I420 of %dx%d pixels: %s%s",
                        out->path, pixels->width, pixels->height, strerror(errno),
                        errno == EBUSY ? "; end the programs that use it, which keep another size"
                                       : "");
    if (wanted->pixelformat == V4L2_PIX_FMT_YUV420 && wanted->width == (uint32_t)pixels->width &&
        wanted->height == (uint32_t)pixels->height)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                    "%s: takes %.4s of %ux%u pixels, not I420 of %dx%d; end the programs that use "
                    "it, or load its module anew: modprobe v4l2loopback exclusive_caps=1",
                    out->path, (const char *)&wanted->pixelformat, wanted->width, wanted->height,
                    pixels->width, pixels->height);
}

static enum impasto_status push(struct imp_live_sink *sink, bool *done, struct impasto_error *error)
{
    struct loopback *out = (struct loopback *)sink;
    const ssize_t took = write(out->descriptor, out->frame, out->bytes);
    *done = took == (ssize_t)out->bytes;
    if (*done || (took < 0 && (errno == EAGAIN || errno == EINTR)))
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: takes no more frames: %s", out->path,
                    took < 0 ? strerror(errno) : "it takes a part of one only");
}

static enum impasto_status write_frame(struct imp_live_sink *sink,
                                       const struct imp_live_frame *frame, bool *done,
                                       struct impasto_error *error)
{
    ((struct loopback *)sink)->frame = frame->pixels.plane[0];
    return push(sink, done, error);
}

static void close_sink(struct imp_live_sink *sink)
{
    struct loopback *out = (struct loopback *)sink;
    if (out->descriptor >= 0)
        (void)close(out->descriptor);
    free(out);
}

static enum impasto_status open_sink(struct loopback *out, const struct imp_live_options *options,
                                     struct impasto_error *error)
{
    const struct impasto_pixels *pixels = &out->sink.form.pixels;
    uint32_t caps = 0;
    if (pixels->width % 2 != 0 || pixels->height % 2 != 0)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: frames of %dx%d pixels are odd, and virtual cameras take even ones; "
                        "give another size",
                        out->path, pixels->width, pixels->height);
    IMP_TRY(imp_v4l2_open(out->path, true, &out->descriptor, &caps, error));
    IMP_TRY(check_caps(out, caps, options, error));
    return set_format(out, error);
}

enum impasto_status imp_live_camera_sink(const char *path, const struct imp_live_form *form,
                                         const struct imp_live_options *options,
                                         struct imp_live_sink **sink, struct impasto_error *error)
{
    struct loopback *out = calloc(1, sizeof(*out));
    if (!out)
        return imp_fail_memory(error, "a virtual camera", sizeof(*out));
    *out = (struct loopback){
        .sink = {.form = *form, .write = write_frame, .again = push, .close = close_sink},
        .path = path,
        .descriptor = -1};
    out->sink.form.pixels = (struct impasto_pixels){.struct_size = sizeof(struct impasto_pixels),
                                                    .format = IMPASTO_PIXELS_I420,
                                                    .width = form->pixels.width,
                                                    .height = form->pixels.height};
    out->bytes = impasto_pixels_lay(&out->sink.form.pixels, NULL);
    const enum impasto_status status = open_sink(out, options, error);
    if (status == IMPASTO_OK)
        *sink = &out->sink;
    else
        close_sink(&out->sink);
    return status;
}

#else

enum impasto_status imp_live_camera_sink(const char *path, const struct imp_live_form *form,
                                         const struct imp_live_options *options,
                                         struct imp_live_sink **sink, struct impasto_error *error)
{
    (void)form;
    (void)options;
    *sink = NULL;
    return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                    "%s: there are virtual cameras on Linux alone; send it on as Y4M, by a pipe",
                    path);
}

#endif
