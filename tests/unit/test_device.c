/* SPDX-License-Identifier: MIT */
/*
 * The device room on a real OpenCL device (that of $IMPASTO_DEVICE, or the first that "auto"
 * names): listing, buffers and their limits, building, the kernel cache, launching. With no device,
 * all but the listing is skipped.
 */

#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */

#include "device/device.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char kernel_source[] =
    "__kernel void mark(__global int *hits, __global int *offsets, int nx, int ny, int nz)\n"
    "{\n"
    "    const int x = (int)get_global_id(0), y = (int)get_global_id(1);\n"
    "    const int z = (int)get_global_id(2);\n"
    "    if (x >= nx || y >= ny || z >= nz)\n"
    "        return;\n"
    "    const int i = (z * ny + y) * nx + x;\n"
    "    hits[i] += 1 + i;\n"
    "    offsets[i] = (int)(get_global_offset(0) + get_global_offset(1) + get_global_offset(2));\n"
    "}\n"
    "__kernel void scale(__global float *values, float factor, int n)\n"
    "{\n"
    "    const int i = (int)get_global_id(0);\n"
    "    if (i < n)\n"
    "        values[i] = values[i] * factor + SHIFT;\n"
    "}\n"
    "__kernel void spin(__global int *offsets, int turns)\n"
    "{\n"
    "    const int i = (int)(get_global_id(1) * get_global_size(0) + get_global_id(0));\n"
    "    unsigned value = (unsigned)i;\n"
    "    for (int turn = 0; turn < turns; turn++)\n"
    "        value = value * 1664525u + 1013904223u;\n"
    "    offsets[i] = (int)get_global_offset(1) + (value == 12345u && turns < 0);\n"
    "}\n"
    "__kernel __attribute__((reqd_work_group_size(4, 2, 1))) void sized(__global int *sizes)\n"
    "{\n"
    "    const int i = (int)(get_global_id(1) * get_global_size(0) + get_global_id(0));\n"
    "    sizes[i] = (int)(get_local_size(0) * 10 + get_local_size(1));\n"
    "}\n";

#define MACROS "-DSHIFT=0.5f"
static const struct imp_kernel mark = {"tiny", "mark", MACROS};
static const struct imp_kernel scale = {"tiny", "scale", MACROS};
static const struct imp_kernel spin = {"tiny", "spin", MACROS};
static const struct imp_kernel sized = {"tiny", "sized", MACROS};

static struct imp_candidate chosen;
static char folder[] = "/tmp/impasto-test-device-XXXXXX";

/* What the log said. */
static struct {
    int lines, compiling, damaged, refused, unwritable;
} heard;

static void hear(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    heard.lines++;
    heard.compiling += level == IMPASTO_LOG_INFO && strcmp(line, "compiling kernels") == 0;
    heard.damaged += strstr(line, "damaged or foreign") != NULL;
    heard.refused += strstr(line, "the driver refused a binary") != NULL;
    heard.unwritable += strstr(line, "cannot be written") != NULL;
}

static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

static void put(const char *path, const void *data, size_t size)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* Whether the driver reports every error it returns, as a simulator that looks for faults does:
 * then errors are not provoked, so that its report stays empty. */
static bool reports_errors(void)
{
    return strcmp(chosen.info.platform, "Oclgrind") == 0;
}

static struct imp_device *open_device(const struct imp_device_options *options)
{
    struct impasto_error error = {0};
    struct imp_device *device = NULL;
    struct imp_device_options used = {0};
    if (options != NULL)
        used = *options;
    used.log.write = hear;
    memset(&heard, 0, sizeof(heard));
    if (imp_device_open(&chosen, &used, &device, &error) != IMPASTO_OK)
        print_error("%s\n", error.message);
    assert_non_null(device);
    return device;
}

static struct imp_buffer *make_buffer(struct imp_device *device, size_t size)
{
    struct imp_buffer *buffer = NULL;
    assert_int_equal(imp_buffer_create(device, size, "test", &buffer), IMPASTO_OK);
    return buffer;
}

