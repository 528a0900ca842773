/* SPDX-License-Identifier: MIT */
#include "device_fixture.h"

#include "open_device.h"

/*
 * mark: adds 1 and its number to hits[number] for each of nx x ny x nz work-items, and tells the
 *     offset that it was launched with, by which slices are known.
 *
 * scale: values * factor + SHIFT.
 *
 * spin: takes as long as it has turns, and tells the offset of its row.
 *
 * sized: tells the size of its work-group, which is 4 x 2.
 */
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

const struct imp_kernel mark = {"tiny", "mark", MACROS};
const struct imp_kernel scale = {"tiny", "scale", MACROS};
const struct imp_kernel spin = {"tiny", "spin", MACROS};
const struct imp_kernel sized = {"tiny", "sized", MACROS};

struct imp_candidate chosen;
struct heard heard;

static void hear(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    heard.lines++;
    heard.compiling += level == IMPASTO_LOG_INFO && strcmp(line, "compiling kernels") == 0;
    heard.damaged += strstr(line, "damaged or foreign") != NULL;
    heard.refused += strstr(line, "the driver refused a binary") != NULL;
    heard.unwritable += strstr(line, "cannot be written") != NULL;
}

bool reports_errors(void)
{
    return strcmp(chosen.info.platform, "Oclgrind") == 0;
}

struct imp_device *open_device(const struct imp_device_options *options)
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

struct imp_buffer *make_buffer(struct imp_device *device, size_t size)
{
    struct imp_buffer *buffer = NULL;
    assert_int_equal(imp_buffer_create(device, size, "test", &buffer), IMPASTO_OK);
    return buffer;
}

void expect_ok(struct imp_device *device, enum impasto_status status)
{
    if (status != IMPASTO_OK)
        print_error("%s\n", imp_device_error(device)->message);
    assert_int_equal(status, IMPASTO_OK);
}

void expect_failure(struct imp_device *device, enum impasto_status status,
                    enum impasto_status expected, const char *words)
{
    assert_int_equal(status, expected);
    assert_int_equal(imp_device_error(device)->status, expected);
    if (strstr(imp_device_error(device)->message, words) == NULL)
        print_error("no \"%s\" in: %s\n", words, imp_device_error(device)->message);
    assert_non_null(strstr(imp_device_error(device)->message, words));
}

void expect_scaled(struct imp_device *device)
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

int choose_and_set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state) != 0)
        return -1;
    write_bytes(in_folder("shared.h"), "", 0);
    write_bytes(in_folder("common.cl"), "/* nothing in common */\n", 24);
    write_bytes(in_folder("tiny.cl"), kernel_source, strlen(kernel_source));
    setenv("IMPASTO_CL_DIR", folder, 1);
    setenv("XDG_CACHE_HOME", in_folder("first-cache"), 1);
    unsetenv("IMPASTO_CACHE");
    if (choose_device(getenv("IMPASTO_DEVICE"), &chosen, &error) != IMPASTO_OK) {
        print_message("SKIP: %s\n", error.message);
        remove_folder(state);
        exit(EXIT_SKIPPED);
    }
    print_message("%s\n", chosen.info.name);
    return 0;
}
