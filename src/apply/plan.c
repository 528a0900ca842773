/* SPDX-License-Identifier: MIT */
/* How many rows the strips of a picture have, and what memory that takes. */

#include "apply/layers.h"

#include <math.h>

/* Bytes that are taken for speed alone, for taller strips or the whole picture at once, where the
 * device's memory is the host's: larger pictures would fill that of small machines. It saves a
 * fifth of the time. */
#define AMPLE ((uint64_t)256 << 20)
/* Of a device's own memory, which nobody else needs but the desktop and its programs, this share.
 */
#define AMPLE_SHARE 2
/* Rows of a strip where there is memory for them. */
#define STRIP_USUAL (2 * IMP_STRIP_ROWS)
/* Of what the driver has refused, what is asked for next, if there is a plan for it. */
#define LESS_MEMORY 0.75
#define MIB 1048576.0

/* ---- Bytes ----------------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Rounded up to where a part of a buffer may begin; SIZE_MAX stays that. */
static size_t aligned(size_t bytes)
{
    return bytes > SIZE_MAX - IMP_BUFFER_ALIGN
               ? SIZE_MAX
               : (bytes + IMP_BUFFER_ALIGN - 1) / IMP_BUFFER_ALIGN * IMP_BUFFER_ALIGN;
}

static size_t workspace_bytes(const struct imp_strips *s)
{
    const struct imp_caps *caps = imp_device_caps(s->device);
    size_t most = 0;
    for (int i = 0; i < s->rows.count; i++) {
        const int reduction = layers_input_reduction(s, i);
        const int height = layers_striped(s, i) ? s->strip : s->padded_height;
        most =
            larger(most, imp_conv_any_workspace(caps, &layers_row(s, i)->conv, height / reduction,
                                                s->padded_width / reduction));
    }
    return most;
}

static size_t sums_bytes(const struct imp_strips *s)
{
    const struct imp_caps *caps = imp_device_caps(s->device);
    size_t most = 0;
    for (int i = 0; i < s->rows.count; i++)
        most = larger(most, imp_norm_sums_bytes(caps, layers_row(s, i)->conv.out,
                                                s->padded_height / layers_output_reduction(s, i)));
    return most;
}

/* Bytes of the larger of two maps that have a buffer by turns. */
static size_t turns(struct imp_map a, struct imp_map b)
{
    return larger(imp_map_bytes(&a), imp_map_bytes(&b));
}

static void list_maps(struct imp_strips *s)
{
    const struct imp_map quarter = layers_quarter(s, NULL);
    const size_t half = turns(layers_half(s, CONV2), layers_half(s, layers_deconv1(s)));
    const size_t branch = aligned(imp_map_bytes(&quarter));
    struct imp_layout *layout = &s->layout;
    imp_layout_add(layout, &s->planar, turns(layers_input(s, s->strip), layers_output(s, s->strip)),
                   "image");
    imp_layout_add(
        layout, &s->full,
        turns(layers_full(s, CONV1, s->strip), layers_full(s, layers_deconv2(s), s->strip)),
        "strips");
    imp_layout_add(layout, &s->residual, imp_map_bytes(&quarter), "activations");
    imp_layout_add(layout, &s->half, larger(half, branch > SIZE_MAX / 2 ? SIZE_MAX : 2 * branch),
                   "activations");
    s->branch_bytes = branch;
}

static void list_buffers(struct imp_strips *s)
{
    const struct imp_caps *caps = imp_device_caps(s->device);
    struct imp_layout *layout = &s->layout;
    imp_layout_add(layout, &s->parameters, s->rows.parameters * sizeof(float), "weights");
    for (int i = 0; i < s->rows.count; i++)
        imp_layout_add(layout, &s->packed[i],
                       imp_conv_any_packed(caps, &layers_row(s, i)->conv, IMP_FORWARD), "weights");
    imp_layout_add(layout, &s->statistics, imp_norm_statistics_bytes(IMP_CHANNELS_MOST), "sums");
    imp_layout_add(layout, &s->last_statistics, imp_norm_statistics_bytes(3), "sums");
    imp_layout_add(layout, &s->sums, sums_bytes(s), "sums");
    imp_layout_add(layout, &s->tone.photograph, imp_tone_sums_bytes(caps, s->padded_height),
                   "sums");
    imp_layout_add(layout, &s->tone.painting, imp_tone_sums_bytes(caps, s->padded_height), "sums");
    if (workspace_bytes(s) > 0)
        imp_layout_add(layout, &s->workspace, workspace_bytes(s), "workspace");
    imp_layout_add(layout, &s->image, layers_image_bytes(s), "image");
    list_maps(s);
}

