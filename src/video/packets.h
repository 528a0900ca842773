/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_PACKETS_H
#define IMP_VIDEO_PACKETS_H

/*
 * The encoded frames of a film that is not finished, in a file of our own. Containers cannot be
 * gone on with, and round times; this file keeps them to the tick. Each segment ends with a mark.
 * What is behind the last mark does not count when a run goes on.
 *
 * It is read by the version of Impasto that wrote it, on a machine like that one.
 */

#include "video/libav.h"

/* Frames of a segment. It is fixed, since segments decide bytes. */
#define IMP_SEGMENT 250
/* The most frames by which an encoder's packets may come in another order. */
#define IMP_DELAY_MOST 16

struct imp_packets_head {
    char mark[16];
    struct imp_film film;
    struct imp_encoded encoded;
};

struct imp_packet {
    uint32_t size;     /* of its bytes */
    uint32_t checksum; /* of all of this but itself, and of the bytes */
    int64_t pts, dts, duration;
    uint32_t key;
    uint32_t ends; /* no packet: a segment ends here, with struct imp_segment_end for bytes */
};

struct imp_segment_end {
    int64_t frames;                /* so far */
    int64_t last_time;             /* of the last one */
    int64_t times[IMP_DELAY_MOST]; /* of the last ones, the last at the end */
};

uint32_t imp_packet_checksum(const struct imp_packet *packet, const void *bytes);

/* ---- Reading: also in the child that muxes --------------------------------------------------- */

/* Reads all of it from that byte of a file on. */
bool imp_packets_read_all(int descriptor, void *bytes, size_t size, uint64_t at);

struct imp_packets_reader {
    int descriptor;
    uint64_t at;
    struct imp_packets_head head;
    unsigned char *bytes; /* the packet's */
    size_t room;
};

/* Reads the head. false: it is none, or damaged. The reader is to be closed in any case. */
bool imp_packets_read(struct imp_packets_reader *reader, int descriptor);
/* Reads the next record. 1: a packet; 2: the end of a segment; 0: there is no more; -1: damage. */
int imp_packets_record(struct imp_packets_reader *reader, struct imp_packet *packet);
/* The next packet, over the ends of segments. 1, 0, -1. */
int imp_packets_next(struct imp_packets_reader *reader, struct imp_packet *packet);
void imp_packets_close(struct imp_packets_reader *reader);

/* ---- Writing --------------------------------------------------------------------------------- */

struct imp_packets_writer {
    const char *path;
    int descriptor;     /* -1: none */
    uint64_t at, sound; /* where it is written, and where the last whole segment ends */
    struct imp_film film;
    int delay;
    int64_t frames, packets; /* taken so far */
    int64_t segment;         /* the first frame of this one */
    int64_t first_time, last_time;
    int64_t last_dts;
    /* Of the frames before this segment, and of its own. */
    int64_t times[IMP_DELAY_MOST + IMP_SEGMENT];
};

/* Opens the file, or makes it. Goes on behind the last whole segment of one that has that head;
 * writer->frames says how many frames there are then. Another head: the file begins anew. */
enum impasto_status imp_packets_open(struct imp_packets_writer *writer, const char *path,
                                     const struct imp_packets_head *head,
                                     struct impasto_error *error);
/* Notes a frame's time, before it is encoded. */
void imp_packets_frame(struct imp_packets_writer *writer, int64_t time);
/* Writes a frame's packet. number: of the frame, from 0 on. */
enum impasto_status imp_packets_write(struct imp_packets_writer *writer, const void *bytes,
                                      size_t size, int64_t number, bool key,
                                      struct impasto_error *error);
/* Ends a segment, whose packets have all been written: it is on the disk then. */
enum impasto_status imp_packets_end(struct imp_packets_writer *writer, struct impasto_error *error);
/* Forgets what is behind the last whole segment. */
void imp_packets_forget(struct imp_packets_writer *writer);
void imp_packets_shut(struct imp_packets_writer *writer);

#endif
