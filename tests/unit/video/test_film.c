/* SPDX-License-Identifier: MIT */
/* Films that FFmpeg's libraries decode: those of ../shared/data/video, as the README there says,
 * and what a decoder in a sandbox may not get away with. */

#include "files.h"
#include "video/libav.h"

#include <math.h>
#include <stdio.h>

#define MOST_PIXELS (320 * 180)
#define MOST_FRAMES 64

static char warning[1024];

static void keep_warning(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING)
        snprintf(warning, sizeof(warning), "%s", line);
}

static const struct imp_stream_options usual = {.max_pixels = 1000000, .log = keep_warning};

/* A film, all of it. */
static struct {
    struct imp_film about;
    enum impasto_status status;
    struct impasto_error error;
    int frames;
    int64_t time[MOST_FRAMES];
    union {
        unsigned char rgb[3 * MOST_PIXELS];
        uint16_t deep[3 * MOST_PIXELS];
    } frame[MOST_FRAMES];
} film, other;

static void read_film(const char *name, const struct imp_stream_options *options)
{
    char path[PATH_SIZE];
    struct imp_source *source;
    bool more = true;
    const char *data = getenv("IMPASTO_TEST_DATA");
    snprintf(path, sizeof(path), "%s/video/%s", data ? data : IMP_SOURCE_ROOT "/../shared/data",
             name);
    if (access(path, R_OK) != 0) {
        print_message("%s is not here\n", path);
        skip();
    }
    warning[0] = 0;
    film.frames = 0;
    film.status = imp_source_open(path, options, &source, &film.about, &film.error);
    while (film.status == IMPASTO_OK && more) {
        struct imp_frame frame = {.rgb = film.frame[film.frames].rgb,
                                  .stride = imp_film_pixel(&film.about) * (size_t)film.about.width};
        assert_in_range(film.about.width * film.about.height, 1, MOST_PIXELS);
        assert_in_range(film.frames, 0, MOST_FRAMES - 1);
        film.status = imp_source_read(source, &frame, &more, &film.error);
        if (film.status == IMPASTO_OK && more)
            film.time[film.frames++] = frame.time;
    }
    imp_source_close(&source);
}

static double seconds(int64_t time)
{
    return (double)time * film.about.tick.num / film.about.tick.den;
}

static void assert_size(int width, int height, int frames)
{
    assert_int_equal(film.status, IMPASTO_OK);
    assert_int_equal(film.about.width, width);
    assert_int_equal(film.about.height, height);
    assert_int_equal(film.frames, frames);
}

/* ---- What decodes ---------------------------------------------------------------------------- */

static void codecs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int width, height, frames;
    } clips[] = {
        {"h264.mp4", 96, 64, 24},    {"h264.mkv", 96, 64, 24},      {"hevc.mp4", 96, 64, 24},
        {"vp8.webm", 96, 64, 24},    {"vp9.webm", 96, 64, 24},      {"av1.mkv", 96, 64, 24},
        {"mpeg4.avi", 96, 64, 24},   {"mpeg2.ts", 96, 64, 24},      {"mjpeg.avi", 96, 64, 24},
        {"prores.mov", 96, 64, 3},   {"ffv1.mkv", 96, 64, 6},       {"gif.gif", 96, 64, 6},
        {"ten-bit.mp4", 96, 64, 10}, {"odd-444.mp4", 95, 63, 10},   {"odd-420.webm", 95, 63, 10},
        {"bunny.mp4", 320, 180, 32}, {"interlaced.ts", 96, 64, 10}, {"alpha.webm", 96, 64, 10},
        {"y4m.y4m", 96, 64, 10},
    };
    for (size_t i = 0; i < IMP_COUNT(clips); i++) {
        read_film(clips[i].name, &usual);
        if (film.status != IMPASTO_OK)
            fail_msg("%s: %s", clips[i].name, film.error.message);
        assert_size(clips[i].width, clips[i].height, clips[i].frames);
        assert_string_equal(warning, "");
        const char *ending = strrchr(clips[i].name, '.') + 1;
        assert_int_equal(film.about.seekable, strstr("mp4 mkv webm mov", ending) != NULL);
    }
}

