/* SPDX-License-Identifier: MIT */
/*
 * A film in a container, with the source's sound.
 *
 * Frames are encoded as they come, into a folder beside the film: NAME.impasto. `packets` has the
 * encoded frames in segments of a fixed length, and `job` what the film is made of. So a run that
 * was killed goes on after the last whole segment, to the same bytes: the encoder begins anew with
 * each segment anyway. At the end, a child in a sandbox puts the film together from packets and
 * source, and the folder goes.
 *
 * Frames that build on those before may take minutes each. Of their segment, `frames` has them as
 * they were painted, and `state-N` what whoever paints them goes on from after N of them. A run
 * goes on after the last frame of which it has both, and gives the encoder the segment's frames
 * again.
 */

#include "base/os.h"
#include "video/film_sink.h"

#include <stdlib.h>
#include <string.h>

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status name_files(struct imp_film_sink *sink, struct impasto_error *error)
{
    IMP_TRY(imp_job_folder_name(&sink->folder, sink->path, error));
    sink->packets = imp_job_folder_file(&sink->folder, "packets");
    sink->frames = imp_job_folder_file(&sink->folder, "frames");
    return sink->packets && sink->frames ? IMPASTO_OK : imp_fail_memory(error, "a file name", 0);
}

static enum impasto_status open_encoder(struct imp_film_sink *sink, struct imp_encoded *encoded,
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

/* ---- Frames ---------------------------------------------------------------------------------- */

static enum impasto_status take_packet(void *user, const void *bytes, size_t size, int64_t number,
                                       bool key, struct impasto_error *error)
{
    struct imp_film_sink *sink = user;
    return imp_packets_write(&sink->writer, bytes, size, number, key, error);
}

/* The encoder gives what it still has, and is done with. */
static enum impasto_status flush(struct imp_film_sink *sink, struct impasto_error *error)
{
    if (sink->writer.frames > sink->writer.segment)
        IMP_TRY(sink->libav->encode(sink->encoder, &sink->request.film, NULL, 0, take_packet, sink,
                                    error));
    sink->libav->encoder_close(&sink->encoder);
    return IMPASTO_OK;
}

/* Encodes the next frame, and ends the segment if that is its last. */
static enum impasto_status encode(struct imp_film_sink *sink, const struct imp_frame *frame,
                                  struct impasto_error *error)
{
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
    return imp_packets_end(&sink->writer, error);
}

/* A state counts when its frames are on the disk. */
static enum impasto_status change_state(struct imp_film_sink *sink, struct impasto_error *error)
{
    IMP_TRY(imp_kept_sync(&sink->kept, error));
    imp_job_change_state(&sink->folder, sink->kept.first + sink->kept.count);
    return IMPASTO_OK;
}

static enum impasto_status write_frame(void *state, const struct imp_frame *frame,
                                       struct impasto_error *error)
{
    struct imp_film_sink *sink = state;
    if (!sink->options->builds)
        return encode(sink, frame, error);
    const bool stated = imp_job_has_state(&sink->folder, sink->writer.frames + 1);
    IMP_TRY(imp_kept_add(&sink->kept, frame, error));
    IMP_TRY(encode(sink, frame, error));
    if (stated)
        IMP_TRY(change_state(sink, error));
    if (sink->writer.frames == sink->writer.segment)
        imp_kept_begin(&sink->kept, sink->writer.segment);
    return IMPASTO_OK;
}

/* ---- Going on -------------------------------------------------------------------------------- */

/* Gives the encoder the frames again that an earlier run has painted. */
static enum impasto_status take_up(struct imp_film_sink *sink, struct impasto_error *error)
{
    const int64_t first = sink->writer.segment;
    struct imp_frame frame;
    IMP_TRY(imp_kept_open(&sink->kept, sink->frames, &sink->request.film, error));
    imp_kept_resume(&sink->kept, first);
    imp_kept_shorten(&sink->kept,
                     imp_job_find_state(&sink->folder, first, first + sink->kept.count) - first);
    for (int64_t i = 0; i < sink->kept.count; i++) {
        IMP_TRY(imp_kept_read(&sink->kept, i, &frame, error));
        IMP_TRY(encode(sink, &frame, error));
    }
    if (sink->writer.segment != first)
        imp_kept_begin(&sink->kept, sink->writer.segment);
    return IMPASTO_OK;
}

static const struct imp_job_folder *folder_of(void *state)
{
    const struct imp_film_sink *sink = state;
    return &sink->folder;
}

static const char *state_path(void *state, int64_t frames, bool *due)
{
    struct imp_film_sink *sink = state;
    *due = imp_job_state_due(&sink->folder) || frames % IMP_SEGMENT == 0;
    return imp_job_state(&sink->folder, frames);
}

/* ---- Opening and weighing -------------------------------------------------------------------- */

/* What is there already decides where the film begins. */
static enum impasto_status prepare(struct imp_film_sink *sink, struct impasto_error *error)
{
    bool fresh;
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
    IMP_TRY(imp_job_folder_open(&sink->folder, sink->options->job, &fresh, error));
    IMP_TRY(imp_packets_open(&sink->writer, sink->packets, &sink->head, error));
    return sink->options->builds ? take_up(sink, error) : IMPASTO_OK;
}

static struct imp_encode_request request_of(const char *path, const struct imp_film *film,
                                            const struct imp_stream_options *options)
{
    struct imp_encode_request request = {.path = path,
                                         .film = *film,
                                         .codec = options->codec,
                                         .crf = options->crf,
                                         .lossless = options->lossless};
    request.film.frames = 0;       /* an estimate, which may be another one next time */
    request.film.seekable = false; /* the source's, and no matter of what is written */
    return request;
}

static enum impasto_status open_sink(const char *path, const struct imp_film *film,
                                     const struct imp_stream_options *options, void **state,
                                     struct impasto_error *error)
{
    struct imp_film_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return imp_fail_memory(error, "a film", 0);
    *state = sink;
    sink->path = path;
    sink->options = options;
    sink->out.lock = -1;
    sink->writer.descriptor = sink->kept.descriptor = -1;
    sink->request = request_of(path, film, options);
    IMP_TRY(impasto_file_check(path, error));
    IMP_TRY(imp_libav_load(path, &sink->libav, error));
    IMP_TRY(name_files(sink, error));
    return prepare(sink, error);
}

static int64_t resumed(void *state, int64_t *last)
{
    const struct imp_film_sink *sink = state;
    *last = sink->writer.last_time;
    return sink->writer.frames;
}

static enum impasto_status count_packet(void *user, const void *bytes, size_t size, int64_t number,
                                        bool key, struct impasto_error *error)
{
    uint64_t *sum = user;
    (void)bytes, (void)number, (void)key, (void)error;
    *sum += size;
    return IMPASTO_OK;
}

/* Lossless films have RGB, ProRes has 4:2:2, and all others 4:2:0. */
static double values_of(const struct imp_encode_request *request)
{
    const bool prores = request->codec && strcmp(request->codec, "prores") == 0;
    return request->lossless ? 3 : prores ? 2 : 1.5;
}

/* The frame by itself: a key frame, so that frames which show no more have no more. */
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
    weight->most = imp_film_most(film, values_of(&request));
    if (options->builds)
        weight->beside = imp_kept_bytes(
            film, film->frames > 0 && film->frames < IMP_SEGMENT ? film->frames : IMP_SEGMENT);
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

static enum impasto_status finish(void *state, bool whole, struct impasto_error *error)
{
    struct imp_film_sink *sink = state;
    IMP_TRY(flush(sink, error));
    IMP_TRY(imp_film_sink_mux(sink, error));
    if (whole)
        imp_film_sink_clear(sink);
    return IMPASTO_OK;
}

/* Frames of a segment that is not whole are painted again, so that it becomes the same segment. */
static void close_sink(void *state)
{
    struct imp_film_sink *sink = state;
    imp_file_abandon(&sink->out);
    if (sink->libav)
        sink->libav->encoder_close(&sink->encoder);
    if (sink->writer.descriptor >= 0)
        imp_packets_forget(&sink->writer);
    imp_packets_shut(&sink->writer);
    imp_kept_shut(&sink->kept);
    imp_job_folder_free(&sink->folder);
    free(sink->packets);
    free(sink->frames);
    free(sink);
}

const struct imp_sink_kind imp_sink_film = {.name = "film",
                                            .endings = ".mp4 .m4v .mov .mkv .webm",
                                            .deep = true,
                                            .open = open_sink,
                                            .weigh = weigh,
                                            .resumed = resumed,
                                            .folder = folder_of,
                                            .state_path = state_path,
                                            .write = write_frame,
                                            .finish = finish,
                                            .close = close_sink};
