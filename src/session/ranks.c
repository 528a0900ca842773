/* SPDX-License-Identifier: MIT */
/* Processes that paint one picture together: the lines between them, and their devices. */

#include "session/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The lines ------------------------------------------------------------------------------- */

int impasto_ranks_launched(void)
{
    return imp_comm_launched();
}

int impasto_ranks_apart(void)
{
    return imp_comm_apart();
}

static enum impasto_status lift(const struct impasto_ranks *ranks, enum impasto_status status,
                                struct impasto_error *error)
{
    return status == IMPASTO_OK
               ? status
               : imp_fail(error, status, "%s", imp_comm_error(ranks->comm)->message);
}

/* What must be the same for ranks to understand one another: version, kernels, and numbers' size.
 */
static void describe(char text[IMP_DEVICE_KEY])
{
    const struct impasto_device_info none = {0};
    imp_device_key(&none, text);
    const size_t used = strlen(text);
    snprintf(text + used, IMP_DEVICE_KEY - used, " %zu", sizeof(size_t));
}

static enum impasto_status compare(struct impasto_ranks *ranks, struct impasto_error *error)
{
    char own[IMP_DEVICE_KEY] = "", first[IMP_DEVICE_KEY];
    enum impasto_status status = IMPASTO_OK;
    describe(own);
    memcpy(first, own, sizeof(first));
    IMP_TRY(impasto_ranks_share(ranks, first, sizeof(first), error));
    if (imp_comm_size(ranks->comm) > IMPASTO_RANKS)
        status = imp_fail(error, IMPASTO_ERROR_USAGE, "%d ranks are too many; start %d at the most",
                          imp_comm_size(ranks->comm), IMPASTO_RANKS);
    else if (memcmp(first, own, sizeof(first)) != 0)
        status = imp_fail(error, IMPASTO_ERROR_USAGE,
                          "has another version of Impasto than rank 0; install the same on all "
                          "machines");
    return impasto_ranks_agree(ranks, status, error);
}

enum impasto_status impasto_ranks_open(struct impasto_ranks **ranks, struct impasto_error *error)
{
    struct impasto_ranks *opened = calloc(1, sizeof(*opened));
    *ranks = NULL;
    if (!opened)
        return imp_fail_memory(error, "the lines between ranks", sizeof(*opened));
    enum impasto_status status = imp_comm_mpi_open(true, &opened->comm, error);
    if (status == IMPASTO_OK)
        status = compare(opened, error);
    if (status == IMPASTO_OK)
        *ranks = opened;
    else
        impasto_ranks_close(&opened);
    return status;
}

void impasto_ranks_close(struct impasto_ranks **ranks)
{
    if (!ranks || !*ranks)
        return;
    imp_comm_close((*ranks)->comm);
    free(*ranks);
    *ranks = NULL;
}

int impasto_ranks_rank(const struct impasto_ranks *ranks)
{
    return imp_comm_rank(ranks->comm);
}

int impasto_ranks_size(const struct impasto_ranks *ranks)
{
    return imp_comm_size(ranks->comm);
}

int impasto_ranks_local(const struct impasto_ranks *ranks)
{
    return imp_comm_local_rank(ranks->comm);
}

enum impasto_status impasto_ranks_agree(struct impasto_ranks *ranks, enum impasto_status mine,
                                        struct impasto_error *error)
{
    const struct impasto_error own = mine == IMPASTO_OK ? (struct impasto_error){0} : *error;
    struct impasto_error agreed = own;
    const enum impasto_status status = imp_comm_agree(ranks->comm, mine, &agreed);
    if (status == IMPASTO_OK)
        return status;
    /* The first rank's failure comes first, and whoever started it knows whose it is. */
    return imp_fail(error, status, "%s",
                    mine != IMPASTO_OK && imp_comm_rank(ranks->comm) == 0 ? own.message
                                                                          : agreed.message);
}

enum impasto_status impasto_ranks_share(struct impasto_ranks *ranks, void *bytes, size_t size,
                                        struct impasto_error *error)
{
    return lift(ranks, imp_comm_await(ranks->comm, bytes, size), error);
}

enum impasto_status impasto_ranks_send(struct impasto_ranks *ranks, int to, const void *bytes,
                                       size_t size, struct impasto_error *error)
{
    return lift(ranks, imp_comm_send(ranks->comm, to, bytes, size), error);
}

enum impasto_status impasto_ranks_receive(struct impasto_ranks *ranks, int from, void *bytes,
                                          size_t size, struct impasto_error *error)
{
    return lift(ranks, imp_comm_receive(ranks->comm, from, bytes, size), error);
}

enum impasto_status impasto_ranks_sent(struct impasto_ranks *ranks, int to, bool waits,
                                       bool *arrived, struct impasto_error *error)
{
    return lift(ranks, imp_comm_sent(ranks->comm, to, waits, arrived), error);
}

enum impasto_status impasto_ranks_received(struct impasto_ranks *ranks, int from, bool waits,
                                           bool *arrived, struct impasto_error *error)
{
    return lift(ranks, imp_comm_received(ranks->comm, from, waits, arrived), error);
}

void impasto_ranks_fail(struct impasto_ranks *ranks, const struct impasto_error *error)
{
    imp_comm_fail(ranks->comm, error->status, error->message);
}

bool impasto_ranks_broken(const struct impasto_ranks *ranks)
{
    return imp_comm_error(ranks->comm)->status != IMPASTO_OK;
}

double impasto_ranks_waiting(double *expected)
{
    return imp_comm_waiting(expected);
}

/* ---- Their devices --------------------------------------------------------------------------- */

/* Ranks of a machine share its memory, where that is the devices'. */
static void share_memory(struct impasto_device *device, const struct impasto_ranks *ranks)
{
    const struct imp_caps *caps = imp_device_caps(device->device);
    const uint64_t sharers = (uint64_t)imp_comm_local_size(ranks->comm);
    if (caps->info.type == IMPASTO_DEVICE_CPU || caps->info.type == IMPASTO_DEVICE_IGPU)
        imp_device_limit_memory(device->device, caps->memory_budget / sharers);
}

enum impasto_status impasto_device_join_ranks(struct impasto_device *device,
                                              struct impasto_ranks *ranks, float share,
                                              struct impasto_error *error)
{
    if (imp_comm_size(ranks->comm) == 1)
        return IMPASTO_OK;
    if (device->first || device->ranks)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a rank's device cannot be joined to others as well");
    if (!(share >= 0) || isinf(share))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a device's share of a picture is %g; it must be above 0 and finite, or 0",
                        (double)share);
    device->ranks = ranks;
    device->share = share;
    share_memory(device, ranks);
    return IMPASTO_OK;
}

enum impasto_status imp_ranks_refuse(int call, bool trains, struct impasto_error *error)
{
    if (!trains && call >= IMP_RANKS_TRAIN && call <= IMP_RANKS_LEAVE)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "rank 0 trains a network, and this rank takes part in painting; let it "
                        "serve trainings, or rank 0 paint");
    if (trains && call > IMP_RANKS_END && call < IMP_RANKS_TRAIN)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "rank 0 paints, and this rank takes part in trainings; let it serve jobs, "
                        "or rank 0 train");
    return imp_fail(error, IMPASTO_ERROR_INTERNAL,
                    "rank 0 asks for what there is not; please report this");
}

void imp_ranks_end(struct impasto_ranks *ranks)
{
    int call = IMP_RANKS_END;
    if (ranks && imp_comm_rank(ranks->comm) == 0 && !impasto_ranks_broken(ranks))
        (void)imp_comm_await(ranks->comm, &call, sizeof(call));
}
