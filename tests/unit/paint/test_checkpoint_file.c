/* SPDX-License-Identifier: MIT */
/* The checkpoint's file: what it says of itself, what is damaged or forged, and that one is never
 * lost to the next. */

#include "checkpoint_fixture.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <zlib.h>

static void what_it_says_of_itself(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_job *job = open_job(&p, &usual);
    step(job);
    step(job);
    save(job, "{\"name\": \"gr\xc3\xbc\xc3\x9f\"}");
    impasto_job_close(&job);
    struct impasto_checkpoint *checkpoint = open_file();
    const struct impasto_checkpoint_info *info = impasto_checkpoint_info(checkpoint);
    assert_string_equal(info->note, "{\"name\": \"gr\xc3\xbc\xc3\x9f\"}");
    assert_string_equal(info->version, impasto_version());
    assert_string_equal(info->device, impasto_device_info(device)->name);
    assert_int_equal(info->iteration, 2);
    assert_int_equal(info->iterations, 8);
    assert_int_equal(info->width, 48);
    assert_int_equal(info->height, 36);
    assert_true(info->seconds > 0);
    assert_int_equal(info->params->first_iterations, 4);
    assert_memory_equal(&info->params->learning_rate, &usual.learning_rate, sizeof(float));
    /* It can be closed at once, and replaced while it is open. */
    job = open_job(&p, &usual);
    save(job, NULL);
    impasto_job_close(&job);
    struct impasto_error error = {0};
    assert_int_equal(impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error),
                     IMPASTO_OK);
    impasto_checkpoint_close(&checkpoint);
    assert_int_equal(step(job).head.step, 2);
    assert_int_equal(impasto_job_save(job, path, "\xff", &error), IMPASTO_ERROR_USAGE);
    impasto_job_close(&job);
}

static unsigned char *bytes;
static size_t size;

/* A checkpoint of a little L-BFGS job, in memory too. */
static void make_file(void)
{
    const struct impasto_pictures p = simple();
    struct impasto_params params = usual;
    params.optimizer = IMPASTO_OPTIMIZER_LBFGS;
    params.history = 2;
    params.size = 24;
    params.scales = 1;
    struct impasto_job *job = open_job(&p, &params);
    step(job);
    step(job);
    save(job, "a note");
    impasto_job_close(&job);
    bytes = read_bytes(path, &size);
}

