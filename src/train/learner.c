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
        &learner->values,     &learner->gradient, &learner->mean, &learner->moments[0],
        &learner->moments[1], &learner->average,  &learner->best,
    };
    for (size_t i = 0; i < IMP_COUNT(buffers); i++)
        imp_layout_add(layout, buffers[i], bytes_of(learner), "parameters");
    for (int i = 0; i < IMP_LEARNT; i++)
        imp_layout_add(layout, &learner->before[i], bytes_of(learner), "parameters");
    imp_layout_add(layout, &learner->sums, IMP_LEARNT * IMP_PARTS * sizeof(float), "sums");
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

/* What a step changes, and the next one builds on. */
static void list_learnt(const struct imp_learner *learner, struct imp_buffer *learnt[IMP_LEARNT])
{
    learnt[0] = learner->values;
    learnt[1] = learner->moments[0];
    learnt[2] = learner->moments[1];
    learnt[3] = learner->average;
}

static enum impasto_status remember(struct imp_learner *learner)
{
    struct imp_buffer *learnt[IMP_LEARNT];
    list_learnt(learner, learnt);
    for (int i = 0; i < IMP_LEARNT; i++)
        IMP_TRY(copy(learner, learnt[i], learner->before[i]));
    return IMPASTO_OK;
}

static enum impasto_status take_back(struct imp_learner *learner)
{
    struct imp_buffer *learnt[IMP_LEARNT];
    list_learnt(learner, learnt);
    learner->step--;
    for (int i = 0; i < IMP_LEARNT; i++)
        IMP_TRY(copy(learner, learner->before[i], learnt[i]));
    return IMPASTO_OK;
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

/* Whether all that was learnt is finite. What is not would stay in it, and in checkpoints. */
static enum impasto_status check(struct imp_learner *learner, bool *sound)
{
    struct imp_buffer *learnt[IMP_LEARNT];
    double counts[IMP_LEARNT];
    list_learnt(learner, learnt);
    for (int i = 0; i < IMP_LEARNT; i++)
        IMP_TRY(
            imp_count_not_finite(learner->device, learnt[i], learner->floats, learner->sums, i));
    IMP_TRY(imp_sums_read(learner->device, learner->sums, IMP_LEARNT, counts));
    *sound = true;
    for (int i = 0; i < IMP_LEARNT; i++)
        *sound = *sound && counts[i] == 0;
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
    IMP_TRY(imp_approach(learner->device, learner->average, learner->values, learner->floats,
                         1 - step->average));
    IMP_TRY(check(learner, sound));
    return *sound ? IMPASTO_OK : take_back(learner);
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
