/* SPDX-License-Identifier: MIT */
#ifndef IMP_DEVICE_H
#define IMP_DEVICE_H

/*
 * Everything OpenCL, without a single OpenCL type. Here are choosing a device, its capabilities,
 * buffers, and kernels built from cl/ and launched with typed arguments. Nothing above this room
 * includes CL/cl.h.
 */

#include "base/base.h"
#include "device/tuning.h"

#include <impasto/device.h>

/* ---- select.c -------------------------------------------------------------------------------- */

/* An OpenCL device that exists on this machine; `platform` and `device` are its OpenCL handles. */
struct imp_candidate {
    struct impasto_device_info info;
    void *platform;
    void *device;
    bool alias;      /* the same hardware as an earlier candidate, by PCI address or UUID */
    uint32_t quirks; /* enum imp_quirk */
    double measured; /* seconds of a typical iteration, where the device was tuned; else 0 */
};

/* Every device, and every platform without one (info.device_index -1), in platform order. The
 * caller frees the array. Zero platforms: *count 0 and IMPASTO_OK. measured: gives the seconds of a
 * typical iteration on a device, 0 where they are not known; NULL: they are of none. */
enum impasto_status imp_candidates_list(double (*measured)(const struct impasto_device_info *info),
                                        struct imp_candidate **candidates, size_t *count,
                                        struct impasto_error *error);

/*
 * Finds the devices that a spec means. impasto_device_open has the grammar. *order becomes indices
 * into `candidates`, which the caller frees.
 *
 * There is exactly one, except for "auto" or NULL. These give all usable devices in order of
 * preference, which is by type. Where several have been measured, the fastest of them comes first.
 * A list with commas is an error: it says that such lists are for batches only.
 */
enum impasto_status imp_candidates_select(const struct imp_candidate *candidates, size_t count,
                                          const char *spec, size_t **order, size_t *order_count,
                                          struct impasto_error *error);

/* ---- quirks.c -------------------------------------------------------------------------------- */

/* What is odd about a device. The rows that set these are in quirks.c, the only file with names of
 * vendors or drivers; everything else reads the flags. */
enum imp_quirk {
    IMP_QUIRK_HIDDEN = 1u << 0,               /* too broken for "auto"; usable when named */
    IMP_QUIRK_NO_FAST_GEMM_LIBRARY = 1u << 1, /* CLBlast compiles for minutes or runs at a crawl */
    IMP_QUIRK_FLAKY_BUILDS = 1u << 2,     /* builds fail spuriously on a shared cold cache: retry */
    IMP_QUIRK_CL11 = 1u << 3,             /* rejects -cl-std=CL1.2 */
    IMP_QUIRK_LAST_CHOICE = 1u << 4,      /* slow: "auto" tries it after all others */
    IMP_QUIRK_NARROW = 1u << 6,           /* its compiler fails on vectors of 16 */
    IMP_QUIRK_OWN_KERNEL_CACHE = 1u << 5, /* keeps compiled kernels on disk itself, and makes asking
                                             for binaries cost a second compilation */
};

/* The flags that apply to a device; `note` (may be NULL) gets their reasons in a few words. */
uint32_t imp_quirks_lookup(const struct impasto_device_info *info, char *note, size_t note_size);
/* A platform's everyday name, for device specs, where its own differs; else "". Static. */
const char *imp_quirks_nickname(const struct impasto_device_info *info);
/* What to do when there is no device at all. Static. */
const char *imp_quirks_advice(void);

/* ---- key.c ----------------------------------------------------------------------------------- */

/* Writes one line that tells what decides the last bits of a device's results, apart from its task.
 * It has name, platform and driver, our version and kernels. It is cut to fit. */
#define IMP_DEVICE_KEY 1024
void imp_device_key(const struct impasto_device_info *info, char key[IMP_DEVICE_KEY]);
/* Returns a new string "folder/kind/HASH.suffix", for what is kept under `key`. Frees the folder.
 * If that is NULL, as without a home, so is the result. */
char *imp_keyed_path(char *folder, const char *kind, const char *key, const char *suffix);

/* ---- device.c -------------------------------------------------------------------------------- */

struct imp_device;

struct imp_device_options {
    struct imp_log log;
    int vector_width;      /* 4, 8 or 16: lanes of the channel-blocked layout; 0: what suits */
    size_t max_work_group; /* treat the device as having no more than this; 0: its own limit */
    size_t slice;          /* cut every launch into slices of so many layers of work-groups, on CPUs
                              too; 0: by time. For tests */
    bool profile;          /* wait for every launch and record its time */
    const struct imp_tuning *tuning; /* what was found best on it, or NULL; copied */
};

struct imp_caps {
    struct impasto_device_info info;
    uint32_t quirks;         /* enum imp_quirk */
    bool cpu;                /* runs a work-item per core: explicit vectors, no barriers */
    bool unified;            /* shares the host's memory */
    int vector_width;        /* V of the channel-blocked layout: 4, 8 or 16 */
    size_t max_work_group;   /* work-items */
    uint64_t local_memory;   /* bytes; 0: unknown */
    uint64_t cache;          /* bytes of the outermost cache; 0: unknown */
    uint64_t max_allocation; /* bytes, of one buffer */
    /* Bytes that may be allocated in all without risk: the device's memory, less headroom. If that
     * is the host's, no more than it can spare now. */
    uint64_t memory_budget;
    struct imp_tuning tuning; /* for this vector_width, or nothing */
};