/* What bytes cannot hold comes in 16 bits to whoever takes them, upright as well, and is else the
 * same. */
static void deep(void **state)
{
    (void)state;
    static const char *const names[] = {"ten-bit.mp4", "prores.mov", "h264.mp4"};
    struct imp_stream_options deep = usual;
    deep.deep = true;
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        bool between = false;
        read_film(names[i], &usual);
        assert_false(film.about.deep);
        memcpy(&other, &film, sizeof(film));
        read_film(names[i], &deep);
        assert_size(96, 64, other.frames);
        assert_int_equal(film.about.deep, i < 2);
        for (int k = 0; k < 3 * 96 * 64 && i < 2; k++) {
            const int value = film.frame[0].deep[k];
            assert_int_equal((value * 255 + 32895) >> 16, other.frame[0].rgb[k]);
            between = between || value % 257 != 0;
        }
        assert_int_equal(between, i < 2);
    }
}

static void times(void **state)
{
    (void)state;
    read_film("ntsc-bframes.mp4", &usual);
    for (int i = 0; i < film.frames; i++)
        assert_true(fabs(seconds(film.time[i]) - i * 1001.0 / 30000) < 1e-9);
    assert_int_equal(film.frames, 30);
    read_film("vfr.mkv", &usual);
    assert_int_equal(film.frames, 35);
    int gaps[2] = {0};
    for (int i = 1; i < film.frames; i++) {
        const double gap = seconds(film.time[i] - film.time[i - 1]);
        gaps[fabs(gap - 0.08) < 0.0011]++;
        assert_true(fabs(gap - 0.04) < 0.0011 || fabs(gap - 0.08) < 0.0011);
    }
    assert_true(gaps[0] > 0 && gaps[1] > 0);
    read_film("late-start.mp4", &usual);
    assert_int_equal(film.frames, 32);
    assert_int_equal(film.time[0], 0);
    read_film("starts-at-10s.ts", &usual);
    assert_int_equal(film.frames, 25);
    assert_true(seconds(film.time[0]) >= 0 && seconds(film.time[0]) < 0.1);
}

/* Mean difference of the frames of both, which have one size. turned: of one turned around. */
static double difference(bool turned)
{
    double sum = 0;
    const int values = 3 * film.about.width * film.about.height;
    for (int f = 0; f < film.frames; f++)
        for (int i = 0; i < values; i++) {
            const int pixel = i / 3, last = values / 3 - 1;
            const int at = turned ? 3 * (last - pixel) + i % 3 : i;
            sum += abs(film.frame[f].rgb[i] - other.frame[f].rgb[at]);
        }
    return sum / values / film.frames;
}

static void upright(void **state)
{
    (void)state;
    read_film("h264.mp4", &usual);
    memcpy(&other, &film, sizeof(film));
    static const char *const names[] = {"rotated-90.mp4", "rotated-180.mp4", "rotated-270.mp4"};
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        read_film(names[i], &usual);
        assert_size(96, 64, 10);
        /* It was encoded by itself, of columns for rows. */
        if (difference(false) > 10 || difference(true) < 40)
            fail_msg("%s: %.2f of 255 away from upright, and %.2f from turned around", names[i],
                     difference(false), difference(true));
    }
}

static void square_pixels(void **state)
{
    (void)state;
    read_film("anamorphic.mp4", &usual);
    assert_size(96, 64, 10);
}

/* ---- Colours --------------------------------------------------------------------------------- */

/* The worst distance of any bar's middle from what it was made as. */
static double worst_bar(void)
{
    static const unsigned char bars[8][3] = {{191, 191, 191}, {191, 191, 0}, {0, 191, 191},
                                             {0, 191, 0},     {191, 0, 191}, {191, 0, 0},
                                             {0, 0, 191},     {0, 0, 0}};
    double worst = 0;
    for (int bar = 0; bar < 8; bar++)
        for (int c = 0; c < 3; c++)
            for (int y = 8; y < 56; y += 8) {
                const int x = 16 * bar + 8;
                worst = fmax(worst, abs(film.frame[0].rgb[3 * (128 * y + x) + c] - bars[bar][c]));
            }
    return worst;
}

