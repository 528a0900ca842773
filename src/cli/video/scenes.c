/* SPDX-License-Identifier: MIT */
/* A film on several devices: cli/video/scenes.h. Here are the threads; scenes_paint.c has what each
 * painter does. */

#include "cli/video/scenes_inside.h"

#include "cli/devices/devices.h"

#include <stdlib.h>
#include <string.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* Called by the painters after each iteration. */
static int on_progress(void *user, const struct impasto_job_progress *progress)
{
    (void)progress;
    cli_catch_signals();
    return cli_scenes_stop(user);
}

/* What holds for all devices is told of the first one. */
static enum impasto_status open_device(struct cli_filming *f, const char *name,
                                       struct cli_console *console, struct impasto_device **device)
{
    struct cli_common one = f->settings->common;
    one.device = name;
    one.warm = NULL;
    return cli_open_device(&one, console, device, f->error);
}

static enum impasto_status open_painter(struct cli_scenes *s, struct cli_scene_painter *p,
                                        const char *name)
{
    struct cli_filming *f = s->filming;
    p->scenes = s;
    cli_console_init(&p->console, &f->settings->common);
    p->console.quiet = true;
    const bool first = p == s->painter;
    enum impasto_status status =
        open_device(f, name, first ? &f->console : &p->console, &p->device);
    if (status == IMPASTO_OK)
        status = f->model ? cli_video_open_network(f, p->device, &p->clip)
                          : cli_video_open_clip(f, p->device, on_progress, s, &p->clip);
    s->count++;
    return status;
}

/* On a device of its own, so that it waits for no painter. Frames that do not build on each other
 * have none. */
static enum impasto_status open_scout(struct cli_scenes *s, const char *name)
{
    struct cli_filming *f = s->filming;
    cli_console_init(&s->console, &f->settings->common);
    s->console.quiet = true;
    if (!f->stream.builds)
        return IMPASTO_OK;
    const enum impasto_status status = open_device(f, name, &s->console, &s->device);
    if (status != IMPASTO_OK)
        return status;
    return f->model ? cli_video_open_network(f, s->device, &s->scout)
                    : cli_video_open_scout(f, s->device, &s->scout);
}

enum impasto_status cli_scenes_open(struct cli_filming *f, const struct cli_batch_devices *names)
{
    struct cli_scenes *s = f->scenes = calloc(1, sizeof(*s));
    if (!s || !(s->monitor = imp_os_monitor_open()))
        return cli_fail_memory(f->error, "the film's devices");
    s->filming = f;
    if (f->settings->common.warm) /* its memory is theirs */
        impasto_device_close(&f->settings->common.warm->device);
    enum impasto_status status = open_scout(s, names->device[0]);
    for (size_t i = 0; i < names->count && status == IMPASTO_OK; i++)
        status = open_painter(s, &s->painter[i], names->device[i]);
    f->devices = s->count; /* of other ranks, there may be more */
    f->device = s->painter[0].device;
    f->clip = s->painter[0].clip;
    return status;
}

enum impasto_status cli_scenes_greet(struct cli_filming *f)
{
    struct cli_scenes *s = f->scenes;
    s->ranks = cli_ranks_lines(&f->settings->common);
    for (int rank = 1; rank < impasto_ranks_size(s->ranks); rank++) {
        struct cli_scene_painter *p = &s->painter[s->count++];
        p->scenes = s;
        p->remote.rank = rank;
    }
    f->devices = s->count;
    return cli_remotes_greet(s);
}

enum impasto_status cli_scenes_part(struct cli_filming *f)
{
    return f->scenes ? cli_remotes_part(f->scenes) : IMPASTO_OK;
}

void cli_scenes_close(struct cli_filming *f)
{
    struct cli_scenes *s = f->scenes;
    f->scenes = NULL;
    f->figures = NULL;
    if (!s)
        return;
    imp_ahead_close(&s->ahead);
    impasto_clip_close(&s->scout);
    impasto_device_close(&s->device);
    for (size_t i = 0; i < s->count; i++) {
        struct cli_scene_painter *p = &s->painter[i];
        free(p->from.rgb);
        free(p->to.rgb);
        free(p->remote.state);
        if (i == 0) /* the film's */
            continue;
        impasto_clip_close(&p->clip);
        impasto_device_close(&p->device);
    }
    if (s->monitor)
        imp_os_monitor_close(&s->monitor);
    free(s);
}

