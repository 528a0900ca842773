/* SPDX-License-Identifier: MIT */
#ifndef IMP_MODEL_H
#define IMP_MODEL_H

/*
 * Style networks: networks that are trained, and turn a picture into a painting in one pass
 * (Johnson et al. 2016, with instance normalisation by Ulyanov et al. 2016, nearest-neighbour
 * upsampling by Odena et al. 2016, and a row of normalisation parameters for each style by Dumoulin
 * et al. 2017).
 *
 * A network is data. shape.c makes of its few numbers the rows of its layers, and the passes walk
 * those rows. All parameters lie in one flat array, all of their gradients in another.
 */

#include "device/layout.h"
#include "image/image.h"
#include "ops/conv_any.h"
#include "ops/norm.h"

#include <impasto/model.h>

/* ---- shape.c --------------------------------------------------------------------------------- */

#define IMP_STYLES_MOST 64
#define IMP_BLOCKS_MOST 16
#define IMP_MODEL_CHANNELS 5
#define IMP_CHANNELS_MOST 256
#define IMP_NOISE_MOST 0.25f
/* Rows and columns of the picture are padded, by reflection, to a multiple of this. */
#define IMP_MODEL_STRIDE 4
/* Rows and columns that a picture has at least, so that there is enough to reflect. */
#define IMP_MODEL_LEAST 8

/* What decides a network's form. */
struct imp_model_shape {
    /* Channels out of conv1, conv2, conv3, deconv1 and deconv2; multiples of 4. The residual blocks
     * have the third number. */
    int channels[IMP_MODEL_CHANNELS];
    int blocks;     /* residual blocks, each of two 3x3 convolutions; usually 5 */
    int end_size;   /* of the first and the last convolution; usually 9 */
    bool end_norm;  /* the last convolution is normalised, too, and has no bias */
    int styles;     /* rows of gamma and beta; 1 for a network of one style */
    float epsilon;  /* of the normalisation; usually 1e-5 */
    float in_scale; /* the network's input is in_scale * RGB in [0, 1]; usually 255 */
    enum imp_output output;
    float noise; /* deviation of the noise, as RGB, that it sees with the picture; 0: none */
    float out_scale, out_offset; /* RGB in [0, 1] is out_scale * output(y) + out_offset */
};
/* As pytorch/examples has it, RGB from 0 to 255 at both ends. width: channels of the first layer,
 * 8, 16 or 32; then twice and four times that, and back. */
struct imp_model_shape imp_model_shape_usual(int width, int styles);

enum imp_model_adds { IMP_ADDS_NOTHING, IMP_ADDS_BLOCK_INPUT };

/* A layer: a convolution and what follows it. */
struct imp_model_row {
    char name[24], norm_name[24]; /* as pytorch/examples calls them: "res1.conv1.conv2d",
                                     "res1.in1"; norm_name "": no normalisation */
    struct imp_conv_shape conv;
    bool relu;
    enum imp_model_adds adds; /* to the normalised output, the input of the layer before */
    size_t weights, bias; /* where they begin in the parameters; bias: where norm_name is "" alone,
                             as normalisation undoes any other's */
    size_t gamma, beta;   /* of style 0; that of style s is s * out further */
};
/* Whether a normalisation follows. */
static inline bool imp_model_normed(const struct imp_model_row *row)
{
    return row->norm_name[0] != '\0';
}
/* Elements of its weights. */
size_t imp_model_row_weights(const struct imp_model_row *row);

#define IMP_MODEL_ROWS_MOST (6 + 2 * IMP_BLOCKS_MOST)
struct imp_model_rows {
    int count;
    struct imp_model_row row[IMP_MODEL_ROWS_MOST];
    size_t parameters; /* floats, of all */
    /* Parameters are ordered: convolutions first, then all gamma and beta, which begin here. Those
     * learn at another rate. */
    size_t norms;
};
/* The rows of a shape that has been checked. */
void imp_model_rows(const struct imp_model_shape *shape, struct imp_model_rows *rows);
/* Whether all numbers are possible. blame: the status of the failure. whose: what its message
 * begins with, such as a file's path. */
