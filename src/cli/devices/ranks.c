/* SPDX-License-Identifier: MIT */
/*
 * Processes that mpirun or srun has started to paint one picture or film, or to train one network.
 * The first reads, decides, writes and talks, as a run of its own does. The others follow: they
 * open a device and weights, as they are told, and take part in its jobs.
 */

#include "base/os.h"
#include "cli/batch/batch.h"
#include "cli/devices/devices.h"
#include "cli/guard/guard.h"

#include <stdlib.h>
#include <string.h>

/* Devices of a machine that are looked at. */
#define DEVICES_MOST 64
/* For the first rank to say what has happened, before another does. */
#define PATIENCE_SECONDS 600

struct cli_ranks {
    struct impasto_ranks *ranks;
    uint64_t given;                /* a hash of this one's words */
    struct cli_watchdog *watchdog; /* of waits for others, where no other one is open */
    bool begun;                    /* the others know what to open, or that they shall not */
};

/* What the first rank tells the others. */
struct words {
    bool leave;     /* there is nothing to do */
    uint64_t given; /* a hash of its words */
    int convention;
    char weights[4096]; /* empty: the usual ones, as in the following */
    char devices[1024], bands[1024];
};

/* ---- Who is asked for ranks ------------------------------------------------------------------ */

/* Options with which each process works for itself, or paints many pictures as before. */
static const char *const alone[] = {"batch", "help",      "json",          "list-devices",
                                    "tune",  "self-test", "save-settings", "version"};

static bool is_alone(const char *word)
{
    if (strcmp(word, "-h") == 0)
        return true;
    for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++)
        if (strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") == strlen(alone[i]) &&
            strncmp(word + 2, alone[i], strlen(alone[i])) == 0)
            return true;
    return false;
}

/* said: by --mpi. */
static enum impasto_status are_asked(bool said, bool *asked, struct impasto_error *error)
{
    const int apart = impasto_ranks_apart();
    *asked = said || impasto_ranks_launched() > 1;
    if (*asked || apart == 1)
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "srun has started %d processes, and there is no sign that they can find one "
                    "another: with the same words each would write the same file; start them by "
                    "srun --mpi=pmix (or pmi2: srun --mpi=list) or by mpirun, to work together, or "
                    "add --mpi, where MPI finds them itself; or set IMPASTO_MPI=off, and each "
                    "works alone",
                    apart);
}

/* Asked before the words are read: they name files, which only the first rank needs to have. */
static enum impasto_status find_asked(int argc, char **argv, bool *asked,
                                      struct impasto_error *error)
{
    bool said = false;
    *asked = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_alone(argv[i]))
            return IMPASTO_OK;
        said = said || strcmp(argv[i], "--mpi") == 0;
    }
    return are_asked(said, asked, error);
}

static uint64_t hash_words(int argc, char **argv)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (int i = 1; i < argc; i++)
        for (const char *at = argv[i];; at++) {
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
            if (!*at)
                break;
        }
    return hash;
}

/* Others may be stopped, or lost, at any time. A wrong limit is told by whoever opens the next one.
 */
static void watch(struct cli_ranks *ranks, const struct cli_common *common)
{
    struct cli_console console;
    struct impasto_error ignored;
    cli_console_init(&console, common);
    console.rank = ranks->ranks ? impasto_ranks_rank(ranks->ranks) : 0;
    cli_watchdog_close(&ranks->watchdog);
    if (cli_watchdog_open(&ranks->watchdog, &console, &ignored) != IMPASTO_OK)
        ranks->watchdog = NULL;
}

/* Else each of several processes would paint and write the same. */
static enum impasto_status check_size(const struct impasto_ranks *ranks,
                                      struct impasto_error *error)
{
    if (cli_launched() == 1 || impasto_ranks_size(ranks) > 1)
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "the launcher has started %d processes, but MPI sees one; start them by the "
                    "mpirun of the MPI that Impasto was built with, or by srun --mpi=pmix; or set "
                    "IMPASTO_MPI=off, and each works alone",
                    cli_launched());
}

/* Ranks that paint and ranks that train would wait for other words of each other, for ever. */
static enum impasto_status compare_work(const struct cli_common *common, const char *work,
                                        struct impasto_error *error)
{
    char first[16] = "";
    enum impasto_status status = IMPASTO_OK;
    snprintf(first, sizeof(first), "%s", work);
    status = impasto_ranks_share(common->ranks->ranks, first, sizeof(first), error);
    if (status != IMPASTO_OK)
        return status;
    if (strcmp(first, work) != 0)
        status =
            cli_fail(error, IMPASTO_ERROR_USAGE,
                     "was started to %s, and rank 0 to %s; start all ranks alike", work, first);
    return impasto_ranks_agree(common->ranks->ranks, status, error);
}

