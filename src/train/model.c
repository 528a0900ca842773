/* SPDX-License-Identifier: MIT */
/* What comes of a training: its model in a file. */

#include "train/train.h"

#include <math.h>

/* How it was trained; NULL: no memory. */
static json_t *describe(const struct impasto_train *train)
{
    const struct imp_verdicts *verdicts = &train->verdicts;
    const struct impasto_train_params params = imp_train_decided(train);
    json_t *training =
        json_pack("{s:s, s:o, s:i, s:s, s:s, s:o, s:i}", "impasto", impasto_version(), "settings",
                  imp_train_params_to_json(&params), "steps", train->step, "pictures",
                  train->photos.drawn ? "drawn scenes" : "photographs", "weights",
                  train->builtin ? "built-in" : "trained", "judgement",
                  isfinite(verdicts->best) ? json_real(verdicts->best) : json_null(), "judged_step",
                  verdicts->best_step);
    if (training && train->inputs && json_object_set(training, "inputs", train->inputs) != 0) {
        json_decref(training);
        return NULL;
    }
    return training;
}

static enum impasto_status save(struct impasto_train *train, const char *path, bool half)
{
    struct imp_stylenet *net = &train->net;
    const struct imp_buffer *best =
        isfinite(train->verdicts.best) ? train->learner.best : train->learner.average;
    json_t *training = describe(train);
    if (!training)
        return imp_device_fail_memory(train->device, "a model", 0);
    json_decref(net->training);
    net->training = training;
    IMP_TRY(imp_learner_read(&train->learner, best, net->parameters));
    return imp_stylenet_save(net, path, half, imp_device_error_place(train->device));
}

enum impasto_status impasto_train_save(struct impasto_train *train, const char *path, bool half,
                                       struct impasto_error *error)
{
    IMP_TRY(imp_train_check_whole(train, error));
    return imp_lift(train->device, save(train, path, half), error);
}
