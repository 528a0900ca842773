/* SPDX-License-Identifier: MIT */
/*
 * What the first rank of a team has, on every rank: the caller's settings and pictures, and where a
 * checkpoint goes on. All ranks make the same calls; where there is no team, they do nothing.
 */

#include "paint/job.h"

#include <stdlib.h>
#include <string.h>

static bool is_first(const struct impasto_job *job)
{
    return !job->comm || imp_comm_rank(job->comm) == 0;
}

/* ---- Settings -------------------------------------------------------------------------------- */

/* Of processes. Threads have a copy of the first one's job. */
enum impasto_status imp_share_settings(struct impasto_job *job)
{
    struct impasto_params *params = &job->params;
    struct {
        struct impasto_params params;
        char conv[IMP_ALGORITHM_NAME], gemm[IMP_ALGORITHM_NAME];
        bool only_plan;
    } said;
    memset(&said, 0, sizeof(said)); /* all bytes of it are sent, here and below */
    said.params = *params;
    said.only_plan = job->only_plan;
    snprintf(said.conv, sizeof(said.conv), "%s", params->conv ? params->conv : "");
    snprintf(said.gemm, sizeof(said.gemm), "%s", params->gemm ? params->gemm : "");
    if (!job->apart)
        return IMPASTO_OK;
    IMP_TRY(imp_share(job, &said, sizeof(said)));
    if (is_first(job))
        return IMPASTO_OK;
    *params = said.params;
    job->only_plan = said.only_plan;
    memcpy(job->conv, said.conv, sizeof(job->conv));
    memcpy(job->gemm, said.gemm, sizeof(job->gemm));
    params->conv = job->conv[0] ? job->conv : NULL;
    params->gemm = job->gemm[0] ? job->gemm : NULL;
    return IMPASTO_OK;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* A plane that may not be there. */
static enum impasto_status share_plane(struct impasto_job *job, float **plane, size_t pixels)
{
    bool there = *plane != NULL;
    IMP_TRY(imp_share(job, &there, sizeof(there)));
    if (!there)
        return IMPASTO_OK;
    if (!is_first(job))
        IMP_TRY(imp_planes_make(job->device, 1, pixels, plane));
    return imp_share(job, *plane, pixels * sizeof(float));
}

static enum impasto_status share_picture(struct impasto_job *job, struct imp_held *held)
{
    int size[2] = {0, 0};
    if (held->image) {
        size[0] = held->image->width;
        size[1] = held->image->height;
    }
    IMP_TRY(imp_share(job, size, sizeof(size)));
    if (size[0] == 0)
        return IMPASTO_OK;
    if (!is_first(job)) {
        IMP_TRY(impasto_image_create(size[0], size[1], &held->own,
                                     imp_device_error_place(job->device)));
        held->image = held->own;
    }
    return imp_share(job, held->image->rgb, 3 * (size_t)size[0] * (size_t)size[1] * sizeof(float));
}

/* Only the first rank looks at style pictures. The others plan as it does, for which they must know
 * that there is a mask, and nothing else of it. */
static enum impasto_status share_style(struct impasto_job *job, struct imp_source *style)
{
    struct {
        struct imp_source source;
        bool masked;
    } said;
    memset(&said, 0, sizeof(said));
    said.source = *style;
    said.masked = style->mask != NULL;
    IMP_TRY(imp_share(job, &said, sizeof(said)));
    if (is_first(job))
        return IMPASTO_OK;
    *style = said.source;
    style->picture = (struct imp_held){0};
    style->mask = NULL;
    return said.masked ? imp_planes_make(job->device, 1, 1, &style->mask) : IMPASTO_OK;
}

static enum impasto_status make_lists(struct impasto_job *job, int styles, int regions)
{
    struct imp_sources *sources = &job->sources;
    sources->style = calloc((size_t)styles, sizeof(*sources->style));
    sources->region = calloc((size_t)regions, sizeof(*sources->region));
    if (!sources->style || !sources->region)
        return imp_device_fail_memory(job->device, "styles", 0);
    sources->styles = styles;
    sources->regions = regions;
    return IMPASTO_OK;
}

enum impasto_status imp_share_pictures(struct impasto_job *job)
{
    struct imp_sources *sources = &job->sources;
    const int own[] = {sources->width, sources->height, sources->styles, sources->regions};
    int size[IMP_COUNT(own)];
    if (!job->comm)
        return IMPASTO_OK;
    memcpy(size, own, sizeof(size));
    IMP_TRY(imp_share(job, size, sizeof(size)));
    IMP_TRY(imp_share(job, &job->schedule, sizeof(job->schedule)));
    const size_t pixels = (size_t)size[0] * (size_t)size[1];
    sources->width = size[0];
    sources->height = size[1];
    if (!is_first(job))
        IMP_TRY(make_lists(job, size[2], size[3]));
    IMP_TRY(share_picture(job, &sources->content));
    IMP_TRY(share_picture(job, &sources->start));
    IMP_TRY(share_plane(job, &sources->keep, pixels));
    for (int r = 0; r < sources->regions; r++) {
        struct imp_source_region *region = &sources->region[r];
        IMP_TRY(imp_share(job, &region->weight, sizeof(region->weight)));
        IMP_TRY(share_plane(job, &region->mask, pixels));
    }
    for (int i = 0; i < sources->styles; i++)
        IMP_TRY(share_style(job, &sources->style[i]));
    return IMPASTO_OK;
}

/* ---- Weights and checkpoints ----------------------------------------------------------------- */

enum impasto_status imp_share_weights(struct impasto_job *job)
{
    char first[IMP_WEIGHTS_NAME];
    enum impasto_status status = IMPASTO_OK;
    memcpy(first, job->weights_name, sizeof(first));
    IMP_TRY(imp_share(job, first, sizeof(first)));
    if (strcmp(first, job->weights_name) != 0)
        status = imp_device_fail(job->device, IMPASTO_ERROR_WEIGHTS,
                                 "has other weights than rank 0 (%s, not %s); give all ranks the "
                                 "same by `weights`",
                                 job->weights_name, first);
    return imp_team_agree(job, status);
}

enum impasto_status imp_share_resumption(struct impasto_job *job,
                                         const struct impasto_checkpoint *from,
                                         struct imp_resumption *place)
{
    memset(place, 0, sizeof(*place));
    if (from) {
        place->resumes = true;
        place->at = from->at;
        place->steps = from->steps;
        place->optimizer_step = from->optimizer_step;
        place->iteration = from->info.iteration;
        place->finished = from->finished;
        place->seconds = from->info.seconds;
    }
    return imp_share(job, place, sizeof(*place));
}