static void expect_ok(struct imp_device *device, enum impasto_status status)
{
    if (status != IMPASTO_OK)
        print_error("%s\n", imp_device_error(device)->message);
    assert_int_equal(status, IMPASTO_OK);
}

static void expect_failure(struct imp_device *device, enum impasto_status status,
                           enum impasto_status expected, const char *words)
{
    assert_int_equal(status, expected);
    assert_int_equal(imp_device_error(device)->status, expected);
    if (strstr(imp_device_error(device)->message, words) == NULL)
        print_error("no \"%s\" in: %s\n", words, imp_device_error(device)->message);
    assert_non_null(strstr(imp_device_error(device)->message, words));
}

/* ---- Listing --------------------------------------------------------------------------------- */

static void count_device(void *user, const struct impasto_device_info *info)
{
    int *counts = user;
    assert_int_equal(info->index, info->device_index < 0 ? -1 : counts[0]);
    assert_true((info->type == IMPASTO_DEVICE_NONE) == (info->index < 0));
    assert_true(info->index >= 0 || strlen(info->note) > 0);
    counts[0] += info->index >= 0;
    counts[1] += info->preferred;
    assert_false(info->preferred && info->hidden);
}

static void test_list(void **state)
{
    (void)state;
    struct impasto_error error;
    int counts[2] = {0};
    assert_int_equal(impasto_device_list(count_device, counts, &error), IMPASTO_OK);
    assert_true(counts[1] <= 1);
    assert_int_equal(impasto_device_list(NULL, NULL, &error), IMPASTO_ERROR_USAGE);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void test_open(void **state)
{
    (void)state;
    struct impasto_error error;
    struct imp_device *device = NULL;
    struct imp_candidate nothing = {.info = {.platform = "Empty", .device_index = -1}};
    struct imp_device_options options = {.vector_width = 5};
    assert_int_equal(imp_device_open(&nothing, NULL, &device, &error), IMPASTO_ERROR_DEVICE);
    assert_non_null(strstr(error.message, "\"Empty\": has no device"));
    assert_int_equal(imp_device_open(&chosen, &options, &device, &error), IMPASTO_ERROR_USAGE);
    assert_null(device);
    imp_device_close(&device);
    imp_device_close(NULL);

    device = open_device(NULL);
    const struct imp_caps *caps = imp_device_caps(device);
    const int width = caps->vector_width;
    assert_true(width == 4 || width == 8 || width == 16);
    assert_true(caps->max_work_group >= 1 && caps->max_allocation > 0);
    assert_true(caps->memory_budget > 0 && caps->memory_budget <= caps->info.memory);
    assert_true(!caps->unified || caps->memory_budget < imp_host_memory());
    assert_non_null(imp_device_native_queue(device));
    assert_non_null(imp_device_native_context(device));
    assert_ptr_equal(imp_device_native_id(device), chosen.device);
    imp_device_close(&device);
    assert_null(device);

    options.vector_width = 8;
    options.max_work_group = 1;
    device = open_device(&options);
    assert_int_equal(imp_device_caps(device)->vector_width, 8);
    assert_int_equal(imp_device_caps(device)->max_work_group, 1);
    imp_device_close(&device);
}

static void on_signal(int number)
{
    (void)number;
}

static void test_signals_kept(void **state)
{
    (void)state;
    struct sigaction ours = {.sa_handler = on_signal}, old[2], now;
    const int numbers[2] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++)
        sigaction(numbers[i], &ours, &old[i]);
    struct imp_candidate *candidates = NULL;
    size_t count = 0;
    setenv("IMPASTO_CACHE", "off", 1);
    assert_int_equal(imp_candidates_list(&candidates, &count, NULL), IMPASTO_OK);
    free(candidates);
    struct imp_device *device = open_device(NULL);
    expect_ok(device, imp_kernel_prepare(device, &scale));
    imp_device_close(&device);
    unsetenv("IMPASTO_CACHE");
    for (int i = 0; i < 2; i++) {
        sigaction(numbers[i], &old[i], &now);
        assert_true(now.sa_handler == on_signal);
    }
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static void test_buffers(void **state)
{
    (void)state;
    enum { size = 100003 }; /* odd: the end is not a whole float */
    static unsigned char bytes[size], back[size];
    struct imp_device *device = open_device(NULL);
    struct imp_buffer *buffer = NULL, *other = NULL;
    for (int round = 0; round < 3; round++) {
        buffer = make_buffer(device, size);
        assert_int_equal(imp_buffer_size(buffer), size);
        memset(bytes, 0x55, size);
        expect_ok(device, imp_buffer_read(buffer, 0, bytes, size));
        for (int i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xff, size); /* dirt for the next round to find */
        expect_ok(device, imp_buffer_write(buffer, 0, bytes, size));
        imp_buffer_free(&buffer);
        assert_null(buffer);
    }
    imp_buffer_free(&buffer);
    imp_buffer_free(NULL);

    buffer = make_buffer(device, size);
    other = make_buffer(device, size);
    for (int i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    expect_ok(device, imp_buffer_write(buffer, 0, bytes, size));
    expect_ok(device, imp_buffer_copy(buffer, 8, other, 1000, 5000));
    expect_ok(device, imp_buffer_zero(other, 2000, 400));
    expect_ok(device, imp_buffer_zero(other, 2000, 0));
    expect_ok(device, imp_buffer_copy(buffer, 0, other, 0, 0));
    expect_ok(device, imp_device_finish(device));
    expect_ok(device, imp_buffer_read(other, 990, back, 6000));
    for (int i = 0; i < 6000; i++) {
        const int at = i + 990;
        const bool copied = at >= 1000 && at < 6000 && !(at >= 2000 && at < 2400);
        assert_int_equal(back[i], copied ? bytes[at - 1000 + 8] : 0);
    }
    expect_ok(device, imp_buffer_read(buffer, size, back, 0));
    expect_failure(device, imp_buffer_read(buffer, 1, back, size), IMPASTO_ERROR_INTERNAL,
                   "read: ");
    expect_failure(device, imp_buffer_write(buffer, size + 1, back, 0), IMPASTO_ERROR_INTERNAL,
                   "write: ");
    expect_failure(device, imp_buffer_zero(buffer, 4, SIZE_MAX - 3), IMPASTO_ERROR_INTERNAL,
                   "zero: ");
    expect_failure(device, imp_buffer_copy(buffer, 0, other, 4, size), IMPASTO_ERROR_INTERNAL,
                   "copy to: ");
    assert_int_equal(imp_device_allocated(device), 2 * size);
    imp_buffer_free(&buffer);
    imp_buffer_free(&other);
    assert_int_equal(imp_device_allocated(device), 0);
    assert_int_equal(imp_device_allocated_peak(device), 2 * size);
    imp_device_close(&device);
}

static void test_buffer_limits(void **state)
{
    (void)state;
    const struct imp_candidate real = chosen;
    chosen.info.memory = 10u << 20; /* of which nine tenths may be used */
    chosen.info.max_allocation = 4u << 20;
    struct imp_device *device = open_device(NULL);
    chosen = real;
    struct imp_buffer *buffers[3] = {NULL}, *refused = NULL;
    expect_failure(device, imp_buffer_create(device, 0, "nothing", &refused), IMPASTO_ERROR_MEMORY,
                   "nothing: a buffer of no bytes");
    expect_failure(device, imp_buffer_create(device, (4u << 20) + 1, "one tensor", &refused),
                   IMPASTO_ERROR_MEMORY, "one tensor needs 4.0 MiB in one piece");
    expect_failure(device, imp_buffer_create(device, SIZE_MAX, "all", &refused),
                   IMPASTO_ERROR_MEMORY, "in one piece");
    buffers[0] = make_buffer(device, 4u << 20);
    buffers[1] = make_buffer(device, 4u << 20);
    expect_failure(device, imp_buffer_create(device, (1u << 20) + 1, "the third", &refused),
                   IMPASTO_ERROR_MEMORY, "the third needs 1.0 MiB, but 8.0 of 9.0 MiB are in use");
    assert_null(refused);
    buffers[2] = make_buffer(device, 1u << 20);
    assert_int_equal(imp_device_allocated(device), 9u << 20);
    imp_buffer_free(&buffers[1]);
    buffers[1] = make_buffer(device, 3u << 20);
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_buffer_free(&buffers[i]);
    imp_device_close(&device);
}

/* ---- Building -------------------------------------------------------------------------------- */

static void expect_scaled(struct imp_device *device)
{
    enum { count = 10 };
    float values[count];
    for (int i = 0; i < count; i++)
        values[i] = (float)i;
    struct imp_buffer *buffer = make_buffer(device, sizeof(values));
    expect_ok(device, imp_buffer_write(buffer, 0, values, sizeof(values)));
    expect_ok(device,
              imp_launch(device, &(struct imp_launch){
                                     .kernel = scale,
                                     IMP_ARGS(imp_buf(buffer), imp_float(2.0f), imp_int(count)),
                                     .global = {count},
                                 }));
    expect_ok(device, imp_buffer_read(buffer, 0, values, sizeof(values)));
    for (int i = 0; i < count; i++)
        assert_true(values[i] == (float)i * 2.0f + 0.5f);
    imp_buffer_free(&buffer);
}

static void test_bad_kernels(void **state)
{
    (void)state;
    static const char broken[] =
        "__kernel void broken(__global int *a)\n{\n    a[0] = nonsense;\n}\n";
    const struct imp_kernel no_file = {"nonesuch", "x", NULL}, no_function = {"tiny", "x", MACROS};
    const struct imp_kernel bad = {"broken", "broken", NULL};
    put(in_folder("broken.cl"), broken, strlen(broken));
    struct imp_device *device = open_device(NULL);
    expect_failure(device, imp_kernel_prepare(device, &no_file), IMPASTO_ERROR_DEVICE,
                   "nonesuch.cl: cannot be read");
    if (!reports_errors())
        expect_failure(device, imp_kernel_prepare(device, &no_function), IMPASTO_ERROR_INTERNAL,
                       "tiny.cl [" MACROS "]: no kernel \"x\"");
    for (int i = 0; i < 2 && !reports_errors(); i++) {
        expect_failure(device, imp_kernel_prepare(device, &bad), IMPASTO_ERROR_DEVICE,
                       "kernel file broken.cl cannot be compiled");
        assert_non_null(strstr(imp_device_error(device)->message, "nonsense"));
    }
    /* What is right still works afterwards. */
    expect_scaled(device);
    imp_device_close(&device);
    put(in_folder("broken.cl"), "a\0b", 3);
    device = open_device(NULL);
    expect_failure(device, imp_kernel_prepare(device, &bad), IMPASTO_ERROR_DEVICE,
                   "cannot be read");
    imp_device_close(&device);
}

static void test_embedded(void **state)
{
    (void)state;
    const struct imp_kernel unknown = {"nonesuch", "x", NULL};
    unsetenv("IMPASTO_CL_DIR");
    struct imp_device *device = open_device(NULL);
    expect_failure(device, imp_kernel_prepare(device, &unknown), IMPASTO_ERROR_INTERNAL,
                   "nonesuch.cl: no such kernel source");
    imp_device_close(&device);
    setenv("IMPASTO_CL_DIR", folder, 1);
}

/* ---- The kernel cache ------------------------------------------------------------------------ */

static char cache_file[512];

static int find_cache_file(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)where;
    if (type == FTW_F)
        snprintf(cache_file, sizeof(cache_file), "%s", path);
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

/* Builds on a fresh device, checks the result, and returns whether it compiled. */
static int compiles(void)
{
    struct imp_device *device = open_device(NULL);
    expect_scaled(device);
    expect_ok(device, imp_kernel_prepare(device, &mark));
    imp_device_close(&device);
    assert_true(heard.compiling <= 1);
    return heard.compiling;
}

static uint64_t fnv(const unsigned char *data, size_t size)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 1099511628211u;
    return hash;
}

static void test_cache(void **state)
{
    (void)state;
    static unsigned char good[1 << 20], bad[1 << 20];
    const char *cache = in_folder("cache");
    setenv("XDG_CACHE_HOME", cache, 1);
    setenv("IMPASTO_CACHE", "on", 1);
    assert_int_equal(compiles(), 1);
    cache_file[0] = '\0';
    nftw(cache, find_cache_file, 8, FTW_PHYS);
    assert_non_null(strstr(cache_file, "/impasto/kernels/"));
    assert_int_equal(compiles(), 0);

    FILE *stream = fopen(cache_file, "rb");
    const size_t size = fread(good, 1, sizeof(good), stream);
    fclose(stream);
    assert_in_range(size, 100, sizeof(good) - 1);
    /* A flipped bit anywhere, in header, key and binary. */
    const size_t places[] = {0, 9, 17, 25, 40, 60, size / 2, size - 1};
    for (size_t i = 0; i < IMP_COUNT(places); i++) {
        memcpy(bad, good, size);
        bad[places[i]] ^= 0x10;
        put(cache_file, bad, size);
        assert_int_equal(compiles(), 1);
        assert_int_equal(heard.damaged, 1);
        assert_int_equal(compiles(), 0); /* mended */
    }
    const size_t lengths[] = {0, 1, 31, 32, 33, size / 2, size - 1, size + 1};
    memcpy(bad, good, size);
    for (size_t i = 0; i < IMP_COUNT(lengths); i++) {
        put(cache_file, bad, lengths[i]);
        assert_int_equal(compiles(), 1);
        assert_int_equal(compiles(), 0);
    }
    /* Whole, by its checksum, but no program: the driver refuses it. Mesa's drivers do not survive
     * that, which the checksum and a key with all versions in it keep from them. */
    if (!reports_errors() && strcmp(chosen.info.platform, "rusticl") != 0 &&
        strcmp(chosen.info.platform, "Clover") != 0) {
        uint64_t key_size, binary_size;
        memcpy(&key_size, good + 8, 8);
        memcpy(&binary_size, good + 16, 8);
        memset(bad + 32 + key_size, 'g', (size_t)binary_size);
        const uint64_t checksum = fnv(bad + 32, (size_t)(key_size + binary_size));
        memcpy(bad + 24, &checksum, 8);
        put(cache_file, bad, size);
        assert_int_equal(compiles(), 1);
        assert_int_equal(heard.damaged, 0);
        assert_int_equal(heard.refused, 1);
        assert_int_equal(compiles(), 0);
    }

    /* A pipe and a folder in its place: neither waits nor fails. */
    assert_int_equal(unlink(cache_file), 0);
    assert_int_equal(mkfifo(cache_file, 0600), 0);
    assert_int_equal(compiles(), 1);
    assert_int_equal(compiles(), 0); /* replaced */
    assert_int_equal(unlink(cache_file), 0);
    assert_int_equal(mkdir(cache_file, 0700), 0);
    assert_int_equal(compiles(), 1);
    assert_int_equal(heard.unwritable, 1);
    assert_int_equal(rmdir(cache_file), 0);

    /* Nowhere to keep it, or not wanted. */
    setenv("XDG_CACHE_HOME", in_folder("tiny.cl"), 1);
    assert_int_equal(compiles(), 1);
    assert_int_equal(heard.unwritable, 1);
    setenv("XDG_CACHE_HOME", cache, 1);
    assert_int_equal(compiles(), 1);
    /* Without it, a driver that has its own may have compiled or not. */
    const int least = (chosen.quirks & IMP_QUIRK_OWN_KERNEL_CACHE) == 0;
    setenv("IMPASTO_CACHE", "off", 1);
    assert_in_range(compiles(), least, 1);
    setenv("IMPASTO_CACHE", "", 1);
    assert_in_range(compiles(), least, 1);
    setenv("IMPASTO_CACHE", "on", 1);
    assert_int_equal(compiles(), 0);
    unsetenv("IMPASTO_CACHE");
}

/* ---- Launching ------------------------------------------------------------------------------- */

/* Launches `mark` and checks that each work-item ran once; returns the number of slices. */
static int count_slices(struct imp_device *device, const int n[3], const size_t local[3],
                        double flops)
{
    const size_t count = (size_t)n[0] * (size_t)n[1] * (size_t)n[2];
    int *hits = calloc(count, sizeof(*hits)), *offsets = calloc(count, sizeof(*offsets));
    struct imp_buffer *hit_buffer = make_buffer(device, count * sizeof(int));
    struct imp_buffer *offset_buffer = make_buffer(device, count * sizeof(int));
    struct imp_launch launch = {
        .kernel = mark,
        IMP_ARGS(imp_buf(hit_buffer), imp_buf(offset_buffer), imp_int(n[0]), imp_int(n[1]),
                 imp_int(n[2])),
        .global = {(size_t)n[0], (size_t)n[1], (size_t)n[2]},
        .flops = flops,
        .label = "layer",
    };
    if (local != NULL)
        memcpy(launch.local, local, sizeof(launch.local));
    expect_ok(device, imp_launch(device, &launch));
    expect_ok(device, imp_buffer_read(hit_buffer, 0, hits, count * sizeof(int)));
    expect_ok(device, imp_buffer_read(offset_buffer, 0, offsets, count * sizeof(int)));
    int slices = 1;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hits[i], (int)i + 1);
        /* Slices lie along the outermost dimension, so offsets rise with i. */
        assert_true(i == 0 ? offsets[i] == 0 : offsets[i] >= offsets[i - 1]);
        slices += i > 0 && offsets[i] > offsets[i - 1];
    }
    imp_buffer_free(&hit_buffer);
    imp_buffer_free(&offset_buffer);
    free(hits);
    free(offsets);
    return slices;
}

