/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_SCENES_H
#define CLI_VIDEO_SCENES_H

/*
 * A film on several devices, of this process or of other ranks (cli/video/ranks.h). Nothing is
 * carried over a cut, so each device paints scenes of its own. Where a network paints each frame by
 * itself, each is a scene. One thread reads the film, finds the cuts, and writes the frames in
 * their order. It reads at most IMP_AHEAD frames ahead of what is written: where a scene is longer,
 * one device paints alone.
 */

#include "cli/batch/batch.h"
#include "cli/video/run.h"

/* Opens the devices with a clip on each, and one that finds cuts, if there is need of it. The first
 * ones are f->device and f->clip. To be closed in any case. */
enum impasto_status cli_scenes_open(struct cli_filming *f, const struct cli_batch_devices *names);
/* Takes the other ranks, which have opened theirs, for painters as well. */
enum impasto_status cli_scenes_greet(struct cli_filming *f);
/* Lets them go, once nothing is painted any more. Without such, nothing. */
enum impasto_status cli_scenes_part(struct cli_filming *f);
/* Deals with the other ranks while nothing is painted, who take the first one for lost
 * if they hear nothing of it for an hour. Without such, nothing. */
enum impasto_status cli_scenes_tend(struct cli_filming *f);
/* Looks at the frame at hand, which is the last one of an earlier run. */
enum impasto_status cli_scenes_look(struct cli_filming *f);
/* Paints and writes frame after frame, until the film ends or something does. */
enum impasto_status cli_scenes_paint(struct cli_filming *f);
/* The first device and clip stay open. */
void cli_scenes_close(struct cli_filming *f);

/* ---- scenes_devices.c ------------------------------------------------------------------------ */

/* The ranks, each with its device, as rows of a table. */
void cli_scenes_list_ranks(const struct cli_filming *f, FILE *stream);
/* The devices' names: "A", or "A, B" where they differ. */
void cli_scenes_name_devices(const struct cli_filming *f, FILE *stream);

#endif
