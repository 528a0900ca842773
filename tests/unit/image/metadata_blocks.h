/* SPDX-License-Identifier: MIT */
#ifndef TEST_METADATA_BLOCKS_H
#define TEST_METADATA_BLOCKS_H

/* Blocks of metadata: what is in them, and what of them a result has. */

#include "fixtures.h"
#include "image_files.h"

#include "image/formats.h"

/* The text's own bytes; not to be freed. */
struct impasto_block text_block(const char *text);
bool contains(const struct impasto_block *block, const void *bytes, size_t size);
bool says(const struct impasto_block *block, const char *text);

/* What a result of 40x30 pixels has of a source's metadata; to be freed. */
struct impasto_metadata select_from(const struct impasto_metadata *metadata,
                                    enum impasto_privacy privacy);

/* A number of so many bytes. big: the first one is the highest. */
void put(bool big, uint32_t value, int count, unsigned char *to);
/* The EXIF of a camera that says much, with a thumbnail and previews wherever one was ever seen.
 * data is to be freed. */
struct impasto_block camera_exif(bool big);
/* The number or offset of a tag in the first directory or, with a link, in the one that this tag
 * of it points to; UINT32_MAX: it has none. */
uint32_t number_of(const struct impasto_block *block, unsigned link, unsigned tag);

#endif
