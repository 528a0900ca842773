/* SPDX-License-Identifier: MIT */
/* The page of --report, in HTML that needs no other file. What comes from outside, such as names of
 * files and devices, goes through cli_html_text. Paths are told without their folders. */

#include "base/os.h"
#include "cli/options/table.h"
#include "cli/report/page.h"
#include "cli/report/report.h"

#include <math.h>
#include <string.h>

/* page.css and page.js, see meson.build. */
struct cli_source {
    const char *name;
    const char *text;
};
extern const struct cli_source cli_sources[];
extern const size_t cli_source_count;

static void put_source(FILE *stream, const char *name)
{
    for (size_t i = 0; i < cli_source_count; i++)
        if (strcmp(cli_sources[i].name, name) == 0)
            fputs(cli_sources[i].text, stream);
}

static void put_name(FILE *stream, const char *name)
{
    fputs("<bdi>", stream);
    cli_html_text(stream, name);
    fputs("</bdi>", stream);
}

/* "content" or "result", of which there is one; NULL: it is missing. */
static const struct cli_embedded *find(const struct cli_page *page, const char *role)
{
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->pictures[i].role, role) == 0)
            return &page->pictures[i];
    return NULL;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

static void put_figure(FILE *stream, const struct cli_embedded *picture)
{
    fprintf(stream, "<figure class=\"%s\"><img width=\"%d\" height=\"%d\" alt=\"%s picture: ",
            picture->role, picture->width, picture->height, picture->role);
    cli_html_text(stream, picture->name);
    fputs("\" src=\"data:image/jpeg;base64,", stream);
    cli_html_base64(stream, picture->bytes, picture->size);
    fprintf(stream, "\"><figcaption>%s: ", picture->role);
    put_name(stream, picture->name);
    fputs("</figcaption></figure>\n", stream);
}

static void put_pictures(FILE *stream, const struct cli_page *page)
{
    const struct cli_embedded *content = find(page, "content"), *result = find(page, "result");
    if (content && result) {
        fprintf(stream, "<div class=\"pair\" style=\"--aspect: %.4f; --cut: 50%%\">\n",
                (double)result->width / result->height);
        put_figure(stream, content);
        put_figure(stream, result);
        fputs("</div>\n"
              "<p class=\"slider\" hidden><span aria-hidden=\"true\">content</span>"
              "<input type=\"range\" min=\"0\" max=\"100\" value=\"50\" "
              "aria-label=\"how much of the content picture lies over the result\">"
              "<span aria-hidden=\"true\">result</span></p>\n",
              stream);
    }
    fputs("<h2>Style</h2>\n<ul class=\"styles\">\n", stream);
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->pictures[i].role, "style") == 0) {
            fputs("<li>", stream);
            put_figure(stream, &page->pictures[i]);
            fputs("</li>\n", stream);
        }
    fputs("</ul>\n", stream);
}

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
    cli_chart(stream, page->curves);
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

/* ---- Tables of two columns ------------------------------------------------------------------- */

static void begin_row(FILE *stream, const char *name)
{
    fputs("<tr><th scope=\"row\">", stream);
    cli_html_text(stream, name);
    fputs("</th><td>", stream);
}

static void put_row(FILE *stream, const char *name, const char *value)
{
    begin_row(stream, name);
    cli_html_text(stream, value);
    fputs("</td></tr>\n", stream);
}

static void put_setting(void *user, const struct cli_option *option, const struct cli_value *value)
{
    FILE *stream = user;
    const char *separator = "";
    fputs("<tr><th scope=\"row\"><code>--", stream);
    cli_html_text(stream, option->name);
    fputs("</code></th><td>", stream);
    switch (value->kind) {
    case CLI_VALUE_TEXT:
        put_name(stream, value->text ? cli_file_name(value->text) : "not given");
        break;
    case CLI_VALUE_NUMBER:
        fprintf(stream, value->number == floor(value->number) ? "%.0f" : "%.9g", value->number);
        break;
    case CLI_VALUE_BOOL:
        fputs(value->number != 0 ? "yes" : "no", stream);
        break;
    case CLI_VALUE_LAYERS:
        for (int l = 0; l < IMPASTO_LAYERS; l++)
            if (value->layers[l] > 0) {
                fprintf(stream, "%s%s:%.6g", separator, impasto_layer_name(l),
                        (double)value->layers[l]);
                separator = ", ";
            }
        break;
    case CLI_VALUE_SCALES:
        if (value->sizes[0] == 0 && value->number > 0)
            fprintf(stream, "%.0f", value->number);
        else if (value->sizes[0] == 0)
            fputs("auto", stream);
        for (int i = 0; i < IMPASTO_SCALES && value->sizes[i] > 0; i++)
            fprintf(stream, "%s%d", i ? ", " : "", value->sizes[i]);
        break;
    case CLI_VALUE_LIST:
        for (int i = 0; i < value->list->count; i++) {
            fputs(i ? ", " : "", stream);
            put_name(stream, cli_file_name(value->list->item[i]));
        }
        if (value->list->count == 0)
            put_name(stream, "not given");
        break;
    }
    fputs("</td></tr>\n", stream);
}

static void put_settings(FILE *stream, const struct cli_page *page)
{
    fputs("<section><h2>Settings</h2>\n<table><tbody>\n", stream);
    cli_visit(page->run->settings, page->run->params, put_setting, stream);
    fputs("</tbody></table></section>\n", stream);
}