enum impasto_status imp_model_shape_check(const struct imp_model_shape *shape,
                                          enum impasto_status blame, const char *whose,
                                          struct impasto_error *error);

/* ---- model.c: a network on the host ------------------------------------------------------------
 */

/* Bytes of a style's name. */
#define IMP_STYLE_NAME_MOST 64
/* The style that gives the photograph back. */
#define IMP_STYLE_IDENTITY "identity"

struct imp_stylenet {
    struct imp_model_shape shape;
    struct imp_model_rows rows;
    float *parameters;
    char *names[IMP_STYLES_MOST];    /* of styles, all different */
    struct json_t *training;         /* how it was trained; an object, or NULL */
    char *licence;                   /* or NULL */
    char *pictures[IMP_STYLES_MOST]; /* of styles, as picture.c has them; NULL: there is none */
};
/*
 * New and random. Weights are uniform by their fan-in, as PyTorch's default has it. The blocks'
 * second gamma is 0.1, so that they begin near the identity. The last convolution has 0.3 of its
 * range, in units of the painting's, and a bias of mid-grey. Styles are alike, and called "style",
 * or "style 1" and so on.
 */
enum impasto_status imp_stylenet_create(const struct imp_model_shape *shape, uint64_t seed,
                                        struct imp_stylenet *net, struct impasto_error *error);
/* One of zeros, without names. On failure there is nothing to free. The shape must be possible. */
enum impasto_status imp_stylenet_make(const struct imp_model_shape *shape, struct imp_stylenet *net,
                                      struct impasto_error *error);
/* Calls the styles of a network without names "style", or "style 1" and so on. */
enum impasto_status imp_stylenet_number(struct imp_stylenet *net, struct impasto_error *error);
/* A copy of its own, training, licence and pictures included. */
enum impasto_status imp_stylenet_copy(const struct imp_stylenet *net, struct imp_stylenet *copy,
                                      struct impasto_error *error);
void imp_stylenet_free(struct imp_stylenet *net);                         /* also of a zeroed one */
int imp_stylenet_find(const struct imp_stylenet *net, const char *style); /* -1: not there */
/* Names are UTF-8 of 1 to IMP_STYLE_NAME_MOST bytes, without control characters, ":" or ",". */
bool imp_style_name_sound(const char *name);
enum impasto_status imp_stylenet_rename(struct imp_stylenet *net, int style, const char *name,
                                        struct impasto_error *error);
/* Adds a row at the mean of the others. */
enum impasto_status imp_stylenet_add_style(struct imp_stylenet *net, const char *name,
                                           struct impasto_error *error);
/* A copy with those of its styles alone, by their indices and in that order; count: 1 or more, none
 * twice. On failure there is nothing to free. */
enum impasto_status imp_stylenet_pick(const struct imp_stylenet *net, const int *styles, int count,
                                      struct imp_stylenet *picked, struct impasto_error *error);
/* parameters of the same network with one style, whose row is the weighted sum of all rows. mix:
 * shape.styles weights. out: imp_stylenet_mixed_count floats. For passes with style 0 of a shape
 * whose styles are 1. */
size_t imp_stylenet_mixed_count(const struct imp_stylenet *net);
void imp_stylenet_mix(const struct imp_stylenet *net, const float *mix, float *out);

/* ---- open.c ------------------------------------------------------------------------------------
 */

struct impasto_model {
    struct imp_stylenet net;
    struct impasto_model_info info; /* points to the above, and to these: */
    char *source, *training;
};

/* ---- picture.c ---------------------------------------------------------------------------------
 */

/* Whether a model's file may have this text for the picture of a style. Its bytes may still be
 * damaged. */
bool imp_style_picture_sound(const char *text);
/* The text of a picture that a style is learnt from. Its transparency is not looked at. The caller
 * frees *text; NULL: the picture is too large to be kept. */
enum impasto_status imp_style_picture_store(const struct impasto_image *image, char **text,
                                            struct impasto_error *error);
/* Of one that imp_style_draw draws. */
enum impasto_status imp_style_picture_drawn(const char *name, int size, char **text,
                                            struct impasto_error *error);
