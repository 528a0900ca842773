/* SPDX-License-Identifier: MIT */
/* Who is let in: each request is judged by its head, before its body is read. doc/studio.md has the
 * dangers that these checks answer. */

#include "cli/studio/studio.h"

#include <string.h>

/* "127.0.0.1:8123" or "localhost:8123", behind `scheme`. Names that lead here are refused: that is
 * how a page of another site would reach this one (DNS rebinding). */
static bool is_here(const char *text, const char *scheme, int port)
{
    static const char *const names[] = {"127.0.0.1", "localhost"};
    char ours[64];
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(ours, sizeof(ours), "%s%s:%d", scheme, names[i], port);
        if (strcmp(text, ours) == 0)
            return true;
    }
    return false;
}

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* The page alone may be opened from elsewhere, as by a link: by a whole tab. */
static bool opens_page(const struct cli_head *head)
{
    return strcmp(head->path, "/") == 0 && is(head->fetch_mode, "navigate") &&
           is(head->fetch_dest, "document");
}

unsigned cli_head_refused(const struct cli_head *head, int port, const char *token,
                          const char **why)
{
    const bool api = strncmp(head->path, "/api/", strlen("/api/")) == 0;
    *why = "a header is there twice";
    if (head->repeated)
        return 400;
    *why = "this address is not the studio's; open the link that it has printed";
    if (!head->host || !is_here(head->host, "", port))
        return 421;
    *why = "only the studio's own page may ask";
    if (head->origin && !is_here(head->origin, "http://", port))
        return 403;
    /* "none": typed, or from a bookmark, which no call of a script is. */
    const bool same = !head->fetch_site || is(head->fetch_site, "same-origin");
    if (!same && (api || !(is(head->fetch_site, "none") || opens_page(head))))
        return 403;
    *why = "the token is missing or wrong; open the link that the studio has printed";
    if (api && strcmp(head->path, "/api/session") != 0 && !cli_secret_is(token, head->token))
        return 401;
    return 0;
}
