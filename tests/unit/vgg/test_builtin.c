/* SPDX-License-Identifier: MIT */
/* The built-in weights: their table is what the calibration gives, and calibrated they behave. */

#include "calibration.h"
#include "vgg/builtin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The table has seven digits, and libraries differ in the last bits of logarithm and cosine, which
 * grow a little from layer to layer. */
#define TOLERANCE 1e-3

/* What a layer's generated kernels and biases are, over the raw kernels: scale and bias again. */
static void table_is_the_calibration(void **state)
{
    (void)state;
    const size_t channels = calibration_channels(IMPASTO_LAYERS);
    struct calibration *table = malloc(channels * sizeof(*table));
    float *raw = malloc(sizeof(float) * 512 * 512 * 9);
    struct calibration_statistics statistics[IMPASTO_LAYERS];
    assert_true(table && raw);
    assert_int_equal(calibrate(IMPASTO_LAYERS, table, statistics), 0);
    const struct calibration *row = table;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        struct imp_layer_weights layer;
        const size_t per_channel = 9 * (size_t)imp_layer_shapes[l].in_channels;
        assert_int_equal(imp_builtin_generate(l, &layer, NULL), IMPASTO_OK);
        imp_builtin_raw(l, raw);
        for (int o = 0; o < imp_layer_shapes[l].out_channels; o++, row++) {
            const size_t at = (size_t)o * per_channel;
            assert_true(raw[at] != 0);
            const double scale = (double)layer.weight[at] / (double)raw[at];
            assert_true(fabs(scale / (double)row->scale - 1) < TOLERANCE);
            assert_true(fabs((double)layer.bias[o] - (double)row->bias) < TOLERANCE * 10);
        }
        imp_layer_weights_free(&layer);
        print_message("%s: mean %.3f, deviation %.3f, zeros %.3f\n", imp_layer_shapes[l].name,
                      statistics[l].mean, statistics[l].deviation, statistics[l].zeros);
        /* A normal distribution of mean 0.7 and deviation 1, cut at 0: mean 0.84, deviation 0.80,
         * 24 % zeros; the channels are not quite normal. */
        assert_true(statistics[l].mean > 0.82 && statistics[l].mean < 0.90);
        assert_true(statistics[l].deviation > 0.77 && statistics[l].deviation < 0.90);
        assert_true(statistics[l].zeros > 0.19 && statistics[l].zeros < 0.28);
    }
    free(table);
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_is_the_calibration)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
