/* SPDX-License-Identifier: MIT */
/*
 * Kernels from source to something that can be launched. A program is made of one or several files,
 * as the kernel's name says. src/ops/programs.c decides which files share one. A program is kept by
 * its files and macros, and a kernel by its function.
 */

#include "base/os.h"
#include "device/opencl.h"

#include <stdlib.h>
#include <string.h>

/* Of a kernel file from $IMPASTO_CL_DIR. */
#define SOURCE_LIMIT ((size_t)4 << 20)
/* Of a build log, which some compilers fill without end. */
#define LOG_LIMIT ((size_t)1 << 20)
/* Bytes of a hint, a path included. */
#define HINT 512
/* Of a binary, as in the cache. */
#define BINARY_LIMIT ((size_t)64 << 20)

/* mad-enable fuses a*b+c. Nothing that lets the compiler assume away NaN or infinity, as the check
 * for them would go with it. */
#define OPTIONS "-cl-mad-enable -cl-no-signed-zeros"

/* Reads folder/name as "#line 1 "name"" and its text, a new string. */
static enum impasto_status read_source(struct imp_device *device, const char *folder,
                                       const char *name, char **text)
{
    const size_t path_size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(path_size);
    char *source = malloc(SOURCE_LIMIT);
    if (path == NULL || source == NULL) {
        free(path);
        free(source);
        return imp_fail_memory(&device->error, "kernel sources", SOURCE_LIMIT);
    }
    snprintf(path, path_size, "%s/%s", folder, name);
    const int head = snprintf(source, SOURCE_LIMIT, "#line 1 \"%s\"\n", name);
    FILE *stream = fopen(path, "rb");
    size_t size = 0;
    /* Two bytes are left for the last line's end and the string's. */
    if (stream != NULL)
        size = fread(source + head, 1, SOURCE_LIMIT - (size_t)head - 2, stream);
    const bool good = stream != NULL && ferror(stream) == 0 && feof(stream) != 0 &&
                      memchr(source + head, '\0', size) == NULL;
    if (stream != NULL)
        fclose(stream);
    if (!good) {
        const enum impasto_status status = imp_device_fail(
            device, IMPASTO_ERROR_DEVICE,
            "%s: cannot be read as a kernel source; correct or unset IMPASTO_CL_DIR", path);
        free(path);
        free(source);
        return status;
    }
    free(path);
    memcpy(source + head + size, "\n", 2);
    *text = source;
    return IMPASTO_OK;
}

static enum impasto_status find_source(struct imp_device *device, const char *name, char **text)
{
    const char *folder = getenv("IMPASTO_CL_DIR");
    if (folder != NULL && folder[0] != '\0')
        return read_source(device, folder, name, text);
    for (size_t i = 0; i < imp_source_count; i++) {
        if (strcmp(imp_sources[i].name, name) != 0)
            continue;
        *text = strdup(imp_sources[i].text);
        return *text != NULL ? IMPASTO_OK
                             : imp_fail_memory(&device->error, name, strlen(imp_sources[i].text));
    }
    return imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "%s: no such kernel source", name);
}

/* Appends a file's text to *source, a string that may be NULL. */
static enum impasto_status append_source(struct imp_device *device, const char *name, char **source)
{
    char *text = NULL;
    IMP_TRY(find_source(device, name, &text));
    const size_t size = *source == NULL ? 0 : strlen(*source);
    char *joined = realloc(*source, size + strlen(text) + 1);
    if (joined != NULL)
        memcpy(joined + size, text, strlen(text) + 1);
    free(text);
    if (joined == NULL)
        return imp_fail_memory(&device->error, "kernel sources", size);
    *source = joined;
    return IMPASTO_OK;
}

/* shared.h, common.cl and the files, one after the other, a new string. */
static enum impasto_status join_sources(struct imp_device *device, const char *files, char **source)
{
    *source = NULL;
    enum impasto_status status = append_source(device, "shared.h", source);
    if (status == IMPASTO_OK)
        status = append_source(device, "common.cl", source);
    for (const char *file = files; *file != '\0' && status == IMPASTO_OK;) {
        char name[64];
        const int length = (int)strcspn(file, "+");
        if (snprintf(name, sizeof(name), "%.*s.cl", length, file) >= (int)sizeof(name))
            status = imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "%s: too long a name", file);
        else
            status = append_source(device, name, source);
        file += length + (file[length] == '+');
    }
    if (status != IMPASTO_OK) {
        free(*source);
        *source = NULL;
    }
    return status;
}

