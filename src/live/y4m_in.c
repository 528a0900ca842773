/* SPDX-License-Identifier: MIT */
/* Y4M from a file, a pipe or standard input, in the planes that it comes in. Whoever reads waits
 * for a moment only, so that an end can be asked for at any time. */

#include "base/os.h"
#include "live/kinds.h"
#include "video/y4m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct y4m_in {
    struct imp_live_source source;
    const char *name;
    const struct imp_live_options *options;
    int descriptor;
    char line[IMP_Y4M_LINE]; /* that is being read */
    size_t length;           /* of it, so far */
    bool within;             /* a frame's line has been, and its bytes are being read */
    size_t got, bytes;       /* of the frame */
    int64_t frames;
};

bool imp_live_is_y4m(const char *path)
{
    char mark[sizeof(IMP_Y4M_MARK)] = "";
    struct imp_os_about about;
    if (strcmp(path, "-") == 0 || !imp_os_look(path, &about) || about.kind != IMP_OS_FILE)
        return true;
    const int descriptor = imp_os_open(path, IMP_OS_READ);
    if (descriptor < 0)
        return true; /* opening says why not */
    const ptrdiff_t got = imp_os_read(descriptor, mark, strlen(IMP_Y4M_MARK));
    imp_os_close(descriptor);
    return got == (ptrdiff_t)strlen(IMP_Y4M_MARK) && strcmp(mark, IMP_Y4M_MARK) == 0;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* *got: 0: the end, or *waiting. */
static enum impasto_status receive(struct y4m_in *in, void *bytes, size_t size, size_t *got,
                                   bool *waiting, struct impasto_error *error)
{
    const int ready = imp_os_await(in->descriptor, false, IMP_LIVE_PATIENCE);
    const ptrdiff_t count = ready > 0 ? imp_os_read(in->descriptor, bytes, size) : ready;
    *waiting = ready == 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
    *got = count > 0 ? (size_t)count : 0;
    return count >= 0 || *waiting
               ? IMPASTO_OK
               : imp_fail_file(error, IMPASTO_ERROR_INPUT, in->name, "cannot be read", errno);
}

enum progress { WAITING, DONE, ENDED };

/* Goes on with a line, to in->line; one that is too long is cut. ENDED: there are no more bytes. */
static enum impasto_status receive_line(struct y4m_in *in, enum progress *progress,
                                        struct impasto_error *error)
{
    size_t got = 1;
    bool waiting = false;
    *progress = DONE;
    while (in->length < sizeof(in->line) - 1) {
        char *byte = &in->line[in->length];
        IMP_TRY(receive(in, byte, 1, &got, &waiting, error));
        if (got == 0) {
            *progress = waiting ? WAITING : ENDED;
            return IMPASTO_OK;
        }
        if (*byte == '\n')
            break;
        in->length++;
    }
    in->line[in->length] = '\0';
    return IMPASTO_OK;
}

/* ---- The header ------------------------------------------------------------------------------ */

static enum impasto_status refuse_samples(const struct y4m_in *in, struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: has samples that no live filter takes; make it 4:2:0, 4:2:2 or 4:4:4 of 8 "
                    "bits, as by ffmpeg -i FILM -pix_fmt yuv420p -f yuv4mpegpipe -",
                    in->name);
}

/* The source's form; false: there is none for such samples. */
static bool take_layout(const struct imp_y4m *y4m, struct imp_live_form *form)
{
    const struct imp_yuv_layout *layout = &y4m->layout;
    float red, blue;
    imp_yuv_usual_matrix(y4m->height, &red, &blue);
    form->pixels = (struct impasto_pixels){
        .struct_size = sizeof(form->pixels),
        .format = layout->mono                                   ? IMPASTO_PIXELS_GRAY8
                  : layout->shift_x == 0 && layout->shift_y == 0 ? IMPASTO_PIXELS_I444
                  : layout->shift_y == 0                         ? IMPASTO_PIXELS_I422
                                                                 : IMPASTO_PIXELS_I420,
        .width = y4m->width,
        .height = y4m->height,
        .matrix = red > 0.25F ? IMPASTO_MATRIX_BT601 : IMPASTO_MATRIX_BT709,
        .full = layout->full,
        .centred = layout->offset_x > 0,
    };
    form->rate_num = y4m->rate.num > 0 ? y4m->rate.num : 25;
    form->rate_den = y4m->rate.num > 0 ? y4m->rate.den : 1;
    return layout->bits == 8 && !layout->alpha && layout->shift_x <= 1 && layout->shift_y <= 1;
}

