/* SPDX-License-Identifier: MIT */
/* What each painter of a film on several devices does: scene after scene. */

#include "cli/video/scenes_inside.h"

#include <stdlib.h>

/* States may take this part of the time. */
#define SHARE 0.05

bool cli_scenes_stop(struct cli_scenes *s)
{
    imp_os_monitor_enter(s->monitor);
    const bool stop = s->stopping || cli_stop_signal();
    imp_os_monitor_leave(s->monitor);
    return stop;
}

static struct cli_slot *slot_of(struct cli_scenes *s, int64_t number)
{
    return &s->slot[number % IMP_AHEAD];
}

/* Waits for others, with the monitor. false: all is to end. */
static bool await(struct cli_scenes *s)
{
    if (!s->stopping && !cli_stop_signal())
        imp_os_monitor_wait(s->monitor, imp_os_seconds() + CLI_SCENES_LOOK);
    return !s->stopping && !cli_stop_signal();
}

/* ---- Scenes ---------------------------------------------------------------------------------- */

/* The first frame of the next scene that has no painter; below 0: there is none. A run that goes on
 * may begin within one. */
static int64_t take_scene(struct cli_scenes *s)
{
    int64_t taken = -1;
    imp_os_monitor_enter(s->monitor);
    do {
        if (s->untaken < s->written) /* painted; its slot may be a later frame's by now */
            s->untaken = s->written;
        for (; taken < 0 && s->untaken < s->read; s->untaken++)
            if (s->untaken == s->filming->kept || slot_of(s, s->untaken)->begins)
                taken = s->untaken;
    } while (taken < 0 && !s->ended && await(s));
    imp_os_monitor_leave(s->monitor);
    return taken;
}

/* Waits until a frame of the scene that begins with `first` has been read. false: it has none of
 * that number. *left: an earlier run has painted it. */
static bool await_frame(struct cli_scenes *s, int64_t first, int64_t number, bool *left)
{
    imp_os_monitor_enter(s->monitor);
    bool goes_on = !s->stopping;
    while (goes_on && number >= s->read && !s->ended)
        goes_on = await(s);
    /* What is written has had its painter, and its slot may be a later frame's by now. */
    const bool there = goes_on && number >= s->written && number < s->read &&
                       (number == first || !slot_of(s, number)->begins);
    *left = there && slot_of(s, number)->left;
    imp_os_monitor_leave(s->monitor);
    return there;
}

/* ---- States ---------------------------------------------------------------------------------- */

/* Whether a painter can go on after so many frames. */
static bool has_state(struct cli_scenes *s, int64_t frames)
{
    if (!s->filming->stream.builds)
        return true;
    char *path = imp_sink_state_path(s->filming->sink, frames);
    const bool there = path && imp_os_is_there(path);
    free(path);
    return there;
}

/* Only the scene's last state is of use, and the sink's, which it removes itself; and those that a
 * sink begins with, every IMP_AHEAD frames. */
static void remove_state(struct cli_scenes *s, int64_t frames)
{
    char *path = imp_sink_state_path(s->filming->sink, frames);
    imp_os_monitor_enter(s->monitor);
    if (path && frames > s->written && frames % IMP_AHEAD != 0)
        (void)imp_os_remove(path);
    imp_os_monitor_leave(s->monitor);
    free(path);
}

