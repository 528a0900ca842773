/* SPDX-License-Identifier: MIT */
/* Names for files about a device: the text of all that their contents depend on, and its hash. */

#include "device/opencl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t imp_hash(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u; /* the prime of 64-bit FNV */
    return hash;
}

void imp_device_key(const struct impasto_device_info *info, char key[IMP_DEVICE_KEY])
{
    uint64_t hash = IMP_HASH_START;
    for (size_t i = 0; i < imp_source_count; i++)
        hash = imp_hash(hash, imp_sources[i].text, strlen(imp_sources[i].text));
    snprintf(key, IMP_DEVICE_KEY, "%s | %s | %s | %u units | %s %016" PRIx64, info->name,
             info->platform, info->driver, info->compute_units, impasto_version(), hash);
    for (char *c = key; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

char *imp_keyed_path(char *folder, const char *kind, const char *key, const char *suffix)
{
    static const char pattern[] = "%s/%s/%016llx.%s";
    if (folder == NULL)
        return NULL;
    const size_t size = strlen(folder) + strlen(kind) + strlen(suffix) + sizeof(pattern) + 16;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, pattern, folder, kind,
                 (unsigned long long)imp_hash(IMP_HASH_START, key, strlen(key)), suffix);
    free(folder);
    return path;
}
