/* SPDX-License-Identifier: MIT */
/*
 * A short training from pictures and weights that follow from formulas, for train_reference.py:
 *
 *   train_steps FOLDER generated|trained STYLES STEPS SETTING=VALUE...
 *
 * STEPS are taken of those that the settings have, which are those of `impasto train`. "trained"
 * has the built-in weights judged as if a file had brought them: other layers, and maximum pooling.
 * Prints a line of JSON for each step, and leaves in the folder, as plain floats, all that the
 * steps depend on and what they come to:
 *
 *   vgg.f32           weight and bias of each layer that is looked at
 *   style-S.f32       (3, STYLE_SIZE, STYLE_SIZE) of each style picture
 *   crops-SIZE.f32    the crop of each position, of the sizes that any step or the judge has
 *   judged.f32        the pictures of the judge
 *   begin.f32, parameters.f32, average.f32   at the beginning and the end
 */

#include "train/train.h"

#include <impasto/impasto.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PHOTO_FOLDER "photos"
enum { NAME_SIZE = 32, STYLES_MOST = 4, STYLE_SIZE = 64 };
/* So many that no scenes are drawn, which are not this test's. */
enum { PHOTOS = 20, PHOTO_WIDTH = 88, PHOTO_HEIGHT = 72 };
/* Positions whose crops are also used to learn what contents are like. */
enum { SAMPLED = 8 };

static void give_up(const char *what)
{
    fprintf(stderr, "train_steps: %s\n", what);
    exit(1);
}

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status != IMPASTO_OK)
        give_up(error->message);
}

/* FOLDER/NAME, until the next call. */
static const char *path_of(const char *folder, const char *name)
{
    static char path[1024];
    const int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        give_up("the folder's name is too long");
    return path;
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* Rises from 0 to 1 and falls back, over a period. */
static float slope(int at, int period)
{
    const int place = at % period, half = period / 2;
    return (float)(place < half ? place : period - place) / (float)(period - half);
}

/* Slopes in two directions, and a box with its colours turned round. */
static float colour_at(int kind, int x, int y, int k)
{
    const float along = slope(x * (2 + kind % 5) + y * (1 + kind % 3) + 17 * k, 61 + 8 * k);
    const float across = slope(y * (1 + kind % 4) + 2 * (PHOTO_WIDTH - x) + 5 * kind, 43 + kind);
    const bool boxed = abs(x - 24 - kind % 7) < 9 + kind % 6 && abs(y - 30 + kind % 5) < 12;
    const float value = 0.1f + 0.5f * along + 0.3f * across;
    return boxed ? 1 - value : value;
}

static struct impasto_image *draw(int width, int height, int kind)
{
    struct impasto_image *image = NULL;
    struct impasto_error error;
    check(impasto_image_create(width, height, &image, &error), &error);
    for (int i = 0; i < width * height; i++)
        for (int k = 0; k < 3; k++)
            image->rgb[3 * i + k] = colour_at(kind, i % width, i / width, k);
    return image;
}

/* In the folder PHOTO_FOLDER of this one. */
static void save_photos(const char *folder)
{
    struct impasto_error error;
    if (mkdir(path_of(folder, PHOTO_FOLDER), 0777) != 0)
        give_up("the folder of photographs cannot be made");
    for (int i = 0; i < PHOTOS; i++) {
        struct impasto_image *image = draw(PHOTO_WIDTH, PHOTO_HEIGHT, i);
        char name[NAME_SIZE];
        snprintf(name, sizeof(name), PHOTO_FOLDER "/%02d.png", i);
        check(impasto_image_save(image, path_of(folder, name), NULL, &error), &error);
        impasto_image_free(&image);
    }
}

/* ---- What is written ------------------------------------------------------------------------- */

static FILE *begin_file(const char *folder, const char *name)
{
    FILE *file = fopen(path_of(folder, name), "wb");
    if (!file)
        give_up("a file cannot be written");
    return file;
}

static void put(FILE *file, const float *values, size_t count)
{
    if (fwrite(values, sizeof(*values), count, file) != count)
        give_up("a file cannot be written");
}

static void end_file(FILE *file)
{
    if (fclose(file) != 0)
        give_up("a file cannot be written");
}

static void write_style(const char *folder, int style, const struct impasto_image *image)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "style-%d.f32", style);
    FILE *file = begin_file(folder, name);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < image->width * image->height; i++)
            put(file, &image->rgb[3 * i + k], 1);
    end_file(file);
}

static void write_vgg(const char *folder, const struct impasto_weights *weights, int layers)
{
    FILE *file = begin_file(folder, "vgg.f32");
    for (int l = 0; l < layers; l++) {
        struct imp_layer_weights layer = {0};
        struct impasto_error error;
        const struct imp_layer_shape *shape = &imp_layer_shapes[l];
        check(imp_weights_layer(weights, l, &layer, &error), &error);
        put(file, layer.weight, 9 * (size_t)shape->in_channels * (size_t)shape->out_channels);
        put(file, layer.bias, (size_t)shape->out_channels);
        imp_layer_weights_free(&layer);
    }
    end_file(file);
}

static void write_parameters(const char *folder, const char *name,
                             const struct impasto_train *train, const struct imp_buffer *buffer)
{
    const size_t count = train->learner.parameters;
    float *values = malloc(count * sizeof(*values));
    FILE *file = begin_file(folder, name);
    if (!values || imp_learner_read(&train->learner, buffer, values) != IMPASTO_OK)
        give_up("the parameters cannot be read");
    put(file, values, count);
    free(values);
    end_file(file);
}

