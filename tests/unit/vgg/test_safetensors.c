/* SPDX-License-Identifier: MIT */
/* The safetensors reader: every fault that a file can have, half precision, files that end early.
 */

#include "vgg/weights.h"
#include "weights_files.h"

#include <math.h>

#ifndef IMP_SOURCE_ROOT
#define IMP_SOURCE_ROOT "."
#endif

/* Room for a header of all layers. */
#define HEADER_SIZE 8192
#define MUTATIONS 6000

#define W TENSOR /* short, for the tables below */
#define GOOD "{" WEIGHT "," BIAS "}"

static const char *const file_name = "case.safetensors";

static void write_raw(uint64_t length, const char *header, const void *data, size_t size)
{
    write_safetensors(in_folder(file_name), length, header, data, size);
}

static void write_case(const char *header, const void *data, size_t size)
{
    write_raw(strlen(header), header, data, size);
}

static void sound_files(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t size;
    } cases[] = {
        {GOOD, DATA_SIZE},
        {GOOD "     ", DATA_SIZE},
        {"{ " BIAS " ,\n" WEIGHT " }", DATA_SIZE},
        {"{\"__metadata__\":{}," WEIGHT "," BIAS "}", DATA_SIZE},
        {"{\"__metadata__\":{\"impasto.generated\":\"no\"}," WEIGHT "," BIAS "}", DATA_SIZE},
        /* Other tensors are not looked into, whatever their type. */
        {"{" WEIGHT "," BIAS ",\"fc\":{\"dtype\":\"I64\",\"shape\":[2,1],"
         "\"data_offsets\":[7168,7184]}}",
         DATA_SIZE + 16},
        {"{" WEIGHT "," BIAS ",\"x\":{\"dtype\":\"Q9\",\"shape\":[2],"
         "\"data_offsets\":[7168,7173]}}",
         DATA_SIZE + 5},
        {"{" WEIGHT "," BIAS ",\"none\":{\"dtype\":\"F64\",\"shape\":[0,9],"
         "\"data_offsets\":[7168,7168]}}",
         DATA_SIZE},
        {"{" WEIGHT "," BIAS ",\"scalar\":{\"dtype\":\"BF16\",\"shape\":[],"
         "\"data_offsets\":[7168,7170]}}",
         DATA_SIZE + 2},
        {"{" WEIGHT "," BIAS ",\"f4\":{\"dtype\":\"F4\",\"shape\":[4],"
         "\"data_offsets\":[7168,7170]}}",
         DATA_SIZE + 2},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_case(cases[i].header, NULL, cases[i].size);
        struct impasto_weights *weights = expect_weights(in_folder(file_name), 1);
        assert_false(weights->info.builtin);
        impasto_weights_close(&weights);
    }
}

