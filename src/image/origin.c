/* SPDX-License-Identifier: MIT */
/* Whether this library wrote a file. Only the heads of chunks and segments are looked at, and
 * nothing is decoded. Nothing that they say is believed without a look. The number of steps is
 * bounded. */

#include "base/os.h"
#include "image/formats.h"

#include <string.h>

/* Of chunks, segments or directory entries that are looked at. A PNG of 100 megapixels has fewer.
 */
#define MOST_STEPS 50000
/* Where the name of the program stands, only so much of it is looked at. */
#define LONGEST_WRITER 64

static const char writer[] = "Impasto ";

/* A part of a file, from `start` on: a file of its own inside another, such as EXIF in a JPEG. */
struct part {
    int descriptor;
    uint64_t start, size;
};

static bool get(const struct part *part, uint64_t at, void *bytes, size_t size)
{
    return at <= part->size && size <= part->size - at &&
           imp_os_read_at(part->descriptor, bytes, size, part->start + at) == (ptrdiff_t)size;
}

static uint32_t big(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t little(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* Whether the text is the name of this program with a version, "Impasto 0.1.0", and nothing else:
 * "Impasto 3, oil on canvas" is somebody's title. */
static bool is_writer(const struct part *part, uint64_t at, uint64_t size)
{
    char text[LONGEST_WRITER + 1] = {0};
    if (size > LONGEST_WRITER || !get(part, at, text, (size_t)size) ||
        strncmp(text, writer, sizeof(writer) - 1) != 0)
        return false;
    const char *version = text + sizeof(writer) - 1;
    const size_t number = strspn(version, "0123456789");
    return number > 0 && version[number] == '.' &&
           strspn(version, "0123456789.abcdefghijklmnopqrstuvwxyz-+") == strlen(version);
}

/* ---- PNG ------------------------------------------------------------------------------------- */

/* The settings, or tEXt with the program's name. Other kinds of text chunks have the settings where
 * another program has written them. */
static bool is_png_text(const struct part *part, uint64_t at, uint32_t size)
{
    static const char software[] = "Software";
    char keyword[sizeof(software)];
    if (size < sizeof(keyword) || !get(part, at, keyword, sizeof(keyword)))
        return false;
    if (memcmp(keyword, IMP_IMAGE_SETTINGS_KEYWORD, sizeof(IMP_IMAGE_SETTINGS_KEYWORD)) == 0)
        return true;
    return memcmp(keyword, software, sizeof(software)) == 0 &&
           is_writer(part, at + sizeof(software), size - sizeof(software));
}

static bool in_png(const struct part *part)
{
    unsigned char head[8]; /* length, type; data and a checksum follow */
    uint64_t at = 8;
    for (int step = 0; step < MOST_STEPS && get(part, at, head, sizeof(head)); step++) {
        const uint32_t size = big(head, 4);
        const bool text = memcmp(head + 4, "tEXt", 4) == 0 || memcmp(head + 4, "zTXt", 4) == 0 ||
                          memcmp(head + 4, "iTXt", 4) == 0;
        if (text && is_png_text(part, at + sizeof(head), size))
            return true;
        at += sizeof(head) + (uint64_t)size + 4;
    }
    return false;
}

/* ---- TIFF, and EXIF everywhere --------------------------------------------------------------- */

/* The Software tag of the first directory. */
static bool in_tiff(const struct part *part)
{
    enum { SOFTWARE = 0x0131, ASCII = 2 };
    unsigned char head[8], entry[12]; /* tag, type, count, value or its place */
    if (!get(part, 0, head, sizeof(head)))
        return false;
    const bool motorola = head[0] == 'M';
    uint32_t (*const number)(const unsigned char *, int) = motorola ? big : little;
    if (memcmp(head, motorola ? "MM" : "II", 2) != 0 || number(head + 2, 2) != 42)
        return false;
    const uint64_t directory = number(head + 4, 4);
    if (!get(part, directory, head, 2))
        return false;
    const uint32_t count = number(head, 2);
    for (uint32_t i = 0; i < count && i < MOST_STEPS; i++) {
        if (!get(part, directory + 2 + sizeof(entry) * (uint64_t)i, entry, sizeof(entry)))
            return false;
        if (number(entry, 2) == SOFTWARE && number(entry + 2, 2) == ASCII)
            return is_writer(part, number(entry + 8, 4), number(entry + 4, 4));
    }
    return false;
}

/* An EXIF block, with the mark that JPEG has, and that some write elsewhere, too. */
static bool in_exif(const struct part *part, uint64_t at, uint32_t size)
{
    static const char mark[6] = "Exif\0";
    char head[sizeof(mark)];
    struct part block = {part->descriptor, part->start + at, size};
    if (at > part->size || size > part->size - at || !get(&block, 0, head, sizeof(head)))
        return false;
    if (memcmp(head, mark, sizeof(mark)) == 0) {
        block.start += sizeof(mark);
        block.size -= sizeof(mark);
    }
    return in_tiff(&block);
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

static bool in_jpeg(const struct part *part)
{
    enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1, COM = 0xfe };
    unsigned char head[4]; /* 255, marker, length from there on */
    uint64_t at = 2;
    for (int step = 0; step < MOST_STEPS && get(part, at, head, sizeof(head)); step++) {
        if (head[0] != 0xff || head[1] == SOI || head[1] == EOI || head[1] == SOS)
            return false;
        if (head[1] == 0xff) { /* fills up */
            at++;
            continue;
        }
        const uint32_t size = big(head + 2, 2);
        if (size < 2)
            return false;
        if ((head[1] == COM && is_writer(part, at + 4, size - 2)) ||
            (head[1] == APP1 && in_exif(part, at + 4, size - 2)))
            return true;
        at += 2 + size;
    }
    return false;
}

/* ---- WebP ------------------------------------------------------------------------------------ */

static bool in_riff(const struct part *part)
{
    unsigned char head[8]; /* type, length */
    uint64_t at = 12;
    for (int step = 0; step < MOST_STEPS && get(part, at, head, sizeof(head)); step++) {
        const uint32_t size = little(head + 4, 4);
        if (memcmp(head, "EXIF", 4) == 0 && in_exif(part, at + sizeof(head), size))
            return true;
        at += sizeof(head) + (uint64_t)size + size % 2;
    }
    return false;
}

/* ---- Any of them ----------------------------------------------------------------------------- */

/* To add a format that is written: a row. */
static const struct {
    const char *head;
    size_t size;
    bool (*is_ours)(const struct part *part);
} kinds[] = {
    {"\x89PNG\r\n\x1a\n", 8, in_png},
    {"\xff\xd8\xff", 3, in_jpeg},
    {"II*\0", 4, in_tiff},
    {"MM\0*", 4, in_tiff},
    {"RIFF", 4, in_riff},
};

static bool is_ours(int descriptor)
{
    /* A file that ends earlier is noticed when it is read. */
    const struct part file = {.descriptor = descriptor, .size = INT64_MAX};
    for (size_t i = 0; i < IMP_COUNT(kinds); i++) {
        char head[8];
        if (get(&file, 0, head, kinds[i].size) && memcmp(head, kinds[i].head, kinds[i].size) == 0)
            return kinds[i].is_ours(&file);
    }
    return false;
}

enum impasto_status impasto_image_is_result(const char *path, bool *result,
                                            struct impasto_error *error)
{
    FILE *stream;
    IMP_TRY(imp_image_open(path, &stream, error));
    *result = is_ours(fileno(stream));
    fclose(stream);
    return IMPASTO_OK;
}
