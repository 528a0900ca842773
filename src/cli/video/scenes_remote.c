/* SPDX-License-Identifier: MIT */
/* Other ranks that paint, as the first one deals with them: cli/video/ranks.h. */

#include "cli/devices/devices.h"
#include "cli/video/scenes_inside.h"

#include <stdlib.h>

/* A rank that nobody asks for anything is greeted after so many seconds: it waits for an hour. */
#define GREETING_SECONDS 60

/* ---- Who asks -------------------------------------------------------------------------------- */

/* Waits until the rank is asked for nothing; false: all is to end. With the monitor. */
static bool await_rest(struct cli_scenes *s, const struct cli_remote *r)
{
    while (r->asked && !s->stopping)
        imp_os_monitor_wait(s->monitor, imp_os_seconds() + CLI_SCENES_LOOK);
    return !s->stopping;
}

enum impasto_status cli_remote_ask(struct cli_scene_painter *p, const struct cli_wish *wish,
                                   struct cli_answered *answered)
{
    struct cli_scenes *s = p->scenes;
    struct cli_remote *r = &p->remote;
    imp_os_monitor_enter(s->monitor);
    bool goes_on = await_rest(s, r); /* it may be greeted just now */
    if (goes_on) {
        r->wish = *wish;
        r->asked = true;
        imp_os_monitor_wake(s->monitor);
        goes_on = await_rest(s, r);
    }
    if (goes_on)
        *answered = r->answered;
    imp_os_monitor_leave(s->monitor);
    if (!goes_on)
        return cli_fail(&p->error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    const struct impasto_error *why = &answered->error;
    return why->status == IMPASTO_OK
               ? IMPASTO_OK
               : cli_fail(&p->error, why->status, "rank %d: %s", r->rank, why->message);
}

/* ---- An errand, letter by letter ------------------------------------------------------------- */

static bool is_sending(const struct cli_remote *r)
{
    return r->step == CLI_REMOTE_ASKS || r->step == CLI_REMOTE_GIVES;
}

/* Whether there is an errand to move; a rank that has none is greeted now and then. One that was
 * wished for, and not begun when all ended, never is. */
static bool is_at_work(struct cli_scenes *s, struct cli_remote *r)
{
    imp_os_monitor_enter(s->monitor);
    if (!r->asked && !r->ended && imp_os_seconds() - r->heard > GREETING_SECONDS) {
        r->wish = (struct cli_wish){.asked.errand = CLI_ERRAND_GREET};
        r->asked = true;
    }
    const bool asked = r->asked;
    imp_os_monitor_leave(s->monitor);
    return asked && !(r->ended && r->step == CLI_REMOTE_BEGINS);
}

static enum impasto_status begin(struct cli_scenes *s, struct cli_remote *r)
{
    struct impasto_error *error = s->filming->error;
    const enum impasto_status status =
        impasto_ranks_send(s->ranks, r->rank, &r->wish.asked, sizeof(r->wish.asked), error);
    r->step = CLI_REMOTE_ASKS;
    return status == IMPASTO_OK
               ? impasto_ranks_receive(s->ranks, r->rank, &r->answered, sizeof(r->answered), error)
               : status;
}

static enum impasto_status give(struct cli_scenes *s, struct cli_remote *r)
{
    r->step = CLI_REMOTE_GIVES;
    return impasto_ranks_send(s->ranks, r->rank, r->wish.gift, (size_t)r->wish.asked.bytes,
                              s->filming->error);
}

static enum impasto_status take(struct cli_scenes *s, struct cli_remote *r)
{
    const size_t bytes = (size_t)r->answered.bytes;
    r->step = CLI_REMOTE_TAKES;
    if (!r->wish.place) {
        free(r->state);
        r->state = malloc(bytes);
        r->wish.place = r->state;
    } else if (bytes != r->wish.room) {
        (void)cli_fail(s->filming->error, IMPASTO_ERROR_INTERNAL,
                       "rank %d has painted a frame of another size; please report this", r->rank);
        impasto_ranks_fail(s->ranks, s->filming->error);
        return IMPASTO_ERROR_INTERNAL;
    }
    if (r->wish.place)
        return impasto_ranks_receive(s->ranks, r->rank, r->wish.place, bytes, s->filming->error);
    (void)cli_fail_memory(s->filming->error, "the state of a clip");
    impasto_ranks_fail(s->ranks, s->filming->error);
    return IMPASTO_ERROR_MEMORY;
}

static void finish(struct cli_scenes *s, struct cli_remote *r)
{
    r->step = CLI_REMOTE_BEGINS;
    r->heard = imp_os_seconds();
    imp_os_monitor_enter(s->monitor);
    r->asked = false;
    imp_os_monitor_wake(s->monitor);
    imp_os_monitor_leave(s->monitor);
}

/* The next step, once the letter of the one at hand has arrived. */
static enum impasto_status go_on(struct cli_scenes *s, struct cli_remote *r)
{
    if (r->step == CLI_REMOTE_HEARS && r->answered.alive)
        return impasto_ranks_receive(s->ranks, r->rank, &r->answered, sizeof(r->answered),
                                     s->filming->error);
    const bool gives = r->step == CLI_REMOTE_ASKS && r->wish.asked.bytes > 0;
    const bool takes = r->step == CLI_REMOTE_HEARS && r->answered.bytes > 0;
    if (gives)
        return give(s, r);
    if (takes)
        return take(s, r);
    if (is_sending(r))
        r->step = CLI_REMOTE_HEARS;
    else
        finish(s, r);
    return IMPASTO_OK;
}

/* As far as it goes without waiting. */
static enum impasto_status move(struct cli_scenes *s, struct cli_remote *r)
{
    struct impasto_error *error = s->filming->error;
    enum impasto_status status = IMPASTO_OK;
    bool arrived = true;
    while (status == IMPASTO_OK && arrived && is_at_work(s, r)) {
        if (r->step == CLI_REMOTE_BEGINS) {
            status = begin(s, r);
            continue;
        }
        status = is_sending(r) ? impasto_ranks_sent(s->ranks, r->rank, false, &arrived, error)
                               : impasto_ranks_received(s->ranks, r->rank, false, &arrived, error);
        if (status == IMPASTO_OK && arrived)
            status = go_on(s, r);
    }
    return status;
}

enum impasto_status cli_remotes_move(struct cli_scenes *s)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; s->ranks && i < s->count && status == IMPASTO_OK; i++)
        if (s->painter[i].remote.rank > 0)
            status = move(s, &s->painter[i].remote);
    return status;
}