static void test_launch_shapes(void **state)
{
    (void)state;
    static const int shapes[][3] = {{1, 1, 1}, {63, 1, 1}, {64, 1, 1}, {65, 1, 1},  {1, 7, 1},
                                    {1, 1, 5}, {13, 7, 1}, {3, 1, 9},  {130, 3, 2}, {200, 1, 1}};
    struct imp_device *device = open_device(NULL);
    for (size_t i = 0; i < IMP_COUNT(shapes); i++) {
        assert_int_equal(count_slices(device, shapes[i], NULL, 0), 1);
        assert_int_equal(count_slices(device, shapes[i], NULL, 1000), 1);
    }
    const size_t limit = imp_device_caps(device)->max_work_group;
    if (limit >= 32) {
        static const size_t locals[][3] = {{8, 4, 1}, {1, 32, 1}, {2, 2, 2}, {32, 0, 0}};
        for (size_t i = 0; i < IMP_COUNT(locals); i++)
            assert_int_equal(count_slices(device, shapes[8], locals[i], 0), 1);
    }
    imp_device_close(&device);
}

/* A kernel of unknown speed is tried out in slices on a GPU. */
static void test_launch_probes(void **state)
{
    (void)state;
    static const int shapes[][3] = {{1000, 1, 1}, {16, 50, 1}, {8, 3, 40}, {40, 1, 1}, {300, 9, 2}};
    for (size_t i = 0; i < IMP_COUNT(shapes); i++) {
        struct imp_device *device = open_device(NULL);
        const bool cpu = imp_device_caps(device)->cpu;
        size_t group = 1;
        expect_ok(device, imp_kernel_max_work_group(device, &mark, &group));
        for (int round = 0; round < 4; round++) {
            const int slices = count_slices(device, shapes[i], NULL, 4e10);
            if (cpu || (size_t)shapes[i][0] * (size_t)shapes[i][1] <= 64)
                assert_true(!cpu || slices == 1);
            else if (round == 0)
                assert_in_range(slices, 2, shapes[i][0]);
        }
        /* More shapes than the table of speeds holds. */
        for (int j = 0; j < 60; j++)
            count_slices(device, shapes[i], NULL, 4e8 + 1e7 * (j % 30));
        imp_device_close(&device);
    }
}

