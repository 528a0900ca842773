/* SPDX-License-Identifier: MIT */
/* The network that a training begins with: a base's, with rows for the new styles, or a random one;
 * and its styles. */

#include "train/train.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status name_style(struct imp_stylenet *net, int row, const char *name,
                                      struct impasto_error *error)
{
    free(net->names[row]);
    net->names[row] = strdup(name);
    return net->names[row] ? IMPASTO_OK : imp_fail_memory(error, "names of styles", 0);
}

/* Those of the task, from a row on, and the identity. */
static enum impasto_status name_styles(struct imp_stylenet *net,
                                       const struct impasto_train_task *task, int first,
                                       bool identity, struct impasto_error *error)
{
    const int count = (int)task->style_count;
    for (int i = 0; i < count; i++)
        IMP_TRY(name_style(net, first + i, task->styles[i].name, error));
    return identity ? name_style(net, first + count, IMP_STYLE_IDENTITY, error) : IMPASTO_OK;
}

/* ---- Noise ----------------------------------------------------------------------------------- */

/* Where it is left to the library, in a long training: about 3 of 255 codes. */
#define NOISE 0.0125f

/* Of a network whose convolutions are learnt. before: of the base, which has learnt to use it. */
static float noise_of(const struct impasto_train_params *params, float before)
{
    if (params->noise >= 0)
        return params->noise;
    if (params->steady_weight > 0)
        return 0;
    return imp_train_is_long(params) ? NOISE : before;
}

/* The styles that a base keeps were learnt with its own. */
static enum impasto_status check_noise(const struct impasto_train_params *params,
                                       const struct imp_stylenet *base, struct impasto_error *error)
{
    if (params->noise < 0 || params->noise == base->shape.noise)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "the model whose styles are kept has a noise of %g, and %g would change them; "
                    "leave out `noise`",
                    (double)base->shape.noise, (double)params->noise);
}

/* ---- Beginnings ------------------------------------------------------------------------------ */

static enum impasto_status from_nothing(const struct impasto_train_task *task,
                                        const struct impasto_train_params *params, int taught,
                                        struct imp_stylenet *net, struct impasto_error *error)
{
    struct imp_model_shape shape = imp_model_shape_usual(params->width, taught);
    shape.noise = noise_of(params, 0);
    IMP_TRY(imp_stylenet_create(&shape, params->seed, net, error));
    return name_styles(net, task, 0, params->identity, error);
}

/* ---- From a base ----------------------------------------------------------------------------- */

/* The base's convolutions, and the mean of its rows in each of the new network's. */
static void spread_mean(const struct imp_model_rows *from, const float *mean,
                        struct imp_stylenet *net)
{
    memcpy(net->parameters, mean, from->norms * sizeof(float));
    for (int r = 0; r < from->count; r++) {
        const struct imp_model_row *source = &from->row[r], *row = &net->rows.row[r];
        const size_t channels = (size_t)row->conv.out;
        if (!imp_model_normed(row))
            continue;
        for (int s = 0; s < net->shape.styles; s++) {
            memcpy(net->parameters + row->gamma + (size_t)s * channels, mean + source->gamma,
                   channels * sizeof(float));
            memcpy(net->parameters + row->beta + (size_t)s * channels, mean + source->beta,
                   channels * sizeof(float));
        }
    }
}

static enum impasto_status mix_evenly(const struct imp_stylenet *base, float **mean,
                                      struct impasto_error *error)
{
    float weights[IMP_STYLES_MOST];
    *mean = malloc(imp_stylenet_mixed_count(base) * sizeof(**mean));
    if (!*mean)
        return imp_fail_memory(error, "a network", 0);
    for (int s = 0; s < base->shape.styles; s++)
        weights[s] = 1.0f / (float)base->shape.styles;
    imp_stylenet_mix(base, weights, *mean);
    return IMPASTO_OK;
}

/* A network with the new styles alone, each beginning at the mean of the base's. */
static enum impasto_status from_base(const struct impasto_train_task *task,
                                     const struct impasto_train_params *params, int taught,
                                     const struct imp_stylenet *base, struct imp_stylenet *net,
                                     struct impasto_error *error)
{
    struct imp_model_shape shape = base->shape;
    struct imp_model_rows mixed;
    float *mean = NULL;
    shape.styles = taught;
    shape.noise = noise_of(params, base->shape.noise);
    IMP_TRY(imp_stylenet_create(&shape, params->seed, net, error));
    IMP_TRY(mix_evenly(base, &mean, error));
    shape.styles = 1;
    imp_model_rows(&shape, &mixed);
    spread_mean(&mixed, mean, net);
    free(mean);
    /* What is made of the base is under its licence. */
    net->licence = base->licence ? strdup(base->licence) : NULL;
    if (base->licence && !net->licence)
        return imp_fail_memory(error, "a licence", 0);
    return name_styles(net, task, 0, params->identity, error);
}

