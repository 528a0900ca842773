/* SPDX-License-Identifier: MIT */
/* IPTC-IIM datasets, and the resources of Photoshop's in which files keep them. */

#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

/* "8BIM", a number, a name (here none: two zeros), a length; padded to even sizes. */
#define RESOURCE_HEAD 12
#define IPTC_RESOURCE 0x0404
/* A mark, record, number, length. */
#define DATASET_HEAD 5
/* Records that describe: the envelope and the application record. Others hold the object itself. */
enum { ENVELOPE = 1, APPLICATION = 2 };
/* In the application record, previews: their format, its version, their data. */
enum { FIRST_PREVIEW = 200, LAST_PREVIEW = 202 };

/* What IMPASTO_PRIVACY_PRIVATE leaves: the characters' set and version, without which the rest
 * cannot be read, the date, by-line, credit and copyright. */
static const unsigned char public[][2] = {
    {ENVELOPE, 0},     {ENVELOPE, 90},     {APPLICATION, 0},   {APPLICATION, 55},
    {APPLICATION, 80}, {APPLICATION, 110}, {APPLICATION, 116},
};

static uint32_t number(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool may_come(const unsigned char *dataset, enum impasto_privacy privacy)
{
    const unsigned char record = dataset[1], what = dataset[2];
    for (size_t i = 0; i < IMP_COUNT(public); i++)
        if (public[i][0] == record && public[i][1] == what)
            return true;
    return privacy == IMPASTO_PRIVACY_KEEP &&
           (record == ENVELOPE ||
            (record == APPLICATION && (what < FIRST_PREVIEW || what > LAST_PREVIEW)));
}

enum impasto_status imp_iptc_select(const struct impasto_block *iptc, enum impasto_privacy privacy,
                                    struct impasto_block *selected, struct impasto_error *error)
{
    if (privacy == IMPASTO_PRIVACY_NONE || iptc->size < DATASET_HEAD)
        return IMPASTO_OK;
    unsigned char *bytes = malloc(iptc->size);
    if (!bytes)
        return imp_fail_memory(error, "IPTC datasets", iptc->size);
    size_t size = 0, told = 0; /* told: of what says something, not only how to read it */
    for (size_t at = 0; at + DATASET_HEAD <= iptc->size && iptc->data[at] == 0x1c;) {
        const unsigned char *dataset = iptc->data + at;
        /* Lengths of 32 KiB and more have another form, which no text needs. */
        const size_t length = DATASET_HEAD + number(dataset + 3, 2);
        if ((dataset[3] & 0x80) || length > iptc->size - at)
            break;
        if (may_come(dataset, privacy) && size + length <= IMP_IPTC_MOST) {
            memcpy(bytes + size, dataset, length);
            size += length;
            told += dataset[1] == APPLICATION && dataset[2] != 0;
        }
        at += length;
    }
    if (told == 0) {
        free(bytes);
        return IMPASTO_OK;
    }
    *selected = (struct impasto_block){.data = bytes, .size = size};
    return IMPASTO_OK;
}

enum impasto_status imp_iptc_unwrap(const unsigned char *resources, size_t size,
                                    struct impasto_block *iptc, struct impasto_error *error)
{
    for (size_t at = 0; at + RESOURCE_HEAD <= size;) {
        const unsigned char *head = resources + at;
        const size_t name = (head[6] + (size_t)2) & ~(size_t)1; /* with its length, even */
        if (memcmp(head, "8BIM", 4) != 0 || at + 6 + name + 4 > size)
            return IMPASTO_OK;
        const size_t start = at + 6 + name + 4, length = number(resources + start - 4, 4);
        if (length > size - start)
            return IMPASTO_OK;
        if (number(head + 4, 2) == IPTC_RESOURCE)
            return imp_block_take(resources + start, length, iptc, error);
        at = start + length + length % 2;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_iptc_wrap(const struct impasto_block *iptc, const void *prefix,
                                  size_t prefix_size, struct impasto_block *resources,
                                  struct impasto_error *error)
{
    const size_t size = prefix_size + RESOURCE_HEAD + iptc->size + iptc->size % 2;
    unsigned char *bytes = calloc(1, size);
    if (!bytes)
        return imp_fail_memory(error, "IPTC datasets", size);
    unsigned char *head = bytes + prefix_size;
    memcpy(bytes, prefix, prefix_size);
    memcpy(head, "8BIM", 4);
    head[4] = IPTC_RESOURCE >> 8;
    head[5] = IPTC_RESOURCE & 0xff;
    for (int i = 0; i < 4; i++)
        head[8 + i] = (unsigned char)(iptc->size >> (24 - 8 * i));
    memcpy(head + RESOURCE_HEAD, iptc->data, iptc->size);
    *resources = (struct impasto_block){.data = bytes, .size = size};
    return IMPASTO_OK;
}
