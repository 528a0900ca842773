/* SPDX-License-Identifier: MIT */
/* Errors of a device: OpenCL's codes in words, and the place of the last error. */

#include "device/opencl.h"

#include <string.h>

static const struct {
    cl_int code;
    const char *name;
} code_names[] = {
#define CODE(name)                                                                                 \
    {                                                                                              \
        name, #name                                                                                \
    }
    CODE(CL_SUCCESS),
    CODE(CL_DEVICE_NOT_FOUND),
    CODE(CL_DEVICE_NOT_AVAILABLE),
    CODE(CL_COMPILER_NOT_AVAILABLE),
    CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    CODE(CL_OUT_OF_RESOURCES),
    CODE(CL_OUT_OF_HOST_MEMORY),
    CODE(CL_PROFILING_INFO_NOT_AVAILABLE),
    CODE(CL_MEM_COPY_OVERLAP),
    CODE(CL_IMAGE_FORMAT_MISMATCH),
    CODE(CL_IMAGE_FORMAT_NOT_SUPPORTED),
    CODE(CL_BUILD_PROGRAM_FAILURE),
    CODE(CL_MAP_FAILURE),
    CODE(CL_MISALIGNED_SUB_BUFFER_OFFSET),
    CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    CODE(CL_COMPILE_PROGRAM_FAILURE),
    CODE(CL_LINKER_NOT_AVAILABLE),
    CODE(CL_LINK_PROGRAM_FAILURE),
    CODE(CL_DEVICE_PARTITION_FAILED),
    CODE(CL_KERNEL_ARG_INFO_NOT_AVAILABLE),
    CODE(CL_INVALID_VALUE),
    CODE(CL_INVALID_DEVICE_TYPE),
    CODE(CL_INVALID_PLATFORM),
    CODE(CL_INVALID_DEVICE),
    CODE(CL_INVALID_CONTEXT),
    CODE(CL_INVALID_QUEUE_PROPERTIES),
    CODE(CL_INVALID_COMMAND_QUEUE),
    CODE(CL_INVALID_HOST_PTR),
    CODE(CL_INVALID_MEM_OBJECT),
    CODE(CL_INVALID_IMAGE_FORMAT_DESCRIPTOR),
    CODE(CL_INVALID_IMAGE_SIZE),
    CODE(CL_INVALID_SAMPLER),
    CODE(CL_INVALID_BINARY),
    CODE(CL_INVALID_BUILD_OPTIONS),
    CODE(CL_INVALID_PROGRAM),
    CODE(CL_INVALID_PROGRAM_EXECUTABLE),
    CODE(CL_INVALID_KERNEL_NAME),
    CODE(CL_INVALID_KERNEL_DEFINITION),
    CODE(CL_INVALID_KERNEL),
    CODE(CL_INVALID_ARG_INDEX),
    CODE(CL_INVALID_ARG_VALUE),
    CODE(CL_INVALID_ARG_SIZE),
    CODE(CL_INVALID_KERNEL_ARGS),
    CODE(CL_INVALID_WORK_DIMENSION),
    CODE(CL_INVALID_WORK_GROUP_SIZE),
    CODE(CL_INVALID_WORK_ITEM_SIZE),
    CODE(CL_INVALID_GLOBAL_OFFSET),
    CODE(CL_INVALID_EVENT_WAIT_LIST),
    CODE(CL_INVALID_EVENT),
    CODE(CL_INVALID_OPERATION),
    CODE(CL_INVALID_BUFFER_SIZE),
    CODE(CL_INVALID_GLOBAL_WORK_SIZE),
    CODE(CL_INVALID_PROPERTY),
    CODE(CL_INVALID_COMPILER_OPTIONS),
    CODE(CL_INVALID_LINKER_OPTIONS),
    CODE(CL_INVALID_DEVICE_PARTITION_COUNT),
    CODE(CL_PLATFORM_NOT_FOUND_KHR),
#undef CODE
};

const char *imp_cl_name(cl_int code)
{
    for (size_t i = 0; i < IMP_COUNT(code_names); i++)
        if (code_names[i].code == code)
            return code_names[i].name;
    return "unknown error";
}

bool imp_cl_refusal(struct imp_device *device, cl_int code)
{
    const bool memory = code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY;
    device->refusals += memory;
    return memory;
}

enum impasto_status imp_cl_check(struct imp_device *device, cl_int code, const char *call,
                                 const char *file, int line)
{
    if (code == CL_SUCCESS)
        return IMPASTO_OK;
    const char *slash = strrchr(file, '/');
    const bool memory = imp_cl_refusal(device, code);
    return imp_device_fail(
        device, memory ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_DEVICE,
        "device \"%s\": %s failed with %s (%d) at %s:%d%s", device->caps.info.name, call,
        imp_cl_name(code), code, slash == NULL ? file : slash + 1, line,
        memory                        ? "; choose a smaller size"
        : code == CL_OUT_OF_RESOURCES ? "; out of memory, or the device was reset"
                                      : "");
}

const struct impasto_error *imp_device_error(const struct imp_device *device)
{
    return &device->error;
}

struct impasto_error *imp_device_error_place(struct imp_device *device)
{
    return &device->error;
}

enum impasto_status(imp_device_fail)(struct imp_device *device, enum impasto_status status,
                                     const char *format, ...)
{
    char message[sizeof(device->error.message)];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    return imp_fail(&device->error, status, "%s", length < 0 ? "" : message);
}

enum impasto_status(imp_device_fail_memory)(struct imp_device *device, const char *what,
                                            size_t bytes)
{
    return imp_fail_memory(&device->error, what, bytes);
}

unsigned imp_device_refusals(const struct imp_device *device)
{
    return device->refusals;
}
