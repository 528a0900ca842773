/* SPDX-License-Identifier: MIT */
/*
 * Ranks that train one network. Each has all of the network, looks at its share of a step's crops,
 * and moves the network by the gradient of all of them. The first decides how long it takes, and
 * saves. What it asks for by impasto_train_step, the others do in serve.c.
 *
 * Decisions rest on numbers that are the same on all ranks: losses of crops and judgements of
 * pictures are gathered, and added up by each in the order of crops and pictures.
 */

#include "train/train.h"
#include "vgg/band.h"

#include <stdlib.h>
#include <string.h>

/* ---- The lines ------------------------------------------------------------------------------- */

bool imp_train_follows(const struct impasto_train *train)
{
    return train->comm && imp_comm_rank(train->comm) > 0;
}

const struct imp_log *imp_train_log(const struct impasto_train *train)
{
    return imp_train_follows(train) ? NULL : imp_device_log(train->device);
}

/* Carries a failure of the lines to the device's error. */
static enum impasto_status lift(const struct impasto_train *train, enum impasto_status status)
{
    return status == IMPASTO_OK
               ? status
               : imp_device_fail(train->device, status, "%s", imp_comm_error(train->comm)->message);
}

enum impasto_status imp_train_share(const struct impasto_train *train, void *bytes, size_t size)
{
    return train->comm ? lift(train, imp_comm_broadcast(train->comm, bytes, size, 0)) : IMPASTO_OK;
}

enum impasto_status imp_train_agree(struct impasto_train *train, enum impasto_status mine)
{
    if (!train->comm)
        return mine;
    const enum impasto_status status = imp_ranks_agree(train->comm, train->device, mine);
    train->agreed = train->agreed || status != IMPASTO_OK;
    return status;
}

struct imp_train_part imp_train_part(const struct impasto_train *train, size_t count)
{
    const size_t size = (size_t)imp_train_ranks(train);
    const size_t rank = train->comm ? (size_t)imp_comm_rank(train->comm) : 0;
    return (struct imp_train_part){count * rank / size, count * (rank + 1) / size};
}

enum impasto_status imp_train_gather(const struct impasto_train *train, double *values,
                                     size_t count, size_t width)
{
    size_t counts[IMPASTO_RANKS];
    if (!train->comm)
        return IMPASTO_OK;
    const size_t size = (size_t)imp_comm_size(train->comm);
    const struct imp_train_part own = imp_train_part(train, count);
    double *said = malloc((own.end - own.begin + 1) * width * sizeof(*said));
    if (!said)
        return imp_device_fail_memory(train->device, "losses", 0);
    for (size_t rank = 0; rank < size; rank++)
        counts[rank] = (count * (rank + 1) / size - count * rank / size) * width;
    memcpy(said, values + own.begin * width, (own.end - own.begin) * width * sizeof(*said));
    const enum impasto_status status = imp_comm_gather(train->comm, said, values, counts);
    free(said);
    return lift(train, status);
}

enum impasto_status imp_train_sum(const struct impasto_train *train, int64_t *values, size_t count)
{
    if (!train->comm)
        return IMPASTO_OK;
    IMP_TRY(lift(train, imp_comm_sum_begin(train->comm, values, count)));
    return lift(train, imp_comm_sum_end(train->comm));
}

/* ---- Working --------------------------------------------------------------------------------- */

enum impasto_status imp_train_tell(struct impasto_train *train, int call)
{
    return train->comm && !imp_train_follows(train)
               ? lift(train, imp_comm_await(train->comm, &call, sizeof(call)))
               : IMPASTO_OK;
}

/* Numbers that are not finite are met by all ranks at the same time. Of any other failure that was
 * not agreed on the others must hear, or they would wait. */
enum impasto_status imp_train_take_part(struct impasto_train *train, enum impasto_status status)
{
    if (train->comm && status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC && !train->agreed)
        imp_comm_fail(train->comm, status, imp_device_error(train->device)->message);
    return status;
}

/* ---- Opening --------------------------------------------------------------------------------- */

enum impasto_status imp_train_join(struct impasto_train *train, struct impasto_device *device,
                                   struct impasto_error *error)
{
    if (!device->ranks)
        return IMPASTO_OK;
    if (device->ranks->at_work)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "one job or training at a time with ranks; close the one that is open "
                        "before");
    train->ranks = device->ranks;
    train->ranks->at_work = true;
    train->comm = train->ranks->comm;
    return IMPASTO_OK;
}

void imp_train_miss(const struct impasto_device *device, enum impasto_status status,
                    const struct impasto_error *error)
{
    if (device->ranks && imp_comm_rank(device->ranks->comm) > 0)
        imp_comm_fail(device->ranks->comm, status, error->message);
}

void imp_train_leave(struct impasto_train *train)
{
    (void)imp_train_tell(train, IMP_RANKS_LEAVE);
    if (train->ranks)
        train->ranks->at_work = false;
    train->ranks = NULL;
    train->comm = NULL;
}