/* Launches `spin` over 64 x rows work-items; the number of slices, and the seconds it took. */
static int spin_slices(struct imp_device *device, int rows, int turns, double *seconds)
{
    const size_t count = 64 * (size_t)rows;
    int *offsets = calloc(count, sizeof(*offsets));
    struct imp_buffer *buffer = make_buffer(device, count * sizeof(int));
    expect_ok(device, imp_device_finish(device));
    const double begin = imp_host_seconds();
    expect_ok(device, imp_launch(device, &(struct imp_launch){
                                             .kernel = spin,
                                             IMP_ARGS(imp_buf(buffer), imp_int(turns)),
                                             .global = {64, (size_t)rows},
                                             .flops = 1e4 * rows * turns,
                                         }));
    expect_ok(device, imp_device_finish(device));
    *seconds = imp_host_seconds() - begin;
    expect_ok(device, imp_buffer_read(buffer, 0, offsets, count * sizeof(int)));
    int slices = 1;
    for (size_t i = 1; i < count; i++)
        slices += offsets[i] > offsets[i - 1];
    imp_buffer_free(&buffer);
    free(offsets);
    return slices;
}

/* A launch that does take long is cut on a GPU, and stays in one piece on a CPU. */
static void test_launch_slices(void **state)
{
    (void)state;
    double seconds = 0;
    int rows = 40, turns = 100, slices = 0;
    struct imp_device *device = open_device(NULL);
    expect_ok(device, imp_kernel_prepare(device, &spin));
    (void)spin_slices(device, rows, turns, &seconds); /* with what the driver does at first */
    /* llvmpipe leaves a loop after 65,535 turns, so that rows must do the rest. */
    while (spin_slices(device, rows, turns, &seconds) > 0 && seconds < 0.5 && rows < 1 << 18) {
        const int factor = seconds < 0.05 ? 8 : 2;
        if (turns < 6400)
            turns *= factor;
        else
            rows *= factor;
    }
    for (int i = 0; i < 3; i++)
        slices = spin_slices(device, rows, turns, &seconds);
    if (imp_device_caps(device)->cpu)
        assert_int_equal(slices, 1);
    else if (seconds > 0.3)
        assert_in_range(slices, 3, 60);
    imp_device_close(&device);
}

