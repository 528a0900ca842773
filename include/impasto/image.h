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

/* Bytes from malloc, freed with what holds them; none: NULL and 0. */
struct impasto_block {
    unsigned char *data;
    size_t size;
};

/* What a picture says of itself beside its pixels. A job's result has that of its content. */
struct impasto_metadata {
    struct impasto_block exif; /* a TIFF structure without a prefix, whose orientation is 1 */
    struct impasto_block xmp;  /* an XMP packet: XML in UTF-8 */
    struct impasto_block iptc; /* IPTC-IIM datasets */
    double density[2];         /* pixels per inch, across and down; 0: not known */
};

/*
 * A picture in memory: sRGB-encoded RGB in [0, 1]. Made by impasto_image_create or
 * impasto_image_load, freed by impasto_image_free; the pixels may be changed freely, the
 * sizes not. */
struct impasto_image {
    int width, height; /* pixels */
    float *rgb;        /* height x width x 3, row by row from the top */
    float *alpha;      /* height x width, not premultiplied; NULL: opaque everywhere */
    struct impasto_metadata metadata;
    char *settings; /* how it was made, in its maker's words, or NULL; from malloc, freed with
                       the picture. Saved in PNG files and loaded from them, kept nowhere
                       else: neither JPEG files nor a job's result have any */
    char *name;     /* the file that it was loaded from, or NULL, likewise: for errors about it,
                       and saved nowhere */
};

/* The most bytes of a picture's settings. impasto_image_save refuses more, and what is not UTF-8;
 * loading passes over them. */
#define IMPASTO_SETTINGS_MOST 1048576

