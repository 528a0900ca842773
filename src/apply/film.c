/* SPDX-License-Identifier: MIT */
/* What one frame of a film leaves for the next, and where nothing is left: apply/film.h. */

#include "apply/film.h"

#include "apply/apply.h"

#include <string.h>

/* ---- Scenes ---------------------------------------------------------------------------------- */

/* Without strips, whose memory is the most that an applier takes. */
static enum impasto_status look(struct impasto_applier *applier, const float *planes, int width,
                                int height, bool *begins)
{
    struct imp_staging *s = &applier->staging;
    const struct imp_pixels lie = imp_pixels_of(IMP_PIXELS_RGB24, width, height);
    const size_t bytes = 3 * sizeof(float) * (size_t)width * (size_t)height;
    IMP_TRY(imp_staging_open(s, applier->device, &lie, &lie, false));
    IMP_TRY(imp_recall_open(&applier->recall, applier->device, height, width));
    IMP_TRY(imp_buffer_write(s->image, 0, planes, bytes));
    IMP_TRY(imp_recall_look(&applier->recall, s->image, begins));
    imp_recall_keep(&applier->recall);
    return IMPASTO_OK;
}

enum impasto_status imp_applier_film_look(struct impasto_applier *applier, const float *planes,
                                          int width, int height, bool *begins,
                                          struct impasto_error *error)
{
    *begins = true;
    IMP_TRY(imp_applier_check_size("", width, height, error));
    return imp_applier_follows(applier)
               ? imp_lift(applier->device, look(applier, planes, width, height, begins), error)
               : IMPASTO_OK;
}

/* ---- States ---------------------------------------------------------------------------------- */

#define KEPT_FLOATS ((size_t)IMP_MODEL_ROWS_MOST * IMP_NORM_STATE)

static size_t steady_floats(const struct imp_staging *s)
{
    return 3 * (size_t)s->in.width * (size_t)s->in.height;
}

uint32_t imp_applier_identity(const struct impasto_applier *applier)
{
    const struct impasto_apply_params *p = &applier->params;
    const struct imp_stylenet *net = &applier->net;
    const float numbers[] = {p->strength,      (float)p->size, p->stroke,
                             (float)p->colour, p->steady,      p->smooth};
    uint32_t sum = imp_checksum(0, net->parameters, net->rows.parameters * sizeof(float));
    sum = imp_checksum(sum, numbers, sizeof(numbers));
    return p->mix ? imp_checksum(sum, p->mix, p->mix_count * sizeof(float)) : sum;
}

/* The frame before, reduced; the statistics of the layers and of colours; the frame before,
 * steadied. */
size_t imp_applier_state_floats(const struct impasto_applier *applier, int width, int height)
{
    const int by = imp_recall_by(height, width);
    return 3 * (size_t)(height / by) * (size_t)(width / by) +
           (applier->params.smooth > 0 ? KEPT_FLOATS + IMP_TONE_STATE : 0) +
           (applier->params.steady > 0 ? 3 * (size_t)width * (size_t)height : 0);
}

enum impasto_status imp_applier_state_get(struct impasto_applier *applier, float *state,
                                          struct impasto_error *error)
{
    const struct imp_staging *s = &applier->staging;
    const struct imp_recall *recall = &applier->recall;
    const size_t small = imp_recall_small_floats(recall);
    enum impasto_status status = IMPASTO_OK;
    if (!recall->begun)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the last frame has failed: there is no state to keep");
    memcpy(state, recall->before, small * sizeof(float));
    state += small;
    if (applier->params.smooth > 0) {
        status = imp_buffer_read(recall->statistics, 0, state, KEPT_FLOATS * sizeof(float));
        memcpy(state + KEPT_FLOATS, recall->tone, sizeof(recall->tone));
        state += KEPT_FLOATS + IMP_TONE_STATE;
    }
    if (status == IMPASTO_OK && s->steady)
        status = imp_buffer_read(s->state, 0, state, steady_floats(s) * sizeof(float));
    return imp_lift(applier->device, status, error);
}

static enum impasto_status put(struct impasto_applier *applier, int width, int height,
                               const float *state)
{
    struct imp_staging *s = &applier->staging;
    struct imp_recall *recall = &applier->recall;
    IMP_TRY(imp_applier_open_film(applier, width, height));
    const size_t small = imp_recall_small_floats(recall);
    memcpy(recall->before, state, small * sizeof(float));
    state += small;
    if (applier->params.smooth > 0) {
        IMP_TRY(imp_buffer_write(recall->statistics, 0, state, KEPT_FLOATS * sizeof(float)));
        memcpy(recall->tone, state + KEPT_FLOATS, sizeof(recall->tone));
        state += KEPT_FLOATS + IMP_TONE_STATE;
    }
    if (s->steady)
        IMP_TRY(imp_buffer_write(s->state, 0, state, steady_floats(s) * sizeof(float)));
    recall->begun = true;
    recall->smooths = applier->params.smooth > 0;
    s->begun = s->steady;
    return IMPASTO_OK;
}

enum impasto_status imp_applier_state_put(struct impasto_applier *applier, int width, int height,
                                          const float *state, struct impasto_error *error)
{
    return imp_lift(applier->device, put(applier, width, height, state), error);
}
