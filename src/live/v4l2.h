/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_V4L2_H
#define IMP_LIVE_V4L2_H

/* Inside the room: cameras, real and virtual, of Linux (Video4Linux). Elsewhere there are none. */

#include "live/kinds.h"

/* ---- v4l2.c ---------------------------------------------------------------------------------- */

/* A format of the driver's, in our words. */
struct imp_v4l2_format {
    const char *word; /* of options->pixels */
    uint32_t fourcc;
    enum impasto_pixel_format pixels; /* of "mjpeg", what its frames say */
    bool jpeg;
};
/* The i-th, in the order in which they are preferred; NULL: that was all. */
const struct imp_v4l2_format *imp_v4l2_format(size_t i);
/* ioctl, again where a signal came. Below 0: errno says why. */
int imp_v4l2_call(int descriptor, unsigned long request, void *argument);
/* Opens the device and asks what it can do: V4L2_CAP_ bits. */
enum impasto_status imp_v4l2_open(const char *path, bool output, int *descriptor, uint32_t *caps,
                                  struct impasto_error *error);

/* ---- v4l2_in.c, v4l2_out.c ------------------------------------------------------------------- */

enum impasto_status imp_live_camera_source(const char *path, const struct imp_live_options *options,
                                           struct imp_live_source **source,
                                           struct impasto_error *error);
/* What other programs take for a camera: v4l2loopback. */
enum impasto_status imp_live_camera_sink(const char *path, const struct imp_live_form *form,
                                         const struct imp_live_options *options,
                                         struct imp_live_sink **sink, struct impasto_error *error);

#endif
