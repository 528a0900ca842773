/* SPDX-License-Identifier: MIT */
/*
 * Which kernel files are one program. On CPUs a compiler takes 0.2 s before it has read a program's first
 * line, and compiles what is launched only; so there what every job needs is two programs, the small
 * kernels and the products. GPUs' compile whatever they are given, and have programs of products by
 * themselves.
 */

#include "ops/ops.h"

/* Enough columns to amortise a work-group of one on CPUs, one on GPUs. */
int imp_small_macros(const struct imp_device *device, char macros[IMP_SMALL_MACROS])
{
    const struct imp_caps *caps = imp_device_caps(device);
    const int columns = caps->cpu ? 1024 : 1;
    snprintf(macros, IMP_SMALL_MACROS, "-DVW=%d -DCOLUMNS=%d%s", caps->vector_width, columns,
             imp_reduce_macros(caps));
    return columns;
}

size_t imp_items(int n, int columns)
{
    return ((size_t)n + (size_t)columns - 1) / (size_t)columns;
}

const char *imp_product_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS])
{
    char winograd[IMP_PRODUCT_PART], gram[IMP_PRODUCT_PART];
    imp_winograd_macros(caps, IMP_PRODUCT_WINOGRAD, winograd);
    imp_gram_macros(caps, gram);
    snprintf(macros, IMP_PRODUCT_MACROS, "%s -DTAPS=1 %s", winograd, gram);
    return "winograd+gram+conv_direct";
}
