/* SPDX-License-Identifier: MIT */
/* The table of settings: each member of the parameters has a row, and each row reads, writes,
 * limits and stores its member. */

#include "ops/conv.h"
#include "paint/job.h"

#include <impasto/setting.h>

#include <float.h>
#include <locale.h>
#include <math.h>
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

static bool is_whole(const struct impasto_setting *row)
{
    return row->kind == IMPASTO_SETTING_INT || row->kind == IMPASTO_SETTING_UINT64;
}

static size_t size_of(const struct impasto_setting *row)
{
    static const size_t sizes[] = {
        [IMPASTO_SETTING_FLAG] = sizeof(bool),       [IMPASTO_SETTING_INT] = sizeof(int),
        [IMPASTO_SETTING_UINT64] = sizeof(uint64_t), [IMPASTO_SETTING_BYTES] = sizeof(uint64_t),
        [IMPASTO_SETTING_FLOAT] = sizeof(float),     [IMPASTO_SETTING_CHOICE] = sizeof(int),
        [IMPASTO_SETTING_TEXT] = sizeof(char *),
    };
    return row->kind == IMPASTO_SETTING_LAYERS   ? sizeof(float) * IMPASTO_LAYERS
           : row->kind == IMPASTO_SETTING_SCALES ? sizeof(int) * (1 + IMPASTO_SCALES)
                                                 : sizes[row->kind];
}

static void set(struct impasto_params *params, const char *name, const char *text)
{
    struct impasto_error error = {0};
    if (impasto_setting_set(params, name, text, &error) != IMPASTO_OK)
        fail_msg("%s %s: %s", name, text, error.message);
}

static void refuse(const char *name, const char *text, const char *words)
{
    struct impasto_params params, before;
    struct impasto_error error = {0};
    char quoted[80];
    memset(&params, 0x11, sizeof(params));
    memset(&before, 0x11, sizeof(before));
    params.struct_size = before.struct_size = sizeof(params);
    if (impasto_setting_set(&params, name, text, &error) == IMPASTO_OK)
        fail_msg("%s %s was taken", name, text);
    snprintf(quoted, sizeof(quoted), "`%s`: ", name);
    assert_int_equal(error.status, IMPASTO_ERROR_USAGE);
    assert_ptr_equal(strstr(error.message, quoted), error.message);
    if (!strstr(error.message, words))
        fail_msg("%s %s: no '%s' in: %s", name, text, words, error.message);
    assert_memory_equal(&params, &before, sizeof(params));
}

/* A text for a value whose bytes are not all 0. */
static const char *text_for(const struct impasto_setting *row)
{
    static char number[32];
    switch (row->kind) {
    case IMPASTO_SETTING_FLAG:
        return "yes";
    case IMPASTO_SETTING_BYTES:
        return "900M";
    case IMPASTO_SETTING_TEXT:
        return "direct";
    case IMPASTO_SETTING_LAYERS:
        return "conv1_1:0.5,conv5_4:2";
    case IMPASTO_SETTING_SCALES:
        return "128,256";
    case IMPASTO_SETTING_CHOICE:
        for (const struct impasto_setting_word *word = row->words; word->text; word++)
            if (word->value != 0)
                return word->text;
        return NULL;
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_UINT64:
    case IMPASTO_SETTING_FLOAT:
        break;
    }
    snprintf(number, sizeof(number), is_whole(row) ? "%.0f" : "%.9g",
             is_whole(row) ? row->high : fmin(row->high / 2, 1000));
    return number;
}

/* ---- Members --------------------------------------------------------------------------------- */

/* Marks the bytes of the rows' members, none twice. */
static void mark(unsigned char marks[sizeof(struct impasto_params)])
{
    memset(marks, 0, sizeof(struct impasto_params));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < size_of(&rows[i]); k++) {
            if (marks[rows[i].offset + k])
                fail_msg("%s shares bytes with another", rows[i].name);
            marks[rows[i].offset + k] = 1;
        }
}

static void every_member_has_a_row(void **state)
{
    (void)state;
    unsigned char marks[sizeof(struct impasto_params)];
    mark(marks);
#ifdef CLEAR_PADDING
    struct impasto_params params;
    memset(&params, 0xff, sizeof(params));
    CLEAR_PADDING(&params);
    const unsigned char *bytes = (const unsigned char *)&params;
    /* What stands before the first setting is the struct's own size. */
    for (size_t i = offsetof(struct impasto_params, size); i < sizeof(params); i++)
        if (bytes[i] && !marks[i])
            fail_msg("the member at byte %zu of struct impasto_params has no row in settings.c", i);
#else
    print_message("this compiler does not tell what is padding\n");
#endif
}

