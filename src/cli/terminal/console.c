/* SPDX-License-Identifier: MIT */
/* What a person sees while the program runs, all on stderr. On a terminal it is one line that is
 * redrawn, with --show below the picture so far. Elsewhere it is a plain line now and then. The
 * events of --progress pass through here, too. */

#include "base/os.h"
#include "cli/terminal/terminal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REDRAW_SECONDS 0.1 /* on a terminal */
#define LINE_SECONDS 5.0   /* on a pipe */
#define BAR_WIDTH 20       /* less where the line is short */
#define BAR_LEAST 5
#define FREE_COLUMNS 3 /* so that no terminal wraps, not even after it has echoed ^C */
#define LINE_SIZE 512
#define LONGEST_LINE 2400 /* of a log, beyond which it is cut */

/* Pictures come this often at most, and rarer where they would take more than this of the time. */
#define PICTURE_SECONDS 0.5
#define PICTURE_SHARE 0.03

/* There is one stderr for the consoles of all threads. */
static struct {
    struct imp_os_mutex mutex; /* of the block, of what is drawn in it, and of who writes */
    struct cli_block block;
} screen;

/* Whether lines can be redrawn there: a terminal that calls itself dumb, or nothing, knows no
 * controls. */
static bool can_redraw(void)
{
    const char *term = getenv("TERM");
    return imp_os_is_terminal(IMP_OS_STDERR) && term && term[0] && strcmp(term, "dumb") != 0;
}

void cli_console_init(struct cli_console *console, const struct cli_common *common)
{
    *console = (struct cli_console){
        .log = cli_console_log,
        .terminal = can_redraw(),
        .quiet = common->quiet,
        .verbose = common->verbose,
        .events = common->events,
        .preview = common->events ? common->progress_preview : 0,
    };
}

enum impasto_status cli_console_open_show(struct cli_console *console, struct impasto_error *error)
{
    struct cli_show *show = NULL;
    const enum impasto_status status = cli_show_open(&show, error);
    if (status != IMPASTO_OK)
        return status;
    if (imp_os_is_terminal(IMP_OS_STDERR) && !show)
        cli_console_log(console, IMPASTO_LOG_WARNING,
                        "--show: by $TERM, this terminal cannot show pictures");
    if (console->terminal)
        console->show = show;
    else
        cli_show_close(&show);
    return IMPASTO_OK;
}

/* The terminal's line: a bar in the room that the words leave, and the words. */
static void compose_line(const struct cli_console *console, int columns, char line[LINE_SIZE])
{
    const int most = columns > FREE_COLUMNS ? columns - FREE_COLUMNS : 0;
    const int room = most - (int)strlen(console->words) - (int)strlen("[] ");
    const int width = room > BAR_WIDTH ? BAR_WIDTH : room < BAR_LEAST ? BAR_LEAST : room;
    const int filled = (int)(console->share * width);
    line[0] = 0;
    if (!console->words[0])
        return;
    if (console->share < 0) {
        snprintf(line, LINE_SIZE, "%.*s", most < LINE_SIZE ? most : LINE_SIZE - 1, console->words);
        return;
    }
    line[0] = '[';
    for (int i = 0; i < width; i++)
        line[1 + i] = i < filled ? '#' : '-';
    snprintf(line + 1 + width, LINE_SIZE - 1 - (size_t)width, "] %s", console->words);
    if (most < LINE_SIZE)
        line[most] = 0;
}

/* Takes the screen, and collects what goes there. */
static void begin(struct cli_sheet *sheet)
{
    imp_os_lock(&screen.mutex);
    cli_sheet_open(sheet);
}

/* Sends it, and gives the screen back. */
static void end(struct cli_sheet *sheet)
{
    cli_sheet_send(sheet);
    imp_os_unlock(&screen.mutex);
}

static void draw(struct cli_console *console, FILE *stream)
{
    const struct cli_window window = cli_window_now();
    struct cli_picture picture = {0};
    char line[LINE_SIZE];
    compose_line(console, window.columns, line);
    const bool fresh = console->show && cli_show_picture(console->show, &window, &picture);
    cli_block_draw(&screen.block, stream, &window, &picture, fresh, line);
}

void cli_console_log(void *user, enum impasto_log_level level, const char *line)
{
    struct cli_console *console = user;
    if ((level == IMPASTO_LOG_INFO && console->quiet) ||
        (level == IMPASTO_LOG_DEBUG && !console->verbose))
        return;
    char words[LONGEST_LINE];
    snprintf(words, sizeof(words), "%s", line);
    cli_name_options(words);
    line = words;
    cli_events_log(console, level, line);
    struct cli_sheet sheet;
    begin(&sheet);
    const bool shown = screen.block.shown;
    cli_block_erase(&screen.block, sheet.stream);
    fputs(level == IMPASTO_LOG_WARNING ? "impasto: warning: " : "impasto: ", sheet.stream);
    if (console->rank > 0)
        fprintf(sheet.stream, "rank %d: ", console->rank);
    while (*line) {
        const size_t length = cli_printable(line);
        if (length == 0)
            fputc('?', sheet.stream);
        else
            fwrite(line, 1, length, sheet.stream);
        line += length > 0 ? length : 1;
    }
    fputc('\n', sheet.stream);
    if (shown && console->show)
        draw(console, sheet.stream);
    end(&sheet);
}

