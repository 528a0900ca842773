/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_FILE_H
#define IMPASTO_FILE_H

/* Files as this library writes them: whole or not at all. */

#include <impasto/base.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Whether a file could be written at `path`, to ask before hours of work: IMPASTO_ERROR_OUTPUT
 * unless it is new or a regular file, in a folder that can be written to; IMPASTO_ERROR_MEMORY.
 * Nothing is touched.
 */
IMPASTO_API enum impasto_status impasto_file_check(const char *path,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes `size` bytes (NULL where 0) to a file as all of this library's are: whole or not at all.
 * It is written beside `path`, synced, and renamed; a link stays one, and what it leads to is
 * replaced, with the permissions that it had. IMPASTO_ERROR_OUTPUT where that fails,
 * IMPASTO_ERROR_MEMORY; the old file is untouched then.
 */
IMPASTO_API enum impasto_status impasto_file_write(const char *path, const void *bytes, size_t size,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * What to do where a file could not be opened, read or written, errno being `problem`, to follow
 * what strerror() says, as in this library's errors: "see whether the name is
 * right". Static. */
IMPASTO_API const char *impasto_file_advice(int problem);

#ifdef __cplusplus
}
#endif

#endif
