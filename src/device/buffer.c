/* SPDX-License-Identifier: MIT */
/*
 * Device memory. Drivers commit memory late, and some abort the process when they cannot. So limits
 * are checked before the driver is asked, and new memory is written to at once.
 */

#include "device/opencl.h"

#include <stdlib.h>

/* Zeros sent at a time to devices that cannot fill. */
#define ZEROS_SIZE ((size_t)1 << 20)

/* What a failed allocation says; CL_SUCCESS never comes here. */
static enum impasto_status fail_allocation(struct imp_device *device, cl_int code,
                                           const char *purpose, size_t size)
{
    /* Of these two it is said only here, where memory is what was asked for. */
    const bool more = code == CL_OUT_OF_RESOURCES || code == CL_INVALID_BUFFER_SIZE;
    const bool memory = imp_cl_refusal(device, code) || more;
    device->refusals += more;
    return imp_device_fail(device, memory ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_DEVICE,
                           "device \"%s\": no memory for %s (%.1f MiB; %.1f MiB in use): %s (%d)%s",
                           device->caps.info.name, purpose, (double)size / IMP_MIB,
                           (double)device->allocated / IMP_MIB, imp_cl_name(code), code,
                           memory ? "; choose a smaller size" : "");
}

static enum impasto_status check_limits(struct imp_device *device, size_t size, const char *purpose)
{
    const struct imp_caps *caps = &device->caps;
    if (size == 0)
        return imp_device_fail(device, IMPASTO_ERROR_MEMORY, "%s: a buffer of no bytes", purpose);
    if (size > caps->max_allocation)
        return imp_device_fail(device, IMPASTO_ERROR_MEMORY,
                               "device \"%s\": %s needs %.1f MiB in one piece, of which the device "
                               "allows %.1f MiB; choose a smaller size",
                               caps->info.name, purpose, (double)size / IMP_MIB,
                               (double)caps->max_allocation / IMP_MIB);
    if (device->allocated >= caps->memory_budget || size > caps->memory_budget - device->allocated)
        return imp_device_fail(device, IMPASTO_ERROR_MEMORY,
                               "device \"%s\": %s needs %.1f MiB, but %.1f of %.1f MiB are in use; "
                               "choose a smaller size",
                               caps->info.name, purpose, (double)size / IMP_MIB,
                               (double)device->allocated / IMP_MIB,
                               (double)caps->memory_budget / IMP_MIB);
    return IMPASTO_OK;
}

/* Zeros by blocking writes; offset and size in bytes. */
static cl_int write_zeros(struct imp_buffer *buffer, size_t offset, size_t size)
{
    unsigned char *zeros = calloc(1, ZEROS_SIZE);
    cl_int code = zeros == NULL ? CL_OUT_OF_HOST_MEMORY : CL_SUCCESS;
    while (code == CL_SUCCESS && size > 0) {
        const size_t part = size < ZEROS_SIZE ? size : ZEROS_SIZE;
        code = IMP_WAIT(buffer->device,
                        clEnqueueWriteBuffer(buffer->device->queue, buffer->memory, CL_TRUE, offset,
                                             part, zeros, 0, NULL, NULL));
        offset += part;
        size -= part;
    }
    free(zeros);
    return code;
}

static cl_int fill_zeros(struct imp_buffer *buffer, size_t offset, size_t size)
{
    struct imp_device *device = buffer->device;
    const cl_uint zero = 0;
    if (device->fill) {
        const cl_int code =
            IMP_WAIT(device, clEnqueueFillBuffer(device->queue, buffer->memory, &zero, sizeof(zero),
                                                 offset, size, 0, NULL, NULL));
        if (code == CL_SUCCESS)
            return CL_SUCCESS;
        imp_log(&device->log, IMPASTO_LOG_DEBUG, "clEnqueueFillBuffer: %s (%d); writing zeros",
                imp_cl_name(code), code);
        device->fill = false;
    }
    return write_zeros(buffer, offset, size);
}

