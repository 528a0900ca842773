/* SPDX-License-Identifier: MIT */
/*
 * What a film will take: time, memory, disk. --plan measures that by frames that are painted for
 * nothing else, and prints it. A run says it as soon as a frame has been painted as most others
 * are.
 */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/report/report.h"
#include "cli/video/scenes.h"

#include <inttypes.h>
#include <stdlib.h>

/* Iterations of the frames that --plan paints in the style of pictures. */
#define TRIAL_ITERATIONS 4
/* Films open on a still: of so many frames one may differ from the first. */
#define STILL_FRAMES 100
/* A run says nothing of a film that is done sooner. */
#define SECONDS_LEAST 20

struct cost {
    double first;     /* seconds of a scene's first frame; 0: it takes no longer */
    double other;     /* of each other frame; 0: not known */
    double iteration; /* of one at the last size; 0: a network paints */
    struct imp_sink_weight weight;
    bool has_room; /* how much is free on the film's disk is known */
    uint64_t room; /* bytes that are */
};

static double mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

/* ---- The disk -------------------------------------------------------------------------------- */

static bool room_for(const char *path, uint64_t *room)
{
    char *folder = imp_os_folder(path);
    const bool known = folder && imp_os_disk_room(folder, room);
    free(folder);
    return known;
}

/* Whether the disk has too little room, as far as both are known. */
static bool lacks_room(const struct cost *cost, uint64_t bytes)
{
    return cost->has_room && bytes > cost->room;
}

/* painted: a frame as it will be; NULL: there is none yet. */
static enum impasto_status weigh(const struct cli_filming *f, const struct imp_frame *painted,
                                 struct cost *cost, struct impasto_error *error)
{
    const char *output = f->options->output;
    if (!output)
        return IMPASTO_OK;
    cost->has_room = room_for(output, &cost->room);
    const enum impasto_status status =
        imp_sink_weigh(output, &f->film, &f->stream, painted, &cost->weight, error);
    if (f->devices > 0)
        cost->weight.beside += imp_ahead_bytes(&f->source_film, &f->film);
    return status;
}

/* Bytes that the frames to come take, if each has so many; 0: not known. */
static uint64_t bytes_to_come(const struct cli_filming *f, const struct cost *cost, uint64_t each)
{
    const int64_t frames = f->film.frames - f->done;
    return frames > 0
               ? (uint64_t)frames * each * (uint64_t)cost->weight.copies + cost->weight.beside
               : 0;
}

enum impasto_status cli_video_check_disk(const struct cli_filming *f)
{
    struct cost cost = {0};
    const enum impasto_status status = weigh(f, NULL, &cost, f->error);
    const uint64_t bytes = bytes_to_come(f, &cost, cost.weight.frame);
    return status == IMPASTO_OK && cost.weight.exact && lacks_room(&cost, bytes)
               ? cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                          "%s: will have %.1f MiB, and its disk has %.1f free; make room, name a "
                          "file on another disk, or paint a part (--length, --every, --size)",
                          f->options->output, mib(bytes), mib(cost.room))
               : status;
}

/* ---- Said on the way ------------------------------------------------------------------------- */

static void warn_of_disk(struct cli_filming *f, uint64_t bytes, uint64_t room)
{
    char line[1400];
    snprintf(line, sizeof(line),
             "%s: may take %.1f MiB more, and its disk has %.1f free; make room meanwhile",
             f->options->output, mib(bytes), mib(room));
    cli_console_log(&f->console, IMPASTO_LOG_WARNING, line);
}

static void say(struct cli_filming *f, double seconds, uint64_t bytes)
{
    char line[300], all[32], disk[96] = "";
    const int64_t frames = f->film.frames - f->done;
    if (bytes > 0)
        snprintf(disk, sizeof(disk), "; about %.1f MiB of disk", mib(bytes));
    snprintf(line, sizeof(line),
             "plan: %" PRId64 " more frames at about %.3g s: %s; %.1f MiB on the device%s", frames,
             seconds, cli_duration(seconds * (double)frames, all, sizeof(all)),
             mib(cli_video_info(f)->memory), disk);
    cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
}

