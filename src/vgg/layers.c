/* SPDX-License-Identifier: MIT */
/*
 * VGG19's convolutions: their shapes, their names, and lists of them with weights. What a user
 * writes is first read into a block and a number. So the answer to an unknown layer can name those
 * of its block, and the answer to a typing error the nearest name.
 */

#include "base/os.h"
#include "vgg/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fits every spelling; longer text has no near miss. */
#define NAME_SIZE 16
/* Typing errors that a hint looks past; with more it would be a guess. */
#define NEAR_MISS 2
/* Fits any float written out. */
#define NUMBER_SIZE 64

#define SHAPE(block, number, in, out) {"conv" #block "_" #number, block, number, in, out},
const struct imp_layer_shape imp_layer_shapes[] = {IMP_VGG19(SHAPE)};
_Static_assert(IMP_COUNT(imp_layer_shapes) == IMPASTO_LAYERS, "the public header has another");

/* What stands before the block's digit, and between it and the layer's. */
static const struct {
    const char *before, *between;
} spellings[] = {{"conv", "_"}, {"relu", "_"}, {"block", "_conv"}, {"", "_"}};

const char *impasto_layer_name(int layer)
{
    return layer >= 0 && layer < IMPASTO_LAYERS ? imp_layer_shapes[layer].name : NULL;
}

/* Takes a run of decimal digits off *text: its value, or -1 where there is none or it is beyond any
 * layer's. */
static int take_number(const char **text)
{
    int value = -1;
    while (**text >= '0' && **text <= '9') {
        value = (value < 0 ? 0 : value) * 10 + (**text - '0');
        if (value > 9999)
            return -1;
        (*text)++;
    }
    return value;
}

static bool take_word(const char **text, const char *word)
{
    const size_t length = strlen(word);
    if (imp_os_compare_start(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

/* Whether `name` is spelled as a layer, be there such a layer or not. */
static bool read_name(const char *name, int *block, int *number)
{
    for (size_t i = 0; i < IMP_COUNT(spellings); i++) {
        const char *text = name;
        if (!take_word(&text, spellings[i].before) || (*block = take_number(&text)) < 0 ||
            !take_word(&text, spellings[i].between) || (*number = take_number(&text)) < 0 ||
            *text != '\0')
            continue;
        return true;
    }
    return false;
}

/* How many convolutions a block has; *first: the first of them. 0 for no such block. */
static int layers_in_block(int block, int *first)
{
    int count = 0;
    for (int i = IMPASTO_LAYERS - 1; i >= 0; i--)
        if (imp_layer_shapes[i].block == block) {
            *first = i;
            count++;
        }
    return count;
}

/* Levenshtein's distance, of texts shorter than NAME_SIZE. */
static int distance(const char *a, const char *b)
{
    int row[NAME_SIZE];
    const size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = (int)j;
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            int best = diagonal + (imp_os_compare_start(&a[i - 1], &b[j - 1], 1) != 0);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[length];
}

/* The layer that `name` is a near miss of, or -1. */
static int nearest_layer(const char *name)
{
    int nearest = -1, best = NEAR_MISS + 1;
    if (strlen(name) >= NAME_SIZE)
        return -1;
    for (int layer = 0; layer < IMPASTO_LAYERS; layer++)
        for (size_t i = 0; i < IMP_COUNT(spellings); i++) {
            char spelled[NAME_SIZE];
            const struct imp_layer_shape *shape = &imp_layer_shapes[layer];
            snprintf(spelled, sizeof(spelled), "%s%d%s%d", spellings[i].before, shape->block,
                     spellings[i].between, shape->number);
            /* Short spellings are near to everything: half of one must be right. */
            const int apart = distance(name, spelled);
            if (apart < best && 2 * apart <= (int)strlen(spelled)) {
                best = apart;
                nearest = layer;
            }
        }
    return nearest;
}

static enum impasto_status find_layer(const char *name, int *layer, struct impasto_error *error)
{
    int block, number, first = 0;
    if (read_name(name, &block, &number)) {
        const int count = layers_in_block(block, &first);
        if (number >= 1 && number <= count) {
            *layer = first + number - 1;
            return IMPASTO_OK;
        }
        if (count > 0)
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "%s: no such layer; block %d has conv%d_1 to conv%d_%d", name, block,
                            block, block, count);
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: no such layer; VGG19 has blocks 1 to %d, %s to %s", name, IMP_STAGES,
                        imp_layer_shapes[0].name, imp_layer_shapes[IMPASTO_LAYERS - 1].name);
    }
    const int near = nearest_layer(name);
    if (near >= 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%s: no such layer; did you mean %s?", name,
                        imp_layer_shapes[near].name);
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "%.60s: no such layer; there are conv1_1 to conv1_2, conv2_1 to conv2_2, "
                    "conv3_1 to conv3_4, conv4_1 to conv4_4 and conv5_1 to conv5_4",
                    name);
}

/* A plain decimal number, whatever the locale of the program calls one. */
static enum impasto_status read_weight(const char *name, const char *text, float *weight,
                                       struct impasto_error *error)
{
    if (text[0] == '\0')
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: no weight after the colon; write %s:0.5, say, or leave the colon out",
                        name, name);
    double value = NAN;
    if (strspn(text, "0123456789.+-eE") == strlen(text)) {
        struct imp_os_numbers numbers;
        char *end;
        if (!imp_os_enter_plain(&numbers))
            return imp_fail_memory(error, "a locale", 0);
        value = strtod(text, &end);
        if (*end != '\0')
            value = NAN;
        imp_os_leave_plain(&numbers);
    }
    *weight = (float)value;
    if (isfinite(*weight) && *weight > 0.0f)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "%s:%.60s: a layer's weight must be a number above 0 and finite, such as 0.5",
                    name, text);
}

/* One "name" or "name:weight", cut out of the list and changed on the way. */
static enum impasto_status read_item(char *item, float weights[IMPASTO_LAYERS],
                                     struct impasto_error *error)
{
    int layer = 0;
    float weight = 1.0f;
    char *colon = strchr(item, ':');
    if (colon != NULL)
        *colon = '\0';
    if (item[0] == '\0')
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a list of layers has an empty place; write it as conv3_1,conv4_1:0.5");
    IMP_TRY(find_layer(item, &layer, error));
    if (colon != NULL)
        IMP_TRY(read_weight(item, colon + 1, &weight, error));
    if (weights[layer] > 0.0f)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%s: %s is in the list twice; name it once",
                        item, imp_layer_shapes[layer].name);
    weights[layer] = weight;
    return IMPASTO_OK;
}

enum impasto_status impasto_layers_parse(const char *text, float weights[IMPASTO_LAYERS],
                                         struct impasto_error *error)
{
    float found[IMPASTO_LAYERS] = {0};
    char item[NAME_SIZE + NUMBER_SIZE + 1];
    for (;;) {
        size_t used = 0;
        for (; *text != '\0' && *text != ','; text++) {
            if (*text == ' ' || *text == '\t')
                continue;
            if (used == sizeof(item) - 1) {
                item[used] = '\0';
                return imp_fail(error, IMPASTO_ERROR_USAGE,
                                "%s...: too long for a layer and its weight; separate layers by "
                                "commas",
                                item);
            }
            item[used++] = *text;
        }
        item[used] = '\0';
        IMP_TRY(read_item(item, found, error));
        if (*text == '\0')
            break;
        text++;
    }
    memcpy(weights, found, sizeof(found));
    return IMPASTO_OK;
}
