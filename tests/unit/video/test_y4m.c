/* SPDX-License-Identifier: MIT */
/* Y4M: every kind of samples against the formulas in double precision, there and back; what ends
 * early or lies is told. */

#include "files.h"
#include "video/yuv.h"

#include <math.h>

#define WIDTH 7
#define HEIGHT 5

static unsigned warnings;

static void count_warning(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)line;
    warnings += level == IMPASTO_LOG_WARNING;
}

static const struct imp_stream_options options = {.max_pixels = 1000, .log = count_warning};
static unsigned char pixels[HEIGHT][3 * WIDTH];
static struct imp_frame frame = {.rgb = pixels[0], .stride = 3 * WIDTH};
static uint16_t deep_pixels[HEIGHT][3 * WIDTH];
static struct imp_frame deep_frame = {.rgb = (unsigned char *)deep_pixels,
                                      .stride = sizeof(deep_pixels[0])};

/* ---- The formulas, pixel by pixel ------------------------------------------------------------ */

static const struct samples {
    const char *word;
    int bits, shift_x, shift_y;
    double offset_x, offset_y;
    bool mono, alpha, full;
} kinds[] = {
    {"C420jpeg", 8, 1, 1, 0.5, 0.5, false, false, false},
    {"C420jpeg XCOLORRANGE=FULL", 8, 1, 1, 0.5, 0.5, false, false, true},
    {"C420mpeg2", 8, 1, 1, 0, 0.5, false, false, false},
    {"C420paldv", 8, 1, 1, 0, 0, false, false, false},
    {"C411", 8, 2, 0, 0, 0, false, false, false},
    {"C422", 8, 1, 0, 0, 0, false, false, false},
    {"C444", 8, 0, 0, 0, 0, false, false, false},
    {"C444alpha", 8, 0, 0, 0, 0, false, true, false},
    {"Cmono", 8, 0, 0, 0, 0, true, false, false},
    {"C420p10", 10, 1, 1, 0.5, 0.5, false, false, false},
    {"C422p12 XCOLORRANGE=FULL", 12, 1, 0, 0, 0, false, false, true},
    {"C444p16", 16, 0, 0, 0, 0, false, false, false},
    {"Cmono12", 12, 0, 0, 0, 0, true, false, false},
};

static int samples_along(int pixels_along, int shift)
{
    return (pixels_along + (1 << shift) - 1) / (1 << shift);
}

/* Between two extremes, so that most colours stay within the range. */
static int value_at(const struct samples *s, int plane, int i)
{
    const int unit = 1 << (s->bits - 8), spread = plane == 0 ? 180 : 60;
    return (plane == 0 ? 40 : 98) * unit + (i * 7919 + plane * 31) % (spread * unit);
}

static double chroma_at(const struct samples *s, int plane, int x, int y)
{
    const int columns = samples_along(WIDTH, s->shift_x), rows = samples_along(HEIGHT, s->shift_y);
    const double ax = (x - s->offset_x) / (1 << s->shift_x);
    const double ay = (y - s->offset_y) / (1 << s->shift_y);
    double sum = 0;
    for (int j = 0; j < rows; j++)
        for (int i = 0; i < columns; i++) {
            /* A sample at the border stands for all that lies beyond. */
            const double cx = fmin(fmax(ax, 0), columns - 1), cy = fmin(fmax(ay, 0), rows - 1);
            sum += fmax(0, 1 - fabs(cx - i)) * fmax(0, 1 - fabs(cy - j)) *
                   value_at(s, plane, j * columns + i);
        }
    const double unit = 1 << (s->bits - 8);
    return (sum - 128 * unit) / (s->full ? (1 << s->bits) - 1 : 224 * unit);
}

