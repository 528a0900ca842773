/* SPDX-License-Identifier: MIT */
#ifndef IMP_BASE_H
#define IMP_BASE_H

/*
 * The ground floor: errors, log lines, random numbers, checksums, whole-or-nothing files,
 * sandboxes, modules, the host's memory. It needs only the C library, zlib and the public headers
 * base.h and file.h.
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

/* Leaves the function with the status of `call`, unless that is IMPASTO_OK. */
#define IMP_TRY(call)                                                                              \
    do {                                                                                           \
        const enum impasto_status imp_try_status = (call);                                         \
        if (imp_try_status != IMPASTO_OK)                                                          \
            return imp_try_status;                                                                 \
    } while (0)

/* ---- status.c -------------------------------------------------------------------------------- */

/* Writes the message and returns `status`. The message is cut to fit, and control characters are
 * replaced. error: NULL is allowed. */
enum impasto_status imp_fail(struct impasto_error *error, enum impasto_status status,
                             const char *format, ...) IMP_PRINTF(3, 4);

/* imp_fail for a failed allocation of host memory: "out of memory for <what> (N MiB)", and what to
 * do. bytes: 0 where they are not known. */
enum impasto_status imp_fail_memory(struct impasto_error *error, const char *what, size_t bytes);

/* imp_fail for a file that could not be opened, read or written: "<path>: <what>: <why>", and what
 * to do. problem: the value of errno. (file.c) */
enum impasto_status imp_fail_file(struct impasto_error *error, enum impasto_status status,
                                  const char *path, const char *what, int problem);

/* The static analyzer looks at one file at a time. It does not see what these return, so it is told
 * here (tests/static/run.py). */
#ifdef __clang_analyzer__
#define imp_fail(error, status, ...) ((void)(imp_fail)(error, status, __VA_ARGS__), (status))
#define imp_fail_memory(error, what, bytes)                                                        \
    ((void)(imp_fail_memory)(error, what, bytes), IMPASTO_ERROR_MEMORY)
#define imp_fail_file(error, status, path, what, problem)                                          \
    ((void)(imp_fail_file)(error, status, path, what, problem), (status))
#endif

/* Makes foreign text fit to be shown as one line. Control characters and bytes that are not UTF-8
 * become '?'. Line breaks and tabs become spaces. It works in place, and the text gets no longer.
 */
void imp_clean_line(char *text);

bool imp_is_utf8(const char *text);

/* ---- sized.c --------------------------------------------------------------------------------- */

/* Checks `theirs`, the struct_size of a caller's struct. IMPASTO_ERROR_USAGE unless it is a size
 * that this version or an older one gives the struct. name: the struct's, for messages:
 * "impasto_params". */
enum impasto_status imp_sized_check(const char *name, size_t theirs, size_t ours,
                                    struct impasto_error *error);
/* Copies a caller's struct over `ours`, which has `size` bytes and holds the defaults. Members that
 * an older struct lacks keep them. Afterwards struct_size is ours. */
enum impasto_status imp_sized_take(const char *name, const void *theirs, void *ours, size_t size,
                                   struct impasto_error *error);
/* A copy of an array of such structs, all of the size that the first says. *ours is to be freed in
 * any case. */
enum impasto_status imp_sized_take_array(const char *name, const void *theirs, size_t count,
                                         size_t size, void **ours, struct impasto_error *error);

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

/* CRC-32, as PNG and gzip have it, of `size` bytes. They follow bytes with the checksum `before`,
 * which is 0 at first. It finds mistakes and damage, not malice. */
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
/* Flushes, syncs and closes the file, renames it over the target, and syncs the folder. On failure
 * nothing is left behind and the old target is untouched. Either way the imp_file is done with. */
enum impasto_status imp_file_commit(struct imp_file *file, struct impasto_error *error);
/* Gives up: closes and removes the temporary file. Safe on a zeroed or finished imp_file. */
void imp_file_abandon(struct imp_file *file);

/* ---- sandbox.c ------------------------------------------------------------------------------- */

