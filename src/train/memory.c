/* SPDX-License-Identifier: MIT */
/* A training's memory: what lasts, and what a size of crops takes. It is refused before anything is
 * computed. */

#include "train/train.h"

#include <stdlib.h>
#include <string.h>

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
    };
}

static enum impasto_status init_sitting(struct impasto_train *train, struct imp_sitting *sitting,
                                        int size)
{
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, true);
    const struct imp_sitting_options options = sitting_options(train, &losses, size, true);
    return imp_sitting_init(sitting, &options);
}

static enum impasto_status init_judging(struct impasto_train *train, struct imp_sitting *judging,
                                        int size)
{
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, false);
    const struct imp_sitting_options options = sitting_options(train, &losses, size, false);
    return imp_sitting_init(judging, &options);
}

/* Bytes of everything with these sittings, and the largest buffer. */
static uint64_t bytes_with(const struct impasto_train *train, const struct imp_sitting *judging,
                           const struct imp_sitting *sitting, uint64_t *largest)
{
    const struct imp_layout *parts[] = {&train->weights, &train->learning, &judging->layout,
                                        &sitting->layout};
    uint64_t sum = 0;
    *largest = 0;
    for (size_t i = 0; i < IMP_COUNT(parts); i++) {
        const uint64_t bytes = imp_layout_bytes(parts[i]), one = imp_layout_largest(parts[i]);
        sum = sum > UINT64_MAX - bytes ? UINT64_MAX : sum + bytes;
        *largest = one > *largest ? one : *largest;
    }
    return sum;
}

static uint64_t budget_of(const struct impasto_train *train)
{
    const struct imp_layout *parts[] = {&train->weights, &train->learning, &train->judging.layout,
                                        &train->sitting.layout};
    const uint64_t budget = imp_device_caps(train->device)->memory_budget;
    uint64_t others = imp_device_allocated(train->device);
    for (size_t i = 0; i < IMP_COUNT(parts); i++)
        others -= imp_layout_held(parts[i]);
    const uint64_t most = budget > others ? budget - others : 0;
    const uint64_t asked = train->params.memory;
    return asked > 0 && asked < most ? asked : most;
}

/* Sides of crops and of the judge's pictures. */
struct sides {
    int crop, judge;
};

/* Whether such sizes fit. *bytes: of everything. */
static enum impasto_status try_sizes(struct impasto_train *train, struct sides sides, bool *fit,
                                     uint64_t *bytes)
{
    struct imp_sitting sitting = {0}, judging = {0};
    uint64_t largest = 0;
    enum impasto_status status = init_judging(train, &judging, sides.judge);
    if (status == IMPASTO_OK)
        status = init_sitting(train, &sitting, sides.crop);
    *bytes = bytes_with(train, &judging, &sitting, &largest);
    *fit = *bytes <= budget_of(train) && largest <= imp_device_caps(train->device)->max_allocation;
    imp_sitting_release(&sitting);
    imp_sitting_release(&judging);
    return status;
}

/* Lowers one of the sizes, `*side`, until they fit. 0: they never do. */
static enum impasto_status lower(struct impasto_train *train, const struct sides *sides,
                                 const int *side, int *fitting)
{
    struct sides tried = *sides;
    int *varied = side == &sides->crop ? &tried.crop : &tried.judge;
    bool fit = false;
    uint64_t ignored;
    *fitting = 0;
    for (int size = (*side - 1) / 16 * 16; !fit && size >= IMP_SMALLEST_CROP; size -= 16) {
        *varied = size;
        IMP_TRY(try_sizes(train, tried, &fit, &ignored));
        *fitting = fit ? size : 0;
    }
    return IMPASTO_OK;
}

