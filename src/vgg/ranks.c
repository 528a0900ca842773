/* SPDX-License-Identifier: MIT */
/* What ranks hear of one another, in their devices' errors: band.h. */

#include "vgg/band.h"

enum impasto_status imp_ranks_heard(const struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status status)
{
    return status == IMPASTO_OK
               ? status
               : imp_device_fail(device, status, "%s", imp_comm_error(comm)->message);
}

enum impasto_status imp_ranks_agree(struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status mine)
{
    struct impasto_error *place = imp_device_error_place(device);
    const struct impasto_error own = *place;
    const enum impasto_status status = imp_comm_agree(comm, mine, place);
    if (mine != IMPASTO_OK && imp_comm_rank(comm) == 0)
        *place = own;
    return status;
}
