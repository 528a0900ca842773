/* SPDX-License-Identifier: MIT */
/*
 * Bands of a tensor on devices of a kind, and on devices with vectors of unlike width: what they
 * exchange, and what they add up, beside the whole tensor on one device.
 */

#include "files.h"
#include "open_device.h"

#include "base/os.h"
#include "ops/gram.h"
#include "ops/sums.h"
#include "vgg/band.h"

#include <math.h>

#define CHANNELS 64
#define WIDTH 9
#define HEIGHT 195 /* three blocks */
#define MOST 3

/* What a rank begins with, and what it finds. */
struct rank {
    int lanes, begin, rows;
    const int *begins;
    struct imp_comm *comm;
    struct imp_os_thread *thread;
    float gram[CHANNELS * CHANNELS], mean[CHANNELS];
    double total;
    float beside[2][CHANNELS][WIDTH]; /* the halo's rows, after an exchange */
    char error[1024];
};

static float spoilt; /* added to one value in the last band */

static float value_of(int c, int y, int x)
{
    const uint32_t bits = imp_rng_bits(7, 3, (uint64_t)((c * HEIGHT + y) * WIDTH + x));
    const float value = (float)(bits >> 8) / (float)(1 << 24);
    return c == 5 && y == HEIGHT - 2 && x == 3 ? value + spoilt : value;
}

/* Where in a tensor's buffer position x of row y of channel c is. */
static size_t place(const struct imp_tensor *t, int c, int y, int x)
{
    const size_t lanes = (size_t)t->lanes, plane = (size_t)imp_tensor_plane(t);
    return ((size_t)(c / t->lanes) * plane + (size_t)((y + 1) * (t->width + 2) + x + 1)) * lanes +
           (size_t)(c % t->lanes);
}

static enum impasto_status fill(const struct rank *rank, const struct imp_tensor *t)
{
    const size_t bytes = imp_tensor_bytes(t->channels, t->height, t->width, t->lanes);
    float *floats = calloc(1, bytes);
    if (!floats)
        return IMPASTO_ERROR_MEMORY;
    for (int c = 0; c < CHANNELS; c++)
        for (int y = 0; y < t->height; y++)
            for (int x = 0; x < WIDTH; x++)
                floats[place(t, c, y, x)] = value_of(c, rank->begin + y, x);
    const enum impasto_status status = imp_buffer_write(t->buffer, 0, floats, bytes);
    free(floats);
    return status;
}

static enum impasto_status look_beside(struct rank *rank, const struct imp_tensor *t)
{
    const size_t bytes = imp_tensor_bytes(t->channels, t->height, t->width, t->lanes);
    float *floats = malloc(bytes);
    if (!floats)
        return IMPASTO_ERROR_MEMORY;
    const enum impasto_status status = imp_buffer_read(t->buffer, 0, floats, bytes);
    for (int side = 0; side < 2 && status == IMPASTO_OK; side++)
        for (int c = 0; c < CHANNELS; c++)
            for (int x = 0; x < WIDTH; x++)
                rank->beside[side][c][x] = floats[place(t, c, side ? t->height : -1, x)];
    free(floats);
    return status;
}

/* All that one rank does. */
static enum impasto_status measure(struct rank *rank, struct imp_device *device,
                                   struct imp_band *band)
{
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_blocks blocks = imp_band_blocks(band, HEIGHT, 0);
    const struct imp_window all = {.rows = rank->rows, .at = 0, .begins = true};
    struct imp_tensor t = {
        .channels = CHANNELS, .height = rank->rows, .width = WIDTH, .lanes = caps->vector_width};
    struct imp_buffer *workspace, *sums, *means, *gram, *mean, *shares;
    struct imp_layout layout = {0};
    imp_layout_add(&layout, &t.buffer, imp_tensor_bytes(CHANNELS, t.height, WIDTH, t.lanes),
                   "test");
    imp_layout_add(&layout, &workspace,
                   imp_gram_workspace(caps, CHANNELS, t.height, WIDTH, &blocks), "test");
    imp_layout_add(&layout, &sums, imp_gram_sums_bytes(caps, CHANNELS), "test");
    imp_layout_add(&layout, &means, imp_mean_sums_bytes(CHANNELS), "test");
    imp_layout_add(&layout, &gram, sizeof(rank->gram), "test");
    imp_layout_add(&layout, &mean, sizeof(rank->mean), "test");
    imp_layout_add(&layout, &shares, IMP_PARTS * sizeof(float), "test");
    imp_band_layout(band, &layout);
    enum impasto_status status = imp_layout_allocate(&layout, device);
    if (status == IMPASTO_OK)
        status = fill(rank, &t);
    if (status == IMPASTO_OK &&
        !(status = imp_gram(device, &t, &all, &blocks, NULL, workspace, sums, "test")) &&
        !(status = imp_band_add_gram(band, sums, CHANNELS)) &&
        !(status = imp_band_exchange_begin(band, &t)) &&
        !(status = imp_mean(device, &t, &all, &blocks, NULL, workspace, means, "test")) &&
        !(status = imp_band_exchange_end(band, &t)) &&
        !(status = imp_band_add_means(band, means, CHANNELS)) &&
        !(status = imp_sum_squares(device, &t, &blocks, shares, 0)) &&
        !(status = imp_band_totals(band, device, shares, 1, NULL, &rank->total)) &&
        !(status = imp_band_add_end(band)) &&
        !(status = imp_gram_finish(device, sums, CHANNELS, 100, gram)) &&
        !(status = imp_buffer_read(gram, 0, rank->gram, sizeof(rank->gram))) &&
        !(status = imp_mean_finish(device, means, CHANNELS, 100, mean)) &&
        !(status = imp_buffer_read(mean, 0, rank->mean, sizeof(rank->mean))))
        status = look_beside(rank, &t);
    imp_layout_release(&layout);
    return status;
}

