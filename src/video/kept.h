/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_KEPT_H
#define IMP_VIDEO_KEPT_H

/*
 * Frames as they were painted, in a file of our own. Those of a segment that is not whole stand in
 * a row: an encoder cannot go on within a segment, so it is given these again, from the segment's
 * first on. Other frames have places.
 */

#include "video/kinds.h"

/* Zeroed but for the descriptor, which is -1: there is no file. */
struct imp_kept {
    const char *path; /* the caller's */
    int descriptor;
    size_t row, rows;     /* bytes of a frame's row, and how many rows */
    unsigned char *bytes; /* room for a frame */
    int64_t first, count; /* the number of the first frame in it, and how many there are */
};

/* Bytes that so many frames take. */
uint64_t imp_kept_bytes(const struct imp_film *film, int64_t frames);
/* Opens the file, or makes it, and knows of no frame in it yet. To be shut in any case. */
enum impasto_status imp_kept_open(struct imp_kept *kept, const char *path,
                                  const struct imp_film *film, struct impasto_error *error);
/* The row is what the file has of the frames from that number on, each whole. */
void imp_kept_resume(struct imp_kept *kept, int64_t first);
/* Adds the frame behind the last. */
enum impasto_status imp_kept_add(struct imp_kept *kept, const struct imp_frame *frame,
                                 struct impasto_error *error);
/* Reads the i-th frame, from 0 on. Its pixels are valid until the next call. */
enum impasto_status imp_kept_read(struct imp_kept *kept, int64_t i, struct imp_frame *frame,
                                  struct impasto_error *error);
/* Puts a frame of any number to a place, from 0 on. of: a checksum of what it was made of. */
enum impasto_status imp_kept_put(struct imp_kept *kept, int64_t place, int64_t number, uint32_t of,
                                 const struct imp_frame *frame, struct impasto_error *error);
/* Whether the place has that frame, whole, and made of that. Its pixels are valid until the next
 * call. */
bool imp_kept_find(struct imp_kept *kept, int64_t place, int64_t number, uint32_t of,
                   struct imp_frame *frame);
/* What there is is on the disk then. */
enum impasto_status imp_kept_sync(struct imp_kept *kept, struct impasto_error *error);
/* Only so many frames stay. */
void imp_kept_shorten(struct imp_kept *kept, int64_t count);
/* None stays, and those to come begin with that number. */
void imp_kept_begin(struct imp_kept *kept, int64_t first);
void imp_kept_shut(struct imp_kept *kept);

#endif
