/* SPDX-License-Identifier: MIT */
/* Deadlines of connections: a client that is slow is shut out, so that it takes no place from
 * others for long. */

#include "cli/studio/deadlines.h"

#include <errno.h>
#include <sys/socket.h>

#define HEAD_SECONDS 5   /* from the connection on until the first head is there */
#define KEPT_SECONDS 20  /* from one request to the next */
#define BODY_SECONDS 5   /* of a body, that may pass before its pace counts */
#define REPLY_SECONDS 30 /* likewise of a reply */
#define PACE 65536       /* bytes a second, of bodies and replies */

void cli_link_enter(struct cli_link *link, enum cli_link_state state, size_t bytes)
{
    link->state = state;
    link->since = cli_seconds();
    link->bytes = bytes;
}

static bool is_late(const struct cli_link *link, double now)
{
    const double seconds = now - link->since;
    switch (link->state) {
    case CLI_LINK_WAITS_FOR_HEAD:
        return seconds > (link->first ? HEAD_SECONDS : KEPT_SECONDS);
    case CLI_LINK_BODY:
        return (double)link->bytes < (seconds - BODY_SECONDS) * PACE;
    case CLI_LINK_REPLIES:
        return seconds > REPLY_SECONDS + (double)link->bytes / PACE;
    case CLI_LINK_WORKS:
    case CLI_LINK_STREAMS:
        break;
    }
    return false;
}

void cli_links_sweep(struct cli_link *links)
{
    const double now = cli_seconds();
    for (struct cli_link *link = links; link; link = link->after)
        if (!link->shut && is_late(link, now)) {
            link->shut = true;
            (void)shutdown(link->socket, SHUT_RDWR);
        }
}

bool cli_link_is_left(const struct cli_link *link)
{
    char byte;
    const ssize_t got = recv(link->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
