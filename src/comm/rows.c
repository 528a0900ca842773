/* SPDX-License-Identifier: MIT */
/*
 * Rows of planes from one partition to another. Every rank knows what all have and want. So each
 * finds its own transfers, and nobody has to ask.
 */

#include "comm/transport.h"

#include <stdlib.h>
#include <string.h>

static struct imp_row_range common(struct imp_row_range a, struct imp_row_range b)
{
    const struct imp_row_range both = {.begin = a.begin > b.begin ? a.begin : b.begin,
                                       .end = a.end < b.end ? a.end : b.end};
    return both.begin < both.end ? both : (struct imp_row_range){0, 0};
}

static size_t rows_of(struct imp_row_range range)
{
    return range.begin < range.end ? (size_t)(range.end - range.begin) : 0;
}

/* Whether each wanted row is on one rank: then the common rows are as many as are wanted. */
static bool complete(const struct imp_rows_move *move, int size)
{
    for (int to = 0; to < size; to++) {
        size_t found = 0;
        for (int from = 0; from < size; from++)
            found += rows_of(common(move->have[from], move->want[to]));
        if (found != rows_of(move->want[to]))
            return false;
    }
    return true;
}

/* Transfers as they are found: counted at first, where there is no place for them. */
struct found {
    struct imp_transfer *at;
    size_t count;
};

static void add(struct found *found, int peer, bool sends, char *bytes, size_t size)
{
    for (size_t done = 0; done < size; done += IMP_TRANSFER_MOST) {
        const size_t rest = size - done;
        if (found->at != NULL)
            found->at[found->count] =
                (struct imp_transfer){.bytes = bytes + done,
                                      .size = rest < IMP_TRANSFER_MOST ? rest : IMP_TRANSFER_MOST,
                                      .peer = peer,
                                      .sends = sends};
        found->count++;
    }
}

/* A plane's rows, in planes that have the rows of `held`. */
static char *place(const struct imp_rows_move *move, const void *planes, struct imp_row_range held,
                   struct imp_row_range rows, int plane)
{
    const size_t row = (size_t)plane * rows_of(held) + (size_t)(rows.begin - held.begin);
    return (char *)planes + row * move->row_bytes;
}

/* What goes to another rank and what comes from it. */
static void find(const struct imp_rows_move *move, int rank, int peer, struct found *found)
{
    const struct imp_row_range have = move->have[rank], want = move->want[rank];
    const struct imp_row_range out = common(have, move->want[peer]);
    const struct imp_row_range in = common(move->have[peer], want);
    for (int plane = 0; plane < move->planes && rows_of(in) > 0; plane++)
        add(found, peer, false, place(move, move->to, want, in, plane),
            rows_of(in) * move->row_bytes);
    for (int plane = 0; plane < move->planes && rows_of(out) > 0; plane++)
        add(found, peer, true, place(move, move->from, have, out, plane),
            rows_of(out) * move->row_bytes);
}

static void find_all(const struct imp_rows_move *move, const struct imp_comm *comm,
                     struct found *found)
{
    found->count = 0;
    for (int peer = 0; peer < comm->size; peer++)
        if (peer != comm->rank)
            find(move, comm->rank, peer, found);
}

/* What this rank both has and wants. */
static void copy_own(const struct imp_rows_move *move, int rank)
{
    const struct imp_row_range have = move->have[rank], want = move->want[rank];
    const struct imp_row_range own = common(have, want);
    for (int plane = 0; plane < move->planes && rows_of(own) > 0; plane++)
        memcpy(place(move, move->to, want, own, plane), place(move, move->from, have, own, plane),
               rows_of(own) * move->row_bytes);
}

enum impasto_status imp_comm_rows(struct imp_comm *comm, const struct imp_rows_move *move)
{
    struct found found = {0};
    IMP_TRY(comm->error.status);
    if (!complete(move, comm->size))
        return imp_comm_misuse(comm, "wants rows that are not on one rank");
    find_all(move, comm, &found);
    found.at = malloc((found.count + 1) * sizeof(*found.at));
    if (found.at == NULL)
        return imp_comm_outcome(comm, imp_fail_memory(&comm->error, "rows between ranks",
                                                      found.count * sizeof(*found.at)));
    find_all(move, comm, &found);
    copy_own(move, comm->rank);
    const enum impasto_status status = imp_comm_exchange(comm, found.at, found.count);
    free(found.at);
    return status;
}