enum impasto_status imp_buffer_create(struct imp_device *device, size_t size, const char *purpose,
                                      struct imp_buffer **buffer)
{
    IMP_TRY(check_limits(device, size, purpose));
    struct imp_buffer *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return imp_fail_memory(&device->error, purpose, sizeof(*made));
    /* Whole floats, so that the end can be zeroed; max_allocation keeps this from wrapping. */
    const size_t rounded = (size + 3) / 4 * 4;
    cl_int code;
    made->device = device;
    made->size = size;
    imp_wait_begin(device, false);
    made->memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE, rounded, NULL, &code);
    if (code == CL_SUCCESS) {
        code = fill_zeros(made, 0, rounded);
        /* Waits: a driver that commits memory late shall fail here, where the purpose is known. */
        if (code == CL_SUCCESS)
            code = clFinish(device->queue);
        if (code == CL_SUCCESS)
            imp_wait_drained(device);
        if (code != CL_SUCCESS)
            (void)clReleaseMemObject(made->memory);
    }
    (void)imp_wait_end(device, code);
    if (code != CL_SUCCESS) {
        free(made);
        return fail_allocation(device, code, purpose, size);
    }
    device->allocated += size;
    *buffer = made;
    return IMPASTO_OK;
}

/* Drivers differ in whether they notice. */
static enum impasto_status check_range(const struct imp_buffer *buffer, const char *what,
                                       size_t offset, size_t size)
{
    if (offset <= buffer->size && size <= buffer->size - offset)
        return IMPASTO_OK;
    return imp_device_fail(buffer->device, IMPASTO_ERROR_INTERNAL,
                           "%s: bytes %zu to %zu of a buffer of %zu", what, offset, offset + size,
                           buffer->size);
}

enum impasto_status imp_buffer_part(struct imp_buffer *whole, size_t offset, size_t size,
                                    struct imp_buffer **part)
{
    struct imp_device *device = whole->device;
    const cl_buffer_region region = {offset, size};
    cl_int code;
    IMP_TRY(check_range(whole, "part", offset, size));
    struct imp_buffer *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return imp_fail_memory(&device->error, "a part of a buffer", sizeof(*made));
    *made = (struct imp_buffer){.device = device, .size = size, .part = true};
    imp_wait_begin(device, false);
    made->memory = clCreateSubBuffer(whole->memory, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
                                     &region, &code);
    (void)imp_wait_end(device, code);
    if (code != CL_SUCCESS) {
        free(made);
        return fail_allocation(device, code, "a part of a buffer", size);
    }
    *part = made;
    return IMPASTO_OK;
}

void imp_buffer_free(struct imp_buffer **buffer)
{
    if (buffer == NULL || *buffer == NULL)
        return;
    struct imp_device *device = (*buffer)->device;
    device->allocated -= (*buffer)->part ? 0 : (*buffer)->size;
    (void)IMP_WAIT(device, clReleaseMemObject((*buffer)->memory));
    free(*buffer);
    *buffer = NULL;
}

void *imp_buffer_native(const struct imp_buffer *buffer)
{
    return buffer->memory;
}

enum impasto_status imp_buffer_write(struct imp_buffer *buffer, size_t offset, const void *data,
                                     size_t size)
{
    struct imp_device *device = buffer->device;
    IMP_TRY(check_range(buffer, "write", offset, size));
    if (size == 0)
        return IMPASTO_OK;
    device->queued = 0;
    IMP_TRY(IMP_CL(device, clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, offset,
                                                size, data, 0, NULL, NULL)));
    imp_wait_drained(device);
    return IMPASTO_OK;
}

enum impasto_status imp_buffer_read(const struct imp_buffer *buffer, size_t offset, void *data,
                                    size_t size)
{
    struct imp_device *device = buffer->device;
    IMP_TRY(check_range(buffer, "read", offset, size));
    if (size == 0)
        return IMPASTO_OK;
    device->queued = 0;
    IMP_TRY(IMP_CL(device, clEnqueueReadBuffer(device->queue, buffer->memory, CL_TRUE, offset, size,
                                               data, 0, NULL, NULL)));
    imp_wait_drained(device);
    return IMPASTO_OK;
}

