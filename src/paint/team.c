/* SPDX-License-Identifier: MIT */
/*
 * A picture on several devices. Each has a job of its own, with a band of the picture's rows, and
 * is a rank of a team. What a caller asks of the first job, all do at once, each in a thread, or in
 * a process of its own (serve.c).
 *
 * Decisions rest on numbers that are the same on all ranks: sums are added up alike, and sizes,
 * schedule and pictures are everybody's. What may differ, as the memory of devices does, is agreed
 * on.
 */

#include "base/os.h"
#include "paint/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Opening --------------------------------------------------------------------------------- */

static double speed_of(const struct impasto_device *device)
{
    const double seconds = imp_tuning_seconds(impasto_device_info(device));
    return seconds > 0 ? 1 / seconds : 0;
}

static void give_rank(struct impasto_job *job, const struct impasto_device *first, int rank,
                      struct imp_comm *comm)
{
    const struct impasto_device *own = rank == 0 ? first : first->others[rank - 1];
    job->comm = comm;
    job->share = first->shares ? (double)first->shares[rank] : 0;
    job->tuned = speed_of(own);
    job->device = own->device;
}

static enum impasto_status join_processes(struct impasto_job *job,
                                          const struct impasto_device *device,
                                          struct impasto_error *error)
{
    if (device->ranks->at_work)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "one job at a time with ranks; close the one that is open before");
    job->apart = device->ranks;
    job->apart->at_work = true;
    job->comm = device->ranks->comm;
    job->share = (double)device->share;
    job->tuned = speed_of(device);
    return IMPASTO_OK;
}

enum impasto_status imp_team_open(struct impasto_job *job, struct impasto_device *device,
                                  struct impasto_error *error)
{
    const int size = 1 + device->joined;
    struct imp_comm *ends[IMPASTO_DEVICES];
    if (device->ranks)
        IMP_TRY(join_processes(job, device, error));
    if (size == 1)
        return IMPASTO_OK;
    struct imp_team *team = calloc(1, sizeof(*team));
    if (!team)
        return imp_fail_memory(error, "a team of devices", sizeof(*team));
    job->team = team;
    team->job[0] = job;
    for (team->size = 1; team->size < size; team->size++) {
        struct impasto_job *other = malloc(sizeof(*other));
        if (!other)
            return imp_fail_memory(error, "a job", sizeof(*other));
        *other = *job; /* which has nothing of its own yet */
        other->team = NULL;
        team->job[team->size] = other;
    }
    IMP_TRY(imp_comm_local_open(size, ends, error));
    for (int rank = 0; rank < size; rank++)
        give_rank(team->job[rank], device, rank, ends[rank]);
    return IMPASTO_OK;
}

static enum impasto_status broken(struct impasto_job *job, enum impasto_status status)
{
    return imp_ranks_heard(job->comm, job->device, status);
}

enum impasto_status imp_share(struct impasto_job *job, void *bytes, size_t size)
{
    return job->comm ? broken(job, imp_comm_broadcast(job->comm, bytes, size, 0)) : IMPASTO_OK;
}

/* Tells other processes what is to be done. */
static enum impasto_status tell(struct impasto_job *job, enum imp_call call)
{
    int number = (int)call;
    return broken(job, imp_comm_await(job->comm, &number, sizeof(number)));
}

void imp_team_close(struct impasto_job *job)
{
    if (job->apart && imp_comm_rank(job->comm) == 0)
        (void)tell(job, IMP_CALL_CLOSE);
    if (job->apart)
        job->apart->at_work = false;
    else
        imp_comm_close(job->comm);
    job->comm = NULL;
    job->apart = NULL;
    free(job->team);
    job->team = NULL;
}

enum impasto_status imp_team_refuse(const struct impasto_job *job, const char *what,
                                    struct impasto_error *error)
{
    return imp_refuse_several(job->comm != NULL, what, error);
}

/* ---- Working --------------------------------------------------------------------------------- */

/* One rank's part of some work. */
struct part {
    struct impasto_job *job;
    const struct imp_task *task;
    void *user;
    enum impasto_status status;
};

