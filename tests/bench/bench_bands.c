/* SPDX-License-Identifier: MIT */
/*
 * What it spares that bands exchange rows while they compute others: seconds of an iteration of one
 * picture on several devices of this process, between which lines are as slow as one likes.
 *
 *   build/tests/bench_bands [SIZE [DEVICES [ROUNDS]]]
 *
 * $IMPASTO_DEVICE is opened so many times. One job is measured throughout. In each round every line
 * is tried in both ways, one right after the other, so that what else the machine does meets both
 * alike. Prints the medians; the median of what the pairs differ by, which is what overlapping
 * spares; and how long rows are on their way in an iteration, which is the most that it can.
 *
 * A rank has one line to all others. What it sends goes out in its order, and arrives later by the
 * line's latency. A sum goes out twice, to be collected and given back.
 */

#include "base/os.h"
#include "comm/transport.h"
#include "paint/job.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 8     /* devices */
#define ROUNDS 100 /* the most */
#define WARM 2     /* rounds that are not counted */
#define KEPT 64    /* messages of which it is known when they arrive */

static const struct line {
    const char *name;
    double rate, latency; /* bytes a second, 0: any number; seconds */
} lines[] = {
    {"this process's memory", 0, 0},
    {"10 Gb/s, 100 us", 10e9 / 8, 100e-6},
    {"1 Gb/s, 100 us", 1e9 / 8, 100e-6},
    {"0.25 Gb/s, 1 ms", 0.25e9 / 8, 1e-3},
};
static const struct line *line;

/* ---- Lines ----------------------------------------------------------------------------------- */

/* Stands before an end's transport. */
struct slow {
    const struct imp_transport *real;
    void *end;
    int rank, size;
    double busy_until;
    double bytes; /* of all exchanges */
    unsigned exchanges, sums;
    bool peers[MOST]; /* of the exchange at hand */
};

static _Atomic double rows_arrive[MOST][KEPT], sums_arrive[MOST][KEPT];

static double send_out(struct slow *slow, double bytes)
{
    const double now = imp_host_seconds();
    slow->busy_until = (slow->busy_until > now ? slow->busy_until : now) +
                       (line->rate > 0 ? bytes / line->rate : 0);
    return slow->busy_until + line->latency;
}

static void sleep_until(double when)
{
    const double left = when - imp_host_seconds();
    if (!(left > 0))
        return;
    const struct timespec time = {.tv_sec = (time_t)left,
                                  .tv_nsec = (long)(1e9 * (left - (double)(time_t)left))};
    (void)nanosleep(&time, NULL);
}

static enum impasto_status exchange_begin(void *end, struct imp_transfer *transfers, size_t count,
                                          struct impasto_error *error)
{
    struct slow *slow = end;
    double bytes = 0;
    memset(slow->peers, 0, sizeof(slow->peers));
    for (size_t i = 0; i < count; i++) {
        slow->peers[transfers[i].peer] = true;
        bytes += transfers[i].sends ? (double)transfers[i].size : 0;
    }
    slow->bytes += bytes;
    rows_arrive[slow->rank][slow->exchanges++ % KEPT] = send_out(slow, bytes);
    return slow->real->exchange_begin(slow->end, transfers, count, error);
}

static enum impasto_status exchange_end(void *end, struct impasto_error *error)
{
    struct slow *slow = end;
    const enum impasto_status status = slow->real->exchange_end(slow->end, error);
    for (int rank = 0; rank < slow->size && status == IMPASTO_OK; rank++)
        if (slow->peers[rank])
            sleep_until(rows_arrive[rank][(slow->exchanges - 1) % KEPT]);
    return status;
}

static enum impasto_status sum_begin(void *end, int64_t *values, size_t count,
                                     struct impasto_error *error)
{
    struct slow *slow = end;
    sums_arrive[slow->rank][slow->sums++ % KEPT] =
        send_out(slow, 2.0 * (double)count * sizeof(*values)) + line->latency;
    return slow->real->sum_begin(slow->end, values, count, error);
}

static enum impasto_status sum_end(void *end, struct impasto_error *error)
{
    struct slow *slow = end;
    const enum impasto_status status = slow->real->sum_end(slow->end, error);
    for (int rank = 0; rank < slow->size && status == IMPASTO_OK; rank++)
        sleep_until(sums_arrive[rank][(slow->sums - 1) % KEPT]);
    return status;
}

static enum impasto_status gather(void *end, const double *own, double *all, const size_t *counts,
                                  struct impasto_error *error)
{
    struct slow *slow = end;
    const double arrives = send_out(slow, (double)counts[slow->rank] * sizeof(*own));
    const enum impasto_status status = slow->real->gather(slow->end, own, all, counts, error);
    sleep_until(arrives + line->latency);
    return status;
}

static enum impasto_status broadcast(void *end, void *bytes, size_t size, int root,
                                     struct impasto_error *error)
{
    struct slow *slow = end;
    return slow->real->broadcast(slow->end, bytes, size, root, error);
}

static void tell_failure(void *end, const struct impasto_error *error)
{
    const struct slow *slow = end;
    slow->real->fail(slow->end, error);
}

static void close_end(void *end, const struct impasto_error *error)
{
    struct slow *slow = end;
    slow->real->close(slow->end, error);
    free(slow);
}