/* ---- Copies on their way --------------------------------------------------------------------- */

/* Some drivers work on nothing before they are told so, and then on all that they have as one. */
static enum impasto_status flush(struct imp_device *device)
{
    device->unflushed = 0;
    return IMP_CL(device, clFlush(device->queue));
}

static enum impasto_status copying_begun(struct imp_device *device, cl_event event,
                                         struct imp_copying *copying)
{
    *copying = (struct imp_copying){.device = device,
                                    .event = event,
                                    .before = device->waits.pending,
                                    .drains = device->waits.drains};
    return flush(device);
}

enum impasto_status imp_buffer_write_begin(struct imp_buffer *buffer, size_t offset,
                                           const void *data, size_t size,
                                           struct imp_copying *copying)
{
    struct imp_device *device = buffer->device;
    cl_event event = NULL;
    IMP_TRY(check_range(buffer, "write", offset, size));
    if (size == 0)
        return IMPASTO_OK;
    IMP_TRY(IMP_CL(device, clEnqueueWriteBuffer(device->queue, buffer->memory, CL_FALSE, offset,
                                                size, data, 0, NULL, &event)));
    return copying_begun(device, event, copying);
}

enum impasto_status imp_buffer_read_begin(const struct imp_buffer *buffer, size_t offset,
                                          void *data, size_t size, struct imp_copying *copying)
{
    struct imp_device *device = buffer->device;
    cl_event event = NULL;
    IMP_TRY(check_range(buffer, "read", offset, size));
    if (size == 0)
        return IMPASTO_OK;
    IMP_TRY(IMP_CL(device, clEnqueueReadBuffer(device->queue, buffer->memory, CL_FALSE, offset,
                                               size, data, 0, NULL, &event)));
    return copying_begun(device, event, copying);
}

/* Of a copy that cannot be waited for nobody knows, so all is: nothing may be left that writes to
 * memory which is about to go. */
enum impasto_status imp_copying_end(struct imp_copying *copying)
{
    struct imp_device *device = copying->device;
    cl_event event = copying->event;
    const bool last = device && device->waits.drains == copying->drains &&
                      device->waits.pending <= copying->before;
    if (event == NULL)
        return IMPASTO_OK;
    *copying = (struct imp_copying){0};
    enum impasto_status status = flush(device);
    if (status == IMPASTO_OK)
        status = IMP_CL(device, clWaitForEvents(1, &event));
    if (status != IMPASTO_OK)
        (void)IMP_WAIT(device, clFinish(device->queue));
    (void)IMP_WAIT(device, clReleaseEvent(event));
    if (status == IMPASTO_OK && last) {
        device->queued = 0;
        imp_wait_drained(device);
    }
    return status;
}

void imp_copying_drop(struct imp_copying *copying)
{
    struct imp_device *device = copying->device;
    if (device == NULL)
        return;
    const struct impasto_error said = device->error;
    (void)imp_copying_end(copying);
    device->error = said;
}

/* ---- Within the device ----------------------------------------------------------------------- */

enum impasto_status imp_buffer_zero(struct imp_buffer *buffer, size_t offset, size_t size)
{
    IMP_TRY(check_range(buffer, "zero", offset, size));
    if (size == 0)
        return IMPASTO_OK;
    return IMP_CL(buffer->device, fill_zeros(buffer, offset, size));
}

enum impasto_status imp_buffer_copy(const struct imp_buffer *source, size_t source_offset,
                                    struct imp_buffer *target, size_t target_offset, size_t size)
{
    struct imp_device *device = target->device;
    IMP_TRY(check_range(source, "copy from", source_offset, size));
    IMP_TRY(check_range(target, "copy to", target_offset, size));
    if (size == 0)
        return IMPASTO_OK;
    return IMP_CL(device, clEnqueueCopyBuffer(device->queue, source->memory, target->memory,
                                              source_offset, target_offset, size, 0, NULL, NULL));
}

uint64_t imp_device_allocated(const struct imp_device *device)
{
    return device->allocated;
}
