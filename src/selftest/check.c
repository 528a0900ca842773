/* SPDX-License-Identifier: MIT */
/* What the checks share: names, data, guarded buffers, verdicts. */

#include "ops/gram.h"
#include "ops/sums.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Floats behind a buffer that nothing may write to, and the bits they hold: a NaN of our own. */
#define GUARD 64
#define GUARD_BITS 0x7fc0deadu
#define SEED 11

bool imp_check_begin(struct imp_check_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(run->name, sizeof(run->name), format, args);
    va_end(args);
    return !run->broken && (!run->filter || strstr(run->name, run->filter));
}

void imp_check_end(struct imp_check_run *run, double error, double bound)
{
    if (run->broken)
        return;
    const struct impasto_check check = {
        .name = run->name, .error = error, .bound = bound, .passed = error <= bound};
    run->failed += !check.passed;
    if (run->report)
        run->report(run->user, &check);
}

bool imp_check_ok(struct imp_check_run *run, enum impasto_status status)
{
    if (status != IMPASTO_OK)
        run->broken = true;
    return status == IMPASTO_OK;
}

static void *room(struct imp_check_run *run, size_t n, size_t size)
{
    void *data = calloc(n, size);
    if (!data && !run->broken) {
        run->broken = true;
        (void)imp_device_fail(run->device, IMPASTO_ERROR_MEMORY, "out of memory for a self-test");
    }
    return data;
}

float *imp_check_data(struct imp_check_run *run, uint32_t stream, size_t n, bool positive)
{
    float *data = room(run, n, sizeof(*data));
    for (size_t i = 0; data && i < n; i++) {
        const float v = 2 * imp_rng_uniform(SEED, stream, i) - 1;
        data[i] = positive && v < 0 ? 0 : v;
    }
    return data;
}

double *imp_check_doubles(struct imp_check_run *run, size_t n)
{
    return room(run, n, sizeof(double));
}

double *imp_check_widen(struct imp_check_run *run, const float *data, size_t n)
{
    double *wide = imp_check_doubles(run, n);
    for (size_t i = 0; wide && data && i < n; i++)
        wide[i] = (double)data[i];
    return wide;
}

struct imp_blocks imp_check_blocks(int height, int rows)
{
    const int count = height < rows ? 1 : height / rows;
    return (struct imp_blocks){
        .height = height, .rows = rows, .count = count, .shares = imp_block_shares(count)};
}

size_t imp_check_rows(const struct imp_check_run *run, size_t brief, size_t tiny, size_t user,
                      size_t all)
{
    switch (run->level) {
    case IMP_SELFTEST_BRIEF:
        return brief;
    case IMP_SELFTEST_TINY:
        return tiny;
    case IMP_SELFTEST_USER:
        return user;
    case IMP_SELFTEST_FULL:
        break;
    }
    return all;
}

int imp_check_channels(const struct imp_check_run *run, int channels)
{
    const struct imp_caps *caps = imp_device_caps(run->device);
    const int block = 4 * caps->vector_width, tile = imp_gram_sums_layout(caps);
    const bool several = channels / 2 >= 2 * block && channels / 2 >= 2 * tile;
    return run->level == IMP_SELFTEST_TINY && several ? channels / 2 : channels;
}

/* ---- Guarded buffers ------------------------------------------------------------------------- */

