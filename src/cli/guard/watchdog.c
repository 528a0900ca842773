/* SPDX-License-Identifier: MIT */
/*
 * No call frees a thread that waits for a driver that hangs. So a second thread asks each second
 * for how long the driver has been waited for. When that is far too long, it says so and ends the
 * program, without a word to the driver. What is on disk by then stays.
 *
 * Other processes that paint the same picture are waited for as a driver is: one that is stopped,
 * or whose machine is gone, does not answer either. Where one is killed, the launcher ends the
 * others, within a second of asking them to end, and nobody else can say why.
 *
 * Other waits do not count, such as for a slow disk or for a pager that nobody scrolls.
 */

#include "cli/guard/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where nobody knows how long it should take: compilers are slow, and a device may be hundreds of
 * times slower than another. */
#define UNKNOWN_SECONDS 3600
/* Else it is so many times what is expected, and at least ten minutes, in which any machine comes
 * back from swapping. */
#define LEAST_SECONDS 600
#define TIMES_EXPECTED 30
/* Ranks wait for one another at each layer, but also while one of them compiles or plans anew. So
 * the limit is that of work of which nobody knows. */
#define RANK_EXPECTED 120
#define LATER_SECONDS 10
/* A second is long where a launcher kills within one. */
#define LOOKS 10
/* Seconds for which a rank that was asked to end must have waited for another, to say so. */
#define TELLING_SECONDS 0.4

/* What a process that others have left alone exits with. */
#define EXIT_RANK 9

struct cli_watchdog {
    int rank;        /* of a process that another leads; 0: it is none */
    bool terminal;   /* stderr is one, with a line that is not ended */
    char kept[4096]; /* how to go on with what is on disk; empty: nothing is */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ends;
    clockid_t clock; /* of waits for `ends` */
    bool ending;
    long idle;   /* seconds of the wait at hand, or of the saving */
    long fixed;  /* the limit, where the user has given one; 0: none was */
    bool ranks;  /* it is another process that is waited for */
    int looks;   /* since the last whole second */
    bool told;   /* that it may have lost another rank */
    bool saving; /* the device is read for a checkpoint, which is then written */
};

static void say(const char *text)
{
    const size_t size = strlen(text);
    if (write(STDERR_FILENO, text, size) < 0)
        return; /* nobody is there to be told */
}

/* Neither locks nor memory, here and below: whoever hangs may hold them. */
static void say_kept(const struct cli_watchdog *dog)
{
    cli_screen_rescue();
    if (dog->terminal)
        say("\n");
    if (!dog->kept[0])
        return;
    say("impasto: warning: ");
    say(dog->kept);
    say("\n");
}

static void leave(const struct cli_watchdog *dog)
{
    const char *what = dog->ranks    ? "another rank"
                       : dog->saving ? "the device, or the disk that the checkpoint goes to,"
                                     : "the device";
    const int code = dog->ranks ? EXIT_RANK : -(int)IMPASTO_ERROR_DEVICE;
    char line[320], who[32] = "";
    if (dog->rank > 0)
        snprintf(who, sizeof(who), "rank %d: ", dog->rank);
    say_kept(dog);
    snprintf(
        line, sizeof(line),
        "impasto: %s%s has not answered for %ld s, so this run ends%s; if it is only slow, set "
        "IMPASTO_TIMEOUT to more seconds, or to off\n",
        who, what, dog->idle,
        dog->kept[0] || dog->rank > 0 ? "" : " (--checkpoint would have kept what there was)");
    say(line);
    cli_events_die(code, "device", line + strlen("impasto: "));
    _exit(code);
}

/* Whoever asks for the end of a rank may have lost another. */
static void tell_lost(struct cli_watchdog *dog)
{
    double usual;
    const double waited = impasto_ranks_waiting(&usual);
    if (dog->told || !cli_stop_signal() || waited < TELLING_SECONDS || waited <= usual)
        return;
    dog->told = true;
    say_kept(dog);
    say("impasto: warning: asked to end, while another rank does not answer: it may have been "
        "killed, or its machine lost\n");
}

long cli_watchdog_limit(double expected)
{
    if (expected <= 0)
        return UNKNOWN_SECONDS;
    const double limit = TIMES_EXPECTED * expected;
    return limit < LEAST_SECONDS ? LEAST_SECONDS : (long)limit;
}

static long limit_of(const struct cli_watchdog *dog, double expected)
{
    long limit = dog->fixed > 0 ? dog->fixed : cli_watchdog_limit(expected);
    if (!dog->ranks)
        return limit;
    /* However soon a device must answer: the first rank may just decode, encode or write. */
    if (dog->rank > 0 && expected <= 0 && limit < UNKNOWN_SECONDS)
        limit = UNKNOWN_SECONDS;
    return limit + (long)dog->rank * LATER_SECONDS;
}

