/* SPDX-License-Identifier: MIT */
/* SHA-256 of files by nettle, the only file that knows it. */

#include "cli/common/common.h"

#ifdef IMP_HAVE_NETTLE

#include <nettle/sha2.h>
#include <stdio.h>

#define PIECE 16384 /* bytes read at a time, on the stack: a batch hashes in several threads */

bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE])
{
    unsigned char piece[PIECE];
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    sha256_init(&context);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        sha256_update(&context, got, piece);
    const bool whole = !ferror(file);
    fclose(file);
    sha256_digest(&context, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return whole;
}

#else

bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE])
{
    (void)path, (void)hex;
    return false;
}

#endif