/* Everything a binary depends on, a new string; NULL where there is no memory. */
static char *cache_key(const struct imp_device *device, const char *file, const char *options,
                       const char *source)
{
    const struct impasto_device_info *info = &device->caps.info;
    static const char pattern[] = "impasto %s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s";
    /* The platform's version often tells of the compiler inside; the device's of the processor. */
    char platform[256] = "", version[256] = "";
    if (clGetPlatformInfo(device->platform, CL_PLATFORM_VERSION, sizeof(platform) - 1, platform,
                          NULL) != CL_SUCCESS)
        platform[0] = '\0';
    if (clGetDeviceInfo(device->id, CL_DEVICE_VERSION, sizeof(version) - 1, version, NULL) !=
        CL_SUCCESS)
        version[0] = '\0';
    const size_t size = sizeof(pattern) + strlen(impasto_version()) + strlen(info->platform) +
                        strlen(platform) + strlen(info->name) + strlen(info->driver) +
                        strlen(version) + strlen(file) + strlen(options) + strlen(source);
    char *key = malloc(size);
    if (key != NULL)
        snprintf(key, size, pattern, impasto_version(), info->platform, platform, info->name,
                 info->driver, version, file, options, source);
    return key;
}

/* The compiler's words, a new string; NULL where there are none. */
static char *build_log(const struct imp_device *device, cl_program program)
{
    size_t size = 0;
    if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) !=
            CL_SUCCESS ||
        size <= 1 || size > LOG_LIMIT)
        return NULL;
    char *text = calloc(size + 1, 1);
    if (text != NULL && clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, text,
                                              NULL) != CL_SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

/* Sends a build log to the log line by line. `first` becomes the first line that tells of an error,
 * or else the first line of all. */
static void digest_log(struct imp_device *device, const char *file, char *text, char *first,
                       size_t first_size)
{
    bool found = false;
    first[0] = '\0';
    for (char *line = strtok_r(text, "\n", &text); line != NULL;
         line = strtok_r(NULL, "\n", &text)) {
        imp_log(&device->log, IMPASTO_LOG_DEBUG, "%s.cl: %s", file, line);
        const bool tells = strstr(line, "error") != NULL;
        if (first[0] == '\0' || (tells && !found))
            snprintf(first, first_size, "%s", line);
        found = found || tells;
    }
}

static cl_int build(struct imp_device *device, cl_program program, const char *options)
{
    imp_wait_begin(device, true);
    imp_os_save_handlers();
    const cl_int code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    imp_os_restore_handlers();
    return imp_wait_end(device, code);
}

/* One attempt at building from source. first: the compiler's first error line. */
static cl_int build_source(struct imp_device *device, const char *file, const char *options,
                           const char *source, cl_program *program, char *first, size_t first_size)
{
    cl_int code;
    first[0] = '\0';
    cl_program made = clCreateProgramWithSource(device->context, 1, &source, NULL, &code);
    if (code != CL_SUCCESS)
        return code;
    code = build(device, made, options);
    char *text = build_log(device, made);
    if (text != NULL)
        digest_log(device, file, text, first, first_size);
    free(text);
    if (code == CL_SUCCESS)
        *program = made;
    else
        (void)clReleaseProgram(made);
    return code;
}

/* Seconds after which a build was no look into a driver's own cache. */
#define SLOW_BUILD 0.06

static void announce(struct imp_device *device)
{
    if (!device->announced_build)
        imp_log(&device->log, IMPASTO_LOG_INFO, "compiling kernels");
    device->announced_build = true;
}

static enum impasto_status compile(struct imp_device *device, const char *file, const char *options,
                                   const char *source, cl_program *program)
{
    char first[512];
    /* A driver with a cache of its own may have it already. */
    const bool maybe =
        (device->caps.quirks & IMP_QUIRK_OWN_KERNEL_CACHE) != 0 && !imp_cache_wanted(device);
    if (!maybe)
        announce(device);
    const double begin = imp_host_seconds();
    cl_int code = build_source(device, file, options, source, program, first, sizeof(first));
    if (code != CL_SUCCESS && (device->caps.quirks & IMP_QUIRK_FLAKY_BUILDS) != 0) {
        imp_log(&device->log, IMPASTO_LOG_DEBUG, "%s.cl: trying again to build it", file);
        code = build_source(device, file, options, source, program, first, sizeof(first));
    }
    if (imp_host_seconds() - begin > SLOW_BUILD)
        announce(device);
    if (code == CL_SUCCESS)
        return IMPASTO_OK;
    char hint[HINT] = "";
    if (strstr(first, "error") == NULL)
        imp_driver_cache_hint(device, hint, sizeof(hint));
    return imp_device_fail(device, IMPASTO_ERROR_DEVICE,
                           "device \"%s\": kernel file %s.cl cannot be compiled: %s (%d)%s%s%s",
                           device->caps.info.name, file, imp_cl_name(code), code,
                           first[0] != '\0' ? ": " : "", first, hint);
}

