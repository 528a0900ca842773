/* SPDX-License-Identifier: MIT */
/*
 * Launching kernels. Only this file sets arguments and enqueues. A GPU that also draws the desktop
 * must not be held for long, and drivers reset GPUs that hold a queue of many seconds. So the speed
 * of each kernel is learned, and long launches are cut. CPUs are shared by the operating system.
 * Nothing is cut there, since slices would only cost time.
 */

#include "device/opencl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Work-items along dimension 0 where the launch leaves it to the device: one wavefront or two. */
#define GPU_LOCAL 64
/* Work is counted in seconds of an imaginary slow GPU, which does so many flops and moves so many
 * bytes in a second. A launch takes the longer of both. */
#define SLOW_FLOPS 1e9
#define SLOW_BYTES 4e9
/* Less work than this is over in an instant on any GPU, and is not timed. */
#define SMALL_WORK 0.01
/* Every kernel is taken to run at the speed of the slow GPU until it was timed. */
#define ASSUMED_RATE 1
/* Aim of the slices by which a kernel is timed, and how much larger the next may be than the last,
 * since short ones mislead. */
#define PROBE_SECONDS 0.02
#define PROBE_GROWTH 16
/* Each amount of work is timed this often. */
#define PROBES 2
/* The queue is drained before it holds more than this. */
#define QUEUE_SECONDS 0.5
/* Drivers that collect commands are told to begin when this much has come together. */
#define FLUSH_SECONDS 0.005

/* A launch ready to be enqueued, whole or in slices along dimension `outer`. */
struct grid {
    struct imp_entry *entry;
    cl_uint dimensions;
    size_t local[3];
    size_t groups[3];
    int outer;
    double work; /* of all of it */
};

static enum impasto_status set_arguments(struct imp_device *device, const struct imp_entry *entry,
                                         const struct imp_launch *launch)
{
    if (launch->arg_count != entry->arg_count)
        return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                               "kernel %s of %s.cl: takes %u arguments, not %zu", entry->function,
                               entry->file, entry->arg_count, launch->arg_count);
    for (cl_uint i = 0; i < entry->arg_count; i++) {
        const struct imp_arg *arg = &launch->args[i];
        cl_int code = CL_INVALID_ARG_VALUE;
        if (arg->kind == IMP_ARG_BUFFER) {
            const cl_mem memory = arg->buffer == NULL ? NULL : arg->buffer->memory;
            code = clSetKernelArg(entry->kernel, i, sizeof(memory), &memory);
        } else if (arg->kind == IMP_ARG_INT) {
            const cl_int value = arg->i;
            code = clSetKernelArg(entry->kernel, i, sizeof(value), &value);
        } else if (arg->kind == IMP_ARG_FLOAT) {
            const cl_float value = arg->f;
            code = clSetKernelArg(entry->kernel, i, sizeof(value), &value);
        }
        if (code == CL_INVALID_ARG_SIZE || code == CL_INVALID_ARG_VALUE ||
            code == CL_INVALID_MEM_OBJECT)
            return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                                   "kernel %s of %s.cl: argument %u is not of its type: %s (%d)",
                                   entry->function, entry->file, i, imp_cl_name(code), code);
        IMP_TRY(imp_cl_check(device, code, "clSetKernelArg", IMP_FILE, __LINE__));
    }
    return IMPASTO_OK;
}

/* The work-group: as launched, as the kernel's source demands, or as suits the device. */
static enum impasto_status choose_local(struct imp_device *device, const struct imp_launch *launch,
                                        const struct imp_entry *entry, size_t local[3])
{
    const size_t *fixed = launch->local[0] > 0     ? launch->local
                          : entry->required[0] > 0 ? entry->required
                                                   : NULL;
    local[0] = local[1] = local[2] = 1;
    if (fixed != NULL) {
        for (int i = 0; i < 3; i++)
            local[i] = fixed[i] > 0 ? fixed[i] : 1;
        const size_t limit = device->caps.max_work_group;
        if (local[0] > limit || local[1] > limit / local[0] ||
            local[2] > limit / local[0] / local[1])
            return imp_device_fail(device, IMPASTO_ERROR_INTERNAL,
                                   "kernel %s of %s.cl: work-groups of %zu x %zu x %zu on a device "
                                   "that allows %zu",
                                   entry->function, entry->file, local[0], local[1], local[2],
                                   limit);
        return IMPASTO_OK;
    }
    if (device->caps.cpu)
        return IMPASTO_OK;
    while (local[0] * 2 <= GPU_LOCAL && local[0] * 2 <= entry->max_work_group &&
           local[0] < launch->global[0])
        local[0] *= 2;
    return IMPASTO_OK;
}

