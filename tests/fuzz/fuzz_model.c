/* SPDX-License-Identifier: MIT */
/* Style networks, from the first byte to the last tensor. */

#include "fuzz.h"
#include "model/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_stylenet net;
    struct impasto_error error = {0};
    const enum impasto_status status = imp_stylenet_load(fuzz_file(data, size), &net, &error);
    fuzz_check(status, &error);
    for (int s = 0; status == IMPASTO_OK && s < net.shape.styles; s++)
        if (imp_stylenet_find(&net, net.names[s]) != s)
            abort();
    imp_stylenet_free(&net);
    return 0;
}
