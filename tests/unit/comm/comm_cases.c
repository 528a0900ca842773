/* SPDX-License-Identifier: MIT */
#include "comm_cases.h"

#include "comm/transport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20
/* Above what transports send without asking first. */
#define LARGE 100003

/* ---- Numbers that every rank can tell -------------------------------------------------------- */

static uint32_t number(int rank, int stream, size_t i)
{
    return imp_rng_bits(SEED + (uint64_t)rank, (uint32_t)stream, i);
}

static unsigned char byte_at(uint32_t first, size_t i)
{
    return (unsigned char)((first + (uint32_t)i * 2654435761u) >> 24);
}

static void fill(unsigned char *bytes, size_t size, int rank, int stream)
{
    const uint32_t first = number(rank, stream, 0);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(first, i);
}

static bool is_filled(const unsigned char *bytes, size_t size, int rank, int stream)
{
    const uint32_t first = number(rank, stream, 0);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_at(first, i))
            return false;
    return true;
}

static bool wrong(char text[CASE_TEXT], const struct imp_comm *comm, const char *what)
{
    snprintf(text, CASE_TEXT, "rank %d of %d: %s", imp_comm_rank(comm), imp_comm_size(comm), what);
    return false;
}

/* What a call has given; false: it has failed, and text is what the end says of it. */
static bool went(struct imp_comm *comm, enum impasto_status status, char text[CASE_TEXT])
{
    if (status != IMPASTO_OK)
        snprintf(text, CASE_TEXT, "%s", imp_comm_error(comm)->message);
    return status == IMPASTO_OK;
}

/* ---- The cases ------------------------------------------------------------------------------- */

/* Bytes over the border below a rank, to the side of it: odd, none, many. */
static size_t edge_bytes(int border, int side, int round)
{
    static const size_t sizes[] = {0, 1, 3, 1001, 4096, LARGE};
    return sizes[number(border, 1 + side, (size_t)round) % IMP_COUNT(sizes)];
}

struct edge_buffers {
    unsigned char send[2][LARGE], receive[2][LARGE];
};

/* An exchange, with a sum while it is on its way. */
static bool edge_round(struct imp_comm *comm, int round, struct edge_buffers *b,
                       char text[CASE_TEXT])
{
    const int rank = imp_comm_rank(comm), size = imp_comm_size(comm);
    struct imp_edges edges = {0};
    int64_t sum = rank;
    for (int side = 0; side < 2; side++) {
        const int border = rank - 1 + side; /* below that rank */
        edges.send[side] = b->send[side];
        edges.receive[side] = b->receive[side];
        edges.send_bytes[side] = edge_bytes(border, side, round);
        edges.receive_bytes[side] = edge_bytes(border, 1 - side, round);
        fill(b->send[side], edges.send_bytes[side], rank, 10 + side + round);
        memset(b->receive[side], 0, LARGE);
    }
    if (!went(comm, imp_comm_edges_begin(comm, &edges), text) ||
        !went(comm, imp_comm_sum_begin(comm, &sum, 1), text) ||
        !went(comm, imp_comm_edges_end(comm), text) || !went(comm, imp_comm_sum_end(comm), text))
        return false;
    for (int side = 0; side < 2; side++) {
        const int peer = rank - 1 + 2 * side;
        const size_t bytes = peer < 0 || peer == size ? 0 : edges.receive_bytes[side];
        if (!is_filled(b->receive[side], bytes, peer, 10 + (1 - side) + round))
            return wrong(text, comm, "the neighbour's bytes are others");
        for (size_t i = bytes; i < LARGE; i++)
            if (b->receive[side][i] != 0)
                return wrong(text, comm, "more bytes than the neighbour has sent");
    }
    return sum == (int64_t)size * (size - 1) / 2 || wrong(text, comm, "a sum beside an exchange");
}

