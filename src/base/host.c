/* SPDX-License-Identifier: MIT */
/*
 * What the host can spare. A driver that uses the host's memory kills the process, or has it
 * killed, when there is none left. So the limit must be known beforehand. Where files of Linux are
 * missing, the limits that they tell are left out.
 */

#include "base/base.h"
#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough for any path below /sys/fs/cgroup and for a line of the files read here. */
#define TEXT_SIZE 4096

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number in the file at folder/name; UINT64_MAX where it has none ("max") or does not exist. */
static uint64_t read_number(const char *folder, const char *name)
{
    char path[TEXT_SIZE], text[64] = "", *end = text;
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return UINT64_MAX;
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return UINT64_MAX;
    const bool found = fgets(text, sizeof(text), stream) != NULL;
    fclose(stream);
    const unsigned long long value = found ? strtoull(text, &end, 10) : 0;
    return end != text ? value : UINT64_MAX;
}

/* The number after the word `key` in a file of "key number" lines; UINT64_MAX where not found. */
static uint64_t read_field(const char *path, const char *key)
{
    char line[TEXT_SIZE];
    uint64_t result = UINT64_MAX;
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return UINT64_MAX;
    while (result == UINT64_MAX && fgets(line, sizeof(line), stream) != NULL) {
        const size_t length = strlen(key);
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            result = strtoull(line + length, NULL, 10);
    }
    fclose(stream);
    return result;
}

static uint64_t available_memory(void)
{
    const uint64_t kib = read_field("/proc/meminfo", "MemAvailable:");
    return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

/* What one control group leaves: its limit less its use, where page cache that would be dropped
 * first does not count as use. */
static uint64_t group_rest(const char *folder, const char *limit_name, const char *usage_name,
                           const char *cache_key)
{
    char path[TEXT_SIZE];
    const uint64_t limit = read_number(folder, limit_name);
    uint64_t usage = read_number(folder, usage_name);
    if (limit == UINT64_MAX || usage == UINT64_MAX)
        return UINT64_MAX;
    if (snprintf(path, sizeof(path), "%s/memory.stat", folder) < (int)sizeof(path)) {
        const uint64_t cache = read_field(path, cache_key);
        if (cache != UINT64_MAX)
            usage -= least(usage, cache);
    }
    return limit > usage ? limit - usage : 0;
}

static uint64_t memory_rest(const char *folder)
{
    return group_rest(folder, "memory.max", "memory.current", "inactive_file");
}

static uint64_t memory_rest_old(const char *folder)
{
    return group_rest(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                      "total_inactive_file");
}

/* A group's cores, rounded up, from the microseconds of them that it has in each period: "200000
 * 100000", or "max 100000". */
static uint64_t group_cores(const char *folder)
{
    char path[TEXT_SIZE];
    unsigned long long most = 0, period = 0;
    if (snprintf(path, sizeof(path), "%s/cpu.max", folder) >= (int)sizeof(path))
        return UINT64_MAX;
    FILE *stream = fopen(path, "r");
    if (stream == NULL)
        return UINT64_MAX;
    const bool found = fscanf(stream, "%llu %llu", &most, &period) == 2 && most > 0 && period > 0;
    fclose(stream);
    return found ? (most - 1) / period + 1 : UINT64_MAX;
}

/* What a control group at that folder leaves. */
typedef uint64_t group_limit(const char *folder);

/* The least of the groups from the process's own up to the root, below the mount point `root`. In
 * a container the path may not exist under the mount, which then shows the container's own group
 * at its top. */
static uint64_t least_of_groups(const char *root, const char *group, group_limit *limit)
{
    char folder[TEXT_SIZE];
    uint64_t rest = UINT64_MAX;
    if (snprintf(folder, sizeof(folder), "%s%s", root, group) >= (int)sizeof(folder))
        return UINT64_MAX;
    for (;;) {
        rest = least(rest, limit(folder));
        char *slash = strrchr(folder, '/');
        if (slash == NULL || strlen(folder) <= strlen(root))
            return rest;
        *slash = '\0';
    }
}

/* limit: in version 2 of control groups; memory_old: likewise in version 1, NULL: not known. */
static uint64_t control_group_limit(group_limit *limit, group_limit *memory_old)
{
    char line[TEXT_SIZE];
    uint64_t rest = UINT64_MAX;
    FILE *stream = fopen("/proc/self/cgroup", "r");
    if (stream == NULL)
        return UINT64_MAX;
    /* Lines are "number:controllers:path"; version 2 has one line, with no controllers. */
    while (fgets(line, sizeof(line), stream) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (group == NULL)
            continue;
        *group++ = '\0';
        controllers++;
        if (controllers[0] == '\0')
            rest = least(rest, least_of_groups("/sys/fs/cgroup", group, limit));
        else if (memory_old != NULL && strcmp(controllers, "memory") == 0)
            rest = least(rest, least_of_groups("/sys/fs/cgroup/memory", group, memory_old));
    }
    fclose(stream);
    return rest;
}

static uint64_t address_space_rest(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    const uint64_t pages = read_number("/proc/self", "statm"); /* its first number: all pages */
    const long page_size = sysconf(_SC_PAGESIZE);
    const uint64_t used = pages == UINT64_MAX || page_size <= 0 ? 0 : pages * (uint64_t)page_size;
    const uint64_t total = (uint64_t)limit.rlim_cur;
    return total > used ? total - used : 0;
}

uint64_t imp_host_memory(void)
{
    const uint64_t group = control_group_limit(memory_rest, memory_rest_old);
    return least(available_memory(), least(group, address_space_rest()));
}

int imp_host_cores(void)
{
    return (int)least((uint64_t)imp_os_cores(), control_group_limit(group_cores, NULL));
}

double imp_host_seconds(void)
{
    return imp_os_seconds();
}

static char *join(const char *folder, const char *rest)
{
    const size_t size = strlen(folder) + strlen(rest) + 1;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s%s", folder, rest);
    return path;
}

/* The XDG base directory specification has relative paths ignored. */
static char *folder_of(const char *variable, const char *in_home)
{
    const char *folder = getenv(variable);
    if (folder != NULL && folder[0] == '/')
        return join(folder, "/impasto");
    const char *home = getenv("HOME");
    return home != NULL && home[0] == '/' ? join(home, in_home) : NULL;
}

char *imp_host_cache_dir(void)
{
    return folder_of("XDG_CACHE_HOME", "/.cache/impasto");
}

char *imp_host_data_dir(void)
{
    return folder_of("XDG_DATA_HOME", "/.local/share/impasto");
}

bool imp_host_make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mkdir(path, S_IRWXU) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}
