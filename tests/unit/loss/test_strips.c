/* SPDX-License-Identifier: MIT */
/*
 * Whatever the network keeps and however low its strips are, losses are those of the network that
 * keeps everything, to the last bit. So is the gradient, but for rounding. IMPASTO_TEST_DEVICE
 * names the device (auto).
 */

#include "loss/objective.h"
#include "ops/sums.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYER(n) (1u << (n)) /* 0: conv1_1 */

/* The layers in the order of the network's, conv1_1 to conv5_1. */
enum { C1_1, C1_2, C2_1, C2_2, C3_1, C3_2, C3_3, C3_4, C4_1, C4_2, C4_3, C4_4, C5_1, DEPTH };

/* What is computed. Sizes are multiples of nothing. */
static const struct problem {
    int height, width;
    uint32_t content, style;
    bool average, replicate;
    bool flat;   /* parts of the picture */
    int regions; /* 2: with soft masks */
    enum impasto_style_loss style_loss;
} problems[] = {
    {181, 93, LAYER(C4_2), LAYER(C1_1) | LAYER(C2_1) | LAYER(C3_1) | LAYER(C4_1) | LAYER(C5_1),
     false, false, true, 1, IMPASTO_STYLE_LOSS_GRAM},
    {150, 117, LAYER(C4_2), LAYER(C1_1) | LAYER(C2_1) | LAYER(C3_1) | LAYER(C4_1) | LAYER(C5_1),
     true, true, true, 2, IMPASTO_STYLE_LOSS_COVARIANCE},
    {167, 50, LAYER(C1_1) | LAYER(C2_2) | LAYER(C3_3), LAYER(C1_2) | LAYER(C4_4), false, true,
     false, 1, IMPASTO_STYLE_LOSS_GRAM},
    {131, 77, LAYER(C5_1), LAYER(C3_4) | LAYER(C4_3), true, false, true, 1,
     IMPASTO_STYLE_LOSS_GRAM},
    {101, 64, LAYER(C4_1), LAYER(C3_2), false, false, false, 2, IMPASTO_STYLE_LOSS_GRAM},
};

/* How: of all stages, or, where `mixed`, of every other one, the others as `others`. */
static const struct way {
    enum impasto_keep keep;
    int rows;
    bool mixed;
    enum impasto_keep others;
} ways[] = {
    {IMPASTO_KEEP_MASKS, 0, false, 0},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 1, false, 0},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 12, false, 0},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 44, false, 0},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 1000, false, 0},
    {IMPASTO_KEEP_INPUT, 1, false, 0},
    {IMPASTO_KEEP_INPUT, 20, false, 0},
    {IMPASTO_KEEP_INPUT, 1000, false, 0},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 8, true, IMPASTO_KEEP_ALL},
    {IMPASTO_KEEP_ALL, 8, true, IMPASTO_KEEP_INPUT_AND_MASKS},
    {IMPASTO_KEEP_MASKS, 16, true, IMPASTO_KEEP_INPUT_AND_MASKS},
    {IMPASTO_KEEP_INPUT_AND_MASKS, 16, true, IMPASTO_KEEP_MASKS},
    {IMPASTO_KEEP_INPUT, 16, true, IMPASTO_KEEP_INPUT_AND_MASKS},
};

static struct imp_device *device;
static struct impasto_weights *weights;

