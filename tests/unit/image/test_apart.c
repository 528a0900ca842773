/* SPDX-License-Identifier: MIT */
/* Pictures that are decoded in a process of their own, and decoders that a hostile file has taken
 * over: these here have been. */

#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "base/os.h"
#include "files.h"
#include "image/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Whether this kernel and this build are to filter system calls. */
static bool filtered(void)
{
#if defined(__linux__) &&                                                                          \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__i386__) || defined(__ARMEL__) ||     \
     defined(__riscv) || defined(__powerpc64__) || defined(__s390x__))
    return !SANITIZED && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
#else
    return false;
#endif
}

/* ---- Pictures -------------------------------------------------------------------------------- */

#define WIDTH 19
#define HEIGHT 13

/* Every kind of thing that a picture has. */
static void save_picture(const char *path)
{
    static const unsigned char exif[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(WIDTH, HEIGHT, &image, NULL), IMPASTO_OK);
    image->alpha = malloc(WIDTH * HEIGHT * sizeof(float));
    image->metadata.exif.data = malloc(sizeof(exif));
    image->settings = strdup("{\"seed\": 1}");
    assert_non_null(image->alpha);
    assert_non_null(image->metadata.exif.data);
    memcpy(image->metadata.exif.data, exif, sizeof(exif));
    image->metadata.exif.size = sizeof(exif);
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        image->alpha[i] = (float)(i % 7) / 6;
        for (size_t c = 0; c < 3; c++)
            image->rgb[3 * i + c] = (float)((5 * i + c) % 11) / 10;
    }
    assert_int_equal(impasto_image_save(image, path, NULL, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

static void expect_same(const struct impasto_image *a, const struct impasto_image *b)
{
    const size_t pixels = (size_t)a->width * (size_t)a->height;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_memory_equal(a->rgb, b->rgb, 3 * pixels * sizeof(float));
    assert_int_equal(!a->alpha, !b->alpha);
    if (a->alpha)
        assert_memory_equal(a->alpha, b->alpha, pixels * sizeof(float));
    assert_int_equal(a->metadata.exif.size, b->metadata.exif.size);
    assert_memory_equal(a->metadata.exif.data, b->metadata.exif.data, a->metadata.exif.size);
    assert_int_equal(!a->settings, !b->settings);
    if (a->settings)
        assert_string_equal(a->settings, b->settings);
}

static void pictures(void **state)
{
    static const char *const names[] = {"a.png", "a.jpg"};
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(names); i++) {
        struct impasto_image *plain = NULL, *apart = NULL;
        char *settings = NULL, *settings_apart = NULL;
        struct impasto_error error = {0};
        const char *path = in_folder(names[i]);
        save_picture(path);
        if (impasto_image_load(path, 0, &plain, &error) ||
            impasto_image_load_apart(path, 0, &apart, &error) ||
            impasto_image_load_settings(path, &settings, &error) ||
            impasto_image_load_settings_apart(path, &settings_apart, &error))
            fail_msg("%s", error.message);
        expect_same(plain, apart);
        assert_int_equal(!settings, i == 1); /* PNG has them */
        assert_int_equal(!settings, !settings_apart);
        if (settings)
            assert_string_equal(settings, settings_apart);
        impasto_image_free(&plain);
        impasto_image_free(&apart);
        free(settings);
        free(settings_apart);
    }
}

/* What is wrong with a file is said in the same words. */
static void refusals(void **state)
{
    struct impasto_image *image = NULL;
    struct impasto_error plain = {0}, apart = {0};
    (void)state;
    save_picture(in_folder("a.png"));
    for (int which = 0; which < 3; which++) {
        const uint64_t most = which == 0 ? WIDTH * HEIGHT - 1 : 0;
        const char *path = in_folder("a.png");
        if (which == 1)
            assert_int_equal(truncate(path, 80), 0);
        if (which == 2)
            path = in_folder("nowhere.png");
        const enum impasto_status status = impasto_image_load(path, most, &image, &plain);
        assert_int_not_equal(status, IMPASTO_OK);
        assert_int_equal(impasto_image_load_apart(path, most, &image, &apart), status);
        assert_string_equal(plain.message, apart.message);
        assert_null(image);
    }
}

/* ---- Decoders that have been taken over ------------------------------------------------------ */

static enum impasto_status evil_crash(const struct imp_image_source *source,
                                      struct impasto_image **image, struct impasto_error *error)
{
    (void)source, (void)image, (void)error;
    abort(); /* without the signal, which it may not send */
}

static enum impasto_status evil_number(const struct imp_image_source *source,
                                       struct impasto_image **image, struct impasto_error *error)
{
    (void)source;
    IMP_TRY(impasto_image_create(2, 2, image, error));
    (*image)->rgb[11] = NAN;
    return IMPASTO_OK;
}

static enum impasto_status evil_size(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    (void)source;
    return impasto_image_create(100, 100, image, error); /* more than is allowed */
}

static enum impasto_status evil_sign(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    (void)source;
    IMP_TRY(impasto_image_create(2, 2, image, error));
    (*image)->width = -2;
    (*image)->height = -2;
    return IMPASTO_OK;
}

static enum impasto_status evil_exif(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    (void)source;
    IMP_TRY(impasto_image_create(2, 2, image, error));
    (*image)->metadata.exif.size = SIZE_MAX;
    return IMPASTO_OK;
}

static enum impasto_status evil_text(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    (void)source;
    IMP_TRY(impasto_image_create(2, 2, image, error));
    (*image)->settings = strdup("\xff\xfe");
    return IMPASTO_OK;
}

static enum impasto_status evil_status(const struct imp_image_source *source,
                                       struct impasto_image **image, struct impasto_error *error)
{
    (void)source, (void)image;
    return imp_fail(error, (enum impasto_status)77, "all is well");
}

static enum impasto_status evil_words(const struct imp_image_source *source,
                                      struct impasto_image **image, struct impasto_error *error)
{
    (void)source, (void)image;
    snprintf(error->message, sizeof(error->message), "two\nlines\033[2J");
    return IMPASTO_ERROR_INPUT;
}

static enum impasto_status evil_reader(const struct imp_image_source *source,
                                       struct impasto_image **image, struct impasto_error *error)
{
    IMP_TRY(impasto_image_create(2, 2, image, error));
    (*image)->rgb[0] = open(source->path, O_RDONLY) >= 0 ? 1 : 0;
    return IMPASTO_OK;
}

static void decoders(void **state)
{
    static const struct {
        enum impasto_status (*load)(const struct imp_image_source *source,
                                    struct impasto_image **image, struct impasto_error *error);
        const char *words;
    } evils[] = {
        {evil_crash, "its decoder crashes"},   {evil_number, "misleads its decoder"},
        {evil_size, "misleads its decoder"},   {evil_sign, "misleads its decoder"},
        {evil_exif, "misleads its decoder"},   {evil_text, "misleads its decoder"},
        {evil_status, "misleads its decoder"}, {evil_words, "two lines"},
    };
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    (void)state;
    write_bytes(in_folder("letters"), "ab", 2);
    struct imp_image_source source = {
        .path = in_folder("letters"), .max_pixels = 9999, .memory = UINT64_MAX};
    assert_non_null(source.stream = fopen(source.path, "rb"));
    for (size_t i = 0; i < IMP_COUNT(evils); i++) {
        const struct imp_image_format format = {.load = evils[i].load};
        assert_int_equal(imp_image_load_apart(&source, &format, &image, &error),
                         IMPASTO_ERROR_INPUT);
        assert_null(image);
        if (!strstr(error.message, evils[i].words) || strpbrk(error.message, "\n\033"))
            fail_msg("%zu: %s", i, error.message);
    }
    const struct imp_image_format reader = {.load = evil_reader};
    assert_int_equal(imp_image_load_apart(&source, &reader, &image, &error), IMPASTO_OK);
    if (filtered())
        assert_true(image->rgb[0] <= 0);
    impasto_image_free(&image);
    fclose(source.stream);
}

/* A file that has no pixels is a damaged one; one with too many can be made smaller. */
static void sizes_that_no_picture_has(void **state)
{
    const struct imp_image_source source = {
        .path = "odd.tif", .max_pixels = UINT64_MAX, .memory = UINT64_MAX};
    static const struct {
        uint64_t width, height;
        const char *message;
    } cases[] = {
        {0, 24, "odd.tif: is 0x24 pixels; sides of 1 to 65500 can be read; get the file anew"},
        {32, 0, "odd.tif: is 32x0 pixels; sides of 1 to 65500 can be read; get the file anew"},
        {65501, 1, "odd.tif: is 65501x1 pixels; sides of 1 to 65500 can be read; make it smaller"},
    };
    struct impasto_error error = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(imp_image_check_size(&source, cases[i].width, cases[i].height, &error),
                         IMPASTO_ERROR_INPUT);
        assert_string_equal(error.message, cases[i].message);
    }
    assert_int_equal(imp_image_check_size(&source, 65500, 1, &error), IMPASTO_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_no_picture_has),
        cmocka_unit_test(pictures),
        cmocka_unit_test(refusals),
        cmocka_unit_test(decoders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
