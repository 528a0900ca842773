/* SPDX-License-Identifier: MIT */
/* Devices: listing and opening them, on a machine with none or more. With no device, all but the
 * listing is skipped. */

#include "device_fixture.h"

#include <signal.h>

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
    assert_int_equal(imp_candidates_list(NULL, &candidates, &count, NULL), IMPASTO_OK);
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

int main(void)
{
    const struct CMUnitTest listing[] = {cmocka_unit_test(test_list)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_signals_kept),
    };
    const int failures = cmocka_run_group_tests(listing, NULL, NULL);
    return failures ? failures : cmocka_run_group_tests(tests, choose_and_set_up, remove_folder);
}
