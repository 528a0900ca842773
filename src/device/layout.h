/* SPDX-License-Identifier: MIT */
#ifndef IMP_DEVICE_LAYOUT_H
#define IMP_DEVICE_LAYOUT_H

/*
 * The list of the buffers that a job wants. One list serves the plan, the refusal and the
 * allocation.
 *
 * Objects above this room are plain structs with these steps in their life.
 * 1. _init decides, without touching the device's memory.
 * 2. _layout lists the buffers wanted.
 * 3. imp_layout_allocate makes them. imp_layout_release frees them at the end.
 */

#include "device/device.h"

#include <impasto/plan.h>

struct imp_allocation {
    struct imp_buffer **buffer; /* where it goes */
    size_t bytes;               /* SIZE_MAX: larger than anything can index */
    const char *purpose;        /* static; rows of the plan are sums by purpose */
};

struct imp_layout {
    struct imp_allocation *items;
    size_t count, capacity;
    bool failed; /* out of host memory while listing; imp_layout_allocate reports it */
};

void imp_layout_add(struct imp_layout *layout, struct imp_buffer **buffer, size_t bytes,
                    const char *purpose);
/* Bytes of all buffers (saturating), and of the largest. */
uint64_t imp_layout_bytes(const struct imp_layout *layout);
uint64_t imp_layout_largest(const struct imp_layout *layout);
/* Bytes of those that have been allocated. */
uint64_t imp_layout_held(const struct imp_layout *layout);
/* Sums by purpose in order of appearance; returns how many rows, at most `limit`. */
size_t imp_layout_rows(const struct imp_layout *layout, struct impasto_plan_row *rows,
                       size_t limit);
/* Creates every buffer, or none. */
enum impasto_status imp_layout_allocate(const struct imp_layout *layout, struct imp_device *device);
/* Frees every listed buffer and the list. */
void imp_layout_release(struct imp_layout *layout);

#endif