static void faulty_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reason;
    } cases[] = {
        /* JSON */
        {"{", "not a JSON object"},
        {"{}x", "not a JSON object"},
        {"{}", "more data than its header describes"},
        {"{" WEIGHT "," WEIGHT "," BIAS "}", "without duplicate keys"},
        {"{" WEIGHT "," BIAS ",}", "not a JSON object"},
        {"{\"a\\u0000b\":1}", "not a JSON object"},
        {"{\"\xff\":1}", "not a JSON object"},
        {"{\"__metadata__\":[]," WEIGHT "," BIAS "}", "metadata is not a JSON object"},
        {"{\"__metadata__\":{\"a\":1}," WEIGHT "," BIAS "}", "something else than text"},
        {"{\"__metadata__\":{\"impasto.convention\":\"bgr\"}," WEIGHT "," BIAS "}",
         "impasto.convention \"bgr\", which is unknown"},
        /* entries */
        {"{\"conv1_1.weight\":7," BIAS "}", "entry of tensor conv1_1.weight is malformed"},
        {"{\"conv1_1.weight\":{\"shape\":[64,3,3,3],\"data_offsets\":[0,6912]}," BIAS "}",
         "malformed"},
        {"{\"conv1_1.weight\":{\"dtype\":32,\"shape\":[64,3,3,3],\"data_offsets\":[0,6912]}," BIAS
         "}",
         "malformed"},
        {"{\"conv1_1.weight\":{\"dtype\":\"F32\",\"data_offsets\":[0,6912]}," BIAS "}",
         "malformed"},
        {"{\"conv1_1.weight\":{\"dtype\":\"F32\",\"shape\":[64,3,3,3]}," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "6912,6912") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "-6912") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "6912.0") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "\"6912\"") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,-3,-3]", "0", "6912") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[64,3,3,3.0]", "0", "6912") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "1728", "0", "6912") "," BIAS "}", "malformed"},
        {"{" W("conv1_1.weight", "[99999999999999999999]", "0", "6912") "," BIAS "}",
         "not a JSON object"},
        /* ranges */
        {"{" W("conv1_1.weight", "[64,3,3,3]", "6912", "0") "," BIAS "}",
         "data range of tensor conv1_1.weight does not fit"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "6908") "," BIAS "}", "does not fit"},
        {"{" W("conv1_1.weight", "[64,3,3]", "0", "6912") "," BIAS "}", "does not fit"},
        {"{" W("conv1_1.weight", "[4611686018427387904,4,1728]", "0", "6912") "," BIAS "}",
         "does not fit"},
        {"{" W("conv1_1.weight", "[2305843009213693952]", "0", "0") "," BIAS "}", "does not fit"},
        {"{" W("conv1_1.weight", "[4294967296,4294967296,0]", "0", "0") "," BIAS "}",
         "does not fit"},
        {"{\"conv1_1.weight\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}," BIAS "}",
         "does not fit"},
        {"{" WEIGHT "," W("conv1_1.bias", "[64]", "6908", "7164") "}",
         "tensor conv1_1.bias overlaps another's"},
        {"{" WEIGHT "," W("conv1_1.bias", "[64]", "6916", "7172") "}",
         "tensor conv1_1.bias comes after a hole"},
        {"{" W("conv1_1.weight", "[64,3,3,3]", "4", "6916") "}", "comes after a hole"},
        {"{" WEIGHT "," BIAS ",\"x\":{\"dtype\":\"Q9\",\"shape\":[2],"
         "\"data_offsets\":[7160,7168]}}",
         "tensor x overlaps"},
        {"{" WEIGHT "}", "more data than its header describes"},
        {"{" WEIGHT "," BIAS ",\"x\":{\"dtype\":\"U8\",\"shape\":[1],"
         "\"data_offsets\":[7168,7169]}}",
         "it ends early"},
        {"{" WEIGHT "," BIAS ",\"x\":{\"dtype\":\"?\",\"shape\":[1],"
         "\"data_offsets\":[7168,9223372036854775807]}}",
         "it ends early"},
        /* a VGG19 */
        {"{" W("conv1_1.weight", "[64,3,3,3]", "0", "6912") "," W("conv1_1.b", "[64]", "6912",
                                                                  "7168") "}",
         "layer conv1_1 has a weight but no bias"},
        {"{" W("conv1_1.w", "[64,3,3,3]", "0", "6912") "," BIAS "}",
         "layer conv1_1 has a bias but no weight"},
        {"{" W("a", "[64,3,3,3]", "0", "6912") "," W("b", "[64]", "6912", "7168") "}",
         "no layer conv1_1"},
        {"{" W("conv1_2.weight", "[64,3,3,3]", "0", "6912") "," W("conv1_2.bias", "[64]", "6912",
                                                                  "7168") "}",
         "layer conv1_1 is missing although conv1_2 is there"},
        {"{" W("conv1_1.weight", "[3,3,3,64]", "0", "6912") "," BIAS "}",
         "tensor conv1_1.weight has the shape [3,3,3,64] but VGG19's is [64,3,3,3]"},
        {"{" W("conv1_1.weight", "[64,27]", "0", "6912") "," BIAS "}", "has the shape [64,27]"},
        {"{" WEIGHT "," W("conv1_1.bias", "[1,64]", "6912", "7168") "}",
         "tensor conv1_1.bias has the shape [1,64] but VGG19's is [64]"},
        {"{\"conv1_1.weight\":{\"dtype\":\"I32\",\"shape\":[64,3,3,3],\"data_offsets\":[0,6912]}"
         "," BIAS "}",
         "tensor conv1_1.weight is of type I32, but only F32 and F16"},
        {"{" W("a.conv1_1.weight", "[64,3,3,3]", "0", "6912") "," W("b.features.0.weight", "[64]",
                                                                    "6912", "7168") "}",
         "several networks"},
        {"{" W("xconv1_1.weight", "[64,3,3,3]", "0", "6912") "," W("xconv1_1.bias", "[64]", "6912",
                                                                   "7168") "}",
         "no layer conv1_1"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_case(cases[i].header, NULL, DATA_SIZE);
        expect_refusal(in_folder(file_name), cases[i].reason);
    }
}

