/* SPDX-License-Identifier: MIT */
/*
 * Ranks that are processes, by way of MPI. It brings many libraries, and starts processes of its
 * own. So what knows it is a module, which is opened when it is asked for.
 */

#include "comm/transport.h"

#include <string.h>

static const struct imp_mpi *load(char problem[IMP_MODULE_PROBLEM])
{
    const struct imp_mpi *mpi = imp_module_load(IMP_MPI_MODULE, IMP_MPI_TABLE, problem);
    if (mpi == NULL || strcmp(mpi->version, IMP_VERSION) == 0)
        return mpi;
    snprintf(problem, IMP_MODULE_PROBLEM, IMP_MPI_MODULE " is of another version (%.100s)",
             mpi->version);
    return NULL;
}

enum impasto_status imp_comm_mpi_open(bool naps, struct imp_comm **comm,
                                      struct impasto_error *error)
{
    char problem[IMP_MODULE_PROBLEM] = "";
    struct imp_mpi_place place;
    const struct imp_comm opening = {.watched = true, .resting = true};
    *comm = NULL;
    const struct imp_mpi *mpi = load(problem);
    if (mpi == NULL)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "several ranks cannot work together: %s; install all of "
                        "Impasto " IMP_VERSION ", and MPI, or set IMPASTO_MPI=off to do without",
                        problem);
    imp_comm_wait_begin(&opening);
    IMP_TRY(imp_comm_wait_end(&opening, mpi->open(naps, &place, error)));
    *comm = imp_comm_new(mpi->transport, place.end, place.rank, place.size);
    if (*comm != NULL) {
        (*comm)->local_rank = place.local_rank;
        (*comm)->local_size = place.local_size;
        (*comm)->watched = true;
        return IMPASTO_OK;
    }
    (void)imp_fail_memory(error, "the lines between ranks", 0);
    mpi->transport->fail(place.end, error);
    mpi->transport->close(place.end, error);
    return error->status;
}
