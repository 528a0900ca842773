/* SPDX-License-Identifier: MIT */
/* What other threads are told of a device whose driver keeps its thread waiting. */

#include "device/opencl.h"
#include "device_fixture.h"

#include <pthread.h>
#include <time.h>

static struct imp_device *device;

static void pause_for(double seconds)
{
    const struct timespec step = {.tv_nsec = 1000000};
    const double end = imp_host_seconds() + seconds;
    while (imp_host_seconds() < end)
        (void)nanosleep(&step, NULL);
}

static void nobody_waits(void **state)
{
    (void)state;
    double expected = 7;
    assert_true(imp_device_waiting(device, &expected) == 0);
    assert_true(expected == 0);
    assert_true(imp_device_waiting(NULL, NULL) == 0);
}

struct seen {
    double own, any, expected;
};

static void *look(void *user)
{
    struct seen *seen = user;
    seen->own = imp_device_waiting(device, NULL);
    seen->any = imp_device_waiting(NULL, &seen->expected);
    return NULL;
}

static struct seen look_from_a_thread(void)
{
    struct seen seen;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return seen;
}

static void somebody_waits(void **state)
{
    (void)state;
    imp_wait_begin(device, true);
    imp_wait_begin(device, false); /* within the other */
    pause_for(0.1);
    assert_int_equal(imp_wait_end(device, CL_SUCCESS), CL_SUCCESS);
    const struct seen seen = look_from_a_thread();
    assert_true(seen.own >= 0.09 && seen.own < 60);
    assert_true(seen.any >= seen.own);
    assert_true(seen.expected == 0);
    assert_int_equal(imp_wait_end(device, CL_OUT_OF_RESOURCES), CL_OUT_OF_RESOURCES);
    nobody_waits(NULL);
}

/* Hands over so much work, which then takes so long. */
static void work(double flops, double seconds)
{
    imp_wait_work(device, flops);
    pause_for(seconds);
    imp_wait_drained(device);
}

static double expected_of(double flops)
{
    imp_wait_work(device, flops);
    imp_wait_begin(device, false);
    pause_for(0.02);
    const struct seen seen = look_from_a_thread();
    (void)imp_wait_end(device, CL_SUCCESS);
    device->waits.pending = 0;
    return seen.expected;
}

static void expectations(void **state)
{
    (void)state;
    device->waits = (struct imp_waits){.clock = device->waits.clock};
    assert_true(expected_of(1e9) == 0);
    /* Too little to tell. */
    work(1e7, 0.1);
    assert_true(expected_of(1e9) == 0);
    work(1e9, 0.1);
    const double first = expected_of(4e9);
    assert_true(first >= 0.39 && first < 40);
    /* Less work says nothing on more; as much says it anew; known is that there is nothing. */
    work(2e8, 0.1);
    assert_true(expected_of(4e9) == first);
    work(1e9, 0.3);
    assert_true(expected_of(4e9) > 1.1);
    const double least = expected_of(0);
    assert_true(least > 0 && least < 0.01);
}

/* A real job of the driver's counts, too. */
static void real_waits(void **state)
{
    (void)state;
    struct imp_buffer *buffer = NULL;
    float value = 1;
    assert_int_equal(imp_buffer_create(device, sizeof(value), "test", &buffer), IMPASTO_OK);
    imp_wait_work(device, 1e8);
    assert_int_equal(imp_buffer_read(buffer, 0, &value, sizeof(value)), IMPASTO_OK);
    assert_true(device->waits.pending == 0);
    assert_int_equal(device->waits.depth, 0);
    imp_buffer_free(&buffer);
    nobody_waits(NULL);
}

static void clocks_run_out(void **state)
{
    (void)state;
    struct imp_clock *taken[1000];
    size_t count = 0;
    while (count < IMP_COUNT(taken) && (taken[count] = imp_clock_take()) != NULL)
        count++;
    assert_in_range(count, 8, IMP_COUNT(taken) - 1);
    imp_clock_start(NULL, 1);
    imp_clock_stop(NULL);
    imp_clock_give(NULL);
    imp_clock_start(taken[0], 3);
    pause_for(0.02);
    double expected;
    assert_true(imp_device_waiting(NULL, &expected) > 0);
    assert_true(expected > 2.9 && expected < 3.1);
    assert_true(imp_device_waiting(device, NULL) == 0);
    for (size_t i = 0; i < count; i++)
        imp_clock_give(taken[i]);
    nobody_waits(NULL);
    struct imp_clock *again = imp_clock_take();
    assert_non_null(again);
    imp_clock_give(again);
}

static int set_up(void **state)
{
    const int made = choose_and_set_up(state);
    device = open_device(NULL);
    return made;
}

static int tear_down(void **state)
{
    imp_device_close(&device);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits),   cmocka_unit_test(somebody_waits),
        cmocka_unit_test(expectations),   cmocka_unit_test(real_waits),
        cmocka_unit_test(clocks_run_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
