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
    png_bytep row;
    bool alpha;
    int bits;
    size_t counted; /* bytes that were written, where they go nowhere */
    char *iptc;     /* as a raw profile */
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

#endif
