/* SPDX-License-Identifier: MIT */
#ifndef IMP_BASE_H
#define IMP_BASE_H

/*
 * The ground floor: errors, log lines, random numbers, checksums, whole-or-nothing files,
 * sandboxes, modules, the host's memory. Depends on nothing but the C library, zlib and
 * the public base.h and file.h.
 */

#include <impasto/base.h>
#include <impasto/file.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define IMP_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define IMP_PRINTF(format_index, first)
#endif

#define IMP_COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Leave the function with the status of `call` unless that is IMPASTO_OK. */
#define IMP_TRY(call)                                                                              \
    do {                                                                                           \
        const enum impasto_status imp_try_status = (call);                                         \
        if (imp_try_status != IMPASTO_OK)                                                          \
            return imp_try_status;                                                                 \
    } while (0)

/* ---- status.c -------------------------------------------------------------------------------- */

/* Writes the message (cut to fit, control characters replaced) and returns `status`. error: NULL
 * ok. */
enum impasto_status imp_fail(struct impasto_error *error, enum impasto_status status,
                             const char *format, ...) IMP_PRINTF(3, 4);

/* imp_fail for a failed allocation of host memory, of so many bytes, 0 where they are not known:
 * "out of memory for <what> (N MiB)", and what to do. */
enum impasto_status imp_fail_memory(struct impasto_error *error, const char *what, size_t bytes);

/* imp_fail for a file with which the system could not do what was asked of it, errno being
 * `problem`:
 * "<path>: <what>: <why>", and what to do. (file.c) */
enum impasto_status imp_fail_file(struct impasto_error *error, enum impasto_status status,
                                  const char *path, const char *what, int problem);

/* What looks at one file at a time does not see what these return (tests/static/run.py). */
#ifdef __clang_analyzer__
#define imp_fail(error, status, ...) ((void)(imp_fail)(error, status, __VA_ARGS__), (status))
#define imp_fail_memory(error, what, bytes)                                                        \
    ((void)(imp_fail_memory)(error, what, bytes), IMPASTO_ERROR_MEMORY)
#define imp_fail_file(error, status, path, what, problem)                                          \
    ((void)(imp_fail_file)(error, status, path, what, problem), (status))
#endif

/* Makes text that came from elsewhere fit to be shown as one line: control characters and bytes
 * that are not UTF-8 become '?', line breaks and tabs become spaces. In place; never longer. */
void imp_clean_line(char *text);

bool imp_is_utf8(const char *text);

/* ---- sized.c --------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_USAGE unless `theirs`, the struct_size of a caller's struct, is a size that this
 * version or an older one gives it. name: the struct's, for messages: "impasto_params". */
enum impasto_status imp_sized_check(const char *name, size_t theirs, size_t ours,
                                    struct impasto_error *error);
/* Copies a caller's struct over `ours`, of `size` bytes, which holds the defaults: members that an
 * older struct lacks keep them. Afterwards ours has our size. */
enum impasto_status imp_sized_take(const char *name, const void *theirs, void *ours, size_t size,
                                   struct impasto_error *error);

/* ---- log.c ----------------------------------------------------------------------------------- */

struct imp_log {
    impasto_log_fn write; /* NULL: silence */
    void *user;
};

/* log: NULL ok. */
void imp_log(const struct imp_log *log, enum impasto_log_level level, const char *format, ...)
    IMP_PRINTF(3, 4);

/* ---- rng.c ----------------------------------------------------------------------------------- */

/* Counter-based random numbers (Philox4x32-10, Salmon et al. 2011): the value depends on the three
 * arguments only, so streams can be drawn in any order and in parallel. */
uint32_t imp_rng_bits(uint64_t seed, uint32_t stream, uint64_t index);
/* Uniform in [0, 1), 24 bits. */
float imp_rng_uniform(uint64_t seed, uint32_t stream, uint64_t index);
/* Fills out[0..count) with N(0, 1) numbers `first`, `first + 1`, … of the stream (Box-Muller). */
void imp_rng_normal(uint64_t seed, uint32_t stream, uint64_t first, size_t count, float *out);

/* ---- checksum.c ------------------------------------------------------------------------------ */

/* CRC-32 (of PNG, gzip and others) of `size` bytes that follow those with the checksum `before`, 0
 * at first. It finds mistakes and damage, not malice. */
uint32_t imp_checksum(uint32_t before, const void *data, size_t size);

/* ---- file.c ---------------------------------------------------------------------------------- */

