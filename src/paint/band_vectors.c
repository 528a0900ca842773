/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints of a picture in bands are those of one device, so that any number of devices goes on
 * from them. Image after image is collected for the file, or taken from it, in the file's order.
 */

#include "paint/job.h"

#include "ops/step.h"

#include <stdlib.h>
#include <string.h>

enum impasto_status imp_band_vector_open(struct imp_band_vector *bands, struct imp_band *band,
                                         const struct imp_saved_vector *vector, bool collects)
{
    const size_t width = (size_t)band->width;
    const size_t own = 3 * (size_t)band->rows * width, all = 3 * (size_t)band->height * width;
    *bands = (struct imp_band_vector){
        .band = band,
        .vector = vector,
        .own = own,
        .all = all,
        .own_pitch = vector->padded ? (size_t)imp_lbfgs_pitch((int)own) : own,
        .pitch = vector->padded ? (size_t)imp_lbfgs_pitch((int)all) : all,
    };
    bands->images = vector->floats / bands->own_pitch;
    bands->here = malloc(own * sizeof(float));
    bands->whole = collects ? calloc(bands->pitch, sizeof(float)) : NULL;
    return bands->here && (bands->whole || !collects)
               ? IMPASTO_OK
               : imp_device_fail_memory(band->device, "a checkpoint", all * sizeof(float));
}

void imp_band_vector_close(struct imp_band_vector *bands)
{
    free(bands->here);
    free(bands->whole);
    *bands = (struct imp_band_vector){0};
}

/* ---- To the file ----------------------------------------------------------------------------- */

static enum impasto_status collect(struct imp_band_vector *bands)
{
    const size_t at = bands->next++ * bands->own_pitch * sizeof(float);
    IMP_TRY(imp_buffer_read(bands->vector->buffer, at, bands->here, bands->own * sizeof(float)));
    return imp_band_collect(bands->band, bands->here, 3, bands->whole);
}

enum impasto_status imp_band_vector_finish(struct imp_band_vector *bands)
{
    while (bands->next < bands->images)
        IMP_TRY(collect(bands));
    return IMPASTO_OK;
}

/* The part of a piece that is of one image. */
struct share {
    size_t image, from, bytes; /* `from` its beginning */
};

static struct share share_of(const struct imp_band_vector *bands, size_t offset, size_t size)
{
    const size_t bytes = bands->pitch * sizeof(float), from = offset % bytes;
    return (struct share){offset / bytes, from, size < bytes - from ? size : bytes - from};
}

static enum impasto_status read_piece(void *user, size_t offset, void *piece, size_t size)
{
    struct imp_band_vector *bands = user;
    for (char *to = piece; size > 0;) {
        const struct share share = share_of(bands, offset, size);
        if (share.image == bands->next)
            IMP_TRY(collect(bands));
        memcpy(to, (const char *)bands->whole + share.from, share.bytes);
        to += share.bytes;
        offset += share.bytes;
        size -= share.bytes;
    }
    return IMPASTO_OK;
}

/* ---- From the file --------------------------------------------------------------------------- */

/* The band's rows of a whole image, which the first rank has, to the device. */
static enum impasto_status deliver(struct imp_band_vector *bands)
{
    const size_t at = bands->next++ * bands->own_pitch * sizeof(float);
    const size_t plane = bands->all / 3, own = bands->own / 3;
    const size_t before = (size_t)bands->band->begin * (size_t)bands->band->width;
    IMP_TRY(imp_band_share(bands->band, bands->whole, bands->all * sizeof(float)));
    for (size_t c = 0; c < 3; c++)
        memcpy(bands->here + c * own, bands->whole + c * plane + before, own * sizeof(float));
    return imp_buffer_write(bands->vector->buffer, at, bands->here, bands->own * sizeof(float));
}

static enum impasto_status write_piece(void *user, size_t offset, const void *piece, size_t size)
{
    struct imp_band_vector *bands = user;
    for (const char *from = piece; size > 0;) {
        const struct share share = share_of(bands, offset, size);
        memcpy((char *)bands->whole + share.from, from, share.bytes);
        if (share.from + share.bytes == bands->pitch * sizeof(float))
            IMP_TRY(deliver(bands));
        from += share.bytes;
        offset += share.bytes;
        size -= share.bytes;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_band_vector_receive(struct imp_band_vector *bands)
{
    while (bands->next < bands->images)
        IMP_TRY(deliver(bands));
    return IMPASTO_OK;
}

struct imp_store_tensor imp_band_vector_tensor(struct imp_band_vector *bands)
{
    return (struct imp_store_tensor){.name = bands->vector->name,
                                     .count = bands->images * bands->pitch,
                                     .read = read_piece,
                                     .write = write_piece,
                                     .user = bands};
}
