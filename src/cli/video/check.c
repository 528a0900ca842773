/* SPDX-License-Identifier: MIT */
/* What a call of impasto video could not do, refused before any work. */

#include "base/os.h"
#include "cli/video/run.h"

/* Whether a file is the film, or a picture that paints it. */
static bool is_input(const struct cli_filming *f, const char *path)
{
    for (size_t i = 0; i < f->style_word_count; i++)
        if (cli_same_file(path, f->style_words[i]))
            return true;
    return cli_same_file(path, f->input);
}

/* Refuses a trace and a report that could not be written, or would replace another file. */
static enum impasto_status check_beside(const struct cli_filming *f)
{
    const char *const files[] = {f->settings->trace, f->settings->report};
    const char *output = f->options->output;
    if (files[1] && cli_is_standard(files[1]))
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "--report: does not go to standard output; name a file (./- for one of "
                        "that name)");
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        if (!files[i] || cli_is_standard(files[i]))
            continue;
        const enum impasto_status status = impasto_file_check(files[i], f->error);
        if (status != IMPASTO_OK)
            return status;
        if (is_input(f, files[i]))
            return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                            "%s: is also an input; choose another name for the output", files[i]);
        if ((output && cli_same_file(files[i], output)) ||
            (i > 0 && files[0] && cli_same_file(files[i], files[0])))
            return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                            "%s: two outputs have this name; choose another", files[i]);
    }
    return IMPASTO_OK;
}

enum impasto_status cli_video_check(const struct cli_filming *f)
{
    const char *output = f->options->output;
    if (!f->options->model && f->style_word_count == 0)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "video: name style pictures behind the film, or a network that paints the "
                        "frames by --model; impasto model info lists those that come with Impasto");
    if (f->options->model && f->style_word_count > 0)
        return cli_fail(
            f->error, IMPASTO_ERROR_USAGE,
            "video: %s and --model %s: either pictures or a network paint a film; leave "
            "out one",
            f->style_words[0], f->options->model);
    if (!f->options->model && f->options->strength > 1)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "--strength %g: only a network goes beyond 1; give 0 to 1",
                        (double)f->options->strength);
    if (!f->options->model && f->options->stroke != 1)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "--stroke: is for networks; with style pictures, --style-scale sets the "
                        "size of strokes");
    if (!f->options->model && (f->options->steady > 0 || f->options->smooth > 0))
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "--%s: is for networks; what is painted in the style of pictures is held "
                        "still by --consistency",
                        f->options->steady > 0 ? "steady" : "smooth");
    if (!output && !f->settings->plan)
        return cli_fail(f->error, IMPASTO_ERROR_USAGE, "video: name the painted film by -o");
    if (cli_is_standard(f->input) && imp_os_is_terminal(IMP_OS_STDIN))
        return cli_fail(f->error, IMPASTO_ERROR_USAGE,
                        "-: standard input is a terminal; send a film into it: ffmpeg -i FILM -f "
                        "yuv4mpegpipe - | impasto video - ...");
    const enum impasto_status beside = check_beside(f);
    if (beside != IMPASTO_OK || !output)
        return beside;
    if (cli_is_standard(output))
        return imp_os_is_terminal(IMP_OS_STDOUT)
                   ? cli_fail(f->error, IMPASTO_ERROR_USAGE,
                              "-o -: standard output is a terminal; send it to a file or a "
                              "program: ... > FILE")
                   : IMPASTO_OK;
    if (cli_same_file(f->input, output))
        return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is also the input; choose another name for the output", output);
    if (f->settings->no_clobber && imp_sink_replaces(output))
        return cli_fail(f->error, IMPASTO_ERROR_OUTPUT,
                        "%s: is there already; name another file, or leave out --no-clobber",
                        output);
    return imp_sink_check(output, f->error);
}
