/* SPDX-License-Identifier: MIT */
/* Launching on a device: every work-item runs once, in slices where it must be, in work-groups that
 * the device has; and the profile. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "device_fixture.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <time.h>

/* How often the library has drained a queue: its calls come by here on their way to OpenCL. */
static int drains;
cl_int clFinish(cl_command_queue queue)
{
    cl_int (*next)(cl_command_queue) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "clFinish");
    drains++;
    return next(queue);
}

/* What a launch states. */
struct work {
    double flops, bytes;
};

/* Launches `mark` and checks that each work-item ran once; returns the number of slices. */
static int count_slices(struct imp_device *device, const int n[3], const size_t local[3],
                        struct work work)
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
        .flops = work.flops,
        .bytes = work.bytes,
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
        assert_int_equal(count_slices(device, shapes[i], NULL, (struct work){0}), 1);
        assert_int_equal(count_slices(device, shapes[i], NULL, (struct work){1000, 1000}), 1);
    }
    const size_t limit = imp_device_caps(device)->max_work_group;
    if (limit >= 32) {
        static const size_t locals[][3] = {{8, 4, 1}, {1, 32, 1}, {2, 2, 2}, {32, 0, 0}};
        for (size_t i = 0; i < IMP_COUNT(locals); i++)
            assert_int_equal(count_slices(device, shapes[8], locals[i], (struct work){0}), 1);
    }
    imp_device_close(&device);
}

/* A kernel of unknown speed is tried out in slices on a GPU, be its work arithmetic or memory. */
static void probe(struct work work)
{
    static const int shapes[][3] = {{1000, 1, 1}, {16, 50, 1}, {8, 3, 40}, {40, 1, 1}, {300, 9, 2}};
    for (size_t i = 0; i < IMP_COUNT(shapes); i++) {
        struct imp_device *device = open_device(NULL);
        const bool cpu = imp_device_caps(device)->cpu;
        /* A slice for each layer, where even one takes long. */
        int layers = 1;
        for (int k = 0; k < 3; k++)
            layers = shapes[i][k] > layers ? shapes[i][k] : layers;
        size_t group = 1;
        expect_ok(device, imp_kernel_max_work_group(device, &mark, &group));
        for (int round = 0; round < 4; round++) {
            const int slices = count_slices(device, shapes[i], NULL, work);
            if (cpu || (size_t)shapes[i][0] * (size_t)shapes[i][1] <= 64)
                assert_true(!cpu || slices == 1);
            else if (round == 0)
                assert_in_range(slices, 2, layers);
        }
        /* More shapes than the table of speeds holds; a simulator would take minutes for them. */
        for (int j = 0; j < (reports_errors() ? 2 : 60); j++) {
            const double part = 0.01 + 0.00025 * (j % 30);
            count_slices(device, shapes[i], NULL,
                         (struct work){part * work.flops, part * work.bytes});
        }
        imp_device_close(&device);
    }
}

static void test_launch_probes(void **state)
{
    (void)state;
    probe((struct work){.flops = 4e10});
    probe((struct work){.bytes = 1.6e11});
    probe((struct work){.flops = 1, .bytes = 1.6e11});
}

/* Launches `spin` over 64 x rows work-items; the number of slices, and the seconds it took. */
static int spin_slices(struct imp_device *device, int rows, int turns, struct work each,
                       double *seconds)
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
                                             .flops = each.flops * rows * turns,
                                             .bytes = each.bytes * rows * turns,
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

/* A launch that does take long is cut on a GPU, and stays in one piece on a CPU. each: work of a
 * row's turn. */
static void slow_launch(struct work each)
{
    double seconds = 0;
    int rows = 40, turns = 100, slices = 0;
    struct imp_device *device = open_device(NULL);
    expect_ok(device, imp_kernel_prepare(device, &spin));
    (void)spin_slices(device, rows, turns, each, &seconds); /* with what the driver does at first */
    /* llvmpipe leaves a loop after 65,535 turns, so that rows must do the rest. */
    while (spin_slices(device, rows, turns, each, &seconds) > 0 && seconds < 0.5 &&
           rows < 1 << 18) {
        const int factor = seconds < 0.05 ? 8 : 2;
        if (turns < 6400)
            turns *= factor;
        else
            rows *= factor;
    }
    for (int i = 0; i < 3; i++)
        slices = spin_slices(device, rows, turns, each, &seconds);
    if (imp_device_caps(device)->cpu)
        assert_int_equal(slices, 1);
    else if (seconds > 0.3)
        assert_in_range(slices, 3, 60);
    imp_device_close(&device);
}

