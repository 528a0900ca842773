/* SPDX-License-Identifier: MIT */
/* What a camera's frames are: format, size, rate, colours. */

#include "live/v4l2_camera.h"

#include <errno.h>
#include <string.h>

/* What a camera is asked for that has not been asked for anything. */
#define USUAL_WIDTH 640
#define USUAL_HEIGHT 360
/* Uncompressed frames of more pixels do not come at 30/s by USB 2. */
#define MUCH (640 * 480)

enum impasto_status imp_camera_fail(const struct imp_camera *c, const char *what,
                                    struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: %s: %s%s", c->path, what, strerror(errno),
                    errno == EBUSY ? "; another program has the camera, end that" : "");
}

/* ---- Formats --------------------------------------------------------------------------------- */

static bool offers(const struct imp_camera *c, uint32_t fourcc)
{
    struct v4l2_fmtdesc about = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    for (; imp_v4l2_call(c->descriptor, VIDIOC_ENUM_FMT, &about) == 0; about.index++)
        if (about.pixelformat == fourcc)
            return true;
    return false;
}

/* The one that is asked for, or the first that the camera has; of large frames, JPEG. */
static void choose_format(struct imp_camera *c)
{
    const struct imp_live_options *options = c->options;
    const bool much = options->width * options->height > MUCH;
    const struct imp_v4l2_format *format;
    c->format = NULL;
    for (size_t i = 0; (format = imp_v4l2_format(i)); i++) {
        const bool wanted = options->pixels ? strcmp(options->pixels, format->word) == 0
                                            : !c->format || (much && format->jpeg);
        if (wanted && offers(c, format->fourcc))
            c->format = format;
    }
}

static void list_formats(const struct imp_camera *c, char *text, size_t size)
{
    struct v4l2_fmtdesc about = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    text[0] = 0;
    for (; imp_v4l2_call(c->descriptor, VIDIOC_ENUM_FMT, &about) == 0; about.index++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%.4s", used ? ", " : "",
                 (const char *)&about.pixelformat);
    }
}

static enum impasto_status refuse_format(const struct imp_camera *c, struct impasto_error *error)
{
    char list[200];
    list_formats(c, list, sizeof(list));
    if (!list[0])
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: has no formats; if it is a virtual camera, nobody writes to it yet",
                        c->path);
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: has no %s pixels, but %s; leave out `pixels`, or name nv12, i420, yuyv, "
                    "uyvy or mjpeg",
                    c->path, c->options->pixels ? c->options->pixels : "known", list);
}

enum impasto_status imp_camera_set_format(struct imp_camera *c, struct impasto_error *error)
{
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    choose_format(c);
    if (!c->format)
        return refuse_format(c, error);
    format.fmt.pix.width = (uint32_t)(c->options->width > 0 ? c->options->width : USUAL_WIDTH);
    format.fmt.pix.height = (uint32_t)(c->options->height > 0 ? c->options->height : USUAL_HEIGHT);
    format.fmt.pix.pixelformat = c->format->fourcc;
    format.fmt.pix.field = V4L2_FIELD_NONE;
    if (imp_v4l2_call(c->descriptor, VIDIOC_S_FMT, &format) < 0)
        return imp_camera_fail(c, "does not take a size", error);
    c->pixels = format.fmt.pix;
    if (c->pixels.pixelformat != c->format->fourcc)
        return refuse_format(c, error);
    return IMPASTO_OK;
}

void imp_camera_set_rate(struct imp_camera *c)
{
    struct v4l2_streamparm parm = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_fract *each = &parm.parm.capture.timeperframe;
    c->source.form.rate_num = c->options->rate > 0 ? c->options->rate : 30;
    c->source.form.rate_den = 1;
    *each = (struct v4l2_fract){1, (uint32_t)c->source.form.rate_num};
    if (imp_v4l2_call(c->descriptor, VIDIOC_S_PARM, &parm) == 0 && each->numerator > 0 &&
        each->denominator > 0 && each->numerator <= 1000000 && each->denominator <= 1000000) {
        c->source.form.rate_num = (int)each->denominator;
        c->source.form.rate_den = (int)each->numerator;
    }
}

void imp_camera_set_colours(const struct imp_camera *c, struct impasto_pixels *pixels)
{
    const uint32_t space = c->pixels.colorspace;
    uint32_t coding = c->pixels.ycbcr_enc, range = c->pixels.quantization;
    if (coding == V4L2_YCBCR_ENC_DEFAULT)
        coding = V4L2_MAP_YCBCR_ENC_DEFAULT(space);
    if (range == V4L2_QUANTIZATION_DEFAULT)
        range = V4L2_MAP_QUANTIZATION_DEFAULT(false, space, coding);
    pixels->matrix = coding == V4L2_YCBCR_ENC_709      ? IMPASTO_MATRIX_BT709
                     : coding == V4L2_YCBCR_ENC_BT2020 ? IMPASTO_MATRIX_BT2020
                                                       : IMPASTO_MATRIX_BT601;
    pixels->full = range == V4L2_QUANTIZATION_FULL_RANGE;
    if (!c->format->jpeg)
        return;
    pixels->matrix = IMPASTO_MATRIX_BT601; /* as JFIF has it */
    pixels->full = pixels->centred = 1;
}
