/* SPDX-License-Identifier: MIT */
/*
 * The memory dial. Every use of memory gives the same result. The more memory, the less is computed
 * twice. All sensible plans are listed, each exactly as it would be allocated. The best of those
 * that fit is taken.
 */

#include "vgg/vgg.h"
#include "paint/scale.h"

#include <math.h>

/* A strip's tensors are made to fill at most so many bytes each: from LEAST_STRIP on, always a
 * sixth more, or all. */
#define STRIP_LIMITS 52
#define LEAST_STRIP (1u << 20)

static uint64_t strip_limit(int i)
{
    uint64_t limit = LEAST_STRIP;
    for (int k = 0; k < i; k++)
        limit += limit / 6;
    return i < STRIP_LIMITS - 1 ? limit : UINT64_MAX;
}

/*
 * Of the plans that fit, the one with the least time * memory ^ THRIFT is taken. Where the user has
 * said how much memory there is, only time counts, and memory decides between plans of equal time.
 * Otherwise memory left alone is good manners. A ninth of the time is given for a quarter of the
 * memory, but nothing beyond MOST_THRIFT times the least time.
 */
#define THRIFT 0.37
#define MOST_THRIFT 1.16
#define THRIFT_OF_A_BUDGET 0.005
/* Transformed weights, which spare a sixth of a small picture's time, are kept without thrift where
 * the plan with them takes less than this share of the budget. */
#define AMPLE 0.25

/* Each stage of the network keeps one of four things. A choice for all of them is a number of that
 * many digits to base KEEPS, the first stage's the lowest. */
#define KEEPS 4
#define MOST_CHOICES (KEEPS * KEEPS * KEEPS * KEEPS * KEEPS) /* of IMP_STAGES */
static const enum impasto_keep keeps[KEEPS] = {IMPASTO_KEEP_ALL, IMPASTO_KEEP_MASKS,
                                               IMPASTO_KEEP_INPUT_AND_MASKS, IMPASTO_KEEP_INPUT};

static bool in_strips(enum impasto_keep keep)
{
    return keep == IMPASTO_KEEP_INPUT || keep == IMPASTO_KEEP_INPUT_AND_MASKS;
}

