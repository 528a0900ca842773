/* SPDX-License-Identifier: MIT */
/* What a worker tells of a job on its way. */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

#define LOSSES_MOST 200
#define LOG_MOST 30

/* Where there are too many, half of them tell as much. */
static bool halve(json_t *rows)
{
    if (json_array_size(rows) <= LOSSES_MOST)
        return false;
    for (size_t i = json_array_size(rows); i-- > 0;)
        if (i % 2 == 1)
            json_array_remove(rows, i);
    return true;
}

/* row: [iteration, total, ...], which becomes the list's. */
static void add_loss(json_t *job, json_int_t iteration, json_t *row)
{
    json_t *losses = json_object_get(job, "losses");
    const json_int_t every = json_integer_value(json_object_get(job, "loss-every"));
    if (!losses) {
        json_object_set_new(job, "losses", losses = json_array());
        json_object_set_new(job, "loss-every", json_integer(1));
    }
    if (every > 1 && iteration % every != 0) {
        json_decref(row);
        return;
    }
    json_array_append_new(losses, row);
    if (halve(losses))
        json_object_set_new(job, "loss-every", json_integer(2 * (every ? every : 1)));
}

static void hear_iteration(struct cli_studio *studio, json_t *job, const json_t *line)
{
    static const char *const kept[] = {"iteration", "iterations", "scale", "scales",
                                       "total",     "seconds",    "share", "left"};
    const json_int_t iteration = json_integer_value(json_object_get(line, "iteration"));
    if (iteration > json_integer_value(json_object_get(job, "iteration")))
        json_object_set_new(job, "tries", json_integer(0));
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        json_object_set(job, kept[i], json_object_get(line, kept[i]));
    add_loss(job, iteration, json_pack("[I, O]", iteration, json_object_get(line, "total")));
    studio->progress++;
}

static void add_judgement(json_t *job, json_int_t step, const json_t *value)
{
    if (!json_object_get(job, "judged"))
        json_object_set_new(job, "judged", json_array());
    json_t *rows = json_object_get(job, "judged");
    json_array_append_new(rows, json_pack("[I, O]", step, value));
    (void)halve(rows);
}

/* A training's; it has steps, and a judge now and then. */
static void hear_step(struct cli_studio *studio, json_t *job, const json_t *line)
{
    static const char *const kept[] = {"total", "seconds", "work", "share", "left"};
    const json_int_t step = json_integer_value(json_object_get(line, "step"));
    if (step > json_integer_value(json_object_get(job, "iteration")))
        json_object_set_new(job, "tries", json_integer(0));
    json_object_set_new(job, "iteration", json_integer(step));
    json_object_set(job, "iterations", json_object_get(line, "steps"));
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        json_object_set(job, kept[i], json_object_get(line, kept[i]));
    add_loss(job, step,
             json_pack("[I, O, O, O]", step, json_object_get(line, "total"),
                       json_object_get(line, "content"), json_object_get(line, "style")));
    if (json_object_get(line, "judged"))
        add_judgement(job, step, json_object_get(line, "judged"));
    studio->progress++;
}

/* A film's. */
static void hear_frame(struct cli_studio *studio, json_t *job, const json_t *line)
{
    const json_int_t frame = json_integer_value(json_object_get(line, "frame"));
    const json_int_t frames = json_integer_value(json_object_get(line, "frames"));
    if (frame > json_integer_value(json_object_get(job, "iteration")))
        json_object_set_new(job, "tries", json_integer(0));
    json_object_set_new(job, "iteration", json_integer(frame));
    json_object_set(job, "iterations", json_object_get(line, "frames"));
    json_object_set(job, "left", json_object_get(line, "left"));
    json_object_set_new(job, "share",
                        frames > 0 ? json_real((double)frame / (double)frames) : json_null());
    studio->progress++;
}

static void hear_phase(struct cli_studio *studio, json_t *job, const json_t *line)
{
    static const char *const kept[] = {"phase", "device", "width", "height", "work"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (json_object_get(line, kept[i]))
            json_object_set(job, kept[i], json_object_get(line, kept[i]));
    studio->progress++;
}

/* What is said of a stop is for a command line. */
static void hear_log(const struct cli_studio *studio, json_t *job, const json_t *line)
{
    json_t *log = json_object_get(job, "log");
    const char *level = cli_text_in(line, "level");
    if (!level || strcmp(level, "warning") != 0 || cli_job_is(job, "stops") || studio->leaving)
        return;
    char *shown = cli_text_shown(studio, cli_text_in(line, "text"));
    json_array_append_new(log, cli_json_text(shown));
    free(shown);
    if (json_array_size(log) > LOG_MOST)
        json_array_remove(log, 0);
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* From base64; NULL: no memory. It is not looked at: it goes to the browser as it is. */
static unsigned char *decode(const char *text, size_t *size)
{
    const size_t length = strlen(text);
    unsigned char *bytes = malloc(length / 4 * 3 + 3);
    unsigned bits = 0, count = 0;
    *size = 0;
    for (size_t i = 0; bytes && i < length; i++) {
        const int value = digit(text[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (unsigned)value;
        if (++count % 4 == 1)
            continue;
        bytes[(*size)++] = (unsigned char)(bits >> (6 - 2 * ((count - 1) % 4)));
    }
    return bytes;
}

/* The job's last one, or the oldest of all. */
static struct cli_preview *place_for(struct cli_studio *studio, const char *job)
{
    struct cli_preview *oldest = studio->previews;
    for (size_t i = 0; i < CLI_PREVIEWS_MOST; i++) {
        struct cli_preview *preview = &studio->previews[i];
        if (strcmp(preview->job, job) == 0)
            return preview;
        if (preview->number < oldest->number)
            oldest = preview;
    }
    return oldest;
}

static void hear_preview(struct cli_studio *studio, const json_t *job, const json_t *line)
{
    size_t size;
    const char *text = cli_text_in(line, "jpeg");
    unsigned char *bytes = text ? decode(text, &size) : NULL;
    if (!bytes)
        return;
    struct cli_preview *preview = place_for(studio, cli_text_in(job, "id"));
    free(preview->bytes);
    *preview =
        (struct cli_preview){.bytes = bytes, .size = size, .number = ++studio->preview_number};
    snprintf(preview->job, sizeof(preview->job), "%s", cli_text_in(job, "id"));
    studio->progress++;
}

const struct cli_preview *cli_preview_of(const struct cli_studio *studio, const json_t *job)
{
    for (size_t i = 0; i < CLI_PREVIEWS_MOST; i++)
        if (studio->previews[i].bytes &&
            strcmp(studio->previews[i].job, cli_text_in(job, "id")) == 0)
            return &studio->previews[i];
    return NULL;
}

void cli_previews_free(struct cli_studio *studio)
{
    for (size_t i = 0; i < CLI_PREVIEWS_MOST; i++)
        free(studio->previews[i].bytes);
}

void cli_job_hear(struct cli_studio *studio, json_t *job, const json_t *line)
{
    const char *event = cli_text_in(line, "event");
    studio->news = true;
    if (strcmp(event, "iteration") == 0)
        hear_iteration(studio, job, line);
    else if (strcmp(event, "step") == 0)
        hear_step(studio, job, line);
    else if (strcmp(event, "frame") == 0)
        hear_frame(studio, job, line);
    else if (strcmp(event, "phase") == 0)
        hear_phase(studio, job, line);
    else if (strcmp(event, "preview") == 0)
        hear_preview(studio, job, line);
    else if (strcmp(event, "log") == 0)
        hear_log(studio, job, line);
}
