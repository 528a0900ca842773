/* SPDX-License-Identifier: MIT */
/* The words of impasto video. */

#include "cli/devices/devices.h"
#include "cli/video/run.h"

#include <stddef.h>

#define OPTION(field) .offset = offsetof(struct cli_video_options, field)

static const struct impasto_setting_word colours[] = {{"style", IMPASTO_COLOUR_STYLE},
                                                      {"luma", IMPASTO_COLOUR_LUMA},
                                                      {"match", IMPASTO_COLOUR_MATCH},
                                                      {0}};
static const struct impasto_setting_word consistencies[] = {{"none", IMPASTO_CONSISTENCY_NONE},
                                                            {"film", IMPASTO_CONSISTENCY_FILM},
                                                            {"fine", IMPASTO_CONSISTENCY_FINE},
                                                            {0}};

static const struct impasto_setting_word depths[] = {{"8", 8}, {"10", 10}, {0}};

/* clang-format off */
static const struct cli_option own[] = {
    {"output", 'o', NULL, "FILE", CLI_TEXT, OPTION(output),
     .help = "the painted film, .mp4, .mov, .mkv, .webm or .y4m; numbered pictures, as "
             "frames/%06d.png; \"-\": standard output, as Y4M"},
    {"model", 0, NULL, "FILE|NAME", CLI_TEXT, OPTION(model),
     .help = "the network that paints the frames: a file, or the name of a style that comes with "
             "Impasto"},
    {"mix", 0, NULL, "STYLE:F,...", CLI_TEXT, OPTION(mix), .remote = true,
     .help = "the style, or how much of each; see impasto model info (the first style)"},
    {"strength", 0, NULL, "F", CLI_FLOAT, OPTION(strength), .remote = true, .low = 0, .high = 2,
     .help = "how far a frame is moved from the film to the style; networks: 0 to 2, beyond 1 past "
             "the style (1); paintings: 0 to 1 (0.5)"},
    {"stroke", 0, NULL, "F", CLI_FLOAT, OPTION(stroke), .remote = true, .low = 0.25, .high = 4,
     .help = "size of the strokes: frames are painted smaller by F and enlarged again (1)"},
    {"start", 0, NULL, "SECONDS", CLI_FLOAT, OPTION(start), .remote = true, .low = 0, .high = 1e6,
     .help = "paint from there on (0)"},
    {"length", 0, NULL, "SECONDS", CLI_FLOAT, OPTION(length), .remote = true, .low = 0.001, .high = 1e6,
     .help = "paint so much of the film (to its end)"},
    {"every", 0, NULL, "N", CLI_INT, OPTION(every), .remote = true, .low = 1, .high = 1000000,
     .help = "paint every Nth frame, each at its time (1)"},
    {"fps", 0, NULL, "F", CLI_FLOAT, OPTION(fps), .remote = true, .low = 0.001, .high = 1000,
     .help = "leave frames out, so that there are at most F in a second (all frames); of numbered "
             "pictures, how many are shown in a second (25)"},
    {"preview", 0, NULL, NULL, CLI_FLAG, OPTION(preview),
     .help = "paint only 8 frames from all over the film, each for a second; in the style of "
             "pictures, at half the width and height"},
    {"codec", 0, NULL, "NAME", CLI_TEXT, OPTION(codec),
     .help = "how the pictures are encoded: h264, hevc, vp9, av1, ffv1, prores or mpeg4 (h264; in "
             "WebM vp9)"},
    {"bits", 0, NULL, "8|10", CLI_CHOICE, OPTION(bits), .remote = true, .words = depths,
     .help = "of a value: 10 keep painted skies from banding, where the encoder has them (8)"},
    {"crf", 0, NULL, "N", CLI_INT, OPTION(crf), .remote = true, .low = 0, .high = 63,
     .help = "how much is lost by that, the less the better (16 of h264, 18 of hevc, 28 of vp9, 24 "
             "of av1)"},
    {"lossless", 0, NULL, NULL, CLI_FLAG, OPTION(lossless),
     .help = "lose nothing: FFV1 in MKV; in Y4M, all colours"},
    {"tone-map", 0, NULL, NULL, CLI_FLAG, OPTION(tone_map), .remote = true,
     .help = "take HDR films, too: their brightness is brought into the range of SDR"},
    {"colour", 0, NULL, "style|luma|match", CLI_CHOICE, OPTION(colour), .remote = true, .also = "color",
     .words = colours,
     .help = "style: the style's colours; luma: the film's, only lightness is painted; match: what "
             "is painted is given the frame's range of colours (style)"},
    {"steady", 0, NULL, "F", CLI_FLOAT, OPTION(steady), .remote = true, .low = 0, .high = 1,
     .help = "networks: averages noise out of what does not move: its standard deviation, where "
             "white is 1; a film's is 0.005 to 0.03 (0)"},
    {"smooth", 0, NULL, "F", CLI_FLOAT, OPTION(smooth), .remote = true, .low = 0, .high = 0.999,
     .help = "networks: how much of the layers' statistics stays from frame to frame, so that what "
             "comes into sight does not change all of the painting (0)"},
    {"consistency", 0, NULL, "none|film|fine", CLI_CHOICE, OPTION(consistency), .remote = true,
     .words = consistencies,
     .help = "what a painted frame is held to, so that strokes stay where they are: none: nothing; "
             "film: the frame before it; fine: also those two and four before it (film)"},
    {"temporal-weight", 0, NULL, "F", CLI_FLOAT, OPTION(temporal_weight), .remote = true, .low = 0, .high = 1e9,
     .help = "how much that counts: more is stiller, and has less of the style where things move "
             "(20)"},
    {"frame-iterations", 0, NULL, "N", CLI_INT, OPTION(frame_iterations), .remote = true, .low = 0, .high = 1e6,
     .help = "iterations of each painted frame but a scene's first (a third of --iterations)"},
};
/* clang-format on */

