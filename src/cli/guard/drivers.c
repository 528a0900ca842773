/* SPDX-License-Identifier: MIT */
/*
 * Gets ready for OpenCL's drivers before the program meets them.
 *
 * Some drivers end the process that asks for their devices. The good ones would be lost with it. So
 * another process asks first. If it dies, each driver is tried in turn, and OpenCL's loader is
 * shown a folder with the good ones.
 *
 * This starts the drivers a second time, so it is done only until it has gone well. Then a file is
 * left. Its name is made of the drivers, the environment and the machine's start. It is empty, or
 * names drivers that hang, as finding that out takes long. While drivers are asked, the file is
 * away: after one that dies all the same, there is none.
 *
 * Drivers keep compiled kernels in the user's cache folder. One of them has no device if there is
 * no such folder, as in services. It gets a private folder for as long as the program runs.
 */

#include "cli/guard/guard.h"

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define STANDARD "/etc/OpenCL/vendors"
/* Drivers, more than any machine has. */
#define DRIVERS 64
/* For all devices to wake up, where the user gives no limit. */
#define LIMIT_SECONDS 30
#define HANGS "did not answer"

struct driver {
    char file[512];    /* that registers it; "": the environment does */
    char library[512]; /* as registered */
    char fault[64];    /* what it does when it is asked; "": nothing */
};

struct drivers {
    struct driver each[DRIVERS];
    size_t count;
    char record[PATH_MAX]; /* the file that says that all went well; "": it has no place */
};

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] ? text : NULL;
}

/* ---- Which there are ------------------------------------------------------------------------- */

static void add(struct drivers *drivers, const char *file, const char *library, size_t length)
{
    if (drivers->count == DRIVERS || length == 0)
        return;
    struct driver *driver = &drivers->each[drivers->count++];
    *driver = (struct driver){0};
    snprintf(driver->file, sizeof(driver->file), "%s", file);
    snprintf(driver->library, sizeof(driver->library), "%.*s", (int)length, library);
}

/* The file's first line names a library. */
static void add_file(struct drivers *drivers, const char *path)
{
    char line[512] = "";
    FILE *stream = fopen(path, "r");
    if (!stream)
        return;
    if (fgets(line, sizeof(line), stream))
        add(drivers, path, line, strcspn(line, "\r\n"));
    fclose(stream);
}

static int by_file(const void *a, const void *b)
{
    const struct driver *x = a, *y = b;
    return strcmp(x->file, y->file);
}

static void add_folder(struct drivers *drivers, const char *folder)
{
    static const char ending[] = ".icd";
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[512];
        const size_t length = strlen(entry->d_name);
        if (length >= sizeof(ending) &&
            strcmp(entry->d_name + length - (sizeof(ending) - 1), ending) == 0 &&
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path))
            add_file(drivers, path);
    }
    closedir(entries);
    qsort(drivers->each, drivers->count, sizeof(*drivers->each), by_file);
}

/* As the loaders of ocl-icd and Khronos look for them. */
static void find_drivers(struct drivers *drivers)
{
    char path[512];
    struct stat info;
    const char *vendors = variable("OCL_ICD_VENDORS"), *names = variable("OCL_ICD_FILENAMES");
    if (!vendors)
        vendors = variable("OPENCL_VENDOR_PATH");
    if (!vendors)
        vendors = STANDARD;
    snprintf(path, sizeof(path), STANDARD "/%s", vendors);
    if (stat(vendors, &info) == 0 && S_ISDIR(info.st_mode))
        add_folder(drivers, vendors);
    else if (strlen(vendors) < 4 || strcmp(vendors + strlen(vendors) - 4, ".icd") != 0)
        add(drivers, "", vendors, strlen(vendors));
    else
        add_file(drivers, strchr(vendors, '/') ? vendors : path);
    for (; names && *names; names += names[strcspn(names, ":")] == ':') {
        add(drivers, "", names, strcspn(names, ":"));
        names += strcspn(names, ":");
    }
}

