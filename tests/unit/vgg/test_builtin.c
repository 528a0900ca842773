/* SPDX-License-Identifier: MIT */
/* The built-in weights: the learned filters are those of their version, the table is what the
 * calibration gives, and calibrated they behave. */

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

/* Bytes of the learned filters: conv1_2, conv2_1, conv2_2 and conv3_1. */
#define LEARNED (9 * (16 * 64 + 32 * 64 + 32 * 128 + 64 * 128))

/* What statistics of a layer to expect. */
static const struct expected {
    double mean, deviation, zeros;
} /* A normal distribution of mean 0.7 and deviation 1, cut at 0. */
smooth = {0.84, 0.80, 0.24},
    /* Four with means of 0.5, 0.5, -0.7 and -0.7: mean 0.42, deviation 0.66, 53 % zeros. A learned
     * filter answers more seldom than a normal distribution. */
    learned = {0.40, 0.66, 0.53};

/* Where the largest of `count` values is. */
static size_t largest(const float *values, size_t count)
{
    size_t at = 0;
    for (size_t i = 1; i < count; i++)
        if (fabsf(values[i]) > fabsf(values[at]))
            at = i;
    return at;
}

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
            const size_t at =
                (size_t)o * per_channel + largest(raw + (size_t)o * per_channel, per_channel);
            assert_true(raw[at] != 0);
            const double scale = (double)layer.weight[at] / (double)raw[at];
            assert_true(fabs(scale / (double)row->scale - 1) < TOLERANCE);
            assert_true(fabs((double)layer.bias[o] - (double)row->bias) < TOLERANCE * 10);
        }
        imp_layer_weights_free(&layer);
        print_message("%s: mean %.3f, deviation %.3f, zeros %.3f\n", imp_layer_shapes[l].name,
                      statistics[l].mean, statistics[l].deviation, statistics[l].zeros);
        const struct expected *expected = imp_builtin_level(l, 0) == 0.5f ? &learned : &smooth;
        assert_true(fabs(statistics[l].mean - expected->mean) < 0.04);
        assert_true(fabs(statistics[l].deviation - expected->deviation) < 0.05);
        assert_true(fabs(statistics[l].zeros - expected->zeros) < 0.05);
    }
    free(table);
    free(raw);
}

static void filters_are_of_their_version(void **state)
{
    (void)state;
    /* Who changes the weights raises the version, which tells checkpoints apart. */
    assert_int_equal(IMP_BUILTIN_VERSION, 3);
    assert_int_equal(imp_checksum(0, imp_builtin_learned, LEARNED), 0x9cf3c4b8);
}

/* Positions of one kernel of a layer: its four channels are itself and its negative, twice. */
static void learned_channels_come_in_fours(void **state)
{
    (void)state;
    for (int l = 1; l <= 4; l++) {
        struct imp_layer_weights layer;
        const size_t quarter =
            imp_layer_elements(l) / IMP_BUILTIN_CHANNELS; /* weights of its filters */
        assert_int_equal(imp_builtin_generate(l, &layer, NULL), IMPASTO_OK);
        for (size_t i = 0; i < quarter; i++) {
            const double here = (double)layer.weight[i];
            assert_true(fabs((double)layer.weight[quarter + i] + here) <= 1e-5 * fabs(here));
            assert_true(fabs((double)layer.weight[2 * quarter + i] - here) <= 1e-5 * fabs(here));
        }
        imp_layer_weights_free(&layer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters_are_of_their_version),
                                       cmocka_unit_test(learned_channels_come_in_fours),
                                       cmocka_unit_test(table_is_the_calibration)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
