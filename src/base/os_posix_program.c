/* SPDX-License-Identifier: MIT */
/* The operating system, on POSIX: programs as files, and how one becomes or runs another. */

#include "base/os.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* Its standard output and error go into the pipe. */
static int start(const char *const *words, const int ends[2], pid_t *process)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    int problem = posix_spawn_file_actions_init(&actions);
    if (problem != 0)
        return problem;
    if ((problem = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)) == 0 &&
        (problem = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)) == 0 &&
        (problem = posix_spawn_file_actions_addclose(&actions, ends[0])) == 0 &&
        (problem = posix_spawn_file_actions_addclose(&actions, ends[1])) == 0)
        problem = posix_spawnp(process, words[0], &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return problem;
}

/* Reads up to the end, and keeps the last bytes. */
static void listen_to(int descriptor, char *said, size_t size)
{
    size_t used = 0;
    for (ptrdiff_t got; (got = imp_os_read(descriptor, said + used, size - 1 - used)) != 0;) {
        if (got < 0 && errno != EINTR)
            break;
        used += got > 0 ? (size_t)got : 0;
        if (used == size - 1) {
            memmove(said, said + size / 2, used - size / 2);
            used -= size / 2;
        }
    }
    said[used] = '\0';
}

int imp_os_run(const char *const *words, char *said, size_t size, int *code)
{
    int ends[2], state = 0;
    pid_t process;
    said[0] = '\0';
    fflush(NULL);
    if (pipe(ends) != 0)
        return errno;
    const int problem = start(words, ends, &process);
    close(ends[1]);
    if (problem == 0)
        listen_to(ends[0], said, size);
    close(ends[0]);
    while (problem == 0 && waitpid(process, &state, 0) < 0)
        if (errno != EINTR)
            return errno;
    *code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return problem;
}
