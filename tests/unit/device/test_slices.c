/* SPDX-License-Identifier: MIT */
/* Launches that are cut compute the same bits as whole ones: all operations, in slices as short as
 * can be, and of a number of layers that divides nothing. */

#include "device_fixture.h"

#include "selftest/check.h"

/* Checksum of all that the operations' checks read back. */
static uint32_t checksum_with(size_t slice)
{
    struct imp_device *device = open_device(&(struct imp_device_options){.slice = slice});
    struct imp_check_run run = {.device = device};
    run.level = IMP_SELFTEST_TINY;
    imp_check_pool(&run);
    imp_check_pointwise(&run);
    /* A simulator takes minutes for these. */
    if (!reports_errors()) {
        imp_check_gram(&run);
        imp_check_moments(&run);
        imp_check_lbfgs(&run);
        run.level = IMP_SELFTEST_BRIEF;
        imp_check_conv(&run);
    }
    assert_false(run.broken);
    assert_int_equal(run.failed, 0);
    imp_device_close(&device);
    return run.checksum;
}

static void test_same_bits(void **state)
{
    (void)state;
    unsetenv("IMPASTO_CL_DIR"); /* the kernels that users have */
    const uint32_t whole = checksum_with(0);
    assert_int_not_equal(whole, 0);
    assert_int_equal(checksum_with(1), whole);
    assert_int_equal(checksum_with(7), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits)};
    return cmocka_run_group_tests(tests, choose_and_set_up, remove_folder);
}
