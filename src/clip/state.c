/* SPDX-License-Identifier: MIT */
/* A clip's state in a file: all that the next frame depends on besides what the clip was opened
 * with. doc/formats.md describes it. */

#include "apply/film.h"
#include "clip/clip.h"
#include "device/device.h"
#include "store/store.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct imp_store_kind kind = {
    .key = "impasto.clip",
    .format = 1,
    .what = "the state of a clip",
    .advice = "begin the film anew",
};
#define DEVICE_KEY "impasto.device"
#define NUMBERS "numbers"
#define FIRST "first"
#define NETWORK "network"

#define PASTS (IMP_CLIP_RECENT + IMP_CLIP_FAR)
#define PLANES 3 /* of a frame that is remembered: source, result, output */
#define MOST_TENSORS (3 + PLANES * PASTS)
#define MOST_NUMBERS 128

/* ---- Numbers --------------------------------------------------------------------------------- */

static struct imp_past *past_of(struct impasto_clip *clip, int i)
{
    return i < IMP_CLIP_RECENT ? &clip->recent[i] : &clip->far[i - IMP_CLIP_RECENT];
}

static void count(struct imp_ledger *ledger, uint64_t *number)
{
    int value = (int)*number;
    imp_ledger_integer(ledger, &value, 0, INT_MAX);
    *number = (uint64_t)value;
}

/* A number that must be what the clip has. */
static void same(struct imp_ledger *ledger, double number, bool *differs)
{
    double found = number;
    imp_ledger_number(ledger, &found);
    *differs = *differs || !(found == number);
}

/* What the clip was opened with. */
static void ask_same(struct impasto_clip *clip, struct imp_ledger *ledger, bool *differs)
{
    const struct impasto_clip_params *params = &clip->params;
    same(ledger, params->width, differs);
    same(ledger, params->height, differs);
    same(ledger, clip->info.result_width, differs);
    same(ledger, clip->info.result_height, differs);
    same(ledger, params->consistency, differs);
    same(ledger, (double)params->temporal_weight, differs);
    same(ledger, params->iterations, differs);
    same(ledger, params->measure, differs);
    same(ledger, clip->identity, differs);
}

static void warp_numbers(struct imp_ledger *ledger, struct impasto_clip_warp *warp)
{
    imp_ledger_number(ledger, &warp->last);
    imp_ledger_number(ledger, &warp->mean);
    imp_ledger_number(ledger, &warp->last_source);
    imp_ledger_number(ledger, &warp->mean_source);
    count(ledger, &warp->pairs);
}

/* What is remembered of frames: none that has not been, nor one without room for it. */
static void past_numbers(struct impasto_clip *clip, struct imp_ledger *ledger,
                         struct imp_past *past)
{
    imp_ledger_flag(ledger, &past->known);
    count(ledger, &past->frame);
    if (past->known && (!past->source || past->frame >= clip->info.frames))
        ledger->wrong = true;
}