void cli_video_say_plan(struct cli_filming *f, double seconds)
{
    const struct impasto_clip_info *info = cli_video_info(f);
    struct cost cost = {0};
    struct impasto_error ignored;
    /* A frame like the one before it costs nothing, and says nothing of the others. */
    const bool repeated = cli_video_is_painting(f) && info->iterations == 0;
    /* Several devices end their frames at the same time. */
    const int64_t least = 2 + 2 * (int64_t)f->devices;
    if (f->planned || f->done < f->earlier + least || info->begins_scene || repeated)
        return;
    f->planned = true;
    if (f->film.frames <= f->done || weigh(f, &f->painted, &cost, &ignored) != IMPASTO_OK)
        return;
    const uint64_t bytes = bytes_to_come(f, &cost, cost.weight.frame);
    const bool lacks = lacks_room(&cost, bytes);
    if (lacks || seconds * (double)(f->film.frames - f->done) >= SECONDS_LEAST)
        say(f, seconds, bytes);
    if (lacks)
        warn_of_disk(f, bytes, cost.room);
}

/* ---- Measured for --plan --------------------------------------------------------------------- */

/* When the iterations of a frame were done, as far as there is room. */
struct watch {
    struct cli_console *console;
    double at[TRIAL_ITERATIONS + 1];
    int count;
};

/* The device is open, and what was painted so far has compiled its kernels. */
static void tell_measuring(struct cli_console *console)
{
    cli_events_phase(console, "measuring", NULL, 0);
}

static int on_iteration(void *user, const struct impasto_job_progress *progress)
{
    struct watch *watch = user;
    (void)progress;
    if (watch->count == 0)
        tell_measuring(watch->console);
    if (watch->count <= TRIAL_ITERATIONS)
        watch->at[watch->count++] = cli_seconds();
    cli_catch_signals();
    return cli_stop_signal() != 0;
}

/* Of all but the first, which may wait for a compiler. */
static double seconds_each(const struct watch *watch)
{
    return watch->count < 3 ? 0 : (watch->at[watch->count - 1] - watch->at[1]) / (watch->count - 2);
}

/* Whether what is painted begins behind the film's end, as far as it says where that is. */
static bool is_behind(const struct cli_filming *f)
{
    const struct imp_film *film = &f->source_film;
    return film->frames > 0 && film->rate.num > 0 &&
           (double)f->options->start * film->rate.num / film->rate.den >= (double)film->frames;
}

/* Paints the film's next frame, whether the options want it or not: the first that they want may be
 * an hour behind the beginning, and takes as long. seconds: that it took; 0: there was none. */
static enum impasto_status paint_next(struct cli_filming *f, double *seconds)
{
    bool more = false;
    *seconds = 0;
    enum impasto_status status = imp_source_read(f->source, &f->frame, &more, f->error);
    if (status != IMPASTO_OK || !more || cli_stop_signal())
        return status;
    const double began = cli_seconds();
    status = cli_video_paint(f);
    *seconds = cli_seconds() - began;
    return status;
}

/* The first frame compiles kernels. */
static enum impasto_status measure_network(struct cli_filming *f, struct cost *cost)
{
    double first = 0;
    enum impasto_status status = paint_next(f, &first);
    tell_measuring(&f->console);
    if (status == IMPASTO_OK)
        status = paint_next(f, &cost->other);
    if (status == IMPASTO_OK && first > 0 && !(cost->other > 0))
        cost->other = first;
    return status;
}

/* Iterations that a scene's first frame has, as many as one of them would be at the last size. */
static double first_iterations(const struct impasto_job_info *job)
{
    double sum = 0;
    for (size_t i = 0; i < job->scale_count; i++)
        sum += job->scales[i].iterations * (double)job->scales[i].width * job->scales[i].height /
               ((double)job->width * job->height);
    return sum;
}

/* Paints the next frame that is not the one before it again, which would cost nothing. seconds: as
 * paint_next's, of the last of those that were looked at. */