/* ---- Reading --------------------------------------------------------------------------------- */

enum impasto_status cli_scenes_look(struct cli_filming *f)
{
    const struct impasto_frame frame = cli_video_frame(&f->source_film, &f->frame);
    struct impasto_clip *scout = f->scenes->scout;
    return scout ? impasto_clip_look(scout, &frame, f->error) : IMPASTO_OK;
}

enum impasto_status cli_scenes_tend(struct cli_filming *f)
{
    return cli_remotes_move(f->scenes);
}

/* What the scout has found. */
static struct cli_slot slot_of_frame(struct cli_scenes *s)
{
    struct cli_slot slot = {.begins = true, .scenes = 1};
    const struct impasto_clip_info *seen = s->scout ? impasto_clip_info(s->scout) : NULL;
    if (seen)
        slot.begins = seen->begins_scene;
    if (seen && !s->filming->model)
        slot.scenes = s->scenes_before + seen->scenes;
    return slot;
}

/* Takes the frame at hand. */
static enum impasto_status take_frame(struct cli_scenes *s)
{
    struct cli_filming *f = s->filming;
    enum impasto_status status = cli_scenes_look(f);
    struct cli_slot slot = slot_of_frame(s);
    imp_os_monitor_enter(s->monitor);
    if (status == IMPASTO_OK)
        status = imp_ahead_take(s->ahead, s->read, &f->frame, &slot.left, f->error);
    s->slot[s->read % IMP_AHEAD] = slot;
    s->read += status == IMPASTO_OK;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
    return status;
}

/* Whatever ends the film here, the frames before are painted. */
static void read_frame(struct cli_scenes *s)
{
    struct cli_filming *f = s->filming;
    bool more = true;
    enum impasto_status status = cli_video_next(f, &more);
    if (status == IMPASTO_OK && more && !cli_stop_signal())
        status = cli_video_see(f, s->read);
    if (status == IMPASTO_OK && more && !cli_stop_signal())
        status = take_frame(s);
    if (status == IMPASTO_OK && more)
        return;
    s->why = *f->error;
    imp_os_monitor_enter(s->monitor);
    s->read_status = status;
    s->ended = true;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* As one clip counts all frames that it paints. */
static void add_pair(struct impasto_clip_warp *sum, const struct impasto_clip_warp *pair)
{
    sum->last = pair->last;
    sum->last_source = pair->last_source;
    sum->pairs++;
    sum->mean += (sum->last - sum->mean) / (double)sum->pairs;
    sum->mean_source += (sum->last_source - sum->mean_source) / (double)sum->pairs;
}

static void add_figures(struct impasto_clip_info *sum, const struct cli_slot *slot)
{
    struct impasto_clip_info info = slot->known ? slot->info : *sum;
    for (int i = 0; i < IMPASTO_CLIP_WARPS; i++) {
        info.warp[i] = sum->warp[i];
        if (slot->compared[i])
            add_pair(&info.warp[i], &slot->info.warp[i]);
    }
    info.scenes = sum->scenes + (sum->job && slot->begins);
    info.frames = sum->frames + 1;
    info.job = sum->job;
    *sum = info;
}

/* Of a frame, on average since the first was done: that one compiles kernels. */
static double seconds_each(const struct cli_filming *f)
{
    const int64_t since = f->done - f->earlier; /* frames, with the one at hand */
    return since > 0 ? (cli_seconds() - f->began) / (double)since : cli_seconds() - f->opened;
}

/* Writes the next frame, which is painted. */
static enum impasto_status write_frame(struct cli_scenes *s)
{
    struct cli_filming *f = s->filming;
    imp_os_monitor_enter(s->monitor);
    const struct cli_slot slot = s->slot[f->done % IMP_AHEAD];
    s->written = f->done + 1;
    enum impasto_status status = imp_ahead_painted(s->ahead, f->done, &f->painted, f->error);
    imp_os_monitor_leave(s->monitor);
    add_figures(&s->info, &slot);
    if (status == IMPASTO_OK)
        status = cli_video_write(f, slot.known);
    if (status == IMPASTO_OK)
        cli_video_count(f, seconds_each(f), slot.known);
    return status;
}

/* ---- At work --------------------------------------------------------------------------------- */

static enum impasto_status failed(const struct cli_scenes *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->painter[i].status != IMPASTO_OK) {
            *s->filming->error = s->painter[i].error;
            return s->painter[i].status;
        }
    return IMPASTO_OK;
}

