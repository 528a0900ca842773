/* SPDX-License-Identifier: MIT */
/*
 * The memory dial. Every use of memory gives the same result; the more there is, the less is computed
 * twice. All sensible plans are listed, each exactly as it would be allocated, and the best of those
 * that fit is taken.
 */

#include "stylize/budget.h"

/* Strips are made to fill at most this many bytes, from whole stages down to a few rows. */
static const uint64_t strip_limits[] = {UINT64_MAX, 2048u << 20, 1024u << 20, 512u << 20, 256u << 20,
                                        128u << 20, 64u << 20,   32u << 20,   16u << 20,  8u << 20,
                                        4u << 20,   2u << 20,    1u << 20};

/* Of plans whose estimated times lie within this factor, the one with the least memory is taken: the
 * estimate is no better than that, and memory left alone is good manners. */
#define SAME_TIME 1.05

/* The rows of a strip of a stage whose activations and two gradients take at most `limit` bytes. */
static int rows_within(const struct imp_net *net, int s, uint64_t limit)
{
    const struct imp_stage *stage = &net->stage[s];
    uint64_t channels = 0;
    int widest = 0;
    for (int l = stage->first; l <= stage->last; l++) {
        const int c = net->activation[l].channels;
        channels += (uint64_t)c;
        widest = c > widest ? c : widest;
    }
    if (net->backward)
        channels += 2 * (uint64_t)widest;
    const uint64_t row = channels * ((uint64_t)stage->width + 2) * sizeof(float);
    const uint64_t fit = limit / row, margins = 2 * (uint64_t)stage->margin;
    if (fit >= (uint64_t)stage->height)
        return stage->height;
    const uint64_t rows = fit > margins ? (fit - margins) / IMP_STRIP_UNIT * IMP_STRIP_UNIT : 0;
    return rows > IMP_STRIP_UNIT ? (int)rows : IMP_STRIP_UNIT;
}

/* Each stage of the network keeps one of three things. A choice for all of them is a number of that many
 * digits to base KEEPS, the first stage's the lowest. */
#define KEEPS 3
static const enum impasto_keep keeps[KEEPS] = {IMPASTO_KEEP_ALL, IMPASTO_KEEP_MASKS,
                                               IMPASTO_KEEP_INPUT};

static void configure(struct imp_net *net, const struct imp_caps *caps, int choice, uint64_t limit)
{
    struct imp_stage_plan plan[IMP_STAGES];
    for (int s = 0; s < net->stages; s++, choice /= KEEPS) {
        plan[s].keep = keeps[choice % KEEPS];
        plan[s].rows = plan[s].keep == IMPASTO_KEEP_INPUT ? rows_within(net, s, limit)
                                                          : net->stage[s].height;
    }
    imp_net_plan(net, caps, plan);
}

static int choices(const struct imp_net *net)
{
    int count = 1;
    for (int s = 0; s < net->stages; s++)
        count *= KEEPS;
    return count;
}

/* Whether a choice has anything to do with strips. */
static bool has_strips(const struct imp_net *net, int choice)
{
    bool found = false;
    for (int s = 0; s < net->stages; s++, choice /= KEEPS)
        found = found || keeps[choice % KEEPS] == IMPASTO_KEEP_INPUT;
    return found;
}

/* The style picture's pass in strips as large as do not add to the peak, or the smallest. */
static void fit_style(struct imp_memory *memory, struct imp_device *device,
                      const struct impasto_params *params, const struct imp_sizes *sizes,
                      const struct imp_parts *parts)
{
    const struct imp_caps *caps = imp_device_caps(device);
    for (size_t i = 0; i < IMP_COUNT(strip_limits); i++) {
        configure(&memory->pass.net, caps, choices(&memory->pass.net) - 1, strip_limits[i]);
        imp_memory_list(memory, device, sizes, parts);
        if (imp_layout_bytes(&memory->style) <= imp_layout_bytes(&memory->main) &&
            imp_memory_fits(memory, device, params))
            return;
    }
}

bool imp_memory_plan(struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params, const struct imp_sizes *sizes,
                     const struct imp_parts *parts)
{
    const struct imp_caps *caps = imp_device_caps(device);
    struct {
        int choice;
        uint64_t limit, bytes;
        double cost;
    } best = {.choice = choices(parts->net) - 1,
              .limit = strip_limits[IMP_COUNT(strip_limits) - 1]};
    double least = 0;
    /* What the style picture's pass may cost is seen to at the end. */
    configure(&memory->pass.net, caps, choices(&memory->pass.net) - 1, best.limit);
    /* First how fast it can go within the budget, then with how little memory it goes about as fast. */
    for (int round = 0; round < 2; round++) {
        for (int choice = 0; choice < choices(parts->net); choice++) {
            const size_t limits = has_strips(parts->net, choice) ? IMP_COUNT(strip_limits) : 1;
            for (size_t i = 0; i < limits; i++) {
                configure(parts->net, caps, choice, strip_limits[i]);
                const double cost = imp_net_cost(parts->net, caps);
                if (choice == 0)
                    memory->cost_of_keeping = cost;
                if (round == 1 && cost > SAME_TIME * least)
                    continue;
                imp_memory_list(memory, device, sizes, parts);
                const uint64_t bytes = imp_layout_bytes(&memory->main);
                if (!imp_memory_fits(memory, device, params))
                    continue;
                if (round == 0 ? least <= 0 || cost < least : !best.bytes || bytes < best.bytes) {
                    best.choice = choice;
                    best.limit = strip_limits[i];
                    best.bytes = bytes;
                    best.cost = cost;
                }
                if (round == 0)
                    least = best.cost;
            }
        }
        if (least <= 0)
            break;
        if (round == 0)
            best.bytes = 0;
    }
    configure(parts->net, caps, best.choice, best.limit);
    memory->cost = imp_net_cost(parts->net, caps);
    fit_style(memory, device, params, sizes, parts);
    return imp_memory_fits(memory, device, params);
}
