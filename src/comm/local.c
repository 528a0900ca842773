/* SPDX-License-Identifier: MIT */
/*
 * Ranks that are threads of one process. Buffers go from one to the other by memcpy. One lock
 * guards all that is noted here; it is free while bytes are copied.
 *
 * A rank waits until what others note makes it go on. Each change is counted, and a rank notes at
 * which count it has looked last. When all that are still here have looked at the last change, and
 * all wait, nothing can ever happen again: then the team has failed.
 */

#include "base/os.h"
#include "comm/transport.h"

#include <stdlib.h>
#include <string.h>

struct team;

struct end {
    struct team *team;
    int rank;
    struct imp_transfer *transfers; /* of the exchange that it is in */
    size_t count;
    uint64_t exchanges, sums, meetings, partings; /* that it has begun, or come to */
    struct {
        int64_t *values;
        size_t count;
    } sum[IMP_SUMS]; /* number n is at n % IMP_SUMS */
    const void *offered;
    size_t offered_bytes;         /* at a meeting */
    struct imp_transfer *letters; /* that it has posted, and not found done */
    struct imp_transfer *awaited; /* one of them */
    int busy;                     /* others that use its buffers just now */
    bool waits, left;
    uint64_t looked; /* at this change */
};

struct team {
    struct imp_os_gate *gate;
    uint64_t changes;
    uint64_t sums; /* that are complete */
    int size, here;
    struct impasto_error error; /* once it has failed: nothing begins any more */
    struct end ends[];
};

static void changed(struct team *team)
{
    team->changes++;
    imp_os_gate_wake(team->gate);
}

/* The first failure stays. */
static void break_team(struct team *team, enum impasto_status status, const char *text)
{
    if (team->error.status == IMPASTO_OK)
        (void)imp_fail(&team->error, status, "%s", text);
    changed(team);
}

static bool stuck(const struct team *team)
{
    for (int rank = 0; rank < team->size; rank++) {
        const struct end *end = &team->ends[rank];
        if (!end->left && !(end->waits && end->looked == team->changes))
            return false;
    }
    return true;
}

static void break_stuck(struct team *team)
{
    char text[128] = "";
    for (int rank = 0; rank < team->size; rank++)
        if (team->ends[rank].left)
            snprintf(text, sizeof(text), "rank %d has left while others still work with it", rank);
    if (text[0] != '\0')
        break_team(team, IMPASTO_ERROR_DEVICE, text);
    else
        break_team(team, IMPASTO_ERROR_INTERNAL,
                   "the ranks wait for each other in different calls; please report this");
}

/* Waits until it is so, with the lock; false: the team has failed. */
static bool await(struct end *end, bool (*is_so)(struct end *end))
{
    struct team *team = end->team;
    while (team->error.status == IMPASTO_OK && !is_so(end)) {
        end->waits = true;
        end->looked = team->changes;
        if (stuck(team))
            break_stuck(team);
        else
            imp_os_gate_wait(team->gate);
    }
    end->waits = false;
    return team->error.status == IMPASTO_OK;
}

/* Gives the lock back at the end of a call, with the team's failure. After one nobody touches this
 * rank's buffers any more. */
static enum impasto_status leave(struct end *end, struct impasto_error *error)
{
    struct team *team = end->team;
    const enum impasto_status status = team->error.status;
    while (status != IMPASTO_OK && end->busy > 0)
        imp_os_gate_wait(team->gate);
    if (status != IMPASTO_OK)
        *error = team->error;
    imp_os_gate_unlock(team->gate);
    return status;
}

/* Copies another rank's bytes without the lock. */
static void copy_from(struct end *other, void *to, const void *from, size_t size)
{
    struct team *team = other->team;
    other->busy++;
    imp_os_gate_unlock(team->gate);
    if (size > 0)
        memcpy(to, from, size);
    imp_os_gate_lock(team->gate);
    other->busy--;
    changed(team);
}

/* ---- Exchanges ------------------------------------------------------------------------------- */

static enum impasto_status exchange_begin(void *own, struct imp_transfer *transfers, size_t count,
                                          struct impasto_error *error)
{
    struct end *end = own;
    imp_os_gate_lock(end->team->gate);
    end->transfers = transfers;
    end->count = count;
    end->exchanges++;
    changed(end->team);
    return leave(end, error);
}

/* The first transfer that is still to be received, or NULL. */
static struct imp_transfer *expected(const struct end *end)
{
    for (size_t i = 0; i < end->count; i++)
        if (!end->transfers[i].sends && !end->transfers[i].done)
            return &end->transfers[i];
    return NULL;
}

/* The first transfer of the other end to this rank that is still to be taken, or NULL. */
static struct imp_transfer *sent(const struct end *other, int rank)
{
    for (size_t i = 0; i < other->count; i++) {
        struct imp_transfer *transfer = &other->transfers[i];
        if (transfer->sends && !transfer->done && transfer->peer == rank)
            return transfer;
    }
    return NULL;
}

static bool peer_is_there(struct end *end)
{
    return end->team->ends[expected(end)->peer].exchanges >= end->exchanges;
}

