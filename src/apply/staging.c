/* SPDX-License-Identifier: MIT */
/* Frames on their way to the device and back. */

#include "apply/staging.h"
#include "apply/strips.h"

#include <stdlib.h>
#include <string.h>

/* Kernels may be given no empty buffers, and reads of bytes may be as wide as floats. */
static size_t whole_words(size_t bytes)
{
    return (bytes + sizeof(float) - 1) / sizeof(float) * sizeof(float);
}

static size_t largest_plane(const struct imp_pixels *pixels)
{
    size_t most = 0;
    for (int p = 0; p < pixels->planes; p++) {
        const size_t bytes = (size_t)pixels->plane_rows[p] * (size_t)pixels->plane_bytes[p];
        most = bytes > most ? bytes : most;
    }
    return most;
}

static void list(struct imp_staging *s)
{
    const size_t image = 3 * (size_t)s->in.width * (size_t)s->in.height * sizeof(float);
    imp_layout_add(&s->layout, &s->bytes_in, whole_words(s->in.bytes), "frames");
    imp_layout_add(&s->layout, &s->bytes_out, whole_words(s->out.bytes), "frames");
    imp_layout_add(&s->layout, &s->image, image, "frames");
    imp_layout_add(&s->layout, &s->painted, image, "frames");
    imp_layout_add(&s->layout, &s->odd, sizeof(int32_t), "frames");
    if (s->steady)
        imp_layout_add(&s->layout, &s->state, image, "frames");
}

static bool lie_alike(const struct imp_pixels *a, const struct imp_pixels *b)
{
    return a->width == b->width && a->height == b->height && a->bytes == b->bytes &&
           a->planes == b->planes;
}

bool imp_staging_fits(const struct imp_staging *s, const struct imp_pixels *in,
                      const struct imp_pixels *out, bool steady)
{
    return s->device && lie_alike(&s->in, in) && lie_alike(&s->out, out) && s->steady == steady;
}

enum impasto_status imp_staging_open(struct imp_staging *s, struct imp_device *device,
                                     const struct imp_pixels *in, const struct imp_pixels *out,
                                     bool steady)
{
    const size_t in_plane = largest_plane(in), out_plane = largest_plane(out);
    const size_t host = in_plane > out_plane ? in_plane : out_plane;
    const bool fits = imp_staging_fits(s, in, out, steady);
    if (!fits) {
        imp_staging_release(s);
        s->rows = malloc(host);
        if (!s->rows)
            return imp_device_fail_memory(device, "a frame", host);
        s->device = device;
        s->steady = steady;
    }
    s->in = *in;
    s->out = *out;
    if (fits)
        return IMPASTO_OK;
    list(s);
    const enum impasto_status status = imp_layout_allocate(&s->layout, device);
    if (status != IMPASTO_OK)
        imp_staging_release(s);
    return status;
}

void imp_staging_release(struct imp_staging *s)
{
    imp_layout_release(&s->layout);
    free(s->rows);
    *s = (struct imp_staging){0};
}

uint64_t imp_staging_bytes(const struct imp_staging *s)
{
    return imp_layout_bytes(&s->layout);
}

enum impasto_status imp_staging_send(struct imp_staging *s, const struct impasto_pixels *from)
{
    size_t at = 0;
    for (int p = 0; p < s->in.planes; p++) {
        const size_t rows = (size_t)s->in.plane_rows[p], bytes = (size_t)s->in.plane_bytes[p];
        const bool gaps = from->stride[p] != bytes;
        for (size_t y = 0; gaps && y < rows; y++)
            memcpy(s->rows + y * bytes, from->plane[p] + y * from->stride[p], bytes);
        IMP_TRY(imp_buffer_write(s->bytes_in, at, gaps ? s->rows : from->plane[p], rows * bytes));
        at += rows * bytes;
    }
    return IMPASTO_OK;
}

static enum impasto_status fetch_planes(struct imp_staging *s, const struct impasto_pixels *to)
{
    size_t at = 0;
    for (int p = 0; p < s->out.planes; p++) {
        const size_t rows = (size_t)s->out.plane_rows[p], bytes = (size_t)s->out.plane_bytes[p];
        const bool gaps = to->stride[p] != bytes;
        IMP_TRY(imp_buffer_read(s->bytes_out, at, gaps ? s->rows : to->plane[p], rows * bytes));
        for (size_t y = 0; gaps && y < rows; y++)
            memcpy(to->plane[p] + y * to->stride[p], s->rows + y * bytes, bytes);
        at += rows * bytes;
    }
    return IMPASTO_OK;
}

enum impasto_status imp_staging_fetch(struct imp_staging *s, const struct impasto_pixels *to)
{
    int32_t odd = 0;
    const int32_t none = 0;
    IMP_TRY(imp_buffer_read(s->odd, 0, &odd, sizeof(odd)));
    if (odd == 0)
        return fetch_planes(s, to);
    IMP_TRY(imp_buffer_write(s->odd, 0, &none, sizeof(none)));
    return imp_strips_odd(s->device);
}