void cli_console_begin(struct cli_console *console, const struct impasto_job_info *job)
{
    console->scales = job->scales;
    console->scale_count = job->scale_count;
}

/* Work from one iteration to another: time goes by pixels. */
static double work(const struct cli_console *console, int from, int to)
{
    double sum = 0;
    int begin = 0;
    for (size_t i = 0; i < console->scale_count; i++) {
        const struct impasto_plan_scale *scale = &console->scales[i];
        const int end = begin + scale->iterations;
        const int low = from > begin ? from : begin, high = to < end ? to : end;
        if (high > low)
            sum += (double)(high - low) * scale->width * scale->height;
        begin = end;
    }
    return sum;
}

static double share_done(const struct cli_console *console, const struct impasto_job_progress *p)
{
    return p->head.steps > 0 ? work(console, 0, p->head.step) / work(console, 0, p->head.steps) : 1;
}

/* NAN: not known yet. */
static double seconds_left(const struct cli_console *console, const struct impasto_job_progress *p)
{
    const double seconds = p->head.seconds - console->first;
    if (p->head.step == 0 || seconds <= 0)
        return NAN;
    return seconds * work(console, p->head.step, p->head.steps) / work(console, 0, p->head.step);
}

/* "12/300  256x192  loss 3.21 (content 0.5, style 0.02)  1.5 it/s  3:12 left" */
static void compose(const struct cli_console *console, const struct impasto_job_progress *p,
                    char *line, size_t size)
{
    double content = 0, style = 0;
    char scale[32] = "", left[32];
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        content += p->content[l];
        style += p->style[l];
    }
    if (p->scales > 1)
        snprintf(scale, sizeof(scale), "  %dx%d", p->width, p->height);
    const int used = snprintf(line, size, "%d/%d%s  loss %.4g (content %.3g, style %.3g)",
                              p->head.step, p->head.steps, scale, p->head.total, content, style);
    const double rest = seconds_left(console, p);
    if (!isnan(rest) && used >= 0 && (size_t)used < size)
        snprintf(line + used, size - (size_t)used, "  %.3g it/s  %s left",
                 p->head.step / (p->head.seconds - console->first),
                 cli_duration(rest, left, sizeof(left)));
}

void cli_console_line(struct cli_console *console, const char *words, double share, bool edge)
{
    const double now = cli_seconds();
    const double interval = console->terminal ? REDRAW_SECONDS : LINE_SECONDS;
    if (console->quiet || console->silent || (!edge && now - console->last_drawn < interval))
        return;
    struct cli_sheet sheet;
    begin(&sheet);
    console->last_drawn = now;
    snprintf(console->words, sizeof(console->words), "%s", words);
    console->share = share;
    if (console->terminal)
        draw(console, sheet.stream);
    else
        fprintf(sheet.stream, "impasto: %s\n", console->words);
    end(&sheet);
}

void cli_console_progress(struct cli_console *console, const struct impasto_job_progress *progress)
{
    if (progress->head.step == 0)
        console->first = progress->head.seconds;
    const double share = share_done(console, progress);
    cli_events_iteration(console, progress, share, seconds_left(console, progress));
    char words[sizeof(console->words)];
    compose(console, progress, words, sizeof(words));
    cli_console_line(console, words, share, progress->head.step == 0 || progress->head.done);
}

bool cli_console_wants_picture(struct cli_console *console)
{
    const double now = cli_seconds();
    const bool wanted = (console->show || console->preview > 0) && now >= console->next;
    console->asked = wanted ? now : 0;
    return wanted;
}

void cli_console_picture(struct cli_console *console, const struct impasto_image *image,
                         int iteration)
{
    if (!console->show && console->preview == 0)
        return;
    const double began = console->asked > 0 ? console->asked : cli_seconds();
    cli_events_preview(console, image, iteration);
    if (console->show) {
        struct cli_sheet sheet;
        begin(&sheet);
        cli_show_take(console->show, image);
        draw(console, sheet.stream);
        end(&sheet);
    }
    const double now = cli_seconds(), cost = now - began, pause = cost / PICTURE_SHARE;
    console->asked = 0;
    console->next = now + (pause > PICTURE_SECONDS ? pause : PICTURE_SECONDS);
    console->spent += cost;
    console->pictures++;
}

void cli_console_finish(struct cli_console *console)
{
    struct cli_sheet sheet;
    begin(&sheet);
    cli_block_leave(&screen.block, sheet.stream);
    end(&sheet);
    if (console->pictures > 0) {
        char line[128];
        snprintf(line, sizeof(line), "--%s: %d pictures, which took %.2f s",
                 console->show ? "show" : "progress-preview", console->pictures, console->spent);
        console->pictures = 0;
        cli_console_log(console, IMPASTO_LOG_DEBUG, line);
    }
}

void cli_console_close(struct cli_console *console)
{
    cli_console_finish(console);
    cli_show_close(&console->show);
}
