/* SPDX-License-Identifier: MIT */
/* The packets of a film that is not finished: they come back with times that containers take, and
 * whatever is cut off or damaged, a run goes on at the end of a whole segment. */

#include "files.h"
#include "video/packets.h"

#include <sys/wait.h>

#define DELAY 2

static struct imp_packets_head head;

static void make_head(void)
{
    memset(&head, 0, sizeof(head));
    head.film.tick = (struct imp_ratio){1, 1000};
    head.film.rate = (struct imp_ratio){25, 1};
    head.encoded.delay = DELAY;
}

/* Irregular, and later from frame to frame. */
static int64_t time_of_frame(int64_t number)
{
    return 500 + 40 * number + number * 7 % 13;
}

/* Frames in the order of a pyramid of B-frames: 0, 4, 2, 1, 3, 8, 6, 5, 7, … */
static int64_t coded(int64_t place, int64_t count)
{
    static const int64_t order[] = {4, 2, 1, 3};
    const int64_t number = place == 0 ? 0 : (place - 1) / 4 * 4 + order[(place - 1) % 4];
    return (place - 1) / 4 * 4 + 4 < count || place == 0 ? number : place;
}

static void write_segment(struct imp_packets_writer *writer, int64_t count)
{
    struct impasto_error error;
    const int64_t first = writer->frames;
    for (int64_t i = 0; i < count; i++)
        imp_packets_frame(writer, time_of_frame(first + i));
    for (int64_t i = 0; i < count; i++) {
        const int64_t number = first + coded(i, count);
        unsigned char bytes[100];
        memset(bytes, (int)number, sizeof(bytes));
        assert_int_equal(
            imp_packets_write(writer, bytes, (size_t)(1 + number % 99), number, i == 0, &error),
            IMPASTO_OK);
    }
}

static void open_packets(struct imp_packets_writer *writer)
{
    struct impasto_error error;
    if (imp_packets_open(writer, in_folder("packets"), &head, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

static void write_film(int segments)
{
    struct imp_packets_writer writer;
    struct impasto_error error;
    make_head();
    (void)unlink(in_folder("packets"));
    open_packets(&writer);
    for (int i = 0; i < segments; i++) {
        write_segment(&writer, IMP_SEGMENT);
        assert_int_equal(imp_packets_end(&writer, &error), IMPASTO_OK);
    }
    imp_packets_shut(&writer);
}

static void check_packets(int64_t count)
{
    struct imp_packets_reader reader;
    struct imp_packet packet;
    FILE *file = fopen(in_folder("packets"), "rb");
    int64_t dts = INT64_MIN, seen = 0;
    assert_non_null(file);
    assert_true(imp_packets_read(&reader, fileno(file)));
    for (; imp_packets_next(&reader, &packet) == 1; seen++) {
        const int64_t first = seen / IMP_SEGMENT * IMP_SEGMENT;
        const int64_t number = first + coded(seen - first, IMP_SEGMENT);
        assert_int_equal(packet.pts, time_of_frame(number));
        assert_int_equal(packet.size, 1 + number % 99);
        assert_int_equal(reader.bytes[0], number & 255);
        assert_true(packet.dts > dts);
        assert_true(packet.dts <= packet.pts);
        assert_true(packet.duration > 0);
        assert_int_equal(packet.key, seen == first);
        dts = packet.dts;
    }
    assert_int_equal(seen, count);
    imp_packets_close(&reader);
    fclose(file);
}

static void come_back(void **state)
{
    (void)state;
    write_film(3);
    check_packets(3 * IMP_SEGMENT);
}

static void the_same_after_a_break(void **state)
{
    (void)state;
    struct imp_packets_writer writer;
    struct impasto_error error;
    size_t size, again;
    write_film(3);
    unsigned char *whole = read_bytes(in_folder("packets"), &size);
    write_film(1);
    open_packets(&writer);
    assert_int_equal(writer.frames, IMP_SEGMENT);
    assert_int_equal(writer.last_time, time_of_frame(IMP_SEGMENT - 1));
    write_segment(&writer, 100); /* and then it is killed */
    imp_packets_shut(&writer);
    open_packets(&writer);
    assert_int_equal(writer.frames, IMP_SEGMENT);
    for (int i = 0; i < 2; i++) {
        write_segment(&writer, IMP_SEGMENT);
        assert_int_equal(imp_packets_end(&writer, &error), IMPASTO_OK);
    }
    imp_packets_shut(&writer);
    unsigned char *broken = read_bytes(in_folder("packets"), &again);
    assert_int_equal(again, size);
    assert_memory_equal(broken, whole, size);
    free(broken);
    free(whole);
}

/* Cut or changed anywhere, it has whole segments and no more. */
static void damaged(void **state)
{
    (void)state;
    size_t size;
    write_film(2);
    unsigned char *whole = read_bytes(in_folder("packets"), &size);
    for (size_t at = 0; at < size; at += 97) {
        for (int cut = 0; cut < 2; cut++) {
            struct imp_packets_writer writer;
            whole[at] ^= 0x55;
            write_bytes(in_folder("packets"), whole, cut ? at : size);
            whole[at] ^= 0x55;
            open_packets(&writer);
            assert_int_equal(writer.frames % IMP_SEGMENT, 0);
            assert_in_range(writer.frames, 0, IMP_SEGMENT);
            imp_packets_shut(&writer);
        }
    }
    free(whole);
    head.film.width++; /* of another film */
    struct imp_packets_writer writer;
    open_packets(&writer);
    assert_int_equal(writer.frames, 0);
    imp_packets_shut(&writer);
}

static void two_runs(void **state)
{
    (void)state;
    struct imp_packets_writer writer;
    make_head();
    open_packets(&writer);
    if (fork() == 0) {
        struct imp_packets_writer other;
        struct impasto_error error;
        _exit(imp_packets_open(&other, in_folder("packets"), &head, &error) == IMPASTO_ERROR_OUTPUT
                  ? 0
                  : 1);
    }
    int how = 0;
    wait(&how);
    assert_int_equal(how, 0);
    imp_packets_shut(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_back),
        cmocka_unit_test(the_same_after_a_break),
        cmocka_unit_test(damaged),
        cmocka_unit_test(two_runs),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
