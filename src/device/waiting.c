/* SPDX-License-Identifier: MIT */
/*
 * Since when each device's thread has been in its driver, and how long that should take. Other
 * threads read it. A driver that hangs never comes back, so only what is noted here is known of it.
 * Clocks belong to the process. Whoever looks at them need not know whether the device is open.
 */

#include "device/opencl.h"

#include <math.h>
#include <stdatomic.h>

/* Devices, and listings of them, at a time. What has no clock is not watched. */
#define CLOCKS 64
/* Less work than this takes as long as it takes to hand it over, and says nothing. */
#define TELLING_FLOPS 1e8
/* What is timed again counts where it is at least this share of the most that was. */
#define TELLING_SHARE 0.5
/* So many seconds of a slow GPU's work, in small launches between two drains, tell their speed. */
#define TELLING_SMALL 0.05
/* That are expected of anything. */
#define MOST_SECONDS 1e6

struct imp_clock {
    atomic_bool taken;
    /* Milliseconds modulo 2^32, so that any machine's atomics will do; since 0: nobody waits, and
     * expected 0: nobody knows. */
    atomic_uint since, expected;
};

static struct imp_clock clocks[CLOCKS];

static unsigned milliseconds(double seconds)
{
    return (unsigned)(uint64_t)(seconds * 1e3);
}

struct imp_clock *imp_clock_take(void)
{
    for (size_t i = 0; i < CLOCKS; i++)
        if (!atomic_exchange(&clocks[i].taken, true))
            return &clocks[i];
    return NULL;
}

void imp_clock_give(struct imp_clock *clock)
{
    if (clock == NULL)
        return;
    atomic_store(&clock->since, 0);
    atomic_store(&clock->taken, false);
}

void imp_clock_start(struct imp_clock *clock, double expected)
{
    if (clock == NULL)
        return;
    atomic_store(&clock->expected,
                 expected < 0 ? 0 : milliseconds(fmin(expected, MOST_SECONDS)) | 1u);
    atomic_store(&clock->since, milliseconds(imp_host_seconds()) | 1u);
}

void imp_clock_stop(struct imp_clock *clock)
{
    if (clock != NULL)
        atomic_store(&clock->since, 0);
}

/* Seconds; 0: nobody waits. */
static double look(struct imp_clock *clock, double *expected)
{
    const unsigned since = atomic_load(&clock->since);
    const unsigned then = atomic_load(&clock->expected);
    const unsigned waited = milliseconds(imp_host_seconds()) - since;
    *expected = then / 1e3;
    /* The lowest bit is set for a sign, which may lie a millisecond ahead. */
    return since == 0 || waited > UINT32_MAX / 2 ? 0 : waited / 1e3;
}

double imp_device_waiting(const struct imp_device *device, double *expected)
{
    double longest = 0, known = 0;
    for (size_t i = 0; i < CLOCKS; i++) {
        double now;
        if (device != NULL && device->waits.clock != &clocks[i])
            continue;
        const double waited = look(&clocks[i], &now);
        if (waited > longest) {
            longest = waited;
            known = now;
        }
    }
    if (expected != NULL)
        *expected = known;
    return longest;
}

/* ---- Of a device, by its own thread ---------------------------------------------------------- */

void imp_wait_begin(struct imp_device *device, bool compiles)
{
    struct imp_waits *waits = &device->waits;
    if (waits->depth++ == 0)
        imp_clock_start(waits->clock,
                        compiles || waits->most <= 0 ? -1 : waits->pending * waits->per_flop);
}

cl_int imp_wait_end(struct imp_device *device, cl_int code)
{
    if (--device->waits.depth == 0)
        imp_clock_stop(device->waits.clock);
    return code;
}

void imp_wait_work(struct imp_device *device, double flops)
{
    struct imp_waits *waits = &device->waits;
    if (!(flops > 0))
        return;
    if (waits->pending <= 0)
        waits->begun = imp_host_seconds();
    waits->pending += flops;
}

/* Small launches are at least as fast as this says: others, and the host, have had their part of
 * the seconds. So the fastest counts. */
static void learn_small(struct imp_device *device, double seconds)
{
    if (device->small_work >= TELLING_SMALL)
        device->small_rate = fmax(device->small_rate, device->small_work / (seconds + 1e-9));
    device->small_work = 0;
}

void imp_wait_drained(struct imp_device *device)
{
    struct imp_waits *waits = &device->waits;
    if (waits->pending >= TELLING_FLOPS && waits->pending >= TELLING_SHARE * waits->most) {
        waits->most = fmax(waits->most, waits->pending);
        waits->per_flop = (imp_host_seconds() - waits->begun) / waits->pending;
    }
    learn_small(device, imp_host_seconds() - waits->begun);
    waits->pending = 0;
    waits->drains++;
}
