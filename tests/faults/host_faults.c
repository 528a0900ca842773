/* SPDX-License-Identifier: MIT */
/*
 * What the library does, with the n-th call of each kind failing, for n = 1, 2, ... until none is
 * left to fail: host_faults FOLDER STEP [NAME...]. Sound files of each kind are in the folder.
 * Where STEP is not 1, only every so manieth n is tried behind the first 20, and of what needs a
 * device, which takes a second each time, every n is half as far again as the one before.
 *
 * After each: the status is a documented one with one line that says why, or the call has done all
 * of its work; what it writes is the old file or the whole new one, and nothing lies beside it; no
 * memory and no descriptor is lost.
 */

#define _GNU_SOURCE /* mallinfo2 */

#include "cli/options/options.h"
#include "libc_layer.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_FIRST 20 /* n up to here are always tried */
#define TARGET "target"

static struct impasto_image *picture;
static struct impasto_weights *weights, *builtin;
static struct impasto_device *device;
static struct impasto_model *model;

/* ---- What is done ---------------------------------------------------------------------------- */

static enum impasto_status load(const char *name, struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    const enum impasto_status status = impasto_image_load(name, 0, &image, error);
    impasto_image_free(&image);
    return status;
}

static enum impasto_status load_settings(const char *name, struct impasto_error *error)
{
    char *settings = NULL;
    const enum impasto_status status = impasto_image_load_settings(name, &settings, error);
    free(settings);
    return status;
}

static enum impasto_status save(const char *name, struct impasto_error *error)
{
    const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                 .bits = strstr(name, "16") ? 16 : 8};
    return impasto_image_save(picture, name, &options, error);
}

static enum impasto_status encode(const char *name, struct impasto_error *error)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    const enum impasto_status status =
        impasto_image_encode(picture, name, NULL, &bytes, &size, error);
    free(bytes);
    return status;
}

static enum impasto_status shrink(const char *name, struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    (void)name;
    const enum impasto_status status = impasto_image_resize(picture, 5, 4, &image, error);
    impasto_image_free(&image);
    return status;
}

static enum impasto_status open_weights(const char *name, struct impasto_error *error)
{
    struct impasto_weights *opened = NULL;
    const enum impasto_status status =
        impasto_weights_open(name, IMPASTO_CONVENTION_AUTO, &opened, error);
    impasto_weights_close(&opened);
    return status;
}

static enum impasto_status save_weights(const char *name, struct impasto_error *error)
{
    return impasto_weights_save(weights, name, error);
}

