/* SPDX-License-Identifier: MIT */
/* --control: a pipe of lines, which stays open, whoever writes to it. */

#include "cli/live/run.h"

#include <errno.h>
#include <string.h>

enum impasto_status cli_control_open(struct cli_living *l)
{
    const char *path = l->options->control;
    struct imp_os_about about;
    if (!path)
        return IMPASTO_OK;
    if (!imp_os_look(path, &about))
        return cli_fail(l->error, IMPASTO_ERROR_USAGE,
                        "--control %s: %s; make a pipe of that name with mkfifo", path,
                        strerror(errno));
    if (about.kind == IMP_OS_FILE || about.kind == IMP_OS_FOLDER)
        return cli_fail(l->error, IMPASTO_ERROR_USAGE,
                        "--control %s: is no pipe; make one with mkfifo", path);
    /* Open for both, it neither waits for a writer nor ends with one. */
    l->control.descriptor = imp_os_open(path, IMP_OS_CHANGE);
    return l->control.descriptor >= 0
               ? IMPASTO_OK
               : cli_fail(l->error, IMPASTO_ERROR_USAGE, "--control %s: cannot be read: %s", path,
                          strerror(errno));
}

static void take_byte(struct cli_living *l, char byte)
{
    struct cli_control *control = &l->control;
    if (byte != '\n') {
        if (control->length < sizeof(control->line) - 1)
            control->line[control->length++] = byte;
        else
            control->passing = true;
        return;
    }
    control->line[control->length] = 0;
    if (control->passing)
        cli_live_log(l, IMPASTO_LOG_WARNING, "--control: a line is too long, and passed over");
    else
        cli_wish_line(l, control->line);
    control->length = 0;
    control->passing = false;
}

void cli_control_look(struct cli_living *l)
{
    char bytes[256];
    while (l->control.descriptor >= 0 && imp_os_await(l->control.descriptor, false, 0) > 0) {
        const ptrdiff_t got = imp_os_read(l->control.descriptor, bytes, sizeof(bytes));
        if (got <= 0)
            return;
        for (ptrdiff_t i = 0; i < got; i++)
            take_byte(l, bytes[i]);
    }
}

void cli_control_close(struct cli_control *control)
{
    if (control->descriptor >= 0)
        imp_os_close(control->descriptor);
    control->descriptor = -1;
}
