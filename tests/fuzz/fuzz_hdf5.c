/* SPDX-License-Identifier: MIT */
/* Weights as Keras HDF5. They are read in a child process, so each execution costs a fork, and what
 * crashes libhdf5 there is a refusal here. */

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    if (size < 8 || memcmp(data, "\211HDF\r\n\032\n", 8) != 0)
        return -1;
    fuzz_check(
        impasto_weights_open(fuzz_file(data, size), IMPASTO_CONVENTION_AUTO, &weights, &error),
        &error);
    impasto_weights_close(&weights);
    return 0;
}
