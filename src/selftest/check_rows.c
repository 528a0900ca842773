/* SPDX-License-Identifier: MIT */
/* Bands of rows: what goes from one to the next, and what looks at the rows beside a band. */

#include "ops/rows.h"

#include "ops/element.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING 1e-6

static const struct shape {
    int channels, height, width;
} shapes[] = {{64, 2, 3}, {3, 5, 9}, {64, 1, 7}, {128, 6, 17}};

/* Where in a buffer position x of row y of channel c is. */
static size_t place(const struct imp_tensor *t, int c, int y, int x)
{
    const size_t plane = (size_t)imp_tensor_plane(t), lanes = (size_t)t->lanes;
    const size_t position = (size_t)(y + 1) * ((size_t)t->width + 2) + (size_t)x;
    return ((size_t)c / lanes * plane + position) * lanes + (size_t)c % lanes;
}

/* Both rows go out; what comes in for the one side goes to the halo there, and nothing else. */
static void check_move(struct imp_check_run *run, const struct shape *s, bool above, bool below)
{
    const int lanes = s->channels == 3 ? 1 : imp_device_caps(run->device)->vector_width;
    struct imp_tensor t = {
        .channels = s->channels, .height = s->height, .width = s->width, .lanes = lanes};
    const int pitch = s->width + 2;
    const size_t all = (size_t)imp_tensor_vectors(&t) * (size_t)lanes;
    const size_t row = (size_t)s->channels * (size_t)pitch;
    float *before = imp_check_data(run, 0, all, false), *found = imp_check_data(run, 1, all, false);
    float *given = imp_check_data(run, 2, 2 * row, false);
    float *taken = imp_check_data(run, 3, 2 * row, false);
    struct imp_buffer *out = NULL, *in = NULL;
    if (!run->broken && imp_check_buffer(run, &t.buffer, all, before) &&
        imp_check_buffer(run, &out, 2 * row, NULL) && imp_check_buffer(run, &in, 2 * row, given) &&
        imp_check_ok(run, imp_rows_take(run->device, &t, out)) &&
        imp_check_ok(run, imp_rows_put(run->device, &t, in, above, below))) {
        double error = fmax(imp_check_read_buffer(run, t.buffer, all, found),
                            imp_check_read_buffer(run, out, 2 * row, taken));
        for (int c = 0; c < s->channels; c++)
            for (int x = 0; x < pitch; x++) {
                const size_t at = (size_t)c * (size_t)pitch + (size_t)x;
                if (taken[at] != before[place(&t, c, 0, x)] ||
                    taken[row + at] != before[place(&t, c, s->height - 1, x)])
                    error = INFINITY;
                if (above)
                    before[place(&t, c, -1, x)] = given[at];
                if (below)
                    before[place(&t, c, s->height, x)] = given[row + at];
            }
        if (memcmp(before, found, all * sizeof(float)) != 0)
            error = INFINITY;
        imp_check_end(run, error, 0);
    }
    imp_buffer_free(&t.buffer);
    imp_buffer_free(&out);
    imp_buffer_free(&in);
    free(before);
    free(found);
    free(given);
    free(taken);
}

/* ---- Total variation ------------------------------------------------------------------------- */

/* Rows `begin` to before `end` of planes of `height` rows. */
static void cut(const float *planes, int height, int width, int begin, int end, float *to)
{
    const size_t w = (size_t)width, rows = (size_t)(end - begin);
    for (size_t c = 0; c < 3; c++)
        memcpy(to + c * rows * w, planes + (c * (size_t)height + (size_t)begin) * w,
               rows * w * sizeof(float));
}

struct picture {
    int height, width;
    float *image, *gradient; /* (3, height, width); what the gradient is added to */
    float *band, *found;     /* room for as much */
    double *expected;
    float weight;
};

/* Rows `begin` to before `end` as a band: its part of the total, and the largest error of its
 * gradient. */
static double tv_of_band(struct imp_check_run *run, const struct picture *p, int begin, int end,
                         double *total)
{
    const int h = p->height, w = p->width, rows = end - begin;
    const size_t n = 3 * (size_t)rows * (size_t)w, pixels = (size_t)rows * (size_t)w;
    struct imp_buffer *image = NULL, *gradient = NULL, *sums = NULL, *edges = NULL;
    double error = INFINITY;
    cut(p->image, h, w, begin, end, p->band);
    cut(p->gradient, h, w, begin, end, p->found);
    const bool ready = imp_check_buffer(run, &image, n, p->band) &&
                       imp_check_buffer(run, &gradient, n, p->found) &&
                       imp_check_buffer(run, &sums, IMP_PARTS, NULL);
    /* The rows beside it, as two bands of one row would give them. */
    cut(p->image, h, w, begin > 0 ? begin - 1 : 0, begin > 0 ? begin : 1, p->band);
    cut(p->image, h, w, end < h ? end : 0, end < h ? end + 1 : 1, p->band + 3 * w);
    struct imp_beside beside = {.height = h, .begin = begin};
    if (ready && imp_check_buffer(run, &edges, 6 * (size_t)w, p->band) &&
        (beside.rows = edges) != NULL &&
        imp_check_ok(run, imp_tv_sum(run->device, image, rows, w, &beside, sums, 0)) &&
        imp_check_ok(run,
                     imp_tv_backward(run->device, image, rows, w, &beside, gradient, p->weight)) &&
        imp_check_ok(run, imp_sums_read(run->device, sums, 1, total))) {
        error = imp_check_read_buffer(run, gradient, n, p->found);
        for (size_t c = 0; c < 3; c++)
            error = fmax(error,
                         imp_check_error(p->found + c * pixels,
                                         p->expected + (c * (size_t)h + (size_t)begin) * (size_t)w,
                                         pixels));
    }
    imp_buffer_free(&image);
    imp_buffer_free(&gradient);
    imp_buffer_free(&sums);
    imp_buffer_free(&edges);
    return error;
}

/* Three bands of a picture of three blocks. */
static void check_tv(struct imp_check_run *run)
{
    static const int borders[] = {0, 64, 128, 195};
    const int h = 195, w = 5;
    const size_t n = 3 * (size_t)h * (size_t)w;
    struct picture p = {.height = h,
                        .width = w,
                        .image = imp_check_data(run, 0, n, true),
                        .gradient = imp_check_data(run, 1, n, false),
                        .band = imp_check_data(run, 2, n, false),
                        .found = imp_check_data(run, 3, n, false),
                        .weight = 3.5f};
    double *wide = imp_check_widen(run, p.image, n), error = 0, total = 0, part = 0;
    p.expected = imp_check_widen(run, p.gradient, n);
    if (!run->broken) {
        const double tv = imp_ref_tv(h, w, wide, (double)p.weight, p.expected);
        for (size_t i = 0; i + 1 < IMP_COUNT(borders) && !run->broken; i++) {
            error = fmax(error, tv_of_band(run, &p, borders[i], borders[i + 1], &part));
            total += part;
        }
        imp_check_end(run, fmax(error, imp_check_relative(total, tv)), ROUNDING);
    }
    free(p.image);
    free(p.gradient);
    free(p.band);
    free(p.found);
    free(p.expected);
    free(wide);
}

void imp_check_rows_ops(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, IMP_COUNT(shapes), IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        for (int sides = 0; sides < 4; sides++)
            if (imp_check_begin(run, "rows %d @ %dx%d beside %d", shapes[i].channels,
                                shapes[i].height, shapes[i].width, sides))
                check_move(run, &shapes[i], sides & 1, sides >> 1);
    if (imp_check_begin(run, "tv of bands"))
        check_tv(run);
}
