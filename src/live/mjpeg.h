/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_MJPEG_H
#define IMP_LIVE_MJPEG_H

/* Inside the room: a camera's frames in JPEG, to planes of Y, U and V. */

#include <impasto/pixels.h>

#include <stdbool.h>
#include <stddef.h>

struct imp_mjpeg;

/* NULL: out of memory. */
struct imp_mjpeg *imp_mjpeg_open(void);
void imp_mjpeg_close(struct imp_mjpeg *mjpeg); /* also of NULL */
/* Which planes a frame has. false: it is none, or has others than we know. */
bool imp_mjpeg_look(struct imp_mjpeg *mjpeg, const unsigned char *bytes, size_t size,
                    enum impasto_pixel_format *format);
/* Decodes a frame into planes of that format and size. false: it is damaged, or another. */
bool imp_mjpeg_decode(struct imp_mjpeg *mjpeg, const unsigned char *bytes, size_t size,
                      const struct impasto_pixels *to);

#endif
