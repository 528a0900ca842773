/* SPDX-License-Identifier: MIT */
/* A rank that is not the first: what it does is what the first one says. */

#include "train/train.h"

/* What a rank that is not the first takes part in. */
struct server {
    struct impasto_device *device;
    const struct impasto_weights *weights;
    const struct impasto_train_task *task;
    struct impasto_train *train; /* NULL: none is open */
};

/* What all ranks have agreed to fail in is the first one's to tell. */
static enum impasto_status take_part(struct server *server, int call, struct impasto_error *error)
{
    const struct impasto_train_params usual = imp_train_usual(); /* the first's are everybody's */
    enum impasto_status status;
    if (call == IMP_RANKS_TRAIN)
        status = impasto_train_open(server->device, server->weights, server->task, &usual,
                                    &server->train, error);
    else if (call == IMP_RANKS_STEP && server->train)
        status = impasto_train_step(server->train, NULL, error);
    else
        return imp_ranks_refuse(call, true, error);
    return impasto_ranks_broken(server->device->ranks) ? status : IMPASTO_OK;
}

static enum impasto_status serve(struct server *server, struct impasto_error *error)
{
    for (;;) {
        int call = 0;
        IMP_TRY(impasto_ranks_share(server->device->ranks, &call, sizeof(call), error));
        if (call == IMP_RANKS_END)
            return IMPASTO_OK;
        if (call == IMP_RANKS_LEAVE)
            impasto_train_close(&server->train);
        else
            IMP_TRY(take_part(server, call, error));
    }
}

enum impasto_status impasto_train_serve(struct impasto_device *device,
                                        const struct impasto_weights *weights,
                                        const struct impasto_train_task *task,
                                        struct impasto_error *error)
{
    struct server server = {device, weights, task, NULL};
    if (!device->ranks || imp_comm_rank(device->ranks->comm) == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "only ranks but the first take part in what it does");
    const enum impasto_status status = serve(&server, error);
    if (status != IMPASTO_OK)
        imp_comm_fail(device->ranks->comm, status, error->message);
    impasto_train_close(&server.train);
    return status;
}
