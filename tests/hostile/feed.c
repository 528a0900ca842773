/* SPDX-License-Identifier: MIT */
/*
 * Opens files as the program would, many in one process: reads lines "KIND PATH" and answers each
 * with "STATUS KIB MESSAGE", where KIB is the most memory that this process has held so far, or its
 * children, whichever is more. Who feeds it sees by a missing answer what a file has done to it.
 */

#include "cli/options/table.h"
#include "cli/batch/batch.h"
#include "cli/terminal/terminal.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static enum impasto_status open_picture(const char *path, struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    const enum impasto_status status = impasto_image_load(path, 0, &image, error);
    impasto_image_free(&image);
    return status;
}

/* As the program opens all: what a decoder does to itself there is a refusal here. */
static enum impasto_status open_apart(const char *path, struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    const enum impasto_status status = impasto_image_load_apart(path, 0, &image, error);
    impasto_image_free(&image);
    return status;
}

/* A colour of it is made a mask, as of FILE#RRGGBB. */
static enum impasto_status open_mask(const char *path, struct impasto_error *error)
{
    struct impasto_image *image = NULL, *mask = NULL;
    enum impasto_status status = impasto_image_load(path, 0, &image, error);
    if (status == IMPASTO_OK && impasto_image_key(image, 0x0000ff, &mask, error) != IMPASTO_OK)
        error->message[0] = 0; /* it may have no blue */
    impasto_image_free(&mask);
    impasto_image_free(&image);
    return status;
}

static enum impasto_status open_weights(const char *path, struct impasto_error *error)
{
    struct impasto_weights *weights = NULL;
    const enum impasto_status status =
        impasto_weights_open(path, IMPASTO_CONVENTION_AUTO, &weights, error);
    impasto_weights_close(&weights);
    return status;
}

static enum impasto_status open_model(const char *path, struct impasto_error *error)
{
    struct imp_stylenet net;
    const enum impasto_status status = imp_stylenet_load(path, &net, error);
    imp_stylenet_free(&net);
    return status;
}

static enum impasto_status open_checkpoint(const char *path, struct impasto_error *error)
{
    struct impasto_checkpoint *checkpoint = NULL;
    const enum impasto_status status = impasto_checkpoint_open(path, &checkpoint, error);
    impasto_checkpoint_close(&checkpoint);
    return status;
}

static enum impasto_status open_training(const char *path, struct impasto_error *error)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    const enum impasto_status status = impasto_train_checkpoint_open(path, &checkpoint, error);
    impasto_train_checkpoint_close(&checkpoint);
    return status;
}

static enum impasto_status open_settings(const char *path, struct impasto_error *error)
{
    char program[] = "impasto", option[] = "--settings", name[4096];
    char *words[] = {program, option, name, NULL};
    struct cli_settings settings = {0};
    struct impasto_params params = {0};
    snprintf(name, sizeof(name), "%s", path);
    enum impasto_status status = cli_parse(3, words, &settings, error);
    if (status == IMPASTO_OK)
        status = cli_override(&settings, &params, error);
    cli_release(&settings);
    return status;
}

/* Of a list's pictures, so many are opened. */
#define PICTURES_MOST 100

static enum impasto_status open_listed(const struct cli_settings *settings,
                                       struct impasto_error *error)
{
    struct cli_console console;
    struct cli_batch_list list = {0};
    cli_console_init(&console, &settings->common);
    enum impasto_status status = cli_batch_contents(settings, &list, &console, error);
    for (size_t i = 0; status == IMPASTO_OK && i < list.count && i < PICTURES_MOST; i++)
        status = open_picture(list.item[i].content, error);
    cli_batch_list_free(&list);
    return status;
}

/* A list of --batch, and then its pictures. */
static enum impasto_status open_list(const char *path, struct impasto_error *error)
{
    char program[] = "impasto", option[] = "--batch", quiet[] = "-q", name[4096];
    char *words[] = {program, quiet, option, name, NULL};
    struct cli_settings settings = {0};
    snprintf(name, sizeof(name), "%s", path);
    enum impasto_status status = cli_parse(4, words, &settings, error);
    if (status == IMPASTO_OK)
        status = open_listed(&settings, error);
    cli_release(&settings);
    return status;
}

static const struct {
    const char *name;
    enum impasto_status (*open)(const char *path, struct impasto_error *error);
} kinds[] = {
    {"picture", open_picture}, {"apart", open_apart},           {"mask", open_mask},
    {"weights", open_weights}, {"checkpoint", open_checkpoint}, {"settings", open_settings},
    {"list", open_list},       {"model", open_model},           {"training", open_training},
};

static long peak(void)
{
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return own.ru_maxrss > children.ru_maxrss ? own.ru_maxrss : children.ru_maxrss;
}

int main(void)
{
    char line[8192];
    while (fgets(line, sizeof(line), stdin)) {
        struct impasto_error error = {0};
        enum impasto_status status = IMPASTO_ERROR_INTERNAL;
        line[strcspn(line, "\n")] = 0;
        char *path = strchr(line, ' ');
        if (!path)
            return 1;
        *path++ = 0;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
            if (strcmp(kinds[i].name, line) == 0)
                status = kinds[i].open(path, &error);
        printf("%d %ld %s\n", -(int)status, peak(), error.message);
        fflush(stdout);
    }
    return 0;
}
