/* SPDX-License-Identifier: MIT */
/*
 * Which paintings go on at a time: one on each device. A job names its device as the command line
 * does. An index, or none for the usual one, says which it is. What else it says, such as "gpu" or
 * "0,1", may mean any: such a job is alone at work.
 */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

#define ANY "*"
#define PLACE_SIZE 16

/* Where "auto" leads: the first device that is preferred. */
static void usual_place(const struct cli_studio *studio, char place[PLACE_SIZE])
{
    for (size_t i = 0; i < json_array_size(studio->devices); i++) {
        const json_t *row = json_array_get(studio->devices, i),
                     *index = json_object_get(row, "index");
        if (!json_is_true(json_object_get(row, "preferred")) || !json_is_integer(index))
            continue;
        snprintf(place, PLACE_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(index));
        return;
    }
}

static void place_of(const struct cli_studio *studio, const json_t *job, char place[PLACE_SIZE])
{
    const json_t *given = json_object_get(json_object_get(job, "settings"), "device");
    const char *variable = getenv("IMPASTO_DEVICE"), *usual = studio->device;
    if (!usual && variable && variable[0])
        usual = variable;
    const char *text = json_is_string(given) ? json_string_value(given) : given ? ANY : usual;
    snprintf(place, PLACE_SIZE, ANY);
    if (!text || strcmp(text, "auto") == 0)
        usual_place(studio, place);
    else if (text[0] && strlen(text) < 4 && strspn(text, "0123456789") == strlen(text))
        snprintf(place, PLACE_SIZE, "%s", text);
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(a, ANY) == 0 || strcmp(b, ANY) == 0 || strcmp(a, b) == 0;
}

/* Whether a painting may begin: its device, which `place` becomes, is none of those at work. */
static bool is_free(const struct cli_studio *studio, const json_t *job, char place[PLACE_SIZE])
{
    place_of(studio, job, place);
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++)
        if (studio->painters[i].task && is_same(studio->painters[i].place, place))
            return false;
    return true;
}

struct cli_child *cli_device_worker(struct cli_studio *studio, const char *place)
{
    struct cli_child *found = NULL;
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++) {
        struct cli_child *child = &studio->painters[i];
        if (child->task || (child->process && child->to < 0))
            continue;
        if (child->process && strcmp(child->place, place) == 0)
            return child;
        if (!found || (found->process && !child->process))
            found = child;
    }
    return found;
}

/* In their order: none goes before another one that waits for the same device. */
json_t *cli_device_next(const struct cli_studio *studio, char place[PLACE_SIZE])
{
    for (size_t i = 0; i < json_array_size(studio->jobs); i++) {
        json_t *job = json_array_get(studio->jobs, i);
        if (!cli_job_may_begin(studio, job) || !cli_job_paints(job))
            continue;
        if (is_free(studio, job, place))
            return job;
        if (strcmp(place, ANY) == 0)
            return NULL;
    }
    return NULL;
}
