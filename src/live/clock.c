/* SPDX-License-Identifier: MIT */
/* The clock on the wall. */

#include "base/os.h"
#include "live/pipeline.h"

static double now(void *user)
{
    (void)user;
    return imp_os_seconds();
}

static void enter(void *user)
{
    imp_os_monitor_enter(user);
}

static void leave(void *user)
{
    imp_os_monitor_leave(user);
}

static void wait_until(void *user, double until)
{
    imp_os_monitor_wait(user, until);
}

static void wake(void *user)
{
    imp_os_monitor_wake(user);
}

bool imp_live_clock_open(struct imp_live_clock *clock)
{
    struct imp_os_monitor *monitor = imp_os_monitor_open();
    *clock = (struct imp_live_clock){.now = now,
                                     .enter = enter,
                                     .leave = leave,
                                     .wait = wait_until,
                                     .wake = wake,
                                     .user = monitor};
    return monitor != NULL;
}

void imp_live_clock_close(struct imp_live_clock *clock)
{
    struct imp_os_monitor *monitor = clock->user;
    imp_os_monitor_close(&monitor);
    clock->user = NULL;
}
