/* SPDX-License-Identifier: MIT */
/* Charts of curves, as SVG. Of long runs, only every so many-th step is kept. */

#include "cli/report/page.h"

#include <math.h>
#include <string.h>

/* User units; a phone shows about one to a pixel, a desktop one to one and a half. */
#define WIDTH 480
#define HEIGHT 300
#define LEFT 72
#define RIGHT 18
#define TOP 32
#define BOTTOM 46
#define TICK_GAP 6
#define LEGEND_LEFT 8
#define LEGEND_LINE 22
#define LEGEND_LETTER 8 /* about as wide */
#define LEGEND_GAP 14

/* What is this far below the largest value is of no interest, and zero has no logarithm. */
#define MOST_DECADES 5
#define X_TICKS 6 /* at most */

const struct cli_chart cli_loss_chart = {.id = "losses",
                                         .title = "Losses",
                                         .axis = "weighted loss, log scale",
                                         .part = {[CLI_TOTAL] = {"total", "total", true},
                                                  [CLI_STYLE] = {"style", "style", true},
                                                  [CLI_CONTENT] = {"content", "content", true},
                                                  [CLI_TV] = {"smoothness", "smoothness", false},
                                                  [CLI_JUDGED] = {"judged", "judged", false}}};

/* ---- Collecting ------------------------------------------------------------------------------ */

struct cli_point cli_point_of_job(const struct impasto_params *params,
                                  const struct impasto_job_progress *progress)
{
    struct cli_point point = {.step = progress->head.step};
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        point.part[CLI_CONTENT] += (double)params->content_layers[l] * progress->content[l];
        point.part[CLI_STYLE] += (double)params->style_layers[l] * progress->style[l];
    }
    point.part[CLI_CONTENT] *= (double)params->content_weight;
    point.part[CLI_STYLE] *= (double)params->style_weight;
    point.part[CLI_TV] = (double)params->tv_weight * progress->tv;
    point.part[CLI_TOTAL] = progress->head.total;
    return point;
}

struct cli_point cli_point_of_training(const struct impasto_train_params *params,
                                       const struct impasto_train_progress *progress)
{
    struct cli_point point = {.step = progress->head.step};
    point.part[CLI_TOTAL] = progress->head.total;
    point.part[CLI_CONTENT] = (double)params->content_weight * progress->content;
    point.part[CLI_TV] = (double)params->tv_weight * progress->tv;
    /* The rest: its weight rises at first, and the identity's crops have none of it. */
    point.part[CLI_STYLE] = point.part[CLI_TOTAL] - point.part[CLI_CONTENT] - point.part[CLI_TV] -
                            (double)params->range_weight * progress->range -
                            (double)params->lattice_weight * progress->lattice -
                            (double)params->weave_weight * progress->weave;
    if (params->steady_weight > 0)
        point.part[CLI_STYLE] -= (double)params->steady_weight * progress->steady +
                                 (double)params->steady_features * progress->steady_features;
    point.part[CLI_JUDGED] = progress->judgement;
    for (int i = 0; i < CLI_PARTS; i++) /* what is not finite, in a step that was taken back */
        if (!isfinite(point.part[i]))
            point.part[i] = 0;
    return point;
}

/* When there is no more room, every other point goes, and from then on so do those that come. */
void cli_curves_add(struct cli_curves *curves, const struct cli_point *point)
{
    curves->last = *point;
    while (curves->count > 0 && curves->points[curves->count - 1].step >= point->step)
        curves->count--;
    if (curves->stride == 0)
        curves->stride = 1;
    if (curves->last.step % curves->stride != 0)
        return;
    if (curves->count == CLI_POINTS_MOST) {
        for (size_t i = 0; i < CLI_POINTS_MOST / 2; i++)
            curves->points[i] = curves->points[2 * i];
        curves->count = CLI_POINTS_MOST / 2;
        curves->stride *= 2;
    }
    if (curves->last.step % curves->stride == 0)
        curves->points[curves->count++] = curves->last;
}

/* ---- Axes ------------------------------------------------------------------------------------ */

struct axes {
    double low, high; /* losses, both above 0 */
    int last;         /* step, above 0 */
};

/* The largest of 1, 2, 5, 10, ... that is not above the value; `above`: the smallest not below. */
static double round_number(double value, bool above)
{
    static const double digits[] = {1, 2, 5, 10};
    const double power = pow(10, floor(log10(value)));
    /* A thousandth: 10 to the power of a logarithm is not quite the number again. */
    if (above) {
        for (int i = 0; i < 4; i++)
            if (digits[i] * power * 1.001 >= value)
                return digits[i] * power;
    } else {
        for (int i = 3; i >= 0; i--)
            if (digits[i] * power * 0.999 <= value)
                return digits[i] * power;
    }
    return power;
}

/* The i-th point, after those that are kept the last. */
static const struct cli_point *point_at(const struct cli_curves *curves, size_t i)
{
    return i < curves->count ? &curves->points[i] : &curves->last;
}

static size_t point_count(const struct cli_curves *curves)
{
    return curves->count > 0 && curves->points[curves->count - 1].step == curves->last.step
               ? curves->count
               : curves->count + 1;
}

/* false: there is nothing to draw. */
static bool find_axes(const struct cli_curves *curves, struct axes *axes)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < point_count(curves); i++)
        for (int part = 0; part < CLI_PARTS; part++)
            high = fmax(high, point_at(curves, i)->part[part]);
    for (size_t i = 0; i < point_count(curves); i++)
        for (int part = 0; part < CLI_PARTS; part++)
            if (point_at(curves, i)->part[part] > high * pow(10, -MOST_DECADES))
                low = fmin(low, point_at(curves, i)->part[part]);
    if (!(high > 0) || !isfinite(high) || curves->stride == 0)
        return false;
    axes->low = round_number(low, false);
    axes->high = round_number(high, true);
    if (axes->low * 1.5 > axes->high)
        axes->high = axes->low * 10;
    axes->last = curves->last.step > 0 ? curves->last.step : 1;
    return true;
}

