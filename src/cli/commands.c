/* SPDX-License-Identifier: MIT */
/* The table of commands. A new one is a row here and a folder. */

#include "cli/commands.h"

#include "cli/weights/weights.h"

#include <string.h>
#include <unistd.h>

const struct cli_command cli_commands[] = {
    {.name = "weights",
     .summary = "get trained weights, convert and check them",
     .help =
         "The network's weights. With trained ones the pictures are better than with those that "
         "are built in.",
     .parts = cli_weights_parts,
     .part_count = CLI_WEIGHTS_PARTS},
};
const size_t cli_command_count = sizeof(cli_commands) / sizeof(*cli_commands);

enum impasto_status cli_command_of(int argc, char **argv, const struct cli_command **command,
                                   struct impasto_error *error)
{
    const char *names[sizeof(cli_commands) / sizeof(*cli_commands)];
    const char *word = argc > 1 ? argv[1] : "-";
    *command = cli_command_find(cli_commands, cli_command_count, word);
    if (*command || word[0] == '-' || strpbrk(word, "./:") || access(word, F_OK) == 0)
        return IMPASTO_OK;
    for (size_t i = 0; i < cli_command_count; i++)
        names[i] = cli_commands[i].name;
    const char *meant = cli_nearest(word, strlen(word), names, cli_command_count);
    return meant ? cli_fail(error, IMPASTO_ERROR_USAGE,
                            "%s: neither a picture nor a command; did you mean impasto %s?", word,
                            meant)
                 : IMPASTO_OK;
}