enum impasto_status imp_train_share_settings(struct impasto_train *train)
{
    struct {
        struct impasto_train_params params;
        bool only_plan;
    } said;
    memset(&said, 0, sizeof(said)); /* all bytes of it are sent, here and below */
    said.params = train->params;
    said.only_plan = train->only_plan;
    IMP_TRY(imp_train_share(train, &said, sizeof(said)));
    train->params = said.params;
    train->only_plan = said.only_plan;
    return IMPASTO_OK;
}

enum impasto_status imp_train_check_batch(const struct impasto_train *train)
{
    const struct impasto_train_params *p = &train->params;
    const int ranks = imp_train_ranks(train);
    const bool early = p->late_share < 1 && p->batch < ranks;
    const bool late = p->late_share > 0 && p->late_batch < ranks;
    if (!early && !late)
        return IMPASTO_OK;
    return imp_device_fail(train->device, IMPASTO_ERROR_USAGE,
                           "`%s` is %d, and there are %d ranks, of which each looks at a crop or "
                           "more in a step; start fewer ranks, or begin a training with more crops",
                           early ? "batch" : "late-batch", early ? p->batch : p->late_batch, ranks);
}

/* What decides how a training goes on, beside the numbers on the device. */
struct place {
    uint64_t position;
    struct imp_verdicts verdicts;
    int step, steps, adam, failures;
    bool done, fixed;
};

static enum impasto_status share_place(struct impasto_train *train)
{
    struct place place;
    memset(&place, 0, sizeof(place));
    place.position = train->position;
    place.verdicts = train->verdicts;
    place.step = train->step;
    place.steps = train->schedule.steps;
    place.adam = train->learner.step;
    place.failures = train->failures;
    place.done = train->done;
    place.fixed = train->fixed;
    IMP_TRY(imp_train_share(train, &place, sizeof(place)));
    train->position = place.position;
    train->verdicts = place.verdicts;
    train->step = place.step;
    train->schedule.steps = place.steps;
    train->learner.step = place.adam;
    train->failures = place.failures;
    train->done = place.done;
    train->fixed = place.fixed;
    return IMPASTO_OK;
}

static enum impasto_status share_buffer(struct impasto_train *train, struct imp_buffer *buffer,
                                        float *values)
{
    const size_t size = (size_t)train->learner.floats * sizeof(float);
    IMP_TRY(imp_buffer_read(buffer, 0, values, size));
    IMP_TRY(imp_train_share(train, values, size));
    return imp_train_follows(train) ? imp_buffer_write(buffer, 0, values, size) : IMPASTO_OK;
}

enum impasto_status imp_train_share_learnt(struct impasto_train *train)
{
    const struct imp_learner *learner = &train->learner;
    struct imp_buffer *const buffers[] = {learner->values, learner->average, learner->best,
                                          learner->moments[0], learner->moments[1]};
    enum impasto_status status = IMPASTO_OK;
    if (!train->comm)
        return IMPASTO_OK;
    float *values = malloc((size_t)learner->floats * sizeof(*values));
    if (!values)
        return imp_device_fail_memory(train->device, "parameters", 0);
    for (size_t i = 0; i < IMP_COUNT(buffers) && status == IMPASTO_OK; i++)
        status = share_buffer(train, buffers[i], values);
    free(values);
    return status;
}

/* The longest text of a training's inputs. */
#define INPUTS 4096

static enum impasto_status describe_inputs(const struct impasto_train *train, char text[INPUTS])
{
    json_t *inputs = imp_train_describe_inputs(train);
    char *dumped = inputs ? json_dumps(inputs, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    memset(text, 0, INPUTS);
    const int length = dumped ? snprintf(text, INPUTS, "%s", dumped) : -1;
    free(dumped);
    json_decref(inputs);
    return length > 0 && length < INPUTS
               ? IMPASTO_OK
               : imp_device_fail_memory(train->device, "checksums of pictures", 0);
}

/* Whether what this rank has read is what the first has. */
static enum impasto_status compare_inputs(const struct impasto_train *train,
                                          const char first[INPUTS])
{
    json_t *then = json_loads(first, 0, NULL);
    const char *what = NULL;
    enum impasto_status status = imp_train_other_input(train, then, &what);
    json_decref(then);
    return !what ? status
                 : imp_device_fail(train->device, status,
                                   "has %s than rank 0; give all ranks the same", what);
}

enum impasto_status imp_train_share_place(struct impasto_train *train)
{
    char inputs[INPUTS];
    if (!train->comm)
        return IMPASTO_OK;
    IMP_TRY(imp_train_agree(train, describe_inputs(train, inputs)));
    IMP_TRY(imp_train_share(train, inputs, sizeof(inputs)));
    IMP_TRY(imp_train_agree(train,
                            imp_train_follows(train) ? compare_inputs(train, inputs) : IMPASTO_OK));
    IMP_TRY(share_place(train));
    return imp_train_share_learnt(train);
}
