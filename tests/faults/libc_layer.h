/* SPDX-License-Identifier: MIT */
#ifndef LIBC_LAYER_H
#define LIBC_LAYER_H

/*
 * Makes the n-th call of a kind fail, of those that come from our own objects: a library that
 * stands before libc, by linking or by LD_PRELOAD. A program that is not linked with it is told by
 * the environment: IMPASTO_FAULT="allocate:17", and IMPASTO_FAULT_MARK names a file whose
 * first byte is 1 once the call has failed.
 */

#include <stdbool.h>

/* The kinds by name: "allocate" (malloc, calloc, realloc, strdup, strndup, open_memstream), "open"
 * (open, fopen, fdopen), "write" (write, fwrite, fputs, fputc, fprintf,
 * fflush), "sync" (fsync), "close" (close,
 * fclose, which do close, but say that data was lost), "rename", and "make" (mkdir, pipe). */
extern const char *const fault_kinds[]; /* ends with NULL */

/* The n-th call from now on fails, counted from 1; 0: none. */
void fault_arm(const char *kind, long n);
/* Whether it has. Disarms. */
bool fault_fired(void);

#endif
