/* SPDX-License-Identifier: MIT */
/* How a training goes: which steps are late ones, how far each goes, and what its losses weigh. */

#include "train/train.h"

#include <math.h>

/* What the learning rate falls to. */
#define LOWEST 0.05

/* Layers by their place among the sixteen: conv1_1 is 0. */
enum { C11, C12, C21, C22, C31, C32, C33 };

/* What suits a kind of weights. The losses of layers are means, as their weights sum to 1. */
struct recipe {
    int content, style[8], styles;
    double style_weight;
};
/* conv3_3 sees far enough to tell strokes from a pattern that comes back every few pixels. */
static const struct recipe trained = {C33, {C11, C21, C31, C33}, 4, 5.6};
/* The layers by which the built-in weights paint best; see src/paint/params.c. */
static const struct recipe generated = {C22, {C11, C12, C21, C22, C31}, 5, 17};

static const struct recipe *recipe_of(bool builtin)
{
    return builtin ? &generated : &trained;
}

/* From here on there is time to learn what strokes in an even sky can be without repeating. */
#define LONG_MINUTES 15
#define LONG_STEPS 3000
#define WEAVE_WEIGHT 40.0f

bool imp_train_is_long(const struct impasto_train_params *params)
{
    return params->minutes > 0 ? params->minutes >= LONG_MINUTES : params->steps >= LONG_STEPS;
}

struct imp_train_schedule imp_train_schedule_make(const struct impasto_train_params *params,
                                                  bool scratch, bool builtin, int styles)
{
    const bool rows_hurry = !scratch || styles > 1;
    struct imp_train_schedule schedule = {
        .scratch = scratch,
        .steps = params->steps ? params->steps
                 : scratch     ? 2000
                               : 450,
        .late_share = params->late_share,
        .falling = scratch ? 0.3 : 0.6,
        .rate = params->learning_rate > 0 ? params->learning_rate
                : scratch                 ? 1.5e-3f
                                          : 3e-3f,
        .late_rate = params->late_rate,
        .norm_rate = params->norm_rate > 0 ? params->norm_rate
                     : rows_hurry          ? 10.0f
                                           : 1.0f,
        .ramp = scratch ? params->ramp : 0,
        .style_weight = params->style_weight > 0 ? (double)params->style_weight
                                                 : recipe_of(builtin)->style_weight,
        .weave_weight = params->weave_weight >= 0   ? params->weave_weight
                        : imp_train_is_long(params) ? WEAVE_WEIGHT
                                                    : 0,
    };
    if (params->minutes > 0)
        schedule.steps = IMP_MOST_STEPS; /* until it is known */
    return schedule;
}

bool imp_train_is_late(const struct imp_train_schedule *schedule, int step)
{
    return step >= schedule->steps * (1 - (double)schedule->late_share);
}

/* Steps before the learning rate falls, as a share of all. */
static double before_falling(const struct imp_train_schedule *schedule)
{
    return 1 - schedule->falling;
}

bool imp_train_is_falling(const struct imp_train_schedule *schedule, int step)
{
    return step >= schedule->steps * before_falling(schedule);
}

float imp_train_rate(const struct imp_train_schedule *schedule, int step)
{
    const double begin = schedule->steps * before_falling(schedule);
    const double length = schedule->steps - begin;
    const double fallen = step > begin ? fmin((step - begin) / length, 1) : 0;
    const double late = imp_train_is_late(schedule, step) ? (double)schedule->late_rate : 1;
    return (float)((double)schedule->rate * late * (1 - (1 - LOWEST) * fallen));
}

double imp_train_style_weight(const struct imp_train_schedule *schedule, int step)
{
    const double risen = step < schedule->ramp ? (step + 1.0) / schedule->ramp : 1;
    return schedule->style_weight * risen * risen;
}

float imp_train_average(const struct impasto_train_params *params, int step)
{
    return fminf(params->average, (1.0f + (float)step) / (10.0f + (float)step));
}

int imp_train_affordable(const struct imp_train_schedule *schedule, int step, double pixels,
                         double early, double late)
{
    const double share = (double)schedule->late_share;
    const bool is_late = imp_train_is_late(schedule, step);
    /* With late steps beginning after this one: all steps would take the pixels that are left, and
     * those that early ones in place of the steps so far would have taken. */
    double steps = (pixels + step * early) / ((1 - share) * early + share * late);
    if (is_late || steps * (1 - share) <= step)
        steps = step + pixels / late;
    if (is_late || imp_train_is_falling(schedule, step))
        return (int)fmin(schedule->steps, steps);
    return (int)fmin(fmax(steps, step + 1), IMP_MOST_STEPS);
}

int imp_train_ending(const struct imp_train_schedule *schedule, int step)
{
    const double steps = ceil(step / before_falling(schedule));
    return steps < IMP_MOST_STEPS ? (int)steps : IMP_MOST_STEPS;
}

struct imp_loss_options imp_train_losses(const struct impasto_train_params *params,
                                         const struct imp_train_schedule *schedule, bool builtin,
                                         bool bounded)
{
    const struct recipe *recipe = recipe_of(builtin);
    struct imp_loss_options options = {
        .relative = true,
        .bounded = bounded,
        .content_weight = (double)params->content_weight,
        .style_weight = schedule->style_weight,
        .tv_weight = params->tv_weight,
        .range_weight = params->range_weight,
        .lattice_weight = params->lattice_weight,
        .weave_weight = schedule->weave_weight,
    };
    options.content_layers[recipe->content] = 1;
    for (int i = 0; i < recipe->styles; i++)
        options.style_layers[recipe->style[i]] = 1.0f / (float)recipe->styles;
    return options;
}
