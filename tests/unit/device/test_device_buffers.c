/* SPDX-License-Identifier: MIT */
/* Buffers of a device: what they keep, what they refuse, and the device's limits. */

#include "device_fixture.h"

static void test_buffers(void **state)
{
    (void)state;
    enum { size = 100003 }; /* odd: the end is not a whole float */
    static unsigned char bytes[size], back[size];
    struct imp_device *device = open_device(NULL);
    struct imp_buffer *buffer = NULL, *other = NULL;
    for (int round = 0; round < 3; round++) {
        buffer = make_buffer(device, size);
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
    imp_device_close(&device);
}

/* Copies that are waited for later, in the order in which they began, with other work between. */
static void test_copies_on_their_way(void **state)
{
    (void)state;
    enum { size = 1u << 20 };
    static unsigned char bytes[size], first[size], then[size];
    struct imp_device *device = open_device(NULL);
    struct imp_buffer *buffer = make_buffer(device, size);
    struct imp_copying writing = {0}, reading = {0}, late = {0}, none = {0};
    memset(bytes, 0x5a, size);
    memset(first, 0xff, size);
    expect_ok(device, imp_buffer_write_begin(buffer, 0, bytes, size, &writing));
    expect_ok(device, imp_buffer_read_begin(buffer, 4, first, size - 4, &reading));
    expect_ok(device, imp_buffer_zero(buffer, 0, size / 2));
    expect_ok(device, imp_buffer_read_begin(buffer, 0, then, size, &late));
    assert_true(writing.event && reading.event && late.event);
    expect_ok(device, imp_copying_end(&reading));
    assert_null(reading.event);
    assert_memory_equal(first, bytes, size - 4);
    imp_copying_drop(&late);
    assert_null(late.event);
    for (int i = 0; i < size; i++)
        assert_int_equal(then[i], i < size / 2 ? 0 : 0x5a);
    expect_ok(device, imp_copying_end(&writing));
    expect_ok(device, imp_copying_end(&writing));
    imp_copying_drop(&none);
    expect_ok(device, imp_buffer_read_begin(buffer, size, then, 0, &none));
    assert_null(none.event);
    expect_failure(device, imp_buffer_read_begin(buffer, 4, then, size, &none),
                   IMPASTO_ERROR_INTERNAL, "read: ");
    expect_failure(device, imp_buffer_write_begin(buffer, 4, then, size, &none),
                   IMPASTO_ERROR_INTERNAL, "write: ");
    assert_null(none.event);
    imp_buffer_free(&buffer);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_copies_on_their_way),
        cmocka_unit_test(test_buffer_limits),
    };
    return cmocka_run_group_tests(tests, choose_and_set_up, remove_folder);
}
