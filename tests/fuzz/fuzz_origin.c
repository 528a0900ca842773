/* SPDX-License-Identifier: MIT */
/* Whether a file is a result: chunks and segments of all formats that are written. */

#include "fuzz.h"
#include "image/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_error error = {0};
    bool result = false;
    fuzz_check(impasto_image_is_result(fuzz_file(data, size), &result, &error), &error);
    return 0;
}
