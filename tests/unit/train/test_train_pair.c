/* SPDX-License-Identifier: MIT */
/* Pairs of frames made of single pictures, from which networks learn to hold still. */

#include "files.h"
#include "train/train.h"

#include <math.h>

#define FRAME 64
#define FRAME_PIXELS ((size_t)FRAME * FRAME)

/* Drawn ones. */
static struct imp_photos open_scenes(void)
{
    struct imp_photos photos;
    struct impasto_error error = {0};
    const struct imp_log quiet = {0};
    struct impasto_train_params params = imp_train_usual();
    const struct impasto_train_task task = {0};
    params.seed = 4;
    if (imp_photos_open(&task, &params, 2, &quiet, &photos, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return photos;
}

/* Catmull and Rom's kernel, at a distance. */
static double cubic(double d)
{
    d = fabs(d);
    return d < 1   ? 1 - 2.5 * d * d + 1.5 * d * d * d
           : d < 2 ? 2 - 4 * d + 2.5 * d * d - 0.5 * d * d * d
                   : 0;
}

static double sample(const float *plane, int side, double y, double x)
{
    double sum = 0;
    for (int j = 0; j < side; j++)
        for (int i = (int)fmax(x - 2, 0); i < side && i < x + 2; i++)
            if (fabs(y - j) < 2)
                sum += cubic(y - j) * cubic(x - i) * (double)plane[j * side + i];
    return sum;
}

/* How far `now` is from `before`, carried along the motion and lit; where they count, away from the
 * edge. still: without carrying. *count: pixels. */
static double apart(const struct imp_pair *pair, bool still, size_t *count)
{
    double sum = 0;
    *count = 0;
    for (int y = 3; y < FRAME - 3; y++)
        for (int x = 3; x < FRAME - 3; x++) {
            const size_t at = (size_t)(y * FRAME + x);
            const double u = still ? 0 : (double)pair->flow[at];
            const double v = still ? 0 : (double)pair->flow[FRAME_PIXELS + at];
            const bool inner = x + u > 2 && y + v > 2 && x + u < FRAME - 3 && y + v < FRAME - 3;
            if (!(pair->reliability[at] > 0) || !inner)
                continue;
            const double d = (double)pair->now[at] - (double)pair->light[at] -
                             sample(pair->before, FRAME, y + v, x + u);
            sum += d * d;
            ++*count;
        }
    return *count ? sum / (double)*count : 0;
}

static void open_pair(struct imp_pair *pair)
{
    assert_int_equal(imp_pair_open(pair, FRAME, NULL), IMPASTO_OK);
}

/* The motion is the frames' own: carried along, they are the same but for noise and what is
 * resampled; as they are, they are far from it. */
static void the_motion_of_pairs_is_known(void **state)
{
    (void)state;
    struct imp_photos photos = open_scenes();
    struct imp_pair pair;
    double carried = 0, still = 0;
    size_t counted = 0, hidden = 0, moved = 0;
    const int pairs = 24;
    open_pair(&pair);
    for (int p = 0; p < pairs; p++) {
        size_t count;
        assert_int_equal(imp_pair_draw(&photos, (uint64_t)p, &pair, NULL), IMPASTO_OK);
        const double error = apart(&pair, false, &count);
        if (!(error < 0.004)) /* noise of 0.02 in both is 0.0008 */
            fail_msg("pair %d: %g", p, error);
        carried += error;
        still += apart(&pair, true, &counted);
        for (size_t i = 0; i < FRAME_PIXELS; i++) {
            hidden += pair.reliability[i] == 0;
            moved += hypotf(pair.flow[i], pair.flow[FRAME_PIXELS + i]) > 0.5F;
            for (size_t k = 0; k < 3; k++) {
                assert_true(pair.before[k * FRAME_PIXELS + i] >= 0 &&
                            pair.before[k * FRAME_PIXELS + i] <= 1);
                assert_true(pair.now[k * FRAME_PIXELS + i] >= 0 &&
                            pair.now[k * FRAME_PIXELS + i] <= 1);
            }
        }
    }
    if (!(carried < 0.5 * still))
        fail_msg("carried along %g, as they are %g", carried, still);
    assert_in_range(hidden, (size_t)pairs * FRAME_PIXELS / 50, (size_t)pairs * FRAME_PIXELS / 2);
    assert_in_range(moved, (size_t)pairs * FRAME_PIXELS / 10, (size_t)pairs * FRAME_PIXELS);
    imp_pair_close(&pair);
    imp_photos_free(&photos);
}

/* Of features: a quarter of the mean motion, and none where one of the pixels does not count. */
static void features_go_with_their_pixels(void **state)
{
    (void)state;
    struct imp_photos photos = open_scenes();
    struct imp_pair pair;
    const int side = FRAME / 4;
    open_pair(&pair);
    assert_int_equal(imp_pair_draw(&photos, 3, &pair, NULL), IMPASTO_OK);
    assert_int_equal(pair.coarse_size, side);
    for (int i = 0; i < side * side; i++) {
        double u = 0;
        bool counts = true;
        for (int k = 0; k < 16; k++) {
            const int at = (4 * (i / side) + k / 4) * FRAME + 4 * (i % side) + k % 4;
            u += (double)pair.flow[at] / 64;
            counts = counts && pair.reliability[at] > 0;
        }
        assert_true(pair.coarse_reliability[i] == (counts ? 1 : 0));
        if (counts)
            assert_float_equal(pair.coarse_flow[i], (float)u, 1e-5F);
    }
    imp_pair_close(&pair);
    imp_photos_free(&photos);
}

static void pairs_follow_from_seed_and_position(void **state)
{
    (void)state;
    struct imp_photos one = open_scenes(), same = open_scenes();
    struct imp_pair a, b;
    const size_t bytes =
        (12 * FRAME_PIXELS + 3 * (size_t)(FRAME / 4) * (FRAME / 4)) * sizeof(float);
    open_pair(&a);
    open_pair(&b);
    for (uint64_t p = 0; p < 6; p++) {
        assert_int_equal(imp_pair_draw(&one, p, &a, NULL), IMPASTO_OK);
        assert_int_equal(imp_pair_draw(&same, p + 50, &b, NULL), IMPASTO_OK);
        assert_memory_not_equal(a.block, b.block, bytes);
        assert_int_equal(imp_pair_draw(&same, p, &b, NULL), IMPASTO_OK);
        assert_memory_equal(a.block, b.block, bytes);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(imp_pair_judged(&one, i, &a, NULL), IMPASTO_OK);
        assert_int_equal(imp_pair_judged(&same, i, &b, NULL), IMPASTO_OK);
        assert_memory_equal(a.block, b.block, bytes);
    }
    imp_pair_close(&a);
    imp_pair_close(&b);
    imp_photos_free(&one);
    imp_photos_free(&same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_motion_of_pairs_is_known),
        cmocka_unit_test(features_go_with_their_pixels),
        cmocka_unit_test(pairs_follow_from_seed_and_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
