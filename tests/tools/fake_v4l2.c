/* SPDX-License-Identifier: MIT */
/*
 * A camera and a virtual camera that are not there, for LD_PRELOAD. It stands between the program
 * and the C library's open, ioctl and poll.
 *
 * /dev/video-in is a camera: its buffers are a file in memory, which the program maps as it maps a
 * driver's. $FAKE_SIZE ("64x48"), $FAKE_PIXELS ("YUYV", or several: "MJPG,YUYV"), $FAKE_RATE (30),
 * $FAKE_GAP bytes behind each row (0).
 * Frame i has luma 16 + i % 200, U 110 and V 140; frames of MJPG are those of the files
 * $FAKE_JPEG, which has a %d for i % 4. After $FAKE_FRAMES frames it is unplugged; it then fails to
 * open $FAKE_AWAY times, and is back for good. $FAKE_IN=none: without the right to capture; busy:
 * another program has it.
 *
 * /dev/video-out is a virtual one, which appends what it takes to the file $FAKE_FILE.
 * $FAKE_OUT=both: without exclusive_caps; in: it takes nothing; busy: it keeps another size.
 */

#define _GNU_SOURCE
/* They give open() and poll() other names. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 4

static struct {
    int descriptor; /* 0: closed, or not yet */
    unsigned width, height;
    uint32_t fourcc;
    size_t length; /* of a buffer */
    bool queued[BUFFERS];
    double begun; /* when it was started */
    long given;   /* the frame that is due after the last one that was given */
    long count;   /* frames that were given */
    bool away;    /* unplugged */
    long refused; /* openings since then */
    bool back;    /* for good */
} in;

static struct {
    int descriptor;
} out;

static long number(const char *name, long usual)
{
    const char *text = getenv(name);
    return text && text[0] ? strtol(text, NULL, 10) : usual;
}

static bool is_set(const char *name, const char *value)
{
    const char *text = getenv(name);
    return text && strcmp(text, value) == 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- The camera ------------------------------------------------------------------------------ */

/* Frames that there have been so far. */
static long frames_now(void)
{
    return (long)((now() - in.begun) * (double)number("FAKE_RATE", 30));
}

/* Bytes from row to row of the first plane. */
static size_t stride(void)
{
    return in.width * (in.fourcc == V4L2_PIX_FMT_YUYV ? 2u : 1u) + (size_t)number("FAKE_GAP", 0);
}

/* Rows of samples that go round, up to two, and then the gap, which says something else. */
static size_t draw_rows(unsigned char *to, size_t rows, size_t bytes, size_t each,
                        const unsigned char samples[2])
{
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < bytes; x++)
            to[y * each + x] = samples[x % 2];
        memset(to + y * each + bytes, 255, each - bytes);
    }
    return rows * each;
}

static size_t draw_planes(unsigned char *to, long frame)
{
    const unsigned char luma = (unsigned char)(16 + frame % 200);
    const unsigned char lumas[2] = {luma, luma}, both[2] = {110, 140}, u[2] = {110, 110},
                        v[2] = {140, 140};
    const size_t half = (in.height + 1) / 2, columns = (in.width + 1) / 2;
    size_t at = draw_rows(to, in.height, in.width, stride(), lumas);
    if (in.fourcc == V4L2_PIX_FMT_NV12)
        return at + draw_rows(to + at, half, 2 * columns, stride(), both);
    at += draw_rows(to + at, half, columns, stride() / 2, u);
    return at + draw_rows(to + at, half, columns, stride() / 2, v);
}

static size_t draw_pairs(unsigned char *to, long frame)
{
    static const unsigned char chroma[2] = {110, 140};
    for (size_t y = 0; y < in.height; y++)
        for (size_t x = 0; x < stride(); x++)
            to[y * stride() + x] = x >= 2 * in.width ? 255
                                   : x % 2           ? chroma[x / 2 % 2]
                                                     : (unsigned char)(16 + frame % 200);
    return stride() * in.height;
}

