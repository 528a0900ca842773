/* SPDX-License-Identifier: MIT */
/* The page of a film. */

#include "cli/report/page.h"
#include "cli/report/report.h"

#include <inttypes.h>
#include <string.h>

#define LINE 512 /* bytes of a setting that are shown */

static const struct cli_chart warp_chart = {
    .id = "warps",
    .title = "How far frames differ where the same is to be seen",
    .axis = "E_warp, log scale",
    .part = {[0] = {"painted", "total", true},
             [1] = {"4 apart", "style", false},
             [2] = {"16 apart", "smoothness", false},
             [IMPASTO_CLIP_WARPS] = {"film itself", "content", true}}};

static const struct cli_chart loss_chart = {
    .id = "losses",
    .title = "Losses at the end of each frame",
    .axis = "loss, log scale",
    .part = {[CLI_TOTAL] = {"total, weighted", "total", true},
             [CLI_STYLE] = {"style", "style", true},
             [CLI_CONTENT] = {"content", "content", true},
             [CLI_TV] = {"temporal", "smoothness", false}}};

static void put_summary(FILE *stream, const struct cli_film_page *page)
{
    const struct cli_film *film = page->film;
    fprintf(stream, "<p>%" PRId64 " frames of %dx%d pixels", film->frames, film->info->result_width,
            film->info->result_height);
    if (film->painted < film->frames)
        fprintf(stream, ", %" PRId64 " of them by this run", film->painted);
    fputs(", in ", stream);
    cli_put_time(stream, film->seconds, (int)film->painted, film->device);
    cli_put_notice(stream, page->status, "film", page->why);
}

static void put_mean(FILE *stream, const char *name, const struct impasto_clip_warp *warp)
{
    if (warp->pairs > 0)
        fprintf(stream,
                "<tr><th scope=\"row\">%s</th><td class=\"number\">%.3g</td>"
                "<td class=\"number\">%.3g</td></tr>\n",
                name, warp->mean, warp->mean_source);
}

static void put_warps(FILE *stream, const struct cli_film_page *page)
{
    static const char *const apart[IMPASTO_CLIP_WARPS] = {"next to each other", "4 apart",
                                                          "16 apart"};
    const struct impasto_clip_info *info = page->film->info;
    if (info->warp[0].pairs == 0)
        return;
    fputs("<h2>Stillness</h2>\n", stream);
    cli_put_chart(stream, page->warps, &warp_chart, "frame");
    fputs("<table><thead><tr><th scope=\"col\">frames</th><th scope=\"col\" "
          "class=\"number\">E_warp</th><th scope=\"col\" class=\"number\">of the film "
          "itself</th></tr></thead><tbody>\n",
          stream);
    for (int i = 0; i < IMPASTO_CLIP_WARPS; i++)
        put_mean(stream, apart[i], &info->warp[i]);
    fprintf(stream, "</tbody></table>\n<p>Scenes: %" PRIu64 "</p>\n", info->scenes);
}

static void put_losses(FILE *stream, const struct cli_film_page *page)
{
    if (!page->film->info->job)
        return;
    fputs("<h2>Losses</h2>\n", stream);
    cli_put_chart(stream, page->losses, &loss_chart, "frame");
}

/* A line of a name, a space and a value, which may have more of them. Paths go without folders. */
static void put_setting(FILE *stream, const char *line, size_t length)
{
    char text[LINE];
    snprintf(text, sizeof(text), "%.*s", (int)(length < LINE - 1 ? length : LINE - 1), line);
    char *value = strchr(text, ' ');
    if (value)
        *value++ = '\0';
    cli_put_row(stream, text, value ? cli_file_name(value) : "");
}

static void put_settings(FILE *stream, const char *settings)
{
    fputs("<section><h2>Settings</h2>\n<table><tbody>\n", stream);
    for (const char *line = settings; *line;) {
        const size_t length = strcspn(line, "\n");
        put_setting(stream, line, length);
        line += length + (line[length] == '\n');
    }
    fputs("</tbody></table></section>\n", stream);
}

bool cli_film_page_write(FILE *stream, const void *data)
{
    const struct cli_film_page *page = data;
    cli_put_head(stream, cli_file_name(page->film->output));
    cli_put_name(stream, cli_file_name(page->film->input));
    fputs(", painted</h1>\n", stream);
    put_summary(stream, page);
    cli_put_list(stream, &page->shown, "frame", "Frames");
    put_warps(stream, page);
    put_losses(stream, page);
    fputs("<div class=\"tables\">\n", stream);
    put_settings(stream, page->film->settings);
    fputs("<div>\n", stream);
    cli_put_machine(stream, page->film->device, page->film->weights);
    fputs("</div>\n</div>\n", stream);
    cli_put_end(stream);
    return !ferror(stream);
}