/* given: a hash of this process's words. work: "paint", "train" or "film". */
static enum impasto_status open_lines(uint64_t given, const char *work, struct cli_common *common,
                                      struct impasto_error *error)
{
    struct cli_ranks *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return cli_fail_memory(error, "ranks");
    opened->given = given;
    cli_leave_signals(); /* in the threads of MPI, too */
    watch(opened, common);
    enum impasto_status status = impasto_ranks_open(&opened->ranks, error);
    if (status == IMPASTO_OK)
        status = check_size(opened->ranks, error);
    if (status == IMPASTO_OK) {
        common->ranks = opened;
        status = compare_work(common, work, error);
        opened->begun = status != IMPASTO_OK;
        if (cli_ranks_several(common))
            watch(opened, common);
        else
            cli_watchdog_close(&opened->watchdog); /* there is nobody to wait for */
    } else {
        impasto_ranks_close(&opened->ranks);
        cli_watchdog_close(&opened->watchdog);
        free(opened);
    }
    if (!cli_ranks_follows(common))
        cli_take_signals();
    return status;
}

enum impasto_status cli_ranks_open(int argc, char **argv, struct cli_common *common,
                                   struct impasto_error *error)
{
    bool asked = false;
    const enum impasto_status status =
        common->warm ? IMPASTO_OK : find_asked(argc, argv, &asked, error);
    return asked ? open_lines(hash_words(argc, argv), "paint", common, error) : status;
}

enum impasto_status cli_ranks_begin(const struct cli_call *call, const char *work,
                                    struct impasto_error *error)
{
    bool asked = false;
    enum impasto_status status =
        call->common->warm ? IMPASTO_OK : are_asked(call->settings->mpi, &asked, error);
    if (asked)
        status = open_lines(0, work, call->common, error);
    if (status != IMPASTO_OK || !cli_ranks_several(call->common))
        return status;
    call->common->ranks->begun = true;
    if (call->refused)
        status = cli_fail(error, IMPASTO_ERROR_USAGE,
                          "refuses the words that it was started with; start all ranks alike");
    return impasto_ranks_agree(call->common->ranks->ranks, status, error);
}

bool cli_ranks_several(const struct cli_common *common)
{
    return common->ranks && impasto_ranks_size(common->ranks->ranks) > 1;
}

bool cli_ranks_follows(const struct cli_common *common)
{
    return common->ranks && impasto_ranks_rank(common->ranks->ranks) > 0;
}

void cli_ranks_close(struct cli_common *common, const struct impasto_error *error)
{
    struct cli_ranks *ranks = common->ranks;
    if (!ranks)
        return;
    /* The first rank hears of it and ends this process, unless it is not there any more. */
    if (cli_ranks_follows(common) && impasto_ranks_broken(ranks->ranks)) {
        imp_os_sleep(PATIENCE_SECONDS);
        fprintf(stderr, "impasto: rank %d: %s\n", impasto_ranks_rank(ranks->ranks), error->message);
    }
    if (!ranks->watchdog)
        watch(ranks, common);
    impasto_ranks_close(&ranks->ranks);
    cli_watchdog_close(&ranks->watchdog);
    free(ranks);
    common->ranks = NULL;
}

/* ---- Devices --------------------------------------------------------------------------------- */

struct found {
    struct impasto_device_info info[DEVICES_MOST];
    size_t count;
};

static void find(void *user, const struct impasto_device_info *info)
{
    struct found *found = user;
    if (found->count < DEVICES_MOST && info->device_index >= 0)
        found->info[found->count++] = *info;
}

/* Whether it is the same hardware, by another driver. */
static bool is_twice(const struct found *found, size_t place)
{
    const struct impasto_device_info *info = &found->info[place];
    for (size_t i = 0; i < place; i++)
        if (found->info[i].type == info->type &&
            ((info->pci[0] && strcmp(info->pci, found->info[i].pci) == 0) ||
             (info->uuid[0] && strcmp(info->uuid, found->info[i].uuid) == 0)))
            return true;
    return false;
}

/* Of devices like the one that "auto" takes, the one for this rank; those that are fewer than the
 * ranks of their machine are shared. CPUs are one device. */
