/* SPDX-License-Identifier: MIT */
/* Files of our own: what was written comes back, in pieces; what is not whole, or of another kind,
 * is refused; a callback's failure is the whole call's. */

#include "files.h"
#include "store/store.h"

/* More than one piece of 1 MiB. */
#define MANY ((size_t)300000)

static const struct imp_store_kind kind = {"impasto.example", 3, "an example", "make it again"};

static float values[MANY];
static double numbers[3] = {1.0 / 3, -0.0, 1e300};
static const char *path;

static void fill(void)
{
    for (size_t i = 0; i < MANY; i++)
        values[i] = (float)i / 7;
}

static enum impasto_status write_as(const char *format, const struct imp_store_tensor *first)
{
    const struct imp_store_text texts[] = {
        {"impasto.example", format}, {"json", "{\"a\": [1]}"}, {"none", NULL}};
    const struct imp_store_tensor tensors[] = {*first, imp_store_doubles("n", numbers, 3)};
    const struct imp_store_contents contents = {
        "an example", texts, IMP_COUNT(texts), tensors, IMP_COUNT(tensors), true};
    struct impasto_error error;
    return imp_store_write(path, &contents, &error);
}

static void write_good(void)
{
    struct imp_store_tensor tensor = imp_store_floats("v", values, MANY);
    tensor.rank = 3;
    tensor.shape[0] = 10;
    tensor.shape[1] = 3;
    tensor.shape[2] = MANY / 30;
    assert_int_equal(write_as("3", &tensor), IMPASTO_OK);
}

static void open_good(struct imp_store *store)
{
    struct impasto_error error;
    if (imp_store_open(path, &kind, store, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void comes_back(void **state)
{
    (void)state;
    struct imp_store store;
    struct impasto_error error;
    float *read = calloc(MANY, sizeof(*read));
    double doubles[3] = {0};
    write_good();
    open_good(&store);
    assert_string_equal(imp_store_text(&store, "json"), "{\"a\": [1]}");
    assert_null(imp_store_text(&store, "none"));
    assert_int_equal(imp_store_count(&store, "v", false), MANY);
    assert_int_equal(imp_store_count(&store, "v", true), 0);
    assert_int_equal(imp_store_count(&store, "w", false), 0);
    assert_non_null(read);
    struct imp_store_tensor tensor = imp_store_floats("v", read, MANY);
    assert_int_equal(imp_store_read(&store, &tensor, &error), IMPASTO_OK);
    assert_memory_equal(read, values, sizeof(values));
    tensor = imp_store_doubles("n", doubles, 3);
    assert_int_equal(imp_store_read(&store, &tensor, &error), IMPASTO_OK);
    assert_memory_equal(doubles, numbers, sizeof(numbers));
    imp_store_close(&store);
    imp_store_close(&store);
    free(read);
}

/* Of another name, type or size. */
static void other_tensors(void **state)
{
    (void)state;
    struct imp_store store;
    struct impasto_error error;
    double doubles[4];
    const struct imp_store_tensor wrong[] = {
        imp_store_doubles("m", doubles, 3), imp_store_floats("n", (float *)doubles, 3),
        imp_store_doubles("n", doubles, 2), imp_store_doubles("n", doubles, 4)};
    write_good();
    open_good(&store);
    for (size_t i = 0; i < IMP_COUNT(wrong); i++) {
        assert_int_equal(imp_store_read(&store, &wrong[i], &error), IMPASTO_ERROR_INPUT);
        assert_non_null(strstr(error.message, "an example that is damaged"));
        assert_non_null(strstr(error.message, "make it again"));
    }
    imp_store_close(&store);
}

static void expect_refused(const char *what)
{
    struct imp_store store;
    struct impasto_error error;
    assert_int_equal(imp_store_open(path, &kind, &store, &error), IMPASTO_ERROR_INPUT);
    if (strstr(error.message, what) == NULL)
        fail_msg("%s", error.message);
    imp_store_close(&store);
}

static void other_kinds(void **state)
{
    (void)state;
    const struct imp_store_tensor tensor = imp_store_floats("v", values, 9);
    struct imp_store_kind other = kind;
    struct imp_store store;
    struct impasto_error error;
    other.key = "impasto.other";
    write_good();
    assert_int_equal(imp_store_open(path, &other, &store, &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "is not an example of Impasto"));
    assert_int_equal(write_as("4", &tensor), IMPASTO_OK);
    expect_refused("of format 4, which a newer Impasto wrote");
    assert_int_equal(write_as("2", &tensor), IMPASTO_OK);
    expect_refused("of format 2, which an older Impasto wrote");
    assert_int_equal(write_as("0", &tensor), IMPASTO_OK);
    expect_refused("damaged");
    write_bytes(path, "{}", 2);
    expect_refused("is not an example of Impasto");
    path = in_folder(".");
    expect_refused("is a folder, not an example");
    path = in_folder("none");
    expect_refused("cannot be read");
}

/* Any bit, and any end. */
static void damage_is_found(void **state)
{
    (void)state;
    size_t size;
    write_good();
    unsigned char *bytes = read_bytes(path, &size);
    const size_t first = 45; /* behind the kind and its format */
    for (size_t at = first; at < size; at += at < 400 ? 1 : 99991) {
        bytes[at] ^= 1;
        write_bytes(path, bytes, size);
        bytes[at] ^= 1;
        expect_refused("damaged");
        write_bytes(path, bytes, at + 1);
        if (at + 1 < size)
            expect_refused("damaged");
    }
    free(bytes);
}

/* What a failing callback was asked last. */
static size_t asked;

static enum impasto_status fail_late(void *user, size_t offset, void *piece, size_t size)
{
    (void)user;
    memset(piece, 0, size);
    asked = offset;
    return offset == 0 ? IMPASTO_OK : IMPASTO_ERROR_DEVICE;
}

static enum impasto_status refuse(void *user, size_t offset, const void *piece, size_t size)
{
    (void)user;
    (void)piece;
    assert_true(size <= MANY * sizeof(float));
    asked = offset;
    return offset == 0 ? IMPASTO_OK : IMPASTO_ERROR_DEVICE;
}

static void callbacks_fail(void **state)
{
    (void)state;
    struct imp_store store;
    struct impasto_error error;
    const struct imp_store_tensor tensor = {
        .name = "v", .count = MANY, .read = fail_late, .write = refuse};
    write_good();
    open_good(&store);
    assert_int_equal(imp_store_read(&store, &tensor, &error), IMPASTO_ERROR_DEVICE);
    assert_int_equal(asked, 1 << 20);
    imp_store_close(&store);
    asked = 0;
    const int before = count_files();
    assert_int_equal(write_as("3", &tensor), IMPASTO_ERROR_DEVICE);
    assert_int_equal(asked, 1 << 20);
    /* The old one stays, and nothing beside it. */
    assert_int_equal(count_files(), before);
    open_good(&store);
    imp_store_close(&store);
}

static int set_up(void **state)
{
    const int made = make_folder(state);
    path = in_folder("a.file");
    fill();
    return made;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, set_up, remove_folder),
        cmocka_unit_test_setup_teardown(other_tensors, set_up, remove_folder),
        cmocka_unit_test_setup_teardown(other_kinds, set_up, remove_folder),
        cmocka_unit_test_setup_teardown(damage_is_found, set_up, remove_folder),
        cmocka_unit_test_setup_teardown(callbacks_fail, set_up, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
