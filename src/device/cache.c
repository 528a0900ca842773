/* SPDX-License-Identifier: MIT */
/*
 * Compiled programs on disk, in the cache folder's "kernels". A file is a header, the whole key,
 * and the binary. It is used only when all of it checks out. So a cut, damaged or foreign file
 * costs a compilation and nothing else.
 *
 * $IMPASTO_CACHE set to "off" or to nothing: there is no cache. "on": it also serves drivers that
 * have a cache of their own.
 */

#include "base/os.h"
#include "device/opencl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Larger files are not ours: the binaries of all our kernels together are a few MiB. */
#define FILE_LIMIT ((uint64_t)64 << 20)

/* In the machine's own byte order: a foreign one fails the checks. */
struct header {
    char magic[8];
    uint64_t key_size, binary_size; /* bytes */
    uint64_t checksum;              /* of key and binary */
};

static const char magic[8] = {'i', 'm', 'p', 'k', 'e', 'r', 'n', '1'};

bool imp_cache_wanted(const struct imp_device *device)
{
    const char *setting = getenv("IMPASTO_CACHE");
    if (setting != NULL && (setting[0] == '\0' || strcmp(setting, "off") == 0))
        return false;
    return (setting != NULL && strcmp(setting, "on") == 0) ||
           (device->caps.quirks & IMP_QUIRK_OWN_KERNEL_CACHE) == 0;
}

static char *cache_path(const char *key)
{
    return imp_keyed_path(imp_host_cache_dir(), "kernels", key, "bin");
}

/* Opens a regular file without waiting for a pipe's other end. NULL where there is none. */
static FILE *open_regular(const char *path, uint64_t *size)
{
    struct imp_os_about about;
    const int descriptor = imp_os_open(path, IMP_OS_READ_NOW);
    if (descriptor < 0)
        return NULL;
    FILE *stream = NULL;
    if (imp_os_look_open(descriptor, &about) && about.kind == IMP_OS_FILE) {
        *size = about.size;
        stream = imp_os_stream(descriptor, "rb");
    }
    if (stream == NULL)
        imp_os_close(descriptor);
    return stream;
}

/* Reads and checks what follows the header; the binary as a new block, or NULL. */
static unsigned char *read_body(FILE *stream, const struct header *header, const char *key)
{
    const size_t key_size = (size_t)header->key_size, binary_size = (size_t)header->binary_size;
    unsigned char *body = malloc(key_size + binary_size);
    if (body == NULL)
        return NULL;
    if (fread(body, 1, key_size + binary_size, stream) != key_size + binary_size ||
        memcmp(body, key, key_size) != 0 ||
        imp_hash(IMP_HASH_START, body, key_size + binary_size) != header->checksum) {
        free(body);
        return NULL;
    }
    memmove(body, body + key_size, binary_size);
    return body;
}

unsigned char *imp_cache_load(struct imp_device *device, const char *key, size_t *size)
{
    struct header header;
    uint64_t file_size = 0;
    unsigned char *binary = NULL;
    char *path = cache_path(key);
    FILE *stream = path == NULL ? NULL : open_regular(path, &file_size);
    if (stream == NULL) {
        free(path);
        return NULL;
    }
    if (file_size <= FILE_LIMIT && fread(&header, sizeof(header), 1, stream) == 1 &&
        memcmp(header.magic, magic, sizeof(magic)) == 0 && header.key_size == strlen(key) &&
        header.binary_size > 0 && header.binary_size <= FILE_LIMIT &&
        sizeof(header) + header.key_size + header.binary_size == file_size)
        binary = read_body(stream, &header, key);
    fclose(stream);
    if (binary != NULL)
        *size = (size_t)header.binary_size;
    imp_log(&device->log, IMPASTO_LOG_DEBUG,
            binary != NULL ? "kernel cache: %s" : "kernel cache: %s is damaged or foreign", path);
    free(path);
    return binary;
}

/* Not synced: a file that a power cut ruins is found out by its checksum. */
static enum impasto_status write_file(char *path, const struct header *header, const char *key,
                                      const unsigned char *binary, struct impasto_error *error)
{
    struct imp_file file;
    struct imp_os_about about;
    if (!imp_host_make_folders(path))
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "its folder cannot be made", errno);
    /* A pipe, say: nothing that is kept here. */
    if (imp_os_look_at_link(path, &about) && about.kind != IMP_OS_FILE &&
        about.kind != IMP_OS_FOLDER)
        (void)imp_os_remove(path);
    IMP_TRY(imp_file_create(&file, path, error));
    file.unsynced = true;
    /* What fails is found by the commit. */
    (void)!fwrite(header, sizeof(*header), 1, file.stream);
    (void)!fwrite(key, 1, (size_t)header->key_size, file.stream);
    (void)!fwrite(binary, 1, (size_t)header->binary_size, file.stream);
    return imp_file_commit(&file, error);
}

void imp_cache_store(struct imp_device *device, const char *key, const unsigned char *binary,
                     size_t size)
{
    const size_t key_size = strlen(key);
    char *path = sizeof(struct header) + key_size + size > FILE_LIMIT ? NULL : cache_path(key);
    if (path == NULL)
        return;
    struct header header = {.key_size = key_size, .binary_size = size};
    memcpy(header.magic, magic, sizeof(magic));
    header.checksum = imp_hash(imp_hash(IMP_HASH_START, key, key_size), binary, size);
    struct impasto_error error = {0};
    if (write_file(path, &header, key, binary, &error) != IMPASTO_OK)
        imp_log(&device->log, IMPASTO_LOG_DEBUG, "kernel cache: cannot be written: %s",
                error.message);
    free(path);
}
