/* SPDX-License-Identifier: MIT */
/* Checkpoints of trainings. The checksum at their end is made right first. */

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    struct impasto_error error = {0};
    if (size < 16)
        return -1;
    uint8_t *copy = malloc(size);
    if (!copy)
        return -1;
    memcpy(copy, data, size);
    const uint32_t right = imp_checksum(0, copy, size - 4);
    for (size_t i = 0; i < 4; i++)
        copy[size - 4 + i] = (uint8_t)(right >> (8 * i));
    fuzz_check(impasto_train_checkpoint_open(fuzz_file(copy, size), &checkpoint, &error), &error);
    if (checkpoint && !impasto_train_checkpoint_info(checkpoint)->version)
        abort();
    impasto_train_checkpoint_close(&checkpoint);
    free(copy);
    return 0;
}