/* A black, opaque picture. width, height: 1 to 65,500. */
IMPASTO_API enum impasto_status
impasto_image_create(int width, int height, struct impasto_image **image,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads a PNG (1 to 16 bits, grey, palette, colour, alpha, interlaced), JPEG (grey, colour, CMYK),
 * TIFF (1 to 16 bits, grey, palette, colour, CMYK, alpha; the first page), WebP (of moving ones the
 * first frame), HEIC or AVIF file, told apart by content; impasto_image_format() tells those of
 * this build. The orientation is applied, and the EXIF block is kept with its orientation reset.
 *
 * Colours are converted to sRGB. What says them is a PNG's cICP chunk, else an ICC profile, else
 * the numbers of HEIC and AVIF or a PNG's gamma and primaries, else EXIF in a JPEG or PNG, by which
 * they may be Adobe RGB. A profile that cannot be used is ignored. CMYK in JPEG files is inverted,
 * with Adobe's marker or without.
 *
 * IMPASTO_ERROR_INPUT: a JPEG without all of its samples or a PNG without all of its pixels, while
 * an end that is missing, stray bytes between parts or a zlib window stated too small are accepted;
 * an HDR picture (PQ, HLG) by such numbers; a file of another kind, which the message names.
 *
 * max_pixels: refuse larger pictures, judged from the header before anything is allocated; 0 means
 * the default of 100,000,000.
 */
IMPASTO_API enum impasto_status impasto_image_load(const char *path, uint64_t max_pixels,
                                                   struct impasto_image **image,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Whether a file begins as pictures do of a format that this library knows, whatever its name and
 * also where this build cannot read it. false also for what cannot be opened or is no
 * regular file. */
IMPASTO_API bool impasto_image_is_picture(const char *path);

/* The same for a file's bytes. name: what errors call them. */
IMPASTO_API enum impasto_status
impasto_image_decode(const void *bytes, size_t size, const char *name, uint64_t max_pixels,
                     struct impasto_image **image, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads what impasto_image_load would have for `settings`, without room for the pixels. Those that
 * stand before the pixels, as in what this library writes, are found whatever their number; those
 * behind them, which takes longer, in pictures of at most 100,000,000. *settings: to be freed by
 * free(); NULL where none were found.
 */
IMPASTO_API enum impasto_status
impasto_image_load_settings(const char *path, char **settings,
                            struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * The same for files from strangers: they are decoded in a child process with limits on its memory
 * and time. On Linux (x86-64, AArch64, i386, armhf, riscv64, ppc64el and s390x) it can also open
 * nothing, start nothing and talk to nobody, if the kernel knows seccomp filters. Where there is no
 * filter, the log of a device that is opened says so, as IMPASTO_LOG_DEBUG. A decoder that crashes
 * or goes beyond its limits is IMPASTO_ERROR_INPUT; where no process can be had,
 * IMPASTO_ERROR_MEMORY. It costs a fork(), and more for the pixels' way here than for reading them
 * from memory; while they come, they are there twice. The child is waited for with waitpid();
 * programs that wait for any child meet it, too.
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
 * Whether a file is a picture that this library saved: by what it says of its writer, in a text
 * chunk, a comment or its EXIF block. It is cheap and safe with files of strangers: nothing is
 * decoded. What is no picture is none of ours; IMPASTO_ERROR_INPUT where there is no file that can
 * be read.
 */
IMPASTO_API enum impasto_status
impasto_image_is_result(const char *path, bool *result,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;

/* How a picture is stored. */
enum impasto_format {
    IMPASTO_FORMAT_AUTO, /* as the name's ending says */
    IMPASTO_FORMAT_PNG,
    IMPASTO_FORMAT_JPEG, /* 8 bits, 4:4:4; transparency is laid over white */
    IMPASTO_FORMAT_TIFF, /* 8 or 16 bits, Deflate with a predictor */
    IMPASTO_FORMAT_WEBP, /* 8 bits; sides of at most 16,383; a quality of 100 is without loss */
    IMPASTO_FORMAT_HEIC, /* is read only */
    IMPASTO_FORMAT_AVIF, /* is read only */
};

/*
 * What of a picture's metadata is stored with it. Blocks are written anew: what they say of size,
 * orientation, colour space and software is true of the picture as it is saved. Thumbnails,
 * previews and maker notes, which may hold one, are never stored, nor are tags that no standard
 * knows: a result must not carry the photograph that it was made of.
 */
enum impasto_privacy {
    IMPASTO_PRIVACY_PRIVATE, /* EXIF: camera, lens, exposure, date, artist, copyright; of XMP and
                                IPTC credit and copyright, and IPTC's date; density */
    IMPASTO_PRIVACY_KEEP,    /* also position, owner, serial numbers, descriptions and comments */
    IMPASTO_PRIVACY_NONE,    /* nothing */
};

/* How to save a picture. All 0 but the size are the defaults. */
struct impasto_save_options {
    size_t struct_size; /* sizeof(struct impasto_save_options) */
    enum impasto_format format;
    enum impasto_privacy privacy;
    int bits;    /* 8 or 16 per channel (16: PNG and TIFF only); 0: 8 */
    int quality; /* of JPEG and WebP, 1 to 100; 0: 95 */
};

/* What this build can do with a format; static. */
struct impasto_format_info {
    enum impasto_format format;
    const char *name;              /* "PNG" */
    const char *const *extensions; /* of names, ".png", the usual one first; ends with NULL */
    const char *library;           /* without which a build cannot; NULL: all can */
    bool reads, writes;
    int bits, largest_side; /* that can be written at most, per channel and in pixels */
};
/* The formats that this library knows, from index 0 on; NULL: that was the last one. */
IMPASTO_API const struct impasto_format_info *impasto_image_format(size_t index);

/*
 * Writes the format that the options or the path's ending ask for. The file appears whole or not at
 * all: it is written beside the target and renamed. A path that exists and is not a regular file is
 * refused. PNG files have the settings in a text chunk (iTXt) with the keyword "Impasto"; all have
 * this library's name and version, by which impasto_image_is_result knows them. Equal pictures give
 * equal bytes.
 *
 * options: NULL for the defaults.
 */
IMPASTO_API enum impasto_status impasto_image_save(const struct impasto_image *image,
                                                   const char *path,
                                                   const struct impasto_save_options *options,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Whether a picture of this size (0: not known yet) can be saved under this name with these
 * options, to ask before hours of work: IMPASTO_ERROR_USAGE. Only the name's ending is looked at;
 * see impasto_file_check.
 */
IMPASTO_API enum impasto_status
impasto_image_save_check(const char *name, int width, int height,
                         const struct impasto_save_options *options,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * The bytes that impasto_image_save would write to a file of this name, in memory: only the name's
 * ending is looked at, and no file is touched. *bytes: to be freed by free().
 */
IMPASTO_API enum impasto_status
impasto_image_encode(const struct impasto_image *image, const char *name,
                     const struct impasto_save_options *options, unsigned char **bytes,
                     size_t *size, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * A new picture of width x height (1 to 65,500) by Lanczos-3, in linear light when shrinking, with
 * the transparency and the EXIF block; the aspect is the caller's. An unchanged size gives
 * a copy. */
IMPASTO_API enum impasto_status
impasto_image_resize(const struct impasto_image *image, int width, int height,
                     struct impasto_image **resized,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

IMPASTO_API void impasto_image_free(struct impasto_image **image);

/*
 * A mask from a picture whose areas are painted in colours: as large as the picture, white where it
 * has `colour` (0xRRGGBB), black where it has another of its colours, and in between where edges
 * are smooth, so that the masks of all colours add up to white. The picture's colours are `colour`
 * and those of a hundredth of its pixels that are not what an edge between two others looks like.
 * IMPASTO_ERROR_INPUT where no pixel is near `colour`.
 */
IMPASTO_API enum impasto_status impasto_image_key(const struct impasto_image *image,
                                                  uint32_t colour, struct impasto_image **mask,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
