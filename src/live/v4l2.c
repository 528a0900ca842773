/* SPDX-License-Identifier: MIT */
/* What cameras and virtual cameras of Linux share. */

#include "live/v4l2.h"

#include <string.h>

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define V4L2_MAJOR 81 /* of these devices' numbers */

/* JPEG comes last, as it must be decoded; but large frames come in time in no other. */
static const struct imp_v4l2_format formats[] = {
    {"nv12", V4L2_PIX_FMT_NV12, IMPASTO_PIXELS_NV12, false},
    {"i420", V4L2_PIX_FMT_YUV420, IMPASTO_PIXELS_I420, false},
    {"yuyv", V4L2_PIX_FMT_YUYV, IMPASTO_PIXELS_YUYV, false},
    {"uyvy", V4L2_PIX_FMT_UYVY, IMPASTO_PIXELS_UYVY, false},
    {"mjpeg", V4L2_PIX_FMT_MJPEG, IMPASTO_PIXELS_I420, true},
    {"mjpeg", V4L2_PIX_FMT_JPEG, IMPASTO_PIXELS_I420, true},
    {"rgb24", V4L2_PIX_FMT_RGB24, IMPASTO_PIXELS_RGB24, false},
    {"bgr24", V4L2_PIX_FMT_BGR24, IMPASTO_PIXELS_BGR24, false},
    {"gray8", V4L2_PIX_FMT_GREY, IMPASTO_PIXELS_GRAY8, false},
};

const struct imp_v4l2_format *imp_v4l2_format(size_t i)
{
    return i < IMP_COUNT(formats) ? &formats[i] : NULL;
}

bool imp_live_is_camera(const char *path)
{
    struct stat about;
    return strncmp(path, "/dev/video", strlen("/dev/video")) == 0 ||
           strncmp(path, "/dev/v4l/", strlen("/dev/v4l/")) == 0 ||
           (stat(path, &about) == 0 && S_ISCHR(about.st_mode) &&
            major(about.st_rdev) == V4L2_MAJOR);
}

int imp_v4l2_call(int descriptor, unsigned long request, void *argument)
{
    int result;
    do
        result = ioctl(descriptor, request, argument);
    while (result < 0 && errno == EINTR);
    return result;
}

static enum impasto_status fail_open(const char *path, bool output, struct impasto_error *error)
{
    const enum impasto_status status = output ? IMPASTO_ERROR_OUTPUT : IMPASTO_ERROR_INPUT;
    const char *advice = output ? "load the module: modprobe v4l2loopback exclusive_caps=1"
                                : "see which there are: ls /dev/video*";
    if (errno == EACCES || errno == EPERM)
        advice = "add yourself to its group: sudo usermod -aG video $USER";
    else if (errno == EBUSY)
        advice = "another program has it; end that";
    return imp_fail(error, status, "%s: cannot be opened: %s; %s", path, strerror(errno), advice);
}

enum impasto_status imp_v4l2_open(const char *path, bool output, int *descriptor, uint32_t *caps,
                                  struct impasto_error *error)
{
    struct v4l2_capability about = {0};
    *descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (*descriptor < 0)
        return fail_open(path, output, error);
    if (imp_v4l2_call(*descriptor, VIDIOC_QUERYCAP, &about) == 0) {
        *caps = about.capabilities & V4L2_CAP_DEVICE_CAPS ? about.device_caps : about.capabilities;
        return IMPASTO_OK;
    }
    (void)close(*descriptor);
    *descriptor = -1;
    return imp_fail(error, output ? IMPASTO_ERROR_OUTPUT : IMPASTO_ERROR_INPUT,
                    "%s: is no camera: %s; see which there are: ls /dev/video*", path,
                    strerror(errno));
}

#else

bool imp_live_is_camera(const char *path)
{
    return strncmp(path, "/dev/video", strlen("/dev/video")) == 0;
}

#endif
