/* SPDX-License-Identifier: MIT */
/* The operating system, on POSIX: files and folders. */

#define _DEFAULT_SOURCE /* flock, GLOB_BRACE */

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifdef GLOB_BRACE
#define BRACES GLOB_BRACE
#else
#define BRACES 0
#endif

/* ---- Questions about files ------------------------------------------------------------------- */

static enum imp_os_kind kind_of(mode_t mode)
{
    return S_ISREG(mode)   ? IMP_OS_FILE
           : S_ISDIR(mode) ? IMP_OS_FOLDER
           : S_ISLNK(mode) ? IMP_OS_LINK
           : S_ISCHR(mode) ? IMP_OS_CHARACTER
                           : IMP_OS_OTHER;
}

/* failed: what asked the system returned. */
static bool tell(int failed, const struct stat *info, struct imp_os_about *about)
{
    if (failed != 0)
        return false;
    *about = (struct imp_os_about){
        .kind = kind_of(info->st_mode),
        .size = info->st_size > 0 ? (uint64_t)info->st_size : 0,
        .modified = (int64_t)info->st_mtime,
        .place = {(uint64_t)info->st_dev, (uint64_t)info->st_ino},
    };
    return true;
}

bool imp_os_look(const char *path, struct imp_os_about *about)
{
    struct stat info;
    const int failed = stat(path, &info);
    return tell(failed, &info, about);
}

bool imp_os_look_at_link(const char *path, struct imp_os_about *about)
{
    struct stat info;
    const int failed = lstat(path, &info);
    return tell(failed, &info, about);
}

bool imp_os_look_open(int descriptor, struct imp_os_about *about)
{
    struct stat info;
    const int failed = fstat(descriptor, &info);
    return tell(failed, &info, about);
}

bool imp_os_is_same(const struct imp_os_about *a, const struct imp_os_about *b)
{
    return imp_os_order(a, b) == 0;
}

int imp_os_order(const struct imp_os_about *a, const struct imp_os_about *b)
{
    const int disk = (a->place[0] > b->place[0]) - (a->place[0] < b->place[0]);
    return disk != 0 ? disk : (a->place[1] > b->place[1]) - (a->place[1] < b->place[1]);
}

bool imp_os_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

bool imp_os_is_file(const char *path)
{
    struct imp_os_about about;
    return imp_os_look(path, &about) && about.kind == IMP_OS_FILE;
}

bool imp_os_is_folder(const char *path)
{
    struct imp_os_about about;
    return imp_os_look(path, &about) && about.kind == IMP_OS_FOLDER;
}

bool imp_os_may_fill(const char *folder)
{
    return access(folder, W_OK | X_OK) == 0;
}

bool imp_os_disk_room(const char *folder, uint64_t *bytes)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0 || disk.f_blocks == 0)
        return false;
    *bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    return true;
}

/* ---- Open files ------------------------------------------------------------------------------ */

int imp_os_open(const char *path, enum imp_os_mode mode)
{
    static const int flags[] = {
        [IMP_OS_READ] = O_RDONLY,
        [IMP_OS_READ_NOW] = O_RDONLY | O_NONBLOCK,
        [IMP_OS_WRITE] = O_WRONLY,
        [IMP_OS_CHANGE] = O_RDWR,
        [IMP_OS_CREATE] = O_RDWR | O_CREAT | O_EXCL,
    };
    return open(path, flags[mode] | O_CLOEXEC, 0666);
}

void imp_os_close(int descriptor)
{
    (void)close(descriptor);
}

FILE *imp_os_stream(int descriptor, const char *mode)
{
    return fdopen(descriptor, mode);
}

ptrdiff_t imp_os_read(int descriptor, void *bytes, size_t size)
{
    return read(descriptor, bytes, size);
}

ptrdiff_t imp_os_read_at(int descriptor, void *bytes, size_t size, uint64_t offset)
{
    return pread(descriptor, bytes, size, (off_t)offset);
}

bool imp_os_write_at(int descriptor, const void *bytes, size_t size, uint64_t offset)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        const ssize_t put = pwrite(descriptor, from, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            errno = put == 0 ? ENOSPC : errno;
            return false;
        }
        from += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return true;
}

bool imp_os_shorten(int descriptor, uint64_t size)
{
    return ftruncate(descriptor, (off_t)size) == 0;
}

bool imp_os_sync(int descriptor)
{
    return fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS;
}

size_t imp_os_pipe_bytes(void)
{
    return PIPE_BUF;
}

int imp_os_write_all(int descriptor, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        const ssize_t sent = write(descriptor, at, size);
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = descriptor, .events = POLLOUT}, 1, -1);
        } else if (sent == 0 || errno != EINTR) {
            return sent == 0 ? EIO : errno;
        }
    }
    return 0;
}

void imp_os_write_soon(int descriptor, const void *bytes, size_t size, int milliseconds)
{
    struct pollfd reader = {.fd = descriptor, .events = POLLOUT};
    if (poll(&reader, 1, milliseconds) > 0)
        (void)!write(descriptor, bytes, size); /* failed: nobody is there to be told */
}

bool imp_os_replace(int descriptor, const void *bytes, size_t size)
{
    return ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, size, 0) == (ssize_t)size;
}

void imp_os_touch(int descriptor)
{
    (void)futimens(descriptor, NULL);
}

bool imp_os_lock_file(int descriptor)
{
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0;
}

int imp_os_is_read_only(int descriptor)
{
    const int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : (flags & O_ACCMODE) == O_RDONLY;
}

int imp_os_duplicate(int descriptor, int least)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, least);
}

void imp_os_redirect(int from, int to)
{
    (void)dup2(from, to);
}

bool imp_os_hold_standard(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open(IMP_OS_NOWHERE, modes[i]) != i)
            return false;
    return true;
}

bool imp_os_is_terminal(int descriptor)
{
    return isatty(descriptor) == 1;
}

/* ---- Names on disk --------------------------------------------------------------------------- */

bool imp_os_remove(const char *path)
{
    return unlink(path) == 0;
}

bool imp_os_remove_folder(const char *path)
{
    return rmdir(path) == 0;
}

bool imp_os_make_folder(const char *path, bool ours)
{
    return mkdir(path, ours ? S_IRWXU : S_IRWXU | S_IRWXG | S_IRWXO) == 0;
}

struct imp_os_entries *imp_os_open_folder(const char *path)
{
    return (struct imp_os_entries *)opendir(path);
}

const char *imp_os_next_name(struct imp_os_entries *entries)
{
    const struct dirent *entry = readdir((DIR *)entries);
    return entry != NULL ? entry->d_name : NULL;
}

void imp_os_close_folder(struct imp_os_entries *entries)
{
    closedir((DIR *)entries);
}

bool imp_os_find_paths(const char *pattern, struct imp_os_paths *paths)
{
    glob_t found;
    if (glob(pattern, BRACES, NULL, &found) != 0)
        return false;
    *paths = (struct imp_os_paths){.path = found.gl_pathv, .count = found.gl_pathc};
    return true;
}

void imp_os_free_paths(struct imp_os_paths *paths)
{
    glob_t found = {.gl_pathv = paths->path, .gl_pathc = paths->count};
    globfree(&found);
    *paths = (struct imp_os_paths){0};
}
