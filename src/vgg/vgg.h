/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_VGG_H
#define IMP_VGG_VGG_H

/* VGG19: its weights on the device (model.c), and the network at one size, forwards and backwards
 * (vgg19.c). */

#include "device/layout.h"
#include "vgg/band.h"
#include "vgg/weights.h"
#include "ops/conv.h"
#include "ops/element.h"
#include "ops/map.h"

#include <impasto/params.h>

/* ---- model.c --------------------------------------------------------------------------------- */

/* How the network is to be computed, apart from its weights. */
struct imp_model_options {
    int layers;              /* how many, from conv1_1 on */
    bool average;            /* pooling */
    enum imp_edge edge;      /* what convolutions see beyond it; replicated at conv1_1 alone */
    const char *conv, *gemm; /* names; NULL: auto */
};

struct imp_model_layer {
    /* As named in the options, or under "auto" the first of the packing used. */
    const struct imp_conv_algorithm *forward, *backward;
    /* reversed: both directions use the forward ones. */
    bool reversed;
    struct imp_buffer *forward_weights, *backward_weights, *bias;
    struct imp_buffer *edge_weights; /* for the gradient through an edge that is a copy, or NULL */
};

/* The network's weights on the device, packed for the algorithms that use them; any size of
 * picture. */
struct imp_model {
    int layers;
    uint32_t checksum; /* of the weights as loaded; 0: they are generated */
    bool average;
    enum imp_edge edge;
    bool automatic; /* each size chooses among the algorithms of a layer's packing */
    enum imp_gemm gemm;
    struct imp_input_map input;
    struct imp_model_layer layer[IMPASTO_LAYERS];
};

enum impasto_status imp_model_init(struct imp_model *model, struct imp_device *device,
                                   const struct impasto_weights_info *weights,
                                   const struct imp_model_options *options);
void imp_model_layout(struct imp_model *model, const struct imp_caps *caps,
                      struct imp_layout *layout);
/* Packs and uploads the weights. */
enum impasto_status imp_model_load(struct imp_model *model, struct imp_device *device,
                                   const struct impasto_weights *weights,
                                   struct impasto_error *error);

/* ---- vgg19.c --------------------------------------------------------------------------------- */

/* What looks at the activations on their way. Bit l of `layers` is set where layer l is wanted. */
struct imp_taps {
    uint32_t layers;
    void *user;
    /* Called in the forward pass when a wanted layer's activation, after the ReLU, is complete. It
     * is called for one window after the other, from the top. `ends`: this was the last. workspace:
     * has the bytes that imp_net_layout was told. */
    enum impasto_status (*measure)(void *user, int layer, const struct imp_tensor *activation,
                                   const struct imp_window *window, bool ends,
                                   struct imp_buffer *workspace);
    /* Called in the backward pass. Overwrites a window of `gradient`, which is shaped as the
     * activation, with the gradient of the loss with respect to this activation. It is as tapped,
     * not masked. */
    enum impasto_status (*gradient)(void *user, int layer, const struct imp_tensor *activation,
                                    const struct imp_window *window,
                                    const struct imp_tensor *gradient);
};

/* rows: how many rows of a stage's activations the backward pass works on at a time, if there is
 * one. They are rounded up to a multiple of IMP_STRIP_UNIT. They are all rows unless the stage's
 * input is kept. */
struct imp_stage_plan {
    enum impasto_keep keep;
    int rows;
};
#define IMP_STRIP_UNIT 4 /* a row of Winograd tiles */

/* Memory that many tensors share, one after the other. A passing place has a tensor on its way from
 * one operation to the next; two take turns. */
enum imp_place {
    IMP_PLACE_NONE,        /* the tensor has a buffer of its own, or replaces another tensor */
    IMP_PLACE_STRIP_INPUT, /* a strip of a stage's input */
    IMP_PLACE_STRIP_1,     /* strips of its activations, a place for each of its layers */
    IMP_PLACE_STRIP_2,
    IMP_PLACE_STRIP_3,
    IMP_PLACE_STRIP_4,
    IMP_PLACE_PENDING, /* a strip of the gradient of its input, until it may be written */
    IMP_PLACE_STRIP_MASK,
    IMP_PLACE_PASSING_A,
    IMP_PLACE_PASSING_B,
    IMP_PLACE_BOUNDARY_A, /* the gradient of a pooled output on its way between stages */
    IMP_PLACE_BOUNDARY_B,
    IMP_PLACES
};

/* What is at a place: `held` is the last tensor, whose halo is zero. */
struct imp_holder {
    struct imp_buffer *buffer;
    struct imp_tensor held;
};

struct imp_stage {
    int first, last;   /* layers */
    int height, width; /* of its activations */
    struct imp_stage_plan plan;
    int forward_rows; /* of a strip in the forward pass */
    int recomputed; /* the backward pass computes layers first to this one anew; first - 1: none */
    int margin;     /* rows above and below a strip for which its tensors have room, backwards */
    enum imp_place pooled_place;         /* of the stage's output, pooled; none: it is kept */
    enum imp_place input_gradient_place; /* of the gradient of the stage's input */
};

