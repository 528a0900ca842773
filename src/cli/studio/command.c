/* SPDX-License-Identifier: MIT */
/* The words of impasto studio. */

#include "cli/studio/serve.h"

#include <stddef.h>

static const struct cli_option port_row = {
    "port",        0,
    NULL,          "N",
    CLI_INT,       .offset = offsetof(struct cli_studio_options, port),
    .high = 65535, .help = "the port on this machine's loopback; 0: any that is free (0)"};
static const struct cli_option folder_row = {
    "folder",
    0,
    NULL,
    "DIR",
    CLI_TEXT,
    .offset = offsetof(struct cli_studio_options, folder),
    .help = "where pictures, jobs and results are kept ($XDG_DATA_HOME/impasto/studio)"};
static const struct cli_option quota_row = {
    "quota",
    0,
    NULL,
    "SIZE",
    CLI_BYTES,
    .offset = offsetof(struct cli_studio_options, quota),
    .low = 1 << 20,
    .high = 1e18,
    .help =
        "how much the folder may have; then pictures that no job and no open page needs go, and "
        "after that no more are taken (20G)"};
static const struct cli_option browser_row = {"no-browser",
                                              0,
                                              NULL,
                                              NULL,
                                              CLI_FLAG,
                                              .offset =
                                                  offsetof(struct cli_studio_options, no_browser),
                                              .help = "only print the link"};
static const struct cli_option *const rows[] = {&port_row, &folder_row, &quota_row, &browser_row,
                                                NULL};

static enum impasto_status run(const struct cli_call *call, struct impasto_error *error)
{
#if IMP_HAVE_STUDIO
    return cli_studio_serve(call->options, call->common, error);
#else
    (void)call;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "the studio was not compiled in; build with libmicrohttpd and nettle");
#endif
}

const struct cli_command cli_studio_command = {
    "studio",
    "a page on this machine to paint with: drop a photograph and a painting, and watch",
    "Serves a page on this machine alone, and prints the link to it. Whoever opens the link may "
    "drop pictures, choose a style and settings, and watch the pictures come. The link works once; "
    "Enter prints a new one. Jobs wait in a queue, which is on the disk, with all results. Ctrl-C "
    "stops the job at hand with a checkpoint, and ends the studio; the next one goes on. From "
    "another machine, take ssh -L 8123:127.0.0.1:8123 and --port 8123.",
    .rows = rows,
    .size = sizeof(struct cli_studio_options),
    .shared = "device quiet verbose",
    .run = run};
