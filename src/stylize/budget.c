/* SPDX-License-Identifier: MIT */
/* A job's memory against the device's limits. */

#include "stylize/budget.h"

#include <math.h>

#define SMALLEST_SIZE 16

void imp_memory_init(struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params, const struct imp_sizes *sizes,
                     const struct imp_parts *parts)
{
    const struct imp_caps *caps = imp_device_caps(device);
    *memory = (struct imp_memory){0};
    imp_net_init(&memory->pass.net, parts->model, caps, sizes->style_height, sizes->style_width,
                 false, 0);
    imp_net_init(parts->net, parts->model, caps, sizes->canvas_height, sizes->canvas_width, true,
                 imp_params_taps(params));
    imp_losses_init(parts->losses, device, params, sizes->canvas_height, sizes->canvas_width);
    /* The planes of 16384 x 16384 pixels still count in an int. */
    *parts->state = (struct imp_optimizer_state){
        .n = 3 * sizes->canvas_width * sizes->canvas_height, .history = params->history};
}

void imp_memory_list(struct imp_memory *memory, struct imp_device *device,
                     const struct imp_sizes *sizes, const struct imp_parts *parts)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t pixels = (size_t)sizes->canvas_width * (size_t)sizes->canvas_height;
    const size_t style_pixels = (size_t)sizes->style_width * (size_t)sizes->style_height;
    imp_memory_release(memory);

    imp_model_layout(parts->model, caps, &memory->fixed);
    imp_losses_layout(parts->losses, sizes->style_height, sizes->style_width, &memory->fixed);

    imp_net_layout(&memory->pass.net, caps, imp_losses_workspace(parts->losses, &memory->pass.net),
                   &memory->style);
    imp_layout_add(&memory->style, &memory->pass.image, 3 * style_pixels * sizeof(float), "image");

    imp_net_layout(parts->net, caps, imp_losses_workspace(parts->losses, parts->net),
                   &memory->main);
    imp_layout_add(&memory->main, parts->image, 3 * pixels * sizeof(float), "image");
    imp_layout_add(&memory->main, parts->gradient, 3 * pixels * sizeof(float), "image");
    parts->optimizer->layout(parts->state, &memory->main);
}

void imp_memory_release(struct imp_memory *memory)
{
    imp_layout_release(&memory->main);
    imp_layout_release(&memory->style);
    imp_layout_release(&memory->fixed);
}

static uint64_t excess_of_style(const struct imp_memory *memory)
{
    const uint64_t main = imp_layout_bytes(&memory->main);
    const uint64_t style = imp_layout_bytes(&memory->style);
    return style > main ? style - main : 0;
}

uint64_t imp_memory_peak(const struct imp_memory *memory)
{
    const uint64_t fixed = imp_layout_bytes(&memory->fixed);
    const uint64_t rest = imp_layout_bytes(&memory->main) + excess_of_style(memory);
    return fixed > UINT64_MAX - rest ? UINT64_MAX : fixed + rest;
}

size_t imp_memory_rows(const struct imp_memory *memory, struct impasto_plan_row *rows, size_t limit)
{
    size_t count = imp_layout_rows(&memory->fixed, rows, limit);
    count += imp_layout_rows(&memory->main, rows + count, limit - count);
    if (excess_of_style(memory) && count < limit)
        rows[count++] = (struct impasto_plan_row){"style pass", excess_of_style(memory)};
    return count;
}

/* Bytes that a job may take: what the device can spare, or less where the user says so. */
static uint64_t budget_of(struct imp_device *device, const struct impasto_params *params)
{
    const uint64_t most = imp_device_caps(device)->memory_budget;
    return params->memory > 0 && params->memory < most ? params->memory : most;
}

bool imp_memory_fits(const struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params)
{
    const struct imp_layout *parts[] = {&memory->fixed, &memory->style, &memory->main};
    for (size_t i = 0; i < IMP_COUNT(parts); i++)
        if (imp_layout_largest(parts[i]) > imp_device_caps(device)->max_allocation)
            return false;
    return imp_memory_peak(memory) <= budget_of(device, params);
}