static int open_device(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    const int code = open_test_device(NULL, &device);
    if (code == EXIT_SKIPPED)
        exit(code);
    if (code == 0 &&
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return code;
}

static int close_device(void **state)
{
    (void)state;
    impasto_weights_close(&weights);
    imp_device_close(&device);
    return 0;
}

/* A picture, (3, height, width): slopes with a little noise, and, where asked for, flat in its
 * middle: there poolings meet nothing but near-ties. */
static void paint(uint32_t stream, const struct problem *p, float *planes)
{
    const int height = p->height, width = p->width;
    for (int i = 0; i < 3 * height * width; i++) {
        const int y = i / width % height, x = i % width, c = i / width / height;
        const bool flat = p->flat && y > height / 4 && y < height / 2 && x > width / 4;
        const float slope = (float)(x * (c + 1) + y * (3 - c)) / (float)(4 * (width + height));
        const float noise = 0.4f * (float)imp_rng_uniform(5, stream, (uint64_t)i);
        planes[i] = flat ? 0.3f + 0.1f * (float)c : slope + noise;
    }
}

struct result {
    struct imp_loss_values losses;
    float *gradient;
};

/* Everything on the device for one way. */
struct machine {
    struct imp_objective objective;
    struct imp_style_pass pass;
    struct imp_buffer *image;
    struct imp_layout layout;
};

static void plan(struct machine *m, const struct way *way)
{
    struct imp_stage_plan plans[IMP_STAGES];
    for (int s = 0; s < IMP_STAGES; s++)
        plans[s] = (struct imp_stage_plan){.keep = way->mixed && s % 2 ? way->others : way->keep,
                                           .rows = way->rows};
    imp_net_plan(&m->objective.net, imp_device_caps(device), plans);
    imp_net_plan(&m->pass.net, imp_device_caps(device), plans);
}

static void fill_guides(struct machine *m, const struct problem *p)
{
    const size_t n = (size_t)(p->height * p->width);
    float *mask = malloc(n * sizeof(float));
    assert_non_null(mask);
    for (int r = 0; r < p->regions; r++) {
        for (size_t i = 0; i < n; i++) {
            const float share = (float)(i % (size_t)p->width) / (float)p->width;
            mask[i] = r == 0 ? share : 1 - share;
        }
        assert_int_equal(imp_guide_fill(&m->objective.region[r].guide, device, mask), IMPASTO_OK);
    }
    free(mask);
}

static void evaluate(struct machine *m, const struct problem *p, struct result *result)
{
    const size_t bytes = 3 * (size_t)(p->height * p->width) * sizeof(float);
    float *picture = malloc(bytes);
    double not_finite;
    struct imp_objective *objective = &m->objective;
    assert_non_null(picture);
    fill_guides(m, p);
    for (int r = 0; r < p->regions; r++) {
        paint(1 + (uint32_t)r, p, picture);
        assert_int_equal(imp_buffer_write(m->pass.image, 0, picture, bytes), IMPASTO_OK);
        assert_int_equal(imp_objective_capture_style(objective, &m->pass, r, 1, true, true),
                         IMPASTO_OK);
    }
    paint(0, p, picture);
    assert_int_equal(imp_buffer_write(m->image, 0, picture, bytes), IMPASTO_OK);
    assert_int_equal(imp_objective_capture_content(objective, m->image), IMPASTO_OK);
    paint(3, p, picture);
    assert_int_equal(imp_buffer_write(m->image, 0, picture, bytes), IMPASTO_OK);
    /* Twice: what the first leaves in memory is of no consequence. */
    for (int time = 0; time < 2; time++)
        assert_int_equal(imp_objective_evaluate(objective, m->image, true), IMPASTO_OK);
    assert_int_equal(imp_count_not_finite(device, objective->gradient, 3 * p->height * p->width,
                                          objective->losses.sums, objective->losses.spare_slot),
                     IMPASTO_OK);
    assert_int_equal(imp_losses_read(&objective->losses, &result->losses, &not_finite, 1),
                     IMPASTO_OK);
    assert_true(not_finite == 0);
    assert_int_equal(imp_buffer_read(objective->gradient, 0, result->gradient, bytes), IMPASTO_OK);
    free(picture);
}

static void run(const struct problem *p, const struct way *way, const struct imp_model *model,
                struct result *result)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const size_t bytes = 3 * (size_t)(p->height * p->width) * sizeof(float);
    struct imp_loss_options losses = {
        .relative = true,
        .covariance = p->style_loss == IMPASTO_STYLE_LOSS_COVARIANCE,
        .content_weight = 1,
        .style_weight = 1,
    };
    for (int l = 0; l < DEPTH; l++) {
        losses.content_layers[l] = p->content >> l & 1u ? 1.0f : 0;
        losses.style_layers[l] = p->style >> l & 1u ? 1.0f : 0;
    }
    struct machine m = {0};
    assert_int_equal(imp_objective_init(&m.objective, device,
                                        &(struct imp_objective_options){.model = model,
                                                                        .losses = &losses,
                                                                        .height = p->height,
                                                                        .width = p->width,
                                                                        .regions = p->regions}),
                     IMPASTO_OK);
    imp_style_pass_init(&m.pass, model, caps, p->height, p->width, false);
    m.objective.gradient_bytes *= 2;
    if (way)
        plan(&m, way);
    for (int r = 0; r < p->regions; r++) {
        m.objective.region[r].weight = 1.0 / p->regions;
        imp_guide_init(&m.objective.region[r].guide, p->height, p->width, p->regions > 1, NULL);
    }
    imp_objective_layout_targets(&m.objective, &m.layout);
    imp_objective_layout(&m.objective, &m.layout);
    imp_layout_add(&m.layout, &m.image, bytes, "test");
    imp_style_pass_list(&m.pass, &m.objective);
    assert_int_equal(imp_layout_allocate(&m.pass.layout, device), IMPASTO_OK);
    assert_int_equal(imp_layout_allocate(&m.layout, device), IMPASTO_OK);
    evaluate(&m, p, result);
    imp_layout_release(&m.pass.layout);
    imp_layout_release(&m.layout);
    imp_objective_release(&m.objective);
}

