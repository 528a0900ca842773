/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_TIFF_H
#define IMP_IMAGE_TIFF_H

/* What the files of this folder share, the only ones that know libtiff. */

#include "image/formats.h"

#include <tiffio.h>

/* A file is read from its stream. It is written in memory: libtiff goes back to its beginning,
 * which streams of open_memstream() take for their end. */
struct imp_tiff_session {
    FILE *stream;         /* NULL: it is written */
    unsigned char *bytes; /* written so far */
    size_t size, capacity, at;
    char message[200]; /* libtiff's first error */
    bool invented;     /* libtiff said that samples were missing, and went on */
};

/* A TIFF file for reading or writing, or NULL: no memory, or session->message says why. mode: of
 * TIFFOpen. most: bytes of one allocation. The session must outlive it. */
TIFF *imp_tiff_open(struct imp_tiff_session *session, const char *path, const char *mode,
                    uint64_t most);

/* libtiff's way to write, with the session as the user. 0: there is no memory. */
tmsize_t imp_tiff_write_bytes(thandle_t user, void *bytes, tmsize_t size);

/* What one allocation of libtiff's may take beside the samples. */
#define TIFF_BESIDE_SAMPLES ((uint64_t)64 << 20)
/* Samples are kept as they are in the file while a band of them is unpacked. */
#define TIFF_BYTES_OF_SAMPLES 12

/* How the samples lie in the file. */
struct imp_tiff_layout {
    uint32_t width, height;
    uint16_t bits, samples, photometric;
    enum imp_colour_model model; /* of the colours, those of a palette included */
    int alpha;                   /* which sample; -1: none */
    bool premultiplied, inverted;
    const uint16_t *palette[3]; /* NULL: none */
    bool wide_palette;          /* of 16 bits, not 8 */
    /* A band of rows is a row of tiles, or a strip; in each of its planes. */
    uint32_t planes, across, block_width, band_rows;
    size_t block_bytes, row_bytes;
};

struct imp_tiff_reading {
    const struct imp_image_source *source;
    struct imp_tiff_session session;
    TIFF *tiff;
    struct imp_tiff_layout layout;
    unsigned char *band;
    float *row;
    struct imp_colour *colour;
    struct impasto_image *image;
};

enum impasto_status imp_tiff_damaged(const struct imp_tiff_reading *r, struct impasto_error *error);

/* A field of 16 bits; 0 where it is not there and has no default. */
uint16_t imp_tiff_field(const struct imp_tiff_reading *r, uint32_t tag);

/* Cameras' raw pictures have this structure, too; what comes first in them is a preview. */
enum impasto_status imp_tiff_refuse_raw(const struct imp_tiff_reading *r,
                                        struct impasto_error *error);

/* What the samples mean. *general: they are left to libtiff's own conversion to 8 bits. */
enum impasto_status imp_tiff_read_meaning(struct imp_tiff_reading *r, bool *general,
                                          struct impasto_error *error);

/* Where the samples are, and room for a band of them. */
enum impasto_status imp_tiff_read_layout(struct imp_tiff_reading *r, struct impasto_error *error);

/* Whether every strip or tile is somewhere: libtiff takes those that are nowhere from the beginning
 * of the file. Files of the old kind of JPEG need not say where they are. */
bool imp_tiff_has_all_blocks(struct imp_tiff_reading *r);

/* What struct imp_image_format has as load and save. */
enum impasto_status imp_tiff_load(const struct imp_image_source *source,
                                  struct impasto_image **image, struct impasto_error *error);
enum impasto_status imp_tiff_save(const struct impasto_image *image, FILE *stream, const char *path,
                                  const struct impasto_save_options *options,
                                  struct impasto_error *error);

#endif
