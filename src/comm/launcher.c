/* SPDX-License-Identifier: MIT */
/* Whether a launcher has started this process as one of several, by what it leaves in the
 * environment. */

#include "comm/comm.h"

#include <stdlib.h>
#include <string.h>

/* Each has the number of ranks under one name, and under another what tells that its processes can
 * find one another. */
static const struct {
    const char *size, *sign;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, /* Open MPI's mpirun */
    {"PMI_SIZE", "PMI_RANK"},                         /* MPICH's, and Slurm with --mpi=pmi2 */
    {"SLURM_STEP_NUM_TASKS", "PMIX_RANK"},            /* Slurm with --mpi=pmix */
};

int imp_comm_launched(void)
{
    /* What a rank starts inherits the names, and is none. */
    const char *asked = getenv("IMPASTO_MPI");
    if (asked && strcmp(asked, "off") == 0)
        return 1;
    for (size_t i = 0; i < IMP_COUNT(launchers); i++) {
        const char *size = getenv(launchers[i].size);
        const int ranks = size && getenv(launchers[i].sign) ? atoi(size) : 0;
        if (ranks > 1)
            return ranks;
    }
    return 1;
}