/* The judge's size comes first: no step depends on it. */
static enum impasto_status advise(struct impasto_train *train, const char *setting,
                                  const struct sides *sides, char *advice, size_t size)
{
    const struct impasto_train_params *params = &train->params;
    /* With the judge's size changed, all crops must fit. */
    const int late = params->late_share > 0 ? params->late_crop : 0;
    const struct sides most = {late > sides->crop ? late : sides->crop, sides->judge};
    const struct sides least = {sides->crop, IMP_SMALLEST_CROP};
    int fitting;
    IMP_TRY(lower(train, &most, &most.judge, &fitting));
    snprintf(advice, size, "`judge-size` %d would fit, or allow more `memory`", fitting);
    if (fitting)
        return IMPASTO_OK;
    IMP_TRY(lower(train, sides, &sides->crop, &fitting));
    snprintf(advice, size, "`%s` %d would fit, or allow more `memory`", setting, fitting);
    if (fitting)
        return IMPASTO_OK;
    IMP_TRY(lower(train, &least, &least.crop, &fitting));
    snprintf(advice, size, "`%s` %d with `judge-size` %d would fit, or allow more `memory`",
             setting, fitting, IMP_SMALLEST_CROP);
    if (fitting)
        return IMPASTO_OK;
    /* A base has its own width. */
    snprintf(advice, size, "allow more `memory`%s",
             train->schedule.scratch && params->width > 8 ? ", or try a smaller `width`" : "");
    return IMPASTO_OK;
}

/* IMPASTO_ERROR_MEMORY, with what would fit. */
static enum impasto_status refuse(struct impasto_train *train, const char *setting,
                                  const struct sides *sides, uint64_t bytes)
{
    const double mib = 1 << 20;
    char advice[160];
    IMP_TRY(advise(train, setting, sides, advice, sizeof(advice)));
    return imp_device_fail(
        train->device, IMPASTO_ERROR_MEMORY,
        "training with `judge-size` %d and `%s` %d takes %.0f MiB on the device, "
        "and %.0f MiB are allowed; %s",
        sides->judge, setting, sides->crop, (double)bytes / mib, (double)budget_of(train) / mib,
        advice);
}

static enum impasto_status check_size(struct impasto_train *train, const char *setting, int size)
{
    const struct sides sides = {size, train->params.judge_size};
    bool fit;
    uint64_t bytes;
    IMP_TRY(try_sizes(train, sides, &fit, &bytes));
    return fit ? IMPASTO_OK : refuse(train, setting, &sides, bytes);
}

enum impasto_status imp_train_plan(struct impasto_train *train)
{
    const struct impasto_train_params *params = &train->params;
    imp_learner_layout(&train->learner, &train->learning);
    if (params->late_share < 1)
        IMP_TRY(check_size(train, "crop", params->crop));
    if (params->late_share > 0)
        IMP_TRY(check_size(train, "late-crop", params->late_crop));
    return init_judging(train, &train->judging, params->judge_size);
}

/* ---- A sitting ------------------------------------------------------------------------------- */

/* Adds to the row of the purpose, which may be in another part, too. */
static void add_row(struct impasto_train *train, const struct impasto_plan_row *part)
{
    struct impasto_train_info *info = &train->info;
    size_t at = 0;
    while (at < info->plan_rows && strcmp(train->rows[at].purpose, part->purpose) != 0)
        at++;
    if (at == info->plan_rows)
        train->rows[info->plan_rows++] = *part;
    else
        train->rows[at].bytes += part->bytes;
    info->plan_bytes += part->bytes;
}

static void describe(struct impasto_train *train)
{
    const struct imp_layout *parts[] = {&train->weights, &train->learning, &train->judging.layout,
                                        &train->sitting.layout};
    train->info.plan = train->rows;
    train->info.plan_bytes = 0;
    train->info.plan_rows = 0;
    for (size_t i = 0; i < IMP_COUNT(parts); i++) {
        struct impasto_plan_row rows[IMP_TRAIN_ROWS];
        const size_t count =
            imp_layout_rows(parts[i], rows, IMP_TRAIN_ROWS - train->info.plan_rows);
        for (size_t k = 0; k < count; k++)
            add_row(train, &rows[k]);
    }
}

enum impasto_status imp_train_sit(struct impasto_train *train)
{
    const struct impasto_train_params *params = &train->params;
    const bool late = imp_train_is_late(&train->schedule, train->step);
    const int size = late ? params->late_crop : params->crop;
    imp_sitting_release(&train->sitting);
    if (train->done) {
        describe(train);
        return IMPASTO_OK;
    }
    IMP_TRY(init_sitting(train, &train->sitting, size));
    IMP_TRY(imp_layout_allocate(&train->sitting.layout, train->device));
    IMP_TRY(imp_sitting_expect(&train->sitting, &train->photos));
    float *crop = realloc(train->crop, 3 * (size_t)size * (size_t)size * sizeof(float));
    if (!crop)
        return imp_device_fail_memory(train->device, "a crop", 0);
    train->crop = crop;
    train->late = late;
    describe(train);
    return IMPASTO_OK;
}
