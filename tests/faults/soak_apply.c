/* SPDX-License-Identifier: MIT */
/*
 * Picture after picture through one applier, for as long as one likes:
 *
 *     soak_apply [--pictures N] [--seed N]
 *
 * Pictures of 16 to 160 pixels, several of one size or each of another, masks, regions, mixtures,
 * strokes, frames, ample memory and little. Nothing may pile up: resident memory, open descriptors,
 * threads, and buffers (which are known where $OPENCL_LAYERS has opencl_layer.so). A picture that
 * is painted now and then has the same bytes each time.
 */

#define _GNU_SOURCE /* mkdtemp */

#include "model/model.h"
#include "soaking.h"

#include <impasto/impasto.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORT_PICTURES 240
#define WARM_UP_PICTURES 40
#define PICTURES_TO_REFERENCE 20
#define LEAST_SIDE 16
#define MOST_SIDE 160
#define STYLES 3

static struct impasto_device *device;
static struct impasto_applier *applier;
static long painted, refused;

static void quiet(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level, (void)line;
}

static void fail(const char *message)
{
    printf("%s\n", message);
    exit(2);
}

/* ---- A network ------------------------------------------------------------------------------- */

static void save_model(const char *path)
{
    struct impasto_error error = {0};
    const struct imp_model_shape shape = imp_model_shape_usual(8, STYLES);
    struct imp_stylenet net = {0};
    if (imp_stylenet_create(&shape, 7, &net, &error) != IMPASTO_OK ||
        imp_stylenet_rename(&net, STYLES - 1, IMP_STYLE_IDENTITY, &error) != IMPASTO_OK)
        fail(error.message);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] += 0.3F * sinf((float)i);
    if (imp_stylenet_save(&net, path, false, &error) != IMPASTO_OK)
        fail(error.message);
    imp_stylenet_free(&net);
}

static void open_applier(void)
{
    char folder[] = "/tmp/impasto-soak-XXXXXX", path[64];
    struct impasto_error error = {0};
    struct impasto_model *model = NULL;
    const struct impasto_apply_params params = impasto_apply_defaults();
    if (!mkdtemp(folder))
        fail("there is no folder");
    snprintf(path, sizeof(path), "%s/model", folder);
    save_model(path);
    if (impasto_model_open(path, &model, &error) != IMPASTO_OK ||
        impasto_device_open(NULL, quiet, NULL, &device, &error) != IMPASTO_OK ||
        impasto_applier_open(device, model, &params, &applier, &error) != IMPASTO_OK)
        fail(error.message);
    impasto_model_close(&model);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* ---- Pictures -------------------------------------------------------------------------------- */

/* The applier paints as these dice say from now on. */
static enum impasto_status change(struct impasto_apply_params *params, struct impasto_error *error)
{
    static float mix[STYLES];
    *params = impasto_apply_defaults();
    for (int i = 0; i < STYLES; i++)
        mix[i] = 1 + (float)below(4);
    params->mix = chance(50) ? mix : NULL;
    params->mix_count = params->mix ? STYLES : 0;
    params->strength = chance(30) ? 0.5F : 1;
    params->stroke = chance(30) ? 0.5F + (float)below(3) / 2 : 1;
    params->size = chance(20) ? LEAST_SIDE + below(MOST_SIDE) : IMPASTO_SIZE_SOURCE;
    params->colour = chance(30) ? IMPASTO_COLOUR_LUMA : IMPASTO_COLOUR_STYLE;
    params->memory = chance(30) ? (uint64_t)1 << (19 + below(4)) : 0;
    return impasto_applier_change(applier, params, error);
}

static enum impasto_status paint_frame(struct impasto_image *image, struct impasto_error *error)
{
    const size_t stride = 3 * (size_t)image->width;
    unsigned char *frame = calloc(stride, (size_t)image->height);
    if (!frame)
        exit(2);
    const enum impasto_status status = impasto_applier_frame(applier, image->width, image->height,
                                                             frame, stride, frame, stride, error);
    free(frame);
    return status;
}

static enum impasto_status paint(const struct impasto_apply_params *params,
                                 struct impasto_image *image, struct impasto_error *error)
{
    struct impasto_image *mask = picture(image->width, image->height), *result = NULL;
    const struct impasto_apply_region region = {.struct_size = sizeof(region), .mask = mask};
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = image,
                                                    .keep = chance(30) ? mask : NULL,
                                                    .regions = &region,
                                                    .region_count = (size_t)chance(20)};
    enum impasto_status status;
    if (chance(20))
        status = paint_frame(image, error);
    else if (params->size == IMPASTO_SIZE_SOURCE && chance(50))
        status = impasto_applier_paint_over(applier, &pictures, image, error);
    else
        status = impasto_applier_paint(applier, &pictures, &result, error);
    impasto_image_free(&result);
    impasto_image_free(&mask);
    return status;
}

