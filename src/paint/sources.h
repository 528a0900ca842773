/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAINT_SOURCES_H
#define IMP_PAINT_SOURCES_H

/* The pictures that a painting is made from, and the picture that it becomes. */

#include "image/image.h"
#include "paint/paint.h"

/* ---- sources.c ------------------------------------------------------------------------------- */

/* A picture that is a copy of the job's own, or the caller's, which then is only looked at while
 * the job is being opened. */
struct imp_held {
    const struct impasto_image *image; /* NULL: none */
    struct impasto_image *own;         /* NULL: the caller's */
};

/* A style picture as the job needs it. */
struct imp_source {
    struct imp_held picture; /* at its last scale's size, without transparency */
    float *mask;             /* of that size; NULL: all of it counts */
    int own_width, own_height;
    int region;
    double share;      /* in its region */
    bool begins, ends; /* its region's first, last */
};

struct imp_source_region {
    float *mask; /* at the result's size; NULL: everywhere */
    double weight;
};

/* What a job keeps of the pictures it was given. Planes are (height, width) of the result. */
struct imp_sources {
    int width, height;              /* of the result */
    bool borrows;                   /* pictures may be the caller's */
    struct imp_held content;        /* as the network sees it */
    struct impasto_image *original; /* as the result needs it; NULL: it does not */
    struct imp_source *style;       /* by region */
    int styles;
    struct imp_source_region *region;
    int regions;
    float *keep;           /* 1 where the content stays; NULL: nowhere */
    struct imp_held start; /* IMPASTO_INIT_IMAGE */
    float *alpha;          /* NULL: opaque */
    struct impasto_metadata metadata;
};

/* sizes: of the last scale. brief: they are not needed once the job is open. */
enum impasto_status imp_sources_make(const struct impasto_params *params,
                                     const struct impasto_pictures *pictures,
                                     const struct imp_sizes *sizes, bool brief,
                                     struct imp_sources *sources, struct impasto_error *error);
/* The next frame of a film as its content: of the result's size, opaque, the caller's until it is
 * dropped. Colours that are the content's are this frame's from now on; those that styles were
 * given stay as they are. */
enum impasto_status imp_sources_next(struct imp_sources *sources,
                                     const struct impasto_params *params,
                                     const struct impasto_image *content,
                                     struct impasto_error *error);
/* Free what nobody needs once the last scale has its styles' targets, and its content's. */
void imp_sources_drop_styles(struct imp_sources *sources);
void imp_sources_drop_content(struct imp_sources *sources);
void imp_sources_free(struct imp_sources *sources);

/* ---- result.c -------------------------------------------------------------------------------- */

/* The picture from planes (3, height, width) of any scale. */
enum impasto_status imp_result_make(const struct imp_sources *sources, enum impasto_colour colour,
                                    const float *planes, int height, int width,
                                    struct impasto_image **image, struct impasto_error *error);

#endif
