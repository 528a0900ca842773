/* SPDX-License-Identifier: MIT */
/* Flows of pairs of frames in host memory. */

#include "flow_frames.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What nobody has written is NaN, but for the planes that begin as zeroes. */
static enum impasto_status fill(const struct imp_layout *layout)
{
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; status == IMPASTO_OK && i < layout->count; i++) {
        const struct imp_allocation *item = &layout->items[i];
        const bool zeroes = strcmp(item->purpose, "optical flow, refinement") == 0;
        const size_t n = item->bytes / sizeof(float);
        float *floats = calloc(n, sizeof(*floats));
        for (size_t k = 0; floats && !zeroes && k < n; k++)
            floats[k] = NAN;
        status =
            floats ? imp_buffer_write(*item->buffer, 0, floats, item->bytes) : IMPASTO_ERROR_MEMORY;
        free(floats);
    }
    return status;
}

enum impasto_status flow_frames_open(struct flow_frames *pair, struct imp_device *device,
                                     enum imp_flow_grade grade, int height, int width)
{
    const size_t plane = sizeof(float) * (size_t)height * (size_t)width;
    *pair = (struct flow_frames){0};
    imp_flow_init(&pair->flow, device, grade, height, width);
    imp_flow_layout(&pair->flow, &pair->layout);
    imp_layout_add(&pair->layout, &pair->picture, plane, "a frame");
    imp_layout_add(&pair->layout, &pair->cautious, plane, "reliability");
    for (int i = 0; i < 2; i++) {
        imp_pyramid_layout(&pair->flow, &pair->frames[i], &pair->layout);
        imp_layout_add(&pair->layout, &pair->flows[i], imp_flow_bytes(height, width), "flows");
        imp_layout_add(&pair->layout, &pair->reliable[i], plane, "reliability");
    }
    const enum impasto_status status = imp_layout_allocate(&pair->layout, device);
    return status == IMPASTO_OK ? fill(&pair->layout) : status;
}

void flow_frames_close(struct flow_frames *pair)
{
    imp_layout_release(&pair->layout);
}

enum impasto_status flow_frames_take(struct flow_frames *pair, int i, const uint8_t *luma)
{
    const size_t n = (size_t)pair->flow.height * (size_t)pair->flow.width;
    float *picture = malloc(n * sizeof(*picture));
    if (!picture)
        return imp_device_fail_memory(pair->flow.device, "a frame", n * sizeof(*picture));
    for (size_t k = 0; k < n; k++)
        picture[k] = (float)luma[k] / 255;
    enum impasto_status status = imp_buffer_write(pair->picture, 0, picture, n * sizeof(*picture));
    free(picture);
    if (status == IMPASTO_OK)
        status = imp_pyramid_take(&pair->flow, &pair->frames[i], pair->picture, 1);
    return status;
}

enum impasto_status flow_frames_measure(struct flow_frames *pair, int i)
{
    return imp_flow_measure(&pair->flow, &pair->frames[i], &pair->frames[1 - i], pair->flows[i]);
}

enum impasto_status flow_frames_judge(struct flow_frames *pair, int i)
{
    return imp_flow_reliability(&pair->flow, pair->flows[i], pair->flows[1 - i], pair->reliable[i]);
}
