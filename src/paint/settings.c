/* SPDX-License-Identifier: MIT */
/*
 * The one table of the settings of a painting: a row for each member of struct impasto_params.
 * Limits, words, texts, checkpoints and the program's options come from it. A row's place is also
 * that in lists. Names are those of the members, with dashes. Presets begin with the standards
 * here.
 */

#include "store/settings_json.h"
#include "paint/job.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define MIB 1048576.0

/* How choices are stored, and read from checkpoints. */
_Static_assert(sizeof(enum impasto_optimizer) == sizeof(int), "an enumeration is not an int");
/* What a row of SCALES says. */
_Static_assert(offsetof(struct impasto_params, scale_sizes) ==
                   offsetof(struct impasto_params, scales) + sizeof(int),
               "sizes do not follow their number");

#define WORDS (const struct impasto_setting_word[])
#define AT(member) .offset = offsetof(struct impasto_params, member)

#define SIZES .kind = IMPASTO_SETTING_INT, .low = IMP_SMALLEST_SIDE, .high = IMP_LARGEST_SIDE
#define COUNT .kind = IMPASTO_SETTING_INT
#define REAL .kind = IMPASTO_SETTING_FLOAT
#define CHOICE .kind = IMPASTO_SETTING_CHOICE
#define LAYERS .kind = IMPASTO_SETTING_LAYERS, .count = IMPASTO_LAYERS
#define FLAG .kind = IMPASTO_SETTING_FLAG, .words = imp_setting_flag
/* Up to what a float can have. */
#define ANY .high = INFINITY, .below_high = true