static void expected_at(const struct samples *s, int x, int y, double rgb[3])
{
    const double kr = 0.299, kb = 0.114, kg = 1 - kr - kb, unit = 1 << (s->bits - 8);
    const double luma = value_at(s, 0, y * WIDTH + x);
    const double l = s->full ? luma / ((1 << s->bits) - 1) : (luma - 16 * unit) / (219 * unit);
    const double cb = s->mono ? 0 : chroma_at(s, 1, x, y), cr = s->mono ? 0 : chroma_at(s, 2, x, y);
    rgb[0] = l + 2 * (1 - kr) * cr;
    rgb[2] = l + 2 * (1 - kb) * cb;
    rgb[1] = (l - kr * rgb[0] - kb * rgb[2]) / kg;
}

static void put_plane(FILE *stream, const struct samples *s, int plane, int count)
{
    for (int i = 0; i < count; i++) {
        const int value = value_at(s, plane, i);
        fputc(value & 255, stream);
        if (s->bits > 8)
            fputc(value >> 8, stream);
    }
}

static void put_frame(FILE *stream, const struct samples *s)
{
    const int chroma = samples_along(WIDTH, s->shift_x) * samples_along(HEIGHT, s->shift_y);
    fputs("FRAME Ixyz\n", stream);
    put_plane(stream, s, 0, WIDTH * HEIGHT);
    for (int plane = 1; plane < 3 && !s->mono; plane++)
        put_plane(stream, s, plane, chroma);
    if (s->alpha)
        put_plane(stream, s, 0, WIDTH * HEIGHT);
}

static const char *write_film(const struct samples *s, const char *words, int frames)
{
    const char *path = in_folder("film.y4m");
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fprintf(stream, "YUV4MPEG2 W%d H%d %s %s\n", WIDTH, HEIGHT, words, s->word);
    for (int i = 0; i < frames; i++)
        put_frame(stream, s);
    assert_int_equal(fclose(stream), 0);
    return path;
}

/* Each value within half a code of the formulas'; floats are a little coarser than 16 bits. */
static void check_frame(const struct samples *s, bool is_deep)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            double rgb[3];
            expected_at(s, x, y, rgb);
            for (int c = 0; c < 3; c++) {
                const double wanted = (is_deep ? 65535 : 255) * fmin(fmax(rgb[c], 0), 1);
                const int value = is_deep ? deep_pixels[y][3 * x + c] : pixels[y][3 * x + c];
                if (fabs(wanted - value) > (is_deep ? 0.55 : 0.502))
                    fail_msg("%s: %d,%d,%d is %d, not %.3f", s->word, x, y, c, value, wanted);
            }
        }
}

/* takes_deep: whoever reads it takes frames of 16 bits. */
static void read_kind(const struct samples *s, bool takes_deep)
{
    struct imp_stream_options taken = options;
    struct imp_frame *to = takes_deep && s->bits > 8 ? &deep_frame : &frame;
    struct imp_source *source;
    struct imp_film film;
    struct impasto_error error;
    bool more;
    taken.deep = takes_deep;
    const char *path = write_film(s, "F30000:1001 A4:3 Ip", 2);
    if (imp_source_open(path, &taken, &source, &film, &error) != IMPASTO_OK)
        fail_msg("%s: %s", s->word, error.message);
    assert_int_equal(film.frames, 2);
    assert_int_equal(film.tick.num, 1001);
    assert_int_equal(film.tick.den, 30000);
    assert_int_equal(film.aspect.num * 10 + film.aspect.den, 43);
    assert_int_equal(film.deep, takes_deep && s->bits > 8);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(imp_source_read(source, to, &more, &error), IMPASTO_OK);
        assert_true(more);
        assert_int_equal(to->time, i);
        check_frame(s, film.deep);
    }
    assert_int_equal(imp_source_read(source, to, &more, &error), IMPASTO_OK);
    assert_false(more);
    imp_source_close(&source);
}

static void kinds_of_samples(void **state)
{
    (void)state;
    for (size_t k = 0; k < IMP_COUNT(kinds); k++) {
        read_kind(&kinds[k], false);
        read_kind(&kinds[k], true);
    }
}

/* ---- There and back -------------------------------------------------------------------------- */

