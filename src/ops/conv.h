/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_CONV_H
#define IMP_OPS_CONV_H

/* Convolutions: conv.c has the table of algorithms, conv_*.c have one each. */

#include "cl/shared.h"
#include "ops/gemm.h"
#include "ops/tensor.h"

/* What happens to the sum over channels and taps: cl/shared.h. For the last, the mask's buffer is
 * imp_mask_pack's. */
enum imp_epilogue {
    IMP_EPILOGUE_STORE = EPILOGUE_STORE,
    IMP_EPILOGUE_BIAS_RELU = EPILOGUE_BIAS_RELU,
    IMP_EPILOGUE_MASK = EPILOGUE_MASK,
    IMP_EPILOGUE_ADD_MASK = EPILOGUE_ADD_MASK,
    IMP_EPILOGUE_MASK_BITS = EPILOGUE_MASK_BITS,
    IMP_EPILOGUES
};

/* A 3x3 convolution with stride 1 over x. x has its padding in its halo. */
struct imp_conv {
    struct imp_tensor x, y; /* of equal height and width */
    int first, rows;        /* rows of y that are computed, from those of x and one more each way */
    int lead; /* algorithms that work by tiles begin so many rows before, for the sake of rounding
               */
    const struct imp_buffer *weights; /* packed by the algorithm */
    /* They are packed for y.channels to x.channels: this is that convolution's gradient. Only where
     * the packing is reversible. */
    bool reversed;
    const struct imp_buffer *bias; /* (y.channels), for IMP_EPILOGUE_BIAS_RELU */
    struct imp_tensor mask;        /* shaped as y, for the _MASK epilogues */
    enum imp_epilogue epilogue;
    struct imp_buffer *workspace;         /* of workspace_size() bytes; NULL where that is 0 */
    const struct imp_buffer *transformed; /* what transform() has made of the weights, or NULL */
    enum imp_gemm gemm;                   /* for algorithms that multiply matrices */
    const char *label;                    /* for the profile */
};

/* A layout of a convolution's weights on the device. */
struct imp_conv_packing {
    size_t (*size)(const struct imp_caps *caps, int in, int out); /* bytes */
    /* Packs host weights (out, in, 3, 3). */
    void (*pack)(const struct imp_caps *caps, int in, int out, const float *weights, float *packed);
    bool reversible; /* also serves the gradient: see struct imp_conv */
};
/* conv_direct.c: for blocked tensors; winograd's too. */
extern const struct imp_conv_packing imp_conv_blocked;

/*
 * One way to compute a 3x3 convolution. The gradient to a convolution's input is again a 3x3
 * convolution, with flipped and transposed weights (imp_conv_flip), so an algorithm knows nothing
 * of directions. To add one: its file, its row in imp_conv_algorithms, the build list.
 */
struct imp_conv_algorithm {
    const char *name;
    const char *summary; /* for help pages and lists */
    /* Whether it can convolve `in` to `out` channels on the device. */
    bool (*supports)(const struct imp_caps *caps, int in, int out);
    const struct imp_conv_packing *packing;
    /* Largest error of an output over the outputs' root mean square that rounding may cause, with
     * up to 512 channels: what the self-test allows. */
    double bound;
    /* Estimated time of one call in units of a multiply-add of "direct": what "auto" minimises
     * among algorithms of one packing, where nothing was measured: imp_conv_cost. */
    double (*cost)(const struct imp_caps *caps, int in, int out, int height, int width);
    enum imp_products products; /* with some, conv->gemm matters */
    /* Every call transforms the weights, unless it is given them transformed. Bytes of those; NULL
     * for algorithms that take weights as they are packed, which have no more of these functions.
     */
    size_t (*transformed_size)(const struct imp_caps *caps, int in, int out);
    /* Of conv, x's and y's channels, weights, reversed, gemm and label count. */
    enum impasto_status (*transform)(struct imp_device *device, const struct imp_conv *conv,
                                     struct imp_buffer *transformed);
    /* The part of a call's cost that this spares: 0 to 1. */
    double (*transforming)(const struct imp_caps *caps, int in, int out, int height, int width);
    /* Bytes of workspace for calls of up to this height, `reversed` or not; the contents do not
     * matter. */
    size_t (*workspace_size)(const struct imp_caps *caps, int in, int out, int height, int width);
    enum impasto_status (*run)(struct imp_device *device, const struct imp_conv *conv);
};

