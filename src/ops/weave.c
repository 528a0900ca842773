/* SPDX-License-Identifier: MIT */
/* How much an image repeats: cl/weave.cl. */

#include "ops/weave.h"

#include "ops/kernels.h"
#include "ops/sums.h"

#include <math.h>
#include <stdlib.h>

#define DIFFERENCES 6
#define SIDE (WEAVE_WINDOW / 2)
#define FLAT 5e-4 /* as the kernels have it */

int imp_weave_windows(int height, int width)
{
    return height / WEAVE_WINDOW * (width / WEAVE_WINDOW);
}

static size_t differences_of(const struct imp_weave *weave)
{
    return DIFFERENCES * (size_t)(weave->height / 2) * (size_t)(weave->width / 2);
}

static size_t products_of(const struct imp_weave *weave)
{
    return (size_t)(WEAVE_SHIFTS + 1) * (size_t)imp_weave_windows(weave->height, weave->width);
}

void imp_weave_list_limits(struct imp_weave *weave, int height, int width,
                           struct imp_layout *layout)
{
    weave->height = height;
    weave->width = width;
    if (imp_weave_windows(height, width) == 0)
        return;
    imp_layout_add(layout, &weave->differences, differences_of(weave) * sizeof(float), "sums");
    imp_layout_add(layout, &weave->products, products_of(weave) * sizeof(float), "sums");
}

void imp_weave_layout(struct imp_weave *weave, int height, int width, struct imp_layout *layout)
{
    imp_weave_list_limits(weave, height, width, layout);
    imp_layout_add(layout, &weave->content, products_of(weave) * sizeof(float), "sums");
    imp_layout_add(layout, &weave->slopes, differences_of(weave) * sizeof(float), "sums");
    imp_layout_add(layout, &weave->limits, WEAVE_SHIFTS * sizeof(float), "sums");
}

static enum impasto_status take_products(struct imp_device *device, const struct imp_weave *weave,
                                         const struct imp_buffer *image,
                                         struct imp_buffer *products)
{
    const int down = weave->height / 2, across = weave->width / 2;
    const int windows = imp_weave_windows(weave->height, weave->width);
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "weave_differences",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(image), imp_buf(weave->differences), imp_int(weave->height),
                     imp_int(weave->width)),
            .global = {(size_t)across, (size_t)down, 3},
            .bytes = imp_float_bytes((double)differences_of(weave) + 12.0 * down * across),
        }));
    return imp_program_launch(device, IMP_PROGRAM_BOUNDS, "weave_products",
                              &(struct imp_launch){
                                  IMP_ARGS(imp_buf(weave->differences), imp_buf(products),
                                           imp_int(down), imp_int(across)),
                                  .global = {(size_t)windows, WEAVE_SHIFTS + 1},
                                  .bytes = imp_float_bytes((double)differences_of(weave)),
                              });
}

enum impasto_status imp_weave_take_content(struct imp_device *device, const struct imp_weave *weave,
                                           const struct imp_buffer *image)
{
    return take_products(device, weave, image, weave->content);
}

enum impasto_status imp_weave_sum(struct imp_device *device, const struct imp_weave *weave,
                                  const struct imp_buffer *image, struct imp_buffer *sums,
                                  int sums_slot)
{
    const int windows = imp_weave_windows(weave->height, weave->width);
    IMP_TRY(take_products(device, weave, image, weave->products));
    return imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "weave_sum",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(weave->products), imp_buf(weave->content), imp_buf(weave->limits),
                     imp_buf(sums), imp_int(sums_slot * IMP_PARTS), imp_int(windows)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(3.0 * (double)products_of(weave)),
        });
}

enum impasto_status imp_weave_backward(struct imp_device *device, const struct imp_weave *weave,
                                       struct imp_buffer *gradient, float factor)
{
    const int down = weave->height / 2, across = weave->width / 2;
    const double terms = (double)WEAVE_SHIFTS * imp_weave_windows(weave->height, weave->width);
    IMP_TRY(imp_program_launch(device, IMP_PROGRAM_BOUNDS, "weave_slopes",
                               &(struct imp_launch){
                                   IMP_ARGS(imp_buf(weave->differences), imp_buf(weave->products),
                                            imp_buf(weave->slopes), imp_int(down), imp_int(across)),
                                   .global = {(size_t)across, (size_t)down, DIFFERENCES},
                                   .bytes = imp_float_bytes(2 * (double)differences_of(weave)),
                               }));
    return imp_program_launch(
        device, IMP_PROGRAM_BOUNDS, "weave_bwd",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(weave->slopes), imp_buf(gradient), imp_int(weave->height),
                     imp_int(weave->width), imp_float((float)(2 * (double)factor / terms))),
            .global = {(size_t)weave->width, (size_t)weave->height, 3},
            .bytes = imp_float_bytes(2 * 3.0 * weave->height * weave->width),
        });
}

/* ---- What a style's picture has -------------------------------------------------------------- */

/* found: the products of its windows, (1 + WEAVE_SHIFTS, windows). */
static void take_limits(const float *found, int windows, float limits[WEAVE_SHIFTS])
{
    const float *energy = found; /* number 0, of no shift */
    for (int n = 0; n < WEAVE_SHIFTS; n++) {
        double squares = 0;
        for (int i = 0; i < windows; i++) {
            const double r = (double)found[(n + 1) * windows + i] / ((double)energy[i] + FLAT);
            squares += r * r / windows;
        }
        limits[n] = (float)sqrt(squares);
    }
}

/* In buffers that are there. */
static enum impasto_status measure(struct imp_device *device, const struct imp_weave *weave,
                                   const struct imp_buffer *image, float limits[WEAVE_SHIFTS])
{
    const size_t bytes = products_of(weave) * sizeof(float);
    float *found = malloc(bytes);
    if (!found)
        return imp_device_fail_memory(device, "a style's weave", bytes);
    enum impasto_status status = take_products(device, weave, image, weave->products);
    if (status == IMPASTO_OK)
        status = imp_buffer_read(weave->products, 0, found, bytes);
    if (status == IMPASTO_OK)
        take_limits(found, imp_weave_windows(weave->height, weave->width), limits);
    free(found);
    return status;
}

enum impasto_status imp_weave_limits(struct imp_device *device, const struct imp_buffer *image,
                                     int height, int width, float limits[WEAVE_SHIFTS])
{
    struct imp_weave weave = {0};
    struct imp_layout layout = {0};
    for (int n = 0; n < WEAVE_SHIFTS; n++)
        limits[n] = 1;
    if (imp_weave_windows(height, width) == 0)
        return IMPASTO_OK;
    imp_weave_list_limits(&weave, height, width, &layout);
    enum impasto_status status = imp_layout_allocate(&layout, device);
    if (status == IMPASTO_OK)
        status = measure(device, &weave, image, limits);
    imp_layout_release(&layout);
    return status;
}