static double work_of(const struct imp_launch *launch)
{
    return fmax(launch->flops / SLOW_FLOPS, launch->bytes / SLOW_BYTES);
}

static enum impasto_status make_grid(struct imp_device *device, const struct imp_launch *launch,
                                     struct imp_entry *entry, struct grid *grid)
{
    *grid = (struct grid){.entry = entry, .work = work_of(launch)};
    IMP_TRY(choose_local(device, launch, entry, grid->local));
    for (int i = 0; i < 3; i++) {
        const size_t global = launch->global[i] > 0 ? launch->global[i] : 1;
        grid->groups[i] = (global - 1) / grid->local[i] + 1;
        if (grid->groups[i] * grid->local[i] > 1)
            grid->dimensions = (cl_uint)i + 1;
        if (grid->groups[i] > 1)
            grid->outer = i;
    }
    if (grid->dimensions == 0)
        grid->dimensions = 1;
    return IMPASTO_OK;
}

/* Enqueues `count` layers of work-groups from `first` on, along the outer dimension. */
static enum impasto_status enqueue(struct imp_device *device, const struct grid *grid, size_t first,
                                   size_t count)
{
    size_t offset[3] = {0}, global[3];
    for (int i = 0; i < 3; i++)
        global[i] = grid->groups[i] * grid->local[i];
    offset[grid->outer] = first * grid->local[grid->outer];
    global[grid->outer] = count * grid->local[grid->outer];
    imp_wait_work(device,
                  SLOW_FLOPS * grid->work * (double)count / (double)grid->groups[grid->outer]);
    const cl_int code =
        IMP_WAIT(device, clEnqueueNDRangeKernel(device->queue, grid->entry->kernel,
                                                grid->dimensions, first > 0 ? offset : NULL, global,
                                                grid->local, 0, NULL, NULL));
    if (code == CL_SUCCESS)
        return IMPASTO_OK;
    const bool memory = imp_cl_refusal(device, code);
    return imp_device_fail(device, memory ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_DEVICE,
                           "device \"%s\": kernel %s of %s.cl (%zu x %zu x %zu in groups of %zu x "
                           "%zu x %zu) cannot be launched: %s (%d)",
                           device->caps.info.name, grid->entry->function, grid->entry->file,
                           global[0], global[1], global[2], grid->local[0], grid->local[1],
                           grid->local[2], imp_cl_name(code), code);
}

/* The record for a launch of this much work, SMALL_WORK or more; nothing known is taken to be as
 * slow as the slowest that is. */
static struct imp_speed *find_speed(struct imp_speed speeds[IMP_SPEEDS], double work)
{
    const int doublings = ilogb(work / SMALL_WORK);
    struct imp_speed *found = &speeds[doublings < IMP_SPEEDS ? doublings : IMP_SPEEDS - 1];
    for (size_t i = 0; found->measured == 0 && i < IMP_SPEEDS; i++) {
        const struct imp_speed *other = &speeds[i];
        if (other->measured > 0 && (found->rate <= 0 || other->rate < found->rate))
            found->rate = other->rate;
    }
    if (found->rate <= 0)
        found->rate = ASSUMED_RATE;
    return found;
}

/* How many layers make up `seconds` of work; at least one. */
static size_t layers_for(const struct grid *grid, double rate, double seconds)
{
    const size_t all = grid->groups[grid->outer];
    const double layers = (double)all * rate * seconds / grid->work;
    return layers >= (double)all ? all : layers < 1 ? 1 : (size_t)layers;
}

