/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_LIBAV_FILE_PLACE_H
#define IMP_VIDEO_LIBAV_FILE_PLACE_H

/* A place in an open file, apart from all others in it, for libav to read and seek at. */

#include <libavformat/avformat.h>

struct imp_file_place {
    int descriptor;
    int64_t at, size; /* bytes */
};

/* What avio_alloc_context() takes; opaque: a struct imp_file_place. */
int imp_file_place_read(void *opaque, uint8_t *bytes, int size);
int64_t imp_file_place_seek(void *opaque, int64_t offset, int whence);

#endif