/* The program from the cache; false where that does not work. */
static bool load_binary(struct imp_device *device, const char *key, const char *options,
                        cl_program *program)
{
    size_t size = 0;
    cl_int code, status = CL_SUCCESS;
    unsigned char *binary = imp_cache_load(device, key, &size);
    if (binary == NULL)
        return false;
    const unsigned char *constant = binary;
    cl_program made = clCreateProgramWithBinary(device->context, 1, &device->id, &size, &constant,
                                                &status, &code);
    free(binary);
    if (code == CL_SUCCESS && status == CL_SUCCESS)
        code = build(device, made, options);
    if (code == CL_SUCCESS && status == CL_SUCCESS) {
        *program = made;
        return true;
    }
    imp_log(&device->log, IMPASTO_LOG_DEBUG, "kernel cache: the driver refused a binary: %s (%d)",
            imp_cl_name(code != CL_SUCCESS ? code : status), code != CL_SUCCESS ? code : status);
    if (made != NULL)
        (void)clReleaseProgram(made);
    return false;
}

static void store_binary(struct imp_device *device, const char *key, cl_program program)
{
    size_t size = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) !=
            CL_SUCCESS ||
        size == 0 || size > BINARY_LIMIT)
        return;
    unsigned char *binary = malloc(size);
    imp_wait_begin(device, true);
    const bool got =
        binary != NULL &&
        clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL) == CL_SUCCESS;
    (void)imp_wait_end(device, CL_SUCCESS);
    if (got)
        imp_cache_store(device, key, binary, size);
    free(binary);
}

/* A new program, from the cache or from source. */
static enum impasto_status make_program(struct imp_device *device, const struct imp_kernel *kernel,
                                        const char *macros, cl_program *program)
{
    const bool old = (device->caps.quirks & IMP_QUIRK_CL11) != 0;
    static const char standard[] = "-cl-std=CL1.2 ";
    const size_t size = sizeof(standard) + sizeof(OPTIONS) + strlen(macros) + 1;
    char *source = NULL, *options = malloc(size), *key = NULL;
    enum impasto_status status = options == NULL
                                     ? imp_fail_memory(&device->error, "build options", size)
                                     : join_sources(device, kernel->file, &source);
    if (status == IMPASTO_OK) {
        snprintf(options, size, "%s%s %s", old ? "" : standard, OPTIONS, macros);
        key = cache_key(device, kernel->file, options, source);
        if (key == NULL)
            status = imp_fail_memory(&device->error, "the kernel cache", strlen(source));
    }
    const bool cached = imp_cache_wanted(device);
    if (status == IMPASTO_OK && !(cached && load_binary(device, key, options, program))) {
        const double begin = imp_host_seconds();
        status = compile(device, kernel->file, options, source, program);
        if (status == IMPASTO_OK) {
            imp_log(&device->log, IMPASTO_LOG_DEBUG, "%s.cl [%s]: compiled in %.2f s", kernel->file,
                    options, imp_host_seconds() - begin);
            if (cached)
                store_binary(device, key, *program);
        }
    }
    free(key);
    free(source);
    free(options);
    return status;
}

static void free_program(struct imp_program *program)
{
    if (program == NULL)
        return;
    if (program->program != NULL)
        (void)clReleaseProgram(program->program);
    free(program->file);
    free(program->macros);
    free(program);
}

static void free_entry(struct imp_entry *entry)
{
    if (entry == NULL)
        return;
    if (entry->kernel != NULL)
        (void)clReleaseKernel(entry->kernel);
    free(entry->file);
    free(entry->function);
    free(entry->macros);
    free(entry);
}

static enum impasto_status get_program(struct imp_device *device, const struct imp_kernel *kernel,
                                       const char *macros, cl_program *program)
{
    for (struct imp_program *known = device->programs; known != NULL; known = known->next)
        if (strcmp(known->file, kernel->file) == 0 && strcmp(known->macros, macros) == 0) {
            *program = known->program;
            return IMPASTO_OK;
        }
    struct imp_program *made = calloc(1, sizeof(*made));
    if (made != NULL) {
        made->file = strdup(kernel->file);
        made->macros = strdup(macros);
    }
    enum impasto_status status;
    if (made == NULL || made->file == NULL || made->macros == NULL)
        status = imp_fail_memory(&device->error, "a program", sizeof(*made));
    else
        status = make_program(device, kernel, macros, &made->program);
    if (status != IMPASTO_OK) {
        free_program(made);
        return status;
    }
    made->next = device->programs;
    device->programs = made;
    *program = made->program;
    return IMPASTO_OK;
}

