/* SPDX-License-Identifier: MIT */
/* The command `impasto weights check`: tells what files of weights hold. */

#include "cli/weights/weights.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[] = {
    [CLI_WEIGHTS_UNKNOWN] = "weights",
    [CLI_WEIGHTS_SAFETENSORS] = "safetensors",
    [CLI_WEIGHTS_KERAS] = "Keras HDF5",
};

static void describe(const char *path, const struct impasto_weights_info *info)
{
    char hash[CLI_HASH_SIZE];
    printf("%s: %s\n", path, kinds[cli_weights_kind(path)]);
    if (info->layers == IMPASTO_LAYERS)
        printf("  layers: all sixteen, %s to %s\n", impasto_layer_name(0),
               impasto_layer_name(info->layers - 1));
    else
        printf("  layers: the first %d of sixteen, %s to %s; later ones cannot be used\n",
               info->layers, impasto_layer_name(0), impasto_layer_name(info->layers - 1));
    printf("  convention: %s\n",
           info->convention == IMPASTO_CONVENTION_TORCHVISION ? "torchvision" : "caffe");
    if (info->builtin)
        puts("  origin: Impasto's built-in weights");
    if (cli_hash_file(path, hash))
        printf("  SHA-256: %s\n", hash);
    puts("  good: every value is finite");
}

/* Opening reads every value. */
static enum impasto_status check(const char *path, struct impasto_error *error)
{
    struct impasto_weights *weights = NULL;
    enum impasto_status status = cli_weights_check_name(path, error);
    if (status == IMPASTO_OK)
        status = impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, error);
    if (status == IMPASTO_OK)
        describe(path, impasto_weights_info(weights));
    impasto_weights_close(&weights);
    return status;
}

/* All files, where one of them is the script's. */
static enum impasto_status check_by_script(const struct cli_call *call, struct impasto_error *error)
{
    const char **words = calloc(call->operand_count + 3, sizeof(*words));
    if (!words)
        return cli_fail_memory(error, "the command line");
    words[0] = "check";
    words[1] = "--";
    for (size_t i = 0; i < call->operand_count; i++)
        words[2 + i] = call->operands[i];
    const enum impasto_status status = cli_script_become(&cli_weights_script, words, error);
    free(words);
    return status;
}

/* A file that is not sound does not keep the others from being checked; the last such one ends the
 * program, as its error. */
enum impasto_status cli_weights_check(const struct cli_call *call, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < call->operand_count; i++)
        if (cli_weights_kind(call->operands[i]) == CLI_WEIGHTS_FOREIGN)
            return check_by_script(call, error);
    for (size_t i = 0; i < call->operand_count; i++) {
        struct impasto_error why = {0};
        const enum impasto_status one = check(call->operands[i], &why);
        if (one == IMPASTO_OK)
            continue;
        if (status != IMPASTO_OK)
            fprintf(stderr, "impasto: %s\n", error->message);
        status = one;
        *error = why;
        fflush(stdout); /* so that what is said of the files stays in their order */
    }
    return status;
}
