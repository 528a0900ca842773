/* SPDX-License-Identifier: MIT */
/* Work for one process, where mpirun or srun has started several. */

#include "cli/common/common.h"

int cli_launched(void)
{
    const int together = impasto_ranks_launched(), apart = impasto_ranks_apart();
    return together > apart ? together : apart;
}

enum impasto_status cli_refuse_launched(const char *what, struct impasto_error *error)
{
    return cli_launched() == 1
               ? IMPASTO_OK
               : cli_fail(error, IMPASTO_ERROR_USAGE,
                          "%s: the launcher has started %d processes, and each would do the same "
                          "work and write the same file; start one, without mpirun or srun, or set "
                          "IMPASTO_MPI=off, and each works alone",
                          what, cli_launched());
}