static bool case_edges(struct imp_comm *comm, char text[CASE_TEXT])
{
    struct edge_buffers *buffers = malloc(sizeof(*buffers));
    bool good = buffers != NULL || wrong(text, comm, "no memory");
    for (int round = 0; good && round < 8; round++)
        good = edge_round(comm, round, buffers, text);
    free(buffers);
    return good;
}

/* Of a rank; two of them overflow. */
static int64_t addend(int rank, size_t i)
{
    return (int64_t)((uint64_t)number(rank, 2, i) << 32 | number(rank, 3, i));
}

static bool check_sum(struct imp_comm *comm, const int64_t *values, size_t count,
                      char text[CASE_TEXT])
{
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = 0;
        for (int rank = 0; rank < imp_comm_size(comm); rank++)
            sum += (uint64_t)addend(rank, i);
        if ((uint64_t)values[i] != sum)
            return wrong(text, comm, "a sum is wrong");
    }
    return true;
}

/* More sums than may be on their way, of many sizes. */
static bool case_sums(struct imp_comm *comm, char text[CASE_TEXT])
{
    static int64_t none;
    const size_t counts[] = {0, 1, 3, 9001, 17, 1000};
    int64_t *values[IMP_SUMS + 5] = {0};
    bool good = true;
    for (size_t k = 0; good && k < IMP_COUNT(values); k++) {
        const size_t count = counts[k % (k < 6 ? 6 : 3)];
        values[k] = malloc((count + 1) * sizeof(**values));
        good = values[k] != NULL || wrong(text, comm, "no memory");
        for (size_t i = 0; good && i < count; i++)
            values[k][i] = addend(imp_comm_rank(comm), i);
        good = good &&
               went(comm, imp_comm_sum_begin(comm, count == 0 ? &none : values[k], count), text);
    }
    good = good && went(comm, imp_comm_sum_end(comm), text);
    for (size_t k = 0; good && k < IMP_COUNT(values); k++)
        good = check_sum(comm, values[k], counts[k % (k < 6 ? 6 : 3)], text);
    /* A sum that is on its way when a call fails is not touched any more. */
    for (size_t k = 0; k < IMP_COUNT(values); k++)
        free(values[k]);
    return good;
}

/* Every bit arrives, of whatever it is. */
static double told(int rank, size_t i)
{
    static const double odd[] = {-0.0, INFINITY, NAN, 1.0 / 3, 5e-324};
    return i < IMP_COUNT(odd) ? odd[i] : rank + 1.0 / (1 + (double)i);
}

static bool case_gather(struct imp_comm *comm, char text[CASE_TEXT])
{
    enum { MOST = 64 };
    const int size = imp_comm_size(comm), rank = imp_comm_rank(comm);
    double own[MOST], all[MOST * MOST];
    size_t counts[MOST], at = 0;
    for (int k = 0; k < size; k++)
        counts[k] = (size_t)((k * 7 + 3) % 11) * (k != 1);
    for (size_t i = 0; i < counts[rank]; i++)
        own[i] = told(rank, i);
    if (!went(comm, imp_comm_gather(comm, own, all, counts), text))
        return false;
    for (int k = 0; k < size; k++)
        for (size_t i = 0; i < counts[k]; i++, at++) {
            const double value = told(k, i);
            if (memcmp(&all[at], &value, sizeof(value)) != 0)
                return wrong(text, comm, "a gathered number is another");
        }
    return true;
}

static bool case_broadcast(struct imp_comm *comm, char text[CASE_TEXT])
{
    const size_t sizes[] = {0, 1, 7, LARGE};
    unsigned char *bytes = malloc(LARGE);
    bool good = bytes != NULL || wrong(text, comm, "no memory");
    for (int root = 0; good && root < imp_comm_size(comm); root++)
        for (size_t k = 0; good && k < IMP_COUNT(sizes); k++) {
            fill(bytes, sizes[k], imp_comm_rank(comm), 40 + (int)k);
            good = went(comm, imp_comm_broadcast(comm, bytes, sizes[k], root), text) &&
                   (is_filled(bytes, sizes[k], root, 40 + (int)k) ||
                    wrong(text, comm, "what the root has sent is other"));
        }
    free(bytes);
    return good;
}

