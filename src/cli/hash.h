/* SPDX-License-Identifier: MIT */
#ifndef CLI_HASH_H
#define CLI_HASH_H

#include <stdbool.h>

#define CLI_HASH_SIZE 65 /* with the end */

/* SHA-256 of a file's bytes in hexadecimal, as sha256sum prints it. false: it cannot be read, or
 * hashing is not compiled in. */
bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE]);

#endif
