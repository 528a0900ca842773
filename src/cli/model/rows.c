/* SPDX-License-Identifier: MIT */
/* The rows of the command `impasto model`. */

#include "cli/model/model.h"

#include <stddef.h>

#define OPTION(field) .offset = offsetof(struct cli_model_options, field)

static const struct impasto_setting_word ranges[] = {{"1", 1}, {"255", 255}, {0}};

static const struct cli_option half_row = {"half",
                                           0,
                                           NULL,
                                           NULL,
                                           CLI_FLAG,
                                           OPTION(half),
                                           .help = "store half precision, in half the bytes"};
static const struct cli_option force_row = {
    "force", 0, NULL, NULL, CLI_FLAG, OPTION(force), .help = "replace a file that is there"};
static const struct cli_option name_row = {
    "name",
    0,
    NULL,
    "TEXT",
    CLI_LIST,
    OPTION(names),
    .help = "what a style is called; once for each, in the order of the file"};
static const struct cli_option style_row = {
    "style",
    0,
    NULL,
    "NAME",
    CLI_LIST,
    OPTION(styles),
    .help = "keep this style; may be repeated, and all others are left out (all are kept)"};
static const struct cli_option licence_row = {"licence",
                                              0,
                                              NULL,
                                              "TEXT",
                                              CLI_TEXT,
                                              OPTION(licence),
                                              .help = "under which the network "
                                                      "may be passed on"};
static const struct cli_option range_row = {
    "range",
    0,
    NULL,
    "1|255",
    CLI_CHOICE,
    OPTION(range),
    .words = ranges,
    .help = "the RGB that a network of another program takes and gives goes from 0 to this (as its "
            "form says)"};

static const struct cli_option no_pictures_row = {
    "no-pictures",
    0,
    NULL,
    NULL,
    CLI_FLAG,
    OPTION(no_pictures),
    .help = "leave out the pictures that the styles were learnt from; impasto apply --refine then "
            "needs --style"};

static const struct cli_option *const convert_rows[] = {
    &half_row, &force_row, &name_row, &style_row, &licence_row, &range_row, &no_pictures_row, NULL};
static const struct cli_option *const export_rows[] = {&force_row, &style_row, NULL};

#define ROWS(list) .rows = (list), .size = sizeof(struct cli_model_options)

static const struct cli_command info_command = {
    "info",
    "say what a model is, and which styles it has",
    "Says the network's form, its styles by name, its licence, and how it was trained: of files, "
    "or of "
    "installed models by name; without any, of all that are installed.",
    "[MODEL...]",
    0,
    SIZE_MAX,
    .run = cli_model_tell};
static const struct cli_command convert_command = {
    "convert",
    "make a style network for Impasto of one of PyTorch or ONNX",
    "Writes safetensors. IN is safetensors, or the name of an installed model or of a style as in "
    "impasto apply, or a .pth, .model or .onnx, which take Python 3.9 or "
    "later, as do --name, --licence and --range. No pickle is run.",
    "IN OUT",
    2,
    2,
    ROWS(convert_rows),
    .run = cli_model_convert};
static const struct cli_command export_command = {
    "export",
    "write a style network as ONNX, for other programs",
    "MODEL is a file, or the name of an installed model or of a style as in impasto apply. The "
    "ONNX "
    "takes RGB from 0 to 255 as \"image\", of any size, and gives \"painting\". Needs "
    "Python 3.9 or later.",
    "MODEL OUT",
    2,
    2,
    ROWS(export_rows),
    .run = cli_model_export};

static const struct cli_command *const parts[] = {&info_command, &convert_command, &export_command,
                                                  NULL};

const struct cli_command cli_model_command = {
    "model", "look at style networks, and convert their files",
    "Style networks, as impasto train makes them and impasto apply takes them.", .parts = parts};
