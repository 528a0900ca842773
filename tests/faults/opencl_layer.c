/* SPDX-License-Identifier: MIT */
/*
 * An OpenCL layer that makes calls fail, or their results wrong. The loader puts it between the
 * program and the driver where $OPENCL_LAYERS names it, so the program under test is the one that
 * users have.
 *
 * $IMPASTO_FAULT says which call, by words with commas between:
 *
 *   at=N       the N-th call, from 1 on; without it nothing fails
 *
 *   call=NAME  of this function only
 *
 *   code=N     what it returns instead of doing its work (0: it does its work)
 *
 *   sleep=N    seconds that it takes before; negative: it never returns
 *
 *   on=1       and so do all later ones
 *
 *   lost=N     from then on, all that needs the device fails, until there is a new context; and so
 *              again, N times in all
 *
 * Or which launch of a kernel leaves a number that is not finite:
 *
 *   poison=I   in an element of the buffer that is argument I, of those that the launch has written
 *
 *   kernel=NAME  of this kernel only; at=N, on=1: as above, but counting launches
 *
 *   value=inf  infinity; value=nan, and without it: NaN
 *
 * $IMPASTO_FAULT_REPORT names a file for what was seen, as JSON, written at exit;
 * $IMPASTO_FAULT_TRACE one for the names of all calls, a line each,
 * $IMPASTO_FAULT_LAUNCHES one for the names of the kernels launched.
 */

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_layer.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { CONTEXT, QUEUE, BUFFER, PROGRAM, KERNEL, EVENT, KINDS };
static const char *const kind_names[KINDS] = {"contexts", "queues",  "buffers",
                                              "programs", "kernels", "events"};

static const cl_icd_dispatch *next;
static cl_icd_dispatch table;

/* Programs may call from several threads. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    long at, on, sleep, lost;
    cl_int code;
    char call[64], kernel[64];
    bool poisons, infinite;
    long argument;
} fault;
static long calls; /* of all functions */
static long met;   /* of those that the fault is about, since it was armed */
static bool armed, lost;
static char failed[64]; /* the function that failed first */
static long left[KINDS];
static FILE *trace, *launches;
static long poisoned; /* launches */

/* ---- What fails ------------------------------------------------------------------------------ */