static enum impasto_status try_bytes(const unsigned char *data, size_t count)
{
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_error error = {0};
    write_bytes(path, data, count);
    const enum impasto_status status = impasto_checkpoint_open(path, &checkpoint, &error);
    if (status != IMPASTO_OK) {
        assert_null(checkpoint);
        assert_non_null(strstr(error.message, path));
        assert_null(strchr(error.message, '\n'));
    }
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static void damage_is_found(void **state)
{
    (void)state;
    make_file();
    unsigned char *copy = malloc(size + 8);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(copy + size, 0, 8);
    assert_int_equal(try_bytes(copy, size), IMPASTO_OK);
    for (size_t length = 0; length < size; length += length < 4096 ? 61 : 4099)
        assert_int_equal(try_bytes(copy, length), IMPASTO_ERROR_INPUT);
    assert_int_equal(try_bytes(copy, size - 1), IMPASTO_ERROR_INPUT);
    assert_int_equal(try_bytes(copy, size + 1), IMPASTO_ERROR_INPUT);
    for (size_t at = 0; at < size; at += at < 4096 ? 37 : 4099) {
        copy[at] ^= (unsigned char)(1u << at % 8);
        assert_int_equal(try_bytes(copy, size), IMPASTO_ERROR_INPUT);
        copy[at] = bytes[at];
    }
    assert_int_equal(try_bytes((const unsigned char *)"{}", 2), IMPASTO_ERROR_INPUT);
    free(copy);
    free(bytes);
}

/* Tries bytes whose checksum is made to fit. */
static void try_forgery(const char *what, unsigned char *copy, enum impasto_status opening,
                        enum impasto_status resuming)
{
    const struct impasto_pictures p = simple();
    const uLong checksum = crc32_z(0, copy, size - 4);
    for (size_t i = 0; i < 4; i++)
        copy[size - 4 + i] = (unsigned char)(checksum >> 8 * i);
    const enum impasto_status status = try_bytes(copy, size);
    if (status != opening)
        fail_msg("%s: %d", what, status);
    if (status != IMPASTO_OK)
        return;
    struct impasto_checkpoint *checkpoint = open_file();
    struct impasto_job *job = NULL;
    struct impasto_error error = {0};
    const enum impasto_status resumed =
        impasto_job_resume(device, weights, &p, checkpoint, NULL, &job, &error);
    if (resumed != resuming)
        fail_msg("%s: resuming gives %d, %s", what, resumed, error.message);
    impasto_job_close(&job);
    impasto_checkpoint_close(&checkpoint);
}

/* The first `from` becomes `to`, of the same length. */
static void expect_forgery_found(const char *from, const char *to, enum impasto_status opening,
                                 enum impasto_status resuming)
{
    const size_t length = strlen(from);
    unsigned char *copy = malloc(size);
    size_t at = 0;
    assert_non_null(copy);
    assert_int_equal(length, strlen(to));
    memcpy(copy, bytes, size);
    while (at + length < size && memcmp(copy + at, from, length) != 0)
        at++;
    if (at + length >= size)
        fail_msg("no '%s' in the file", from);
    memcpy(copy + at, to, length);
    try_forgery(to, copy, opening, resuming);
    free(copy);
}

/* One of the optimiser's numbers, which come first after the header. */
static void expect_number_refused(size_t index, double number)
{
    unsigned char *copy = malloc(size);
    uint64_t head = 0, bits;
    char what[64];
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    for (int i = 7; i >= 0; i--)
        head = head << 8 | bytes[i];
    memcpy(&bits, &number, sizeof(bits));
    for (size_t i = 0; i < 8; i++)
        copy[8 + head + 8 * index + i] = (unsigned char)(bits >> 8 * i);
    snprintf(what, sizeof(what), "%g as number %zu", number, index);
    try_forgery(what, copy, IMPASTO_OK, IMPASTO_ERROR_INPUT);
    free(copy);
}

static void forgeries_are_found(void **state)
{
    (void)state;
    const enum impasto_status ok = IMPASTO_OK, bad = IMPASTO_ERROR_INPUT;
    make_file();
    expect_forgery_found("a note", "a vote", ok, ok);
    expect_forgery_found("impasto.checkpoint\":\"1", "impasto.checkpoint\":\"9", bad, bad);
    expect_forgery_found("impasto.checkpoint\":\"1", "impasto.checkpoint\":\"x", bad, bad);
    expect_forgery_found("\\\"at\\\":0", "\\\"at\\\":7", bad, bad);
    expect_forgery_found("\\\"steps\\\":2", "\\\"steps\\\":9", bad, bad);
    expect_forgery_found("\\\"steps\\\":2", "\\\"stops\\\":2", bad, bad);
    expect_forgery_found("\\\"history\\\":2", "\\\"history\\\":9", ok, bad);
    expect_forgery_found("\\\"history\\\":2", "\\\"history\\\":0", ok, IMPASTO_ERROR_USAGE);
    expect_forgery_found("\\\"size\\\":24", "\\\"size\\\":28", ok, bad);
    expect_forgery_found("\\\"optimizer\\\":1", "\\\"optimizer\\\":0", ok, bad);
    expect_forgery_found("\\\"optimizer\\\":1", "\\\"optimizer\\\":7", ok, IMPASTO_ERROR_USAGE);
    expect_forgery_found("lbfgs.direction", "lbfgs.directoon", ok, bad);
    /* Whether it has begun; evaluations of the search; first, count, used and next slot of the
     * history. */
    expect_number_refused(0, 0);
    expect_number_refused(0, 2);
    expect_number_refused(19, 1e9);
    expect_number_refused(20, 2);
    expect_number_refused(20, -1);
    expect_number_refused(21, 3);
    expect_number_refused(22, 1e300);
    expect_number_refused(22, NAN);
    expect_number_refused(23, 0.5);
    free(bytes);
}

static void no_checkpoint_there(void **state)
{
    (void)state;
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_error error = {0};
    const char *missing = in_folder("missing");
    assert_int_equal(impasto_checkpoint_open(missing, &checkpoint, &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_checkpoint_open("/", &checkpoint, &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "a folder"));
}

/* A failure to write leaves the older one. */
static void an_older_one_stays(void **state)
{
    (void)state;
    const struct impasto_pictures p = simple();
    struct impasto_error error = {0};
    struct impasto_job *job = open_job(&p, &usual);
    assert_int_equal(impasto_job_save(job, "/dev/full", NULL, &error), IMPASTO_ERROR_OUTPUT);
    assert_int_equal(impasto_job_save(job, in_folder("no/folder"), NULL, &error),
                     IMPASTO_ERROR_OUTPUT);
    step(job);
    save(job, "the older one");
    step(job);
    /* A file system without room for it, or what comes closest: files may not grow to its size. */
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 16384;
    void (*usual_way)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum impasto_status status = impasto_job_save(job, path, "a newer one", &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, usual_way);
    assert_int_equal(status, IMPASTO_ERROR_OUTPUT);
    assert_non_null(strstr(error.message, "checkpoint"));
    struct impasto_checkpoint *checkpoint = open_file();
    assert_string_equal(impasto_checkpoint_info(checkpoint)->note, "the older one");
    impasto_checkpoint_close(&checkpoint);
    /* Nothing else is left behind. */
    assert_int_equal(count_files(), 1);
    struct impasto_image *end = finish(&job);
    impasto_image_free(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_of_itself), cmocka_unit_test(damage_is_found),
        cmocka_unit_test(forgeries_are_found),    cmocka_unit_test(no_checkpoint_there),
        cmocka_unit_test(an_older_one_stays),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
