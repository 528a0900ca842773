/* SPDX-License-Identifier: MIT */
/* The page of a training. */

#include "cli/report/page.h"
#include "cli/report/report.h"

#include <math.h>
#include <string.h>

/* "night.model: a, b" */
static void put_title(FILE *stream, const struct cli_training_page *page)
{
    const struct impasto_train_info *info = page->training->info;
    cli_put_name(stream, cli_file_name(page->training->output));
    for (size_t i = 0; i < info->style_count; i++) {
        fputs(i ? ", " : ": ", stream);
        cli_put_name(stream, info->styles[i]);
    }
}

static void put_summary(FILE *stream, const struct cli_training_page *page)
{
    const struct impasto_train_info *info = page->training->info;
    fprintf(stream, "<p>a network of width %d, begun from ", info->width);
    cli_put_name(stream, info->base ? cli_file_name(info->base) : "nothing");
    fprintf(stream, ", %d of %d steps in ", page->last.head.step, page->last.head.steps);
    cli_put_time(stream, page->last.head.seconds, page->last.head.step, page->training->device);
    cli_put_notice(stream, page->status, "model", page->why);
}

static void put_loss(FILE *stream, const char *name, double first, double last)
{
    fprintf(stream, "<tr><th scope=\"row\">%s</th>", name);
    for (int i = 0; i < 2; i++) {
        const double value = i ? last : first;
        if (isfinite(value))
            fprintf(stream, "<td class=\"number\">%.3g</td>", value);
        else
            fputs("<td class=\"number\">none</td>", stream);
    }
    fputs("</tr>\n", stream);
}

static void put_losses(FILE *stream, const struct cli_training_page *page)
{
    const struct impasto_train_progress *first = &page->first, *last = &page->last;
    if (page->curves->stride == 0)
        return;
    fputs("<h2>Losses</h2>\n", stream);
    cli_put_chart(stream, page->curves, &cli_loss_chart, "step");
    fputs("<details><summary>Before weighting</summary>\n"
          "<table><thead><tr><th scope=\"col\">loss</th>"
          "<th scope=\"col\" class=\"number\">start</th>"
          "<th scope=\"col\" class=\"number\">end</th></tr></thead><tbody>\n",
          stream);
    put_loss(stream, "content", first->content, last->content);
    put_loss(stream, "style", first->style, last->style);
    put_loss(stream, "total variation", first->tv, last->tv);
    put_loss(stream, "colours out of range", first->range, last->range);
    if (page->training->info->params->lattice_weight > 0)
        put_loss(stream, "repeating every 4 pixels", first->lattice, last->lattice);
    if (page->training->info->params->weave_weight > 0)
        put_loss(stream, "repeating further on", first->weave, last->weave);
    if (page->training->info->params->steady_weight > 0) {
        put_loss(stream, "holding still", first->steady, last->steady);
        put_loss(stream, "features holding still", first->steady_features, last->steady_features);
    }
    fputs("</tbody></table></details>\n", stream);
    if (isfinite(last->best))
        fprintf(stream, "<p>The judge liked step %d the best: a loss of %.4g.</p>\n",
                last->best_step, last->best);
}

static void put_settings(FILE *stream, const struct cli_training *training)
{
    fputs("<section><h2>Settings</h2>\n<table><tbody>\n", stream);
    cli_visit_params(training->rows, training->info->params, cli_put_setting, stream);
    fputs("</tbody></table></section>\n", stream);
}

static void put_memory(FILE *stream, const struct impasto_train_info *info)
{
    fputs("<section><h2>Memory</h2>\n<table><tbody>\n", stream);
    for (size_t i = 0; i < info->plan_rows; i++)
        cli_put_bytes(stream, info->plan[i].purpose, info->plan[i].bytes);
    cli_put_bytes(stream, "in all", info->plan_bytes);
    cli_put_row(stream, "when", info->plan_moment);
    fputs("</tbody></table></section>\n", stream);
}

bool cli_training_page_write(FILE *stream, const void *data)
{
    const struct cli_training_page *page = data;
    cli_put_head(stream, cli_file_name(page->training->output));
    put_title(stream, page);
    fputs("</h1>\n", stream);
    put_summary(stream, page);
    cli_put_pictures(stream, &page->shown);
    put_losses(stream, page);
    fputs("<div class=\"tables\">\n", stream);
    put_settings(stream, page->training);
    fputs("<div>\n", stream);
    cli_put_machine(stream, page->training->device, page->training->weights);
    put_memory(stream, page->training->info);
    fputs("</div>\n</div>\n", stream);
    cli_put_end(stream);
    return !ferror(stream);
}