static enum impasto_status open_checkpoint(const char *name, struct impasto_error *error)
{
    struct impasto_checkpoint *checkpoint = NULL;
    const enum impasto_status status = impasto_checkpoint_open(name, &checkpoint, error);
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static enum impasto_status read_options(const char *name, struct impasto_error *error)
{
    char program[] = "impasto", option[] = "--settings", file[256];
    char *words[] = {program, option, file, NULL};
    struct cli_settings settings = {0};
    struct impasto_params params = {0};
    snprintf(file, sizeof(file), "%s", name);
    enum impasto_status status = cli_parse(3, words, &settings, error);
    if (status == IMPASTO_OK)
        status = cli_override(&settings, &params, error);
    cli_release(&settings);
    return status;
}

static void ignore_device(void *user, const struct impasto_device_info *info)
{
    (void)user, (void)info;
}

static enum impasto_status list_devices(const char *name, struct impasto_error *error)
{
    (void)name;
    return impasto_device_list(ignore_device, NULL, error);
}

/* A job of a step, its picture, its checkpoint, and the job that goes on from that. */
static enum impasto_status run_job(const char *name, struct impasto_error *error)
{
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = picture, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = picture, .styles = &style, .style_count = 1};
    struct impasto_params params;
    struct impasto_job *job = NULL, *next = NULL;
    struct impasto_checkpoint *checkpoint = NULL;
    struct impasto_image *image = NULL;
    enum impasto_status status = impasto_params_preset(weights, "quick", &params, error);
    params.size = 32;
    params.iterations = 2;
    params.scales = 1;
    if (status == IMPASTO_OK)
        status = impasto_job_open(device, weights, &pictures, &params, &job, error);
    if (status == IMPASTO_OK)
        status = impasto_job_step(job, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_job_image(job, &image, error);
    if (status == IMPASTO_OK)
        status = impasto_job_save(job, name, "{}", error);
    impasto_job_close(&job);
    if (status == IMPASTO_OK)
        status = impasto_checkpoint_open(name, &checkpoint, error);
    if (status == IMPASTO_OK)
        status = impasto_job_resume(device, weights, &pictures, checkpoint, NULL, &next, error);
    if (status == IMPASTO_OK)
        status = impasto_job_step(next, NULL, error);
    impasto_image_free(&image);
    impasto_job_close(&next);
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static enum impasto_status open_model(const char *name, struct impasto_error *error)
{
    struct impasto_model *opened = NULL;
    const enum impasto_status status = impasto_model_open(name, &opened, error);
    impasto_model_close(&opened);
    return status;
}

static enum impasto_status save_model(const char *name, struct impasto_error *error)
{
    return impasto_model_save(model, name, strstr(name, "half") != NULL, error);
}

/* A picture through a model, over itself and as a copy with strokes of another size. */
static enum impasto_status apply_model(const char *name, struct impasto_error *error)
{
    struct impasto_apply_params params = impasto_apply_defaults();
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = picture};
    struct impasto_model *opened = NULL;
    struct impasto_applier *applier = NULL;
    struct impasto_image *image = NULL, *again = NULL;
    params.colour = IMPASTO_COLOUR_LUMA;
    enum impasto_status status = impasto_model_open("sound.model", &opened, error);
    if (status == IMPASTO_OK)
        status = impasto_applier_open(device, opened, &params, &applier, error);
    impasto_model_close(&opened);
    if (status == IMPASTO_OK)
        status = impasto_applier_paint(applier, &pictures, &image, error);
    if (status == IMPASTO_OK)
        status = impasto_applier_paint_over(applier, &pictures, image, error);
    params.stroke = 0.5F;
    if (status == IMPASTO_OK)
        status = impasto_applier_change(applier, &params, error);
    if (status == IMPASTO_OK)
        status = impasto_applier_paint(applier, &pictures, &again, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save(again, name, NULL, error);
    impasto_applier_close(&applier);
    impasto_image_free(&image);
    impasto_image_free(&again);
    return status;
}

static enum impasto_status open_training(const char *name, struct impasto_error *error)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    const enum impasto_status status = impasto_train_checkpoint_open(name, &checkpoint, error);
    impasto_train_checkpoint_close(&checkpoint);
    return status;
}

/* The smallest: two steps of one crop each, with a model for its base. */
static struct impasto_train_params small_training(void)
{
    struct impasto_train_params params;
    impasto_train_params_default(&params);
    params.steps = 2;
    params.batch = 1;
    params.crop = params.judge_size = params.style_size = 32;
    params.late_share = 0;
    params.judge_every = 1;
    return params;
}

/* Scenes to learn from, which take longer to draw than the steps. */
static enum impasto_status draw_scenes(const char *name, struct impasto_error *error)
{
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = picture, .name = "page"};
    const struct impasto_train_task task = {
        .struct_size = sizeof(task), .styles = &style, .style_count = 1, .base = name};
    const struct impasto_train_params params = small_training();
    struct impasto_train *train = NULL;
    const enum impasto_status status =
        impasto_train_open(device, builtin, &task, &params, &train, error);
    impasto_train_close(&train);
    return status;
}

