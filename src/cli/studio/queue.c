/* SPDX-License-Identifier: MIT */
/*
 * What the workers do. Some paint, one on each device, job after job. Another one takes what is
 * done in a moment: looks at pictures, and style networks. A worker that dies, or is silent for too
 * long, is started again. Its painting goes on from the checkpoint.
 */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

#define PING_SECONDS 5
#define SILENT_SECONDS 60 /* after which it has hung; $IMPASTO_TIMEOUT may say another */
#define IDLE_SECONDS 600  /* after which it goes */
#define TRIES_MOST 3      /* without a step forward */
#define DROP_SECONDS 10   /* for a small task that nobody waits for to end */
#define OPENING_TIMES 5   /* as long as a measuring may take, all before it may */

static json_t *job_of(const struct cli_studio *studio, const json_t *task)
{
    const char *id = cli_text_in(task, "job");
    return id ? cli_job_find(studio, id) : NULL;
}

/* Of a job that was forgotten meanwhile, no small picture stays. */
static void result_looked_at(struct cli_studio *studio, const json_t *task)
{
    char name[CLI_ID_SIZE + 8];
    const char *id = cli_text_in(task, "result");
    snprintf(name, sizeof(name), "%.32s.jpg", id);
    if (!cli_job_find(studio, id))
        cli_folder_remove(&studio->folder, CLI_PLACE_THUMBS, name);
    studio->changes++;
}

static void end_task(struct cli_studio *studio, const json_t *task, const json_t *line)
{
    const bool done = strcmp(cli_text_in(line, "event"), "done") == 0;
    const char *text = cli_text_in(line, "text");
    json_t *job = job_of(studio, task);
    if (job)
        cli_job_finish(studio, job, line);
    else if (json_object_get(task, "waits"))
        cli_wait_finish(studio, task, line);
    else if (cli_text_in(task, "upload"))
        cli_upload_finish(studio, task, done ? NULL : text ? text : "it cannot be read");
    else if (cli_text_in(task, "network"))
        cli_model_looked_at(studio, task);
    else if (cli_text_in(task, "result"))
        result_looked_at(studio, task);
    else
        studio->changes++;
    studio->news = true;
}

/* Paths are nobody's business outside. */
static void hear_list(struct cli_studio *studio, json_t **place, json_t *list)
{
    json_decref(*place);
    *place = json_incref(list);
    studio->changes++;
    studio->news = true;
}

static bool says_measuring(const json_t *line)
{
    const char *phase = cli_text_in(line, "phase");
    return phase && strcmp(phase, "measuring") == 0;
}

static void hear(void *user, struct cli_child *child, const json_t *line)
{
    struct cli_studio *studio = user;
    const char *event = cli_text_in(line, "event");
    json_t *job = job_of(studio, child->task);
    if (!event || !child->task || !cli_text_in(line, "job"))
        return;
    if (strcmp(event, "looked") == 0) {
        json_object_set(child->task, "looked", (json_t *)line);
    } else if (strcmp(event, "plan") == 0) {
        json_object_set(child->task, "plan", (json_t *)line);
    } else if (strcmp(event, "devices") == 0) {
        hear_list(studio, &studio->devices, json_object_get(line, "devices"));
    } else if (strcmp(event, "models") == 0) {
        hear_list(studio, &studio->models, json_object_get(line, "models"));
    } else if (strcmp(event, "done") == 0 || strcmp(event, "error") == 0) {
        json_t *task = child->task;
        child->task = NULL;
        child->idle = cli_seconds();
        end_task(studio, task, line);
        json_decref(task);
    } else if (job) {
        cli_job_hear(studio, job, line);
    } else if (json_object_get(child->task, "measures") && says_measuring(line)) {
        child->measures = cli_seconds();
    }
}

/* ---- Workers that are gone ------------------------------------------------------------------- */

static void try_job_again(struct cli_studio *studio, json_t *job)
{
    const json_int_t tries = json_integer_value(json_object_get(job, "tries")) + 1;
    json_object_set_new(job, "tries", json_integer(tries));
    if (cli_job_is(job, "stops"))
        cli_job_end(studio, job, "stopped");
    else if (studio->leaving)
        cli_job_set(studio, job, "waits");
    else if (tries > TRIES_MOST)
        cli_job_fail(
            studio, job, "device",
            "the worker has ended again and again, by the device's driver most likely; choose "
            "another device");
    else
        cli_job_set(studio, job, "waits");
}

