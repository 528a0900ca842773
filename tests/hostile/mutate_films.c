/* SPDX-License-Identifier: MIT */
/*
 * Films with a few bytes changed, cut off or taken out, decoded as the program does it:
 *
 *     mutate_films ROUNDS[@FIRST] CLIP...
 *
 * Each clip is damaged ROUNDS times, the same way in every run that begins with the same round: the
 * 0th, or the FIRST-th. A decoder may refuse it, give frames, or crash in its sandbox; the program
 * must go on. Prints what has become of all, and the slowest.
 */

#include "base/os.h"
#include "files.h"
#include "video/libav.h"

#include <stdio.h>

#define MOST_PIXELS 1000000
/* The head of a film, where damage does most. */
#define HEAD 2048
/* What damage() takes out at most. */
#define TAKEN_OUT 8

static struct {
    long films, refused, frames, complete, ended_early, misled, crashed, late;
    double slowest;
    char slowest_name[64];
} result;

static void silence(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
}

static void count_failure(const struct impasto_error *error, bool begun)
{
    result.crashed += strstr(error->message, "decoder crashes") != NULL ||
                      strstr(error->message, "was killed") != NULL;
    result.late += strstr(error->message, "takes too long") != NULL;
    result.misled += strstr(error->message, "misleads") != NULL;
    result.refused += !begun;
    result.ended_early += begun;
}

static void decode(const char *path, unsigned char *rgb)
{
    static const struct imp_stream_options options = {
        .max_pixels = MOST_PIXELS, .deep = true, .log = silence};
    struct imp_source *source;
    struct imp_film film;
    struct impasto_error error = {0};
    enum impasto_status status = imp_source_open(path, &options, &source, &film, &error);
    const bool begun = status == IMPASTO_OK;
    struct imp_frame frame = {.rgb = rgb,
                              .stride = begun ? imp_film_pixel(&film) * (size_t)film.width : 0};
    for (bool more = begun; more && status == IMPASTO_OK; result.frames += more)
        status = imp_source_read(source, &frame, &more, &error);
    if (status == IMPASTO_OK)
        result.complete++;
    else
        count_failure(&error, begun);
    imp_source_close(&source);
}

static void damage_and_decode(const char *clip, const char *path, int first, int rounds,
                              unsigned char *rgb)
{
    size_t size;
    unsigned char *bytes = read_bytes(clip, &size), *changed = malloc(size + 1);
    const size_t head = size < HEAD + TAKEN_OUT ? size - TAKEN_OUT : HEAD;
    for (int round = first; changed && size > TAKEN_OUT && round < first + rounds; round++) {
        const size_t left = damage(bytes, size, head, 1, round, changed);
        const double begun = imp_os_seconds();
        write_bytes(path, changed, left);
        decode(path, rgb);
        result.films++;
        if (imp_os_seconds() - begun > result.slowest) {
            result.slowest = imp_os_seconds() - begun;
            snprintf(result.slowest_name, sizeof(result.slowest_name), "%.40s, round %d",
                     imp_os_name(clip), round);
        }
    }
    free(changed);
    free(bytes);
}

int main(int argc, char **argv)
{
    unsigned char *rgb = malloc(6 * (size_t)MOST_PIXELS);
    if (argc < 3 || !rgb || make_folder(NULL) != 0)
        return 2;
    const char *path = strdup(in_folder("film")), *first = strchr(argv[1], '@');
    for (int i = 2; i < argc; i++) {
        damage_and_decode(argv[i], path, first ? atoi(first + 1) : 0, atoi(argv[1]), rgb);
        printf(
            "%ld films: %ld complete, %ld refused, %ld ended early (%ld misled, %ld crashed in the "
            "sandbox, %ld too late), %ld frames; slowest %.1f s (%s)\n",
            result.films, result.complete, result.refused, result.ended_early, result.misled,
            result.crashed, result.late, result.frames, result.slowest, result.slowest_name);
        fflush(stdout);
    }
    (void)remove_folder(NULL);
    free(rgb);
    return 0;
}
