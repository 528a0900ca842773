/* SPDX-License-Identifier: MIT */
/*
 * The sums of Gram matrices and of means, of all bands together: band.h. They are whole numbers, so
 * it does not matter in which order they are added. Each is read, sent, and on its way while the
 * network goes on; all of them are waited for at once.
 */

#include "vgg/band.h"

#include "ops/gram.h"
#include "ops/sums.h"

#include <stdlib.h>

/* The upper half of an upper word that says that a sum is no number: cl/fixed.cl. */
#define SPOILT 0x80000000u

/* Sums of a device: IMP_GRAM_WORDS planes of `count` words. */
struct words {
    uint32_t *word;
    size_t count;
    /* Of those that are exchanged, their places: those of number k are at[k] and also[k]. NULL:
     * all, as they lie. */
    size_t *at, *also;
    size_t sums;
};

struct imp_band_sum {
    struct imp_band_sum *next;
    struct imp_buffer *buffer;
    struct words words;
    struct imp_copying copying; /* to the words */
    int64_t *values;            /* what ranks add up */
    bool sent;
};

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

uint64_t imp_band_gram_bytes(const struct imp_band *band, int channels)
{
    return words_exchanged(gram_sums(band, channels)) * sizeof(int64_t);
}

uint64_t imp_band_means_bytes(int channels)
{
    return words_exchanged((size_t)channels) * sizeof(int64_t);
}

/* ---- Words ----------------------------------------------------------------------------------- */

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

/* ---- On their way ---------------------------------------------------------------------------- */

static void forget(struct imp_band_sum *sum)
{
    imp_copying_drop(&sum->copying);
    free(sum->words.word);
    free(sum->words.at);
    free(sum->values);
    free(sum);
}

void imp_band_add_drop(struct imp_band *band)
{
    while (band->sums) {
        struct imp_band_sum *sum = band->sums;
        band->sums = sum->next;
        forget(sum);
    }
}

static size_t words_bytes(const struct words *words)
{
    return IMP_GRAM_WORDS * words->count * sizeof(uint32_t);
}

/* Takes words.at. All ranks send their sums in the same order, so the last comes last. */
static enum impasto_status add_begin(struct imp_band *band, struct imp_buffer *buffer,
                                     struct words words)
{
    struct imp_band_sum **last = &band->sums, *sum = calloc(1, sizeof(*sum));
    while (*last)
        last = &(*last)->next;
    words.word = malloc(words_bytes(&words));
    int64_t *values = malloc(words_exchanged(words.sums) * sizeof(*values));
    if (!sum || !words.word || !values) {
        free(sum);
        free(words.word);
        free(words.at);
        free(values);
        return imp_device_fail_memory(band->device, "sums", words_bytes(&words));
    }
    *sum = (struct imp_band_sum){.buffer = buffer, .words = words, .values = values};
    *last = sum;
    return imp_buffer_read_begin(buffer, 0, words.word, words_bytes(&words), &sum->copying);
}

enum impasto_status imp_band_add_means(struct imp_band *band, struct imp_buffer *sums, int channels)
{
    return add_begin(band, sums,
                     (struct words){.count = (size_t)channels, .sums = (size_t)channels});
}

enum impasto_status imp_band_add_gram(struct imp_band *band, struct imp_buffer *sums, int channels)
{
    const struct imp_caps *caps = imp_device_caps(band->device);
    const size_t half = gram_sums(band, channels);
    struct words words = {.count = imp_gram_sums_count(caps, channels), .sums = half};
    if (band->unlike) {
        words.at = malloc(2 * half * sizeof(*words.at));
        if (!words.at)
            return imp_device_fail_memory(band->device, "sums", 2 * half * sizeof(*words.at));
        words.also = words.at + half;
        find_places(caps, channels, &words);
    }
    return add_begin(band, sums, words);
}

static enum impasto_status heard(struct imp_band *band, double since, enum impasto_status status)
{
    band->waited += imp_host_seconds() - since;
    return imp_ranks_heard(band->comm, band->device, status);
}

enum impasto_status imp_band_add_send(struct imp_band *band)
{
    for (struct imp_band_sum *sum = band->sums; sum; sum = sum->next) {
        if (sum->sent)
            continue;
        IMP_TRY(imp_copying_end(&sum->copying));
        join_words(&sum->words, sum->values);
        sum->sent = true;
        const double since = imp_host_seconds();
        IMP_TRY(
            heard(band, since,
                  imp_comm_sum_begin(band->comm, sum->values, words_exchanged(sum->words.sums))));
    }
    return IMPASTO_OK;
}

enum impasto_status imp_band_add_end(struct imp_band *band)
{
    if (!band->sums)
        return IMPASTO_OK;
    IMP_TRY(imp_band_add_send(band));
    const double since = imp_host_seconds();
    IMP_TRY(heard(band, since, imp_comm_sum_end(band->comm)));
    for (struct imp_band_sum *sum = band->sums; sum; sum = sum->next) {
        split_words(&sum->words, sum->values);
        IMP_TRY(imp_buffer_write(sum->buffer, 0, sum->words.word, words_bytes(&sum->words)));
    }
    imp_band_add_drop(band);
    return IMPASTO_OK;
}
