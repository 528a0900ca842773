/* SPDX-License-Identifier: MIT */
/* Bands of a picture's rows, on devices that are ranks of a team: band.h. */

#include "vgg/band.h"

#include "ops/gram.h"
#include "ops/sums.h"
#include "vgg/weights.h"

#include <stdlib.h>

/* ---- Life ------------------------------------------------------------------------------------ */

/* The most floats that one row of any layer has, halo included. */
static size_t most_floats(int width)
{
    size_t most = 0;
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        const int across = (width >> (imp_layer_shapes[l].block - 1)) + 2;
        const size_t floats = (size_t)imp_layer_shapes[l].out_channels * (size_t)across;
        most = floats > most ? floats : most;
    }
    return most;
}

/* After a failure, something may still be on its way to the host's memory. */
void imp_band_forget(struct imp_band *band)
{
    imp_copying_drop(&band->taken);
    imp_copying_drop(&band->put);
    imp_band_add_drop(band);
}

void imp_band_close(struct imp_band *band)
{
    imp_band_forget(band);
    free(band->host);
    free(band->totals);
    *band = (struct imp_band){0};
}

void imp_band_layout(struct imp_band *band, struct imp_layout *layout)
{
    imp_layout_add(layout, &band->edges, 2 * band->edge_floats * sizeof(float), "bands");
    imp_layout_add(layout, &band->image_rows, 2 * 3 * (size_t)band->width * sizeof(float), "bands");
}

/* ---- Shape ----------------------------------------------------------------------------------- */

int imp_band_whole(const struct imp_band *band, int height)
{
    return band ? band->height : height;
}

bool imp_band_above(const struct imp_band *band)
{
    return band && band->begin > 0;
}

bool imp_band_below(const struct imp_band *band)
{
    return band && band->begin + band->rows < band->height;
}

struct imp_blocks imp_band_blocks(const struct imp_band *band, int height, int halvings)
{
    const struct imp_blocks all = imp_blocks_of(imp_band_whole(band, height), halvings);
    return band ? imp_blocks_within(&all, band->begin >> halvings,
                                    imp_band_below(band) ? band->rows >> halvings
                                                         : all.height - (band->begin >> halvings))
                : all;
}

struct imp_beside imp_band_beside(const struct imp_band *band)
{
    return (struct imp_beside){
        .height = band->height, .begin = band->begin, .rows = band->image_rows};
}

/* ---- Totals ---------------------------------------------------------------------------------- */

uint64_t imp_band_totals_bytes(int slots)
{
    return (uint64_t)slots * IMP_SUM_GROUPS * sizeof(double);
}

static enum impasto_status broken(struct imp_band *band, enum impasto_status status)
{
    return imp_ranks_heard(band->comm, band->device, status);
}

/* Room for all ranks' groups of so many slots, and for how many each has. */
static enum impasto_status make_room(struct imp_band *band, size_t doubles)
{
    if (doubles <= band->totals_room)
        return IMPASTO_OK;
    free(band->totals);
    band->totals = malloc(doubles * sizeof(*band->totals));
    band->totals_room = band->totals ? doubles : 0;
    return band->totals
               ? IMPASTO_OK
               : imp_device_fail_memory(band->device, "sums", doubles * sizeof(*band->totals));
}

