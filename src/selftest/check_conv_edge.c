/* SPDX-License-Identifier: MIT */
/* Gradients to copies of pixels beyond the picture's edge, folded home. */

#include "ops/conv.h"
#include "ops/map.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>

/* Sums of three times 128 products. */
#define ROUNDING 1e-5

/* From the gradient of an output of `out` channels to that of an input of `in`. */
static const struct shape {
    int in, out, height, width;
    enum imp_epilogue epilogue;
} shapes[] = {{64, 64, 3, 4, IMP_EPILOGUE_MASK},       {3, 64, 5, 4, IMP_EPILOGUE_STORE},
              {64, 128, 9, 13, IMP_EPILOGUE_ADD_MASK}, {128, 64, 21, 11, IMP_EPILOGUE_STORE},
              {64, 64, 2, 2, IMP_EPILOGUE_MASK},       {3, 64, 2, 17, IMP_EPILOGUE_STORE},
              {128, 128, 2, 15, IMP_EPILOGUE_MASK},    {64, 64, 30, 3, IMP_EPILOGUE_ADD_MASK}};

struct problem {
    float *gradient, *weights, *before, *mask;
    double *wide, *expected;
    struct imp_conv conv;
    struct imp_buffer *packed;
};

static bool pack(struct imp_check_run *run, const struct shape *s, struct problem *p)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const struct imp_conv_packing *packing = imp_conv_edge_packing(s->in);
    const size_t count = (size_t)s->in * (size_t)s->out * 9;
    const size_t floats = packing->size(caps, s->out, s->in) / sizeof(float);
    float *flipped = imp_check_data(run, 9, count, false);
    float *packed = imp_check_data(run, 9, floats, false);
    if (!run->broken) {
        imp_conv_flip(s->in, s->out, p->weights, flipped);
        packing->pack(caps, s->out, s->in, flipped, packed);
    }
    const bool done = !run->broken && imp_check_buffer(run, &p->packed, floats, packed);
    free(flipped);
    free(packed);
    p->conv.weights = p->packed;
    return done;
}

static bool prepare(struct imp_check_run *run, const struct shape *s, struct problem *p)
{
    const int h = s->height, w = s->width, lanes = imp_device_caps(run->device)->vector_width;
    const size_t of_x = (size_t)(s->out * h * w), of_y = (size_t)(s->in * h * w);
    *p = (struct problem){
        .gradient = imp_check_data(run, 1, of_x, false),
        .weights = imp_check_data(run, 2, (size_t)s->in * (size_t)s->out * 9, false),
        .before = imp_check_data(run, 3, of_y, false),
        .mask = imp_check_data(run, 4, of_y, true),
        .expected = imp_check_doubles(run, of_y),
        .conv = {.epilogue = s->epilogue, .label = "check"},
    };
    p->wide = imp_check_widen(run, p->gradient, of_x);
    return !run->broken && pack(run, s, p) &&
           imp_check_tensor(run, &p->conv.x, s->out, h, w, lanes, p->gradient) &&
           imp_check_tensor(run, &p->conv.y, s->in, h, w, s->in == 3 ? 1 : lanes, p->before) &&
           imp_check_tensor(run, &p->conv.mask, s->in, h, w, s->in == 3 ? 1 : lanes, p->mask);
}

static void release(struct problem *p)
{
    imp_buffer_free(&p->conv.x.buffer);
    imp_buffer_free(&p->conv.y.buffer);
    imp_buffer_free(&p->conv.mask.buffer);
    imp_buffer_free(&p->packed);
    free(p->gradient);
    free(p->weights);
    free(p->before);
    free(p->mask);
    free(p->wide);
    free(p->expected);
}

static void check(struct imp_check_run *run, const struct shape *s)
{
    const size_t n = (size_t)(s->in * s->height * s->width);
    struct problem p;
    if (!imp_check_begin(run, "convolution's edge %d to %d %dx%d epilogue %d", s->out, s->in,
                         s->width, s->height, (int)s->epilogue))
        return;
    if (prepare(run, s, &p)) {
        const struct imp_map home = {.tensor = p.conv.y};
        imp_ref_conv_reflect_backward(s->in, s->out, s->height, s->width, p.wide, p.weights,
                                      p.expected);
        for (size_t i = 0; i < n; i++)
            p.expected[i] =
                (double)p.before[i] +
                (s->epilogue == IMP_EPILOGUE_STORE || p.mask[i] > 0 ? p.expected[i] : 0);
        if (imp_check_ok(run, imp_conv_edge(run->device, &p.conv)) &&
            imp_check_ok(run, imp_map_fold(run->device, &home, 1, IMP_EDGE_REFLECT))) {
            const double damage = imp_check_read(run, &p.conv.y, p.before);
            imp_check_end(run, fmax(damage, imp_check_error(p.before, p.expected, n)), ROUNDING);
        }
    }
    release(&p);
}

void imp_check_conv_edge(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 2, 3, IMP_COUNT(shapes));
    for (size_t i = 0; i < count; i++)
        check(run, &shapes[i]);
}
