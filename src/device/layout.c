/* SPDX-License-Identifier: MIT */
/* Device memory as a list: the buffers that are wanted, their purposes, and their sum. Then all of
 * them are made, or none. */

#include "device/layout.h"

#include <stdlib.h>
#include <string.h>

void imp_layout_add(struct imp_layout *layout, struct imp_buffer **buffer, size_t bytes,
                    const char *purpose)
{
    if (layout->failed || bytes == 0)
        return;
    if (layout->count == layout->capacity) {
        const size_t capacity = layout->capacity ? 2 * layout->capacity : 64;
        struct imp_allocation *items = realloc(layout->items, capacity * sizeof(*items));
        if (!items) {
            layout->failed = true;
            return;
        }
        layout->items = items;
        layout->capacity = capacity;
    }
    layout->items[layout->count++] =
        (struct imp_allocation){.buffer = buffer, .bytes = bytes, .purpose = purpose};
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t imp_layout_bytes(const struct imp_layout *layout)
{
    uint64_t total = 0;
    for (size_t i = 0; i < layout->count; i++)
        total = add_saturating(total, layout->items[i].bytes);
    return total;
}

uint64_t imp_layout_held(const struct imp_layout *layout)
{
    uint64_t held = 0;
    for (size_t i = 0; i < layout->count; i++)
        held += *layout->items[i].buffer ? layout->items[i].bytes : 0;
    return held;
}

uint64_t imp_layout_largest(const struct imp_layout *layout)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < layout->count; i++)
        if (layout->items[i].bytes > largest)
            largest = layout->items[i].bytes;
    return largest;
}

size_t imp_layout_rows(const struct imp_layout *layout, struct impasto_plan_row *rows, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; i < layout->count; i++) {
        size_t row = 0;
        while (row < count && strcmp(rows[row].purpose, layout->items[i].purpose) != 0)
            row++;
        if (row == count) {
            if (count == limit)
                continue;
            rows[count++] = (struct impasto_plan_row){.purpose = layout->items[i].purpose};
        }
        rows[row].bytes = add_saturating(rows[row].bytes, layout->items[i].bytes);
    }
    return count;
}

enum impasto_status imp_layout_allocate(const struct imp_layout *layout, struct imp_device *device)
{
    if (layout->failed)
        return imp_device_fail_memory(device, "the memory plan", 0);
    for (size_t i = 0; i < layout->count; i++) {
        const struct imp_allocation *item = &layout->items[i];
        const enum impasto_status status =
            imp_buffer_create(device, item->bytes, item->purpose, item->buffer);
        if (status != IMPASTO_OK) {
            while (i-- > 0)
                imp_buffer_free(layout->items[i].buffer);
            return status;
        }
    }
    return IMPASTO_OK;
}

void imp_layout_release(struct imp_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++)
        imp_buffer_free(layout->items[i].buffer);
    free(layout->items);
    *layout = (struct imp_layout){0};
}