static void numbers(struct impasto_clip *clip, struct imp_ledger *ledger, bool *differs)
{
    struct impasto_clip_info *info = &clip->info;
    ask_same(clip, ledger, differs);
    count(ledger, &info->frames);
    count(ledger, &info->scenes);
    count(ledger, &clip->scene_begins);
    imp_ledger_flag(ledger, &info->begins_scene);
    imp_ledger_integer(ledger, &info->iterations, 0, IMP_CLIP_MOST_ITERATIONS);
    imp_ledger_number(ledger, &info->loss);
    imp_ledger_number(ledger, &info->content_loss);
    imp_ledger_number(ledger, &info->style_loss);
    imp_ledger_number(ledger, &info->temporal_loss);
    for (int c = 0; c < 3; c++)
        imp_ledger_number(ledger, &info->colour[c]);
    for (int i = 0; i < IMPASTO_CLIP_WARPS; i++)
        warp_numbers(ledger, &info->warp[i]);
    for (int i = 0; i < PASTS; i++)
        past_numbers(clip, ledger, past_of(clip, i));
    if (info->frames > 0 && clip->scene_begins >= info->frames)
        ledger->wrong = true;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

struct list {
    struct imp_store_tensor tensors[MOST_TENSORS];
    char names[PASTS][PLANES][24];
    size_t count;
};

static void add(struct list *list, const char *name, float *values, size_t floats)
{
    list->tensors[list->count++] = imp_store_floats(name, values, floats);
}

static void list_past(struct impasto_clip *clip, int i, struct list *list)
{
    static const char *const what[PLANES] = {"source", "result", "output"};
    const struct imp_past *past = past_of(clip, i);
    float *const planes[PLANES] = {past->source, past->result, past->output};
    const size_t floats = 3 * (size_t)clip->info.result_width * (size_t)clip->info.result_height;
    for (int k = 0; k < PLANES && past->known; k++) {
        char *name = list->names[i][k];
        snprintf(name, sizeof(list->names[i][k]), "frame.%d.%s", i, what[k]);
        if (k == 0 || planes[k] != planes[k - 1])
            add(list, name, planes[k], floats);
    }
}

/* The pictures of all frames that are known, and the scene's first where its colours count. */
static void list_pictures(struct impasto_clip *clip, struct list *list)
{
    const size_t floats = 3 * (size_t)clip->info.result_width * (size_t)clip->info.result_height;
    list->count = 0;
    for (int i = 0; i < PASTS; i++)
        list_past(clip, i, list);
    if (clip->first)
        add(list, FIRST, clip->first->rgb, floats);
}

/* ---- What a network's frames leave ----------------------------------------------------------- */

/* Floats of it; 0: there is none. */
static size_t network_floats(const struct impasto_clip *clip)
{
    const struct impasto_clip_info *info = &clip->info;
    return clip->applier && info->frames > 0 && imp_applier_follows(clip->applier)
               ? imp_applier_state_floats(clip->applier, info->result_width, info->result_height)
               : 0;
}

/* *state: to be freed; NULL where there is none. */
static enum impasto_status take_network(struct impasto_clip *clip, float **state,
                                        struct impasto_error *error)
{
    const size_t floats = network_floats(clip);
    *state = NULL;
    if (floats == 0)
        return IMPASTO_OK;
    if (clip->looks)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "this clip only finds scenes: there is no state to keep");
    *state = malloc(floats * sizeof(float));
    if (!*state)
        return imp_fail_memory(error, "the state of a clip", floats * sizeof(float));
    const enum impasto_status status = imp_applier_state_get(clip->applier, *state, error);
    if (status != IMPASTO_OK) {
        free(*state);
        *state = NULL;
    }
    return status;
}

static enum impasto_status read_network(struct impasto_clip *clip, const struct imp_store *store,
                                        struct impasto_error *error)
{
    const size_t floats = network_floats(clip);
    if (imp_store_count(store, NETWORK, false) != floats)
        return imp_store_damaged(store, error);
    if (floats == 0)
        return IMPASTO_OK;
    float *state = malloc(floats * sizeof(float)), odd = 0;
    if (!state)
        return imp_fail_memory(error, "the state of a clip", floats * sizeof(float));
    const struct imp_store_tensor tensor = imp_store_floats(NETWORK, state, floats);
    enum impasto_status status = imp_store_read(store, &tensor, error);
    for (size_t i = 0; status == IMPASTO_OK && i < floats; i++)
        odd += state[i] - state[i];
    if (status == IMPASTO_OK && odd != 0)
        status = imp_store_damaged(store, error);
    if (status == IMPASTO_OK)
        status = imp_applier_state_put(clip->applier, clip->info.result_width,
                                       clip->info.result_height, state, error);
    free(state);
    return status;
}

/* ---- Saving ---------------------------------------------------------------------------------- */

static void device_text(const struct impasto_clip *clip, char text[IMP_DEVICE_KEY])
{
    imp_device_key(&imp_device_caps(clip->device)->info, text);
}

