/* SPDX-License-Identifier: MIT */
/* Style networks in files: what is saved comes back, and what is wrong with a file is said. */

#include "model/model.h"
#include "files.h"
#include "store/store.h"

#include <jansson.h>
#include <math.h>

#define SOUND "sound.model"
#define CASE "case.model"
#define MUTATIONS 3000

static const struct imp_model_shape small = {
    .channels = {4, 8, 4, 4, 4},
    .blocks = 1,
    .end_size = 3,
    .styles = 2,
    .epsilon = 1e-4f,
    .in_scale = 255,
    .output = IMP_OUTPUT_TANH,
    .out_scale = 150.0f / 255.0f,
    .out_offset = 0.5f,
    .noise = 0.125f,
};

static struct imp_stylenet made(const struct imp_model_shape *shape)
{
    struct imp_stylenet net;
    struct impasto_error error = {0};
    assert_int_equal(imp_stylenet_create(shape, 11, &net, &error), IMPASTO_OK);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] = (float)(i % 13) / 8;
    return net;
}

static struct imp_stylenet loaded(const char *path)
{
    struct imp_stylenet net;
    struct impasto_error error = {0};
    if (imp_stylenet_load(path, &net, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return net;
}

static void saved(const struct imp_stylenet *net, bool half)
{
    struct impasto_error error = {0};
    if (imp_stylenet_save(net, in_folder(SOUND), half, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void expect_refused(const char *path, const char *reason)
{
    struct imp_stylenet net;
    struct impasto_error error = {0};
    const enum impasto_status status = imp_stylenet_load(path, &net, &error);
    if (status != IMPASTO_ERROR_WEIGHTS || !strstr(error.message, reason))
        fail_msg("expected \"%s\", got %d: %s", reason, (int)status, error.message);
    assert_non_null(strstr(error.message, path));
    assert_null(strchr(error.message, '\n'));
    assert_null(net.parameters);
}

/* ---- What comes back ------------------------------------------------------------------------- */

static void single_precision(void **state)
{
    (void)state;
    struct imp_stylenet net = made(&small);
    struct impasto_error error = {0};
    assert_int_equal(imp_stylenet_rename(&net, 1, "Zo\xc3\xab \"1\"", &error), IMPASTO_OK);
    net.training = json_pack("{s:i, s:{s:f}}", "steps", 300, "loss", "style", 0.1);
    net.licence = strdup("CC0\nor so");
    net.pictures[1] = strdup("drawn:384:ink");
    saved(&net, false);
    struct imp_stylenet back = loaded(in_folder(SOUND));
    assert_memory_equal(back.parameters, net.parameters, net.rows.parameters * sizeof(float));
    assert_memory_equal(&back.shape.channels, &net.shape.channels, sizeof(net.shape.channels));
    assert_int_equal(back.shape.blocks, 1);
    assert_int_equal(back.shape.end_size, 3);
    assert_int_equal(back.shape.styles, 2);
    assert_int_equal(back.shape.output, IMP_OUTPUT_TANH);
    assert_true(back.shape.epsilon == net.shape.epsilon);
    assert_true(back.shape.out_scale == net.shape.out_scale && back.shape.out_offset == 0.5f);
    assert_true(back.shape.noise == 0.125f);
    assert_string_equal(back.names[0], "style 1");
    assert_string_equal(back.names[1], "Zo\xc3\xab \"1\"");
    assert_string_equal(back.licence, "CC0\nor so");
    assert_null(back.pictures[0]);
    assert_string_equal(back.pictures[1], "drawn:384:ink");
    assert_true(json_equal(back.training, net.training));
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
}

static void normalised_end(void **state)
{
    (void)state;
    struct imp_model_shape shape = small;
    shape.end_norm = true;
    shape.styles = 1;
    shape.blocks = 0;
    struct imp_stylenet net = made(&shape);
    saved(&net, false);
    struct imp_stylenet back = loaded(in_folder(SOUND));
    assert_true(back.shape.end_norm);
    assert_string_equal(back.names[0], "style");
    assert_null(back.training);
    assert_memory_equal(back.parameters, net.parameters, net.rows.parameters * sizeof(float));
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
}

/* Each number is the nearest of half precision. */
static void half_precision(void **state)
{
    (void)state;
    struct imp_stylenet net = made(&small);
    static const float values[] = {0,        -0.0f,    1,        65504,    6.1035e-5f, 6.0e-5f,
                                   5.96e-8f, 2.9e-8f,  1.00049f, -1.0014f, 65519,      0.333333f,
                                   1e-9f,    2.98e-8f, 1.9995f,  0.99999f};
    memcpy(net.parameters, values, sizeof(values));
    net.parameters[10] = 65503;
    saved(&net, true);
    struct imp_stylenet back = loaded(in_folder(SOUND));
    for (size_t i = 0; i < net.rows.parameters; i++) {
        const double value = (double)net.parameters[i], size = fabs(value);
        int exponent;
        frexp(size, &exponent);
        const double unit = ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
        assert_true(fabs((double)back.parameters[i] - value) <= unit / 2);
        assert_true(fmod((double)back.parameters[i], unit) == 0);
    }
    struct impasto_error error = {0};
    net.parameters[3] = 65505;
    assert_int_equal(imp_stylenet_save(&net, in_folder(CASE), true, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "beyond half precision"));
    net.parameters[3] = NAN;
    assert_int_equal(imp_stylenet_save(&net, in_folder(CASE), false, &error),
                     IMPASTO_ERROR_NUMERIC);
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
}

/* Every half there is goes to a float and back. */
static void all_halves(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 0x10000; half++) {
        const float value = imp_float_of_half((uint16_t)half);
        if (isnan(value))
            assert_true(isnan(imp_float_of_half(imp_half_of_float(value))));
        else
            assert_int_equal(imp_half_of_float(value), half);
    }
    assert_int_equal(imp_half_of_float(65520), 0x7c00);
    assert_int_equal(imp_half_of_float(-1e30f), 0xfc00);
}

/* ---- Files that were changed ----------------------------------------------------------------- */

/* Writes the sound file with the first `from` of its header become `to`. */
static void edited(const char *from, const char *to)
{
    size_t size, length = 0;
    unsigned char *bytes = read_bytes(in_folder(SOUND), &size);
    for (size_t i = 8; i-- > 0;)
        length = length << 8 | bytes[i];
    char *header = calloc(1, length + strlen(to) + 1), *at;
    assert_non_null(header);
    memcpy(header, bytes + 8, length);
    at = strstr(header, from);
    if (!at)
        fail_msg("the header has no %s", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest follows */
    memcpy(at, to, strlen(to));
    const size_t now = strlen(header);
    unsigned char *changed = malloc(8 + now + size);
    assert_non_null(changed);
    for (size_t i = 0; i < 8; i++)
        changed[i] = (unsigned char)(now >> 8 * i);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a header has a length, no end */
    memcpy(changed + 8, header, now);
    memcpy(changed + 8 + now, bytes + 8 + length, size - 8 - length);
    write_bytes(in_folder(CASE), changed, now + size - length);
    free(changed);
    free(header);
    free(bytes);
}

static void faulty_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *reason;
    } cases[] = {
        {"\"impasto.model\":\"1\"", "\"impasto.model\":\"2\"", "a newer Impasto wrote"},
        {"\"impasto.model\":\"1\"", "\"impasto.model\":\"\"", "no sound impasto.model"},
        {"\"impasto.model\":\"1\"", "\"impasto.model\":\"1x\"", "no sound impasto.model"},
        {"\"impasto.model\":\"1\"", "\"impasto.model\":\"-1\"", "no sound impasto.model"},
        {"impasto.shape", "impasto.shade", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8,4,4]", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8,4,4,4,4]", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8,4,4,4294967300]", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8,4,4,-4]", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8.0,4,4,4]", "no sound impasto.shape"},
        {"[4,8,4,4,4]", "[4,8,4,4,5]", "5 channels is not possible"},
        {"[4,8,4,4,4]", "[4,8,4,4,260]", "260 channels is not possible"},
        {"[4,8,4,4,4]", "[4,12,4,4,4]", "tensor conv2.conv2d.weight has the shape [8,4,3,3]"},
        {"\\\"blocks\\\":1", "\\\"blocks\\\":17", "17 residual blocks is not possible"},
        {"\\\"blocks\\\":1", "\\\"blocks\\\":2", "res2.conv1.conv2d.weight is missing"},
        {"\\\"blocks\\\":1", "\\\"blocks\\\":1,\\\"blocks\\\":1", "no sound impasto.shape"},
        {"\\\"blocks\\\":1", "\\\"blocks\\\":true", "no sound impasto.shape"},
        {"\\\"end_size\\\":3", "\\\"end_size\\\":4", "4 taps"},
        {"\\\"end_size\\\":3", "\\\"end_size\\\":5", "has the shape [4,3,3,3]"},
        {"\\\"end_size\\\":3", "\\\"end_size\\\":99", "99 taps"},
        {"\\\"styles\\\":2", "\\\"styles\\\":0", "0 styles is not possible"},
        {"\\\"styles\\\":2", "\\\"styles\\\":65", "65 styles is not possible"},
        {"\\\"styles\\\":2", "\\\"styles\\\":3", "the network's is [3,4]"},
        {"\\\"styles\\\":2", "\\\"styles\\\":1", "the network's is [4]"},
        {"\\\"end_norm\\\":false", "\\\"end_norm\\\":true", "in6.weight is missing"},
        {"\\\"in_scale\\\":255.0", "\\\"in_scale\\\":0", "in_scale cannot be 0"},
        {"\\\"in_scale\\\":255.0", "\\\"in_scale\\\":1e99", "no sound impasto.shape"},
        {"\\\"in_scale\\\":255.0", "\\\"in_scale\\\":1e9", "in_scale cannot be 1e+09"},
        {"\\\"in_scale\\\":255.0", "\\\"in_scale\\\":\\\"255\\\"", "no sound impasto.shape"},
        {"\\\"noise\\\":0.125", "\\\"noise\\\":0.3", "its noise, 0.3, is not from 0"},
        {"\\\"noise\\\":0.125", "\\\"noise\\\":-1", "its noise, -1, is not"},
        {"\\\"noise\\\":0.125", "\\\"noise\\\":\\\"0\\\"", "no sound impasto.shape"},
        {"\\\"epsilon\\\"", "\\\"epsilom\\\"", "no sound impasto.shape"},
        {"\\\"output\\\":\\\"tanh\\\"", "\\\"output\\\":\\\"tan\\\"", "no sound impasto.shape"},
        {"\\\"output\\\":\\\"tanh\\\"", "\\\"output\\\":1", "no sound impasto.shape"},
        {"impasto.styles", "impasto.stiles", "no sound impasto.styles"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"style 1\\\"]", "no sound impasto.styles"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "{}", "no sound impasto.styles"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[1,2]", "the name of its style 1"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"a\\\",\\\"a\\\"]", "the name of its style 2"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"a\\\",\\\"\\\"]", "the name of its style 2"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"a:b\\\",\\\"c\\\"]", "the name of its style 1"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"\\\\u0007\\\",\\\"c\\\"]", "style 1, \"?\""},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"\\\\u0000\\\",\\\"c\\\"]", "impasto.styles"},
        {"[\\\"style 1\\\",\\\"style 2\\\"]", "[\\\"\\\\ud800\\\",\\\"c\\\"]", "impasto.styles"},
        {"\"format\":\"pt\"", "\"impasto.training\":\"[]\"", "no sound impasto.training"},
        {"\"format\":\"pt\"", "\"impasto.training\":\"{\"", "no sound impasto.training"},
        {"conv1.conv2d.weight", "conv1.conv2d.w", "tensor conv1.conv2d.weight is missing"},
        {"deconv3.conv2d.bias", "deconv3.conv2d.b", "tensor deconv3.conv2d.bias is missing"},
        {"\"F32\"", "\"I32\"", "is of type I32, but only F32 and F16"},
        {"[4,3,3,3]", "[3,4,3,3]", "has the shape [3,4,3,3] but the network's is [4,3,3,3]"},
        {"[2,8]", "[8,2]", "tensor in2.weight has the shape [8,2] but the network's is [2,8]"},
        {"[2,8]", "[16]", "tensor in2.weight has the shape [16] but the network's is [2,8]"},
        {"\"conv2.conv2d.bias\":{\"dtype\":\"F32\",\"shape\":[8]",
         "\"conv2.conv2d.bias\":{\"dtype\":\"F32\",\"shape\":[8,1]", "the network's is [8]"},
    };
    struct imp_stylenet net = made(&small);
    saved(&net, false);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        edited(cases[i].from, cases[i].to);
        expect_refused(in_folder(CASE), cases[i].reason);
    }
    /* A bias that normalisation undoes may be missing. */
    edited("conv1.conv2d.bias", "nobody's");
    struct imp_stylenet back = loaded(in_folder(CASE));
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
}

