/* SPDX-License-Identifier: MIT */
/* What a tuning file keeps, what it is kept from, and that a damaged one is as good as none; and
 * what measured times do to the estimate of others. */

#include "files.h"

#include "ops/conv.h"
#include "session/session.h"

#include <math.h>

static struct impasto_device_info device_a(void)
{
    struct impasto_device_info info = {.compute_units = 2};
    strcpy(info.name, "device A");
    strcpy(info.platform, "platform\nof two lines");
    strcpy(info.driver, "1.0");
    return info;
}

static struct imp_tuning sound(void)
{
    struct imp_tuning tuning = {.vector_width = 8,
                                .block_vectors = 2,
                                .block_positions = 6,
                                .chunk = 16u << 20,
                                .seconds = 0.25,
                                .single = IMP_FASTER_BUILTIN,
                                .batched = IMP_FASTER_LIBRARY};
    static const struct imp_timing timings[] = {
        {"direct", 256, 256, 4096, 9.0 * 256 * 256 * 4096 * 1e-11},
        {"winograd4", 64, 128, 100, 1e-3},
        {"winograd4", 64, 128, 10000, 16e-3},
    };
    for (size_t i = 0; i < IMP_COUNT(timings); i++)
        tuning.timing[tuning.timings++] = timings[i];
    return tuning;
}

static char *store(const struct impasto_device_info *info, const struct imp_tuning *tuning)
{
    struct impasto_error error = {0};
    char *path = NULL;
    setenv("XDG_DATA_HOME", folder, 1);
    if (imp_tuning_store(info, tuning, &path, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_non_null(path);
    return path;
}

static void test_round_trip(void **state)
{
    (void)state;
    const struct impasto_device_info info = device_a();
    const struct imp_tuning stored = sound();
    struct imp_tuning loaded;
    free(store(&info, &stored));
    assert_true(imp_tuning_load(&info, &loaded));
    assert_int_equal(loaded.vector_width, stored.vector_width);
    assert_int_equal(loaded.block_vectors, stored.block_vectors);
    assert_int_equal(loaded.block_positions, stored.block_positions);
    assert_int_equal(loaded.chunk, stored.chunk);
    assert_int_equal(loaded.timings, stored.timings);
    assert_int_equal(loaded.single, stored.single);
    assert_int_equal(loaded.batched, stored.batched);
    assert_true(fabs(loaded.seconds - stored.seconds) < 1e-9);
    for (int i = 0; i < stored.timings; i++) {
        assert_string_equal(loaded.timing[i].algorithm, stored.timing[i].algorithm);
        assert_int_equal(loaded.timing[i].in, stored.timing[i].in);
        assert_int_equal(loaded.timing[i].out, stored.timing[i].out);
        assert_int_equal(loaded.timing[i].pixels, stored.timing[i].pixels);
        assert_true(fabs(loaded.timing[i].seconds - stored.timing[i].seconds) < 1e-9);
    }
}

/* The program tries CLBlast in another process where any device's tuning names it. */
static void test_names_library(void **state)
{
    (void)state;
    const struct impasto_device_info info = device_a();
    struct imp_tuning tuning = sound();
    free(store(&info, &tuning));
    assert_true(impasto_tuning_names_clblast());
    tuning.batched = IMP_FASTER_BUILTIN;
    free(store(&info, &tuning));
    assert_false(impasto_tuning_names_clblast());
    tuning.single = IMP_FASTER_LIBRARY;
    tuning.batched = IMP_FASTER_UNKNOWN;
    free(store(&info, &tuning));
    assert_true(impasto_tuning_names_clblast());
    setenv("XDG_DATA_HOME", in_folder("nothing"), 1);
    assert_false(impasto_tuning_names_clblast());
}

static void test_another_device(void **state)
{
    (void)state;
    const struct imp_tuning stored = sound();
    struct imp_tuning loaded;
    struct impasto_device_info info = device_a();
    free(store(&info, &stored));
    strcpy(info.driver, "1.1");
    assert_false(imp_tuning_load(&info, &loaded));
    info = device_a();
    info.compute_units = 4;
    assert_false(imp_tuning_load(&info, &loaded));
    info = device_a();
    strcpy(info.name, "device B");
    assert_false(imp_tuning_load(&info, &loaded));
    assert_int_equal(loaded.vector_width, 0);
}

/* Damaged files are ignored, or give figures within their limits. */
static void test_damaged(void **state)
{
    (void)state;
    const struct impasto_device_info info = device_a();
    const struct imp_tuning stored = sound();
    char *path = store(&info, &stored);
    size_t size;
    int ignored = 0;
    unsigned char *bytes = read_bytes(path, &size);
    unsigned char *changed = malloc(size);
    assert_non_null(changed);
    for (int i = 0; i < 3000; i++) {
        struct imp_tuning loaded;
        write_bytes(path, changed, damage(bytes, size, size - 8, 7, i, changed));
        if (!imp_tuning_load(&info, &loaded)) {
            ignored++;
            assert_int_equal(loaded.vector_width, 0);
            assert_int_equal(loaded.timings, 0);
            continue;
        }
        assert_true(loaded.vector_width == 4 || loaded.vector_width == 8 ||
                    loaded.vector_width == 16);
        assert_in_range(loaded.block_vectors, 1, IMP_BLOCK_LIMIT);
        assert_in_range(loaded.block_positions, 1, IMP_BLOCK_LIMIT);
        assert_in_range(loaded.chunk, 1u << 20, 1u << 30);
        assert_in_range(loaded.timings, 0, IMP_TIMINGS);
    }
    assert_in_range(ignored, 1000, 3000);
    free(bytes);
    free(changed);
    free(path);
}

static void test_no_folder(void **state)
{
    (void)state;
    const struct impasto_device_info info = device_a();
    struct imp_tuning tuning = sound();
    struct impasto_error error = {0};
    char *path = NULL;
    const char *file = in_folder("a file");
    write_bytes(file, (const unsigned char *)"x", 1);
    setenv("XDG_DATA_HOME", file, 1);
    assert_int_equal(imp_tuning_store(&info, &tuning, &path, &error), IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "folder cannot be made"));
    assert_null(path);
    assert_false(imp_tuning_load(&info, &tuning));
}

/* In units of 1e-11 s: what was measured, in between by a power law, beyond in proportion. */
static void test_costs(void **state)
{
    (void)state;
    struct imp_caps caps = {.vector_width = 8, .cpu = true, .tuning = sound()};
    const struct imp_conv_algorithm *winograd = NULL;
    for (size_t a = 0; imp_conv_algorithms[a]; a++)
        if (strcmp(imp_conv_algorithms[a]->name, "winograd4") == 0)
            winograd = imp_conv_algorithms[a];
    assert_non_null(winograd);
    assert_true(fabs(imp_conv_unit(&caps) / 1e-11 - 1) < 1e-9);
    static const struct {
        int height, width;
        double seconds;
    } cases[] = {
        {10, 10, 1e-3}, {100, 100, 16e-3}, {10, 100, 4e-3}, {200, 100, 32e-3}, {3, 3, 1e-3}};
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const double cost =
            imp_conv_cost(&caps, winograd, 64, 128, cases[i].height, cases[i].width);
        assert_true(fabs(cost * 1e-11 / cases[i].seconds - 1) < 1e-6);
    }
    /* A shape that was not measured is estimated. */
    const double cost = imp_conv_cost(&caps, winograd, 128, 64, 10, 10),
                 estimate = winograd->cost(&caps, 128, 64, 10, 10);
    assert_true(cost == estimate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_names_library),
        cmocka_unit_test(test_another_device), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_folder),      cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