static void test_launch_refusals(void **state)
{
    (void)state;
    struct imp_device *device = open_device(NULL);
    struct imp_buffer *buffer = make_buffer(device, 64);
    const size_t limit = imp_device_caps(device)->max_work_group;
    struct imp_launch launch = {
        .kernel = scale, IMP_ARGS(imp_buf(buffer), imp_float(1.0f)), .global = {16}};
    expect_failure(device, imp_launch(device, &launch), IMPASTO_ERROR_INTERNAL,
                   "kernel scale of tiny.cl: takes 3 arguments, not 2");
    struct imp_launch wide = {.kernel = scale,
                              IMP_ARGS(imp_buf(buffer), imp_float(1.0f), imp_int(16)),
                              .global = {16},
                              .local = {limit + 1}};
    expect_failure(device, imp_launch(device, &wide), IMPASTO_ERROR_INTERNAL, "work-groups of ");
    wide.local[0] = SIZE_MAX;
    wide.local[1] = SIZE_MAX;
    expect_failure(device, imp_launch(device, &wide), IMPASTO_ERROR_INTERNAL, "work-groups of ");
    imp_buffer_free(&buffer);
    expect_scaled(device);
    imp_device_close(&device);
}

static void test_work_groups(void **state)
{
    (void)state;
    struct imp_device *device = open_device(NULL);
    size_t size = 0;
    const size_t limit = imp_device_caps(device)->max_work_group;
    expect_ok(device, imp_kernel_max_work_group(device, &scale, &size));
    assert_in_range(size, 1, limit);
    /* What the source demands is taken without being told. */
    if (limit >= 8) {
        int sizes[64] = {0};
        struct imp_buffer *buffer = make_buffer(device, sizeof(sizes));
        expect_ok(device, imp_kernel_max_work_group(device, &sized, &size));
        assert_int_equal(size, 8);
        expect_ok(device, imp_launch(device, &(struct imp_launch){.kernel = sized,
                                                                  IMP_ARGS(imp_buf(buffer)),
                                                                  .global = {8, 8}}));
        expect_ok(device, imp_buffer_read(buffer, 0, sizes, sizeof(sizes)));
        for (size_t i = 0; i < IMP_COUNT(sizes); i++)
            assert_int_equal(sizes[i], 42);
        imp_buffer_free(&buffer);
    }
    imp_device_close(&device);
    /* Treated as a device that allows one work-item per group. */
    device = open_device(&(struct imp_device_options){.max_work_group = 1});
    expect_ok(device, imp_kernel_max_work_group(device, &scale, &size));
    assert_int_equal(size, 1);
    expect_scaled(device);
    imp_device_close(&device);
}

