/* SPDX-License-Identifier: MIT */
/*
 * The objective as trainers of networks use it: styles in turns, crop after crop, reflected edges,
 * bounded losses. IMPASTO_TEST_DEVICE names the device (auto).
 */

#include "loss/objective.h"
#include "open_device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { C1_1 = 0, C2_1 = 2, C3_1 = 4, C3_3 = 6, DEPTH };
enum { H = 33, W = 26, N = 3 * H * W, STYLES = 3, BYTES = N * (int)sizeof(float) };

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

/* Slopes and noise; the colours of a painting by a network leave 0 to 1. */
static void paint(uint32_t stream, float contrast, float *planes)
{
    for (int i = 0; i < N; i++) {
        const float slope = (float)((i % W + i / W % H * (int)(stream % 3)) % 31) / 31;
        const float noise = (float)imp_rng_uniform(5, stream, (uint64_t)i);
        planes[i] = 0.5f + contrast * (0.5f * (slope + noise) - 0.5f);
    }
}

/* Everything on the device for one style at a time. */
struct machine {
    struct imp_model model;
    struct imp_objective objective;
    struct imp_style_pass pass;
    struct imp_buffer *image;
    struct imp_layout weights, layout;
};

static struct imp_loss_options options_of(bool bounded)
{
    struct imp_loss_options options = {.relative = true,
                                       .bounded = bounded,
                                       .content_weight = 1,
                                       .style_weight = 10,
                                       .tv_weight = 1,
                                       .range_weight = 10};
    options.content_layers[C3_3] = 1;
    options.style_layers[C1_1] = options.style_layers[C2_1] = options.style_layers[C3_1] = 1;
    return options;
}

static void start_with(struct machine *m, bool bounded, enum imp_edge edge)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_loss_options losses = options_of(bounded);
    struct impasto_error error;
    *m = (struct machine){0};
    assert_int_equal(imp_model_init(&m->model, device, impasto_weights_info(weights),
                                    &(struct imp_model_options){.layers = DEPTH, .edge = edge}),
                     IMPASTO_OK);
    imp_model_layout(&m->model, caps, &m->weights);
    assert_int_equal(imp_layout_allocate(&m->weights, device), IMPASTO_OK);
    assert_int_equal(imp_model_load(&m->model, device, weights, &error), IMPASTO_OK);
    assert_int_equal(
        imp_objective_init(
            &m->objective, device,
            &(struct imp_objective_options){
                .model = &m->model, .losses = &losses, .height = H, .width = W, .regions = 1}),
        IMPASTO_OK);
    m->objective.region[0].weight = 1;
    imp_guide_init(&m->objective.region[0].guide, H, W, false, NULL);
    imp_objective_layout_targets(&m->objective, &m->layout);
    imp_objective_layout(&m->objective, &m->layout);
    imp_layout_add(&m->layout, &m->image, BYTES, "test");
    assert_int_equal(imp_layout_allocate(&m->layout, device), IMPASTO_OK);
    imp_style_pass_init(&m->pass, &m->model, caps, H, W, false);
    imp_style_pass_list(&m->pass, &m->objective);
    assert_int_equal(imp_layout_allocate(&m->pass.layout, device), IMPASTO_OK);
}

static void start(struct machine *m)
{
    start_with(m, true, IMP_EDGE_REFLECT);
}

static void stop(struct machine *m)
{
    imp_layout_release(&m->pass.layout);
    imp_layout_release(&m->layout);
    imp_layout_release(&m->weights);
    imp_objective_release(&m->objective);
}

/* Pictures by their streams. */
static void show(struct imp_buffer *image, uint32_t stream, float contrast)
{
    static float planes[N];
    paint(stream, contrast, planes);
    assert_int_equal(imp_buffer_write(image, 0, planes, BYTES), IMPASTO_OK);
}

static void capture_style(struct machine *m, uint32_t stream)
{
    show(m->pass.image, stream, 1);
    assert_int_equal(imp_objective_capture_style(&m->objective, &m->pass, 0, 1, true, true),
                     IMPASTO_OK);
}