static const struct cli_option *const rows[] = {&own[0],
                                                &own[1],
                                                &own[2],
                                                &own[3],
                                                &own[4],
                                                &own[5],
                                                &own[6],
                                                &own[7],
                                                &own[8],
                                                &own[9],
                                                &own[10],
                                                &own[11],
                                                &own[12],
                                                &own[13],
                                                &own[14],
                                                &own[15],
                                                &own[16],
                                                &own[17],
                                                &own[18],
                                                &own[19],
                                                &own[20],
                                                &cli_video_settings[0],
                                                &cli_video_settings[1],
                                                &cli_video_settings[2],
                                                &cli_video_settings[3],
                                                &cli_video_settings[4],
                                                &cli_video_settings[5],
                                                &cli_video_settings[6],
                                                &cli_video_settings[7],
                                                &cli_video_settings[8],
                                                &cli_video_settings[9],
                                                NULL};
_Static_assert(sizeof(rows) / sizeof(*rows) == sizeof(own) / sizeof(*own) + CLI_VIDEO_SETTINGS + 1,
               "a row is missing");

static const struct cli_video_options defaults = {.strength = -1,
                                                  .stroke = 1,
                                                  .crf = -1,
                                                  .bits = 8,
                                                  .consistency = IMPASTO_CONSISTENCY_FILM,
                                                  .temporal_weight = 20,
                                                  .frame_iterations = -1};

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    const struct cli_video_options *options = call->options;
    const enum impasto_status status = cli_ranks_begin(call, "film", error);
    if (status != IMPASTO_OK || cli_ranks_follows(call->common))
        return status;
    const bool standard = !call->refused && cli_is_standard(options->output);
    return cli_progress_open(call->common, standard ? "-o -" : NULL, error);
}

const struct cli_command cli_video_command = {
    "video",
    "paint a film, frame by frame",
    "Paints every frame of a film, with a style network or in the style of pictures. What is "
    "painted in the style of pictures is held to the frames before it, so that strokes move with "
    "what they paint. FILM is a file, numbered pictures as frames/%06d.png, or a pipe of Y4M; "
    "\"-\" is standard "
    "input. The painted film "
    "has the same frames at the same times. Ctrl-C ends it after the frame at hand, and leaves a "
    "film of the frames that "
    "are done; the same command goes on from there.",
    "FILM [STYLE[:w]...]",
    1,
    1 + CLI_LIST_MOST,
    .rows = rows,
    .size = sizeof(struct cli_video_options),
    .defaults = &defaults,
    .shared = "preset weights no-clobber max-pixels trace report plan device mpi progress "
              "progress-fd progress-preview quiet verbose",
    .open = open_progress,
    .run = cli_video_run};
