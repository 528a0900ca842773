/* SPDX-License-Identifier: MIT */
/* An open device: its context, its queue, and what it can do. */

#include "base/os.h"
#include "device/opencl.h"

#include <stdlib.h>

/* What every OpenCL 1.2 device that is not custom must offer for one buffer. */
#define LEAST_ALLOCATION (128u << 20)
/* Left to the rest of the host where device memory is the host's. */
#define HOST_HEADROOM (256u << 20)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Nine tenths of the device's memory and, where that is the host's, what the host can spare. */
static uint64_t memory_budget(const struct imp_caps *caps)
{
    const uint64_t memory = caps->info.memory > 0 ? caps->info.memory : caps->max_allocation;
    uint64_t budget = memory - memory / 10;
    if (!caps->unified)
        return budget;
    const uint64_t host = imp_host_memory();
    const uint64_t headroom = host / 10 > HOST_HEADROOM ? host / 10 : HOST_HEADROOM;
    return least(budget, host > headroom ? host - headroom : 0);
}

/* Lanes of the channel-blocked layout that suit the device. */
static int natural_width(cl_device_id id, const struct imp_caps *caps)
{
    cl_uint lanes = 0;
    if (!caps->cpu || clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(lanes),
                                      &lanes, NULL) != CL_SUCCESS)
        return 4;
    if (lanes > 8 && caps->quirks & IMP_QUIRK_NARROW)
        return 8;
    return lanes >= 16 ? 16 : lanes >= 8 ? 8 : 4;
}

static struct imp_caps find_caps(const struct imp_candidate *candidate,
                                 const struct imp_device_options *options)
{
    struct imp_caps caps = {.info = candidate->info, .quirks = candidate->quirks};
    cl_bool unified = CL_FALSE;
    caps.cpu = caps.info.type == IMPASTO_DEVICE_CPU;
    if (clGetDeviceInfo(candidate->device, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(unified), &unified,
                        NULL) != CL_SUCCESS)
        unified = CL_FALSE;
    caps.unified = unified || caps.cpu || caps.info.type == IMPASTO_DEVICE_IGPU;
    if (options->tuning != NULL)
        caps.tuning = *options->tuning;
    caps.vector_width = options->vector_width != 0      ? options->vector_width
                        : caps.tuning.vector_width != 0 ? caps.tuning.vector_width
                                                        : natural_width(candidate->device, &caps);
    if (caps.tuning.vector_width != caps.vector_width)
        caps.tuning = (struct imp_tuning){0};
    caps.max_work_group = caps.info.max_work_group > 0 ? caps.info.max_work_group : 1;
    if (options->max_work_group > 0 && options->max_work_group < caps.max_work_group)
        caps.max_work_group = options->max_work_group;
    caps.local_memory = caps.info.local_memory;
    cl_ulong cache = 0;
    if (clGetDeviceInfo(candidate->device, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof(cache), &cache,
                        NULL) == CL_SUCCESS)
        caps.cache = cache;
    caps.max_allocation =
        caps.info.max_allocation > 0 ? caps.info.max_allocation : LEAST_ALLOCATION;
    caps.memory_budget = memory_budget(&caps);
    return caps;
}

static enum impasto_status open_queue(struct imp_device *device)
{
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)device->platform, 0};
    cl_int code;
    imp_wait_begin(device, true);
    imp_os_save_handlers();
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    if (code == CL_SUCCESS)
        device->queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    imp_os_restore_handlers();
    return imp_cl_check(device, imp_wait_end(device, code),
                        device->context == NULL ? "clCreateContext" : "clCreateCommandQueue",
                        IMP_FILE, __LINE__);
}

enum impasto_status imp_device_open(const struct imp_candidate *candidate,
                                    const struct imp_device_options *options,
                                    struct imp_device **device, struct impasto_error *error)
{
    const struct imp_device_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if (candidate->device == NULL)
        return imp_fail(error, IMPASTO_ERROR_DEVICE, "platform \"%s\": has no device",
                        candidate->info.platform);
    const int width = options->vector_width;
    if (width != 0 && width != 4 && width != 8 && width != 16)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "vector width %d: must be 4, 8 or 16", width);
    struct imp_device *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return imp_fail_memory(error, "the device", sizeof(*opened));
    opened->waits.clock = imp_clock_take();
    opened->caps = find_caps(candidate, options);
    opened->log = options->log;
    opened->slice = options->slice;
    opened->profile = options->profile;
    opened->platform = candidate->platform;
    opened->id = candidate->device;
    /* Devices of OpenCL 1.1 do not have the call at all. */
    opened->fill = (candidate->quirks & IMP_QUIRK_CL11) == 0;
    const enum impasto_status status = open_queue(opened);
    if (status != IMPASTO_OK) {
        imp_fail(error, status, "%s", opened->error.message);
        imp_device_close(&opened);
        return status;
    }
    imp_log(&opened->log, IMPASTO_LOG_DEBUG,
            "device %d: %s (%s, driver %s), quirks 0x%x, %d lanes, work-groups up to %zu, "
            "buffers up to %.0f MiB, %.0f MiB in all",
            opened->caps.info.index, opened->caps.info.name, opened->caps.info.platform,
            opened->caps.info.driver, (unsigned)opened->caps.quirks, opened->caps.vector_width,
            opened->caps.max_work_group, (double)opened->caps.max_allocation / IMP_MIB,
            (double)opened->caps.memory_budget / IMP_MIB);
    *device = opened;
    return IMPASTO_OK;
}

void imp_device_close(struct imp_device **device)
{
    if (device == NULL || *device == NULL)
        return;
    struct imp_device *closed = *device;
    *device = NULL;
    imp_wait_begin(closed, false);
    if (closed->queue != NULL)
        (void)clFinish(closed->queue);
    imp_programs_release(closed);
    if (closed->queue != NULL)
        (void)clReleaseCommandQueue(closed->queue);
    if (closed->context != NULL)
        (void)clReleaseContext(closed->context);
    imp_clock_give(closed->waits.clock);
    free(closed->rows);
    free(closed);
}

const struct imp_caps *imp_device_caps(const struct imp_device *device)
{
    return &device->caps;
}

const struct imp_log *imp_device_log(const struct imp_device *device)
{
    return &device->log;
}

void imp_device_set_log(struct imp_device *device, const struct imp_log *log)
{
    device->log = *log;
}

void imp_device_limit_memory(struct imp_device *device, uint64_t bytes)
{
    device->caps.memory_budget = bytes;
}

enum impasto_status imp_device_finish(struct imp_device *device)
{
    device->queued = 0;
    IMP_TRY(IMP_CL(device, clFinish(device->queue)));
    imp_wait_drained(device);
    return IMPASTO_OK;
}

void *imp_device_native_queue(const struct imp_device *device)
{
    return device->queue;
}
