/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_ROUTES_H
#define CLI_STUDIO_ROUTES_H

/* What the routes are made of. Each takes a request whose body is whole, and leaves a reply, or has
 * it wait. job: the one that the path names; NULL: it names none. */

#include "cli/studio/studio.h"

#define CLI_JOBS_MOST 100 /* that wait */

/* ---- reply.c --------------------------------------------------------------------------------- */

/* body: becomes the reply's. */
void cli_reply_json(struct cli_request *request, unsigned status, json_t *body);
void cli_reply_done(struct cli_request *request);
/* The folder's file. name: under which it may be saved; "": it is to be shown. */
void cli_reply_file(struct cli_studio *studio, struct cli_request *request, enum cli_place place,
                    const char *file, const char *type, const char *name);
/* word: the status, in a word. field: of the page, that is wrong; NULL: none. */
void cli_refuse(struct cli_request *request, unsigned status, const char *word, const char *text,
                const char *field);
void cli_refuse_error(struct cli_request *request, enum impasto_status status,
                      const struct impasto_error *error, const char *field);
/* The studio is leaving. */
void cli_refuse_leaving(struct cli_request *request);

/* ---- route_pictures.c ------------------------------------------------------------------------ */

/* The id in a path behind its route's beginning; returns `id`. */
const char *cli_request_id(const struct cli_request *request, char id[CLI_ID_SIZE]);
/* Makes room for what is about to come, or refuses it. kept: it stays, and counts for the quota. */
void cli_begin_upload(struct cli_studio *studio, struct cli_request *request, bool kept);
void cli_route_take_picture(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_take_film(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_picture(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_map(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_remove_picture(struct cli_studio *studio, struct cli_request *request, json_t *job);

/* ---- pages.c --------------------------------------------------------------------------------- */

void cli_route_hold_pictures(struct cli_studio *studio, struct cli_request *request, json_t *job);

/* ---- route_frames.c -------------------------------------------------------------------------- */

void cli_route_paint_frame(struct cli_studio *studio, struct cli_request *request, json_t *job);

/* ---- route_jobs.c ---------------------------------------------------------------------------- */

void cli_route_list_jobs(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_add_job(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_job(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_remove_job(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_stop_job(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_continue_job(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_put_first(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_paint_again(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_plan(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_pause_queue(struct cli_studio *studio, struct cli_request *request, json_t *job);

/* ---- route_results.c ------------------------------------------------------------------------- */

/* The endings of what this build writes, without their dot. */
json_t *cli_formats_list(void);
void cli_route_show_preview(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_result(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_thumb(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_settings(struct cli_studio *studio, struct cli_request *request, json_t *job);
void cli_route_show_report(struct cli_studio *studio, struct cli_request *request, json_t *job);

/* ---- stream.c -------------------------------------------------------------------------------- */

void cli_route_open_stream(struct cli_studio *studio, struct cli_request *request, json_t *job);
/* As struct cli_http_calls has it. */
char *cli_tell(void *studio, struct cli_stream *stream);

#endif
