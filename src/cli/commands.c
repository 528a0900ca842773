/* SPDX-License-Identifier: MIT */
/* The table of commands. doc/contributing.md says how to add one. */

#include "cli/commands.h"
#include "cli/apply/apply.h"
#include "cli/devices/devices.h"
#include "cli/live/live.h"
#include "cli/model/model.h"
#include "cli/paint/paint.h"
#include "cli/studio/serve.h"
#include "cli/train/train.h"
#include "cli/video/video.h"
#include "cli/weights/weights.h"
#include "cli/worker/worker.h"

#include "base/os.h"

#include <string.h>

static const struct cli_command paint_command = {
    "paint", "paint a picture; what impasto does without a command",
    "Paints the content picture in the style of the style picture.", "CONTENT STYLE...",
    .words = cli_paint};

const struct cli_command *const cli_commands[] = {&paint_command,
                                                  &cli_train_command,
                                                  &cli_apply_command,
                                                  &cli_video_command,
                                                  &cli_live_command,
                                                  &cli_model_command,
                                                  &cli_devices_command,
                                                  &cli_weights_command,
                                                  &cli_studio_command,
                                                  &cli_worker_command,
                                                  NULL};

/* Whether a word can be no picture, and is nearly a command. */
static const char *nearly(const char *word)
{
    return word[0] == '-' || strpbrk(word, "./:") || imp_os_is_there(word)
               ? NULL
               : cli_command_meant(cli_commands, word);
}

/* Where the words do not fit a command, its name may be meant as that of a picture. */
static enum impasto_status name_picture(const char *name, enum impasto_status status,
                                        struct impasto_error *error)
{
    const struct impasto_error why = *error;
    return status == IMPASTO_ERROR_USAGE && imp_os_is_file(name)
               ? cli_fail(error, status, "%s; to paint the picture '%s', write ./%s", why.message,
                          name, name)
               : status;
}

enum impasto_status cli_obey(int argc, char **argv, struct cli_settings *settings,
                             struct impasto_error *error)
{
    const char *word = argc > 1 ? argv[1] : "-";
    const struct cli_command *command = cli_command_find(cli_commands, word);
    if (command)
        return name_picture(
            word, cli_command_run(command, argc - 1, argv + 1, cli_commands, settings, error),
            error);
    const char *meant = nearly(word);
    return meant ? cli_fail(error, IMPASTO_ERROR_USAGE,
                            "%s: neither a picture nor a command; did you mean impasto %s?", word,
                            meant)
                 : cli_paint(argc, argv, cli_commands, settings, error);
}