static void long_texts(void **state)
{
    (void)state;
    struct imp_stylenet net = made(&small);
    struct impasto_error error = {0};
    net.licence = malloc((1 << 16) + 2);
    memset(net.licence, 'a', (1 << 16) + 1);
    net.licence[(1 << 16) + 1] = '\0';
    assert_int_equal(imp_stylenet_save(&net, in_folder(CASE), false, &error), IMPASTO_ERROR_USAGE);
    net.licence[1 << 16] = '\0';
    saved(&net, false);
    struct imp_stylenet back = loaded(in_folder(SOUND));
    assert_string_equal(back.licence, net.licence);
    imp_stylenet_free(&back);
    edited("\"impasto.licence\":\"", "\"impasto.licence\":\"b");
    expect_refused(in_folder(CASE), "no sound impasto.licence");
    imp_stylenet_free(&net);
}

/* As a user of PyTorch saves a state dict. */
static void without_metadata(void **state)
{
    (void)state;
    struct imp_model_shape shape = imp_model_shape_usual(8, 1);
    shape.blocks = 2;
    struct imp_stylenet net = made(&shape);
    saved(&net, false);
    edited("\"impasto.model\"", "\"other\"");
    struct imp_stylenet back = loaded(in_folder(CASE));
    assert_int_equal(back.shape.blocks, 2);
    assert_int_equal(back.shape.end_size, 9);
    assert_true(back.shape.in_scale == 255 && back.shape.out_scale == 1.0f / 255);
    assert_string_equal(back.names[0], "case");
    assert_memory_equal(back.parameters, net.parameters, net.rows.parameters * sizeof(float));
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
    net = made(&small);
    saved(&net, false);
    edited("\"impasto.model\"", "\"other\"");
    back = loaded(in_folder(CASE));
    assert_int_equal(back.shape.styles, 2);
    assert_string_equal(back.names[1], "style 2");
    imp_stylenet_free(&back);
    imp_stylenet_free(&net);
}

