/* SPDX-License-Identifier: MIT */
/* The public header alone, in C11: it needs nothing included before it, and twice is harmless. */

#include <impasto/impasto.h>
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
