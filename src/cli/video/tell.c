/* SPDX-License-Identifier: MIT */
/* Words beside the bar while a film is painted. */

#include "cli/video/run.h"

#include <inttypes.h>

/* "  1:20 left"; nothing where that is not known. rate: frames per second. */
static void compose_left(const struct cli_filming *f, double rate, char *text, size_t size)
{
    char left[32];
    text[0] = 0;
    if (rate > 0 && f->film.frames > f->done)
        snprintf(text, size, "  %s left",
                 cli_duration((double)(f->film.frames - f->done) / rate, left, sizeof(left)));
}

/* "frame 12/450  3.1/s  2:21 left". The first frame compiles kernels, and does not count. */
static void compose(const struct cli_filming *f, char *line, size_t size)
{
    char of[32] = "", speed[32] = "", left[48];
    const double seconds = cli_seconds() - f->began;
    const int64_t painted = f->done - f->kept - 1;
    const double rate = painted > 0 && seconds > 0 ? (double)painted / seconds : 0;
    if (f->film.frames > 0)
        snprintf(of, sizeof(of), "/%" PRId64, f->film.frames);
    if (rate >= 0.5)
        snprintf(speed, sizeof(speed), "  %.3g/s", rate);
    else if (rate > 0)
        snprintf(speed, sizeof(speed), "  %.3g s each", 1 / rate);
    compose_left(f, rate, left, sizeof(left));
    snprintf(line, size, "frame %" PRId64 "%s%s%s", f->done, of, speed, left);
}

void cli_video_tell(struct cli_filming *f, bool done)
{
    char line[200];
    const double share =
        f->film.frames > 0 ? ((double)f->done + f->frame_share) / (double)f->film.frames : 0;
    compose(f, line, sizeof(line));
    cli_console_line(&f->console, line, done ? 1 : share,
                     (f->done == f->kept + 1 && !(f->frame_share > 0)) || done);
}
