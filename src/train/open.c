/* SPDX-License-Identifier: MIT */
/* Opening a training, from its beginning or from a checkpoint: pictures, network, memory, styles.
 */

#include "train/train.h"

#include "base/setting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Opening --------------------------------------------------------------------------------- */

/* Before its styles are read. */
static enum impasto_status check_task(const struct impasto_train_task *task,
                                      struct impasto_error *error)
{
    const size_t count = task->style_count;
    if (count < 1 || count > IMP_STYLES_MOST)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%zu styles are too %s; a network has 1 to %d",
                        count, count < 1 ? "few" : "many", IMP_STYLES_MOST);
    if (!task->styles)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the task has a style_count of %zu, and no styles; set both", count);
    return task->keep && !task->base
               ? imp_fail(error, IMPASTO_ERROR_USAGE,
                          "there is no base whose styles could be kept; name one")
               : IMPASTO_OK;
}

/* What callers hand over, in the structs of this version; *styles is to be freed, also after a
 * failure. */
static enum impasto_status take_task(const struct impasto_train_task *theirs,
                                     struct impasto_train_task *ours, void **styles,
                                     struct impasto_error *error)
{
    *ours = (struct impasto_train_task){0};
    IMP_TRY(imp_sized_take("impasto_train_task", theirs, ours, sizeof(*ours), error));
    IMP_TRY(check_task(ours, error));
    IMP_TRY(imp_sized_take_array("impasto_train_style", ours->styles, ours->style_count,
                                 sizeof(*ours->styles), styles, error));
    ours->styles = *styles;
    return IMPASTO_OK;
}

/* The network that judges, on the host, and the plan. */
static enum impasto_status plan(struct impasto_train *train, const struct impasto_weights *weights,
                                const struct impasto_train_task *task)
{
    struct imp_device *device = train->device;
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, true);
    int depth = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        if (losses.content_layers[l] > 0 || losses.style_layers[l] > 0)
            depth = l + 1;
    if (depth > weights->info.layers)
        return imp_device_fail(device, IMPASTO_ERROR_WEIGHTS,
                               "%s: has no %s (it ends with %s), which a training looks at; choose "
                               "complete weights",
                               weights->info.source, impasto_layer_name(depth - 1),
                               impasto_layer_name(weights->info.layers - 1));
    const struct imp_model_options options = {
        .layers = depth,
        .average = train->builtin,
        .edge = IMP_EDGE_REFLECT,
    };
    IMP_TRY(imp_model_init(&train->model, device, &weights->info, &options));
    imp_model_layout(&train->model, imp_device_caps(device), &train->weights);
    return imp_train_plan(train, task);
}

static void announce(const struct impasto_train *train)
{
    const struct imp_log *log = imp_train_log(train);
    const double mib = 1 << 20;
    const size_t learnt = train->photos.count - train->photos.held;
    imp_log(log, IMPASTO_LOG_INFO, "weights: %s%s", train->weights_source,
            train->builtin ? " (learned from drawn pictures, not ImageNet)" : "");
    imp_log(log, IMPASTO_LOG_INFO, "network: width %d, %zu parameters, begun from %s",
            train->net.shape.channels[0], train->net.rows.parameters,
            train->base ? train->base : "nothing");
    if (train->comm)
        imp_log(log, IMPASTO_LOG_INFO, "ranks: %d, each with its share of a step's crops",
                imp_comm_size(train->comm));
    if (train->photos.drawn)
        imp_log(log, IMPASTO_LOG_INFO, "training pictures: scenes, which the library draws");
    else
        imp_log(log, IMPASTO_LOG_INFO, "training pictures: %zu photographs%s", learnt,
                train->photos.left_out ? ", and some that were left out" : "");
    imp_log(log, IMPASTO_LOG_INFO, "memory: %.1f MiB on the device",
            (double)train->info.plan_bytes / mib);
}

