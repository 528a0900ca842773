/* SPDX-License-Identifier: MIT */
/*
 * EXIF of a result, made from that of its photograph. It is a new block. Into it goes what a table
 * of tags names, and what is true of the result. Nothing else can come along. This keeps out
 * thumbnails and previews of the photograph, wherever they are, maker notes, which may hold one,
 * and private tags, whose contents nobody knows.
 */

#include "image/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A whole block, which must go into one segment of a JPEG file. */
#define MOST_BYTES 65500
#define FOR_LINKS 64   /* of them: what links directories always finds room */
#define MOST_VALUES 96 /* of a directory: more than the table has */
#define ENTRY_SIZE 12
#define DEFAULT_DENSITY 72 /* what the standard says of a picture that does not know */

enum place { IN_IMAGE, IN_EXIF, IN_GPS, IN_INTEROP, PLACES };

enum {
    TAG_ORIENTATION = 0x0112,
    TAG_X_RESOLUTION = 0x011a,
    TAG_Y_RESOLUTION = 0x011b,
    TAG_RESOLUTION_UNIT = 0x0128,
    TAG_SOFTWARE = 0x0131,
    TAG_YCBCR_POSITIONING = 0x0213,
    TAG_EXIF = 0x8769,
    TAG_GPS = 0x8825,
    TAG_GPS_VERSION = 0x0000,
    TAG_EXIF_VERSION = 0x9000,
    TAG_COMPONENTS = 0x9101,
    TAG_FLASHPIX_VERSION = 0xa000,
    TAG_COLOR_SPACE = 0xa001,
    TAG_WIDTH = 0xa002,
    TAG_HEIGHT = 0xa003,
    TAG_INTEROP = 0xa005,
};

/* ---- What may come along --------------------------------------------------------------------- */

#define B (1u << IMP_EXIF_BYTE)
#define A (1u << IMP_EXIF_ASCII)
#define S (1u << IMP_EXIF_SHORT)
#define L (1u << IMP_EXIF_LONG)
#define R (1u << IMP_EXIF_RATIONAL)
#define U (1u << IMP_EXIF_UNDEFINED)
#define SR (1u << IMP_EXIF_SRATIONAL)

/* The table leaves out what describes the photograph's pixels or file: sizes, places in the
 * picture, compression, transfer function, the sensor's density, the unique id. It also leaves out
 * what is no longer true of a painting. */
