/* SPDX-License-Identifier: MIT */
/* The table of optimisers. */

#include "net/net.h"

const struct imp_optimizer *const imp_optimizers[] = {&imp_optimizer_adam, NULL};

const struct imp_optimizer *imp_optimizer_find(enum impasto_optimizer id)
{
    for (size_t i = 0; imp_optimizers[i]; i++)
        if (imp_optimizers[i]->id == id)
            return imp_optimizers[i];
    return NULL;
}
