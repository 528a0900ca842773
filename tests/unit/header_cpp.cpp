/* SPDX-License-Identifier: MIT */
/* The public headers in C++11: each compiles alone, and functions have C names to link with. */

#include <impasto/impasto.h>

int main()
{
    impasto_error error = {};
    impasto_params params = {};
    float layers[IMPASTO_LAYERS];
    params.size = IMPASTO_SIZE_SOURCE;
    if (!impasto_version()[0] || params.size != IMPASTO_SIZE_SOURCE)
        return 1;
    return impasto_layers_parse("conv4_2", layers, &error) == IMPASTO_OK ? 0 : 1;
}