/* A file that appears under its name whole or not at all. */
struct imp_file {
    FILE *stream;
    char *path;      /* the target, links resolved */
    char *temporary; /* beside the target */
    int lock;        /* a descriptor that keeps the temporary file locked; -1: none */
    bool unsynced;   /* may be set before the commit: quick, but a power cut may ruin the file */
};

/* Opens the temporary file, for binary writing. */
enum impasto_status imp_file_create(struct imp_file *file, const char *path,
                                    struct impasto_error *error);
/* Flush, fsync, close, rename over the target, fsync the folder. On failure nothing is left behind
 * and the old target is untouched. Either way the imp_file is done with. */
enum impasto_status imp_file_commit(struct imp_file *file, struct impasto_error *error);
/* Gives up: closes and removes the temporary file. Safe on a zeroed or finished imp_file. */
void imp_file_abandon(struct imp_file *file);

/* ---- sandbox.c ------------------------------------------------------------------------------- */

/* Work on a hostile file in a child process that has memory and time of its own and, on Linux, may
 * do nothing but compute, read what is open, and send. What it sends is not to be trusted. */
struct imp_sandbox {
    uint64_t memory;  /* bytes that it may take beyond what the program has */
    unsigned seconds; /* of processor time */
    int descriptor;   /* the one that stays open; -1: none */
    bool opens;       /* it opens files itself, for reading, until imp_sandbox_seal() */
    bool threads;     /* it starts threads, for which all of this holds as well */
    void (*work)(void *user, int answer); /* runs in the child; what it sends goes to `answer` */
    void *user;
};

struct imp_sandbox_child {
    long process;
    int answer;
};

/* false: errno says why there is none. */
bool imp_sandbox_start(const struct imp_sandbox *sandbox, struct imp_sandbox_child *child);
/* imp_fail where there is none, errno being `problem`: a limit of the system or of the user's, with
 * which the file has nothing to do. task: "decode". */
enum impasto_status imp_sandbox_fail(struct impasto_error *error, const char *path,
                                     const char *task, int problem);
#ifdef __clang_analyzer__ /* as with imp_fail */
#define imp_sandbox_fail(error, path, task, problem)                                               \
    ((void)(imp_sandbox_fail)(error, path, task, problem), IMPASTO_ERROR_MEMORY)
#endif
/* Whether this kernel and this build filter system calls there. */
bool imp_sandbox_filtered(void);
/* In the child: from here on no file can be opened. */
void imp_sandbox_seal(void);
/* In the child; false: nobody listens. */
bool imp_sandbox_send(int answer, const void *bytes, size_t size);
/* false: the child has ended before it has sent all that. */
bool imp_sandbox_receive(const struct imp_sandbox_child *child, void *bytes, size_t size);
/* Waits for the end of a child, stopping what it still sends. NULL, or what has happened to it, as
 * in "the decoder <crashes>"; static. */
const char *imp_sandbox_end(const struct imp_sandbox_child *child);

/* ---- module.c -------------------------------------------------------------------------------- */

#define IMP_MODULE_PROBLEM 512
/* The table of that name in a module of the library: loaded when it is first asked for, before a
 * sandbox is started, which cannot; it stays. NULL: `problem` says why, as in "x.so is not
 * in /y". */
const void *imp_module_load(const char *file, const char *table, char problem[IMP_MODULE_PROBLEM]);

/* ---- temporary.c ----------------------------------------------------------------------------- */

/* Removes from the folder the temporary files of processes that are gone, makes a new one, and
 * locks it for as long as it or a duplicate of its descriptor is open. *name: its path, a new
 * string. Returns its descriptor, for writing, or -1 with errno set. Its permissions follow the
 * umask. */
int imp_temporary_open(const char *folder, char **name);

/* ---- host.c ---------------------------------------------------------------------------------- */

/* Bytes that this process may still take without the system running out: the least of available
 * memory, the control group's limit and RLIMIT_AS, each less what is used. UINT64_MAX: unknown. */
uint64_t imp_host_memory(void);
/* Seconds of a monotonic clock. */
double imp_host_seconds(void);
/* $XDG_CACHE_HOME/impasto or ~/.cache/impasto; a new string, or NULL where there is no home. */
char *imp_host_cache_dir(void);
/* $XDG_DATA_HOME/impasto or ~/.local/share/impasto; likewise. */
char *imp_host_data_dir(void);
/* Makes the folders that lead to a file, as far as there are none; false: errno says why not. */
bool imp_host_make_folders(char *path);

#endif
