/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_FOLDER_H
#define CLI_STUDIO_FOLDER_H

/* The studio's files: below one folder that is ours alone, opened without following links. Names
 * are ids of the studio's own, with an ending. */

#include "cli/common/common.h"

struct json_t;

enum cli_place {
    CLI_PLACE_PICTURES, /* ID, as it came; ID.json, what is known of it; ID.jpg, a small one */
    CLI_PLACE_RESULTS,  /* ID.png, of a training ID.model, of a film ID.mp4; ID.html, its report */
    CLI_PLACE_THUMBS,   /* ID.jpg */
    CLI_PLACE_JOBS,     /* ID.json, ID.ckpt; ID.photos, a training's, as links */
    CLI_PLACE_UPLOADS,  /* what is on its way, to or fro; empty at the start */
    CLI_PLACES
};

struct cli_folder {
    char *path; /* absolute */
    int top;
    int place[CLI_PLACES];
    int lock;
    int workers; /* locked by the studio, and by its workers that paint as long as one runs */
    bool alone;  /* no such worker of an earlier studio runs any more */
};

/* path: NULL: the usual one. It is made where it is not there. IMPASTO_ERROR_OUTPUT: it cannot be
 * used, is somebody else's, or another studio uses it. */
enum impasto_status cli_folder_open(struct cli_folder *folder, const char *path,
                                    struct impasto_error *error);
void cli_folder_close(struct cli_folder *folder);
/* Whether the workers of earlier studios that paint have ended. Those of one that was killed save
 * what they have first. */
bool cli_folder_is_ours(struct cli_folder *folder);
/* For reading; below 0: errno says why. Only regular files open. */
int cli_folder_read(const struct cli_folder *folder, enum cli_place place, const char *name,
                    size_t *size);
/* Closes it; below 0: there is nothing to close. */
void cli_folder_done(int file);
/* A new file, for writing. */
int cli_folder_create(const struct cli_folder *folder, enum cli_place place, const char *name);
/* Writes a file whole or not at all. */
enum impasto_status cli_folder_write(const struct cli_folder *folder, enum cli_place place,
                                     const char *name, const void *bytes, size_t size,
                                     struct impasto_error *error);
bool cli_folder_move(const struct cli_folder *folder, enum cli_place from, const char *name,
                     enum cli_place to, const char *as);
void cli_folder_remove(const struct cli_folder *folder, enum cli_place place, const char *name);
bool cli_folder_has(const struct cli_folder *folder, enum cli_place place, const char *name);
/* Makes a folder among the jobs', of links to pictures. ids: an array of texts. false: it cannot be
 * made, and `error` says why, or a picture is gone, and it says nothing. */
bool cli_folder_gather(const struct cli_folder *folder, const char *name, const struct json_t *ids,
                       struct impasto_error *error);
/* Removes a folder of files, which may not be there. */
void cli_folder_scatter(const struct cli_folder *folder, enum cli_place from, const char *name);
/* What all files have together, in bytes. */
uint64_t cli_folder_bytes(const struct cli_folder *folder);
/* The path of a file there, for a worker; from malloc. NULL: no memory. */
char *cli_folder_path(const struct cli_folder *folder, enum cli_place place, const char *name);
/* Calls `visit` for each name there. */
void cli_folder_visit(const struct cli_folder *folder, enum cli_place place,
                      void (*visit)(void *user, const char *name), void *user);

#endif
