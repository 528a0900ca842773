/* SPDX-License-Identifier: MIT */
/* Weights as safetensors, from the first byte to the last layer. */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    /* What is no safetensors file goes to other readers, and to fuzz_hdf5. */
    if (size < 9 || data[8] != '{' || data[0] == 0x89)
        return -1;
    fuzz_check(
        impasto_weights_open(fuzz_file(data, size), IMPASTO_CONVENTION_AUTO, &weights, &error),
        &error);
    impasto_weights_close(&weights);
    return 0;
}
