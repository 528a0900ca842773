/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_IMAGE_H
#define IMPASTO_IMAGE_H

/* Pictures in memory and in files. */

#include <impasto/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes from malloc(), freed with the struct that holds them. No bytes: NULL and 0. */
struct impasto_block {
    unsigned char *data;
    size_t size;
};

/* What a picture says of itself beside its pixels. A job's result has its content's metadata. */
struct impasto_metadata {
    struct impasto_block exif; /* a TIFF structure without a prefix; its orientation is 1 */
    struct impasto_block xmp;  /* an XMP packet: XML in UTF-8 */
    struct impasto_block iptc; /* IPTC-IIM datasets */
    double density[2];         /* pixels per inch, across and down; 0: not known */
};

/*
 * A picture in memory: sRGB-encoded RGB in [0, 1].
 *
 * Only this library makes pictures, such as by impasto_image_create or impasto_image_load.
 * impasto_image_free frees them. Callers may change the pixels, but not the sizes.
 */
struct impasto_image {
    int width, height; /* pixels */
    float *rgb;        /* height x width x 3, row by row from the top */
    float *alpha;      /* height x width, in [0, 1], not premultiplied; NULL: opaque everywhere */
    struct impasto_metadata metadata;

    /* How the picture was made, in its maker's words, or NULL. It is from malloc() and freed with
     * the picture. PNG files keep it. Other files lose it, and a job's result has none. */
    char *settings;
    /* The file that the picture was loaded from, or NULL. Errors name it. It is from malloc() and
     * freed with the picture. No file keeps it. */
    char *name;
};

/* The most bytes of a picture's settings. impasto_image_save refuses more, and what is not UTF-8.
 * Loading ignores such settings. */
#define IMPASTO_SETTINGS_MOST 1048576

