/* SPDX-License-Identifier: MIT */
/* A training's memory: what lasts, and what a size of crops takes. It is refused before anything is
 * computed. */

#include "image/image.h"
#include "train/train.h"

#include <stdlib.h>

static struct imp_sitting_options sitting_options(struct impasto_train *train,
                                                  const struct imp_loss_options *losses, int size,
                                                  bool learns)
{
    return (struct imp_sitting_options){
        .device = train->device,
        .model = &train->model,
        .losses = losses,
        .shape = &train->net.shape,
        .parameters = learns ? &train->learner.values : &train->learner.average,
        .gradient = learns ? &train->learner.gradient : NULL,
        .height = size,
        .width = size,
        .keeps_transformed = learns && train->keeps_transformed,
        .middle_weight = train->params.steady_features,
    };
}

/* Held to the frame before, where that is asked for. */
static struct imp_loss_options losses_of(const struct impasto_train *train, bool bounded)
{
    struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, bounded);
    losses.temporal_weight = train->params.steady_weight;
    losses.earlier = train->params.steady_weight > 0;
    return losses;
}

static enum impasto_status init_sitting(struct impasto_train *train, struct imp_sitting *sitting,
                                        int size)
{
    const struct imp_loss_options losses = losses_of(train, true);
    const struct imp_sitting_options options = sitting_options(train, &losses, size, true);
    return imp_sitting_init(sitting, &options);
}

static enum impasto_status init_judging(struct impasto_train *train, struct imp_sitting *judging,
                                        int size)
{
    const struct imp_loss_options losses = losses_of(train, false);
    const struct imp_sitting_options options = sitting_options(train, &losses, size, false);
    return imp_sitting_init(judging, &options);
}

/* ---- What is needed -------------------------------------------------------------------------- */

/* What a training is planned for. */
struct planning {
    struct impasto_train *train;
    const struct impasto_train_task *task;
};

/* Sides of crops and of the judge's pictures. */
struct sides {
    int crop, judge;
};

/* The picture that is shown on the way. *painted: false where it has too few pixels. */
static enum impasto_status need_of_shown(const struct planning *planning, int judge,
                                         struct imp_train_need *need, bool *painted)
{
    const struct impasto_image *shown = planning->task->shown;
    struct imp_easel easel;
    *painted = true;
    if (!shown)
        return IMPASTO_OK;
    int width = shown->width, height = shown->height;
    imp_easel_size(judge, &width, &height);
    *painted = width >= IMP_MODEL_LEAST && height >= IMP_MODEL_LEAST;
    if (!*painted)
        return IMPASTO_OK;
    const enum impasto_status status = imp_easel_init(&easel, planning->train, width, height);
    imp_train_need_add(need, &easel.layout);
    imp_easel_release(&easel);
    return status;
}

/* Of the steps with crops of such a size. *possible: false where a picture has too few pixels. */
static enum impasto_status need_of_steps(const struct planning *planning, struct sides sides,
                                         struct imp_train_need *need, bool *possible)
{
    struct impasto_train *train = planning->train;
    struct imp_sitting sitting = {0}, judging = {0};
    *need = (struct imp_train_need){0};
    *possible = false;
    enum impasto_status status = init_judging(train, &judging, sides.judge);
    if (status == IMPASTO_OK)
        status = init_sitting(train, &sitting, sides.crop);
    imp_train_need_add(need, &train->weights);
    imp_train_need_add(need, &train->learning);
    imp_train_need_add(need, &judging.layout);
    imp_train_need_add(need, &sitting.layout);
    if (imp_device_caps(train->device)->unified)
        imp_train_need_add_bytes(need, "gradients of crops", imp_gradients_bytes(train));
    if (status == IMPASTO_OK)
        status = need_of_shown(planning, sides.judge, need, possible);
    imp_sitting_release(&sitting);
    imp_sitting_release(&judging);
    return status;
}

/* Of looking at the styles, before the steps. *possible: as above. */
static enum impasto_status need_of_styles(const struct planning *planning, int size,
                                          struct imp_train_need *need, bool *possible)
{
    struct impasto_train *train = planning->train;
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, true);
    const struct imp_style_look look = {train->device, &train->model, &losses};
    const enum impasto_status status = imp_train_styles_need(&look, planning->task, size, need);
    imp_train_need_add(need, &train->weights);
    *possible = status == IMPASTO_OK;
    return status == IMPASTO_ERROR_INPUT ? IMPASTO_OK : status;
}

/* ---- What is there --------------------------------------------------------------------------- */

