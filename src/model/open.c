/* SPDX-License-Identifier: MIT */
/* Models as callers have them: include/impasto/model.h. */

#include "model/model.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static enum impasto_status describe(struct impasto_model *model, const char *path,
                                    struct impasto_error *error)
{
    const struct imp_stylenet *net = &model->net;
    model->source = strdup(path);
    if (!model->source)
        return imp_fail_memory(error, "a file name", strlen(path));
    if (net->training) {
        model->training = json_dumps(net->training, JSON_COMPACT);
        if (!model->training)
            return imp_fail_memory(error, "a model's description", 0);
    }
    model->info = (struct impasto_model_info){
        .source = model->source,
        .width = net->shape.channels[0],
        .blocks = net->shape.blocks,
        .end_size = net->shape.end_size,
        .parameters = net->rows.parameters,
        .styles = (const char *const *)net->names,
        .style_count = (size_t)net->shape.styles,
        .identity = imp_stylenet_find(net, IMP_STYLE_IDENTITY),
        .training = model->training,
        .licence = net->licence,
    };
    return IMPASTO_OK;
}

enum impasto_status impasto_model_open(const char *path, struct impasto_model **model,
                                       struct impasto_error *error)
{
    struct impasto_model *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, "a model", sizeof(*opened));
    enum impasto_status status = imp_stylenet_load(path, &opened->net, error);
    if (status == IMPASTO_OK)
        status = describe(opened, path, error);
    if (status == IMPASTO_OK)
        *model = opened;
    else
        impasto_model_close(&opened);
    return status;
}

void impasto_model_close(struct impasto_model **model)
{
    if (!model || !*model)
        return;
    imp_stylenet_free(&(*model)->net);
    free((*model)->source);
    free((*model)->training);
    free(*model);
    *model = NULL;
}

const struct impasto_model_info *impasto_model_info(const struct impasto_model *model)
{
    return &model->info;
}

int impasto_model_style(const struct impasto_model *model, const char *name)
{
    return imp_stylenet_find(&model->net, name);
}

/* The indices of names, which are 1 or more and no more than a network's styles. */
static enum impasto_status find_all(const struct impasto_model *model, const char *const *styles,
                                    size_t count, int *indices, struct impasto_error *error)
{
    if (count == 0 || count > model->info.style_count)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%zu styles cannot be picked of a model's %zu; name 1 or more, each once",
                        count, model->info.style_count);
    for (size_t i = 0; i < count; i++) {
        indices[i] = impasto_model_style(model, styles[i]);
        if (indices[i] < 0)
            return imp_fail(error, IMPASTO_ERROR_USAGE, "%s has no style \"%.80s\"", model->source,
                            styles[i]);
    }
    return IMPASTO_OK;
}

enum impasto_status impasto_model_pick(const struct impasto_model *model, const char *const *styles,
                                       size_t style_count, struct impasto_model **picked,
                                       struct impasto_error *error)
{
    int indices[IMP_STYLES_MOST];
    IMP_TRY(find_all(model, styles, style_count, indices, error));
    struct impasto_model *made = calloc(1, sizeof(*made));
    if (!made)
        return imp_fail_memory(error, "a model", sizeof(*made));
    enum impasto_status status =
        imp_stylenet_pick(&model->net, indices, (int)style_count, &made->net, error);
    if (status == IMPASTO_OK)
        status = describe(made, model->source, error);
    if (status == IMPASTO_OK)
        *picked = made;
    else
        impasto_model_close(&made);
    return status;
}

enum impasto_status impasto_model_save(const struct impasto_model *model, const char *path,
                                       bool half, struct impasto_error *error)
{
    return imp_stylenet_save(&model->net, path, half, error);
}
