/* SPDX-License-Identifier: MIT */
/* The pictures that came: kept under the beginning of their SHA-256, so that one that comes twice
 * takes room once. Those that no job and no open page needs go when there are too many. */

#include "cli/studio/studio.h"

#include <stdlib.h>
#include <string.h>

#define UNUSED_MOST ((uint64_t)2 << 30) /* bytes of pictures that nobody needs */

enum impasto_status cli_picture_take(struct cli_studio *studio, const char *upload,
                                     char id[CLI_ID_SIZE], bool *known, struct impasto_error *error)
{
    char hash[CLI_HASH_SIZE], *path = cli_folder_path(&studio->folder, CLI_PLACE_UPLOADS, upload);
    const bool hashed = path && cli_hash_file(path, hash);
    free(path);
    if (!hashed)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: what has come cannot be read back",
                        studio->folder.path);
    snprintf(id, CLI_ID_SIZE, "%.32s", hash);
    *known = json_object_get(studio->pictures, id) != NULL;
    if (*known) {
        cli_folder_remove(&studio->folder, CLI_PLACE_UPLOADS, upload);
        return IMPASTO_OK;
    }
    return cli_folder_move(&studio->folder, CLI_PLACE_UPLOADS, upload, CLI_PLACE_PICTURES, id)
               ? IMPASTO_OK
               : cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: cannot be written to",
                          studio->folder.path);
}

/* Whether one of a job's rows is the picture: an id, or an object that names one. */
static bool has_row(const json_t *rows, const char *id)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *picture =
            json_is_string(row) ? json_string_value(row) : cli_text_in(row, "picture");
        if (picture && strcmp(picture, id) == 0)
            return true;
    }
    return false;
}

static bool uses(const json_t *job, const char *id)
{
    static const char *const lists[] = {"styles", "masks", "regions", "photos"};
    const char *keep = cli_text_in(json_object_get(job, "keep"), "picture");
    bool used = strcmp(cli_text_in(job, "content"), id) == 0 || (keep && strcmp(keep, id) == 0);
    for (size_t i = 0; !used && i < sizeof(lists) / sizeof(*lists); i++)
        used = has_row(json_object_get(job, lists[i]), id);
    return used;
}

bool cli_picture_is_used(const struct cli_studio *studio, const char *id)
{
    for (size_t i = 0; i < json_array_size(studio->jobs); i++)
        if (uses(json_array_get(studio->jobs, i), id))
            return true;
    return false;
}

void cli_picture_remove(struct cli_studio *studio, const char *id)
{
    static const char *const endings[] = {"", ".jpg", ".json"};
    char name[CLI_ID_SIZE + 8];
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        snprintf(name, sizeof(name), "%.32s%s", id, endings[i]);
        cli_folder_remove(&studio->folder, CLI_PLACE_PICTURES, name);
    }
    json_object_del(studio->pictures, id);
}

static uint64_t bytes_of(const json_t *picture)
{
    return (uint64_t)json_integer_value(json_object_get(picture, "bytes"));
}

/* The oldest of those that no job and no page needs; *unused: what they have together. "": there is
 * none. but: one that is not meant. */
static void find_oldest(const struct cli_studio *studio, const char *but, char oldest[CLI_ID_SIZE],
                        uint64_t *unused)
{
    const char *id;
    json_t *picture;
    json_int_t since = 0;
    *unused = 0;
    oldest[0] = '\0';
    json_object_foreach(studio->pictures, id, picture)
    {
        if (cli_picture_is_used(studio, id) || cli_page_has(studio, id))
            continue;
        const json_int_t made = json_integer_value(json_object_get(picture, "made"));
        *unused += bytes_of(picture);
        if (strcmp(id, but) != 0 && (!oldest[0] || made < since)) {
            snprintf(oldest, CLI_ID_SIZE, "%s", id);
            since = made;
        }
    }
}

static void remove_unused(struct cli_studio *studio, const char *but)
{
    char oldest[CLI_ID_SIZE];
    uint64_t unused;
    for (find_oldest(studio, but, oldest, &unused); unused > UNUSED_MOST && oldest[0];
         find_oldest(studio, but, oldest, &unused))
        cli_picture_remove(studio, oldest);
}

enum impasto_status cli_quota_check(const struct cli_studio *studio, struct impasto_error *error)
{
    const uint64_t bytes = cli_folder_bytes(&studio->folder);
    return bytes <= studio->quota
               ? IMPASTO_OK
               : cli_fail(error, IMPASTO_ERROR_OUTPUT,
                          "the studio's folder has %.3g GB, of the %.3g that it may have; delete "
                          "pictures, or start it with a larger --quota",
                          1e-9 * (double)bytes, 1e-9 * (double)studio->quota);
}

enum impasto_status cli_pictures_make_room(struct cli_studio *studio, struct impasto_error *error)
{
    struct impasto_error full = {0};
    char oldest[CLI_ID_SIZE];
    uint64_t unused;
    while (cli_quota_check(studio, &full) != IMPASTO_OK) {
        find_oldest(studio, "", oldest, &unused);
        if (!oldest[0]) {
            *error = full;
            return IMPASTO_ERROR_OUTPUT;
        }
        cli_picture_remove(studio, oldest);
    }
    return IMPASTO_OK;
}

enum impasto_status cli_picture_keep(struct cli_studio *studio, const char *id, const char *name,
                                     const json_t *looked, struct impasto_error *error)
{
    static const char *const seen[] = {"width", "height", "transparent", "settings",
                                       "film",  "frames", "seconds"};
    char file[CLI_ID_SIZE + 8];
    size_t size = 0;
    json_t *picture = json_object();
    const int opened = cli_folder_read(&studio->folder, CLI_PLACE_PICTURES, id, &size);
    cli_folder_done(opened);
    json_object_set_new(picture, "id", json_string(id));
    json_object_set_new(picture, "name", cli_json_text(name ? name : "picture"));
    json_object_set_new(picture, "bytes", json_integer((json_int_t)size));
    json_object_set_new(picture, "made", cli_now());
    for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++)
        json_object_set(picture, seen[i], json_object_get(looked, seen[i]));
    char *text = json_dumps(picture, JSON_INDENT(1));
    snprintf(file, sizeof(file), "%.32s.json", id);
    const enum impasto_status status = text ? cli_folder_write(&studio->folder, CLI_PLACE_PICTURES,
                                                               file, text, strlen(text), error)
                                            : cli_fail_memory(error, "a picture");
    free(text);
    if (status == IMPASTO_OK) {
        json_object_set(studio->pictures, id, picture);
        remove_unused(studio, id);
    }
    json_decref(picture);
    return status;
}
