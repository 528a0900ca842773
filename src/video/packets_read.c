/* SPDX-License-Identifier: MIT */
/* Packets as they are read again: to be put together, or to be gone on with. */

#include "base/os.h"
#include "video/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A packet that is larger is none: of 100 million pixels it would have 5 bytes for each. */
#define LARGEST (512u << 20)

uint32_t imp_packet_checksum(const struct imp_packet *packet, const void *bytes)
{
    struct imp_packet plain = *packet;
    plain.checksum = 0;
    return imp_checksum(imp_checksum(0, &plain, sizeof(plain)), bytes, packet->size);
}

bool imp_packets_read_all(int descriptor, void *bytes, size_t size, uint64_t at)
{
    unsigned char *to = bytes;
    while (size > 0) {
        const ptrdiff_t got = imp_os_read_at(descriptor, to, size, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        at += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

bool imp_packets_read(struct imp_packets_reader *reader, int descriptor)
{
    uint32_t checksum;
    *reader = (struct imp_packets_reader){.descriptor = descriptor};
    if (!imp_packets_read_all(descriptor, &reader->head, sizeof(reader->head), 0) ||
        !imp_packets_read_all(descriptor, &checksum, sizeof(checksum), sizeof(reader->head)))
        return false;
    reader->at = sizeof(reader->head) + sizeof(checksum);
    return checksum == imp_checksum(0, &reader->head, sizeof(reader->head)) &&
           reader->head.encoded.extradata_size >= 0 &&
           reader->head.encoded.extradata_size <= IMP_EXTRADATA_MOST &&
           reader->head.encoded.delay >= 0 && reader->head.encoded.delay <= IMP_DELAY_MOST;
}

static bool make_room(struct imp_packets_reader *reader, size_t size)
{
    if (size <= reader->room)
        return true;
    unsigned char *more = realloc(reader->bytes, size);
    if (!more)
        return false;
    reader->bytes = more;
    reader->room = size;
    return true;
}

int imp_packets_record(struct imp_packets_reader *reader, struct imp_packet *packet)
{
    char byte;
    if (imp_os_read_at(reader->descriptor, &byte, 1, reader->at) == 0)
        return 0;
    if (!imp_packets_read_all(reader->descriptor, packet, sizeof(*packet), reader->at) ||
        packet->size > LARGEST || !make_room(reader, packet->size) ||
        !imp_packets_read_all(reader->descriptor, reader->bytes, packet->size,
                              reader->at + sizeof(*packet)) ||
        packet->checksum != imp_packet_checksum(packet, reader->bytes))
        return -1;
    reader->at += sizeof(*packet) + packet->size;
    return packet->ends ? 2 : 1;
}

int imp_packets_next(struct imp_packets_reader *reader, struct imp_packet *packet)
{
    int found;
    while ((found = imp_packets_record(reader, packet)) == 2)
        ;
    return found;
}

void imp_packets_close(struct imp_packets_reader *reader)
{
    free(reader->bytes);
    *reader = (struct imp_packets_reader){.descriptor = -1};
}