static void faulty_lengths(void **state)
{
    (void)state;
    static const uint64_t too_long[] = {sizeof(GOOD) + DATA_SIZE, 8 << 20};
    static const uint64_t claims[] = {(8 << 20) + 1, 100000000, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < IMP_COUNT(too_long); i++) {
        write_raw(too_long[i], GOOD, NULL, DATA_SIZE);
        expect_refusal(in_folder(file_name), "it ends within its header");
    }
    for (size_t i = 0; i < IMP_COUNT(claims); i++) {
        write_raw(claims[i], GOOD, NULL, DATA_SIZE);
        expect_refusal(in_folder(file_name), "more than 8 MiB");
    }
    write_raw(0, GOOD, NULL, DATA_SIZE);
    expect_refusal(in_folder(file_name), "not a JSON object");
    write_raw(sizeof(GOOD), GOOD, NULL, DATA_SIZE);
    expect_refusal(in_folder(file_name), "not a JSON object");
    /* Cut anywhere, a file is refused. */
    write_case(GOOD, NULL, DATA_SIZE);
    size_t size;
    unsigned char *bytes = read_bytes(in_folder(file_name), &size);
    for (size_t length = 0; length < size; length += length < 300 ? 1 : 97) {
        struct impasto_weights *weights = NULL;
        write_bytes(in_folder(file_name), bytes, length);
        assert_int_equal(
            impasto_weights_open(in_folder(file_name), IMPASTO_CONVENTION_AUTO, &weights, NULL),
            IMPASTO_ERROR_WEIGHTS);
        assert_null(weights);
    }
    free(bytes);
}

/* Nested and repeated JSON must cost neither the stack nor the memory. */
static void hostile_json(void **state)
{
    (void)state;
    const size_t size = 4000000;
    char *header = malloc(size + 1);
    assert_non_null(header);
    memset(header, '[', size);
    memcpy(header, "{\"a\":", 5);
    header[size] = '\0';
    write_case(header, NULL, 0);
    expect_refusal(in_folder(file_name), "not a JSON object");
    for (size_t i = 6; i + 2 < size; i += 2)
        memcpy(header + i, "0,", 2);
    memcpy(header + size - 4, "0]} ", 4);
    write_case(header, NULL, 0);
    expect_refusal(in_folder(file_name), "entry of tensor a is malformed");
    free(header);
}

static void not_finite(void **state)
{
    (void)state;
    static const uint32_t values[] = {0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7f800001u};
    static const size_t places[] = {0, 1727, 1728, 1791};
    for (size_t i = 0; i < IMP_COUNT(values); i++)
        for (size_t j = 0; j < IMP_COUNT(places); j++) {
            unsigned char data[DATA_SIZE] = {0};
            for (size_t k = 0; k < 4; k++)
                data[4 * places[j] + k] = (unsigned char)(values[i] >> 8 * k);
            write_case(GOOD, data, DATA_SIZE);
            expect_refusal(in_folder(file_name), places[j] < 1728
                                                     ? "conv1_1.weight has a value that is not fin"
                                                     : "conv1_1.bias has a value that is not fin");
        }
}

#define HALF_HEADER                                                                                \
    "{\"conv1_1.weight\":{\"dtype\":\"F16\",\"shape\":[64,3,3,3],\"data_offsets\":[0,3456]},"      \
    "\"conv1_1.bias\":{\"dtype\":\"F16\",\"shape\":[64],\"data_offsets\":[3456,3584]}}"
#define HALF_SIZE 3584