static void work(void *user)
{
    struct rank *rank = user;
    const struct imp_device_options options = {.vector_width = rank->lanes};
    struct imp_device *device = NULL;
    struct imp_band band = {0};
    enum impasto_status status = IMPASTO_ERROR_DEVICE;
    if (open_test_device(&options, &device) == 0)
        status = imp_band_open(&band, device, rank->comm, rank->begins, WIDTH);
    if (status == IMPASTO_OK)
        status = measure(rank, device, &band);
    if (status != IMPASTO_OK) {
        snprintf(rank->error, sizeof(rank->error), "%s",
                 device ? imp_device_error(device)->message : "no device");
        imp_comm_fail(rank->comm, status, rank->error);
    }
    imp_band_close(&band);
    imp_device_close(&device);
    imp_comm_close(rank->comm);
}

/* lanes: of each rank. begins: the first row of each, and behind them the height. */
static void run(struct rank *ranks, int size, const int *lanes, const int *begins)
{
    struct imp_comm *ends[MOST];
    struct impasto_error error = {0};
    assert_int_equal(imp_comm_local_open(size, ends, &error), IMPASTO_OK);
    for (int i = 0; i < size; i++) {
        ranks[i] = (struct rank){.lanes = lanes[i],
                                 .begin = begins[i],
                                 .rows = begins[i + 1] - begins[i],
                                 .begins = begins,
                                 .comm = ends[i]};
        assert_int_equal(imp_os_start_thread(&ranks[i].thread, work, &ranks[i]), 0);
    }
    for (int i = 0; i < size; i++)
        imp_os_join_thread(&ranks[i].thread);
    for (int i = 0; i < size; i++)
        if (ranks[i].error[0])
            fail_msg("rank %d: %s", i, ranks[i].error);
}

/* ---- What is to be found --------------------------------------------------------------------- */

static void expect_neighbours(const struct rank *rank)
{
    for (int side = 0; side < 2; side++) {
        const int y = side ? rank->begin + rank->rows : rank->begin - 1;
        for (int c = 0; c < CHANNELS; c++)
            for (int x = 0; x < WIDTH; x++)
                assert_true(rank->beside[side][c][x] ==
                            (y < 0 || y >= HEIGHT ? 0 : value_of(c, y, x)));
    }
}

static void expect_near(const float *found, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(found[i] - expected[i]) <= 1e-6f * fabsf(expected[i])))
            fail_msg("value %zu is %g, not %g", i, (double)found[i], (double)expected[i]);
}

static const int whole[] = {0, HEIGHT}, two[] = {0, 128, HEIGHT}, three[] = {0, 64, 128, HEIGHT};

static void devices_of_a_kind(void **state)
{
    static struct rank one[1], some[MOST];
    (void)state;
    spoilt = 0;
    run(one, 1, (int[]){0}, whole);
    for (int size = 2; size <= MOST; size++) {
        run(some, size, (int[MOST]){0}, size == 2 ? two : three);
        for (int i = 0; i < size; i++) {
            expect_neighbours(&some[i]);
            assert_memory_equal(some[i].gram, one[0].gram, sizeof(one[0].gram));
            assert_memory_equal(some[i].mean, one[0].mean, sizeof(one[0].mean));
            assert_true(some[i].total == one[0].total);
        }
    }
}

static void unlike_devices(void **state)
{
    static struct rank one[1], some[MOST];
    (void)state;
    spoilt = 0;
    run(one, 1, (int[]){0}, whole);
    run(some, 3, (int[]){4, 16, 8}, three);
    for (int i = 0; i < 3; i++) {
        expect_neighbours(&some[i]);
        expect_near(some[i].gram, one[0].gram, IMP_COUNT(one[0].gram));
        expect_near(some[i].mean, one[0].mean, CHANNELS);
        assert_true(fabs(some[i].total / one[0].total - 1) < 1e-6);
        assert_true(some[i].total == some[0].total);
    }
}

/* What is not a number in one band is one in none. */
static void numbers_that_are_spoilt(void **state)
{
    static struct rank some[MOST];
    (void)state;
    spoilt = INFINITY;
    for (int unlike = 0; unlike < 2; unlike++) {
        run(some, 2, (int[]){0, unlike ? 4 : 0}, two);
        for (int i = 0; i < 2; i++) {
            assert_true(isnan(some[i].gram[5 * CHANNELS + 5]));
            assert_true(isnan(some[i].mean[5]));
            assert_true(!isfinite(some[i].total));
        }
    }
}

int main(void)
{
    struct imp_device *device = NULL;
    const int code = open_test_device(NULL, &device);
    imp_device_close(&device);
    if (code != 0)
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_of_a_kind),
        cmocka_unit_test(unlike_devices),
        cmocka_unit_test(numbers_that_are_spoilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
