/* SPDX-License-Identifier: MIT */
/* How long the watchdog lets a driver take. */

#include "cli/guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void the_limit_follows_what_is_expected(void **state)
{
    (void)state;
    /* An hour where nobody knows, ten minutes at least, 30 times what is expected. */
    assert_int_equal(cli_watchdog_limit(0), 3600);
    assert_int_equal(cli_watchdog_limit(0.001), 600);
    assert_int_equal(cli_watchdog_limit(20), 600);
    assert_int_equal(cli_watchdog_limit(21), 630);
    assert_int_equal(cli_watchdog_limit(1000), 30000);
    assert_int_equal(cli_watchdog_limit(1e6), 30000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_limit_follows_what_is_expected)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
