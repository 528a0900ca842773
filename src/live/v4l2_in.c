/* SPDX-License-Identifier: MIT */
/*
 * A camera. The driver fills buffers that are mapped here, one after the other. Of those that are
 * full the newest is taken, and goes back at once: it is copied, as the painter may need it for
 * longer than the camera can do without.
 */

#include "live/v4l2.h"

#ifdef __linux__

#include "base/os.h"
#include "live/mjpeg.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS 4
/* What a camera is asked for that has not been asked for anything. */
#define USUAL_WIDTH 640
#define USUAL_HEIGHT 360
/* Uncompressed frames of more pixels do not come at 30/s by USB 2. */
#define MUCH (640 * 480)
/* Seconds: until the first frame; between two looks for a camera that is lost; that a time of the
 * driver's may be past. */
#define FIRST_SECONDS 5
#define LOST_SECONDS 0.5
#define PAST_SECONDS 1

struct camera {
    struct imp_live_source source;
    const char *path;
    const struct imp_live_options *options;
    int descriptor; /* -1: it is lost */
    double looked;  /* when it was looked for last */
    const struct imp_v4l2_format *format;
    struct v4l2_pix_format pixels;
    struct {
        void *start;
        size_t length;
    } buffers[BUFFERS];
    unsigned buffer_count;
    bool known;       /* a frame has been, so that the form is known */
    int64_t sequence; /* of the driver, less the frame's number */
    int64_t next;     /* number, at least */
    struct imp_mjpeg *mjpeg;
};

static enum impasto_status fail(const struct camera *c, const char *what,
                                struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: %s: %s%s", c->path, what, strerror(errno),
                    errno == EBUSY ? "; another program has the camera, end that" : "");
}

/* ---- Formats --------------------------------------------------------------------------------- */

static bool offers(const struct camera *c, uint32_t fourcc)
{
    struct v4l2_fmtdesc about = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    for (; imp_v4l2_call(c->descriptor, VIDIOC_ENUM_FMT, &about) == 0; about.index++)
        if (about.pixelformat == fourcc)
            return true;
    return false;
}

/* The one that is asked for, or the first that the camera has; of large frames, JPEG. */
static void choose_format(struct camera *c)
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

static void list_formats(const struct camera *c, char *text, size_t size)
{
    struct v4l2_fmtdesc about = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    text[0] = 0;
    for (; imp_v4l2_call(c->descriptor, VIDIOC_ENUM_FMT, &about) == 0; about.index++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%.4s", used ? ", " : "",
                 (const char *)&about.pixelformat);
    }
}

static enum impasto_status refuse_format(const struct camera *c, struct impasto_error *error)
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

static enum impasto_status set_format(struct camera *c, struct impasto_error *error)
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
        return fail(c, "does not take a size", error);
    c->pixels = format.fmt.pix;
    if (c->pixels.pixelformat != c->format->fourcc)
        return refuse_format(c, error);
    return IMPASTO_OK;
}

/* What cannot be had is not worth a refusal. The rate is what the driver then says it is. */
static void set_rate(struct camera *c)
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

/* Which luma, and which range. Drivers mostly leave it to the colour space. */
static void set_colours(struct camera *c, struct impasto_pixels *pixels)
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

/* ---- Buffers --------------------------------------------------------------------------------- */

static struct v4l2_buffer buffer_of(unsigned index)
{
    return (struct v4l2_buffer){
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index};
}

static bool map_buffer(struct camera *c, unsigned index)
{
    struct v4l2_buffer buffer = buffer_of(index);
    if (imp_v4l2_call(c->descriptor, VIDIOC_QUERYBUF, &buffer) < 0)
        return false;
    void *start = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, c->descriptor,
                       (off_t)buffer.m.offset);
    if (start == MAP_FAILED)
        return false;
    c->buffers[index].start = start;
    c->buffers[index].length = buffer.length;
    return imp_v4l2_call(c->descriptor, VIDIOC_QBUF, &buffer) == 0;
}

