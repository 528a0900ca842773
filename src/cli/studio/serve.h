/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_SERVE_H
#define CLI_STUDIO_SERVE_H

/* impasto studio: a page on this machine to paint with. */

#include "cli/options/table.h"

extern const struct cli_command cli_studio_command;

struct cli_studio_options {
    int port;           /* 0: any */
    const char *folder; /* NULL: the usual one */
    bool no_browser;
    uint64_t quota; /* bytes that the folder may have; 0: the usual number */
};

/* Serves until a signal comes. IMPASTO_ERROR_OUTPUT: the port or the folder cannot be used. */
enum impasto_status cli_studio_serve(const struct cli_studio_options *options,
                                     const struct cli_common *common, struct impasto_error *error);

#endif
