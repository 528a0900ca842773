/* SPDX-License-Identifier: MIT */
/*
 * Ranks that take part in what the first one does, as processes do, here in threads: the bytes are
 * those of one device, and whichever call of the lines fails on whichever rank, all of them end.
 */

#include "files.h"
#include "fixtures.h"

#include "../comm/comm_cases.h"
#include "../comm/team.h"
#include "paint/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST TEAM_MOST
#define WIDTH 20
/* Two blocks of rows, or one and more at the smaller scale. */
#define HEIGHT 140

static struct impasto_device *devices[MOST];
static struct impasto_weights *weights;
static struct impasto_image *content, *style_image;

/* ---- A team ---------------------------------------------------------------------------------- */

static const struct team_fault no_fault = {0};

static enum impasto_status serve(int rank, struct impasto_error *error)
{
    return impasto_job_serve(devices[rank], weights, error);
}

static void begin(struct team *team, int size, struct team_fault fault)
{
    team_begin(team, devices, size, serve, fault);
}

/* ---- What the first does --------------------------------------------------------------------- */

static struct impasto_params few_steps(int scales)
{
    struct impasto_params params;
    struct impasto_error error = {0};
    if (impasto_params_preset(weights, NULL, &params, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    params.size = HEIGHT;
    params.margin = 0;
    params.scales = scales;
    params.iterations = params.first_iterations = scales > 1 ? 1 : 2;
    params.memory = (uint64_t)1 << 30;
    memset(params.content_layers, 0, sizeof(params.content_layers));
    memset(params.style_layers, 0, sizeof(params.style_layers));
    params.content_layers[1] = params.style_layers[0] = 1;
    return params;
}

/* The gradient where the job is; then all steps to come, and the result. */
static enum impasto_status run_to_the_end(struct impasto_job *job, float *gradient,
                                          struct impasto_image **result,
                                          struct impasto_error *error)
{
    enum impasto_status status = impasto_job_gradient(job, gradient, error);
    if (status == IMPASTO_OK)
        status = impasto_job_run(job, NULL, NULL, error);
    return status == IMPASTO_OK ? impasto_job_image(job, result, error) : status;
}

/* Opens a job (from a checkpoint, unless NULL), goes through it, saves it on the way, and has its
 * picture. */
static enum impasto_status work(const struct impasto_params *params, const char *from,
                                const char *to, struct impasto_image **result,
                                struct impasto_error *error)
{
    static float gradient[3 * WIDTH * HEIGHT];
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_job *job = NULL;
    enum impasto_status status =
        from ? impasto_checkpoint_open(from, &checkpoint, error) : IMPASTO_OK;
    if (status == IMPASTO_OK)
        status = from ? impasto_job_resume(devices[0], weights, &pictures, checkpoint, params, &job,
                                           error)
                      : impasto_job_open(devices[0], weights, &pictures, params, &job, error);
    if (status == IMPASTO_OK && !from)
        status = impasto_job_step(job, NULL, error);
    if (status == IMPASTO_OK && to)
        status = impasto_job_save(job, to, NULL, error);
    if (status == IMPASTO_OK)
        status = run_to_the_end(job, gradient, result, error);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static struct impasto_image *paint(int size, const struct impasto_params *params, const char *from,
                                   const char *to)
{
    struct team team;
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    if (size > 1)
        begin(&team, size, no_fault);
    const enum impasto_status status = work(params, from, to, &result, &error);
    if (size > 1)
        (void)team_end(&team, 0);
    if (status != IMPASTO_OK)
        fail_msg("%d ranks: %s", size, error.message);
    for (int rank = 1; size > 1 && rank < size; rank++)
        assert_int_equal(team.status[rank], IMPASTO_OK);
    return result;
}

/* ---- The tests ------------------------------------------------------------------------------- */

/* Of three ranks, the first works alone. */
static void same_bytes(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    const struct impasto_params params = few_steps(2);
    snprintf(path, sizeof(path), "%s", in_folder("ranks.ckpt"));
    struct impasto_image *one = paint(1, &params, NULL, NULL);
    for (int size = 2; size <= MOST; size++) {
        struct impasto_image *some = paint(size, &params, NULL, path);
        struct impasto_image *resumed = paint(MOST + 1 - size, &params, path, path);
        expect_same_picture(some, one);
        expect_same_picture(resumed, one);
        impasto_image_free(&some);
        impasto_image_free(&resumed);
    }
    impasto_image_free(&one);
}

/* One run in which a call fails; false: there are not so many. */
static bool fails(int size, int faulty, int nth, const struct impasto_params *params,
                  const char *from, const char *to)
{
    struct team team;
    struct impasto_image *result = NULL;
    struct impasto_error error = {0};
    begin(&team, size, (struct team_fault){faulty, nth});
    const enum impasto_status status = work(params, from, to, &result, &error);
    const int calls = team_end(&team, faulty);
    impasto_image_free(&result);
    for (int rank = 0; rank < size; rank++)
        assert_int_equal(imp_device_allocated(devices[rank]->device), 0);
    if (calls < nth) {
        assert_int_equal(status, IMPASTO_OK);
        return false;
    }
    /* Nothing but the end of all may have been left to say when it failed. */
    if (status != IMPASTO_OK && !strstr(error.message, COMM_FAULT))
        fail_msg("call %d of rank %d: '%s'", nth, faulty, error.message);
    return true;
}

static void try_all(int size, const struct impasto_params *params, const char *from, const char *to)
{
    for (int faulty = 0; faulty < size; faulty++) {
        int nth = 1;
        while (fails(size, faulty, nth, params, from, to))
            nth++;
        print_message("%d ranks: each of %d calls of rank %d has failed\n", size, nth - 1, faulty);
        assert_true(nth > 30);
    }
}

static void every_call_fails(void **state)
{
    (void)state;
    (void)setenv("IMPASTO_OVERLAP", "on", 1);
    char path[PATH_SIZE], other[PATH_SIZE];
    const struct impasto_params bands = few_steps(1), alone = few_steps(2);
    snprintf(path, sizeof(path), "%s", in_folder("whole.ckpt"));
    snprintf(other, sizeof(other), "%s", in_folder("other.ckpt"));
    struct impasto_image *one = paint(1, &bands, NULL, path);
    impasto_image_free(&one);
    try_all(2, &bands, NULL, other);
    try_all(2, &bands, path, NULL);
    try_all(3, &alone, NULL, other);
    (void)unsetenv("IMPASTO_OVERLAP");
}

/* ---- Devices of one process ------------------------------------------------------------------ */

static enum impasto_status all_of_a_job(struct impasto_job *job, const char *to,
                                        struct impasto_error *error)
{
    static float gradient[3 * WIDTH * HEIGHT];
    struct impasto_image *result = NULL;
    enum impasto_status status = impasto_job_step(job, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_job_save(job, to, NULL, error);
    if (status == IMPASTO_OK)
        status = run_to_the_end(job, gradient, &result, error);
    impasto_image_free(&result);
    return status;
}

/* As fails(), of a job whose lines are whole until it is open. */
static bool joined_fails(struct impasto_device *const pair[2], int faulty, int nth,
                         const struct impasto_params *params, const char *to)
{
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    if (impasto_job_open(pair[0], weights, &pictures, params, &job, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    struct imp_comm *comm = job->team->job[faulty]->comm;
    comm_fail_call(comm, nth);
    const enum impasto_status status = all_of_a_job(job, to, &error);
    const int calls = comm_calls(comm);
    impasto_job_close(&job);
    for (int i = 0; i < 2; i++)
        assert_int_equal(imp_device_allocated(pair[i]->device), 0);
    assert_int_equal(status != IMPASTO_OK, calls >= nth);
    if (status != IMPASTO_OK && (!strstr(error.message, COMM_FAULT) || strchr(error.message, '\n')))
        fail_msg("call %d of rank %d: '%s'", nth, faulty, error.message);
    return calls >= nth;
}

static void every_call_of_joined_devices_fails(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct impasto_device *pair[2] = {NULL};
    struct impasto_error error = {0};
    const struct impasto_params params = few_steps(1);
    snprintf(path, sizeof(path), "%s", in_folder("joined.ckpt"));
    (void)setenv("IMPASTO_OVERLAP", "on", 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(impasto_device_open(NULL, NULL, NULL, &pair[i], &error), IMPASTO_OK);
    assert_int_equal(impasto_device_join(pair[0], &pair[1], 1, NULL, &error), IMPASTO_OK);
    for (int faulty = 0; faulty < 2; faulty++) {
        int nth = 1;
        while (joined_fails(pair, faulty, nth, &params, path))
            nth++;
        print_message("2 devices: each of %d calls of the %s has failed\n", nth - 1,
                      faulty ? "second" : "first");
        assert_true(nth > 30);
    }
    (void)unsetenv("IMPASTO_OVERLAP");
    impasto_device_close(&pair[0]);
}

/* ---- Shares and refusals --------------------------------------------------------------------- */

/* Paints with two ranks, of which the second has so much memory; returns its rows, or 0 where the
 * job was refused. */
static int rows_with(uint64_t bytes, const struct impasto_params *params,
                     const struct impasto_pictures *pictures, struct impasto_image **result,
                     uint64_t *planned)
{
    struct team team;
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    int rows = 0;
    const uint64_t before = imp_device_caps(devices[1]->device)->memory_budget;
    imp_device_limit_memory(devices[1]->device, bytes);
    begin(&team, 2, no_fault);
    const enum impasto_status status =
        impasto_job_open(devices[0], weights, pictures, params, &job, &error);
    if (status == IMPASTO_OK) {
        const struct impasto_plan_band *band = &impasto_job_info(job)->bands[1];
        rows = band->rows;
        *planned = band->bytes;
        assert_int_equal(impasto_job_run(job, NULL, NULL, &error), IMPASTO_OK);
        assert_int_equal(impasto_job_image(job, result, &error), IMPASTO_OK);
        /* What is told is what is in use. */
        assert_int_equal(impasto_job_info(job)->bands[1].rows, rows);
    } else {
        assert_int_equal(status, IMPASTO_ERROR_MEMORY);
        assert_non_null(strstr(error.message, "rank 1: "));
    }
    impasto_job_close(&job);
    (void)team_end(&team, 0);
    imp_device_limit_memory(devices[1]->device, before);
    return rows;
}

/* Rows that do not fit a device go to another one, and the picture is the same; also where one
 * alone, of all, was asked for a share. */
static void shares_by_memory(void **state)
{
    (void)state;
    const int height = 260; /* four blocks */
    struct impasto_params params = few_steps(1);
    struct impasto_image *tall = painted_picture(WIDTH, height, 2), *first = NULL;
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = tall, .styles = &style, .style_count = 1};
    uint64_t planned = 0, ignored;
    bool fewer = false, refused = false;
    params.size = height;
    const int rows = rows_with((uint64_t)1 << 30, &params, &pictures, &first, &planned);
    assert_int_equal(rows, height - 128);
    for (uint64_t tenths = 9; tenths > 0; tenths--) {
        struct impasto_image *some = NULL;
        devices[0]->share = (float)(tenths % 2);
        const int less = rows_with(planned * tenths / 10, &params, &pictures, &some, &ignored);
        fewer = fewer || (less > 0 && less < rows);
        refused = refused || less == 0;
        if (some)
            expect_same_picture(some, first);
        impasto_image_free(&some);
    }
    devices[0]->share = 0;
    assert_true(fewer);
    assert_true(refused);
    impasto_image_free(&first);
    impasto_image_free(&tall);
}

/* Bytes that each rank gives to others in a job of so many steps; planned: what was said of one. */
static void count_traffic(const struct impasto_pictures *pictures,
                          const struct impasto_params *params, int steps, uint64_t given[MOST],
                          uint64_t planned[MOST])
{
    struct team team;
    struct impasto_error error = {0};
    struct impasto_job *job = NULL;
    begin(&team, MOST, no_fault);
    enum impasto_status status =
        impasto_job_open(devices[0], weights, pictures, params, &job, &error);
    if (status == IMPASTO_OK)
        assert_int_equal(impasto_job_info(job)->band_count, MOST);
    for (int rank = 0; rank < MOST && status == IMPASTO_OK; rank++)
        planned[rank] = impasto_job_info(job)->bands[rank].sent;
    for (int i = 0; i < steps && status == IMPASTO_OK; i++)
        status = impasto_job_step(job, NULL, &error);
    if (status != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_job_close(&job);
    team_finish(&team);
    for (int rank = 0; rank < MOST; rank++)
        given[rank] = comm_given(team.ranks[rank].comm);
    team_let_go(&team);
}

/* What the last step adds for each rank. Ranks do not end a step at the same moment, so whole jobs
 * are counted. */
static void count_step(const struct impasto_pictures *pictures, const struct impasto_params *params,
                       uint64_t given[MOST], uint64_t planned[MOST])
{
    uint64_t before[MOST];
    count_traffic(pictures, params, params->first_iterations - 1, before, planned);
    count_traffic(pictures, params, params->first_iterations, given, planned);
    for (int rank = 0; rank < MOST; rank++)
        given[rank] -= before[rank];
}

/* What a plan says that ranks give to one another is what they do: with Adam and an average, with
 * L-BFGS once it has a history, with regions and means. */
static void traffic(void **state)
{
    (void)state;
    const int height = 200; /* three blocks */
    struct impasto_image *tall = painted_picture(WIDTH, height, 2);
    struct impasto_image *mask = painted_picture(WIDTH, height, 3);
    const struct impasto_region regions[] = {
        {.struct_size = sizeof(regions[0]), .mask = mask, .weight = 1},
        {.struct_size = sizeof(regions[0]), .weight = 1}};
    const struct impasto_style both[] = {
        {.struct_size = sizeof(both[0]), .image = style_image, .weight = 1},
        {.struct_size = sizeof(both[0]), .image = style_image, .weight = 1, .region = 1}};
    struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = tall, .styles = both, .style_count = 1};
    struct impasto_params params = few_steps(1);
    params.size = height;
    params.style_layers[2] = 1;
    for (int round = 0; round < 3; round++) {
        uint64_t given[MOST], planned[MOST];
        impasto_params_optimizer(&params,
                                 round == 1 ? IMPASTO_OPTIMIZER_LBFGS : IMPASTO_OPTIMIZER_ADAM);
        params.average = round == 0 ? 0.9f : 0;
        params.history = 2;
        params.iterations = params.first_iterations = round == 1 ? 4 : 2;
        if (round == 2) {
            pictures.style_count = pictures.region_count = 2;
            pictures.regions = regions;
            params.style_loss = IMPASTO_STYLE_LOSS_COVARIANCE;
        }
        count_step(&pictures, &params, given, planned);
        for (int rank = 0; rank < MOST; rank++)
            if (given[rank] != planned[rank])
                fail_msg("round %d, rank %d: %llu bytes, not %llu", round, rank,
                         (unsigned long long)given[rank], (unsigned long long)planned[rank]);
        assert_true(planned[1] > planned[0]);
    }
    impasto_image_free(&tall);
    impasto_image_free(&mask);
}

/* Rows go to both neighbours at once, and so no rank of three takes longer than another, though the
 * middle one sends twice the rows. */
static void exchanging_on_both_sides(void **state)
{
    (void)state;
    enum { ACROSS = 10, ROWS = 64 };
    /* An image, two layers of 4 channels, each with what it reads, forwards and backwards; the
     * losses' and the guard's sums, which go to all. */
    const uint64_t rows = sizeof(float) * (3 * ACROSS + (3 + 4 + 4 + 4) * (ACROSS + 2));
    const uint64_t sums = imp_band_totals_bytes(6);
    const struct imp_comm_cost cost = {.seconds = 0.25, .bytes_per_second = 16},
                               short_ones = {.seconds = 0.25};
    const struct impasto_params params = {.average = 0};
    const struct imp_optimizer optimizer = {.carried = 0};
    for (int rank = 0; rank < 3; rank++) {
        struct imp_band band = {.height = 3 * ROWS, .begin = rank * ROWS, .rows = ROWS};
        struct imp_scale scale = {.params = &params, .band = &band, .optimizer = &optimizer};
        struct imp_net *net = &scale.objective.net;
        scale.objective.losses.spare_slot = 5;
        net->width = ACROSS;
        net->stages = 1;
        net->stage[0].last = 1;
        net->input = (struct imp_tensor){.channels = 3, .width = ACROSS};
        for (int l = 0; l < 2; l++)
            net->activation[l] = (struct imp_tensor){.channels = 4, .width = ACROSS};
        assert_int_equal(imp_scale_traffic(&scale), (rank == 1 ? 2 : 1) * rows + sums);
        assert_true(imp_scale_exchanging(&scale, &cost) == 6 * 0.25 + (double)(rows + sums) / 16);
        assert_true(imp_scale_exchanging(&scale, &short_ones) == 6 * 0.25);
    }
}

/* One device alone is advised where exchanges take longer than it, if all devices are tuned; not
 * where it has no room, nor where rows are shared badly. */
static void slow_lines(void **state)
{
    (void)state;
    struct impasto_plan_band bands[] = {{.rows = 300, .computing = 3, .exchange = 0.5},
                                        {.rows = 100, .computing = 2, .exchange = 1}};
    double room[] = {400, 1000};
    struct imp_team_times times = imp_team_times(bands, room, 2);
    assert_true(times.together == 3 && times.exchange == 0.5 && times.alone == 4);
    assert_false(imp_team_is_slowed(&times));
    bands[1].exchange = 4; /* as fast as one alone */
    times = imp_team_times(bands, room, 2);
    assert_true(times.together == 4 && times.exchange == 4);
    assert_false(imp_team_is_slowed(&times));
    bands[1].exchange = 4.5;
    bands[0].exchange = 0.75; /* not of the slowest band */
    times = imp_team_times(bands, room, 2);
    assert_true(times.together == 4.5 && times.exchange == 4.5 && times.alone == 4);
    assert_true(imp_team_is_slowed(&times));
    room[0] = 399;
    times = imp_team_times(bands, room, 2);
    assert_true(times.alone == 8);
    assert_false(imp_team_is_slowed(&times));
    room[1] = 399;
    times = imp_team_times(bands, room, 2);
    assert_false(imp_team_is_slowed(&times));
    bands[1].computing = 0;
    room[0] = room[1] = 400;
    times = imp_team_times(bands, room, 2);
    assert_true(times.together == 0);
    assert_false(imp_team_is_slowed(&times));
    const struct impasto_plan_band lopsided[] = {{.rows = 10, .computing = 0.1, .exchange = 0.01},
                                                 {.rows = 390, .computing = 8, .exchange = 0.01}};
    times = imp_team_times(lopsided, room, 2);
    assert_true(times.together > times.alone);
    assert_false(imp_team_is_slowed(&times));
    const struct impasto_plan_band both[] = {{.rows = 10, .computing = 0.1, .exchange = 5},
                                             {.rows = 390, .computing = 8, .exchange = 5}};
    times = imp_team_times(both, room, 2);
    assert_true(times.together == 8 && times.exchange > times.alone);
    assert_false(imp_team_is_slowed(&times));
}

static void refusals(void **state)
{
    (void)state;
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_serve(devices[0], weights, &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_ranks_launched(), 1);
}

static void one_job_at_a_time(void **state)
{
    (void)state;
    struct team team;
    struct impasto_error error = {0};
    struct impasto_job *job = NULL, *second = NULL;
    const struct impasto_params params = few_steps(1);
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    begin(&team, 2, no_fault);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(impasto_job_plan(devices[0], weights, &pictures, &params, &job, &error),
                         IMPASTO_OK);
        assert_int_equal(impasto_job_plan(devices[0], weights, &pictures, &params, &second, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "one job at a time"));
        assert_null(second);
        impasto_job_close(&job);
    }
    (void)team_end(&team, 0);
    assert_int_equal(team.status[1], IMPASTO_OK);
}

/* Two ranks of a machine have half of its memory each. */
static void joining(void **state)
{
    (void)state;
    struct imp_comm *ends[2];
    struct impasto_error error = {0};
    const struct imp_caps *caps = imp_device_caps(devices[0]->device);
    const uint64_t before = caps->memory_budget;
    const bool shares = caps->info.type == IMPASTO_DEVICE_CPU;
    assert_int_equal(imp_comm_local_open(2, ends, &error), IMPASTO_OK);
    struct impasto_ranks ranks = {.comm = ends[0]};
    assert_int_equal(impasto_device_join_ranks(devices[0], &ranks, -1, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_device_join_ranks(devices[0], &ranks, 0, &error), IMPASTO_OK);
    assert_true(caps->memory_budget == (shares ? before / 2 : before));
    assert_int_equal(impasto_device_join_ranks(devices[0], &ranks, 0, &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_device_join(devices[0], &devices[1], 1, NULL, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_device_join(devices[1], &devices[0], 1, NULL, &error),
                     IMPASTO_ERROR_USAGE);
    imp_device_limit_memory(devices[0]->device, before);
    devices[0]->ranks = NULL;
    imp_comm_close(ends[1]);
    imp_comm_close(ends[0]);
}

int main(void)
{
    struct impasto_error error = {0};
    /* Where threads of its own work for several devices that are one, PoCL 3.1 now and then loses
     * count of a kernel's users, and stops the process. */
    (void)setenv("POCL_MAX_PTHREAD_COUNT", "1", 1);
    if (impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, NULL) != IMPASTO_OK)
        return 1;
    for (int i = 0; i < MOST; i++)
        if (impasto_device_open(NULL, NULL, NULL, &devices[i], &error) != IMPASTO_OK)
            return 1;
    content = painted_picture(WIDTH, HEIGHT, 0);
    style_image = painted_picture(24, 20, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),        cmocka_unit_test(every_call_fails),
        cmocka_unit_test(shares_by_memory),  cmocka_unit_test(slow_lines),
        cmocka_unit_test(refusals),          cmocka_unit_test(joining),
        cmocka_unit_test(one_job_at_a_time), cmocka_unit_test(every_call_of_joined_devices_fails),
        cmocka_unit_test(traffic),           cmocka_unit_test(exchanging_on_both_sides),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
