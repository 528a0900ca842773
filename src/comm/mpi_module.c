/* SPDX-License-Identifier: MIT */
/*
 * What carries bytes between processes: MPI, behind the table that mpi.c loads. It uses nothing of
 * the library.
 *
 * Nothing here waits inside of MPI, where a rank that is gone would be waited for for ever. It asks
 * again and again, and in between looks for farewells: each rank sends one to every other when it
 * closes its end, and when it fails. A farewell has the number of calls that the rank has begun. So
 * whoever waits in a later call knows that the rank does not come. What a killed rank cannot say,
 * the launcher notices, and ends the others.
 */

#include "comm/transport.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Questions in a row before the first nap: some 20 microseconds. */
#define QUESTIONS 50
#define NAP_NANOSECONDS 50000
/* Questions between two looks for farewells. */
#define LOOKS 16
/* Seconds for a failure to reach the others, before it ends them. */
#define LAST_WORDS 0.5
/* Tags of messages: of what all do at the same time, and of letters. */
#define TOGETHER 0
#define LETTER 1

struct farewell {
    int64_t calls; /* that the rank has begun; -1: none has come */
    struct impasto_error error;
    int failed; /* whose failure it is; -1: the text says it */
};

struct end {
    MPI_Comm lines, farewells; /* what is collective in one does not meet the others' messages */
    int rank, size, local_rank, local_size;
    bool naps, ours; /* MPI is ended by us */
    int64_t calls, exchange_call, sum_call;
    struct imp_transfer *transfers;
    int transfer_count;
    MPI_Request *transfer; /* of each transfer */
    MPI_Status *statuses;  /* of as many requests as there may be */
    MPI_Request sum[IMP_SUMS];
    int sum_count;
    MPI_Request *letter;  /* from each rank and to it: at 2 * rank, and behind that */
    int *counts, *places; /* of a gather */
    struct farewell *heard, own;
    bool passes_on;    /* `own` has the failure that was heard of */
    MPI_Request *told; /* of the own farewell, to each rank */
};

static enum impasto_status fail(struct impasto_error *error, enum impasto_status status,
                                const char *text)
{
    snprintf(error->message, sizeof(error->message), "%s", text);
    error->status = status;
    return status;
}

/* What MPI says of a call that has failed. */
static enum impasto_status fail_mpi(struct impasto_error *error, const char *call, int code)
{
    char text[MPI_MAX_ERROR_STRING + 1] = "", whole[MPI_MAX_ERROR_STRING + 128];
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
        text[0] = '\0';
    for (char *at = text; *at != '\0'; at++)
        *at = *at >= ' ' && *at <= '~' ? *at : ' ';
    snprintf(whole, sizeof(whole), "MPI: %s failed (%s); look at the ranks' machines and network",
             call, text);
    return fail(error, IMPASTO_ERROR_DEVICE, whole);
}

#define TRY_MPI(call, name)                                                                        \
    do {                                                                                           \
        const int try_code = (call);                                                               \
        if (try_code != MPI_SUCCESS)                                                               \
            return fail_mpi(error, name, try_code);                                                \
    } while (0)

/* ---- Farewells ------------------------------------------------------------------------------- */

static enum impasto_status hear(struct end *end, struct impasto_error *error)
{
    for (;;) {
        int there = 0;
        MPI_Status status;
        TRY_MPI(MPI_Iprobe(MPI_ANY_SOURCE, 0, end->farewells, &there, &status), "MPI_Iprobe");
        if (!there)
            return IMPASTO_OK;
        TRY_MPI(MPI_Recv(&end->heard[status.MPI_SOURCE], (int)sizeof(struct farewell), MPI_BYTE,
                         status.MPI_SOURCE, 0, end->farewells, MPI_STATUS_IGNORE),
                "MPI_Recv");
    }
}

