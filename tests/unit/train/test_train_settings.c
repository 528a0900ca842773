/* SPDX-License-Identifier: MIT */
/* The table of a training's settings: each member has a row, and what a row says of it holds. */

#include "base/setting.h"
#include "train/train.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define CLEAR_PADDING(pointer) __builtin_clear_padding(pointer)
#endif
#endif

static size_t count;
static const struct impasto_setting *rows;

static void every_member_has_a_row(void **state)
{
    (void)state;
    unsigned char marks[sizeof(struct impasto_train_params)] = {0};
    memset(marks, 1, sizeof(size_t)); /* struct_size */
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < imp_setting_size(&rows[i]); k++) {
            assert_int_equal(marks[rows[i].offset + k], 0);
            marks[rows[i].offset + k] = 1;
        }
#ifdef CLEAR_PADDING
    union {
        struct impasto_train_params params;
        unsigned char bytes[sizeof(struct impasto_train_params)];
    } members;
    memset(&members, 0xff, sizeof(members));
    CLEAR_PADDING(&members.params);
    for (size_t i = 0; i < sizeof(marks); i++)
        assert_int_equal(marks[i] != 0, members.bytes[i] != 0);
#endif
}

static void standards_are_the_defaults(void **state)
{
    (void)state;
    struct impasto_train_params params;
    struct impasto_error error = {0};
    impasto_train_params_default(&params);
    assert_int_equal(params.struct_size, sizeof(params));
    assert_int_equal(imp_train_check(&params, &error), IMPASTO_OK);
    assert_int_equal(params.width, 16);
    assert_int_equal(params.steps, IMPASTO_TRAIN_AUTO);
    assert_int_equal(params.late_crop, 288);
    assert_int_equal(params.photo_memory, 256 << 20);
    assert_ptr_equal(impasto_train_setting_find("width"), impasto_train_setting_at(0));
    assert_null(impasto_train_setting_find("size"));
    assert_null(impasto_train_setting_at(count));
}

/* A value that is not the default. */
static const char *other_text(const struct impasto_setting *row)
{
    return row->kind == IMPASTO_SETTING_FLAG     ? "yes"
           : row->kind == IMPASTO_SETTING_BYTES  ? "33M"
           : row->kind == IMPASTO_SETTING_CHOICE ? "8"
           : row->kind == IMPASTO_SETTING_FLOAT  ? "0.0625"
                                                 : "37";
}

static void checkpoints_keep_every_setting(void **state)
{
    (void)state;
    struct impasto_train_params params, back;
    struct impasto_error error = {0};
    impasto_train_params_default(&params);
    for (size_t i = 0; i < count; i++) {
        struct impasto_train_params before = params;
        assert_int_equal(impasto_setting_read(&rows[i], other_text(&rows[i]), &params, &error),
                         IMPASTO_OK);
        assert_false(imp_setting_same(&rows[i], &params, &before));
        const char *difference = imp_train_difference(&params, &before);
        if (rows[i].decides == IMPASTO_DECIDES_RESULT)
            assert_string_equal(difference, rows[i].name);
        else
            assert_null(difference);
    }
    json_t *json = imp_train_params_to_json(&params);
    assert_non_null(json);
    assert_true(imp_train_params_from_json(json, &back));
    for (size_t i = 0; i < count; i++)
        assert_true(imp_setting_same(&rows[i], &params, &back));
    json_decref(json);
}

/* A checkpoint lacks the settings that came after it: the default is what the program did before.
 */
static void missing_settings_are_the_defaults(void **state)
{
    (void)state;
    struct impasto_train_params params, back;
    impasto_train_params_default(&params);
    json_t *json = imp_train_params_to_json(&params);
    assert_non_null(json);
    assert_int_equal(json_object_del(json, "steady_features"), 0);
    assert_true(imp_train_params_from_json(json, &back));
    assert_true(back.steady_features == params.steady_features);
    assert_null(imp_train_difference(&params, &back));
    json_decref(json);
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    struct impasto_train_params params;
    struct impasto_error error = {0};
    impasto_train_params_default(&params);
    params.crop = 31;
    assert_int_equal(imp_train_check(&params, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "`crop` is 31; it must be 32 to 1024"));
    impasto_train_params_default(&params);
    params.width = 12;
    assert_int_equal(imp_train_check(&params, &error), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_train_params_default_sized(3, &params, &error), IMPASTO_ERROR_USAGE);
}

/* Zero is how what suits is stored; nobody who asks for 0 means that. */
static void zero_is_not_what_suits(void **state)
{
    (void)state;
    static const char *const names[] = {"steps", "learning-rate", "norm-rate", "style-weight"};
    struct impasto_train_params params;
    struct impasto_error error = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct impasto_setting *row = impasto_train_setting_find(names[i]);
        impasto_train_params_default(&params);
        assert_int_equal(impasto_setting_read(row, "0", &params, &error), IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "or 'auto'"));
        assert_int_equal(impasto_setting_read(row, "-1", &params, &error), IMPASTO_ERROR_USAGE);
        assert_int_equal(impasto_setting_read(row, "auto", &params, &error), IMPASTO_OK);
        assert_int_equal(imp_train_check(&params, &error), IMPASTO_OK);
        char text[32];
        assert_true(imp_setting_write(row, &params, text, sizeof(text)));
        assert_string_equal(text, "auto");
    }
    params.style_weight = -1;
    assert_int_equal(imp_train_check(&params, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "above 0 or 'auto'"));
}

int main(void)
{
    rows = imp_train_settings(&count);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_has_a_row),
        cmocka_unit_test(standards_are_the_defaults),
        cmocka_unit_test(checkpoints_keep_every_setting),
        cmocka_unit_test(missing_settings_are_the_defaults),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(zero_is_not_what_suits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
