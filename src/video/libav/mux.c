/* SPDX-License-Identifier: MIT */
/*
 * A painted film put together in a sandbox: its packets, and from the source the sound, subtitles,
 * chapters and texts. Nothing of the source is decoded, and nothing of it gets into the program.
 */

#include "video/libav/mux.h"

#include <stdio.h>
#include <string.h>

/* Packets from sign of life to sign of life. */
#define PACKETS_PER_SIGN 2000

static bool refuse_by(struct imp_muxing *m, int result, const char *what)
{
    char why[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(result, why, sizeof(why));
    snprintf(m->answer.message, sizeof(m->answer.message), "%s (%s)", what, why);
    m->answer.status = result == AVERROR(ENOMEM) ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_OUTPUT;
    return false;
}

/* A source of which nothing can be had is no reason to lose the film. */
static bool open_source(struct imp_muxing *m)
{
    if (m->request->source < 0)
        return true;
    m->has_source = imp_input_open(&m->input, m->request->source) >= 0;
    if (m->has_source) {
        const int result = imp_mux_add_source(m);
        return result >= 0 || refuse_by(m, result, "the source's streams cannot be copied");
    }
    imp_mux_note(m, "sound that cannot be read");
    return true;
}

/* ---- Packets --------------------------------------------------------------------------------- */

/* The film's next packet, unless it waits already. */
static bool fetch_film(struct imp_muxing *m)
{
    struct imp_packet packet;
    if (m->film_waits)
        return true;
    const int found = imp_packets_next(&m->reader, &packet);
    if (found == 0)
        return true;
    if (found < 0 || av_new_packet(m->film, (int)packet.size) < 0)
        return refuse_by(m, found < 0 ? AVERROR_INVALIDDATA : AVERROR(ENOMEM),
                         "the frames so far cannot be read");
    memcpy(m->film->data, m->reader.bytes, packet.size);
    m->film->pts = packet.pts;
    m->film->dts = packet.dts;
    m->film->duration = packet.duration;
    m->film->flags = packet.key ? AV_PKT_FLAG_KEY : 0;
    m->film->stream_index = 0;
    m->film_waits = true;
    return true;
}

/* Whether a packet of the source is a part of the film, at its place in it. */
static bool place_packet(const struct imp_muxing *m, AVPacket *packet)
{
    const int index = packet->stream_index;
    const int to = index < IMP_MUX_STREAMS ? m->stream_of[index] : -1;
    if (to < 0)
        return false;
    const AVRational base = m->input.format->streams[index]->time_base;
    const int64_t early = av_rescale_q(m->early, AV_TIME_BASE_Q, base);
    const int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (time == AV_NOPTS_VALUE || (m->request->start > 0 && time < early) ||
        (m->request->length > 0 &&
         time - early >= av_rescale_q(m->request->length, AV_TIME_BASE_Q, base)))
        return false;
    packet->pts = time - early;
    packet->dts = packet->dts != AV_NOPTS_VALUE ? packet->dts - early : packet->pts;
    if (m->is_text[index] && imp_mux_make_text(packet) < 0)
        return false;
    packet->stream_index = to;
    packet->pos = -1;
    av_packet_rescale_ts(packet, base, m->out->streams[to]->time_base);
    return true;
}

static void fetch_other(struct imp_muxing *m)
{
    while (m->has_source && !m->other_waits) {
        if (av_read_frame(m->input.format, m->other) < 0) {
            m->has_source = false;
            return;
        }
        m->other_waits = place_packet(m, m->other);
        if (!m->other_waits)
            av_packet_unref(m->other);
    }
}

static bool is_film_first(const struct imp_muxing *m)
{
    if (!m->film_waits || !m->other_waits)
        return m->film_waits;
    const AVRational film = {m->reader.head.film.tick.num, m->reader.head.film.tick.den};
    return av_compare_ts(m->film->dts, film, m->other->dts,
                         m->out->streams[m->other->stream_index]->time_base) <= 0;
}

/* Every now and then the program is told that it goes on. */
static bool show_life(struct imp_muxing *m)
{
    struct imp_mux_answer sign = {.goes_on = 1};
    return ++m->packets % PACKETS_PER_SIGN != 0 || m->send(m->user, &sign, sizeof(sign));
}

static bool write_packets(struct imp_muxing *m)
{
    for (;;) {
        if (!fetch_film(m))
            return false;
        fetch_other(m);
        if ((!m->film_waits && !m->other_waits) || !show_life(m))
            return true;
        const bool film = is_film_first(m);
        if (film)
            av_packet_rescale_ts(
                m->film, (AVRational){m->reader.head.film.tick.num, m->reader.head.film.tick.den},
                m->out->streams[0]->time_base);
        const int result = av_interleaved_write_frame(m->out, film ? m->film : m->other);
        if (film)
            m->film_waits = false;
        else
            m->other_waits = false;
        /* Damaged sound is left out, and the film goes on. */
        if (result < 0 && (film || result == AVERROR(ENOSPC) || result == AVERROR(EIO)))
            return refuse_by(m, result, "it cannot be written");
    }
}

static bool put_together(struct imp_muxing *m)
{
    AVDictionary *options = NULL;
    if (!imp_packets_read(&m->reader, m->request->packets)) {
        m->answer.status = IMPASTO_ERROR_OUTPUT;
        snprintf(m->answer.message, sizeof(m->answer.message), "the frames so far are damaged");
        return false;
    }
    m->film = av_packet_alloc();
    m->other = av_packet_alloc();
    if (!m->film || !m->other)
        return refuse_by(m, AVERROR(ENOMEM), "too little memory");
    int result = imp_mux_open_output(m);
    if (result >= 0)
        result = imp_mux_add_film(m);
    if (result < 0)
        return refuse_by(m, result, "it cannot be begun");
    if (!open_source(m))
        return false;
    av_dict_set(&options, "movflags", "+faststart", 0);
    result = avformat_write_header(m->out, &options);
    av_dict_free(&options);
    if (result < 0)
        return refuse_by(m, result, "its header cannot be written");
    if (!write_packets(m))
        return false;
    result = av_write_trailer(m->out);
    return result >= 0 || refuse_by(m, result, "its end cannot be written");
}

void imp_libav_mux(const struct imp_mux_request *request, imp_libav_send_fn send, void *user)
{
    struct imp_muxing m = {.request = request, .send = send, .user = user};
    memset(m.stream_of, -1, sizeof(m.stream_of));
    av_log_set_level(AV_LOG_QUIET);
    (void)put_together(&m);
    (void)send(user, &m.answer, sizeof(m.answer));
    av_packet_free(&m.film);
    av_packet_free(&m.other);
    imp_mux_close_output(&m);
    imp_input_close(&m.input);
    imp_packets_close(&m.reader);
}
