/* SPDX-License-Identifier: MIT */
/* The rows of impasto model, and what it says of a file. */

#include "cli/model/model.h"

#include <stddef.h>

static void describe(const struct impasto_model_info *info)
{
    printf("%s\n", info->source);
    printf("  network: width %d, %d residual blocks, ends of %dx%d, %zu parameters\n", info->width,
           info->blocks, info->end_size, info->end_size, info->parameters);
    printf("  styles: %zu\n", info->style_count);
    for (size_t i = 0; i < info->style_count; i++)
        printf("    %s%s\n", info->styles[i],
               (int)i == info->identity ? " (the photograph; --strength mixes it in)" : "");
    if (info->licence)
        printf("  licence: %s\n", info->licence);
    if (info->training)
        printf("  training: %s\n", info->training);
}

static enum impasto_status tell(const struct cli_call *call, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < call->operand_count && status == IMPASTO_OK; i++) {
        struct impasto_model *model = NULL;
        status = impasto_model_open(call->operands[i], &model, error);
        if (status == IMPASTO_OK)
            describe(impasto_model_info(model));
        impasto_model_close(&model);
    }
    return status;
}

static const struct cli_command info_command = {
    "info",
    "say what a model is, and which styles it has",
    "Says the network's form, its styles by name, its licence, and how it was trained.",
    "FILE...",
    1,
    SIZE_MAX,
    .run = tell};

static const struct cli_command *const parts[] = {&info_command, NULL};

const struct cli_command cli_model_command = {
    "model", "look at style networks, and convert their files",
    "Style networks, as impasto train makes them and impasto apply takes them.", .parts = parts};