static void read_fault(const char *text)
{
    char *words = strdup(text ? text : ""), *at = words;
    for (char *word = strtok_r(at, ",", &at); word; word = strtok_r(NULL, ",", &at)) {
        const char *value = strchr(word, '=') ? strchr(word, '=') + 1 : "";
        const long number = strtol(value, NULL, 10);
        if (strncmp(word, "at=", 3) == 0)
            fault.at = number;
        else if (strncmp(word, "code=", 5) == 0)
            fault.code = (cl_int)number;
        else if (strncmp(word, "sleep=", 6) == 0)
            fault.sleep = number;
        else if (strncmp(word, "on=", 3) == 0)
            fault.on = number;
        else if (strncmp(word, "lost=", 5) == 0)
            fault.lost = number;
        else if (strncmp(word, "poison=", 7) == 0)
            fault.poisons = true, fault.argument = number;
        else if (strncmp(word, "kernel=", 7) == 0)
            snprintf(fault.kernel, sizeof(fault.kernel), "%s", value);
        else if (strcmp(word, "value=inf") == 0 || strcmp(word, "value=nan") == 0)
            fault.infinite = value[0] == 'i';
        else if (strncmp(word, "call=", 5) == 0)
            snprintf(fault.call, sizeof(fault.call), "%s", value);
        else {
            /* A test that tests nothing would pass. */
            fprintf(stderr, "IMPASTO_FAULT: \"%s\" is not understood\n", word);
            exit(99);
        }
    }
    free(words);
    armed = fault.at > 0 && !fault.poisons;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void wait_for(long seconds)
{
    const struct timespec second = {.tv_sec = 1};
    for (long i = 0; i < seconds || seconds < 0; i++)
        (void)nanosleep(&second, NULL);
}

/* Before each call: what it is to return instead, or CL_SUCCESS. */
static cl_int meet(const char *name)
{
    cl_int code = CL_SUCCESS;
    pthread_mutex_lock(&mutex);
    calls++;
    if (trace)
        fprintf(trace, "%s\n", name);
    if (strcmp(name, "clCreateContext") == 0 && lost) {
        lost = false;
        met = 0;
        armed = fault.lost > 0;
    }
    const bool meant = armed && (!fault.call[0] || strcmp(fault.call, name) == 0);
    const bool hit = meant && ++met >= fault.at;
    /* What a driver answers by itself still works when the device is gone. */
    if (hit || (lost && !begins(name, "clGet") && !begins(name, "clRelease")))
        code = fault.code;
    if (hit) {
        armed = fault.on > 0;
        lost = fault.lost-- > 0;
        if (!failed[0])
            snprintf(failed, sizeof(failed), "%s", name);
    }
    pthread_mutex_unlock(&mutex);
    if (hit && fault.sleep)
        wait_for(fault.sleep);
    return code;
}

static void count(enum kind kind, int by)
{
    pthread_mutex_lock(&mutex);
    left[kind] += by;
    pthread_mutex_unlock(&mutex);
}

/* ---- The calls ------------------------------------------------------------------------------- */

/* All that the library, and CLBlast for it, calls: test_device_faults.py compares. A call of
 * ANSWER returns a code; CREATE makes an object of a kind; RELEASE lets one go, also when it is to
 * fail, as the program cannot do more about it; ENQUEUE may make an event. */
#define INFO(type, query) (type object, query what, size_t size, void *value, size_t *size_ret)
#define CALLS(ANSWER, CREATE, RELEASE, ENQUEUE)                                                    \
    ANSWER(clGetPlatformIDs, (cl_uint n, cl_platform_id * ids, cl_uint * count_ret),               \
           (n, ids, count_ret))                                                                    \
    ANSWER(clGetPlatformInfo, INFO(cl_platform_id, cl_platform_info),                              \
           (object, what, size, value, size_ret))                                                  \
    ANSWER(clGetDeviceIDs,                                                                         \
           (cl_platform_id platform, cl_device_type type, cl_uint n, cl_device_id * ids,           \
            cl_uint * count_ret),                                                                  \
           (platform, type, n, ids, count_ret))                                                    \
    ANSWER(clGetDeviceInfo, INFO(cl_device_id, cl_device_info),                                    \
           (object, what, size, value, size_ret))                                                  \
    CREATE(CONTEXT, cl_context, clCreateContext,                                                   \
           (const cl_context_properties *properties, cl_uint n, const cl_device_id *devices,       \
            void(CL_CALLBACK * notify)(const char *, const void *, size_t, void *), void *user,    \
            cl_int *code),                                                                         \
           (properties, n, devices, notify, user, code))                                           \
    RELEASE(CONTEXT, cl_context, clReleaseContext)                                                 \
    CREATE(QUEUE, cl_command_queue, clCreateCommandQueue,                                          \
           (cl_context context, cl_device_id device, cl_command_queue_properties properties,       \
            cl_int * code),                                                                        \
           (context, device, properties, code))                                                    \
    RELEASE(QUEUE, cl_command_queue, clReleaseCommandQueue)                                        \
    ANSWER(clGetCommandQueueInfo, INFO(cl_command_queue, cl_command_queue_info),                   \
           (object, what, size, value, size_ret))                                                  \
    CREATE(BUFFER, cl_mem, clCreateBuffer,                                                         \
           (cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code),        \
           (context, flags, size, host, code))                                                     \
    CREATE(BUFFER, cl_mem, clCreateSubBuffer,                                                      \
           (cl_mem whole, cl_mem_flags flags, cl_buffer_create_type type, const void *region,      \
            cl_int *code),                                                                         \
           (whole, flags, type, region, code))                                                     \
    RELEASE(BUFFER, cl_mem, clReleaseMemObject)                                                    \
    ANSWER(clGetMemObjectInfo, INFO(cl_mem, cl_mem_info), (object, what, size, value, size_ret))   \
    CREATE(                                                                                        \
        PROGRAM, cl_program, clCreateProgramWithSource,                                            \
        (cl_context context, cl_uint n, const char **texts, const size_t *lengths, cl_int *code),  \
        (context, n, texts, lengths, code))                                                        \
    CREATE(PROGRAM, cl_program, clCreateProgramWithBinary,                                         \
           (cl_context context, cl_uint n, const cl_device_id *devices, const size_t *lengths,     \
            const unsigned char **binaries, cl_int *status, cl_int *code),                         \
           (context, n, devices, lengths, binaries, status, code))                                 \
    RELEASE(PROGRAM, cl_program, clReleaseProgram)                                                 \
    ANSWER(clBuildProgram,                                                                         \
           (cl_program program, cl_uint n, const cl_device_id *devices, const char *options,       \
            void(CL_CALLBACK * notify)(cl_program, void *), void *user),                           \
           (program, n, devices, options, notify, user))                                           \
    ANSWER(clGetProgramInfo, INFO(cl_program, cl_program_info),                                    \
           (object, what, size, value, size_ret))                                                  \
    ANSWER(clGetProgramBuildInfo,                                                                  \
           (cl_program program, cl_device_id device, cl_program_build_info what, size_t size,      \
            void *value, size_t *size_ret),                                                        \
           (program, device, what, size, value, size_ret))                                         \
    CREATE(KERNEL, cl_kernel, clCreateKernel,                                                      \
           (cl_program program, const char *name, cl_int *code), (program, name, code))            \
    RELEASE(KERNEL, cl_kernel, clReleaseKernel)                                                    \
    ANSWER(clSetKernelArg, (cl_kernel kernel, cl_uint i, size_t size, const void *value),          \
           (kernel, i, size, value))                                                               \
    ANSWER(clGetKernelInfo, INFO(cl_kernel, cl_kernel_info),                                       \
           (object, what, size, value, size_ret))                                                  \
    ANSWER(clGetKernelWorkGroupInfo,                                                               \
           (cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what, size_t size,    \
            void *value, size_t *size_ret),                                                        \
           (kernel, device, what, size, value, size_ret))                                          \
    ANSWER(clWaitForEvents, (cl_uint n, const cl_event *events), (n, events))                      \
    RELEASE(EVENT, cl_event, clReleaseEvent)                                                       \
    ANSWER(clFlush, (cl_command_queue queue), (queue))                                             \
    ANSWER(clFinish, (cl_command_queue queue), (queue))                                            \
    ENQUEUE(clEnqueueReadBuffer,                                                                   \
            (cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,  \
             void *data, cl_uint n, const cl_event *after, cl_event *event),                       \
            (queue, buffer, blocking, offset, size, data, n, after, event))                        \
    ENQUEUE(clEnqueueWriteBuffer,                                                                  \
            (cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,  \
             const void *data, cl_uint n, const cl_event *after, cl_event *event),                 \
            (queue, buffer, blocking, offset, size, data, n, after, event))                        \
    ENQUEUE(clEnqueueCopyBuffer,                                                                   \
            (cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, \
             size_t size, cl_uint n, const cl_event *after, cl_event *event),                      \
            (queue, from, to, from_offset, to_offset, size, n, after, event))                      \
    ENQUEUE(clEnqueueFillBuffer,                                                                   \
            (cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_size,      \
             size_t offset, size_t size, cl_uint n, const cl_event *after, cl_event *event),       \
            (queue, buffer, pattern, pattern_size, offset, size, n, after, event))                 \
    ENQUEUE(clEnqueueNDRangeKernel,                                                                \
            (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,   \
             const size_t *global, const size_t *local, cl_uint n, const cl_event *after,          \
             cl_event *event),                                                                     \
            (queue, kernel, dimensions, offset, global, local, n, after, event))

#define DEFINE_ANSWER(name, parameters, arguments)                                                 \
    static cl_int CL_API_CALL our_##name parameters                                                \
    {                                                                                              \
        const cl_int code = meet(#name);                                                           \
        return code != CL_SUCCESS ? code : next->name arguments;                                   \
    }
#define DEFINE_CREATE(kind, type, name, parameters, arguments)                                     \
    static type CL_API_CALL our_##name parameters                                                  \
    {                                                                                              \
        const cl_int instead = meet(#name);                                                        \
        type made = instead != CL_SUCCESS ? NULL : next->name arguments;                           \
        if (made)                                                                                  \
            count(kind, 1);                                                                        \
        else if (instead != CL_SUCCESS && code)                                                    \
            *code = instead;                                                                       \
        return made;                                                                               \
    }
#define DEFINE_RELEASE(kind, type, name)                                                           \
    static cl_int CL_API_CALL our_##name(type object)                                              \
    {                                                                                              \
        const cl_int instead = meet(#name);                                                        \
        const cl_int code = next->name(object);                                                    \
        count(kind, -1);                                                                           \
        return instead != CL_SUCCESS ? instead : code;                                             \
    }
#define DEFINE_ENQUEUE(name, parameters, arguments)                                                \
    static cl_int CL_API_CALL our_##name parameters                                                \
    {                                                                                              \
        cl_int code = meet(#name);                                                                 \
        if (code == CL_SUCCESS)                                                                    \
            code = next->name arguments;                                                           \
        if (code == CL_SUCCESS && event)                                                           \
            count(EVENT, 1);                                                                       \
        return code;                                                                               \
    }
CALLS(DEFINE_ANSWER, DEFINE_CREATE, DEFINE_RELEASE, DEFINE_ENQUEUE)

/* What is waited for in vain has ended all the same: a device that is lost writes to nobody's
 * memory any more. */
static cl_int CL_API_CALL await(cl_uint n, const cl_event *events)
{
    const cl_int code = our_clWaitForEvents(n, events);
    if (code != CL_SUCCESS)
        (void)next->clWaitForEvents(n, events);
    return code;
}

/* ---- What is poisoned ------------------------------------------------------------------------ */

/* The buffers that kernels were given, as they were set last. */
#define MOST_ARGUMENTS 4096
static struct {
    cl_kernel kernel;
    cl_uint i;
    cl_mem buffer;
} arguments[MOST_ARGUMENTS];
static int argument_count;

static cl_int CL_API_CALL note_argument(cl_kernel kernel, cl_uint i, size_t size, const void *value)
{
    /* No other argument is as large as a handle. */
    if (fault.poisons && size == sizeof(cl_mem) && value) {
        int at = 0;
        pthread_mutex_lock(&mutex);
        while (at < argument_count && (arguments[at].kernel != kernel || arguments[at].i != i))
            at++;
        if (at == MOST_ARGUMENTS) {
            fprintf(stderr, "IMPASTO_FAULT: too many arguments\n");
            exit(99);
        }
        arguments[at].kernel = kernel;
        arguments[at].i = i;
        memcpy(&arguments[at].buffer, value, sizeof(cl_mem));
        argument_count += at == argument_count;
        pthread_mutex_unlock(&mutex);
    }
    return our_clSetKernelArg(kernel, i, size, value);
}

static cl_mem victim_of(cl_kernel kernel)
{
    cl_mem buffer = NULL;
    pthread_mutex_lock(&mutex);
    for (int at = 0; at < argument_count; at++)
        if (arguments[at].kernel == kernel && (long)arguments[at].i == fault.argument)
            buffer = arguments[at].buffer;
    pthread_mutex_unlock(&mutex);
    return buffer;
}

/* What is in a buffer; NULL where that cannot be had. *count: words of 4 bytes. */
static cl_uint *contents(cl_command_queue queue, cl_mem buffer, size_t *count)
{
    size_t bytes = 0;
    if (!buffer ||
        next->clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof(bytes), &bytes, NULL) != CL_SUCCESS)
        return NULL;
    cl_uint *words = malloc(bytes);
    *count = bytes / sizeof(*words);
    if (words && next->clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, *count * sizeof(*words),
                                           words, 0, NULL, NULL) == CL_SUCCESS)
        return words;
    free(words);
    return NULL;
}

/* The one in the middle of those that differ; where none does, of those that are not zero;
 * or any. */
static size_t choose(const cl_uint *before, const cl_uint *after, size_t count)
{
    for (int how = 0; how < 2; how++) {
        size_t met_words = 0;
        for (size_t i = 0; i < count; i++)
            met_words += after[i] != (how == 0 ? before[i] : 0);
        for (size_t i = 0, seen = 0; i < count && met_words > 0; i++)
            if (after[i] != (how == 0 ? before[i] : 0) && seen++ == met_words / 2)
                return i;
    }
    return count / 2;
}

static bool is_meant(cl_kernel kernel)
{
    static long launched;
    char name[64] = "";
    (void)next->clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof(name), name, NULL);
    pthread_mutex_lock(&mutex);
    if (launches)
        fprintf(launches, "%s\n", name);
    const bool counts = fault.poisons && (!fault.kernel[0] || strcmp(fault.kernel, name) == 0);
    launched += counts;
    const bool meant = counts && (fault.on ? launched >= fault.at : launched == fault.at);
    if (meant && !failed[0])
        snprintf(failed, sizeof(failed), "%s", name);
    pthread_mutex_unlock(&mutex);
    return meant;
}

static cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                 const size_t *offset, const size_t *global, const size_t *local,
                                 cl_uint n, const cl_event *after, cl_event *event)
{
    const cl_uint poison = fault.infinite ? 0x7f800000 : 0x7fc00000;
    const bool meant = is_meant(kernel);
    const cl_mem victim = meant ? victim_of(kernel) : NULL;
    size_t count = 0;
    cl_uint *was = meant ? contents(queue, victim, &count) : NULL;
    const cl_int code = our_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local,
                                                   n, after, event);
    cl_uint *is = was && code == CL_SUCCESS ? contents(queue, victim, &count) : NULL;
    if (is && next->clEnqueueFillBuffer(queue, victim, &poison, sizeof(poison),
                                        choose(was, is, count) * sizeof(poison), sizeof(poison), 0,
                                        NULL, NULL) == CL_SUCCESS)
        poisoned++;
    free(was);
    free(is);
    return code;
}

