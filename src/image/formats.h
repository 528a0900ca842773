/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_FORMATS_H
#define IMP_IMAGE_FORMATS_H

/* Inside the image room: file formats as rows of a table, and what they share. */

#include "image/image.h"
#include "image/metadata.h"

struct imp_colour; /* colour.c */

/* Sides beyond this are refused; JPEG cannot have longer ones. */
#define IMP_IMAGE_LARGEST_SIDE 65500

/* What a picture takes while it is read: RGB and transparency as floats, twice if it is turned or
 * comes from a sandbox. The samples of an interlaced file are fewer than the second copy. */
#define IMP_IMAGE_MOST_BYTES_PER_PIXEL (2 * 4 * sizeof(float))

/* A file being read, or bytes that are one: `stream` is at its start, errors name `path`. */
struct imp_image_source {
    const char *path;
    FILE *stream;
    uint64_t max_pixels;
    uint64_t memory; /* imp_host_memory(), which a sandbox cannot ask */
};

/* A way to store pictures. doc/contributing.md says how to add one. */
struct imp_image_format {
    struct impasto_format_info info;
    bool threads; /* its decoder starts threads */
    /* Whether a file that begins with these bytes is of this format. */
    bool (*probe)(const unsigned char *head, size_t size);
    /* Around what decodes: what can be done in no sandbox. NULL: nothing. */
    void (*begin)(void);
    void (*end)(void);
    /* Decodes: sRGB as in struct impasto_image, upright, EXIF orientation reset. NULL: this build
     * cannot. */
    enum impasto_status (*load)(const struct imp_image_source *source, struct impasto_image **image,
                                struct impasto_error *error);
    /* Reads the settings alone, *settings being NULL before; NULL: the format has none. */
    enum impasto_status (*load_settings)(const struct imp_image_source *source, char **settings,
                                         struct impasto_error *error);
    /* image: with no more metadata than its file may have, all of which is true of it. options:
     * complete, and such as the format can have. It says IMP_IMAGE_WRITER, and lays transparency
     * that it cannot store over white. NULL: it is not written. */
    enum impasto_status (*save)(const struct impasto_image *image, FILE *stream, const char *path,
                                const struct impasto_save_options *options,
                                struct impasto_error *error);
};

extern const struct imp_image_format imp_image_png;
extern const struct imp_image_format imp_image_jpeg;
extern const struct imp_image_format imp_image_webp;
extern const struct imp_image_format imp_image_tiff;
extern const struct imp_image_format imp_image_heic;
extern const struct imp_image_format imp_image_avif;

/* Who wrote a file, as said in it: by this origin.c knows it again. */
#define IMP_IMAGE_WRITER "Impasto " IMP_VERSION
/* The PNG text chunk that holds a picture's settings. */
#define IMP_IMAGE_SETTINGS_KEYWORD "Impasto"

/* ---- formats.c ------------------------------------------------------------------------------- */

/* How many of a file's first bytes tell its format. */
#define IMP_FORMAT_HEAD 64
/* The format of a file that begins so; NULL: none that is known. */
const struct imp_image_format *imp_format_of_bytes(const unsigned char *head, size_t size);
/* The format that is asked for, or that the name ends for; likewise. */
const struct imp_image_format *imp_format_find(enum impasto_format which, const char *path);
/* "PNG, JPEG or TIFF" of what this build reads, and ".png, .jpg or .jpeg" of what it writes; return
 * text. */
#define IMP_FORMAT_LIST 100
const char *imp_format_names(char *text, size_t size);
const char *imp_format_endings(char *text, size_t size);

/* ---- picture.c ------------------------------------------------------------------------------- */

/* Whether a file's name, of more than its extension, ends so, in capitals or not. */
bool imp_image_ends_in(const char *path, const char *extension);
/* Opens a regular file only. */
enum impasto_status imp_image_open(const char *path, FILE **stream, struct impasto_error *error);
/* IMPASTO_ERROR_INPUT unless both sides are 1 to IMP_IMAGE_LARGEST_SIDE and the pixels within the
 * source's cap; IMPASTO_ERROR_MEMORY unless the system has room for them. Before anything is
 * allocated. */
enum impasto_status imp_image_check_size(const struct imp_image_source *source, uint64_t width,
                                         uint64_t height, struct impasto_error *error);
/* Whether a picture's settings are such as impasto.h has them. */
bool imp_image_settings_fit(const char *settings);
/* Allocates image->alpha, all 1. */
enum impasto_status imp_image_add_alpha(struct impasto_image *image, struct impasto_error *error);

/* ---- samples.c ------------------------------------------------------------------------------- */

/* All bytes of the source, for libraries that want them so; the caller frees *bytes. */
enum impasto_status imp_image_read_whole(const struct imp_image_source *source,
                                         unsigned char **bytes, size_t *size,
                                         struct impasto_error *error);

