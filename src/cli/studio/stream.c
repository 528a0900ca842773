/* SPDX-License-Identifier: MIT */
/* The stream of events. It tells the latest, and leaves out what nobody has read in between. */

#include "cli/studio/routes.h"

#include <stdlib.h>
#include <string.h>

#define BEAT_SECONDS 15

void cli_route_open_stream(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    (void)job;
    if (studio->streams >= CLI_STREAMS_MOST) {
        cli_refuse(request, 429, "usage", "eight pages are open already; close one", NULL);
        return;
    }
    studio->streams++;
    request->reply = (struct cli_reply){.status = 200, .type = "text/event-stream", .stream = true};
}

/* What changes while it works; a page has all else from its list. */
static json_t *progress_of(const struct cli_studio *studio)
{
    static const char *const kept[] = {"id",    "phase",  "iteration", "iterations",
                                       "scale", "scales", "total",     "share",
                                       "left",  "width",  "height",    "state"};
    static const char *const curves[] = {"losses", "judged"};
    json_t *rows = json_array();
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        const json_t *job = json_array_get(studio->jobs, i);
        if (!cli_job_is_at_work(job))
            continue;
        json_t *row = json_object();
        for (size_t k = 0; k < sizeof(kept) / sizeof(*kept); k++)
            if (json_object_get(job, kept[k]))
                json_object_set(row, kept[k], json_object_get(job, kept[k]));
        /* A painting's losses are of less use on the way. */
        for (size_t k = 0; k < 2 && !cli_job_makes_picture(job); k++)
            if (json_object_get(job, curves[k]))
                json_object_set(row, curves[k], json_object_get(job, curves[k]));
        const struct cli_preview *preview = cli_preview_of(studio, job);
        if (preview)
            json_object_set_new(row, "preview", json_integer((json_int_t)preview->number));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Always the latest: what nobody has read in between is left out. */
char *cli_tell(void *user, struct cli_stream *stream)
{
    struct cli_studio *studio = user;
    const double now = cli_seconds();
    const bool changed = stream->told[0] != studio->changes + 1;
    const bool moved = stream->told[1] != studio->progress + 1;
    if (!changed && !moved && now - stream->when < BEAT_SECONDS)
        return NULL;
    stream->when = now;
    if (!changed && !moved)
        return strdup(": still here\n\n");
    json_t *event = changed ? json_pack("{s:I}", "changes", (json_int_t)studio->changes)
                            : json_pack("{s:o}", "jobs", progress_of(studio));
    stream->told[!changed] = changed ? studio->changes + 1 : studio->progress + 1;
    char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(10)), *whole = NULL;
    const char *name = changed ? "state" : "progress";
    const size_t size = text ? strlen(text) + 60 : 0;
    if (text && (whole = malloc(size)))
        snprintf(whole, size, "event: %s\ndata: %s\n\n", name, text);
    free(text);
    json_decref(event);
    return whole;
}