static double cosine(const float *a, const float *b, int n)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

static void compare(const struct problem *p)
{
    const int n = 3 * p->height * p->width;
    struct result whole = {.gradient = malloc((size_t)n * sizeof(float))};
    struct result strips = {.gradient = malloc((size_t)n * sizeof(float))};
    const struct imp_model_options options = {.layers = DEPTH,
                                              .average = p->average,
                                              .edge = p->replicate ? IMP_EDGE_REPLICATE
                                                                   : IMP_EDGE_ZERO};
    struct imp_model model = {0};
    struct imp_layout layout = {0};
    struct impasto_error error;
    assert_true(whole.gradient && strips.gradient);
    assert_int_equal(imp_model_init(&model, device, impasto_weights_info(weights), &options),
                     IMPASTO_OK);
    imp_model_layout(&model, imp_device_caps(device), &layout);
    assert_int_equal(imp_layout_allocate(&layout, device), IMPASTO_OK);
    assert_int_equal(imp_model_load(&model, device, weights, &error), IMPASTO_OK);
    run(p, NULL, &model, &whole);
    for (size_t w = 0; w < IMP_COUNT(ways); w++) {
        run(p, &ways[w], &model, &strips);
        const double angle = 1 - cosine(strips.gradient, whole.gradient, n);
        print_message("%dx%d, way %zu: 1 - cosine %.1e\n", p->width, p->height, w, angle);
        assert_true(whole.losses.total > 0);
        assert_true(strips.losses.total == whole.losses.total);
        assert_true(angle < 1e-5);
        for (int l = 0; l < DEPTH; l++) {
            assert_true(strips.losses.content[l] == whole.losses.content[l]);
            assert_true(strips.losses.style[l] == whole.losses.style[l]);
        }
    }
    imp_layout_release(&layout);
    free(whole.gradient);
    free(strips.gradient);
}

static void every_way(void **state)
{
    (void)state;
    for (size_t p = 0; p < IMP_COUNT(problems); p++)
        compare(&problems[p]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way)};
    return cmocka_run_group_tests(tests, open_device, close_device);
}
