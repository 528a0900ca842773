/* SPDX-License-Identifier: MIT */
/* Y4M written to a file, a pipe or standard output. */

#include "base/os.h"
#include "video/y4m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct y4m_sink {
    const char *name;
    const struct imp_stream_options *options;
    struct imp_y4m_output output;
    struct imp_yuv *yuv;
    unsigned char *planes;
    size_t bytes; /* of these */
};

/* A reader that is not there yet is waited for. */
static enum impasto_status open_pipe(struct imp_y4m_output *output, const char *path,
                                     bool (*stopped)(void), struct impasto_error *error)
{
    do
        output->descriptor = imp_os_open(path, IMP_OS_WRITE);
    while (output->descriptor < 0 && errno == EINTR && !(stopped && stopped()));
    if (output->descriptor >= 0)
        return IMPASTO_OK;
    return errno == EINTR
               ? imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
}

enum impasto_status imp_y4m_open(struct imp_y4m_output *output, const char *path,
                                 bool (*stopped)(void), struct impasto_error *error)
{
    *output = (struct imp_y4m_output){.file.lock = -1, .descriptor = -1};
    if (strcmp(path, "-") == 0) {
        output->descriptor = IMP_OS_STDOUT;
        return IMPASTO_OK;
    }
    return imp_stream_is_pipe(path) ? open_pipe(output, path, stopped, error)
                                    : imp_file_create(&output->file, path, error);
}

void imp_y4m_close(struct imp_y4m_output *output)
{
    if (output->descriptor >= 0 && output->descriptor != IMP_OS_STDOUT)
        imp_os_close(output->descriptor);
    imp_file_abandon(&output->file);
}

/* Whoever reads a pipe gets each frame at once, not with the next ones. */
static enum impasto_status put(struct y4m_sink *sink, const void *bytes, size_t size,
                               struct impasto_error *error)
{
    int problem = 0;
    if (sink->output.descriptor >= 0)
        problem = imp_os_write_all(sink->output.descriptor, bytes, size);
    else if (fwrite(bytes, 1, size, sink->output.file.stream) != size)
        problem = errno;
    return problem == 0 ? IMPASTO_OK
                        : imp_fail_file(error, IMPASTO_ERROR_OUTPUT, sink->name,
                                        "cannot be written", problem);
}

/* Returns the bytes of a frame's planes. */
static size_t describe(const struct imp_film *film, const struct imp_stream_options *options,
                       char header[IMP_Y4M_LINE], struct imp_yuv_layout *layout)
{
    struct imp_film form = *film;
    if (options->lossless) /* as far as that goes: no colours are lost to their neighbours */
        form.chroma = IMP_CHROMA_444;
    imp_y4m_print(&form, header, layout);
    return (size_t)imp_yuv_bytes(layout, film->width, film->height);
}

static enum impasto_status weigh(const char *path, const struct imp_film *film,
                                 const struct imp_stream_options *options,
                                 const struct imp_frame *frame, struct imp_sink_weight *weight,
                                 struct impasto_error *error)
{
    char header[IMP_Y4M_LINE];
    struct imp_yuv_layout layout;
    (void)path, (void)frame, (void)error;
    *weight = (struct imp_sink_weight){.copies = 1, .exact = true};
    weight->most = weight->frame =
        describe(film, options, header, &layout) + strlen(IMP_Y4M_FRAME "\n");
    return IMPASTO_OK;
}

static enum impasto_status open_sink(const char *path, const struct imp_film *film,
                                     const struct imp_stream_options *options, void **state,
                                     struct impasto_error *error)
{
    struct y4m_sink *sink = calloc(1, sizeof(*sink));
    char header[IMP_Y4M_LINE];
    struct imp_yuv_layout layout;
    if (!sink)
        return imp_fail_memory(error, "a film", 0);
    *state = sink;
    sink->name = strcmp(path, "-") == 0 ? "standard output" : path;
    sink->options = options;
    sink->output = (struct imp_y4m_output){.file.lock = -1, .descriptor = -1};
    sink->bytes = describe(film, options, header, &layout);
    sink->planes = malloc(sink->bytes);
    sink->yuv = imp_yuv_create(&layout, film->width, film->height);
    if (!sink->planes || !sink->yuv)
        return imp_fail_memory(error, "a frame", sink->bytes);
    IMP_TRY(imp_y4m_open(&sink->output, path, options->stopped, error));
    imp_stream_warn_of_sound(sink->name, film, options);
    return put(sink, header, strlen(header), error);
}

static enum impasto_status write_frame(void *state, const struct imp_frame *frame,
                                       struct impasto_error *error)
{
    struct y4m_sink *sink = state;
    imp_yuv_from_rgb(sink->yuv, frame->rgb, frame->stride, sink->planes);
    IMP_TRY(put(sink, IMP_Y4M_FRAME "\n", strlen(IMP_Y4M_FRAME "\n"), error));
    return put(sink, sink->planes, sink->bytes, error);
}

static enum impasto_status finish(void *state, bool whole, struct impasto_error *error)
{
    struct y4m_sink *sink = state;
    (void)whole; /* each frame stands for itself */
    return sink->output.file.stream ? imp_file_commit(&sink->output.file, error) : IMPASTO_OK;
}

static void close_sink(void *state)
{
    struct y4m_sink *sink = state;
    imp_y4m_close(&sink->output);
    imp_yuv_free(sink->yuv);
    free(sink->planes);
    free(sink);
}

const struct imp_sink_kind imp_sink_y4m = {.name = "Y4M",
                                           .endings = ".y4m",
                                           .open = open_sink,
                                           .weigh = weigh,
                                           .write = write_frame,
                                           .finish = finish,
                                           .close = close_sink};
