/* SPDX-License-Identifier: MIT */
#include "fixtures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct impasto_image *blank_picture(int width, int height)
{
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(width, height, &image, NULL), IMPASTO_OK);
    return image;
}

struct impasto_image *painted_picture(int width, int height, int kind)
{
    struct impasto_image *image = blank_picture(width, height);
    for (int i = 0; i < 3 * width * height; i++)
        image->rgb[i] = (float)((i * (kind + 7) + i / (3 * width) * 31) % 97) / 96;
    return image;
}

void expect_same_picture(const struct impasto_image *a, const struct impasto_image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_memory_equal(a->rgb, b->rgb, sizeof(float) * 3 * (size_t)a->width * (size_t)a->height);
}

void open_small_job(impasto_log_fn log, void *user, struct impasto_device **device,
                    struct impasto_weights **weights, struct impasto_params *params)
{
    struct impasto_error error = {0};
    if (impasto_device_open(NULL, log, user, device, &error) != IMPASTO_OK ||
        impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, weights, &error) != IMPASTO_OK ||
        impasto_params_preset(*weights, NULL, params, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    memset(params->content_layers, 0, sizeof(params->content_layers));
    memset(params->style_layers, 0, sizeof(params->style_layers));
    params->content_layers[2] = params->style_layers[0] = params->style_layers[2] = 1;
    params->size = 48;
    params->scales = 2;
    params->iterations = 2;
    params->first_iterations = 3;
}
