/* SPDX-License-Identifier: MIT */
#ifndef TEST_WEIGHTS_FILES_H
#define TEST_WEIGHTS_FILES_H

/* Files for the tests of weights, in a folder of the test's own. */

#include "net/weights.h"

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
    snprintf(folder, sizeof(folder), "%s/impasto-weights-XXXXXX",
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

/* Opens what must be refused, for a reason that the message names in one line. */
static inline void expect_refusal(const char *path, const char *reason)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    const enum impasto_status status =
        impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error);
    if (status != IMPASTO_ERROR_WEIGHTS || strstr(error.message, reason) == NULL)
        fail_msg("expected \"%s\", got %d: %s", reason, (int)status, error.message);
    assert_int_equal(error.status, status);
    assert_null(weights);
    assert_null(strchr(error.message, '\n'));
    if (path != NULL)
        assert_non_null(strstr(error.message, path));
    assert_int_equal(impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, NULL), status);
}

static inline struct impasto_weights *expect_weights(const char *path, int layers)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    if (impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_int_equal(impasto_weights_info(weights)->layers, layers);
    return weights;
}

static inline const struct imp_layer_weights *layer_of(const struct impasto_weights *weights,
                                                       int layer)
{
    const struct imp_layer_weights *found = NULL;
    assert_int_equal(imp_weights_layer(weights, layer, &found, NULL), IMPASTO_OK);
    return found;
}

/*
 * Damages a sound file in `rounds` ways that follow from `stream` alone: bytes changed, most of
 * them among the first `head`, or the end cut off, or bytes taken out. Whatever comes of it,
 * opening must end in weights or in a message. Returns how many were refused.
 */
static inline int open_damaged(const char *sound, const char *path, size_t head, uint32_t stream,
                               int rounds)
{
    size_t size;
    int refused = 0;
    unsigned char *bytes = read_bytes(sound, &size);
    unsigned char *changed = malloc(size);
    assert_non_null(changed);
    for (int i = 0; i < rounds; i++) {
        uint64_t draw = (uint64_t)i * 64;
        size_t length = size;
        memcpy(changed, bytes, size);
        const uint32_t kind = imp_rng_bits(20, stream, draw++) % 8;
        if (kind == 0) {
            length = imp_rng_bits(20, stream, draw++) % size;
        } else if (kind == 1) {
            const size_t at = imp_rng_bits(20, stream, draw++) % head;
            const size_t count = 1 + imp_rng_bits(20, stream, draw++) % 8;
            length = size - count;
            memmove(changed + at, changed + at + count, size - at - count);
        } else {
            const uint32_t count = 1 + imp_rng_bits(20, stream, draw++) % 4;
            for (uint32_t j = 0; j < count; j++) {
                const uint32_t bits = imp_rng_bits(20, stream, draw++);
                const size_t at = imp_rng_bits(20, stream, draw++) % (bits % 16 == 0 ? size : head);
                if (bits & 0x100)
                    changed[at] ^= (unsigned char)(1u << (bits >> 16 & 7));
                else
                    changed[at] = (unsigned char)(bits >> 24);
            }
        }
        write_bytes(path, changed, length);
        struct impasto_weights *weights = NULL;
        struct impasto_error error = {0};
        const enum impasto_status status =
            impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error);
        if (status == IMPASTO_OK) {
            assert_non_null(weights);
            assert_true(weights->info.layers >= 1);
        } else {
            refused++;
            assert_null(weights);
            assert_true(error.message[0] != '\0' && strchr(error.message, '\n') == NULL);
        }
        impasto_weights_close(&weights);
    }
    free(changed);
    free(bytes);
    return refused;
}

#endif