/* options: NULL for the defaults. */
enum impasto_status imp_device_open(const struct imp_candidate *candidate,
                                    const struct imp_device_options *options,
                                    struct imp_device **device, struct impasto_error *error);
void imp_device_close(struct imp_device **device);

const struct imp_caps *imp_device_caps(const struct imp_device *device);
const struct imp_log *imp_device_log(const struct imp_device *device);
/* Not while another thread works with the device. */
void imp_device_set_log(struct imp_device *device, const struct imp_log *log);

/* Wait until everything launched has finished. */
enum impasto_status imp_device_finish(struct imp_device *device);

/* The cl_command_queue, for libraries that take one; see imp_device_library_begin. */
void *imp_device_native_queue(const struct imp_device *device);

/* See impasto_device_waiting. (waiting.c) */
double imp_device_waiting(const struct imp_device *device, double *expected);

/* ---- error.c --------------------------------------------------------------------------------- */

/*
 * The functions below fail into the device's own error, so that operations need not pass one along.
 * The first caller fetches it with imp_device_error. imp_device_fail records and returns, like
 * imp_fail.
 */
const struct impasto_error *imp_device_error(const struct imp_device *device);
/* Where to put the error of a room that knows no devices. */
struct impasto_error *imp_device_error_place(struct imp_device *device);
enum impasto_status imp_device_fail(struct imp_device *device, enum impasto_status status,
                                    const char *format, ...) IMP_PRINTF(3, 4);
/* The same for imp_fail_memory. */
enum impasto_status imp_device_fail_memory(struct imp_device *device, const char *what,
                                           size_t bytes);
#ifdef __clang_analyzer__ /* as with imp_fail */
#define imp_device_fail(device, status, ...)                                                       \
    ((void)(imp_device_fail)(device, status, __VA_ARGS__), (status))
#define imp_device_fail_memory(device, what, bytes)                                                \
    ((void)(imp_device_fail_memory)(device, what, bytes), IMPASTO_ERROR_MEMORY)
#endif

/* How often the driver had no memory though the budget had: whoever sees this grow may plan with
 * less. */
unsigned imp_device_refusals(const struct imp_device *device);

/* ---- buffer.c -------------------------------------------------------------------------------- */

struct imp_buffer;

/*
 * Device memory, zero-filled (which also makes a lazy driver commit it). Fails with
 * IMPASTO_ERROR_MEMORY when size is 0 or above max_allocation, or when the total would exceed
 * memory_budget, before asking the driver. purpose: static string, for messages.
 */
enum impasto_status imp_buffer_create(struct imp_device *device, size_t size, const char *purpose,
                                      struct imp_buffer **buffer);
/* A part of a buffer as a buffer of its own, to be freed before it. offset is a multiple of
 * IMP_BUFFER_ALIGN. Kernels may not be given parts that overlap. */
#define IMP_BUFFER_ALIGN 4096
enum impasto_status imp_buffer_part(struct imp_buffer *whole, size_t offset, size_t size,
                                    struct imp_buffer **part);
void imp_buffer_free(struct imp_buffer **buffer);
void *imp_buffer_native(const struct imp_buffer *buffer); /* the cl_mem */

/* Blocking copies between host and device, after everything launched before; bytes. */
enum impasto_status imp_buffer_write(struct imp_buffer *buffer, size_t offset, const void *data,
                                     size_t size);
enum impasto_status imp_buffer_read(const struct imp_buffer *buffer, size_t offset, void *data,
                                    size_t size);
/* A copy between host and device that is on its way; zeroed, none is. */
struct imp_copying {
    struct imp_device *device;
    void *event;     /* the cl_event */
    double before;   /* the work that was in the queue, */
    unsigned drains; /* and how often it had been empty by then */
};
/* The same copies, begun: what is launched later runs meanwhile, as far as the driver can do both.
 * `data` stays, and stays as it is, until the copy has ended. */
enum impasto_status imp_buffer_write_begin(struct imp_buffer *buffer, size_t offset,
                                           const void *data, size_t size,
                                           struct imp_copying *copying);
enum impasto_status imp_buffer_read_begin(const struct imp_buffer *buffer, size_t offset,
                                          void *data, size_t size, struct imp_copying *copying);
/* Waits for it and for what was launched before it, while what was launched since may go on. */
enum impasto_status imp_copying_end(struct imp_copying *copying);
/* The same after a failure: there is nothing more to be said. */
void imp_copying_drop(struct imp_copying *copying);
/* Asynchronous; bytes, multiples of 4. */
enum impasto_status imp_buffer_zero(struct imp_buffer *buffer, size_t offset, size_t size);
enum impasto_status imp_buffer_copy(const struct imp_buffer *source, size_t source_offset,
                                    struct imp_buffer *target, size_t target_offset, size_t size);