/* ---- Rows between partitions ----------------------------------------------------------------- */

#define RANKS 64
#define ROWS 97
#define PLANES 3
#define ROW_BYTES 37

/* Cuts the rows among ranks, some of which get none. */
static void cut(struct imp_row_range *ranges, int size, int round)
{
    int64_t at = 0;
    for (int k = 0; k < size; k++) {
        const int64_t rest = ROWS - at;
        const int64_t rows = k + 1 == size ? rest : number(k, 50, (size_t)round) % (rest + 1);
        ranges[k] = (struct imp_row_range){at, at + rows};
        at += rows;
    }
}

/* What is wanted may overlap, be empty, and be upside down, which is empty as well. */
static void choose(struct imp_row_range *ranges, int size, int round)
{
    for (int k = 0; k < size; k++) {
        ranges[k].begin = number(k, 51, (size_t)round) % (ROWS + 1);
        ranges[k].end = number(k, 52, (size_t)round) % (ROWS + 1);
    }
}

static unsigned char pixel(int64_t row, int plane, size_t x)
{
    return (unsigned char)number(plane, 53, (size_t)row * ROW_BYTES + x);
}

/* Sets or checks what planes with those rows hold. */
static bool paint(unsigned char *planes, struct imp_row_range range, const struct imp_rows_move *m,
                  bool check)
{
    for (int plane = 0; plane < m->planes; plane++)
        for (int64_t row = range.begin; row < range.end; row++)
            for (size_t x = 0; x < m->row_bytes; x++, planes++) {
                if (check && *planes != pixel(row, plane, x))
                    return false;
                *planes = pixel(row, plane, x);
            }
    return true;
}

static bool case_rows(struct imp_comm *comm, char text[CASE_TEXT])
{
    const int size = imp_comm_size(comm), rank = imp_comm_rank(comm);
    static const size_t bytes = (size_t)ROWS * PLANES * ROW_BYTES;
    unsigned char *from = malloc(bytes), *to = malloc(bytes);
    struct imp_row_range have[RANKS], want[RANKS];
    bool good = (from != NULL && to != NULL) || wrong(text, comm, "no memory");
    for (int round = 0; good && round < 12; round++) {
        struct imp_rows_move move = {.have = have, .want = want, .from = from, .to = to};
        cut(have, size, round);
        choose(want, size, round);
        move.planes = 1 + round % PLANES;
        move.row_bytes = 1 + (size_t)round * 3 % ROW_BYTES;
        (void)paint(from, have[rank], &move, false);
        memset(to, 0, bytes);
        good = went(comm, imp_comm_rows(comm, &move), text) &&
               (paint(to, want[rank], &move, true) || wrong(text, comm, "rows are others"));
    }
    free(from);
    free(to);
    return good;
}

/* ---- Agreement ------------------------------------------------------------------------------- */

/* Ranks from `first` on fail. */
static bool agree_on(struct imp_comm *comm, int first, char text[CASE_TEXT])
{
    const int rank = imp_comm_rank(comm), size = imp_comm_size(comm);
    struct impasto_error error = {0};
    char expected[128];
    enum impasto_status mine = IMPASTO_OK;
    if (rank >= first)
        mine = imp_fail(&error, rank == first ? IMPASTO_ERROR_MEMORY : IMPASTO_ERROR_INPUT,
                        "no room at %d", rank);
    const enum impasto_status status = imp_comm_agree(comm, mine, &error);
    if (!went(comm, imp_comm_error(comm)->status, text))
        return false;
    snprintf(expected, sizeof(expected), size == 1 ? "no room at 0" : "rank %d: no room at %d",
             first, first);
    if (first == size)
        return status == IMPASTO_OK || wrong(text, comm, "all well, and yet no agreement");
    return (status == IMPASTO_ERROR_MEMORY && error.status == status &&
            strcmp(error.message, expected) == 0) ||
           wrong(text, comm, error.message);
}