bool cli_remotes_are_asked(const struct cli_scenes *s)
{
    bool asked = false;
    for (size_t i = 0; i < s->count; i++)
        asked = asked || s->painter[i].remote.asked;
    return asked;
}

/* ---- The beginning and the end --------------------------------------------------------------- */

enum impasto_status cli_remotes_greet(struct cli_scenes *s)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < s->count; i++) {
        struct cli_remote *r = &s->painter[i].remote;
        r->wish = (struct cli_wish){.asked.errand = CLI_ERRAND_GREET};
        r->asked = r->rank > 0;
    }
    while (status == IMPASTO_OK && cli_remotes_are_asked(s)) {
        status = cli_remotes_move(s);
        imp_os_sleep(CLI_SCENES_LETTERS);
    }
    return status;
}

/* *over: the rank knows, and has answered what it was asked. */
static enum impasto_status end(struct cli_scenes *s, struct cli_remote *r, bool *over)
{
    enum impasto_status status = r->step == CLI_REMOTE_BEGINS ? IMPASTO_OK : move(s, r);
    *over = false;
    if (status == IMPASTO_OK && !r->ended && !is_sending(r)) {
        r->ended = true;
        r->end.errand = CLI_ERRAND_END;
        status = impasto_ranks_send(s->ranks, r->rank, &r->end, sizeof(r->end), s->filming->error);
    }
    if (status == IMPASTO_OK && r->ended && r->step == CLI_REMOTE_BEGINS)
        status = impasto_ranks_sent(s->ranks, r->rank, false, over, s->filming->error);
    return status;
}

/* *all: of all ranks. */
static enum impasto_status end_all(struct cli_scenes *s, bool *all)
{
    enum impasto_status status = IMPASTO_OK;
    *all = true;
    for (size_t i = 0; s->ranks && i < s->count && status == IMPASTO_OK; i++) {
        bool over = true;
        if (s->painter[i].remote.rank > 0)
            status = end(s, &s->painter[i].remote, &over);
        *all = *all && over;
    }
    return status;
}

/* What fails here, whoever parts from them meets again. */
void cli_remotes_end(struct cli_scenes *s)
{
    const struct impasto_error why = *s->filming->error;
    bool all;
    (void)end_all(s, &all);
    *s->filming->error = why;
}

enum impasto_status cli_remotes_part(struct cli_scenes *s)
{
    enum impasto_status status = IMPASTO_OK;
    char over = 1;
    bool all = false;
    if (!s->ranks)
        return IMPASTO_OK;
    while (status == IMPASTO_OK && !all) {
        status = end_all(s, &all);
        if (status == IMPASTO_OK && !all)
            imp_os_sleep(CLI_SCENES_LETTERS);
    }
    return status == IMPASTO_OK
               ? impasto_ranks_share(s->ranks, &over, sizeof(over), s->filming->error)
               : status;
}
