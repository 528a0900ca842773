/* SPDX-License-Identifier: MIT */
/* The clip that a painter has: its own, or that of another rank, which it sends there for. */

#include "cli/video/scenes_inside.h"

#include <stdlib.h>

static bool is_remote(const struct cli_scene_painter *p)
{
    return p->remote.rank > 0;
}

const struct impasto_clip_info *cli_scene_clip_info(const struct cli_scene_painter *p)
{
    return is_remote(p) ? &p->remote.info : impasto_clip_info(p->clip);
}

/* A rank hears of it with the scene's first frame. */
void cli_scene_clip_begin(struct cli_scene_painter *p, uint64_t frames, uint64_t scenes)
{
    if (!is_remote(p)) {
        impasto_clip_begin(p->clip, frames, scenes);
        return;
    }
    p->remote.begins = true;
    p->remote.frames = frames;
    p->remote.scenes = scenes;
    p->remote.info = (struct impasto_clip_info){.frames = frames, .scenes = scenes};
}

static enum impasto_status ask(struct cli_scene_painter *p, const struct cli_wish *wish,
                               struct cli_answered *answered)
{
    const enum impasto_status status = cli_remote_ask(p, wish, answered);
    if (status == IMPASTO_OK)
        p->remote.info = answered->info;
    return status;
}

/* A state may be as large as many frames. */
static void drop_state(struct cli_scene_painter *p)
{
    free(p->remote.state);
    p->remote.state = NULL;
}

/* The state stays where it is read to while it is sent, which it may still be where all is to end.
 */
enum impasto_status cli_scene_clip_load(struct cli_scene_painter *p, const char *path)
{
    struct cli_answered answered;
    size_t size = 0;
    if (!is_remote(p))
        return impasto_clip_load(p->clip, path, &p->error);
    drop_state(p);
    enum impasto_status status = cli_state_read(path, &p->remote.state, &size, &p->error);
    const struct cli_wish wish = {.asked = {.errand = CLI_ERRAND_LOAD, .bytes = size},
                                  .gift = p->remote.state};
    p->remote.begins = false;
    if (status == IMPASTO_OK)
        status = ask(p, &wish, &answered);
    if (status == IMPASTO_OK)
        drop_state(p);
    return status;
}

enum impasto_status cli_scene_clip_save(struct cli_scene_painter *p, const char *path)
{
    const struct cli_wish wish = {.asked = {.errand = CLI_ERRAND_SAVE}};
    struct cli_answered answered;
    if (!is_remote(p))
        return impasto_clip_save(p->clip, path, &p->error);
    enum impasto_status status = ask(p, &wish, &answered);
    if (status != IMPASTO_OK)
        return status;
    status = impasto_file_write(path, p->remote.state, (size_t)answered.bytes, &p->error);
    drop_state(p);
    return status;
}

static enum impasto_status paint_there(struct cli_scene_painter *p)
{
    const struct cli_filming *f = p->scenes->filming;
    struct cli_remote *r = &p->remote;
    const struct cli_asked asked = {.errand = CLI_ERRAND_PAINT,
                                    .begins = r->begins,
                                    .frames = r->frames,
                                    .scenes = r->scenes,
                                    .bytes = p->from.stride * (size_t)f->source_film.height};
    const struct cli_wish wish = {.asked = asked,
                                  .gift = p->from.rgb,
                                  .place = p->to.rgb,
                                  .room = p->to.stride * (size_t)f->film.height};
    struct cli_answered answered;
    r->begins = false;
    return ask(p, &wish, &answered);
}

enum impasto_status cli_scene_clip_frame(struct cli_scene_painter *p)
{
    const struct cli_filming *f = p->scenes->filming;
    const struct impasto_frame from = cli_video_frame(&f->source_film, &p->from);
    const struct impasto_frame to = cli_video_frame(&f->film, &p->to);
    return is_remote(p) ? paint_there(p) : impasto_clip_frame(p->clip, &from, &to, &p->error);
}
