/* SPDX-License-Identifier: MIT */
/* Workers as processes: started from this program's own file, never forked, so that they share
 * nothing with the server but a pipe each way. */

#include "base/os.h"
#include "cli/studio/studio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST_LINE ((size_t)16 << 20) /* a preview in base64 has a tenth of that */
#define FIRST_BYTES 65536
#define HELD 3 /* of a worker: a descriptor that it only keeps open */

/* ---- Starting -------------------------------------------------------------------------------- */

/* What it says to people is in its lines, too. A group of its own: Ctrl-C is the server's, which
 * then lets it end well. */
static int spawn(const char *program, int input, int output, int held, pid_t *process)
{
    extern char **environ;
    const char *const words[] = {"impasto", "worker", "--quiet", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int problem = posix_spawn_file_actions_init(&actions);
    if (problem != 0)
        return problem;
    if ((problem = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return problem;
    }
    if ((problem = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)) == 0 &&
        (problem = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)) == 0 &&
        (held < 0 || (problem = posix_spawn_file_actions_adddup2(&actions, held, HELD)) == 0) &&
        (problem = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, IMP_OS_NOWHERE,
                                                    O_WRONLY, 0)) == 0 &&
        (problem = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (problem = posix_spawnattr_setflags(&attributes,
                                            POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK)) == 0)
        problem =
            posix_spawn(process, program, &actions, &attributes, (char *const *)words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return problem;
}

static bool make_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    /* The other worker must not keep them open. Nothing is spawned in between: one thread. */
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

static void close_ends(int ends[2])
{
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

enum impasto_status cli_child_start(struct cli_child *child, int held, struct impasto_error *error)
{
    char program[PATH_MAX];
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    pid_t process = 0;
    if (!imp_os_own_program(program, sizeof(program)))
        return cli_fail(error, IMPASTO_ERROR_INTERNAL,
                        "the system does not tell where this program is, so no worker can be "
                        "started");
    int problem = make_pipe(in) && make_pipe(out) ? 0 : errno;
    if (problem == 0)
        problem = spawn(program, in[0], out[1], held, &process);
    if (problem != 0) {
        close_ends(in);
        close_ends(out);
        return cli_fail(error, IMPASTO_ERROR_MEMORY,
                        "no worker can be started: %s; allow more processes and memory (see "
                        "ulimit)",
                        strerror(problem));
    }
    close(in[0]);
    close(out[1]);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    child->process = process;
    child->to = in[1];
    child->from = out[0];
    child->used = 0;
    child->heard = child->pinged = child->idle = cli_seconds();
    return IMPASTO_OK;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

bool cli_child_send(struct cli_child *child, const json_t *line)
{
    char *text = child->to >= 0 ? json_dumps(line, JSON_COMPACT) : NULL;
    if (!text)
        return false;
    const size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the 0 */
    const int problem = imp_os_write_all(child->to, text, length + 1);
    free(text);
    return problem == 0;
}

static void take_lines(struct cli_child *child, cli_line_fn take, void *user)
{
    char *begin = child->bytes, *end;
    while ((end = memchr(begin, '\n', child->used - (size_t)(begin - child->bytes)))) {
        json_t *line = json_loadb(begin, (size_t)(end - begin), 0, NULL);
        child->heard = cli_seconds();
        if (json_is_object(line))
            take(user, child, line);
        json_decref(line);
        begin = end + 1;
    }
    child->used -= (size_t)(begin - child->bytes);
    memmove(child->bytes, begin, child->used);
}

/* false: no memory, or a line that no worker writes. */
static bool make_room(struct cli_child *child)
{
    const size_t room = child->room ? 2 * child->room : FIRST_BYTES;
    if (child->used < child->room)
        return true;
    char *bytes = room <= LONGEST_LINE ? realloc(child->bytes, room) : NULL;
    if (!bytes)
        return false;
    child->bytes = bytes;
    child->room = room;
    return true;
}

bool cli_child_read(struct cli_child *child, cli_line_fn take, void *user)
{
    while (make_room(child)) {
        const ssize_t got =
            read(child->from, child->bytes + child->used, child->room - child->used);
        if (got > 0) {
            child->used += (size_t)got;
            take_lines(child, take, user);
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
    return false;
}

/* ---- Ending ---------------------------------------------------------------------------------- */

void cli_child_leave(struct cli_child *child)
{
    if (child->process && child->to >= 0)
        close(child->to);
    child->to = -1;
}

void cli_child_kill(struct cli_child *child)
{
    if (!child->process)
        return;
    cli_child_leave(child);
    close(child->from);
    kill((pid_t)child->process, SIGKILL);
    while (waitpid((pid_t)child->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(child->bytes);
    json_t *task = child->task;
    *child = (struct cli_child){.to = -1, .from = -1, .task = task};
}
