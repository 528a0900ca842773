/* SPDX-License-Identifier: MIT */
/* Letters between two ranks, in pieces where they are long. */

#include "comm/transport.h"

static struct imp_letter *letter_of(struct imp_comm *comm, int rank, bool sends)
{
    return &comm->letter[2 * rank + sends];
}

static enum impasto_status post_piece(struct imp_comm *comm, struct imp_letter *letter)
{
    struct imp_transfer *piece = &letter->transfer;
    piece->size = letter->left < IMP_TRANSFER_MOST ? letter->left : IMP_TRANSFER_MOST;
    piece->done = false;
    letter->left -= piece->size;
    return imp_comm_outcome(comm, comm->transport->post(comm->end, piece, &comm->error));
}

static enum impasto_status begin(struct imp_comm *comm, int rank, bool sends, void *bytes,
                                 size_t size)
{
    IMP_TRY(comm->error.status);
    if (rank < 0 || rank >= comm->size || rank == comm->rank)
        return imp_comm_misuse(comm, "has a letter of a rank that there is not");
    struct imp_letter *letter = letter_of(comm, rank, sends);
    if (letter->since != 0)
        return imp_comm_misuse(comm, "begins a letter within another");
    letter->transfer = (struct imp_transfer){.bytes = bytes, .peer = rank, .sends = sends};
    letter->left = size;
    imp_comm_letter_begins(comm, letter);
    return post_piece(comm, letter);
}

enum impasto_status imp_comm_send(struct imp_comm *comm, int to, const void *bytes, size_t size)
{
    return begin(comm, to, true, (void *)bytes, size);
}

enum impasto_status imp_comm_receive(struct imp_comm *comm, int from, void *bytes, size_t size)
{
    return begin(comm, from, false, bytes, size);
}

/* The piece at hand. */
static enum impasto_status look(struct imp_comm *comm, struct imp_letter *letter, bool waits)
{
    if (!waits) {
        imp_comm_letter_looked(comm);
        return imp_comm_outcome(
            comm, comm->transport->posted(comm->end, &letter->transfer, false, &comm->error));
    }
    comm->resting = comm->rank > 0;
    imp_comm_wait_begin(comm);
    const enum impasto_status status = imp_comm_wait_end(
        comm, comm->transport->posted(comm->end, &letter->transfer, true, &comm->error));
    comm->resting = false;
    return imp_comm_outcome(comm, status);
}

static enum impasto_status arrive(struct imp_comm *comm, int rank, bool sends, bool waits,
                                  bool *arrived)
{
    *arrived = false;
    IMP_TRY(comm->error.status);
    if (rank < 0 || rank >= comm->size)
        return imp_comm_misuse(comm, "has a letter of a rank that there is not");
    struct imp_letter *letter = letter_of(comm, rank, sends);
    while (letter->since != 0) {
        struct imp_transfer *piece = &letter->transfer;
        IMP_TRY(look(comm, letter, waits));
        if (!piece->done)
            return IMPASTO_OK;
        piece->bytes = (char *)piece->bytes + piece->size;
        if (letter->left > 0)
            IMP_TRY(post_piece(comm, letter));
        else
            imp_comm_letter_ends(comm, letter);
    }
    *arrived = true;
    return IMPASTO_OK;
}

enum impasto_status imp_comm_sent(struct imp_comm *comm, int to, bool waits, bool *arrived)
{
    return arrive(comm, to, true, waits, arrived);
}

enum impasto_status imp_comm_received(struct imp_comm *comm, int from, bool waits, bool *arrived)
{
    return arrive(comm, from, false, waits, arrived);
}
