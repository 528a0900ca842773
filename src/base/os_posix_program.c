/* SPDX-License-Identifier: MIT */
/* The operating system, on POSIX: programs as files, and how one becomes another. */

#include "base/os.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

bool imp_os_own_program(char *path, size_t size)
{
    const ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = '\0';
    return path[0] == '/';
}

bool imp_os_is_trusted(const char *path, const char *program)
{
    struct stat file, self;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return false;
    return file.st_uid == 0 || file.st_uid == geteuid() ||
           (program[0] != '\0' && stat(program, &self) == 0 && file.st_uid == self.st_uid);
}

int imp_os_become(const char *const *words)
{
    fflush(NULL);
    execvp(words[0], (char *const *)words);
    return errno;
}
