/* SPDX-License-Identifier: MIT */
/*
 * --progress json: JSON lines on a descriptor, each written whole and at once. If the reader goes
 * away, the run goes on without the lines. If it does not read, the run waits, as for a terminal.
 */

#include "cli/common/json.h"
#include "cli/terminal/terminal.h"

#include "base/os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_FREE (IMP_OS_STDERR + 1)
#define LAST_MS 100 /* for a reader that does not read, when the program must end */
#define DIGITS 10   /* of numbers that are not whole */

struct cli_events {
    int descriptor;
    struct imp_os_mutex
        mutex;       /* of what follows, and of lines: several devices have some to write */
    bool gone;       /* nobody reads any more */
    char *output;    /* the last picture written, of a run of one */
    double began;    /* monotonic seconds */
    const char *job; /* of a worker: which one the lines are about; NULL: none */
};

/* For a program that ends at once: where its last line goes, below 0: nowhere. Its children have
 * no say. */
static volatile sig_atomic_t last_descriptor = -1;
static long last_process;
/* While a line is sent that may arrive in parts, as those longer than a pipe takes may. */
static volatile sig_atomic_t sending;

/* ---- Lines ----------------------------------------------------------------------------------- */

/* Takes the line; 0, or errno where it was the first that could not be written. Without memory for
 * it, it is left out. */
static int write_line(struct cli_events *events, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    int problem = 0;
    json_decref(line);
    if (text && !events->gone) {
        const size_t length = strlen(text);
        text[length] = '\n'; /* in the place of the 0 */
        sending = length + 1 > imp_os_pipe_bytes();
        problem = imp_os_write_all(events->descriptor, text, length + 1);
        sending = 0;
        events->gone = problem != 0;
    }
    free(text);
    return problem;
}

static void add_job(const struct cli_events *events, json_t *line)
{
    if (events->job)
        json_object_set_new(line, "job", json_string(events->job));
}

static void send_line(struct cli_console *console, json_t *line)
{
    struct cli_events *events = console->events;
    char warning[256];
    add_job(events, line);
    imp_os_lock(&events->mutex);
    const int problem = write_line(events, line);
    imp_os_unlock(&events->mutex);
    if (problem == 0 || problem == EPIPE)
        return;
    snprintf(warning, sizeof(warning), "--progress: the lines cannot be written: %s; going on",
             strerror(problem));
    console->log(console, IMPASTO_LOG_WARNING, warning);
}

static json_t *new_line(const char *event, size_t picture)
{
    json_t *line = json_object();
    json_object_set_new(line, "event", json_string(event));
    if (picture > 0)
        json_object_set_new(line, "picture", json_integer((json_int_t)picture));
    return line;
}

/* ---- The beginning --------------------------------------------------------------------------- */

/* Whether two descriptors lead to one pipe, file or socket. On a terminal, or where nobody reads,
 * they may. */
static bool is_same(int a, int b)
{
    struct imp_os_about x, y;
    return a == b || (imp_os_look_open(a, &x) && imp_os_look_open(b, &y) &&
                      x.kind != IMP_OS_CHARACTER && imp_os_is_same(&x, &y));
}

static enum impasto_status check(int descriptor, const char *other, struct impasto_error *error)
{
    const int read_only = imp_os_is_read_only(descriptor);
    if (descriptor == IMP_OS_STDERR)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--progress-fd: 2 is standard error, for what people read; take another, "
                        "such as 3");
    if (other && is_same(descriptor, IMP_OS_STDOUT))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--progress: standard output is for %s; name another descriptor by "
                        "--progress-fd, such as 3",
                        other);
    if (read_only == 0)
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "--progress-fd: %d is not open%s; open it as a shell does by %d>FILE",
                    descriptor, read_only > 0 ? " for writing" : "", descriptor);
}

/* Programs that drivers start do not get it. What they and drivers print on standard output would
 * come between the lines, so it goes where their other words do. */
static int keep_apart(int descriptor)
{
    const int own = imp_os_duplicate(descriptor, FIRST_FREE);
    if (own < 0)
        return -1;
    if (descriptor == IMP_OS_STDOUT)
        imp_os_redirect(IMP_OS_STDERR, IMP_OS_STDOUT);
    else
        imp_os_close(descriptor);
    return own;
}