/* Before any of the training's own is allocated. */
static uint64_t budget_of(const struct impasto_train *train)
{
    const uint64_t budget = imp_device_caps(train->device)->memory_budget;
    const uint64_t others = imp_device_allocated(train->device);
    const uint64_t most = budget > others ? budget - others : 0;
    const uint64_t asked = train->params.memory;
    return asked > 0 && asked < most ? asked : most;
}

static bool is_there(const struct impasto_train *train, const struct imp_train_need *need)
{
    return need->bytes <= budget_of(train) &&
           need->largest <= imp_device_caps(train->device)->max_allocation;
}

/* ---- What would fit -------------------------------------------------------------------------- */

/* Lowers one of the sizes, `*side`, until they fit. *fitting: 0: they never do. */
static enum impasto_status lower(const struct planning *planning, const struct sides *sides,
                                 const int *side, int *fitting)
{
    struct sides tried = *sides;
    int *varied = side == &sides->crop ? &tried.crop : &tried.judge;
    *fitting = 0;
    for (int size = (*side - 1) / 16 * 16; !*fitting && size >= IMP_SMALLEST_CROP; size -= 16) {
        struct imp_train_need need;
        bool possible;
        *varied = size;
        IMP_TRY(need_of_steps(planning, tried, &need, &possible));
        *fitting = possible && is_there(planning->train, &need) ? size : 0;
    }
    return IMPASTO_OK;
}

/* Likewise the size of the style pictures. */
static enum impasto_status lower_style(const struct planning *planning, int from, int *fitting)
{
    *fitting = 0;
    for (int size = (from - 1) / 16 * 16; !*fitting && size >= IMP_SMALLEST_CROP; size -= 16) {
        struct imp_train_need need;
        bool possible;
        IMP_TRY(need_of_styles(planning, size, &need, &possible));
        *fitting = possible && is_there(planning->train, &need) ? size : 0;
    }
    return IMPASTO_OK;
}

/* The judge's size comes first: no step depends on it. */
static enum impasto_status advise(const struct planning *planning, const char *setting,
                                  const struct sides *sides, char *advice, size_t size)
{
    const struct impasto_train *train = planning->train;
    const struct impasto_train_params *params = &train->params;
    /* With the judge's size changed, all crops must fit. */
    const int late = params->late_share > 0 ? params->late_crop : 0;
    const struct sides most = {late > sides->crop ? late : sides->crop, sides->judge};
    const struct sides least = {sides->crop, IMP_SMALLEST_CROP};
    int fitting;
    IMP_TRY(lower(planning, &most, &most.judge, &fitting));
    snprintf(advice, size, "`judge-size` %d would fit, or allow more `memory`", fitting);
    if (fitting)
        return IMPASTO_OK;
    IMP_TRY(lower(planning, sides, &sides->crop, &fitting));
    snprintf(advice, size, "`%s` %d would fit, or allow more `memory`", setting, fitting);
    if (fitting)
        return IMPASTO_OK;
    IMP_TRY(lower(planning, &least, &least.crop, &fitting));
    snprintf(advice, size, "`%s` %d with `judge-size` %d would fit, or allow more `memory`",
             setting, fitting, IMP_SMALLEST_CROP);
    if (fitting)
        return IMPASTO_OK;
    /* A base has its own width. */
    snprintf(advice, size, "allow more `memory`%s%s",
             train->schedule.scratch && params->width > 8 ? ", or try a smaller `width`" : "",
             params->reproducible ? ", or try a smaller `batch` and `late-batch`" : "");
    return IMPASTO_OK;
}

/* ---- The plan -------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_MEMORY, with what would fit. */
static enum impasto_status refuse(const struct planning *planning, const char *setting,
                                  const struct sides *sides, uint64_t bytes)
{
    const double mib = 1 << 20;
    char advice[160];
    IMP_TRY(advise(planning, setting, sides, advice, sizeof(advice)));
    return imp_device_fail(
        planning->train->device, IMPASTO_ERROR_MEMORY,
        "training with `judge-size` %d and `%s` %d takes %.0f MiB on the device%s, "
        "and %.0f MiB are allowed; %s",
        sides->judge, setting, sides->crop, (double)bytes / mib,
        planning->task->shown ? ", with the picture to be shown" : "",
        (double)budget_of(planning->train) / mib, advice);
}