/* Numbers that are not finite are met by all bands at the same time; a rank that works alone agrees
 * on them where the others wait. Of any other failure that was not agreed on, the others must hear,
 * or they would wait. */
enum impasto_status imp_team_take_part(struct impasto_job *job, const struct imp_task *task,
                                       void *user)
{
    job->agreed = false;
    const enum impasto_status status = task->work(job, user);
    if (status != IMPASTO_OK && status != IMPASTO_ERROR_NUMERIC && !job->agreed)
        imp_comm_fail(job->comm, status, imp_device_error(job->device)->message);
    return status;
}

static void do_part(void *user)
{
    struct part *part = user;
    part->status = imp_team_take_part(part->job, part->task, part->user);
}

static void fail_thread(struct part *part, int problem)
{
    part->status = imp_device_fail(part->job->device, IMPASTO_ERROR_MEMORY,
                                   "no thread can be had for a device: %s; use fewer devices",
                                   strerror(problem));
    imp_comm_fail(part->job->comm, part->status, imp_device_error(part->job->device)->message);
}

/* The first rank has what its caller is told. */
static enum impasto_status outcome(const struct part *parts, int size)
{
    for (int rank = 0; rank < size; rank++)
        if (parts[rank].status != IMPASTO_OK)
            return rank == 0 ? parts[0].status
                             : imp_device_fail(parts[0].job->device, parts[rank].status, "%s",
                                               imp_device_error(parts[rank].job->device)->message);
    return IMPASTO_OK;
}

static enum impasto_status run_threads(struct impasto_job *job, const struct imp_task *task,
                                       void *user)
{
    struct part parts[IMPASTO_DEVICES] = {{0}};
    struct imp_os_thread *threads[IMPASTO_DEVICES] = {NULL};
    const int size = job->team->size;
    for (int rank = 0; rank < size; rank++)
        parts[rank] = (struct part){.job = job->team->job[rank], .task = task, .user = user};
    for (int rank = 1; rank < size; rank++) {
        const int problem = imp_os_start_thread(&threads[rank], do_part, &parts[rank]);
        if (problem != 0)
            fail_thread(&parts[rank], problem);
    }
    do_part(&parts[0]);
    for (int rank = 1; rank < size; rank++)
        if (threads[rank])
            imp_os_join_thread(&threads[rank]);
    return outcome(parts, size);
}

static enum impasto_status run_processes(struct impasto_job *job, const struct imp_task *task,
                                         void *user)
{
    IMP_TRY(tell(job, task->call));
    if (task->tells_last)
        IMP_TRY(imp_share(job, user, sizeof(bool)));
    return imp_team_take_part(job, task, user);
}

enum impasto_status imp_team_run(struct impasto_job *job, const struct imp_task *task, void *user)
{
    if (job->apart)
        return run_processes(job, task, user);
    return job->team ? run_threads(job, task, user) : task->work(job, user);
}

enum impasto_status imp_team_agree(struct impasto_job *job, enum impasto_status mine)
{
    if (!job->comm)
        return mine;
    const enum impasto_status status = imp_ranks_agree(job->comm, job->device, mine);
    job->agreed = job->agreed || status != IMPASTO_OK;
    return status;
}

/* What each rank has to say, `count` numbers of each. */
static enum impasto_status hear(struct impasto_job *job, const double *own, size_t count,
                                double *all)
{
    size_t counts[IMPASTO_RANKS];
    for (int rank = 0; rank < imp_comm_size(job->comm); rank++)
        counts[rank] = count;
    return broken(job, imp_comm_gather(job->comm, own, all, counts));
}

enum impasto_status imp_team_any_not(struct impasto_job *job, bool mine, bool *any_not)
{
    const double own = mine;
    double all[IMPASTO_RANKS];
    *any_not = false;
    IMP_TRY(hear(job, &own, 1, all));
    for (int rank = 0; rank < imp_comm_size(job->comm); rank++)
        *any_not = *any_not || all[rank] == 0;
    return IMPASTO_OK;
}

/* ---- Sharing the rows ------------------------------------------------------------------------ */

struct imp_band *imp_team_band(struct impasto_job *job)
{
    return job->band.comm ? &job->band : NULL;
}

