/* SPDX-License-Identifier: MIT */
/* Choosing a device: the grammar of device specs and the quirks, on devices made up here. */

#include "device/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- A machine with everything --------------------------------------------------------------- */

#define POCL "Portable Computing Language"

/* Indices: 0 PoCL CPU; a platform without device; 1 integrated, 2 discrete, 3 discrete; 4 an
 * accelerator; 5 the card of 2 again, by PCI; 6 hidden; 7 and 8 parts of one platform's card. */
enum { NONE_ROW = 1, ROWS = 10 };

static struct imp_candidate machine[ROWS];

static void set_row(int row, int index, int platform, int device, enum impasto_device_type type,
                    const char *platform_name, const char *name)
{
    struct impasto_device_info *info = &machine[row].info;
    machine[row] = (struct imp_candidate){0};
    info->index = index;
    info->platform_index = platform;
    info->device_index = device;
    info->type = type;
    snprintf(info->platform, sizeof(info->platform), "%s", platform_name);
    snprintf(info->name, sizeof(info->name), "%s", name);
    machine[row].quirks = imp_quirks_lookup(info, info->note, sizeof(info->note));
}

static int setup(void **state)
{
    (void)state;
    set_row(0, 0, 0, 0, IMPASTO_DEVICE_CPU, POCL, "pthread-Intel(R) Core(TM) i7");
    set_row(1, -1, 1, -1, IMPASTO_DEVICE_NONE, "rusticl", "");
    set_row(2, 1, 2, 0, IMPASTO_DEVICE_IGPU, "Intel(R) OpenCL Graphics", "Intel(R) UHD 620");
    set_row(3, 2, 3, 0, IMPASTO_DEVICE_GPU, "AMD Accelerated Parallel Processing", "gfx1100");
    set_row(4, 3, 3, 1, IMPASTO_DEVICE_GPU, "AMD Accelerated Parallel Processing", "gfx1030");
    set_row(5, 4, 4, 0, IMPASTO_DEVICE_ACCELERATOR, "Boards", "card 77");
    set_row(6, 5, 5, 0, IMPASTO_DEVICE_GPU, "Other", "Radeon RX 7900");
    set_row(7, 6, 6, 0, IMPASTO_DEVICE_GPU, "Clover", "Radeon gfx1030 (old driver)");
    set_row(8, 7, 7, 0, IMPASTO_DEVICE_GPU, "NVIDIA CUDA", "H200 part");
    set_row(9, 8, 7, 1, IMPASTO_DEVICE_GPU, "NVIDIA CUDA", "H200 part");
    strcpy(machine[2].info.uuid, "0123456789abcdef0123456789abcdef");
    strcpy(machine[3].info.pci, "0000:03:00.0");
    strcpy(machine[4].info.pci, "0000:0a:00.0");
    strcpy(machine[6].info.pci, "0000:03:00.0");
    machine[6].alias = machine[6].info.hidden = true;
    machine[7].info.hidden = true;
    return 0;
}

/* ---- Specs ----------------------------------------------------------------------------------- */

static void expect_device(const char *spec, int index)
{
    struct impasto_error error = {0};
    size_t *order = NULL, count = 0;
    const enum impasto_status status =
        imp_candidates_select(machine, ROWS, spec, &order, &count, &error);
    if (status != IMPASTO_OK)
        print_error("\"%s\": %s\n", spec, error.message);
    assert_int_equal(status, IMPASTO_OK);
    assert_int_equal(count, 1);
    assert_int_equal(machine[order[0]].info.index, index);
    free(order);
}

static void expect_error(const char *spec, enum impasto_status status, const char *words)
{
    struct impasto_error error = {0};
    size_t *order = NULL, count = 0;
    assert_int_equal(imp_candidates_select(machine, ROWS, spec, &order, &count, &error), status);
    if (strstr(error.message, words) == NULL)
        print_error("\"%s\": no \"%s\" in: %s\n", spec, words, error.message);
    assert_non_null(strstr(error.message, words));
    assert_null(strchr(error.message, '\n'));
    assert_null(order);
}

