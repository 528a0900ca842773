/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_V4L2_CAMERA_H
#define IMP_LIVE_V4L2_CAMERA_H

/* Inside the room: a camera of Linux, as v4l2_in.c reads it. */

#include "live/mjpeg.h"
#include "live/v4l2.h"

#include <linux/videodev2.h>

#define IMP_CAMERA_BUFFERS 4

struct imp_camera {
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
    } buffers[IMP_CAMERA_BUFFERS];
    unsigned buffer_count;
    bool known;       /* a frame has been, so that the form is known */
    int64_t sequence; /* of the driver, less the frame's number */
    int64_t next;     /* number, at least */
    struct imp_mjpeg *mjpeg;
};

/* ---- v4l2_form.c ----------------------------------------------------------------------------- */

/* Fails with errno. what: "gives no buffers". */
enum impasto_status imp_camera_fail(const struct imp_camera *camera, const char *what,
                                    struct impasto_error *error);
/* Takes the format and the size that are asked for, or what is nearest. */
enum impasto_status imp_camera_set_format(struct imp_camera *camera, struct impasto_error *error);
/* What cannot be had is not worth a refusal. The rate is what the driver then says it is. */
void imp_camera_set_rate(struct imp_camera *camera);
/* Sets which luma and which range the frames have. Drivers mostly leave it to the colour space. */
void imp_camera_set_colours(const struct imp_camera *camera, struct impasto_pixels *pixels);

/* ---- v4l2_buffers.c -------------------------------------------------------------------------- */

/* Maps the buffers, and starts the camera. */
enum impasto_status imp_camera_start(struct imp_camera *camera, struct impasto_error *error);
/* Ends it, and closes the device. */
void imp_camera_release(struct imp_camera *camera);
/* The newest of the buffers that are full; the others go back. 1: there is one; 0: not yet; below
 * 0: the camera is lost. */
int imp_camera_take_newest(struct imp_camera *camera, struct v4l2_buffer *newest);
/* Copies a buffer's frame. false: it has no whole one. */
bool imp_camera_copy(struct imp_camera *camera, const struct v4l2_buffer *buffer,
                     const struct impasto_pixels *to);

#endif