static const struct tag {
    enum place place;
    unsigned short tag, types;
    bool public; /* also with IMPASTO_PRIVACY_PRIVATE */
} tags[] = {
    {IN_IMAGE, 0x010e, A, false}, /* ImageDescription */
    {IN_IMAGE, 0x010f, A, true},  /* Make */
    {IN_IMAGE, 0x0110, A, true},  /* Model */
    {IN_IMAGE, 0x0132, A, true},  /* DateTime */
    {IN_IMAGE, 0x013b, A, true},  /* Artist */
    {IN_IMAGE, 0x013c, A, false}, /* HostComputer */
    {IN_IMAGE, 0x4746, S, false}, /* Rating */
    {IN_IMAGE, 0x4749, S, false}, /* RatingPercent */
    {IN_IMAGE, 0x8298, A, true},  /* Copyright */
    {IN_IMAGE, 0x9c9b, B, false}, /* XPTitle, and other texts of Windows' */
    {IN_IMAGE, 0x9c9c, B, false}, /* XPComment */
    {IN_IMAGE, 0x9c9d, B, false}, /* XPAuthor */
    {IN_IMAGE, 0x9c9e, B, false}, /* XPKeywords */
    {IN_IMAGE, 0x9c9f, B, false}, /* XPSubject */
    {IN_EXIF, 0x829a, R, true},   /* ExposureTime */
    {IN_EXIF, 0x829d, R, true},   /* FNumber */
    {IN_EXIF, 0x8822, S, true},   /* ExposureProgram */
    {IN_EXIF, 0x8824, A, true},   /* SpectralSensitivity */
    {IN_EXIF, 0x8827, S, true},   /* PhotographicSensitivity */
    {IN_EXIF, 0x8828, U, false},  /* OECF */
    {IN_EXIF, 0x8830, S, true},   /* SensitivityType */
    {IN_EXIF, 0x8831, L, true},   /* StandardOutputSensitivity */
    {IN_EXIF, 0x8832, L, true},   /* RecommendedExposureIndex */
    {IN_EXIF, 0x8833, L, true},   /* ISOSpeed */
    {IN_EXIF, 0x8834, L, true},   /* ISOSpeedLatitudeyyy */
    {IN_EXIF, 0x8835, L, true},   /* ISOSpeedLatitudezzz */
    {IN_EXIF, 0x9003, A, true},   /* DateTimeOriginal */
    {IN_EXIF, 0x9004, A, true},   /* DateTimeDigitized */
    {IN_EXIF, 0x9010, A, false},  /* OffsetTime: a time zone is a place */
    {IN_EXIF, 0x9011, A, false},  /* OffsetTimeOriginal */
    {IN_EXIF, 0x9012, A, false},  /* OffsetTimeDigitized */
    {IN_EXIF, 0x9201, SR, true},  /* ShutterSpeedValue */
    {IN_EXIF, 0x9202, R, true},   /* ApertureValue */
    {IN_EXIF, 0x9203, SR, true},  /* BrightnessValue */
    {IN_EXIF, 0x9204, SR, true},  /* ExposureBiasValue */
    {IN_EXIF, 0x9205, R, true},   /* MaxApertureValue */
    {IN_EXIF, 0x9206, R, true},   /* SubjectDistance */
    {IN_EXIF, 0x9207, S, true},   /* MeteringMode */
    {IN_EXIF, 0x9208, S, true},   /* LightSource */
    {IN_EXIF, 0x9209, S, true},   /* Flash */
    {IN_EXIF, 0x920a, R, true},   /* FocalLength */
    {IN_EXIF, 0x9286, U, false},  /* UserComment */
    {IN_EXIF, 0x9290, A, true},   /* SubsecTime */
    {IN_EXIF, 0x9291, A, true},   /* SubsecTimeOriginal */
    {IN_EXIF, 0x9292, A, true},   /* SubsecTimeDigitized */
    {IN_EXIF, 0x9400, SR, false}, /* Temperature, and other weather */
    {IN_EXIF, 0x9401, R, false},  /* Humidity */
    {IN_EXIF, 0x9402, R, false},  /* Pressure */
    {IN_EXIF, 0x9403, SR, false}, /* WaterDepth */
    {IN_EXIF, 0x9404, R, false},  /* Acceleration */
    {IN_EXIF, 0x9405, SR, false}, /* CameraElevationAngle */
    {IN_EXIF, 0xa20b, R, true},   /* FlashEnergy */
    {IN_EXIF, 0xa215, R, true},   /* ExposureIndex */
    {IN_EXIF, 0xa217, S, true},   /* SensingMethod */
    {IN_EXIF, 0xa300, U, true},   /* FileSource */
    {IN_EXIF, 0xa402, S, true},   /* ExposureMode */
    {IN_EXIF, 0xa403, S, true},   /* WhiteBalance */
    {IN_EXIF, 0xa404, R, true},   /* DigitalZoomRatio */
    {IN_EXIF, 0xa405, S, true},   /* FocalLengthIn35mmFilm */
    {IN_EXIF, 0xa406, S, true},   /* SceneCaptureType */
    {IN_EXIF, 0xa407, S, true},   /* GainControl */
    {IN_EXIF, 0xa408, S, true},   /* Contrast */
    {IN_EXIF, 0xa409, S, true},   /* Saturation */
    {IN_EXIF, 0xa40a, S, true},   /* Sharpness */
    {IN_EXIF, 0xa40c, S, true},   /* SubjectDistanceRange */
    {IN_EXIF, 0xa430, A, false},  /* CameraOwnerName */
    {IN_EXIF, 0xa431, A, false},  /* BodySerialNumber */
    {IN_EXIF, 0xa432, R, true},   /* LensSpecification */
    {IN_EXIF, 0xa433, A, true},   /* LensMake */
    {IN_EXIF, 0xa434, A, true},   /* LensModel */
    {IN_EXIF, 0xa435, A, false},  /* LensSerialNumber */
    {IN_EXIF, 0xa436, A, false},  /* ImageTitle */
    {IN_EXIF, 0xa437, A, false},  /* Photographer */
    {IN_EXIF, 0xa438, A, false},  /* ImageEditor */
    {IN_EXIF, 0xa439, A, false},  /* CameraFirmware */
    {IN_GPS, 0x0000, B, false},   /* GPSVersionID */
    {IN_GPS, 0x0001, A, false},   /* GPSLatitudeRef */
    {IN_GPS, 0x0002, R, false},   /* GPSLatitude */
    {IN_GPS, 0x0003, A, false},   /* GPSLongitudeRef */
    {IN_GPS, 0x0004, R, false},   /* GPSLongitude */
    {IN_GPS, 0x0005, B, false},   /* GPSAltitudeRef */
    {IN_GPS, 0x0006, R, false},   /* GPSAltitude */
    {IN_GPS, 0x0007, R, false},   /* GPSTimeStamp */
    {IN_GPS, 0x0008, A, false},   /* GPSSatellites */
    {IN_GPS, 0x0009, A, false},   /* GPSStatus */
    {IN_GPS, 0x000a, A, false},   /* GPSMeasureMode */
    {IN_GPS, 0x000b, R, false},   /* GPSDOP */
    {IN_GPS, 0x000c, A, false},   /* GPSSpeedRef */
    {IN_GPS, 0x000d, R, false},   /* GPSSpeed */
    {IN_GPS, 0x000e, A, false},   /* GPSTrackRef */
    {IN_GPS, 0x000f, R, false},   /* GPSTrack */
    {IN_GPS, 0x0010, A, false},   /* GPSImgDirectionRef */
    {IN_GPS, 0x0011, R, false},   /* GPSImgDirection */
    {IN_GPS, 0x0012, A, false},   /* GPSMapDatum */
    {IN_GPS, 0x0013, A, false},   /* GPSDestLatitudeRef */
    {IN_GPS, 0x0014, R, false},   /* GPSDestLatitude */
    {IN_GPS, 0x0015, A, false},   /* GPSDestLongitudeRef */
    {IN_GPS, 0x0016, R, false},   /* GPSDestLongitude */
    {IN_GPS, 0x0017, A, false},   /* GPSDestBearingRef */
    {IN_GPS, 0x0018, R, false},   /* GPSDestBearing */
    {IN_GPS, 0x0019, A, false},   /* GPSDestDistanceRef */
    {IN_GPS, 0x001a, R, false},   /* GPSDestDistance */
    {IN_GPS, 0x001b, U, false},   /* GPSProcessingMethod */
    {IN_GPS, 0x001c, U, false},   /* GPSAreaInformation */
    {IN_GPS, 0x001d, A, false},   /* GPSDateStamp */
    {IN_GPS, 0x001e, S, false},   /* GPSDifferential */
    {IN_GPS, 0x001f, R, false},   /* GPSHPositioningError */
};