static void test_profile(void **state)
{
    (void)state;
    static const int shape[3] = {10, 1, 1};
    size_t count = 99;
    struct imp_device *device = open_device(&(struct imp_device_options){.profile = true});
    (void)imp_device_profile(device, &count);
    assert_int_equal(count, 0);
    for (int i = 0; i < 3; i++)
        count_slices(device, shape, NULL, 100);
    expect_scaled(device);
    const struct imp_profile_row *rows = imp_device_profile(device, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].label, "layer mark");
    assert_int_equal(rows[0].launches, 3);
    assert_true(rows[0].flops == 300 && rows[0].seconds > 0 && rows[0].seconds < 60);
    assert_string_equal(rows[1].label, "scale");
    imp_device_set_profile(device, false);
    expect_scaled(device);
    rows = imp_device_profile(device, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].launches, 1);
    imp_device_set_profile(device, true);
    (void)imp_device_profile(device, &count);
    assert_int_equal(count, 0);
    imp_device_close(&device);
}

/* ---- Set-up ---------------------------------------------------------------------------------- */

static int set_up_all(void)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    put(in_folder("common.cl"), "/* nothing in common */\n", 24);
    put(in_folder("tiny.cl"), kernel_source, strlen(kernel_source));
    setenv("IMPASTO_CL_DIR", folder, 1);
    setenv("XDG_CACHE_HOME", in_folder("first-cache"), 1);
    unsetenv("IMPASTO_CACHE");
    return 0;
}