/* A step, the checkpoint, and the training that goes on from that to its model. */
static enum impasto_status run_training(const char *name, struct impasto_error *error)
{
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = picture, .name = "page"};
    const struct impasto_train_task task = {.struct_size = sizeof(task),
                                            .styles = &style,
                                            .style_count = 1,
                                            .base = "sound.model",
                                            .photos = "photos"};
    const struct impasto_train_params params = small_training();
    struct impasto_train *train = NULL, *next = NULL;
    struct impasto_train_checkpoint *checkpoint = NULL;
    struct impasto_image *image = NULL;
    enum impasto_status status = impasto_train_open(device, builtin, &task, &params, &train, error);
    if (status == IMPASTO_OK)
        status = impasto_train_step(train, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_train_image(train, picture, 0, &image, error);
    if (status == IMPASTO_OK)
        status = impasto_train_save_checkpoint(train, name, "{}", error);
    impasto_train_close(&train);
    if (status == IMPASTO_OK)
        status = impasto_train_checkpoint_open(name, &checkpoint, error);
    if (status == IMPASTO_OK)
        status = impasto_train_resume(device, builtin, &task, checkpoint, NULL, &next, error);
    if (status == IMPASTO_OK)
        status = impasto_train_run(next, NULL, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_train_save(next, name, true, error);
    impasto_image_free(&image);
    impasto_train_close(&next);
    impasto_train_checkpoint_close(&checkpoint);
    return status;
}

static const struct deed {
    const char *name;
    enum impasto_status (*act)(const char *file, struct impasto_error *error);
    const char *file;
    bool writes; /* the file, which is there before */
    bool device; /* needs one: what drivers keep is no loss */
    bool child;  /* works in a child process, whose calls fail as well */
} deeds[] = {
    {.name = "load-png", .act = load, .file = "sound.png"},
    {.name = "load-interlaced", .act = load, .file = "interlaced.png"},
    {.name = "load-jpeg", .act = load, .file = "sound.jpg"},
    {.name = "load-progressive", .act = load, .file = "progressive.jpg"},
    {.name = "load-settings", .act = load_settings, .file = "settings.png"},
    {.name = "read-settings", .act = read_options, .file = "settings.json"},
    {.name = "read-settings-png", .act = read_options, .file = "settings.png"},
    {.name = "open-safetensors", .act = open_weights, .file = "sound.safetensors"},
    {.name = "open-hdf5", .act = open_weights, .file = "sound.h5", .child = true},
    {.name = "open-checkpoint", .act = open_checkpoint, .file = "sound.ckpt"},
    {.name = "open-model", .act = open_model, .file = "sound.model"},
    {.name = "open-training", .act = open_training, .file = "training.ckpt"},
    {.name = "shrink", .act = shrink, .file = "none"},
    {.name = "encode", .act = encode, .file = "page.png"},
    {.name = "encode-jpeg", .act = encode, .file = "page.jpg"},
    {.name = "save-png", .act = save, .file = TARGET ".png", .writes = true},
    {.name = "save-png16", .act = save, .file = TARGET "16.png", .writes = true},
    {.name = "save-jpeg", .act = save, .file = TARGET ".jpg", .writes = true},
    {.name = "save-weights", .act = save_weights, .file = TARGET ".safetensors", .writes = true},
    {.name = "save-model", .act = save_model, .file = TARGET ".model", .writes = true},
    {.name = "save-model-half", .act = save_model, .file = TARGET "-half.model", .writes = true},
    {.name = "list-devices", .act = list_devices, .file = "none", .device = true},
    {.name = "apply",
     .act = apply_model,
     .file = TARGET "-applied.png",
     .writes = true,
     .device = true},
    {.name = "draw-scenes", .act = draw_scenes, .file = "sound.model", .device = true},
    {.name = "train",
     .act = run_training,
     .file = TARGET "-trained.model",
     .writes = true,
     .device = true},
    {.name = "job", .act = run_job, .file = TARGET ".ckpt", .writes = true, .device = true},
};

/* ---- What is held against it ----------------------------------------------------------------- */

static long failures;

static void complain(const struct deed *deed, const char *kind, long n, const char *what)
{
    failures++;
    printf("FAILED %s, %s %ld: %s\n", deed->name, kind, n, what);
    fflush(stdout);
}

static int entries(const char *folder)
{
    DIR *opened = opendir(folder);
    int count = 0;
    while (opened && readdir(opened))
        count++;
    if (opened)
        closedir(opened);
    return count;
}

/* The bytes of a file, a new block. */
static char *contents(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    *size = 0;
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    const long length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    if (bytes)
        *size = fread(bytes, 1, (size_t)length, file);
    fclose(file);
    return bytes;
}

static bool is_old(const char *path)
{
    size_t size;
    char *bytes = contents(path, &size);
    const bool old = bytes && size == 3 && memcmp(bytes, "old", 3) == 0;
    free(bytes);
    return old;
}

static bool is_new(const char *path, const char *wanted, size_t wanted_size)
{
    size_t size;
    char *bytes = contents(path, &size);
    const bool same = bytes && size == wanted_size && memcmp(bytes, wanted, size) == 0;
    free(bytes);
    return same;
}

static void put_old(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite("old", 1, 3, file) != 3 || fclose(file) != 0)
        exit(2);
}

struct before {
    size_t memory;
    int files, descriptors;
};

static struct before look(void)
{
    return (struct before){mallinfo2().uordblks, entries("."), entries("/proc/self/fd")};
}