/* Called once a second. The seconds are counted here, as those in which the whole program was
 * stopped, or the machine asleep, do not count. */
static bool is_too_long(struct cli_watchdog *dog)
{
    double expected, usual;
    double waited = impasto_device_waiting(NULL, &expected);
    const double apart = impasto_ranks_waiting(&usual);
    dog->ranks = apart > waited;
    if (dog->ranks) {
        waited = apart;
        expected = usual > 0 && usual < RANK_EXPECTED ? RANK_EXPECTED : usual;
    }
    /* A checkpoint goes to a disk as well, of which nothing is known but that it is not slow. */
    if (dog->saving && waited <= 0)
        expected = 1;
    /* No more than this wait has lasted: there may have been another a second ago. */
    if (!dog->saving && dog->idle > (long)waited)
        dog->idle = (long)waited;
    if (dog->saving || waited >= 1)
        dog->idle++;
    return dog->idle > limit_of(dog, expected);
}

static void *watch(void *user)
{
    struct cli_watchdog *dog = user;
    pthread_mutex_lock(&dog->mutex);
    while (!dog->ending) {
        struct timespec next;
        if (clock_gettime(dog->clock, &next) != 0)
            break;
        next.tv_nsec += 1000000000 / LOOKS;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        int waited = 0;
        while (!dog->ending && waited == 0)
            waited = pthread_cond_timedwait(&dog->ends, &dog->mutex, &next);
        /* What does not wait must not count. */
        if (!dog->ending && waited != ETIMEDOUT)
            break;
        if (!dog->ending)
            tell_lost(dog);
        dog->looks = (dog->looks + 1) % LOOKS;
        if (!dog->ending && dog->looks == 0 && is_too_long(dog))
            leave(dog);
    }
    pthread_mutex_unlock(&dog->mutex);
    return NULL;
}

/* Systems without a monotonic clock for this wait by the other, which may be set: then a second is
 * longer or shorter for once. */
static bool prepare(struct cli_watchdog *dog)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&dog->mutex, NULL) != 0 || pthread_condattr_init(&attributes) != 0)
        return false;
    dog->clock = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 ? CLOCK_MONOTONIC
                                                                              : CLOCK_REALTIME;
    const bool made = pthread_cond_init(&dog->ends, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return made;
}

/* Signals are the other threads'. */
static bool start(struct cli_watchdog *dog)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    const bool started = pthread_create(&dog->thread, NULL, watch, dog) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

enum impasto_status cli_watchdog_open(struct cli_watchdog **watchdog, struct cli_console *console,
                                      struct impasto_error *error)
{
    const char *text = getenv("IMPASTO_TIMEOUT");
    char *end = NULL;
    const long seconds = text && text[0] ? strtol(text, &end, 10) : 0;
    if (text && strcmp(text, "off") == 0)
        return IMPASTO_OK;
    if (text && text[0] && (*end || seconds <= 0 || seconds > 1000000))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "IMPASTO_TIMEOUT=%.40s: must be a number of seconds, or off", text);
    struct cli_watchdog *dog = calloc(1, sizeof(*dog));
    if (!dog)
        return cli_fail_memory(error, "the watchdog");
    dog->terminal = console->terminal;
    dog->rank = console->rank;
    dog->fixed = seconds;
    if (!prepare(dog) || !start(dog)) {
        free(dog);
        cli_console_log(console, IMPASTO_LOG_WARNING, "no thread can be had to watch the device");
        return IMPASTO_OK;
    }
    *watchdog = dog;
    return IMPASTO_OK;
}

void cli_watchdog_keep(struct cli_watchdog *dog, const char *kept)
{
    if (!dog)
        return;
    pthread_mutex_lock(&dog->mutex);
    snprintf(dog->kept, sizeof(dog->kept), "%s", kept);
    pthread_mutex_unlock(&dog->mutex);
}

void cli_watchdog_saving(struct cli_watchdog *dog, bool saving)
{
    if (!dog)
        return;
    pthread_mutex_lock(&dog->mutex);
    dog->idle = 0;
    dog->saving = saving;
    pthread_mutex_unlock(&dog->mutex);
}

void cli_watchdog_close(struct cli_watchdog **dog)
{
    if (!*dog)
        return;
    pthread_mutex_lock(&(*dog)->mutex);
    (*dog)->ending = true;
    pthread_cond_signal(&(*dog)->ends);
    pthread_mutex_unlock(&(*dog)->mutex);
    (void)pthread_join((*dog)->thread, NULL);
    pthread_cond_destroy(&(*dog)->ends);
    pthread_mutex_destroy(&(*dog)->mutex);
    free(*dog);
    *dog = NULL;
}
