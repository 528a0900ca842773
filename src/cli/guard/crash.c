/* SPDX-License-Identifier: MIT */
/*
 * Drivers are large programs with compilers inside, and some end the process. They crash if their
 * compiled kernels on the disk are damaged, or call exit() if the disk is full. Nobody but us can
 * say then what has happened. Outputs are safe, as they appear whole or not at all.
 */

#include "cli/guard/guard.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not SIGFPE: a driver is known that catches it, as kernels may divide by zero. */
#define CRASH(number)                                                                              \
    {                                                                                              \
        number, "crashed, in the OpenCL driver most likely (" #number ")"                          \
    }
static const struct {
    int number;
    const char *how;
} crashes[] = {CRASH(SIGABRT), CRASH(SIGSEGV), CRASH(SIGBUS), CRASH(SIGILL)};
#define CRASHES (sizeof(crashes) / sizeof(*crashes))

static volatile sig_atomic_t watching;

/* In a signal handler: nothing but write(). */
static void say(const char *text)
{
    const size_t size = strlen(text);
    if (write(STDERR_FILENO, text, size) < 0)
        return; /* nobody is there to be told */
}

static _Noreturn void leave(const char *how)
{
    cli_screen_rescue();
    say("impasto: ");
    say(how);
    say("; if what the driver keeps of compiled kernels is damaged, remove it; if the disk for "
        "that is full, make room (--list-devices says where it is); else choose another "
        "--device\n");
    cli_events_die(-(int)IMPASTO_ERROR_DEVICE, "device", how);
    _exit(-(int)IMPASTO_ERROR_DEVICE);
}

static void on_crash(int number)
{
    size_t i = 0;
    while (i < CRASHES - 1 && crashes[i].number != number)
        i++;
    leave(crashes[i].how);
}

static void on_exit_of_others(void)
{
    if (watching)
        leave("the OpenCL driver has ended the program");
}

void cli_watch_driver(void)
{
    static bool registered;
    if (!registered)
        registered = atexit(on_exit_of_others) == 0;
    watching = 1;
    for (size_t i = 0; i < CRASHES; i++) {
        struct sigaction now, ours = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&ours.sa_mask);
        /* A sanitizer's own is left alone. */
        if (sigaction(crashes[i].number, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            sigaction(crashes[i].number, &ours, NULL);
    }
}

void cli_leave_driver(void)
{
    watching = 0;
    for (size_t i = 0; i < CRASHES; i++) {
        struct sigaction now;
        if (sigaction(crashes[i].number, NULL, &now) == 0 && now.sa_handler == on_crash)
            signal(crashes[i].number, SIG_DFL);
    }
}
