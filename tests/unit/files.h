/* SPDX-License-Identifier: MIT */
#ifndef TEST_FILES_H
#define TEST_FILES_H

/* Files for tests, sound and damaged, in a folder of the test's own. */

#include "base/base.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_SIZE 512

static char folder[PATH_SIZE / 2];

static inline int make_folder(void **state)
{
    (void)state;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/impasto-test-XXXXXX",
             temporary == NULL || strlen(temporary) > sizeof(folder) / 2 ? "/tmp" : temporary);
    /* Nothing of the user's may be found by the searches under test. */
    unsetenv("IMPASTO_WEIGHTS");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static inline void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char child[PATH_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int)sizeof(child) &&
            unlink(child) != 0)
            remove_tree(child);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static inline int remove_folder(void **state)
{
    (void)state;
    remove_tree(folder);
    return 0;
}

/* folder/name, in one of a few buffers by turns. */
static inline const char *in_folder(const char *name)
{
    static char paths[4][PATH_SIZE];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(paths[turn], PATH_SIZE, "%s/%s", folder, name);
    return paths[turn];
}

static inline void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The whole of a file, to be freed. */
static inline unsigned char *read_bytes(const char *path, size_t *size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    *size = (size_t)info.st_size;
    unsigned char *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    bytes[*size] = '\0';
    return bytes;
}

/*
 * Damages `size` bytes in a way that follows from `stream` and `round` alone: some changed, most of
 * them among the first `head`, or the end cut off, or a few taken out. Returns the new size.
 */
static inline size_t damage(const unsigned char *bytes, size_t size, size_t head, uint32_t stream,
                            int round, unsigned char *changed)
{
    uint64_t draw = (uint64_t)round * 64;
    memcpy(changed, bytes, size);
    const uint32_t kind = imp_rng_bits(20, stream, draw++) % 8;
    if (kind == 0)
        return imp_rng_bits(20, stream, draw++) % size;
    if (kind == 1) {
        const size_t at = imp_rng_bits(20, stream, draw++) % head;
        const size_t count = 1 + imp_rng_bits(20, stream, draw++) % 8;
        memmove(changed + at, changed + at + count, size - at - count);
        return size - count;
    }
    const uint32_t count = 1 + imp_rng_bits(20, stream, draw++) % 4;
    for (uint32_t j = 0; j < count; j++) {
        const uint32_t bits = imp_rng_bits(20, stream, draw++);
        const size_t at = imp_rng_bits(20, stream, draw++) % (bits % 16 == 0 ? size : head);
        if (bits & 0x100)
            changed[at] ^= (unsigned char)(1u << (bits >> 16 & 7));
        else
            changed[at] = (unsigned char)(bits >> 24);
    }
    return size;
}

#endif
