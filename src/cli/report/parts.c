/* SPDX-License-Identifier: MIT */
/* Parts of all pages of --report, in HTML that needs no other file. What comes from outside, such
 * as names of files and devices, goes through cli_html_text. Paths are told without their folders.
 */

#include "base/os.h"
#include "cli/report/page.h"

#include <math.h>
#include <string.h>

/* page.css and page.js, see meson.build. */
struct cli_source {
    const char *name;
    const char *text;
    size_t size;
};
extern const struct cli_source cli_sources[];
extern const size_t cli_source_count;

static void put_source(FILE *stream, const char *name)
{
    for (size_t i = 0; i < cli_source_count; i++)
        if (strcmp(cli_sources[i].name, name) == 0)
            fputs(cli_sources[i].text, stream);
}

void cli_put_name(FILE *stream, const char *name)
{
    fputs("<bdi>", stream);
    cli_html_text(stream, name);
    fputs("</bdi>", stream);
}

const struct cli_embedded *cli_find_picture(const struct cli_pictures_shown *shown,
                                            const char *role)
{
    for (size_t i = 0; i < shown->count; i++)
        if (strcmp(shown->pictures[i].role, role) == 0)
            return &shown->pictures[i];
    return NULL;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

static void put_figure(FILE *stream, const struct cli_embedded *picture)
{
    const char *name = picture->name ? picture->name : picture->label;
    fprintf(stream, "<figure class=\"%s\"><img width=\"%d\" height=\"%d\" alt=\"%s picture: ",
            picture->role, picture->width, picture->height, picture->role);
    cli_html_text(stream, name);
    fputs("\" src=\"data:image/jpeg;base64,", stream);
    cli_html_base64(stream, picture->bytes, picture->size);
    fprintf(stream, "\"><figcaption>%s: ", picture->role);
    cli_put_name(stream, name);
    fputs("</figcaption></figure>\n", stream);
}

void cli_put_list(FILE *stream, const struct cli_pictures_shown *shown, const char *role,
                  const char *heading)
{
    if (!cli_find_picture(shown, role))
        return;
    fprintf(stream, "<h2>%s</h2>\n<ul class=\"styles\">\n", heading);
    for (size_t i = 0; i < shown->count; i++)
        if (strcmp(shown->pictures[i].role, role) == 0) {
            fputs("<li>", stream);
            put_figure(stream, &shown->pictures[i]);
            fputs("</li>\n", stream);
        }
    fputs("</ul>\n", stream);
}

void cli_put_pictures(FILE *stream, const struct cli_pictures_shown *shown)
{
    const struct cli_embedded *content = cli_find_picture(shown, "content"),
                              *result = cli_find_picture(shown, "result");
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
    cli_put_list(stream, shown, "style", "Style");
}

/* ---- Tables of two columns ------------------------------------------------------------------- */

void cli_begin_row(FILE *stream, const char *name)
{
    fputs("<tr><th scope=\"row\">", stream);
    cli_html_text(stream, name);
    fputs("</th><td>", stream);
}

void cli_put_row(FILE *stream, const char *name, const char *value)
{
    cli_begin_row(stream, name);
    cli_html_text(stream, value);
    fputs("</td></tr>\n", stream);
}

void cli_put_setting(void *user, const struct cli_option *option, const struct cli_value *value)
{
    FILE *stream = user;
    const char *separator = "";
    fputs("<tr><th scope=\"row\"><code>--", stream);
    cli_html_text(stream, option->name);
    fputs("</code></th><td>", stream);
    switch (value->kind) {
    case CLI_VALUE_TEXT:
        cli_put_name(stream, value->text ? cli_file_name(value->text) : "not given");
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
            cli_put_name(stream, cli_file_name(value->list->item[i]));
        }
        if (value->list->count == 0)
            cli_put_name(stream, "not given");
        break;
    }
    fputs("</td></tr>\n", stream);
}

void cli_put_bytes(FILE *stream, const char *name, uint64_t bytes)
{
    cli_begin_row(stream, name);
    fprintf(stream, "%.1f MiB</td></tr>\n", (double)bytes / (1 << 20));
}

void cli_put_machine(FILE *stream, const struct impasto_device_info *device, const char *weights)
{
    char system[512];
    fputs("<section><h2>Device</h2>\n<table><tbody>\n", stream);
    cli_put_row(stream, "impasto", impasto_version());
    if (imp_os_system_name(system, sizeof(system)))
        cli_put_row(stream, "system", system);
    cli_put_row(stream, "device", device->name);
    cli_put_row(stream, "platform", device->platform);
    cli_put_row(stream, "driver", device->driver);
    cli_put_row(stream, "OpenCL", device->opencl);
    if (device->note[0])
        cli_put_row(stream, "note", device->note);
    cli_begin_row(stream, "compute units");
    fprintf(stream, "%u</td></tr>\n", device->compute_units);
    cli_put_bytes(stream, "memory", device->memory);
    cli_put_bytes(stream, "largest buffer", device->max_allocation);
    cli_put_row(stream, "weights in use", cli_file_name(weights));
    fputs("</tbody></table></section>\n", stream);
}

/* ---- Beginning and end ----------------------------------------------------------------------- */

void cli_put_head(FILE *stream, const char *name)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          /* Nothing is loaded, whatever a name may have in it. */
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
          "<title>",
          stream);
    cli_html_text(stream, name);
    fprintf(stream, " - impasto %s</title>\n<style>\n", impasto_version());
    put_source(stream, "page.css");
    fputs("</style>\n</head>\n<body>\n<main>\n<h1>", stream);
}

void cli_put_time(FILE *stream, double seconds, int taken, const struct impasto_device_info *device)
{
    char time[32];
    fputs(cli_duration(seconds, time, sizeof(time)), stream);
    if (taken > 0)
        fprintf(stream, " (%.3g s each)", seconds / taken);
    fputs(", on ", stream);
    cli_html_text(stream, device->name);
    fputs(".</p>\n", stream);
}

void cli_put_notice(FILE *stream, enum impasto_status status, const char *what, const char *why)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stream, "<p class=\"notice\">%s: this is the %s so far. ",
            status == IMPASTO_ERROR_INTERRUPTED ? "Interrupted" : "Stopped", what);
    cli_html_text(stream, why);
    fputs("</p>\n", stream);
}

void cli_put_end(FILE *stream)
{
    fputs("</main>\n<script>\n", stream);
    put_source(stream, "page.js");
    fputs("</script>\n</body>\n</html>\n", stream);
}
