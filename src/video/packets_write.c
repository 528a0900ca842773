/* SPDX-License-Identifier: MIT */
/*
 * Packets as encoders make them, with times.
 *
 * A packet's presentation time is its frame's. Packets come in the order in which they are decoded,
 * and containers want a time for that, too: it grows from packet to packet, and is never after the
 * presentation. The time of the frame `delay` frames ago is such a one, where an encoder moves a
 * frame over `delay` others at most.
 */

#include "base/os.h"
#include "video/packets.h"

#include <errno.h>
#include <string.h>

static enum impasto_status fail(const struct imp_packets_writer *writer, int problem,
                                struct impasto_error *error)
{
    return imp_fail_file(error, IMPASTO_ERROR_OUTPUT, writer->path, "cannot be written", problem);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void take_end(struct imp_packets_writer *writer, const struct imp_segment_end *end,
                     uint64_t at)
{
    writer->frames = writer->packets = writer->segment = end->frames;
    writer->last_time = end->last_time;
    memcpy(writer->times, end->times, sizeof(end->times));
    writer->at = writer->sound = at;
}

/* Goes through what is there, up to its end or the first damage. */
static void find_last_end(struct imp_packets_writer *writer, struct imp_packets_reader *reader)
{
    struct imp_packet packet;
    int64_t dts = INT64_MIN, first = 0;
    bool begun = false;
    for (int found; (found = imp_packets_record(reader, &packet)) > 0;) {
        if (found == 1) {
            first = begun ? first : packet.pts;
            begun = true;
            dts = packet.dts;
        } else if (packet.size == sizeof(struct imp_segment_end)) {
            struct imp_segment_end end;
            memcpy(&end, reader->bytes, sizeof(end));
            take_end(writer, &end, reader->at);
            writer->first_time = first;
            writer->last_dts = dts;
        }
    }
}

static enum impasto_status begin(struct imp_packets_writer *writer,
                                 const struct imp_packets_head *head, struct impasto_error *error)
{
    const uint32_t checksum = imp_checksum(0, head, sizeof(*head));
    if (!imp_os_shorten(writer->descriptor, 0) ||
        !imp_os_write_at(writer->descriptor, head, sizeof(*head), 0) ||
        !imp_os_write_at(writer->descriptor, &checksum, sizeof(checksum), sizeof(*head)))
        return fail(writer, errno, error);
    writer->at = writer->sound = sizeof(*head) + sizeof(checksum);
    return IMPASTO_OK;
}

enum impasto_status imp_packets_open(struct imp_packets_writer *writer, const char *path,
                                     const struct imp_packets_head *head,
                                     struct impasto_error *error)
{
    struct imp_packets_reader reader;
    *writer = (struct imp_packets_writer){.path = path,
                                          .film = head->film,
                                          .delay = head->encoded.delay,
                                          .last_time = INT64_MIN,
                                          .last_dts = INT64_MIN};
    writer->descriptor = imp_os_open(path, IMP_OS_CHANGE);
    if (writer->descriptor < 0 && errno == ENOENT)
        writer->descriptor = imp_os_open(path, IMP_OS_CREATE);
    if (writer->descriptor < 0)
        return fail(writer, errno, error);
    if (!imp_os_lock_file(writer->descriptor))
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: another run works on it; wait for its end, or end it", path);
    const bool same = imp_packets_read(&reader, writer->descriptor) &&
                      memcmp(&reader.head, head, sizeof(*head)) == 0;
    writer->at = writer->sound = reader.at;
    if (same)
        find_last_end(writer, &reader);
    imp_packets_close(&reader);
    if (!same)
        return begin(writer, head, error);
    imp_packets_forget(writer);
    return IMPASTO_OK;
}

/* ---- Frames ---------------------------------------------------------------------------------- */

void imp_packets_frame(struct imp_packets_writer *writer, int64_t time)
{
    if (writer->frames == 0)
        writer->first_time = time;
    writer->times[IMP_DELAY_MOST + writer->frames - writer->segment] = time;
    writer->last_time = time;
    writer->frames++;
}

/* Ticks from frame to frame, about. */
static int64_t usual_step(const struct imp_film *film)
{
    const double seconds = film->rate.num > 0 ? (double)film->rate.den / film->rate.num : 1.0 / 25;
    const double ticks = seconds * film->tick.den / film->tick.num;
    return ticks < 1 ? 1 : (int64_t)(ticks + 0.5);
}

/* Of frame `number`, which may be before the first. */
static int64_t time_of(const struct imp_packets_writer *writer, int64_t number)
{
    if (number < 0)
        return writer->first_time + number * usual_step(&writer->film);
    if (number >= writer->frames)
        return writer->last_time;
    return writer->times[IMP_DELAY_MOST + number - writer->segment];
}

static int64_t duration_of(const struct imp_packets_writer *writer, int64_t number)
{
    return number + 1 < writer->frames ? time_of(writer, number + 1) - time_of(writer, number)
                                       : usual_step(&writer->film);
}

static enum impasto_status put(struct imp_packets_writer *writer, struct imp_packet *packet,
                               const void *bytes, struct impasto_error *error)
{
    packet->checksum = imp_packet_checksum(packet, bytes);
    if (!imp_os_write_at(writer->descriptor, packet, sizeof(*packet), writer->at) ||
        !imp_os_write_at(writer->descriptor, bytes, packet->size, writer->at + sizeof(*packet)))
        return fail(writer, errno, error);
    writer->at += sizeof(*packet) + packet->size;
    return IMPASTO_OK;
}

enum impasto_status imp_packets_write(struct imp_packets_writer *writer, const void *bytes,
                                      size_t size, int64_t number, bool key,
                                      struct impasto_error *error)
{
    if (number < writer->segment || number >= writer->frames || size > UINT32_MAX)
        return imp_fail(error, IMPASTO_ERROR_INTERNAL,
                        "the encoder gives frame %lld, which it was not given", (long long)number);
    const int64_t pts = time_of(writer, number);
    const int64_t wanted = time_of(writer, writer->packets - writer->delay);
    const int64_t next = writer->last_dts == INT64_MIN ? wanted : writer->last_dts + 1;
    const int64_t dts = wanted > next ? wanted : next;
    struct imp_packet packet = {.size = (uint32_t)size,
                                .pts = pts,
                                .dts = dts < pts ? dts : pts,
                                .duration = duration_of(writer, number),
                                .key = key};
    writer->packets++;
    writer->last_dts = packet.dts;
    return put(writer, &packet, bytes, error);
}

enum impasto_status imp_packets_end(struct imp_packets_writer *writer, struct impasto_error *error)
{
    struct imp_segment_end end = {.frames = writer->frames, .last_time = writer->last_time};
    const size_t taken = (size_t)(writer->frames - writer->segment);
    memcpy(end.times, writer->times + taken, sizeof(end.times));
    struct imp_packet packet = {.size = sizeof(end), .ends = 1};
    IMP_TRY(put(writer, &packet, &end, error));
    if (!imp_os_sync(writer->descriptor))
        return fail(writer, errno, error);
    const uint64_t at = writer->at;
    take_end(writer, &end, at);
    return IMPASTO_OK;
}

void imp_packets_forget(struct imp_packets_writer *writer)
{
    (void)imp_os_shorten(writer->descriptor, writer->sound);
}

void imp_packets_shut(struct imp_packets_writer *writer)
{
    if (writer->path && writer->descriptor >= 0)
        imp_os_close(writer->descriptor);
    writer->descriptor = -1;
}