static float guard_value(void)
{
    const uint32_t bits = GUARD_BITS;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static bool is_guard(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits == GUARD_BITS;
}

static bool upload(struct imp_check_run *run, struct imp_buffer **buffer, const float *image,
                   size_t floats)
{
    return imp_check_ok(
               run, imp_buffer_create(run->device, floats * sizeof(float), "self-test", buffer)) &&
           imp_check_ok(run, imp_buffer_write(*buffer, 0, image, floats * sizeof(float)));
}

/* Position of an element in a tensor's image, as in cl/common.cl. */
static size_t place(const struct imp_tensor *t, int c, int y, int x)
{
    const int pitch = t->width + 2;
    return ((size_t)(c / t->lanes) * (size_t)imp_tensor_plane(t) +
            (size_t)((y + 1) * pitch + x + 1)) *
               (size_t)t->lanes +
           (size_t)(c % t->lanes);
}

static size_t tensor_floats(const struct imp_tensor *t)
{
    return imp_tensor_bytes(t->channels, t->height, t->width, t->lanes) / sizeof(float);
}

bool imp_check_tensor(struct imp_check_run *run, struct imp_tensor *t, int channels, int height,
                      int width, int lanes, const float *data)
{
    *t =
        (struct imp_tensor){.channels = channels, .height = height, .width = width, .lanes = lanes};
    const size_t floats = tensor_floats(t) + GUARD;
    const size_t planes = (size_t)imp_tensor_vectors(t) * (size_t)lanes;
    float *image = room(run, floats, sizeof(*image));
    if (!image)
        return false;
    for (size_t i = planes; i < floats; i++)
        image[i] = guard_value();
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                image[place(t, c, y, x)] =
                    data ? data[(c * height + y) * width + x] : guard_value();
    const bool done = upload(run, &t->buffer, image, floats);
    free(image);
    return done;
}

double imp_check_read(struct imp_check_run *run, const struct imp_tensor *t, float *data)
{
    const size_t floats = tensor_floats(t) + GUARD;
    const size_t planes = (size_t)imp_tensor_vectors(t) * (size_t)t->lanes;
    float *image = room(run, floats, sizeof(*image));
    if (!image ||
        !imp_check_ok(run, imp_buffer_read(t->buffer, 0, image, floats * sizeof(float)))) {
        free(image);
        return INFINITY;
    }
    run->checksum = imp_checksum(run->checksum, image, floats * sizeof(float));
    double error = 0;
    for (size_t i = planes; i < floats; i++)
        if (!is_guard(image[i]))
            error = INFINITY;
    for (int c = 0; c < t->channels; c++)
        for (int y = -1; y <= t->height; y++)
            for (int x = -1; x <= t->width; x++) {
                const float v = image[place(t, c, y, x)];
                if (y >= 0 && y < t->height && x >= 0 && x < t->width)
                    data[(c * t->height + y) * t->width + x] = v;
                else if (v != 0)
                    error = INFINITY;
            }
    free(image);
    return error;
}

bool imp_check_buffer(struct imp_check_run *run, struct imp_buffer **buffer, size_t n,
                      const float *data)
{
    float *image = room(run, n + GUARD, sizeof(*image));
    if (!image)
        return false;
    for (size_t i = 0; i < n + GUARD; i++)
        image[i] = data && i < n ? data[i] : guard_value();
    const bool done = upload(run, buffer, image, n + GUARD);
    free(image);
    return done;
}

double imp_check_read_buffer(struct imp_check_run *run, const struct imp_buffer *buffer, size_t n,
                             float *data)
{
    float *image = room(run, n + GUARD, sizeof(*image));
    double error = 0;
    if (!image ||
        !imp_check_ok(run, imp_buffer_read(buffer, 0, image, (n + GUARD) * sizeof(float))))
        error = INFINITY;
    else {
        memcpy(data, image, n * sizeof(float));
        run->checksum = imp_checksum(run->checksum, image, n * sizeof(float));
    }
    for (size_t i = n; error == 0 && i < n + GUARD; i++)
        if (!is_guard(image[i]))
            error = INFINITY;
    free(image);
    return error;
}

double imp_check_error(const float *found, const double *expected, size_t n)
{
    double largest = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, imp_check_apart((double)found[i], expected[i]));
        squares += expected[i] * expected[i];
    }
    if (!isfinite(squares))
        return INFINITY;
    return squares > 0 ? largest / sqrt(squares / (double)n) : largest;
}

double imp_check_over(double found, double expected, double scale)
{
    const double error = fabs(found - expected) / scale;
    return isfinite(error) ? error : INFINITY;
}

double imp_check_apart(double found, double expected)
{
    return imp_check_over(found, expected, 1);
}

double imp_check_relative(double found, double expected)
{
    return imp_check_over(found, expected, expected != 0 ? fabs(expected) : 1);
}

double imp_check_total(const float *shares)
{
    double total = 0;
    for (int part = 0; part < IMP_PARTS; part++)
        total += (double)shares[part];
    return total;
}

double imp_check_loss(struct imp_check_run *run, const struct imp_buffer *sums, double loss,
                      const struct imp_buffer *gradient, const double *expected, size_t n)
{
    float shares[IMP_PARTS] = {0}, *found = room(run, n, sizeof(*found));
    if (!found)
        return INFINITY;
    double error = fmax(imp_check_read_buffer(run, sums, IMP_PARTS, shares),
                        imp_check_read_buffer(run, gradient, n, found));
    error = fmax(error, imp_check_relative(imp_check_total(shares), loss));
    error = fmax(error, imp_check_error(found, expected, n));
    free(found);
    return error;
}
