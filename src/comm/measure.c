/* SPDX-License-Identifier: MIT */
/* How long it takes to swap edges with the neighbours: nothing much, and a long row. */

#include "comm/transport.h"

#include <math.h>
#include <stdlib.h>

#define SMALL 8
#define LARGE ((size_t)1 << 20)
/* The least of them counts: the first makes connections, and any may meet with other work. */
#define SMALL_ROUNDS 4
#define LARGE_ROUNDS 3

static enum impasto_status time_swaps(struct imp_comm *comm, unsigned char *bytes, size_t size,
                                      int rounds, double *least)
{
    const int rank = imp_comm_rank(comm), last = imp_comm_size(comm) - 1;
    struct imp_edges edges = {0};
    for (size_t side = 0; side < 2; side++) {
        const size_t own = side == 0 ? (rank > 0 ? size : 0) : (rank < last ? size : 0);
        edges.send[side] = bytes + side * LARGE;
        edges.receive[side] = bytes + (2 + side) * LARGE;
        edges.send_bytes[side] = edges.receive_bytes[side] = own;
    }
    *least = INFINITY;
    for (int round = 0; round < rounds; round++) {
        const double since = imp_host_seconds();
        IMP_TRY(imp_comm_edges_begin(comm, &edges));
        IMP_TRY(imp_comm_edges_end(comm));
        *least = fmin(*least, imp_host_seconds() - since);
    }
    return IMPASTO_OK;
}

/* So short a time is noise, not the line's: a mebibyte in it would be a terabyte a second. */
#define LEAST_SECONDS 1e-6

/* cost: of all ranks, from what each has measured. */
static enum impasto_status find_slowest(struct imp_comm *comm, const double own[2],
                                        struct imp_comm_cost *cost)
{
    const size_t size = (size_t)imp_comm_size(comm);
    double *all = malloc(2 * size * sizeof(*all)), slowest[2] = {0};
    size_t *counts = malloc(size * sizeof(*counts));
    for (size_t rank = 0; counts && rank < size; rank++)
        counts[rank] = 2;
    const enum impasto_status status =
        all && counts
            ? imp_comm_gather(comm, own, all, counts)
            : imp_comm_outcome(comm, imp_fail_memory(&comm->error, "the ranks' times of exchanges",
                                                     2 * size * sizeof(*all)));
    for (size_t i = 0; i < 2 * size && status == IMPASTO_OK; i++)
        slowest[i % 2] = fmax(slowest[i % 2], all[i]);
    free(all);
    free(counts);
    const double longer = slowest[1] - slowest[0];
    if (status == IMPASTO_OK)
        *cost = (struct imp_comm_cost){fmax(slowest[0], 1e-9),
                                       longer > LEAST_SECONDS ? LARGE / longer : 0};
    return status;
}

enum impasto_status imp_comm_measure(struct imp_comm *comm, struct imp_comm_cost *cost)
{
    double own[2] = {0};
    unsigned char *bytes = calloc(4, LARGE);
    if (!bytes)
        return imp_comm_outcome(
            comm, imp_fail_memory(&comm->error, "timing the exchanges of ranks", 4 * LARGE));
    enum impasto_status status = time_swaps(comm, bytes, SMALL, SMALL_ROUNDS, &own[0]);
    if (status == IMPASTO_OK)
        status = time_swaps(comm, bytes, LARGE, LARGE_ROUNDS, &own[1]);
    free(bytes);
    return status == IMPASTO_OK ? find_slowest(comm, own, cost) : status;
}
