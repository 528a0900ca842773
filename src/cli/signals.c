/* SPDX-License-Identifier: MIT */
/* Ctrl-C and its like: the first asks for an end after the iteration, the second ends the program.
 * What a write would end it with is that write's failure instead. */

#include "cli/run.h"

#include <signal.h>

static volatile sig_atomic_t stop_signal;

int cli_stop_signal(void)
{
    return (int)stop_signal;
}

static void on_signal(int number)
{
    if (stop_signal) {
        cli_screen_rescue();
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_signal = number;
}

void cli_outlive_writes(void)
{
    static const int numbers[] = {SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        (void)signal(numbers[i], SIG_IGN);
}

void cli_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    cli_outlive_writes();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction now, ours = {.sa_handler = on_signal};
        sigemptyset(&ours.sa_mask);
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(numbers[i], &ours, NULL);
    }
}
