/* SPDX-License-Identifier: MIT */
/*
 * A folder for files that only this program needs, and only while it runs. The system makes up its
 * name, and only its owner may enter. So nobody can have laid a trap there. The folder is removed
 * when the program ends. If the program is killed, its folder stays, unlocked. The next program
 * removes it.
 */

#define _DEFAULT_SOURCE /* flock, mkdtemp */

#include "base/os.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "impasto-run-"
#define RANDOM "XXXXXX" /* mkdtemp's */
/* Deeper than any driver's folders. */
#define DEPTH 16
/* Far longer than a new folder is without its lock. */
#define OLD_SECONDS 600

static struct {
    char path[1024]; /* "": none */
    int lock;        /* a descriptor of it */
    pid_t owner;     /* children leave it alone */
} scratch;

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Removes what is in an open folder, and closes it. Links are removed, not followed. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as DEPTH */
static void empty(int folder, int depth)
{
    DIR *entries = fdopendir(folder);
    if (!entries) {
        close(folder);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(entries), entry->d_name, 0) == 0)
            continue;
        const int below = depth > 0 ? open_folder(dirfd(entries), entry->d_name) : -1;
        if (below >= 0)
            empty(below, depth - 1);
        (void)unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
    }
    closedir(entries);
}

static void remove_scratch(void)
{
    if (scratch.owner != getpid())
        return;
    const int folder = open_folder(AT_FDCWD, scratch.path);
    if (folder >= 0)
        empty(folder, DEPTH);
    (void)rmdir(scratch.path);
}

/* One of ours whose program is gone. */
static void remove_dead(int parent, const char *name)
{
    struct stat info;
    const int folder = open_folder(parent, name);
    if (folder < 0)
        return;
    if (fstat(folder, &info) != 0 || info.st_uid != geteuid() ||
        difftime(time(NULL), info.st_mtime) < OLD_SECONDS ||
        flock(folder, LOCK_EX | LOCK_NB) != 0) {
        close(folder);
        return;
    }
    empty(folder, DEPTH);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

static void remove_all_dead(const char *parent)
{
    DIR *entries = opendir(parent);
    if (!entries)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
            strlen(entry->d_name) == strlen(PREFIX RANDOM))
            remove_dead(dirfd(entries), entry->d_name);
    closedir(entries);
}

static bool make_in(const char *parent)
{
    const int length =
        snprintf(scratch.path, sizeof(scratch.path), "%s/" PREFIX RANDOM, parent ? parent : "");
    if (parent && parent[0] == '/' && length < (int)sizeof(scratch.path) && mkdtemp(scratch.path))
        return true;
    scratch.path[0] = '\0';
    return false;
}

const char *imp_os_scratch(void)
{
    const char *const parents[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof(parents) / sizeof(*parents) && !scratch.path[0]; i++) {
        if (!make_in(parents[i]))
            continue;
        scratch.owner = getpid();
        /* Held until the program has ended. Without locks, what is left is found by nobody. */
        scratch.lock = open_folder(AT_FDCWD, scratch.path);
        if (scratch.lock >= 0)
            (void)flock(scratch.lock, LOCK_EX | LOCK_NB);
        (void)atexit(remove_scratch);
        remove_all_dead(parents[i]);
    }
    return scratch.path[0] ? scratch.path : NULL;
}