/* ---- What is known of them ------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash * 1099511628211u; /* "ab", "c" is not "a", "bc" */
}

/* Differs from run to run, and no driver looks at it. */
static bool is_volatile(const char *variable_text)
{
    static const char *const starts[] = {
        "_=",       "PWD=",  "OLDPWD=",         "SHLVL=",         "COLUMNS=",
        "LINES=",   "TERM=", "WINDOWID=",       "INVOCATION_ID=", "JOURNAL_STREAM=",
        "SYSTEMD_", "SSH_",  "XDG_SESSION_ID=", "IMPASTO_"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
        if (strncmp(variable_text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Whatever may decide how drivers fare. */
static uint64_t hash_all(const struct drivers *drivers)
{
    char line[128] = "";
    uint64_t hash = hash_text(14695981039346656037u, impasto_version()), sum = 0;
    FILE *boot = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (boot && fgets(line, sizeof(line), boot))
        hash = hash_text(hash, line);
    if (boot)
        fclose(boot);
    for (size_t i = 0; i < drivers->count; i++) {
        const struct driver *driver = &drivers->each[i];
        struct stat info;
        hash = hash_text(hash_text(hash, driver->file), driver->library);
        if (stat(driver->library, &info) == 0) {
            snprintf(line, sizeof(line), "%lld %lld", (long long)info.st_size,
                     (long long)info.st_mtime);
            hash = hash_text(hash, line);
        }
    }
    /* In any order. */
    for (char **text = environ; *text; text++)
        sum += is_volatile(*text) ? 0 : hash_text(hash, *text);
    return hash + sum;
}

/* $XDG_CACHE_HOME or ~/.cache; false: there is none. */
static bool cache_folder(char path[PATH_MAX])
{
    const char *cache = variable("XDG_CACHE_HOME"), *home = variable("HOME");
    if (!cache && !home)
        return false;
    const int length =
        cache ? snprintf(path, PATH_MAX, "%s", cache) : snprintf(path, PATH_MAX, "%s/.cache", home);
    return path[0] == '/' && length < PATH_MAX;
}

static void place_record(struct drivers *drivers)
{
    char cache[PATH_MAX];
    drivers->record[0] = '\0';
    if (!cache_folder(cache))
        return;
    const int length =
        snprintf(drivers->record, sizeof(drivers->record), "%s/impasto/drivers/%016llx", cache,
                 (unsigned long long)hash_all(drivers));
    if (length >= (int)sizeof(drivers->record))
        drivers->record[0] = '\0';
}

/* Whether there is no need to ask again the next time: a driver that hangs takes long to find out,
 * and another one is good. What makes one crash may be gone, such as a missing /sys. */
static bool is_lasting(const struct drivers *drivers)
{
    size_t bad = 0;
    for (size_t i = 0; i < drivers->count; i++) {
        const char *fault = drivers->each[i].fault;
        if (fault[0] && strncmp(fault, HANGS, strlen(HANGS)) != 0)
            return false;
        bad += fault[0] != '\0';
    }
    return bad == 0 || bad < drivers->count;
}

/* What cannot be kept is found out again the next time. */
static void keep_record(struct drivers *drivers)
{
    if (!drivers->record[0] || !is_lasting(drivers))
        return;
    cli_make_folders(drivers->record, true);
    FILE *stream = fopen(drivers->record, "w");
    if (!stream)
        return;
    for (size_t i = 0; i < drivers->count; i++)
        if (drivers->each[i].fault[0])
            fprintf(stream, "%zu %s\n", i, drivers->each[i].fault);
    if (fclose(stream) != 0)
        (void)unlink(drivers->record);
}

/* Takes the record away. false: there was none. */
static bool take_record(struct drivers *drivers)
{
    char line[128];
    FILE *stream = drivers->record[0] ? fopen(drivers->record, "r") : NULL;
    if (!stream)
        return false;
    while (fgets(line, sizeof(line), stream)) {
        char *rest;
        const size_t i = strtoul(line, &rest, 10);
        line[strcspn(line, "\n")] = '\0';
        if (*rest == ' ' && i < drivers->count)
            snprintf(drivers->each[i].fault, sizeof(drivers->each[i].fault), "%.63s", rest + 1);
    }
    fclose(stream);
    return unlink(drivers->record) == 0;
}

/* ---- Trying them ----------------------------------------------------------------------------- */

static void ignore(void *user, const struct impasto_device_info *info)
{
    (void)user, (void)info;
}

static _Noreturn void ask(int answer)
{
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
        (void)signal(crashes[i], SIG_DFL);
    const int nowhere = open("/dev/null", O_RDWR);
    for (int i = STDIN_FILENO; nowhere >= 0 && i <= STDERR_FILENO; i++)
        (void)dup2(nowhere, i);
    /* Whatever it says, it lives to say it. */
    const char status = (char)impasto_device_list(ignore, NULL, NULL);
    _exit(write(answer, &status, 1) != 1);
}

/* Seconds; below 0: for ever. */
static int limit(void)
{
    const char *text = variable("IMPASTO_TIMEOUT");
    if (text && strcmp(text, "off") == 0)
        return -1;
    const long seconds = text ? strtol(text, NULL, 10) : 0;
    return seconds > 0 && seconds <= INT_MAX / 1000 ? (int)seconds : LIMIT_SECONDS;
}

/* Waits for the sign of life. */
static bool is_alive(int answer, bool *late)
{
    char status;
    struct pollfd end = {.fd = answer, .events = POLLIN};
    const int seconds = limit();
    int ready;
    while ((ready = poll(&end, 1, seconds < 0 ? -1 : seconds * 1000)) < 0 && errno == EINTR)
        ;
    *late = ready == 0;
    return ready > 0 && read(answer, &status, 1) == 1;
}

/* Asks the drivers that the environment shows for their devices, in another process. Returns
 * whether it died, and tells how. false also: no process can be had. */
static bool die_when_asked(char fault[64])
{
    int ends[2], status = 0;
    bool late = false;
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        ask(ends[1]);
    }
    close(ends[1]);
    const bool good = child < 0 || is_alive(ends[0], &late);
    close(ends[0]);
    /* What it does behind the sign of life is no concern of ours. */
    if (child > 0 && (good || late))
        (void)kill(child, SIGKILL);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (good)
        return false;
    if (late)
        snprintf(fault, 64, HANGS " in %d s", limit());
    else if (WIFSIGNALED(status))
        snprintf(fault, 64, "crashed (%.40s)", strsignal(WTERMSIG(status)));
    else
        snprintf(fault, 64, "ended the process");
    return true;
}

/* Shows the loader a folder of its own; false: it cannot be made. */
static bool show_folder(char folder[PATH_MAX])
{
    const char *scratch = imp_os_scratch();
    if (!scratch || snprintf(folder, PATH_MAX, "%s/vendors", scratch) >= PATH_MAX)
        return false;
    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
        return false;
    return setenv("OCL_ICD_VENDORS", folder, 1) == 0 &&
           setenv("OPENCL_VENDOR_PATH", folder, 1) == 0 && unsetenv("OCL_ICD_FILENAMES") == 0;
}

static bool show_driver(const char *folder, size_t i, const struct driver *driver, bool shown)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%02zu.icd", folder, i) >= (int)sizeof(path))
        return false;
    if (!shown)
        return unlink(path) == 0;
    FILE *stream = fopen(path, "w");
    if (!stream)
        return false;
    fprintf(stream, "%s\n", driver->library);
    return fclose(stream) == 0;
}

/* Each with those before it that are good, as two may be good only alone. */
static void try_each(struct drivers *drivers, const char *folder)
{
    for (size_t i = 0; i < drivers->count; i++) {
        struct driver *driver = &drivers->each[i];
        if (show_driver(folder, i, driver, true) && die_when_asked(driver->fault))
            (void)show_driver(folder, i, driver, false);
    }
}

static void say(struct cli_console *console, const struct driver *driver)
{
    char line[1400];
    snprintf(line, sizeof(line),
             "the OpenCL driver %s%s%s%s %s when asked for its devices, so it is left out; update "
             "it, or "
             "remove it",
             driver->library, driver->file[0] ? " (" : "", driver->file, driver->file[0] ? ")" : "",
             driver->fault);
    cli_console_log(console, IMPASTO_LOG_WARNING, line);
}

static void leave_out(struct drivers *drivers, bool known, struct cli_console *console)
{
    char folder[PATH_MAX];
    size_t bad = 0;
    for (size_t i = 0; i < drivers->count; i++)
        bad += drivers->each[i].fault[0] != '\0';
    if ((known && bad == 0) || !show_folder(folder))
        return;
    if (!known)
        try_each(drivers, folder);
    for (size_t i = 0; i < drivers->count; i++) {
        if (known && !drivers->each[i].fault[0])
            (void)show_driver(folder, i, &drivers->each[i], true);
        if (drivers->each[i].fault[0])
            say(console, &drivers->each[i]);
    }
}

/* ---- Their caches ---------------------------------------------------------------------------- */

/* Whether the folder is there, or can be made, and takes another. Permissions alone do not tell. */
static bool usable(const char *folder)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/impasto-XXXXXX", folder) >= (int)sizeof(path))
        return false;
    cli_make_folders(path, true);
    return mkdtemp(path) && rmdir(path) == 0;
}

/* Before any thread starts, as it changes the environment. */
static void give_cache(struct cli_console *console)
{
    /* Drivers' own names for it, which go before the user's cache folder. */
    static const char own[] = "POCL_CACHE_DIR";
    char cache[PATH_MAX] = "", line[2 * PATH_MAX];
    const char *named = variable(own);
    const bool home = cache_folder(cache) && usable(cache);
    if (named ? usable(named) : home)
        return;
    const char *scratch = imp_os_scratch();
    if (!scratch) {
        cli_console_log(
            console, IMPASTO_LOG_WARNING,
            "there is no folder for compiled kernels, not even a temporary one; name one by "
            "XDG_CACHE_HOME");
        return;
    }
    /* Before it is set, as it may be the old value that cannot be used. */
    if (named || cache[0])
        snprintf(
            line, sizeof(line),
            "compiled kernels cannot be kept in %s, so they are for this run only; name a folder "
            "by %s to start faster",
            named ? named : cache, named ? own : "XDG_CACHE_HOME");
    else
        snprintf(
            line, sizeof(line),
            "there is no home to keep compiled kernels in, so they are for this run only; name a "
            "folder by XDG_CACHE_HOME to start faster");
    cli_console_log(console, IMPASTO_LOG_INFO, line);
    snprintf(line, sizeof(line), "%s/cache", scratch);
    (void)mkdir(line, S_IRWXU);
    (void)setenv(own, line, 1);
    if (!home)
        (void)setenv("XDG_CACHE_HOME", line, 1);
}

static struct drivers drivers;
static enum { UNKNOWN, PREPARED, LISTED } stage;

void cli_drivers_prepare(struct cli_console *console)
{
    char fault[64];
    if (stage != UNKNOWN)
        return;
    stage = PREPARED;
    find_drivers(&drivers);
    place_record(&drivers);
    give_cache(console);
    const bool known = take_record(&drivers);
    if (known || die_when_asked(fault))
        leave_out(&drivers, known, console);
}

void cli_drivers_listed(void)
{
    if (stage == PREPARED)
        keep_record(&drivers);
    stage = LISTED;
}