/* ---- The layer ------------------------------------------------------------------------------- */

#define EXPORT __attribute__((visibility("default")))

#define NAME_ANSWER(name, parameters, arguments) #name " "
#define NAME_CREATE(kind, type, name, parameters, arguments) #name " "
#define NAME_RELEASE(kind, type, name) #name " "
static const char known[] = CALLS(NAME_ANSWER, NAME_CREATE, NAME_RELEASE, NAME_ANSWER);

EXPORT cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                         size_t *size_ret)
{
    const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    const char name[] = "impasto-faults";
    const void *answer = what == CL_LAYER_API_VERSION ? (const void *)&version : name;
    const size_t length = what == CL_LAYER_API_VERSION ? sizeof(version) : sizeof(name);
    if ((what != CL_LAYER_API_VERSION && what != CL_LAYER_NAME) || (value && size < length))
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, answer, length);
    if (size_ret)
        *size_ret = length;
    return CL_SUCCESS;
}

#define PLACE_ANSWER(name, parameters, arguments) table.name = our_##name;
#define PLACE_CREATE(kind, type, name, parameters, arguments) table.name = our_##name;
#define PLACE_RELEASE(kind, type, name) table.name = our_##name;

EXPORT cl_int CL_API_CALL clInitLayer(cl_uint entries, const cl_icd_dispatch *target,
                                      cl_uint *entries_ret, const cl_icd_dispatch **layer)
{
    if (entries < sizeof(table) / sizeof(table.clGetPlatformIDs))
        return CL_INVALID_VALUE;
    next = target;
    table = *target;
    CALLS(PLACE_ANSWER, PLACE_CREATE, PLACE_RELEASE, PLACE_ANSWER)
    table.clSetKernelArg = note_argument;
    table.clEnqueueNDRangeKernel = launch;
    table.clWaitForEvents = await;
    *entries_ret = sizeof(table) / sizeof(table.clGetPlatformIDs);
    *layer = &table;
    read_fault(getenv("IMPASTO_FAULT"));
    if (getenv("IMPASTO_FAULT_TRACE"))
        trace = fopen(getenv("IMPASTO_FAULT_TRACE"), "w");
    if (getenv("IMPASTO_FAULT_LAUNCHES"))
        launches = fopen(getenv("IMPASTO_FAULT_LAUNCHES"), "w");
    return CL_SUCCESS;
}

