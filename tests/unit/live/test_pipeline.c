/* SPDX-License-Identifier: MIT */
/* The pipeline of the live filter, on a clock of the test's own: the newest frame wins, in order,
 * within two frames' time; what is late is dropped and counted; ends and failures end all. */

#include "live/pipeline.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A clock that goes on when everybody waits ----------------------------------------------- */

#define THREADS 3 /* source, painter, sink */

struct fake {
    pthread_mutex_t mutex;
    pthread_cond_t turn;
    double now, next; /* seconds; the nearest time that is waited for */
    int waiting;      /* threads that have found nothing to do since the last wake */
    int gone;         /* threads that have ended */
    long round;
};

static double fake_now(void *user)
{
    return ((struct fake *)user)->now;
}

static void fake_enter(void *user)
{
    pthread_mutex_lock(&((struct fake *)user)->mutex);
}

static void fake_leave(void *user)
{
    pthread_mutex_unlock(&((struct fake *)user)->mutex);
}

static void fake_wake(void *user)
{
    struct fake *fake = user;
    fake->waiting = 0;
    fake->next = INFINITY;
    fake->round++;
    pthread_cond_broadcast(&fake->turn);
}

/* Time stands still until nobody has anything to do, and then leaps. */
static void advance(struct fake *fake)
{
    if (fake->waiting + fake->gone < THREADS || isinf(fake->next))
        return;
    fake->now = fmax(fake->now, fake->next);
    fake_wake(fake);
}

static void fake_leave_for_good(void *user)
{
    struct fake *fake = user;
    fake->gone++;
    advance(fake);
}

static void fake_wait(void *user, double until)
{
    struct fake *fake = user;
    const long round = fake->round;
    fake->waiting++;
    fake->next = fmin(fake->next, until);
    advance(fake);
    while (fake->round == round)
        pthread_cond_wait(&fake->turn, &fake->mutex);
}

static void sleep_until(struct fake *fake, double until)
{
    fake_enter(fake);
    while (fake->now < until)
        fake_wait(fake, until);
    fake_leave(fake);
}

/* ---- A camera, a painter and a screen -------------------------------------------------------- */

#define SIDE 16
#define FRAMES_MOST 400

struct scene {
    struct imp_live_source source;
    struct imp_live_sink sink;
    struct imp_live_clock clock;
    struct fake fake;
    int frames;                     /* that the source has */
    double each, painting, showing; /* seconds that each of the three takes for a frame */
    int next;                       /* the source's frame */
    int stall;                      /* before this one, it has nothing for a second; 0: never */
    int stop_at;                    /* an end is asked for when so many have been shown; 0: never */
    int fail_source, fail_paint, fail_show; /* at this frame; below 0: never */
    struct {
        int number;
        double at;
    } shown[FRAMES_MOST];
    int count, painted;
    bool finished;
    struct imp_live_counts told;
};

#define SCENE(of, member) ((struct scene *)((char *)(of)-offsetof(struct scene, member)))

static enum impasto_status failing(struct impasto_error *error, const char *who)
{
    error->status = IMPASTO_ERROR_INPUT;
    snprintf(error->message, sizeof(error->message), "%s failed", who);
    return error->status;
}

static enum impasto_status camera(struct imp_live_source *source, struct imp_live_frame *frame,
                                  enum imp_live_read *what, struct impasto_error *error)
{
    struct scene *scene = SCENE(source, source);
    if (scene->next == scene->fail_source)
        return failing(error, "camera");
    if (scene->next == scene->frames) {
        *what = IMP_LIVE_END;
        return IMPASTO_OK;
    }
    if (!source->paced)
        sleep_until(&scene->fake, scene->each * scene->next);
    if (scene->stall > 0 && scene->next == scene->stall)
        sleep_until(&scene->fake, scene->fake.now + 1);
    frame->number = scene->next++;
    frame->time = scene->fake.now;
    frame->pixels.plane[0][0] = (unsigned char)frame->number;
    *what = IMP_LIVE_FRAME;
    return IMPASTO_OK;
}

static enum impasto_status paint(void *user, const struct impasto_pixels *from,
                                 const struct impasto_pixels *to, struct impasto_error *error)
{
    struct scene *scene = user;
    if (from->plane[0][0] == scene->fail_paint)
        return failing(error, "painter");
    sleep_until(&scene->fake, scene->fake.now + scene->painting);
    to->plane[0][0] = from->plane[0][0];
    scene->painted++;
    return IMPASTO_OK;
}