static void each_row_sets_its_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct impasto_params params = {.struct_size = sizeof(params)}, other;
        char *bytes = (char *)&params;
        const struct impasto_params zero = {.struct_size = sizeof(zero)};
        set(&params, rows[i].name, text_for(&rows[i]));
        assert_int_not_equal(
            memcmp(bytes + rows[i].offset, (const char *)&zero + rows[i].offset, size_of(&rows[i])),
            0);
        memcpy(&other, &params, sizeof(other));
        memset((char *)&other + rows[i].offset, 0, size_of(&rows[i]));
        assert_memory_equal(&other, &zero, sizeof(zero));
    }
}

/* As a checkpoint has it. */
static void stored_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct impasto_params params = {.struct_size = sizeof(params)}, back;
        memset(&back, 0x5a, sizeof(back));
        set(&params, rows[i].name, text_for(&rows[i]));
        json_t *json = imp_params_to_json(&params);
        assert_non_null(json);
        assert_true(imp_params_from_json(json, &back));
        for (size_t k = 0; k < count; k++) {
            const char *one = NULL, *other = NULL;
            if (rows[k].kind != IMPASTO_SETTING_TEXT) {
                assert_memory_equal((const char *)&params + rows[k].offset,
                                    (const char *)&back + rows[k].offset, size_of(&rows[k]));
                continue;
            }
            memcpy(&one, (const char *)&params + rows[k].offset, sizeof(one));
            memcpy(&other, (const char *)&back + rows[k].offset, sizeof(other));
            if (one || other)
                assert_string_equal(one, other);
        }
        json_decref(json);
    }
}

/* The keys that checkpoints have had from the first: an older one must be read. */
static void keys_in_checkpoints(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "size",           "style_size",     "style_scale",   "scales",
        "scale_sizes",    "iterations",     "optimizer",     "first_iterations",
        "average",        "history",        "learning_rate", "beta1",
        "beta2",          "epsilon",        "strength",      "style_weight",
        "content_weight", "content_layers", "style_layers",  "tv_weight",
        "losses",         "style_loss",     "pooling",       "padding",
        "margin",         "colour",         "init",          "seed",
        "conv",           "gemm",           "memory",        "reuse",
        "profile",
    };
    struct impasto_params params = {.struct_size = sizeof(params)};
    json_t *json = imp_params_to_json(&params);
    for (size_t i = 0; i < IMP_COUNT(keys); i++)
        if (!json_object_get(json, keys[i]))
            fail_msg("there is no %s", keys[i]);
    /* A checkpoint from before a setting lacks it, and has what was done then. */
    json_object_del(json, "style_size");
    json_object_del(json, "gemm");
    assert_true(imp_params_from_json(json, &params));
    assert_int_equal(params.style_size, IMPASTO_SIZE_AUTO);
    assert_null(params.gemm);
    /* What depends on the weights has no such value. */
    json_object_del(json, "margin");
    assert_false(imp_params_from_json(json, &params));
    json_decref(json);
}

