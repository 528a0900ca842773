/* SPDX-License-Identifier: MIT */
/* What a program finds in opencl_layer.so where it runs under that. */

#ifndef OPENCL_LAYER_H
#define OPENCL_LAYER_H

#include <stdbool.h>

struct opencl_layer {
    /* How many objects of a kind, such as "buffers", there are; NULL: of all kinds. */
    long (*left)(const char *kind);
    /* From now on: a fault in the words of $IMPASTO_FAULT; "": none. Calls are counted anew. */
    void (*arm)(const char *fault);
    /* The function that has failed since, or "". */
    const char *(*failed)(void);
};

/* False: $OPENCL_LAYERS does not name it, or there was no OpenCL call yet. */
bool opencl_layer_find(struct opencl_layer *layer);

#endif