/* Whether the job would fit with another size; nothing is allocated on the device. */
static bool would_fit(struct imp_device *device, const struct impasto_params *params,
                      const struct imp_model *model, const struct imp_optimizer *optimizer,
                      const struct impasto_image *content, const struct impasto_image *style,
                      int size)
{
    struct imp_model model_copy = *model;
    struct imp_losses losses;
    struct imp_net net;
    struct imp_optimizer_state state;
    struct imp_buffer *image = NULL, *gradient = NULL;
    const struct imp_parts parts = {&model_copy, &losses, &net,     optimizer,
                                    &state,      &image,  &gradient};
    const struct imp_sizes sizes = imp_sizes_of(params, size, content, style);
    if (imp_sizes_check(&sizes, NULL) != IMPASTO_OK)
        return true; /* too small for other reasons: the search goes up from here */
    struct imp_memory memory;
    imp_memory_init(&memory, device, params, &sizes, &parts);
    const bool fits = imp_memory_plan(&memory, device, params, &sizes, &parts);
    imp_memory_release(&memory);
    return fits;
}

/* The longest history with which the job would fit at its size; 0: none, or the optimiser has none. */
static int fitting_history(struct imp_device *device, const struct impasto_params *params,
                           const struct imp_model *model, const struct imp_optimizer *optimizer,
                           const struct impasto_image *content, const struct impasto_image *style)
{
    struct impasto_params with = *params;
    int fits = 0, not = params->history;
    while (params->optimizer == IMPASTO_OPTIMIZER_LBFGS && not -fits > 1) {
        with.history = fits + (not -fits) / 2;
        if (would_fit(device, &with, model, optimizer, content, style, params->size))
            fits = with.history;
        else
            not = with.history;
    }
    return fits;
}

enum impasto_status imp_memory_refuse(const struct imp_memory *memory, struct imp_device *device,
                                      const struct impasto_params *params,
                                      const struct imp_model *model,
                                      const struct imp_optimizer *optimizer,
                                      const struct impasto_image *content,
                                      const struct impasto_image *style,
                                      const struct imp_sizes *sizes, struct impasto_error *error)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const double mib = 1 << 20;
    const int size = sizes->width > sizes->height ? sizes->width : sizes->height;
    int fits = SMALLEST_SIZE - 1, not = size;
    while (not -fits > 1) {
        const int middle = fits + (not -fits) / 2;
        if (would_fit(device, params, model, optimizer, content, style, middle))
            fits = middle;
        else
            not = middle;
    }
    uint64_t largest = imp_layout_largest(&memory->main);
    if (imp_layout_largest(&memory->style) > largest)
        largest = imp_layout_largest(&memory->style);
    char advice[96], less[48] = "";
    const int history = fitting_history(device, params, model, optimizer, content, style);
    if (history > 0)
        snprintf(less, sizeof(less), ", and so would --history %d", history);
    const struct imp_sizes smaller = imp_sizes_of(params, fits < 16 ? 16 : fits, content, style);
    if (fits < SMALLEST_SIZE || imp_sizes_check(&smaller, NULL) != IMPASTO_OK)
        snprintf(advice, sizeof(advice), "use another --device or a smaller --style-size");
    else
        snprintf(advice, sizeof(advice), "--size %d would fit%s", fits, less);
    if (largest > caps->max_allocation)
        return imp_fail(error, IMPASTO_ERROR_MEMORY,
                        "%dx%d needs a buffer of %.0f MiB, but %s allows %.0f MiB in one; %s",
                        sizes->width, sizes->height, (double)largest / mib, caps->info.name,
                        (double)caps->max_allocation / mib, advice);
    const uint64_t budget = budget_of(device, params);
    if (budget < caps->memory_budget)
        return imp_fail(error, IMPASTO_ERROR_MEMORY,
                        "%dx%d needs at least %.0f MiB, but --memory allows %.0f MiB; allow more, "
                        "or %s",
                        sizes->width, sizes->height, ceil((double)imp_memory_peak(memory) / mib),
                        (double)budget / mib, advice);
    return imp_fail(error, IMPASTO_ERROR_MEMORY,
                    "%dx%d needs at least %.0f MiB, but %.0f MiB can be had on %s; %s",
                    sizes->width, sizes->height, ceil((double)imp_memory_peak(memory) / mib),
                    (double)budget / mib, caps->info.name, advice);
}