/* Colours that change slowly survive even in a quarter of the samples. */
static void paint_slope(void)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            pixels[y][3 * x] = (unsigned char)(90 + 2 * x + y);
            pixels[y][3 * x + 1] = (unsigned char)(120 - x + 2 * y);
            pixels[y][3 * x + 2] = (unsigned char)(60 + 3 * y);
        }
}

static void there_and_back(void **state)
{
    (void)state;
    static const int tolerances[] = {5, 5, 2};
    for (enum imp_chroma chroma = IMP_CHROMA_420; chroma <= IMP_CHROMA_444; chroma++) {
        const struct imp_film film = {
            .width = WIDTH, .height = HEIGHT, .tick = {1, 24}, .rate = {24, 1}, .chroma = chroma};
        const char *path = in_folder("back.y4m");
        unsigned char painted[HEIGHT][3 * WIDTH];
        struct imp_source *source;
        struct imp_sink *sink;
        struct imp_film read;
        struct impasto_error error;
        bool more;
        paint_slope();
        memcpy(painted, pixels, sizeof(painted));
        assert_int_equal(imp_sink_open(path, &film, &options, &sink, &error), IMPASTO_OK);
        assert_int_equal(imp_sink_write(sink, &frame, &error), IMPASTO_OK);
        assert_false(access(path, F_OK) == 0); /* before it is whole */
        assert_int_equal(imp_sink_finish(&sink, true, &error), IMPASTO_OK);
        assert_int_equal(imp_source_open(path, &options, &source, &read, &error), IMPASTO_OK);
        assert_int_equal(read.chroma, chroma);
        assert_int_equal(read.frames, 1);
        assert_int_equal(imp_source_read(source, &frame, &more, &error), IMPASTO_OK);
        for (int y = 0; y < HEIGHT; y++)
            for (int i = 0; i < 3 * WIDTH; i++)
                if (abs(painted[y][i] - pixels[y][i]) > tolerances[chroma])
                    fail_msg("chroma %d: row %d, sample %d was %d, is %d", (int)chroma, y, i,
                             painted[y][i], pixels[y][i]);
        imp_source_close(&source);
        assert_int_equal(unlink(path), 0);
    }
}

static void abandoned(void **state)
{
    (void)state;
    const struct imp_film film = {.width = WIDTH, .height = HEIGHT, .tick = {1, 24}};
    const int before = count_files();
    struct imp_sink *sink;
    struct impasto_error error;
    assert_int_equal(imp_sink_open(in_folder("gone.y4m"), &film, &options, &sink, &error),
                     IMPASTO_OK);
    assert_int_equal(imp_sink_write(sink, &frame, &error), IMPASTO_OK);
    imp_sink_abandon(&sink);
    assert_null(sink);
    assert_int_equal(count_files(), before);
}

/* ---- What is wrong --------------------------------------------------------------------------- */

static void headers_that_lie(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "YUV4MPEG2\n",
        "YUV4MPEG2 W7\n",
        "YUV4MPEG2 W-7 H5\n",
        "YUV4MPEG2 W7 H0\n",
        "YUV4MPEG2 W65000 H65000\n",
        "YUV4MPEG2 W40 H26\n",
        "YUV4MPEG2 Wx H5\n",
        "YUV4MPEG2 W7 H5 C421\n",
        "YUV4MPEG2 W7 H5 C420p17\n",
        "YUV4MPEG2 W7 H5 F-1:1\n",
        "YUV4MPEG2 W7 H5 Q\n",
        "YUV4MPEG2 W99999999999999999999 H5\n",
        "YUV4MPEG2 W7 H5",
        "YUV4MPEG3",
        "",
        "YUV4MPEG2 W7 H5 F25\n",
    };
    for (size_t i = 0; i < IMP_COUNT(headers); i++) {
        const char *path = in_folder("bad.y4m");
        struct imp_source *source;
        struct imp_film film;
        struct impasto_error error = {0};
        write_bytes(path, headers[i], strlen(headers[i]));
        const enum impasto_status status = imp_source_open(path, &options, &source, &film, &error);
        if (status != IMPASTO_ERROR_INPUT || source || !strstr(error.message, "bad.y4m"))
            fail_msg("'%s': %d, %s", headers[i], (int)status, error.message);
    }
}