/* Work on a hostile file in a child process, with memory and time of its own. On Linux the child
 * may only compute, read what is open, and send. What it sends must not be trusted. */
struct imp_sandbox {
    uint64_t memory;  /* bytes that it may take beyond what the program has */
    unsigned seconds; /* of processor time */
    int descriptor;   /* the one that stays open; -1: none */
    int second;       /* another one; 0: none */
    int output;       /* one that it may write to, by imp_os_write_at() alone; 0: none */
    bool opens;       /* it opens files itself, for reading, until imp_sandbox_seal() */
    bool threads;     /* it starts threads, for which all of this holds as well */
    /* It works on as long as somebody reads what it sends: its seconds are those to begin with, and
     * more are granted to it. Whoever waits for it for too long ends it. */
    bool streams;
    void (*work)(void *user, int answer); /* runs in the child; what it sends goes to `answer` */
    void *user;
};

struct imp_sandbox_child {
    long process;
    int answer;
    int patience; /* seconds that may be waited for it; 0: for ever */
};

/* false: errno says why there is none. */
bool imp_sandbox_start(const struct imp_sandbox *sandbox, struct imp_sandbox_child *child);
/* imp_fail for a process that could not be started, errno being `problem`. A limit of the system or
 * of the user is to blame, not the file. task: "decode". */
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
/* Sends from the child. false: nobody listens. */
bool imp_sandbox_send(int answer, const void *bytes, size_t size);
/* Gives a child that streams more processor time. */
void imp_sandbox_grant(const struct imp_sandbox_child *child, unsigned seconds);
/* Receives from the child. false: it has ended before it sent all that. */
bool imp_sandbox_receive(const struct imp_sandbox_child *child, void *bytes, size_t size);
/* Stops what a child still sends, and waits for its end. Returns NULL, or what happened to it, to
 * follow "the decoder", such as "crashes". Static. */
const char *imp_sandbox_end(const struct imp_sandbox_child *child);

/* ---- module.c -------------------------------------------------------------------------------- */

#define IMP_MODULE_PROBLEM 512
/* Finds a table in a module of the library. The module is loaded on first use, and stays. A sandbox
 * cannot load it, so ask before one is started. NULL: `problem` says why, as in "x.so is not in
 * /y". */
const void *imp_module_load(const char *file, const char *table, char problem[IMP_MODULE_PROBLEM]);
/* Likewise for the program: any function of the library's tells where its modules lie. */
const void *imp_module_load_near(void (*function)(void), const char *file, const char *table,
                                 char problem[IMP_MODULE_PROBLEM]);

/* ---- temporary.c ----------------------------------------------------------------------------- */

/*
 * Makes a new temporary file in the folder. It stays locked while its descriptor or a duplicate is
 * open. First removes the folder's temporary files whose processes are gone.
 *
 * name: becomes the file's path, a new string. Returns the descriptor, for writing, or -1 with
 * errno set. The file's permissions follow the umask.
 */
int imp_temporary_open(const char *folder, char **name);

/* ---- host.c ---------------------------------------------------------------------------------- */

/* Bytes that this process may still take before the system runs out. They are the least of
 * available memory, the control group's limit and RLIMIT_AS, each less what is used. UINT64_MAX:
 * unknown. */
uint64_t imp_host_memory(void);
/* Cores that threads started here can keep busy: by their affinity, and by what a control group of
 * Linux (version 2) grants, rounded up; 1 where nobody knows. */
int imp_host_cores(void);
/* Seconds of a monotonic clock. */
double imp_host_seconds(void);
/* $XDG_CACHE_HOME/impasto or ~/.cache/impasto; a new string, or NULL where there is no home. */
char *imp_host_cache_dir(void);
/* $XDG_DATA_HOME/impasto or ~/.local/share/impasto; likewise. */
char *imp_host_data_dir(void);
/* Makes the folders on the way to a file that are missing. false: errno says why that failed. */
bool imp_host_make_folders(char *path);

#endif
