/* SPDX-License-Identifier: MIT */
/* Films decoded in a sandbox, which sends their frames. What it sends has been made by a hostile
 * film at worst, so all of it is looked at as if it were that film. */

#include "base/os.h"
#include "video/libav.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a decoder may take: for the frames that it keeps, and for everything else. */
#define BYTES_PER_PIXEL 48
#define MOST_BESIDE ((uint64_t)512 << 20)
/* Seconds of processor time: to begin with, and so many more for every hundred frames. */
#define SECONDS 60
#define FRAMES_PER_GRANT 100
/* Times beyond this would overflow where they are converted. */
#define MOST_TIME ((int64_t)1 << 60)

struct film_source {
    const char *name;
    const struct imp_stream_options *options;
    const struct imp_libav *libav;
    struct imp_decode_request request;
    struct imp_sandbox_child child;
    bool running;
    struct imp_film film;
    int64_t frames, last; /* read so far, and the last one's time */
};

/* ---- In the child ---------------------------------------------------------------------------- */

static bool send_bytes(void *user, const void *bytes, size_t size)
{
    return imp_sandbox_send(*(const int *)user, bytes, size);
}

static void serve(void *user, int answer)
{
    const struct film_source *source = user;
    source->libav->decode(&source->request, send_bytes, &answer);
}

/* ---- In the program -------------------------------------------------------------------------- */

static enum impasto_status misled(const struct film_source *source, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged film, in a way that misleads its decoder; get it anew",
                    source->name);
}

/* The child has ended before it has sent all. */
static enum impasto_status ended(struct film_source *source, struct impasto_error *error)
{
    const char *end = imp_sandbox_end(&source->child);
    source->running = false;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged film: its decoder %s after %lld frames; get it anew",
                    source->name, end ? end : "stops", (long long)source->frames);
}

static bool is_ratio(const struct imp_ratio *ratio)
{
    return ratio->num >= 0 && ratio->den >= 1;
}

static bool is_sensible(const struct film_source *source, const struct imp_decode_answer *answer)
{
    const struct imp_film *film = &answer->film;
    return is_ratio(&film->aspect) && is_ratio(&film->tick) && film->tick.num > 0 &&
           is_ratio(&film->rate) && film->frames >= 0 && film->matrix >= 0 && film->matrix < 256 &&
           film->primaries >= 0 && film->primaries < 256 && film->transfer >= 0 &&
           film->transfer < 256 && film->chroma == IMP_CHROMA_420 && answer->damages >= 0 &&
           (source->request.deep || !film->deep);
}

static enum impasto_status receive_answer(struct film_source *source,
                                          struct imp_decode_answer *answer,
                                          struct impasto_error *error)
{
    if (!imp_sandbox_receive(&source->child, answer, sizeof(*answer)))
        return ended(source, error);
    answer->message[sizeof(answer->message) - 1] = '\0';
    if (answer->status == IMPASTO_ERROR_INPUT || answer->status == IMPASTO_ERROR_MEMORY)
        return imp_fail(error, answer->status, "%s: %s", source->name, answer->message);
    return answer->status == IMPASTO_OK && is_sensible(source, answer) ? IMPASTO_OK
                                                                       : misled(source, error);
}

static enum impasto_status start(struct film_source *source, uint64_t pixels,
                                 struct impasto_error *error)
{
    const struct imp_sandbox sandbox = {.memory = pixels * BYTES_PER_PIXEL + MOST_BESIDE,
                                        .seconds = SECONDS,
                                        .descriptor = source->request.descriptor,
                                        .streams = true,
                                        .work = serve,
                                        .user = source};
    if (!imp_sandbox_start(&sandbox, &source->child))
        return imp_sandbox_fail(error, source->name, "decode", errno);
    source->running = true;
    return IMPASTO_OK;
}

static enum impasto_status open_source(const struct imp_film_file *file, void **state,
                                       struct imp_film *film, struct impasto_error *error)
{
    struct imp_os_about about;
    struct imp_decode_answer answer;
    if (!imp_os_look_open(file->descriptor, &about) || about.kind != IMP_OS_FILE)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: a film that comes through a pipe must be Y4M, as ffmpeg -i FILM -f "
                        "yuv4mpegpipe - makes it; or name a file",
                        file->name);
    struct film_source *source = calloc(1, sizeof(*source));
    if (!source)
        return imp_fail_memory(error, "a film", 0);
    *state = source;
    source->name = file->name;
    source->options = file->options;
    source->last = INT64_MIN;
    source->request = (struct imp_decode_request){
        .descriptor = file->descriptor,
        .tone_map = file->options->tone_map,
        .deep = file->options->deep,
        .max_pixels = imp_film_max_pixels(file->options),
        .start = file->options->start,
    };
    IMP_TRY(imp_libav_load(file->name, &source->libav, error));
    IMP_TRY(start(source, source->request.max_pixels, error));
    IMP_TRY(receive_answer(source, &answer, error));
    IMP_TRY(imp_film_check_size(file->name, answer.film.width, answer.film.height, file->options,
                                error));
    if (answer.interlaced == 2)
        imp_stream_warn(file->options,
                        "%s: is interlaced, and painted as it is, with its combs: this FFmpeg has "
                        "no filter bwdif",
                        file->name);
    source->film = *film = answer.film;
    return IMPASTO_OK;
}

/* After the last frame: what there is to say of the film. */
static enum impasto_status conclude(struct film_source *source, struct impasto_error *error)
{
    struct imp_decode_answer answer;
    IMP_TRY(receive_answer(source, &answer, error));
    if (answer.damages > 0)
        imp_stream_warn(source->options,
                        "%s: is damaged: its decoder complained %d times, first: %s", source->name,
                        answer.damages, answer.message);
    return IMPASTO_OK;
}

static enum impasto_status read_frame(void *state, struct imp_frame *frame, bool *more,
                                      struct impasto_error *error)
{
    struct film_source *source = state;
    struct imp_decode_frame head;
    const size_t row = imp_film_pixel(&source->film) * (size_t)source->film.width;
    *more = false;
    if (!imp_sandbox_receive(&source->child, &head, sizeof(head)))
        return ended(source, error);
    if (head.last)
        return conclude(source, error);
    if (head.time <= source->last || head.time > MOST_TIME || head.time < -MOST_TIME ||
        head.duration < 0 || head.duration > MOST_TIME)
        return misled(source, error);
    for (int y = 0; y < source->film.height; y++)
        if (!imp_sandbox_receive(&source->child, frame->rgb + frame->stride * (size_t)y, row))
            return ended(source, error);
    frame->time = source->last = head.time;
    frame->duration = head.duration;
    *more = true;
    if (++source->frames % FRAMES_PER_GRANT == 0)
        imp_sandbox_grant(&source->child, SECONDS);
    return IMPASTO_OK;
}

static void close_source(void *state)
{
    struct film_source *source = state;
    if (source->running)
        (void)imp_sandbox_end(&source->child);
    free(source);
}

/* Whatever it is: decoders know more kinds of films than could be told apart here. */
static bool fits(const unsigned char *mark, size_t size)
{
    (void)mark;
    return size > 0;
}

const struct imp_source_kind imp_source_film = {"film", fits, open_source, read_frame,
                                                close_source};
