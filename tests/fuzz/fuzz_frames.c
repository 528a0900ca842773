/* SPDX-License-Identifier: MIT */
/* What the decoder of a film may send, whose film may have taken it over: a sound answer and frames
 * with some bytes changed, and cut off somewhere. */

#include "fuzz.h"
#include "video/libav.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 4
#define HEIGHT 3
#define FRAMES 3
#define PATCH 3           /* bytes: a place, and what is changed there */
#define LARGEST (1 << 16) /* pixels of a frame */

static struct {
    uint8_t bytes[2 * sizeof(struct imp_decode_answer) +
                  (FRAMES + 1) * sizeof(struct imp_decode_frame) + FRAMES * 3 * WIDTH * HEIGHT];
    size_t size;
} sent;

static void add(const void *bytes, size_t size)
{
    memcpy(sent.bytes + sent.size, bytes, size);
    sent.size += size;
}

static void make_sound(void)
{
    static const uint8_t pixels[3 * WIDTH * HEIGHT] = {1, 2, 3};
    struct imp_decode_answer answer;
    memset(&answer, 0, sizeof(answer));
    answer.film = (struct imp_film){.width = WIDTH,
                                    .height = HEIGHT,
                                    .aspect = {1, 1},
                                    .tick = {1, 25},
                                    .rate = {25, 1},
                                    .frames = FRAMES,
                                    .matrix = 2,
                                    .primaries = 2,
                                    .transfer = 2};
    sent.size = 0;
    add(&answer, sizeof(answer));
    for (int i = 0; i <= FRAMES; i++) {
        const struct imp_decode_frame frame = {.time = i, .duration = 1, .last = i == FRAMES};
        add(&frame, sizeof(frame));
        if (i < FRAMES)
            add(pixels, sizeof(pixels));
    }
    add(&answer, sizeof(answer));
}

/* The first two bytes say where the stream is cut off, if at all. */
static void change(const uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    const size_t cut = (size_t)data[0] | (size_t)data[1] << 8;
    for (size_t i = 2; i + PATCH <= size; i += PATCH)
        sent.bytes[((size_t)data[i] | (size_t)data[i + 1] << 8) % sent.size] ^= data[i + 2];
    sent.size = cut < sent.size ? cut : sent.size;
}

/* ---- In place of the module, and of a child that a decoder runs in --------------------------- */

static size_t received;

enum impasto_status imp_libav_load(const char *name, const struct imp_libav **libav,
                                   struct impasto_error *error)
{
    static const struct imp_libav table = {.decode = NULL};
    (void)name, (void)error;
    *libav = &table;
    return IMPASTO_OK;
}

bool __wrap_imp_sandbox_start(const struct imp_sandbox *sandbox, struct imp_sandbox_child *child);
void __wrap_imp_sandbox_grant(const struct imp_sandbox_child *child, unsigned seconds);
bool __wrap_imp_sandbox_receive(const struct imp_sandbox_child *child, void *bytes, size_t size);
const char *__wrap_imp_sandbox_end(const struct imp_sandbox_child *child);

bool __wrap_imp_sandbox_start(const struct imp_sandbox *sandbox, struct imp_sandbox_child *child)
{
    (void)sandbox;
    *child = (struct imp_sandbox_child){0};
    received = 0;
    return true;
}

void __wrap_imp_sandbox_grant(const struct imp_sandbox_child *child, unsigned seconds)
{
    (void)child, (void)seconds;
}

bool __wrap_imp_sandbox_receive(const struct imp_sandbox_child *child, void *bytes, size_t size)
{
    const size_t left = sent.size - received;
    (void)child;
    memcpy(bytes, sent.bytes + received, size < left ? size : left);
    received += size < left ? size : left;
    return size <= left;
}

const char *__wrap_imp_sandbox_end(const struct imp_sandbox_child *child)
{
    (void)child;
    return "crashes";
}

/* ---- The program ----------------------------------------------------------------------------- */

static enum impasto_status read_frames(struct imp_source *source, const struct imp_film *film,
                                       struct impasto_error *error)
{
    struct imp_frame frame = {.stride = imp_film_pixel(film) * (size_t)film->width};
    enum impasto_status status = IMPASTO_OK;
    frame.rgb = malloc(frame.stride * (size_t)film->height);
    if (!frame.rgb)
        abort();
    int64_t last = INT64_MIN;
    for (bool more = true; more && status == IMPASTO_OK;) {
        status = imp_source_read(source, &frame, &more, error);
        if (status == IMPASTO_OK && more && frame.time <= last)
            abort();
        last = frame.time;
    }
    free(frame.rgb);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct imp_stream_options options = {.max_pixels = LARGEST, .deep = true};
    struct impasto_error error = {0};
    struct imp_source *source;
    struct imp_film film;
    make_sound();
    change(data, size);
    enum impasto_status status =
        imp_source_open(fuzz_file((const uint8_t *)"a film", 6), &options, &source, &film, &error);
    if (status == IMPASTO_OK)
        status = read_frames(source, &film, &error);
    imp_source_close(&source);
    fuzz_check(status, &error);
    return 0;
}
