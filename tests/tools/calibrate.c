/* SPDX-License-Identifier: MIT */
/* Writes src/vgg/builtin_table.h to standard output, and each layer's statistics to standard error.
 * Run it again when the recipe in builtin.c changes. */

#include "calibration.h"

#include "vgg/weights.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const size_t channels = calibration_channels(IMPASTO_LAYERS);
    struct calibration *table = malloc(channels * sizeof(*table));
    struct calibration_statistics statistics[IMPASTO_LAYERS];
    if (!table || calibrate(IMPASTO_LAYERS, table, statistics) != 0) {
        fputs("calibrate: out of memory\n", stderr);
        return 1;
    }
    printf("/* SPDX-License-Identifier: MIT */\n"
           "/* Made by tests/tools/calibrate.c: what each channel's raw kernels are multiplied "
           "with, and\n"
           " * what is added, conv1_1 to conv5_4. Do not edit. */\n"
           "/* clang-format off */\n"
           "static const struct {\n    float scale, bias;\n} calibration[] = {\n");
    size_t at = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        fprintf(stderr, "%s: mean %.3f, deviation %.3f, zeros %.3f\n", imp_layer_shapes[l].name,
                statistics[l].mean, statistics[l].deviation, statistics[l].zeros);
        printf("    /* %s */\n", imp_layer_shapes[l].name);
        for (int c = 0; c < imp_layer_shapes[l].out_channels; c++, at++)
            printf("%s{%.6ef, %.6ef},%s", c % 4 == 0 ? "    " : " ", (double)table[at].scale,
                   (double)table[at].bias, c % 4 == 3 ? "\n" : "");
    }
    puts("};");
    free(table);
    return 0;
}
