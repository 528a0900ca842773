/* SPDX-License-Identifier: MIT */
/* The judge: measures paintings of pictures that are never trained on, and keeps the best network.
 */

#include "train/train.h"

#include <math.h>
#include <stdlib.h>

/* With one style, so many pictures are judged; with more, one for each. */
#define LEAST 2
/* What counts as better. */
#define PROGRESS 0.01
/* Steps: the least patience, where it goes by the length of the training. */
#define LEAST_PATIENCE 100

size_t imp_judge_pictures(const struct impasto_train_task *task,
                          const struct impasto_train_params *params)
{
    const size_t taught = task->style_count + params->identity;
    return taught > LEAST ? taught : LEAST;
}

/* The mean over the held-back pictures, each in the style whose turn it is. */
static enum impasto_status measure(struct impasto_train *train, float *planes, double *judgement)
{
    const size_t count = train->photos.held;
    struct imp_sitting *sitting = &train->judging;
    double sum = 0;
    IMP_TRY(imp_pass_pack(&sitting->pass));
    for (size_t i = 0; i < count; i++) {
        struct imp_sitting_task task = {.planes = planes};
        struct imp_sitting_losses losses;
        IMP_TRY(imp_crop_judged(&train->photos, i, sitting->width, planes,
                                imp_device_error_place(train->device)));
        imp_train_styles_turn(&train->styles, i, train->schedule.style_weight, &task);
        IMP_TRY(imp_sitting_measure(sitting, &task, &losses));
        sum += (double)train->params.content_weight * losses.content +
               task.style_weight * losses.style;
    }
    *judgement = sum / (double)count;
    return IMPASTO_OK;
}

/* What is not finite is worse than anything. */
static enum impasto_status compare(struct impasto_train *train, double judgement)
{
    struct imp_verdicts *verdicts = &train->verdicts;
    verdicts->last = judgement;
    if (!isfinite(judgement))
        return IMPASTO_OK;
    if (!(judgement >= verdicts->mark * (1 - PROGRESS))) {
        verdicts->mark = judgement;
        verdicts->mark_step = train->step;
    }
    if (judgement >= verdicts->best) /* false of NAN: there was none */
        return IMPASTO_OK;
    verdicts->best = judgement;
    verdicts->best_step = train->step;
    return imp_learner_keep(&train->learner);
}

enum impasto_status imp_judge(struct impasto_train *train)
{
    const size_t side = (size_t)train->params.judge_size;
    double judgement;
    float *planes = malloc(3 * side * side * sizeof(*planes));
    if (!planes)
        return imp_device_fail_memory(train->device, "a picture", 3 * side * side * sizeof(float));
    const enum impasto_status status = measure(train, planes, &judgement);
    free(planes);
    IMP_TRY(status);
    return compare(train, judgement);
}

/* The longer a training is, the longer the rate stays high, and the judge sees little of what is
 * gained before it falls. */
int imp_judge_patience(const struct impasto_train *train)
{
    const int third = train->schedule.steps / 3;
    if (train->params.patience != IMPASTO_TRAIN_PATIENCE_AUTO)
        return train->params.patience;
    return third > LEAST_PATIENCE ? third : LEAST_PATIENCE;
}

bool imp_judge_is_tired(const struct impasto_train *train)
{
    const int patience = imp_judge_patience(train);
    return patience > 0 && isfinite(train->verdicts.mark) &&
           train->step - train->verdicts.mark_step >= patience;
}