static void check_rest(const struct deed *deed, const char *kind, long n, struct before before)
{
    char text[96];
    const struct before after = look();
    if (after.files != before.files)
        complain(deed, kind, n, "leaves a file behind");
    if (after.descriptors != before.descriptors)
        complain(deed, kind, n, "leaves a descriptor open");
    snprintf(text, sizeof(text), "loses %ld bytes", (long)(after.memory - before.memory));
    if (after.memory > before.memory && !deed->device)
        complain(deed, kind, n, text);
}

/* One n. true: a call has failed. wanted: what the deed writes when nothing fails. */
static bool attempt(const struct deed *deed, const char *kind, long n, const char *wanted,
                    size_t wanted_size)
{
    struct impasto_error error = {0};
    if (deed->writes)
        put_old(deed->file);
    const struct before before = look();
    fault_arm(kind, n);
    const enum impasto_status status = deed->act(deed->file, &error);
    const bool fired = fault_fired();
    check_rest(deed, kind, n, before);
    if (status > 0 || status < -8 || status == IMPASTO_ERROR_INTERNAL)
        complain(deed, kind, n, "has no documented status");
    if (status != IMPASTO_OK && (!error.message[0] || strchr(error.message, '\n')))
        complain(deed, kind, n, "does not say why it failed in one line");
    if (status == IMPASTO_OK && error.message[0])
        complain(deed, kind, n, "has done its work, but complains");
    if (status != IMPASTO_OK && !fired && !deed->child)
        complain(deed, kind, n, error.message);
    if (!deed->writes)
        return fired || status != IMPASTO_OK;
    /* A checkpoint has the seconds of its run in it, and what comes behind it may have failed. */
    if (status == IMPASTO_OK && !deed->device && !is_new(deed->file, wanted, wanted_size))
        complain(deed, kind, n, "says that it has written, but has not, or something else");
    if (status == IMPASTO_OK && is_old(deed->file))
        complain(deed, kind, n, "says that it has written, but has not");
    if (status != IMPASTO_OK && !deed->device && !is_old(deed->file))
        complain(deed, kind, n, "has failed, but touched the old file");
    return fired || status != IMPASTO_OK;
}

static long next_call(const struct deed *deed, long n, long step)
{
    if (step == 1 || (!deed->device && n < ALL_FIRST))
        return n + 1;
    return deed->device ? n + n / 2 + 1 : n + step;
}

static void loop(const struct deed *deed, const char *kind, long step)
{
    struct impasto_error error = {0};
    size_t size = 0;
    char *wanted = NULL;
    if (deed->writes)
        put_old(deed->file);
    /* Twice: the first time libraries allocate what they keep. */
    for (int i = 0; i < 2; i++)
        if (deed->act(deed->file, &error) != IMPASTO_OK) {
            complain(deed, kind, 0, error.message);
            return;
        }
    if (deed->writes)
        wanted = contents(deed->file, &size);
    long n = 1, tried = 0;
    for (; attempt(deed, kind, n, wanted, size); n = next_call(deed, n, step))
        tried++;
    printf("%-18s %-9s %5ld calls fail of about %5ld\n", deed->name, kind, tried, n - 1);
    fflush(stdout);
    free(wanted);
}

static bool named(const char *name, int argc, char **argv)
{
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 3;
}

int main(int argc, char **argv)
{
    struct impasto_error error = {0};
    if (argc < 3 || chdir(argv[1]) != 0)
        return 2;
    if (impasto_image_load("sound.png", 0, &picture, &error) != IMPASTO_OK ||
        impasto_weights_open("sound.safetensors", IMPASTO_CONVENTION_AUTO, &weights, &error) !=
            IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &builtin, &error) != IMPASTO_OK ||
        impasto_model_open("sound.model", &model, &error) != IMPASTO_OK ||
        impasto_device_open(NULL, NULL, NULL, &device, &error) != IMPASTO_OK) {
        printf("%s\n", error.message);
        return 2;
    }
    for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
        for (int k = 0; fault_kinds[k] && named(deeds[i].name, argc, argv); k++)
            loop(&deeds[i], fault_kinds[k], atol(argv[2]));
    impasto_device_close(&device);
    impasto_model_close(&model);
    impasto_weights_close(&builtin);
    impasto_weights_close(&weights);
    impasto_image_free(&picture);
    printf("%ld failures\n", failures);
    return failures ? 1 : 0;
}
