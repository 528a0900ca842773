/* SPDX-License-Identifier: MIT */
/* Optical flow: pyramids of frames, and whole flows. */

#include "selftest/check_flow.h"

#include <math.h>
#include <stdlib.h>

#define WHITE 255
/* A few roundings of lumas of up to 255. */
#define LUMA_ROUNDING 1e-4

static int clamped(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static size_t luma_at(int lanes, int width, int y, int x)
{
    const int pitch = CHECK_FLOW_PAD + (width + CHECK_FLOW_PAD + lanes - 1) / lanes * lanes;
    return (size_t)((y + CHECK_FLOW_PAD) * pitch + CHECK_FLOW_PAD + x);
}

/* planes: of the picture, which the level may exceed. */
static const struct frame_case {
    int planes, height, width, level_height, level_width;
} frame_cases[] = {
    {3, 17, 23, 17, 23}, {1, 1, 1, 16, 16},       {3, 3, 5, 32, 32},
    {3, 16, 33, 16, 33}, {1, 40, 1100, 40, 1100},
};

static double pixel_luma(const struct frame_case *c, const float *picture, int y, int x)
{
    static const double weights[] = {0.299, 0.587, 0.114};
    const int at = clamped(y, c->height) * c->width + clamped(x, c->width);
    double sum = 0;
    for (int k = 0; k < c->planes; k++)
        sum += (c->planes == 1 ? 1 : weights[k]) * (double)picture[k * c->height * c->width + at];
    return WHITE * sum;
}

/* The largest error of a level's luma with its padding, where `scale` pixels of the picture's level
 * make one of it a side. */
static double luma_error(const struct frame_case *c, const float *picture, const float *luma,
                         int lanes, int scale)
{
    const int h = c->level_height / scale, w = c->level_width / scale;
    double error = 0;
    for (int y = -CHECK_FLOW_PAD; y < h + CHECK_FLOW_PAD; y++)
        for (int x = -CHECK_FLOW_PAD; x < w + CHECK_FLOW_PAD; x++) {
            double mean = 0;
            for (int i = 0; i < scale * scale; i++)
                mean += pixel_luma(c, picture, scale * clamped(y, h) + i / scale,
                                   scale * clamped(x, w) + i % scale) /
                        (scale * scale);
            error = fmax(error, imp_check_apart((double)luma[luma_at(lanes, w, y, x)], mean));
        }
    return error;
}

static void check_frame(struct imp_check_run *run, const struct frame_case *c)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    const size_t n = (size_t)(c->planes * c->height * c->width);
    struct imp_level large = {.height = c->level_height, .width = c->level_width};
    struct imp_level small = {.height = c->level_height / 2, .width = c->level_width / 2};
    small.luma_at = (int)imp_luma_floats(lanes, large.height, large.width);
    const size_t floats = (size_t)small.luma_at + imp_luma_floats(lanes, small.height, small.width);
    float *picture = imp_check_data(run, 0, n, true),
          *found = imp_check_data(run, 1, floats, false);
    struct imp_buffer *from = NULL, *pyramid = NULL;
    if (!run->broken && imp_check_buffer(run, &from, n, picture) &&
        imp_check_buffer(run, &pyramid, floats, NULL) &&
        imp_check_ok(run, imp_flow_luma(run->device, from, c->planes, c->height, c->width, pyramid,
                                        &large)) &&
        imp_check_ok(run, imp_flow_halve(run->device, pyramid, &large, &small))) {
        double error = imp_check_read_buffer(run, pyramid, floats, found);
        error = fmax(error, luma_error(c, picture, found, lanes, 1));
        error = fmax(error, luma_error(c, picture, found + small.luma_at, lanes, 2));
        imp_check_end(run, error, LUMA_ROUNDING);
    }
    imp_buffer_free(&from);
    imp_buffer_free(&pyramid);
    free(picture);
    free(found);
}

static void check_slopes(struct imp_check_run *run, int height, int width)
{
    struct imp_check_frames frames;
    if (imp_check_frames(run, &frames, height, width)) {
        const size_t field = imp_field_floats(frames.lanes, height, width);
        const size_t floats = (size_t)frames.level.slopes_at + 2 * field;
        float *found = imp_check_data(run, 0, floats, false);
        double error = found ? imp_check_read_buffer(run, frames.pyramid[0], floats, found) : 0;
        for (int i = 0; found && i < 2 * height * width; i++) {
            const int k = i % 2, y = i / 2 / width, x = i / 2 % width;
            const size_t at = (size_t)frames.level.slopes_at + (size_t)k * field +
                              imp_check_field_at(frames.lanes, width, y, x);
            error = fmax(error,
                         imp_check_apart((double)found[at], imp_check_slope(&frames, 0, y, x, k)));
        }
        imp_check_end(run, error, LUMA_ROUNDING);
        free(found);
    }
    imp_check_frames_free(&frames);
}

void imp_check_flow_ops(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 3, 4, IMP_COUNT(frame_cases));
    for (size_t i = 0; i < count; i++) {
        const struct frame_case *c = &frame_cases[i];
        if (imp_check_begin(run, "flow frame %d x %dx%d in %dx%d", c->planes, c->width, c->height,
                            c->level_width, c->level_height))
            check_frame(run, c);
        if (imp_check_begin(run, "flow slopes %dx%d", c->level_width, c->level_height))
            check_slopes(run, c->level_height, c->level_width);
    }
    imp_check_flow_fields(run);
    imp_check_flow_patches(run);
    imp_check_flow_refine(run);
}
