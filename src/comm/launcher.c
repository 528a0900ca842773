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

/* What a rank starts inherits the names, and is none. */
static bool is_denied(void)
{
    const char *asked = getenv("IMPASTO_MPI");
    return asked && strcmp(asked, "off") == 0;
}

static int number(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

int imp_comm_launched(void)
{
    for (size_t i = 0; i < IMP_COUNT(launchers) && !is_denied(); i++) {
        const int ranks = getenv(launchers[i].sign) ? number(launchers[i].size) : 0;
        if (ranks > 1)
            return ranks;
    }
    return 1;
}

/* srun leaves the names of its step to each of its tasks. A batch script, which it has not started,
 * has the job's alone, whatever the number of tasks is that its steps may have. Slurm does not say
 * whether srun was told --mpi=none, or whether that is its default. A launcher that was started in
 * a step, such as mpirun, knows better. */
int imp_comm_apart(void)
{
    for (size_t i = 0; i < IMP_COUNT(launchers); i++)
        if (getenv(launchers[i].sign))
            return 1;
    const int tasks = getenv("SLURM_STEP_ID") && getenv("SLURM_PROCID") && !is_denied()
                          ? number("SLURM_STEP_NUM_TASKS")
                          : 1;
    return tasks > 1 ? tasks : 1;
}
