/* SPDX-License-Identifier: MIT */
/* The page of a painting. */

#include "cli/report/page.h"
#include "cli/report/report.h"

#include <string.h>

/* ---- Losses ---------------------------------------------------------------------------------- */

static void put_layer(FILE *stream, int layer, const char *what, float weight, double first,
                      double last)
{
    if (weight > 0)
        fprintf(stream,
                "<tr><th scope=\"row\">%s %s</th><td class=\"number\">%.6g</td>"
                "<td class=\"number\">%.3g</td><td class=\"number\">%.3g</td></tr>\n",
                what, impasto_layer_name(layer), (double)weight, first, last);
}

static void put_losses(FILE *stream, const struct cli_page *page)
{
    const struct impasto_params *params = page->run->params;
    if (page->curves->stride == 0)
        return;
    fputs("<h2>Losses</h2>\n", stream);
    cli_put_chart(stream, page->curves, &cli_loss_chart, "iteration");
    fputs("<details><summary>By layer, before weighting</summary>\n"
          "<table><thead><tr><th scope=\"col\">layer</th>"
          "<th scope=\"col\" class=\"number\">weight</th>"
          "<th scope=\"col\" class=\"number\">start</th>"
          "<th scope=\"col\" class=\"number\">end</th></tr></thead><tbody>\n",
          stream);
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        put_layer(stream, l, "content", params->content_layers[l], page->first.content[l],
                  page->last.content[l]);
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        put_layer(stream, l, "style", params->style_layers[l], page->first.style[l],
                  page->last.style[l]);
    fprintf(stream,
            "<tr><th scope=\"row\">total variation</th><td class=\"number\">%.6g</td>"
            "<td class=\"number\">%.3g</td><td class=\"number\">%.3g</td></tr>\n"
            "</tbody></table></details>\n",
            (double)params->tv_weight, page->first.tv, page->last.tv);
}

static void put_settings(FILE *stream, const struct cli_page *page)
{
    fputs("<section><h2>Settings</h2>\n<table><tbody>\n", stream);
    cli_visit(page->run->settings, page->run->params, cli_put_setting, stream);
    fputs("</tbody></table></section>\n", stream);
}

static void put_plan(FILE *stream, const struct cli_page *page)
{
    const struct impasto_job_info *job = page->run->job;
    fputs("<section><h2>Memory</h2>\n<table><tbody>\n", stream);
    for (size_t i = 0; i < job->plan_rows; i++)
        cli_put_bytes(stream, job->plan[i].purpose, job->plan[i].bytes);
    cli_put_bytes(stream, "in all", job->plan_bytes);
    fputs("</tbody></table>\n<details><summary>How it is used</summary>\n<table><tbody>\n", stream);
    for (size_t i = 0; i < job->stage_count; i++) {
        const struct impasto_plan_stage *stage = &job->stages[i];
        char name[64], words[96];
        snprintf(name, sizeof(name), "%s to %s", impasto_layer_name(stage->first),
                 impasto_layer_name(stage->last));
        cli_put_row(stream, name, cli_stage_words(stage, words, sizeof(words)));
    }
    cli_begin_row(stream, "expected time");
    fprintf(stream, "%.2f times that of keeping everything</td></tr>\n", job->plan_cost);
    fputs("</tbody></table></details>\n"
          "<details><summary>Convolutions, forwards and backwards</summary>\n<table><tbody>\n",
          stream);
    for (size_t i = 0; i < job->layer_count; i++) {
        char words[96];
        snprintf(words, sizeof(words), "%s, %s", job->layers[i].forward, job->layers[i].backward);
        cli_put_row(stream, impasto_layer_name(job->layers[i].layer), words);
    }
    fputs("</tbody></table></details></section>\n", stream);
}

/* ---- The page -------------------------------------------------------------------------------- */

static void put_title(FILE *stream, const struct cli_page *page)
{
    const struct cli_embedded *content = cli_find_picture(&page->shown, "content");
    const char *link = " in the style of ";
    cli_put_name(stream, content ? content->name : "");
    for (size_t i = 0; i < page->shown.count; i++)
        if (strcmp(page->shown.pictures[i].role, "style") == 0) {
            fputs(link, stream);
            cli_put_name(stream, page->shown.pictures[i].name);
            link = " and ";
        }
}

static void put_summary(FILE *stream, const struct cli_page *page)
{
    fprintf(stream, "<p>%dx%d pixels, %d of %d iterations in ", page->run->job->width,
            page->run->job->height, page->taken, page->run->job->iterations);
    cli_put_time(stream, page->last.head.seconds, page->taken, page->run->device);
    cli_put_notice(stream, page->status, "picture", page->why);
}

bool cli_page_write(FILE *stream, const void *data)
{
    const struct cli_page *page = data;
    const struct cli_embedded *result = cli_find_picture(&page->shown, "result");
    cli_put_head(stream, result ? result->name : "");
    put_title(stream, page);
    fputs("</h1>\n", stream);
    put_summary(stream, page);
    cli_put_pictures(stream, &page->shown);
    put_losses(stream, page);
    fputs("<div class=\"tables\">\n", stream);
    put_settings(stream, page);
    fputs("<div>\n", stream);
    cli_put_machine(stream, page->run->device, page->run->weights);
    put_plan(stream, page);
    fputs("</div>\n</div>\n", stream);
    cli_put_end(stream);
    return !ferror(stream);
}
