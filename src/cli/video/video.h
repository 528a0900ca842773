/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_H
#define CLI_VIDEO_H

/* impasto video: films, frame by frame. */

#include "cli/options/table.h"

extern const struct cli_command cli_video_command;

#endif