/* All 65,536 half-precision numbers, against their definition. */
static void half_precision(void **state)
{
    (void)state;
    unsigned next = 0;
    while (next < 0x10000) {
        unsigned char data[HALF_SIZE] = {0};
        unsigned used = 0, first = next;
        for (; used < 1728 && next < 0x10000; used++, next++) {
            /* Infinity and NaN, by themselves below. */
            const unsigned half = (next >> 10 & 31) == 31 ? 0 : next;
            data[2 * used] = (unsigned char)half;
            data[2 * used + 1] = (unsigned char)(half >> 8);
        }
        write_case(HALF_HEADER, data, HALF_SIZE);
        struct impasto_weights *weights = expect_weights(in_folder(file_name), 1);
        const float *values = layer_of(weights, 0)->weight;
        for (unsigned i = 0; i < used; i++) {
            const unsigned half = ((first + i) >> 10 & 31) == 31 ? 0 : first + i;
            const int exponent = (int)(half >> 10 & 31);
            const double size = exponent == 0
                                    ? ldexp((double)(half & 1023), -24)
                                    : ldexp((double)(1024 + (half & 1023)), exponent - 25);
            const float wanted = (float)(half & 0x8000 ? -size : size);
            assert_memory_equal(&values[i], &wanted, sizeof(wanted));
        }
        impasto_weights_close(&weights);
    }
    static const unsigned bad[] = {0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff};
    for (size_t i = 0; i < IMP_COUNT(bad); i++) {
        unsigned char data[HALF_SIZE] = {0};
        data[2 * 1000] = (unsigned char)bad[i];
        data[2 * 1000 + 1] = (unsigned char)(bad[i] >> 8);
        write_case(HALF_HEADER, data, HALF_SIZE);
        expect_refusal(in_folder(file_name), "conv1_1.weight has a value that is not finite");
    }
}

/* Positions in torchvision's network. */
static const int features[IMPASTO_LAYERS] = {0,  2,  5,  7,  10, 12, 14, 16,
                                             19, 21, 23, 25, 28, 30, 32, 34};

/* Writes layers as `naming` has them ('c', 'b' or 'f') behind a prefix, but for layer `without`
 * (-1: none); zeros, as a sparse file, since only the header matters. tail: further bytes of data
 * that belong to nobody here. */
static void write_layers(char naming, const char *prefix, int layers, int without, uint64_t tail)
{
    char header[HEADER_SIZE];
    size_t used = (size_t)snprintf(header, HEADER_SIZE, "{");
    uint64_t offset = 0;
    for (int i = 0; i < layers; i++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[i];
        char name[64];
        const uint64_t weight = 4 * imp_layer_elements(i), bias = 4 * (uint64_t)shape->out_channels;
        if (naming == 'c')
            snprintf(name, sizeof(name), "%s%s", prefix, shape->name);
        else if (naming == 'b')
            snprintf(name, sizeof(name), "%sblock%d_conv%c", prefix, shape->block, shape->name[6]);
        else
            snprintf(name, sizeof(name), "%sfeatures.%d", prefix, features[i]);
        if (i == without)
            continue;
        used += (size_t)snprintf(
            header + used, HEADER_SIZE - used,
            "%s\"%s.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d,3,3],\"data_offsets\":[%llu,%llu]"
            "},\"%s.bias\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[%llu,%llu]}",
            used == 1 ? "" : ",", name, shape->out_channels, shape->in_channels,
            (unsigned long long)offset, (unsigned long long)(offset + weight), name,
            shape->out_channels, (unsigned long long)(offset + weight),
            (unsigned long long)(offset + weight + bias));
        offset += weight + bias;
    }
    if (tail > 0)
        used += (size_t)snprintf(
            header + used, HEADER_SIZE - used,
            ",\"head.fc.weight\":{\"dtype\":\"U8\",\"shape\":[%llu],\"data_offsets\":[%llu,%llu]}",
            (unsigned long long)tail, (unsigned long long)offset,
            (unsigned long long)(offset + tail));
    snprintf(header + used, HEADER_SIZE - used, "}");
    write_case(header, NULL, 0);
    assert_int_equal(truncate(in_folder(file_name), (off_t)(8 + strlen(header) + offset + tail)),
                     0);
}

