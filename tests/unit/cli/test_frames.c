/* SPDX-License-Identifier: MIT */
/* Which frames of a film a preview takes, of a film that is made up here. */

#include "cli/video/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- A film of frames at 25 a second, in place of src/video's -------------------------------- */

static struct {
    struct imp_film film; /* as it is found when it is opened */
    int64_t next;         /* ticks: of the frame that comes next */
    int opened, open;
} there;

enum impasto_status imp_source_open(const char *path, const struct imp_stream_options *options,
                                    struct imp_source **source, struct imp_film *film,
                                    struct impasto_error *error)
{
    (void)path;
    (void)error;
    *film = there.film;
    *source = (struct imp_source *)&there;
    there.next = options->start * 25 / 1000000;
    there.opened++;
    there.open++;
    return IMPASTO_OK;
}

enum impasto_status imp_source_read(struct imp_source *source, struct imp_frame *frame, bool *more,
                                    struct impasto_error *error)
{
    (void)error;
    assert_ptr_equal(source, &there);
    frame->time = there.next++;
    *more = frame->time < there.film.frames;
    return IMPASTO_OK;
}

void imp_source_close(struct imp_source **source)
{
    there.open -= *source != NULL;
    *source = NULL;
}

/* ---- The tests ------------------------------------------------------------------------------- */

static struct cli_video_options options;
static struct impasto_error error;

/* A preview of eight minutes that are opened already. */
static struct cli_filming preview(void)
{
    struct cli_filming f = {.options = &options, .input = "film.mp4", .error = &error};
    options = (struct cli_video_options){.preview = true};
    error = (struct impasto_error){0};
    there.film = (struct imp_film){.width = 64,
                                   .height = 48,
                                   .rate = {25, 1},
                                   .tick = {1, 25},
                                   .frames = 12000,
                                   .seekable = true};
    there.opened = there.open = 0;
    assert_int_equal(imp_source_open(f.input, &f.stream, &f.source, &f.source_film, &error),
                     IMPASTO_OK);
    assert_int_equal(cli_video_choose(&f), IMPASTO_OK);
    return f;
}

/* Eight frames, from the middles of eighths, each of which the film is opened anew for. */
static void a_preview_jumps(void **state)
{
    (void)state;
    struct cli_filming f = preview();
    bool more = true;
    assert_int_equal(f.film.frames, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(cli_video_next(&f, &more), IMPASTO_OK);
        assert_true(more);
        assert_int_equal(f.frame.time, i);
        assert_int_equal(there.next - 1, 1500 * i + 750);
        assert_int_equal(there.opened, 2 + i);
    }
    assert_int_equal(cli_video_next(&f, &more), IMPASTO_OK);
    assert_false(more);
    imp_source_close(&f.source);
    assert_int_equal(there.open, 0);
}

/* What is found there may be another film by then, whose frames do not fit the memory. */
static void a_film_that_changes_is_refused(void **state)
{
    (void)state;
    for (int change = 0; change < 3; change++) {
        struct cli_filming f = preview();
        bool more = true;
        assert_int_equal(cli_video_next(&f, &more), IMPASTO_OK);
        there.film.width += change == 0;
        there.film.height -= change == 1;
        there.film.deep = change == 2;
        assert_int_equal(cli_video_next(&f, &more), IMPASTO_ERROR_INPUT);
        assert_non_null(strstr(error.message, "film.mp4: has changed while it was read"));
        imp_source_close(&f.source);
        assert_int_equal(there.open, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preview_jumps),
        cmocka_unit_test(a_film_that_changes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