static enum impasto_status take_header(struct y4m_in *in, struct impasto_error *error)
{
    const struct imp_stream_options options = {.log = in->options->log, .user = in->options->user};
    struct imp_y4m y4m;
    if (strncmp(in->line, IMP_Y4M_MARK, strlen(IMP_Y4M_MARK)) != 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is no film in Y4M; make one of it, as by ffmpeg -i FILM -f "
                        "yuv4mpegpipe -",
                        in->name);
    IMP_TRY(imp_y4m_parse(in->line, in->name, &options, &y4m, error));
    if (!take_layout(&y4m, &in->source.form))
        return refuse_samples(in, error);
    in->bytes = impasto_pixels_lay(&in->source.form.pixels, NULL);
    in->length = 0;
    return in->bytes > 0 ? IMPASTO_OK : refuse_samples(in, error);
}

/* Waits for it, as nothing can be done without. */
static enum impasto_status read_header(struct y4m_in *in, struct impasto_error *error)
{
    enum progress progress = WAITING;
    while (progress == WAITING) {
        if (in->options->stopped())
            return imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
        IMP_TRY(receive_line(in, &progress, error));
    }
    if (progress == ENDED && in->length == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT, "%s: is empty", in->name);
    return take_header(in, error);
}

/* ---- Frames ---------------------------------------------------------------------------------- */

static enum impasto_status begin_frame(struct y4m_in *in, struct impasto_error *error)
{
    if (strncmp(in->line, IMP_Y4M_FRAME, strlen(IMP_Y4M_FRAME)) != 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: frame %lld does not begin where it should; the film is damaged there",
                        in->name, (long long)in->frames + 1);
    in->length = 0;
    in->got = 0;
    in->within = true;
    return IMPASTO_OK;
}

static enum impasto_status receive_frame(struct y4m_in *in, struct imp_live_frame *frame,
                                         enum progress *progress, struct impasto_error *error)
{
    *progress = WAITING;
    while (in->got < in->bytes) {
        size_t got;
        bool waiting;
        IMP_TRY(receive(in, frame->pixels.plane[0] + in->got, in->bytes - in->got, &got, &waiting,
                        error));
        if (got == 0) {
            *progress = waiting ? WAITING : ENDED;
            return IMPASTO_OK;
        }
        in->got += got;
    }
    in->within = false;
    frame->number = in->frames++;
    *progress = DONE;
    return IMPASTO_OK;
}

static enum impasto_status read_frame(struct imp_live_source *source, struct imp_live_frame *frame,
                                      enum imp_live_read *what, struct impasto_error *error)
{
    static const enum imp_live_read told[] = {
        [WAITING] = IMP_LIVE_NOTHING, [DONE] = IMP_LIVE_FRAME, [ENDED] = IMP_LIVE_END};
    struct y4m_in *in = (struct y4m_in *)source;
    enum progress progress = DONE;
    if (!in->within) {
        IMP_TRY(receive_line(in, &progress, error));
        if (progress == DONE)
            IMP_TRY(begin_frame(in, error));
    }
    if (in->within)
        IMP_TRY(receive_frame(in, frame, &progress, error));
    if (progress == ENDED && (in->within || in->length > 0))
        imp_live_warn(in->options, "%s: ends within frame %lld, which is left out", in->name,
                      (long long)in->frames + 1);
    *what = told[progress];
    return IMPASTO_OK;
}

static void close_source(struct imp_live_source *source)
{
    struct y4m_in *in = (struct y4m_in *)source;
    if (in->descriptor >= 0 && in->descriptor != IMP_OS_STDIN)
        imp_os_close(in->descriptor);
    free(in);
}

/* A pipe's other end may be awaited for long. */
static enum impasto_status open_input(struct y4m_in *in, const char *path,
                                      struct impasto_error *error)
{
    do
        in->descriptor =
            strcmp(path, "-") == 0 ? (int)IMP_OS_STDIN : imp_os_open(path, IMP_OS_READ);
    while (in->descriptor < 0 && errno == EINTR && !in->options->stopped());
    if (in->descriptor >= 0)
        return IMPASTO_OK;
    return errno == EINTR
               ? imp_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted")
               : imp_fail_file(error, IMPASTO_ERROR_INPUT, in->name, "cannot be read", errno);
}

enum impasto_status imp_live_y4m_source(const char *path, const struct imp_live_options *options,
                                        struct imp_live_source **source,
                                        struct impasto_error *error)
{
    struct y4m_in *in = calloc(1, sizeof(*in));
    if (!in)
        return imp_fail_memory(error, "a film", sizeof(*in));
    *in = (struct y4m_in){.source = {.paced = true, .read = read_frame, .close = close_source},
                          .name = imp_live_name(path, false),
                          .options = options};
    enum impasto_status status = open_input(in, path, error);
    if (status == IMPASTO_OK)
        status = read_header(in, error);
    if (status == IMPASTO_OK)
        *source = &in->source;
    else
        close_source(&in->source);
    return status;
}
