/* SPDX-License-Identifier: MIT */
/* impasto worker, as the table of commands has it, and its life: job after job, with the device and
 * its kernels kept open. */

#include "base/os.h"
#include "cli/apply/apply.h"
#include "cli/guard/guard.h"
#include "cli/paint/paint.h"
#include "cli/train/train.h"
#include "cli/video/video.h"
#include "cli/worker/worker.h"

#include <stdlib.h>

#define FIRST_FREE (IMP_OS_STDERR + 1)

/* What jobs may be. */
static const struct cli_command paint_command = {"paint", .words = cli_paint};
static const struct cli_command *const commands[] = {&paint_command, &cli_apply_command,
                                                     &cli_train_command, &cli_video_command, NULL};

static enum impasto_status open_progress(const struct cli_call *call, struct impasto_error *error)
{
    if (call->refused)
        return IMPASTO_OK;
    call->common->progress = 1;
    return cli_progress_open(call->common, NULL, error);
}

/* The lines get a descriptor of their own. A picture named "-" finds nothing then, in place of
 * them. */
static int keep_input(void)
{
    const int own = imp_os_duplicate(IMP_OS_STDIN, FIRST_FREE);
    const int nowhere = own < 0 ? -1 : imp_os_open(IMP_OS_NOWHERE, IMP_OS_READ);
    if (nowhere >= 0) {
        imp_os_redirect(nowhere, IMP_OS_STDIN);
        imp_os_close(nowhere);
    }
    return own;
}

static void tell_ready(struct cli_events *events)
{
    json_t *line = json_object();
    json_object_set_new(line, "event", json_string("ready"));
    json_object_set_new(line, "version", cli_json_text(impasto_version()));
    json_object_set_new(line, "process", json_integer(imp_os_process()));
    cli_events_send(events, line);
}

/* Until no more are to come, or somebody ends the program by a signal. */
static void work(struct cli_worker *worker, struct cli_requests *requests)
{
    json_t *job;
    while (!cli_stop_signal() && (job = cli_requests_next(requests))) {
        cli_job_do(worker, requests, job);
        json_decref(job);
        if (!cli_stop_signal())
            cli_end_by_signals(); /* a job has its own way, and drivers have theirs */
    }
}

static enum impasto_status run(const struct cli_call *call, struct impasto_error *error)
{
    struct cli_worker worker = {.warm.events = call->common->events, .commands = commands};
    struct cli_requests *requests = NULL;
    const int input = keep_input();
    if (input < 0)
        return cli_fail(error, IMPASTO_ERROR_MEMORY,
                        "no descriptor is to be had; allow more (see ulimit -n)");
    cli_watch_driver();
    enum impasto_status status = cli_requests_open(&requests, input, call->common->events, error);
    if (status == IMPASTO_OK) {
        tell_ready(call->common->events);
        work(&worker, requests);
    }
    cli_requests_leave(requests);
    impasto_device_close(&worker.warm.device);
    free(worker.warm.device_name);
    return status == IMPASTO_OK && cli_stop_signal()
               ? cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : status;
}

const struct cli_command cli_worker_command = {
    "worker",
    "do one job after the other for another program, by lines of JSON",
    "Reads jobs from standard input, a line of JSON for each: paintings, films, style networks and "
    "their training, looks at pictures. Writes how they go to standard output, as --progress json "
    "does. "
    "The device and its "
    "kernels stay open from job to job. It ends when its input does; the job at hand is then "
    "stopped, with its picture so far and its checkpoint. doc/formats.md has the protocol.",
    .shared = "quiet verbose",
    .open = open_progress,
    .run = run};