/* Makes a black, opaque picture. width, height: 1 to 65,500 pixels. */
IMPASTO_API enum impasto_status
impasto_image_create(int width, int height, struct impasto_image **image,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads a picture from a file. The format is told by the content, not by the name.
 * impasto_image_format() lists the formats of this build.
 * - PNG: 1 to 16 bits; grey, palette or colour; alpha; interlaced.
 * - JPEG: grey, colour or CMYK. CMYK is inverted, with Adobe's marker or without.
 * - TIFF: 1 to 16 bits; grey, palette, colour or CMYK; alpha. The first page is read.
 * - WebP: the first frame is read.
 * - HEIC, AVIF.
 *
 * The orientation is applied. The EXIF block is kept, and its orientation becomes 1.
 *
 * Colours are converted to sRGB. The first of these that the file has says what they are:
 * 1. a PNG's cICP chunk;
 * 2. an ICC profile, unless it cannot be used;
 * 3. the colour numbers of HEIC and AVIF, or a PNG's gamma and primaries;
 * 4. EXIF in a JPEG or PNG, which may say Adobe RGB.
 *
 * IMPASTO_ERROR_INPUT
 * - A JPEG lacks samples, or a PNG lacks pixels. Small damage is accepted: a missing end, stray
 *   bytes between parts, a zlib window that is stated too small.
 * - The picture is HDR (PQ, HLG) by its colour numbers.
 * - The file is of another kind. The message names it.
 *
 * max_pixels: larger pictures are refused. The header decides, before anything is allocated. 0: the
 * default, 100,000,000.
 */
IMPASTO_API enum impasto_status impasto_image_load(const char *path, uint64_t max_pixels,
                                                   struct impasto_image **image,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Whether a file begins like a picture of a format that this library knows. The name does not
 * matter, nor whether this build can read the format. A file that cannot be opened gives false, and
 * so does one that is not regular.
 */
IMPASTO_API bool impasto_image_is_picture(const char *path);

/* Does what impasto_image_load does, for a file's bytes. name: what errors call them. */
IMPASTO_API enum impasto_status
impasto_image_decode(const void *bytes, size_t size, const char *name, uint64_t max_pixels,
                     struct impasto_image **image, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads the settings alone, without memory for the pixels.
 *
 * This library writes settings before the pixels. There they are found whatever the picture's size.
 * Settings behind the pixels take longer. They are found in pictures of at most 100,000,000 pixels.
 *
 * settings: the caller frees it by free(). NULL: there are none.
 */
IMPASTO_API enum impasto_status
impasto_image_load_settings(const char *path, char **settings,
                            struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * These three do the same for files from strangers: a child process decodes them.
 *
 * The child has limits on its memory and time. On Linux it can also open nothing, start nothing and
 * talk to nobody. This needs a kernel with seccomp filters, and x86-64, AArch64, i386, armhf,
 * riscv64, ppc64el or s390x. Where there is no filter, impasto_device_open says so in the log, as
 * IMPASTO_LOG_DEBUG.
 *
 * IMPASTO_ERROR_INPUT: also when the decoder crashes or exceeds its limits. IMPASTO_ERROR_MEMORY:
 * also when no process can be had.
 *
 * The cost is a fork(), and time to move the pixels to this process. While they move, they take
 * twice their memory. The library waits for the child by waitpid(). A program that waits for any
 * child may get this one, too.
 */
IMPASTO_API enum impasto_status
impasto_image_load_apart(const char *path, uint64_t max_pixels, struct impasto_image **image,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_image_decode_apart(const void *bytes, size_t size, const char *name, uint64_t max_pixels,
                           struct impasto_image **image,
                           struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_image_load_settings_apart(const char *path, char **settings,
                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Tells whether this library saved a picture. The file says so in a text chunk, a comment or its
 * EXIF block. Nothing is decoded, so that this is cheap, and safe with files from strangers.
 *
 * result: false also for a file that is no picture.
 *
 * IMPASTO_ERROR_INPUT: there is no such file, or it cannot be read.
 */
IMPASTO_API enum impasto_status
impasto_image_is_result(const char *path, bool *result,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;

/* How a picture is stored. */
enum impasto_format {
    IMPASTO_FORMAT_AUTO, /* what the name's ending says */
    IMPASTO_FORMAT_PNG,
    IMPASTO_FORMAT_JPEG, /* 8 bits, 4:4:4; transparency is laid over white */
    IMPASTO_FORMAT_TIFF, /* 8 or 16 bits, Deflate with a predictor; large ones are BigTIFF */
    IMPASTO_FORMAT_WEBP, /* 8 bits; sides of at most 16,383 pixels; lossless at quality 100 */
    IMPASTO_FORMAT_HEIC, /* can only be read */
    IMPASTO_FORMAT_AVIF, /* can only be read */
};

/*
 * How much of its metadata is stored with a picture.
 *
 * Blocks are written anew: their size, orientation, colour space and software are those of the
 * saved picture. A result must not carry the photograph that it was made of. So these are never
 * stored: thumbnails, previews, maker notes (which may hold one), and tags that no standard knows.
 */
enum impasto_privacy {
    /* Of EXIF: camera, lens, exposure, date, artist and copyright. Of XMP: credit and copyright. Of
     * IPTC: credit, copyright and date. And the density. */
    IMPASTO_PRIVACY_PRIVATE,
    /* Also position, owner, serial numbers, descriptions and comments. */
    IMPASTO_PRIVACY_KEEP,
    /* Nothing. */
    IMPASTO_PRIVACY_NONE,
};

/* How to save a picture. Members that are 0, except struct_size, are the defaults. */
struct impasto_save_options {
    size_t struct_size; /* sizeof(struct impasto_save_options) */
    enum impasto_format format;
    enum impasto_privacy privacy;
    int bits;    /* per channel: 8, or 16 in PNG and TIFF; 0: 8 */
    int quality; /* of JPEG and WebP, 1 to 100; 0: 95 */
};

/* What this build can do with a format. Static. */
struct impasto_format_info {
    enum impasto_format format;
    const char *name; /* "PNG" */
    const char *const
        *extensions;     /* names' endings, such as ".png"; the usual one first; then NULL */
    const char *library; /* the library that a build needs for it; NULL: none */
    bool reads, writes;
    int bits;         /* the most bits per channel that can be written */
    int largest_side; /* the longest side that can be written, pixels */
};
/* The formats that this library knows, from index 0 on. NULL: the index is behind the last one. */
IMPASTO_API const struct impasto_format_info *impasto_image_format(size_t index);

/*
 * Saves a picture in the format that the options or the path's ending ask for. The file appears
 * whole or not at all, as by impasto_file_write. A path that exists must be a regular file.
 *
 * PNG files have the settings in a text chunk (iTXt) with the keyword "Impasto". All files have
 * this library's name and version. impasto_image_is_result looks for them. Equal pictures give
 * equal bytes.
 *
 * options: NULL for the defaults.
 */
IMPASTO_API enum impasto_status impasto_image_save(const struct impasto_image *image,
                                                   const char *path,
                                                   const struct impasto_save_options *options,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Checks whether a picture of this size could be saved with these options. Programs ask before
 * hours of work. IMPASTO_ERROR_USAGE: it could not.
 *
 * name: only its ending counts. impasto_file_check looks at the file.
 *
 * width, height: 0 where they are not known yet.
 */
IMPASTO_API enum impasto_status
impasto_image_save_check(const char *name, int width, int height,
                         const struct impasto_save_options *options,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Makes the bytes that impasto_image_save would write. No file is touched.
 *
 * name: only its ending counts.
 *
 * bytes: the caller frees it by free().
 */
IMPASTO_API enum impasto_status
impasto_image_encode(const struct impasto_image *image, const char *name,
                     const struct impasto_save_options *options, unsigned char **bytes,
                     size_t *size, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Makes a picture of another size by Lanczos-3, in linear light when it shrinks. Transparency and
 * metadata are kept. An unchanged size gives a copy.
 *
 * width, height: 1 to 65,500 pixels, of any aspect.
 */
IMPASTO_API enum impasto_status
impasto_image_resize(const struct impasto_image *image, int width, int height,
                     struct impasto_image **resized,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

IMPASTO_API void impasto_image_free(struct impasto_image **image);

/*
 * Makes a mask from a picture whose areas are painted in colours. The mask is as large as the
 * picture. It is white where the picture has `colour`, and black where it has another colour.
 * Smooth edges give grey, so that the masks of all colours add up to white.
 *
 * The picture's colours are `colour`, and each that a hundredth of its pixels have. A colour that
 * an edge between two others would have does not count.
 *
 * colour: 0xRRGGBB.
 *
 * IMPASTO_ERROR_INPUT: no pixel is near `colour`.
 */
IMPASTO_API enum impasto_status impasto_image_key(const struct impasto_image *image,
                                                  uint32_t colour, struct impasto_image **mask,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