/* What goes on after so many frames, now and then. */
static enum impasto_status save_state(struct cli_scene_painter *p, int64_t frames)
{
    const double began = imp_os_seconds();
    if (!p->scenes->filming->stream.builds)
        return IMPASTO_OK;
    if (frames % IMP_AHEAD != 0 && began - p->saved < p->took / SHARE)
        return IMPASTO_OK;
    char *path = imp_sink_state_path(p->scenes->filming->sink, frames);
    if (!path)
        return cli_fail_memory(&p->error, "a file name");
    const enum impasto_status status = cli_scene_clip_save(p, path);
    free(path);
    p->saved = imp_os_seconds();
    p->took = p->saved - began;
    if (status == IMPASTO_OK && p->stated > 0)
        remove_state(p->scenes, p->stated);
    p->stated = frames;
    return status;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Passes over what an earlier run has painted of a scene, as far as it has a state. The number of
 * the first frame that is to be painted. */
static int64_t pass_over(struct cli_scenes *s, int64_t first)
{
    int64_t from = first;
    bool left;
    for (int64_t n = first; n < first + IMP_AHEAD && await_frame(s, first, n, &left) && left; n++)
        if (has_state(s, n + 1))
            from = n + 1;
    imp_os_monitor_enter(s->monitor);
    for (int64_t n = first; n < from; n++)
        slot_of(s, n)->painted = true;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
    return from;
}

/* Puts the clip before a frame of the scene that begins with `first`. */
static enum impasto_status place(struct cli_scene_painter *p, int64_t first, int64_t from)
{
    struct cli_scenes *s = p->scenes;
    imp_os_monitor_enter(s->monitor);
    const struct cli_slot begin = *slot_of(s, first);
    imp_os_monitor_leave(s->monitor);
    p->stated = from > first ? from : 0;
    if (from == first && begin.begins) {
        cli_scene_clip_begin(p, (uint64_t)first, begin.scenes - 1);
        return IMPASTO_OK;
    }
    char *path = imp_sink_state_path(s->filming->sink, from);
    const enum impasto_status status =
        path ? cli_scene_clip_load(p, path) : cli_fail_memory(&p->error, "a file name");
    free(path);
    if (status != IMPASTO_ERROR_INPUT)
        return status;
    /* It is our own file, and no fault of the film's. */
    p->error.status = IMPASTO_ERROR_OUTPUT;
    return IMPASTO_ERROR_OUTPUT;
}

/* Hands over what was painted. before: pairs that the clip had compared. */
static void hand_over(struct cli_scene_painter *p, int64_t number,
                      const struct impasto_clip_info *before)
{
    struct cli_scenes *s = p->scenes;
    const struct impasto_clip_info *info = cli_scene_clip_info(p);
    imp_os_monitor_enter(s->monitor);
    struct cli_slot *slot = slot_of(s, number);
    slot->info = *info;
    for (int i = 0; i < IMPASTO_CLIP_WARPS; i++)
        slot->compared[i] = info->warp[i].pairs != before->warp[i].pairs;
    slot->known = slot->painted = true;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
}

static enum impasto_status paint_frame(struct cli_scene_painter *p, int64_t number)
{
    struct cli_scenes *s = p->scenes;
    const struct impasto_clip_info before = *cli_scene_clip_info(p);
    imp_os_monitor_enter(s->monitor);
    enum impasto_status status = imp_ahead_source(s->ahead, number, &p->from, &p->error);
    imp_os_monitor_leave(s->monitor);
    if (status == IMPASTO_OK)
        status = cli_scene_clip_frame(p);
    cli_catch_signals();
    p->to.time = p->from.time;
    p->to.duration = p->from.duration;
    imp_os_monitor_enter(s->monitor);
    if (status == IMPASTO_OK)
        status = imp_ahead_put(s->ahead, number, &p->to, &p->error);
    imp_os_monitor_leave(s->monitor);
    if (status == IMPASTO_OK)
        status = save_state(p, number + 1);
    if (status == IMPASTO_OK)
        hand_over(p, number, &before);
    return status;
}

static enum impasto_status paint_scene(struct cli_scene_painter *p, int64_t first)
{
    bool ignored;
    const int64_t from = pass_over(p->scenes, first);
    enum impasto_status status = IMPASTO_OK;
    for (int64_t n = from; status == IMPASTO_OK && await_frame(p->scenes, first, n, &ignored);
         n++) {
        if (n == from)
            status = place(p, first, from);
        if (status == IMPASTO_OK)
            status = paint_frame(p, n);
    }
    return status;
}

void cli_scenes_work(void *user)
{
    struct cli_scene_painter *p = user;
    enum impasto_status status = IMPASTO_OK;
    for (int64_t first; status == IMPASTO_OK && (first = take_scene(p->scenes)) >= 0;)
        status = paint_scene(p, first);
    imp_os_monitor_enter(p->scenes->monitor);
    p->status = status;
    imp_os_monitor_wake(p->scenes->monitor);
    imp_os_monitor_leave(p->scenes->monitor);
}
