/* SPDX-License-Identifier: MIT */
/* The reference itself, by finite differences: what judges the devices must be right. */

#include "ops/weave.h"
#include "selftest/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { H = 16, W = 17, N = 3 * H * W, DEPTH = 3 };

static double random_number(uint32_t stream, size_t i)
{
    return (double)imp_rng_uniform(5, stream, i);
}

/* Small weights of the first three layers, shared by the tests. */
static void make_weights(struct impasto_weights *weights)
{
    weights->info.layers = DEPTH;
    for (int l = 0; l < DEPTH; l++) {
        const size_t in = (size_t)imp_layer_shapes[l].in_channels;
        const size_t out = (size_t)imp_layer_shapes[l].out_channels;
        weights->layers[l].weight = malloc(sizeof(float) * in * out * 9);
        weights->layers[l].bias = malloc(sizeof(float) * out);
        assert_true(weights->layers[l].weight && weights->layers[l].bias);
        for (size_t i = 0; i < in * out * 9; i++)
            weights->layers[l].weight[i] =
                (float)((random_number((uint32_t)l, i) - 0.5) / sqrt(2.0 * (double)in));
        for (size_t i = 0; i < out; i++)
            weights->layers[l].bias[i] = (float)random_number((uint32_t)(l + 20), i);
    }
}

/* What networks in training have beside the losses of paintings, and films. */
struct training {
    bool bounded, reflect;
    double range, temporal;
};

/* The gradient against central differences along random directions. Average pooling, because maxima
 * have kinks; the ReLU's kinks are too rare to matter with so small a step. */
static void check_training(enum impasto_losses losses, enum impasto_style_loss style_loss,
                           int regions, enum impasto_padding padding, float content, float style,
                           float tv, struct training training)
{
    struct impasto_weights weights = {0};
    struct impasto_params params = {.losses = losses,
                                    .style_loss = style_loss,
                                    .padding = padding,
                                    .pooling = IMPASTO_POOLING_AVERAGE,
                                    .content_weight = content,
                                    .style_weight = style,
                                    .tv_weight = tv};
    params.content_layers[1] = 1;
    params.content_layers[2] = 0.5f;
    params.style_layers[0] = 2;
    params.style_layers[2] = 1;
    make_weights(&weights);
    struct imp_ref_objective objective = {
        .params = &params,
        .weights = &weights,
        .bounded = training.bounded,
        .reflect = training.reflect,
        .range_weight = training.range,
        .temporal_weight = training.temporal,
        .depth = DEPTH,
        .height = H,
        .width = W,
        .map = {.reverse = true, .scale = {2, 3, 4}, .offset = {-1, -2, -1}}};
    static double image[N], other[N], third[N], gradient[N], ignored[N], moved[N];
    static double reliability[N / 3];
    static float mask[3][N / 3];
    for (size_t i = 0; i < N; i++) {
        image[i] = 1.5 * random_number(30, i) - 0.25;
        other[i] = random_number(31, i);
        third[i] = random_number(32, i);
        mask[i % 3][i / 3] = (float)random_number(33, i);
        reliability[i / 3] = fmax(1.5 * random_number(34, i / 3) - 0.5, 0);
    }
    if (training.temporal > 0) {
        objective.earlier = third;
        objective.reliability = reliability;
    }
    /* One region everywhere, or two soft ones, the first with a blend of pictures. */
    const struct imp_ref_picture pictures[] = {
        {.image = other, .height = H, .width = W, .share = regions == 1 ? 1 : 0.25},
        {.image = third, .height = H, .width = W, .mask = mask[2], .share = 0.75},
        {.image = third, .height = H, .width = W, .share = 1}};
    struct imp_ref_region both[] = {
        {.weight = regions == 1 ? 1 : 0.7,
         .mask = regions == 1 ? NULL : mask[0],
         .pictures = pictures,
         .picture_count = regions == 1 ? 1 : 2},
        {.weight = 0.3, .mask = mask[1], .pictures = pictures + 2, .picture_count = 1}};
    objective.regions = both;
    objective.region_count = regions;
    assert_true(imp_ref_objective_init(&objective, other));
    struct imp_loss_values at = {0}, above = {0}, below = {0};
    assert_true(imp_ref_objective_evaluate(&objective, image, &at, gradient));
    assert_true(at.total > 0);
    for (uint32_t direction = 0; direction < 4; direction++) {
        const double step = 1e-6;
        double slope = 0;
        for (size_t i = 0; i < N; i++)
            slope += gradient[i] * (random_number(40 + direction, i) - 0.5);
        for (size_t i = 0; i < N; i++)
            moved[i] = image[i] + step * (random_number(40 + direction, i) - 0.5);
        assert_true(imp_ref_objective_evaluate(&objective, moved, &above, ignored));
        for (size_t i = 0; i < N; i++)
            moved[i] = image[i] - step * (random_number(40 + direction, i) - 0.5);
        assert_true(imp_ref_objective_evaluate(&objective, moved, &below, ignored));
        const double measured = (above.total - below.total) / (2 * step);
        print_message("slope %.8g, measured %.8g\n", slope, measured);
        assert_true(fabs(slope - measured) <= 1e-4 * fabs(slope) + 1e-7 * at.total);
    }
    imp_ref_objective_free(&objective);
    for (int l = 0; l < DEPTH; l++) {
        free(weights.layers[l].weight);
        free(weights.layers[l].bias);
    }
}

