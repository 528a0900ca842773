/* SPDX-License-Identifier: MIT */
/*
 * Several processes, perhaps on several machines, may paint into one folder. A lock says which of
 * them paints a picture. It is a file made by exclusive creation, which every shared file system
 * has.
 *
 * The system locks the file, too, while its owner lives. So the lock of a killed owner on this
 * machine is taken over at once. One of another machine is taken over when nobody has refreshed it
 * for long.
 */

#include "base/os.h"
#include "cli/files/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REFRESH_SECONDS 30
/* Far more than the slowest iteration between two refreshments, or clocks that differ. */
#define STALE_SECONDS 3600
#define LINE 300

/* "host pid\n" */
static void describe_self(char line[LINE])
{
    char host[256];
    imp_os_host_name(host, sizeof(host));
    snprintf(line, LINE, "%s %ld\n", host, imp_os_process());
}

static bool same_host(int descriptor)
{
    char theirs[LINE] = "", ours[LINE];
    describe_self(ours);
    const ptrdiff_t size = imp_os_read_at(descriptor, theirs, sizeof(theirs) - 1, 0);
    const size_t host = strcspn(ours, " ");
    return size > 0 && strncmp(theirs, ours, host + 1) == 0;
}

/* Whether the path still leads to the open file. */
static bool still_there(const char *path, int descriptor)
{
    struct imp_os_about a, b;
    return imp_os_look(path, &a) && imp_os_look_open(descriptor, &b) && imp_os_is_same(&a, &b);
}

static bool write_self(int descriptor)
{
    char line[LINE];
    describe_self(line);
    return imp_os_replace(descriptor, line, strlen(line));
}

/* Somebody's lock: dead if on this machine nobody holds it, or if nobody has touched it for long.
 */
static bool take_over(struct cli_lock *lock)
{
    struct imp_os_about about;
    const int descriptor = imp_os_open(lock->path, IMP_OS_CHANGE);
    if (descriptor < 0)
        return false;
    const bool held = !imp_os_lock_file(descriptor);
    const bool old = imp_os_look_open(descriptor, &about) &&
                     difftime(time(NULL), (time_t)about.modified) > STALE_SECONDS;
    if (!held && (same_host(descriptor) || old) && still_there(lock->path, descriptor) &&
        write_self(descriptor)) {
        lock->descriptor = descriptor;
        return true;
    }
    imp_os_close(descriptor);
    return false;
}

bool cli_lock_is_there(const char *output)
{
    char path[4096];
    const int length = snprintf(path, sizeof(path), "%s.lock", output);
    return length > 0 && (size_t)length < sizeof(path) && imp_os_is_there(path);
}

enum cli_lock_state cli_lock_take(struct cli_lock *lock, const char *output,
                                  struct impasto_error *error)
{
    const size_t size = strlen(output) + sizeof(".lock");
    *lock = (struct cli_lock){.path = malloc(size), .descriptor = -1};
    if (!lock->path) {
        cli_fail_memory(error, "a file name");
        return CLI_LOCK_FAILED;
    }
    snprintf(lock->path, size, "%s.lock", output);
    lock->refreshed = cli_seconds();
    lock->descriptor = imp_os_open(lock->path, IMP_OS_CREATE);
    const int why = errno;
    /* Where the system has no locks, the creation alone counts. */
    if (lock->descriptor >= 0) {
        (void)imp_os_lock_file(lock->descriptor);
        if (write_self(lock->descriptor))
            return CLI_LOCK_TAKEN;
        cli_fail_file(error, IMPASTO_ERROR_OUTPUT, lock->path, "cannot be written", errno);
        cli_lock_release(lock);
        return CLI_LOCK_FAILED;
    }
    if (why == EEXIST && take_over(lock))
        return CLI_LOCK_TAKEN;
    if (why != EEXIST)
        cli_fail_file(error, IMPASTO_ERROR_OUTPUT, lock->path, "cannot be made", why);
    free(lock->path);
    lock->path = NULL;
    return why == EEXIST ? CLI_LOCK_BUSY : CLI_LOCK_FAILED;
}

void cli_lock_refresh(struct cli_lock *lock)
{
    const double now = cli_seconds();
    if (!lock->path || now - lock->refreshed < REFRESH_SECONDS)
        return;
    lock->refreshed = now;
    imp_os_touch(lock->descriptor);
}

void cli_lock_release(struct cli_lock *lock)
{
    if (!lock->path)
        return;
    /* Before it is let go: whoever opens it now finds that it is gone from its place. */
    if (still_there(lock->path, lock->descriptor))
        (void)imp_os_remove(lock->path);
    imp_os_close(lock->descriptor);
    free(lock->path);
    lock->path = NULL;
}