/* Of a size, those of the positions of the training. */
static void write_crops(const char *folder, struct impasto_train *train, int size)
{
    const size_t count = 3 * (size_t)size * (size_t)size;
    const uint64_t positions = train->position > SAMPLED ? train->position : SAMPLED;
    float *planes = malloc(count * sizeof(*planes));
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "crops-%d.f32", size);
    FILE *file = begin_file(folder, name);
    for (uint64_t at = 0; planes && at < positions; at++) {
        struct impasto_error error;
        check(imp_crop_draw(&train->photos, at, size, planes, &error), &error);
        put(file, planes, count);
    }
    free(planes);
    end_file(file);
}

static void write_judged(const char *folder, struct impasto_train *train)
{
    const int size = train->params.judge_size;
    const size_t count = 3 * (size_t)size * (size_t)size;
    float *planes = malloc(count * sizeof(*planes));
    FILE *file = begin_file(folder, "judged.f32");
    for (size_t i = 0; planes && i < train->photos.held; i++) {
        struct impasto_error error;
        check(imp_crop_judged(&train->photos, i, size, planes, &error), &error);
        put(file, planes, count);
    }
    free(planes);
    end_file(file);
}

/* ---- The training ---------------------------------------------------------------------------- */

static void report(const struct impasto_train_progress *p)
{
    printf("{\"content\": %.9g, \"tv\": %.9g, \"range\": %.9g, \"lattice\": %.9g, \"weave\": %.9g, "
           "\"total\": %.9g, "
           "\"gradient\": %.9g",
           p->content, p->tv, p->range, p->lattice, p->weave, p->head.total, p->gradient);
    if (!isnan(p->style)) /* a step of the identity alone has none */
        printf(", \"style\": %.9g", p->style);
    if (p->judged)
        printf(", \"judgement\": %.9g", p->judgement);
    printf("}\n");
}

static void take_steps(struct impasto_train *train, int steps)
{
    for (int i = 0; i < steps; i++) {
        const struct impasto_train_progress *progress;
        struct impasto_error error;
        check(impasto_train_step(train, &progress, &error), &error);
        report(progress);
    }
}

static void run(struct impasto_train *train, int steps, const char *folder)
{
    const struct impasto_train_params *params = &train->params;
    write_parameters(folder, "begin.f32", train, train->learner.values);
    take_steps(train, steps);
    write_parameters(folder, "parameters.f32", train, train->learner.values);
    write_parameters(folder, "average.f32", train, train->learner.average);
    write_crops(folder, train, params->crop);
    write_crops(folder, train, params->late_crop);
    write_crops(folder, train, params->judge_size);
    write_judged(folder, train);
}

static void read_settings(char **words, int count, struct impasto_train_params *params)
{
    struct impasto_error error;
    impasto_train_params_default(params);
    params->style_size = STYLE_SIZE;
    for (int i = 0; i < count; i++) {
        char *value = strchr(words[i], '=');
        if (value)
            *value++ = '\0';
        const struct impasto_setting *setting = impasto_train_setting_find(words[i]);
        if (!value || !setting)
            give_up("settings are NAME=VALUE");
        check(impasto_setting_read(setting, value, params, &error), &error);
    }
}

static struct impasto_train *open_train(struct impasto_device *device,
                                        const struct impasto_weights *weights, const char *folder,
                                        int styles, const struct impasto_train_params *params)
{
    static const char *const names[STYLES_MOST] = {"first", "second", "third", "fourth"};
    struct impasto_train_style given[STYLES_MOST];
    struct impasto_image *pictures[STYLES_MOST];
    struct impasto_train *train = NULL;
    struct impasto_error error;
    save_photos(folder);
    for (int i = 0; i < styles; i++) {
        pictures[i] = draw(STYLE_SIZE, STYLE_SIZE, PHOTOS + i);
        write_style(folder, i, pictures[i]);
        given[i] = (struct impasto_train_style){
            .struct_size = sizeof(given[i]), .image = pictures[i], .name = names[i]};
    }
    const struct impasto_train_task task = {.struct_size = sizeof(task),
                                            .styles = given,
                                            .style_count = (size_t)styles,
                                            .photos = path_of(folder, PHOTO_FOLDER)};
    check(impasto_train_open(device, weights, &task, params, &train, &error), &error);
    for (int i = 0; i < styles; i++)
        impasto_image_free(&pictures[i]);
    return train;
}

int main(int argc, char **argv)
{
    const int styles = argc > 4 ? atoi(argv[3]) : 0, steps = argc > 4 ? atoi(argv[4]) : 0;
    struct impasto_train_params params;
    struct impasto_device *device = NULL;
    struct impasto_weights *weights = NULL;
    struct impasto_error error;
    if (styles < 1 || styles > STYLES_MOST)
        give_up("train_steps FOLDER generated|trained STYLES STEPS SETTING=VALUE...");
    read_settings(argv + 5, argc - 5, &params);
    check(impasto_device_open(NULL, NULL, NULL, &device, &error), &error);
    check(impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error), &error);
    weights->info.builtin = strcmp(argv[2], "trained") != 0;
    struct impasto_train *train = open_train(device, weights, argv[1], styles, &params);
    write_vgg(argv[1], weights, train->model.layers);
    run(train, steps, argv[1]);
    impasto_train_close(&train);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return 0;
}