static void capture_content(struct machine *m, uint32_t stream, float contrast)
{
    show(m->image, stream, contrast);
    assert_int_equal(imp_objective_capture_content(&m->objective, m->image), IMPASTO_OK);
}

struct result {
    struct imp_loss_values losses;
    float gradient[N];
};

static void evaluate(struct machine *m, uint32_t stream, float contrast, struct result *result)
{
    struct imp_objective *objective = &m->objective;
    show(m->image, stream, contrast);
    assert_int_equal(imp_objective_evaluate(objective, m->image, true), IMPASTO_OK);
    assert_int_equal(imp_losses_read(&objective->losses, &result->losses, NULL, 0), IMPASTO_OK);
    assert_int_equal(imp_buffer_read(objective->gradient, 0, result->gradient, BYTES), IMPASTO_OK);
}

/* One of three styles, whose targets come after those of others, with other contents before: the
 * same bytes as if it had been the only one. */
static void styles_in_turns(void **state)
{
    (void)state;
    static struct result alone[STYLES], turn;
    struct imp_targets targets[STYLES] = {{0}};
    struct machine m;
    for (int s = 0; s < STYLES; s++) {
        start(&m);
        capture_style(&m, 10 + (uint32_t)s);
        assert_int_equal(imp_targets_allocate(&targets[s], &m.objective), IMPASTO_OK);
        assert_int_equal(imp_targets_read(&targets[s], &m.objective, 1), IMPASTO_OK);
        capture_content(&m, 20 + (uint32_t)s, 1);
        evaluate(&m, 30, 1.6f, &alone[s]);
        stop(&m);
    }
    assert_memory_not_equal(alone[0].gradient, alone[1].gradient, BYTES);
    assert_true(alone[0].losses.range > 0);
    start(&m);
    for (int i = 0; i < 2 * STYLES; i++) {
        const int s = 2 * i % STYLES;
        assert_int_equal(imp_targets_write(&targets[s], &m.objective), IMPASTO_OK);
        capture_content(&m, 20 + (uint32_t)s, 1);
        evaluate(&m, 30, 1.6f, &turn);
        assert_memory_equal(&turn, &alone[s], sizeof(turn));
    }
    stop(&m);
    for (int s = 0; s < STYLES; s++)
        imp_targets_free(&targets[s]);
}

/* What is expected of contents is a floor for divisors, at a tenth; the crop after has its own. */
static void flat_contents(void **state)
{
    (void)state;
    static struct result own, floored;
    double mean[IMPASTO_LAYERS] = {0};
    struct machine m;
    start(&m);
    capture_style(&m, 10);
    capture_content(&m, 20, 1);
    const double *energy = &m.objective.losses.content_energy[C3_3];
    const double found = m.objective.losses.content_found[C3_3];
    assert_true(found > 0 && *energy == found);
    evaluate(&m, 30, 1, &own);

    mean[C3_3] = 9 * found;
    imp_objective_expect_content(&m.objective, mean);
    capture_content(&m, 20, 1);
    assert_true(*energy == found);

    mean[C3_3] = 40 * found;
    imp_objective_expect_content(&m.objective, mean);
    capture_content(&m, 20, 1);
    evaluate(&m, 30, 1, &floored);
    assert_true(fabs(floored.losses.content[C3_3] / own.losses.content[C3_3] - 0.25) < 1e-6);

    mean[C3_3] = 0;
    imp_objective_expect_content(&m.objective, mean);
    capture_content(&m, 21, 1);
    assert_true(*energy == m.objective.losses.content_found[C3_3] && *energy != found);
    stop(&m);
}

/* Far from its target the bounded loss stays below 2, and near it is the relative one. */
static void bounded_losses(void **state)
{
    (void)state;
    static struct result bounded[2], relative[2];
    static const float contrasts[] = {30, 1.02f};
    struct machine m;
    for (int plain = 0; plain < 2; plain++) {
        start_with(&m, !plain, IMP_EDGE_REFLECT);
        capture_style(&m, 10);
        capture_content(&m, 20, 1);
        for (int i = 0; i < 2; i++)
            evaluate(&m, 10, contrasts[i], plain ? &relative[i] : &bounded[i]);
        stop(&m);
    }
    for (int l = 0; l <= C3_1; l += 2) {
        assert_true(relative[0].losses.style[l] > 2 && bounded[0].losses.style[l] <= 2);
        const double near = relative[1].losses.style[l];
        assert_true(near > 0 && fabs(bounded[1].losses.style[l] / near - 1) < 0.1);
    }
}

