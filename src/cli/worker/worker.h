/* SPDX-License-Identifier: MIT */
#ifndef CLI_WORKER_H
#define CLI_WORKER_H

/* impasto worker: one job after the other for another program, by lines of JSON. doc/formats.md
 * has the protocol. */

#include "cli/common/json.h"
#include "cli/options/table.h"
#include "cli/terminal/terminal.h"

extern const struct cli_command cli_worker_command;

/* What a worker is, between two jobs. */
struct cli_worker {
    struct cli_warm warm;
    const struct cli_command *const *commands; /* whose jobs it takes */
};

/* ---- requests.c ------------------------------------------------------------------------------ */

struct cli_requests; /* the lines that come, which a thread reads */

/* descriptor: where they come from; it stays the caller's. IMPASTO_ERROR_MEMORY: no memory or no
 * thread. */
enum impasto_status cli_requests_open(struct cli_requests **requests, int descriptor,
                                      struct cli_events *events, struct impasto_error *error);
/* Waits for the next job. The caller frees it. NULL: there will be none. */
json_t *cli_requests_next(struct cli_requests *requests);
/* The job that `next` gave is done with. Whoever asks for it to be stopped now comes too late. */
void cli_requests_done(struct cli_requests *requests);
/* The thread may still wait for a line: it ends with the program. */
void cli_requests_leave(struct cli_requests *requests);

/* ---- words.c --------------------------------------------------------------------------------- */

/* The words of a command line that a job's `options` are. */
struct cli_job_words {
    char *word[CLI_OPTIONS_MOST + CLI_LIST_MOST];
    int count;
};
/* Adds "--name=value" for each. To be freed in any case. IMPASTO_ERROR_USAGE: an option of this
 * kind is not for jobs, or its value is none. */
enum impasto_status cli_job_words_add(struct cli_job_words *words, const json_t *options,
                                      struct impasto_error *error);
enum impasto_status cli_job_words_add_one(struct cli_job_words *words, const char *word,
                                          struct impasto_error *error);
void cli_job_words_free(struct cli_job_words *words);

/* ---- look.c ---------------------------------------------------------------------------------- */

/* A line about a job. */
json_t *cli_job_line_new(const char *event, const json_t *job);
/* Writes a JPEG of 512 pixels at most. */
enum impasto_status cli_job_save_small(const struct impasto_image *image, const char *path,
                                       struct impasto_error *error);
/* What a picture is, or a film, with a small one of it where the job names a file for that. */
enum impasto_status cli_job_look(struct cli_worker *worker, const json_t *job,
                                 struct impasto_error *error);
/* What a style network is: its styles, and whether it keeps their pictures. */
enum impasto_status cli_job_look_at_model(struct cli_worker *worker, const json_t *job,
                                          struct impasto_error *error);
/* Writes a picture anew, in the format that its new name says. */
enum impasto_status cli_job_convert(struct cli_worker *worker, const json_t *job,
                                    struct impasto_error *error);
/* The devices, and the installed style networks with their styles. */
enum impasto_status cli_job_devices(struct cli_worker *worker, const json_t *job,
                                    struct impasto_error *error);
enum impasto_status cli_job_models(struct cli_worker *worker, const json_t *job,
                                   struct impasto_error *error);

/* ---- film.c ---------------------------------------------------------------------------------- */

/* What a film is, with a small picture of its first frame. */
enum impasto_status cli_job_look_at_film(struct cli_worker *worker, const json_t *job,
                                         struct impasto_error *error);

/* ---- jobs.c ---------------------------------------------------------------------------------- */

/* Does a job, and writes its lines up to the last one. Before that it is done with, so that whoever
 * reads it can give the next job the same name. */
void cli_job_do(struct cli_worker *worker, struct cli_requests *requests, const json_t *job);

#endif