static size_t draw_jpeg(unsigned char *to, long frame)
{
    char path[512];
    const char *form = getenv("FAKE_JPEG");
    const char *mark = form ? strstr(form, "%d") : NULL;
    if (!mark)
        return 0;
    snprintf(path, sizeof(path), "%.*s%ld%s", (int)(mark - form), form, frame % 4, mark + 2);
    FILE *file = fopen(path, "rb");
    const size_t size = file ? fread(to, 1, in.length, file) : 0;
    if (file)
        fclose(file);
    return size;
}

static int take_buffer(struct v4l2_buffer *buffer)
{
    const long all = number("FAKE_FRAMES", -1), frame = frames_now();
    if (!in.back && all >= 0 && in.count >= all) {
        in.away = true;
        in.descriptor = 0; /* the program closes it */
        errno = ENODEV;
        return -1;
    }
    unsigned index = 0;
    while (index < BUFFERS && !in.queued[index])
        index++;
    if (frame <= in.given - 1 || index == BUFFERS) {
        errno = EAGAIN;
        return -1;
    }
    unsigned char *start = mmap(NULL, in.length, PROT_READ | PROT_WRITE, MAP_SHARED, in.descriptor,
                                (off_t)(index * in.length));
    buffer->bytesused = (uint32_t)(in.fourcc == V4L2_PIX_FMT_MJPEG  ? draw_jpeg(start, frame)
                                   : in.fourcc == V4L2_PIX_FMT_YUYV ? draw_pairs(start, frame)
                                                                    : draw_planes(start, frame));
    munmap(start, in.length);
    in.queued[index] = false;
    in.given = frame + 1;
    in.count++;
    buffer->index = index;
    buffer->sequence = (uint32_t)frame;
    buffer->flags = 0;
    return 0;
}

static int list_format(struct v4l2_fmtdesc *about)
{
    const char *all = getenv("FAKE_PIXELS");
    all = all ? all : "YUYV";
    if (strlen(all) < 5 * (size_t)about->index + 4) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&about->pixelformat, all + 5 * about->index, 4);
    return 0;
}

static int set_format(struct v4l2_format *format)
{
    struct v4l2_pix_format *pix = &format->fmt.pix;
    const char *size = getenv("FAKE_SIZE");
    if (is_set("FAKE_IN", "busy")) {
        errno = EBUSY;
        return -1;
    }
    if (!size || sscanf(size, "%ux%u", &pix->width, &pix->height) != 2)
        pix->width = 64, pix->height = 48;
    in.width = pix->width;
    in.height = pix->height;
    in.fourcc = pix->pixelformat;
    pix->bytesperline = (uint32_t)stride();
    pix->colorspace = V4L2_COLORSPACE_SRGB;
    pix->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
    pix->quantization = V4L2_QUANTIZATION_DEFAULT;
    return 0;
}

static int describe_buffer(struct v4l2_buffer *buffer)
{
    buffer->length = (uint32_t)in.length;
    buffer->m.offset = (uint32_t)(buffer->index * in.length);
    return 0;
}

static int make_buffers(struct v4l2_requestbuffers *request)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    in.length = (2 * stride() * in.height + page) / page * page;
    request->count = BUFFERS;
    return ftruncate(in.descriptor, (off_t)(BUFFERS * in.length));
}

static int obey_camera(unsigned long request, void *argument)
{
    struct v4l2_capability *about = argument;
    struct v4l2_streamparm *parm = argument;
    if (in.away) {
        errno = ENODEV;
        return -1;
    }
    switch (request) {
    case VIDIOC_QUERYCAP:
        about->capabilities = V4L2_CAP_DEVICE_CAPS;
        about->device_caps =
            is_set("FAKE_IN", "none") ? 0 : V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_ENUM_FMT:
        return list_format(argument);
    case VIDIOC_S_FMT:
        return set_format(argument);
    case VIDIOC_S_PARM:
        parm->parm.capture.timeperframe = (struct v4l2_fract){1, (uint32_t)number("FAKE_RATE", 30)};
        return 0;
    case VIDIOC_REQBUFS:
        return make_buffers(argument);
    case VIDIOC_QUERYBUF:
        return describe_buffer(argument);
    case VIDIOC_QBUF:
        in.queued[((struct v4l2_buffer *)argument)->index] = true;
        return 0;
    case VIDIOC_STREAMON:
        in.begun = now();
        in.given = 0;
        return 0;
    case VIDIOC_DQBUF:
        return take_buffer(argument);
    default:
        errno = ENOTTY;
        return -1;
    }
}

