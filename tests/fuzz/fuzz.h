/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

/* What the fuzz targets share. Each is a program of libFuzzer's, see run.py. */

#include "base/base.h"

#include <impasto/impasto.h>

#include <stddef.h>
#include <stdint.h>

/* The name of a file that holds these bytes, until the next call. It is in memory only. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* Stops where a call did not keep to the rules: a refusal has a documented status and one line of
 * sound text, and anything else none. */
void fuzz_check(enum impasto_status status, const struct impasto_error *error);

/* Chooses what a picture that was read is saved with, and saves one of sixteen. */
void fuzz_save(const struct impasto_image *image);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
