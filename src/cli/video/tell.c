/* SPDX-License-Identifier: MIT */
/* Words beside the bar while a film is painted. */

#include "cli/video/run.h"

#include <inttypes.h>
#include <math.h>

/* Frames per second; 0: not known. The first frame compiles kernels, and does not count. */
static double rate_of(const struct cli_filming *f)
{
    const double seconds = cli_seconds() - f->began;
    const int64_t painted = f->done - f->earlier - 1;
    return painted > 0 && seconds > 0 ? (double)painted / seconds : 0;
}

double cli_video_left(const struct cli_filming *f)
{
    const double rate = rate_of(f);
    return rate > 0 && f->film.frames > f->done ? (double)(f->film.frames - f->done) / rate : NAN;
}

/* "frame 12/450  3.1/s  2:21 left" */
static void compose(const struct cli_filming *f, char *line, size_t size)
{
    char of[32] = "", speed[32] = "", left[48] = "", time[32];
    const double rate = rate_of(f), seconds = cli_video_left(f);
    if (f->film.frames > 0)
        snprintf(of, sizeof(of), "/%" PRId64, f->film.frames);
    if (rate >= 0.5)
        snprintf(speed, sizeof(speed), "  %.3g/s", rate);
    else if (rate > 0)
        snprintf(speed, sizeof(speed), "  %.3g s each", 1 / rate);
    if (seconds > 0)
        snprintf(left, sizeof(left), "  %s left", cli_duration(seconds, time, sizeof(time)));
    snprintf(line, size, "frame %" PRId64 "%s%s%s", f->done, of, speed, left);
}

void cli_video_tell(struct cli_filming *f, bool done)
{
    char line[200];
    const double share =
        f->film.frames > 0 ? ((double)f->done + f->frame_share) / (double)f->film.frames : 0;
    compose(f, line, sizeof(line));
    cli_console_line(&f->console, line, done ? 1 : share,
                     (f->done == f->earlier + 1 && !(f->frame_share > 0)) || done);
}
