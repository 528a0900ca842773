/* SPDX-License-Identifier: MIT */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

/* impasto model: what style networks are, and their files. */

#include "cli/options/table.h"

extern const struct cli_command cli_model_command;

/* The options of convert and export. */
struct cli_model_options {
    struct cli_list names; /* of the styles; none: the file's */
    const char *licence;   /* NULL: the file's */
    int range;             /* the network's RGB goes up to it; 0: as its form says */
    bool half, force;
};

/* ---- info.c ---------------------------------------------------------------------------------- */

/* Says what a network is, and how it came about. */
void cli_model_describe(const struct impasto_model_info *info);
enum impasto_status cli_model_tell(const struct cli_call *call, struct impasto_error *error);

/* ---- convert.c ------------------------------------------------------------------------------- */

enum impasto_status cli_model_convert(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_model_export(const struct cli_call *call, struct impasto_error *error);

#endif
