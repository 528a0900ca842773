/* SPDX-License-Identifier: MIT */
#ifndef TEST_FILES_H
#define TEST_FILES_H

/* Files for tests, sound and damaged, in a folder of the test's own. */

#include "base/base.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_SIZE 512

/* The test's own folder, between make_folder() and remove_folder(). */
extern char folder[PATH_SIZE / 2];

/* Makes it, below $TMPDIR or /tmp: set-up of a group or of a test. */
int make_folder(void **state);

/* Removes it with everything in it: the tear-down. */
int remove_folder(void **state);

/* folder/name, in one of a few buffers by turns. */
const char *in_folder(const char *name);

/* How many entries the folder has. */
int count_files(void);

/* Makes `bytes` the content of a file. */
void write_bytes(const char *path, const void *bytes, size_t size);

/* The whole of a file, with a zero behind it, to be freed. */
unsigned char *read_bytes(const char *path, size_t *size);

/*
 * Damages `size` bytes in a way that follows from `stream` and `round` alone: some changed, most of
 * them among the first `head`, or the end cut off, or a few taken out. Returns the new size.
 */
size_t damage(const unsigned char *bytes, size_t size, size_t head, uint32_t stream, int round,
              unsigned char *changed);

#endif