/* The network at one size. */
struct imp_net {
    const struct imp_model *model;
    struct imp_band
        *band; /* of the picture that this is; NULL: all of it. See imp_net_take_band. */
    int height, width;
    bool backward;   /* else only for forward passes */
    uint32_t tapped; /* the taps->layers of a backward pass */
    int stages;
    struct imp_stage stage[IMP_STAGES];
    const struct imp_conv_algorithm *algorithm[IMPASTO_LAYERS][2]; /* forwards, backwards */
    /* The whole picture's tensors; those of stages without IMPASTO_KEEP_ALL have no buffer. */
    struct imp_tensor input;                      /* planar; only ever a strip of it exists */
    struct imp_tensor activation[IMPASTO_LAYERS]; /* after the ReLU */
    struct imp_tensor pooled[IMP_STAGES - 1];     /* outputs of the stages but the last */
    struct imp_tensor view[IMPASTO_LAYERS];       /* the strip at hand */
    /* Of each activation in the forward pass; none: it has a buffer. Of its gradient; none: it
     * replaces the activation. */
    enum imp_place activation_place[IMPASTO_LAYERS], gradient_place[IMPASTO_LAYERS];
    struct imp_buffer *mask[IMPASTO_LAYERS]; /* of layers that are neither kept nor recomputed */
    /* Of stages' last layers, pooled: the same, and for maxima also of recomputed ones. */
    struct imp_buffer *route[IMP_STAGES - 1];
    struct imp_holder at[IMP_PLACES];
    /* Set before imp_net_layout: the transformed weights of the layers whose algorithms want some
     * are kept, and not made in each pass. */
    bool keeps_transformed;
    struct imp_buffer *transformed[IMPASTO_LAYERS][2]; /* forwards, backwards; or NULL */
    bool are_transformed;                              /* they have been made */
    struct imp_buffer *workspace;                      /* of the convolutions and the taps */
    /* The caller's, set before imp_net_layout: a buffer of `lent_bytes`, or NULL. Nobody else uses
     * it from a forward pass on, until the backward pass writes the image's gradient to it. */
    struct imp_buffer **lent;
    size_t lent_bytes;
    int borrower;                      /* pooled[borrower] is there; 0: none */
    const struct imp_buffer *image;    /* of the last forward pass: it may not change before */
    struct imp_buffer *image_gradient; /* the backward pass at work */
};

/* backward: for imp_net_backward too, with the taps->layers `tapped`. Every stage keeps all, or,
 * without `backward`, works on whole activations. */
void imp_net_init(struct imp_net *net, const struct imp_model *model, const struct imp_caps *caps,
                  int height, int width, bool backward, uint32_t tapped);
/* The network is for a band of rows, which are net->height, of a picture of net->width. Before
 * imp_net_plan; stages may only keep all or masks. */
void imp_net_take_band(struct imp_net *net, const struct imp_caps *caps, struct imp_band *band);
/* Another use of memory. plan: IMP_STAGES of them. Before imp_net_layout. */
void imp_net_plan(struct imp_net *net, const struct imp_caps *caps,
                  const struct imp_stage_plan *plan);
/* The most rows for which every tensor of a stage's strips takes at most `bytes`; at least 1. */
int imp_net_rows_within(const struct imp_net *net, int stage, enum impasto_keep keep,
                        uint64_t bytes);
/* Estimated time of a forward and (where meant for it) a backward pass through a stage, in
 * multiply-adds of direct convolution. Depends on no other stage's plan. */
double imp_net_cost(const struct imp_net *net, const struct imp_caps *caps, int stage);
/* Of that cost, what keeps_transformed spares. */
double imp_net_transforming(const struct imp_net *net, const struct imp_caps *caps, int stage);
/* The most rows that a window of layer l's activation has in the forward pass. */
int imp_net_window_rows(const struct imp_net *net, int layer);
/* tap_workspace: bytes of workspace that the taps' measure needs. */
void imp_net_layout(struct imp_net *net, const struct imp_caps *caps, size_t tap_workspace,
                    struct imp_layout *layout);
/* image: (3, height, width) floats, RGB in [0, 1]. taps->gradient is not used. With reflected edges
 * every stage must be whole, keep all or its input, and have two rows and columns:
 * IMPASTO_ERROR_INTERNAL. */
enum impasto_status imp_net_forward(struct imp_net *net, struct imp_device *device,
                                    const struct imp_buffer *image, const struct imp_taps *taps);
/* What is kept of the weights is made again in the next forward pass: a fault of the device may be
 * in it. */
void imp_net_distrust(struct imp_net *net);
/* After a forward pass, whose image must still be what it was: image_gradient (3, height, width) =
 * gradient of the tapped losses. Needs another forward pass before the next call. */
enum impasto_status imp_net_backward(struct imp_net *net, struct imp_device *device,
                                     const struct imp_taps *taps,
                                     struct imp_buffer *image_gradient);

#endif