enum impasto_status cli_events_open(struct cli_common *s, const char *other,
                                    struct impasto_error *error)
{
    if (s->warm) {
        s->events = s->warm->events;
        return IMPASTO_OK;
    }
    if (!s->progress && (s->progress_fd || s->progress_preview))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--progress-%s goes with --progress json",
                        s->progress_fd ? "fd" : "preview");
    if (!s->progress)
        return IMPASTO_OK;
    const int descriptor = s->progress_fd ? s->progress_fd : IMP_OS_STDOUT;
    const enum impasto_status status = check(descriptor, other, error);
    if (status != IMPASTO_OK)
        return status;
    struct cli_events *events = calloc(1, sizeof(*events));
    if (!events)
        return cli_fail_memory(error, "--progress");
    if ((events->descriptor = keep_apart(descriptor)) < 0) {
        free(events);
        return cli_fail(error, IMPASTO_ERROR_MEMORY,
                        "--progress: no descriptor is to be had; allow more (see ulimit -n)");
    }
    events->began = cli_seconds();
    last_descriptor = events->descriptor;
    last_process = imp_os_process();
    s->events = events;
    return IMPASTO_OK;
}

void cli_events_start(struct cli_console *console, const struct cli_settings *settings,
                      const char *output, size_t pictures)
{
    if (!console->events)
        return;
    json_t *line = new_line("start", 0);
    json_object_set_new(line, "version", cli_json_text(impasto_version()));
    json_object_set_new(line, "pictures", json_integer((json_int_t)pictures));
    json_object_set_new(line, "content",
                        cli_json_text(settings->batch.count > 0 ? NULL : settings->content));
    json_object_set_new(line, "styles", cli_json_texts(&settings->styles));
    json_object_set_new(line, "output", cli_json_text(output));
    send_line(console, line);
}

/* ---- On the way ------------------------------------------------------------------------------ */

/* Iterations times megapixels, over all scales: what the time goes by. */
static double work_of(const struct impasto_job_info *job)
{
    double work = 0;
    for (size_t i = 0; i < job->scale_count; i++)
        work += 1e-6 * job->scales[i].iterations * job->scales[i].width * job->scales[i].height;
    return work;
}

static void add_sizes(json_t *line, const struct impasto_job_info *job)
{
    json_object_set_new(line, "width", json_integer(job->width));
    json_object_set_new(line, "height", json_integer(job->height));
    json_object_set_new(line, "scales", json_integer((json_int_t)job->scale_count));
    json_object_set_new(line, "iterations", json_integer(job->iterations));
    json_object_set_new(line, "work", cli_json_number(work_of(job)));
}

void cli_events_phase(struct cli_console *console, const char *phase, const struct cli_run *run,
                      int taken)
{
    if (!console->events)
        return;
    json_t *line = new_line("phase", console->picture);
    json_object_set_new(line, "phase", json_string(phase));
    if (run) {
        json_object_set_new(line, "content", cli_json_text(run->settings->content));
        json_object_set_new(line, "output", cli_json_text(run->output));
        json_object_set_new(line, "device", cli_json_text(run->device->name));
        json_object_set_new(line, "iteration", json_integer(taken));
        add_sizes(line, run->job);
    }
    send_line(console, line);
}

void cli_events_phase_on(struct cli_console *console, const char *phase, const char *device)
{
    if (!console->events)
        return;
    json_t *line = new_line("phase", console->picture);
    json_object_set_new(line, "phase", json_string(phase));
    json_object_set_new(line, "device", cli_json_text(device));
    send_line(console, line);
}

void cli_events_plan(struct cli_console *console, const struct impasto_device_info *device,
                     const struct impasto_job_info *job)
{
    if (!console->events)
        return;
    json_t *line = new_line("plan", console->picture), *memory = json_object();
    json_object_set_new(line, "device", cli_json_text(device->name));
    add_sizes(line, job);
    for (size_t i = 0; i < job->plan_rows; i++)
        json_object_set_new(memory, job->plan[i].purpose,
                            json_integer((json_int_t)job->plan[i].bytes));
    json_object_set_new(line, "memory", memory);
    json_object_set_new(line, "bytes", json_integer((json_int_t)job->plan_bytes));
    json_object_set_new(line, "cost", cli_json_number(job->plan_cost));
    send_line(console, line);
}

