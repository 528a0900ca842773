/* SPDX-License-Identifier: MIT */
/* The table of optimisers. */

#include "optim/optim.h"

static const struct imp_optimizer *const optimizers[] = {&imp_optimizer_adam, &imp_optimizer_lbfgs};

const struct imp_optimizer *imp_optimizer_find(enum impasto_optimizer id)
{
    for (size_t i = 0; i < IMP_COUNT(optimizers); i++)
        if (optimizers[i]->id == id)
            return optimizers[i];
    return NULL;
}

const struct imp_buffer *imp_optimizer_best(const struct imp_optimizer *optimizer,
                                            const struct imp_optimizer_state *state,
                                            const struct imp_buffer *image)
{
    return optimizer->best ? optimizer->best(state, image) : image;
}

enum impasto_status imp_optimizer_finish(const struct imp_optimizer *optimizer,
                                         struct imp_device *device,
                                         struct imp_optimizer_state *state, double total,
                                         struct imp_buffer *image, bool *moved)
{
    *moved = false;
    return optimizer->finish ? optimizer->finish(device, state, total, image, moved) : IMPASTO_OK;
}

enum impasto_status imp_optimizer_numbers(const struct imp_optimizer *optimizer,
                                          struct imp_device *device,
                                          struct imp_optimizer_state *state,
                                          struct imp_ledger *ledger)
{
    return optimizer->numbers ? optimizer->numbers(device, state, ledger) : IMPASTO_OK;
}

void imp_optimizer_release(const struct imp_optimizer *optimizer, struct imp_optimizer_state *state)
{
    if (optimizer && optimizer->release)
        optimizer->release(state);
}
