/* SPDX-License-Identifier: MIT */
/* Style networks on the host: rows of layers, random beginnings, styles and mixtures. */

#include "model/model.h"
#include "files.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static struct imp_stylenet made(int width, int styles)
{
    struct imp_stylenet net;
    struct impasto_error error = {0};
    const struct imp_model_shape shape = imp_model_shape_usual(width, styles);
    assert_int_equal(imp_stylenet_create(&shape, 7, &net, &error), IMPASTO_OK);
    return net;
}

/* The published numbers of parameters, less the biases that normalisation undoes. */
static void usual_shapes(void **state)
{
    (void)state;
    static const struct {
        int width;
        size_t parameters;
    } cases[] = {{32, 1679235}, {16, 424899}, {8, 108771}};
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct imp_model_rows rows;
        struct imp_model_shape shape = imp_model_shape_usual(cases[i].width, 1);
        imp_model_rows(&shape, &rows);
        size_t biases = 0;
        for (int r = 0; r < rows.count - 1; r++)
            biases += (size_t)rows.row[r].conv.out;
        assert_int_equal(rows.count, 16);
        assert_int_equal(rows.parameters + biases, cases[i].parameters);
        const size_t norms = rows.parameters - rows.norms;
        assert_int_equal(norms, 2 * biases);
        shape.styles = 3;
        imp_model_rows(&shape, &rows);
        assert_int_equal(rows.parameters - rows.norms, 3 * norms);
    }
}

static void names_of_rows(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"conv1.conv2d", "in1"},           {"conv2.conv2d", "in2"},
        {"conv3.conv2d", "in3"},           {"res1.conv1.conv2d", "res1.in1"},
        {"res1.conv2.conv2d", "res1.in2"}, {"deconv1.conv2d", "in4"},
        {"deconv2.conv2d", "in5"},         {"deconv3.conv2d", ""},
    };
    struct imp_model_rows rows;
    struct imp_model_shape shape = imp_model_shape_usual(8, 1);
    shape.blocks = 1;
    imp_model_rows(&shape, &rows);
    assert_int_equal(rows.count, IMP_COUNT(names));
    for (int i = 0; i < rows.count; i++) {
        assert_string_equal(rows.row[i].name, names[i][0]);
        assert_string_equal(rows.row[i].norm_name, names[i][1]);
        assert_int_equal(rows.row[i].conv.upsample, i == 5 || i == 6);
        assert_int_equal(rows.row[i].conv.stride, i == 1 || i == 2 ? 2 : 1);
        assert_int_equal(rows.row[i].relu, i != 4 && i != 7);
        assert_int_equal(rows.row[i].adds == IMP_ADDS_BLOCK_INPUT, i == 4);
        if (i > 0)
            assert_int_equal(rows.row[i].conv.in, rows.row[i - 1].conv.out);
    }
    shape.end_norm = true;
    imp_model_rows(&shape, &rows);
    assert_string_equal(rows.row[7].norm_name, "in6");
}

static void impossible_shapes(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct imp_model_shape shapes[16];
    size_t count = IMP_COUNT(shapes);
    for (size_t i = 0; i < count; i++)
        shapes[i] = imp_model_shape_usual(16, 2);
    shapes[0].channels[0] = 0;
    shapes[1].channels[1] = 30;
    shapes[2].channels[4] = IMP_CHANNELS_MOST + 4;
    shapes[3].blocks = -1;
    shapes[4].blocks = IMP_BLOCKS_MOST + 1;
    shapes[5].end_size = 8;
    shapes[6].end_size = 11;
    shapes[7].styles = 0;
    shapes[8].styles = IMP_STYLES_MOST + 1;
    shapes[9].epsilon = 0;
    shapes[10].epsilon = NAN;
    shapes[11].in_scale = INFINITY;
    shapes[12].in_scale = 0;
    shapes[13].out_scale = NAN;
    shapes[14].out_offset = 1e9f;
    shapes[15].output = (enum imp_output)3;
    for (size_t i = 0; i < count; i++) {
        struct imp_stylenet net;
        assert_int_equal(imp_stylenet_create(&shapes[i], 1, &net, &error), IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "a new network: "));
    }
}

static void beginnings(void **state)
{
    (void)state;
    struct imp_stylenet net = made(16, 2), same = made(16, 2);
    assert_memory_equal(net.parameters, same.parameters, net.rows.parameters * sizeof(float));
    double sum = 0;
    const struct imp_model_row *conv2 = &net.rows.row[1];
    const float range = 1 / sqrtf(16 * 9);
    const size_t count = imp_model_row_weights(conv2);
    float most = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)net.parameters[conv2->weights + i];
        most = fmaxf(most, fabsf(net.parameters[conv2->weights + i]));
    }
    assert_true(most <= range && most > 0.99f * range);
    assert_true(fabs(sum / (double)count) < 0.05 * (double)range);
    assert_true(net.parameters[net.rows.row[3].gamma] == 1);
    assert_true(fabsf(net.parameters[net.rows.row[4].gamma + 64] - 0.1f) < 1e-7f);
    assert_true(net.parameters[net.rows.row[4].beta] == 0);
    assert_true(fabsf(net.parameters[net.rows.row[15].bias] - 127.5f) < 1e-3f);
    assert_string_equal(net.names[1], "style 2");
    imp_stylenet_free(&same);
    imp_stylenet_free(&net);
    imp_stylenet_free(&net);
}

