/* SPDX-License-Identifier: MIT */
#ifndef IMP_COMM_H
#define IMP_COMM_H

/*
 * Ranks that work on one thing: bytes of the host that go between them. Here are no devices and no
 * tensors. A rank is a thread of this process (local.c), or a process that mpirun has started
 * (mpi.c). A team of one is a real one, so that callers need no branches.
 *
 * Every rank makes the same calls in the same order. What a `begin` was given stays as it is, and
 * where it is, until its `end`. Between the two, other calls may be made.
 *
 * When a call fails on one rank, calls fail on all of them, with one line that names the rank. A
 * rank that has left, or that waits for a call that never comes, is such a failure as well: nobody
 * waits for ever. From then on every call fails in the same way, and the end can only be closed.
 *
 * Functions on an end are called by one thread at a time. They wait for other ranks where that is
 * said.
 */

#include "base/base.h"

/* A rank's end of the lines between all. */
struct imp_comm;

/* A team of `size` ranks in this process. ends: receives one for each rank, for a thread each. The
 * status is that of memory, or of the system's means to let threads wait. */
enum impasto_status imp_comm_local_open(int size, struct imp_comm *ends[],
                                        struct impasto_error *error);

/*
 * This process's end among those that mpirun or another launcher has started; alone without one.
 * Opens the module that knows MPI, and starts MPI unless the program has done so. Once in a
 * process. Waits for all.
 *
 * naps: a rank that waits gives its core away, which serves ranks that compute on cores. Without,
 * it hears from the others some 50 microseconds earlier. Fails with IMPASTO_ERROR_USAGE where the
 * module is missing.
 */
enum impasto_status imp_comm_mpi_open(bool naps, struct imp_comm **comm,
                                      struct impasto_error *error);

/* How many processes a launcher has started together with this one, by the environment; 1: none, or
 * IMPASTO_MPI is "off". */
int imp_comm_launched(void);
/* How many processes srun has started, this one among them, without what they would need to find
 * one another; 1: none, or IMPASTO_MPI is "off". */
int imp_comm_apart(void);

/* Leaves the others. NULL: nothing. Threads: does not wait, and another thread may close the end of
 * one that is gone. Processes: waits until all close theirs. After a failure it ends all of them,
 * this one included, with the negated status as exit code; so say first what has happened. */
void imp_comm_close(struct imp_comm *comm);

/* From 0 to size - 1. */
int imp_comm_rank(const struct imp_comm *comm);
int imp_comm_size(const struct imp_comm *comm);
/* Its place among the ranks of its machine, from 0 on. */
int imp_comm_local_rank(const struct imp_comm *comm);
/* How many these are. */
int imp_comm_local_size(const struct imp_comm *comm);
/* What the first call has failed with that did. */
const struct impasto_error *imp_comm_error(const struct imp_comm *comm);

/* What goes to the rank before, [0], and to the one after, [1]. There is nobody before the first
 * and after the last, and 0 bytes are nothing. Both sides of a border name the same number. */
struct imp_edges {
    const void *send[2];
    size_t send_bytes[2];
    void *receive[2];
    size_t receive_bytes[2];
};
/* The pair whose delay matters: it is called for every layer. One exchange at a time. */
enum impasto_status imp_comm_edges_begin(struct imp_comm *comm, const struct imp_edges *edges);
/* Waits for both neighbours. */
enum impasto_status imp_comm_edges_end(struct imp_comm *comm);

/* What exchanges cost between the slowest neighbours. */
struct imp_comm_cost {
    double seconds; /* of one that is short */
    /* Of a long one, from a rank to one neighbour, while as many go to the other one and come from
     * both. 0: longer ones take no longer, as far as the clock tells. */
    double bytes_per_second;
};
/* By some exchanges with the neighbours, the same on every rank. After a failure *cost is as it
 * was. Waits. */
enum impasto_status imp_comm_measure(struct imp_comm *comm, struct imp_comm_cost *cost);

/* values[0..count) += those of all other ranks, in place, on every rank. Sums of integers have no
 * order. They wrap around. Several may be on their way; the end waits for all of them. */
enum impasto_status imp_comm_sum_begin(struct imp_comm *comm, int64_t *values, size_t count);
enum impasto_status imp_comm_sum_end(struct imp_comm *comm);

/* all: counts[0] doubles of rank 0, counts[1] of rank 1, and so on, on every rank. own:
 * counts[rank] of them, outside of `all`. The counts are the same everywhere; below 2^31 in all.
 * Waits. */
enum impasto_status imp_comm_gather(struct imp_comm *comm, const double *own, double *all,
                                    const size_t *counts);

/* The root's bytes, on every rank. Waits. */
enum impasto_status imp_comm_broadcast(struct imp_comm *comm, void *bytes, size_t size, int root);

/* The same from the first rank, which may be as long as it likes: for what is to be done next. */
enum impasto_status imp_comm_await(struct imp_comm *comm, void *bytes, size_t size);

/* How long, in seconds, this process has been waiting for other processes by now. 0: it is not. The
 * first rank waits for letters as long as they are under way. expected: how long such a wait has
 * lasted before; 0: nobody knows. May be NULL. Any thread may call it at any time. */
double imp_comm_waiting(double *expected);

/* Rows from `begin` to before `end`. */
struct imp_row_range {
    int64_t begin, end;
};
/* Rows of planes from those who have them to those who want them. The first three are the same on
 * every rank. */
struct imp_rows_move {
    const struct imp_row_range *have; /* of each rank; no row is on two ranks */
    const struct imp_row_range *want; /* of each rank; may overlap, and be empty */
    size_t row_bytes;
    int planes;
    const void *from; /* planes x own rows x row_bytes */
    void *to;         /* planes x wanted rows x row_bytes, outside of `from` */
};
/* IMPASTO_ERROR_INTERNAL, on every rank, where a row is wanted that nobody has. Waits. */
enum impasto_status imp_comm_rows(struct imp_comm *comm, const struct imp_rows_move *move);

/*
 * Letters: bytes between two ranks alone, while others do what they like. A letter goes on by
 * itself, and is begun without waiting. Its bytes stay as they are, and where they are, until it
 * has arrived. From each rank, and to it, one is under way at a time. Both ranks name the same
 * number of bytes. A rank that leaves before it has taken part is a failure, as above.
 */
enum impasto_status imp_comm_send(struct imp_comm *comm, int to, const void *bytes, size_t size);
enum impasto_status imp_comm_receive(struct imp_comm *comm, int from, void *bytes, size_t size);
/* Whether what this rank has sent to another, or what it receives from it, has arrived; true where
 * nothing is under way. waits: returns once it has, and not before. */
enum impasto_status imp_comm_sent(struct imp_comm *comm, int to, bool waits, bool *arrived);
enum impasto_status imp_comm_received(struct imp_comm *comm, int from, bool waits, bool *arrived);

/*
 * A point that all ranks pass together or not at all. mine: how this rank has fared, with its text
 * in *error where it has failed. Returns OK where all have. Otherwise every rank gets the status
 * and the text of the first that has failed, with its number before the text where there are
 * several. What failed so is not a failure of the lines: calls may follow. Waits.
 */
enum impasto_status imp_comm_agree(struct imp_comm *comm, enum impasto_status mine,
                                   struct impasto_error *error);

/* Outside of such a point: the other ranks' calls fail with the status and this text. */
void imp_comm_fail(struct imp_comm *comm, enum impasto_status status, const char *text);

#endif