/* The end of a film that is cut off anywhere is the frame before; garbage between frames is not. */
static void cut_short(void **state)
{
    (void)state;
    size_t size;
    const struct samples *kind = &kinds[0];
    const char *path = write_film(kind, "F25:1", 3);
    unsigned char *bytes = read_bytes(path, &size);
    const size_t header = (size_t)((unsigned char *)memchr(bytes, '\n', size) - bytes) + 1;
    const size_t each = (size - header) / 3;
    for (size_t length = header; length < size; length++) {
        struct imp_source *source;
        struct imp_film film;
        struct impasto_error error;
        bool more = true;
        int64_t frames = 0;
        warnings = 0;
        write_bytes(path, bytes, length);
        assert_int_equal(imp_source_open(path, &options, &source, &film, &error), IMPASTO_OK);
        for (; more; frames += more)
            if (imp_source_read(source, &frame, &more, &error) != IMPASTO_OK)
                break;
        assert_int_equal(frames, (length - header) / each);
        assert_int_equal(warnings, (length - header) % each != 0);
        imp_source_close(&source);
    }
    free(bytes);
}

static void no_frame_where_one_should_be(void **state)
{
    (void)state;
    size_t size;
    const char *path = write_film(&kinds[6], "F25:1", 2);
    unsigned char *bytes = read_bytes(path, &size);
    struct imp_source *source;
    struct imp_film film;
    struct impasto_error error;
    bool more;
    bytes[size - 3 * WIDTH * HEIGHT - strlen("FRAME Ixyz\n")] = 'f';
    write_bytes(path, bytes, size);
    assert_int_equal(imp_source_open(path, &options, &source, &film, &error), IMPASTO_OK);
    assert_int_equal(imp_source_read(source, &frame, &more, &error), IMPASTO_OK);
    assert_true(more);
    assert_int_equal(imp_source_read(source, &frame, &more, &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "frame 2"));
    imp_source_close(&source);
    free(bytes);
}

/* Values of 16 bits in samples of 10, by the formulas: each within half a code. */
static void deep_frames(void **state)
{
    (void)state;
    const struct imp_yuv_layout layout = {.bits = 10, .kr = 0.2126F, .kb = 0.0722F};
    uint16_t rgb[HEIGHT][3 * WIDTH];
    unsigned char planes[3 * HEIGHT * WIDTH * 2];
    const double kr = (double)layout.kr, kb = (double)layout.kb;
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        rgb[i / (3 * WIDTH)][i % (3 * WIDTH)] =
            i < 3 ? 65535 : (uint16_t)imp_rng_bits(2, 3, (uint64_t)i);
    assert_int_equal(imp_yuv_bytes(&layout, WIDTH, HEIGHT), sizeof(planes));
    struct imp_yuv *yuv = imp_yuv_create(&layout, WIDTH, HEIGHT);
    assert_non_null(yuv);
    imp_yuv_from_rgb(yuv, (const unsigned char *)rgb, sizeof(rgb[0]), planes);
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const uint16_t *pixel = &rgb[i / WIDTH][3 * (i % WIDTH)];
        const double r = pixel[0] / 65535.0, g = pixel[1] / 65535.0, b = pixel[2] / 65535.0;
        const double y = kr * r + (1 - kr - kb) * g + kb * b;
        const double wanted[3] = {64 + 876 * y, 512 + 896 * (b - y) / (2 * (1 - kb)),
                                  512 + 896 * (r - y) / (2 * (1 - kr))};
        for (int k = 0; k < 3; k++) {
            const unsigned char *at = planes + 2 * (k * WIDTH * HEIGHT + i);
            assert_true(fabs(at[0] + 256 * at[1] - wanted[k]) < 0.502);
        }
    }
    imp_yuv_free(yuv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_samples), cmocka_unit_test(there_and_back),
        cmocka_unit_test(abandoned),        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(cut_short),        cmocka_unit_test(no_frame_where_one_should_be),
        cmocka_unit_test(deep_frames),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
