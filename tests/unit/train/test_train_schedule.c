/* SPDX-License-Identifier: MIT */
/* How a training's steps go: rates and weights, late steps, and as many as there is time for. */

#include "files.h"
#include "train/train.h"

#include <math.h>

static void the_schedule_is_that_of_the_recipe(void **state)
{
    (void)state;
    struct impasto_train_params params = imp_train_usual();
    struct imp_train_schedule s = imp_train_schedule_make(&params, false, false, 1);
    assert_int_equal(s.steps, 450);
    assert_false(imp_train_is_late(&s, 299));
    assert_true(imp_train_is_late(&s, 300));
    assert_float_equal(imp_train_rate(&s, 0), 3e-3f, 1e-9f);
    assert_float_equal(imp_train_rate(&s, 180), 3e-3f, 1e-9f);
    assert_float_equal(imp_train_rate(&s, 299), (1 - 0.95f * 119 / 270) * 3e-3f, 1e-8f);
    assert_float_equal(imp_train_rate(&s, 315), (1 - 0.95f * 135 / 270) * 2.1e-3f, 1e-8f);
    assert_float_equal(imp_train_rate(&s, 450), 0.05f * 2.1e-3f, 1e-9f);
    assert_float_equal(s.norm_rate, 10, 0);
    assert_float_equal((float)imp_train_style_weight(&s, 0), 5.6f, 1e-6f);
    s = imp_train_schedule_make(&params, true, true, 1);
    assert_int_equal(s.steps, 2000);
    assert_float_equal(s.norm_rate, 1, 0);
    assert_float_equal((float)imp_train_style_weight(&s, 74), 17 / 4.0f, 1e-4f);
    assert_float_equal((float)imp_train_style_weight(&s, 149), 17, 1e-4f);
    assert_float_equal((float)imp_train_style_weight(&s, 1000), 17, 1e-4f);
    assert_float_equal(imp_train_average(&params, 0), 0.1f, 1e-6f);
    assert_float_equal(imp_train_average(&params, 100000), 0.995f, 0);
}

/* The weave counts where there is time to learn from it. */
static void long_trainings_mind_the_weave(void **state)
{
    (void)state;
    const struct {
        int steps;
        float minutes, asked, weight;
    } cases[] = {{0, 0, -1, 0},   {2999, 0, -1, 0}, {3000, 0, -1, 40},     {0, 14, -1, 0},
                 {9, 15, -1, 40}, {3000, 0, 0, 0},  {450, 0, 12.5f, 12.5f}};
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_train_params params = imp_train_usual();
        params.steps = cases[i].steps;
        params.minutes = cases[i].minutes;
        params.weave_weight = cases[i].asked;
        const struct imp_train_schedule s = imp_train_schedule_make(&params, false, false, 1);
        assert_float_equal(s.weave_weight, cases[i].weight, 0);
        const struct imp_loss_options losses = imp_train_losses(&params, &s, false, true);
        assert_float_equal(losses.weave_weight, cases[i].weight, 0);
        assert_int_equal(imp_train_is_long(&params),
                         cases[i].steps >= 3000 || cases[i].minutes >= 15);
    }
}

/* A training that begins to end is where the learning rate begins to fall. */
static void an_end_is_where_the_rate_falls(void **state)
{
    (void)state;
    struct impasto_train_params params = imp_train_usual();
    struct imp_train_schedule s = imp_train_schedule_make(&params, false, false, 1);
    for (int step = 1; step < 400; step++) {
        s.steps = imp_train_ending(&s, step);
        assert_false(imp_train_is_falling(&s, step - 1));
        assert_true(imp_train_is_falling(&s, step + 1));
    }
}

/* Pixels of the steps from `step` on. */
static double rest_of(const struct imp_train_schedule *schedule, int step, double early,
                      double late)
{
    double sum = 0;
    for (int i = step; i < schedule->steps; i++)
        sum += imp_train_is_late(schedule, i) ? late : early;
    return sum;
}

/* Whatever is late, and however far it is: the steps that are decided take what there is. */
static void steps_fill_the_time(void **state)
{
    (void)state;
    static const float shares[] = {0, 0.1f, 0.25f, 1 / 3.0f, 0.5f, 0.9f, 1};
    static const struct {
        double early, late;
    } costs[] = {{51200, 82944}, {51200, 51200}, {90000, 1024}};
    const int steps = 400;
    for (size_t i = 0; i < IMP_COUNT(shares); i++)
        for (size_t k = 0; k < IMP_COUNT(costs); k++)
            for (int step = 8; step < steps; step += 7)
                for (double part = 0.25; part < 4; part *= 2) {
                    const double early = costs[k].early, late = costs[k].late;
                    struct imp_train_schedule s = {
                        .steps = steps, .late_share = shares[i], .falling = k ? 0.6 : 0.3};
                    const bool shrinks =
                        imp_train_is_falling(&s, step) || imp_train_is_late(&s, step);
                    const double pixels = part * rest_of(&s, step, early, late);
                    s.steps = imp_train_affordable(&s, step, pixels, early, late);
                    const double taken = rest_of(&s, step, early, late);
                    if (shrinks && part >= 1)
                        assert_in_range(s.steps, steps - 1, steps);
                    else if (fabs(taken - pixels) > 2 * fmax(early, late))
                        fail_msg("share %g, step %d of %d: %g of %g pixels", (double)shares[i],
                                 step, s.steps, taken, pixels);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schedule_is_that_of_the_recipe),
        cmocka_unit_test(long_trainings_mind_the_weave),
        cmocka_unit_test(an_end_is_where_the_rate_falls),
        cmocka_unit_test(steps_fill_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
