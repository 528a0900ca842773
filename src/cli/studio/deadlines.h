/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_DEADLINES_H
#define CLI_STUDIO_DEADLINES_H

/* How long a connection may take for what it is at. */

#include "cli/common/common.h"

enum cli_link_state {
    CLI_LINK_WAITS_FOR_HEAD,
    CLI_LINK_BODY,
    CLI_LINK_WORKS, /* we do, and there is no limit */
    CLI_LINK_REPLIES,
    CLI_LINK_STREAMS /* without an end */
};

struct cli_link {
    int socket;
    enum cli_link_state state;
    bool first; /* no request has been done with */
    bool shut;
    double since; /* monotonic seconds: when the state began */
    size_t bytes; /* of the body that came; of the reply that goes */
    void *waits;  /* the owner's, of a request that is still to be answered; NULL: none is */
    struct cli_link *before, *after;
};

/* bytes: of a reply. */
void cli_link_enter(struct cli_link *link, enum cli_link_state state, size_t bytes);
/* Shuts those that are late. Who owns them hears of it as of any connection that ends. */
void cli_links_sweep(struct cli_link *links);
/* Whether the client has closed its end, and nothing more is to come. */
bool cli_link_is_left(const struct cli_link *link);

#endif
