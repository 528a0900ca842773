/* SPDX-License-Identifier: MIT */
/* The words of impasto live. */

#include "cli/live/run.h"

#include <stddef.h>

#define OPTION(field) .offset = offsetof(struct cli_live_options, field)

static const struct impasto_setting_word colours[] = {{"style", IMPASTO_COLOUR_STYLE},
                                                      {"luma", IMPASTO_COLOUR_LUMA},
                                                      {"match", IMPASTO_COLOUR_MATCH},
                                                      {0}};

/* clang-format off */
static const struct cli_option own[] = {
    {"camera", 0, NULL, "FILE|-", CLI_TEXT, OPTION(camera),
     .help = "where frames come from: a camera's device, a film, or a pipe of Y4M; \"-\": standard "
             "input (/dev/video0)"},
    {"output", 'o', NULL, "FILE|-", CLI_TEXT, OPTION(output),
     .help = "where they go: the device of a virtual camera, or a file or a pipe, as Y4M; \"-\": "
             "standard output (a window)"},
    {"size", 0, NULL, "WxH", CLI_TEXT, OPTION(size),
     .help = "what the camera is asked for, pixels; it may give others (640x360)"},
    {"rate", 0, NULL, "N", CLI_INT, OPTION(rate), .low = 1, .high = 1000,
     .help = "frames per second that the camera is asked for (30)"},
    {"pixels", 0, NULL, "nv12|i420|yuyv|uyvy|mjpeg", CLI_TEXT, OPTION(pixels),
     .help = "the camera's format (what it has; of large frames, mjpeg)"},
    {"wait", 0, NULL, NULL, CLI_FLAG, OPTION(wait),
     .help = "wait for a camera that is not there, or gets lost"},
    {"mix", 0, NULL, "STYLE:F,...", CLI_TEXT, OPTION(mix),
     .help = "the style, or how much of each; see impasto model info (the first style)"},
    {"strength", 0, NULL, "F", CLI_FLOAT, OPTION(strength), .low = 0, .high = 2,
     .help = "how far a frame is moved from the camera's to the style; above 1, beyond it (1)"},
    {"colour", 0, NULL, "style|luma|match", CLI_CHOICE, OPTION(colour), .also = "color",
     .words = colours,
     .help = "style: the style's colours; luma: the camera's, only lightness is painted; match: "
             "what is painted is given the frame's range of colours (style)"},
    {"steady", 0, NULL, "F", CLI_FLOAT, OPTION(steady), .low = 0, .high = 1,
     .help = "averages noise out of what does not move: its standard deviation, where white is 1; "
             "a camera's is 0.01 to 0.05 (0)"},
    {"smooth", 0, NULL, "F", CLI_FLOAT, OPTION(smooth), .low = 0, .high = 0.999,
     .help = "how much of the layers' statistics stays from frame to frame, so that what comes into "
             "sight does not change all of the painting (0)"},
    {"control", 0, NULL, "FILE", CLI_TEXT, OPTION(control),
     .help = "a pipe, made by mkfifo, whose lines change what is painted: strength F, mix "
             "STYLE:F,..., steady F, smooth F, quit"},
};
/* clang-format on */

static const struct cli_option *const rows[] = {&own[0],  &own[1],  &own[2], &own[3], &own[4],
                                                &own[5],  &own[6],  &own[7], &own[8], &own[9],
                                                &own[10], &own[11], NULL};
_Static_assert(sizeof(rows) / sizeof(*rows) == sizeof(own) / sizeof(*own) + 1, "a row is missing");

static const struct cli_live_options defaults = {.camera = "/dev/video0", .strength = 1};

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_live_options *options = call->options;
    const bool standard = !call->refused && options->output && cli_is_standard(options->output);
    return cli_progress_open(call->common, standard ? "-o -" : NULL, error);
}

const struct cli_command cli_live_command = {
    "live",
    "paint what a camera sees, while it does",
    "Paints frame after frame with a style network, as they come. MODEL is a file, or the name of "
    "a style that comes with Impasto. A frame that comes while the one before is being painted "
    "waits; if another comes meanwhile, it is dropped. So what is shown is never late by more than "
    "two frames. Films are played by their times. In the window, the arrows up and down change the "
    "strength, left and right the style; f fills the screen, and q ends it, as Ctrl-C does.",
    "MODEL",
    1,
    1,
    .rows = rows,
    .size = sizeof(struct cli_live_options),
    .defaults = &defaults,
    .shared = "no-clobber device progress progress-fd quiet verbose",
    .open = open_progress,
    .run = cli_live_run,
    .single = true};