static void differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct impasto_params zero = {.struct_size = sizeof(zero)};
        struct impasto_params params = {.struct_size = sizeof(params)};
        set(&params, rows[i].name, text_for(&rows[i]));
        const char *difference = imp_params_difference(&params, &zero);
        if (rows[i].decides == IMPASTO_DECIDES_RESULT)
            assert_string_equal(difference, rows[i].name);
        else
            assert_null(difference);
    }
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static void written_and_read_back(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *written;
    } cases[] = {
        {"size", "512", "512"},
        {"size", "source", "source"},
        {"style-size", "auto", "auto"},
        {"first-iterations", "same", "same"},
        {"style-scale", "0.1", "0.1"},
        {"learning-rate", "1e-3", "0.001"},
        {"style-weight", "1e31", "1e+31"},
        {"scales", "auto", "auto"},
        {"scales", "3", "3"},
        {"scales", "20", "20"},
        {"scales", "128,256", "128,256"},
        {"seed", "9007199254740992", "9007199254740992"},
        {"memory", "1.5G", "1536M"},
        {"memory", "20000001", "20000001"},
        {"memory", "2GiB", "2G"},
        {"profile", "true", "yes"},
        {"reuse", "false", "no"},
        {"pooling", "avg", "avg"},
        {"init", "image", "image"},
        {"conv", "auto", "auto"},
        {"style-layers", "relu4_2,5_1:0.25", "conv4_2:1,conv5_1:0.25"},
    };
    char text[IMPASTO_SETTING_LONGEST];
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct impasto_params params = {.struct_size = sizeof(params)};
        set(&params, cases[i].name, cases[i].text);
        assert_int_equal(impasto_setting_get(&params, cases[i].name, text, sizeof(text), NULL),
                         IMPASTO_OK);
        assert_string_equal(text, cases[i].written);
    }
    for (size_t i = 0; i < count; i++) {
        struct impasto_params params = {.struct_size = sizeof(params)},
                              again = {.struct_size = sizeof(again)};
        set(&params, rows[i].name, text_for(&rows[i]));
        assert_int_equal(impasto_setting_get(&params, rows[i].name, text, sizeof(text), NULL),
                         IMPASTO_OK);
        set(&again, rows[i].name, text);
        if (rows[i].kind != IMPASTO_SETTING_TEXT)
            assert_memory_equal(&params, &again, sizeof(params));
    }
}

static void what_is_not_set_or_too_long(void **state)
{
    (void)state;
    struct impasto_params params = {.struct_size = sizeof(params)};
    struct impasto_error error;
    char text[8] = "x";
    assert_int_equal(impasto_setting_get(&params, "memory", text, sizeof(text), &error), 0);
    assert_string_equal(text, "");
    assert_int_equal(impasto_setting_get(&params, "conv", text, sizeof(text), &error), 0);
    assert_string_equal(text, "");
    set(&params, "scales", "128,256");
    set(&params, "style-layers", "conv1_1");
    set(&params, "conv", "winograd");
    for (const char *const *name = (const char *const[]){"scales", "style-layers", "conv", NULL};
         *name; name++) {
        size_t size = *name[0] == 's' && (*name)[1] == 'c' ? 7 : 8;
        assert_int_equal(impasto_setting_get(&params, *name, text, size, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "longer"));
    }
}

static void limits_of_texts(void **state)
{
    (void)state;
    char text[64];
    for (size_t i = 0; i < count; i++) {
        const struct impasto_setting *row = &rows[i];
        struct impasto_params params = {.struct_size = sizeof(params)};
        const bool real = row->kind == IMPASTO_SETTING_FLOAT;
        if (!real && !is_whole(row))
            continue;
        for (int high = 0; high < 2; high++) {
            const double limit = high ? row->high : row->low;
            const bool out = high ? row->below_high : row->above_low;
            const double step = limit >= 9007199254740992.0 ? 2 : 1; /* to the next double */
            const double beyond = real ? (double)nextafterf((float)limit, high ? FLT_MAX : -FLT_MAX)
                                       : limit + (high ? step : -step);
            snprintf(text, sizeof(text), "%.17g", limit);
            if (out)
                refuse(row->name, text, text);
            else
                set(&params, row->name, text);
            if (isinf(limit))
                continue;
            snprintf(text, sizeof(text), "%.17g", beyond);
            refuse(row->name, text, text);
        }
    }
    set(&(struct impasto_params){.struct_size = sizeof(struct impasto_params)}, "memory", "16M");
    refuse("memory", "16777215", "from 16M to 64T");
    refuse("memory", "65T", "from 16M to 64T");
    refuse("seed", "9007199254740993", "to 9007199254740992"); /* no double */
    refuse("scales", "17,15", "16 to 16384");
    refuse("scales", "16385", "16 to 16384");
}

static void bad_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        refuse(rows[i].name, "", "");
        if (rows[i].kind != IMPASTO_SETTING_TEXT)
            for (const char *const *text =
                     (const char *const[]){"nosuch", " 1", "1 ", "nan", "inf", "1x", "-", NULL};
                 *text; text++)
                refuse(rows[i].name, *text, *text);
    }
    refuse("size", "x", "from 16 to 16384, or 'source'");
    refuse("style-size", "x", ", or 'source', or 'auto'");
    refuse("colour", "x", "style, luma, match");
    refuse("beta1", "1", "from 0 to below 1");
    refuse("learning-rate", "0", "above 0 to 10");
    refuse("epsilon", "0", "a finite number above 0");
    refuse("style-weight", "1e39", "a finite number from 0 up");
    refuse("style-scale", "0,5", "write a point");
    refuse("style-layers", "conv42", "did you mean conv4_2?");
}