enum impasto_status impasto_clip_save(struct impasto_clip *clip, const char *path,
                                      struct impasto_error *error)
{
    double values[MOST_NUMBERS];
    struct imp_ledger ledger = {.numbers = values, .size = MOST_NUMBERS};
    struct list list;
    char device[IMP_DEVICE_KEY], format[16];
    bool differs = false;
    numbers(clip, &ledger, &differs);
    list_pictures(clip, &list);
    float *network = NULL;
    IMP_TRY(take_network(clip, &network, error));
    if (network)
        add(&list, NETWORK, network, network_floats(clip));
    list.tensors[list.count++] = imp_store_doubles(NUMBERS, values, ledger.at);
    device_text(clip, device);
    snprintf(format, sizeof(format), "%d", kind.format);
    const struct imp_store_text texts[] = {{kind.key, format}, {DEVICE_KEY, device}};
    const struct imp_store_contents contents = {
        .what = kind.what,
        .texts = texts,
        .text_count = IMP_COUNT(texts),
        .tensors = list.tensors,
        .tensor_count = list.count,
        .checksum = true,
    };
    const enum impasto_status status = imp_store_write(path, &contents, error);
    free(network);
    return status;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static void warn_of_device(const struct impasto_clip *clip, const struct imp_store *store)
{
    const char *then = imp_store_text(store, DEVICE_KEY);
    char now[IMP_DEVICE_KEY];
    device_text(clip, now);
    if (!then || strcmp(then, now) != 0)
        imp_log(imp_device_log(clip->device), IMPASTO_LOG_WARNING,
                "%s: was begun on another device or with another driver, so the film may differ "
                "from that of one run",
                store->file.path);
}

static bool in_range(const float *values, size_t floats)
{
    for (size_t i = 0; i < floats; i++)
        if (!(values[i] >= 0 && values[i] <= 1))
            return false;
    return true;
}

static enum impasto_status read_numbers(struct impasto_clip *clip, const struct imp_store *store,
                                        struct impasto_error *error)
{
    double values[MOST_NUMBERS] = {0};
    const size_t found = imp_store_count(store, NUMBERS, true);
    struct imp_ledger ledger = {.numbers = values, .size = found, .loading = true};
    bool differs = false;
    if (found == 0 || found > MOST_NUMBERS)
        return imp_store_damaged(store, error);
    const struct imp_store_tensor tensor = imp_store_doubles(NUMBERS, values, found);
    IMP_TRY(imp_store_read(store, &tensor, error));
    numbers(clip, &ledger, &differs);
    if (differs)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: was begun with other frames, pictures, weights or settings; give it "
                        "what it was begun with, or begin the film anew",
                        store->file.path);
    return ledger.wrong || ledger.at != found ? imp_store_damaged(store, error) : IMPASTO_OK;
}

static enum impasto_status read_pictures(struct impasto_clip *clip, const struct imp_store *store,
                                         struct impasto_error *error)
{
    struct list list;
    if (imp_store_count(store, FIRST, false) > 0)
        IMP_TRY(impasto_image_create(clip->info.result_width, clip->info.result_height,
                                     &clip->first, error));
    list_pictures(clip, &list);
    for (size_t i = 0; i < list.count; i++) {
        IMP_TRY(imp_store_read(store, &list.tensors[i], error));
        if (!in_range(list.tensors[i].user, list.tensors[i].count))
            return imp_store_damaged(store, error);
    }
    return IMPASTO_OK;
}

void imp_clip_forget(struct impasto_clip *clip)
{
    clip->info = (struct impasto_clip_info){.width = clip->info.width,
                                            .height = clip->info.height,
                                            .result_width = clip->info.result_width,
                                            .result_height = clip->info.result_height};
    clip->scene_begins = 0;
    clip->looks = false;
    impasto_image_free(&clip->first);
    if (clip->applier)
        imp_applier_forget(clip->applier);
    for (int i = 0; i < PASTS; i++)
        past_of(clip, i)->known = false;
}

static enum impasto_status read_state(struct impasto_clip *clip, const struct imp_store *store,
                                      struct impasto_error *error)
{
    IMP_TRY(read_numbers(clip, store, error));
    IMP_TRY(read_pictures(clip, store, error));
    IMP_TRY(read_network(clip, store, error));
    if (clip->info.frames > 0 && !clip->first && imp_clip_keeps_first(clip))
        return imp_store_damaged(store, error);
    return clip->first ? imp_clip_take_colours(clip, error) : IMPASTO_OK;
}

enum impasto_status impasto_clip_load(struct impasto_clip *clip, const char *path,
                                      struct impasto_error *error)
{
    struct imp_store store = {0};
    imp_clip_forget(clip);
    IMP_TRY(imp_store_open(path, &kind, &store, error));
    const enum impasto_status status = read_state(clip, &store, error);
    if (status == IMPASTO_OK)
        warn_of_device(clip, &store);
    else
        imp_clip_forget(clip);
    imp_store_close(&store);
    return status;
}