/* Asks the driver about a new kernel. */
static enum impasto_status inspect(struct imp_device *device, struct imp_entry *entry)
{
    size_t limit = 0;
    IMP_TRY(IMP_CL(device, clGetKernelInfo(entry->kernel, CL_KERNEL_NUM_ARGS,
                                           sizeof(entry->arg_count), &entry->arg_count, NULL)));
    /* Some drivers compile no earlier than this. */
    imp_wait_begin(device, true);
    if (clGetKernelWorkGroupInfo(entry->kernel, device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
                                 sizeof(entry->required), entry->required, NULL) != CL_SUCCESS ||
        entry->required[0] == 0)
        memset(entry->required, 0, sizeof(entry->required));
    if (clGetKernelWorkGroupInfo(entry->kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                 sizeof(limit), &limit, NULL) != CL_SUCCESS)
        limit = 1;
    (void)imp_wait_end(device, CL_SUCCESS);
    /* Where the source demands a work-group, that is the limit: a driver is known that names
     * a smaller one and yet runs it. */
    if (entry->required[0] > 0)
        limit = entry->required[0] * entry->required[1] * entry->required[2];
    if (limit > device->caps.max_work_group)
        limit = device->caps.max_work_group;
    entry->max_work_group = limit > 0 ? limit : 1;
    return IMPASTO_OK;
}

static enum impasto_status make_entry(struct imp_device *device, const struct imp_kernel *kernel,
                                      const char *macros, struct imp_entry *entry)
{
    cl_program program;
    cl_int code;
    entry->file = strdup(kernel->file);
    entry->function = strdup(kernel->function);
    entry->macros = strdup(macros);
    if (entry->file == NULL || entry->function == NULL || entry->macros == NULL)
        return imp_fail_memory(&device->error, "a kernel", sizeof(*entry));
    IMP_TRY(get_program(device, kernel, macros, &program));
    imp_wait_begin(device, true);
    entry->kernel = clCreateKernel(program, kernel->function, &code);
    (void)imp_wait_end(device, code);
    if (code == CL_INVALID_KERNEL_NAME) {
        char hint[HINT];
        imp_driver_cache_hint(device, hint, sizeof(hint));
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "%s.cl [%s]: no kernel \"%s\"%s",
                               kernel->file, macros, kernel->function, hint);
    }
    if (code != CL_SUCCESS)
        return imp_cl_check(device, code, "clCreateKernel", IMP_FILE, __LINE__);
    return inspect(device, entry);
}

enum impasto_status imp_entry_get(struct imp_device *device, const struct imp_kernel *kernel,
                                  struct imp_entry **entry)
{
    const char *macros = kernel->macros == NULL ? "" : kernel->macros;
    /* With their ends, so that the names cannot run into each other. */
    uint64_t hash = imp_hash(IMP_HASH_START, kernel->file, strlen(kernel->file) + 1);
    hash = imp_hash(hash, kernel->function, strlen(kernel->function) + 1);
    hash = imp_hash(hash, macros, strlen(macros));
    for (struct imp_entry *known = device->entries; known != NULL; known = known->next)
        if (known->hash == hash && strcmp(known->function, kernel->function) == 0 &&
            strcmp(known->file, kernel->file) == 0 && strcmp(known->macros, macros) == 0) {
            *entry = known;
            return IMPASTO_OK;
        }
    struct imp_entry *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return imp_fail_memory(&device->error, "a kernel", sizeof(*made));
    made->hash = hash;
    const enum impasto_status status = make_entry(device, kernel, macros, made);
    if (status != IMPASTO_OK) {
        free_entry(made);
        return status;
    }
    made->next = device->entries;
    device->entries = made;
    *entry = made;
    return IMPASTO_OK;
}

void imp_programs_release(struct imp_device *device)
{
    while (device->entries != NULL) {
        struct imp_entry *next = device->entries->next;
        free_entry(device->entries);
        device->entries = next;
    }
    while (device->programs != NULL) {
        struct imp_program *next = device->programs->next;
        free_program(device->programs);
        device->programs = next;
    }
}

enum impasto_status imp_kernel_prepare(struct imp_device *device, const struct imp_kernel *kernel)
{
    struct imp_entry *entry;
    return imp_entry_get(device, kernel, &entry);
}

enum impasto_status imp_kernel_max_work_group(struct imp_device *device,
                                              const struct imp_kernel *kernel, size_t *size)
{
    struct imp_entry *entry;
    IMP_TRY(imp_entry_get(device, kernel, &entry));
    *size = entry->max_work_group;
    return IMPASTO_OK;
}