static bool case_agree(struct imp_comm *comm, char text[CASE_TEXT])
{
    for (int first = imp_comm_size(comm); first >= 0; first--)
        if (!agree_on(comm, first, text))
            return false;
    return agree_on(comm, imp_comm_size(comm), text);
}

/* ---- Letters --------------------------------------------------------------------------------- */

static bool sent(struct imp_comm *comm, int to, const void *bytes, size_t size,
                 char text[CASE_TEXT])
{
    bool arrived = false;
    return went(comm, imp_comm_send(comm, to, bytes, size), text) &&
           went(comm, imp_comm_sent(comm, to, true, &arrived), text) &&
           (arrived || wrong(text, comm, "a letter was waited for, and has not arrived"));
}

static bool received(struct imp_comm *comm, int from, char text[CASE_TEXT])
{
    bool arrived = false;
    return went(comm, imp_comm_received(comm, from, true, &arrived), text) &&
           (arrived || wrong(text, comm, "a letter was waited for, and has not come"));
}

static size_t letter_bytes(int rank)
{
    static const size_t sizes[] = {1, LARGE, 0, 1001};
    return sizes[rank % (int)IMP_COUNT(sizes)];
}

/* Answers the first rank once that has asked. */
static bool answer(struct imp_comm *comm, unsigned char *bytes, char text[CASE_TEXT])
{
    const int rank = imp_comm_rank(comm);
    const size_t size = letter_bytes(rank);
    char question = 0;
    fill(bytes, size, rank, 30);
    if (!went(comm, imp_comm_receive(comm, 0, &question, 1), text) || !received(comm, 0, text) ||
        !sent(comm, 0, bytes, size, text))
        return false;
    return question == 'q' || wrong(text, comm, "a letter is another");
}

/* Waits for an answer before it asks for it, which returns at once, and again afterwards. */
static bool ask(struct imp_comm *comm, int rank, unsigned char *bytes, char text[CASE_TEXT])
{
    const size_t size = letter_bytes(rank);
    bool arrived = true;
    memset(bytes, 0, LARGE);
    if (!went(comm, imp_comm_receive(comm, rank, bytes, size), text) ||
        !went(comm, imp_comm_received(comm, rank, false, &arrived), text))
        return false;
    if (arrived)
        return wrong(text, comm, "a letter has come that nobody has sent");
    if (!sent(comm, rank, "q", 1, text) || !received(comm, rank, text))
        return false;
    for (size_t i = size; i < LARGE; i++)
        if (bytes[i] != 0)
            return wrong(text, comm, "a letter has more bytes than were sent");
    return is_filled(bytes, size, rank, 30) || wrong(text, comm, "a letter's bytes are others");
}

/* The first rank asks each of the others, the last one first. */
static bool case_letters(struct imp_comm *comm, char text[CASE_TEXT])
{
    unsigned char *bytes = malloc(LARGE);
    bool good = bytes != NULL || wrong(text, comm, "no memory");
    if (good && imp_comm_rank(comm) > 0)
        good = answer(comm, bytes, text);
    else
        for (int rank = imp_comm_size(comm) - 1; rank > 0 && good; rank--)
            good = ask(comm, rank, bytes, text);
    free(bytes);
    return good && agree_on(comm, imp_comm_size(comm), text);
}

/* What exchanges cost, which is the same on every rank. */
static bool case_measure(struct imp_comm *comm, char text[CASE_TEXT])
{
    struct imp_comm_cost cost, first;
    if (!went(comm, imp_comm_measure(comm, &cost), text))
        return false;
    first = cost;
    if (!went(comm, imp_comm_broadcast(comm, &first, sizeof(first), 0), text))
        return false;
    if (memcmp(&cost, &first, sizeof(cost)) != 0)
        return wrong(text, comm, "exchanges cost something else than on rank 0");
    return (cost.seconds > 0 && cost.seconds < 60 && cost.bytes_per_second >= 0 &&
            isfinite(cost.bytes_per_second)) ||
           wrong(text, comm, "exchanges cost what they cannot");
}