#undef B
#undef A
#undef S
#undef L
#undef R
#undef U
#undef SR

/* Whether there is a JPEG picture in it: some programs keep a preview where it has no business. */
static bool has_picture(const struct imp_exif_value *value)
{
    for (size_t i = 0; i + 3 <= value->size; i++)
        if (memcmp(value->bytes + i, "\xff\xd8\xff", 3) == 0)
            return true;
    return false;
}

/* NULL: it may not come along. */
static const struct tag *find_tag(enum place place, unsigned number)
{
    for (size_t i = 0; i < IMP_COUNT(tags); i++)
        if (tags[i].place == place && tags[i].tag == number)
            return &tags[i];
    return NULL;
}

static bool may_come(const struct tag *tag, const struct imp_exif_value *value,
                     enum impasto_privacy privacy)
{
    const unsigned type = value->type == IMP_EXIF_UTF8 ? IMP_EXIF_ASCII : value->type;
    return value->bytes && value->size <= MOST_BYTES && (tag->types >> type & 1) &&
           (tag->public || privacy == IMPASTO_PRIVACY_KEEP) && !has_picture(value);
}

/* ---- A block that grows ---------------------------------------------------------------------- */

struct directory {
    struct imp_exif_value values[MOST_VALUES]; /* by tag; without bytes: links to directories */
    unsigned count;
    size_t size; /* bytes, with its values */
};

