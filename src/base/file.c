/* SPDX-License-Identifier: MIT */
/*
 * Files that appear whole or not at all. They are written under a temporary name, synced, and
 * renamed. The temporary file is in the target's folder, since a rename cannot cross file systems.
 */

#define _XOPEN_SOURCE 700 /* realpath */

#include "base/base.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *impasto_file_advice(int problem)
{
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
        return "see whether the name is right";
    case ENAMETOOLONG:
        return "give it a shorter name";
    case EACCES:
    case EPERM:
        return "see to its permissions and its folder's, or name another";
    case EROFS:
        return "name one on another disk";
    case ENOSPC:
    case EDQUOT:
        return "make room on the disk, or name one on another";
    case EFBIG:
        return "allow larger files (see ulimit -f), or name one on another disk";
    case EMFILE:
    case ENFILE:
        return "allow more open files (see ulimit -n)";
    case ENOMEM:
        return "end other programs";
    default:
        return "see whether its disk is sound, or name another";
    }
}

enum impasto_status(imp_fail_file)(struct impasto_error *error, enum impasto_status status,
                                   const char *path, const char *what, int problem)
{
    return imp_fail(error, status, "%s: %s: %s; %s", path, what, strerror(problem),
                    impasto_file_advice(problem));
}

/*
 * Refuses what must not be replaced, and resolves links, so that the file that a link points to is
 * replaced and not the link. *target: a new string, set on success only. *mode: the permissions of
 * the file that is there, 0 where there is none.
 */
static enum impasto_status resolve_target(const char *path, char **target, mode_t *mode,
                                          struct impasto_error *error)
{
    struct stat info;
    *mode = 0;
    if (path[0] == '\0')
        return imp_fail(error, IMPASTO_ERROR_OUTPUT, "the name of the file to write is empty");
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: a folder; name a file", path);
        if (!S_ISREG(info.st_mode))
            return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: not a regular file (a device, pipe or socket), which is never "
                            "replaced; name another file",
                            path);
        *mode = info.st_mode & 0777;
        *target = realpath(path, NULL);
    } else if (errno != ENOENT) {
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
    } else if (lstat(path, &info) == 0) {
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: a link to something that does not exist; remove it or name another "
                        "file",
                        path);
    } else if (path[strlen(path) - 1] == '/') {
        return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: a folder, by its last slash; name a file",
                        path);
    } else {
        *target = strdup(path);
    }
    if (*target == NULL)
        return imp_fail_memory(error, "a file name", strlen(path));
    return IMPASTO_OK;
}

/* Whether files can be made in the folder of `target`. path: what the user called it. */
static enum impasto_status check_folder(const char *path, const char *target,
                                        struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    struct stat info;
    char *folder = imp_os_folder(target);
    if (folder == NULL)
        return imp_fail_memory(error, "a file name", strlen(target));
    if (stat(folder, &info) != 0)
        status = imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: folder %s: %s; create it first", path,
                          folder, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        status =
            imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: %s is not a folder; name one", path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        status = imp_fail(error, IMPASTO_ERROR_OUTPUT,
                          "%s: folder %s cannot be written to (%s); choose another", path, folder,
                          strerror(errno));
    free(folder);
    return status;
}

enum impasto_status impasto_file_check(const char *path, struct impasto_error *error)
{
    char *target = NULL;
    mode_t mode;
    IMP_TRY(resolve_target(path, &target, &mode, error));
    const enum impasto_status status = check_folder(path, target, error);
    free(target);
    return status;
}

/* A temporary file beside `target`; see imp_temporary_open. */
static int open_temporary(const char *target, char **name)
{
    char *folder = imp_os_folder(target);
    const int descriptor = folder == NULL ? -1 : imp_temporary_open(folder, name);
    const int problem = errno;
    free(folder);
    errno = problem;
    return descriptor;
}

enum impasto_status imp_file_create(struct imp_file *file, const char *path,
                                    struct impasto_error *error)
{
    *file = (struct imp_file){.lock = -1};
    char *target = NULL;
    mode_t mode;
    IMP_TRY(resolve_target(path, &target, &mode, error));
    char *temporary = NULL;
    const int descriptor = open_temporary(target, &temporary);
    if (descriptor < 0) {
        free(target);
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
    }
    /* A file that is replaced keeps its permissions; where that fails, the umask's will do. */
    if (mode != 0)
        (void)!fchmod(descriptor, mode);
    file->path = target;
    file->temporary = temporary;
    /* The stream is closed before the file has its name, which must not be the end of the lock. */
    file->lock = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    file->stream = file->lock < 0 ? NULL : fdopen(descriptor, "wb");
    if (file->stream == NULL) {
        const enum impasto_status status =
            imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
        close(descriptor);
        imp_file_abandon(file);
        return status;
    }
    return IMPASTO_OK;
}

/* The new name reaches the disk with the folder. By now the file is complete under its name, so
 * a file system that cannot do this is no reason to fail. */
static void sync_folder(const char *path)
{
    char *folder = imp_os_folder(path);
    if (folder == NULL)
        return;
    const int descriptor = open(folder, O_RDONLY | O_CLOEXEC);
    free(folder);
    if (descriptor < 0)
        return;
    (void)fsync(descriptor);
    close(descriptor);
}

enum impasto_status imp_file_commit(struct imp_file *file, struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    /* A write that failed earlier leaves its mark on the stream but not in errno. */
    const bool failed_before = ferror(file->stream) != 0;
    if (fflush(file->stream) != 0 && !failed_before)
        status = imp_fail_file(error, IMPASTO_ERROR_OUTPUT, file->path, "writing failed", errno);
    else if (failed_before)
        status =
            imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: writing failed: the disk may be full; %s",
                     file->path, impasto_file_advice(ENOSPC));
    /* EINVAL and EROFS: file systems without fsync. */
    else if (!file->unsynced && fsync(fileno(file->stream)) != 0 && errno != EINVAL &&
             errno != EROFS)
        status = imp_fail_file(error, IMPASTO_ERROR_OUTPUT, file->path, "writing failed", errno);
    if (fclose(file->stream) != 0 && status == IMPASTO_OK)
        status = imp_fail_file(error, IMPASTO_ERROR_OUTPUT, file->path, "writing failed", errno);
    file->stream = NULL;
    if (status == IMPASTO_OK && rename(file->temporary, file->path) != 0)
        status =
            imp_fail_file(error, IMPASTO_ERROR_OUTPUT, file->path, "cannot be replaced", errno);
    if (status == IMPASTO_OK) {
        if (!file->unsynced)
            sync_folder(file->path);
        free(file->temporary);
        file->temporary = NULL;
    }
    imp_file_abandon(file);
    return status;
}

void imp_file_abandon(struct imp_file *file)
{
    if (file->stream != NULL)
        (void)fclose(file->stream);
    if (file->temporary != NULL)
        (void)unlink(file->temporary);
    if (file->path != NULL && file->lock >= 0)
        (void)close(file->lock);
    free(file->temporary);
    free(file->path);
    *file = (struct imp_file){.lock = -1};
}

enum impasto_status impasto_file_write(const char *path, const void *bytes, size_t size,
                                       struct impasto_error *error)
{
    struct imp_file file;
    IMP_TRY(imp_file_create(&file, path, error));
    if (size == 0 || fwrite(bytes, 1, size, file.stream) == size) /* of none, bytes may be NULL */
        return imp_file_commit(&file, error);
    const int problem = errno;
    imp_file_abandon(&file);
    return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "writing failed", problem);
}
