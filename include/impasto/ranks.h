/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_RANKS_H
#define IMPASTO_RANKS_H

/* Processes that paint one picture together, or train one network, each with a device, on one
 * machine or on several. */

#include <impasto/base.h>
#include <impasto/device.h>
#include <impasto/weights.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * mpirun, srun or the like starts the same program several times. Each process is a rank, and is
 * numbered. The first, rank 0, has the pictures, opens jobs and gets results; the others take part
 * in what it does:
 *
 *     impasto_ranks_open(&ranks, &error);
 *     impasto_device_open(NULL, NULL, NULL, &device, &error);
 *     impasto_device_join_ranks(device, ranks, 0, &error);
 *     if (impasto_ranks_rank(ranks) > 0)
 *         impasto_job_serve(device, weights, &error); for trainings, impasto_train_serve(...)
 *     else
 *         ... impasto_job_open(device, ...) and all else, as with one device
 *     impasto_device_close(&device);
 *     impasto_ranks_close(&ranks);
 *
 * All ranks call the functions that are said to be for all, in the same order. When one fails, the
 * others' calls fail as well, with its status and its line, before which is its number.
 */
struct impasto_ranks;

/* The most ranks. */
#define IMPASTO_RANKS 256

/* How many processes a launcher has started together with this one, by what Open MPI, MPICH and
 * Slurm leave in the environment. 1: none but this one, or IMPASTO_MPI is "off" there, for what a
 * rank has started and is none. Loads nothing. */
IMPASTO_API int impasto_ranks_launched(void);

/* How many processes Slurm's srun has started, this one among them, without a sign that they can
 * find one another, as with --mpi=none: impasto_ranks_launched() is 1 then. A program that writes
 * one result may refuse to go on, as all of them would write it. 1: no others, or IMPASTO_MPI is
 * "off". Loads nothing. */
IMPASTO_API int impasto_ranks_apart(void);

/*
 * Opens the lines between all ranks, for all: loads the module that knows MPI, and starts MPI. Once
 * in a process. Waits for the others. Without a launcher this process is the only rank.
 *
 * IMPASTO_ERROR_USAGE: there is no such module, there are more than IMPASTO_RANKS, or not all have
 * the same version. IMPASTO_ERROR_DEVICE: MPI has failed. IMPASTO_ERROR_MEMORY.
 */
IMPASTO_API enum impasto_status impasto_ranks_open(struct impasto_ranks **ranks,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Leaves the others, for all, and waits until all do. After a failure that was not agreed on it
 * ends all processes, this one included, with the negated status as exit code; so say first what
 * has happened. Devices that were joined must have been closed before. */
IMPASTO_API void impasto_ranks_close(struct impasto_ranks **ranks);

/* From 0 to impasto_ranks_size() - 1. */
IMPASTO_API int impasto_ranks_rank(const struct impasto_ranks *ranks);
IMPASTO_API int impasto_ranks_size(const struct impasto_ranks *ranks);
/* Its place among the ranks of this machine, from 0 on: which of several devices it may take. */
IMPASTO_API int impasto_ranks_local(const struct impasto_ranks *ranks);

/*
 * A point that all ranks pass together or not at all, for all. mine: how this rank has fared, with
 * its text in *error where it has failed. IMPASTO_OK where all have passed. Otherwise every rank
 * gets the status and the text of the first that has not.
 */
IMPASTO_API enum impasto_status impasto_ranks_agree(struct impasto_ranks *ranks,
                                                    enum impasto_status mine,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/* bytes: `size` bytes of rank 0, on every rank, for all. */
IMPASTO_API enum impasto_status impasto_ranks_share(struct impasto_ranks *ranks, void *bytes,
                                                    size_t size,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Letters: bytes between two ranks alone, for work that each does by itself. A letter goes on by
 * itself: these two return at once. The bytes stay the caller's, as they are and where they are,
 * until the letter has arrived, or the lines have failed and are closed. From each rank, and to it,
 * one is under way at a time. Both name the same number of bytes. With the letters of a rank, and
 * all other functions here, one thread may deal: the one that has opened the lines. All letters
 * have arrived before impasto_ranks_close().
 *
 * to, from: another rank, from 0 to impasto_ranks_size() - 1. Errors: INTERNAL, after which the
 * lines have failed on all ranks, for a rank that there is not or is this one, for a letter within
 * another, and for another number of bytes; otherwise what another rank has failed with.
 */
IMPASTO_API enum impasto_status impasto_ranks_send(struct impasto_ranks *ranks, int to,
                                                   const void *bytes, size_t size,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_ranks_receive(struct impasto_ranks *ranks, int from, void *bytes, size_t size,
                      struct impasto_error *error) IMPASTO_MUST_CHECK;

/* *arrived: whether what this rank has sent to another, or what it receives from it, is there by
 * now; true where nothing is under way. waits: returns once it is. */
IMPASTO_API enum impasto_status impasto_ranks_sent(struct impasto_ranks *ranks, int to, bool waits,
                                                   bool *arrived,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_ranks_received(struct impasto_ranks *ranks, int from, bool waits, bool *arrived,
                       struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Fails on this rank, where the others do not expect it: their calls fail with this status, and
 * with this text behind the rank's number. */
IMPASTO_API void impasto_ranks_fail(struct impasto_ranks *ranks, const struct impasto_error *error);

/* Whether the lines have failed, so that nothing can be done together any more. */
IMPASTO_API bool impasto_ranks_broken(const struct impasto_ranks *ranks);

/*
 * How long, in seconds, this process has been waiting for another rank by now. 0: it is not. Rank 0
 * waits for its letters as long as they are under way. Any thread may call it at any time.
 * expected: the seconds that such a wait has lasted at most so far. 0 where nobody knows, as while
 * rank 0 does what the others have no part in. May be NULL.
 */
IMPASTO_API double impasto_ranks_waiting(double *expected);

/*
 * Makes a device this rank's part of the team, for all. Jobs that rank 0 opens on its own from then
 * on paint their pictures on those of all ranks at once, as with impasto_device_join. Of memory
 * that is the host's, each rank of a machine gets an equal part. One job or training may be
 * open at a time: another is refused with IMPASTO_ERROR_USAGE. With one rank nothing changes.
 *
 * share: of a picture's rows, in any unit that is the same on all ranks. 0 on any of them: by the
 * devices' speed. Errors: as of impasto_device_join.
 */
IMPASTO_API enum impasto_status
impasto_device_join_ranks(struct impasto_device *device, struct impasto_ranks *ranks, float share,
                          struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * For all ranks but the first: takes part in the jobs that rank 0 opens, until it closes its
 * device.
 *
 * weights: those of rank 0; a job is refused with IMPASTO_ERROR_WEIGHTS where they are others.
 * Failures of a job that all ranks agree on are rank 0's to tell, and do not end it. Others do.
 */
IMPASTO_API enum impasto_status impasto_job_serve(struct impasto_device *device,
                                                  const struct impasto_weights *weights,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
