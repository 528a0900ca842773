/* SPDX-License-Identifier: MIT */
/* What an applier remembers from one frame of a film to the next: apply/recall.h. */

#include "apply/recall.h"

#include "model/model.h"
#include "ops/pixels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The longer side, about, of frames that are compared. */
#define SMALL 160
/* By how much of white frames differ, on average, before anybody asks whether that is motion. */
#define SUSPICIOUS 0.04

static size_t plane_of(const struct imp_recall *recall)
{
    return (size_t)recall->small_height * (size_t)recall->small_width;
}

size_t imp_recall_small_floats(const struct imp_recall *recall)
{
    return 3 * plane_of(recall);
}

static void list(struct imp_recall *recall)
{
    struct imp_layout *layout = &recall->layout;
    const size_t plane = plane_of(recall) * sizeof(float);
    const size_t flow = imp_flow_bytes(recall->small_height, recall->small_width);
    imp_flow_init(&recall->flow, recall->device, IMP_FLOW_LIVE, recall->small_height,
                  recall->small_width);
    imp_flow_layout(&recall->flow, layout);
    imp_pyramid_layout(&recall->flow, &recall->then_levels, layout);
    imp_pyramid_layout(&recall->flow, &recall->now_levels, layout);
    imp_layout_add(layout, &recall->back, flow, "flow");
    imp_layout_add(layout, &recall->forth, flow, "flow");
    imp_layout_add(layout, &recall->reliable, plane, "flow");
    imp_layout_add(layout, &recall->small, 3 * plane, "frames");
    imp_layout_add(layout, &recall->statistics,
                   IMP_MODEL_ROWS_MOST * IMP_NORM_STATE * sizeof(float), "frames");
}

int imp_recall_by(int height, int width)
{
    const int longer = height > width ? height : width, shorter = height < width ? height : width;
    const int by = longer / SMALL > 1 ? longer / SMALL : 1;
    return by < shorter ? by : shorter;
}

bool imp_recall_fits(const struct imp_recall *recall, int height, int width)
{
    return recall->device && recall->height == height && recall->width == width;
}

enum impasto_status imp_recall_open(struct imp_recall *recall, struct imp_device *device,
                                    int height, int width)
{
    const int by = imp_recall_by(height, width);
    if (imp_recall_fits(recall, height, width))
        return IMPASTO_OK;
    imp_recall_release(recall);
    *recall = (struct imp_recall){.device = device,
                                  .height = height,
                                  .width = width,
                                  .by = by,
                                  .small_height = height / by,
                                  .small_width = width / by};
    const size_t bytes = imp_recall_small_floats(recall) * sizeof(float);
    recall->before = malloc(bytes);
    recall->now = malloc(bytes);
    list(recall);
    const enum impasto_status status = recall->before && recall->now
                                           ? imp_layout_allocate(&recall->layout, device)
                                           : imp_device_fail_memory(device, "a frame", bytes);
    if (status != IMPASTO_OK)
        imp_recall_release(recall);
    return status;
}

void imp_recall_release(struct imp_recall *recall)
{
    imp_layout_release(&recall->layout);
    free(recall->before);
    free(recall->now);
    *recall = (struct imp_recall){0};
}

/* Mean difference of the two frames' values. */
static double difference(const struct imp_recall *recall)
{
    const size_t count = imp_recall_small_floats(recall);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fabs((double)recall->now[i] - (double)recall->before[i]);
    return sum / (double)count;
}

/* Whether the motion between the frames explains it; recall->small has the frame of now. */
static enum impasto_status find_cut(struct imp_recall *recall, bool *cut)
{
    struct imp_flow *flow = &recall->flow;
    const size_t bytes = imp_recall_small_floats(recall) * sizeof(float);
    IMP_TRY(imp_pyramid_take(flow, &recall->now_levels, recall->small, 3));
    IMP_TRY(imp_buffer_write(recall->small, 0, recall->before, bytes));
    IMP_TRY(imp_pyramid_take(flow, &recall->then_levels, recall->small, 3));
    IMP_TRY(imp_flow_measure(flow, &recall->now_levels, &recall->then_levels, recall->back));
    IMP_TRY(imp_flow_measure(flow, &recall->then_levels, &recall->now_levels, recall->forth));
    IMP_TRY(imp_flow_reliability(flow, recall->back, recall->forth, recall->reliable));
    return imp_flow_cut(flow, &recall->now_levels, &recall->then_levels, recall->back,
                        recall->reliable, cut);
}

enum impasto_status imp_recall_look(struct imp_recall *recall, const struct imp_buffer *image,
                                    bool *begins)
{
    const size_t bytes = imp_recall_small_floats(recall) * sizeof(float);
    IMP_TRY(imp_pixels_reduce(recall->device, image, recall->height, recall->width, recall->by,
                              recall->small));
    IMP_TRY(imp_buffer_read(recall->small, 0, recall->now, bytes));
    *begins = !recall->begun;
    return recall->begun && difference(recall) > SUSPICIOUS ? find_cut(recall, begins) : IMPASTO_OK;
}

void imp_recall_keep(struct imp_recall *recall)
{
    float *before = recall->before;
    recall->before = recall->now;
    recall->now = before;
    recall->begun = true;
}
