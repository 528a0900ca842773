/* SPDX-License-Identifier: MIT */
/*
 * What a style network makes of an image, without files of pictures: paint_net MODEL HEIGHT WIDTH
 * WEIGHTS... reads (3, height, width) floats from standard input and writes as many. Weights are
 * those of the styles, one for each. $IMPASTO_TEST_DEVICE names the device (auto).
 */

#include "model/model.h"
#include "open_device.h"

#include <stdlib.h>

struct painter {
    struct imp_pass pass;
    struct imp_layout layout;
    struct imp_buffer *parameters, *image, *painting;
};

static enum impasto_status paint(struct imp_device *device, struct painter *p,
                                 const struct imp_model_shape *shape, const float *parameters,
                                 size_t count, int height, int width, float *image)
{
    const size_t bytes = 3 * (size_t)height * (size_t)width * sizeof(float);
    IMP_TRY(imp_pass_init(&p->pass, device, shape, height, width, false));
    p->pass.parameters = &p->parameters;
    imp_pass_layout(&p->pass, &p->layout);
    imp_layout_add(&p->layout, &p->parameters, count * sizeof(float), "test");
    imp_layout_add(&p->layout, &p->image, bytes, "test");
    imp_layout_add(&p->layout, &p->painting, bytes, "test");
    IMP_TRY(imp_layout_allocate(&p->layout, device));
    IMP_TRY(imp_buffer_write(p->parameters, 0, parameters, count * sizeof(float)));
    IMP_TRY(imp_buffer_write(p->image, 0, image, bytes));
    IMP_TRY(imp_pass_pack(&p->pass));
    IMP_TRY(imp_pass_forward(&p->pass, 0, p->image, p->painting));
    return imp_buffer_read(p->painting, 0, image, bytes);
}

static int run(struct imp_device *device, const struct imp_stylenet *net, const float *mix,
               int height, int width)
{
    const size_t count = imp_stylenet_mixed_count(net);
    const size_t pixels = 3 * (size_t)height * (size_t)width;
    float *parameters = malloc(count * sizeof(float)), *image = malloc(pixels * sizeof(float));
    struct painter painter = {0};
    struct imp_model_shape shape = net->shape;
    int code = 1;
    shape.styles = 1;
    if (parameters && image && fread(image, sizeof(float), pixels, stdin) == pixels) {
        imp_stylenet_mix(net, mix, parameters);
        if (paint(device, &painter, &shape, parameters, count, height, width, image) == IMPASTO_OK)
            code = fwrite(image, sizeof(float), pixels, stdout) != pixels;
        else
            fprintf(stderr, "%s\n", imp_device_error(device)->message);
    }
    imp_layout_release(&painter.layout);
    imp_pass_release(&painter.pass);
    free(image);
    free(parameters);
    return code;
}

int main(int argc, char **argv)
{
    struct imp_device *device = NULL;
    struct imp_stylenet net;
    struct impasto_error error = {0};
    float mix[IMP_STYLES_MOST];
    if (argc < 5)
        return 1;
    int code = open_test_device(NULL, &device);
    if (code != 0)
        return code;
    if (imp_stylenet_load(argv[1], &net, &error) == IMPASTO_OK) {
        for (int s = 0; s < net.shape.styles; s++)
            mix[s] = 4 + s < argc ? strtof(argv[4 + s], NULL) : 0;
        code = run(device, &net, mix, atoi(argv[2]), atoi(argv[3]));
        imp_stylenet_free(&net);
    } else {
        fprintf(stderr, "%s\n", error.message);
        code = 1;
    }
    imp_device_close(&device);
    return code;
}