/* clang-format off */
static const struct impasto_setting table[] = {
    {"size", AT(size), SIZES, .words = WORDS{{"source", IMPASTO_SIZE_SOURCE}, {0}},
     .standard = "512",
     .about = "longer side of the result in pixels; source: the content picture's own size (512)"},
    {"style-size", AT(style_size), SIZES,
     .words = WORDS{{"source", IMPASTO_SIZE_SOURCE}, {"auto", IMPASTO_SIZE_AUTO}, {0}},
     .standard = "auto",
     .about = "longer side of the style picture as used (auto: the result's longer side times "
              "`style-scale`, never enlarged)"},
    {"style-scale", AT(style_scale), REAL, .low = 0.05, .high = 20,
     .standard = "1", .about = "larger or smaller strokes, with `style-size` auto (1)"},
    {"seed", AT(seed), .kind = IMPASTO_SETTING_UINT64, .high = 9007199254740992.0,
     .standard = "0", .about = "which noise, with `init` noise (0)"},
    {"strength", AT(strength), REAL, .high = 1,
     .standard = "0.5",
     .about = "how much of the painting, up to 1, 0 being the photograph itself; from above 0 to "
              "0.5 the painting's weight over the photograph's rises a hundredfold, and again to 1 "
              "(0.5)"},
    {"colour", AT(colour), CHOICE,
     .words = WORDS{{"style", IMPASTO_COLOUR_STYLE}, {"luma", IMPASTO_COLOUR_LUMA},
                    {"match", IMPASTO_COLOUR_MATCH}, {0}},
     .standard = "style",
     .about = "style: the painting's colours; luma: the photograph's, only lightness is painted; "
              "match: the painting is first given the photograph's range of colours (style)"},
    {"scales", AT(scales), .kind = IMPASTO_SETTING_SCALES, .count = IMPASTO_SCALES,
     .low = IMP_SMALLEST_SIDE, .high = IMP_LARGEST_SIDE, .words = WORDS{{"auto", 0}, {0}},
     .standard = "auto",
     .about = "sizes to paint at, one after the other: N of them, each sqrt(2) larger than the "
              "last; or longer sides such as 128,256; auto: from 128 pixels on (auto)"},
    {"iterations", AT(iterations), COUNT, .high = IMP_MOST_ITERATIONS, .decides = IMPASTO_DECIDES_END,
     .standard = "60", .about = "optimisation steps at each scale (60, with adam 100)"},
    {"first-iterations", AT(first_iterations), COUNT, .high = IMP_MOST_ITERATIONS,
     .words = WORDS{{"same", -1}, {0}}, .decides = IMPASTO_DECIDES_END,
     .standard = "120", .about = "steps at the first of several scales (120, with adam 200)"},
    {"average", AT(average), REAL, .high = 1, .below_high = true,
     .standard = "0",
     .about = "the result is a running mean of the steps' pictures, in which each counts F times "
              "the next; 0: the last picture alone (0, with adam 0.99)"},
    {"content-weight", AT(content_weight), REAL, ANY,
     .about = "how much to keep of the photograph (by preset and weights)"},
    {"style-weight", AT(style_weight), REAL, ANY,
     .about = "how much to take of the painting (by preset and weights)"},
    {"tv-weight", AT(tv_weight), REAL, ANY,
     .about = "smoothness: total variation (by preset and weights)"},
    {"content-layers", AT(content_layers), LAYERS,
     .about = "layers that see the content, with weights: conv4_2, relu4_2, block4_conv2 and 4_2 "
              "are the same (by preset and weights)"},
    {"style-layers", AT(style_layers), LAYERS,
     .about = "layers that see the style (by preset and weights)"},
    {"losses", AT(losses), CHOICE,
     .words = WORDS{{"relative", IMPASTO_LOSSES_RELATIVE}, {"gatys", IMPASTO_LOSSES_GATYS}, {0}},
     .standard = "relative",
     .about = "relative: each layer's loss over its target's energy, so that weights carry over "
              "between networks and sizes; gatys: the plain formulas (relative)"},
    {"style-loss", AT(style_loss), CHOICE,
     .words = WORDS{{"gram", IMPASTO_STYLE_LOSS_GRAM},
                    {"covariance", IMPASTO_STYLE_LOSS_COVARIANCE}, {0}},
     .standard = "gram",
     .about = "what of the style pictures is matched: Gram matrices, or covariances and means "
              "(gram)"},
    {"pooling", AT(pooling), CHOICE,
     .words = WORDS{{"max", IMPASTO_POOLING_MAX}, {"avg", IMPASTO_POOLING_AVERAGE}, {0}},
     .about = "how the network shrinks between its blocks (by the weights)"},
    {"padding", AT(padding), CHOICE,
     .words = WORDS{{"zero", IMPASTO_PADDING_ZERO}, {"replicate", IMPASTO_PADDING_REPLICATE}, {0}},
     .standard = "replicate",
     .about = "around the picture at the first layer: zeros, or its edge repeated (replicate)"},
    {"margin", AT(margin), COUNT, .high = 128,
     .about = "pixels of mirrored picture around the canvas, cut off at the end (by the weights)"},
    {"optimizer", AT(optimizer), CHOICE,
     .words = WORDS{{"lbfgs", IMPASTO_OPTIMIZER_LBFGS}, {"adam", IMPASTO_OPTIMIZER_ADAM}, {0}},
     .standard = "lbfgs", .about = "how the picture is moved down the gradient (lbfgs)"},
    {"history", AT(history), COUNT, .low = 1, .high = 100,
     .standard = "5", .about = "how many steps L-BFGS learns from; each takes memory (5)"},
    {"learning-rate", AT(learning_rate), REAL, .above_low = true, .high = 10,
     .standard = "0.02", .about = "L-BFGS's first step, Adam's every (0.02)"},
    {"beta1", AT(beta1), REAL, .high = 1, .below_high = true,
     .standard = "0.9", .about = "Adam's memory of the gradient (0.9)"},
    {"beta2", AT(beta2), REAL, .high = 1, .below_high = true,
     .standard = "0.99", .about = "Adam's memory of its square (0.99)"},
    {"epsilon", AT(epsilon), REAL, .above_low = true, ANY, .standard = "1e-8",
     .about = "Adam's floor (1e-8)"},
    {"init", AT(init), CHOICE,
     .words = WORDS{{"content", IMPASTO_INIT_CONTENT}, {"noise", IMPASTO_INIT_NOISE},
                    {"gray", IMPASTO_INIT_GRAY}, {"image", IMPASTO_INIT_IMAGE}, {0}},
     .standard = "content",
     .about = "what to start from; image: a picture that is given with the others (content)"},
    {"conv", AT(conv), .kind = IMPASTO_SETTING_TEXT, .decides = IMPASTO_DECIDES_ROUNDING,
     .words = WORDS{{"auto", 0}, {"winograd4", 0}, {"winograd4x8", 0}, {"winograd2", 0},
                    {"direct", 0}, {"im2col", 0}, {"implicit", 0}, {0}},
     .about = "convolution algorithm: winograd4, winograd4x8, winograd2, direct, im2col, or, on "
              "GPUs, implicit; conv1_1 has its own kernels unless im2col is named (auto: the "
              "fastest for each layer)"},
    {"gemm", AT(gemm), .kind = IMPASTO_SETTING_TEXT, .decides = IMPASTO_DECIDES_ROUNDING,
     .words = WORDS{{"auto", 0}, {"clblast", 0}, {"builtin", 0}, {0}},
     .about = "matrix product of im2col and, on GPUs, winograd: clblast or builtin (auto)"},
    {"memory", AT(memory), .kind = IMPASTO_SETTING_BYTES, .low = 16 * MIB, .high = 64 * MIB * MIB,
     .decides = IMPASTO_DECIDES_ROUNDING,
     .about = "device memory to use at most, such as 900M or 1.5G: with less, more is computed "
              "twice (what the device can spare, less what would gain little)"},
    {"reuse", AT(reuse), FLAG, .decides = IMPASTO_DECIDES_NOTHING,
     .about = "the job will be used for more pictures (no)"},
    {"profile", AT(profile), FLAG, .decides = IMPASTO_DECIDES_NOTHING,
     .about = "time per kernel and layer"},
};
/* clang-format on */