/* Fails as that farewell says, which this rank's own passes on as it is. */
static enum impasto_status fail_likewise(struct end *end, const struct farewell *heard,
                                         struct impasto_error *error)
{
    char text[sizeof(error->message)];
    end->own = *heard;
    end->passes_on = true;
    if (heard->failed < 0)
        return fail(error, heard->error.status, heard->error.message);
    snprintf(text, sizeof(text), "rank %d: %.*s", heard->failed, (int)sizeof(text) - 24,
             heard->error.message);
    return fail(error, heard->error.status, text);
}

/* Fails for a rank that has closed its end. */
static enum impasto_status fail_gone(struct end *end, int rank, struct impasto_error *error)
{
    struct farewell gone = {.error.status = IMPASTO_ERROR_DEVICE, .failed = -1};
    snprintf(gone.error.message, sizeof(gone.error.message),
             "rank %d has left while others still work with it", rank);
    return fail_likewise(end, &gone, error);
}

/* Fails for a rank that has failed, or does not come to this call. */
static enum impasto_status look_around(struct end *end, int64_t call, struct impasto_error *error)
{
    IMP_TRY(hear(end, error));
    for (int rank = 0; rank < end->size; rank++) {
        const struct farewell *heard = &end->heard[rank];
        if (heard->calls < 0 || (heard->error.status == IMPASTO_OK && heard->calls >= call))
            continue;
        if (heard->error.status != IMPASTO_OK)
            return fail_likewise(end, heard, error);
        return fail_gone(end, rank, error);
    }
    return IMPASTO_OK;
}

