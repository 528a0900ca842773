/* SPDX-License-Identifier: MIT */
/*
 * The way through impasto/apply.h, from a model to picture after picture painted with it:
 *
 *     cc apply.c $(pkg-config --cflags --libs impasto) -o apply
 *     ./apply painting.model photo.jpg painted.png [another.jpg another.png]...
 *
 * The model is one of impasto train's or impasto model convert's, or of examples/train.c.
 */

#include <impasto/impasto.h>

#include <stdio.h>

static void say(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level != IMPASTO_LOG_DEBUG)
        fprintf(stderr, "%s\n", line);
}

/* One picture. What the applier has on the device stays there for the next one of its size. */
static enum impasto_status paint(struct impasto_applier *applier, const char *photo,
                                 const char *result, struct impasto_error *error)
{
    struct impasto_image *content = NULL, *painted = NULL;
    enum impasto_status status = impasto_image_load(photo, 0, &content, error);
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = content};
    if (status == IMPASTO_OK)
        status = impasto_applier_paint(applier, &pictures, &painted, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save(painted, result, NULL, error);
    impasto_image_free(&painted);
    impasto_image_free(&content);
    return status;
}

int main(int argc, char **argv)
{
    struct impasto_error error = {0};
    struct impasto_device *device = NULL;
    struct impasto_model *model = NULL;
    struct impasto_applier *applier = NULL;
    struct impasto_apply_params params = impasto_apply_defaults();
    enum impasto_status status;

    if (argc < 4 || argc % 2 != 0) {
        fprintf(stderr, "usage: apply MODEL PHOTO RESULT [PHOTO RESULT]...\n");
        return -IMPASTO_ERROR_USAGE;
    }
    params.colour = IMPASTO_COLOUR_STYLE; /* any member may be changed */
    /* Each call has what it needs from those before it, so the first failure ends the chain. */
    if ((status = impasto_device_open("auto", say, NULL, &device, &error)) ||
        (status = impasto_model_open(argv[1], &model, &error)) ||
        (status = impasto_applier_open(device, model, &params, &applier, &error)))
        goto done;
    for (int i = 2; i < argc && status == IMPASTO_OK; i += 2)
        status = paint(applier, argv[i], argv[i + 1], &error);

done:
    if (status != IMPASTO_OK)
        fprintf(stderr, "apply: %s\n", error.message);
    impasto_applier_close(&applier);
    impasto_model_close(&model);
    impasto_device_close(&device);
    return -(int)status;
}