static void styles(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    struct imp_stylenet net = made(8, 2), copy;
    const struct imp_model_row *row = &net.rows.row[2];
    for (int c = 0; c < row->conv.out; c++)
        net.parameters[row->gamma + (size_t)(row->conv.out + c)] = (float)c;
    assert_int_equal(imp_stylenet_rename(&net, 0, "ink", &error), IMPASTO_OK);
    assert_int_equal(imp_stylenet_rename(&net, 1, "ink", &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(imp_stylenet_add_style(&net, "ink", &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(net.shape.styles, 2);
    assert_int_equal(imp_stylenet_add_style(&net, "dots", &error), IMPASTO_OK);
    assert_int_equal(net.shape.styles, 3);
    assert_int_equal(imp_stylenet_find(&net, "dots"), 2);
    assert_int_equal(imp_stylenet_find(&net, "ink"), 0);
    assert_int_equal(imp_stylenet_find(&net, "style"), -1);
    row = &net.rows.row[2];
    for (int c = 0; c < row->conv.out; c++)
        assert_true(net.parameters[row->gamma + (size_t)(2 * row->conv.out + c)] ==
                    (1 + (float)c) / 2);
    assert_int_equal(imp_stylenet_copy(&net, &copy, &error), IMPASTO_OK);
    assert_memory_equal(net.parameters, copy.parameters, net.rows.parameters * sizeof(float));
    assert_string_equal(copy.names[2], "dots");
    imp_stylenet_free(&copy);
    static const char *const wrong[] = {"", "a:b", "a,b", "a\nb", "\xff", "\x7f"};
    for (size_t i = 0; i < IMP_COUNT(wrong); i++)
        assert_int_equal(imp_stylenet_rename(&net, 0, wrong[i], &error), IMPASTO_ERROR_USAGE);
    while (net.shape.styles < IMP_STYLES_MOST) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", net.shape.styles);
        assert_int_equal(imp_stylenet_add_style(&net, name, &error), IMPASTO_OK);
    }
    assert_int_equal(imp_stylenet_add_style(&net, "more", &error), IMPASTO_ERROR_USAGE);
    imp_stylenet_free(&net);
}

static void mixtures(void **state)
{
    (void)state;
    struct imp_stylenet net = made(8, 2);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] = (float)(i % 97);
    const size_t count = imp_stylenet_mixed_count(&net);
    struct imp_model_shape one = imp_model_shape_usual(8, 1);
    struct imp_model_rows rows;
    imp_model_rows(&one, &rows);
    assert_int_equal(count, rows.parameters);
    float *mixed = calloc(count, sizeof(float));
    imp_stylenet_mix(&net, (const float[]){0.25f, 0.75f}, mixed);
    assert_memory_equal(mixed, net.parameters, net.rows.norms * sizeof(float));
    for (int i = 0; i < rows.count - 1; i++) {
        const struct imp_model_row *from = &net.rows.row[i], *to = &rows.row[i];
        for (int c = 0; c < to->conv.out; c++) {
            const float *beta = net.parameters + from->beta + c;
            assert_true(fabsf(mixed[to->beta + (size_t)c] -
                              (0.25f * beta[0] + 0.75f * beta[from->conv.out])) < 1e-4f);
        }
    }
    free(mixed);
    imp_stylenet_free(&net);
}

/* What a network of fewer styles says of its training is about these. */
static void picked_styles(void **state)
{
    (void)state;
    struct imp_stylenet net = made(8, 3), picked;
    struct impasto_error error = {0};
    const int chosen[] = {2, 0};
    net.training = json_loads("{\"steps\":5,\"inputs\":{\"weights\":{\"name\":\"w\"},\"styles\":["
                              "{\"style\":\"style 1\",\"name\":\"a.png\"},"
                              "{\"style\":\"style 2\",\"name\":\"b.png\"},"
                              "{\"style\":\"style 3\",\"drawn\":true},{\"style\":4}]}}",
                              0, NULL);
    assert_int_equal(imp_stylenet_pick(&net, chosen, 2, &picked, &error), IMPASTO_OK);
    assert_string_equal(picked.names[0], "style 3");
    assert_string_equal(picked.names[1], "style 1");
    char *training = json_dumps(picked.training, JSON_COMPACT);
    assert_string_equal(training,
                        "{\"steps\":5,\"inputs\":{\"weights\":{\"name\":\"w\"},\"styles\":["
                        "{\"style\":\"style 1\",\"name\":\"a.png\"},"
                        "{\"style\":\"style 3\",\"drawn\":true},{\"style\":4}]}}");
    free(training);
    const json_t *inputs = json_object_get(net.training, "inputs");
    assert_int_equal(json_array_size(json_object_get(inputs, "styles")), 4);
    imp_stylenet_free(&picked);
    imp_stylenet_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_shapes),
        cmocka_unit_test(names_of_rows),
        cmocka_unit_test(impossible_shapes),
        cmocka_unit_test(beginnings),
        cmocka_unit_test(styles),
        cmocka_unit_test(picked_styles),
        cmocka_unit_test(mixtures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
