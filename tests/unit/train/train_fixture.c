/* SPDX-License-Identifier: MIT */
#include "train_fixture.h"

struct impasto_device *device;
struct impasto_weights *weights;
struct impasto_image *styles[2];
struct impasto_train_params usual;
struct impasto_train_style given[2];

/* A folder of photographs, which are read in a fraction of the time that scenes are drawn in. */
#define PHOTOGRAPHS 4
static char photographs[PATH_SIZE];

struct impasto_train_task task_of(size_t count)
{
    static const char *const names[] = {"first", "second"};
    for (size_t i = 0; i < 2; i++)
        given[i] = (struct impasto_train_style){
            .struct_size = sizeof(given[i]), .image = styles[i], .name = names[i]};
    return (struct impasto_train_task){.struct_size = sizeof(struct impasto_train_task),
                                       .styles = given,
                                       .style_count = count,
                                       .photos = photographs};
}

static bool save_photographs(void)
{
    bool saved = true;
    snprintf(photographs, sizeof(photographs), "%s/photographs", folder);
    if (mkdir(photographs, 0700) != 0)
        return false;
    for (int i = 0; i < PHOTOGRAPHS; i++) {
        char path[PATH_SIZE + 16];
        struct impasto_image *image = painted_picture(64, 72, i);
        snprintf(path, sizeof(path), "%s/%d.png", photographs, i);
        saved = saved && impasto_image_save(image, path, NULL, NULL) == IMPASTO_OK;
        impasto_image_free(&image);
    }
    return saved;
}

int set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state) != 0 || !save_photographs())
        return -1;
    if (impasto_device_open(NULL, NULL, NULL, &device, &error) != IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK) {
        print_error("%s\n", error.message);
        return -1;
    }
    for (int i = 0; i < 2; i++)
        styles[i] = painted_picture(48, 40, i);
    impasto_train_params_default(&usual);
    usual.width = 8;
    usual.steps = 6;
    usual.crop = 32;
    usual.late_crop = 48;
    usual.judge_size = 32;
    usual.judge_every = 2;
    usual.style_size = 48;
    return 0;
}

int tear_down(void **state)
{
    for (int i = 0; i < 2; i++)
        impasto_image_free(&styles[i]);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return remove_folder(state);
}

struct impasto_train *open_train(const struct impasto_train_task *task,
                                 const struct impasto_train_params *params)
{
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    if (impasto_train_open(device, weights, task, params, &train, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return train;
}

struct impasto_train_progress step(struct impasto_train *train)
{
    const struct impasto_train_progress *progress;
    struct impasto_error error = {0};
    if (impasto_train_step(train, &progress, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return *progress;
}

unsigned char *finish(struct impasto_train **train, size_t *size)
{
    struct impasto_error error = {0};
    const char *path = in_folder("model");
    if (impasto_train_run(*train, NULL, NULL, &error) != IMPASTO_OK ||
        impasto_train_save(*train, path, false, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_train_close(train);
    return read_bytes(path, size);
}

struct impasto_train *resume(const struct impasto_train_task *task,
                             const struct impasto_train_params *params)
{
    struct impasto_train_checkpoint *checkpoint = NULL;
    struct impasto_train *train = NULL;
    struct impasto_error error = {0};
    if (impasto_train_checkpoint_open(in_folder("run"), &checkpoint, &error) != IMPASTO_OK ||
        impasto_train_resume(device, weights, task, checkpoint, params, &train, &error) !=
            IMPASTO_OK)
        fail_msg("%s", error.message);
    impasto_train_checkpoint_close(&checkpoint);
    return train;
}

void save(struct impasto_train *train, const char *note)
{
    struct impasto_error error = {0};
    if (impasto_train_save_checkpoint(train, in_folder("run"), note, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}
