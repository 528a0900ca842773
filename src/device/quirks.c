/* SPDX-License-Identifier: MIT */
/*
 * What is odd about particular drivers and devices. Only this file knows their names. Each row
 * gives flags and, for the list of devices, the reason in a few words. Rows add up. Everything
 * stated here was seen with the versions named beside it.
 */

#include "device/opencl.h"

#include <ctype.h>
#include <string.h>

#define TYPE(type) (1u << (type))
#define ANY_DEVICE                                                                                 \
    (TYPE(IMPASTO_DEVICE_GPU) | TYPE(IMPASTO_DEVICE_IGPU) | TYPE(IMPASTO_DEVICE_CPU) |             \
     TYPE(IMPASTO_DEVICE_ACCELERATOR))

struct quirk_row {
    const char *platform; /* found, ignoring case, in the platform's name; "": any */
    const char *device;   /* in the device's name */
    const char *driver;   /* in the driver's version */
    unsigned types;       /* TYPE bits */
    uint32_t flags;
    const char *reason; /* NULL: nothing worth a note */
};

static const struct quirk_row rows[] = {
    /*
     * PoCL 3.1:
     * - Binaries hold every kernel of a program, compiled for any work-group size. This doubles the
     *   time of a first start.
     * - The handlers of LLVM appear at platform enumeration.
     * - An allocation that fails ends in an assertion at first use.
     * - 5 of 42 processes that built on one cold cache together got CL_BUILD_PROGRAM_FAILURE. None
     *   did on the second try.
     * - Kernels of several queues that run at a time may abort it; see doc/architecture.md.
     */
    {"portable computing language", "", "", ANY_DEVICE,
     IMP_QUIRK_FLAKY_BUILDS | IMP_QUIRK_OWN_KERNEL_CACHE,
     "failed builds are tried twice; keeps compiled kernels in $POCL_CACHE_DIR or ~/.cache/pocl"},
    {"portable computing language", "", "", TYPE(IMPASTO_DEVICE_CPU), 0,
     "aborts when memory runs out, so some is kept free"},
    /* PoCL 3.0-rc2 does not know a Zen 4. It offers vectors of 16, and its LLVM cannot select
     * instructions for them. */
    {"portable computing language", "pthread-amd", "3.0-rc", TYPE(IMPASTO_DEVICE_CPU),
     IMP_QUIRK_NARROW, "vectors of 8"},
    /* CLBlast 1.5.3 on CPUs: half a minute to compile and about 3 % of peak. */
    {"", "", "", TYPE(IMPASTO_DEVICE_CPU), IMP_QUIRK_NO_FAST_GEMM_LIBRARY, "own GEMM"},
    /* rusticl 22.3.6: profiling succeeds with zero times. */
    {"rusticl", "", "", ANY_DEVICE, 0, "no event times"},
    {"rusticl", "", "", TYPE(IMPASTO_DEVICE_NONE), 0,
     "no device; RUSTICL_ENABLE=<driver> may show one"},
    /* llvmpipe is a CPU whatever type it claims: 0.2 GFLOP/s with CLBlast. Its loops end after
     * 65,535 turns without a word. */
    {"rusticl", "llvmpipe", "", ANY_DEVICE, IMP_QUIRK_NO_FAST_GEMM_LIBRARY | IMP_QUIRK_LAST_CHOICE,
     "software, slow; loops end after 65,535 turns"},
    /* Clover 22.3.6: OpenCL C 1.1 only, and vload_half and wide vectors abort the process. */
    {"clover", "", "", ANY_DEVICE, IMP_QUIRK_HIDDEN | IMP_QUIRK_CL11,
     "OpenCL 1.1 driver that aborts on many kernels"},
    /* Oclgrind 21.10: interprets kernels in order to check them. */
    {"oclgrind", "", "", ANY_DEVICE, IMP_QUIRK_NO_FAST_GEMM_LIBRARY | IMP_QUIRK_LAST_CHOICE,
     "simulator, very slow"},
};

static const struct {
    const char *platform, *nickname;
} nicknames[] = {
    {"portable computing language", "PoCL"},
    {"clover", "Mesa"},
    {"rusticl", "Mesa"},
};

/* Whether `part`, in small letters, is in `text`, ignoring the case of `text`. */
static bool contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (;; text++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == (unsigned char)part[i])
            i++;
        if (i == length)
            return true;
        if (*text == '\0')
            return false;
    }
}

uint32_t imp_quirks_lookup(const struct impasto_device_info *info, char *note, size_t note_size)
{
    uint32_t flags = 0;
    size_t used = 0;
    if (note != NULL && note_size > 0)
        note[0] = '\0';
    for (size_t i = 0; i < IMP_COUNT(rows); i++) {
        const struct quirk_row *row = &rows[i];
        if ((row->types & TYPE(info->type)) == 0 || !contains(info->platform, row->platform) ||
            !contains(info->name, row->device) || !contains(info->driver, row->driver))
            continue;
        flags |= row->flags;
        if (row->reason == NULL || note == NULL || used >= note_size)
            continue;
        const int length =
            snprintf(note + used, note_size - used, "%s%s", used > 0 ? "; " : "", row->reason);
        used += length > 0 ? (size_t)length : 0;
    }
    return flags;
}

const char *imp_quirks_nickname(const struct impasto_device_info *info)
{
    for (size_t i = 0; i < IMP_COUNT(nicknames); i++)
        if (contains(info->platform, nicknames[i].platform))
            return nicknames[i].nickname;
    return "";
}

bool imp_quirks_cache(const struct impasto_device_info *info, const char **variable,
                      const char **below)
{
    if (!contains(info->platform, "portable computing language"))
        return false;
    *variable = "POCL_CACHE_DIR";
    *below = "pocl/kcache";
    return true;
}

const char *imp_quirks_advice(void)
{
    return "install pocl-opencl-icd, which runs on any CPU, or the OpenCL driver of your GPU's "
           "maker; Mesa's rusticl shows GPUs only with RUSTICL_ENABLE=<driver>";
}