/* own: of this rank; all: of each. */
static enum impasto_status gather(struct imp_band *band, const double *own, double *all,
                                  size_t count)
{
    const size_t size = (size_t)imp_comm_size(band->comm);
    size_t *counts = malloc(size * sizeof(*counts));
    if (!counts)
        return imp_device_fail_memory(band->device, "sums", 0);
    for (size_t rank = 0; rank < size; rank++)
        counts[rank] = count;
    const double since = imp_host_seconds();
    const enum impasto_status status = imp_comm_gather(band->comm, own, all, counts);
    band->waited += imp_host_seconds() - since;
    free(counts);
    return broken(band, status);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum impasto_status compare_layouts(struct imp_band *band)
{
    const double own = imp_gram_sums_layout(imp_device_caps(band->device));
    const int size = imp_comm_size(band->comm);
    double *all = malloc((size_t)size * sizeof(*all));
    if (!all)
        return imp_device_fail_memory(band->device, "rows of a band", 0);
    const enum impasto_status status = gather(band, &own, all, 1);
    for (int rank = 0; rank < size && status == IMPASTO_OK; rank++)
        band->unlike = band->unlike || all[rank] != own;
    free(all);
    return status;
}

enum impasto_status imp_band_open(struct imp_band *band, struct imp_device *device,
                                  struct imp_comm *comm, const int *begins, int width)
{
    const int rank = imp_comm_rank(comm), size = imp_comm_size(comm);
    *band = (struct imp_band){.device = device,
                              .comm = comm,
                              .height = begins[size],
                              .width = width,
                              .begin = begins[rank],
                              .rows = begins[rank + 1] - begins[rank],
                              .edge_floats = most_floats(width)};
    imp_pace_open(&band->pace);
    band->host = calloc(4 * band->edge_floats, sizeof(*band->host));
    return band->host ? compare_layouts(band)
                      : imp_device_fail_memory(device, "rows of a band",
                                               4 * band->edge_floats * sizeof(*band->host));
}

/* ---- Totals ---------------------------------------------------------------------------------- */

enum impasto_status imp_band_totals(struct imp_band *band, struct imp_device *device,
                                    const struct imp_buffer *sums, int slots, const bool *alike,
                                    double *totals)
{
    if (!band)
        return imp_sums_read(device, sums, slots, totals);
    const size_t size = (size_t)imp_comm_size(band->comm);
    const size_t count = (size_t)slots * IMP_SUM_GROUPS;
    IMP_TRY(make_room(band, (1 + size) * count));
    double *all = band->totals + count;
    IMP_TRY(imp_sums_groups(device, sums, slots, band->totals));
    IMP_TRY(gather(band, band->totals, all, count));
    for (int slot = 0; slot < slots; slot++) {
        totals[slot] = 0;
        /* Blocks follow each other from rank to rank; what is not used is 0. */
        for (size_t rank = 0; rank < (alike && alike[slot] ? 1 : size); rank++)
            for (int k = 0; k < IMP_SUM_GROUPS; k++)
                totals[slot] += all[rank * count + (size_t)(slot * IMP_SUM_GROUPS + k)];
    }
    return IMPASTO_OK;
}

/* ---- Whole pictures -------------------------------------------------------------------------- */

/* What rows each rank has, and which it wants: all, or none. */
static enum impasto_status ranges(struct imp_band *band, bool wants, struct imp_row_range *have,
                                  struct imp_row_range *want)
{
    enum { BEGIN, END, WANTED, SAID };
    const size_t size = (size_t)imp_comm_size(band->comm);
    const double own[SAID] = {band->begin, band->begin + band->rows, wants ? band->height : 0};
    double *all = malloc(SAID * size * sizeof(*all));
    if (!all)
        return imp_device_fail_memory(band->device, "rows of bands", 0);
    const enum impasto_status status = gather(band, own, all, SAID);
    for (size_t rank = 0; rank < size && status == IMPASTO_OK; rank++) {
        const double *said = all + SAID * rank;
        have[rank] = (struct imp_row_range){(int64_t)said[BEGIN], (int64_t)said[END]};
        want[rank] = (struct imp_row_range){0, (int64_t)said[WANTED]};
    }
    free(all);
    return status;
}

enum impasto_status imp_band_collect(struct imp_band *band, const float *own, int planes,
                                     float *whole)
{
    const size_t size = (size_t)imp_comm_size(band->comm);
    struct imp_row_range *have = calloc(2 * size, sizeof(*have));
    if (!have)
        return imp_device_fail_memory(band->device, "rows of bands", 0);
    enum impasto_status status = ranges(band, whole != NULL, have, have + size);
    if (status == IMPASTO_OK)
        status = broken(
            band, imp_comm_rows(band->comm, &(struct imp_rows_move){
                                                .have = have,
                                                .want = have + size,
                                                .row_bytes = (size_t)band->width * sizeof(float),
                                                .planes = planes,
                                                .from = own,
                                                .to = whole,
                                            }));
    free(have);
    return status;
}

enum impasto_status imp_band_share(struct imp_band *band, void *bytes, size_t size)
{
    return broken(band, imp_comm_broadcast(band->comm, bytes, size, 0));
}
