/* SPDX-License-Identifier: MIT */
/*
 * The way through impasto/train.h, from a style picture to a model:
 *
 *     cc train.c $(pkg-config --cflags --libs impasto) -o train
 *     ./train painting.jpg painting.model [STEPS [PHOTOS]]
 *
 * PHOTOS is a folder of photographs. Without it, the library draws what the network learns from.
 */

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>

static void say(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level != IMPASTO_LOG_DEBUG)
        fprintf(stderr, "%s\n", line);
}

/* Whatever this returns other than 0 stops the training; the model so far can still be saved. */
static int show(void *user, const struct impasto_train_progress *progress)
{
    (void)user;
    fprintf(stderr, "%d of %d: content %.3g, style %.3g\n", progress->head.step,
            progress->head.steps, progress->content, progress->style);
    return 0;
}

int main(int argc, char **argv)
{
    struct impasto_error error = {0};
    struct impasto_device *device = NULL;
    struct impasto_weights *weights = NULL;
    struct impasto_image *painting = NULL;
    struct impasto_train *train = NULL;
    struct impasto_train_params params;
    enum impasto_status status;

    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: train STYLE MODEL [STEPS [PHOTOS]]\n");
        return -IMPASTO_ERROR_USAGE;
    }
    impasto_train_params_default(&params);
    params.width = 8; /* any member may be changed */
    params.steps = argc > 3 ? (int)strtol(argv[3], NULL, 10) : IMPASTO_TRAIN_AUTO;
    /* Each call has what it needs from those before it, so the first failure ends the chain. */
    if ((status = impasto_device_open("auto", say, NULL, &device, &error)) ||
        (status = impasto_weights_open(NULL, IMPASTO_CONVENTION_AUTO, &weights, &error)) ||
        (status = impasto_image_load(argv[1], 0, &painting, &error)))
        goto done;
    const struct impasto_train_style style = {
        .struct_size = sizeof(style), .image = painting, .name = "painting"};
    const struct impasto_train_task task = {.struct_size = sizeof(task),
                                            .styles = &style,
                                            .style_count = 1,
                                            .photos = argc > 4 ? argv[4] : NULL};
    if ((status = impasto_train_open(device, weights, &task, &params, &train, &error)) ||
        (status = impasto_train_run(train, show, NULL, &error)))
        goto done;
    status = impasto_train_save(train, argv[2], false, &error);

done:
    if (status != IMPASTO_OK)
        fprintf(stderr, "train: %s\n", error.message);
    impasto_train_close(&train);
    impasto_image_free(&painting);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return -(int)status;
}
