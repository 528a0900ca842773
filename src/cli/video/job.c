/* SPDX-License-Identifier: MIT */
/* What decides a painted film's frames, as text: only a run with the same goes on with another's,
 * and only ranks with the same paint together. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/video/scenes.h"

#include <stdlib.h>

static const char *const consistencies[] = {[IMPASTO_CONSISTENCY_NONE] = "none",
                                            [IMPASTO_CONSISTENCY_FILM] = "film",
                                            [IMPASTO_CONSISTENCY_FINE] = "fine"};
static const char *const colours[] = {[IMPASTO_COLOUR_STYLE] = "style",
                                      [IMPASTO_COLOUR_LUMA] = "luma",
                                      [IMPASTO_COLOUR_MATCH] = "match"};

/* Unless it is what it would be anyway. */
static void add_number(FILE *stream, const char *name, double value, double usual)
{
    if (value < usual || value > usual)
        fprintf(stream, "%s %.9g\n", name, value);
}

static void add_file(FILE *stream, const char *name, const char *path)
{
    char mark[IMP_FINGERPRINT_SIZE];
    fprintf(stream, "%s %s\n", name,
            !cli_is_standard(path) && imp_film_fingerprint(path, mark) ? mark : "unknown");
}

static void add_network(FILE *stream, const struct cli_filming *f)
{
    add_file(stream, "model", impasto_model_info(f->model)->source);
    const size_t styles = impasto_model_info(f->model)->style_count;
    for (size_t i = 0; f->mix.weight && i < styles; i++)
        fprintf(stream, "style %zu %.9g\n", i, (double)f->mix.weight[i]);
}

static void add_painting(FILE *stream, const struct cli_filming *f)
{
    const struct cli_video_options *o = f->options;
    add_file(stream, "weights", impasto_weights_info(f->weights)->source);
    for (size_t i = 0; i < f->style_word_count; i++) {
        struct cli_spec spec;
        fprintf(stream, "word %s\n", f->style_words[i]);
        if (cli_spec_read(f->style_words[i], true, &spec, f->error) == IMPASTO_OK)
            add_file(stream, "picture", spec.path);
        free(spec.path);
    }
    if (f->settings->preset)
        fprintf(stream, "preset %s\n", f->settings->preset);
    fprintf(stream, "consistency %s\n", consistencies[o->consistency]);
    add_number(stream, "temporal-weight", (double)o->temporal_weight, -1);
    add_number(stream, "frame-iterations", o->frame_iterations, -1);
}

static void add_options(FILE *stream, const struct cli_video_options *o)
{
    fprintf(stream, "colour %s\n", colours[o->colour]);
    add_number(stream, "strength", (double)o->strength, -1);
    add_number(stream, "stroke", (double)o->stroke, 1);
    add_number(stream, "steady", (double)o->steady, 0);
    add_number(stream, "smooth", (double)o->smooth, 0);
    add_number(stream, "tone-map", o->tone_map, 0);
    for (size_t i = 0; i < CLI_VIDEO_SETTINGS; i++)
        if (o->given[i])
            fprintf(stream, "%s %s\n", cli_video_settings[i].name, o->given[i]);
    add_number(stream, "preview", o->preview, 0);
    add_number(stream, "start", (double)o->start, 0);
    add_number(stream, "length", (double)o->length, 0);
    add_number(stream, "every", o->every, 0);
    add_number(stream, "fps", (double)o->fps, 0);
    if (o->codec)
        fprintf(stream, "codec %s\n", o->codec);
    add_number(stream, "crf", o->crf, -1);
    add_number(stream, "bits", o->bits, 8);
    add_number(stream, "lossless", o->lossless, 0);
}

/* together: for ranks, of which the first alone needs the film, and that may differ in their
 * devices. */
static char *describe(const struct cli_filming *f, bool together)
{
    struct imp_os_memory memory;
    struct imp_os_numbers numbers;
    if (!imp_os_memory_open(&memory))
        return NULL;
    const bool plain = imp_os_enter_plain(&numbers);
    if (together) {
        fprintf(memory.stream, "film %s\noutput %s\n", f->input,
                f->options->output ? f->options->output : "none");
    } else {
        fprintf(memory.stream, "impasto %s\ndevice ", impasto_version());
        cli_scenes_name_devices(f, memory.stream);
        fputc('\n', memory.stream);
        add_file(memory.stream, "film", f->input);
    }
    if (cli_video_is_painting(f))
        add_painting(memory.stream, f);
    else
        add_network(memory.stream, f);
    add_options(memory.stream, f->options);
    if (plain)
        imp_os_leave_plain(&numbers);
    if (imp_os_memory_close(&memory) && plain)
        return memory.bytes;
    free(memory.bytes);
    return NULL;
}

char *cli_video_job(const struct cli_filming *f)
{
    return describe(f, false);
}

char *cli_video_words(const struct cli_filming *f)
{
    return describe(f, true);
}
