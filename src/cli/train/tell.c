/* SPDX-License-Identifier: MIT */
/* What is told of a training: words beside the bar, and what to expect. */

#include "cli/train/run.h"

#include "cli/common/json.h"

#include <math.h>

/* Of any training, in the library. */
#define STEPS_MOST 1000000

double cli_train_work(const struct impasto_train_params *p, int steps, int from, int to)
{
    const double early = 1e-6 * p->batch * p->crop * p->crop;
    const double late = 1e-6 * p->late_batch * p->late_crop * p->late_crop;
    const double border = fmin(fmax(ceil(steps * (1 - (double)p->late_share)), from), to);
    return (border - from) * early + (to - border) * late;
}

static double work(const struct cli_trainer *run, int from, int to)
{
    return cli_train_work(&run->params, run->last.head.steps, from, to);
}

/* Where --minutes decides, and has not yet, time is what is known. */
static double share_done(const struct cli_trainer *run, const struct impasto_train_progress *p)
{
    const double seconds = 60 * (double)run->params.minutes;
    return p->head.steps == STEPS_MOST && seconds > 0
               ? fmin(p->head.seconds / seconds, 1)
               : work(run, 0, p->head.step) / work(run, 0, p->head.steps);
}

/* Seconds to the end; NAN: not known yet. */
static double seconds_left(const struct cli_trainer *run, const struct impasto_train_progress *p)
{
    const double seconds = p->head.seconds - run->first;
    const double done = work(run, run->begun + 1, p->head.step);
    const bool decided = p->head.steps < STEPS_MOST; /* else --minutes will do that */
    return seconds > 0 && done > 0 && decided
               ? seconds * work(run, p->head.step, p->head.steps) / done
               : NAN;
}

/* "  1:20 left"; nothing where that is not known yet. */
static void compose_left(const struct cli_trainer *run, const struct impasto_train_progress *p,
                         char *text, size_t size)
{
    char left[32];
    const double seconds = seconds_left(run, p);
    text[0] = 0;
    if (!isnan(seconds))
        snprintf(text, size, "  %s left", cli_duration(seconds, left, sizeof(left)));
}

/* "12/450  loss 1.31 (content 0.5, style 0.08)  1:20 left  judged 0.98 (best 0.95)  3.1 pictures/s"
 */
static void compose(const struct cli_trainer *run, const struct impasto_train_progress *p,
                    char *line, size_t size)
{
    char left[48], style[32] = "", judged[64] = "", speed[48] = "";
    const double seconds = p->head.seconds - run->first;
    compose_left(run, p, left, sizeof(left));
    if (!isnan(p->style)) /* else the step was the identity's alone */
        snprintf(style, sizeof(style), ", style %.3g", p->style);
    if (isfinite(p->judgement))
        snprintf(judged, sizeof(judged), "  judged %.3g (best %.3g)", p->judgement, p->best);
    if (seconds > 0)
        snprintf(speed, sizeof(speed), "  %.3g pictures/s",
                 (double)(p->pictures - run->learnt) / seconds);
    snprintf(line, size, "%d/%d  loss %.4g (content %.3g%s)%s%s%s", p->head.step, p->head.steps,
             p->head.total, p->content, style, left, judged, speed);
}

/* For other programs. */
static void tell_step(struct cli_trainer *run, const struct impasto_train_progress *p, double share)
{
    json_t *line = json_object();
    json_object_set_new(line, "steps",
                        p->head.steps < STEPS_MOST ? json_integer(p->head.steps) : json_null());
    json_object_set_new(line, "total", cli_json_number(p->head.total));
    json_object_set_new(line, "content", cli_json_number(p->content));
    json_object_set_new(line, "style", cli_json_number(p->style));
    if (p->judged) {
        json_object_set_new(line, "judged", cli_json_number(p->judgement));
        json_object_set_new(line, "best", cli_json_number(p->best));
    }
    json_object_set_new(line, "seconds", cli_json_number(p->head.seconds));
    json_object_set_new(line, "work", cli_json_number(work(run, 0, p->head.step)));
    json_object_set_new(line, "share", cli_json_number(share));
    json_object_set_new(line, "left", cli_json_number(seconds_left(run, p)));
    cli_events_step(&run->console, p->head.step, line);
}

static void tell_start(struct cli_trainer *run)
{
    struct cli_list *styles = &run->settings->styles;
    styles->count = 0;
    for (size_t i = 0; i < run->task.style_count; i++)
        styles->item[styles->count++] = run->words[i];
    cli_events_start(&run->console, run->settings, run->output, 1);
    cli_events_phase_on(&run->console, "training", impasto_device_info(run->device)->name);
}

void cli_train_tell_beginning(struct cli_trainer *run)
{
    tell_start(run);
    if (!run->base && !run->from)
        cli_console_log(&run->console, IMPASTO_LOG_INFO,
                        "a network that begins from nothing takes some thousand steps to paint "
                        "well; with --base FILE, it begins from a model and takes some hundred");
}

void cli_train_tell(struct cli_trainer *run, const struct impasto_train_progress *p)
{
    char line[256];
    const bool first = p->head.step == run->begun + 1;
    if (first) {
        run->first = p->head.seconds;
        run->learnt = p->pictures;
    }
    const double share = share_done(run, p);
    compose(run, p, line, sizeof(line));
    tell_step(run, p, share);
    cli_console_line(&run->console, line, share, first || p->head.done);
}
