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

/* Room for what one picture takes. */
struct room {
    double *judgements; /* of all pictures */
    float *planes;
    struct imp_pair pair; /* zeroed where the network does not learn to hold still */
};

static enum impasto_status show(struct impasto_train *train, size_t index, struct room *room,
                                struct imp_sitting_task *task)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    *task = (struct imp_sitting_task){.planes = room->planes};
    if (!room->pair.block)
        return imp_crop_judged(&train->photos, index, train->judging.width, room->planes, error);
    task->pair = &room->pair;
    task->planes = room->pair.now;
    return imp_pair_judged(&train->photos, index, &room->pair, error);
}

/* The held-back pictures, each in the style whose turn it is. */
static enum impasto_status measure(struct impasto_train *train, struct room *room)
{
    const size_t count = train->photos.held;
    const struct imp_train_part part = imp_train_part(train, count);
    const struct impasto_train_params *params = &train->params;
    struct imp_sitting *sitting = &train->judging;
    IMP_TRY(imp_pass_pack(&sitting->pass));
    for (size_t i = part.begin; i < part.end; i++) {
        struct imp_sitting_task task;
        struct imp_sitting_losses losses;
        IMP_TRY(show(train, i, room, &task));
        imp_train_styles_turn(&train->styles, i, train->schedule.style_weight, &task);
        IMP_TRY(imp_sitting_measure(sitting, &task, &losses));
        room->judgements[i] = (double)params->content_weight * losses.content +
                              task.style_weight * losses.style +
                              (double)params->steady_weight * losses.steady;
    }
    return imp_train_gather(train, room->judgements, count, 1);
}

static double mean_of(const double *judgements, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += judgements[i];
    return sum / (double)count;
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

static enum impasto_status make_room(const struct impasto_train *train, struct room *room)
{
    const size_t side = (size_t)train->params.judge_size;
    room->planes = malloc(3 * side * side * sizeof(float));
    room->judgements = malloc(train->photos.held * sizeof(double));
    if (!room->planes || !room->judgements)
        return imp_device_fail_memory(train->device, "a picture", 3 * side * side * sizeof(float));
    return train->judging.holds
               ? imp_pair_open(&room->pair, (int)side, imp_device_error_place(train->device))
               : IMPASTO_OK;
}

enum impasto_status imp_judge(struct impasto_train *train)
{
    struct room room = {0};
    double judgement = (double)NAN;
    IMP_TRY(imp_train_share_learnt(train));
    enum impasto_status status = make_room(train, &room);
    if (status == IMPASTO_OK)
        status = measure(train, &room);
    if (status == IMPASTO_OK)
        judgement = mean_of(room.judgements, train->photos.held);
    imp_pair_close(&room.pair);
    free(room.planes);
    free(room.judgements);
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
