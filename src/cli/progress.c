/* SPDX-License-Identifier: MIT */
/* What a person sees while it runs, all on stderr: on a terminal one line that is redrawn,
 * elsewhere a plain line now and then. */

#include "cli/cli.h"

#include <ctype.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1 /* on a terminal */
#define LINE_SECONDS 5.0   /* on a pipe */
#define BAR_WIDTH 20       /* less where the line is short */
#define BAR_LEAST 5
#define USUAL_COLUMNS 80

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_console_init(struct cli_console *console, const struct cli_settings *settings)
{
    *console = (struct cli_console){
        .terminal = isatty(STDERR_FILENO),
        .quiet = settings->quiet,
        .verbose = settings->verbose,
    };
}

static void clear_bar(struct cli_console *console)
{
    if (console->bar_shown)
        fputs("\r\033[K", stderr);
    console->bar_shown = false;
}

void cli_console_log(void *user, enum impasto_log_level level, const char *line)
{
    struct cli_console *console = user;
    if ((level == IMPASTO_LOG_INFO && console->quiet) ||
        (level == IMPASTO_LOG_DEBUG && !console->verbose))
        return;
    clear_bar(console);
    fputs(level == IMPASTO_LOG_WARNING ? "impasto: warning: " : "impasto: ", stderr);
    for (; *line; line++)
        fputc(iscntrl((unsigned char)*line) ? '?' : *line, stderr);
    fputc('\n', stderr);
    fflush(stderr);
}

/* "1:23:45", "12:34", "0:07". */
static const char *duration(double seconds, char *text, size_t size)
{
    const long s = seconds < 0 ? 0 : seconds > 1e7 ? 10000000 : (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
    return text;
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

/* "12/300  256x192  loss 3.21 (content 0.5, style 0.02)  1.5 it/s  3:12 left" */
static void compose(const struct cli_console *console, const struct impasto_progress *p,
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
    const int used =
        snprintf(line, size, "%d/%d%s  loss %.4g (content %.3g, style %.3g)", p->iteration,
                 p->iterations, scale, p->total, content, style);
    if (p->iteration > 0 && p->seconds > console->first && used >= 0 && (size_t)used < size) {
        const double seconds = p->seconds - console->first;
        const double rest = seconds * work(console, p->iteration, p->iterations) /
                            work(console, 0, p->iteration);
        snprintf(line + used, size - (size_t)used, "  %.3g it/s  %s left", p->iteration / seconds,
                 duration(rest, left, sizeof(left)));
    }
}

/* Redraws the terminal's line: a bar in the room that the words leave, and the words. */
static void draw(const struct impasto_progress *p, const char *words)
{
    struct winsize window = {0};
    int columns = USUAL_COLUMNS;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        columns = window.ws_col;
    columns--; /* stays free, so that no terminal wraps */
    const int room = columns - (int)strlen(words) - (int)strlen("[] ");
    const int width = room > BAR_WIDTH ? BAR_WIDTH : room < BAR_LEAST ? BAR_LEAST : room;
    const int filled =
        p->iterations > 0 ? (int)((double)p->iteration / p->iterations * width) : width;
    char line[512] = "[";
    for (int i = 0; i < width; i++)
        line[1 + i] = i < filled ? '#' : '-';
    snprintf(line + 1 + width, sizeof(line) - 1 - (size_t)width, "] %s", words);
    fprintf(stderr, "\r\033[K%.*s", columns, line);
    fflush(stderr);
}

void cli_console_progress(struct cli_console *console, const struct impasto_progress *progress)
{
    if (console->quiet)
        return;
    if (progress->iteration == 0)
        console->first = progress->seconds;
    const double now = seconds_now();
    const double interval = console->terminal ? REDRAW_SECONDS : LINE_SECONDS;
    const bool edge = progress->iteration == 0 || progress->done;
    if (!edge && now - console->last_drawn < interval)
        return;
    console->last_drawn = now;
    char words[256];
    compose(console, progress, words, sizeof(words));
    if (!console->terminal) {
        fprintf(stderr, "impasto: %s\n", words);
        return;
    }
    draw(progress, words);
    console->bar_shown = true;
}

void cli_console_finish(struct cli_console *console)
{
    if (console->bar_shown)
        fputc('\n', stderr);
    console->bar_shown = false;
}
