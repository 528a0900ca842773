/* SPDX-License-Identifier: MIT */
/*
 * A film in a container, with the source's sound.
 *
 * Frames are encoded as they come, into a folder beside the film: NAME.impasto. `packets` has the
 * encoded frames in segments of a fixed length, and `job` what the film is made of. So a run that
 * was killed goes on after the last whole segment, to the same bytes: the encoder begins anew with
 * each segment anyway. At the end, a child in a sandbox puts the film together from packets and
 * source, and the folder goes.
 */

#include "base/os.h"
#include "video/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the child that puts the film together may take. */
#define MUX_MEMORY ((uint64_t)1 << 30)
#define MUX_SECONDS 600
/* Bytes of a job, at most. */
#define JOB_MOST 65536

struct film_sink {
    const char *path;
    const struct imp_stream_options *options;
    const struct imp_libav *libav;
    char *folder, *job, *packets; /* paths */
    char *state;                  /* likewise, with room for a number at its end */
    struct imp_encode_request request;
    struct imp_packets_head head;
    struct imp_encoder *encoder; /* of the segment at hand; NULL: it has no frame yet */
    struct imp_packets_writer writer;
    struct imp_file out;
};

/* ---- Opening --------------------------------------------------------------------------------- */

static char *add_ending(const char *path, const char *ending)
{
    const size_t size = strlen(path) + strlen(ending) + 1;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s%s", path, ending);
    return joined;
}

static enum impasto_status name_files(struct film_sink *sink, struct impasto_error *error)
{
    sink->folder = add_ending(sink->path, ".impasto");
    sink->job = sink->folder ? imp_os_join(sink->folder, "job") : NULL;
    sink->packets = sink->folder ? imp_os_join(sink->folder, "packets") : NULL;
    sink->state = sink->folder ? imp_os_join(sink->folder, "state-00000000000000000000") : NULL;
    return sink->job && sink->packets && sink->state ? IMPASTO_OK
                                                     : imp_fail_memory(error, "a file name", 0);
}

/* Whether the file holds exactly that. false also: there is none. */
static bool holds_job(const char *path, const char *job)
{
    static const size_t most = JOB_MOST;
    const size_t size = strlen(job);
    const int descriptor = imp_os_open(path, IMP_OS_READ);
    char *there = descriptor < 0 ? NULL : malloc(most);
    const ptrdiff_t got = there ? imp_os_read_at(descriptor, there, most, 0) : -1;
    const bool same = got >= 0 && (size_t)got == size && memcmp(there, job, size) == 0;
    free(there);
    if (descriptor >= 0)
        imp_os_close(descriptor);
    return same;
}

/* A folder of another job is not ours to empty: hours of work may be in it. */
static enum impasto_status open_folder(struct film_sink *sink, struct impasto_error *error)
{
    const char *job = sink->options->job;
    if (!imp_os_make_folder(sink->folder, false) && errno != EEXIST)
        return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, sink->folder, "cannot be made", errno);
    if (imp_os_is_there(sink->job) && !holds_job(sink->job, job))
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: has a film that was begun with other settings or another source; go "
                        "on with those, or remove the folder",
                        sink->folder);
    return imp_os_is_there(sink->job) ? IMPASTO_OK
                                      : impasto_file_write(sink->job, job, strlen(job), error);
}

static enum impasto_status open_encoder(struct film_sink *sink, struct imp_encoded *encoded,
                                        struct impasto_error *error)
{
    const enum impasto_status status =
        sink->libav->encoder_open(&sink->request, &sink->encoder, encoded, error);
    return status == IMPASTO_OK && encoded->delay > IMP_DELAY_MOST
               ? imp_fail(error, IMPASTO_ERROR_OUTPUT,
                          "%s: the encoder moves frames over too many others; choose another "
                          "--codec",
                          sink->path)
               : status;
}

/* What is there already decides where the film begins. */
static enum impasto_status prepare(struct film_sink *sink, struct impasto_error *error)
{
    memcpy(sink->head.mark, "impasto packets", sizeof(sink->head.mark));
    sink->head.film = sink->request.film;
    IMP_TRY(open_encoder(sink, &sink->head.encoded, error));
    if (sink->head.encoded.lacks[0] && !sink->options->codec)
        imp_stream_warn(sink->options, "%s: is encoded as %s, as this FFmpeg has no better: %s",
                        sink->path, sink->head.encoded.codec, sink->head.encoded.lacks);
    if (sink->head.encoded.width != sink->head.film.width ||
        sink->head.encoded.height != sink->head.film.height)
        imp_stream_warn(sink->options,
                        "%s: its sides must be even, so the last column or row stands twice: "
                        "%dx%d",
                        sink->path, sink->head.encoded.width, sink->head.encoded.height);
    IMP_TRY(open_folder(sink, error));
    return imp_packets_open(&sink->writer, sink->packets, &sink->head, error);
}