static enum impasto_status refuse_styles(const struct planning *planning, uint64_t bytes)
{
    const double mib = 1 << 20;
    const int size = planning->train->params.style_size;
    char advice[64] = "";
    int fitting;
    IMP_TRY(lower_style(planning, size, &fitting));
    if (fitting)
        snprintf(advice, sizeof(advice), "`style-size` %d would fit, or ", fitting);
    return imp_device_fail(planning->train->device, IMPASTO_ERROR_MEMORY,
                           "looking at the styles with `style-size` %d takes %.0f MiB on the "
                           "device, and %.0f MiB are allowed; %sallow more `memory`",
                           size, (double)bytes / mib, (double)budget_of(planning->train) / mib,
                           advice);
}

/* What takes the most is the plan. */
static void keep_most(struct impasto_train *train, const struct imp_train_need *need,
                      const char *moment)
{
    if (need->bytes <= train->need.bytes)
        return;
    train->need = *need;
    train->info.plan_moment = moment;
}

static enum impasto_status check_steps(const struct planning *planning, const char *setting,
                                       int crop, const char *moment)
{
    const int judge = planning->train->params.judge_size;
    const struct sides sides = {crop, judge};
    const struct impasto_image *shown = planning->task->shown;
    struct imp_train_need need;
    bool possible;
    IMP_TRY(need_of_steps(planning, sides, &need, &possible));
    if (!possible)
        return imp_device_fail(planning->train->device, IMPASTO_ERROR_USAGE,
                               "%s: has %dx%d pixels, and at `judge-size` %d too few on one side "
                               "for a style network, which needs %d",
                               shown->name ? shown->name : "the picture to be shown", shown->width,
                               shown->height, judge, IMP_MODEL_LEAST);
    if (!is_there(planning->train, &need))
        return refuse(planning, setting, &sides, need.bytes);
    keep_most(planning->train, &need, moment);
    return IMPASTO_OK;
}

static enum impasto_status check_styles(const struct planning *planning)
{
    struct imp_train_need need;
    bool possible;
    IMP_TRY(need_of_styles(planning, planning->train->params.style_size, &need, &possible));
    if (!possible)
        return IMPASTO_ERROR_INPUT; /* as the error says */
    if (!is_there(planning->train, &need))
        return refuse_styles(planning, need.bytes);
    keep_most(planning->train, &need, "looking at the styles");
    return IMPASTO_OK;
}

static enum impasto_status check_all(const struct planning *planning)
{
    const struct impasto_train_params *params = &planning->train->params;
    planning->train->need = (struct imp_train_need){0};
    if (params->late_share < 1)
        IMP_TRY(check_steps(planning, "crop", params->crop, "steps"));
    if (params->late_share > 0)
        IMP_TRY(check_steps(planning, "late-crop", params->late_crop, "late steps"));
    return check_styles(planning);
}

enum impasto_status imp_train_plan(struct impasto_train *train,
                                   const struct impasto_train_task *task)
{
    const struct planning planning = {train, task};
    const struct impasto_train_params *params = &train->params;
    imp_learner_layout(&train->learner, &train->learning);
    train->keeps_transformed = true;
    enum impasto_status status = check_all(&planning);
    if (status == IMPASTO_ERROR_MEMORY) {
        train->keeps_transformed = false;
        status = check_all(&planning);
    }
    IMP_TRY(status);
    train->info.plan = train->need.row;
    train->info.plan_rows = train->need.rows;
    train->info.plan_bytes = train->need.bytes;
    return init_judging(train, &train->judging, params->judge_size);
}

/* ---- A sitting ------------------------------------------------------------------------------- */

enum impasto_status imp_train_sit(struct impasto_train *train)
{
    const struct impasto_train_params *params = &train->params;
    const bool late = imp_train_is_late(&train->schedule, train->step);
    const int size = late ? params->late_crop : params->crop;
    imp_sitting_release(&train->sitting);
    if (train->done)
        return IMPASTO_OK;
    IMP_TRY(init_sitting(train, &train->sitting, size));
    IMP_TRY(imp_layout_allocate(&train->sitting.layout, train->device));
    IMP_TRY(imp_sitting_expect(&train->sitting, &train->photos));
    float *crop = realloc(train->crop, 3 * (size_t)size * (size_t)size * sizeof(float));
    if (!crop)
        return imp_device_fail_memory(train->device, "a crop", 0);
    train->crop = crop;
    imp_pair_close(&train->pair);
    if (params->steady_weight > 0)
        IMP_TRY(imp_pair_open(&train->pair, size, imp_device_error_place(train->device)));
    train->late = late;
    return IMPASTO_OK;
}
