/* SPDX-License-Identifier: MIT */
/* How still a film holds: E_warp (Lai et al. 2018, section 4.1), and the mean colour. */

#include "clip/clip.h"

#include <stdlib.h>

static size_t positions_of(const struct impasto_clip *clip)
{
    return (size_t)clip->info.result_width * (size_t)clip->info.result_height;
}

/* Mean square by which two pictures differ, over values that count by `reliable`. */
static double difference(const float *a, const float *b, const float *reliable, size_t n)
{
    double sum = 0, mass = 0;
    for (size_t i = 0; i < n; i++) {
        mass += 3 * (double)reliable[i];
        for (size_t at = i; at < 3 * n; at += n)
            sum += (double)reliable[i] * ((double)a[at] - (double)b[at]) *
                   ((double)a[at] - (double)b[at]);
    }
    return mass > 0 ? sum / mass : 0;
}

/* Room for what one comparison takes. */
struct room {
    float *reliable, *warped;
};

static enum impasto_status compare(struct impasto_clip *clip, const struct imp_past *past,
                                   const struct room *room, struct impasto_clip_warp *warp)
{
    const size_t n = positions_of(clip);
    IMP_TRY(imp_motion_find(&clip->motion, past->source, room->reliable, NULL));
    IMP_TRY(imp_motion_warp(&clip->motion, past->output, room->warped));
    warp->last = difference(clip->now.output, room->warped, room->reliable, n);
    IMP_TRY(imp_motion_warp(&clip->motion, past->source, room->warped));
    warp->last_source = difference(clip->now.source, room->warped, room->reliable, n);
    warp->pairs++;
    warp->mean += (warp->last - warp->mean) / (double)warp->pairs;
    warp->mean_source += (warp->last_source - warp->mean_source) / (double)warp->pairs;
    return IMPASTO_OK;
}

static enum impasto_status compare_all(struct impasto_clip *clip, const struct room *room)
{
    static const int apart[IMPASTO_CLIP_WARPS] = {1, 4, 16};
    const uint64_t into_scene = clip->info.frames - clip->scene_begins;
    for (int i = 0; i < IMPASTO_CLIP_WARPS; i++) {
        const struct imp_past *past = imp_past_find(clip, apart[i]);
        if (past && into_scene % (uint64_t)apart[i] == 0)
            IMP_TRY(compare(clip, past, room, &clip->info.warp[i]));
    }
    return IMPASTO_OK;
}

static void measure_colour(struct impasto_clip *clip)
{
    const size_t n = positions_of(clip);
    for (size_t c = 0; c < 3; c++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += (double)clip->now.output[c * n + i];
        clip->info.colour[c] = sum / (double)n;
    }
}

enum impasto_status imp_clip_measure(struct impasto_clip *clip, struct impasto_error *error)
{
    const size_t n = positions_of(clip);
    measure_colour(clip);
    if (!clip->params.measure)
        return IMPASTO_OK;
    float *block = malloc(4 * n * sizeof(float));
    if (!block)
        return imp_fail_memory(error, "a frame", 4 * n * sizeof(float));
    const struct room room = {.reliable = block, .warped = block + n};
    const enum impasto_status status = imp_lift(clip->device, compare_all(clip, &room), error);
    free(block);
    return status;
}