static enum impasto_status show(struct imp_live_sink *sink, const struct imp_live_frame *frame,
                                bool *done, struct impasto_error *error)
{
    struct scene *scene = SCENE(sink, sink);
    if (frame->number >= scene->fail_show && scene->fail_show >= 0)
        return failing(error, "screen");
    sleep_until(&scene->fake, scene->fake.now + scene->showing);
    assert_int_equal(frame->pixels.plane[0][0], (unsigned char)frame->number);
    scene->shown[scene->count].number = (int)frame->number;
    scene->shown[scene->count++].at = scene->fake.now;
    *done = true;
    return IMPASTO_OK;
}

static enum impasto_status finish(struct imp_live_sink *sink, struct impasto_error *error)
{
    (void)error;
    SCENE(sink, sink)->finished = true;
    return IMPASTO_OK;
}

static bool stopped(void *user)
{
    struct scene *scene = user;
    return scene->stop_at > 0 && scene->count >= scene->stop_at;
}

static void tell(void *user, const struct imp_live_counts *counts)
{
    ((struct scene *)user)->told = *counts;
}

static struct scene *scene_of(int frames, double each, double painting, double showing)
{
    static const struct impasto_pixels form = {
        .struct_size = sizeof(form), .format = IMPASTO_PIXELS_GRAY8, .width = SIDE, .height = SIDE};
    struct scene *scene = calloc(1, sizeof(*scene));
    assert_non_null(scene);
    scene->source = (struct imp_live_source){.form = {form, 30, 1}, .read = camera};
    scene->sink = (struct imp_live_sink){
        .form = {form, 30, 1}, .write = show, .again = NULL, .finish = finish};
    pthread_mutex_init(&scene->fake.mutex, NULL);
    pthread_cond_init(&scene->fake.turn, NULL);
    scene->fake.next = INFINITY;
    scene->clock = (struct imp_live_clock){fake_now,  fake_enter,          fake_leave,  fake_wait,
                                           fake_wake, fake_leave_for_good, &scene->fake};
    scene->frames = frames;
    scene->each = each;
    scene->painting = painting;
    scene->showing = showing;
    scene->fail_source = scene->fail_paint = scene->fail_show = -1;
    return scene;
}

static void erase(struct scene *scene)
{
    pthread_mutex_destroy(&scene->fake.mutex);
    pthread_cond_destroy(&scene->fake.turn);
    free(scene);
}

static enum impasto_status run(struct scene *scene, struct imp_live_counts *counts,
                               struct impasto_error *error)
{
    const struct imp_live_work work = {.source = &scene->source,
                                       .sink = &scene->sink,
                                       .clock = &scene->clock,
                                       .paint = paint,
                                       .stopped = stopped,
                                       .tell = tell,
                                       .user = scene};
    return imp_live_run(&work, counts, error);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

#define EACH (1.0 / 30)
#define TINY 1e-9

/* In order, each within so many seconds, and every frame accounted for. The last one has none
 * behind it that would be newer, and may wait for longer. */
static void expect_newest(struct scene *scene, double latency)
{
    struct imp_live_counts counts;
    struct impasto_error error = {0};
    assert_int_equal(run(scene, &counts, &error), IMPASTO_OK);
    assert_true(scene->finished);
    double latest = 0;
    for (int i = 0; i < scene->count; i++) {
        const double age = scene->shown[i].at - scene->each * scene->shown[i].number;
        assert_true(i == 0 || scene->shown[i].number > scene->shown[i - 1].number);
        assert_true(age <= latency + TINY || i == scene->count - 1);
        latest = i > 0 ? fmax(latest, age) : 0;
    }
    assert_int_equal(scene->shown[scene->count - 1].number, scene->frames - 1);
    assert_int_equal(counts.taken, scene->frames);
    assert_int_equal(counts.shown, scene->count);
    assert_int_equal(counts.taken, counts.late + counts.shown);
    assert_true(fabs(counts.latest - latest) < TINY);
    assert_int_equal(scene->told.shown, counts.shown);
}

static void who_is_fast_shows_all(void **state)
{
    (void)state;
    struct scene *scene = scene_of(90, EACH, 0.010, 0.005);
    expect_newest(scene, 0.015);
    assert_int_equal(scene->count, 90);
    assert_int_equal(scene->told.late, 0);
    erase(scene);
}

/* 30 frames a second, of which the painter does 10: it takes the newest, at most a frame old. */
static void a_slow_painter_takes_the_newest(void **state)
{
    (void)state;
    struct scene *scene = scene_of(300, EACH, 0.100, 0);
    expect_newest(scene, EACH + 0.100);
    assert_in_range(scene->count, 98, 102);
    erase(scene);
}

static void a_slow_sink_shows_the_newest(void **state)
{
    (void)state;
    struct scene *scene = scene_of(300, EACH, 0.020, 0.100);
    expect_newest(scene, EACH + 2 * 0.100);
    assert_in_range(scene->count, 98, 102);
    assert_int_equal(scene->painted, scene->count);
    erase(scene);
}

/* Capture and two frames: the painter's and the sink's, whichever are slow. */
static void latency_is_capture_and_two_frames(void **state)
{
    (void)state;
    static const double slow[][2] = {{0.033, 0.034}, {0.050, 0.050}, {0.070, 0.110},
                                     {0.110, 0.070}, {0.200, 0.010}, {0.010, 0.200}};
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++) {
        struct scene *scene = scene_of(200, EACH, slow[i][0], slow[i][1]);
        const double frame = fmax(slow[i][0], slow[i][1]);
        expect_newest(scene, EACH + 2 * frame);
        erase(scene);
    }
}

