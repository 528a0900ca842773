/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_BASE_H
#define IMPASTO_BASE_H

/* What every other header needs: statuses, errors, the log, and the library's version. */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(IMPASTO_SHARED)
#define IMPASTO_API __declspec(dllimport)
#elif defined(__GNUC__)
#define IMPASTO_API __attribute__((visibility("default")))
#else
#define IMPASTO_API
#endif

#if defined(__GNUC__)
#define IMPASTO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define IMPASTO_MUST_CHECK
#endif

/* Raised with every incompatible change of these headers. The library's soname follows it. */
#define IMPASTO_API_VERSION 1

/* What kind of thing went wrong. The command-line program exits with the negated value: 3 for
 * IMPASTO_ERROR_INPUT. After a signal it exits with 128 plus the signal's number, as shells do. */
enum impasto_status {
    IMPASTO_OK = 0,
    IMPASTO_ERROR_INTERNAL = -1, /* a fault of the library: please report it */
    IMPASTO_ERROR_USAGE = -2,    /* an argument or parameter out of its range */
    IMPASTO_ERROR_INPUT = -3,    /* a picture that cannot be read or used */
    IMPASTO_ERROR_DEVICE = -4,   /* no such device, several such devices, or it failed */
    IMPASTO_ERROR_MEMORY = -5,   /* the device or the host has too little memory, or the host has no
                                    process or thread to spare */
    IMPASTO_ERROR_WEIGHTS = -6,  /* weights that cannot be read or used. Example: with them, a
                                    picture's features are not finite */
    IMPASTO_ERROR_OUTPUT = -7,   /* a file that cannot be written */
    IMPASTO_ERROR_NUMERIC = -8,  /* a loss or gradient became NaN or infinite */
    IMPASTO_ERROR_INTERRUPTED = -9, /* the progress callback asked to stop */
};

struct impasto_error {
    enum impasto_status status;
    char message[1024]; /* one line without a newline. It names the thing, says what is wrong and,
                           unless that is plain, what to do */
};

enum impasto_log_level {
    IMPASTO_LOG_WARNING, /* a fallback was taken or a result may be worse than asked for */
    IMPASTO_LOG_INFO,    /* which device, which weights, what size, how much memory */
    IMPASTO_LOG_DEBUG,   /* builds, caches, choices */
};

/* Receives one line without a newline. The library calls it on the thread that called the library.
 * With devices that are joined, it calls it on threads of its own as well, never on two at a time.
 * The line is valid during the call. */
typedef void (*impasto_log_fn)(void *user, enum impasto_log_level level, const char *line);

/* The library's version, e.g. "0.1.0". Static. */
IMPASTO_API const char *impasto_version(void);

/* A status in words, e.g. "weights". Static; never NULL. */
IMPASTO_API const char *impasto_status_text(enum impasto_status status);

#ifdef __cplusplus
}
#endif

#endif