/* Sets memory_budget, for as long as the device is open, to less than was in vain asked of the
 * driver. */
void imp_device_limit_memory(struct imp_device *device, uint64_t bytes);

/* Bytes allocated on the device now. */
uint64_t imp_device_allocated(const struct imp_device *device);

/* ---- program.c ------------------------------------------------------------------------------- */

/*
 * A kernel is named by its file in cl/ (without ".cl"), its function, and the macros it is built
 * with. Example: {"conv_direct", "conv_direct", "-DVW=16 -DTAPS=9"}. "a+b" makes one program of the
 * files a and b, which saves a compiler's start.
 *
 * Kernels are built on first use and kept until the device is closed. They come from memory, then
 * from the binary cache on disk, then from source. The source is shared.h and common.cl, then the
 * files. $IMPASTO_CL_DIR: a folder to read cl files from instead of the embedded ones, for those
 * who edit kernels.
 */
struct imp_kernel {
    const char *file;
    const char *function;
    const char *macros; /* may be NULL; compared as text, so any lifetime will do */
};

/* Builds now what will be needed later; says so in the log when it compiles. */
enum impasto_status imp_kernel_prepare(struct imp_device *device, const struct imp_kernel *kernel);
/* The largest work-group this kernel can run with on the device (at least 1); builds it. */
enum impasto_status imp_kernel_max_work_group(struct imp_device *device,
                                              const struct imp_kernel *kernel, size_t *size);

/* ---- launch.c -------------------------------------------------------------------------------- */

enum imp_arg_kind { IMP_ARG_BUFFER, IMP_ARG_INT, IMP_ARG_FLOAT };

struct imp_arg {
    enum imp_arg_kind kind;
    const struct imp_buffer *buffer;
    int32_t i;
    float f;
};

static inline struct imp_arg imp_buf(const struct imp_buffer *buffer)
{
    return (struct imp_arg){.kind = IMP_ARG_BUFFER, .buffer = buffer};
}
static inline struct imp_arg imp_int(int32_t i)
{
    return (struct imp_arg){.kind = IMP_ARG_INT, .i = i};
}
static inline struct imp_arg imp_float(float f)
{
    return (struct imp_arg){.kind = IMP_ARG_FLOAT, .f = f};
}

/*
 * A launch as data. Kernels obey three rules.
 * - They take their arguments in the order given. Their number is checked.
 * - They find their place with get_global_id only, since launches are cut into slices by global
 *   offsets.
 * - They return at once beyond the size that they get as an argument, since the global size is
 *   rounded up to whole work-groups.
 */
struct imp_launch {
    struct imp_kernel kernel;
    const struct imp_arg *args;
    size_t arg_count;
    size_t global[3]; /* work-items wanted per dimension; 0 counts as 1 */
    /* Exactly this work-group, which must be allowed. All 0: the device's choice, 1 on CPUs and up
     * to 64 along dimension 0 on GPUs. Such kernels use neither barriers nor local memory. */
    size_t local[3];
    double flops;      /* arithmetic of the whole launch, for slicing and the profile */
    double bytes;      /* global memory that it reads and writes, for the same; every launch of the
                          ops room states one or both */
    const char *label; /* what it is for, e.g. the layer; may be NULL; copied */
};

/* The arguments in a launch: IMP_ARGS(imp_buf(x), imp_int(n)) */
#define IMP_ARGS(...)                                                                              \
    .args = (const struct imp_arg[]){__VA_ARGS__},                                                 \
    .arg_count = sizeof((const struct imp_arg[]){__VA_ARGS__}) / sizeof(struct imp_arg)

/*
 * Enqueues a launch, in order with all others. It returns before the launch has run.
 *
 * A launch that should take long, by the measured speed of its kernel, is cut into slices under
 * IMP_SLICE_SECONDS. The queue is drained before it holds much more than half a second. So a
 * desktop stays alive. CPUs are shared by the operating system, so there launches stay whole.
 */
#define IMP_SLICE_SECONDS 0.1
enum impasto_status imp_launch(struct imp_device *device, const struct imp_launch *launch);

/*
 * Around a call of a library that enqueues kernels of its own, and may compile them. They are paced
 * as launches are, as far as what cannot be cut can be. launch: its label and work, and as function
 * a word for the profile; nothing else of it is read. begin fails: the call must not follow;
 * otherwise end must, whatever the call returns.
 */
enum impasto_status imp_device_library_begin(struct imp_device *device,
                                             const struct imp_launch *launch);
enum impasto_status imp_device_library_end(struct imp_device *device,
                                           const struct imp_launch *launch);

struct imp_profile_row {
    char label[64]; /* label and function */
    uint64_t launches;
    double seconds, flops, bytes;
};
/* The times recorded so far with options.profile, in order of first use; valid until the next
 * launch. */
const struct imp_profile_row *imp_device_profile(const struct imp_device *device, size_t *count);
/* Switches profiling; switching on forgets earlier times. */
void imp_device_set_profile(struct imp_device *device, bool on);

#endif
