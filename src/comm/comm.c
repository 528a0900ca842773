/* SPDX-License-Identifier: MIT */
/*
 * Ranks: what is the same however their bytes travel. Once a call has failed, the others are told,
 * and all later calls fail alike.
 */

#include "comm/transport.h"

#include <stdlib.h>
#include <string.h>

/* Leaves the function where an earlier call has failed. */
#define STILL_WHOLE(comm) IMP_TRY((comm)->error.status)

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A call that waits for others, and is seen to wait. */
#define WATCHED(comm, call) (imp_comm_wait_begin(comm), imp_comm_wait_end(comm, call))

struct imp_comm *imp_comm_new(const struct imp_transport *transport, void *end, int rank, int size)
{
    struct imp_comm *comm = calloc(1, sizeof(*comm) + 2 * (size_t)size * sizeof(comm->letter[0]));
    if (comm != NULL)
        *comm = (struct imp_comm){.transport = transport,
                                  .end = end,
                                  .rank = rank,
                                  .size = size,
                                  .local_rank = rank,
                                  .local_size = size};
    return comm;
}

enum impasto_status imp_comm_outcome(struct imp_comm *comm, enum impasto_status status)
{
    if (status != IMPASTO_OK) {
        comm->error.status = status;
        comm->transport->fail(comm->end, &comm->error);
    }
    return status;
}

enum impasto_status imp_comm_misuse(struct imp_comm *comm, const char *what)
{
    return imp_comm_outcome(comm, imp_fail(&comm->error, IMPASTO_ERROR_INTERNAL,
                                           "rank %d %s; please report this", comm->rank, what));
}

void imp_comm_close(struct imp_comm *comm)
{
    if (comm == NULL)
        return;
    bool busy = comm->exchanging || comm->sums > 0;
    for (int i = 0; i < 2 * comm->size; i++)
        busy = busy || comm->letter[i].since != 0;
    if (comm->error.status == IMPASTO_OK && busy)
        (void)imp_comm_misuse(comm, "has left in the middle of a call");
    comm->resting = true;
    imp_comm_wait_begin(comm);
    comm->transport->close(comm->end, &comm->error);
    (void)imp_comm_wait_end(comm, IMPASTO_OK);
    free(comm);
}

int imp_comm_rank(const struct imp_comm *comm)
{
    return comm->rank;
}

int imp_comm_size(const struct imp_comm *comm)
{
    return comm->size;
}

int imp_comm_local_rank(const struct imp_comm *comm)
{
    return comm->local_rank;
}

int imp_comm_local_size(const struct imp_comm *comm)
{
    return comm->local_size;
}

const struct impasto_error *imp_comm_error(const struct imp_comm *comm)
{
    return &comm->error;
}

void imp_comm_fail(struct imp_comm *comm, enum impasto_status status, const char *text)
{
    if (comm->error.status == IMPASTO_OK)
        (void)imp_comm_outcome(comm, imp_fail(&comm->error, status, "%s", text));
}

/* ---- Exchanges ------------------------------------------------------------------------------- */

static enum impasto_status begin(struct imp_comm *comm, struct imp_transfer *transfers,
                                 size_t count)
{
    STILL_WHOLE(comm);
    if (comm->exchanging)
        return imp_comm_misuse(comm, "begins an exchange within another");
    comm->exchanging = true;
    return imp_comm_outcome(
        comm, comm->transport->exchange_begin(comm->end, transfers, count, &comm->error));
}

enum impasto_status imp_comm_edges_end(struct imp_comm *comm)
{
    STILL_WHOLE(comm);
    if (!comm->exchanging)
        return imp_comm_misuse(comm, "ends an exchange that has not begun");
    comm->exchanging = false;
    return imp_comm_outcome(comm,
                            WATCHED(comm, comm->transport->exchange_end(comm->end, &comm->error)));
}

enum impasto_status imp_comm_exchange(struct imp_comm *comm, struct imp_transfer *transfers,
                                      size_t count)
{
    IMP_TRY(begin(comm, transfers, count));
    return imp_comm_edges_end(comm);
}

/* Edges are rows of a picture: none comes near the size that would have to be cut. */
static bool too_large(const struct imp_edges *edges)
{
    for (int side = 0; side < 2; side++)
        if (edges->send_bytes[side] > IMP_TRANSFER_MOST ||
            edges->receive_bytes[side] > IMP_TRANSFER_MOST)
            return true;
    return false;
}

