/* SPDX-License-Identifier: MIT */
/* Bands of a picture's rows, on devices that are ranks of a team: band.h. */

#include "vgg/band.h"

#include "ops/gram.h"
#include "ops/rows.h"
#include "ops/sums.h"
#include "vgg/weights.h"

#include <stdlib.h>

/* The upper half of an upper word that says that a sum is no number: cl/fixed.cl. */
#define SPOILT 0x80000000u

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

void imp_band_close(struct imp_band *band)
{
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

/* ---- Traffic --------------------------------------------------------------------------------- */

static size_t row_floats(const struct imp_tensor *tensor)
{
    return (size_t)tensor->channels * ((size_t)tensor->width + 2);
}

/* Of so many sums, each of two words, and then of how many are spoilt. */
static size_t words_exchanged(size_t sums)
{
    return 2 * sums + 1;
}

/* Devices of a kind have the sums of a matrix in the same places, and as they are all of them
 * count. */
static size_t gram_sums(const struct imp_band *band, int channels)
{
    return band->unlike ? (size_t)channels * ((size_t)channels + 1) / 2
                        : imp_gram_sums_count(imp_device_caps(band->device), channels);
}

uint64_t imp_band_row_bytes(const struct imp_tensor *tensor)
{
    return row_floats(tensor) * sizeof(float);
}

uint64_t imp_band_gram_bytes(const struct imp_band *band, int channels)
{
    return words_exchanged(gram_sums(band, channels)) * sizeof(int64_t);
}

uint64_t imp_band_means_bytes(int channels)
{
    return words_exchanged((size_t)channels) * sizeof(int64_t);
}

uint64_t imp_band_totals_bytes(int slots)
{
    return (uint64_t)slots * IMP_SUM_GROUPS * sizeof(double);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static enum impasto_status broken(struct imp_band *band, enum impasto_status status)
{
    return imp_ranks_heard(band->comm, band->device, status);
}

static enum impasto_status meet(struct imp_band *band, const struct imp_edges *edges)
{
    const double since = imp_host_seconds();
    enum impasto_status status = imp_comm_edges_begin(band->comm, edges);
    if (status == IMPASTO_OK)
        status = imp_comm_edges_end(band->comm);
    band->waited += imp_host_seconds() - since;
    return broken(band, status);
}

/* rows: the band's first and last, of so many floats each; then those beside them. */
static enum impasto_status swap(struct imp_band *band, struct imp_buffer *rows, size_t floats)
{
    const bool goes_on[] = {imp_band_above(band), imp_band_below(band)};
    const size_t bytes = floats * sizeof(float);
    struct imp_edges edges = {0};
    IMP_TRY(imp_buffer_read(rows, 0, band->host, 2 * bytes));
    for (size_t side = 0; side < 2; side++) {
        edges.send[side] = band->host + side * floats;
        edges.receive[side] = band->host + (2 + side) * floats;
        edges.send_bytes[side] = edges.receive_bytes[side] = goes_on[side] ? bytes : 0;
    }
    IMP_TRY(meet(band, &edges));
    return imp_buffer_write(rows, 0, band->host + 2 * floats, 2 * bytes);
}

enum impasto_status imp_band_exchange(struct imp_band *band, const struct imp_tensor *tensor)
{
    const bool above = imp_band_above(band), below = imp_band_below(band);
    if (!above && !below)
        return IMPASTO_OK;
    IMP_TRY(imp_rows_take(band->device, tensor, band->edges));
    IMP_TRY(swap(band, band->edges, row_floats(tensor)));
    return imp_rows_put(band->device, tensor, band->edges, above, below);
}

enum impasto_status imp_band_exchange_image(struct imp_band *band, const struct imp_buffer *image)
{
    if (!imp_band_above(band) && !imp_band_below(band))
        return IMPASTO_OK;
    IMP_TRY(imp_rows_take_image(band->device, image, band->rows, band->width, band->image_rows));
    return swap(band, band->image_rows, 3 * (size_t)band->width);
}

/* ---- Sums ------------------------------------------------------------------------------------ */

/* Sums of a device: IMP_GRAM_WORDS planes of `count` words. */
struct words {
    uint32_t *word;
    size_t count;
    /* Of those that are exchanged, their places: those of number k are at[k] and also[k]. NULL:
     * all, as they lie. */
    size_t *at, *also;
    size_t sums;
};

/* values: the lower words, then the upper; then how many are spoilt. */
static void join_words(const struct words *words, int64_t *values)
{
    const size_t count = words->count, sums = words->sums;
    values[2 * sums] = 0;
    for (size_t k = 0; k < sums; k++) {
        const uint32_t *word = words->word + (words->at ? words->at[k] : k);
        values[k] = (int64_t)((uint64_t)word[count] << 32 | word[0]);
        values[sums + k] = (int64_t)((uint64_t)word[3 * count] << 32 | word[2 * count]);
        values[2 * sums] += word[3 * count] == SPOILT;
    }
}

static void put_words(const struct words *words, size_t place, uint64_t lower, uint64_t upper)
{
    uint32_t *word = words->word + place;
    word[0] = (uint32_t)lower;
    word[words->count] = (uint32_t)(lower >> 32);
    word[2 * words->count] = (uint32_t)upper;
    word[3 * words->count] = (uint32_t)(upper >> 32);
}

static void split_words(const struct words *words, const int64_t *values)
{
    const size_t sums = words->sums;
    const bool spoilt = values[2 * sums] > 0;
    for (size_t k = 0; k < sums; k++) {
        const uint64_t upper = spoilt ? (uint64_t)SPOILT << 32 : (uint64_t)values[sums + k];
        put_words(words, words->at ? words->at[k] : k, (uint64_t)values[k], upper);
        if (words->also)
            put_words(words, words->also[k], (uint64_t)values[k], upper);
    }
}

static enum impasto_status add(struct imp_band *band, int64_t *values, size_t count)
{
    const double since = imp_host_seconds();
    enum impasto_status status = imp_comm_sum_begin(band->comm, values, count);
    if (status == IMPASTO_OK)
        status = imp_comm_sum_end(band->comm);
    band->waited += imp_host_seconds() - since;
    return broken(band, status);
}

/* words: zeroed, but for counts and places, which are the caller's. */
static enum impasto_status add_words(struct imp_band *band, struct imp_buffer *sums,
                                     struct words *words)
{
    const size_t bytes = IMP_GRAM_WORDS * words->count * sizeof(uint32_t);
    const size_t values_count = words_exchanged(words->sums);
    int64_t *values = malloc(values_count * sizeof(*values));
    enum impasto_status status = IMPASTO_OK;
    words->word = malloc(bytes);
    if (!words->word || !values)
        status = imp_device_fail_memory(band->device, "sums", bytes);
    if (status == IMPASTO_OK)
        status = imp_buffer_read(sums, 0, words->word, bytes);
    if (status == IMPASTO_OK) {
        join_words(words, values);
        status = add(band, values, values_count);
    }
    if (status == IMPASTO_OK) {
        split_words(words, values);
        status = imp_buffer_write(sums, 0, words->word, bytes);
    }
    free(words->word);
    free(values);
    return status;
}

enum impasto_status imp_band_add_means(struct imp_band *band, struct imp_buffer *sums, int channels)
{
    struct words words = {.count = (size_t)channels, .sums = (size_t)channels};
    return add_words(band, sums, &words);
}

/* Entries on the diagonal and below, row by row. A tile on the diagonal has those above, too. */
static void find_places(const struct imp_caps *caps, int channels, struct words *words)
{
    size_t k = 0;
    for (int i = 0; i < channels; i++)
        for (int j = 0; j <= i; j++, k++) {
            const size_t mirrored = imp_gram_sums_place(caps, j, i);
            words->at[k] = imp_gram_sums_place(caps, i, j);
            words->also[k] = mirrored == SIZE_MAX ? words->at[k] : mirrored;
        }
}

enum impasto_status imp_band_add_gram(struct imp_band *band, struct imp_buffer *sums, int channels)
{
    const struct imp_caps *caps = imp_device_caps(band->device);
    const size_t half = gram_sums(band, channels);
    struct words words = {.count = imp_gram_sums_count(caps, channels), .sums = half};
    if (!band->unlike)
        return add_words(band, sums, &words);
    words.at = malloc(2 * half * sizeof(*words.at));
    if (!words.at)
        return imp_device_fail_memory(band->device, "sums", 2 * half * sizeof(*words.at));
    words.also = words.at + half;
    find_places(caps, channels, &words);
    const enum impasto_status status = add_words(band, sums, &words);
    free(words.at);
    return status;
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

enum impasto_status imp_ranks_heard(const struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status status)
{
    return status == IMPASTO_OK
               ? status
               : imp_device_fail(device, status, "%s", imp_comm_error(comm)->message);
}

enum impasto_status imp_ranks_agree(struct imp_comm *comm, struct imp_device *device,
                                    enum impasto_status mine)
{
    struct impasto_error *place = imp_device_error_place(device);
    const struct impasto_error own = *place;
    const enum impasto_status status = imp_comm_agree(comm, mine, place);
    if (mine != IMPASTO_OK && imp_comm_rank(comm) == 0)
        *place = own;
    return status;
}
