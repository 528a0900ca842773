/* SPDX-License-Identifier: MIT */
/*
 * A training to its checkpoint and back. What is saved is what the next step depends on and what
 * cannot be made again. Pictures, weights and the base are saved as checksums.
 *
 * The training as JSON:
 *     {"impasto": VERSION, "params": {...}, "step", "steps", "adam": steps of Adam,
 *      "position": crops drawn, "failures", "done", "fixed": the number of steps is decided,
 *      "timed", "worked": see watch_time, "seconds": so far,
 *      "last": what the last step was like: numbers of its progress, null where not finite,
 *      "judge": {"last", "best", "mark": null where there is none; "best_step", "mark_step"},
 *      "inputs": {"styles": [...], "photos", "base", "keep", "weights"},
 *      "ranks": how many shared the crops of its last steps; missing: not known,
 *      "device": {"name", "platform", "driver"}, "computer": see imp_device_key}
 *
 * The tensors are parameters, average, best, and Adam's two moments.
 */

#include "vgg/weights.h"
#include "train/train.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TRAINING_KEY "impasto.train"
#define NOTE_KEY "impasto.note"

_Static_assert(IMP_STORE_BESIDE_NOTE + IMP_STORE_ESCAPED * IMPASTO_SETTINGS_MOST <=
                   IMP_STORE_HEADER_MOST,
               "a checkpoint with the longest note could not be read");

static const struct imp_store_kind checkpoint_kind = {
    .key = "impasto.training",
    .format = 3, /* since there are noise and a weave; 2: a lattice and a style loss of conv3_3 */
    .what = "a checkpoint of a training",
    .advice = "go on from an older one, or begin anew",
};

/* ---- Tensors --------------------------------------------------------------------------------- */

enum { TENSORS = 5 };

static enum impasto_status read_piece(void *user, size_t offset, void *piece, size_t size)
{
    return imp_buffer_read(user, offset, piece, size);
}

static enum impasto_status write_piece(void *user, size_t offset, const void *piece, size_t size)
{
    return imp_buffer_write(user, offset, piece, size);
}

static void list_tensors(const struct imp_learner *learner,
                         struct imp_store_tensor tensors[TENSORS])
{
    static const char *const names[TENSORS] = {"parameters", "average", "best", "adam.first_moment",
                                               "adam.second_moment"};
    struct imp_buffer *const buffers[TENSORS] = {learner->values, learner->average, learner->best,
                                                 learner->moments[0], learner->moments[1]};
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = (struct imp_store_tensor){.name = names[i],
                                               .count = learner->parameters,
                                               .read = read_piece,
                                               .write = write_piece,
                                               .user = buffers[i]};
}

/* ---- What it is made of ---------------------------------------------------------------------- */

json_t *imp_train_describe_inputs(const struct impasto_train *train)
{
    char weights[32];
    json_t *styles = json_array();
    if (train->model.checksum)
        snprintf(weights, sizeof(weights), "%08x", (unsigned)train->model.checksum);
    else
        snprintf(weights, sizeof(weights), "built-in %d", IMP_BUILTIN_VERSION);
    for (int i = 0; i < train->styles.count; i++)
        json_array_append_new(styles, json_integer(train->styles.checksums[i]));
    return json_pack("{s:o, s:I, s:I, s:b, s:s}", "styles", styles, "photos",
                     (json_int_t)train->photos.checksum, "base", (json_int_t)train->base_checksum,
                     "keep", (int)train->keep, "weights", weights);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Numbers of a step's progress, by name. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"total", offsetof(struct impasto_train_progress, head.total)},
    {"content", offsetof(struct impasto_train_progress, content)},
    {"style", offsetof(struct impasto_train_progress, style)},
    {"tv", offsetof(struct impasto_train_progress, tv)},
    {"range", offsetof(struct impasto_train_progress, range)},
    {"lattice", offsetof(struct impasto_train_progress, lattice)},
    {"weave", offsetof(struct impasto_train_progress, weave)},
    {"steady", offsetof(struct impasto_train_progress, steady)},
    {"steady_features", offsetof(struct impasto_train_progress, steady_features)},
    {"learning_rate", offsetof(struct impasto_train_progress, learning_rate)},
    {"gradient", offsetof(struct impasto_train_progress, gradient)},
};

