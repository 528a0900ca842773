/* SPDX-License-Identifier: MIT */
/* The studio's folder. Descriptors of its parts are open all the time, and names are looked up
 * below them without following links. So no link put there leads elsewhere. */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/studio/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[CLI_PLACES] = {"pictures", "results", "thumbs", "jobs", "uploads"};

/* ---- Opening --------------------------------------------------------------------------------- */

/* $XDG_DATA_HOME/impasto/studio, or the home's. */
static char *usual_path(void)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = imp_os_home();
    const bool own = data && imp_os_is_absolute(data);
    char *base = own ? strdup(data) : home ? imp_os_join(home, ".local/share") : NULL;
    char *path = base ? imp_os_join(base, "impasto/studio") : NULL;
    free(base);
    return path;
}

static char *absolute(const char *path)
{
    char here[PATH_MAX];
    if (imp_os_is_absolute(path))
        return strdup(path);
    return imp_os_current_folder(here, sizeof(here)) ? imp_os_join(here, path) : NULL;
}

static enum impasto_status refuse(const struct cli_folder *folder, const char *what,
                                  struct impasto_error *error)
{
    return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder->path, what, errno);
}

/* Nobody else may look into it, nor have made it. */
static enum impasto_status check_top(const struct cli_folder *folder, struct impasto_error *error)
{
    struct stat about;
    if (fstat(folder->top, &about) != 0)
        return refuse(folder, "cannot be used", error);
    if (about.st_uid != geteuid())
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: belongs to somebody else; name a folder of yours by --folder",
                        folder->path);
    if ((about.st_mode & 077) != 0 && fchmod(folder->top, 0700) != 0)
        return refuse(folder, "cannot be closed to others", error);
    return IMPASTO_OK;
}