static void other_files(void **state)
{
    (void)state;
    expect_refused(in_folder("none.model"), "cannot be read");
    expect_refused(folder, "is a folder");
    write_bytes(in_folder(CASE), "", 0);
    expect_refused(in_folder(CASE), "not a style network in safetensors");
    write_bytes(in_folder(CASE), "PK\3\4 and so on, for long", 24);
    expect_refused(in_folder(CASE), "converted by impasto model convert");
    write_bytes(in_folder(CASE), "\2\0\0\0\0\0\0\0{}", 10);
    expect_refused(in_folder(CASE), "has no convolution conv1.conv2d.weight");
}

static void not_finite(void **state)
{
    (void)state;
    struct imp_stylenet net = made(&small);
    saved(&net, false);
    size_t size;
    unsigned char *bytes = read_bytes(in_folder(SOUND), &size);
    /* The last tensors' ends are the data's. */
    for (size_t back = 4; back < 1200; back += 40) {
        unsigned char was[4];
        memcpy(was, bytes + size - back, 4);
        memcpy(bytes + size - back, (const unsigned char[]){0, 0, 0xc0, 0x7f}, 4);
        write_bytes(in_folder(CASE), bytes, size);
        expect_refused(in_folder(CASE), "has a value that is not finite");
        memcpy(bytes + size - back, was, 4);
    }
    free(bytes);
    imp_stylenet_free(&net);
}