void cli_events_plan_of(struct cli_console *console, json_t *line)
{
    if (console->events) {
        json_t *whole = new_line("plan", 0);
        json_object_update(whole, line);
        send_line(console, whole);
    }
    json_decref(line);
}

void cli_events_iteration(struct cli_console *console, const struct impasto_job_progress *p,
                          double share, double left)
{
    if (!console->events)
        return;
    json_t *line = new_line("iteration", console->picture);
    json_object_set_new(line, "iteration", json_integer(p->head.step));
    json_object_set_new(line, "iterations", json_integer(p->head.steps));
    json_object_set_new(line, "scale", json_integer(p->scale + 1));
    json_object_set_new(line, "scales", json_integer(p->scales));
    json_object_set_new(line, "width", json_integer(p->width));
    json_object_set_new(line, "height", json_integer(p->height));
    json_object_set_new(line, "total", cli_json_number(p->head.total));
    json_object_set_new(line, "seconds", cli_json_number(p->head.seconds));
    json_object_set_new(line, "share", cli_json_number(share));
    json_object_set_new(line, "left", cli_json_number(left));
    send_line(console, line);
}

/* A line whose event, under its own name, has a number. */
static void send_numbered(struct cli_console *console, const char *event, int64_t number,
                          json_t *line)
{
    if (console->events) {
        json_t *whole = new_line(event, 0);
        json_object_set_new(whole, event, json_integer((json_int_t)number));
        json_object_update(whole, line);
        send_line(console, whole);
    }
    json_decref(line);
}

void cli_events_frame(struct cli_console *console, int64_t number, json_t *line)
{
    send_numbered(console, "frame", number, line);
}

void cli_events_step(struct cli_console *console, int number, json_t *line)
{
    send_numbered(console, "step", number, line);
}

/* In base64, as JSON; null: no memory. */
static json_t *base64(const unsigned char *bytes, size_t size)
{
    struct imp_os_memory text;
    if (!imp_os_memory_open(&text))
        return json_null();
    cli_html_base64(text.stream, bytes, size);
    json_t *value = imp_os_memory_close(&text) ? json_string(text.bytes) : NULL;
    free(text.bytes);
    return value ? value : json_null();
}

/* One side of a picture whose longer side becomes `wanted`, unless it is less already. */
static int shrink(int side, int longer, int wanted)
{
    const int shrunk = longer > wanted ? (int)((double)side * wanted / longer + 0.5) : side;
    return shrunk > 0 ? shrunk : 1;
}

void cli_events_preview(struct cli_console *console, const struct impasto_image *image,
                        int iteration)
{
    struct impasto_error ignored = {0};
    struct impasto_image *small = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    const int longer = image->width > image->height ? image->width : image->height;
    /* A worker's reader wants many, and a JPEG takes a tenth of the time. */
    const bool jpeg = console->events && console->events->job;
    /* What EXIF says is of no use here, and takes room. */
    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                 .privacy = IMPASTO_PRIVACY_NONE};
    if (!console->events || console->preview == 0)
        return;
    enum impasto_status status =
        impasto_image_resize(image, shrink(image->width, longer, console->preview),
                             shrink(image->height, longer, console->preview), &small, &ignored);
    if (status == IMPASTO_OK)
        status = impasto_image_encode(small, jpeg ? "preview.jpg" : "preview.png", &options, &bytes,
                                      &size, &ignored);
    /* There is another one to come. */
    if (status == IMPASTO_OK) {
        json_t *line = new_line("preview", console->picture);
        json_object_set_new(line, "iteration", json_integer(iteration));
        json_object_set_new(line, "width", json_integer(small->width));
        json_object_set_new(line, "height", json_integer(small->height));
        json_object_set_new(line, jpeg ? "jpeg" : "png", base64(bytes, size));
        send_line(console, line);
    }
    free(bytes);
    impasto_image_free(&small);
}

void cli_events_log(struct cli_console *console, enum impasto_log_level level, const char *text)
{
    if (!console->events)
        return;
    json_t *line = new_line("log", console->picture);
    json_object_set_new(line, "level",
                        json_string(level == IMPASTO_LOG_WARNING ? "warning"
                                    : level == IMPASTO_LOG_DEBUG ? "debug"
                                                                 : "info"));
    json_object_set_new(line, "text", cli_json_text(text));
    send_line(console, line);
}