static void check_style(enum impasto_losses losses, enum impasto_style_loss style_loss, int regions,
                        enum impasto_padding padding, float content, float style, float tv)
{
    check_training(losses, style_loss, regions, padding, content, style, tv, (struct training){0});
}

static void check_objective(enum impasto_losses losses, enum impasto_padding padding, float content,
                            float style, float tv)
{
    check_style(losses, IMPASTO_STYLE_LOSS_GRAM, 1, padding, content, style, tv);
}

static void content_gradient(void **state)
{
    (void)state;
    check_objective(IMPASTO_LOSSES_GATYS, IMPASTO_PADDING_ZERO, 1, 0, 0);
    check_objective(IMPASTO_LOSSES_RELATIVE, IMPASTO_PADDING_REPLICATE, 1, 0, 0);
}

static void style_gradient(void **state)
{
    (void)state;
    check_objective(IMPASTO_LOSSES_GATYS, IMPASTO_PADDING_REPLICATE, 0, 1, 0);
    check_objective(IMPASTO_LOSSES_RELATIVE, IMPASTO_PADDING_ZERO, 0, 1, 0);
}

static void covariance_gradient(void **state)
{
    (void)state;
    check_style(IMPASTO_LOSSES_GATYS, IMPASTO_STYLE_LOSS_COVARIANCE, 1, IMPASTO_PADDING_ZERO, 0, 1,
                0);
    check_style(IMPASTO_LOSSES_RELATIVE, IMPASTO_STYLE_LOSS_COVARIANCE, 1,
                IMPASTO_PADDING_REPLICATE, 0, 1, 0);
}

static void regions_gradient(void **state)
{
    (void)state;
    check_style(IMPASTO_LOSSES_RELATIVE, IMPASTO_STYLE_LOSS_GRAM, 2, IMPASTO_PADDING_ZERO, 0, 1, 0);
    check_style(IMPASTO_LOSSES_GATYS, IMPASTO_STYLE_LOSS_COVARIANCE, 2, IMPASTO_PADDING_ZERO, 0, 1,
                0);
}

static void training_gradient(void **state)
{
    (void)state;
    const struct training range = {.range = 3};
    check_training(IMPASTO_LOSSES_RELATIVE, IMPASTO_STYLE_LOSS_GRAM, 1, IMPASTO_PADDING_ZERO, 0, 1,
                   0, (struct training){.bounded = true});
    check_training(IMPASTO_LOSSES_GATYS, IMPASTO_STYLE_LOSS_GRAM, 2, IMPASTO_PADDING_REPLICATE, 0,
                   1, 0, (struct training){.bounded = true});
    check_training(IMPASTO_LOSSES_GATYS, IMPASTO_STYLE_LOSS_GRAM, 1, IMPASTO_PADDING_ZERO, 0, 0, 0,
                   range);
    check_training(IMPASTO_LOSSES_RELATIVE, IMPASTO_STYLE_LOSS_GRAM, 1, IMPASTO_PADDING_ZERO, 1, 1,
                   0, (struct training){.reflect = true});
}

static void temporal_gradient(void **state)
{
    (void)state;
    const struct training film = {.temporal = 10};
    check_training(IMPASTO_LOSSES_GATYS, IMPASTO_STYLE_LOSS_GRAM, 1, IMPASTO_PADDING_ZERO, 0, 0, 0,
                   film);
    check_training(IMPASTO_LOSSES_RELATIVE, IMPASTO_STYLE_LOSS_GRAM, 1, IMPASTO_PADDING_ZERO, 1, 1,
                   0, film);
}

