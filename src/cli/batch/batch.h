/* SPDX-License-Identifier: MIT */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

/* Many pictures: which they are, where their results go, and how they are taken one after the
 * other. */

#include "base/os.h"
#include "cli/files/files.h"

struct cli_console;

enum cli_batch_state {
    CLI_BATCH_WAITING,
    CLI_BATCH_PAINTED,
    CLI_BATCH_THERE,
    CLI_BATCH_BUSY,
    CLI_BATCH_FAILED,
    CLI_BATCH_STATES
};

struct cli_batch_item {
    char *content, *output;
    size_t root;   /* bytes of the content's path that {path} leaves out */
    size_t number; /* its place in the list, from 1 on */
    bool whole;    /* its result's name keeps its extension */
    enum cli_batch_state state;
    enum impasto_status status; /* CLI_BATCH_FAILED: why */
    char *message;
};

struct cli_batch_list {
    struct cli_batch_item *item;
    size_t count, capacity;
};

/*
 * Fills an empty list with the pictures that --batch names and their outputs, by the pattern of -o.
 * The list is to be freed in any case. An output of the batch is no content, so a folder may hold
 * earlier results.
 *
 * IMPASTO_ERROR_USAGE: two pictures would have one output, or numbered outputs would lie among a
 * folder's pictures. Other errors are those of cli_batch_contents.
 */
enum impasto_status cli_batch_list(const struct cli_settings *settings, struct cli_batch_list *list,
                                   struct cli_console *console, struct impasto_error *error);
void cli_batch_list_free(struct cli_batch_list *list);
/* Takes out the items for which `dropped` is true. */
void cli_batch_list_drop(struct cli_batch_list *list, const bool *dropped);

/* ---- folders.c ------------------------------------------------------------------------- */

/* Makes the folders of results that are missing, and tells so. IMPASTO_ERROR_OUTPUT: one of the
 * folders cannot be written to. */
enum impasto_status cli_batch_folders(const struct cli_settings *settings,
                                      const struct cli_batch_list *list,
                                      struct cli_console *console, struct impasto_error *error);

/* ---- contents.c ------------------------------------------------------------------------ */

/*
 * Adds the pictures that --batch names, in the order of its words, and by name within a folder.
 * Tells what is passed over.
 *
 * IMPASTO_ERROR_INPUT: a folder or list cannot be read, or there are no pictures.
 * IMPASTO_ERROR_INTERRUPTED: a signal came while a list was read. IMPASTO_ERROR_MEMORY.
 */
enum impasto_status cli_batch_contents(const struct cli_settings *settings,
                                       struct cli_batch_list *list, struct cli_console *console,
                                       struct impasto_error *error);
/* Whether a file is a picture by its name or by its first bytes. One that only claims to be a
 * picture fails later, as in a single run. */
bool cli_batch_is_picture(const char *path);

/* ---- words.c --------------------------------------------------------------------------- */

/* With --batch: decides which of the words are styles, and gives these to the settings. The others
 * stay as contents. IMPASTO_ERROR_USAGE: a shell seems to have made many words of one pattern, so
 * that contents would become styles. */
enum impasto_status cli_batch_words(struct cli_settings *settings, struct impasto_error *error);

/* ---- list_text.c ----------------------------------------------------------------------------- */

/* The most bytes of a list of pictures: half a million long paths. */
#define CLI_LIST_BYTES_MOST (64u << 20)

/* Is called with each path of a list. Anything but IMPASTO_OK ends the list. */
typedef enum impasto_status (*cli_path_fn)(void *user, const char *path,
                                           struct impasto_error *error);
/*
 * Visits the paths in a list. The text is overwritten. text[size] is 0.
 *
 * If there is a zero byte in it, as from `find -print0`, each path ends with one, and no other
 * character has a meaning. Otherwise each line has a path. If a file has the whole line for its
 * name, that is the path. Else blanks and quotes around it are taken off, "file://" and its
 * percent signs are decoded, and "~/" is the home. Empty lines are passed over, and those that
 * begin with '#'.
 */
enum impasto_status cli_list_visit(char *text, size_t size, cli_path_fn visit, void *user,
                                   struct impasto_error *error);

/* ---- work.c ---------------------------------------------------------------------------------- */

struct cli_batch {
    const struct cli_settings *settings;
    struct cli_batch_list list;
    struct imp_os_mutex mutex; /* of what follows, and of the items' states */
    size_t next;
    struct cli_console *console; /* where the batch's own lines go */
};

/* Who paints pictures of a batch, on a device and perhaps in a thread of its own. */
struct cli_batch_worker {
    struct cli_batch *batch;
    const char *device;          /* as named; NULL: the usual one */
    struct cli_console *console; /* where the lines about its pictures go */
    struct impasto_error *error; /* of the picture at hand, and of `open` */
    struct cli_lock lock;        /* of the picture at hand; to be refreshed now and then */
    bool spent;                  /* to be set by `paint`: there is no device left to go on with */
    /* Opens the device, and what is needed there. */
    enum impasto_status (*open)(struct cli_batch_worker *worker);
    /* Loads and paints an item, which is locked, and writes its output. */
    enum impasto_status (*paint)(struct cli_batch_worker *worker,
                                 const struct cli_batch_item *item);
    void *user; /* of these */
    /* Inside: not OK: it could not begin, or not go on. */
    enum impasto_status status;
    struct imp_os_thread *thread; /* NULL: there is none to wait for */
};

/* The devices that a batch works on, in the order of the list that names them. */
#define CLI_BATCH_DEVICES_MOST 16
struct cli_batch_devices {
    char *words;
    const char *device[CLI_BATCH_DEVICES_MOST]; /* NULL: the usual one */
    size_t count;                               /* at least 1 */
};
/* To be freed in any case. IMPASTO_ERROR_MEMORY; IMPASTO_ERROR_USAGE for too many. */
enum impasto_status cli_batch_devices(const struct cli_settings *settings,
                                      struct cli_batch_devices *devices,
                                      struct impasto_error *error);
void cli_batch_devices_free(struct cli_batch_devices *devices);

/* IMPASTO_ERROR_USAGE: options that are about batches contradict each other. */
enum impasto_status cli_batch_check(const struct cli_settings *settings,
                                    struct impasto_error *error);
/* Tells what is about to be done, by which a slip in the command line shows. how: "in 2 styles".
 * The list must be full. */
void cli_batch_announce(struct cli_batch *batch, const char *how);
/*
 * Has the workers take picture after picture until there are none, or a signal comes. Several work
 * at a time. They pass over pictures that are done, and those that another process has. A picture
 * that fails is told of, and the next one is taken.
 *
 * Fails as the first worker that had to stop early: it could not be opened, its device failed, or
 * it was interrupted.
 */
enum impasto_status cli_batch_run(struct cli_batch_worker *const *workers, size_t count,
                                  struct impasto_error *error);
/* Tells how many pictures ended how, and for programs which were not begun. Fails with the first
 * picture's error where any failed. IMPASTO_ERROR_INTERRUPTED: a signal came between two. */
enum impasto_status cli_batch_summarise(struct cli_batch *batch, struct impasto_error *error);

#endif
