/* SPDX-License-Identifier: MIT */
/* The rows of the command `impasto weights`. The script does the fetching. */

#include "cli/files/files.h"
#include "cli/weights/weights.h"

#include <stddef.h>

#define OPTION(field) .offset = offsetof(struct cli_weights_options, field)

static const struct impasto_setting_word conventions[] = {
    {"auto", IMPASTO_CONVENTION_AUTO},
    {"caffe", IMPASTO_CONVENTION_CAFFE},
    {"torchvision", IMPASTO_CONVENTION_TORCHVISION},
    {0}};

static const struct cli_option output_row = {
    "output",
    'o',
    NULL,
    "FILE",
    CLI_TEXT,
    OPTION(output),
    .help = "where to write (~/.local/share/impasto/vgg19.safetensors, where Impasto looks)"};
static const struct cli_option half_row = {"half",
                                           0,
                                           NULL,
                                           NULL,
                                           CLI_FLAG,
                                           OPTION(half),
                                           .help =
                                               "store half precision: 40 MB, not 80; takes Python"};
static const struct cli_option force_row = {
    "force", 0, NULL, NULL, CLI_FLAG, OPTION(force), .help = "replace a file that is there"};
static const struct cli_option url_row = {
    "url",
    0,
    NULL,
    "URL",
    CLI_TEXT,
    OPTION(url),
    .help = "a mirror of the safetensors file, https:// (timm's vgg19.tv_in1k)"};
static const struct cli_option convention_row = {
    "convention",
    0,
    NULL,
    "auto|caffe|torchvision",
    CLI_CHOICE,
    OPTION(convention),
    .words = conventions,
    .help = "the input that the weights expect (auto: as the file says)"};

static const struct cli_option *const fetch_rows[] = {&output_row, &half_row, &force_row, &url_row,
                                                      NULL};
static const struct cli_option *const convert_rows[] = {&output_row, &half_row, &force_row,
                                                        &convention_row, NULL};

static enum impasto_status fetch(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_weights_options *options = call->options;
    const char *words[8] = {"fetch"};
    size_t count = 1;
    if (options->output) {
        const enum impasto_status status =
            cli_check_file(options->output, "weights", options->force, error);
        if (status != IMPASTO_OK)
            return status;
    }
    if (options->url) {
        words[count++] = "--url";
        words[count++] = options->url;
    }
    if (options->output) {
        words[count++] = "--output";
        words[count++] = options->output;
    }
    if (options->half)
        words[count++] = "--half";
    if (options->force)
        words[count++] = "--force";
    return cli_script_become(&cli_weights_script, words, error);
}

#define ROWS(list) .rows = (list), .size = sizeof(struct cli_weights_options)

static const struct cli_command fetch_command = {
    "fetch", "download the trained weights (80 MB) to where Impasto looks",
    "Downloads the sixteen convolutions of torchvision's VGG19, 80 MB out of a file of 575. They "
    "were trained on ImageNet. The file is there whole or not at all. A download that was "
    "interrupted continues with the same command. Needs Python 3.9 or later.",
    ROWS(fetch_rows), .run = fetch};
static const struct cli_command convert_command = {
    "convert",
    "make weights for Impasto of a file of PyTorch, NumPy or Keras",
    "Writes safetensors with the convolutions alone. IN is safetensors, Keras .h5, or a .pth or "
    ".npz, which take Python 3.9 or later. No pickle is run.",
    "IN [OUT]",
    1,
    2,
    ROWS(convert_rows),
    .run = cli_weights_convert};
static const struct cli_command check_command = {
    "check",
    "say what files of weights hold, and whether they are sound",
    "Says what kind of file each is, which layers it has, which input they expect, and its "
    "SHA-256. Every value is read.",
    "FILE...",
    1,
    SIZE_MAX,
    .run = cli_weights_check};
static const struct cli_command path_command = {
    "path", "show where weights are looked for, and which are in use",
    "Lists the places where weights are looked for, in that order. The first one that has "
    "something is in use where --weights names nothing else.",
    .run = cli_weights_path};

static const struct cli_command *const parts[] = {&fetch_command, &convert_command, &check_command,
                                                  &path_command, NULL};

const struct cli_command cli_weights_command = {
    "weights", "get trained weights, convert and check them",
    "The network's weights. With trained ones the pictures are better than with those that are "
    "built in.",
    .parts = parts};
