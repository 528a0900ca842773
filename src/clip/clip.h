/* SPDX-License-Identifier: MIT */
#ifndef IMP_CLIP_H
#define IMP_CLIP_H

/* Inside the room: a clip, and its frames. */

#include "image/image.h"
#include "session/session.h"

#include <impasto/clip.h>

struct impasto_clip {
    struct impasto_applier *applier;
    struct impasto_clip_info info;
    bool direct; /* the applier takes frames of bytes as they are */
};

/* ---- frame.c --------------------------------------------------------------------------------- */

/* The caller's frame in the struct of this version. name: "from". IMPASTO_ERROR_USAGE unless it has
 * that size, and rows. */
enum impasto_status imp_frame_take(const char *name, const struct impasto_frame *theirs, int width,
                                   int height, struct impasto_frame *ours,
                                   struct impasto_error *error);
/* To a picture of the frame's size, and back from one. */
void imp_frame_read(const struct impasto_frame *frame, struct impasto_image *image);
void imp_frame_write(const struct impasto_image *image, const struct impasto_frame *frame);

#endif