static struct imp_encode_request request_of(const char *path, const struct imp_film *film,
                                            const struct imp_stream_options *options)
{
    struct imp_encode_request request = {.path = path,
                                         .film = *film,
                                         .codec = options->codec,
                                         .crf = options->crf,
                                         .lossless = options->lossless};
    request.film.frames = 0; /* an estimate, which may be another one next time */
    return request;
}

static enum impasto_status open_sink(const char *path, const struct imp_film *film,
                                     const struct imp_stream_options *options, void **state,
                                     struct impasto_error *error)
{
    struct film_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return imp_fail_memory(error, "a film", 0);
    *state = sink;
    sink->path = path;
    sink->options = options;
    sink->out.lock = -1;
    sink->writer.descriptor = -1;
    sink->request = request_of(path, film, options);
    IMP_TRY(impasto_file_check(path, error));
    IMP_TRY(imp_libav_load(path, &sink->libav, error));
    IMP_TRY(name_files(sink, error));
    return prepare(sink, error);
}

/* Only where a segment ends. */
static const char *state_path(void *state, int64_t frames)
{
    struct film_sink *sink = state;
    const size_t end = strlen(sink->folder) + strlen("/state-");
    if (frames <= 0 || frames % IMP_SEGMENT != 0)
        return NULL;
    snprintf(sink->state + end, sizeof("00000000000000000000"), "%020lld", (long long)frames);
    return sink->state;
}

/* Of the segment that ended with so many frames. */
static void remove_state(struct film_sink *sink, int64_t frames)
{
    const char *path = state_path(sink, frames);
    if (path)
        (void)imp_os_remove(path);
}

static int64_t resumed(void *state, int64_t *last)
{
    const struct film_sink *sink = state;
    *last = sink->writer.last_time;
    return sink->writer.frames;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static enum impasto_status take_packet(void *user, const void *bytes, size_t size, int64_t number,
                                       bool key, struct impasto_error *error)
{
    struct film_sink *sink = user;
    return imp_packets_write(&sink->writer, bytes, size, number, key, error);
}

/* The encoder gives what it still has, and is done with. */
static enum impasto_status flush(struct film_sink *sink, struct impasto_error *error)
{
    if (sink->writer.frames > sink->writer.segment)
        IMP_TRY(sink->libav->encode(sink->encoder, &sink->request.film, NULL, 0, take_packet, sink,
                                    error));
    sink->libav->encoder_close(&sink->encoder);
    return IMPASTO_OK;
}

static enum impasto_status write_frame(void *state, const struct imp_frame *frame,
                                       struct impasto_error *error)
{
    struct film_sink *sink = state;
    struct imp_encoded encoded;
    const int64_t number = sink->writer.frames;
    if (!sink->encoder)
        IMP_TRY(open_encoder(sink, &encoded, error));
    imp_packets_frame(&sink->writer, frame->time);
    IMP_TRY(sink->libav->encode(sink->encoder, &sink->request.film, frame, number, take_packet,
                                sink, error));
    if (sink->writer.frames - sink->writer.segment < IMP_SEGMENT)
        return IMPASTO_OK;
    IMP_TRY(flush(sink, error));
    IMP_TRY(imp_packets_end(&sink->writer, error));
    remove_state(sink, sink->writer.frames - IMP_SEGMENT);
    return IMPASTO_OK;
}

static enum impasto_status count_packet(void *user, const void *bytes, size_t size, int64_t number,
                                        bool key, struct impasto_error *error)
{
    uint64_t *sum = user;
    (void)bytes, (void)number, (void)key, (void)error;
    *sum += size;
    return IMPASTO_OK;
}

/* The frame by itself: a key frame, the largest there is. */
static enum impasto_status weigh(const char *path, const struct imp_film *film,
                                 const struct imp_stream_options *options,
                                 const struct imp_frame *frame, struct imp_sink_weight *weight,
                                 struct impasto_error *error)
{
    const struct imp_encode_request request = request_of(path, film, options);
    const struct imp_libav *libav;
    struct imp_encoder *encoder = NULL;
    struct imp_encoded encoded;
    weight->copies = 2; /* packets, and the film of them */
    IMP_TRY(imp_libav_load(path, &libav, error));
    enum impasto_status status = libav->encoder_open(&request, &encoder, &encoded, error);
    if (status == IMPASTO_OK && frame)
        status =
            libav->encode(encoder, &request.film, frame, 0, count_packet, &weight->frame, error);
    if (status == IMPASTO_OK && frame)
        status =
            libav->encode(encoder, &request.film, NULL, 0, count_packet, &weight->frame, error);
    libav->encoder_close(&encoder);
    return status;
}

/* ---- The end --------------------------------------------------------------------------------- */

struct mux_task {
    const struct film_sink *sink;
    struct imp_mux_request request;
};

static bool send_bytes(void *user, const void *bytes, size_t size)
{
    return imp_sandbox_send(*(const int *)user, bytes, size);
}

static void serve(void *user, int answer)
{
    const struct mux_task *task = user;
    task->sink->libav->mux(&task->request, send_bytes, &answer);
}

static enum impasto_status receive(const struct film_sink *sink,
                                   const struct imp_sandbox_child *child, bool *whole,
                                   struct impasto_error *error)
{
    struct imp_mux_answer answer;
    do {
        imp_sandbox_grant(child, 60);
        *whole = imp_sandbox_receive(child, &answer, sizeof(answer));
    } while (*whole && answer.goes_on);
    if (!*whole)
        return IMPASTO_OK;
    answer.message[sizeof(answer.message) - 1] = '\0';
    answer.left_out[sizeof(answer.left_out) - 1] = '\0';
    if (answer.status != IMPASTO_OK)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT, "%s: the film cannot be put together: %s",
                        sink->path, answer.message);
    if (answer.left_out[0])
        imp_stream_warn(sink->options, "%s: such a file cannot have these, which are left out: %s",
                        sink->path, answer.left_out);
    return IMPASTO_OK;
}