/* What there is to do for who reads and writes. */
enum turn { WRITE, READ, WAIT, END };

static enum turn next_turn(struct cli_scenes *s, enum impasto_status *status)
{
    const int64_t done = s->filming->done;
    enum turn turn = WAIT;
    imp_os_monitor_enter(s->monitor);
    *status = failed(s);
    if (*status != IMPASTO_OK || cli_stop_signal() || (s->ended && done == s->read))
        turn = END;
    else if (done < s->read && s->slot[done % IMP_AHEAD].painted)
        turn = WRITE;
    else if (!s->ended && s->read - done < IMP_AHEAD)
        turn = READ;
    else
        imp_os_monitor_wait(s->monitor,
                            imp_os_seconds() +
                                (cli_remotes_are_asked(s) ? CLI_SCENES_LETTERS : CLI_SCENES_LOOK));
    imp_os_monitor_leave(s->monitor);
    return turn;
}

static enum impasto_status work_off(struct cli_scenes *s)
{
    enum impasto_status status = IMPASTO_OK;
    for (enum turn turn = READ; turn != END && status == IMPASTO_OK;) {
        status = cli_remotes_move(s);
        turn = status == IMPASTO_OK ? next_turn(s, &status) : END;
        if (turn == READ)
            read_frame(s);
        else if (turn == WRITE)
            status = write_frame(s);
    }
    if (status != IMPASTO_OK)
        return status;
    if (cli_stop_signal())
        return cli_fail(s->filming->error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    if (s->read_status != IMPASTO_OK)
        *s->filming->error = s->why;
    return s->read_status;
}

static enum impasto_status start(struct cli_scenes *s)
{
    struct cli_filming *f = s->filming;
    for (size_t i = 0; i < s->count; i++) {
        struct cli_scene_painter *p = &s->painter[i];
        enum impasto_status status = cli_video_make_frame(&f->source_film, &p->from, f->error);
        if (status == IMPASTO_OK)
            status = cli_video_make_frame(&f->film, &p->to, f->error);
        const int problem =
            status == IMPASTO_OK ? imp_os_start_thread(&p->thread, cli_scenes_work, p) : 0;
        if (problem != 0)
            status = cli_fail(f->error, IMPASTO_ERROR_MEMORY,
                              "no thread can be had for a device: %s; name fewer devices, or allow "
                              "more processes and memory (see ulimit)",
                              strerror(problem));
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

static void stop(struct cli_scenes *s)
{
    imp_os_monitor_enter(s->monitor);
    s->stopping = true;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
    cli_remotes_end(s);
    for (size_t i = 0; i < s->count; i++)
        if (s->painter[i].thread)
            imp_os_join_thread(&s->painter[i].thread);
}

enum impasto_status cli_scenes_paint(struct cli_filming *f)
{
    struct cli_scenes *s = f->scenes;
    s->info = *impasto_clip_info(f->clip);
    f->figures = &s->info;
    /* The scene of the last frame of an earlier run has been seen once more. */
    if (f->kept > 0 && !f->model)
        s->scenes_before = s->info.scenes - impasto_clip_info(s->scout)->scenes;
    s->read = s->written = s->untaken = f->kept;
    enum impasto_status status =
        imp_ahead_open(f->sink, &f->source_film, &f->film, &s->ahead, f->error);
    if (status == IMPASTO_OK)
        status = start(s);
    if (status == IMPASTO_OK)
        status = work_off(s);
    stop(s);
    return status;
}
