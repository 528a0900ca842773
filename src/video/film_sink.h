/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_FILM_SINK_H
#define IMP_VIDEO_FILM_SINK_H

/* Inside films: one in a container that is being made. */

#include "video/job_folder.h"
#include "video/kept.h"
#include "video/packets.h"

struct imp_film_sink {
    const char *path;
    const struct imp_stream_options *options;
    const struct imp_libav *libav;
    struct imp_job_folder folder;
    char *packets, *frames; /* paths in it */
    struct imp_encode_request request;
    struct imp_packets_head head;
    struct imp_encoder *encoder; /* of the segment at hand; NULL: it has no frame yet */
    struct imp_packets_writer writer;
    struct imp_kept kept; /* with options->builds */
    struct imp_file out;
};

/* ---- film_finish.c --------------------------------------------------------------------------- */

/* Puts the film together, with the sound of the source, if that is a film of a kind that has any.
 */
enum impasto_status imp_film_sink_mux(struct imp_film_sink *sink, struct impasto_error *error);
/* Removes the folder with all that was kept for another run. */
void imp_film_sink_clear(const struct imp_film_sink *sink);

#endif