static int open_camera(void)
{
    if (in.away && in.refused++ < number("FAKE_AWAY", 0)) {
        errno = ENOENT;
        return -1;
    }
    in.back = in.back || in.away;
    in.away = false;
    memset(in.queued, 0, sizeof(in.queued));
    in.descriptor = memfd_create("camera", MFD_CLOEXEC);
    return in.descriptor;
}

/* ---- The virtual camera ---------------------------------------------------------------------- */

static int obey_output(unsigned long request, void *argument)
{
    struct v4l2_capability *about = argument;
    switch (request) {
    case VIDIOC_QUERYCAP:
        about->capabilities = V4L2_CAP_DEVICE_CAPS;
        about->device_caps = is_set("FAKE_OUT", "in") ? V4L2_CAP_VIDEO_CAPTURE
                             : is_set("FAKE_OUT", "both")
                                 ? V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_OUTPUT
                                 : V4L2_CAP_VIDEO_OUTPUT;
        return 0;
    case VIDIOC_S_FMT:
        errno = EBUSY;
        return is_set("FAKE_OUT", "busy") ? -1 : 0;
    default:
        errno = ENOTTY;
        return -1;
    }
}

/* ---- In place of the C library's ------------------------------------------------------------- */

/* Sets a pointer to the function that this file stands in front of. */
static void find(void *function, const char *name)
{
    *(void **)function = dlsym(RTLD_NEXT, name);
}

static int open_any(const char *path, int flags, mode_t mode, const char *name)
{
    int (*real)(const char *, int, ...);
    find(&real, name);
    if (strcmp(path, "/dev/video-in") == 0)
        return open_camera();
    if (strcmp(path, "/dev/video-out") == 0)
        return out.descriptor =
                   real(getenv("FAKE_FILE"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return real(path, flags, mode);
}

static mode_t mode_of(int flags, va_list words)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(words, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list words;
    va_start(words, flags);
    const mode_t mode = mode_of(flags, words);
    va_end(words);
    return open_any(path, flags, mode, "open");
}

int open64(const char *path, int flags, ...)
{
    va_list words;
    va_start(words, flags);
    const mode_t mode = mode_of(flags, words);
    va_end(words);
    return open_any(path, flags, mode, "open64");
}

int ioctl(int descriptor, unsigned long request, ...)
{
    va_list words;
    va_start(words, request);
    void *argument = va_arg(words, void *);
    int (*real)(int, unsigned long, ...);
    find(&real, "ioctl");
    va_end(words);
    if (in.descriptor > 0 && descriptor == in.descriptor)
        return obey_camera(request, argument);
    if (out.descriptor > 0 && descriptor == out.descriptor)
        return obey_output(request, argument);
    return real(descriptor, request, argument);
}

/* A file in memory is always ready, and a camera is not. */
static int poll_camera(struct pollfd *wanted, int milliseconds)
{
    const double until = now() + 1e-3 * milliseconds;
    const long all = number("FAKE_FRAMES", -1);
    while (frames_now() <= in.given - 1 && !(all >= 0 && !in.back && in.count >= all)) {
        if (now() >= until)
            return 0;
        usleep(1000);
    }
    wanted->revents = POLLIN;
    return 1;
}

int poll(struct pollfd *wanted, nfds_t count, int milliseconds)
{
    int (*real)(struct pollfd *, nfds_t, int);
    find(&real, "poll");
    if (count == 1 && in.descriptor > 0 && wanted->fd == in.descriptor)
        return poll_camera(wanted, milliseconds);
    return real(wanted, count, milliseconds);
}