static void bars(void **state)
{
    (void)state;
    static const char *const names[] = {"bars-709-limited.mkv",      "bars-709-full.mkv",
                                        "bars-470bg-limited.mkv",    "bars-470bg-full.mkv",
                                        "bars-2020_ncl-full.mkv",    "bars-709-420.mp4",
                                        "bars-2020_ncl-limited.mkv", "bars-untagged-601.mp4"};
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        read_film(names[i], &usual);
        assert_size(128, 64, 5);
        if (worst_bar() > 2) /* 1.6, and the rounding of ours */
            fail_msg("%s: %.0f of 255 off", names[i], worst_bar());
    }
}

static void hdr(void **state)
{
    (void)state;
    static const char *const names[] = {"hdr10-pq.mp4", "hdr-hlg.mp4"};
    struct imp_stream_options mapped = usual;
    mapped.tone_map = true;
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        read_film(names[i], &usual);
        assert_int_equal(film.status, IMPASTO_ERROR_INPUT);
        assert_non_null(strstr(film.error.message, "--tone-map"));
        read_film(names[i], &mapped);
        if (film.status != IMPASTO_OK) {
            assert_non_null(strstr(film.error.message, "zscale"));
            continue;
        }
        assert_true(film.frames > 0);
        unsigned char least = 255, most = 0;
        for (int k = 0; k < 3 * film.about.width * film.about.height; k++) {
            least = film.frame[0].rgb[k] < least ? film.frame[0].rgb[k] : least;
            most = film.frame[0].rgb[k] > most ? film.frame[0].rgb[k] : most;
        }
        assert_true(least < 64 && most > 128);
    }
}

/* ---- What is wrong --------------------------------------------------------------------------- */

static void refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "bad-no-moov.mp4",  "bad-empty.mp4",  "bad-text.mp4",
        "bad-playlist.mp4", "bad-concat.mp4", "bad-huge.y4m",
        "bad-size.y4m",     "only-sound.m4a", "sound-with-cover.m4a"};
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        read_film(names[i], &usual);
        assert_int_equal(film.status, IMPASTO_ERROR_INPUT);
        assert_int_equal(film.frames, 0);
        assert_non_null(strstr(film.error.message, names[i]));
    }
    const struct imp_stream_options small = {.max_pixels = 96 * 64 - 1};
    read_film("h264.mp4", &small);
    assert_int_equal(film.status, IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(film.error.message, "--max-pixels"));
}

static void damaged(void **state)
{
    (void)state;
    read_film("bad-cut-short.mkv", &usual);
    assert_size(96, 64, 8);
    assert_non_null(strstr(warning, "damaged"));
    read_film("bad-hole.mkv", &usual);
    assert_size(96, 64, 24);
    assert_non_null(strstr(warning, "zeros"));
    read_film("h264.mkv", &usual);
    assert_string_equal(warning, "");
    read_film("changes-size.ts", &usual);
    assert_int_equal(film.status, IMPASTO_ERROR_INPUT);
    assert_in_range(film.frames, 9, 10);
    assert_non_null(strstr(film.error.message, "64x96"));
}

static void pipes(void **state)
{
    (void)state;
    struct imp_source *source;
    const char *path = in_folder("fifo");
    char command[2 * PATH_SIZE];
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(command, sizeof(command), "printf '\\1\\2\\3 no film at all' > '%s' &", path);
    assert_int_equal(system(command), 0);
    assert_int_equal(imp_source_open(path, &usual, &source, &film.about, &film.error),
                     IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(film.error.message, "must be Y4M"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs),  cmocka_unit_test(deep),          cmocka_unit_test(times),
        cmocka_unit_test(upright), cmocka_unit_test(square_pixels), cmocka_unit_test(bars),
        cmocka_unit_test(hdr),     cmocka_unit_test(refused),       cmocka_unit_test(damaged),
        cmocka_unit_test(pipes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
