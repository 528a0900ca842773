/* SPDX-License-Identifier: MIT */
/* The frames that a clip remembers. */

#include "clip/clip.h"

#include <stdlib.h>
#include <string.h>

/* How far before a frame those lie that it is held to (Ruder et al. 2016, section 4.2). */
static const int distances[IMP_TEMPORAL_MOST] = {1, 2, 4};
static const int far_distances[IMP_CLIP_FAR] = {4, 16};

static size_t plane_bytes(const struct impasto_clip *clip)
{
    return sizeof(float) * (size_t)clip->info.result_width * (size_t)clip->info.result_height;
}

static bool has_output(const struct impasto_clip *clip)
{
    return clip->painting.colour == IMPASTO_COLOUR_LUMA;
}

static bool open_past(const struct impasto_clip *clip, struct imp_past *past)
{
    past->source = malloc(3 * plane_bytes(clip));
    past->result = malloc(3 * plane_bytes(clip));
    past->output = has_output(clip) ? malloc(3 * plane_bytes(clip)) : past->result;
    return past->source && past->result && past->output;
}

static void close_past(struct imp_past *past)
{
    if (past->output != past->result)
        free(past->output);
    free(past->source);
    free(past->result);
    *past = (struct imp_past){0};
}

static int recent_count(const struct impasto_clip *clip)
{
    return clip->params.consistency == IMPASTO_CONSISTENCY_FINE ? IMP_CLIP_RECENT : 1;
}

enum impasto_status imp_past_open(struct impasto_clip *clip, struct impasto_error *error)
{
    bool room = open_past(clip, &clip->now);
    for (int i = 0; i < recent_count(clip) && room; i++)
        room = open_past(clip, &clip->recent[i]);
    for (int i = 0; i < IMP_CLIP_FAR && clip->params.measure && room; i++)
        room = open_past(clip, &clip->far[i]);
    return room ? IMPASTO_OK : imp_fail_memory(error, "a clip's frames", 3 * plane_bytes(clip));
}

void imp_past_close(struct impasto_clip *clip)
{
    close_past(&clip->now);
    for (int i = 0; i < IMP_CLIP_RECENT; i++)
        close_past(&clip->recent[i]);
    for (int i = 0; i < IMP_CLIP_FAR; i++)
        close_past(&clip->far[i]);
}

int imp_past_distance(const struct impasto_clip *clip, int j)
{
    const int most = clip->params.consistency == IMPASTO_CONSISTENCY_FINE   ? IMP_TEMPORAL_MOST
                     : clip->params.consistency == IMPASTO_CONSISTENCY_FILM ? 1
                                                                            : 0;
    return j < most && j < IMP_TEMPORAL_MOST ? distances[j] : 0;
}

static bool lies_there(const struct impasto_clip *clip, const struct imp_past *past, int distance)
{
    return past->known && past->frame >= clip->scene_begins &&
           past->frame + (uint64_t)distance == clip->info.frames;
}

const struct imp_past *imp_past_find(const struct impasto_clip *clip, int distance)
{
    for (int i = 0; i < IMP_CLIP_RECENT; i++)
        if (lies_there(clip, &clip->recent[i], distance))
            return &clip->recent[i];
    for (int i = 0; i < IMP_CLIP_FAR; i++)
        if (lies_there(clip, &clip->far[i], distance))
            return &clip->far[i];
    return NULL;
}

bool imp_past_repeats(const struct impasto_clip *clip)
{
    const struct imp_past *before = imp_past_find(clip, 1);
    return before && memcmp(before->source, clip->now.source, 3 * plane_bytes(clip)) == 0;
}

void imp_past_copy(const struct impasto_clip *clip, const struct imp_past *from,
                   struct imp_past *to)
{
    memcpy(to->source, from->source, 3 * plane_bytes(clip));
    memcpy(to->result, from->result, 3 * plane_bytes(clip));
    if (to->output != to->result)
        memcpy(to->output, from->output, 3 * plane_bytes(clip));
}

static void keep(const struct impasto_clip *clip, struct imp_past *to)
{
    imp_past_copy(clip, &clip->now, to);
    to->known = true;
    to->frame = clip->info.frames;
}

void imp_past_keep(struct impasto_clip *clip)
{
    const uint64_t into_scene = clip->info.frames - clip->scene_begins;
    keep(clip, &clip->recent[clip->info.frames % (uint64_t)recent_count(clip)]);
    for (int i = 0; i < IMP_CLIP_FAR; i++)
        if (clip->far[i].source && into_scene % (uint64_t)far_distances[i] == 0)
            keep(clip, &clip->far[i]);
}
