/* SPDX-License-Identifier: MIT */
/* The command `impasto weights convert`. The script converts what the library does not read. If
 * there is Python, it converts safetensors, too: it keeps what they say of their source. */

#include "cli/files/files.h"
#include "cli/weights/weights.h"

#include <limits.h>

static enum impasto_status convert_by_script(const char *input, const char *output,
                                             const struct cli_weights_options *options,
                                             struct impasto_error *error)
{
    static const char *const conventions[] = {
        [IMPASTO_CONVENTION_AUTO] = NULL,
        [IMPASTO_CONVENTION_CAFFE] = "caffe",
        [IMPASTO_CONVENTION_TORCHVISION] = "torchvision",
    };
    const char *words[10] = {"convert", "--output", output};
    size_t count = 3;
    if (conventions[options->convention]) {
        words[count++] = "--convention";
        words[count++] = conventions[options->convention];
    }
    if (options->half)
        words[count++] = "--half";
    if (options->force)
        words[count++] = "--force";
    words[count++] = "--";
    words[count] = input;
    return cli_script_become(&cli_weights_script, words, error);
}

static enum impasto_status convert_by_library(const char *input, const char *output,
                                              const struct cli_weights_options *options,
                                              struct impasto_error *error)
{
    struct impasto_weights *weights = NULL;
    enum impasto_status status = cli_weights_check_name(input, error);
    if (status == IMPASTO_OK)
        status = impasto_weights_open(input, (enum impasto_convention)options->convention, &weights,
                                      error);
    if (status == IMPASTO_OK) {
        cli_make_folders(output, false);
        status = impasto_weights_save(weights, output, error);
    }
    if (status == IMPASTO_OK) {
        const struct impasto_weights_info *info = impasto_weights_info(weights);
        printf("%s: %s to %s, F32, %s convention\n", output, impasto_layer_name(0),
               impasto_layer_name(info->layers - 1),
               info->convention == IMPASTO_CONVENTION_TORCHVISION ? "torchvision" : "caffe");
    }
    impasto_weights_close(&weights);
    return status;
}

static enum impasto_status convert(const char *input, const char *output,
                                   const struct cli_weights_options *options,
                                   struct impasto_error *error)
{
    const enum cli_weights_kind kind = cli_weights_kind(input);
    const bool by_library = kind != CLI_WEIGHTS_FOREIGN && !options->half;
    if (!by_library)
        return convert_by_script(input, output, options, error);
    if (kind == CLI_WEIGHTS_SAFETENSORS) {
        struct impasto_error unheard = {0};
        (void)convert_by_script(input, output, options, &unheard); /* returns without Python */
    }
    return convert_by_library(input, output, options, error);
}

enum impasto_status cli_weights_convert(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_weights_options *options = call->options;
    const char *input = call->operands[0], *output = options->output;
    char home[PATH_MAX];
    if (output && call->operand_count > 1)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "'%s': --output names the result already; leave out one of them",
                        call->operands[1]);
    if (call->operand_count > 1)
        output = call->operands[1];
    if (!output && !cli_weights_home(home, sizeof(home)))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "there is no home folder to keep weights in; name the result with -o");
    output = output ? output : home;
    const enum impasto_status status = cli_check_file(output, "weights", options->force, error);
    if (status != IMPASTO_OK)
        return status;
    return convert(input, output, options, error);
}
