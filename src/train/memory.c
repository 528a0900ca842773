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

static enum impasto_status init_judging(struct impasto_train *train)
{
    const struct imp_loss_options losses =
        imp_train_losses(&train->params, &train->schedule, train->builtin, false);
    const struct imp_sitting_options options =
        sitting_options(train, &losses, train->params.judge_size, false);
    return imp_sitting_init(&train->judging, &options);
}

/* Bytes of everything with a sitting for the steps, and the largest buffer. */
static uint64_t bytes_with(const struct impasto_train *train, const struct imp_sitting *sitting,
                           uint64_t *largest)
{
    const struct imp_layout *parts[] = {&train->weights, &train->learning, &train->judging.layout,
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

/* Whether crops of that size fit. *bytes: of everything. */
static enum impasto_status try_size(struct impasto_train *train, int size, bool *fits,
                                    uint64_t *bytes)
{
    struct imp_sitting sitting = {0};
    uint64_t largest;
    const enum impasto_status status = init_sitting(train, &sitting, size);
    *bytes = bytes_with(train, &sitting, &largest);
    *fits = *bytes <= budget_of(train) && largest <= imp_device_caps(train->device)->max_allocation;
    imp_sitting_release(&sitting);
    return status;
}

/* IMPASTO_ERROR_MEMORY, with the largest crops that would fit. */
static enum impasto_status refuse(struct impasto_train *train, const char *setting, int size,
                                  uint64_t bytes)
{
    const double mib = 1 << 20;
    char advice[160] = "allow more `memory`, or try a smaller `width`";
    for (int smaller = (size - 1) / 16 * 16; smaller >= IMP_SMALLEST_CROP; smaller -= 16) {
        bool fits;
        uint64_t ignored;
        IMP_TRY(try_size(train, smaller, &fits, &ignored));
        if (!fits)
            continue;
        snprintf(advice, sizeof(advice), "`%s` %d would fit, or allow more `memory`", setting,
                 smaller);
        break;
    }
    return imp_device_fail(train->device, IMPASTO_ERROR_MEMORY,
                           "training with `%s` %d takes %.0f MiB on the device, and %.0f MiB are "
                           "allowed; %s",
                           setting, size, (double)bytes / mib, (double)budget_of(train) / mib,
                           advice);
}

static enum impasto_status check_size(struct impasto_train *train, const char *setting, int size)
{
    bool fits;
    uint64_t bytes;
    IMP_TRY(try_size(train, size, &fits, &bytes));
    return fits ? IMPASTO_OK : refuse(train, setting, size, bytes);
}

enum impasto_status imp_train_plan(struct impasto_train *train)
{
    const struct impasto_train_params *params = &train->params;
    imp_learner_layout(&train->learner, &train->learning);
    IMP_TRY(init_judging(train));
    if (params->late_share < 1)
        IMP_TRY(check_size(train, "crop", params->crop));
    return params->late_share > 0 ? check_size(train, "late-crop", params->late_crop) : IMPASTO_OK;
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