static void test_auto(void **state)
{
    static const char *const specs[] = {NULL, "auto", "AUTO", "  auto "};
    static const int expected[] = {2, 3, 7, 8, 1, 4, 0};
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(specs); i++) {
        size_t *order = NULL, count = 0;
        assert_int_equal(imp_candidates_select(machine, ROWS, specs[i], &order, &count, NULL),
                         IMPASTO_OK);
        assert_int_equal(count, IMP_COUNT(expected));
        for (size_t j = 0; j < count; j++)
            assert_int_equal(machine[order[j]].info.index, expected[j]);
        free(order);
    }
    /* One that was measured has nothing to be compared with; of two the faster comes first. */
    for (int measured = 1; measured <= 3; measured++) {
        size_t *order = NULL, count = 0;
        machine[measured == 1 ? 2 : measured == 2 ? 0 : 8].measured = 3.0 / measured;
        assert_int_equal(imp_candidates_select(machine, ROWS, NULL, &order, &count, NULL),
                         IMPASTO_OK);
        assert_int_equal(count, IMP_COUNT(expected));
        assert_int_equal(machine[order[0]].info.index, measured == 1 ? 2 : measured == 2 ? 0 : 7);
        assert_int_equal(machine[order[1]].info.index, measured == 3 ? 2 : measured == 2 ? 2 : 3);
        free(order);
    }
    for (int i = 0; i < ROWS; i++)
        machine[i].measured = 0;
    /* Slow ones come last, whatever their type. */
    machine[3].quirks |= IMP_QUIRK_LAST_CHOICE;
    size_t *order = NULL, count = 0;
    assert_int_equal(imp_candidates_select(machine, ROWS, NULL, &order, &count, NULL), IMPASTO_OK);
    assert_int_equal(machine[order[0]].info.index, 3);
    assert_int_equal(machine[order[count - 1]].info.index, 2);
    free(order);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_device("0", 0);
    expect_device(" 8 ", 8);
    expect_device("007", 7);
    /* Numbers that are no index are looked for in names. */
    expect_device("7900", 5);
    expect_device("790", 5);
    expect_device("77", 4);
    expect_device("1100", 2);
    expect_error("20", IMPASTO_ERROR_DEVICE, "device \"20\": fits no device");
    expect_error("200", IMPASTO_ERROR_DEVICE, "device \"200\": fits 7: H200 part");
    expect_device("0a:00", 3);
    expect_device("3:1", 3);
    expect_device("0:0", 0);
    expect_device("6:0", 6); /* hidden from "auto" only */
    expect_error("9", IMPASTO_ERROR_DEVICE, "device \"9\": fits no device; there is 0: pthread");
    expect_error("99999999999999999999", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("1:0", IMPASTO_ERROR_DEVICE, "fits no device"); /* the platform without one */
    expect_error("3:2", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("-1", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_device("620", 1);
}

static void test_types(void **state)
{
    (void)state;
    expect_device("gpu", 2);
    expect_device("GPU", 2);
    expect_device("igpu", 1);
    expect_device("cpu", 0);
    expect_device("accel", 4);
    expect_device("gpu:0", 1); /* in the list's order */
    expect_device("gpu:2", 3);
    expect_device("gpu:4", 6);
    expect_device("igpu:0", 1);
    expect_error("gpu:7", IMPASTO_ERROR_DEVICE, "device \"gpu:7\": fits no device");
    expect_error("cpu:1", IMPASTO_ERROR_DEVICE, "fits no device");
    /* "gpu" falls to an integrated one; aliases and hidden ones come after those. */
    machine[3].info.type = machine[4].info.type = IMPASTO_DEVICE_CPU;
    machine[8].info.type = machine[9].info.type = IMPASTO_DEVICE_CPU;
    expect_device("gpu", 1);
    machine[2].info.type = IMPASTO_DEVICE_CPU;
    expect_device("gpu", 5);
    machine[6].info.type = machine[7].info.type = IMPASTO_DEVICE_CPU;
    expect_error("gpu", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("igpu", IMPASTO_ERROR_DEVICE, "fits no device");
}

static void test_addresses(void **state)
{
    (void)state;
    expect_device("pci:0000:03:00.0", 2); /* and not its alias */
    expect_device("PCI:03:00", 2);
    expect_device("pci:0A:00", 3);
    expect_device("0000:0a:00.0", 3);
    expect_device("uuid:0123456789ABCDEF0123456789ABCDEF", 1);
    expect_device("uuid:01234567-89ab-cdef-0123-456789abcdef", 1);
    expect_device("89abcdef0123", 1);
    expect_error("pci:0000", IMPASTO_ERROR_DEVICE, "2: gfx1100");
    expect_error("pci:0000:99:00.0", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("uuid:-", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("uuid:0123456789abcdef0123456789abcdef0", IMPASTO_ERROR_DEVICE, "fits no device");
}

static void test_text(void **state)
{
    (void)state;
    expect_device("uhd", 1);
    expect_device("PORTABLE", 0);
    expect_device("pocl", 0);
    expect_device("pocl pthread", 0);
    expect_device("Language pthread", 0); /* across platform and device */
    expect_device("gfx1100", 2);
    expect_device("amd:gfx1030", 3); /* PTEXT:DTEXT */
    expect_device("amd:1", 3);       /* PTEXT:N */
    expect_device("nvidia:1", 8);
}

static void test_ambiguous(void **state)
{
    (void)state;
    expect_error("intel", IMPASTO_ERROR_DEVICE,
                 "device \"intel\": fits 0: pthread-Intel(R) Core(TM) i7 (" POCL
                 "), 1: Intel(R) UHD 620 (Intel(R) OpenCL Graphics); give an index or more of the "
                 "name");
    expect_error("gfx1030", IMPASTO_ERROR_DEVICE, "3: gfx1030");
    expect_error("h200", IMPASTO_ERROR_DEVICE, "7: H200 part (NVIDIA CUDA), 8: H200 part");
    expect_error("nonesuch", IMPASTO_ERROR_DEVICE, "fits no device; there is 0: pthread");
    expect_error("nonesuch", IMPASTO_ERROR_DEVICE, "8: H200 part");
    expect_error("rusticl", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error("amd:", IMPASTO_ERROR_DEVICE, "fits no device");
    expect_error(":", IMPASTO_ERROR_DEVICE, "fits ");
}

static void test_usage(void **state)
{
    (void)state;
    expect_error("", IMPASTO_ERROR_USAGE, "empty");
    expect_error(" \t ", IMPASTO_ERROR_USAGE, "empty");
    expect_error("0,1", IMPASTO_ERROR_USAGE,
                 "several devices serve paintings, films and batches only");
    expect_error("gpu,", IMPASTO_ERROR_USAGE,
                 "several devices serve paintings, films and batches only");
    expect_error("all", IMPASTO_ERROR_USAGE,
                 "several devices serve paintings, films and batches only");
    expect_error("\x1b[2J", IMPASTO_ERROR_DEVICE, "device \"?[2J\": fits no device");
    char longer[5000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    expect_error(longer, IMPASTO_ERROR_DEVICE, "fits no device; there is 0: ");
    longer[4000] = ',';
    expect_error(longer, IMPASTO_ERROR_USAGE, "batches");
}

static void test_many_candidates(void **state)
{
    enum { many = 200 };
    static struct imp_candidate crowd[many];
    struct impasto_error error;
    size_t *order = NULL, count = 0;
    (void)state;
    for (int i = 0; i < many; i++) {
        crowd[i] = machine[2];
        crowd[i].info.index = crowd[i].info.device_index = i;
        memset(crowd[i].info.name, 'n', sizeof(crowd[i].info.name) - 1);
    }
    assert_int_equal(imp_candidates_select(crowd, many, "nn", &order, &count, &error),
                     IMPASTO_ERROR_DEVICE);
    assert_non_null(strstr(error.message, " more; give an index"));
}

static void test_nothing_there(void **state)
{
    struct impasto_error error;
    size_t *order = NULL, count = 0;
    (void)state;
    static const char *const specs[] = {"auto", "0", "gpu", "pocl"};
    for (size_t i = 0; i < IMP_COUNT(specs); i++) {
        assert_int_equal(imp_candidates_select(machine, 0, specs[i], &order, &count, &error),
                         IMPASTO_ERROR_DEVICE);
        assert_non_null(strstr(error.message, "no OpenCL device found; install "));
        /* A platform alone is no device either. */
        assert_int_equal(
            imp_candidates_select(machine + NONE_ROW, 1, specs[i], &order, &count, &error),
            IMPASTO_ERROR_DEVICE);
        assert_non_null(strstr(error.message, "no OpenCL device found (rusticl: no device; "));
    }
    /* Only a hidden one: shown, not taken. */
    assert_int_equal(imp_candidates_select(machine + 7, 1, "auto", &order, &count, &error),
                     IMPASTO_ERROR_DEVICE);
    assert_non_null(strstr(error.message, "6: Radeon gfx1030"));
}

/* Any text gives an answer or an error, and the error one line. */
static void test_random_specs(void **state)
{
    static const char *const pieces[] = {
        "gpu", ":",   "0",   "1", "pci:", "uuid:", "auto",       " ",
        "-",   "cpu", "amd", "x", ".",    "\xff",  "9999999999", ","};
    struct impasto_error error;
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        char spec[128] = "";
        for (uint64_t j = 0; j < imp_rng_bits(1, 0, i) % 7; j++)
            strcat(spec, pieces[imp_rng_bits(2, (uint32_t)j, i) % IMP_COUNT(pieces)]);
        size_t *order = NULL, count = 0;
        const enum impasto_status status =
            imp_candidates_select(machine, ROWS, spec, &order, &count, &error);
        if (status == IMPASTO_OK)
            assert_in_range(count, 1, ROWS);
        else
            assert_true(status == IMPASTO_ERROR_DEVICE || status == IMPASTO_ERROR_USAGE);
        free(order);
    }
}

/* ---- Quirks ---------------------------------------------------------------------------------- */

static uint32_t quirks_of(enum impasto_device_type type, const char *platform, const char *name,
                          char *note, size_t size)
{
    struct impasto_device_info info = {.type = type};
    snprintf(info.platform, sizeof(info.platform), "%s", platform);
    snprintf(info.name, sizeof(info.name), "%s", name);
    return imp_quirks_lookup(&info, note, size);
}

static void test_quirks(void **state)
{
    char note[160];
    (void)state;
    uint32_t flags = quirks_of(IMPASTO_DEVICE_CPU, POCL, "pthread", note, sizeof(note));
    assert_int_equal(flags, IMP_QUIRK_FLAKY_BUILDS | IMP_QUIRK_NO_FAST_GEMM_LIBRARY |
                                IMP_QUIRK_OWN_KERNEL_CACHE);
    flags = quirks_of(IMPASTO_DEVICE_GPU, POCL, "NVIDIA", note, sizeof(note));
    assert_int_equal(flags & IMP_QUIRK_NO_FAST_GEMM_LIBRARY, 0);
    flags = quirks_of(IMPASTO_DEVICE_IGPU, "rusticl", "llvmpipe (LLVM 15.0.6, 256 bits)", note,
                      sizeof(note));
    assert_int_equal(flags, IMP_QUIRK_NO_FAST_GEMM_LIBRARY | IMP_QUIRK_LAST_CHOICE);
    assert_non_null(strstr(note, "no event times; "));
    flags = quirks_of(IMPASTO_DEVICE_GPU, "rusticl", "AMD Radeon", note, sizeof(note));
    assert_int_equal(flags, 0);
    assert_non_null(strstr(note, "no event times"));
    flags = quirks_of(IMPASTO_DEVICE_GPU, "Clover", "AMD", note, sizeof(note));
    assert_true((flags & IMP_QUIRK_HIDDEN) != 0 && (flags & IMP_QUIRK_CL11) != 0);
    flags = quirks_of(IMPASTO_DEVICE_GPU, "Oclgrind", "Oclgrind Simulator", NULL, 0);
    assert_true((flags & IMP_QUIRK_NO_FAST_GEMM_LIBRARY) != 0);
    flags = quirks_of(IMPASTO_DEVICE_GPU, "NVIDIA CUDA", "NVIDIA H200", note, sizeof(note));
    assert_int_equal(flags, 0);
    assert_string_equal(note, "");
    flags = quirks_of(IMPASTO_DEVICE_NONE, "rusticl", "", note, sizeof(note));
    assert_int_equal(flags, 0);
    assert_non_null(strstr(note, "RUSTICL_ENABLE"));
    char small[5];
    quirks_of(IMPASTO_DEVICE_IGPU, "rusticl", "llvmpipe", small, sizeof(small));
    assert_int_equal(strlen(small), 4);
}

#define MACHINE_TEST(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(test_auto),          MACHINE_TEST(test_numbers),
        MACHINE_TEST(test_types),         MACHINE_TEST(test_addresses),
        MACHINE_TEST(test_text),          MACHINE_TEST(test_ambiguous),
        MACHINE_TEST(test_usage),         MACHINE_TEST(test_many_candidates),
        MACHINE_TEST(test_nothing_there), MACHINE_TEST(test_random_specs),
        cmocka_unit_test(test_quirks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
