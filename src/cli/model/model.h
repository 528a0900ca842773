/* SPDX-License-Identifier: MIT */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

/* impasto model: what style networks are, and their files. */

#include "cli/options/table.h"

extern const struct cli_command cli_model_command;

/* The options of convert and export. */
struct cli_model_options {
    struct cli_list names;  /* of the styles; none: the file's */
    struct cli_list styles; /* to keep; none: all */
    const char *licence;    /* NULL: the file's */
    int range;              /* the network's RGB goes up to it; 0: as its form says */
    bool half, force, no_pictures;
};

/* ---- find.c ---------------------------------------------------------------------------------- */

#define CLI_MODEL_ENDING ".model"
#define CLI_MODEL_USUAL "base-16" /* its styles go by their names alone */

/* The installed model of that name: NAME.model in the folders for weights, or beside the program.
 * From malloc. NULL: there is none. */
char *cli_model_installed(const char *name);
/* Calls tell for the path of each installed model. */
typedef void (*cli_model_tell_fn)(void *user, const char *path);
void cli_model_tell_installed(cli_model_tell_fn tell, void *user);
/* Opens what MODEL on a command line names: a file, else an installed model, else the model that
 * came with Impasto if it has a style of that name. *style: that style, or -1. */
enum impasto_status cli_model_open(const char *word, struct impasto_model **model, int *style,
                                   struct impasto_error *error);
/* "did you mean ink?", or "it has ink, oil": what to say where a model has no style `name`. */
void cli_model_advise(const struct impasto_model_info *info, const char *name, char *advice,
                      size_t size);

/* ---- info.c ---------------------------------------------------------------------------------- */

/* Says what a network is, and how it came about. */
void cli_model_describe(const struct impasto_model *model);
enum impasto_status cli_model_tell(const struct cli_call *call, struct impasto_error *error);

/* ---- convert.c ------------------------------------------------------------------------------- */

enum impasto_status cli_model_convert(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_model_export(const struct cli_call *call, struct impasto_error *error);

#endif