static void early_ends(void **state)
{
    (void)state;
    for (int layers = 1; layers <= IMPASTO_LAYERS; layers += layers < 8 ? 1 : 4) {
        write_layers('c', "", layers, -1, 0);
        struct impasto_weights *weights = expect_weights(in_folder(file_name), layers);
        for (int i = 0; i < layers; i++)
            assert_non_null(layer_of(weights, i)->weight);
        impasto_weights_close(&weights);
    }
    for (int without = 1; without < 7; without++) {
        char reason[64];
        write_layers('f', "", 8, without, 0);
        snprintf(reason, sizeof(reason), "layer %s is missing although conv3_4",
                 imp_layer_shapes[without].name);
        expect_refusal(in_folder(file_name), reason);
    }
    write_layers('c', "", 8, 7, 0); /* without the last: seven layers */
    struct impasto_weights *weights = expect_weights(in_folder(file_name), 7);
    impasto_weights_close(&weights);
}

static void namings(void **state)
{
    (void)state;
    static const struct {
        char naming;
        const char *prefix;
        enum impasto_convention convention;
    } cases[] = {
        {'c', "", IMPASTO_CONVENTION_CAFFE},       {'c', "vgg.", IMPASTO_CONVENTION_CAFFE},
        {'b', "", IMPASTO_CONVENTION_CAFFE},       {'b', "net.vgg19.", IMPASTO_CONVENTION_CAFFE},
        {'f', "", IMPASTO_CONVENTION_TORCHVISION}, {'f', "module.", IMPASTO_CONVENTION_TORCHVISION},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_layers(cases[i].naming, cases[i].prefix, 9, -1, 0);
        struct impasto_weights *weights = expect_weights(in_folder(file_name), 9);
        assert_int_equal(weights->info.convention, cases[i].convention);
        impasto_weights_close(&weights);
    }
}

/* The classifier of a whole network, half a gigabyte, is not read. */
static void whole_network(void **state)
{
    (void)state;
    write_layers('f', "", IMPASTO_LAYERS, -1, 500000000);
    const double start = imp_host_seconds();
    struct impasto_weights *weights = expect_weights(in_folder(file_name), IMPASTO_LAYERS);
    assert_true(imp_host_seconds() - start < 30.0);
    impasto_weights_close(&weights);
    assert_int_equal(unlink(in_folder(file_name)), 0);
}

static void random_damage(void **state)
{
    (void)state;
    const char *sound = in_folder("sound.safetensors");
    static const char *const headers[] = {
        GOOD,
        "{\"__metadata__\":{\"impasto.convention\":\"caffe\"}," WEIGHT "," BIAS "}  ",
    };
    for (uint32_t i = 0; i < IMP_COUNT(headers); i++) {
        write_case(headers[i], NULL, DATA_SIZE);
        assert_int_equal(rename(in_folder(file_name), sound), 0);
        const int refused = open_damaged(sound, in_folder(file_name), 8 + strlen(headers[i]), i,
                                         MUTATIONS / (int)IMP_COUNT(headers));
        /* Changes in white space or in the data may well pass. */
        assert_true(refused > MUTATIONS / (int)IMP_COUNT(headers) * 3 / 4);
    }
}

/* The ImageNet weights of the first eight layers, where they are at hand. */
static void real_weights(void **state)
{
    (void)state;
    static const char name[] = "weights/vgg19-imagenet-conv1_1-conv3_4.safetensors";
    const char *data = getenv("IMPASTO_TEST_DATA");
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", data == NULL ? IMP_SOURCE_ROOT "/../shared/data" : data,
             name);
    if (access(path, R_OK) != 0) {
        print_message("%s is not there (IMPASTO_TEST_DATA names its folder)\n", path);
        skip();
    }
    struct impasto_weights *weights = expect_weights(path, 8);
    assert_int_equal(weights->info.convention, IMPASTO_CONVENTION_CAFFE);
    assert_false(weights->info.builtin);
    for (int i = 0; i < 8; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < imp_layer_elements(i); j++)
            sum += fabs((double)layer_of(weights, i)->weight[j]);
        /* Trained weights are neither zero nor large. */
        assert_true(sum > 0.001 * (double)imp_layer_elements(i));
        assert_true(sum < 1.0 * (double)imp_layer_elements(i));
    }
    impasto_weights_close(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files),    cmocka_unit_test(faulty_headers),
        cmocka_unit_test(faulty_lengths), cmocka_unit_test(hostile_json),
        cmocka_unit_test(not_finite),     cmocka_unit_test(half_precision),
        cmocka_unit_test(early_ends),     cmocka_unit_test(namings),
        cmocka_unit_test(whole_network),  cmocka_unit_test(random_damage),
        cmocka_unit_test(real_weights),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