static void configure(struct imp_net *net, const struct imp_caps *caps, int choice, uint64_t limit)
{
    struct imp_stage_plan plan[IMP_STAGES];
    for (int s = 0; s < net->stages; s++, choice /= KEEPS) {
        plan[s].keep = keeps[choice % KEEPS];
        plan[s].rows = in_strips(plan[s].keep) ? imp_net_rows_within(net, s, plan[s].keep, limit)
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

/* The choice of the same for every stage. */
static int choice_of_all(const struct imp_net *net, int keep)
{
    return (choices(net) - 1) / (KEEPS - 1) * keep;
}

/* What each stage costs: no stage's cost depends on another's choice. */
struct costs {
    double of[STRIP_LIMITS][IMP_STAGES][KEEPS]; /* INFINITY: the same as another choice */
};

static void find_costs(struct imp_net *net, const struct imp_caps *caps, struct costs *costs)
{
    for (int i = 0; i < STRIP_LIMITS; i++)
        for (int k = 0; k < KEEPS; k++) {
            configure(net, caps, choice_of_all(net, k), strip_limit(i));
            for (int s = 0; s < net->stages; s++)
                costs->of[i][s][k] =
                    net->stage[s].plan.keep == keeps[k] ? imp_net_cost(net, caps, s) : INFINITY;
        }
}

static double cost_of(const struct imp_net *net, const struct costs *costs, int choice, int i)
{
    double sum = 0;
    for (int s = 0; s < net->stages; s++, choice /= KEEPS)
        sum += costs->of[i][s][choice % KEEPS];
    return sum;
}

/* The first limit that makes a difference to a choice: without strips, none but the last. */
static int first_limit(const struct imp_net *net, int choice)
{
    for (int s = 0; s < net->stages; s++, choice /= KEEPS)
        if (in_strips(keeps[choice % KEEPS]))
            return 0;
    return STRIP_LIMITS - 1;
}

/* Bands exchange rows of whole activations. */
static bool suits_bands(const struct imp_net *net, int choice)
{
    return !net->band || first_limit(net, choice) == STRIP_LIMITS - 1;
}

/* Lists what a choice allocates; whether it fits. */
static bool fits_with(struct imp_scale *scale, int choice, int i)
{
    configure(&scale->objective.net, imp_device_caps(scale->device), choice, strip_limit(i));
    imp_scale_list(scale);
    return imp_scale_fits(scale);
}

/* The choices that fit with the lowest strips, or, where none does, the smallest. Returns how many.
 */
static int find_possible(struct imp_scale *scale, const struct costs *costs, int *possible)
{
    struct imp_net *net = &scale->objective.net;
    uint64_t least = UINT64_MAX;
    int count = 0, smallest = 0;
    for (int choice = 0; choice < choices(net); choice++) {
        const int first = first_limit(net, choice);
        if (!suits_bands(net, choice) || isinf(cost_of(net, costs, choice, first)))
            continue;
        if (fits_with(scale, choice, first))
            possible[count++] = choice;
        const uint64_t peak = imp_scale_peak(scale);
        if (peak < least) {
            least = peak;
            smallest = choice;
        }
    }
    if (count == 0)
        possible[0] = smallest;
    return count;
}

/* The style pictures' passes in strips as large as do not add to the peak, or the smallest. */
static void fit_styles(struct imp_scale *scale)
{
    const struct imp_caps *caps = imp_device_caps(scale->device);
    for (int i = STRIP_LIMITS - 1; i >= 0; i--) {
        uint64_t most = 0;
        for (int k = 0; k < scale->passes; k++)
            configure(&scale->pass[k].net, caps, choices(&scale->pass[k].net) - 1, strip_limit(i));
        imp_scale_list(scale);
        for (int k = 0; k < scale->passes; k++) {
            const uint64_t bytes = imp_layout_bytes(&scale->pass[k].layout);
            most = bytes > most ? bytes : most;
        }
        if (most <= imp_layout_bytes(&scale->main) && imp_scale_fits(scale))
            return;
    }
}

static double transforming(const struct imp_net *net, const struct imp_caps *caps)
{
    double cost = 0;
    for (int s = 0; s < net->stages; s++)
        cost += imp_net_transforming(net, caps, s);
    return cost;
}

/* Weights never change: with memory for it, they are transformed once for all steps. */
static void keep_transformed(struct imp_scale *scale, double thrift)
{
    struct imp_net *net = &scale->objective.net;
    const double spared = transforming(net, imp_device_caps(scale->device));
    const double before = scale->cost * pow((double)imp_scale_peak(scale), thrift);
    net->keeps_transformed = true;
    imp_scale_list(scale);
    const double peak = (double)imp_scale_peak(scale);
    const bool ample = peak < AMPLE * (double)imp_scale_budget(scale);
    if (imp_scale_fits(scale) && (ample || (scale->cost - spared) * pow(peak, thrift) < before)) {
        scale->cost -= spared;
        return;
    }
    net->keeps_transformed = false;
    imp_scale_list(scale);
}

/* Where there is memory to spare, steps can be taken back. */
static void make_undoable(struct imp_scale *scale)
{
    scale->state.undoes = true;
    imp_scale_list(scale);
    if (imp_scale_fits(scale))
        return;
    scale->state.undoes = false;
    imp_scale_list(scale);
}

bool imp_scale_plan(struct imp_scale *scale)
{
    const struct imp_caps *caps = imp_device_caps(scale->device);
    const double thrift = scale->params->memory ? THRIFT_OF_A_BUDGET : THRIFT;
    struct imp_net *net = &scale->objective.net;
    int possible[MOST_CHOICES];
    scale->state.undoes = false;
    net->keeps_transformed = false;
    double least = INFINITY, best_score = INFINITY;
    struct costs costs;
    find_costs(net, caps, &costs);
    configure(net, caps, choice_of_all(net, 0), strip_limit(STRIP_LIMITS - 1));
    scale->cost_of_keeping = cost_of(net, &costs, 0, STRIP_LIMITS - 1) - transforming(net, caps);
    /* What the style pictures' passes may cost is seen to at the end. */
    for (int k = 0; k < scale->passes; k++)
        configure(&scale->pass[k].net, caps, choices(&scale->pass[k].net) - 1, strip_limit(0));
    const int count = find_possible(scale, &costs, possible);
    int best_choice = possible[0], best_limit = first_limit(net, possible[0]);
    /* First how fast it can go, then the best plan. */
    for (int round = 0; round < 2; round++)
        for (int p = 0; p < count; p++)
            for (int i = STRIP_LIMITS - 1; i >= first_limit(net, possible[p]); i--) {
                const double cost = cost_of(net, &costs, possible[p], i);
                if (round == 0 ? cost >= least : cost > MOST_THRIFT * least)
                    continue;
                if (!fits_with(scale, possible[p], i))
                    continue;
                const double score = cost * pow((double)imp_scale_peak(scale), thrift);
                if (round == 0) {
                    least = cost;
                } else if (score < best_score) {
                    best_choice = possible[p];
                    best_limit = i;
                    best_score = score;
                }
            }
    configure(net, caps, best_choice, strip_limit(best_limit));
    scale->cost = cost_of(net, &costs, best_choice, best_limit);
    fit_styles(scale);
    if (!imp_scale_fits(scale))
        return false;
    keep_transformed(scale, thrift);
    make_undoable(scale);
    return true;
}
