/* SPDX-License-Identifier: MIT */
/* What a training learns from: which pictures, in which order, which part of each. */

#include "files.h"
#include "fixtures.h"
#include "train/train.h"

#include <math.h>
#include <sys/resource.h>

#define SIZE 48
#define CROP ((size_t)3 * SIZE * SIZE)

static char told[4096]; /* what the log was told */

static void note(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level;
    snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", line);
}

static const struct imp_log loud = {.write = note};

static struct imp_photos open_photos(const char *from, size_t judged, uint64_t seed)
{
    struct imp_photos photos;
    struct impasto_error error = {0};
    struct impasto_train_params params = imp_train_usual();
    const struct impasto_train_task task = {.photos = from};
    params.seed = seed;
    if (imp_photos_open(&task, &params, judged, &loud, &photos, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return photos;
}

static size_t picture_at(struct imp_photos *photos, uint64_t position)
{
    size_t index = SIZE_MAX;
    assert_int_equal(imp_crop_picture(photos, position, &index, NULL), IMPASTO_OK);
    return index;
}

static void draw(struct imp_photos *photos, uint64_t position, float *planes)
{
    struct impasto_error error = {0};
    if (imp_crop_draw(photos, position, SIZE, planes, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void save_picture(const char *name, int width, int height, int kind)
{
    struct impasto_image *image = painted_picture(width, height, kind);
    assert_int_equal(impasto_image_save(image, in_folder(name), NULL, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

/* ---- Order ----------------------------------------------------------------------------------- */

static void each_epoch_has_every_picture_once(void **state)
{
    (void)state;
    struct imp_photos photos = open_photos(NULL, 2, 1);
    const size_t count = photos.count - photos.held;
    size_t moved = 0;
    assert_int_equal(photos.held, 2);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        bool seen[IMP_SCENES + 2] = {false};
        for (size_t i = 0; i < count; i++) {
            const size_t index = picture_at(&photos, epoch * count + i);
            assert_true(index >= photos.held && index < photos.count);
            assert_false(seen[index]);
            seen[index] = true;
            moved += index != photos.held + i;
        }
    }
    assert_true(moved > 2 * count); /* the order is not that of the folder */
    imp_photos_free(&photos);
}

static void the_order_follows_from_seed_and_position(void **state)
{
    (void)state;
    struct imp_photos one = open_photos(NULL, 2, 1), same = open_photos(NULL, 2, 1);
    struct imp_photos other = open_photos(NULL, 2, 2);
    size_t differ = 0;
    for (uint64_t p = 0; p < 100; p++) {
        /* Whatever was asked for before. */
        assert_int_equal(picture_at(&one, p), picture_at(&same, p));
        assert_int_equal(picture_at(&one, 99 - p), picture_at(&same, 99 - p));
        differ += picture_at(&one, p) != picture_at(&other, p);
    }
    assert_true(differ > 50);
    imp_photos_free(&one);
    imp_photos_free(&same);
    imp_photos_free(&other);
}

/* ---- Crops ----------------------------------------------------------------------------------- */

static void crops_follow_from_seed_and_position(void **state)
{
    (void)state;
    float a[CROP], b[CROP];
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d.png", i);
        save_picture(name, 160, 120, i);
    }
    struct imp_photos one = open_photos(folder, 1, 7), same = open_photos(folder, 1, 7);
    for (uint64_t p = 0; p < 12; p++) {
        draw(&one, p, a);
        draw(&same, 11 - p, b);
        draw(&same, p, b);
        assert_memory_equal(a, b, sizeof(a));
        draw(&same, p + 1, b);
        assert_memory_not_equal(a, b, sizeof(a));
        for (size_t i = 0; i < CROP; i++)
            assert_true(a[i] >= 0 && a[i] <= 1);
    }
    imp_photos_free(&one);
    imp_photos_free(&same);
}

/* Of crops of a picture that is red at its left and blue at its right: how many are flipped, have
 * permuted channels, and are small parts. */
static void crops_are_flipped_and_permuted(void **state)
{
    (void)state;
    float planes[CROP];
    int flipped = 0, permuted = 0;
    const int count = 400;
    struct impasto_image *image = blank_picture(200, 160);
    for (int i = 0; i < 200 * 160; i++) {
        image->rgb[3 * i] = 0.2f + 0.6f * (float)(i % 200) / 200;
        image->rgb[3 * i + 1] = 0.1f;
    }
    assert_int_equal(impasto_image_save(image, in_folder("slope.png"), NULL, NULL), IMPASTO_OK);
    impasto_image_free(&image);
    struct imp_photos photos = open_photos(folder, 1, 3);
    for (int p = 0; p < count; p++) {
        draw(&photos, (uint64_t)p, planes);
        int bright = 0;
        for (int k = 0; k < 3; k++)
            if (planes[k * SIZE * SIZE + SIZE * SIZE / 2] >
                planes[bright * SIZE * SIZE + SIZE * SIZE / 2])
                bright = k;
        const float *middle = planes + (bright * SIZE + SIZE / 2) * SIZE;
        flipped += middle[4] > middle[SIZE - 5];
        permuted += bright != 0;
    }
    assert_in_range(flipped, count * 2 / 5, count * 3 / 5);
    /* 15 %, of which four of five move the first channel. */
    assert_in_range(permuted, count * 7 / 100, count * 18 / 100);
    imp_photos_free(&photos);
}

/* The judge's picture is the middle of what is held back, as it is. */
static void what_is_held_back_is_not_learnt_from(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%02d.png", i);
        save_picture(name, 80 + i, 70, i);
    }
    struct imp_photos photos = open_photos(folder, 2, 5);
    float planes[CROP];
    assert_int_equal(photos.count, 12);
    assert_int_equal(photos.held, 2);
    for (uint64_t p = 0; p < 40; p++)
        assert_true(picture_at(&photos, p) >= 2);
    assert_int_equal(imp_crop_judged(&photos, 1, SIZE, planes, NULL), IMPASTO_OK);
    imp_photos_free(&photos);
    /* Of so few, none can be spared, and scenes are judged. */
    for (int i = 4; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%02d.png", i);
        unlink(in_folder(name));
    }
    photos = open_photos(folder, 2, 5);
    assert_int_equal(photos.count, 6);
    assert_null(photos.item[0].rgb);
    assert_int_equal(imp_crop_judged(&photos, 1, SIZE, planes, NULL), IMPASTO_OK);
    assert_non_null(photos.item[1].rgb);
    imp_photos_free(&photos);
}

/* ---- Photographs that cannot be used --------------------------------------------------------- */

static void bad_photographs_are_named_and_left_out(void **state)
{
    (void)state;
    size_t size;
    save_picture("a good.png", 700, 500, 0);
    save_picture("small.png", 63, 400, 1);
    write_bytes(in_folder("notes.txt"), "no picture", 10);
    write_bytes(in_folder(".hidden.png"), "\x89PNG\r\n\x1a\n", 8);
    unsigned char *bytes = read_bytes(in_folder("a good.png"), &size);
    write_bytes(in_folder("torn.png"), bytes, size / 3);
    free(bytes);
    told[0] = 0;
    struct imp_photos photos = open_photos(folder, 1, 0);
    assert_int_equal(photos.left_out, 2);
    assert_int_equal(photos.count, 2); /* and the judge's scene */
    assert_int_equal(photos.item[1].width, IMP_PHOTO_SIDE);
    assert_int_equal(photos.item[1].height, 457);
    assert_non_null(strstr(told, "torn.png"));
    assert_non_null(strstr(told, "small.png: is 63x400 pixels"));
    assert_null(strstr(told, "notes.txt"));
    assert_null(strstr(told, "hidden"));
    assert_null(strstr(told, "good"));
    imp_photos_free(&photos);
}

static void put_number(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* A PNG that says that it is of so many pixels. */
static void save_huge(const char *name, uint32_t side)
{
    size_t size;
    save_picture(name, 80, 80, 0);
    unsigned char *bytes = read_bytes(in_folder(name), &size);
    put_number(bytes + 16, side);
    put_number(bytes + 20, side);
    put_number(bytes + 29, imp_checksum(0, bytes + 12, 17));
    write_bytes(in_folder(name), bytes, size);
    free(bytes);
}

/* Lets the process have so many bytes more. */
static struct rlimit limit_memory(rlim_t more)
{
    unsigned long long pages = 0;
    FILE *stream = fopen("/proc/self/statm", "r");
    struct rlimit before, limit;
    assert_non_null(stream);
    assert_int_equal(fscanf(stream, "%llu", &pages), 1);
    (void)fclose(stream);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

/* For which there is no memory: the others are used. */
static void a_photograph_too_large_is_left_out(void **state)
{
    (void)state;
    const struct impasto_train_task task = {.photos = folder};
    struct imp_photos photos;
    struct impasto_error error = {0};
    const struct impasto_train_params params = imp_train_usual();
    save_huge("huge.png", 9900);
    save_picture("small.png", 80, 80, 1);
    told[0] = 0;
    const struct rlimit before = limit_memory((rlim_t)1 << 30);
    const enum impasto_status status = imp_photos_open(&task, &params, 1, &loud, &photos, &error);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    if (status != IMPASTO_OK)
        fail_msg("%s", error.message);
    assert_int_equal(photos.left_out, 1);
    assert_int_equal(photos.count, 2); /* and the judge's scene */
    assert_non_null(strstr(told, "huge.png"));
    assert_non_null(strstr(told, "memory"));
    imp_photos_free(&photos);
}

/* As with painting, what has more pixels than are allowed is not decoded. */
static void photographs_have_a_most_of_pixels(void **state)
{
    (void)state;
    struct impasto_train_task task = {.photos = folder, .max_pixels = 80 * 80};
    struct imp_photos photos;
    const struct impasto_train_params params = imp_train_usual();
    save_picture("large.png", 81, 80, 1);
    save_picture("small.png", 80, 80, 1);
    told[0] = 0;
    assert_int_equal(imp_photos_open(&task, &params, 1, &loud, &photos, NULL), IMPASTO_OK);
    assert_int_equal(photos.left_out, 1);
    assert_non_null(strstr(told, "large.png"));
    imp_photos_free(&photos);
    task.max_pixels++;
    assert_int_equal(imp_photos_open(&task, &params, 1, &loud, &photos, NULL), IMPASTO_OK);
    assert_int_equal(photos.left_out, 1);
    imp_photos_free(&photos);
    task.max_pixels = 81 * 80;
    assert_int_equal(imp_photos_open(&task, &params, 1, &loud, &photos, NULL), IMPASTO_OK);
    assert_int_equal(photos.left_out, 0);
    imp_photos_free(&photos);
}

static void a_folder_without_photographs_is_refused(void **state)
{
    (void)state;
    const struct impasto_train_task task = {.photos = folder};
    struct imp_photos photos;
    struct impasto_error error = {0};
    const struct impasto_train_params params = imp_train_usual();
    assert_int_equal(imp_photos_open(&task, &params, 1, &loud, &photos, &error),
                     IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "has no photograph that could be used"));
    imp_photos_free(&photos);
    const struct impasto_train_task nowhere = {.photos = in_folder("nowhere")};
    assert_int_equal(imp_photos_open(&nowhere, &params, 1, &loud, &photos, &error),
                     IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "nowhere: cannot be read"));
    imp_photos_free(&photos);
}

static void memory_limits_their_number(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d.png", i);
        save_picture(name, 80 + i, 80, i);
    }
    const struct impasto_train_task task = {.photos = folder};
    struct imp_photos photos;
    struct impasto_train_params params = imp_train_usual();
    params.photo_memory = 3 * 3 * (uint64_t)IMP_PHOTO_SIDE * IMP_PHOTO_SIDE;
    told[0] = 0;
    assert_int_equal(imp_photos_open(&task, &params, 1, &loud, &photos, NULL), IMPASTO_OK);
    assert_int_equal(photos.count, 4);
    bool seen[9] = {false};
    for (size_t i = 1; i < photos.count; i++)
        seen[photos.item[i].width - 80] = true;
    assert_true(seen[0] && seen[3] && seen[6]); /* evenly chosen */
    assert_non_null(strstr(told, "3 of the 9"));
    imp_photos_free(&photos);
}

/* ---- The base -------------------------------------------------------------------------------- */

/* Also where the base's own styles are not kept: the convolutions come from it. */
static void the_licence_of_a_base_stays(void **state)
{
    (void)state;
    const struct imp_model_shape shape = imp_model_shape_usual(8, 1);
    const struct impasto_train_params params = imp_train_usual();
    const struct impasto_train_style style = {.struct_size = sizeof(style), .name = "ink"};
    struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1, .base = in_folder("base")};
    struct imp_stylenet net;
    struct impasto_error error = {0};
    int first;
    uint32_t checksum;
    assert_int_equal(imp_stylenet_create(&shape, 0, &net, &error), IMPASTO_OK);
    net.licence = strdup("CC0-1.0");
    assert_int_equal(imp_stylenet_save(&net, task.base, false, &error), IMPASTO_OK);
    imp_stylenet_free(&net);
    for (int keep = 0; keep < 2; keep++) {
        task.keep = keep;
        if (imp_train_begin(&task, &params, &net, &first, &checksum, &error) != IMPASTO_OK)
            fail_msg("%s", error.message);
        assert_int_equal(first, keep);
        assert_string_equal(net.licence, "CC0-1.0");
        imp_stylenet_free(&net);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_epoch_has_every_picture_once),
        cmocka_unit_test(the_order_follows_from_seed_and_position),
        TEST(crops_follow_from_seed_and_position),
        TEST(crops_are_flipped_and_permuted),
        TEST(what_is_held_back_is_not_learnt_from),
        TEST(bad_photographs_are_named_and_left_out),
        TEST(a_photograph_too_large_is_left_out),
        TEST(a_folder_without_photographs_is_refused),
        TEST(photographs_have_a_most_of_pixels),
        TEST(memory_limits_their_number),
        TEST(the_licence_of_a_base_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
