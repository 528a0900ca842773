/* SPDX-License-Identifier: MIT */
#ifndef CLI_VIDEO_SCENES_INSIDE_H
#define CLI_VIDEO_SCENES_INSIDE_H

/* Inside films on several devices. */

#include "base/os.h"
#include "cli/video/ranks.h"
#include "cli/video/scenes.h"

/* Seconds after which a wait looks for signals, and for letters of other ranks. */
#define CLI_SCENES_LOOK 0.2
#define CLI_SCENES_LETTERS 0.0005

/* The most painters: devices of this process, or ranks. */
#define CLI_SCENES_PAINTERS IMPASTO_RANKS

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

/* How far an errand is. */
enum cli_remote_step {
    CLI_REMOTE_BEGINS,
    CLI_REMOTE_ASKS,  /* what is asked for is on its way */
    CLI_REMOTE_GIVES, /* what follows that is */
    CLI_REMOTE_HEARS, /* the answer is waited for */
    CLI_REMOTE_TAKES  /* what follows that is on its way */
};

/* What a rank is to do, and what goes to it and comes back besides. */
struct cli_wish {
    struct cli_asked asked;
    const void *gift; /* of asked.bytes */
    void *place;      /* for what follows the answer; NULL: remote.state, which is made for it */
    size_t room;      /* bytes there */
};

/* Another rank that paints. Its painter's thread asks; the thread that has opened the lines does
 * what it takes, as no other may. */
struct cli_remote {
    int rank;             /* 0: the painter has a clip of its own */
    bool asked;           /* under the monitor: and not answered */
    struct cli_wish wish; /* of who has set that, until it is answered */
    void *state;          /* likewise; to be freed */
    /* Of who deals with the lines. */
    enum cli_remote_step step;
    struct cli_answered answered;
    double heard; /* when it has last answered */
    struct cli_asked end;
    bool ended; /* it is told that nothing follows */
    /* Of its painter. */
    struct impasto_clip_info info;
    bool begins; /* the next frame does, a scene */
    uint64_t frames, scenes;
};

struct cli_scene_painter {
    struct cli_scenes *scenes;
    struct cli_remote remote;
    struct cli_console console;
    struct impasto_device *device; /* NULL: another rank has it, and the clip */
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
    struct cli_scene_painter painter[CLI_SCENES_PAINTERS];
    size_t count;
    struct impasto_ranks *ranks; /* NULL: there are no other ranks, or they do not serve */

    struct imp_os_monitor *monitor; /* of what follows, and of states' files */
    struct imp_ahead *ahead;
    struct cli_slot slot[IMP_AHEAD]; /* of the frames from the next one to be written on */
    int64_t read, written;           /* frames, with the one that is being written */
    int64_t untaken;                 /* scenes that begin before this frame have their painter */
    bool ended;                      /* no frame follows those that were read */
    bool stopping;
};

/* ---- scenes_paint.c -------------------------------------------------------------------------- */

/* A painter's thread. */
void cli_scenes_work(void *painter);
/* Whether all is to end. */
bool cli_scenes_stop(struct cli_scenes *scenes);

/* ---- scenes_clip.c: a painter's clip, here or on another rank -------------------------------- */

const struct impasto_clip_info *cli_scene_clip_info(const struct cli_scene_painter *painter);
/* As impasto_clip_begin, _load and _save. */
void cli_scene_clip_begin(struct cli_scene_painter *painter, uint64_t frames, uint64_t scenes);
enum impasto_status cli_scene_clip_load(struct cli_scene_painter *painter, const char *path);
enum impasto_status cli_scene_clip_save(struct cli_scene_painter *painter, const char *path);
/* Paints the frame in `from`. */
enum impasto_status cli_scene_clip_frame(struct cli_scene_painter *painter);

/* ---- scenes_remote.c: other ranks ------------------------------------------------------------ */

/* Has the rank do that, and waits for the answer. */
enum impasto_status cli_remote_ask(struct cli_scene_painter *painter, const struct cli_wish *wish,
                                   struct cli_answered *answered);
/* Moves what is under way, without waiting; like all of the following, of the thread that has
 * opened the lines. */
enum impasto_status cli_remotes_move(struct cli_scenes *scenes);
/* Whether anything is; with the monitor. */
bool cli_remotes_are_asked(const struct cli_scenes *scenes);
/* Waits until all others have said what devices they have. */
enum impasto_status cli_remotes_greet(struct cli_scenes *scenes);
/* Tells them, as far as it can be done without waiting, that nothing follows. */
void cli_remotes_end(struct cli_scenes *scenes);
/* The same, and waits until all have ended what they were at. */
enum impasto_status cli_remotes_part(struct cli_scenes *scenes);

#endif
