/* SPDX-License-Identifier: MIT */
/* Which pictures open pages have in hand: they are not taken for the quota's sake. A page says so
 * anew with each change, and once an hour; one that is never heard again holds nothing for long. */

#include "cli/studio/routes.h"

#include <string.h>

#define PICTURES_MOST 512 /* of a page: photographs, paintings, maps and 200 to learn from */
#define HEARD_SECONDS (6 * 3600.0)

static bool is_open(const struct cli_page *page)
{
    return page->pictures && cli_seconds() - page->heard < HEARD_SECONDS;
}

static void close_page(struct cli_page *page)
{
    json_decref(page->pictures);
    *page = (struct cli_page){0};
}

/* The page of that name; a new one takes the place of one that is closed, or else of the one that
 * has been silent for the longest time. */
static struct cli_page *page_of(struct cli_studio *studio, const char *id)
{
    struct cli_page *oldest = studio->pages;
    for (size_t i = 0; i < CLI_PAGES_MOST; i++) {
        struct cli_page *page = &studio->pages[i];
        if (strcmp(page->id, id) == 0)
            return page;
        if (!page->pictures || (oldest->pictures && page->heard < oldest->heard))
            oldest = page;
    }
    close_page(oldest);
    snprintf(oldest->id, sizeof(oldest->id), "%s", id);
    return oldest;
}

void cli_page_add(struct cli_studio *studio, const char *id, const char *picture)
{
    if (!id || !cli_is_id(id))
        return;
    struct cli_page *page = page_of(studio, id);
    if (!page->pictures)
        page->pictures = json_array();
    page->heard = cli_seconds();
    if (json_array_size(page->pictures) < PICTURES_MOST)
        json_array_append_new(page->pictures, json_string(picture));
}

bool cli_page_has(const struct cli_studio *studio, const char *picture)
{
    for (size_t i = 0; i < CLI_PAGES_MOST; i++) {
        const struct cli_page *page = &studio->pages[i];
        for (size_t k = 0; is_open(page) && k < json_array_size(page->pictures); k++)
            if (strcmp(json_string_value(json_array_get(page->pictures, k)), picture) == 0)
                return true;
    }
    return false;
}

void cli_pages_close(struct cli_studio *studio)
{
    for (size_t i = 0; i < CLI_PAGES_MOST; i++)
        close_page(&studio->pages[i]);
}

/* ---- The route ------------------------------------------------------------------------------- */

static bool are_ids(const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > PICTURES_MOST)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!cli_is_id(json_string_value(json_array_get(list, i))))
            return false;
    return true;
}

void cli_route_hold_pictures(struct cli_studio *studio, struct cli_request *request, json_t *job)
{
    json_t *asked = json_loadb(request->text, request->size, JSON_REJECT_DUPLICATES, NULL);
    const char *id = cli_text_in(asked, "page");
    json_t *pictures = json_object_get(asked, "pictures");
    (void)job;
    if (!cli_is_id(id)) {
        cli_refuse(request, 422, "usage", "page: must be 32 hexadecimal digits", "page");
    } else if (!are_ids(pictures)) {
        cli_refuse(request, 422, "usage", "pictures: must be a list of 512 ids at most",
                   "pictures");
    } else {
        struct cli_page *page = page_of(studio, id);
        close_page(page);
        if (json_array_size(pictures) > 0) {
            snprintf(page->id, sizeof(page->id), "%s", id);
            page->pictures = json_incref(pictures);
            page->heard = cli_seconds();
        }
        cli_reply_done(request);
    }
    json_decref(asked);
}