struct block {
    bool big;
    struct directory directories[PLACES];
    size_t size, most;
    unsigned char own[64]; /* values that are not in the source */
    size_t owned;
};

static void put(bool big, uint32_t value, int count, unsigned char *to)
{
    for (int i = 0; i < count; i++)
        to[i] = (unsigned char)(value >> 8 * (big ? count - 1 - i : i));
}

static size_t even(size_t size)
{
    return size + size % 2;
}

/* The first with a tag counts; what finds no room is left out. */
static void add(struct block *block, enum place place, struct imp_exif_value value)
{
    struct directory *d = &block->directories[place];
    const size_t size =
        ENTRY_SIZE + (value.size > 4 ? even(value.size) : 0) + (d->count == 0 ? 6 : 0);
    unsigned at = 0;
    while (at < d->count && d->values[at].tag < value.tag)
        at++;
    if ((at < d->count && d->values[at].tag == value.tag) || d->count == MOST_VALUES ||
        size > block->most - block->size)
        return;
    memmove(d->values + at + 1, d->values + at, (d->count - at) * sizeof(*d->values));
    d->values[at] = value;
    d->count++;
    d->size += size;
    block->size += size;
}

/* `numbers`: count of them, each of `size` bytes: 2 or 4. */
static void add_numbers(struct block *block, enum place place, unsigned tag,
                        enum imp_exif_type type, const uint32_t *numbers, int count, int size)
{
    unsigned char *bytes = block->own + block->owned;
    for (int i = 0; i < count; i++)
        put(block->big, numbers[i], size, bytes + i * size);
    const size_t length = (size_t)count * (size_t)size;
    const uint32_t elements = type == IMP_EXIF_RATIONAL ? (uint32_t)count / 2 : (uint32_t)count;
    block->owned += length;
    add(block, place, (struct imp_exif_value){tag, type, elements, bytes, length});
}

static void add_short(struct block *block, enum place place, unsigned tag, uint32_t value)
{
    add_numbers(block, place, tag, IMP_EXIF_SHORT, &value, 1, 2);
}

static void add_long(struct block *block, enum place place, unsigned tag, uint32_t value)
{
    add_numbers(block, place, tag, IMP_EXIF_LONG, &value, 1, 4);
}

/* Four decimals, as far as there are any. */
static void add_decimal(struct block *block, enum place place, unsigned tag, double value)
{
    const bool whole = value == floor(value);
    const uint32_t ratio[2] = {(uint32_t)(value * (whole ? 1 : 10000) + 0.5), whole ? 1 : 10000};
    add_numbers(block, place, tag, IMP_EXIF_RATIONAL, ratio, 2, 4);
}

/* bytes: static. */
static void add_bytes(struct block *block, enum place place, unsigned tag, enum imp_exif_type type,
                      const char *bytes, size_t size)
{
    add(block, place,
        (struct imp_exif_value){tag, type, (uint32_t)size, (const unsigned char *)bytes, size});
}

