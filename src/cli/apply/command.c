/* SPDX-License-Identifier: MIT */
/* The words of impasto apply. */

#include "cli/apply/run.h"
#include "cli/guard/guard.h"

#include <stddef.h>

#define OPTION(field) .offset = offsetof(struct cli_apply_options, field)

static const struct impasto_setting_word colours[] = {{"style", IMPASTO_COLOUR_STYLE},
                                                      {"luma", IMPASTO_COLOUR_LUMA},
                                                      {"match", IMPASTO_COLOUR_MATCH},
                                                      {0}};
static const struct impasto_setting_word sizes[] = {{"source", IMPASTO_SIZE_SOURCE}, {0}};

static const struct cli_option mix_row = {
    "mix",
    0,
    NULL,
    "STYLE:F,...",
    CLI_TEXT,
    OPTION(mix),
    .recorded = true,
    .remote = true,
    .help = "the style, or how much of each; see impasto model info (the first style)"};
static const struct cli_option strength_row = {
    "strength",
    0,
    NULL,
    "F",
    CLI_FLOAT,
    OPTION(strength),
    .recorded = true,
    .remote = true,
    .low = 0,
    .high = 2,
    .help = "how far the picture is moved from the photograph to the style; above 1, beyond it "
            "(1)"};
static const struct cli_option size_row = {"size",
                                           0,
                                           NULL,
                                           "N|source",
                                           CLI_INT,
                                           OPTION(size),
                                           .recorded = true,
                                           .remote = true,
                                           .low = 16,
                                           .high = 65500,
                                           .words = sizes,
                                           .help = "longer side of the result, pixels (source)"};
static const struct cli_option stroke_row = {
    "stroke",
    0,
    NULL,
    "F",
    CLI_FLOAT,
    OPTION(stroke),
    .recorded = true,
    .remote = true,
    .low = 0.25,
    .high = 4,
    .help = "size of the strokes: the picture is painted smaller by F and enlarged again (1)"};
static const struct cli_option colour_row = {
    "colour",
    0,
    NULL,
    "style|luma|match",
    CLI_CHOICE,
    OPTION(colour),
    .recorded = true,
    .remote = true,
    .also = "color",
    .words = colours,
    .help = "style: the style's colours; luma: the photograph's, only lightness is painted; match: "
            "what is painted is given the photograph's range of colours (style)"};
static const struct cli_option region_row = {
    "region",
    0,
    NULL,
    "FILE[#RRGGBB]=MIX",
    CLI_LIST,
    OPTION(regions),
    .recorded = true,
    .help =
        "where FILE is white, or has the colour, another style or mix; may be repeated, the last "
        "on top"};
static const struct cli_option batch_row = {
    "batch",
    0,
    NULL,
    "FILE|DIR",
    CLI_LIST,
    OPTION(batch),
    .help = "pictures, folders of them, or text files that list them (\"-\": standard input), as "
            "behind MODEL; may be repeated"};
static const struct cli_option memory_row = {
    "memory",
    0,
    NULL,
    "SIZE",
    CLI_BYTES,
    OPTION(memory),
    .recorded = true,
    .remote = true,
    .low = 1,
    .high = 1e18,
    .help = "device memory to take at most; less makes more strips, of the same picture (what the "
            "device can spare)"};
static const struct cli_option refine_row = {
    "refine",
    0,
    NULL,
    "N",
    CLI_INT,
    OPTION(refine),
    .recorded = true,
    .remote = true,
    .low = 1,
    .high = 1000000,
    .help = "go on with N iterations of painting's optimiser, towards the pictures that the styles "
            "were learnt from"};
static const struct cli_option style_row = {
    "style",
    0,
    NULL,
    "FILE[:w]",
    CLI_LIST,
    OPTION(styles),
    .recorded = true,
    .help =
        "with --refine: the picture that the style was learnt from, where the model keeps none; "
        "of a mix, one of each style, in the order of --mix, and then of each --region"};
static const struct cli_option *const rows[] = {&mix_row,    &strength_row, &size_row,  &stroke_row,
                                                &colour_row, &region_row,   &batch_row, &refine_row,
                                                &style_row,  &memory_row,   NULL};

static const struct cli_apply_options defaults = {.strength = 1, .stroke = 1};

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    const bool standard = !call->refused && cli_is_standard(call->settings->output);
    return cli_progress_open(call->common, standard ? "-o -" : NULL, error);
}

const struct cli_command cli_apply_command = {
    "apply",
    "paint pictures with a trained style network, in a moment",
    "Paints each picture with the model's network. MODEL is a file, or the name of a style that "
    "comes with Impasto: ink, mosaic and others; impasto model info lists them. One picture's "
    "result is <picture>-<model>.png beside it, or as -o says. Of several pictures, or of folders "
    "and lists of them, -o is a pattern with {content}, {style} for the model's name, {folder}, "
    "{path}, {ext} or {number}; results that are there already are passed over, and --device may "
    "list several. \"-\" is a picture from standard input, among several words a list of them. "
    "With --settings, words may be left out: a single one is the picture.",
    "MODEL PICTURE...",
    0, /* a file of settings may name them */
    SIZE_MAX,
    .rows = rows,
    .size = sizeof(struct cli_apply_options),
    .defaults = &defaults,
    .shared = "settings output format quality bits metadata keep recursive overwrite no-clobber "
              "max-pixels weights show device progress progress-fd progress-preview quiet verbose",
    .open = open_progress,
    .run = cli_apply_run};