/* RGB, and transparency where there is some, as decoders give them. */
struct imp_samples {
    const unsigned char *data;
    size_t stride;      /* bytes from row to row */
    int step;           /* samples from pixel to pixel, 3 or 4 */
    bool alpha;         /* the fourth is transparency */
    bool premultiplied; /* with it */
    bool wide;          /* they are uint16_t */
    unsigned top;       /* what stands for 1 */
};
/* Fills the image, which gets transparency where they have it. colour: NULL ok. */
enum impasto_status imp_samples_take(const struct imp_samples *samples,
                                     const struct imp_colour *colour, struct impasto_image *image,
                                     struct impasto_error *error);
/* v in [0, 1] as a number up to `top`; NaN becomes 0. */
unsigned imp_sample_quantize(float v, unsigned top);
/* Whether there is a pixel that is not opaque. */
bool imp_image_is_transparent(const struct impasto_image *image);

/* ---- apart.c --------------------------------------------------------------------------------- */

/* format->load and format->load_settings in a sandbox. A decoder that crashes, takes too long or
 * more memory than it may is IMPASTO_ERROR_INPUT. */
enum impasto_status imp_image_load_apart(const struct imp_image_source *source,
                                         const struct imp_image_format *format,
                                         struct impasto_image **image, struct impasto_error *error);
enum impasto_status imp_image_load_settings_apart(const struct imp_image_source *source,
                                                  const struct imp_image_format *format,
                                                  char **settings, struct impasto_error *error);

/* ---- srgb_profile.c -------------------------------------------------------------------------- */

/* An ICC profile of sRGB, of some 2 KB, always the same. */
enum impasto_status imp_srgb_profile(struct impasto_block *profile, struct impasto_error *error);
/* Whether a profile is that one, so that results are read as they were written. */
bool imp_srgb_profile_is(const void *bytes, size_t size);

/* ---- colour.c -------------------------------------------------------------------------------- */

/* From a sample v to light: (factor v + offset)^exponent from `limit` on, slope v below. */
struct imp_curve {
    double exponent, factor, offset, slope, limit;
};

/* What a file says of its colours. A profile comes before the rest, gamma before a curve. */
struct imp_colour_source {
    const unsigned char *profile; /* ICC */
    size_t profile_size;
    double gamma;             /* encoding exponent as in gAMA (sRGB is about 1/2.2); 0: none */
    struct imp_curve curve;   /* all 0: sRGB's */
    double chromaticities[8]; /* x and y of white, red, green, blue; all 0: none */
    bool bytes;               /* samples are bytes, for imp_colour_convert_bytes */
};

/* Channels of the samples given to imp_colour_convert. */
enum imp_colour_model { IMP_COLOUR_GRAY = 1, IMP_COLOUR_RGB = 3, IMP_COLOUR_CMYK = 4 };

/* Adobe RGB by numbers. */
void imp_colour_adobe_rgb(struct imp_colour_source *source);

/*
 * A conversion to sRGB. Samples are floats in [0, 1] (CMYK: 1 is full ink). NULL from
 * imp_colour_open means that nothing needs converting: then RGB is taken as it is, gray is repeated
 * and CMYK goes by the plain formula. So it is with a profile of sRGB, whatever its name. A profile
 * that is broken, or for other channels, is ignored.
 */
struct imp_colour *imp_colour_open(const struct imp_colour_source *source,
                                   enum imp_colour_model model);
/* in: pixels x model samples; rgb: pixels x 3, `in` itself for RGB. colour: NULL ok. */
void imp_colour_convert(const struct imp_colour *colour, enum imp_colour_model model,
                        const float *in, float *rgb, size_t pixels);
/* The same for bytes, where 255 stands for 1; within 0.001, and many times as fast. colour: opened
 * for bytes. */
void imp_colour_convert_bytes(const struct imp_colour *colour, enum imp_colour_model model,
                              const unsigned char *in, float *rgb, size_t pixels);
void imp_colour_close(struct imp_colour **colour);

/* ---- cicp.c ---------------------------------------------------------------------------------- */

/* Colours by numbers of H.273. */
struct imp_cicp {
    unsigned primaries, transfer;
};
/* Whether they say something: neither is "unspecified" or reserved. */
bool imp_cicp_is_stated(const struct imp_cicp *cicp);
/* Replaces *source. IMPASTO_ERROR_INPUT for HDR, and for numbers that are not known. */
enum impasto_status imp_cicp_read(const struct imp_cicp *cicp, const char *path,
                                  struct imp_colour_source *source, struct impasto_error *error);

/* ---- foreign.c ------------------------------------------------------------------------------- */

/* What a file is that is no picture we read, "is a GIF picture", and what to do: static; NULL:
 * nobody knows. */
struct imp_foreign {
    const char *what, *advice;
};
/* Of the first bytes, as many as there are up to: */
#define IMP_FOREIGN_HEAD 4096
struct imp_foreign imp_foreign_find(const unsigned char *head, size_t size);

#endif