static enum impasto_status find_next(int local, char name[16], struct impasto_error *error)
{
    struct found found = {.count = 0};
    size_t like[DEVICES_MOST], likes = 0;
    enum impasto_device_type type = IMPASTO_DEVICE_CPU;
    const enum impasto_status status = impasto_device_list(find, &found, error);
    for (size_t i = 0; i < found.count; i++)
        if (found.info[i].preferred)
            type = found.info[i].type;
    for (size_t i = 0; i < found.count; i++)
        if (found.info[i].type == type && !found.info[i].hidden && !is_twice(&found, i))
            like[likes++] = i;
    snprintf(name, 16, "auto");
    if (type != IMPASTO_DEVICE_CPU && likes > 1)
        snprintf(name, 16, "%d", found.info[like[(size_t)local % likes]].index);
    return status;
}

/* Names this rank's device among those that were named. */
static enum impasto_status name_device(const struct impasto_ranks *ranks, struct cli_common *common,
                                       struct cli_console *console,
                                       const struct cli_batch_devices *names, char next[16],
                                       struct impasto_error *error)
{
    const size_t local = (size_t)impasto_ranks_local(ranks);
    if (names->count > 1 && local >= names->count)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--device names %zu devices, but there are more ranks on this machine; "
                        "name one for each of them, or one for all",
                        names->count);
    common->device = names->device[names->count > 1 ? local : 0];
    if (common->device && strcmp(common->device, "auto") != 0)
        return IMPASTO_OK;
    cli_drivers_prepare(console);
    common->device = next;
    return find_next((int)local, next, error);
}

static enum impasto_status find_name(const struct impasto_ranks *ranks,
                                     const struct cli_common *common, struct cli_console *console,
                                     char **name, struct impasto_error *error)
{
    struct cli_settings settings = {.common = *common};
    struct cli_batch_devices names;
    char next[16];
    *name = NULL;
    enum impasto_status status = cli_batch_devices(&settings, &names, error);
    if (status == IMPASTO_OK)
        status = name_device(ranks, &settings.common, console, &names, next, error);
    if (status == IMPASTO_OK && !(*name = strdup(settings.common.device)))
        status = cli_fail_memory(error, "a device's name");
    cli_batch_devices_free(&names);
    return status;
}

static enum impasto_status open_named(const struct impasto_ranks *ranks,
                                      const struct cli_common *common, struct cli_console *console,
                                      struct impasto_device **device, struct impasto_error *error)
{
    struct cli_common one = *common;
    char *name;
    enum impasto_status status = find_name(ranks, common, console, &name, error);
    one.device = name;
    if (status == IMPASTO_OK)
        status = cli_open_device(&one, console, device, error);
    free(name);
    return status;
}

static enum impasto_status read_share(const struct impasto_ranks *ranks, const char *bands,
                                      float *share, struct impasto_error *error)
{
    float shares[IMPASTO_RANKS];
    *share = 0;
    if (!bands[0])
        return IMPASTO_OK;
    const enum impasto_status status =
        cli_read_shares(bands, (size_t)impasto_ranks_size(ranks), shares, error);
    *share = status == IMPASTO_OK ? shares[impasto_ranks_rank(ranks)] : 0;
    return status;
}

/* Opens this rank's device and joins it to the others', on all ranks or on none. mine: how it has
 * fared so far. */
static enum impasto_status open_all(struct impasto_ranks *ranks, enum impasto_status mine,
                                    const struct cli_common *common, const char *bands,
                                    struct cli_console *console, struct impasto_device **device,
                                    struct impasto_error *error)
{
    float share = 0;
    if (mine == IMPASTO_OK)
        mine = read_share(ranks, bands, &share, error);
    if (mine == IMPASTO_OK)
        mine = open_named(ranks, common, console, device, error);
    const enum impasto_status status = impasto_ranks_agree(ranks, mine, error);
    return status == IMPASTO_OK ? impasto_device_join_ranks(*device, ranks, share, error) : status;
}

/* ---- The first ------------------------------------------------------------------------------- */

/* false: it is too long. */
static bool put(char *place, size_t size, const char *text)
{
    return snprintf(place, size, "%s", text ? text : "") < (int)size;
}