static enum impasto_status take_inputs(struct impasto_train *train, const char *inputs)
{
    train->inputs = inputs ? json_loads(inputs, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return !inputs || (json_is_object(train->inputs) && strlen(inputs) <= IMPASTO_TRAIN_INPUTS_MOST)
               ? IMPASTO_OK
               : imp_device_fail(train->device, IMPASTO_ERROR_USAGE,
                                 "the inputs of a task must be a JSON object of at most %d bytes",
                                 IMPASTO_TRAIN_INPUTS_MOST);
}

static enum impasto_status begin(struct impasto_train *train, const struct impasto_train_task *task)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    const struct impasto_train_params *params = &train->params;
    const int taught = (int)task->style_count + params->identity;
    IMP_TRY(imp_train_begin(task, params, &train->net, &train->styles.first, &train->base_checksum,
                            error));
    train->base = task->base ? strdup(task->base) : NULL;
    if (task->base && !train->base)
        return imp_fail_memory(error, "a file name", 0);
    train->keep = task->keep;
    IMP_TRY(take_inputs(train, task->inputs));
    train->schedule = imp_train_schedule_make(params, !task->base, train->builtin, taught);
    imp_learner_init(&train->learner, train->device, &train->net.rows, task->keep);
    return IMPASTO_OK;
}

/* What is read: training pictures, and the weights, which go to the device. */
static enum impasto_status load(struct impasto_train *train, const struct impasto_weights *weights,
                                const struct impasto_train_task *task)
{
    struct imp_device *device = train->device;
    struct impasto_error *error = imp_device_error_place(device);
    IMP_TRY(imp_photos_open(task, &train->params, imp_judge_pictures(task, &train->params),
                            imp_train_log(train), &train->photos, error));
    IMP_TRY(imp_layout_allocate(&train->weights, device));
    return imp_model_load(&train->model, device, weights, error);
}

/* With the weights on the device: the styles and the parameters. */
static enum impasto_status prepare(struct impasto_train *train,
                                   const struct impasto_train_task *task,
                                   const struct impasto_train_checkpoint *from)
{
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, true);
    const struct imp_style_look look = {train->device, &train->model, &losses};
    IMP_TRY(imp_train_styles_capture(&train->styles, &look, task, &train->params,
                                     train->net.pictures + train->styles.first));
    if (from)
        IMP_TRY(imp_train_compare(train, from));
    IMP_TRY(imp_layout_allocate(&train->learning, train->device));
    IMP_TRY(imp_learner_begin(&train->learner, train->net.parameters));
    return from ? imp_train_restore(train, from) : IMPASTO_OK;
}

/* Where the training is known to be: the judge, and the first sitting. */
static enum impasto_status settle(struct impasto_train *train)
{
    IMP_TRY(imp_layout_allocate(&train->judging.layout, train->device));
    IMP_TRY(imp_sitting_expect(&train->judging, &train->photos));
    IMP_TRY(imp_gradients_open(train));
    return imp_train_sit(train);
}

/* What each rank finds out by itself, before any waits for another. */
static enum impasto_status look_at(struct impasto_train *train, struct impasto_device *device,
                                   const struct impasto_weights *weights,
                                   const struct impasto_train_task *task)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    train->builtin = weights->info.builtin;
    train->verdicts = (struct imp_verdicts){.last = NAN, .best = NAN, .mark = NAN};
    train->weights_source = strdup(weights->info.source);
    if (!train->weights_source)
        return imp_fail_memory(error, "a file name", 0);
    IMP_TRY(imp_train_check(&train->params, error));
    IMP_TRY(imp_train_check_batch(train));
    IMP_TRY(begin(train, task));
    IMP_TRY(imp_device_check(device, error));
    return plan(train, weights, task);
}

static enum impasto_status open_with(struct impasto_train *train, struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_train_task *task,
                                     const struct impasto_train_checkpoint *from)
{
    IMP_TRY(imp_train_tell(train, IMP_RANKS_TRAIN));
    IMP_TRY(imp_train_share_settings(train));
    IMP_TRY(imp_train_agree(train, look_at(train, device, weights, task)));
    if (train->only_plan)
        return IMPASTO_OK;
    IMP_TRY(imp_train_agree(train, load(train, weights, task)));
    IMP_TRY(imp_train_agree(train, prepare(train, task, from)));
    IMP_TRY(imp_train_share_place(train));
    IMP_TRY(imp_train_agree(train, settle(train)));
    announce(train);
    return IMPASTO_OK;
}

