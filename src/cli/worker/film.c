/* SPDX-License-Identifier: MIT */
/* A look at a film, whose first frame stands for it. */

#include "cli/report/report.h"
#include "cli/worker/worker.h"
#include "video/stream.h"

#include <stdlib.h>

/* Seconds that it lasts; null: nobody knows. */
static json_t *seconds_of(const struct imp_film *film)
{
    return film->frames > 0 && film->rate.num > 0
               ? cli_json_number((double)film->frames * film->rate.den / film->rate.num)
               : json_null();
}

/* false: it has no frames. image: the caller frees it. */
static enum impasto_status read_first(struct imp_source *source, const struct imp_film *film,
                                      const char *path, struct impasto_image **image,
                                      struct impasto_error *error)
{
    struct imp_frame frame = {.stride = 3 * (size_t)film->width};
    bool more = false;
    if (!(frame.rgb = malloc(frame.stride * (size_t)film->height)))
        return cli_fail_memory(error, "a frame");
    enum impasto_status status = imp_source_read(source, &frame, &more, error);
    if (status == IMPASTO_OK && !more)
        status = cli_fail(error, IMPASTO_ERROR_INPUT, "%s: the film has no frames", path);
    const struct impasto_frame read = {.struct_size = sizeof(read),
                                       .width = film->width,
                                       .height = film->height,
                                       .pixels = frame.rgb,
                                       .stride = frame.stride};
    if (status == IMPASTO_OK)
        status = cli_film_picture(&read, image, error);
    free(frame.rgb);
    return status;
}

static void tell(struct cli_worker *worker, const json_t *job, const struct imp_film *film)
{
    json_t *line = cli_job_line_new("looked", job);
    json_object_set_new(line, "film", json_true());
    json_object_set_new(line, "width", json_integer(film->width));
    json_object_set_new(line, "height", json_integer(film->height));
    json_object_set_new(line, "frames",
                        film->frames > 0 ? json_integer((json_int_t)film->frames) : json_null());
    json_object_set_new(line, "seconds", seconds_of(film));
    cli_events_send(worker->warm.events, line);
}

enum impasto_status cli_job_look_at_film(struct cli_worker *worker, const json_t *job,
                                         struct impasto_error *error)
{
    const char *path = json_string_value(json_object_get(job, "film"));
    const char *thumb = json_string_value(json_object_get(job, "thumb"));
    const struct imp_stream_options options = {.tone_map = true};
    struct imp_source *source = NULL;
    struct imp_film film = {0};
    struct impasto_image *first = NULL;
    enum impasto_status status = imp_source_open(path, &options, &source, &film, error);
    if (status == IMPASTO_OK)
        status = read_first(source, &film, path, &first, error);
    if (status == IMPASTO_OK && thumb)
        status = cli_job_save_small(first, thumb, error);
    if (status == IMPASTO_OK)
        tell(worker, job, &film);
    impasto_image_free(&first);
    imp_source_close(&source);
    return status;
}
