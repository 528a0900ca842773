/* SPDX-License-Identifier: MIT */
#ifndef TEST_IMAGE_FILES_H
#define TEST_IMAGE_FILES_H

/* PNG and JPEG files of every kind, written by libpng and libjpeg, whose pixels are known; and what
 * is expected of reading them. */

#include "files.h"
#include "image/formats.h"

#include <jpeglib.h>
#include <png.h>

/* Loads what must load. To be freed. */
struct impasto_image *expect_image(const char *path);

/* Loads what must be refused, for a reason that the message names in one line, with the path.
 * max_pixels: as for impasto_image_load(). */
void expect_image_refused(const char *path, uint64_t max_pixels, const char *reason);

void assert_near(float got, double expected, double tolerance);

/* ---- PNG ------------------------------------------------------------------------------------ */

/* The pictures that write_png() writes; sizes that fill no byte and no pass of Adam7. */
#define WIDTH 13
#define HEIGHT 9
#define PIXELS (WIDTH * HEIGHT)

/* WIDTH x HEIGHT pixels of noise, always the same. To be freed. */
struct impasto_image *noisy_picture(bool alpha);

struct png_case {
    int type, depth, interlace;
    bool transparent;          /* with a tRNS chunk */
    double gamma;              /* gAMA; 0: none */
    const unsigned char *cicp; /* 4 bytes; NULL: no cICP */
    bool p3;                   /* cHRM of Display P3 */
    const unsigned char *profile;
    size_t profile_size;
    const unsigned char *exif;
    size_t exif_size;
};

/* The sample of channel c at (x, y) that goes into the file, of `depth` bits: noise. */
unsigned png_sample(int depth, int x, int y, int c);

void write_png(const char *path, const struct png_case *c);

/* What a reader should make of pixel (x, y): colours and alpha in [0, 1]. */
void png_pixel(const struct png_case *c, int x, int y, double rgba[4]);

/* ---- JPEG ----------------------------------------------------------------------------------- */

#define BLOCK 16 /* pixels of one colour, so that compression hardly changes them */
#define JPEG_WIDTH (3 * BLOCK)
#define JPEG_HEIGHT (2 * BLOCK)

struct jpeg_case {
    J_COLOR_SPACE space;
    bool adobe, ycck, progressive;
    const unsigned char *exif;
    size_t exif_size;
    const unsigned char *profile;
    size_t profile_size;
    int pieces; /* of the profile */
};

/* The channels of block (bx, by): far apart in every channel, so that no two blocks look alike. */
JSAMPLE jpeg_sample(int bx, int by, int c);

void write_jpeg(const char *path, const struct jpeg_case *c);

/* ---- What travels with the pixels ----------------------------------------------------------- */

/* Where in a block of make_exif() the orientation is. */
#define EXIF_ORIENTATION(big) (30 + (big))

/* Writes a block with a maker's name and the orientation, for which 64 bytes are enough; returns
 * its size. big: the byte order. */
size_t make_exif(unsigned char *block, bool big, int orientation);

/* Linear light in [0, 1] as sRGB. */
double srgb_encode(double linear);

#ifdef IMP_HAVE_LCMS2
/* A profile with sRGB's primaries and linear curves; to be freed. */
unsigned char *linear_profile(size_t *size);
#endif

#endif