void cli_events_picture(struct cli_console *console, const struct cli_events_picture *picture)
{
    if (!console->events)
        return;
    json_t *line = new_line("picture", picture->number);
    json_object_set_new(line, "content", cli_json_text(picture->content));
    json_object_set_new(line, "output", cli_json_text(picture->output));
    json_object_set_new(line, "state", json_string(picture->state));
    if (picture->status != IMPASTO_OK) {
        json_object_set_new(line, "status", json_string(impasto_status_text(picture->status)));
        json_object_set_new(line, "text", cli_json_text(picture->message));
    }
    send_line(console, line);
}

/* ---- The end --------------------------------------------------------------------------------- */

void cli_events_wrote(struct cli_console *console, const char *output)
{
    struct cli_events *events = console->events;
    if (!events)
        return;
    imp_os_lock(&events->mutex);
    free(events->output);
    events->output = strdup(output);
    imp_os_unlock(&events->mutex);
}

/* The last line of a run, or of a job. */
static void conclude(struct cli_events *events, enum impasto_status status, int code,
                     const char *text)
{
    json_t *line = new_line(status == IMPASTO_OK ? "done" : "error", 0);
    if (status != IMPASTO_OK) {
        json_object_set_new(line, "code", json_integer(code));
        json_object_set_new(line, "status", json_string(impasto_status_text(status)));
        json_object_set_new(line, "text", cli_json_text(text));
    }
    json_object_set_new(line, "output", cli_json_text(events->output));
    json_object_set_new(line, "seconds", cli_json_number(cli_seconds() - events->began));
    add_job(events, line);
    imp_os_lock(&events->mutex);
    (void)write_line(events, line);
    free(events->output);
    events->output = NULL;
    imp_os_unlock(&events->mutex);
}

void cli_events_end(struct cli_common *common, enum impasto_status status, int code,
                    const char *text)
{
    struct cli_events *events = common->events;
    if (!events)
        return;
    last_descriptor = -1;
    conclude(events, status, code, text);
    imp_os_close(events->descriptor);
    free(events);
    common->events = NULL;
}

/* ---- A worker's jobs ------------------------------------------------------------------------- */

bool cli_events_send(struct cli_events *events, json_t *line)
{
    imp_os_lock(&events->mutex);
    (void)write_line(events, line);
    const bool heard = !events->gone;
    imp_os_unlock(&events->mutex);
    return heard;
}

void cli_events_begin_job(struct cli_events *events, const char *job)
{
    imp_os_lock(&events->mutex);
    events->job = job;
    events->began = cli_seconds();
    imp_os_unlock(&events->mutex);
}

void cli_events_end_job(struct cli_events *events, enum impasto_status status, int code,
                        const char *text)
{
    conclude(events, status, code, text);
    imp_os_lock(&events->mutex);
    events->job = NULL;
    imp_os_unlock(&events->mutex);
}

static void add_char(char *line, size_t size, char c)
{
    const size_t used = strlen(line);
    if (used + 1 < size) {
        line[used] = c;
        line[used + 1] = 0;
    }
}

/* As a part of a JSON string: words of our own, so that little needs to be replaced. */
static void add_words(char *line, size_t size, const char *words)
{
    for (; *words; words++)
        if ((unsigned char)*words >= ' ')
            add_char(line, size, *words == '"' || *words == '\\' ? '\'' : *words);
}

static void add_number(char *line, size_t size, int number)
{
    if (number >= 10)
        add_number(line, size, number / 10);
    add_char(line, size, (char)('0' + number % 10));
}

static void add(char *line, size_t size, const char *json)
{
    for (; *json; json++)
        add_char(line, size, *json);
}

void cli_events_die(int code, const char *status, const char *text)
{
    char line[1024] = "";
    const size_t most = sizeof(line) - sizeof("\"}\n");
    const int reader = (int)last_descriptor;
    if (reader < 0 || imp_os_process() != last_process)
        return;
    last_descriptor = -1;
    add(line, most,
        sending ? "\n{\"event\":\"error\",\"code\":" : "{\"event\":\"error\",\"code\":");
    add_number(line, most, code);
    add(line, most, ",\"status\":\"");
    add_words(line, most, status);
    add(line, most, "\",\"text\":\"");
    add_words(line, most, text);
    add(line, sizeof(line), "\"}\n");
    /* A pipe that is ready takes a line of this length at once. */
    imp_os_write_soon(reader, line, strlen(line), LAST_MS);
}