static enum impasto_status open_train(struct impasto_device *device,
                                      const struct impasto_weights *weights,
                                      const struct impasto_train_task *theirs,
                                      const struct impasto_train_params *params, bool only_plan,
                                      const struct impasto_train_checkpoint *from,
                                      struct impasto_train **train, struct impasto_error *error)
{
    struct impasto_train_task task;
    void *styles = NULL;
    IMP_TRY(imp_refuse_several(device->first != NULL, "a training", error));
    enum impasto_status status = take_task(theirs, &task, &styles, error);
    struct impasto_train *opened = NULL;
    if (status == IMPASTO_OK && !(opened = calloc(1, sizeof(*opened))))
        status = imp_fail_memory(error, "a training", sizeof(*opened));
    if (status == IMPASTO_OK) {
        opened->device = device->device;
        opened->params = *params;
        opened->only_plan = only_plan;
        status = imp_train_join(opened, device, error);
    }
    if (status == IMPASTO_OK)
        status = imp_lift(
            device->device,
            imp_train_take_part(opened, open_with(opened, device, weights, &task, from)), error);
    else
        imp_train_miss(device, status, error);
    free(styles);
    if (status == IMPASTO_OK)
        *train = opened;
    else
        impasto_train_close(&opened);
    return status;
}

static enum impasto_status open_anew(struct impasto_device *device,
                                     const struct impasto_weights *weights,
                                     const struct impasto_train_task *task,
                                     const struct impasto_train_params *params, bool only_plan,
                                     struct impasto_train **train, struct impasto_error *error)
{
    struct impasto_train_params taken = imp_train_usual();
    IMP_TRY(imp_sized_take("impasto_train_params", params, &taken, sizeof(taken), error));
    return open_train(device, weights, task, &taken, only_plan, NULL, train, error);
}

enum impasto_status impasto_train_open(struct impasto_device *device,
                                       const struct impasto_weights *weights,
                                       const struct impasto_train_task *task,
                                       const struct impasto_train_params *params,
                                       struct impasto_train **train, struct impasto_error *error)
{
    return open_anew(device, weights, task, params, false, train, error);
}

enum impasto_status impasto_train_plan(struct impasto_device *device,
                                       const struct impasto_weights *weights,
                                       const struct impasto_train_task *task,
                                       const struct impasto_train_params *params,
                                       struct impasto_train **train, struct impasto_error *error)
{
    return open_anew(device, weights, task, params, true, train, error);
}

enum impasto_status impasto_train_resume(struct impasto_device *device,
                                         const struct impasto_weights *weights,
                                         const struct impasto_train_task *task,
                                         const struct impasto_train_checkpoint *checkpoint,
                                         const struct impasto_train_params *params,
                                         struct impasto_train **train, struct impasto_error *error)
{
    struct impasto_train_params now = checkpoint->params;
    if (params) {
        now = imp_train_usual();
        IMP_TRY(imp_sized_take("impasto_train_params", params, &now, sizeof(now), error));
    }
    const char *difference = imp_train_difference(&now, &checkpoint->params);
    if (difference)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: was begun with another `%s`, which decides its result; leave it as it "
                        "was, or begin anew",
                        checkpoint->store.file.path, difference);
    return open_train(device, weights, task, &now, false, checkpoint, train, error);
}

void impasto_train_close(struct impasto_train **train)
{
    struct impasto_train *closed = train ? *train : NULL;
    if (!closed)
        return;
    imp_train_leave(closed);
    imp_gradients_close(&closed->gradients);
    imp_sitting_release(&closed->sitting);
    imp_sitting_release(&closed->judging);
    imp_layout_release(&closed->learning);
    imp_layout_release(&closed->weights);
    imp_train_styles_free(&closed->styles);
    imp_photos_free(&closed->photos);
    imp_stylenet_free(&closed->net);
    json_decref(closed->inputs);
    free(closed->base);
    free(closed->weights_source);
    free(closed->crop);
    imp_pair_close(&closed->pair);
    free(closed);
    *train = NULL;
}