/* It may be refused for want of memory where little was allowed, and for strokes or a size that
 * leave too few pixels. */
static void one_picture(long number)
{
    static int width, height;
    struct impasto_error error = {0};
    struct impasto_apply_params params;
    if (width == 0 || chance(60)) {
        width = LEAST_SIDE + below(MOST_SIDE - LEAST_SIDE + 1);
        height = LEAST_SIDE + below(MOST_SIDE - LEAST_SIDE + 1);
    }
    struct impasto_image *image = picture(width, height);
    enum impasto_status status = change(&params, &error);
    if (status == IMPASTO_OK)
        status = paint(&params, image, &error);
    const bool meant = (params.memory && status == IMPASTO_ERROR_MEMORY) ||
                       (status == IMPASTO_ERROR_INPUT && strstr(error.message, "would work on"));
    if (status != IMPASTO_OK && !meant)
        complain(number, error.message);
    refused += status != IMPASTO_OK;
    painted += status == IMPASTO_OK;
    impasto_image_free(&image);
}

/* The same picture each time; all that came before must make no difference. */
static void reference_picture(long number)
{
    static struct impasto_image *first;
    const struct impasto_apply_params params = impasto_apply_defaults();
    const uint64_t before = state;
    struct impasto_error error = {0};
    struct impasto_image *result = NULL;
    state = 1;
    struct impasto_image *image = picture(101, 76);
    state = before;
    const struct impasto_apply_pictures pictures = {.struct_size = sizeof(pictures),
                                                    .content = image};
    if (impasto_applier_change(applier, &params, &error) != IMPASTO_OK ||
        impasto_applier_paint(applier, &pictures, &result, &error) != IMPASTO_OK)
        complain(number, error.message);
    else if (first && memcmp(result->rgb, first->rgb,
                             sizeof(float) * 3 * (size_t)(result->width * result->height)) != 0)
        complain(number, "the reference picture has other bytes than the first time");
    if (!first)
        first = result;
    else
        impasto_image_free(&result);
    painted++;
    impasto_image_free(&image);
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* An applier has all of its buffers or, where a picture was refused, none; and all of those for
 * frames or, where there was none of the size at hand, none. That makes four numbers. */
static void check_buffers(long number)
{
    static long seen[4];
    static size_t count;
    const long buffers = objects("buffers");
    for (size_t i = 0; i < count; i++)
        if (seen[i] == buffers)
            return;
    if (count < sizeof(seen) / sizeof(*seen))
        seen[count++] = buffers;
    else
        complain(number, "the applier has another number of buffers");
}

int main(int argc, char **argv)
{
    long pictures = SHORT_PICTURES;
    state = 20;
    for (int i = 1; i + 1 < argc; i += 2) {
        pictures = strcmp(argv[i], "--pictures") == 0 ? atol(argv[i + 1]) : pictures;
        state = strcmp(argv[i], "--seed") == 0 ? strtoull(argv[i + 1], NULL, 10) : state;
    }
    if (resident() == 0) {
        printf("SKIP: there is no /proc/self/statm\n");
        return SKIPPED;
    }
    open_applier();
    if (!opencl_layer_find(&layer))
        printf("OpenCL objects are not counted: OPENCL_LAYERS names no opencl_layer.so\n");
    for (long number = 0; number < pictures; number++) {
        if (number % PICTURES_TO_REFERENCE == 0)
            reference_picture(number);
        else
            one_picture(number);
        check_buffers(number);
        take_sample();
    }
    impasto_applier_close(&applier);
    if (objects("buffers") != 0)
        complain(pictures, "buffers are left of the closed applier");
    impasto_device_close(&device);
    if (objects(NULL) != 0)
        complain(pictures, "OpenCL objects are left of the closed device");
    compare_quarters(WARM_UP_PICTURES);
    printf("%ld pictures painted, %ld refused, %ld failures\n", painted, refused, failures);
    return failures ? 1 : 0;
}