static double x_of(const struct axes *axes, double step)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * step / axes->last;
}

static double y_of(const struct axes *axes, double loss)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * log(axes->high / loss) / log(axes->high / axes->low);
}

static void draw_y_axis(FILE *stream, const struct axes *axes, const char *words)
{
    /* Every number of 1, 2 and 5 where the powers of ten alone would be few. */
    const bool few = axes->high / axes->low < 150;
    for (double loss = axes->low; loss <= axes->high * 1.001;
         loss = round_number(loss * 1.1, true)) {
        const double decade = log10(loss);
        if (!few && fabs(decade - round(decade)) > 0.01)
            continue;
        fprintf(stream,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" dy=\"0.35em\" "
                "text-anchor=\"end\">%.4g</text>\n",
                LEFT, y_of(axes, loss), WIDTH - RIGHT, LEFT - TICK_GAP, y_of(axes, loss), loss);
    }
    fprintf(stream,
            "<text class=\"label\" transform=\"translate(16 %d) rotate(-90)\" "
            "text-anchor=\"middle\">%s</text>\n",
            TOP + (HEIGHT - TOP - BOTTOM) / 2, words);
}

static void draw_x_axis(FILE *stream, const struct axes *axes, const char *unit)
{
    const double least = (double)axes->last / X_TICKS;
    const double tick = least > 1 ? round_number(least, true) : 1;
    for (double step = 0; step <= axes->last; step += tick)
        fprintf(stream,
                "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" "
                "text-anchor=\"middle\">%.0f</text>\n",
                x_of(axes, step), TOP, HEIGHT - BOTTOM, x_of(axes, step), HEIGHT - BOTTOM + 18,
                step);
    fprintf(stream,
            "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>"
            "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, LEFT + (WIDTH - LEFT - RIGHT) / 2,
            HEIGHT - 6, unit);
}

/* ---- Curves ---------------------------------------------------------------------------------- */

/* Pieces of points that have a place on the chart. */
static void draw_curve(FILE *stream, const struct cli_curves *curves, const struct axes *axes,
                       enum cli_part part, const char *name)
{
    int run = 0;
    fprintf(stream, "<path class=\"curve %s\" d=\"", name);
    for (size_t i = 0; i < point_count(curves); i++) {
        const struct cli_point *point = point_at(curves, i);
        const double loss = point->part[part];
        if (!(loss >= axes->low)) {
            run = 0;
            continue;
        }
        /* "h0": a piece of one point is a dot, by its round caps. */
        fprintf(stream, "%s%.1f %.1f%s", run ? "L" : "M", x_of(axes, point->step), y_of(axes, loss),
                run ? "" : "h0");
        run++;
    }
    fputs("\"/>\n", stream);
}

/* Whether there is such a part: the legend leaves out the others. */
static bool is_there(const struct cli_curves *curves, const struct cli_chart *chart, int part)
{
    if (!chart->part[part].name)
        return false;
    for (size_t i = 0; i < point_count(curves); i++)
        if (point_at(curves, i)->part[part] > 0)
            return true;
    return chart->part[part].always;
}

static void draw_legend(FILE *stream, const struct cli_curves *curves,
                        const struct cli_chart *chart)
{
    int x = LEGEND_LEFT;
    for (int i = 0; i < CLI_PARTS; i++) {
        const char *name = chart->part[i].name;
        if (!is_there(curves, chart, i))
            continue;
        fprintf(stream,
                "<path class=\"curve %s\" d=\"M%d %dh%d\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
                chart->part[i].colour, x, TOP / 2 - 4, LEGEND_LINE, x + LEGEND_LINE + TICK_GAP,
                TOP / 2, name);
        x += LEGEND_LINE + TICK_GAP + LEGEND_LETTER * (int)strlen(name) + LEGEND_GAP;
    }
}

/* For those who do not see the curves. */
static void describe(FILE *stream, const struct cli_curves *curves, const struct cli_chart *chart,
                     const char *unit)
{
    const struct cli_point *first = point_at(curves, 0), *last = &curves->last;
    const char *before = ": ";
    fprintf(stream, "<desc id=\"%s-text\">From %s %d to %d", chart->id, unit, first->step,
            last->step);
    for (int i = 0; i < CLI_PARTS; i++)
        if (is_there(curves, chart, i)) {
            fprintf(stream, "%s%s from %.4g to %.4g", before, chart->part[i].name, first->part[i],
                    last->part[i]);
            before = ", ";
        }
    fputs(".</desc>\n", stream);
}

void cli_put_chart(FILE *stream, const struct cli_curves *curves, const struct cli_chart *chart,
                   const char *unit)
{
    struct axes axes;
    if (!find_axes(curves, &axes))
        return;
    fprintf(stream,
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-labelledby=\"%s-title %s-text\">\n"
            "<title id=\"%s-title\">%s over the %ss</title>\n",
            WIDTH, HEIGHT, chart->id, chart->id, chart->id, chart->title, unit);
    describe(stream, curves, chart, unit);
    draw_y_axis(stream, &axes, chart->axis);
    draw_x_axis(stream, &axes, unit);
    draw_legend(stream, curves, chart);
    /* The first comes last, on top. */
    for (int i = CLI_PARTS - 1; i >= 0; i--)
        if (chart->part[i].name)
            draw_curve(stream, curves, &axes, (enum cli_part)i, chart->part[i].colour);
    fputs("</svg>\n", stream);
}
