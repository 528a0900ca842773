/* SPDX-License-Identifier: MIT */
/* Films whose frames build on those before: a run that is killed goes on after the last frame of
 * which there is a state, and the film has the bytes of one that was never killed. */

#include "files.h"
#include "video/stream.h"

#include <stdio.h>
#include <sys/wait.h>

#define SIDE 16
#define FRAMES 256 /* one segment, and some of another */
#define NOISE_FRAMES 20
#define NOISE_SIDE 64 /* where an encoder's name is a small part of a frame */

static struct imp_film about = {.width = SIDE,
                                .height = SIDE,
                                .tick = {1, 25},
                                .rate = {25, 1},
                                .matrix = 2,
                                .primaries = 2,
                                .transfer = 2};

static struct imp_stream_options options = {.crf = -1, .job = "a film", .builds = true};

static void draw(int64_t number, unsigned char *rgb)
{
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        rgb[i] = (unsigned char)(i * 5 + number * 3 + (number * i) % 7);
}

/* Whoever makes the frames keeps a state of some bytes. */
static void keep_state(struct imp_sink *sink, int64_t frames, bool always)
{
    struct impasto_error error;
    bool due;
    const char *path = imp_sink_state(sink, frames, &due);
    if (always || due)
        assert_int_equal(impasto_file_write(path, "state", 5, &error), IMPASTO_OK);
}

static struct imp_sink *open_film(const char *name, int64_t *kept)
{
    struct impasto_error error;
    static char path[PATH_SIZE]; /* outlives the sink */
    struct imp_sink *sink;
    int64_t last;
    snprintf(path, sizeof(path), "%s", in_folder(name));
    if (imp_sink_open(path, &about, &options, &sink, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    *kept = imp_sink_resumed(sink, &last);
    if (*kept > 0)
        assert_int_equal(last, *kept - 1);
    return sink;
}

static void write_frames(struct imp_sink *sink, int64_t from, int64_t to, bool always)
{
    struct impasto_error error;
    unsigned char rgb[3 * SIDE * SIDE];
    for (int64_t i = from; i < to; i++) {
        const struct imp_frame frame = {.rgb = rgb, .stride = 3 * SIDE, .time = i, .duration = 1};
        draw(i, rgb);
        keep_state(sink, i + 1, always);
        assert_int_equal(imp_sink_write(sink, &frame, &error), IMPASTO_OK);
    }
}

static void finish(const char *name, bool always)
{
    struct impasto_error error;
    int64_t kept;
    struct imp_sink *sink = open_film(name, &kept);
    write_frames(sink, kept, FRAMES, always);
    assert_int_equal(imp_sink_finish(&sink, true, &error), IMPASTO_OK);
    assert_int_not_equal(access(in_folder("out.mkv.impasto"), F_OK), 0);
}

/* Writes frames up to that one, and is gone. early: before the frame whose state it has kept. */
static int64_t be_killed(int64_t at, bool early)
{
    int64_t kept;
    int end;
    const pid_t child = fork();
    if (child == 0) {
        about.seekable = true; /* says nothing of what is written */
        struct imp_sink *sink = open_film("out.mkv", &kept);
        write_frames(sink, kept, at, true);
        if (early)
            keep_state(sink, at + 1, true);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFEXITED(end) && WEXITSTATUS(end) == 0);
    struct imp_sink *sink = open_film("out.mkv", &kept);
    imp_sink_abandon(&sink);
    return kept;
}

static void assert_same(const char *a, const char *b)
{
    size_t left_size, right_size;
    unsigned char *left = read_bytes(in_folder(a), &left_size);
    unsigned char *right = read_bytes(in_folder(b), &right_size);
    assert_true(left_size > 1000);
    assert_int_equal(left_size, right_size);
    assert_memory_equal(left, right, left_size);
    free(left);
    free(right);
}

static void check_kills(void)
{
    static const int at[] = {1, 7, 249, 250, 251};
    finish("whole.mkv", false);
    for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
        assert_int_equal(be_killed(at[i], i % 2 == 1), at[i]);
    finish("out.mkv", true);
    assert_same("whole.mkv", "out.mkv");
}

/* What a film whose first frame is black and whose others are noise is said to take, and takes. */
static void check_weight(const char *name, bool lossless, int crf)
{
    struct imp_film film = about;
    struct imp_stream_options mine = options;
    film.width = film.height = NOISE_SIDE;
    mine.lossless = lossless;
    mine.crf = crf;
    mine.builds = false;
    struct impasto_error error;
    unsigned char rgb[3 * NOISE_SIDE * NOISE_SIDE] = {0};
    struct imp_frame frame = {.rgb = rgb, .stride = 3 * NOISE_SIDE, .duration = 1};
    struct imp_sink_weight weight;
    char path[PATH_SIZE];
    struct imp_sink *sink;
    snprintf(path, sizeof(path), "%s", in_folder(name));
    assert_int_equal(imp_sink_weigh(path, &film, &mine, &frame, &weight, &error), IMPASTO_OK);
    assert_int_equal(imp_sink_open(path, &film, &mine, &sink, &error), IMPASTO_OK);
    for (; frame.time < NOISE_FRAMES; frame.time++) {
        for (uint32_t i = 0; i < sizeof(rgb) && frame.time > 0; i++)
            rgb[i] = (unsigned char)((((uint32_t)frame.time * 7919 + i) * 2654435761u) >> 24);
        assert_int_equal(imp_sink_write(sink, &frame, &error), IMPASTO_OK);
    }
    assert_int_equal(imp_sink_finish(&sink, true, &error), IMPASTO_OK);
    size_t size;
    free(read_bytes(path, &size));
    assert_true(size > NOISE_FRAMES * weight.frame);
    assert_true(size <= NOISE_FRAMES * weight.most);
}

static void weighed(void **state)
{
    (void)state;
    check_weight("noise.mkv", true, -1);
    check_weight("noise.mp4", false, 0);
}

static void killed(void **state)
{
    (void)state;
    options.lossless = true;
    check_kills();
    options.lossless = false;
    check_kills(); /* an encoder that looks ahead */
}

/* A frame whose bytes were damaged is painted again, and so are those behind it. */
static void damaged(void **state)
{
    (void)state;
    options.lossless = true;
    finish("whole.mkv", false);
    assert_int_equal(be_killed(7, false), 7);
    FILE *frames = fopen(in_folder("out.mkv.impasto/frames"), "r+b");
    assert_non_null(frames);
    assert_int_equal(fseek(frames, -1, SEEK_END), 0);
    assert_int_equal(fputc('x', frames), 'x');
    assert_int_equal(fclose(frames), 0);
    /* The state of frame 7 is the only one. */
    int64_t kept;
    struct imp_sink *sink = open_film("out.mkv", &kept);
    assert_int_equal(kept, 0);
    imp_sink_abandon(&sink);
    finish("out.mkv", true);
    assert_same("whole.mkv", "out.mkv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed),
        cmocka_unit_test(weighed),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests_name("film_sink", tests, make_folder, remove_folder);
}
