/* SPDX-License-Identifier: MIT */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

/* The command `impasto weights`: trained weights, from the network or from other programs' files.
 */

#include "cli/options/table.h"

extern const struct cli_command cli_weights_command;

/* The options of fetch and convert. */
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

/* What fetches weights, and reads pickles. */
extern const struct cli_script cli_weights_script;

enum cli_weights_kind cli_weights_kind(const char *path);

/* Refuses a file that has the name of a published one, but not its checksum. A build without nettle
 * refuses nothing. Neither is a missing file refused here. */
enum impasto_status cli_weights_check_name(const char *path, struct impasto_error *error);

/* ---- path.c, check.c, convert.c -------------------------------------------------------------- */

/* Writes the path of the user's own weights, where Impasto looks first. false: there is no such
 * place. */
bool cli_weights_home(char *path, size_t size);

enum impasto_status cli_weights_path(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_weights_check(const struct cli_call *call, struct impasto_error *error);
enum impasto_status cli_weights_convert(const struct cli_call *call, struct impasto_error *error);

#endif
