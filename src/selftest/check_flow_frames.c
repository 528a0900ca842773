/* SPDX-License-Identifier: MIT */
/* Optical flow: what its checks share, a level of two frames. */

#include "selftest/check_flow.h"

#include <math.h>
#include <stdlib.h>

#define WHITE 255

static int clamped(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static int rounded_up(int n, int lanes)
{
    return (n + lanes - 1) / lanes * lanes;
}

size_t imp_check_field_at(int lanes, int width, int y, int x)
{
    return (size_t)((y + 1) * (lanes + rounded_up(width + 1, lanes)) + lanes + x);
}

/* Waves, and a little noise. */
static void draw(float *picture, const float *noise, int height, int width, double dx, double dy)
{
    for (int i = 0; i < height * width; i++) {
        const double x = i % width - dx, y = i / width - dy;
        picture[i] = (float)(0.5 + 0.2 * sin(0.35 * x + 0.2 * y) + 0.2 * sin(0.15 * x - 0.4 * y)) +
                     0.05f * noise[i];
    }
}

static bool make_pyramid(struct imp_check_run *run, struct imp_check_frames *frames, int frame)
{
    const struct imp_level *level = &frames->level;
    const int h = level->height, w = level->width;
    const size_t n = (size_t)(h * w);
    const size_t floats = (size_t)level->slopes_at + 2 * imp_field_floats(frames->lanes, h, w);
    struct imp_buffer *picture = NULL;
    float *noise = imp_check_data(run, (uint32_t)frame, n, false);
    frames->picture[frame] = imp_check_data(run, 2, n, false);
    if (!run->broken)
        draw(frames->picture[frame], noise, h, w, 1.3 * frame, -0.7 * frame);
    const bool done =
        !run->broken && imp_check_buffer(run, &picture, n, frames->picture[frame]) &&
        imp_check_buffer(run, &frames->pyramid[frame], floats, NULL) &&
        imp_check_ok(run,
                     imp_flow_luma(run->device, picture, 1, h, w, frames->pyramid[frame], level)) &&
        imp_check_ok(run, imp_flow_slopes(run->device, frames->pyramid[frame], level));
    imp_buffer_free(&picture);
    free(noise);
    return done;
}

bool imp_check_frames(struct imp_check_run *run, struct imp_check_frames *frames, int height,
                      int width)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    *frames =
        (struct imp_check_frames){.level = {.height = height, .width = width}, .lanes = lanes};
    frames->level.slopes_at = (int)imp_luma_floats(lanes, height, width);
    const bool made = make_pyramid(run, frames, 0) && make_pyramid(run, frames, 1);
    frames->pair = (struct imp_flow_pair){frames->pyramid[0], frames->pyramid[1], &frames->level};
    return made;
}

void imp_check_frames_free(struct imp_check_frames *frames)
{
    for (int i = 0; i < 2; i++) {
        imp_buffer_free(&frames->pyramid[i]);
        free(frames->picture[i]);
    }
}

float *imp_check_flow(struct imp_check_run *run, uint32_t stream, int height, int width, float far,
                      struct imp_buffer **buffer)
{
    const int lanes = imp_device_caps(run->device)->vector_width;
    const size_t field = imp_field_floats(lanes, height, width);
    float *noise = imp_check_data(run, stream, 2 * field, false);
    float *flow = imp_check_data(run, stream + 1, 2 * field, false);
    for (int k = 0; !run->broken && k < 2; k++)
        for (int y = -1; y <= height; y++)
            for (int x = -1; x <= width; x++) {
                const int row = clamped(y, height), column = clamped(x, width);
                const double wave = sin(0.1 * row - 0.07 * column + 2 * k + stream);
                const float *own = noise + (size_t)k * field;
                flow[(size_t)k * field + imp_check_field_at(lanes, width, y, x)] =
                    far * ((float)wave + 0.1f * own[imp_check_field_at(lanes, width, row, column)]);
            }
    free(noise);
    if (run->broken || !imp_check_buffer(run, buffer, 2 * field, flow)) {
        free(flow);
        return NULL;
    }
    return flow;
}

double imp_check_luma(const struct imp_check_frames *frames, int frame, int y, int x)
{
    const int h = frames->level.height, w = frames->level.width;
    return WHITE * (double)frames->picture[frame][clamped(y, h) * w + clamped(x, w)];
}

double imp_check_luma_at(const struct imp_check_frames *frames, int frame, double y, double x)
{
    const int row = (int)floor(y), column = (int)floor(x);
    const double down = y - row, across = x - column;
    double sum = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++)
            sum += (j ? down : 1 - down) * (i ? across : 1 - across) *
                   imp_check_luma(frames, frame, row + j, column + i);
    return sum;
}

double imp_check_sobel(imp_check_plane_fn value, const void *plane, int y, int x, bool down)
{
    double sum = 0;
    for (int i = -1; i <= 1; i++) {
        const double difference = down ? value(plane, y + 1, x + i) - value(plane, y - 1, x + i)
                                       : value(plane, y + i, x + 1) - value(plane, y + i, x - 1);
        sum += (i == 0 ? 2 : 1) * difference / 8;
    }
    return sum;
}

struct frame_of {
    const struct imp_check_frames *frames;
    int frame;
};

static double luma_of(const void *plane, int y, int x)
{
    const struct frame_of *of = plane;
    return imp_check_luma(of->frames, of->frame, y, x);
}

double imp_check_slope(const struct imp_check_frames *frames, int frame, int y, int x, bool down)
{
    return imp_check_sobel(luma_of, &(struct frame_of){frames, frame}, y, x, down);
}