static int open_folder(int at, const char *name)
{
    if (at != AT_FDCWD && mkdirat(at, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_lock(const struct cli_folder *folder, const char *name)
{
    return openat(folder->top, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static enum impasto_status lock(struct cli_folder *folder, struct impasto_error *error)
{
    folder->lock = open_lock(folder, "lock");
    folder->workers = folder->lock < 0 ? -1 : open_lock(folder, "workers");
    if (folder->workers < 0)
        return refuse(folder, "cannot be written to", error);
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0)
        return IMPASTO_OK;
    return errno == EWOULDBLOCK
               ? cli_fail(error, IMPASTO_ERROR_OUTPUT,
                          "%s: another studio is at work there; use that one, or name another "
                          "folder by --folder",
                          folder->path)
               : refuse(folder, "cannot be locked", error);
}

static void remove_upload(void *user, const char *name)
{
    cli_folder_remove(user, CLI_PLACE_UPLOADS, name);
}

enum impasto_status cli_folder_open(struct cli_folder *folder, const char *path,
                                    struct impasto_error *error)
{
    folder->top = folder->lock = folder->workers = -1;
    for (size_t i = 0; i < CLI_PLACES; i++)
        folder->place[i] = -1;
    char *usual = path ? absolute(path) : usual_path();
    if (!usual)
        return path ? cli_fail_memory(error, "the studio's folder")
                    : cli_fail(error, IMPASTO_ERROR_OUTPUT,
                               "there is no home for the studio's folder; name one by --folder");
    folder->path = usual;
    char *inside = imp_os_join(usual, ".");
    if (inside)
        cli_make_folders(inside, true);
    free(inside);
    if ((folder->top = open_folder(AT_FDCWD, usual)) < 0)
        return refuse(folder, "cannot be opened", error);
    enum impasto_status status = check_top(folder, error);
    if (status == IMPASTO_OK)
        status = lock(folder, error);
    for (size_t i = 0; status == IMPASTO_OK && i < CLI_PLACES; i++)
        if ((folder->place[i] = open_folder(folder->top, names[i])) < 0)
            status = refuse(folder, names[i], error);
    if (status == IMPASTO_OK)
        cli_folder_visit(folder, CLI_PLACE_UPLOADS, remove_upload, folder);
    return status;
}

/* A worker has a copy of the descriptor, so the lock is there until the last of them has ended. */
bool cli_folder_is_ours(struct cli_folder *folder)
{
    folder->alone = flock(folder->workers, LOCK_EX | LOCK_NB) == 0;
    return folder->alone;
}

static void close_one(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

void cli_folder_close(struct cli_folder *folder)
{
    if (!folder->path)
        return;
    for (size_t i = 0; i < CLI_PLACES; i++)
        close_one(&folder->place[i]);
    close_one(&folder->workers);
    close_one(&folder->lock);
    close_one(&folder->top);
    free(folder->path);
    folder->path = NULL;
}

/* ---- Files ----------------------------------------------------------------------------------- */

int cli_folder_read(const struct cli_folder *folder, enum cli_place place, const char *name,
                    size_t *size)
{
    struct stat about;
    /* Who opens a pipe would wait for its other end. */
    const int file =
        openat(folder->place[place], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return -1;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(file);
        errno = EINVAL;
        return -1;
    }
    *size = (size_t)about.st_size;
    return file;
}

int cli_folder_create(const struct cli_folder *folder, enum cli_place place, const char *name)
{
    return openat(folder->place[place], name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  0600);
}

enum impasto_status cli_folder_write(const struct cli_folder *folder, enum cli_place place,
                                     const char *name, const void *bytes, size_t size,
                                     struct impasto_error *error)
{
    char beside[80];
    snprintf(beside, sizeof(beside), "%s.new", name);
    cli_folder_remove(folder, place, beside); /* of a studio that was killed */
    const int file = cli_folder_create(folder, place, beside);
    int problem = file < 0 ? errno : imp_os_write_all(file, bytes, size);
    if (problem == 0 && fsync(file) != 0)
        problem = errno;
    if (file >= 0 && close(file) != 0 && problem == 0)
        problem = errno;
    if (problem == 0 && !cli_folder_move(folder, place, beside, place, name))
        problem = errno;
    if (problem == 0)
        return IMPASTO_OK;
    cli_folder_remove(folder, place, beside);
    return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder->path, "cannot be written to",
                         problem);
}

bool cli_folder_move(const struct cli_folder *folder, enum cli_place from, const char *name,
                     enum cli_place to, const char *as)
{
    return renameat(folder->place[from], name, folder->place[to], as) == 0;
}

void cli_folder_remove(const struct cli_folder *folder, enum cli_place place, const char *name)
{
    (void)unlinkat(folder->place[place], name, 0); /* it may not be there */
}

bool cli_folder_has(const struct cli_folder *folder, enum cli_place place, const char *name)
{
    struct stat about;
    return fstatat(folder->place[place], name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(about.st_mode);
}

char *cli_folder_path(const struct cli_folder *folder, enum cli_place place, const char *name)
{
    char *below = imp_os_join(folder->path, names[place]);
    char *path = below ? imp_os_join(below, name) : NULL;
    free(below);
    return path;
}

/* folder: a descriptor. */
static void visit_all(int folder, void (*visit)(void *user, const char *name), void *user)
{
    const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (!entries) {
        if (again >= 0)
            close(again);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            visit(user, entry->d_name);
    closedir(entries);
}

void cli_folder_visit(const struct cli_folder *folder, enum cli_place place,
                      void (*visit)(void *user, const char *name), void *user)
{
    visit_all(folder->place[place], visit, user);
}

struct counting {
    int place;  /* a descriptor */
    bool films; /* those on their way are folders in it */
    uint64_t bytes;
};

static void count(void *user, const char *name);

static void count_film(struct counting *counting, const char *name)
{
    struct counting inside = {
        .place = openat(counting->place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (inside.place >= 0)
        visit_all(inside.place, count, &inside);
    close_one(&inside.place);
    counting->bytes += inside.bytes;
}

static void count(void *user, const char *name)
{
    struct counting *counting = user;
    struct stat about;
    if (fstatat(counting->place, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISREG(about.st_mode))
        counting->bytes += (uint64_t)about.st_size;
    else if (S_ISDIR(about.st_mode) && counting->films)
        count_film(counting, name);
}

uint64_t cli_folder_bytes(const struct cli_folder *folder)
{
    struct counting counting = {0};
    for (int place = 0; place < CLI_PLACES; place++) {
        counting.place = folder->place[place];
        counting.films = place == CLI_PLACE_RESULTS;
        cli_folder_visit(folder, (enum cli_place)place, count, &counting);
    }
    return counting.bytes;
}

/* ---- Folders of links ------------------------------------------------------------------------ */

/* One that is gone has no error. */
static bool link_picture(const struct cli_folder *folder, const char *id, int place,
                         struct impasto_error *error)
{
    if (linkat(folder->place[CLI_PLACE_PICTURES], id, place, id, 0) == 0 ||
        errno == EEXIST) /* it may be named twice */
        return true;
    const int problem = errno;
    char *path = cli_folder_path(folder, CLI_PLACE_PICTURES, id);
    if (problem == EPERM || problem == EOPNOTSUPP || problem == ENOSYS)
        cli_fail(error, IMPASTO_ERROR_OUTPUT,
                 "%s: cannot be linked to the training: %s; the disk of the studio's folder has no "
                 "hard links: choose another one by --folder",
                 path ? path : id, strerror(problem));
    else if (problem != ENOENT)
        cli_fail_file(error, IMPASTO_ERROR_OUTPUT, path ? path : id,
                      "cannot be linked to the training", problem);
    free(path);
    return false;
}

bool cli_folder_gather(const struct cli_folder *folder, const char *name, const json_t *ids,
                       struct impasto_error *error)
{
    cli_folder_scatter(folder, CLI_PLACE_JOBS, name);
    const int place = open_folder(folder->place[CLI_PLACE_JOBS], name);
    bool whole = place >= 0;
    if (!whole)
        cli_fail_file(error, IMPASTO_ERROR_OUTPUT, name, "cannot be made for the photographs",
                      errno);
    for (size_t i = 0; whole && i < json_array_size(ids); i++)
        whole = link_picture(folder, json_string_value(json_array_get(ids, i)), place, error);
    close_one((int[]){place});
    return whole;
}

void cli_folder_scatter(const struct cli_folder *folder, enum cli_place from, const char *name)
{
    const int place =
        openat(folder->place[from], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = place < 0 ? NULL : fdopendir(place);
    for (const struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            (void)unlinkat(place, entry->d_name, 0);
    if (entries)
        closedir(entries);
    else
        close_one((int[]){place});
    (void)unlinkat(folder->place[from], name, AT_REMOVEDIR);
}

void cli_folder_done(int file)
{
    if (file >= 0)
        close(file);
}