static bool (*const cases[])(struct imp_comm *comm, char text[CASE_TEXT]) = {
    case_edges, case_sums,  case_gather,  case_broadcast,
    case_rows,  case_agree, case_measure, case_letters};

int comm_case_count(void)
{
    return IMP_COUNT(cases);
}

bool comm_some_cases(struct imp_comm *comm, int count, char text[CASE_TEXT])
{
    for (int i = 0; i < count; i++)
        if (!cases[i](comm, text))
            return false;
    return true;
}

bool comm_cases(struct imp_comm *comm, char text[CASE_TEXT])
{
    return comm_some_cases(comm, comm_case_count(), text);
}

/* ---- Calls that fail ------------------------------------------------------------------------- */

/* Stands before an end's transport. */
struct faulty {
    const struct imp_transport *real;
    void *end;
    int rank, calls, nth;
    uint64_t given;
};

static enum impasto_status count(struct faulty *faulty, struct impasto_error *error)
{
    if (++faulty->calls != faulty->nth)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_DEVICE, COMM_FAULT);
}

static enum impasto_status exchange_begin(void *end, struct imp_transfer *transfers,
                                          size_t count_of, struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    for (size_t i = 0; i < count_of; i++)
        faulty->given += transfers[i].sends ? transfers[i].size : 0;
    return faulty->real->exchange_begin(faulty->end, transfers, count_of, error);
}

static enum impasto_status exchange_end(void *end, struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    return faulty->real->exchange_end(faulty->end, error);
}

static enum impasto_status sum_begin(void *end, int64_t *values, size_t count_of,
                                     struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    faulty->given += count_of * sizeof(*values);
    return faulty->real->sum_begin(faulty->end, values, count_of, error);
}

static enum impasto_status sum_end(void *end, struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    return faulty->real->sum_end(faulty->end, error);
}

static enum impasto_status gather(void *end, const double *own, double *all, const size_t *counts,
                                  struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    faulty->given += counts[faulty->rank] * sizeof(*own);
    return faulty->real->gather(faulty->end, own, all, counts, error);
}

static enum impasto_status broadcast(void *end, void *bytes, size_t size, int root,
                                     struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    return faulty->real->broadcast(faulty->end, bytes, size, root, error);
}

static enum impasto_status post(void *end, struct imp_transfer *letter, struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    faulty->given += letter->sends ? letter->size : 0;
    return faulty->real->post(faulty->end, letter, error);
}

static enum impasto_status posted(void *end, struct imp_transfer *letter, bool waits,
                                  struct impasto_error *error)
{
    struct faulty *faulty = end;
    IMP_TRY(count(faulty, error));
    return faulty->real->posted(faulty->end, letter, waits, error);
}

static void tell_failure(void *end, const struct impasto_error *error)
{
    const struct faulty *faulty = end;
    faulty->real->fail(faulty->end, error);
}

static void close_end(void *end, const struct impasto_error *error)
{
    struct faulty *faulty = end;
    faulty->real->close(faulty->end, error);
    free(faulty);
}

static const struct imp_transport transport = {exchange_begin, exchange_end, sum_begin, sum_end,
                                               gather,         broadcast,    post,      posted,
                                               tell_failure,   close_end};

void comm_fail_call(struct imp_comm *comm, int nth)
{
    struct faulty *faulty = malloc(sizeof(*faulty));
    if (faulty == NULL)
        abort();
    *faulty =
        (struct faulty){.real = comm->transport, .end = comm->end, .rank = comm->rank, .nth = nth};
    comm->transport = &transport;
    comm->end = faulty;
}

int comm_calls(const struct imp_comm *comm)
{
    const struct faulty *faulty = comm->end;
    return faulty->calls;
}

uint64_t comm_given(const struct imp_comm *comm)
{
    const struct faulty *faulty = comm->end;
    return faulty->given;
}
