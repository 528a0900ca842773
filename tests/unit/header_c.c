/* SPDX-License-Identifier: MIT */
/* The public headers in C11: this links with what each alone makes, from header_alone.in. */

#include <impasto/impasto.h>

int main(void)
{
    struct impasto_error error = {.status = IMPASTO_OK};
    struct impasto_params params = {.size = IMPASTO_SIZE_SOURCE};
    float layers[IMPASTO_LAYERS];
    if (!impasto_version()[0] || params.size != IMPASTO_SIZE_SOURCE)
        return 1;
    return impasto_layers_parse("conv4_2", layers, &error) == IMPASTO_OK ? 0 : 1;
}