/* ---- What is true of the result -------------------------------------------------------------- */

static void state_writer(struct block *block)
{
    static const char software[] = IMP_IMAGE_WRITER;
    add_bytes(block, IN_IMAGE, TAG_SOFTWARE, IMP_EXIF_ASCII, software, sizeof(software));
}

static void state_picture(struct block *block, const struct impasto_image *image)
{
    double density[2] = {DEFAULT_DENSITY, DEFAULT_DENSITY};
    imp_density_set(density, image->metadata.density[0], image->metadata.density[1], 1);
    add_short(block, IN_IMAGE, TAG_ORIENTATION, 1);
    add_decimal(block, IN_IMAGE, TAG_X_RESOLUTION, density[0]);
    add_decimal(block, IN_IMAGE, TAG_Y_RESOLUTION, density[1]);
    add_short(block, IN_IMAGE, TAG_RESOLUTION_UNIT, 2);   /* inches */
    add_short(block, IN_IMAGE, TAG_YCBCR_POSITIONING, 1); /* of JPEG: samples are not subsampled */
    state_writer(block);
    add_bytes(block, IN_EXIF, TAG_EXIF_VERSION, IMP_EXIF_UNDEFINED, "0232", 4);
    add_bytes(block, IN_EXIF, TAG_COMPONENTS, IMP_EXIF_UNDEFINED, "\1\2\3\0", 4);
    add_bytes(block, IN_EXIF, TAG_FLASHPIX_VERSION, IMP_EXIF_UNDEFINED, "0100", 4);
    add_short(block, IN_EXIF, TAG_COLOR_SPACE, 1); /* sRGB */
    add_long(block, IN_EXIF, TAG_WIDTH, (uint32_t)image->width);
    add_long(block, IN_EXIF, TAG_HEIGHT, (uint32_t)image->height);
}

/* ---- What comes along ------------------------------------------------------------------------ */

/* Looks at each tag once: a hostile directory may repeat one 65,535 times. */
static void carry(struct block *block, enum place place, const struct imp_exif *source,
                  size_t directory, enum impasto_privacy privacy)
{
    bool seen[IMP_COUNT(tags)] = {false};
    struct imp_exif_value value;
    for (unsigned i = 0; imp_exif_entry(source, directory, i, &value); i++) {
        const struct tag *tag = find_tag(place, value.tag);
        if (!tag || seen[tag - tags])
            continue;
        seen[tag - tags] = true;
        if (may_come(tag, &value, privacy))
            add(block, place, value);
    }
}

/* The directory to which a tag points. */
static bool follow(const struct imp_exif *source, size_t directory, unsigned tag, size_t *to)
{
    struct imp_exif_value value;
    if (!imp_exif_find(source, directory, tag, &value) || value.size != 4)
        return false;
    *to = imp_exif_32(source, value.bytes);
    return true;
}

static void link_to(struct block *block, enum place from, unsigned tag)
{
    block->most = MOST_BYTES;
    add(block, from,
        (struct imp_exif_value){.tag = tag, .type = IMP_EXIF_LONG, .count = 1, .size = 4});
}

