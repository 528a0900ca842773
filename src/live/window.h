/* SPDX-License-Identifier: MIT */
#ifndef IMP_LIVE_WINDOW_H
#define IMP_LIVE_WINDOW_H

/* Inside the room: the module that shows frames in a window. It is one of its own, so that nobody
 * else pays for the start of its libraries. */

#include <stdbool.h>
#include <stddef.h>

#define IMP_WINDOW_MODULE "impasto_sdl.so"
#define IMP_WINDOW_TABLE "imp_window_driver"

struct imp_window; /* the module's own */

/* All of it is called from one thread. */
struct imp_window_driver {
    /* A window of that size, for frames of I420 by BT.601, limited. NULL: why says why not. */
    struct imp_window *(*open)(const char *title, int width, int height, char *why, size_t size);
    /* planes, strides: of Y, U and V. false: why says why not. */
    bool (*show)(struct imp_window *window, const unsigned char *const planes[3],
                 const size_t strides[3], char *why, size_t size);
    /* The next key that was pressed: '+', '-', '<', '>' or 'q'; 0: none was. */
    int (*next_key)(struct imp_window *window);
    void (*close)(struct imp_window *window);
};

#endif
