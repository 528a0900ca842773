/* SPDX-License-Identifier: MIT */
#include "open_device.h"

#include <stdio.h>
#include <stdlib.h>

enum impasto_status choose_device(const char *spec, struct imp_candidate *chosen,
                                  struct impasto_error *error)
{
    struct imp_candidate *candidates = NULL;
    size_t count = 0, *order = NULL, order_count = 0;
    enum impasto_status status = imp_candidates_list(NULL, &candidates, &count, error);
    if (status == IMPASTO_OK)
        status = imp_candidates_select(candidates, count, spec, &order, &order_count, error);
    if (status == IMPASTO_OK)
        *chosen = candidates[order[0]];
    free(order);
    free(candidates);
    return status;
}

int open_test_device(const struct imp_device_options *options, struct imp_device **device)
{
    struct impasto_error error = {0};
    struct imp_candidate chosen;
    if (choose_device(getenv("IMPASTO_TEST_DEVICE"), &chosen, &error) != IMPASTO_OK) {
        printf("SKIP: %s\n", error.message);
        return EXIT_SKIPPED;
    }
    if (imp_device_open(&chosen, options, device, &error) != IMPASTO_OK) {
        printf("FAILED: %s\n", error.message);
        return 1;
    }
    return 0;
}