/* What the rows are shared by: what was asked for, or what was measured in this run, or by tuning,
 * if it is known of all devices; else evenly. Returns which. */
enum { SHARE, MEASURED, TUNED, KINDS, ROOM = KINDS, SAID_OF_ROWS };

static int weigh(const double *said, int size, double *weights)
{
    for (int kind = 0; kind < KINDS; kind++) {
        bool known = true;
        for (int rank = 0; rank < size; rank++) {
            weights[rank] = said[rank * SAID_OF_ROWS + kind];
            known = known && weights[rank] > 0;
        }
        if (known)
            return kind;
    }
    for (int rank = 0; rank < size; rank++)
        weights[rank] = 1;
    return KINDS;
}

/* Makes rows of weights, of which none is more than a rank has room for, as far as others have it.
 */
static void keep_within_room(const double *said, int size, double rows, double *weights)
{
    bool full[IMPASTO_RANKS] = {false};
    for (bool changed = true; changed;) {
        double rest = rows, sum = 0;
        changed = false;
        for (int rank = 0; rank < size; rank++)
            if (full[rank])
                rest -= weights[rank];
            else
                sum += weights[rank];
        for (int rank = 0; rank < size; rank++) {
            const double room = said[rank * SAID_OF_ROWS + ROOM];
            if (full[rank] || room <= 0 || !(rest * weights[rank] / sum > room))
                continue;
            weights[rank] = room;
            full[rank] = changed = true;
        }
        for (int rank = 0; rank < size && !changed; rank++)
            weights[rank] *= full[rank] ? 1 : fmax(rest, 0) / sum;
    }
}

/* begins: where each rank's rows begin, in blocks, and behind them the number of blocks. Each rank
 * has a block at least. */
static void share_blocks(const double *weights, int size, int blocks, int *begins)
{
    double sum = 0, before = 0;
    for (int rank = 0; rank < size; rank++)
        sum += weights[rank];
    for (int rank = 0; rank <= size; rank++) {
        const int least = rank == 0 ? 0 : begins[rank - 1] + 1, most = blocks - (size - rank);
        const int fair = rank == 0 ? 0 : (int)lround(blocks * before / sum);
        begins[rank] = rank == size ? blocks : fair < least ? least : fair > most ? most : fair;
        before += rank < size ? weights[rank] : 0;
    }
}

enum impasto_status imp_team_cut(struct impasto_job *job, const struct imp_sizes *sizes,
                                 bool within_room)
{
    imp_band_close(&job->band);
    job->idle = job->shared = false;
    job->busy = 0;
    job->timed = 0;
    if (!job->comm)
        return IMPASTO_OK;
    const int size = imp_comm_size(job->comm);
    const struct imp_blocks blocks = imp_blocks_of(sizes->canvas_height, 0);
    const double own[SAID_OF_ROWS] = {job->share, job->measured, job->tuned, job->room};
    double said[SAID_OF_ROWS * IMPASTO_RANKS], weights[IMPASTO_RANKS];
    int begins[IMPASTO_RANKS + 1];
    if (blocks.count < size) {
        job->idle = imp_comm_rank(job->comm) > 0;
        return IMPASTO_OK;
    }
    IMP_TRY(hear(job, own, SAID_OF_ROWS, said));
    job->shared = weigh(said, size, weights) == SHARE;
    if (within_room)
        keep_within_room(said, size, sizes->canvas_height, weights);
    share_blocks(weights, size, blocks.count, begins);
    for (int rank = 0; rank <= size; rank++)
        begins[rank] = rank == size ? sizes->canvas_height : begins[rank] * blocks.rows;
    return imp_band_open(&job->band, job->device, job->comm, begins, sizes->canvas_width);
}

/* Multiplications of the layers from `first` to before `end`, to one of conv1_2's. */
static double work_of(int first, int end)
{
    double work = 0;
    for (int l = first; l < end; l++) {
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        const double side = 1 << (shape->block - 1);
        work += shape->in_channels * shape->out_channels / (side * side);
    }
    return work;
}