/* Rows of a caller's own, with more elements than are read. */
static void rows_of_callers(void **state)
{
    (void)state;
    static const struct impasto_setting wide[] = {
        {.name = "sides", .kind = IMPASTO_SETTING_SCALES, .count = 65, .low = 1, .high = 9},
        {.name = "sides", .kind = IMPASTO_SETTING_SCALES, .low = 1, .high = 9},
        {.name = "sides", .kind = IMPASTO_SETTING_LAYERS, .count = IMPASTO_LAYERS - 1},
    };
    int members[66];
    struct impasto_error error;
    memset(members, 0x11, sizeof(members));
    for (size_t i = 0; i < IMP_COUNT(wide); i++) {
        const char *text = wide[i].kind == IMPASTO_SETTING_LAYERS ? "conv1_1" : "8";
        assert_int_equal(impasto_setting_read(&wide[i], text, members, &error),
                         IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "`sides`: its row has a count of "));
        for (size_t k = 0; k < IMP_COUNT(members); k++)
            assert_int_equal(members[k], 0x11111111);
    }
    struct impasto_setting most = wide[0];
    most.count = 64;
    assert_int_equal(impasto_setting_read(&most, "8,9", members, &error), IMPASTO_OK);
    assert_int_equal(members[0], 0);
    assert_int_equal(members[2], 9);
    assert_int_equal(members[64], 0);
    assert_int_equal(members[65], 0x11111111);
}

static void unknown_names(void **state)
{
    (void)state;
    struct impasto_params params = {.struct_size = sizeof(params)};
    struct impasto_error error;
    char text[32];
    for (const char *const *name = (const char *const[]){"", "sise", "style_size", "Size", NULL};
         *name; name++) {
        assert_null(impasto_setting_find(*name));
        assert_int_equal(impasto_setting_set(&params, *name, "512", &error), IMPASTO_ERROR_USAGE);
        assert_non_null(strstr(error.message, "is no setting"));
        assert_int_equal(impasto_setting_get(&params, *name, text, sizeof(text), &error),
                         IMPASTO_ERROR_USAGE);
    }
}

/* A program that was compiled when there were fewer settings. */
static void older_structs(void **state)
{
    (void)state;
    struct impasto_params params = {.struct_size = offsetof(struct impasto_params, profile)};
    struct impasto_error error;
    char text[32];
    assert_int_equal(impasto_setting_set(&params, "profile", "yes", &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "`profile` is newer"));
    assert_int_equal(impasto_setting_get(&params, "profile", text, sizeof(text), &error),
                     IMPASTO_ERROR_USAGE);
    assert_false(params.profile);
    set(&params, "reuse", "yes");
    assert_true(params.reuse);
    params.struct_size = 0;
    assert_int_equal(impasto_setting_set(&params, "reuse", "no", &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "struct_size"));
}

static void any_locale(void **state)
{
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    struct impasto_params params = {.struct_size = sizeof(params)};
    char text[32];
    bool found = false;
    for (size_t i = 0; i < IMP_COUNT(locales) && !found; i++)
        found = setlocale(LC_ALL, locales[i]) != NULL;
    if (!found) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    set(&params, "strength", "0.25");
    set(&params, "memory", "1.5G");
    assert_int_equal(impasto_setting_get(&params, "strength", text, sizeof(text), NULL), 0);
    setlocale(LC_ALL, "C");
    assert_string_equal(text, "0.25");
    assert_true(params.memory == (uint64_t)3 << 29);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void limits_of_members(void **state)
{
    (void)state;
    static const struct impasto_weights_info info = {.source = "x", .layers = IMPASTO_LAYERS};
    struct impasto_weights *weights = NULL;
    struct impasto_params good;
    assert_int_equal(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, NULL), 0);
    assert_int_equal(impasto_params_preset(weights, NULL, &good, NULL), 0);
    impasto_weights_close(&weights);
    assert_int_equal(imp_params_check(&good, &info, NULL), IMPASTO_OK);
    for (size_t i = 0; i < count; i++) {
        struct impasto_params params = good;
        struct impasto_error error = {0};
        char *at = (char *)&params + rows[i].offset, quoted[64];
        if (rows[i].kind == IMPASTO_SETTING_FLOAT)
            memcpy(at, &(float){NAN}, sizeof(float));
        else if (rows[i].kind == IMPASTO_SETTING_INT || rows[i].kind == IMPASTO_SETTING_CHOICE ||
                 rows[i].kind == IMPASTO_SETTING_SCALES)
            memcpy(at, &(int){-2}, sizeof(int));
        else
            continue;
        snprintf(quoted, sizeof(quoted), "`%s` is ", rows[i].name);
        assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
        assert_ptr_equal(strstr(error.message, quoted), error.message);
    }
    struct impasto_error error;
    struct impasto_params params = good;
    params.size = 15;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`size` is 15; it must be 16 to 16384 or 'source'");
    params = good;
    params.scale_sizes[0] = 15;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`scales` is 15; it must be 16 to 16384 each");
    params = good;
    params.learning_rate = 0;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`learning-rate` is 0; it must be above 0, up to 10");
    params = good;
    params.strength = 1.1f;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`strength` is 1.1; it must be 0 to 1");
    params = good;
    params.iterations = INT32_MAX;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`iterations` is 2147483647; it must be 0 to 1000000");
    params = good;
    params.colour = (enum impasto_colour)3;
    assert_int_equal(imp_params_check(&params, &info, &error), IMPASTO_ERROR_USAGE);
    assert_string_equal(error.message, "`colour` is 3; it must be style, luma or match");
}

