/* SPDX-License-Identifier: MIT */
/*
 * Bands that exchange rows while they compute others: that they do, when asked to; and what decides
 * it where nobody asks. test_bands has the bytes.
 */

#include "fixtures.h"

#include "comm/transport.h"
#include "paint/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 20
#define HEIGHT 140 /* two blocks of rows */

/* ---- That they do ---------------------------------------------------------------------------- */

/* Of two convolutions forwards, the image's rows, and two convolutions backwards. */
#define EXCHANGES 5

/* The first device, and how many convolutions it had been given when each exchange began. */
static struct imp_device *watched;
static const struct imp_transport *real;
static uint64_t given[EXCHANGES];
static int exchanges;

static uint64_t convolutions(void)
{
    size_t count = 0;
    uint64_t launches = 0;
    const struct imp_profile_row *rows = imp_device_profile(watched, &count);
    for (size_t i = 0; i < count; i++)
        launches += strstr(rows[i].label, "ward conv_") ? rows[i].launches : 0;
    return launches;
}

static enum impasto_status note_and_begin(void *end, struct imp_transfer *transfers, size_t count,
                                          struct impasto_error *error)
{
    if (exchanges < EXCHANGES)
        given[exchanges] = convolutions();
    exchanges++;
    return real->exchange_begin(end, transfers, count, error);
}

static struct impasto_params two_layers(const struct impasto_weights *weights)
{
    struct impasto_params params;
    struct impasto_error error = {0};
    if (impasto_params_preset(weights, NULL, &params, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    params.size = HEIGHT;
    params.margin = 0;
    params.scales = 1;
    params.conv = "direct";
    params.memory = (uint64_t)1 << 30;
    memset(params.content_layers, 0, sizeof(params.content_layers));
    memset(params.style_layers, 0, sizeof(params.style_layers));
    params.content_layers[1] = params.style_layers[0] = 1;
    return params;
}

static void open_pair(struct impasto_device *pair[2])
{
    struct impasto_error error = {0};
    for (int i = 0; i < 2; i++)
        if (impasto_device_open(NULL, NULL, NULL, &pair[i], &error) != IMPASTO_OK)
            fail_msg("%s", error.message);
    assert_int_equal(impasto_device_join(pair[0], &pair[1], 1, NULL, &error), IMPASTO_OK);
}

/* One evaluation, on two devices. */
static void evaluate(const char *overlap, float *gradient)
{
    struct impasto_weights *weights = NULL;
    struct impasto_device *pair[2] = {NULL};
    struct impasto_image *content = painted_picture(WIDTH, HEIGHT, 0);
    struct impasto_image *style_image = painted_picture(24, 20, 1);
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    (void)setenv("IMPASTO_OVERLAP", overlap, 1);
    assert_int_equal(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error),
                     IMPASTO_OK);
    open_pair(pair);
    const struct impasto_params params = two_layers(weights);
    if (impasto_job_open(pair[0], weights, &pictures, &params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    struct imp_comm *comm = job->team->job[0]->comm;
    real = comm->transport;
    struct imp_transport watching = *real;
    watching.exchange_begin = note_and_begin;
    comm->transport = &watching;
    watched = pair[0]->device;
    exchanges = 0;
    imp_device_set_profile(watched, true);
    assert_int_equal(impasto_job_gradient(job, gradient, &error), IMPASTO_OK);
    comm->transport = real;
    impasto_job_close(&job);
    impasto_device_close(&pair[0]);
    impasto_weights_close(&weights);
    impasto_image_free(&content);
    impasto_image_free(&style_image);
    (void)unsetenv("IMPASTO_OVERLAP");
}

/* With, the rows between the borders are with the device before any are sent, and those at the
 * border make a second launch. */
static void rows_travel_meanwhile(void **state)
{
    static float gradients[2][3 * WIDTH * HEIGHT];
    static const uint64_t expected[2][EXCHANGES] = {{0, 1, 2, 2, 3}, {1, 3, 4, 5, 7}};
    (void)state;
    for (int on = 0; on < 2; on++) {
        evaluate(on ? "on" : "off", gradients[on]);
        assert_int_equal(exchanges, EXCHANGES + 1); /* the gradient's rows, to the first rank */
        assert_memory_equal(given, expected[on], sizeof(given));
    }
    assert_memory_equal(gradients[1], gradients[0], sizeof(gradients[0]));
}

/* ---- What decides it ------------------------------------------------------------------------- */

#define TRIES 4

/* Iterations of so many seconds, which the clock is set back by; large, so that what really passes
 * does not count. */
static void iterate(struct imp_pace *pace, int count, double seconds, bool cpu)
{
    for (int i = 0; i < count; i++) {
        pace->begun = imp_host_seconds() - seconds;
        imp_pace_keep(pace, cpu);
    }
}

static struct imp_pace opened(double lines)
{
    struct imp_pace pace;
    imp_pace_open(&pace);
    pace.lines = lines;
    imp_pace_keep(&pace, true);
    return pace;
}

/* meanwhile: seconds of iterations that overlap, after some of 1e6. */
static bool tried(struct imp_pace pace, double meanwhile, bool cpu, bool *kept)
{
    iterate(&pace, TRIES - 1, 1e6, cpu);
    assert_false(pace.overlaps || pace.decided);
    iterate(&pace, 1, 2e6, cpu);
    const bool overlaps = pace.overlaps;
    if (overlaps) {
        assert_false(pace.decided);
        iterate(&pace, TRIES - 1, meanwhile, cpu);
        iterate(&pace, 1, 9e6, cpu);
    }
    assert_true(pace.decided);
    *kept = pace.overlaps;
    iterate(&pace, 3 * TRIES, 1, cpu);
    assert_true(pace.overlaps == *kept);
    return overlaps;
}

static void the_faster_way(void **state)
{
    bool kept = true;
    (void)state;
    assert_true(tried(opened(0.02e6), 0.9e6, true, &kept) && kept);
    assert_true(tried(opened(0.02e6), 0.99e6, true, &kept) && !kept);
    assert_true(tried(opened(0.02e6), 1.1e6, true, &kept) && !kept);
    /* Short lines are nothing to hide on a CPU. Another device reads and writes as well. */
    assert_true(!tried(opened(0.005e6), 0.9e6, true, &kept) && !kept);
    assert_true(tried(opened(0), 0.9e6, false, &kept) && kept);
}

static void the_users_word(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        (void)setenv("IMPASTO_OVERLAP", on ? "on" : "off", 1);
        struct imp_pace pace = opened(1e6);
        assert_true(pace.decided && pace.overlaps == on);
        iterate(&pace, 3 * TRIES, on ? 9e6 : 1e6, false);
        assert_true(pace.overlaps == on);
    }
    (void)setenv("IMPASTO_OVERLAP", "maybe", 1);
    assert_false(opened(1e6).decided);
    (void)unsetenv("IMPASTO_OVERLAP");
}

int main(void)
{
    /* As in test_ranks. */
    (void)setenv("POCL_MAX_PTHREAD_COUNT", "1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_travel_meanwhile),
        cmocka_unit_test(the_faster_way),
        cmocka_unit_test(the_users_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