/* A style that is drawn, of size x size pixels; the caller frees it. IMPASTO_ERROR_USAGE: none of
 * that name is. */
enum impasto_status imp_style_draw(const char *name, int size, struct impasto_image **image,
                                   struct impasto_error *error);

/* ---- save.c, load.c ---------------------------------------------------------------------------
 */

/* safetensors with the names of pytorch/examples; doc/formats.md. half: F16. IMPASTO_ERROR_USAGE
 * where a number has no such form. */
enum impasto_status imp_stylenet_save(const struct imp_stylenet *net, const char *path, bool half,
                                      struct impasto_error *error);
/* Every check of a hostile file; IMPASTO_ERROR_WEIGHTS names the file and what is wrong. A file
 * with the same tensors and no more, as PyTorch's users save them, has a style of the file's name.
 * On failure there is nothing to free. */
enum impasto_status imp_stylenet_load(const char *path, struct imp_stylenet *net,
                                      struct impasto_error *error);

/* ---- pass.c, forward.c, backward.c: a network at one size, on a device -------------------------
 */

struct imp_middle;

struct imp_pass {
    struct imp_model_shape shape;
    struct imp_model_rows rows;
    int height, width;   /* of the image */
    bool backward;       /* keeps what the gradients need */
    uint32_t noise_seed; /* the caller's; 0 but in training, where the noise is to be another each
                            time */
    struct imp_buffer **parameters,
        **gradient;                  /* the caller's; flat; gradient only with backward */
    struct imp_pass_state *state;    /* the room's own: maps, statistics, packed weights, scratch */
    const struct imp_middle *middle; /* what the way back holds its middle to; NULL: nothing */
};

/* Decides all sizes; touches no device memory. The caller sets parameters (and gradient) to where
 * its buffers will be. IMPASTO_ERROR_USAGE where the picture is too small. */
enum impasto_status imp_pass_init(struct imp_pass *pass, struct imp_device *device,
                                  const struct imp_model_shape *shape, int height, int width,
                                  bool backward);
void imp_pass_layout(struct imp_pass *pass, struct imp_layout *layout);
void imp_pass_release(struct imp_pass *pass); /* what is the host's */
/* Packs the parameters for the passes; after each change of them. */
enum impasto_status imp_pass_pack(struct imp_pass *pass);
/* image, painting: (3, height, width) floats, RGB in [0, 1], painting not clamped. */
enum impasto_status imp_pass_forward(struct imp_pass *pass, int style,
                                     const struct imp_buffer *image, struct imp_buffer *painting);
/* After a forward pass: gradient += that of the parameters, given the painting's. Only the style's
 * own row of gamma and beta gets some. */
enum impasto_status imp_pass_backward(struct imp_pass *pass, int style,
                                      const struct imp_buffer *painting_gradient);

/* ---- middle.c: the middle of a network, held to what it was for an earlier picture -------------
 */

/*
 * The middle is what the residual blocks leave: features (channels, height, width), of which each
 * stands for IMP_MODEL_STRIDE pixels of the picture each way. With F those of this picture and W
 * those of the earlier one, carried along the flow between them, the loss is
 *
 *     sum(c (F - W)^2) / sum(c W^2)
 *
 * W counts as given. For passes with a way back, one picture after the other:
 *
 *     imp_pass_forward of the earlier picture, imp_middle_take,
 *     imp_pass_forward of this one, imp_middle_measure, imp_pass_backward.
 */
struct imp_middle {
    int height, width;                     /* of the features; _layout has them */
    float weight;                          /* of the loss in the gradient; the caller's */
    double energy;                         /* what the loss is over */
    struct imp_buffer *flow, *reliability; /* (2, height, width), c (height, width); the caller's */
    struct imp_buffer *target, *sums;
};
void imp_middle_layout(const struct imp_pass *pass, struct imp_middle *middle,
                       struct imp_layout *layout);
enum impasto_status imp_middle_take(const struct imp_pass *pass, struct imp_middle *middle);
/* Waits. *loss: unweighted; 0 where nothing counts. */
enum impasto_status imp_middle_measure(const struct imp_pass *pass, struct imp_middle *middle,
                                       double *loss);

#endif