/* Largest difference of a pixel of layer l's activation from the one in the middle, as a share. */
static float unevenness(const struct imp_net *net, int l)
{
    const struct imp_tensor *t = &net->activation[l];
    const int pitch = t->width + 2, plane = (t->height + 2) * pitch, lanes = t->lanes;
    const size_t bytes = imp_tensor_bytes(t->channels, t->height, t->width, lanes);
    float *values = malloc(bytes), worst = 0, largest = 0;
    assert_non_null(values);
    assert_int_equal(imp_buffer_read(t->buffer, 0, values, bytes), IMPASTO_OK);
    for (int c = 0; c < t->channels; c++) {
        const float *first = values + (size_t)(c / lanes * plane * lanes + c % lanes);
        const int middle = (t->height / 2 + 1) * pitch + t->width / 2 + 1;
        for (int p = 0; p < t->height * t->width; p++) {
            const int at = (p / t->width + 1) * pitch + p % t->width + 1;
            worst = fmaxf(worst, fabsf(first[at * lanes] - first[middle * lanes]));
            largest = fmaxf(largest, fabsf(first[at * lanes]));
        }
    }
    free(values);
    return worst / largest;
}

/* In a grey picture with zeros around it the network sees a frame, by reflection it sees grey. */
static void no_frame(void **state)
{
    (void)state;
    for (int reflect = 0; reflect < 2; reflect++) {
        struct machine m;
        start_with(&m, true, reflect ? IMP_EDGE_REFLECT : IMP_EDGE_ZERO);
        capture_style(&m, 10);
        capture_content(&m, 20, 0);
        for (int l = C1_1; l <= C3_3; l++) {
            const float uneven = unevenness(&m.objective.net, l);
            assert_true(reflect ? uneven < 1e-5f : uneven > 1e-2f);
        }
        stop(&m);
    }
}

static void expect_refusal(struct machine *m, const char *words)
{
    assert_int_equal(imp_objective_evaluate(&m->objective, m->image, true), IMPASTO_ERROR_INTERNAL);
    assert_non_null(strstr(imp_device_error(device)->message, words));
}

/* What cannot be reflected, and losses that do not go together. */
static void refusals(void **state)
{
    (void)state;
    static const struct imp_stage_plan plans[] = {
        {IMPASTO_KEEP_INPUT, 8}, {IMPASTO_KEEP_MASKS, H}, {IMPASTO_KEEP_INPUT_AND_MASKS, H}};
    struct imp_objective_options options = {.height = H, .width = W, .regions = 1};
    struct imp_loss_options losses = options_of(true);
    struct imp_objective objective;
    struct machine m;
    start(&m);
    for (size_t i = 0; i < IMP_COUNT(plans); i++) {
        const struct imp_stage_plan all[IMP_STAGES] = {plans[i], plans[i], plans[i]};
        imp_net_plan(&m.objective.net, imp_device_caps(device), all);
        expect_refusal(&m, "only whole activations");
    }
    losses.covariance = true;
    options.model = &m.model;
    options.losses = &losses;
    assert_int_equal(imp_objective_init(&objective, device, &options), IMPASTO_ERROR_INTERNAL);
    imp_objective_release(&objective);
    losses.covariance = false;
    options.width = 7;
    assert_int_equal(imp_objective_init(&objective, device, &options), IMPASTO_OK);
    assert_int_equal(imp_objective_capture_content(&objective, m.image), IMPASTO_ERROR_INTERNAL);
    assert_non_null(strstr(imp_device_error(device)->message, "too few"));
    imp_objective_release(&objective);
    stop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(styles_in_turns), cmocka_unit_test(flat_contents),
        cmocka_unit_test(bounded_losses),  cmocka_unit_test(no_frame),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