/* 0: chosen is set; else there is no device to test on. */
static int choose(void)
{
    struct impasto_error error = {0};
    struct imp_candidate *candidates = NULL;
    size_t count = 0, *order = NULL, order_count = 0;
    enum impasto_status status = imp_candidates_list(&candidates, &count, &error);
    if (status == IMPASTO_OK)
        status = imp_candidates_select(candidates, count, getenv("IMPASTO_DEVICE"), &order,
                                       &order_count, &error);
    if (status == IMPASTO_OK)
        chosen = candidates[order[0]];
    print_message("%s\n", status == IMPASTO_OK ? chosen.info.name : error.message);
    free(order);
    free(candidates);
    return status == IMPASTO_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest listing[] = {cmocka_unit_test(test_list)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_signals_kept),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_buffer_limits),
        cmocka_unit_test(test_bad_kernels),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_launch_shapes),
        cmocka_unit_test(test_launch_probes),
        cmocka_unit_test(test_launch_slices),
        cmocka_unit_test(test_launch_refusals),
        cmocka_unit_test(test_work_groups),
        cmocka_unit_test(test_profile),
    };
    if (set_up_all() != 0)
        return 1;
    int failures = cmocka_run_group_tests(listing, NULL, NULL);
    if (choose() == 0)
        failures += cmocka_run_group_tests(tests, NULL, NULL);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return failures;
}
