/* SPDX-License-Identifier: MIT */
/*
 * An ICC profile of sRGB (IEC 61966-2-1), which JPEG files need: without one, screens with more
 * colours show them more vivid. Of version 2, which every program reads: primaries that are adapted
 * to D50, and one curve for all channels, as a table.
 */

#include "image/formats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS 1024 /* 0 to 1; straight lines between them are exact to 16 bits */

struct writer {
    unsigned char *bytes; /* NULL: only counts */
    size_t size;
};

static void put(struct writer *w, uint32_t value, int count)
{
    for (int i = count; i-- > 0; w->size++)
        if (w->bytes)
            w->bytes[w->size] = (unsigned char)(value >> 8 * i);
}

static void put_text(struct writer *w, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(w, (unsigned char)text[i], 1);
}

static void put_zeros(struct writer *w, int count)
{
    for (int i = 0; i < count; i++)
        put(w, 0, 1);
}

/* In units of 2^-16. */
static void put_xyz(struct writer *w, uint32_t x, uint32_t y, uint32_t z)
{
    put(w, x, 4);
    put(w, y, 4);
    put(w, z, 4);
}

static double decode(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* ---- What tags hold, each of a multiple of 4 bytes ------------------------------------------- */

static void description(struct writer *w)
{
    static const char name[] = "sRGB";
    put_text(w, "desc\0\0\0", 8);
    put(w, sizeof(name), 4);
    put_text(w, name, sizeof(name));
    put_zeros(w, 4 + 4 + 2 + 1 + 67); /* the name in other writings: none */
    put_zeros(w, 1);
}

static void copyright(struct writer *w)
{
    put_text(w, "text\0\0\0\0CC0\0", 12);
}

static void white(struct writer *w)
{
    put_text(w, "XYZ \0\0\0", 8);
    put_xyz(w, 0xf6d6, 0x10000, 0xd32d);
}

static void red(struct writer *w)
{
    put_text(w, "XYZ \0\0\0", 8);
    put_xyz(w, 0x6fa0, 0x38f5, 0x0390);
}

static void green(struct writer *w)
{
    put_text(w, "XYZ \0\0\0", 8);
    put_xyz(w, 0x6297, 0xb787, 0x18d9);
}

static void blue(struct writer *w)
{
    put_text(w, "XYZ \0\0\0", 8);
    put_xyz(w, 0x249f, 0x0f84, 0xb6c3);
}

static void curve(struct writer *w)
{
    put_text(w, "curv\0\0\0", 8);
    put(w, CURVE_POINTS, 4);
    for (int i = 0; i < CURVE_POINTS; i++)
        put(w, (uint32_t)(65535 * decode((double)i / (CURVE_POINTS - 1)) + 0.5), 2);
}

static const struct {
    const char *name;
    void (*write)(struct writer *w);
} tags[] =
    {
        {"desc", description}, {"cprt", copyright}, {"wtpt", white}, {"rXYZ", red},
        {"gXYZ", green},       {"bXYZ", blue},      {"rTRC", curve}, {"gTRC", curve},
        {"bTRC", curve}, /* one after the other: stored once */
};

/* ---- The whole ------------------------------------------------------------------------------- */

static void header(struct writer *w, size_t size)
{
    put(w, (uint32_t)size, 4);
    put_zeros(w, 4);
    put(w, 0x02400000, 4);
    put_text(w, "mntrRGB XYZ ", 12);
    put(w, 2026, 2); /* a date, the same for all */
    put(w, 1, 2);
    put(w, 1, 2);
    put_zeros(w, 6);
    put_text(w, "acsp", 4);
    put_zeros(w, 28);
    put_xyz(w, 0xf6d6, 0x10000, 0xd32d);
    put_zeros(w, 48);
}

static void write_profile(struct writer *w, size_t size)
{
    size_t start = 132 + 12 * IMP_COUNT(tags), length = 0;
    header(w, size);
    put(w, IMP_COUNT(tags), 4);
    for (size_t i = 0; i < IMP_COUNT(tags); i++) {
        if (i == 0 || tags[i].write != tags[i - 1].write) {
            struct writer counter = {0};
            tags[i].write(&counter);
            start += length;
            length = counter.size;
        }
        put_text(w, tags[i].name, 4);
        put(w, (uint32_t)start, 4);
        put(w, (uint32_t)length, 4);
    }
    for (size_t i = 0; i < IMP_COUNT(tags); i++)
        if (i == 0 || tags[i].write != tags[i - 1].write)
            tags[i].write(w);
}

enum impasto_status imp_srgb_profile(struct impasto_block *profile, struct impasto_error *error)
{
    struct writer w = {0};
    write_profile(&w, 0);
    const size_t size = w.size;
    w = (struct writer){.bytes = malloc(size)};
    if (!w.bytes)
        return imp_fail_memory(error, "a colour profile", size);
    write_profile(&w, size);
    *profile = (struct impasto_block){.data = w.bytes, .size = size};
    return IMPASTO_OK;
}

bool imp_srgb_profile_is(const void *bytes, size_t size)
{
    struct impasto_block ours = {0};
    struct impasto_error ignored;
    if (imp_srgb_profile(&ours, &ignored) != IMPASTO_OK)
        return false;
    const bool same = ours.size == size && memcmp(ours.data, bytes, size) == 0;
    free(ours.data);
    return same;
}
