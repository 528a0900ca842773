/* SPDX-License-Identifier: MIT */
/* A frame that is done: it is written, counted and told of. */

#include "cli/video/run.h"

enum impasto_status cli_video_see(struct cli_filming *f, int64_t number)
{
    return imp_sink_see(f->sink, cli_name_of_input(f->input), &f->source_film, &f->frame, number,
                        f->error);
}

enum impasto_status cli_video_write(struct cli_filming *f, bool known)
{
    enum impasto_status status = imp_sink_write(f->sink, &f->painted, f->error);
    if (status == IMPASTO_OK && known)
        status = cli_video_report_take(f);
    return status == IMPASTO_OK && known ? cli_video_trace_frame(f) : status;
}

void cli_video_count(struct cli_filming *f, double seconds, bool known)
{
    f->done++;
    f->earlier += !known;
    if (known && f->done == f->earlier + 1)
        f->began = cli_seconds();
    cli_video_tell(f, false);
    if (known)
        cli_video_report_frame(f, seconds, cli_video_left(f));
    cli_video_preview(f);
    if (known)
        cli_video_say_plan(f, seconds);
}