static enum impasto_status paint_other(struct cli_filming *f, double *seconds)
{
    enum impasto_status status = paint_next(f, seconds);
    for (int i = 1; i < STILL_FRAMES && status == IMPASTO_OK && *seconds > 0 &&
                    impasto_clip_info(f->clip)->iterations == 0;
         i++)
        status = paint_next(f, seconds);
    return status;
}

/* Two frames with few iterations: the second has what all but a scene's first have besides. */
static enum impasto_status measure_painting(struct cli_filming *f, struct cost *cost)
{
    struct watch watch = {.console = &f->console};
    const double first = first_iterations(impasto_clip_info(f->clip)->job);
    double seconds = 0, second = 0;
    int each = 0;
    impasto_clip_close(&f->clip);
    enum impasto_status status =
        cli_video_open_trial(f, TRIAL_ITERATIONS, on_iteration, &watch, &each);
    if (status == IMPASTO_OK)
        status = paint_next(f, &seconds);
    cost->iteration = seconds_each(&watch);
    if (status == IMPASTO_OK)
        status = paint_other(f, &second);
    const double beside = second - TRIAL_ITERATIONS * cost->iteration;
    cost->first = first * cost->iteration;
    cost->other = f->options->consistency == IMPASTO_CONSISTENCY_NONE || f->options->preview
                      ? cost->first
                      : (beside > 0 ? beside : 0) + each * cost->iteration;
    return status;
}

/* ---- Printed --------------------------------------------------------------------------------- */

/* If the film is one scene; 0: nobody knows how many frames it has. */
static double seconds_in_all(const struct cli_filming *f, const struct cost *cost)
{
    return f->film.frames > 0 ? (cost->first > 0 ? cost->first - cost->other : 0) +
                                    (double)f->film.frames * cost->other
                              : 0;
}

static void print_time(const struct cli_filming *f, const struct cost *cost)
{
    char all[32];
    printf("\ntime\n");
    if (cost->first > 0)
        printf("  %-24s %10.3g s\n", "a scene's first frame", cost->first);
    printf("  %-24s %10.3g s\n", cost->first > 0 ? "each other frame" : "each frame", cost->other);
    if (f->film.frames > 0)
        printf("  %-24s %12s%s\n", "in all",
               cli_duration(seconds_in_all(f, cost), all, sizeof(all)),
               cost->first > 0 ? ", if it is one scene" : "");
    if (f->film.frames > 0 && f->devices > 0)
        printf("  on %2zu devices, at best   %12s\n", f->devices,
               cli_duration(seconds_in_all(f, cost) / (double)f->devices, all, sizeof(all)));
    cli_scenes_list_ranks(f, stdout);
}

static void print_disk(const struct cli_filming *f, const struct cost *cost)
{
    const struct imp_sink_weight *weight = &cost->weight;
    const uint64_t film = (uint64_t)f->film.frames * weight->frame;
    if (weight->frame == 0 || f->film.frames <= 0)
        return;
    printf("\ndisk\n");
    printf("  %-24s %10.1f MiB\n", weight->exact ? "the film" : "the film, about", mib(film));
    if (!weight->exact)
        printf("  %-24s %10.1f MiB\n", "at most", mib((uint64_t)f->film.frames * weight->most));
    const uint64_t beside = (uint64_t)(weight->copies - 1) * film + weight->beside;
    if (beside > 0)
        printf("  %-24s %10.1f MiB\n", "beside it meanwhile", mib(beside));
    if (cost->has_room)
        printf("  %-24s %10.1f MiB\n", "free", mib(cost->room));
}

/* Device memory by purpose. It outlives the clip. */
struct memory {
    struct impasto_plan_row *rows;
    size_t count;
    uint64_t bytes;
};

static enum impasto_status note_memory(const struct cli_filming *f, struct memory *memory)
{
    const struct impasto_clip_info *info = impasto_clip_info(f->clip);
    const struct impasto_job_info *job = info->job;
    const size_t rows = job ? job->plan_rows : 0;
    const uint64_t planned = job ? job->plan_bytes : 0;
    memory->rows = calloc(rows + 1, sizeof(*memory->rows));
    if (!memory->rows)
        return cli_fail_memory(f->error, "the plan");
    for (size_t i = 0; i < rows; i++)
        memory->rows[i] = job->plan[i];
    memory->count = rows;
    memory->bytes = info->memory;
    if (info->memory > planned)
        memory->rows[memory->count++] =
            (struct impasto_plan_row){job ? "motion" : "network", info->memory - planned};
    return IMPASTO_OK;
}