/* What it was doing is done by the next one, unless it is what ends workers. */
static void bury(struct cli_studio *studio, struct cli_child *child)
{
    json_t *task = child->task;
    child->task = NULL;
    cli_child_kill(child);
    json_t *job = job_of(studio, task);
    const bool again = task && !json_object_get(task, "again") && !json_object_get(task, "dropped");
    if (job) {
        try_job_again(studio, job);
    } else if (again) {
        json_object_set_new(task, "again", json_true());
        json_array_insert(studio->quick, 0, task);
    } else if (json_object_get(task, "waits")) {
        cli_wait_finish(studio, task, NULL);
    } else if (task && cli_text_in(task, "upload")) {
        cli_upload_finish(studio, task,
                          "this picture cannot be looked at: the worker has ended at it");
    } else if (task && cli_text_in(task, "result")) {
        result_looked_at(studio, task);
    }
    json_decref(task);
    studio->news = true;
}

void cli_queue_hear(struct cli_studio *studio, struct cli_child *child)
{
    if (child->process && !cli_child_read(child, hear, studio))
        bury(studio, child);
}

static double silence(void)
{
    const char *text = getenv("IMPASTO_TIMEOUT");
    const double seconds = text ? strtod(text, NULL) : 0;
    return seconds > 0 ? seconds : SILENT_SECONDS;
}

/* Before the measuring, kernels are compiled, and a network paints its first frame. */
static bool measures_too_long(const struct cli_child *child, double now)
{
    return child->measures > 0 ? now - child->measures > silence()
                               : now - child->given > OPENING_TIMES * silence();
}

/* Others wait for what the quick worker does besides: uploads, for one. */
static void limit_measuring(struct cli_studio *studio, const struct cli_child *child, double now)
{
    if (json_object_get(child->task, "measures") && !json_object_get(child->task, "dropped") &&
        measures_too_long(child, now))
        cli_wait_end_measuring(
            studio, NULL,
            child->measures > 0
                ? "two of its frames take too long on this device; ask once more, as kernels may "
                  "have been compiled meanwhile, or choose a smaller size or another device"
                : "it takes too long to come to its first frames; ask once more, as kernels may "
                  "have been compiled meanwhile, or choose another device");
}

static void tell_to_stop(struct cli_child *child)
{
    json_t *stop =
        json_pack("{s:s, s:O}", "do", "stop", "job", json_object_get(child->task, "job"));
    (void)cli_child_send(child, stop);
    json_decref(stop);
}

/* Whether a small task that nobody waits for does not end, though it was told to. */
static bool is_overdue(struct cli_child *child, double now)
{
    json_t *task = child->task;
    if (!json_object_get(task, "dropped"))
        return false;
    if (!json_object_get(task, "stopped")) {
        json_object_set_new(task, "stopped", json_real(now));
        tell_to_stop(child);
    }
    return now - json_number_value(json_object_get(task, "stopped")) > DROP_SECONDS;
}

/* Its thread answers whatever else it does: a device that hangs is for its own watchdog. */
static void look_after(struct cli_studio *studio, struct cli_child *child)
{
    const double now = cli_seconds();
    if (!child->process)
        return;
    limit_measuring(studio, child, now);
    if (child->task && (now - child->heard > silence() || is_overdue(child, now))) {
        bury(studio, child);
    } else if (child->task && now - child->pinged > PING_SECONDS && child->heard >= child->pinged) {
        json_t *ping = json_pack("{s:s}", "do", "ping");
        child->pinged = now;
        (void)cli_child_send(child, ping);
        json_decref(ping);
    } else if (!child->task && now - child->idle > IDLE_SECONDS) {
        cli_child_leave(child); /* its end comes as a line, and then as the end of its lines */
    }
}

/* ---- Giving work ----------------------------------------------------------------------------- */

static bool is_free(const struct cli_studio *studio, const struct cli_child *child)
{
    return !studio->leaving && !child->task && (!child->process || child->to >= 0);
}

/* task: becomes the child's. */
static bool give(struct cli_studio *studio, struct cli_child *child, json_t *task)
{
    struct impasto_error error = {0};
    /* The quick one writes no checkpoint that the next studio would have to wait for. */
    const int held = child == &studio->quicker ? -1 : studio->folder.workers;
    if (!child->process && cli_child_start(child, held, &error) != IMPASTO_OK) {
        snprintf(studio->warning, sizeof(studio->warning), "%.390s", error.message);
        if (cli_text_in(task, "upload"))
            cli_upload_finish(studio, task, error.message);
        else if (json_object_get(task, "waits"))
            cli_wait_finish(studio, task, NULL);
        json_decref(task);
        return false;
    }
    child->task = task;
    child->given = child->heard = child->pinged = cli_seconds();
    child->measures = 0;
    if (!cli_child_send(child, task))
        bury(studio, child);
    return true;
}

