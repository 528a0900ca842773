/* SPDX-License-Identifier: MIT */
#ifndef IMP_DEVICE_OPENCL_H
#define IMP_DEVICE_OPENCL_H

/* Inside the room: OpenCL's types and our structs. No other room sees them. */

/* OpenCL 1.2 is the baseline: nothing newer is called. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_ext.h>

#include "device/device.h"

#define IMP_MIB 1048576.0

/* ---- waiting.c ------------------------------------------------------------------------------- */

/* A clock shows other threads that somebody waits for a driver. NULL is allowed for one: then the
 * wait is not seen. */
struct imp_clock;
struct imp_clock *imp_clock_take(void); /* NULL: all are taken */
void imp_clock_give(struct imp_clock *clock);
/* expected: seconds; below 0: nobody knows. */
void imp_clock_start(struct imp_clock *clock, double expected);
void imp_clock_stop(struct imp_clock *clock);

/* A device's own waits. */
struct imp_waits {
    struct imp_clock *clock;
    int depth;       /* waits within waits; the outermost counts */
    double pending;  /* flops, and bytes as so many flops, handed over since the driver was last
                        through */
    double begun;    /* imp_host_seconds() of the first of these */
    double most;     /* flops at once that were timed; 0: none were */
    double per_flop; /* seconds, by the last time that so much was */
    unsigned drains; /* how often the driver was through with all of it */
};
/* Around calls that may wait for the driver. compiles: for how long nobody knows. The end returns
 * the code. */
void imp_wait_begin(struct imp_device *device, bool compiles);
cl_int imp_wait_end(struct imp_device *device, cl_int code);
/* Notes work that was handed over, and that the driver is through with all of it. */
void imp_wait_work(struct imp_device *device, double flops);
void imp_wait_drained(struct imp_device *device);
#define IMP_WAIT(device, call) (imp_wait_begin((device), false), imp_wait_end((device), (call)))

/* ---- driver_cache.c -------------------------------------------------------------------------- */

/* Writes what may be wrong with the kernels that the driver stores, from "; " on. It follows the
 * message of a build that failed. It is empty where the driver is not known to store any. */
void imp_driver_cache_hint(const struct imp_device *device, char *text, size_t size);

/* ---- device.c -------------------------------------------------------------------------------- */

/* Speed of a kernel. */
struct imp_speed {
    double rate;  /* of the slow GPU's that launch.c counts work by; 0: nothing is known */
    int measured; /* how often */
};

/* A speed for each doubling of the work, from what is timed at all to 2^31 times that. A
 * network has hundreds of shapes, more in strips, of which to learn each one would never end. */
#define IMP_SPEEDS 32

/* A library's call that is under way, see launch.c. */
struct imp_library {
    struct imp_speed *speed; /* NULL: its work is small, or the device a CPU */
    double seconds;          /* that its work is expected to take on a GPU */
    double begun;            /* imp_host_seconds() */
    bool timed;              /* is waited for */
};

/* A kernel that was built: function of a program. */
struct imp_entry {
    struct imp_entry *next;
    uint64_t hash; /* of file, function and macros */
    char *file, *function, *macros;
    cl_kernel kernel;
    cl_uint arg_count;
    size_t max_work_group;
    size_t required[3]; /* the work-group that its source demands; 0 0 0: any */
    struct imp_speed speeds[IMP_SPEEDS];
    bool begun; /* it has been launched */
};

/* A program that was built: a file with macros. */
struct imp_program {
    struct imp_program *next;
    char *file, *macros;
    cl_program program;
};

struct imp_device {
    struct imp_caps caps;
    struct imp_log log;
    struct impasto_error error;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    bool fill;          /* clEnqueueFillBuffer exists and works */
    uint64_t allocated; /* bytes */
    unsigned refusals;  /* of memory, by the driver */
    struct imp_program *programs;
    struct imp_entry *entries;
    bool announced_build;
    struct imp_waits waits;
    double queued;    /* seconds of work, estimated, since the queue was last drained */
    double unflushed; /* the same, since the driver was last told to begin */
    /* Work of launches too small to be timed, since the queue was last drained; and the best speed
     * that they have shown together, as in struct imp_speed. 0: none yet. */
    double small_work, small_rate;
    struct imp_speed library_speeds[IMP_SPEEDS]; /* of libraries' launches */
    struct imp_library library;
    size_t slice; /* of options */
    bool profile;
    struct imp_profile_row *rows;
    size_t row_count, row_capacity;
};

struct imp_buffer {
    struct imp_device *device;
    cl_mem memory;
    size_t size; /* as asked for; the cl_mem is rounded up to whole floats */
    bool part;   /* of another buffer, whose memory it is */
};

/* ---- error.c --------------------------------------------------------------------------------- */

/* "CL_OUT_OF_RESOURCES" and the like; "unknown error" for others. Static. */
const char *imp_cl_name(cl_int code);

/* Whether a code says that there was no memory; notes that for imp_device_refusals. */
bool imp_cl_refusal(struct imp_device *device, cl_int code);

/* IMPASTO_OK for CL_SUCCESS; else records name, call and place as the device's error. */
enum impasto_status imp_cl_check(struct imp_device *device, cl_int code, const char *call,
                                 const char *file, int line);

/* Without folders where compilers can, so that a build's bytes do not depend on them. */
#ifdef __FILE_NAME__
#define IMP_FILE __FILE_NAME__
#else
#define IMP_FILE __FILE__
#endif

#define IMP_CL(device, call)                                                                       \
    imp_cl_check((device), IMP_WAIT(device, call), #call, IMP_FILE, __LINE__)

/* ---- program.c ------------------------------------------------------------------------------- */

/* The built kernel, from memory where it was asked for before. Owned by the device. */
enum impasto_status imp_entry_get(struct imp_device *device, const struct imp_kernel *kernel,
                                  struct imp_entry **entry);
void imp_programs_release(struct imp_device *device);

/* Made from cl/ by cl/embed.py. */
struct imp_source {
    const char *name; /* "pool.cl" */
    const char *text;
    size_t size;
};
extern const struct imp_source imp_sources[];
extern const size_t imp_source_count;

/* ---- cache.c --------------------------------------------------------------------------------- */

/* Whether the cache is to be used: by the user's word, else unless the driver has its own. */
bool imp_cache_wanted(const struct imp_device *device);
/* The binary stored under `key`, a text with everything that the binary depends on. It is a new
 * block of *size bytes. NULL: there is none that can be trusted. Never an error. */
unsigned char *imp_cache_load(struct imp_device *device, const char *key, size_t *size);
/* Keeps a binary. What goes wrong is only logged. */
void imp_cache_store(struct imp_device *device, const char *key, const unsigned char *binary,
                     size_t size);

/* ---- quirks.c -------------------------------------------------------------------------------- */

/* The folder where a driver stores the kernels that it has compiled. The environment's *variable
 * names it. Otherwise it is *below in the user's cache folder. false: the driver is not known to
 * store any. Static. */
bool imp_quirks_cache(const struct impasto_device_info *info, const char **variable,
                      const char **below);

/* ---- key.c ----------------------------------------------------------------------------------- */

/* FNV-1a over `size` bytes, continuing from `hash` (IMP_HASH_START at first). */
#define IMP_HASH_START 14695981039346656037u
uint64_t imp_hash(uint64_t hash, const void *data, size_t size);

#endif
