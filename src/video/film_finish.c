/* SPDX-License-Identifier: MIT */
/* The end of a film in a container: a child in a sandbox puts it together, and the folder goes. */

#include "base/os.h"
#include "video/film_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the child that puts the film together may take. */
#define MUX_MEMORY ((uint64_t)1 << 30)
#define MUX_SECONDS 600
struct mux_task {
    const struct imp_film_sink *sink;
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

static enum impasto_status receive(const struct imp_film_sink *sink,
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

static enum impasto_status put_together(const struct imp_film_sink *sink, int source,
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
                          sink->path, end ? end : "stops", sink->folder.path)
               : status;
}

enum impasto_status imp_film_sink_mux(struct imp_film_sink *sink, struct impasto_error *error)
{
    const char *path = sink->options->sound;
    const int source = path ? imp_os_open(path, IMP_OS_READ) : -1;
    if (path && source < 0)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: can no longer be read, and sound is to come from it; the frames are "
                        "kept in %s, and the same command goes on with them",
                        path, sink->folder.path);
    IMP_TRY(imp_file_create(&sink->out, sink->path, error));
    enum impasto_status status = put_together(sink, source, error);
    if (source >= 0)
        imp_os_close(source);
    return status == IMPASTO_OK ? imp_file_commit(&sink->out, error) : status;
}

void imp_film_sink_clear(const struct imp_film_sink *sink)
{
    (void)imp_os_remove(sink->frames);
    (void)imp_os_remove(sink->packets);
    imp_job_folder_clear(&sink->folder);
}
