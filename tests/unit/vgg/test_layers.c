/* SPDX-License-Identifier: MIT */
/* The names of layers, and lists of them. */

#include "vgg/weights.h"

#include <locale.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
    (void)state;
    assert_string_equal(impasto_layer_name(0), "conv1_1");
    assert_string_equal(impasto_layer_name(7), "conv3_4");
    assert_string_equal(impasto_layer_name(15), "conv5_4");
    assert_null(impasto_layer_name(-1));
    assert_null(impasto_layer_name(16));
}

static void shapes(void **state)
{
    (void)state;
    int channels = 3;
    for (int i = 0; i < IMPASTO_LAYERS; i++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[i];
        assert_int_equal(shape->in_channels, channels);
        assert_int_equal(shape->block, shape->name[4] - '0');
        channels = shape->out_channels;
    }
    assert_int_equal(channels, 512);
}

static void good_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int layer[2];
        float weight[2];
    } cases[] = {
        {"conv1_1", {0, -1}, {1.0f, 0}},
        {"relu5_4", {15, -1}, {1.0f, 0}},
        {"block3_conv4", {7, -1}, {1.0f, 0}},
        {"4_2", {9, -1}, {1.0f, 0}},
        {"CONV4_2,Relu4_1", {9, 8}, {1.0f, 1.0f}},
        {"BLOCK5_CONV2:2", {13, -1}, {2.0f, 0}},
        {"conv4_2:0.5,5_2", {9, 13}, {0.5f, 1.0f}},
        {" conv2_1 : 1e-3 ,\tconv2_2:+4.", {2, 3}, {1e-3f, 4.0f}},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        float weights[IMPASTO_LAYERS];
        struct impasto_error error;
        memset(weights, 0x7f, sizeof(weights));
        assert_int_equal(impasto_layers_parse(cases[i].text, weights, &error), IMPASTO_OK);
        for (int layer = 0; layer < IMPASTO_LAYERS; layer++) {
            float wanted = 0.0f;
            for (int j = 0; j < 2; j++)
                if (cases[i].layer[j] == layer)
                    wanted = cases[i].weight[j];
            assert_memory_equal(&weights[layer], &wanted, sizeof(wanted));
        }
    }
}

static void bad_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "empty place"},
        {",", "empty place"},
        {"conv1_1,", "empty place"},
        {"conv1_1,,conv1_2", "empty place"},
        {":2", "empty place"},
        {"conv3_5", "conv3_5: no such layer; block 3 has conv3_1 to conv3_4"},
        {"block1_conv3", "block1_conv3: no such layer; block 1 has conv1_1 to conv1_2"},
        {"2_0", "2_0: no such layer; block 2 has conv2_1 to conv2_2"},
        {"conv6_1", "conv6_1: no such layer; VGG19 has blocks 1 to 5, conv1_1 to conv5_4"},
        {"conv0_1", "VGG19 has blocks 1 to 5"},
        {"conv42", "conv42: no such layer; did you mean conv4_2?"},
        {"cnov4_2", "did you mean conv4_2?"},
        {"blok4_conv2", "did you mean conv4_2?"},
        {"conv4-2", "did you mean conv4_2?"},
        {"pool4", "there are conv1_1 to conv1_2"},
        {"x", "there are conv1_1 to conv1_2"},
        {"conv99999999999999999999_1", "no such layer"},
        {"conv1_1:", "no weight after the colon"},
        {"conv1_1:0", "above 0"},
        {"conv1_1:-1", "above 0"},
        {"conv1_1:nan", "above 0 and finite"},
        {"conv1_1:inf", "above 0 and finite"},
        {"conv1_1:1e99", "above 0 and finite"},
        {"conv1_1:1e-99", "above 0"},
        {"conv1_1:0x1p3", "above 0"},
        {"conv1_1:1:2", "above 0"},
        {"conv1_1:1.5.2", "above 0"},
        {"conv1_1:e", "above 0"},
        {"conv4_2,4_2", "4_2: conv4_2 is in the list twice"},
        {"conv1_1\nconv1_2", "no such layer"},
        {"conv1_1 conv1_2", "no such layer"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234",
         "too long"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        float weights[IMPASTO_LAYERS] = {7.0f};
        const float before[IMPASTO_LAYERS] = {7.0f};
        struct impasto_error error = {0};
        const enum impasto_status status = impasto_layers_parse(cases[i].text, weights, &error);
        if (status != IMPASTO_ERROR_USAGE || strstr(error.message, cases[i].message) == NULL)
            fail_msg("\"%s\": %d, %s", cases[i].text, (int)status, error.message);
        assert_null(strchr(error.message, '\n'));
        assert_memory_equal(weights, before, sizeof(weights));
        assert_int_equal(impasto_layers_parse(cases[i].text, weights, NULL), IMPASTO_ERROR_USAGE);
    }
}

/* A program may have set a locale whose decimal sign is a comma. */
static void any_locale(void **state)
{
    (void)state;
    float weights[IMPASTO_LAYERS];
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    bool set = false;
    for (size_t i = 0; i < IMP_COUNT(locales) && !set; i++)
        set = setlocale(LC_ALL, locales[i]) != NULL;
    if (!set) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    assert_int_equal(impasto_layers_parse("conv1_1:0.5", weights, NULL), IMPASTO_OK);
    assert_true(weights[0] > 0.49f && weights[0] < 0.51f);
    assert_int_equal((int)(10.0 * strtod("0,5", NULL)), 5); /* the program's locale is as it was */
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),     cmocka_unit_test(shapes),     cmocka_unit_test(good_lists),
        cmocka_unit_test(bad_lists), cmocka_unit_test(any_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
