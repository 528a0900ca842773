/* SPDX-License-Identifier: MIT */
/* The kinds of jobs: what each may be asked for, and what it makes. */

#include "cli/apply/apply.h"
#include "cli/studio/studio.h"
#include "cli/train/train.h"
#include "cli/video/video.h"

#include <string.h>

static const struct cli_kind kinds[] = {
    {.command = "paint",
     .ending = ".png",
     .type = "image/png",
     .keys = "command content styles settings keep masks",
     .resumes = true},
    {.command = "apply",
     .table = &cli_apply_command,
     .ending = ".png",
     .type = "image/png",
     .keys = "command content model styles settings keep regions"},
    {.command = "train",
     .table = &cli_train_command,
     .ending = ".model",
     .type = "application/octet-stream",
     .keys = "command content styles settings photos",
     .resumes = true,
     .by_words = true},
    {.command = "video",
     .table = &cli_video_command,
     .ending = ".mp4",
     .type = "video/mp4",
     .keys = "command content model styles settings",
     .by_words = true},
};

const struct cli_kind *cli_kind_find(const char *command)
{
    for (size_t i = 0; command && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i].command, command) == 0)
            return &kinds[i];
    return NULL;
}

const struct cli_kind *cli_kind_at(size_t index)
{
    return index < sizeof(kinds) / sizeof(*kinds) ? &kinds[index] : NULL;
}

const struct cli_kind *cli_kind_of(const json_t *job)
{
    return cli_kind_find(cli_text_in(job, "command"));
}

bool cli_job_makes_picture(const json_t *job)
{
    return strcmp(cli_kind_of(job)->ending, ".png") == 0;
}