enum impasto_status imp_comm_edges_begin(struct imp_comm *comm, const struct imp_edges *edges)
{
    size_t count = 0;
    if (comm->error.status == IMPASTO_OK && too_large(edges))
        return imp_comm_misuse(comm, "has an edge of more than 1 GiB");
    for (int side = 0; side < 2 && !comm->exchanging; side++) {
        const int peer = comm->rank + (side == 0 ? -1 : 1);
        if (peer < 0 || peer == comm->size)
            continue;
        if (edges->receive_bytes[side] > 0)
            comm->edge[count++] = (struct imp_transfer){
                .bytes = edges->receive[side], .size = edges->receive_bytes[side], .peer = peer};
        if (edges->send_bytes[side] > 0)
            comm->edge[count++] = (struct imp_transfer){.bytes = (void *)edges->send[side],
                                                        .size = edges->send_bytes[side],
                                                        .peer = peer,
                                                        .sends = true};
    }
    return begin(comm, comm->edge, count);
}

/* ---- All at once ----------------------------------------------------------------------------- */

enum impasto_status imp_comm_sum_begin(struct imp_comm *comm, int64_t *values, size_t count)
{
    STILL_WHOLE(comm);
    for (size_t done = 0; done < count; done += IMP_SUM_MOST) {
        if (comm->sums == IMP_SUMS)
            IMP_TRY(imp_comm_sum_end(comm));
        comm->sums++;
        IMP_TRY(imp_comm_outcome(
            comm, comm->transport->sum_begin(comm->end, values + done,
                                             lesser(count - done, IMP_SUM_MOST), &comm->error)));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_comm_sum_end(struct imp_comm *comm)
{
    STILL_WHOLE(comm);
    comm->sums = 0;
    return imp_comm_outcome(comm, WATCHED(comm, comm->transport->sum_end(comm->end, &comm->error)));
}

enum impasto_status imp_comm_gather(struct imp_comm *comm, const double *own, double *all,
                                    const size_t *counts)
{
    size_t sum = 0;
    STILL_WHOLE(comm);
    for (int rank = 0; rank < comm->size; rank++)
        sum += counts[rank] < INT32_MAX ? counts[rank] : INT32_MAX;
    if (sum > INT32_MAX)
        return imp_comm_misuse(comm, "gathers over 2^31 numbers");
    return imp_comm_outcome(
        comm, WATCHED(comm, comm->transport->gather(comm->end, own, all, counts, &comm->error)));
}

enum impasto_status imp_comm_broadcast(struct imp_comm *comm, void *bytes, size_t size, int root)
{
    STILL_WHOLE(comm);
    if (root < 0 || root >= comm->size)
        return imp_comm_misuse(comm, "asks a rank that there is not");
    for (size_t done = 0; done < size; done += IMP_TRANSFER_MOST)
        IMP_TRY(imp_comm_outcome(
            comm, WATCHED(comm, comm->transport->broadcast(comm->end, (char *)bytes + done,
                                                           lesser(size - done, IMP_TRANSFER_MOST),
                                                           root, &comm->error))));
    return IMPASTO_OK;
}

enum impasto_status imp_comm_await(struct imp_comm *comm, void *bytes, size_t size)
{
    comm->resting = comm->rank > 0;
    const enum impasto_status status = imp_comm_broadcast(comm, bytes, size, 0);
    comm->resting = false;
    return status;
}

/* ---- Agreement ------------------------------------------------------------------------------- */

/* The first rank that has failed, or -1; everyone learns it. */
static enum impasto_status first_failed(struct imp_comm *comm, enum impasto_status mine, int *first)
{
    const double own = mine;
    double *all = malloc((size_t)comm->size * sizeof(*all));
    size_t *counts = malloc((size_t)comm->size * sizeof(*counts));
    enum impasto_status status = IMPASTO_OK;
    for (int rank = 0; counts != NULL && rank < comm->size; rank++)
        counts[rank] = 1;
    if (all == NULL || counts == NULL)
        status = imp_comm_outcome(comm, imp_fail_memory(&comm->error, "what ranks agree on", 0));
    else
        status = imp_comm_gather(comm, &own, all, counts);
    *first = -1;
    for (int rank = comm->size - 1; status == IMPASTO_OK && rank >= 0; rank--)
        if (all[rank] != IMPASTO_OK)
            *first = rank;
    free(all);
    free(counts);
    return status;
}

enum impasto_status imp_comm_agree(struct imp_comm *comm, enum impasto_status mine,
                                   struct impasto_error *error)
{
    struct impasto_error theirs = {.status = mine};
    int first = -1;
    enum impasto_status status = comm->error.status;
    if (mine != IMPASTO_OK)
        memcpy(theirs.message, error->message, sizeof(theirs.message));
    if (status == IMPASTO_OK)
        status = first_failed(comm, mine, &first);
    if (status == IMPASTO_OK && first >= 0)
        status = imp_comm_broadcast(comm, &theirs, sizeof(theirs), first);
    if (status != IMPASTO_OK)
        return imp_fail(error, status, "%s", comm->error.message);
    if (first < 0)
        return IMPASTO_OK;
    if (comm->size == 1)
        return imp_fail(error, theirs.status, "%s", theirs.message);
    return imp_fail(error, theirs.status, "rank %d: %s", first, theirs.message);
}
