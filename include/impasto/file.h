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
 * Checks whether a file could be written at `path`. Programs ask before hours of work. Nothing is
 * touched.
 *
 * IMPASTO_OK: the folder can be written to, and `path` is new or a regular file. Otherwise
 * IMPASTO_ERROR_OUTPUT, or IMPASTO_ERROR_MEMORY.
 */
IMPASTO_API enum impasto_status impasto_file_check(const char *path,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes `size` bytes to a file: whole or not at all, as this library writes all its files.
 *
 * The bytes go to a new file beside `path`, which is synced and then renamed. The permissions of an
 * old file are kept. A symbolic link stays one: the file it leads to is replaced.
 *
 * bytes: may be NULL where size is 0.
 *
 * IMPASTO_ERROR_OUTPUT, IMPASTO_ERROR_MEMORY: nothing was written, and an old file is untouched.
 */
IMPASTO_API enum impasto_status impasto_file_write(const char *path, const void *bytes, size_t size,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * What to do about a file that could not be opened, read or written. It is meant to follow the text
 * of strerror(), as in this library's errors. Static.
 *
 * problem: the value of errno. Example: ENOENT gives "see whether the name is right".
 */
IMPASTO_API const char *impasto_file_advice(int problem);

#ifdef __cplusplus
}
#endif

#endif
