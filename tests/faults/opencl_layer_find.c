/* SPDX-License-Identifier: MIT */

#define _GNU_SOURCE /* RTLD_NOLOAD */

#include "opencl_layer.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

bool opencl_layer_find(struct opencl_layer *layer)
{
    const char *path = getenv("OPENCL_LAYERS");
    void *loaded = path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    void *left = loaded ? dlsym(loaded, "opencl_layer_left") : NULL;
    void *arm = loaded ? dlsym(loaded, "opencl_layer_arm") : NULL;
    void *failed = loaded ? dlsym(loaded, "opencl_layer_failed") : NULL;
    if (!left || !arm || !failed)
        return false;
    /* ISO C has no cast from an object to a function. */
    memcpy(&layer->left, &left, sizeof(left));
    memcpy(&layer->arm, &arm, sizeof(arm));
    memcpy(&layer->failed, &failed, sizeof(failed));
    return true;
}
