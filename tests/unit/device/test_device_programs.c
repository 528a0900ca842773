/* SPDX-License-Identifier: MIT */
/* Kernels on a device: what cannot be built, and the kernel cache: sound, damaged, out of reach. */

#define _XOPEN_SOURCE 700 /* nftw */

#include "device_fixture.h"

#include <ftw.h>

/* ---- Building -------------------------------------------------------------------------------- */

static void test_bad_kernels(void **state)
{
    (void)state;
    static const char broken[] =
        "__kernel void broken(__global int *a)\n{\n    a[0] = nonsense;\n}\n";
    const struct imp_kernel no_file = {"nonesuch", "x", NULL}, no_function = {"tiny", "x", MACROS};
    const struct imp_kernel bad = {"broken", "broken", NULL};
    write_bytes(in_folder("broken.cl"), broken, strlen(broken));
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
    write_bytes(in_folder("broken.cl"), "a\0b", 3);
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

static char cache_file[PATH_SIZE];

static int find_cache_file(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)where;
    if (type == FTW_F)
        snprintf(cache_file, sizeof(cache_file), "%s", path);
    return 0;
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
        write_bytes(cache_file, bad, size);
        assert_int_equal(compiles(), 1);
        assert_int_equal(heard.damaged, 1);
        assert_int_equal(compiles(), 0); /* mended */
    }
    const size_t lengths[] = {0, 1, 31, 32, 33, size / 2, size - 1, size + 1};
    memcpy(bad, good, size);
    for (size_t i = 0; i < IMP_COUNT(lengths); i++) {
        write_bytes(cache_file, bad, lengths[i]);
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
        write_bytes(cache_file, bad, size);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_kernels),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, choose_and_set_up, remove_folder);
}
