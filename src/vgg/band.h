/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_BAND_H
#define IMP_VGG_BAND_H

/*
 * A picture over several devices: each has a band of its rows (band.c). A tensor of a band has the
 * neighbours' next rows in its halo, once they have been exchanged. So the kernels compute a band
 * as they compute a whole picture, to the same bits.
 *
 * Borders lie between blocks of rows (ops/blocks.h). There even the deepest stage's rows are whole
 * tiles of Winograd's, and sums do not cross them.
 *
 * A band NULL is the whole picture. All ranks make the same calls in the same order, and each waits
 * for the others.
 */

#include "comm/comm.h"
#include "device/layout.h"
#include "ops/blocks.h"
#include "ops/element.h"

/*
 * Whether rows travel while others are computed. That hides what exchanges take, and costs launches
 * of few rows. So some iterations go the one way, some the other, and the faster one stays. The
 * bits are the same, and so are the calls that ranks make, so each may decide by itself.
 */
struct imp_pace {
    bool overlaps;   /* just now */
    bool decided;    /* and from now on */
    int iterations;  /* that have begun */
    double begun;    /* imp_host_seconds() of the last */
    double least[2]; /* seconds of one: rows travel before anything is computed, and meanwhile */
    double lines;    /* seconds of one that exchanges take, as measured at first; the caller's */
};
/* $IMPASTO_OVERLAP set to "on" or "off" decides. (pace.c) */
void imp_pace_open(struct imp_pace *pace);
/* Called at one place of each iteration. cpu: that is what the device is. */
void imp_pace_keep(struct imp_pace *pace, bool cpu);

struct imp_band {
    struct imp_device *device;
    struct imp_comm *comm;
    int height, width;             /* of the picture */
    int begin, rows;               /* of it, those that are here */
    struct imp_buffer *edges;      /* rows on their way: (2, channels, width + 2) of any layer */
    struct imp_buffer *image_rows; /* (2, 3, width), those beside the image */
    size_t edge_floats;            /* the most in one row of `edges` */
    float *host;                   /* 4 times as many: to send, received */
    struct imp_copying taken, put; /* rows on their way to `host`, and from it */
    struct imp_pace pace;
    struct imp_band_sum *sums; /* of matrices and means, on their way; NULL: none */
    double *totals;            /* of all ranks: imp_band_totals */
    size_t totals_room;
    double waited; /* seconds, for other ranks */
    bool unlike;   /* not all devices have the sums of Gram matrices in the same places */
};

/* begins: the first row of each rank's band, and behind them the height. Waits for the other ranks.
 * IMPASTO_ERROR_MEMORY, of the host's. */
enum impasto_status imp_band_open(struct imp_band *band, struct imp_device *device,
                                  struct imp_comm *comm, const int *begins, int width);
/* Also of a zeroed one. */
void imp_band_close(struct imp_band *band);
/* What a failure has left on its way: waits for copies, and drops sums. */
void imp_band_forget(struct imp_band *band);
void imp_band_layout(struct imp_band *band, struct imp_layout *layout);
/* The height of the picture of which `height` rows are here. */
int imp_band_whole(const struct imp_band *band, int height);
/* Whether the picture goes on there. */
bool imp_band_above(const struct imp_band *band);
bool imp_band_below(const struct imp_band *band);
/* The blocks that are here of the activations whose height was halved so often. height: the band's,
 * of the picture. */
struct imp_blocks imp_band_blocks(const struct imp_band *band, int height, int halvings);

/* ---- Rows: band_rows.c ----------------------------------------------------------------------- */

/* The halo's rows of a tensor that has all of the band's rows = the neighbours' rows there. */
enum impasto_status imp_band_exchange(struct imp_band *band, const struct imp_tensor *tensor);
/* The same in two halves. What is launched between them runs while the rows are on their way, and
 * may read all of the tensor but these. */
enum impasto_status imp_band_exchange_begin(struct imp_band *band, const struct imp_tensor *tensor);
enum impasto_status imp_band_exchange_end(struct imp_band *band, const struct imp_tensor *tensor);
/* band->image_rows = those beside an image (3, rows, width); *beside: for imp_tv_sum. */
enum impasto_status imp_band_exchange_image(struct imp_band *band, const struct imp_buffer *image);
struct imp_beside imp_band_beside(const struct imp_band *band);
/* What one neighbour is given of it. */
uint64_t imp_band_row_bytes(const struct imp_tensor *tensor);

/* ---- Sums: band_sums.c ----------------------------------------------------------------------- */

/* The words of imp_gram's sums, and of imp_mean's = all bands' together, once imp_band_add_end has
 * returned; until then the buffers stay as they are. They go to the others with the next rows that
 * are exchanged. What is spoilt in one band spoils all. */
enum impasto_status imp_band_add_gram(struct imp_band *band, struct imp_buffer *sums, int channels);
enum impasto_status imp_band_add_means(struct imp_band *band, struct imp_buffer *sums,
                                       int channels);
/* What has been read of them by now, which is all that was asked for before the rows at hand, goes
 * to the others. */
enum impasto_status imp_band_add_send(struct imp_band *band);
enum impasto_status imp_band_add_end(struct imp_band *band);
/* After a failure. */
void imp_band_add_drop(struct imp_band *band);
/* What a matrix gives to all, and means. */
uint64_t imp_band_gram_bytes(const struct imp_band *band, int channels);
uint64_t imp_band_means_bytes(int channels);

/* ---- All bands: band.c ----------------------------------------------------------------------- */

uint64_t imp_band_totals_bytes(int slots);
/* As imp_sums_read, of all bands, the same on every rank. alike: slots that are no sums over rows,
 * but the same on all ranks, up to rounding; the first one's count. */
enum impasto_status imp_band_totals(struct imp_band *band, struct imp_device *device,
                                    const struct imp_buffer *sums, int slots, const bool *alike,
                                    double *totals);
/* Planes of the whole picture, (planes, height, width), on every rank that wants them (else NULL),
 * from each one's own rows: (planes, rows, width). */
enum impasto_status imp_band_collect(struct imp_band *band, const float *own, int planes,
                                     float *whole);

/* The first rank's bytes, on every rank. */
enum impasto_status imp_band_share(struct imp_band *band, void *bytes, size_t size);

/* ---- ranks.c --------------------------------------------------------------------------------- */

/* The status of a call of the lines between ranks, where whoever has made it fail has said why; in
 * the device's error as well. */
enum impasto_status imp_ranks_heard(const struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status status);
/* A point that all ranks pass together or not at all: the first failure, for all, in their devices'
 * errors. The first rank's own has no number before it, as its caller knows whose it is. */
enum impasto_status imp_ranks_agree(struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status mine);

#endif
