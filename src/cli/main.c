/* SPDX-License-Identifier: MIT */
/* The command-line program. main() sets up what all commands need, and makes the exit code. */

#include "base/os.h"
#include "cli/commands.h"
#include "cli/devices/devices.h"
#include "cli/guard/guard.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Large blocks go back to the system as soon as they are freed. glibc would keep them once a few
 * have been, which adds tens of MiB to what a job needs. */
static void return_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

/* Ends the program's progress, says what is wrong, and returns the exit code. */
static int conclude(struct cli_settings *settings, enum impasto_status status,
                    struct impasto_error *error)
{
    cli_name_options(error->message);
    const bool signalled = status == IMPASTO_ERROR_INTERRUPTED && cli_stop_signal();
    /* As a shell reports a program that a signal ended. */
    const int code = signalled ? 128 + cli_stop_signal() : -(int)status;
    cli_events_end(&settings->common, status, code, error->message[0] ? error->message : NULL);
    if (status != IMPASTO_OK && !signalled && !cli_ranks_follows(&settings->common))
        fprintf(stderr, "impasto: %s\n", error->message);
    cli_ranks_close(&settings->common, error);
    return code;
}

int main(int argc, char **argv)
{
    /* Files that are opened get the numbers of streams that are closed. What is said on stderr
     * could go into a trace then. */
    if (!imp_os_hold_standard())
        return -IMPASTO_ERROR_OUTPUT; /* there is nowhere to say why */
    return_memory();
    struct cli_settings settings = {0};
    struct impasto_error error = {0};
    enum impasto_status status = cli_obey(argc, argv, &settings, &error);
    cli_release(&settings);
    cli_leave_driver();
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == IMPASTO_OK)
        status = cli_fail(&error, IMPASTO_ERROR_OUTPUT, "standard output cannot be written");
    return conclude(&settings, status, &error);
}