/* ---- For programs that run under it: opencl_layer.h ------------------------------------------ */

EXPORT long opencl_layer_left(const char *kind);
EXPORT long opencl_layer_left(const char *kind)
{
    long sum = 0;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < KINDS; i++)
        sum += !kind || strcmp(kind, kind_names[i]) == 0 ? left[i] : 0;
    pthread_mutex_unlock(&mutex);
    return sum;
}

EXPORT void opencl_layer_arm(const char *text);
EXPORT void opencl_layer_arm(const char *text)
{
    pthread_mutex_lock(&mutex);
    memset(&fault, 0, sizeof(fault));
    calls = met = 0;
    lost = false;
    failed[0] = '\0';
    read_fault(text);
    pthread_mutex_unlock(&mutex);
}

EXPORT const char *opencl_layer_failed(void);
EXPORT const char *opencl_layer_failed(void)
{
    return failed;
}

/* ---- Its report ------------------------------------------------------------------------------ */

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("IMPASTO_FAULT_REPORT");
    FILE *stream = path && next ? fopen(path, "w") : NULL;
    if (trace)
        fclose(trace);
    if (launches)
        fclose(launches);
    if (!stream)
        return;
    fprintf(
        stream,
        "{\"calls\": %ld, \"failed\": \"%s\", \"poisoned\": %ld, \"known\": \"%s\", \"left\": {",
        calls, failed, poisoned, known);
    for (int i = 0; i < KINDS; i++)
        fprintf(stream, "%s\"%s\": %ld", i ? ", " : "", kind_names[i], left[i]);
    fprintf(stream, "}}\n");
    fclose(stream);
}
