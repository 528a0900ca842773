/* SPDX-License-Identifier: MIT */
/* The public header alone, in C++11: it compiles, and its functions have C names to link with. */

#include <impasto/impasto.h>
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
