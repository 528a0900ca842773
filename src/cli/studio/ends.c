/* SPDX-License-Identifier: MIT */
/* How jobs and uploads end. */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

void cli_upload_answer(struct cli_waiting *waiting, unsigned status, json_t *body)
{
    struct cli_reply *reply = &waiting->request->reply;
    reply->bytes = json_dumps(body, JSON_COMPACT);
    reply->size = reply->bytes ? strlen(reply->bytes) : 0;
    reply->type = "application/json";
    reply->status = status;
    json_decref(body);
    cli_http_answer(waiting->request);
    free(waiting->name);
    *waiting = (struct cli_waiting){0};
}

static json_t *refusal(const struct cli_studio *studio, const char *text)
{
    char *shown = cli_text_shown(studio, text);
    json_t *body = json_pack("{s:o, s:s}", "error", cli_json_text(shown), "status", "input");
    free(shown);
    return body;
}

/* All who wait for this picture: the same one may have come twice. Where they have all left, it is
 * not kept. */
void cli_upload_finish(struct cli_studio *studio, const json_t *task, const char *refused)
{
    const char *id = cli_text_in(task, "upload");
    const json_t *looked = json_object_get(task, "looked");
    for (size_t i = 0; i < CLI_UPLOADS_MOST; i++) {
        struct cli_waiting *waiting = &studio->waiting[i];
        struct impasto_error error = {0};
        if (!waiting->request || strcmp(waiting->id, id) != 0)
            continue;
        if (!refused && cli_picture_keep(studio, id, waiting->name, looked, &error) != IMPASTO_OK)
            refused = error.message;
        cli_upload_answer(waiting, refused ? 422 : 200,
                          refused ? refusal(studio, refused)
                                  : json_incref(json_object_get(studio->pictures, id)));
    }
    if (!json_object_get(studio->pictures, id))
        cli_picture_remove(studio, id);
}

static bool has_file(const struct cli_studio *studio, enum cli_place place, const json_t *job,
                     const char *ending)
{
    char name[CLI_ID_SIZE + 8];
    snprintf(name, sizeof(name), "%.32s%s", cli_text_in(job, "id"), ending);
    return cli_folder_has(&studio->folder, place, name);
}

static void remove_checkpoint(const struct cli_studio *studio, const json_t *job)
{
    char name[CLI_ID_SIZE + 8];
    snprintf(name, sizeof(name), "%.32s.ckpt", cli_text_in(job, "id"));
    cli_folder_remove(&studio->folder, CLI_PLACE_JOBS, name);
}

/* A training that is done needs its folder no more. */
static void remove_photos(const struct cli_studio *studio, const json_t *job)
{
    char name[CLI_ID_SIZE + 8];
    snprintf(name, sizeof(name), "%.32s.photos", cli_text_in(job, "id"));
    cli_folder_scatter(&studio->folder, CLI_PLACE_JOBS, name);
}

/* Of what is no picture, the last one that was seen of it. */
static void keep_preview(struct cli_studio *studio, const json_t *job)
{
    char name[CLI_ID_SIZE + 8];
    struct impasto_error ignored = {0};
    const struct cli_preview *preview = cli_preview_of(studio, job);
    snprintf(name, sizeof(name), "%.32s.jpg", cli_text_in(job, "id"));
    if (preview)
        (void)cli_folder_write(&studio->folder, CLI_PLACE_THUMBS, name, preview->bytes,
                               preview->size, &ignored);
}

void cli_job_end(struct cli_studio *studio, json_t *job, const char *state)
{
    const bool result = has_file(studio, CLI_PLACE_RESULTS, job, cli_kind_of(job)->ending);
    json_object_set_new(job, "ended", cli_now());
    json_object_set_new(job, "result", json_boolean(result));
    json_object_set_new(job, "report",
                        json_boolean(has_file(studio, CLI_PLACE_RESULTS, job, ".html")));
    json_object_set_new(job, "resumable",
                        json_boolean(has_file(studio, CLI_PLACE_JOBS, job, ".ckpt")));
    json_object_del(job, "phase");
    if (result && !studio->leaving && strcmp(cli_kind_of(job)->ending, ".model") == 0)
        cli_model_look_at(studio, job);
    cli_job_set(studio, job, state);
    studio->progress++;
    if (result && !cli_job_makes_picture(job))
        keep_preview(studio, job);
    else if (result && !studio->leaving)
        cli_task_look_at_result(studio, cli_text_in(job, "id"));
}

void cli_job_fail(struct cli_studio *studio, json_t *job, const char *status, const char *text)
{
    char *shown = cli_text_shown(studio, text);
    json_object_set_new(job, "error",
                        json_pack("{s:s, s:o}", "status", status, "text", cli_json_text(shown)));
    free(shown);
    cli_job_end(studio, job, "failed");
}

/* A checkpoint that cannot be used any more is no reason to lose the job. */
static bool begins_anew(struct cli_studio *studio, json_t *job, const json_t *line)
{
    const char *status = cli_text_in(line, "status");
    const bool unread = status && (strcmp(status, "input") == 0 || strcmp(status, "usage") == 0);
    if (!unread || !has_file(studio, CLI_PLACE_JOBS, job, ".ckpt") ||
        json_object_get(job, "begun-anew"))
        return false;
    remove_checkpoint(studio, job);
    json_object_set_new(job, "begun-anew", json_true());
    json_array_append_new(json_object_get(job, "log"),
                          json_string("the checkpoint could not be used; beginning anew"));
    cli_job_set(studio, job, "waits");
    return true;
}

void cli_job_finish(struct cli_studio *studio, json_t *job, const json_t *line)
{
    const char *status = cli_text_in(line, "status"), *text = cli_text_in(line, "text");
    json_object_set(job, "took", json_object_get(line, "seconds"));
    if (strcmp(cli_text_in(line, "event"), "done") == 0) {
        remove_checkpoint(studio, job);
        remove_photos(studio, job);
        json_object_del(job, "error");
        json_object_del(job, "more");
        cli_job_end(studio, job, "done");
    } else if (status && strcmp(status, "interrupted") == 0) {
        /* Stopped by its user, or by the studio's end: then it waits for the next one. */
        cli_job_end(studio, job, cli_job_is(job, "stops") ? "stopped" : "waits");
    } else if (!begins_anew(studio, job, line)) {
        cli_job_fail(studio, job, status ? status : "internal",
                     text ? text : "no reason was given");
    }
}