/* Runs in slices with nothing else in the queue, and learns the speed from the clock. */
static enum impasto_status run_timed(struct imp_device *device, const struct grid *grid,
                                     struct imp_speed *speed)
{
    const size_t all = grid->groups[grid->outer];
    /* The very first slice of a kernel is as short as can be: drivers may compile in it. */
    bool fresh = !grid->entry->begun && all > 1;
    double best = 0;
    size_t previous = all;
    grid->entry->begun = true;
    IMP_TRY(imp_device_finish(device));
    for (size_t first = 0, count = 0; first < all; first += count) {
        count = fresh ? 1 : layers_for(grid, best > 0 ? best : speed->rate, PROBE_SECONDS);
        if (count > all - first)
            count = all - first;
        if (previous <= all / PROBE_GROWTH && count > previous * PROBE_GROWTH)
            count = previous * PROBE_GROWTH < all - first ? previous * PROBE_GROWTH : all - first;
        const double begin = imp_host_seconds();
        IMP_TRY(enqueue(device, grid, first, count));
        IMP_TRY(imp_device_finish(device));
        const double seconds = imp_host_seconds() - begin;
        const double rate = grid->work * (double)count / (double)all / (seconds + 1e-9);
        if (!fresh && rate > best)
            best = rate;
        previous = fresh ? all : count;
        fresh = false;
    }
    /* Other shapes of as much work may be slower, and slices must not be too long for any. */
    if (best > 0 && (speed->measured == 0 || best < speed->rate))
        speed->rate = best;
    speed->measured++;
    return IMPASTO_OK;
}

/* Notes that so many seconds of work will be in the queue, and has the driver begin in time. */
static enum impasto_status count_queued(struct imp_device *device, double seconds)
{
    device->queued += seconds;
    device->unflushed += seconds;
    if (device->unflushed <= FLUSH_SECONDS)
        return IMPASTO_OK;
    device->unflushed = 0;
    return IMP_CL(device, clFlush(device->queue));
}

/* Enqueues slices of bearable length, and waits now and then. Where it waits twice, it learns. */
static enum impasto_status run_paced(struct imp_device *device, const struct grid *grid,
                                     struct imp_speed *speed)
{
    const size_t all = grid->groups[grid->outer];
    double mark = -1, done = 0; /* time of the last wait in here; work enqueued since */
    for (size_t first = 0, count = 0; first < all; first += count) {
        count = layers_for(grid, speed->rate, IMP_SLICE_SECONDS);
        if (count > all - first)
            count = all - first;
        const double work = grid->work * (double)count / (double)all;
        if (device->queued > 0 && device->queued + work / speed->rate > QUEUE_SECONDS) {
            IMP_TRY(imp_device_finish(device));
            const double now = imp_host_seconds();
            if (mark >= 0 && done > 0)
                speed->rate = done / (now - mark + 1e-9);
            mark = now;
            done = 0;
        }
        IMP_TRY(enqueue(device, grid, first, count));
        IMP_TRY(count_queued(device, work / speed->rate));
        done += work;
    }
    return IMPASTO_OK;
}

static double small_rate(const struct imp_device *device)
{
    return fmax(device->small_rate, ASSUMED_RATE);
}

/* A fast GPU would be drained every few dozen small launches if they counted at the slow one's
 * speed. Nothing waits to time them. */
static enum impasto_status run_small(struct imp_device *device, const struct grid *grid)
{
    struct imp_speed speed = {.rate = small_rate(device)};
    IMP_TRY(run_paced(device, grid, &speed));
    device->small_work += grid->work;
    return IMPASTO_OK;
}

static enum impasto_status run_sliced(struct imp_device *device, const struct grid *grid)
{
    const size_t all = grid->groups[grid->outer];
    for (size_t first = 0, count = 0; first < all; first += count) {
        count = device->slice < all - first ? device->slice : all - first;
        IMP_TRY(enqueue(device, grid, first, count));
    }
    return IMPASTO_OK;
}

static enum impasto_status run(struct imp_device *device, const struct grid *grid)
{
    const size_t all = grid->groups[grid->outer];
    if (device->slice > 0)
        return run_sliced(device, grid);
    if (device->caps.cpu || !(grid->work > 0))
        return enqueue(device, grid, 0, all);
    if (grid->work < SMALL_WORK)
        return run_small(device, grid);
    struct imp_speed *speed = find_speed(grid->entry->speeds, grid->work);
    return speed->measured < PROBES ? run_timed(device, grid, speed)
                                    : run_paced(device, grid, speed);
}

