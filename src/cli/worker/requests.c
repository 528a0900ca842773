/* SPDX-License-Identifier: MIT */
/*
 * The lines that a worker is sent. A thread reads them, so that a job can be stopped on its way,
 * and a sign of life be given. The jobs themselves wait in a list for the main thread.
 */

#include "base/os.h"
#include "cli/worker/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE ((size_t)1 << 20) /* bytes: as settings in files may have */
#define FIRST_BYTES 4096

struct cli_requests {
    int descriptor;
    struct cli_events *events;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t news;
    json_t *jobs;  /* those that wait */
    char *at_hand; /* the job that is being done; NULL: none */
    bool stopped;  /* it was asked to end */
    bool ended;    /* no more lines will come */
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ---- What is done at once -------------------------------------------------------------------- */

static void refuse(struct cli_requests *requests, const char *job, const char *format,
                   const char *what)
{
    char text[400];
    json_t *line = json_object();
    snprintf(text, sizeof(text), format, what);
    json_object_set_new(line, "event", json_string("error"));
    json_object_set_new(line, "code", json_integer(-IMPASTO_ERROR_USAGE));
    json_object_set_new(line, "status", json_string(impasto_status_text(IMPASTO_ERROR_USAGE)));
    json_object_set_new(line, "text", cli_json_text(text));
    if (job)
        json_object_set_new(line, "job", json_string(job));
    cli_events_send(requests->events, line);
}

/* A signal that the user has sent goes before. */
static void stop_at_hand(struct cli_requests *requests)
{
    if (requests->at_hand && !requests->stopped && !cli_stop_signal()) {
        requests->stopped = true;
        cli_stop_by(SIGINT);
    }
}

/* Takes a waiting job back; false: it does not wait. */
static bool take_back(struct cli_requests *requests, const char *job)
{
    for (size_t i = 0; i < json_array_size(requests->jobs); i++)
        if (strcmp(text_of(json_array_get(requests->jobs, i), "job"), job) == 0)
            return json_array_remove(requests->jobs, i) == 0;
    return false;
}

static void stop(struct cli_requests *requests, const char *job)
{
    pthread_mutex_lock(&requests->mutex);
    if (requests->at_hand && strcmp(requests->at_hand, job) == 0)
        stop_at_hand(requests);
    const bool waited = take_back(requests, job);
    pthread_mutex_unlock(&requests->mutex);
    if (!waited)
        return; /* it may have ended a moment ago, which its last line tells */
    json_t *line = json_object();
    json_object_set_new(line, "event", json_string("error"));
    json_object_set_new(line, "code", json_integer(128 + SIGINT));
    json_object_set_new(line, "status",
                        json_string(impasto_status_text(IMPASTO_ERROR_INTERRUPTED)));
    json_object_set_new(line, "text", json_string("stopped before it was begun"));
    json_object_set_new(line, "job", json_string(job));
    cli_events_send(requests->events, line);
}

static void answer_ping(struct cli_requests *requests)
{
    json_t *line = json_object();
    json_object_set_new(line, "event", json_string("pong"));
    cli_events_send(requests->events, line);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static bool is_there(const struct cli_requests *requests, const char *job)
{
    if (requests->at_hand && strcmp(requests->at_hand, job) == 0)
        return true;
    for (size_t i = 0; i < json_array_size(requests->jobs); i++)
        if (strcmp(text_of(json_array_get(requests->jobs, i), "job"), job) == 0)
            return true;
    return false;
}

/* Names are the sender's, and tell jobs apart. request: becomes the list's. From then on it is the
 * main thread's alone, as jansson's counts of references are not for two threads. */
static void enqueue(struct cli_requests *requests, json_t *request, const char *job)
{
    pthread_mutex_lock(&requests->mutex);
    const bool there = is_there(requests, job);
    if (!there)
        json_array_append_new(requests->jobs, request);
    pthread_cond_signal(&requests->news);
    pthread_mutex_unlock(&requests->mutex);
    if (!there)
        return;
    refuse(requests, NULL, "job %s: there already; give the next one another name", job);
    json_decref(request);
}

static void take_line(struct cli_requests *requests, const char *text, size_t length)
{
    json_error_t problem;
    json_t *request = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    const char *task = text_of(request, "do"), *job = text_of(request, "job");
    if (!request) {
        refuse(requests, NULL, "a line is not sound JSON: %s", problem.text);
    } else if (!task) {
        refuse(requests, job, "a line does not say what to%s: it has no text \"do\"", " do");
    } else if (strcmp(task, "ping") == 0) {
        answer_ping(requests);
    } else if (!job || !job[0]) {
        refuse(requests, NULL, "%s: needs a \"job\", its name, as a text", task);
    } else if (strcmp(task, "stop") == 0) {
        stop(requests, job);
    } else {
        enqueue(requests, request, job);
        return;
    }
    json_decref(request);
}

/* Takes the whole lines from the front, and returns how many bytes are left. */
static size_t take_lines(struct cli_requests *requests, char *bytes, size_t used)
{
    char *end;
    while ((end = memchr(bytes, '\n', used))) {
        const size_t length = (size_t)(end - bytes);
        if (length > 0)
            take_line(requests, bytes, length);
        used -= length + 1;
        memmove(bytes, end + 1, used);
    }
    return used;
}

static bool grow(char **bytes, size_t *room)
{
    char *more = *room < LONGEST_LINE ? realloc(*bytes, 2 * *room) : NULL;
    if (!more)
        return false;
    *bytes = more;
    *room *= 2;
    return true;
}

/* Whoever goes away wants nothing any more. What is at hand ends as by Ctrl-C. */
static void end(struct cli_requests *requests)
{
    pthread_mutex_lock(&requests->mutex);
    requests->ended = true;
    json_array_clear(requests->jobs);
    stop_at_hand(requests);
    pthread_cond_signal(&requests->news);
    pthread_mutex_unlock(&requests->mutex);
}

static void *listen_to(void *user)
{
    struct cli_requests *requests = user;
    size_t room = FIRST_BYTES, used = 0;
    char *bytes = malloc(room);
    ptrdiff_t got = 1;
    while (bytes && (got > 0 || errno == EINTR)) {
        errno = 0;
        got = imp_os_read(requests->descriptor, bytes + used, room - used);
        if (got == 0)
            break;
        used = take_lines(requests, bytes, used + (got > 0 ? (size_t)got : 0));
        if (used == room && !grow(&bytes, &room)) {
            refuse(requests, NULL, "a line has more than %s", "1 MiB");
            break;
        }
    }
    free(bytes);
    end(requests);
    return NULL;
}

/* ---- For the main thread --------------------------------------------------------------------- */

/* Signals are the main thread's. */
static int start(struct cli_requests *requests)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    int problem = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (problem != 0)
        return problem;
    problem = pthread_create(&thread, NULL, listen_to, requests);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem == 0 ? pthread_detach(thread) : problem;
}

enum impasto_status cli_requests_open(struct cli_requests **requests, int descriptor,
                                      struct cli_events *events, struct impasto_error *error)
{
    struct cli_requests *made = calloc(1, sizeof(*made));
    if (!made || !(made->jobs = json_array())) {
        free(made);
        return cli_fail_memory(error, "the worker");
    }
    made->descriptor = descriptor;
    made->events = events;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->news, NULL);
    const int problem = start(made);
    *requests = made;
    return problem == 0 ? IMPASTO_OK
                        : cli_fail(error, IMPASTO_ERROR_MEMORY,
                                   "no thread can be had to read requests: %s; allow more "
                                   "processes and memory (see ulimit)",
                                   strerror(problem));
}

json_t *cli_requests_next(struct cli_requests *requests)
{
    pthread_mutex_lock(&requests->mutex);
    while (json_array_size(requests->jobs) == 0 && !requests->ended)
        pthread_cond_wait(&requests->news, &requests->mutex);
    json_t *job = json_incref(json_array_get(requests->jobs, 0));
    if (job) {
        json_array_remove(requests->jobs, 0);
        requests->at_hand = strdup(text_of(job, "job"));
    }
    pthread_mutex_unlock(&requests->mutex);
    return job;
}

void cli_requests_done(struct cli_requests *requests)
{
    pthread_mutex_lock(&requests->mutex);
    free(requests->at_hand);
    requests->at_hand = NULL;
    if (requests->stopped)
        cli_stop_by(0);
    requests->stopped = false;
    pthread_mutex_unlock(&requests->mutex);
}

void cli_requests_leave(struct cli_requests *requests)
{
    if (!requests)
        return;
    /* The thread may be in the middle of a line, so the struct stays. */
    pthread_mutex_lock(&requests->mutex);
    free(requests->at_hand);
    requests->at_hand = NULL;
    pthread_mutex_unlock(&requests->mutex);
}
