/* SPDX-License-Identifier: MIT */
/* Reading and seeking at places in files. */

#include "video/libav/file_place.h"
#include "base/os.h"

#include <errno.h>

int imp_file_place_read(void *opaque, uint8_t *bytes, int size)
{
    struct imp_file_place *place = opaque;
    const ptrdiff_t got =
        imp_os_read_at(place->descriptor, bytes, (size_t)size, (uint64_t)place->at);
    if (got < 0)
        return AVERROR(errno);
    place->at += got;
    return got == 0 ? AVERROR_EOF : (int)got;
}

int64_t imp_file_place_seek(void *opaque, int64_t offset, int whence)
{
    struct imp_file_place *place = opaque;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return place->size;
    case SEEK_CUR:
        offset += place->at;
        break;
    case SEEK_END:
        offset += place->size;
        break;
    default:
        break;
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    return place->at = offset;
}