static enum impasto_status start(struct camera *c, struct impasto_error *error)
{
    struct v4l2_requestbuffers request = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (imp_v4l2_call(c->descriptor, VIDIOC_REQBUFS, &request) < 0)
        return fail(c, "gives no buffers", error);
    c->buffer_count = request.count < BUFFERS ? request.count : BUFFERS;
    for (unsigned i = 0; i < c->buffer_count; i++)
        if (!map_buffer(c, i))
            return fail(c, "gives no buffers", error);
    if (imp_v4l2_call(c->descriptor, VIDIOC_STREAMON, &type) < 0)
        return fail(c, "does not start (if it is a virtual camera, nobody may write to it)", error);
    return IMPASTO_OK;
}

static void release(struct camera *c)
{
    for (unsigned i = 0; i < BUFFERS; i++)
        if (c->buffers[i].start)
            (void)munmap(c->buffers[i].start, c->buffers[i].length);
    memset(c->buffers, 0, sizeof(c->buffers));
    if (c->descriptor >= 0)
        (void)close(c->descriptor);
    c->descriptor = -1;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* The newest of the buffers that are full; the others go back. 1: there is one; 0: not yet; below
 * 0: the camera is lost. */
static int take_newest(struct camera *c, struct v4l2_buffer *newest)
{
    int found = 0;
    for (;;) {
        struct v4l2_buffer buffer = buffer_of(0);
        if (imp_v4l2_call(c->descriptor, VIDIOC_DQBUF, &buffer) < 0)
            return errno == EAGAIN ? found : -1;
        if (found && imp_v4l2_call(c->descriptor, VIDIOC_QBUF, newest) < 0)
            return -1;
        *newest = buffer;
        found = 1;
    }
}

/* The planes as they lie in a buffer of the driver's, whose rows may have gaps. Returns its bytes.
 */
static size_t lay(const struct camera *c, unsigned char *bytes, struct impasto_pixels *planes)
{
    const size_t height = (size_t)planes->height, half = (height + 1) / 2;
    const size_t stride = c->pixels.bytesperline;
    size_t total = impasto_pixels_lay(planes, bytes);
    if (stride <= planes->stride[0])
        return total;
    planes->stride[0] = stride;
    total = stride * height;
    for (int p = 1; p < IMPASTO_PIXELS_PLANES && planes->plane[p]; p++) {
        planes->stride[p] = planes->format == IMPASTO_PIXELS_NV12 ? stride : stride / 2;
        planes->plane[p] = bytes + total;
        total += planes->stride[p] * half;
    }
    return total;
}

static void copy_planes(const struct impasto_pixels *from, const struct impasto_pixels *to)
{
    for (int p = 0; p < IMPASTO_PIXELS_PLANES && to->plane[p]; p++) {
        const bool halved = p > 0; /* I420 and NV12 alone have more than one */
        const size_t rows = (size_t)(halved ? (to->height + 1) / 2 : to->height);
        for (size_t y = 0; y < rows; y++)
            memcpy(to->plane[p] + y * to->stride[p], from->plane[p] + y * from->stride[p],
                   to->stride[p]);
    }
}

/* false: the buffer has no whole frame. */
static bool copy_frame(struct camera *c, const struct v4l2_buffer *buffer,
                       const struct impasto_pixels *to)
{
    unsigned char *bytes = c->buffers[buffer->index].start;
    if ((buffer->flags & V4L2_BUF_FLAG_ERROR) != 0 ||
        buffer->bytesused > c->buffers[buffer->index].length)
        return false;
    if (c->format->jpeg)
        return imp_mjpeg_decode(c->mjpeg, bytes, buffer->bytesused, to);
    struct impasto_pixels from = *to;
    if (lay(c, bytes, &from) > buffer->bytesused)
        return false;
    copy_planes(&from, to);
    return true;
}

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
static int64_t number_of(struct camera *c, const struct v4l2_buffer *buffer)
{
    const int64_t number = (int64_t)buffer->sequence - c->sequence;
    const int64_t result = number < c->next ? c->next : number;
    c->sequence = (int64_t)buffer->sequence - result;
    c->next = result + 1;
    return result;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status open_device(struct camera *c, struct impasto_error *error)
{
    uint32_t caps = 0;
    IMP_TRY(imp_v4l2_open(c->path, false, &c->descriptor, &caps, error));
    if ((caps & V4L2_CAP_VIDEO_CAPTURE) == 0 || (caps & V4L2_CAP_STREAMING) == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: gives no frames; if it is a virtual camera, nobody writes to it yet: "
                        "start that program first",
                        c->path);
    IMP_TRY(set_format(c, error));
    set_rate(c);
    return start(c, error);
}

/* Waits for the first frame, by which alone it is known how JPEG has its chroma. */
static enum impasto_status see_jpeg(struct camera *c, struct impasto_pixels *form,
                                    struct impasto_error *error)
{
    const double begun = imp_os_seconds();
    struct v4l2_buffer buffer;
    while (imp_os_seconds() - begun < FIRST_SECONDS) {
        if (c->options->stopped())
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
        if (imp_os_await(c->descriptor, false, IMP_LIVE_PATIENCE) <= 0)
            continue;
        const int found = take_newest(c, &buffer);
        if (found < 0)
            return fail(c, "gives no frames", error);
        if (found == 0)
            continue;
        const bool seen = imp_mjpeg_look(c->mjpeg, c->buffers[buffer.index].start, buffer.bytesused,
                                         &form->format);
        if (imp_v4l2_call(c->descriptor, VIDIOC_QBUF, &buffer) < 0)
            return fail(c, "takes no buffer back", error);
        if (seen)
            return IMPASTO_OK;
    }
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: gives no frames that can be decoded; name other `pixels`", c->path);
}

/* The camera, running; *form: of its frames. */
static enum impasto_status open_camera(struct camera *c, struct impasto_pixels *form,
                                       struct impasto_error *error)
{
    IMP_TRY(open_device(c, error));
    *form = (struct impasto_pixels){.struct_size = sizeof(*form),
                                    .format = c->format->pixels,
                                    .width = (int)c->pixels.width,
                                    .height = (int)c->pixels.height};
    set_colours(c, form);
    if (c->format->jpeg)
        IMP_TRY(see_jpeg(c, form, error));
    return impasto_pixels_lay(form, NULL) > 0
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_INPUT, "%s: its frames have no size", c->path);
}

/* ---- A camera that is lost ------------------------------------------------------------------- */

static enum impasto_status lose(struct camera *c, struct impasto_error *error)
{
    const char *why = strerror(errno);
    release(c);
    if (!c->options->wait)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: the camera is gone: %s; `wait` waits for it to come back", c->path,
                        why);
    imp_live_warn(c->options, "%s: the camera is gone: %s; waiting for it", c->path, why);
    return IMPASTO_OK;
}

