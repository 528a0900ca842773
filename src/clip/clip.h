/* SPDX-License-Identifier: MIT */
#ifndef IMP_CLIP_H
#define IMP_CLIP_H

/* Inside the room: a clip, its frames, and what it knows of those before. */

#include "clip/motion.h"
#include "image/image.h"
#include "paint/film.h"
#include "paint/paint.h"
#include "session/session.h"

#include <impasto/clip.h>

/* Earlier frames that are kept: as many as the farthest that one is held to. */
#define IMP_CLIP_RECENT 4

/* A frame that has been painted. Planes are (3, height, width) of the result. */
struct imp_past {
    bool known;
    uint64_t frame;
    float *source; /* as given, at the result's size */
    float *result; /* as painted */
    float *output; /* with the source's colours, where these are asked for; else `result` itself */
};

/* What a frame is compared with to measure drift: so many frames before, as often. */
#define IMP_CLIP_FAR 2

struct impasto_clip {
    struct imp_device *device;
    struct impasto_clip_params params;
    struct impasto_clip_info info;
    struct impasto_applier *applier; /* NULL: it is painted by a job */
    bool direct;                     /* the applier takes frames of bytes as they are */
    bool looks;                      /* the applier only finds scenes */

    struct impasto_job *job;
    struct impasto_pictures pictures; /* without content; arrays are its own */
    struct impasto_params painting;
    struct impasto_image
        *first; /* the scene's first frame, whose colours the styles have; or NULL */

    uint32_t identity;        /* of pictures, weights and settings, or of a network and its */
    struct imp_motion motion; /* zeroed: no frame is compared with another */
    struct imp_past now, recent[IMP_CLIP_RECENT], far[IMP_CLIP_FAR];
    uint64_t scene_begins;
};

/* ---- frame.c --------------------------------------------------------------------------------- */

/* The caller's frame in the struct of this version. name: "from". IMPASTO_ERROR_USAGE unless it has
 * that size, and rows. */
enum impasto_status imp_frame_check(const char *name, const struct impasto_frame *theirs, int width,
                                    int height, struct impasto_frame *ours,
                                    struct impasto_error *error);
/* To a picture of the frame's size, and back from one. */
void imp_frame_read(const struct impasto_frame *frame, struct impasto_image *image);
void imp_frame_write(const struct impasto_image *image, const struct impasto_frame *frame);
/* A picture's planes, and the other way round. */
void imp_frame_planes(const struct impasto_image *image, float *planes);
void imp_frame_image(const float *planes, struct impasto_image *image);

/* ---- past.c ---------------------------------------------------------------------------------- */

/* Room for the frames that this clip remembers. IMPASTO_ERROR_MEMORY. */
enum impasto_status imp_past_open(struct impasto_clip *clip, struct impasto_error *error);
void imp_past_close(struct impasto_clip *clip);
/* How many frames before one that it is held to lies: the j-th, from 0 on; 0: there are no more. */
int imp_past_distance(const struct impasto_clip *clip, int j);
/* The frame of the scene at hand that lies so far before the one that is painted; NULL: there is
 * none. */
const struct imp_past *imp_past_find(const struct impasto_clip *clip, int distance);
/* Whether the frame in now.source is the one before it, to the bit. */
bool imp_past_repeats(const struct impasto_clip *clip);
void imp_past_copy(const struct impasto_clip *clip, const struct imp_past *from,
                   struct imp_past *to);
/* Remembers `now` as the frame that has been painted. */
void imp_past_keep(struct impasto_clip *clip);

/* ---- light.c --------------------------------------------------------------------------------- */

/* Makes a target lighter or darker by what the frame in `now` is against the source's earlier one,
 * warped to it, in broad lines. reliable: how far each position counts, (height, width). */
enum impasto_status imp_light_follow(const struct impasto_clip *clip, const float *warped,
                                     const float *reliable, float *target,
                                     struct impasto_error *error);

/* ---- painting.c ------------------------------------------------------------------------------ */

#define IMP_CLIP_MOST_ITERATIONS 1000000

/* Whether frames are compared with earlier ones. */
bool imp_clip_follows(const struct impasto_clip *clip);
/* Takes the painting's parameters, and decides the results' size. */
enum impasto_status imp_clip_fit(struct impasto_clip *clip, const struct impasto_params *params,
                                 struct impasto_error *error);
/* Opens the job, before there is a frame. */
enum impasto_status imp_clip_open_job(struct impasto_clip *clip, struct impasto_device *device,
                                      const struct impasto_weights *weights,
                                      struct impasto_error *error);

/* Whether the colours of a scene's first frame decide the others'. */
bool imp_clip_keeps_first(const struct impasto_clip *clip);
/* Gives the styles those of `first`. */
enum impasto_status imp_clip_take_colours(struct impasto_clip *clip, struct impasto_error *error);
/* Paints the frame, of the result's size, whose planes are in now.source: now.result and now.output
 * are filled, and *image is the picture, the caller's. begins: it is a scene's first. */
enum impasto_status imp_clip_paint(struct impasto_clip *clip, const struct impasto_image *frame,
                                   bool begins, struct impasto_image **image,
                                   struct impasto_error *error);

/* ---- state.c --------------------------------------------------------------------------------- */

/* Forgets all frames: it is as it was when it was opened. */
void imp_clip_forget(struct impasto_clip *clip);

/* ---- measure.c ------------------------------------------------------------------------------- */

/* What the frame in `now` is beside those before it, added to the info. */
enum impasto_status imp_clip_measure(struct impasto_clip *clip, struct impasto_error *error);

#endif
