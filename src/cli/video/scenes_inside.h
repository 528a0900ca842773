/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_SCENES_INSIDE_H
#define CLI_VIDEO_SCENES_INSIDE_H

/* Inside films on several devices. */

#include "base/os.h"
#include "cli/video/scenes.h"

/* Seconds after which a wait looks for signals. */
#define CLI_SCENES_LOOK 0.2

/* A frame that has been read, until it is written. */
struct cli_slot {
    bool begins;     /* a scene */
    uint64_t scenes; /* that have begun, with its own; of networks, nobody counts them: 1 */
    bool left;       /* an earlier run has painted it */
    bool painted;
    bool known; /* the info is: this run has painted it */
    struct impasto_clip_info info;
    bool compared[IMPASTO_CLIP_WARPS]; /* the info has a new pair */
};

struct cli_scene_painter {
    struct cli_scenes *scenes;
    struct cli_console console;
    struct impasto_device *device;
    struct impasto_clip *clip;
    struct imp_frame from, to; /* its own memory */
    struct imp_os_thread *thread;
    double saved, took; /* when it has saved a state, and the seconds that this took */
    int64_t stated;     /* frames of the scene's last state; 0: it has none */
    struct impasto_error error;
    enum impasto_status status; /* of what follows, under the monitor */
};

struct cli_scenes {
    struct cli_filming *filming; /* the painters only read what it was opened with */
    struct cli_console console;  /* of who finds cuts */
    struct impasto_device *device;
    struct impasto_clip *scout; /* NULL: every frame is a scene */
    struct impasto_clip_info info;
    uint64_t scenes_before; /* what the scout has counted */
    enum impasto_status read_status;
    struct impasto_error why; /* of that */
    struct cli_scene_painter painter[CLI_BATCH_DEVICES_MOST];
    size_t count;

    struct imp_os_monitor *monitor; /* of what follows, and of states' files */
    struct imp_ahead *ahead;
    struct cli_slot slot[IMP_AHEAD]; /* of the frames from the next one to be written on */
    int64_t read, written;           /* frames, with the one that is being written */
    int64_t untaken;                 /* scenes that begin before this frame have their painter */
    bool ended;                      /* no frame follows those that were read */
    bool stopping;
};

/* A painter's thread. */
void cli_scenes_work(void *painter);
/* Whether all is to end. */
bool cli_scenes_stop(struct cli_scenes *scenes);

#endif
