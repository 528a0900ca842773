/* SPDX-License-Identifier: MIT */
/* Signals. The first Ctrl-C asks for an end after the iteration, and the second ends the program. A
 * write that would raise a signal fails instead. */

#include "cli/guard/guard.h"

#include <errno.h>
#include <signal.h>

static void end_at_once(int number)
{
    const int problem = errno; /* belongs to the code that the signal interrupts */
    cli_screen_rescue();
    cli_events_die(128 + number, "interrupted", "interrupted");
    signal(number, SIG_DFL);
    raise(number);
    errno = problem;
}

static void on_signal(int number)
{
    if (cli_stop_signal())
        end_at_once(number);
    cli_stop_by(number);
}

void cli_outlive_writes(void)
{
    static const int numbers[] = {SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        (void)signal(numbers[i], SIG_IGN);
}

/* SIGUSR2 is what launchers of many processes pass on, with nothing that follows it. */
static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR2};

static void mask(int how)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        sigaddset(&set, ends[i]);
    (void)pthread_sigmask(how, &set, NULL);
}

/* Not ignored, as drivers install handlers of their own. */
void cli_leave_signals(void)
{
    mask(SIG_BLOCK);
}

void cli_take_signals(void)
{
    mask(SIG_UNBLOCK);
}

static void catch_by(void (*handler)(int))
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        struct sigaction now, ours = {.sa_handler = handler};
        sigemptyset(&ours.sa_mask);
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(ends[i], &ours, NULL);
    }
}

void cli_end_by_signals(void)
{
    cli_outlive_writes();
    catch_by(end_at_once);
}

enum impasto_status cli_progress_open(struct cli_common *common, const char *other,
                                      struct impasto_error *error)
{
    const enum impasto_status status = cli_events_open(common, other, error);
    if (common->events)
        cli_end_by_signals();
    return status;
}

void cli_catch_signals(void)
{
    cli_outlive_writes();
    catch_by(on_signal);
}