/* A worker of a studio that was killed may still save the checkpoint with which a job goes on. */
static bool may_begin(const struct cli_studio *studio)
{
    return !studio->paused && !studio->leaving && studio->folder.alone;
}

static void begin(struct cli_studio *studio, struct cli_child *child, json_t *job)
{
    struct impasto_error error = {0};
    json_t *task = cli_job_request(studio, job, &error);
    if (!task && error.message[0]) {
        cli_job_fail(studio, job, "output", error.message);
        return;
    }
    if (!task) {
        cli_job_fail(studio, job, "input",
                     "one of its pictures, or its style network, is not here any more");
        return;
    }
    if (!json_object_get(job, "began"))
        json_object_set_new(job, "began", cli_now());
    json_object_set_new(job, "phase", json_string("opening"));
    if (give(studio, child, task) && child->task)
        cli_job_set(studio, job, "works");
}

static void give_quick_job(struct cli_studio *studio)
{
    struct cli_child *child = &studio->quicker;
    json_t *job = may_begin(studio) && is_free(studio, child) ? cli_job_next(studio, false) : NULL;
    if (job)
        begin(studio, child, job);
}

/* To as many workers as there are devices asked for. */
static void give_paintings(struct cli_studio *studio)
{
    char place[sizeof(studio->painters[0].place)];
    for (size_t i = 0; i < CLI_PAINTERS_MOST && may_begin(studio); i++) {
        json_t *job = cli_device_next(studio, place);
        struct cli_child *child = job ? cli_device_worker(studio, place) : NULL;
        if (!child)
            return;
        snprintf(child->place, sizeof(child->place), "%s", place);
        begin(studio, child, job);
    }
}

static void give_quick(struct cli_studio *studio)
{
    struct cli_child *child = &studio->quicker;
    if (!is_free(studio, child))
        return;
    /* A camera's frames do not end: a job has its turn after each small task. */
    if (studio->job_next)
        give_quick_job(studio);
    studio->job_next = false;
    while (is_free(studio, child) && json_array_size(studio->quick) > 0) {
        json_t *task = json_incref(json_array_get(studio->quick, 0));
        json_array_remove(studio->quick, 0);
        if (!give(studio, child, task))
            return;
        studio->job_next = true;
    }
    give_quick_job(studio);
}

/* For the workers of a studio that was killed; jobs that wait for them are told to. */
static void wait_for_others(struct cli_studio *studio)
{
    if (studio->folder.alone || !cli_folder_is_ours(&studio->folder))
        return;
    studio->changes++;
    studio->news = true;
}

void cli_queue_work(struct cli_studio *studio)
{
    wait_for_others(studio);
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++)
        look_after(studio, &studio->painters[i]);
    look_after(studio, &studio->quicker);
    give_quick(studio);
    give_paintings(studio);
}

/* ---- Stopping -------------------------------------------------------------------------------- */

static bool send_stop(struct cli_studio *studio, const char *id)
{
    for (size_t i = 0; i <= CLI_PAINTERS_MOST; i++) {
        struct cli_child *child = i < CLI_PAINTERS_MOST ? &studio->painters[i] : &studio->quicker;
        const char *at_hand = cli_text_in(child->task, "job");
        if (!at_hand || strcmp(at_hand, id) != 0)
            continue;
        tell_to_stop(child);
        return true;
    }
    return false;
}

bool cli_queue_stop(struct cli_studio *studio, json_t *job)
{
    if (!send_stop(studio, cli_text_in(job, "id")))
        return false;
    cli_job_set(studio, job, "stops");
    return true;
}

void cli_queue_leave(struct cli_studio *studio)
{
    studio->leaving = true;
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++)
        cli_child_leave(&studio->painters[i]);
    cli_child_leave(&studio->quicker);
    cli_waits_end(studio);
    for (size_t i = 0; i < CLI_UPLOADS_MOST; i++)
        if (studio->waiting[i].request)
            cli_upload_answer(
                &studio->waiting[i], 503,
                json_pack("{s:s, s:s}", "error", "the studio ends", "status", "interrupted"));
}
