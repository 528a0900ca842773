/* SPDX-License-Identifier: MIT */
#include "vgg/weights.h"
#include "weights_files.h"

void write_safetensors(const char *path, uint64_t length, const char *header, const void *data,
                       size_t size)
{
    FILE *file = fopen(path, "wb");
    unsigned char bytes[8];
    assert_non_null(file);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(length >> 8 * i);
    fwrite(bytes, 1, 8, file);
    fwrite(header, 1, strlen(header), file);
    for (size_t i = 0; i < size; i++)
        fputc(data == NULL ? 0 : ((const unsigned char *)data)[i], file);
    assert_int_equal(fclose(file), 0);
}

void expect_refusal(const char *path, const char *reason)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    const enum impasto_status status =
        impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error);
    if (status != IMPASTO_ERROR_WEIGHTS || strstr(error.message, reason) == NULL)
        fail_msg("expected \"%s\", got %d: %s", reason, (int)status, error.message);
    assert_int_equal(error.status, status);
    assert_null(weights);
    assert_null(strchr(error.message, '\n'));
    if (path != NULL)
        assert_non_null(strstr(error.message, path));
    assert_int_equal(impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, NULL), status);
}

struct impasto_weights *expect_weights(const char *path, int layers)
{
    struct impasto_weights *weights = NULL;
    struct impasto_error error = {0};
    if (impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_int_equal(impasto_weights_info(weights)->layers, layers);
    return weights;
}

const struct imp_layer_weights *layer_of(const struct impasto_weights *weights, int layer)
{
    struct imp_layer_weights *held = &((struct impasto_weights *)weights)->layers[layer];
    if (held->weight == NULL)
        assert_int_equal(imp_weights_layer(weights, layer, held, NULL), IMPASTO_OK);
    return held;
}

int open_damaged(const char *sound, const char *path, size_t head, uint32_t stream, int rounds)
{
    size_t size;
    int refused = 0;
    unsigned char *bytes = read_bytes(sound, &size);
    unsigned char *changed = malloc(size);
    assert_non_null(changed);
    for (int i = 0; i < rounds; i++) {
        write_bytes(path, changed, damage(bytes, size, head, stream, i, changed));
        struct impasto_weights *weights = NULL;
        struct impasto_error error = {0};
        const enum impasto_status status =
            impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, &error);
        if (status == IMPASTO_OK) {
            assert_non_null(weights);
            assert_true(weights->info.layers >= 1);
        } else {
            refused++;
            assert_null(weights);
            assert_true(error.message[0] != '\0' && strchr(error.message, '\n') == NULL);
        }
        impasto_weights_close(&weights);
    }
    free(changed);
    free(bytes);
    return refused;
}