/* Looks for it now and then. It must be what it was. */
static enum impasto_status find_again(struct camera *c, struct impasto_error *error)
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
        release(c);
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
    struct camera *c = (struct camera *)source;
    struct v4l2_buffer buffer;
    *what = IMP_LIVE_NOTHING;
    if (c->descriptor < 0)
        return find_again(c, error);
    if (imp_os_await(c->descriptor, false, IMP_LIVE_PATIENCE) == 0)
        return IMPASTO_OK;
    const int found = take_newest(c, &buffer);
    if (found <= 0)
        return found < 0 ? lose(c, error) : IMPASTO_OK;
    const bool whole = copy_frame(c, &buffer, &frame->pixels);
    frame->time = time_of(&buffer);
    frame->number = number_of(c, &buffer);
    if (whole)
        *what = IMP_LIVE_FRAME;
    return imp_v4l2_call(c->descriptor, VIDIOC_QBUF, &buffer) < 0 ? lose(c, error) : IMPASTO_OK;
}

static void close_source(struct imp_live_source *source)
{
    struct camera *c = (struct camera *)source;
    release(c);
    imp_mjpeg_close(c->mjpeg);
    free(c);
}

/* The first one may be waited for, too. */
static enum impasto_status await_camera(struct camera *c, struct impasto_error *error)
{
    enum impasto_status status = open_camera(c, &c->source.form.pixels, error);
    if (status == IMPASTO_OK || !c->options->wait)
        return status;
    imp_live_warn(c->options, "%s; waiting for it", error->message);
    while (status == IMPASTO_ERROR_INPUT && !c->options->stopped()) {
        release(c);
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
    struct camera *c = calloc(1, sizeof(*c));
    struct imp_mjpeg *mjpeg = imp_mjpeg_open();
    if (!c || !mjpeg) {
        free(c);
        imp_mjpeg_close(mjpeg);
        return imp_fail_memory(error, "a camera", sizeof(*c));
    }
    *c = (struct camera){.source = {.read = read_frame, .close = close_source},
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