enum impasto_status cli_ranks_devices(struct cli_settings *settings, struct cli_console *console,
                                      struct impasto_device **device, struct impasto_error *error)
{
    struct cli_ranks *ranks = settings->common.ranks;
    struct words words = {.given = ranks->given, .convention = settings->convention};
    enum impasto_status status = IMPASTO_OK;
    if (!put(words.weights, sizeof(words.weights), settings->weights) ||
        !put(words.devices, sizeof(words.devices), settings->common.device) ||
        !put(words.bands, sizeof(words.bands), settings->bands))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--weights, --device or --bands is too long for several ranks");
    ranks->begun = true;
    cli_watchdog_close(&ranks->watchdog); /* the run has its own */
    status = impasto_ranks_share(ranks->ranks, &words, sizeof(words), error);
    return status == IMPASTO_OK ? open_all(ranks->ranks, IMPASTO_OK, &settings->common, words.bands,
                                           console, device, error)
                                : status;
}

enum impasto_status cli_ranks_share(const struct cli_common *common, void *bytes, size_t size,
                                    struct impasto_error *error)
{
    return impasto_ranks_share(common->ranks->ranks, bytes, size, error);
}

enum impasto_status cli_ranks_device(struct cli_common *common, enum impasto_status mine,
                                     struct cli_console *console, struct impasto_device **device,
                                     struct impasto_error *error)
{
    /* The run has its own, where it has come so far. */
    if (mine == IMPASTO_OK && !cli_ranks_follows(common))
        cli_watchdog_close(&common->ranks->watchdog);
    return open_all(common->ranks->ranks, mine, common, "", console, device, error);
}

enum impasto_status cli_ranks_name_device(const struct cli_common *common,
                                          struct cli_console *console, char **name,
                                          struct impasto_error *error)
{
    return find_name(common->ranks->ranks, common, console, name, error);
}

struct impasto_ranks *cli_ranks_lines(const struct cli_common *common)
{
    return common->ranks->ranks;
}

void cli_ranks_are_watched(const struct cli_common *common)
{
    cli_watchdog_close(&common->ranks->watchdog);
}

void cli_ranks_dismiss(struct cli_common *common)
{
    struct words words = {.leave = true};
    struct impasto_error ignored;
    if (!common->ranks || common->ranks->begun || impasto_ranks_rank(common->ranks->ranks) > 0)
        return;
    common->ranks->begun = true;
    if (impasto_ranks_share(common->ranks->ranks, &words, sizeof(words), &ignored) != IMPASTO_OK)
        return;
}

/* ---- The others ------------------------------------------------------------------------------ */

static enum impasto_status open_weights(const struct cli_ranks *ranks, const struct words *words,
                                        struct impasto_weights **weights,
                                        struct impasto_error *error)
{
    if (ranks->given != words->given)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "was started with other words than rank 0; start all ranks alike "
                        "(--device 0,1 names a device for each rank of a machine)");
    return impasto_weights_open(words->weights[0] ? words->weights : NULL,
                                (enum impasto_convention)words->convention, weights, error);
}

/* Failures that all agree on are the first rank's to tell. */
static enum impasto_status follow(const struct cli_ranks *ranks, struct cli_common *common,
                                  const struct words *words, struct cli_console *console,
                                  struct impasto_error *error)
{
    struct impasto_weights *weights = NULL;
    struct impasto_device *device = NULL;
    common->device = words->devices[0] ? words->devices : NULL;
    enum impasto_status status = open_weights(ranks, words, &weights, error);
    status = open_all(ranks->ranks, status, common, words->bands, console, &device, error);
    if (status == IMPASTO_OK)
        status = impasto_job_serve(device, weights, error);
    common->device = NULL;
    impasto_device_close(&device);
    impasto_weights_close(&weights);
    return impasto_ranks_broken(ranks->ranks) ? status : IMPASTO_OK;
}

void cli_ranks_console(const struct cli_common *common, struct cli_console *console)
{
    cli_console_init(console, common);
    console->quiet = true;
    console->rank = impasto_ranks_rank(common->ranks->ranks);
}

bool cli_ranks_are_lost(const struct cli_common *common)
{
    return impasto_ranks_broken(common->ranks->ranks);
}

enum impasto_status cli_ranks_follow(struct cli_common *common, struct impasto_error *error)
{
    const struct cli_ranks *ranks = common->ranks;
    struct words words = {.leave = true};
    struct cli_console console;
    cli_outlive_writes();
    cli_ranks_console(common, &console);
    enum impasto_status status = impasto_ranks_share(ranks->ranks, &words, sizeof(words), error);
    if (status != IMPASTO_OK || words.leave)
        return status;
    cli_watch_driver();
    return follow(ranks, common, &words, &console, error);
}