static void put_bytes(FILE *stream, const char *name, uint64_t bytes)
{
    begin_row(stream, name);
    fprintf(stream, "%.1f MiB</td></tr>\n", (double)bytes / (1 << 20));
}

static void put_machine(FILE *stream, const struct cli_page *page)
{
    const struct impasto_device_info *device = page->run->device;
    char system[512];
    fputs("<section><h2>Device</h2>\n<table><tbody>\n", stream);
    put_row(stream, "impasto", impasto_version());
    if (imp_os_system_name(system, sizeof(system)))
        put_row(stream, "system", system);
    put_row(stream, "device", device->name);
    put_row(stream, "platform", device->platform);
    put_row(stream, "driver", device->driver);
    put_row(stream, "OpenCL", device->opencl);
    if (device->note[0])
        put_row(stream, "note", device->note);
    begin_row(stream, "compute units");
    fprintf(stream, "%u</td></tr>\n", device->compute_units);
    put_bytes(stream, "memory", device->memory);
    put_bytes(stream, "largest buffer", device->max_allocation);
    put_row(stream, "weights in use", cli_file_name(page->run->weights));
    fputs("</tbody></table></section>\n", stream);
}

static void put_plan(FILE *stream, const struct cli_page *page)
{
    const struct impasto_job_info *job = page->run->job;
    fputs("<section><h2>Memory</h2>\n<table><tbody>\n", stream);
    for (size_t i = 0; i < job->plan_rows; i++)
        put_bytes(stream, job->plan[i].purpose, job->plan[i].bytes);
    put_bytes(stream, "in all", job->plan_bytes);
    fputs("</tbody></table>\n<details><summary>How it is used</summary>\n<table><tbody>\n", stream);
    for (size_t i = 0; i < job->stage_count; i++) {
        const struct impasto_plan_stage *stage = &job->stages[i];
        char name[64], words[96];
        snprintf(name, sizeof(name), "%s to %s", impasto_layer_name(stage->first),
                 impasto_layer_name(stage->last));
        put_row(stream, name, cli_stage_words(stage, words, sizeof(words)));
    }
    begin_row(stream, "expected time");
    fprintf(stream, "%.2f times that of keeping everything</td></tr>\n", job->plan_cost);
    fputs("</tbody></table></details>\n"
          "<details><summary>Convolutions, forwards and backwards</summary>\n<table><tbody>\n",
          stream);
    for (size_t i = 0; i < job->layer_count; i++) {
        char words[96];
        snprintf(words, sizeof(words), "%s, %s", job->layers[i].forward, job->layers[i].backward);
        put_row(stream, impasto_layer_name(job->layers[i].layer), words);
    }
    fputs("</tbody></table></details></section>\n", stream);
}

/* ---- The page -------------------------------------------------------------------------------- */

static void put_title(FILE *stream, const struct cli_page *page)
{
    const struct cli_embedded *content = find(page, "content");
    const char *link = " in the style of ";
    put_name(stream, content ? content->name : "");
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->pictures[i].role, "style") == 0) {
            fputs(link, stream);
            put_name(stream, page->pictures[i].name);
            link = " and ";
        }
}

static void put_head(FILE *stream, const struct cli_page *page)
{
    const struct cli_embedded *result = find(page, "result");
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          /* Nothing is loaded, whatever a name may have in it. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
          "<title>",
          stream);
    cli_html_text(stream, result ? result->name : "");
    fprintf(stream, " - impasto %s</title>\n<style>\n", impasto_version());
    put_source(stream, "page.css");
    fputs("</style>\n</head>\n<body>\n<main>\n<h1>", stream);
    put_title(stream, page);
    fputs("</h1>\n", stream);
}

static void put_summary(FILE *stream, const struct cli_page *page)
{
    const struct impasto_job_progress *last = &page->last;
    char time[32];
    fprintf(stream, "<p>%dx%d pixels, %d of %d iterations in %s", page->run->job->width,
            page->run->job->height, page->taken, page->run->job->iterations,
            cli_duration(last->head.seconds, time, sizeof(time)));
    if (page->taken > 0)
        fprintf(stream, " (%.3g s each)", last->head.seconds / page->taken);
    fputs(", on ", stream);
    cli_html_text(stream, page->run->device->name);
    fputs(".</p>\n", stream);
    if (page->status == IMPASTO_OK)
        return;
    fprintf(stream, "<p class=\"notice\">%s: this is the picture so far. ",
            page->status == IMPASTO_ERROR_INTERRUPTED ? "Interrupted" : "Stopped");
    cli_html_text(stream, page->why);
    fputs("</p>\n", stream);
}

bool cli_page_write(FILE *stream, const void *data)
{
    const struct cli_page *page = data;
    put_head(stream, page);
    put_summary(stream, page);
    put_pictures(stream, page);
    put_losses(stream, page);
    fputs("<div class=\"tables\">\n", stream);
    put_settings(stream, page);
    fputs("<div>\n", stream);
    put_machine(stream, page);
    put_plan(stream, page);
    fputs("</div>\n</div>\n</main>\n<script>\n", stream);
    put_source(stream, "page.js");
    fputs("</script>\n</body>\n</html>\n", stream);
    return !ferror(stream);
}
