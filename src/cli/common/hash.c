/* SPDX-License-Identifier: MIT */
/* Hashes of files by nettle, the only file that knows it. */

#include "cli/common/common.h"

#ifdef IMP_HAVE_NETTLE

#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>
#include <stdio.h>

#define PIECE 16384 /* bytes read at a time, on the stack: a batch hashes in several threads */

static bool hash_file(const struct nettle_hash *hash, const char *path, char hex[CLI_HASH_SIZE])
{
    unsigned char piece[PIECE];
    union {
        struct sha256_ctx sha256;
        struct md5_ctx md5;
    } context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    hash->init(&context);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        hash->update(&context, got, piece);
    const bool whole = !ferror(file);
    fclose(file);
    hash->digest(&context, hash->digest_size, digest);
    for (size_t i = 0; i < hash->digest_size; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return whole;
}

bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE])
{
    return hash_file(&nettle_sha256, path, hex);
}

bool cli_hash_file_md5(const char *path, char hex[CLI_HASH_SIZE])
{
    return hash_file(&nettle_md5, path, hex);
}

#else

bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE])
{
    (void)path, (void)hex;
    return false;
}

bool cli_hash_file_md5(const char *path, char hex[CLI_HASH_SIZE])
{
    (void)path, (void)hex;
    return false;
}

#endif
