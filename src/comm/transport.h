/* SPDX-License-Identifier: MIT */
#ifndef IMP_COMM_TRANSPORT_H
#define IMP_COMM_TRANSPORT_H

/*
 * What carries the bytes. comm.c has checked what it is asked for. It also sees to it that nothing
 * is asked after a failure but `fail`, once, and `close`.
 *
 * A transport that lies in a module uses nothing of the library.
 */

#include "comm/comm.h"

/* The most bytes in one transfer or broadcast, as MPI counts in ints. */
#define IMP_TRANSFER_MOST ((size_t)1 << 30)
/* The most values in one sum, likewise. */
#define IMP_SUM_MOST ((size_t)1 << 27)
/* Sums that may be on their way. */
#define IMP_SUMS 32

/* Bytes from or to another rank. Between two ranks they arrive in their order. */
struct imp_transfer {
    void *bytes; /* what is sent is not changed */
    size_t size;
    int peer;
    bool sends;
    bool done;                 /* the transport's own; false at first */
    struct imp_transfer *next; /* likewise */
};

struct imp_transport {
    /* The transfers stay in place until the end. */
    enum impasto_status (*exchange_begin)(void *end, struct imp_transfer *transfers, size_t count,
                                          struct impasto_error *error);
    enum impasto_status (*exchange_end)(void *end, struct impasto_error *error);
    enum impasto_status (*sum_begin)(void *end, int64_t *values, size_t count,
                                     struct impasto_error *error);
    /* Of all sums that have begun. */
    enum impasto_status (*sum_end)(void *end, struct impasto_error *error);
    enum impasto_status (*gather)(void *end, const double *own, double *all, const size_t *counts,
                                  struct impasto_error *error);
    enum impasto_status (*broadcast)(void *end, void *bytes, size_t size, int root,
                                     struct impasto_error *error);
    /* A transfer apart from all others, which it does not meet. From and to each rank one at a time
     * is under way. It stays in place until `posted` finds it done. */
    enum impasto_status (*post)(void *end, struct imp_transfer *transfer,
                                struct impasto_error *error);
    /* Looks, or waits, whether it is: transfer->done. */
    enum impasto_status (*posted)(void *end, struct imp_transfer *transfer, bool waits,
                                  struct impasto_error *error);
    /* Lets the others know. Buffers that a `begin` was given are not touched any more. */
    void (*fail)(void *end, const struct impasto_error *error);
    void (*close)(void *end, const struct impasto_error *error);
};

/* What is under way with one rank alone, one way. */
struct imp_letter {
    struct imp_transfer transfer; /* the piece at hand */
    size_t left;                  /* bytes behind it */
    unsigned since; /* when it was begun, as waiting.c has it; 0: nothing is under way */
};

struct imp_comm {
    const struct imp_transport *transport;
    void *end;
    int rank, size, local_rank, local_size;
    bool watched; /* its waits are those of imp_comm_waiting */
    bool resting; /* until the first rank says what is to be done */
    int sums;     /* that are on their way */
    bool exchanging;
    struct imp_transfer edge[4]; /* of the exchange with the neighbours */
    struct impasto_error error;  /* of the first call that has failed */
    struct imp_letter letter[];  /* from each rank and to it: at 2 * rank, and behind that */
};

/* ---- comm.c ---------------------------------------------------------------------------------- */

/* NULL: no memory. */
struct imp_comm *imp_comm_new(const struct imp_transport *transport, void *end, int rank, int size);
/* Tells the others of a failure, and keeps it for later calls. */
enum impasto_status imp_comm_outcome(struct imp_comm *comm, enum impasto_status status);
/* imp_fail for what must not be. */
enum impasto_status imp_comm_misuse(struct imp_comm *comm, const char *what);
/* One exchange, which is waited for. */
enum impasto_status imp_comm_exchange(struct imp_comm *comm, struct imp_transfer *transfers,
                                      size_t count);

/* ---- waiting.c ------------------------------------------------------------------------------- */

void imp_comm_wait_begin(const struct imp_comm *comm);
/* Passes the status on. */
enum impasto_status imp_comm_wait_end(const struct imp_comm *comm, enum impasto_status status);
/* A letter is under way from now on; was looked for; is under way no more. */
void imp_comm_letter_begins(struct imp_comm *comm, struct imp_letter *letter);
void imp_comm_letter_looked(const struct imp_comm *comm);
void imp_comm_letter_ends(struct imp_comm *comm, struct imp_letter *letter);

/* ---- The module ------------------------------------------------------------------------------ */

#define IMP_MPI_MODULE "impasto_mpi.so"

struct imp_mpi_place {
    void *end;
    int rank, size, local_rank, local_size; /* local: among the ranks of this machine */
};

struct imp_mpi {
    const char *version; /* Impasto's, which must be the library's */
    const struct imp_transport *transport;
    enum impasto_status (*open)(bool naps, struct imp_mpi_place *place,
                                struct impasto_error *error);
};

extern const struct imp_mpi imp_mpi_module;
#define IMP_MPI_TABLE "imp_mpi_module"

#endif
