/* SPDX-License-Identifier: MIT */
#ifndef TEAM_H
#define TEAM_H

/* Ranks that take part in what the first one does, as processes do, here in threads. */

#include "base/os.h"
#include "session/session.h"

#define TEAM_MOST 3

struct team {
    struct impasto_ranks ranks[TEAM_MOST];
    struct impasto_device *const *devices;
    /* What a rank does in its thread. */
    enum impasto_status (*serve)(int rank, struct impasto_error *error);
    struct team_place {
        struct team *team;
        int rank;
    } place[TEAM_MOST];
    struct imp_os_thread *thread[TEAM_MOST];
    enum impasto_status status[TEAM_MOST]; /* of each rank but the first */
    struct impasto_error error[TEAM_MOST];
    int size;
};

/* Whose call fails: the nth one of a rank. */
struct team_fault {
    int rank, nth; /* 0: none */
};

/* Each of the devices has its rank from now on, and all but the first serve. */
void team_begin(struct team *team, struct impasto_device *const *devices, int size,
                enum impasto_status (*serve)(int rank, struct impasto_error *error),
                struct team_fault fault);
/* After it nothing is sent any more, and what was can be counted. */
void team_finish(struct team *team);
void team_let_go(struct team *team);
/* Both. Returns how many calls that rank has made. */
int team_end(struct team *team, int rank);

#endif