static void print(const struct cli_filming *f, const struct cost *cost, const struct memory *memory)
{
    if (f->film.frames > 0)
        printf("%" PRId64 " frames of %dx%d\n", f->film.frames, f->film.width, f->film.height);
    else
        printf("frames of %dx%d; how many, the film does not say\n", f->film.width, f->film.height);
    print_time(f, cost);
    printf("\nmemory on the device\n");
    cli_print_memory(memory->rows, memory->count, memory->bytes);
    print_disk(f, cost);
}

/* A number, or null where it is 0: not known. */
static json_t *known(double value)
{
    return value > 0 ? cli_json_number(value) : json_null();
}

/* The same to a program. */
static void tell(struct cli_filming *f, const struct cost *cost, const struct memory *memory)
{
    json_t *line = json_object(), *rows = json_object();
    json_object_set_new(line, "device", cli_json_text(impasto_device_info(f->device)->name));
    json_object_set_new(line, "width", json_integer(f->film.width));
    json_object_set_new(line, "height", json_integer(f->film.height));
    json_object_set_new(line, "frames",
                        f->film.frames > 0 ? json_integer((json_int_t)f->film.frames)
                                           : json_null());
    json_object_set_new(line, "first", known(cost->first));
    json_object_set_new(line, "each", known(cost->other));
    json_object_set_new(line, "seconds", known(seconds_in_all(f, cost)));
    for (size_t i = 0; i < memory->count; i++)
        json_object_set_new(rows, memory->rows[i].purpose,
                            json_integer((json_int_t)memory->rows[i].bytes));
    json_object_set_new(line, "memory", rows);
    json_object_set_new(line, "bytes", json_integer((json_int_t)memory->bytes));
    json_object_set_new(line, "disk", known((double)bytes_to_come(f, cost, cost->weight.frame)));
    json_object_set_new(line, "disk_most",
                        known((double)bytes_to_come(f, cost, cost->weight.most)));
    json_object_set_new(line, "exact", json_boolean(cost->weight.exact));
    json_object_set_new(line, "free",
                        cost->has_room ? json_integer((json_int_t)cost->room) : json_null());
    cli_events_plan_of(&f->console, line);
}

static enum impasto_status fail_empty(const struct cli_filming *f)
{
    return cli_fail(f->error, IMPASTO_ERROR_INPUT, "%s: the film has no frames",
                    cli_name_of_input(f->input));
}

static enum impasto_status fail_behind(const struct cli_filming *f)
{
    const struct imp_film *film = &f->source_film;
    return cli_fail(f->error, IMPASTO_ERROR_INPUT,
                    "%s: --start %g is behind its end, at %.3g s; name an earlier one",
                    cli_name_of_input(f->input), (double)f->options->start,
                    (double)film->frames * film->rate.den / film->rate.num);
}

enum impasto_status cli_video_print_plan(struct cli_filming *f)
{
    struct memory memory = {0};
    struct cost cost = {0};
    const bool painting = cli_video_is_painting(f);
    enum impasto_status status = is_behind(f) ? fail_behind(f) : IMPASTO_OK;
    if (status == IMPASTO_OK && painting)
        status = note_memory(f, &memory);
    if (status == IMPASTO_OK)
        status = painting ? measure_painting(f, &cost) : measure_network(f, &cost);
    if (status == IMPASTO_OK && cli_stop_signal())
        status = cli_fail(f->error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    if (status == IMPASTO_OK && !(cost.other > 0))
        status = fail_empty(f);
    if (status == IMPASTO_OK && !painting)
        status = note_memory(f, &memory);
    if (status == IMPASTO_OK)
        status = weigh(f, &f->painted, &cost, f->error);
    cli_console_finish(&f->console);
    if (status == IMPASTO_OK) {
        tell(f, &cost, &memory);
        print(f, &cost, &memory);
    }
    free(memory.rows);
    return status;
}