static void say_farewell(struct end *end, const struct impasto_error *error)
{
    if (!end->passes_on)
        end->own = (struct farewell){.error = *error, .failed = end->rank};
    end->own.calls = end->calls;
    for (int rank = 0; rank < end->size; rank++)
        if (rank != end->rank)
            (void)MPI_Isend(&end->own, (int)sizeof(end->own), MPI_BYTE, rank, 0, end->farewells,
                            &end->told[rank]);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static void nap(void)
{
    const struct timespec time = {.tv_nsec = NAP_NANOSECONDS};
    (void)nanosleep(&time, NULL);
}

/* Waits for the requests of a call. */
static enum impasto_status wait_for(struct end *end, MPI_Request *requests, int count, int64_t call,
                                    struct impasto_error *error)
{
    for (unsigned asked = 1;; asked++) {
        int done = 0;
        TRY_MPI(MPI_Testall(count, requests, &done, end->statuses), "MPI_Testall");
        if (done)
            return IMPASTO_OK;
        if (asked % LOOKS == 0 || asked > QUESTIONS)
            IMP_TRY(look_around(end, call, error));
        if (end->naps && asked > QUESTIONS)
            nap();
    }
}

/* ---- Exchanges ------------------------------------------------------------------------------- */

/* Room for so many transfers, and to wait for sums, letters and farewells. */
static enum impasto_status make_room(struct end *end, size_t count, struct impasto_error *error)
{
    const size_t most = count + IMP_SUMS + 2 * (size_t)end->size;
    if (count > INT_MAX)
        return fail(error, IMPASTO_ERROR_INTERNAL, "too many transfers; please report this");
    MPI_Request *transfer = realloc(end->transfer, most * sizeof(*transfer));
    if (transfer != NULL)
        end->transfer = transfer;
    MPI_Status *statuses = realloc(end->statuses, most * sizeof(*statuses));
    if (statuses != NULL)
        end->statuses = statuses;
    if (transfer != NULL && statuses != NULL)
        return IMPASTO_OK;
    return fail(error, IMPASTO_ERROR_MEMORY,
                "out of memory for the lines between ranks; take a smaller picture");
}

static enum impasto_status exchange_begin(void *own, struct imp_transfer *transfers, size_t count,
                                          struct impasto_error *error)
{
    struct end *end = own;
    end->exchange_call = ++end->calls;
    end->transfers = transfers;
    end->transfer_count = 0;
    IMP_TRY(make_room(end, count, error));
    for (size_t i = 0; i < count; i++, end->transfer_count++) {
        const struct imp_transfer *transfer = &transfers[i];
        if (transfer->sends)
            TRY_MPI(MPI_Isend(transfer->bytes, (int)transfer->size, MPI_BYTE, transfer->peer,
                              TOGETHER, end->lines, &end->transfer[i]),
                    "MPI_Isend");
        else
            TRY_MPI(MPI_Irecv(transfer->bytes, (int)transfer->size, MPI_BYTE, transfer->peer,
                              TOGETHER, end->lines, &end->transfer[i]),
                    "MPI_Irecv");
    }
    return IMPASTO_OK;
}

static enum impasto_status exchange_end(void *own, struct impasto_error *error)
{
    struct end *end = own;
    const int count = end->transfer_count;
    IMP_TRY(wait_for(end, end->transfer, count, end->exchange_call, error));
    end->transfer_count = 0;
    for (int i = 0; i < count; i++) {
        int size = 0;
        if (!end->transfers[i].sends &&
            (MPI_Get_count(&end->statuses[i], MPI_BYTE, &size) != MPI_SUCCESS ||
             (size_t)size != end->transfers[i].size))
            return fail(error, IMPASTO_ERROR_INTERNAL,
                        "ranks exchange unlike rows; please report this");
    }
    return IMPASTO_OK;
}

/* ---- Letters --------------------------------------------------------------------------------- */

static MPI_Request *request_of(struct end *end, const struct imp_transfer *letter)
{
    return &end->letter[2 * letter->peer + letter->sends];
}

static enum impasto_status post(void *own, struct imp_transfer *letter, struct impasto_error *error)
{
    struct end *end = own;
    MPI_Request *request = request_of(end, letter);
    if (letter->sends)
        TRY_MPI(MPI_Isend(letter->bytes, (int)letter->size, MPI_BYTE, letter->peer, LETTER,
                          end->lines, request),
                "MPI_Isend");
    else
        TRY_MPI(MPI_Irecv(letter->bytes, (int)letter->size, MPI_BYTE, letter->peer, LETTER,
                          end->lines, request),
                "MPI_Irecv");
    return IMPASTO_OK;
}

/* Whether it is done by now. */
static enum impasto_status look_at(struct end *end, struct imp_transfer *letter,
                                   struct impasto_error *error)
{
    MPI_Status status;
    int done = 0, size = (int)letter->size;
    TRY_MPI(MPI_Test(request_of(end, letter), &done, &status), "MPI_Test");
    letter->done = done != 0;
    if (letter->done && !letter->sends)
        TRY_MPI(MPI_Get_count(&status, MPI_BYTE, &size), "MPI_Get_count");
    return (size_t)size == letter->size ? IMPASTO_OK
                                        : fail(error, IMPASTO_ERROR_INTERNAL,
                                               "ranks have unlike letters; please report this");
}

/* What a rank has sent before its farewell is there when that is heard. */
static enum impasto_status posted(void *own, struct imp_transfer *letter, bool waits,
                                  struct impasto_error *error)
{
    struct end *end = own;
    for (unsigned asked = 1;; asked++) {
        const bool gone = end->heard[letter->peer].calls >= 0;
        IMP_TRY(look_at(end, letter, error));
        if (letter->done)
            return IMPASTO_OK;
        if (gone)
            return fail_gone(end, letter->peer, error);
        if (!waits || asked % LOOKS == 0 || asked > QUESTIONS)
            IMP_TRY(look_around(end, 0, error));
        if (!waits)
            return IMPASTO_OK;
        if (end->naps && asked > QUESTIONS)
            nap();
    }
}

/* ---- All at once ----------------------------------------------------------------------------- */

static enum impasto_status sum_begin(void *own, int64_t *values, size_t count,
                                     struct impasto_error *error)
{
    struct end *end = own;
    end->sum_call = ++end->calls;
    TRY_MPI(MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_INT64_T, MPI_SUM, end->lines,
                           &end->sum[end->sum_count]),
            "MPI_Iallreduce");
    end->sum_count++;
    return IMPASTO_OK;
}

