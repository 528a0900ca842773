/* SPDX-License-Identifier: MIT */
/* A camera's buffers, which the driver fills, and the frames in them. */

#include "live/v4l2_camera.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- Buffers --------------------------------------------------------------------------------- */

static struct v4l2_buffer buffer_of(unsigned index)
{
    return (struct v4l2_buffer){
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index};
}

static bool map_buffer(struct imp_camera *c, unsigned index)
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

enum impasto_status imp_camera_start(struct imp_camera *c, struct impasto_error *error)
{
    struct v4l2_requestbuffers request = {.count = IMP_CAMERA_BUFFERS,
                                          .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                          .memory = V4L2_MEMORY_MMAP};
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (imp_v4l2_call(c->descriptor, VIDIOC_REQBUFS, &request) < 0)
        return imp_camera_fail(c, "gives no buffers", error);
    c->buffer_count = request.count < IMP_CAMERA_BUFFERS ? request.count : IMP_CAMERA_BUFFERS;
    for (unsigned i = 0; i < c->buffer_count; i++)
        if (!map_buffer(c, i))
            return imp_camera_fail(c, "gives no buffers", error);
    if (imp_v4l2_call(c->descriptor, VIDIOC_STREAMON, &type) < 0)
        return imp_camera_fail(
            c, "does not start (if it is a virtual camera, nobody may write to it)", error);
    return IMPASTO_OK;
}

void imp_camera_release(struct imp_camera *c)
{
    for (unsigned i = 0; i < IMP_CAMERA_BUFFERS; i++)
        if (c->buffers[i].start)
            (void)munmap(c->buffers[i].start, c->buffers[i].length);
    memset(c->buffers, 0, sizeof(c->buffers));
    if (c->descriptor >= 0)
        (void)close(c->descriptor);
    c->descriptor = -1;
}

int imp_camera_take_newest(struct imp_camera *c, struct v4l2_buffer *newest)
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

/* ---- Frames ---------------------------------------------------------------------------------- */

/* The planes as they lie in a buffer of the driver's, whose rows may have gaps. Returns its bytes.
 */
static size_t lay(const struct imp_camera *c, unsigned char *bytes, struct impasto_pixels *planes)
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

bool imp_camera_copy(struct imp_camera *c, const struct v4l2_buffer *buffer,
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