static void rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct impasto_setting *row = &rows[i];
        const bool worded =
            row->kind == IMPASTO_SETTING_CHOICE || row->kind == IMPASTO_SETTING_FLAG;
        assert_ptr_equal(impasto_setting_find(row->name), row); /* no name twice */
        assert_non_null(row->about);
        assert_true(row->about[0] && !strpbrk(row->about, "\n") && !strstr(row->about, "--"));
        assert_true(!worded || row->words);
        assert_true(row->low <= row->high);
    }
}

static void algorithms_are_suggested(void **state)
{
    (void)state;
    const struct impasto_setting *conv = impasto_setting_find("conv");
    for (size_t i = 0; imp_conv_algorithms[i]; i++) {
        const struct impasto_setting_word *word = conv->words;
        while (word->text && strcmp(word->text, imp_conv_algorithms[i]->name) != 0)
            word++;
        /* That one is for the first layer alone. */
        assert_true(word->text || imp_conv_algorithms[i] == &imp_conv_first);
    }
}

/* A row's standard is one of its own values, and the default preset's; its last words tell people
 * the same, unless they speak of the weights. */
static void standards(void **state)
{
    (void)state;
    struct impasto_weights *weights = NULL;
    struct impasto_params params;
    int told = 0;
    assert_int_equal(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, NULL), 0);
    assert_int_equal(impasto_params_preset(weights, NULL, &params, NULL), 0);
    impasto_weights_close(&weights);
    for (size_t i = 0; i < count; i++) {
        char value[IMPASTO_SETTING_LONGEST];
        if (!rows[i].standard)
            continue;
        assert_int_equal(impasto_setting_get(&params, rows[i].name, value, sizeof(value), NULL), 0);
        struct impasto_params other = params;
        set(&other, rows[i].name, rows[i].standard);
        assert_memory_equal(&other, &params, sizeof(params));
        const char *words = strrchr(rows[i].about, '(');
        assert_non_null(words);
        const size_t length = strlen(rows[i].standard);
        const bool same = strncmp(words + 1, rows[i].standard, length) == 0 &&
                          strchr(",:)", words[1 + length]) != NULL;
        if (!same)
            fail_msg("%s is %s, but '%s'", rows[i].name, rows[i].standard, rows[i].about);
        told++;
    }
    assert_true(told > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_has_a_row),
        cmocka_unit_test(each_row_sets_its_member),
        cmocka_unit_test(stored_and_read_back),
        cmocka_unit_test(keys_in_checkpoints),
        cmocka_unit_test(differences),
        cmocka_unit_test(written_and_read_back),
        cmocka_unit_test(what_is_not_set_or_too_long),
        cmocka_unit_test(limits_of_texts),
        cmocka_unit_test(bad_texts),
        cmocka_unit_test(rows_of_callers),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(older_structs),
        cmocka_unit_test(any_locale),
        cmocka_unit_test(limits_of_members),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(standards),
        cmocka_unit_test(algorithms_are_suggested),
    };
    rows = imp_settings(&count);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