static json_t *describe_last(const struct impasto_train_progress *progress)
{
    json_t *last =
        json_pack("{s:i, s:i, s:b, s:b}", "batch", progress->batch, "crop", progress->crop,
                  "skipped", (int)progress->skipped, "judged", (int)progress->judged);
    for (size_t i = 0; i < IMP_COUNT(numbers); i++) {
        double value;
        memcpy(&value, (const char *)progress + numbers[i].offset, sizeof(value));
        json_object_set_new(last, numbers[i].key, number(value));
    }
    return last;
}

static json_t *describe_judge(const struct imp_verdicts *verdicts)
{
    return json_pack("{s:o, s:o, s:o, s:i, s:i}", "last", number(verdicts->last), "best",
                     number(verdicts->best), "mark", number(verdicts->mark), "best_step",
                     verdicts->best_step, "mark_step", verdicts->mark_step);
}

static double seconds_so_far(const struct impasto_train *train)
{
    return train->started != 0 ? imp_host_seconds() - train->started : train->before;
}

/* NULL: no memory. */
static json_t *describe(const struct impasto_train *train)
{
    const struct impasto_device_info *info = &imp_device_caps(train->device)->info;
    char key[IMP_DEVICE_KEY];
    imp_device_key(info, key);
    /* A NULL from any of the parts is one for the whole. */
    return json_pack(
        "{s:s, s:o, s:i, s:i, s:i, s:I, s:i, s:b, s:b, s:f, s:f, s:f, s:o, s:o, s:o,"
        " s:i, s:{s:s, s:s, s:s}, s:s}",
        "impasto", impasto_version(), "params", imp_train_params_to_json(&train->params), "step",
        train->step, "steps", train->schedule.steps, "adam", train->learner.step, "position",
        (json_int_t)train->position, "failures", train->failures, "done", (int)train->done, "fixed",
        (int)train->fixed, "timed", train->timed, "worked", train->worked, "seconds",
        seconds_so_far(train), "last", describe_last(&train->progress), "judge",
        describe_judge(&train->verdicts), "inputs", imp_train_describe_inputs(train), "ranks",
        imp_train_ranks(train), "device", "name", info->name, "platform", info->platform, "driver",
        info->driver, "computer", key);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum impasto_status write_file(struct impasto_train *train, const char *path,
                                      const char *note, const char *training)
{
    struct imp_store_tensor tensors[TENSORS];
    char format[16];
    list_tensors(&train->learner, tensors);
    snprintf(format, sizeof(format), "%d", checkpoint_kind.format);
    const struct imp_store_text texts[] = {
        {checkpoint_kind.key, format}, {TRAINING_KEY, training}, {NOTE_KEY, note}};
    const struct imp_store_contents contents = {
        .what = checkpoint_kind.what,
        .texts = texts,
        .text_count = IMP_COUNT(texts),
        .tensors = tensors,
        .tensor_count = TENSORS,
        .checksum = true,
    };
    return imp_store_write(path, &contents, imp_device_error_place(train->device));
}

static enum impasto_status save(struct impasto_train *train, const char *path, const char *note)
{
    json_t *described = describe(train);
    char *training =
        described ? json_dumps(described, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(described);
    if (!training)
        return imp_device_fail_memory(train->device, checkpoint_kind.what, 0);
    const enum impasto_status status = write_file(train, path, note, training);
    free(training);
    return status;
}

enum impasto_status impasto_train_save_checkpoint(struct impasto_train *train, const char *path,
                                                  const char *note, struct impasto_error *error)
{
    IMP_TRY(imp_train_check_whole(train, error));
    if (note && (!imp_is_utf8(note) || strlen(note) > IMPASTO_SETTINGS_MOST))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "the note of a checkpoint must be UTF-8 of at most %d bytes",
                        IMPASTO_SETTINGS_MOST);
    return imp_lift(train->device, save(train, path, note), error);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static bool read_verdicts(json_t *judge, int step, struct imp_verdicts *verdicts)
{
    *verdicts = (struct imp_verdicts){.last = number_of(judge, "last"),
                                      .best = number_of(judge, "best"),
                                      .mark = number_of(judge, "mark")};
    return json_unpack(judge, "{s:i, s:i}", "best_step", &verdicts->best_step, "mark_step",
                       &verdicts->mark_step) == 0 &&
           verdicts->best_step >= 0 && verdicts->best_step <= step && verdicts->mark_step >= 0 &&
           verdicts->mark_step <= step;
}

/* What is missing is not known. */
static void read_last(const json_t *last, struct impasto_train_progress *progress)
{
    const double batch = number_of(last, "batch"), crop = number_of(last, "crop");
    *progress = (struct impasto_train_progress){
        .batch = batch >= 0 && batch <= INT_MAX ? (int)batch : 0,
        .crop = crop >= 0 && crop <= INT_MAX ? (int)crop : 0,
        .skipped = json_is_true(json_object_get(last, "skipped")),
        .judged = json_is_true(json_object_get(last, "judged")),
    };
    for (size_t i = 0; i < IMP_COUNT(numbers); i++) {
        const double value = number_of(last, numbers[i].key);
        memcpy((char *)progress + numbers[i].offset, &value, sizeof(value));
    }
}

/* Where the training was. false: it cannot have been there. */
static bool read_place(json_t *training, struct imp_train_place *place)
{
    json_t *judge;
    json_int_t position;
    int done, fixed;
    if (json_unpack(training, "{s:i, s:i, s:i, s:I, s:i, s:b, s:b, s:F, s?F, s:F, s:o}", "step",
                    &place->step, "steps", &place->steps, "adam", &place->adam, "position",
                    &position, "failures", &place->failures, "done", &done, "fixed", &fixed,
                    "timed", &place->timed, "worked", &place->worked, "seconds", &place->seconds,
                    "judge", &judge) != 0)
        return false;
    read_last(json_object_get(training, "last"), &place->last);
    place->last.head.seconds = place->seconds;
    if (!(place->worked > 0)) /* nothing that was timed: from here on */
        place->timed = place->seconds;
    place->position = (uint64_t)position;
    place->done = done != 0;
    place->fixed = fixed != 0;
    return place->step >= 0 && place->step <= place->steps && place->steps >= 1 &&
           place->steps <= IMP_MOST_STEPS && place->adam >= 0 && place->adam <= place->step &&
           position >= 0 && place->worked >= 0 && place->failures >= 0 &&
           place->failures < IMP_TRAIN_TRIES && read_verdicts(judge, place->step, &place->verdicts);
}

static bool read_training(struct impasto_train_checkpoint *checkpoint)
{
    struct impasto_train_checkpoint_info *info = &checkpoint->info;
    const struct imp_train_place *place = &checkpoint->place;
    json_t *params, *inputs, *styles;
    const char *key, *weights;
    if (json_unpack(checkpoint->training, "{s:s, s:o, s:o, s:{s:s, s:s, s:s}, s:s}", "impasto",
                    &info->version, "params", &params, "inputs", &inputs, "device", "name",
                    &info->device, "platform", &info->platform, "driver", &info->driver, "computer",
                    &key) != 0 ||
        json_unpack(inputs, "{s:o, s:s}", "styles", &styles, "weights", &weights) != 0 ||
        !json_is_array(styles) || !imp_train_params_from_json(params, &checkpoint->params) ||
        !read_place(checkpoint->training, &checkpoint->place))
        return false;
    checkpoint->params.struct_size = sizeof(checkpoint->params);
    info->params = &checkpoint->params;
    info->step = place->step;
    info->steps = place->steps;
    info->done = place->done;
    info->seconds = place->seconds;
    return true;
}

static enum impasto_status open_file(const char *path, struct impasto_train_checkpoint *checkpoint,
                                     struct impasto_error *error)
{
    IMP_TRY(imp_store_open(path, &checkpoint_kind, &checkpoint->store, error));
    const char *training = imp_store_text(&checkpoint->store, TRAINING_KEY);
    checkpoint->training = training ? json_loads(training, JSON_REJECT_DUPLICATES, NULL) : NULL;
    checkpoint->info.note = imp_store_text(&checkpoint->store, NOTE_KEY);
    return read_training(checkpoint) ? IMPASTO_OK : imp_store_damaged(&checkpoint->store, error);
}

enum impasto_status impasto_train_checkpoint_open(const char *path,
                                                  struct impasto_train_checkpoint **checkpoint,
                                                  struct impasto_error *error)
{
    *checkpoint = NULL;
    struct impasto_train_checkpoint *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return imp_fail_memory(error, checkpoint_kind.what, sizeof(*opened));
    const enum impasto_status status = open_file(path, opened, error);
    if (status == IMPASTO_OK)
        *checkpoint = opened;
    else
        impasto_train_checkpoint_close(&opened);
    return status;
}

void impasto_train_checkpoint_close(struct impasto_train_checkpoint **checkpoint)
{
    if (!checkpoint || !*checkpoint)
        return;
    json_decref((*checkpoint)->training);
    imp_store_close(&(*checkpoint)->store);
    free(*checkpoint);
    *checkpoint = NULL;
}

const struct impasto_train_checkpoint_info *
impasto_train_checkpoint_info(const struct impasto_train_checkpoint *checkpoint)
{
    return &checkpoint->info;
}

/* ---- Going on -------------------------------------------------------------------------------- */

enum impasto_status imp_train_other_input(const struct impasto_train *train, const json_t *then,
                                          const char **what)
{
    static const struct {
        const char *key, *what;
        enum impasto_status status;
    } inputs[] = {
        {"styles", "other style pictures or names of them", IMPASTO_ERROR_INPUT},
        {"photos", "other photographs", IMPASTO_ERROR_INPUT},
        {"base", "another base", IMPASTO_ERROR_INPUT},
        {"keep", "another choice whether the base's own styles are kept", IMPASTO_ERROR_INPUT},
        {"weights", "other weights", IMPASTO_ERROR_WEIGHTS},
    };
    json_t *now = imp_train_describe_inputs(train);
    enum impasto_status status =
        now && then ? IMPASTO_OK
                    : imp_device_fail_memory(train->device, "checksums of pictures", 0);
    *what = NULL;
    for (size_t i = 0; i < IMP_COUNT(inputs) && status == IMPASTO_OK; i++)
        if (!json_equal(json_object_get(now, inputs[i].key),
                        json_object_get(then, inputs[i].key))) {
            status = inputs[i].status;
            *what = inputs[i].what;
        }
    json_decref(now);
    return status;
}

enum impasto_status imp_train_compare(const struct impasto_train *train,
                                      const struct impasto_train_checkpoint *from)
{
    const json_t *then = json_object_get(from->training, "inputs");
    const char *what = NULL;
    const enum impasto_status status = imp_train_other_input(train, then, &what);
    return !what ? status
                 : imp_device_fail(train->device, status,
                                   "%s: was begun with %s; give it what it was begun with",
                                   from->store.file.path, what);
}

/* Sums of floats depend on how many add up. Those that are reproducible do not. */
static void warn_of_other_ranks(const struct impasto_train *train,
                                const struct impasto_train_checkpoint *from)
{
    const json_int_t then = json_integer_value(json_object_get(from->training, "ranks"));
    const int now = imp_train_ranks(train);
    if (then < 1 || then > IMPASTO_RANKS || then == now || train->params.reproducible)
        return;
    imp_log(imp_device_log(train->device), IMPASTO_LOG_WARNING,
            "%s: was saved by a training of %d rank%s, and goes on with %d, which add up in "
            "another order, so the model may differ in the last bits from that of one run; go on "
            "with %d, or begin with `reproducible`",
            from->store.file.path, (int)then, then == 1 ? "" : "s", now, (int)then);
}

static void warn_of_differences(const struct impasto_train *train,
                                const struct impasto_train_checkpoint *from)
{
    char key[IMP_DEVICE_KEY];
    imp_device_key(&imp_device_caps(train->device)->info, key);
    if (strcmp(key, json_string_value(json_object_get(from->training, "computer"))) != 0)
        imp_log(imp_device_log(train->device), IMPASTO_LOG_WARNING,
                "%s: was begun on %s (driver %s) with Impasto %s; this is another device, driver "
                "or version, so the model may differ from that of one run",
                from->store.file.path, from->info.device, from->info.driver, from->info.version);
}

enum impasto_status imp_train_restore(struct impasto_train *train,
                                      const struct impasto_train_checkpoint *from)
{
    struct impasto_error *error = imp_device_error_place(train->device);
    struct imp_store_tensor tensors[TENSORS];
    const struct imp_train_place *place = &from->place;
    train->step = place->step;
    train->schedule.steps = place->steps;
    train->learner.step = place->adam;
    train->position = place->position;
    train->failures = place->failures;
    train->done = place->done;
    train->fixed = place->fixed;
    train->timed = place->timed;
    train->worked = place->worked;
    train->before = place->seconds;
    train->verdicts = place->verdicts;
    train->progress = place->last;
    list_tensors(&train->learner, tensors);
    for (int i = 0; i < TENSORS; i++)
        IMP_TRY(imp_store_read(&from->store, &tensors[i], error));
    warn_of_differences(train, from);
    warn_of_other_ranks(train, from);
    imp_train_report(train);
    imp_log(imp_device_log(train->device), IMPASTO_LOG_INFO, "going on from %s: step %d of %d",
            from->store.file.path, train->step, train->schedule.steps);
    return IMPASTO_OK;
}
