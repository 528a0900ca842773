/* SPDX-License-Identifier: MIT */
/* The parameters that are learnt: Adam's step down their gradient, their average, and the best. */

#include "ops/element.h"
#include "ops/sums.h"
#include "train/train.h"

#include <math.h>

/* Sums are over whole vectors, and no device has wider ones. */
#define WIDEST 16

/* As the optimiser of single pictures has them, but for the longer memory that noisy gradients
 * need. */
#define BETA1 0.9f
#define BETA2 0.999f
#define EPSILON 1e-8f

enum { SUM_VALUES, SUM_MOMENT, SUMS };

void imp_learner_init(struct imp_learner *learner, struct imp_device *device,
                      const struct imp_model_rows *rows, bool norms_only)
{
    *learner = (struct imp_learner){
        .device = device,
        .parameters = rows->parameters,
        .norms = rows->norms,
        .floats = (int)((rows->parameters + WIDEST - 1) / WIDEST * WIDEST),
        .norms_only = norms_only,
    };
}

static size_t bytes_of(const struct imp_learner *learner)
{
    return (size_t)learner->floats * sizeof(float);
}

void imp_learner_layout(struct imp_learner *learner, struct imp_layout *layout)
{
    struct imp_buffer **const buffers[] = {
        &learner->values,     &learner->gradient,  &learner->mean, &learner->moments[0],
        &learner->moments[1], &learner->average,   &learner->best, &learner->before[0],
        &learner->before[1],  &learner->before[2],
    };
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_layout_add(layout, buffers[i], bytes_of(learner), "parameters");
    imp_layout_add(layout, &learner->sums, SUMS * IMP_PARTS * sizeof(float), "sums");
}

static enum impasto_status copy(const struct imp_learner *learner, const struct imp_buffer *from,
                                struct imp_buffer *to)
{
    return imp_buffer_copy(from, 0, to, 0, bytes_of(learner));
}

enum impasto_status imp_learner_begin(struct imp_learner *learner, const float *values)
{
    IMP_TRY(imp_buffer_write(learner->values, 0, values, learner->parameters * sizeof(float)));
    IMP_TRY(copy(learner, learner->values, learner->average));
    return copy(learner, learner->values, learner->best);
}

enum impasto_status imp_learner_clear_gradient(struct imp_learner *learner)
{
    return imp_buffer_zero(learner->gradient, 0, bytes_of(learner));
}

/* Shortens the pictures' sum to that many times the norm that their mean may have. */
static enum impasto_status shorten(struct imp_learner *learner, const struct imp_learner_step *step,
                                   double *norm)
{
    IMP_TRY(imp_clip(learner->device, learner->gradient, learner->floats,
                     (double)step->clip * step->batch, learner->sums, norm));
    *norm /= step->batch;
    return IMPASTO_OK;
}

static enum impasto_status remember(struct imp_learner *learner)
{
    IMP_TRY(copy(learner, learner->values, learner->before[0]));
    IMP_TRY(copy(learner, learner->moments[0], learner->before[1]));
    return copy(learner, learner->moments[1], learner->before[2]);
}

static enum impasto_status take_back(struct imp_learner *learner)
{
    learner->step--;
    IMP_TRY(copy(learner, learner->before[0], learner->values));
    IMP_TRY(copy(learner, learner->before[1], learner->moments[0]));
    return copy(learner, learner->before[2], learner->moments[1]);
}

/* Of the parameters from `at` on. */
static enum impasto_status move(struct imp_learner *learner, float rate, size_t at, size_t count)
{
    const struct imp_adam adam = {
        .learning_rate = rate,
        .beta1 = BETA1,
        .beta2 = BETA2,
        .epsilon = EPSILON,
        .bounds = {-INFINITY, INFINITY},
        .step = learner->step,
        .at = (int)at,
    };
    return imp_adam_step(learner->device, &adam, learner->values, learner->mean,
                         learner->moments[0], learner->moments[1], (int)count);
}

/* Whether values and moments are finite. Their squares are so, too, unless they are absurd. */
static enum impasto_status check(struct imp_learner *learner, bool *sound)
{
    double totals[SUMS];
    IMP_TRY(imp_sum_squares_flat(learner->device, learner->values, learner->floats, learner->sums,
                                 SUM_VALUES));
    IMP_TRY(imp_sum_squares_flat(learner->device, learner->moments[0], learner->floats,
                                 learner->sums, SUM_MOMENT));
    IMP_TRY(imp_sums_read(learner->device, learner->sums, SUMS, totals));
    *sound = isfinite(totals[SUM_VALUES]) && isfinite(totals[SUM_MOMENT]);
    return IMPASTO_OK;
}

static enum impasto_status move_all(struct imp_learner *learner,
                                    const struct imp_learner_step *step)
{
    const size_t norms = learner->norms, rest = learner->parameters - norms;
    learner->step++;
    if (!learner->norms_only)
        IMP_TRY(move(learner, step->rate, 0, norms));
    return move(learner, step->rate * step->norm_rate, norms, rest);
}

enum impasto_status imp_learner_step(struct imp_learner *learner,
                                     const struct imp_learner_step *step, double *norm, bool *sound)
{
    IMP_TRY(shorten(learner, step, norm));
    *sound = isfinite(*norm);
    if (!*sound)
        return IMPASTO_OK;
    IMP_TRY(imp_blend(learner->device, learner->mean, learner->gradient, learner->floats,
                      1 / (float)step->batch, false));
    IMP_TRY(remember(learner));
    IMP_TRY(move_all(learner, step));
    IMP_TRY(check(learner, sound));
    if (!*sound)
        return take_back(learner);
    return imp_approach(learner->device, learner->average, learner->values, learner->floats,
                        1 - step->average);
}

enum impasto_status imp_learner_keep(struct imp_learner *learner)
{
    return copy(learner, learner->average, learner->best);
}

enum impasto_status imp_learner_read(const struct imp_learner *learner,
                                     const struct imp_buffer *buffer, float *values)
{
    return imp_buffer_read(buffer, 0, values, learner->parameters * sizeof(float));
}
