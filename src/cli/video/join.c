/* SPDX-License-Identifier: MIT */
/* The beginning of a film by several ranks: all know what film it is, and paint it alike. */

#include "cli/devices/devices.h"
#include "cli/video/ranks.h"

#include <stdlib.h>
#include <string.h>

/* What the first rank tells the others. */
struct start {
    bool good; /* it has found all that it needs; else nothing of the rest counts */
    struct imp_film source;
    char words[32768]; /* what all must have been given */
};

/* ---- Words ----------------------------------------------------------------------------------- */

/* Copies the line at `*text` as far as there is room, and goes on to the next one. */
static void take_line(const char **text, char *line, size_t size)
{
    const size_t length = strcspn(*text, "\n");
    if (length > 0)
        snprintf(line, size, "%.*s", (int)length, *text);
    else
        snprintf(line, size, "nothing");
    *text += length + ((*text)[length] == '\n');
}

static enum impasto_status compare(const char *mine, const char *first, struct impasto_error *error)
{
    char line[2][300];
    if (strcmp(mine, first) == 0)
        return IMPASTO_OK;
    do {
        take_line(&mine, line[0], sizeof(line[0]));
        take_line(&first, line[1], sizeof(line[1]));
    } while (strcmp(line[0], line[1]) == 0 && (*mine || *first));
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "was started with '%s', and rank 0 with '%s'; start all ranks alike", line[0],
                    line[1]);
}

/* ---- The first ------------------------------------------------------------------------------- */

/* Puts what this rank was given where there is room for it. */
static enum impasto_status give_words(const struct cli_filming *f, char *place, size_t size)
{
    char *words = cli_video_words(f);
    if (!words)
        return cli_fail_memory(f->error, "the film");
    const int length = snprintf(place, size, "%s", words);
    free(words);
    return length < (int)size ? IMPASTO_OK
                              : cli_fail(f->error, IMPASTO_ERROR_USAGE,
                                         "these are too many words for several ranks; name fewer "
                                         "style pictures, or give their files shorter names");
}

enum impasto_status cli_video_lead(struct cli_filming *f, enum impasto_status mine)
{
    struct impasto_error lost;
    struct start start = {.source = f->source_film};
    if (mine == IMPASTO_OK)
        mine = give_words(f, start.words, sizeof(start.words));
    start.good = mine == IMPASTO_OK;
    if (cli_ranks_share(&f->settings->common, &start, sizeof(start), &lost) == IMPASTO_OK)
        return mine;
    *f->error = lost;
    return lost.status;
}

enum impasto_status cli_video_agree(struct cli_filming *f, enum impasto_status mine)
{
    return impasto_ranks_agree(cli_ranks_lines(&f->settings->common), mine, f->error);
}

/* ---- The others ------------------------------------------------------------------------------ */

enum impasto_status cli_video_be_led(struct cli_filming *f, enum impasto_status mine, bool *leaves)
{
    struct start start = {0}, own = {0};
    struct impasto_error lost;
    *leaves = true;
    if (cli_ranks_share(&f->settings->common, &start, sizeof(start), &lost) != IMPASTO_OK) {
        *f->error = lost;
        return lost.status;
    }
    f->source_film = start.source;
    *leaves = !start.good;
    if (!start.good)
        return IMPASTO_OK;
    if (mine == IMPASTO_OK)
        mine = give_words(f, own.words, sizeof(own.words));
    return mine == IMPASTO_OK ? compare(own.words, start.words, f->error) : mine;
}