/* Plans strips of so many rows. */
static uint64_t bytes_with(struct imp_strips *s, int strip)
{
    s->strip = strip < s->padded_height ? strip : s->padded_height;
    imp_layout_release(&s->layout);
    list_buffers(s);
    return imp_layout_bytes(&s->layout);
}

static bool fits(const struct imp_strips *s, uint64_t bytes, uint64_t memory)
{
    return bytes <= memory &&
           imp_layout_largest(&s->layout) <= imp_device_caps(s->device)->max_allocation;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* What may be taken in all: of `memory`, which is 0 for all of it, what the device can spare. */
static uint64_t budget_of(struct imp_device *device, uint64_t memory)
{
    const uint64_t budget = imp_device_caps(device)->memory_budget;
    const uint64_t others = imp_device_allocated(device);
    const uint64_t most = budget > others ? budget - others : 0;
    return memory > 0 && memory < most ? memory : most;
}

/* What of that is taken for speed alone. */
static uint64_t ample_of(struct imp_device *device, uint64_t memory)
{
    const uint64_t share = imp_device_caps(device)->unified ? 0 : memory / AMPLE_SHARE;
    const uint64_t ample = share > AMPLE ? share : AMPLE;
    return ample < memory ? ample : memory;
}

/* The tallest strips that ample memory leaves room for, from the whole picture to the usual ones;
 * else, the usual or the lowest ones, if they fit at all. *bytes: of the last that were tried. */
static bool choose(struct imp_strips *s, uint64_t memory, uint64_t *bytes)
{
    const uint64_t ample = ample_of(s->device, memory);
    int strip = STRIP_USUAL;
    while (strip < s->padded_height)
        strip *= 2;
    for (; strip >= STRIP_USUAL; strip /= 2) {
        *bytes = bytes_with(s, strip);
        if (fits(s, *bytes, ample))
            return true;
    }
    for (strip = STRIP_USUAL; strip >= IMP_STRIP_ROWS; strip /= 2) {
        *bytes = bytes_with(s, strip);
        if (fits(s, *bytes, memory))
            return true;
    }
    return false;
}

/* The largest longer side of this aspect that the lowest strips leave room for. */
static int side_within(const struct imp_strips *s, uint64_t memory)
{
    const int longer = s->height > s->width ? s->height : s->width;
    int low = 0, high = longer;
    while (low + 1 < high) {
        const int side = low + (high - low) / 2;
        struct imp_strips other = *s;
        other.layout = (struct imp_layout){0};
        other.padded_height =
            round_up((int)ceil((double)s->height * side / longer), IMP_MODEL_STRIDE);
        other.padded_width =
            round_up((int)ceil((double)s->width * side / longer), IMP_MODEL_STRIDE);
        other.width = other.padded_width;
        const bool enough = fits(&other, bytes_with(&other, IMP_STRIP_ROWS), memory);
        imp_layout_release(&other.layout);
        *(enough ? &low : &high) = side;
    }
    return low;
}

static enum impasto_status refuse(struct imp_strips *s, uint64_t bytes, uint64_t memory)
{
    const int side = side_within(s, memory);
    const double need = (double)bytes / MIB, there = (double)memory / MIB;
    const struct imp_caps *caps = imp_device_caps(s->device);
    char advice[64] = "no size would fit: allow more `memory`";
    if (side >= IMP_APPLY_SMALLEST)
        snprintf(advice, sizeof(advice), "`size` %d would fit, with `stroke` 1", side);
    if (bytes <= memory)
        return imp_device_fail(s->device, IMPASTO_ERROR_MEMORY,
                               "%dx%d pixels take more than the %.0f MiB in one piece that the "
                               "device allows; %s",
                               s->width, s->height, (double)caps->max_allocation / MIB, advice);
    return imp_device_fail(s->device, IMPASTO_ERROR_MEMORY,
                           "%dx%d pixels take %.1f MiB with this model, and there are %.1f; %s",
                           s->width, s->height, need, there, advice);
}

enum impasto_status imp_strips_init(struct imp_strips *s, struct imp_device *device,
                                    const struct imp_model_shape *shape, int height, int width,
                                    uint64_t memory)
{
    const uint64_t budget = budget_of(device, memory);
    uint64_t bytes = 0;
    *s = (struct imp_strips){
        .device = device,
        .shape = *shape,
        .height = height,
        .width = width,
        .padded_height = round_up(height, IMP_MODEL_STRIDE),
        .padded_width = round_up(width, IMP_MODEL_STRIDE),
    };
    s->shape.styles = 1;
    imp_model_rows(&s->shape, &s->rows);
    return choose(s, budget, &bytes) ? IMPASTO_OK : refuse(s, bytes, budget);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

enum impasto_status imp_strips_allocate(struct imp_strips *s)
{
    IMP_TRY(imp_layout_allocate(&s->layout, s->device));
    for (size_t i = 0; i < IMP_COUNT(s->branch); i++)
        IMP_TRY(imp_buffer_part(s->half, i * s->branch_bytes, s->branch_bytes, &s->branch[i]));
    return IMPASTO_OK;
}

static void free_branches(struct imp_strips *s)
{
    for (size_t i = 0; i < IMP_COUNT(s->branch); i++)
        imp_buffer_free(&s->branch[i]);
}

/* Plans again, with less than the bytes that the driver has refused. Where the lowest strips need
 * more than that, they are tried, if they take less than what was refused. */
static bool plan_with_less(struct imp_strips *s, uint64_t refused)
{
    const uint64_t before = imp_device_caps(s->device)->memory_budget;
    free_branches(s);
    imp_layout_release(&s->layout);
    const uint64_t others = imp_device_allocated(s->device);
    uint64_t less = (uint64_t)(LESS_MEMORY * (double)refused), bytes = 0;
    bool found = choose(s, less, &bytes);
    if (!found && bytes < refused) {
        less = bytes;
        found = choose(s, less, &bytes);
    }
    imp_device_limit_memory(s->device, found ? others + less : before);
    return found;
}

/* Allocates as planned. *refused: whether the driver had no memory, though the budget had. */
static enum impasto_status try_to_allocate(struct imp_strips *s, bool *refused)
{
    const unsigned refusals = imp_device_refusals(s->device);
    const enum impasto_status status = imp_strips_allocate(s);
    *refused = status == IMPASTO_ERROR_MEMORY && imp_device_refusals(s->device) != refusals;
    return status;
}

enum impasto_status imp_strips_open(struct imp_strips *s, struct imp_device *device,
                                    const struct imp_model_shape *shape, int height, int width,
                                    uint64_t memory)
{
    bool refused = false;
    enum impasto_status status = imp_strips_init(s, device, shape, height, width, memory);
    if (status == IMPASTO_OK)
        status = try_to_allocate(s, &refused);
    while (refused) {
        const struct impasto_error why = *imp_device_error(device);
        const double asked = (double)imp_layout_bytes(&s->layout) / MIB;
        if (!plan_with_less(s, imp_layout_bytes(&s->layout)))
            break;
        imp_log(imp_device_log(device), IMPASTO_LOG_WARNING,
                "%s: trying with %.1f MiB in all instead of %.1f", why.message,
                (double)imp_layout_bytes(&s->layout) / MIB, asked);
        status = try_to_allocate(s, &refused);
    }
    if (status != IMPASTO_OK)
        imp_strips_release(s);
    return status;
}

void imp_strips_release(struct imp_strips *s)
{
    free_branches(s);
    imp_layout_release(&s->layout);
    *s = (struct imp_strips){0};
}