extern const struct imp_conv_algorithm imp_conv_first;    /* conv_first.c */
extern const struct imp_conv_algorithm imp_conv_direct;   /* conv_direct.c */
extern const struct imp_conv_algorithm imp_conv_implicit; /* conv_implicit.c */

/* Every algorithm; ends with NULL. */
extern const struct imp_conv_algorithm *const imp_conv_algorithms[];

/*
 * Finds the algorithm `name` for `in` to `out` channels. An algorithm that cannot do these is an
 * error, with one exception. Where the named algorithm only takes blocked tensors, "first" does the
 * 3-channel picture's convolution.
 *
 * NULL or "auto": the first algorithm that can. This fixes the packing. imp_conv_cheapest then says
 * for each size which algorithm of that packing to run.
 */
enum impasto_status imp_conv_choose(struct imp_device *device, const char *name, int in, int out,
                                    const struct imp_conv_algorithm **algorithm);

/* Seconds of a multiply-add of "direct"; 0 where that was not measured. */
double imp_conv_unit(const struct imp_caps *caps);
/* Time of one call in units of that: measured on the device, or estimated. */
double imp_conv_cost(const struct imp_caps *caps, const struct imp_conv_algorithm *algorithm,
                     int in, int out, int height, int width);
/* Where transformed weights are kept, as they are unless memory is short. */
const struct imp_conv_algorithm *imp_conv_cheapest(const struct imp_caps *caps,
                                                   const struct imp_conv_packing *packing, int in,
                                                   int out, int height, int width);
/* The one that is cheapest for the layers that take most of the time. */
const struct imp_conv_algorithm *imp_conv_common(const struct imp_caps *caps);

/* weights (out, in, 3, 3) -> flipped (in, out, 3, 3), for the gradient to the input. */
void imp_conv_flip(int in, int out, const float *weights, float *flipped);

/*
 * A 1x1 convolution of a window's rows on blocked tensors: y = [y +] [p] (W x [+ bias]). p are
 * weights of positions: see struct imp_positions. Parts in brackets are optional.
 */
struct imp_pointwise {
    struct imp_tensor x, y;
    struct imp_window window;
    const struct imp_buffer *weights;   /* W, laid out by gram_difference */
    const struct imp_buffer *bias;      /* (y.channels), or NULL */
    const struct imp_buffer *positions; /* or NULL */
    bool add;
    const char *label;
};
enum impasto_status imp_conv_pointwise(struct imp_device *device, const struct imp_pointwise *call);

/*
 * The part of a gradient that reaches the input's padding, where that is copies of pixels: the halo
 * of conv->y, whose pixels conv->run leaves there. imp_map_fold brings it home. weights: packed by
 * imp_conv_edge_packing for x.channels to y.channels. epilogue: STORE, or with y.channels above 3
 * MASK or ADD_MASK, which both mask what is stored as the pixel that it is a copy of by reflection.
 * Before run, as the mask may be y. (conv_edge.c)
 */
enum impasto_status imp_conv_edge(struct imp_device *device, const struct imp_conv *conv);
const struct imp_conv_packing *imp_conv_edge_packing(int out);

/* A window's rows of y += the part of the gradient that reaches the picture through its replicated
 * edge. y: 3 channels, planar. x: the gradient of conv1_1's output. weights: packed by
 * imp_conv_first for x.channels to 3. above, below: where y is a band of a taller picture, whether
 * that goes on there; then x has its next row in the halo. (conv_first.c) */
enum impasto_status imp_conv_first_replicate(struct imp_device *device, const struct imp_tensor *x,
                                             const struct imp_window *window,
                                             const struct imp_buffer *weights,
                                             const struct imp_tensor *y, bool above, bool below);

#endif