static enum impasto_status sum_end(void *own, struct impasto_error *error)
{
    struct end *end = own;
    const int count = end->sum_count;
    end->sum_count = 0;
    return wait_for(end, end->sum, count, end->sum_call, error);
}

static enum impasto_status gather(void *own_end, const double *own, double *all,
                                  const size_t *counts, struct impasto_error *error)
{
    struct end *end = own_end;
    MPI_Request request;
    int place = 0;
    end->calls++;
    for (int rank = 0; rank < end->size; rank++) {
        end->counts[rank] = (int)counts[rank];
        end->places[rank] = place;
        place += end->counts[rank];
    }
    TRY_MPI(MPI_Iallgatherv(own, end->counts[end->rank], MPI_DOUBLE, all, end->counts, end->places,
                            MPI_DOUBLE, end->lines, &request),
            "MPI_Iallgatherv");
    return wait_for(end, &request, 1, end->calls, error);
}

static enum impasto_status broadcast(void *own, void *bytes, size_t size, int root,
                                     struct impasto_error *error)
{
    struct end *end = own;
    MPI_Request request;
    end->calls++;
    TRY_MPI(MPI_Ibcast(bytes, (int)size, MPI_BYTE, root, end->lines, &request), "MPI_Ibcast");
    return wait_for(end, &request, 1, end->calls, error);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void release(struct end *end)
{
    free(end->transfer);
    free(end->statuses);
    free(end->counts);
    free(end->places);
    free(end->heard);
    free(end->told);
    free(end->letter);
    free(end);
}

/* What is on its way shall not arrive any more: nobody knows how long its buffers stay. */
static void forget_transfers(struct end *end)
{
    for (int i = 0; i < end->transfer_count; i++)
        if (end->transfer[i] != MPI_REQUEST_NULL && !end->transfers[i].sends)
            (void)MPI_Cancel(&end->transfer[i]);
    for (int i = 0; i < 2 * end->size; i += 2)
        if (end->letter[i] != MPI_REQUEST_NULL)
            (void)MPI_Cancel(&end->letter[i]);
}

/* After it MPI is not called any more but to end all. */
static void tell_failure(void *own, const struct impasto_error *error)
{
    struct end *end = own;
    const double begin = MPI_Wtime();
    int told = 0, forgotten = 0, lettered = 0;
    forget_transfers(end);
    say_farewell(end, error);
    while (!(told && forgotten && lettered) && MPI_Wtime() - begin < LAST_WORDS)
        if (MPI_Testall(end->size, end->told, &told, end->statuses) != MPI_SUCCESS ||
            MPI_Testall(end->transfer_count, end->transfer, &forgotten, end->statuses) !=
                MPI_SUCCESS ||
            MPI_Testall(2 * end->size, end->letter, &lettered, end->statuses) != MPI_SUCCESS)
            break;
}

/* Waits for the farewells of all. */
static enum impasto_status hear_all(struct end *end, struct impasto_error *error)
{
    for (int rank = 0; rank < end->size; rank++)
        while (rank != end->rank && end->heard[rank].calls < 0) {
            IMP_TRY(look_around(end, 0, error));
            nap();
        }
    return wait_for(end, end->told, end->size, 0, error);
}

static void close_end(void *own, const struct impasto_error *failure)
{
    struct end *end = own;
    struct impasto_error error = *failure;
    if (error.status == IMPASTO_OK) {
        say_farewell(end, &error);
        (void)hear_all(end, &error);
    }
    if (error.status != IMPASTO_OK)
        (void)MPI_Abort(end->lines, -(int)error.status);
    (void)MPI_Comm_free(&end->farewells);
    (void)MPI_Comm_free(&end->lines);
    if (end->ours)
        (void)MPI_Finalize();
    release(end);
}

static const struct imp_transport transport = {.exchange_begin = exchange_begin,
                                               .exchange_end = exchange_end,
                                               .sum_begin = sum_begin,
                                               .sum_end = sum_end,
                                               .gather = gather,
                                               .broadcast = broadcast,
                                               .post = post,
                                               .posted = posted,
                                               .fail = tell_failure,
                                               .close = close_end};

/* ---- The beginning --------------------------------------------------------------------------- */

/* Starts MPI, unless the program has. */
static enum impasto_status start(bool *ours, struct impasto_error *error)
{
    int begun = 0, ended = 0, level;
    TRY_MPI(MPI_Initialized(&begun), "MPI_Initialized");
    TRY_MPI(MPI_Finalized(&ended), "MPI_Finalized");
    if (ended)
        return fail(error, IMPASTO_ERROR_USAGE,
                    "MPI has ended in this process, and cannot start again; use one team");
    *ours = !begun;
    if (!begun)
        TRY_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
    return IMPASTO_OK;
}

static enum impasto_status join(struct end *end, struct impasto_error *error)
{
    TRY_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &end->lines), "MPI_Comm_dup");
    TRY_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &end->farewells), "MPI_Comm_dup");
    TRY_MPI(MPI_Comm_set_errhandler(end->lines, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    TRY_MPI(MPI_Comm_set_errhandler(end->farewells, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    TRY_MPI(MPI_Comm_rank(end->lines, &end->rank), "MPI_Comm_rank");
    TRY_MPI(MPI_Comm_size(end->lines, &end->size), "MPI_Comm_size");
    return IMPASTO_OK;
}

/* Which of this machine's ranks it is. */
static enum impasto_status find_place(struct end *end, struct impasto_error *error)
{
    MPI_Comm machine;
    TRY_MPI(
        MPI_Comm_split_type(end->lines, MPI_COMM_TYPE_SHARED, end->rank, MPI_INFO_NULL, &machine),
        "MPI_Comm_split_type");
    TRY_MPI(MPI_Comm_rank(machine, &end->local_rank), "MPI_Comm_rank");
    TRY_MPI(MPI_Comm_size(machine, &end->local_size), "MPI_Comm_size");
    (void)MPI_Comm_free(&machine);
    return IMPASTO_OK;
}

static enum impasto_status make_tables(struct end *end, struct impasto_error *error)
{
    const size_t size = (size_t)end->size;
    end->counts = malloc(size * sizeof(*end->counts));
    end->places = malloc(size * sizeof(*end->places));
    end->heard = malloc(size * sizeof(*end->heard));
    end->told = malloc(size * sizeof(*end->told));
    end->letter = malloc(2 * size * sizeof(MPI_Request));
    if (end->counts == NULL || end->places == NULL || end->heard == NULL || end->told == NULL ||
        end->letter == NULL)
        return fail(error, IMPASTO_ERROR_MEMORY,
                    "out of memory for the lines between ranks; start fewer");
    for (size_t rank = 0; rank < size; rank++) {
        end->heard[rank].calls = -1;
        end->told[rank] = MPI_REQUEST_NULL;
        end->letter[2 * rank] = end->letter[2 * rank + 1] = MPI_REQUEST_NULL;
    }
    return make_room(end, 0, error);
}

static enum impasto_status open_end(bool naps, struct imp_mpi_place *place,
                                    struct impasto_error *error)
{
    struct end *end = calloc(1, sizeof(*end));
    if (end == NULL)
        return fail(error, IMPASTO_ERROR_MEMORY,
                    "out of memory for the lines between ranks; start fewer");
    end->naps = naps;
    enum impasto_status status = start(&end->ours, error);
    if (status == IMPASTO_OK)
        status = join(end, error);
    if (status == IMPASTO_OK)
        status = find_place(end, error);
    if (status == IMPASTO_OK)
        status = make_tables(end, error);
    if (status != IMPASTO_OK) {
        release(end);
        return status;
    }
    *place = (struct imp_mpi_place){.end = end,
                                    .rank = end->rank,
                                    .size = end->size,
                                    .local_rank = end->local_rank,
                                    .local_size = end->local_size};
    return IMPASTO_OK;
}

const struct imp_mpi imp_mpi_module __attribute__((visibility("default"))) = {
    .version = IMP_VERSION, .transport = &transport, .open = open_end};