static bool all_taken(struct end *end)
{
    for (size_t i = 0; i < end->count; i++)
        if (end->transfers[i].sends && !end->transfers[i].done)
            return false;
    return true;
}

/* Takes what a peer has sent; false: it has not sent that. */
static bool take(struct end *end, struct imp_transfer *transfer)
{
    struct end *peer = &end->team->ends[transfer->peer];
    struct imp_transfer *from = sent(peer, end->rank);
    char text[128];
    if (from == NULL || from->size != transfer->size || peer->exchanges != end->exchanges) {
        snprintf(text, sizeof(text), "rank %d and rank %d exchange unlike rows; please report this",
                 end->rank, peer->rank);
        break_team(end->team, IMPASTO_ERROR_INTERNAL, text);
        return false;
    }
    transfer->done = true;
    copy_from(peer, transfer->bytes, from->bytes, from->size);
    from->done = true;
    return true;
}

static enum impasto_status exchange_end(void *own, struct impasto_error *error)
{
    struct end *end = own;
    imp_os_gate_lock(end->team->gate);
    while (expected(end) != NULL && await(end, peer_is_there) && take(end, expected(end)))
        ;
    (void)await(end, all_taken);
    end->count = 0;
    return leave(end, error);
}

/* ---- Sums ------------------------------------------------------------------------------------ */

/* Adds up sum number `n` for all ranks, without the lock. */
static void add_up(struct team *team, uint64_t n)
{
    const size_t place = n % IMP_SUMS, count = team->ends[0].sum[place].count;
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = 0;
        for (int rank = 0; rank < team->size; rank++)
            sum += (uint64_t)team->ends[rank].sum[place].values[i];
        for (int rank = 0; rank < team->size; rank++)
            memcpy(&team->ends[rank].sum[place].values[i], &sum, sizeof(sum));
    }
}

/* Whether every rank has come to sum number `n`; its counts must be alike. */
static bool all_have_come(struct team *team, uint64_t n)
{
    bool alike = true;
    for (int rank = 0; rank < team->size; rank++) {
        if (team->ends[rank].sums <= n)
            return false;
        alike = alike &&
                team->ends[rank].sum[n % IMP_SUMS].count == team->ends[0].sum[n % IMP_SUMS].count;
    }
    if (!alike)
        break_team(team, IMPASTO_ERROR_INTERNAL,
                   "ranks add up unlike numbers of values; please report this");
    return alike;
}

static void all_busy(struct team *team, int more)
{
    for (int rank = 0; rank < team->size; rank++)
        team->ends[rank].busy += more;
}

/* The last rank to come adds up. The next sum is complete only after it has gone on, so there is
 * one at a time. */
static enum impasto_status sum_begin(void *own, int64_t *values, size_t count,
                                     struct impasto_error *error)
{
    struct end *end = own;
    struct team *team = end->team;
    imp_os_gate_lock(team->gate);
    const uint64_t n = end->sums++;
    end->sum[n % IMP_SUMS].values = values;
    end->sum[n % IMP_SUMS].count = count;
    if (team->error.status == IMPASTO_OK && all_have_come(team, n)) {
        all_busy(team, 1);
        imp_os_gate_unlock(team->gate);
        add_up(team, n);
        imp_os_gate_lock(team->gate);
        all_busy(team, -1);
        team->sums++;
    }
    changed(team);
    return leave(end, error);
}

static bool all_summed(struct end *end)
{
    return end->team->sums == end->sums;
}

static enum impasto_status sum_end(void *own, struct impasto_error *error)
{
    struct end *end = own;
    imp_os_gate_lock(end->team->gate);
    (void)await(end, all_summed);
    return leave(end, error);
}

/* ---- Meetings -------------------------------------------------------------------------------- */

static bool all_met(struct end *end)
{
    for (int rank = 0; rank < end->team->size; rank++)
        if (end->team->ends[rank].meetings < end->meetings)
            return false;
    return true;
}

static bool all_parted(struct end *end)
{
    for (int rank = 0; rank < end->team->size; rank++)
        if (end->team->ends[rank].partings < end->partings)
            return false;
    return true;
}

/* Offers these bytes to all, and waits until all offer theirs; they stay until `part`. */
static bool meet(struct end *end, const void *bytes, size_t size)
{
    imp_os_gate_lock(end->team->gate);
    end->offered = bytes;
    end->offered_bytes = size;
    end->meetings++;
    changed(end->team);
    return await(end, all_met);
}

static enum impasto_status part(struct end *end, struct impasto_error *error)
{
    end->partings++;
    changed(end->team);
    (void)await(end, all_parted);
    return leave(end, error);
}

/* Copies what that rank offers, if it is so much. */
static void accept(struct end *end, int rank, void *to, size_t size)
{
    struct end *other = &end->team->ends[rank];
    if (other->offered_bytes != size)
        break_team(end->team, IMPASTO_ERROR_INTERNAL,
                   "ranks gather or send unlike numbers of bytes; please report this");
    else if (other != end)
        copy_from(other, to, other->offered, size);
    else if (size > 0 && to != other->offered)
        memcpy(to, other->offered, size);
}

