/* SPDX-License-Identifier: MIT */
/* libheif's decoders without threads of their own, which take a third of the time that a small file
 * takes. These functions stand before the decoders', which do the same work without threads. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

int de265_start_worker_threads(void *context, int threads);
int dav1d_open(void **context, int *settings);

/* Without workers, libde265 decodes in the thread that asks. */
int de265_start_worker_threads(void *context, int threads)
{
    (void)context;
    (void)threads;
    return 0; /* DE265_OK */
}

/* The settings of dav1d begin with the threads and the frames at a time. */
int dav1d_open(void **context, int *settings)
{
    int (*open)(void **, int *) = NULL;
    *(void **)&open = dlsym(RTLD_NEXT, "dav1d_open");
    settings[0] = 1;
    settings[1] = 1;
    return open ? open(context, settings) : -1;
}