const struct impasto_setting *imp_settings(size_t *count)
{
    *count = IMP_COUNT(table);
    return table;
}

struct impasto_params imp_params_usual(void)
{
    struct impasto_params params = {.struct_size = sizeof(params)};
    for (size_t i = 0; i < IMP_COUNT(table); i++)
        if (table[i].standard)
            (void)imp_setting_read(&table[i], table[i].standard, &params, NULL);
    return params;
}

const struct impasto_setting *impasto_setting_at(size_t index)
{
    return index < IMP_COUNT(table) ? &table[index] : NULL;
}

const struct impasto_setting *impasto_setting_find(const char *name)
{
    return imp_setting_find(table, IMP_COUNT(table), name);
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static enum impasto_status read_layers(const struct impasto_setting *setting, const char *text,
                                       void *members, struct impasto_error *error)
{
    float weights[IMPASTO_LAYERS];
    struct impasto_error why = {0};
    if (setting->count != IMPASTO_LAYERS)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: its row has a count of %d, not %d",
                        setting->name, setting->count, IMPASTO_LAYERS);
    const enum impasto_status status = impasto_layers_parse(text, weights, &why);
    if (status != IMPASTO_OK)
        return imp_fail(error, status, "`%s`: %s", setting->name, why.message);
    if (members)
        memcpy((char *)members + setting->offset, weights, sizeof(weights));
    return IMPASTO_OK;
}

/* conv1_1:1,conv4_2:0.5 */
static bool write_layers(const struct impasto_setting *setting, const void *members, char *text,
                         size_t size)
{
    const float *weights = (const float *)(const void *)((const char *)members + setting->offset);
    size_t used = 0;
    text[0] = 0;
    for (int l = 0; l < IMPASTO_LAYERS && used < size; l++) {
        char weight[32];
        if (!(weights[l] > 0))
            continue;
        imp_setting_write_float(weights[l], weight, sizeof(weight));
        used += (size_t)snprintf(text + used, size - used, "%s%s:%s", used ? "," : "",
                                 impasto_layer_name(l), weight);
    }
    return used < size;
}

enum impasto_status impasto_setting_read(const struct impasto_setting *setting, const char *text,
                                         void *members, struct impasto_error *error)
{
    return setting->kind == IMPASTO_SETTING_LAYERS
               ? read_layers(setting, text, members, error)
               : imp_setting_read(setting, text, members, error);
}

static enum impasto_status unknown(const char *name, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "'%.60s' is no setting; impasto_setting_at() lists what there is", name);
}

/* A program may be older than a member. */
static enum impasto_status check_known(const struct impasto_params *params,
                                       const struct impasto_setting *setting,
                                       struct impasto_error *error)
{
    IMP_TRY(imp_sized_check("impasto_params", params->struct_size, sizeof(*params), error));
    return setting->offset + imp_setting_size(setting) <= params->struct_size
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_USAGE,
                          "`%s` is newer than this program: build it with the headers of %s",
                          setting->name, impasto_version());
}

enum impasto_status impasto_setting_set(struct impasto_params *params, const char *name,
                                        const char *text, struct impasto_error *error)
{
    const struct impasto_setting *setting = impasto_setting_find(name);
    if (!setting)
        return unknown(name, error);
    IMP_TRY(check_known(params, setting, error));
    return impasto_setting_read(setting, text, params, error);
}

enum impasto_status impasto_setting_get(const struct impasto_params *params, const char *name,
                                        char *text, size_t size, struct impasto_error *error)
{
    const struct impasto_setting *setting = impasto_setting_find(name);
    if (!setting)
        return unknown(name, error);
    IMP_TRY(check_known(params, setting, error));
    const bool fits = size > 0 && (setting->kind == IMPASTO_SETTING_LAYERS
                                       ? write_layers(setting, params, text, size)
                                       : imp_setting_write(setting, params, text, size));
    return fits ? IMPASTO_OK
                : imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: its text is longer than %zu bytes",
                           setting->name, size);
}

const char *imp_params_difference(const struct impasto_params *a, const struct impasto_params *b)
{
    for (size_t i = 0; i < IMP_COUNT(table); i++)
        if (table[i].decides == IMPASTO_DECIDES_RESULT && !imp_setting_same(&table[i], a, b))
            return table[i].name;
    return NULL;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

json_t *imp_params_to_json(const struct impasto_params *params)
{
    return imp_settings_to_json(table, IMP_COUNT(table), params);
}

bool imp_params_from_json(const json_t *json, struct impasto_params *params)
{
    *params = imp_params_usual();
    return imp_settings_from_json(json, table, IMP_COUNT(table), params);
}