/* A painting sends no letters. */
static const struct imp_transport transport = {.exchange_begin = exchange_begin,
                                               .exchange_end = exchange_end,
                                               .sum_begin = sum_begin,
                                               .sum_end = sum_end,
                                               .gather = gather,
                                               .broadcast = broadcast,
                                               .fail = tell_failure,
                                               .close = close_end};

static void slow_down(struct imp_comm *comm)
{
    struct slow *slow = calloc(1, sizeof(*slow));
    if (!slow)
        abort();
    *slow = (struct slow){
        .real = comm->transport, .end = comm->end, .rank = comm->rank, .size = comm->size};
    comm->transport = &transport;
    comm->end = slow;
}

/* ---- The job --------------------------------------------------------------------------------- */

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_bands: %s\n", error->message);
    exit(1);
}

static struct impasto_image *made_picture(int size, int kind)
{
    struct impasto_image *image = NULL;
    struct impasto_error error;
    check(impasto_image_create(size, size, &image, &error), &error);
    for (int i = 0; i < 3 * size * size; i++)
        image->rgb[i] = (float)(imp_rng_bits(1, (uint32_t)kind, (uint64_t)i / 48) >> 8) / (1 << 24);
    return image;
}

static struct impasto_device *open_devices(int count)
{
    struct impasto_device *devices[MOST] = {NULL};
    struct impasto_error error;
    for (int i = 0; i < count; i++)
        check(impasto_device_open(getenv("IMPASTO_DEVICE"), NULL, NULL, &devices[i], &error),
              &error);
    check(impasto_device_join(devices[0], devices + 1, (size_t)count - 1, NULL, &error), &error);
    return devices[0];
}

static struct impasto_job *open_job(struct impasto_device *device, int size)
{
    struct impasto_weights *weights = NULL;
    struct impasto_params params;
    struct impasto_error error;
    struct impasto_job *job = NULL;
    struct impasto_image *content = made_picture(size, 0), *painting = made_picture(256, 1);
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = painting, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    check(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error), &error);
    check(impasto_params_preset(weights, NULL, &params, &error), &error);
    impasto_params_optimizer(&params, IMPASTO_OPTIMIZER_ADAM);
    params.size = size;
    params.margin = 0;
    params.scales = 1;
    params.average = 0;
    params.iterations = params.first_iterations = 100000;
    check(impasto_job_open(device, weights, &pictures, &params, &job, &error), &error);
    impasto_weights_close(&weights);
    impasto_image_free(&content);
    impasto_image_free(&painting);
    return job;
}

/* ---- Measuring ------------------------------------------------------------------------------- */

static double seconds[IMP_COUNT(lines)][2][ROUNDS], spared[IMP_COUNT(lines)][ROUNDS];

static double time_step(struct impasto_job *job, bool overlaps)
{
    struct impasto_error error;
    for (int rank = 0; rank < job->team->size; rank++)
        job->team->job[rank]->band.pace = (struct imp_pace){.decided = true, .overlaps = overlaps};
    const double since = imp_host_seconds();
    check(impasto_job_step(job, NULL, &error), &error);
    return imp_host_seconds() - since;
}

/* Each way is the first of every other round. */
static void measure_round(struct impasto_job *job, int round)
{
    for (size_t i = 0; i < IMP_COUNT(lines); i++) {
        double took[2];
        line = &lines[i];
        for (int k = 0; k < 2; k++)
            took[k ^ (round & 1)] = time_step(job, k ^ (round & 1));
        for (int on = 0; on < 2 && round >= 0; on++)
            seconds[i][on][round] = took[on];
        if (round >= 0)
            spared[i][round] = took[false] - took[true];
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Of the first rank, in one step. */
static double on_their_way(const struct slow *slow, const struct line *of, int steps)
{
    return of->rate > 0 ? (slow->bytes / of->rate + slow->exchanges * of->latency) / (double)steps
                        : 0;
}

static void print_table(const struct slow *slow, int rounds)
{
    const int steps = (rounds + WARM) * 2 * (int)IMP_COUNT(lines);
    printf("| line | before, s | meanwhile, s | spared, ms | rows on their way, ms |\n"
           "|---|---|---|---|---|\n");
    for (size_t i = 0; i < IMP_COUNT(lines); i++)
        printf("| %s | %.3f | %.3f | %.0f | %.0f |\n", lines[i].name,
               median(seconds[i][false], rounds), median(seconds[i][true], rounds),
               1e3 * median(spared[i], rounds), 1e3 * on_their_way(slow, &lines[i], steps));
}

int main(int argc, char **argv)
{
    const int size = argc > 1 ? atoi(argv[1]) : 512, count = argc > 2 ? atoi(argv[2]) : 2;
    const int rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (size < 64 || count < 2 || count > MOST || rounds < 1 || rounds > ROUNDS) {
        fprintf(stderr, "bench_bands [SIZE [DEVICES (2 to %d) [ROUNDS (to %d)]]]\n", MOST, ROUNDS);
        return 2;
    }
    struct impasto_device *device = open_devices(count);
    struct impasto_job *job = open_job(device, size);
    if (job->band_count == 0) {
        fprintf(stderr, "bench_bands: %d pixels are too few for %d bands\n", size, count);
        return 1;
    }
    for (int rank = 0; rank < count; rank++)
        slow_down(job->team->job[rank]->comm);
    for (int round = -WARM; round < rounds; round++)
        measure_round(job, round);
    print_table(job->comm->end, rounds);
    impasto_job_close(&job);
    impasto_device_close(&device);
    return 0;
}