static enum impasto_status gather(void *own_end, const double *own, double *all,
                                  const size_t *counts, struct impasto_error *error)
{
    struct end *end = own_end;
    struct team *team = end->team;
    bool whole = meet(end, own, counts[end->rank] * sizeof(*own));
    for (int rank = 0; whole && rank < team->size; rank++) {
        accept(end, rank, all, counts[rank] * sizeof(*all));
        all += counts[rank];
        whole = team->error.status == IMPASTO_OK;
    }
    return part(end, error);
}

static enum impasto_status broadcast(void *own_end, void *bytes, size_t size, int root,
                                     struct impasto_error *error)
{
    struct end *end = own_end;
    if (meet(end, bytes, size))
        accept(end, root, bytes, size);
    return part(end, error);
}

/* ---- Letters --------------------------------------------------------------------------------- */

static enum impasto_status post(void *own, struct imp_transfer *letter, struct impasto_error *error)
{
    struct end *end = own;
    imp_os_gate_lock(end->team->gate);
    letter->done = false;
    letter->next = end->letters;
    end->letters = letter;
    changed(end->team);
    return leave(end, error);
}

/* What the peer has posted for the letter that this rank receives; NULL: nothing yet. */
static struct imp_transfer *counterpart(const struct end *end, const struct imp_transfer *letter)
{
    struct imp_transfer *from = end->team->ends[letter->peer].letters;
    while (from != NULL && (from->done || !from->sends || from->peer != end->rank))
        from = from->next;
    return from;
}

static bool letter_has_come(struct end *end)
{
    const struct imp_transfer *letter = end->awaited;
    return letter->sends ? letter->done : counterpart(end, letter) != NULL;
}

/* Takes what the peer sends. */
static void take_letter(struct end *end, struct imp_transfer *letter)
{
    struct imp_transfer *from = counterpart(end, letter);
    if (from->size != letter->size) {
        break_team(end->team, IMPASTO_ERROR_INTERNAL,
                   "ranks have unlike letters; please report this");
        return;
    }
    copy_from(&end->team->ends[letter->peer], letter->bytes, from->bytes, from->size);
    letter->done = from->done = true;
    changed(end->team);
}

static void forget_letter(struct end *end, const struct imp_transfer *letter)
{
    struct imp_transfer **at = &end->letters;
    while (*at != letter)
        at = &(*at)->next;
    *at = letter->next;
}

static enum impasto_status posted(void *own, struct imp_transfer *letter, bool waits,
                                  struct impasto_error *error)
{
    struct end *end = own;
    struct team *team = end->team;
    imp_os_gate_lock(team->gate);
    end->awaited = letter;
    const bool come = team->error.status == IMPASTO_OK &&
                      (waits ? await(end, letter_has_come) : letter_has_come(end));
    if (come && !letter->sends)
        take_letter(end, letter);
    if (come && letter->done)
        forget_letter(end, letter);
    return leave(end, error);
}

/* ---- The team -------------------------------------------------------------------------------- */

static void tell_failure(void *own, const struct impasto_error *error)
{
    struct end *end = own;
    struct impasto_error ours;
    char text[sizeof(error->message)];
    snprintf(text, sizeof(text), "rank %d: %.*s", end->rank, (int)sizeof(text) - 24,
             error->message);
    imp_os_gate_lock(end->team->gate);
    break_team(end->team, error->status, text);
    (void)leave(end, &ours);
}

static void close_end(void *own, const struct impasto_error *error)
{
    struct end *end = own;
    struct team *team = end->team;
    (void)error;
    imp_os_gate_lock(team->gate);
    end->left = true;
    changed(team);
    while (end->busy > 0)
        imp_os_gate_wait(team->gate);
    const bool last = --team->here == 0;
    imp_os_gate_unlock(team->gate);
    if (!last)
        return;
    imp_os_gate_free(team->gate);
    free(team);
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

static struct team *new_team(int size)
{
    struct team *team = calloc(1, sizeof(*team) + (size_t)size * sizeof(team->ends[0]));
    if (team == NULL)
        return NULL;
    team->gate = imp_os_gate_create();
    if (team->gate == NULL) {
        free(team);
        return NULL;
    }
    team->size = team->here = size;
    for (int rank = 0; rank < size; rank++)
        team->ends[rank] = (struct end){.team = team, .rank = rank};
    return team;
}

enum impasto_status imp_comm_local_open(int size, struct imp_comm *ends[],
                                        struct impasto_error *error)
{
    if (size < 1)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "a team of %d ranks; take one or more", size);
    struct team *team = new_team(size);
    bool whole = team != NULL;
    for (int rank = 0; rank < size; rank++) {
        ends[rank] = whole ? imp_comm_new(&transport, &team->ends[rank], rank, size) : NULL;
        whole = whole && ends[rank] != NULL;
    }
    if (whole)
        return IMPASTO_OK;
    for (int rank = 0; rank < size; rank++) {
        free(ends[rank]);
        ends[rank] = NULL;
    }
    if (team != NULL)
        imp_os_gate_free(team->gate);
    free(team);
    return imp_fail_memory(error, "the lines between ranks", 0);
}
