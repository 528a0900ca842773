/* SPDX-License-Identifier: MIT */
/* What is watched for numbers that are not finite, and the verdict. */

#include "optim/guard.h"

#include <math.h>
#include <string.h>

void imp_guard_begin(struct imp_guard *guard)
{
    guard->watched = 0;
}

enum impasto_status imp_guard_watch(struct imp_guard *guard, const char *what,
                                    const struct imp_buffer *buffer)
{
    const int which = guard->watched++;
    guard->what[which] = what;
    return imp_count_not_finite(guard->device, buffer, guard->elements, *guard->sums,
                                guard->slot + which);
}

bool imp_guard_is_sound(struct imp_guard *guard, double loss)
{
    if (!isfinite(loss)) {
        snprintf(guard->doubt, sizeof(guard->doubt), "the loss is not finite");
        return false;
    }
    for (int i = 0; i < guard->watched; i++) {
        const double count = guard->not_finite[i];
        if (count == 0)
            continue;
        /* A sum that is not finite itself: nobody knows. */
        if (isfinite(count))
            snprintf(guard->doubt, sizeof(guard->doubt), "%.0f of %d elements of %s are not finite",
                     count, guard->all, guard->what[i]);
        else
            snprintf(guard->doubt, sizeof(guard->doubt), "the check of %s is not finite",
                     guard->what[i]);
        return false;
    }
    return true;
}

bool imp_guard_found(const struct imp_guard *guard, const char *what)
{
    for (int i = 0; i < guard->watched; i++)
        if (strcmp(guard->what[i], what) == 0)
            return guard->not_finite[i] != 0;
    return false;
}

enum imp_verdict imp_guard_judge(struct imp_guard *guard, bool trial, bool undoable)
{
    guard->failures++;
    if (guard->failures == 1)
        return IMP_VERDICT_RETRY;
    if (trial)
        return IMP_VERDICT_SHORTER;
    if (guard->failures >= IMP_GUARD_TRIES)
        return IMP_VERDICT_GIVE_UP;
    return undoable ? IMP_VERDICT_TAKE_BACK : IMP_VERDICT_RETRY;
}
