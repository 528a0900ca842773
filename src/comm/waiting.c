/* SPDX-License-Identifier: MIT */
/*
 * Since when this process waits for other ranks. A rank that is stopped, or a network that is gone,
 * never answers, so only what is noted here is known of it. There is one clock: MPI is opened once
 * in a process. Ranks that are threads need none: their devices are watched.
 */

#include "comm/transport.h"

#include <stdatomic.h>

/* Another rank answers a letter once it has done what that asks for. As long as nobody knows how
 * long that takes, it is so many milliseconds. */
#define ANSWER 60000

/* Milliseconds modulo 2^32; since 0: nobody waits. The lowest bit is set for a sign. */
static atomic_uint since, longest;
/* When it was last seen whether a letter had arrived. Nobody has waited for it since. */
static atomic_uint looked;
static atomic_bool resting, lettered;

static unsigned now(void)
{
    return (unsigned)(uint64_t)(imp_host_seconds() * 1e3) | 1u;
}

/* Since when there is a letter of the first rank under way. Others have theirs when it comes to
 * them. */
static unsigned oldest_letter(const struct imp_comm *comm)
{
    unsigned oldest = 0;
    for (int i = 0; comm->rank == 0 && i < 2 * comm->size; i++) {
        const unsigned begun = comm->letter[i].since;
        if (begun != 0 && (oldest == 0 || oldest - begun < UINT32_MAX / 2))
            oldest = begun;
    }
    return oldest;
}

/* Between calls, letters alone are waited for. */
static void rest_on_letters(const struct imp_comm *comm)
{
    const unsigned oldest = oldest_letter(comm);
    atomic_store(&resting, false);
    atomic_store(&lettered, oldest != 0);
    atomic_store(&since, oldest);
}

void imp_comm_letter_begins(struct imp_comm *comm, struct imp_letter *letter)
{
    struct imp_letter *answer = &comm->letter[2 * letter->transfer.peer];
    letter->since = now();
    /* Who is told something more has from then on for its answer. */
    if (letter->transfer.sends && answer->since != 0)
        answer->since = letter->since;
    if (comm->watched)
        rest_on_letters(comm);
}

void imp_comm_letter_looked(const struct imp_comm *comm)
{
    if (comm->watched)
        atomic_store(&looked, now());
}

void imp_comm_letter_ends(struct imp_comm *comm, struct imp_letter *letter)
{
    const unsigned waited = (now() - letter->since) | 1u;
    letter->since = 0;
    if (!comm->watched)
        return;
    if (comm->rank == 0 && waited > atomic_load(&longest))
        atomic_store(&longest, waited);
    rest_on_letters(comm);
}

void imp_comm_wait_begin(const struct imp_comm *comm)
{
    if (!comm->watched)
        return;
    atomic_store(&resting, comm->resting);
    atomic_store(&lettered, false);
    atomic_store(&since, now());
}

enum impasto_status imp_comm_wait_end(const struct imp_comm *comm, enum impasto_status status)
{
    if (!comm->watched)
        return status;
    /* At least 1 ms: that some wait has lasted so long is known from now on. */
    const unsigned waited = (now() - atomic_load(&since)) | 1u;
    if (!comm->resting && waited > atomic_load(&longest))
        atomic_store(&longest, waited);
    rest_on_letters(comm);
    return status;
}

double imp_comm_waiting(double *expected)
{
    const unsigned begun = atomic_load(&since);
    const unsigned waited = (atomic_load(&lettered) ? atomic_load(&looked) : now()) - begun;
    const unsigned known = atomic_load(&longest);
    const unsigned usual = atomic_load(&lettered) && known < ANSWER ? ANSWER : known;
    if (expected)
        *expected = atomic_load(&resting) ? 0 : usual / 1e3;
    return begun == 0 || waited > UINT32_MAX / 2 ? 0 : waited / 1e3;
}