/* A mask of ones is no mask; two halves with one style are the weighted formula by hand. */
static void weighted_gram(void **state)
{
    (void)state;
    enum { C = 3, M = 10 };
    double f[C * M], ones[M], half[M], plain[C * C], weighted[C * C], mean[C];
    for (size_t i = 0; i < C * M; i++)
        f[i] = random_number(50, i);
    const int first = M / 2;
    for (int p = 0; p < M; p++) {
        ones[p] = 1;
        half[p] = p < first ? 0.5 : 0;
    }
    imp_ref_gram(C, M, f, NULL, plain);
    imp_ref_gram(C, M, f, ones, weighted);
    for (int i = 0; i < C * C; i++)
        assert_true(fabs(plain[i] - weighted[i]) <= 1e-15);
    imp_ref_gram(C, M, f, half, weighted);
    imp_ref_mean(C, M, f, half, mean);
    for (int i = 0; i < C; i++) {
        double sum = 0;
        for (int p = 0; p < first; p++)
            sum += f[i * M + p];
        assert_true(fabs(mean[i] - sum / first) <= 1e-15);
        for (int j = 0; j < C; j++) {
            sum = 0;
            for (int p = 0; p < first; p++)
                sum += f[i * M + p] * f[j * M + p];
            assert_true(fabs(weighted[i * C + j] - sum / (C * first)) <= 1e-15);
        }
    }
}

static void tv_gradient(void **state)
{
    (void)state;
    check_objective(IMPASTO_LOSSES_GATYS, IMPASTO_PADDING_ZERO, 0, 0, 1);
}

/* Of a square image. */
typedef double (*loss_fn)(int side, const double *image, double *gradient);

enum { LARGEST_SIDE = 67 };

/* The gradient against central differences along a random direction. */
static void check_slope(loss_fn loss, int side, const double *image, double step, double bound)
{
    static double gradient[3 * LARGEST_SIDE * LARGEST_SIDE],
        ignored[3 * LARGEST_SIDE * LARGEST_SIDE], moved[2][3 * LARGEST_SIDE * LARGEST_SIDE];
    const int count = 3 * side * side;
    double slope = 0;
    memset(gradient, 0, sizeof(gradient));
    loss(side, image, gradient);
    for (int i = 0; i < count; i++) {
        const double way = random_number(51, (size_t)i) - 0.5;
        slope += gradient[i] * way;
        moved[0][i] = image[i] - step * way;
        moved[1][i] = image[i] + step * way;
    }
    const double measured =
        (loss(side, moved[1], ignored) - loss(side, moved[0], ignored)) / (2 * step);
    print_message("slope %.8g, measured %.8g\n", slope, measured);
    assert_true(fabs(slope - measured) <= bound * fabs(slope));
}

static double lattice_of(int side, const double *image, double *gradient)
{
    return imp_ref_lattice(side, side, image, 1, gradient);
}

