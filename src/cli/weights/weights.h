/* SPDX-License-Identifier: MIT */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

/* impasto weights: trained weights, from the network or from files of other programs. */

#include "cli/options/table.h"

extern const struct cli_command cli_weights_command;

/* What fetch and convert are told. */
struct cli_weights_options {
    const char *output; /* NULL: where Impasto looks */
    const char *url;    /* NULL: the usual one */
    int convention;     /* enum impasto_convention */
    bool half, force;
};

/* What a file is by its first bytes. */
enum cli_weights_kind {
    CLI_WEIGHTS_UNKNOWN, /* also what cannot be read */
    CLI_WEIGHTS_SAFETENSORS,
    CLI_WEIGHTS_KERAS,
    CLI_WEIGHTS_FOREIGN, /* pickles and archives of Python's, which the script reads */
};

/* ---- kind.c ---------------------------------------------------------------------------------- */

enum cli_weights_kind cli_weights_kind(const char *path);

/* Refuses a file with the name of a published one whose checksum differs. Without nettle, and where
 * there is no such file, it refuses nothing. */
enum impasto_status cli_weights_check_name(const char *path, struct impasto_error *error);

/* ---- script.c -------------------------------------------------------------------------------- */

/* Goes on as weights/vgg19.py, with these words behind its name, NULL being the last. Returns only
 * where that cannot be. */
enum impasto_status cli_weights_script(const char *const *words, struct impasto_error *error);

/* ---- path.c, check.c, convert.c -------------------------------------------------------------- */

/* Writes where the user's own weights are kept, which is the first place where Impasto looks;
 * false: there is none. */
bool cli_weights_home(char *path, size_t size);
/* Refuses a name that no weights can be written to, and one that is taken unless `force`. */
enum impasto_status cli_weights_check_output(const char *path, bool force,
                                             struct impasto_error *error);

enum impasto_status cli_weights_path(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_weights_check(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_weights_convert(const struct cli_call *call, struct impasto_error *error);

#endif
