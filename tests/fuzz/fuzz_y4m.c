/* SPDX-License-Identifier: MIT */
/* Films in Y4M: headers and frames, as they come from a file. */

#include "fuzz.h"
#include "video/stream.h"

#include <stdlib.h>

/* Pixels of a frame: a few words can ask for many. */
#define LARGEST 4096

static enum impasto_status read_frames(struct imp_source *source, const struct imp_film *film,
                                       struct impasto_error *error)
{
    struct imp_frame frame = {.stride = imp_film_pixel(film) * (size_t)film->width};
    enum impasto_status status = IMPASTO_OK;
    frame.rgb = malloc(frame.stride * (size_t)film->height);
    if (!frame.rgb)
        abort();
    for (bool more = true; more && status == IMPASTO_OK;)
        status = imp_source_read(source, &frame, &more, error);
    free(frame.rgb);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct imp_stream_options options = {.max_pixels = LARGEST, .deep = true};
    struct impasto_error error = {0};
    struct imp_source *source;
    struct imp_film film;
    enum impasto_status status =
        imp_source_open(fuzz_file(data, size), &options, &source, &film, &error);
    if (status == IMPASTO_OK)
        status = read_frames(source, &film, &error);
    imp_source_close(&source);
    fuzz_check(status, &error);
    return 0;
}