static void a_film_goes_by_its_times(void **state)
{
    (void)state;
    struct scene *scene = scene_of(60, EACH, 0.010, 0);
    scene->source.paced = true;
    expect_newest(scene, 0.010);
    assert_int_equal(scene->count, 60);
    for (int i = 1; i < 60; i++)
        assert_true(fabs(scene->shown[i].at - scene->shown[i - 1].at - EACH) < TINY);
    erase(scene);
}

/* What was missed is not made up for. */
static void a_film_that_stalls_goes_on_at_its_pace(void **state)
{
    (void)state;
    struct scene *scene = scene_of(60, EACH, 0.010, 0);
    struct imp_live_counts counts;
    scene->source.paced = true;
    scene->stall = 20;
    assert_int_equal(run(scene, &counts, NULL), IMPASTO_OK);
    assert_int_equal(scene->count, 60);
    assert_true(scene->shown[20].at - scene->shown[19].at > 0.9);
    for (int i = 21; i < 60; i++)
        assert_true(fabs(scene->shown[i].at - scene->shown[i - 1].at - EACH) < TINY);
    assert_true(counts.latest < 0.010 + TINY);
    erase(scene);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void an_end_that_is_asked_for_comes_at_once(void **state)
{
    (void)state;
    struct scene *scene = scene_of(300, EACH, 0.010, 0);
    struct imp_live_counts counts;
    scene->stop_at = 7;
    assert_int_equal(run(scene, &counts, NULL), IMPASTO_OK);
    assert_int_equal(scene->count, 7);
    assert_true(scene->finished);
    assert_true(scene->fake.now - scene->shown[6].at <= EACH + 0.010);
    erase(scene);
}

static void expect_failure(int *at, struct scene *scene, const char *words)
{
    struct imp_live_counts counts;
    struct impasto_error error = {0};
    *at = 5;
    assert_int_equal(run(scene, &counts, &error), IMPASTO_ERROR_INPUT);
    assert_string_equal(error.message, words);
    assert_false(scene->finished);
    assert_in_range(scene->count, 3, 5);
    erase(scene);
}

static void a_failure_of_one_ends_all(void **state)
{
    (void)state;
    struct scene *scene = scene_of(300, EACH, 0.010, 0.010);
    expect_failure(&scene->fail_source, scene, "camera failed");
    scene = scene_of(300, EACH, 0.010, 0.010);
    expect_failure(&scene->fail_paint, scene, "painter failed");
    scene = scene_of(300, EACH, 0.010, 0.010);
    expect_failure(&scene->fail_show, scene, "screen failed");
}

static void a_source_without_frames_ends(void **state)
{
    (void)state;
    struct scene *scene = scene_of(0, EACH, 0.010, 0);
    struct imp_live_counts counts;
    assert_int_equal(run(scene, &counts, NULL), IMPASTO_OK);
    assert_int_equal(counts.taken + counts.shown, 0);
    assert_true(isnan(counts.first));
    erase(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_fast_shows_all),
        cmocka_unit_test(a_slow_painter_takes_the_newest),
        cmocka_unit_test(a_slow_sink_shows_the_newest),
        cmocka_unit_test(latency_is_capture_and_two_frames),
        cmocka_unit_test(a_film_goes_by_its_times),
        cmocka_unit_test(a_film_that_stalls_goes_on_at_its_pace),
        cmocka_unit_test(an_end_that_is_asked_for_comes_at_once),
        cmocka_unit_test(a_failure_of_one_ends_all),
        cmocka_unit_test(a_source_without_frames_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
