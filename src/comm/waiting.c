/* SPDX-License-Identifier: MIT */
/*
 * Since when this process waits for other ranks. A rank that is stopped, or a network that is gone,
 * never answers, so only what is noted here is known of it. There is one clock: MPI is opened once
 * in a process. Ranks that are threads need none: their devices are watched.
 */

#include "comm/transport.h"

#include <stdatomic.h>

/* Milliseconds modulo 2^32; since 0: nobody waits. The lowest bit is set for a sign. */
static atomic_uint since, longest;
static atomic_bool resting;

static unsigned now(void)
{
    return (unsigned)(uint64_t)(imp_host_seconds() * 1e3) | 1u;
}

void imp_comm_wait_begin(const struct imp_comm *comm)
{
    if (!comm->watched)
        return;
    atomic_store(&resting, comm->resting);
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
    atomic_store(&since, 0);
    return status;
}

double imp_comm_waiting(double *expected)
{
    const unsigned begun = atomic_load(&since), waited = now() - begun;
    if (expected)
        *expected = atomic_load(&resting) ? 0 : atomic_load(&longest) / 1e3;
    return begun == 0 || waited > UINT32_MAX / 2 ? 0 : waited / 1e3;
}