static void damaged_anyhow(void **state)
{
    (void)state;
    struct imp_stylenet net = made(&small);
    net.licence = strdup("free");
    saved(&net, true);
    size_t size;
    int refused = 0;
    unsigned char *bytes = read_bytes(in_folder(SOUND), &size), *changed = malloc(size);
    const size_t head = 8 + (bytes[0] | (size_t)bytes[1] << 8);
    for (size_t length = 0; length < size; length += length < head ? 37 : 411) {
        write_bytes(in_folder(CASE), bytes, length);
        expect_refused(in_folder(CASE), "");
    }
    for (int round = 0; round < MUTATIONS; round++) {
        struct imp_stylenet found;
        struct impasto_error error = {0};
        write_bytes(in_folder(CASE), changed, damage(bytes, size, head, 71, round, changed));
        const enum impasto_status status = imp_stylenet_load(in_folder(CASE), &found, &error);
        assert_true(status == IMPASTO_OK || status == IMPASTO_ERROR_WEIGHTS);
        assert_true((status == IMPASTO_OK) == (error.message[0] == '\0'));
        refused += status != IMPASTO_OK;
        imp_stylenet_free(&found);
    }
    assert_true(refused > MUTATIONS / 2);
    free(changed);
    free(bytes);
    imp_stylenet_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_precision), cmocka_unit_test(normalised_end),
        cmocka_unit_test(half_precision),   cmocka_unit_test(all_halves),
        cmocka_unit_test(faulty_metadata),  cmocka_unit_test(long_texts),
        cmocka_unit_test(without_metadata), cmocka_unit_test(other_files),
        cmocka_unit_test(not_finite),       cmocka_unit_test(damaged_anyhow),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