/* The base with the new styles behind its own. */
static enum impasto_status add_to_base(const struct impasto_train_task *task,
                                       const struct impasto_train_params *params,
                                       struct imp_stylenet *base, struct impasto_error *error)
{
    for (size_t i = 0; i < task->style_count; i++)
        IMP_TRY(imp_stylenet_add_style(base, task->styles[i].name, error));
    return params->identity ? imp_stylenet_add_style(base, IMP_STYLE_IDENTITY, error) : IMPASTO_OK;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static enum impasto_status check_name(const char *name, const struct imp_stylenet *base,
                                      struct impasto_error *error)
{
    if (!name || !imp_style_name_sound(name))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "'%.100s' cannot be the name of a style; names are UTF-8 of 1 to %d bytes, "
                        "without colons and commas",
                        name ? name : "", IMP_STYLE_NAME_MOST);
    if (strcmp(name, IMP_STYLE_IDENTITY) == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "no style picture can be called '%s', which is the style that leaves "
                        "pictures as they are; give it another name",
                        name);
    if (base && imp_stylenet_find(base, name) >= 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "'%.100s' is a style of the model already; give the new one another name",
                        name);
    return IMPASTO_OK;
}

/* base: whose styles are kept; NULL: none. */
static enum impasto_status check_names(const struct impasto_train_task *task, bool identity,
                                       const struct imp_stylenet *base, struct impasto_error *error)
{
    const size_t count = task->style_count;
    const size_t all = count + identity + (base ? (size_t)base->shape.styles : 0);
    if (count < 1 || all > IMP_STYLES_MOST)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%zu styles are too %s; a network has 1 to %d",
                        all, count < 1 ? "few" : "many", IMP_STYLES_MOST);
    if (identity && base && imp_stylenet_find(base, IMP_STYLE_IDENTITY) >= 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the base has the style '%s' already, and keeps it; leave out `identity`",
                        IMP_STYLE_IDENTITY);
    for (size_t i = 0; i < count; i++) {
        const char *name = task->styles[i].name;
        IMP_TRY(check_name(name, base, error));
        if (!task->styles[i].image)
            IMP_TRY(imp_train_check_drawn(name, error));
        bool taken = false;
        for (size_t k = 0; k < i; k++)
            taken = taken || strcmp(name, task->styles[k].name) == 0;
        if (taken)
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "two styles are called '%.100s'; give one of them another name", name);
    }
    return IMPASTO_OK;
}

/* ---- The beginning --------------------------------------------------------------------------- */

static enum impasto_status begin_with_base(const struct impasto_train_task *task,
                                           const struct impasto_train_params *params,
                                           struct imp_stylenet *base, struct imp_stylenet *net,
                                           int *first, struct impasto_error *error)
{
    const int taught = (int)task->style_count + params->identity;
    IMP_TRY(check_names(task, params->identity, task->keep ? base : NULL, error));
    if (!task->keep)
        return from_base(task, params, taught, base, net, error);
    IMP_TRY(check_noise(params, base, error));
    *first = base->shape.styles;
    IMP_TRY(add_to_base(task, params, base, error));
    *net = *base;
    *base = (struct imp_stylenet){0};
    return IMPASTO_OK;
}

enum impasto_status imp_train_begin(const struct impasto_train_task *task,
                                    const struct impasto_train_params *params,
                                    struct imp_stylenet *net, int *first, uint32_t *base_checksum,
                                    struct impasto_error *error)
{
    struct imp_stylenet base = {0};
    const int taught = (int)task->style_count + params->identity;
    *first = 0;
    *base_checksum = 0;
    if (!task->base) {
        IMP_TRY(check_names(task, params->identity, NULL, error));
        return from_nothing(task, params, taught, net, error);
    }
    IMP_TRY(imp_stylenet_load(task->base, &base, error));
    *base_checksum = imp_checksum(0, base.parameters, base.rows.parameters * sizeof(float));
    const enum impasto_status status = begin_with_base(task, params, &base, net, first, error);
    imp_stylenet_free(&base);
    return status;
}
