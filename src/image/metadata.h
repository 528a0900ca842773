/* SPDX-License-Identifier: MIT */
#ifndef IMP_IMAGE_METADATA_H
#define IMP_IMAGE_METADATA_H

/* Inside the image room: metadata as blocks of bytes, and what of them a picture is saved with. */

#include "image/image.h"

/* ---- exif.c ---------------------------------------------------------------------------------- */

/* A block and its first directory. The numbers in it are of its byte order. */
struct imp_exif {
    const unsigned char *data;
    size_t size, first;
    bool big; /* "MM" */
};
enum imp_exif_type {
    IMP_EXIF_BYTE = 1,
    IMP_EXIF_ASCII = 2,
    IMP_EXIF_SHORT = 3,
    IMP_EXIF_LONG = 4,
    IMP_EXIF_RATIONAL = 5,
    IMP_EXIF_SBYTE = 6,
    IMP_EXIF_UNDEFINED = 7,
    IMP_EXIF_SSHORT = 8,
    IMP_EXIF_SLONG = 9,
    IMP_EXIF_SRATIONAL = 10,
    IMP_EXIF_FLOAT = 11,
    IMP_EXIF_DOUBLE = 12,
    IMP_EXIF_UTF8 = 129,
};
struct imp_exif_value {
    unsigned tag, type;
    uint32_t count;
    const unsigned char *bytes; /* all of it, in the block; NULL: not there, or of no known type */
    size_t size;
};

/* false: not the beginning of such a block. */
bool imp_exif_open(const struct impasto_block *block, struct imp_exif *exif);
unsigned imp_exif_16(const struct imp_exif *exif, const unsigned char *at);
uint32_t imp_exif_32(const struct imp_exif *exif, const unsigned char *at);
/* The entry with an index of the directory at a place, any number; false: there are no more. */
bool imp_exif_entry(const struct imp_exif *exif, size_t directory, unsigned index,
                    struct imp_exif_value *value);
/* The first entry with the tag; false: it is not there, or its value is not. */
bool imp_exif_find(const struct imp_exif *exif, size_t directory, unsigned tag,
                   struct imp_exif_value *value);
/* The orientation 1 to 8 in an EXIF block (TIFF structure); 1 where there is none that makes sense.
 * `reset`: set it to 1 in the block. */
int imp_exif_orientation(struct impasto_block *block, bool reset);
/* Whether it says that colours are Adobe RGB, in the way of cameras. Then the colour space is not
 * sRGB, and the index of interoperability is R03. */
bool imp_exif_is_adobe_rgb(const struct impasto_block *block);
/* Turns a picture as orientation 1 to 8 asks, in place of the old one. */
enum impasto_status imp_exif_turn(struct impasto_image **image, int orientation,
                                  struct impasto_error *error);

/* ---- What of its metadata a picture is saved with -------------------------------------------- */

/* All that its file may have of the image's metadata: with IMPASTO_PRIVACY_NONE nothing.
 * `selected`, empty before, is freed by the caller, also after a failure. (metadata_select.c) */
enum impasto_status imp_metadata_select(const struct impasto_image *image,
                                        enum impasto_privacy privacy,
                                        struct impasto_metadata *selected,
                                        struct impasto_error *error);

/* Bytes of a block that a file may bring: a PNG chunk of the size that png.c takes. */
#define IMP_LARGEST_BLOCK (8u << 20)
/* imp_block_copy of what a file holds. A larger block is left out, as some programs swell XMP to
 * many megabytes, and the picture is whole without it. (metadata.c) */
enum impasto_status imp_block_take(const void *bytes, size_t size, struct impasto_block *block,
                                   struct impasto_error *error);

/* What an APP1 segment of JPEG holds begins so. */
#define IMP_EXIF_MARK "Exif\0"
#define IMP_XMP_MARK "http://ns.adobe.com/xap/1.0/"
/* The bytes behind such a mark, the zero at its end counted; NULL: it is not there. (metadata.c) */
const unsigned char *imp_behind_mark(const void *bytes, size_t size, const char *mark,
                                     size_t mark_size);

/* Its parts. Where there is nothing to say, or it makes no sense, *selected stays empty. */

/* Of at most 65,500 bytes. (exif_select.c) */
enum impasto_status imp_exif_select(const struct impasto_image *image, enum impasto_privacy privacy,
                                    struct impasto_block *selected, struct impasto_error *error);
/* A zero stands behind it. (xmp_select.c) */
enum impasto_status imp_xmp_select(const struct impasto_block *xmp, enum impasto_privacy privacy,
                                   struct impasto_block *selected, struct impasto_error *error);
/* Of at most IMP_IPTC_MOST bytes. (iptc.c) */
#define IMP_IPTC_MOST 65000
enum impasto_status imp_iptc_select(const struct impasto_block *iptc, enum impasto_privacy privacy,
                                    struct impasto_block *selected, struct impasto_error *error);

/* Datasets out of resources of Photoshop's, the first that has any, and such a resource around
 * them, behind a prefix of the file format's. (iptc.c) */
enum impasto_status imp_iptc_unwrap(const unsigned char *resources, size_t size,
                                    struct impasto_block *iptc, struct impasto_error *error);
enum impasto_status imp_iptc_wrap(const struct impasto_block *iptc, const void *prefix,
                                  size_t prefix_size, struct impasto_block *resources,
                                  struct impasto_error *error);

/* A block that says who wrote the file, and nothing else. It is for formats that have no other
 * place for that, where a picture has no EXIF. (exif_select.c) */
enum impasto_status imp_exif_signature(struct impasto_block *exif, struct impasto_error *error);

/* Pixels per inch, from x and y per unit, of which an inch has so many; unless they make no sense.
 * (metadata.c) */
void imp_density_set(double density[2], double x, double y, double units);
/* The density that an EXIF block states, if any, where the file has none of its own. (exif.c) */
void imp_exif_density(const struct impasto_block *block, double density[2]);

/* ---- raw_profile.c --------------------------------------------------------------------------- */

/* Between the text of a "Raw profile type" and a block. Reading replaces the block, which stays
 * where the text makes no sense. Writing makes a new text, which the caller frees. */
enum impasto_status imp_raw_profile_read(const char *text, struct impasto_block *block,
                                         struct impasto_error *error);
enum impasto_status imp_raw_profile_write(const char *name, const struct impasto_block *block,
                                          char **text, struct impasto_error *error);

#endif
