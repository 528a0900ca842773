/* SPDX-License-Identifier: MIT */
/* A rank that is a process of its own, and not the first: what it does is what the first one says.
 */

#include "paint/job.h"

#include <stdlib.h>

/* By the numbers of enum imp_call. */
static const struct imp_task *const tasks[IMP_CALLS] = {
    [IMP_CALL_OPEN] = &imp_open_task,         [IMP_CALL_STEP] = &imp_step_task,
    [IMP_CALL_IMAGE] = &imp_image_task,       [IMP_CALL_SAVE] = &imp_save_task,
    [IMP_CALL_GRADIENT] = &imp_gradient_task,
};

struct server {
    struct impasto_device *device;
    const struct impasto_weights *weights;
    struct impasto_job *job; /* NULL: none is open */
};

static enum impasto_status begin(struct server *server, struct impasto_error *error)
{
    server->job = calloc(1, sizeof(*server->job));
    if (!server->job)
        return imp_fail_memory(error, "a job", sizeof(*server->job));
    server->job->device = server->device->device;
    return imp_team_open(server->job, server->device, error);
}

/* What all ranks have agreed to fail in is the first one's to tell. */
static enum impasto_status take_part(struct server *server, enum imp_call call,
                                     struct impasto_error *error)
{
    const struct imp_task *task = tasks[call];
    struct imp_opening opening = {server->device, server->weights, NULL, NULL};
    bool last = false;
    if (call == IMP_CALL_OPEN)
        IMP_TRY(begin(server, error));
    struct impasto_job *job = server->job;
    if (!job)
        return imp_fail(error, IMPASTO_ERROR_INTERNAL,
                        "rank 0 goes on with a job that is not open; please report this");
    if (task->tells_last)
        IMP_TRY(imp_lift(job->device, imp_share(job, &last, sizeof(last)), error));
    void *user = call == IMP_CALL_OPEN ? (void *)&opening : task->tells_last ? &last : NULL;
    const enum impasto_status status = imp_team_take_part(job, task, user);
    return status == IMPASTO_OK || !impasto_ranks_broken(server->device->ranks)
               ? IMPASTO_OK
               : imp_lift(job->device, status, error);
}

static enum impasto_status serve(struct server *server, struct impasto_error *error)
{
    for (;;) {
        int call = 0;
        IMP_TRY(impasto_ranks_share(server->device->ranks, &call, sizeof(call), error));
        if (call == IMP_RANKS_END)
            return IMPASTO_OK;
        if (call == IMP_CALL_CLOSE)
            impasto_job_close(&server->job);
        else if (call > 0 && call < IMP_CALLS && tasks[call])
            IMP_TRY(take_part(server, (enum imp_call)call, error));
        else
            return imp_ranks_refuse(call, false, error);
    }
}

enum impasto_status impasto_job_serve(struct impasto_device *device,
                                      const struct impasto_weights *weights,
                                      struct impasto_error *error)
{
    struct server server = {device, weights, NULL};
    if (!device->ranks || imp_comm_rank(device->ranks->comm) == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "only ranks but the first take part in what it does");
    const enum impasto_status status = serve(&server, error);
    if (status != IMPASTO_OK)
        imp_comm_fail(device->ranks->comm, status, error->message);
    impasto_job_close(&server.job);
    return status;
}
