/* SPDX-License-Identifier: MIT */
#include "team.h"

#include "comm_cases.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void work(void *user)
{
    const struct team_place *place = user;
    struct team *team = place->team;
    team->status[place->rank] = team->serve(place->rank, &team->error[place->rank]);
}

void team_begin(struct team *team, struct impasto_device *const *devices, int size,
                enum impasto_status (*serve)(int rank, struct impasto_error *error),
                struct team_fault fault)
{
    struct imp_comm *ends[TEAM_MOST];
    struct impasto_error error = {0};
    *team = (struct team){.devices = devices, .serve = serve, .size = size};
    assert_int_equal(imp_comm_local_open(size, ends, &error), IMPASTO_OK);
    for (int rank = 0; rank < size; rank++) {
        comm_fail_call(ends[rank], rank == fault.rank ? fault.nth : 0);
        team->ranks[rank].comm = ends[rank];
        devices[rank]->ranks = &team->ranks[rank];
        team->place[rank] = (struct team_place){team, rank};
        if (rank > 0)
            assert_int_equal(imp_os_start_thread(&team->thread[rank], work, &team->place[rank]), 0);
    }
}

void team_finish(struct team *team)
{
    imp_ranks_end(&team->ranks[0]);
    for (int rank = 1; rank < team->size; rank++)
        imp_os_join_thread(&team->thread[rank]);
}

void team_let_go(struct team *team)
{
    for (int rank = 0; rank < team->size; rank++) {
        imp_comm_close(team->ranks[rank].comm);
        team->devices[rank]->ranks = NULL;
        assert_false(team->ranks[rank].at_work);
    }
}

int team_end(struct team *team, int rank)
{
    team_finish(team);
    const int calls = comm_calls(team->ranks[rank].comm);
    team_let_go(team);
    return calls;
}