static void carry_all(struct block *block, const struct imp_exif *source,
                      enum impasto_privacy privacy)
{
    size_t exif, gps, interop;
    carry(block, IN_IMAGE, source, source->first, privacy);
    if (follow(source, source->first, TAG_EXIF, &exif)) {
        carry(block, IN_EXIF, source, exif, privacy);
        if (follow(source, exif, TAG_INTEROP, &interop)) {
            add_bytes(block, IN_INTEROP, 1, IMP_EXIF_ASCII, "R98", 4); /* goes with sRGB */
            add_bytes(block, IN_INTEROP, 2, IMP_EXIF_UNDEFINED, "0100", 4);
        }
    }
    if (follow(source, source->first, TAG_GPS, &gps))
        carry(block, IN_GPS, source, gps, privacy);
    if (block->directories[IN_GPS].count > 0)
        add_bytes(block, IN_GPS, TAG_GPS_VERSION, IMP_EXIF_BYTE, "\2\3\0\0", 4);
    link_to(block, IN_IMAGE, TAG_EXIF);
    if (block->directories[IN_GPS].count > 0)
        link_to(block, IN_IMAGE, TAG_GPS);
    if (block->directories[IN_INTEROP].count > 0)
        link_to(block, IN_EXIF, TAG_INTEROP);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum place target(unsigned tag)
{
    return tag == TAG_EXIF ? IN_EXIF : tag == TAG_GPS ? IN_GPS : IN_INTEROP;
}

static void write_directory(const struct block *block, enum place place, const size_t *starts,
                            unsigned char *bytes)
{
    const struct directory *d = &block->directories[place];
    unsigned char *entry = bytes + starts[place] + 2;
    size_t room = starts[place] + 2 + d->count * (size_t)ENTRY_SIZE + 4;
    put(block->big, d->count, 2, bytes + starts[place]);
    for (unsigned i = 0; i < d->count; i++, entry += ENTRY_SIZE) {
        const struct imp_exif_value *value = &d->values[i];
        put(block->big, value->tag, 2, entry);
        put(block->big, value->type, 2, entry + 2);
        put(block->big, value->count, 4, entry + 4);
        if (!value->bytes) {
            put(block->big, (uint32_t)starts[target(value->tag)], 4, entry + 8);
        } else if (value->size <= 4) {
            memcpy(entry + 8, value->bytes, value->size);
        } else {
            put(block->big, (uint32_t)room, 4, entry + 8);
            memcpy(bytes + room, value->bytes, value->size);
            room += even(value->size);
        }
    }
}

/* bytes: block->size zeros. */
static void write_block(const struct block *block, unsigned char *bytes)
{
    size_t starts[PLACES], end = 8;
    for (int place = 0; place < PLACES; place++) {
        starts[place] = end;
        end += block->directories[place].size;
    }
    bytes[0] = bytes[1] = block->big ? 'M' : 'I';
    put(block->big, 42, 2, bytes + 2);
    put(block->big, 8, 4, bytes + 4);
    for (int place = 0; place < PLACES; place++)
        if (block->directories[place].count > 0)
            write_directory(block, (enum place)place, starts, bytes);
}

static enum impasto_status finish(const struct block *block, struct impasto_block *written,
                                  struct impasto_error *error)
{
    unsigned char *bytes = calloc(1, block->size);
    if (!bytes)
        return imp_fail_memory(error, "EXIF", block->size);
    write_block(block, bytes);
    *written = (struct impasto_block){.data = bytes, .size = block->size};
    return IMPASTO_OK;
}

enum impasto_status imp_exif_select(const struct impasto_image *image, enum impasto_privacy privacy,
                                    struct impasto_block *selected, struct impasto_error *error)
{
    struct imp_exif source;
    if (privacy == IMPASTO_PRIVACY_NONE || !imp_exif_open(&image->metadata.exif, &source))
        return IMPASTO_OK;
    struct block *block = calloc(1, sizeof(*block));
    if (!block)
        return imp_fail_memory(error, "EXIF", sizeof(*block));
    *block = (struct block){.big = source.big, .size = 8, .most = MOST_BYTES - FOR_LINKS};
    state_picture(block, image);
    carry_all(block, &source, privacy);
    const enum impasto_status status = finish(block, selected, error);
    free(block);
    return status;
}

enum impasto_status imp_exif_signature(struct impasto_block *exif, struct impasto_error *error)
{
    struct block *block = calloc(1, sizeof(*block));
    if (!block)
        return imp_fail_memory(error, "EXIF", sizeof(*block));
    *block = (struct block){.size = 8, .most = MOST_BYTES};
    state_writer(block);
    const enum impasto_status status = finish(block, exif, error);
    free(block);
    return status;
}
