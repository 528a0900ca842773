/* SPDX-License-Identifier: MIT */
/* Figures of a film: how still it holds. --trace and --progress have those of each frame, and the
 * last line those of all. */

#include "cli/common/json.h"
#include "cli/video/run.h"

#include <errno.h>
#include <inttypes.h>

/* ---- --trace --------------------------------------------------------------------------------- */

enum impasto_status cli_video_trace_open(struct cli_filming *f)
{
    const char *path = f->settings->trace;
    if (!path)
        return IMPASTO_OK;
    f->trace = cli_is_standard(path) ? stdout : fopen(path, "w");
    return f->trace
               ? IMPASTO_OK
               : cli_fail_file(f->error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
}

/* E_warp of the last pair; none where there was none. */
static void add_warp(json_t *line, const struct impasto_clip_info *info)
{
    if (info->begins_scene || info->warp[0].pairs == 0)
        return;
    json_object_set_new(line, "warp", cli_json_number(info->warp[0].last));
    json_object_set_new(line, "source_warp", cli_json_number(info->warp[0].last_source));
}

static void add_painting(json_t *line, const struct impasto_clip_info *info)
{
    json_object_set_new(line, "scene", json_integer((json_int_t)info->scenes));
    json_object_set_new(line, "begins_scene", json_boolean(info->begins_scene));
    json_object_set_new(line, "iterations", json_integer(info->iterations));
    json_object_set_new(line, "total", cli_json_number(info->loss));
    json_object_set_new(line, "content", cli_json_number(info->content_loss));
    json_object_set_new(line, "style", cli_json_number(info->style_loss));
    json_object_set_new(line, "temporal", cli_json_number(info->temporal_loss));
    add_warp(line, info);
    json_t *colour = json_array();
    for (int c = 0; c < 3; c++)
        json_array_append_new(colour, cli_json_number(info->colour[c]));
    json_object_set_new(line, "colour", colour);
}

enum impasto_status cli_video_trace_frame(struct cli_filming *f)
{
    const struct impasto_clip_info *info = cli_video_info(f);
    if (!f->trace)
        return IMPASTO_OK;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("frame"));
    json_object_set_new(line, "frame", json_integer((json_int_t)f->done + 1));
    if (info->job)
        add_painting(line, info);
    const int dumped = json_dumpf(line, f->trace, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(line);
    errno = 0;
    if (dumped == 0 && fputc('\n', f->trace) != EOF && fflush(f->trace) == 0)
        return IMPASTO_OK;
    return cli_fail_file(f->error, IMPASTO_ERROR_OUTPUT, cli_name_of_output(f->settings->trace),
                         "cannot be written", errno ? errno : EIO);
}

void cli_video_trace_close(struct cli_filming *f)
{
    if (f->trace && f->trace != stdout)
        fclose(f->trace);
    f->trace = NULL;
}

/* ---- --progress ------------------------------------------------------------------------------ */

void cli_video_report_frame(struct cli_filming *f, double seconds, double left)
{
    const struct impasto_clip_info *info = cli_video_info(f);
    json_t *line = json_object();
    json_object_set_new(line, "frames",
                        f->film.frames > 0 ? json_integer((json_int_t)f->film.frames)
                                           : json_null());
    json_object_set_new(line, "seconds", cli_json_number(seconds));
    json_object_set_new(line, "left", cli_json_number(left));
    if (info->job)
        add_painting(line, info);
    cli_events_frame(&f->console, f->done, line);
}

/* ---- The last line --------------------------------------------------------------------------- */

/* "E_warp 0.00081 (the film itself 0.00062)" */
static int add_pairs(const struct impasto_clip_warp *warp, const char *before, char *line,
                     size_t size)
{
    return warp->pairs == 0 ? 0
                            : snprintf(line, size, "%s%.2g (the film itself %.2g)", before,
                                       warp->mean, warp->mean_source);
}

void cli_video_tell_figures(struct cli_filming *f)
{
    static const char *const before[IMPASTO_CLIP_WARPS] = {
        "what moves differs from frame to frame by E_warp ", ", 4 apart by ", ", 16 apart by "};
    const struct impasto_clip_info *info = cli_video_info(f);
    char line[400] = "";
    size_t used = 0;
    if (!info->job || info->warp[0].pairs == 0)
        return;
    for (int i = 0; i < IMPASTO_CLIP_WARPS && used < sizeof(line); i++)
        used += (size_t)add_pairs(&info->warp[i], before[i], line + used, sizeof(line) - used);
    if (used < sizeof(line))
        snprintf(line + used, sizeof(line) - used, "; %" PRIu64 " scene%s", info->scenes,
                 info->scenes == 1 ? "" : "s");
    cli_console_log(&f->console, IMPASTO_LOG_INFO, line);
}
