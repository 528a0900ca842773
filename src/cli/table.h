/* SPDX-License-Identifier: MIT */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/* The rows of the option table, for options.c, which owns it, and help.c, which prints it. */

#include "cli/options.h"

enum cli_type {
    CLI_FLAG,
    CLI_TEXT,
    CLI_INT,
    CLI_UINT64,
    CLI_BYTES, /* uint64_t; a number with K, M, G or T, which are powers of 1024 */
    CLI_FLOAT,
    CLI_CHOICE,
    CLI_LAYERS,
    CLI_SCALES, /* params->scales and scale_sizes */
    CLI_LIST,   /* struct cli_list of texts; may be repeated */
};
enum cli_place { CLI_IN_SETTINGS, CLI_IN_PARAMS };

struct cli_choice {
    const char *name; /* NULL ends a list */
    int value;
};

struct cli_option {
    const char *name;
    char letter; /* 0: none */
    const char *group;
    const char *operand; /* NULL for a flag */
    enum cli_type type;
    enum cli_place place;
    size_t offset;
    double low, high;
    bool above_low, below_high;       /* the limit itself is out */
    const struct cli_choice *choices; /* of a choice; or words beside the numbers of an int */
    bool recorded;                    /* decides the result, so the trace has it */
    const char *help;                 /* with the default in parentheses */
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

#endif