/* Of an iteration: by what tuning has measured of a typical one, the job's own layers, and its own
 * plan, as some are computed twice. 0: nothing was measured. */
static double computing_seconds(const struct impasto_job *job)
{
    const double pixels = (double)job->band.rows * job->band.width;
    const double layers = work_of(0, job->model.layers) / work_of(1, IMP_TYPICAL_DEPTH);
    const double typical = pixels / (IMP_TYPICAL_SIDE * IMP_TYPICAL_SIDE) * layers;
    return job->tuned > 0 ? typical / job->tuned * job->scale.cost / job->scale.cost_of_keeping : 0;
}

struct imp_team_times imp_team_times(const struct impasto_plan_band *bands, const double *room,
                                     size_t count)
{
    struct imp_team_times times = {.alone = INFINITY};
    double rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += bands[i].rows;
    for (size_t i = 0; i < count; i++) {
        /* Each may be hidden behind the other. */
        const double together = fmax(bands[i].computing, bands[i].exchange);
        if (bands[i].computing <= 0)
            return (struct imp_team_times){0};
        if (together > times.together) {
            times.together = together;
            times.exchange = bands[i].exchange;
        }
        if (room[i] >= rows)
            times.alone = fmin(times.alone, bands[i].computing * rows / bands[i].rows);
    }
    return times;
}

bool imp_team_is_slowed(const struct imp_team_times *times)
{
    return times->exchange > times->alone && times->exchange >= times->together;
}

enum impasto_status imp_team_describe(struct impasto_job *job)
{
    enum { DEVICE, BEGIN, ROWS, BYTES, SENT, EXCHANGE, COMPUTING, SPACE, SAID };
    double said[SAID * IMPASTO_RANKS], room[IMPASTO_RANKS];
    job->band_count = 0;
    job->times = (struct imp_team_times){0};
    if (!imp_team_band(job))
        return IMPASTO_OK;
    if (job->cost.seconds <= 0)
        IMP_TRY(broken(job, imp_comm_measure(job->comm, &job->cost)));
    const double own[SAID] = {imp_device_caps(job->device)->info.index,
                              job->band.begin,
                              job->band.rows,
                              (double)imp_scale_peak(&job->scale),
                              (double)imp_scale_traffic(&job->scale),
                              imp_scale_exchanging(&job->scale, &job->cost),
                              computing_seconds(job),
                              job->room};
    job->band.pace.lines = own[EXCHANGE];
    IMP_TRY(hear(job, own, SAID, said));
    job->band_count = (size_t)imp_comm_size(job->comm);
    for (size_t rank = 0; rank < job->band_count; rank++) {
        const double *of = said + SAID * rank;
        job->bands[rank] = (struct impasto_plan_band){.device = (int)of[DEVICE],
                                                      .begin = (int)of[BEGIN],
                                                      .rows = (int)of[ROWS],
                                                      .bytes = (uint64_t)of[BYTES],
                                                      .sent = (uint64_t)of[SENT],
                                                      .exchange = of[EXCHANGE],
                                                      .computing = of[COMPUTING]};
        room[rank] = of[SPACE];
    }
    job->times = imp_team_times(job->bands, room, job->band_count);
    return IMPASTO_OK;
}

/* ---- From scale to scale --------------------------------------------------------------------- */

enum impasto_status imp_team_share_carry(struct impasto_job *job, struct imp_carry *carry)
{
    const bool first = imp_comm_rank(job->comm) == 0;
    const int vectors = imp_optimizer_find(job->params.optimizer)->carried;
    int head[] = {carry->height, carry->width, carry->step};
    IMP_TRY(imp_share(job, head, sizeof(head)));
    carry->height = head[0];
    carry->width = head[1];
    carry->step = head[2];
    const size_t pixels = (size_t)carry->height * (size_t)carry->width;
    for (int i = 0; i <= vectors; i++) {
        float **planes = i == 0 ? &carry->image : &carry->vectors[i - 1];
        if (!first)
            IMP_TRY(imp_planes_make(job->device, 3, pixels, planes));
        IMP_TRY(imp_share(job, *planes, 3 * pixels * sizeof(float)));
    }
    return IMPASTO_OK;
}