static void test_launch_slices(void **state)
{
    (void)state;
    slow_launch((struct work){.flops = 1e4});
    slow_launch((struct work){.bytes = 1e4});
}

/* Thousands of small launches, each of which would take a slow GPU 9 ms: a fast one is drained for
 * them a few times, until it is known to be fast, and never again. */
static void test_small_launches(void **state)
{
    (void)state;
    if (reports_errors())
        skip(); /* a simulator is a slow GPU */
    struct imp_device *device = open_device(NULL);
    struct imp_buffer *buffer = make_buffer(device, 64 * sizeof(int));
    const struct imp_launch launch = {
        .kernel = spin, IMP_ARGS(imp_buf(buffer), imp_int(1)), .global = {64}, .bytes = 36e6};
    int counts[2];
    for (int round = 0; round < 2; round++) {
        expect_ok(device, imp_device_finish(device));
        drains = 0;
        for (int i = 0; i < 1000; i++)
            expect_ok(device, imp_launch(device, &launch));
        counts[round] = drains;
    }
    assert_in_range(counts[0], 0, imp_device_caps(device)->cpu ? 0 : 6);
    assert_int_equal(counts[1], 0);
    imp_buffer_free(&buffer);
    imp_device_close(&device);
}

/* Calls like a library's that take so long, in one piece. Returns how often they were waited for.
 */
static int library_drains(struct imp_device *device, int calls, double seconds, double flops)
{
    const struct imp_launch launch = {.kernel.function = "product", .flops = flops};
    drains = 0;
    for (int i = 0; i < calls; i++) {
        expect_ok(device, imp_device_library_begin(device, &launch));
        const struct timespec rest = {.tv_nsec = (long)(1e9 * seconds)};
        nanosleep(&rest, NULL);
        expect_ok(device, imp_device_library_end(device, &launch));
    }
    return drains;
}

/* A library's calls are timed at first; then they are waited for as often as they fill the queue.
 */
static void test_library(void **state)
{
    (void)state;
    if (reports_errors())
        skip(); /* Oclgrind drains its queue wherever it is told to begin */
    struct imp_device *device = open_device(NULL);
    const bool cpu = imp_device_caps(device)->cpu;
    const int first = library_drains(device, 2, 0.02, 4e9);
    assert_int_equal(first, cpu ? 0 : 4);
    /* 100 of 20 ms are four times as much as the queue may hold. */
    const int later = library_drains(device, 100, 0.02, 4e9);
    assert_in_range(later, cpu ? 0 : 2, cpu ? 0 : 30);
    /* As much work is a thousand times faster now, which only what is waited for can tell. */
    assert_in_range(library_drains(device, 20, 0, 4e9), 0, 3);
    imp_device_close(&device);

    device = open_device(&(struct imp_device_options){.profile = true});
    size_t count = 0;
    assert_int_equal(library_drains(device, 3, 0.001, 1e6), 6);
    const struct imp_profile_row *rows = imp_device_profile(device, &count);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].label, "product");
    assert_true(rows[0].launches == 3 && rows[0].flops == 3e6 && rows[0].seconds >= 0.003);
    imp_device_close(&device);
}

/* Slices that a test asks for, on every device. */
static void test_launch_layers(void **state)
{
    (void)state;
    static const int shape[3] = {8, 3, 40};
    static const struct {
        size_t slice;
        int slices;
    } cases[] = {{0, 1}, {1, 40}, {7, 6}, {40, 1}, {1000, 1}};
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct imp_device *device =
            open_device(&(struct imp_device_options){.slice = cases[i].slice});
        assert_int_equal(count_slices(device, shape, NULL, (struct work){0}), cases[i].slices);
        imp_device_close(&device);
    }
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
        count_slices(device, shape, NULL, (struct work){100, 20});
    expect_scaled(device);
    const struct imp_profile_row *rows = imp_device_profile(device, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].label, "layer mark");
    assert_int_equal(rows[0].launches, 3);
    assert_true(rows[0].flops == 300 && rows[0].bytes == 60 && rows[0].seconds > 0 &&
                rows[0].seconds < 60);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_launch_shapes),   cmocka_unit_test(test_launch_probes),
        cmocka_unit_test(test_launch_slices),   cmocka_unit_test(test_launch_layers),
        cmocka_unit_test(test_small_launches),  cmocka_unit_test(test_library),
        cmocka_unit_test(test_launch_refusals), cmocka_unit_test(test_work_groups),
        cmocka_unit_test(test_profile),
    };
    return cmocka_run_group_tests(tests, choose_and_set_up, remove_folder);
}
