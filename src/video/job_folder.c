/* SPDX-License-Identifier: MIT */
/* What a run leaves for another one: video/job_folder.h. */

#include "video/job_folder.h"

#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a job, at most. */
#define JOB_MOST 65536
#define STATE "state-"
#define SEEN "seen"
#define NUMBER "00000000000000000000"
/* States may take this part of the time. */
#define SHARE 0.05

enum impasto_status imp_job_folder_name(struct imp_job_folder *folder, const char *film,
                                        struct impasto_error *error)
{
    const size_t size = strlen(film) + sizeof(".impasto");
    *folder = (struct imp_job_folder){.path = malloc(size)};
    if (folder->path) {
        snprintf(folder->path, size, "%s.impasto", film);
        folder->job = imp_job_folder_file(folder, "job");
        folder->state = imp_job_folder_file(folder, STATE NUMBER);
    }
    return folder->job && folder->state ? IMPASTO_OK : imp_fail_memory(error, "a file name", 0);
}

char *imp_job_folder_file(const struct imp_job_folder *folder, const char *name)
{
    return imp_os_join(folder->path, name);
}

/* Whether the file holds exactly that. false also: there is none. */
static bool holds_job(const char *path, const char *job)
{
    static const size_t most = JOB_MOST;
    const size_t size = strlen(job);
    const int descriptor = imp_os_open(path, IMP_OS_READ);
    char *there = descriptor < 0 ? NULL : malloc(most);
    const ptrdiff_t got = there ? imp_os_read_at(descriptor, there, most, 0) : -1;
    const bool same = got >= 0 && (size_t)got == size && memcmp(there, job, size) == 0;
    free(there);
    if (descriptor >= 0)
        imp_os_close(descriptor);
    return same;
}

enum impasto_status imp_job_folder_open(struct imp_job_folder *folder, const char *job, bool *fresh,
                                        struct impasto_error *error)
{
    *fresh = !imp_os_is_there(folder->job);
    if (!imp_os_make_folder(folder->path, false) && errno != EEXIST)
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, folder->path, "cannot be made", errno);
    if (!*fresh && !holds_job(folder->job, job))
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: has a film that was begun with other settings or another source; go "
                        "on with those, or remove the folder",
                        folder->path);
    folder->kept = imp_os_seconds();
    return *fresh ? impasto_file_write(folder->job, job, strlen(job), error) : IMPASTO_OK;
}

static void remove_file(const struct imp_job_folder *folder, const char *name)
{
    char *path = imp_job_folder_file(folder, name);
    (void)(path && imp_os_remove(path));
    free(path);
}

/* All of them: where a run was killed between a state and its frame, there is one too many. */
static void remove_states(const struct imp_job_folder *folder)
{
    struct imp_os_entries *entries = imp_os_open_folder(folder->path);
    for (const char *name; entries && (name = imp_os_next_name(entries)) != NULL;)
        if (strncmp(name, STATE, strlen(STATE)) == 0)
            remove_file(folder, name);
    if (entries)
        imp_os_close_folder(entries);
}

void imp_job_folder_clear(const struct imp_job_folder *folder)
{
    remove_states(folder);
    remove_file(folder, SEEN);
    remove_file(folder, IMP_JOB_AHEAD);
    remove_file(folder, IMP_JOB_WAITING);
    (void)imp_os_remove(folder->job);
    (void)imp_os_remove_folder(folder->path);
}

void imp_job_folder_free(struct imp_job_folder *folder)
{
    free(folder->path);
    free(folder->job);
    free(folder->state);
    *folder = (struct imp_job_folder){0};
}

/* ---- States ---------------------------------------------------------------------------------- */

const char *imp_job_state(struct imp_job_folder *folder, int64_t frames)
{
    char *number = folder->state + strlen(folder->path) + strlen("/" STATE);
    snprintf(number, sizeof(NUMBER), "%020lld", (long long)frames);
    return folder->state;
}

char *imp_job_state_path(const struct imp_job_folder *folder, int64_t frames)
{
    char name[sizeof(STATE NUMBER)];
    snprintf(name, sizeof(name), STATE "%020lld", (long long)frames);
    return imp_job_folder_file(folder, name);
}

bool imp_job_state_due(struct imp_job_folder *folder)
{
    folder->asked = imp_os_seconds();
    return folder->asked - folder->kept >= folder->took / SHARE;
}

int64_t imp_job_find_state(struct imp_job_folder *folder, int64_t least, int64_t most)
{
    int64_t frames = most;
    while (frames > least && !imp_os_is_there(imp_job_state(folder, frames)))
        frames--;
    folder->stated = frames;
    return frames;
}

bool imp_job_has_state(struct imp_job_folder *folder, int64_t frames)
{
    const bool there = imp_os_is_there(imp_job_state(folder, frames));
    if (there && folder->asked > 0) {
        folder->kept = imp_os_seconds();
        folder->took = folder->kept - folder->asked;
    }
    folder->asked = 0;
    return there;
}

void imp_job_change_state(struct imp_job_folder *folder, int64_t frames)
{
    if (folder->stated > 0 && folder->stated != frames)
        (void)imp_os_remove(imp_job_state(folder, folder->stated));
    folder->stated = frames;
}

/* ---- What frames were made of ---------------------------------------------------------------- */

/* Of a frame of the source. A hole in the file has no such number. */
struct seen {
    uint32_t number; /* of the frame, from 1 on */
    uint32_t checksum;
};

static int open_seen(const struct imp_job_folder *folder, bool change)
{
    char *path = imp_job_folder_file(folder, SEEN);
    int descriptor = path ? imp_os_open(path, change ? IMP_OS_CHANGE : IMP_OS_READ) : -1;
    if (path && change && descriptor < 0 && errno == ENOENT)
        descriptor = imp_os_open(path, IMP_OS_CREATE);
    free(path);
    return descriptor;
}

void imp_job_saw(const struct imp_job_folder *folder, int64_t number, uint32_t checksum)
{
    const struct seen seen = {(uint32_t)number + 1, checksum};
    const int descriptor = open_seen(folder, true);
    if (descriptor < 0)
        return;
    (void)imp_os_write_at(descriptor, &seen, sizeof(seen), (uint64_t)number * sizeof(seen));
    imp_os_close(descriptor);
}

bool imp_job_differs(const struct imp_job_folder *folder, int64_t number, uint32_t checksum)
{
    struct seen seen = {0};
    const int descriptor = open_seen(folder, false);
    if (descriptor < 0)
        return false;
    const ptrdiff_t got =
        imp_os_read_at(descriptor, &seen, sizeof(seen), (uint64_t)number * sizeof(seen));
    imp_os_close(descriptor);
    return got == sizeof(seen) && seen.number == (uint32_t)number + 1 && seen.checksum != checksum;
}