/* The profile's row for a launch, made where there is none yet. NULL: no memory. */
static struct imp_profile_row *find_row(struct imp_device *device, const struct imp_launch *launch)
{
    struct imp_profile_row row = {0};
    const bool labelled = launch->label != NULL && launch->label[0] != '\0';
    /* What does not fit is cut. */
    if (snprintf(row.label, sizeof(row.label), "%s%s%s", labelled ? launch->label : "",
                 labelled ? " " : "", launch->kernel.function) < 0)
        return NULL;
    for (size_t i = 0; i < device->row_count; i++)
        if (strcmp(device->rows[i].label, row.label) == 0)
            return &device->rows[i];
    if (device->row_count == device->row_capacity) {
        const size_t capacity = device->row_capacity == 0 ? 64 : device->row_capacity * 2;
        struct imp_profile_row *rows = realloc(device->rows, capacity * sizeof(*rows));
        if (rows == NULL)
            return NULL;
        device->rows = rows;
        device->row_capacity = capacity;
    }
    device->rows[device->row_count] = row;
    return &device->rows[device->row_count++];
}

static enum impasto_status add_to_profile(struct imp_device *device,
                                          const struct imp_launch *launch, double seconds)
{
    struct imp_profile_row *row = find_row(device, launch);
    if (row == NULL)
        return imp_fail_memory(&device->error, "the profile", sizeof(*row));
    row->seconds += seconds;
    row->flops += launch->flops;
    row->bytes += launch->bytes;
    row->launches++;
    return IMPASTO_OK;
}

static enum impasto_status run_profiled(struct imp_device *device, const struct grid *grid,
                                        const struct imp_launch *launch)
{
    IMP_TRY(imp_device_finish(device));
    const double begin = imp_host_seconds();
    IMP_TRY(run(device, grid));
    IMP_TRY(imp_device_finish(device));
    return add_to_profile(device, launch, imp_host_seconds() - begin);
}

enum impasto_status imp_launch(struct imp_device *device, const struct imp_launch *launch)
{
    struct imp_entry *entry;
    struct grid grid;
    IMP_TRY(imp_entry_get(device, &launch->kernel, &entry));
    IMP_TRY(set_arguments(device, entry, launch));
    IMP_TRY(make_grid(device, launch, entry, &grid));
    return device->profile ? run_profiled(device, &grid, launch) : run(device, &grid);
}

/* ---- A library's launches -------------------------------------------------------------------- */

/* A library enqueues kernels of its own, which cannot be cut into slices. So the queue is drained
 * before it, where together they would take too long; and what takes long by itself is waited for.
 */
enum impasto_status imp_device_library_begin(struct imp_device *device,
                                             const struct imp_launch *launch)
{
    struct imp_library *library = &device->library;
    const double work = work_of(launch);
    *library = (struct imp_library){.speed = NULL};
    if (!device->caps.cpu && work >= SMALL_WORK) {
        library->speed = find_speed(device->library_speeds, work);
        library->seconds = work / library->speed->rate;
    } else if (!device->caps.cpu) {
        library->seconds = work / small_rate(device);
    }
    library->timed = device->profile || library->seconds > QUEUE_SECONDS ||
                     (library->speed != NULL && library->speed->measured < PROBES);
    if (library->timed || device->queued + library->seconds > QUEUE_SECONDS)
        IMP_TRY(imp_device_finish(device));
    imp_wait_begin(device, true);
    library->begun = imp_host_seconds();
    return IMPASTO_OK;
}

/* The first call may have compiled, so the fastest of the first ones counts. Later only what seems
 * slow is timed, and then the last counts. */
static void learn_library(struct imp_speed *speed, double rate)
{
    if (speed->measured == 0 || speed->measured >= PROBES || rate > speed->rate)
        speed->rate = rate;
    speed->measured++;
}

enum impasto_status imp_device_library_end(struct imp_device *device,
                                           const struct imp_launch *launch)
{
    const struct imp_library *library = &device->library;
    const double work = work_of(launch);
    (void)imp_wait_end(device, CL_SUCCESS);
    imp_wait_work(device, SLOW_FLOPS * work);
    if (!library->timed) {
        device->small_work += library->speed == NULL ? work : 0;
        return count_queued(device, library->seconds);
    }
    IMP_TRY(imp_device_finish(device));
    const double seconds = imp_host_seconds() - library->begun;
    if (library->speed != NULL)
        learn_library(library->speed, work / (seconds + 1e-9));
    return device->profile ? add_to_profile(device, launch, seconds) : IMPASTO_OK;
}

const struct imp_profile_row *imp_device_profile(const struct imp_device *device, size_t *count)
{
    *count = device->row_count;
    return device->rows;
}

void imp_device_set_profile(struct imp_device *device, bool on)
{
    if (on)
        device->row_count = 0;
    device->profile = on;
}
