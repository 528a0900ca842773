/* SPDX-License-Identifier: MIT */
/*
 * A rank among those that mpirun starts: comm_ranks WHAT [NTH]
 *
 * cases: all that ranks can do. fault NTH: the nth call of the last rank fails. leave: the last
 * rank closes its end early. vanish: it ends without a word. kill: it is killed. fail: it fails
 * outside of any call. Exits with 0, or with the negated status after a line on standard error.
 */

#include "comm_cases.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Cases before the last rank goes. */
#define BEFORE 3

/* false: it has gone on purpose. */
static bool go(struct imp_comm *comm, const char *what)
{
    if (strcmp(what, "vanish") == 0)
        _Exit(0);
    if (strcmp(what, "kill") == 0)
        (void)raise(SIGKILL);
    if (strcmp(what, "fail") == 0)
        imp_comm_fail(comm, IMPASTO_ERROR_MEMORY, "no room");
    return strcmp(what, "leave") != 0;
}

static bool work(struct imp_comm *comm, const char *what, int nth, char text[CASE_TEXT])
{
    const bool last = imp_comm_rank(comm) == imp_comm_size(comm) - 1;
    comm_fail_call(comm, last ? nth : 0);
    if (last && strcmp(what, "cases") != 0 && strcmp(what, "fault") != 0)
        if (!comm_some_cases(comm, BEFORE, text) || !go(comm, what))
            return text[0] == '\0';
    return comm_cases(comm, text);
}

int main(int argc, char **argv)
{
    struct imp_comm *comm;
    struct impasto_error error;
    char text[CASE_TEXT] = "";
    if (argc < 2)
        return 2;
    if (imp_comm_mpi_open(true, &comm, &error) != IMPASTO_OK) {
        fprintf(stderr, "comm_ranks: %s\n", error.message);
        return -(int)error.status;
    }
    const int rank = imp_comm_rank(comm), size = imp_comm_size(comm);
    const bool good = work(comm, argv[1], argc > 2 ? atoi(argv[2]) : 0, text);
    const int calls = comm_calls(comm);
    const enum impasto_status status = imp_comm_error(comm)->status;
    if (!good)
        fprintf(stderr, "comm_ranks: %d: %s\n", rank, text);
    imp_comm_close(comm);
    if (good)
        printf("rank %d of %d: %d calls\n", rank, size, calls);
    return good ? 0 : status != IMPASTO_OK ? -(int)status : 1;
}