/* With two rows and columns of no window; and a picture whose pattern is known. */
static void lattice_gradient(void **state)
{
    (void)state;
    enum { SIDE = 34, COUNT = 3 * SIDE * SIDE };
    static double image[COUNT], gradient[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        image[i] = random_number(50, i);
    check_slope(lattice_of, SIDE, image, 1e-5, 1e-6);
    /* One of four columns is lighter by 0.1, which has a variance of 0.01 * 3 / 16. The squares of
     * the differences to the right are 0.01 in two of four: a variance of 0.0001 / 4. */
    for (int i = 0; i < COUNT; i++)
        image[i] = i % SIDE % 4 == 1 ? 0.1 : 0;
    const double expected = 0.01 * 3 / 16 + 30 * 0.0001 / 4;
    assert_true(fabs(imp_ref_lattice(SIDE, SIDE, image, 1, gradient) - expected) < 1e-12);
    assert_true(imp_ref_lattice(SIDE, 31, image, 1, gradient) == 0);
}

static double weave_of(int side, const double *image, double *gradient)
{
    static const float limits[WEAVE_SHIFTS] = {0, 0.05f, 0.02f};
    static double photograph[3 * LARGEST_SIDE * LARGEST_SIDE];
    for (size_t i = 0; i < IMP_COUNT(photograph); i++)
        photograph[i] = random_number(53, i);
    return imp_ref_weave(side, side, image, photograph, limits, 1, gradient);
}

static void weave_gradient(void **state)
{
    (void)state;
    enum { SIDE = LARGEST_SIDE, COUNT = 3 * SIDE * SIDE };
    static double image[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        image[i] = random_number(52, i) + (i % SIDE % 8 < 2 ? 1 : 0);
    check_slope(weave_of, SIDE, image, 1e-6, 1e-5);
}

/* Columns that are light for 4 pixels and dark for 4: of all shifts, those by 4 pixels to a side
 * turn every difference to its opposite, r = -1, those by 12 do so too, and those by 8 and by none
 * leave them, r = 1. At the edges of a window one pair more or less is left out. A photograph with
 * the same columns may have such a painting. */
static void weave_by_hand(void **state)
{
    (void)state;
    enum { SIDE = 64, COUNT = 3 * SIDE * SIDE };
    static double image[COUNT], even[COUNT], gradient[COUNT];
    float limits[WEAVE_SHIFTS] = {0};
    for (int i = 0; i < COUNT; i++)
        image[i] = i % SIDE % 8 < 4 ? 1 : 0;
    const double weave = imp_ref_weave(SIDE, SIDE, image, even, limits, 1, gradient);
    print_message("weave of stripes %.6f\n", weave);
    assert_true(fabs(weave - 1) < 0.05);
    assert_true(imp_ref_weave(SIDE, SIDE, image, image, limits, 1, gradient) == 0);
    for (int n = 0; n < WEAVE_SHIFTS; n++)
        limits[n] = 1.2f;
    assert_true(imp_ref_weave(SIDE, SIDE, image, even, limits, 1, gradient) == 0);
    assert_true(imp_ref_weave(SIDE, 31, image, even, limits, 1, gradient) == 0);
}

/* A convolution by hand: one channel, an impulse, an asymmetric kernel. */
static void convolution_by_hand(void **state)
{
    (void)state;
    const float kernel[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    double x[9] = {0}, y[9], back[9];
    x[4] = 1; /* the impulse sees the kernel turned about */
    imp_ref_conv(1, 1, 3, 3, x, kernel, y);
    for (int i = 0; i < 9; i++)
        assert_true(y[i] == 9 - i);
    imp_ref_conv_backward(1, 1, 3, 3, x, kernel, back);
    for (int i = 0; i < 9; i++)
        assert_true(back[i] == i + 1);
}

/* Each pixel becomes its upper left neighbour, which in the first row is in the second. */
static void reflection_by_hand(void **state)
{
    (void)state;
    const float kernel[9] = {1};
    const double x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const double expected[12] = {6, 5, 6, 7, 2, 1, 2, 3, 6, 5, 6, 7};
    double y[12];
    imp_ref_conv(1, 1, 3, 4, x, kernel, y);
    imp_ref_conv_reflect(1, 1, 3, 4, x, kernel, y);
    assert_memory_equal(y, expected, sizeof(expected));
}

/* Of four equal values the first takes the gradient; an odd last column gets none. */
static void pooling_by_hand(void **state)
{
    (void)state;
    const double x[6] = {1, 1, 5, 1, 1, 7}, gy[1] = {3};
    double y[1], gx[6];
    imp_ref_pool(1, 2, 3, false, x, y);
    assert_true(y[0] == 1);
    imp_ref_pool_backward(1, 2, 3, false, x, gy, gx);
    const double first[6] = {3, 0, 0, 0, 0, 0};
    assert_memory_equal(gx, first, sizeof(first));
    imp_ref_pool_backward(1, 2, 3, true, x, gy, gx);
    const double spread[6] = {0.75, 0.75, 0, 0.75, 0.75, 0};
    assert_memory_equal(gx, spread, sizeof(spread));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_by_hand), cmocka_unit_test(pooling_by_hand),
        cmocka_unit_test(content_gradient),    cmocka_unit_test(style_gradient),
        cmocka_unit_test(covariance_gradient), cmocka_unit_test(regions_gradient),
        cmocka_unit_test(weighted_gram),       cmocka_unit_test(tv_gradient),
        cmocka_unit_test(temporal_gradient),   cmocka_unit_test(reflection_by_hand),
        cmocka_unit_test(training_gradient),   cmocka_unit_test(lattice_gradient),
        cmocka_unit_test(weave_gradient),      cmocka_unit_test(weave_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
