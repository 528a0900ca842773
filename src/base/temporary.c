/* SPDX-License-Identifier: MIT */
/*
 * Temporary files beside their targets, and what becomes of those whose process was killed.
 *
 * A file without a name (O_TMPFILE) would vanish with its process. But many file systems cannot
 * make one, and it needs a name before it can replace another file. So each temporary file has a
 * name, and is locked by flock() while its process lives. Whoever next makes one in that folder
 * removes those that nobody has locked. Locks do not care that the system reuses numbers of
 * processes. Other machines that share the folder may not see the locks. So the name has the
 * machine in it, and another machine's file is only removed when it is old.
 */

#define _DEFAULT_SOURCE /* flock */

#include "base/base.h"
#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX ".impasto-"
#define SUFFIX ".tmp"
#define HOST 65 /* bytes of a machine's name: Linux has at most 64 characters */
/* Names tried: those of files that this process has open, or cannot remove. */
#define TRIES 100
/* Far longer than a file takes to be written, clocks that differ included. */
#define OLD_SECONDS 3600

/* "name-", as the file names have it. */
static void name_host(char host[HOST + 1])
{
    imp_os_host_name(host, HOST);
    char *c = host;
    for (; *c != '\0'; c++)
        if (*c == '/')
            *c = '_';
    memcpy(c, "-", sizeof("-"));
}

static bool is_temporary(const char *name)
{
    const size_t length = strlen(name), head = strlen(PREFIX), tail = strlen(SUFFIX);
    return length > head + tail && strncmp(name, PREFIX, head) == 0 &&
           strcmp(name + length - tail, SUFFIX) == 0;
}

/* Whether the name of a temporary file has this machine in it. Only two numbers may follow the
 * machine, so that "gpu" does not take a file of "gpu-01" for its own. */
static bool is_ours(const char *name, const char *host)
{
    static const char digits[] = "0123456789";
    const char *rest = name + strlen(PREFIX);
    if (strncmp(rest, host, strlen(host)) != 0)
        return false;
    rest += strlen(host);
    const size_t process = strspn(rest, digits);
    if (process == 0 || rest[process] != '-')
        return false;
    rest += process + 1;
    const size_t number = strspn(rest, digits);
    return number > 0 && strcmp(rest + number, SUFFIX) == 0;
}

/* Whether the name still leads to the open file. */
static bool leads_to(int folder, const char *name, int descriptor)
{
    struct stat a, b;
    return fstatat(folder, name, &a, AT_SYMLINK_NOFOLLOW) == 0 && fstat(descriptor, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Removes a temporary file if its process is gone. While we hold its lock its name cannot become
 * another file's: a process that finds it locked takes another name (see imp_temporary_open). */
static void remove_dead(int folder, const char *name, const char *host)
{
    struct stat info;
    const int how = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    /* For writing, which exclusive locks need on network file systems; but it may have the
     * permissions of a target that must not be written to. */
    int descriptor = openat(folder, name, O_RDWR | how);
    if (descriptor < 0 && errno == EACCES)
        descriptor = openat(folder, name, O_RDONLY | how);
    if (descriptor < 0)
        return;
    const bool regular = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
    if (regular && (is_ours(name, host) || difftime(time(NULL), info.st_mtime) > OLD_SECONDS) &&
        flock(descriptor, LOCK_EX | LOCK_NB) == 0 && leads_to(folder, name, descriptor))
        (void)unlinkat(folder, name, 0);
    close(descriptor);
}

static void remove_all_dead(const char *path, const char *host)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_temporary(entry->d_name))
            remove_dead(dirfd(folder), entry->d_name, host);
    closedir(folder);
}

/* Makes a new file of that name and locks it; -1 with errno set. EEXIST also where somebody was
 * faster, and is removing it or has. Where locks do not work, nobody's can be taken either. */
static int make_locked(const char *name)
{
    struct stat info;
    const int descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                                S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
    if (descriptor < 0)
        return -1;
    const bool held = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!held && fstat(descriptor, &info) == 0 && info.st_nlink > 0)
        return descriptor;
    close(descriptor);
    errno = EEXIST;
    return -1;
}

int imp_temporary_open(const char *folder, char **name)
{
    static const char pattern[] = "%s/" PREFIX "%s%ld-%d" SUFFIX;
    char host[HOST + 1];
    name_host(host);
    remove_all_dead(folder, host);
    const size_t size = strlen(folder) + sizeof(pattern) + sizeof(host) + 64;
    char *made = malloc(size);
    int descriptor = -1;
    if (made == NULL)
        return -1;
    for (int i = 0; i < TRIES; i++) {
        snprintf(made, size, pattern, folder, host, (long)getpid(), i);
        descriptor = make_locked(made);
        if (descriptor >= 0 || errno != EEXIST)
            break;
    }
    if (descriptor < 0) {
        const int problem = errno;
        free(made);
        errno = problem;
        return -1;
    }
    *name = made;
    return descriptor;
}