static enum impasto_status put_together(const struct film_sink *sink, int source,
                                        struct impasto_error *error)
{
    struct mux_task task = {.sink = sink,
                            .request = {.path = sink->path,
                                        .source = source,
                                        .packets = sink->writer.descriptor,
                                        .output = sink->out.lock,
                                        .start = sink->options->start,
                                        .length = sink->options->length}};
    const struct imp_sandbox sandbox = {.memory = MUX_MEMORY,
                                        .seconds = MUX_SECONDS,
                                        .descriptor = source,
                                        .second = sink->writer.descriptor,
                                        .output = sink->out.lock,
                                        .streams = true,
                                        .work = serve,
                                        .user = &task};
    struct imp_sandbox_child child;
    bool whole;
    if (!imp_sandbox_start(&sandbox, &child))
        return imp_sandbox_fail(error, sink->path, "put the film together", errno);
    const enum impasto_status status = receive(sink, &child, &whole, error);
    const char *end = imp_sandbox_end(&child);
    return status == IMPASTO_OK && !whole
               ? imp_fail(error, IMPASTO_ERROR_OUTPUT,
                          "%s: what puts the film together %s; its frames are kept in %s",
                          sink->path, end ? end : "stops", sink->folder)
               : status;
}

/* With the sound of the source, if that is a film of a kind that has any. */
static enum impasto_status write_film(struct film_sink *sink, struct impasto_error *error)
{
    const char *path = sink->options->sound;
    const int source = path ? imp_os_open(path, IMP_OS_READ) : -1;
    IMP_TRY(imp_file_create(&sink->out, sink->path, error));
    enum impasto_status status = put_together(sink, source, error);
    if (source >= 0)
        imp_os_close(source);
    return status == IMPASTO_OK ? imp_file_commit(&sink->out, error) : status;
}

static void remove_folder(struct film_sink *sink)
{
    /* Of the last whole segment, and of those around it, where a run ended between two steps. */
    for (int i = -1; i <= 1; i++)
        remove_state(sink, sink->writer.segment + i * IMP_SEGMENT);
    (void)imp_os_remove(sink->packets);
    (void)imp_os_remove(sink->job);
    (void)imp_os_remove_folder(sink->folder);
}

static enum impasto_status finish(void *state, bool whole, struct impasto_error *error)
{
    struct film_sink *sink = state;
    IMP_TRY(flush(sink, error));
    IMP_TRY(write_film(sink, error));
    if (whole)
        remove_folder(sink);
    return IMPASTO_OK;
}

/* Frames of a segment that is not whole are painted again, so that it becomes the same segment. */
static void close_sink(void *state)
{
    struct film_sink *sink = state;
    imp_file_abandon(&sink->out);
    if (sink->libav)
        sink->libav->encoder_close(&sink->encoder);
    if (sink->writer.descriptor >= 0)
        imp_packets_forget(&sink->writer);
    imp_packets_shut(&sink->writer);
    free(sink->folder);
    free(sink->job);
    free(sink->packets);
    free(sink->state);
    free(sink);
}

const struct imp_sink_kind imp_sink_film = {.name = "film",
                                            .endings = ".mp4 .m4v .mov .mkv .webm",
                                            .open = open_sink,
                                            .weigh = weigh,
                                            .resumed = resumed,
                                            .state_path = state_path,
                                            .write = write_frame,
                                            .finish = finish,
                                            .close = close_sink};
