/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_PNG_H
#define IMP_IMAGE_PNG_H

/* What the files of this folder share, the only ones that know libpng. */

#include "image/formats.h"

#include <png.h>
#include <setjmp.h>

/* What libpng's callbacks reach: where to put its message, where to jump to. */
struct imp_png_session {
    const char *path;
    struct impasto_error *error;
    enum impasto_status failure; /* the status that a libpng error means */
    size_t held;                 /* bytes that libpng has allocated */
    bool starved;                /* there was no memory for it */
    jmp_buf jump;
};

/* libpng's memory, of which a session may hold only so much. */
png_voidp imp_png_take(png_structp png, png_alloc_size_t size);
void imp_png_give_back(png_structp png, png_voidp memory);

/* An error fails into the session and jumps; a warning is not looked at. */
void imp_png_on_error(png_structp png, png_const_charp message);
void imp_png_on_warning(png_structp png, png_const_charp message);

/* ---- rows.c ---------------------------------------------------------------------------------- */

/* What is written of a picture. */
struct imp_png_pixels {
    const struct impasto_image *image;
    bool alpha;
    int bits; /* of a sample */
};
size_t imp_png_row_bytes(const struct imp_png_pixels *pixels);
/* out: rows from `begin` to before `end`, each a byte that says its filter and then its bytes, by
 * the filter that promises most. false: no memory. */
bool imp_png_filter_rows(const struct imp_png_pixels *pixels, int begin, int end,
                         unsigned char *out);

/* ---- compress.c ------------------------------------------------------------------------------ */

/* How hard zlib tries. */
struct imp_png_effort {
    int level, strategy;
};
/* A part of a stream of zlib's. */
struct imp_png_piece {
    unsigned char *bytes; /* to be freed */
    size_t size;
    size_t covers;       /* bytes, compressed here */
    unsigned long adler; /* their checksum */
};
/* All of the bytes, up to the end of a whole byte. last: the stream ends there. The piece's bytes
 * are to be freed in any case. IMPASTO_ERROR_MEMORY, or IMPASTO_ERROR_INTERNAL: zlib refuses. */
enum impasto_status imp_png_compress(const unsigned char *bytes, size_t size,
                                     const struct imp_png_effort *effort, bool last,
                                     struct imp_png_piece *piece);

/* How a picture is cut into pieces, and who makes them. The file's bytes depend on `bytes` alone.
 */
struct imp_png_cut {
    size_t bytes; /* of a piece, about, before it is compressed; a row at least */
    int threads;  /* 1: none but the caller's; 16 at the most */
    size_t slots; /* pieces that are made ahead, 1 or more */
};
struct imp_png_cut imp_png_usual_cut(void);

/* A picture's pieces, which threads make ahead. What it is given must outlive it, except the cut.
 */
struct imp_png_compressing;
enum impasto_status imp_png_compress_open(const struct imp_png_pixels *pixels,
                                          const struct imp_png_effort *effort,
                                          const struct imp_png_cut *cut,
                                          struct imp_png_compressing **compressing,
                                          struct impasto_error *error);
/* To be called until it was the last. The bytes are the caller's, also after a failure. */
enum impasto_status imp_png_compress_next(struct imp_png_compressing *compressing,
                                          struct imp_png_piece *piece, bool *last,
                                          struct impasto_error *error);
/* Also before the last. NULL: nothing. */
void imp_png_compress_close(struct imp_png_compressing **compressing);
/* The checksum of bytes with the checksum `before` (1: of none) and of those of the piece. */
unsigned long imp_png_add_adler(unsigned long before, const struct imp_png_piece *piece);

/* ---- read.c, write.c, beside.c --------------------------------------------------------------- */

/* Everything that must be freed when libpng jumps, so it lives outside the function that calls
 * setjmp. */
struct imp_png_reading {
    png_structp png;
    png_infop info;
    struct impasto_image *image;
    struct imp_colour *colour;
    bool narrow;       /* samples are of video's range */
    bool unstated;     /* no chunk says what colours are */
    png_bytep samples; /* one row, or all of them of an interlaced picture */
    float *row;        /* one row as floats, up to 4 channels, then colours alone */
};

struct imp_png_writing {
    png_structp png;
    png_infop info;
    struct imp_png_compressing *compressing;
    struct imp_png_piece piece;
    char *iptc; /* as a raw profile */
};

/* Texts, EXIF and density of a file whose pixels have been read. The chunk for EXIF comes before
 * what others have instead. */
enum impasto_status imp_png_take_metadata(struct imp_png_reading *r, struct impasto_error *error);

/* The first text under our keyword that is fit to be settings: a new string, or *settings as it
 * was. Our own is UTF-8 (iTXt), but other programs that keep it may choose another kind
 * of chunk. */
enum impasto_status imp_png_take_settings(const struct imp_png_reading *r, char **settings,
                                          struct impasto_error *error);

/* The same, for a file to be written. May jump. */
void imp_png_set_info(struct imp_png_writing *w, const struct impasto_image *image);

/* What struct imp_image_format has as load, load_settings and save. */
enum impasto_status imp_png_load(const struct imp_image_source *source,
                                 struct impasto_image **image, struct impasto_error *error);
enum impasto_status imp_png_load_settings(const struct imp_image_source *source, char **settings,
                                          struct impasto_error *error);
enum impasto_status imp_png_save(const struct impasto_image *image, FILE *stream, const char *path,
                                 const struct impasto_save_options *options,
                                 struct impasto_error *error);
/* The same with another cut than the usual one. */
enum impasto_status imp_png_save_cut(const struct impasto_image *image, FILE *stream,
                                     const char *path, const struct impasto_save_options *options,
                                     const struct imp_png_cut *cut, struct impasto_error *error);

#endif
