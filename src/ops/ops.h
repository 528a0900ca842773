/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_H
#define IMP_OPS_H

/*
 * Tensor operations: each launches kernels of its own file in cl/ and returns before they have run
 * (imp_device_finish waits). They fail into the device's error. Outputs are overwritten ("=") unless
 * a comment says "+=". Inputs and outputs may not share memory unless a comment allows it.
 */

#include "device/device.h"

/* ---- tensor.c -------------------------------------------------------------------------------- */

/*
 * A view of a buffer as channels x height x width, channel-blocked with a halo of one zero pixel
 * (cl/common.cl has the layout and the reason). lanes: the device's vector width, or 1 for planar
 * pictures. channels is a multiple of lanes.
 */
struct imp_tensor {
    int channels, height, width;
    int lanes;
    struct imp_buffer *buffer;
};

/* Positions of one plane, halo included; blocks of lanes; bytes, slack included (SIZE_MAX when a
 * kernel could not index it). */
int imp_tensor_plane(const struct imp_tensor *tensor);
int imp_tensor_blocks(const struct imp_tensor *tensor);
size_t imp_tensor_bytes(int channels, int height, int width, int lanes);
/* Vectors of all planes, halo included. */
int imp_tensor_vectors(const struct imp_tensor *tensor);

/* Zeroes the halo: for a buffer that held a tensor of another shape. Planar tensors have none to clear:
 * imp_input_forward writes it, and their gradients' is never read. */
enum impasto_status imp_tensor_clear_halo(struct imp_device *device, const struct imp_tensor *x);

/*
 * A picture too tall for memory is worked on in strips of rows, in tensors of their own. A window says
 * which rows of a strip count and where they lie in the whole.
 */
struct imp_window {
    int first, rows; /* rows of the strip */
    int at;          /* the row of the whole that `first` is */
    bool begins;     /* the first window of the whole: sums start here, otherwise they go on */
};
/* The window that is all of a tensor. */
struct imp_window imp_window_whole(const struct imp_tensor *tensor);

/* Zeroes a row of all channels; -1 and height are the halo's. */
enum impasto_status imp_tensor_zero_row(struct imp_device *device, const struct imp_tensor *x,
                                        int row);
/* Rows of `to` from to_row on = rows of `from` from from_row on, for all channels, left and right halo
 * included. Rows -1 and height are the halo's. Both are of equal width and channels, or the same tensor
 * and other rows. */
enum impasto_status imp_tensor_copy_rows(struct imp_device *device, const struct imp_tensor *from,
                                         int from_row, const struct imp_tensor *to, int to_row,
                                         int rows);

/* ---- conv.c and conv_*.c --------------------------------------------------------------------- */

/* What happens to the sum over channels and taps, r. EPILOGUE_* in cl/common.cl. */
enum imp_epilogue {
    IMP_EPILOGUE_STORE,     /* y = r */
    IMP_EPILOGUE_BIAS_RELU, /* y = max(r + bias, 0) */
    IMP_EPILOGUE_MASK,      /* y = mask > 0 ? r : 0 */
    IMP_EPILOGUE_ADD_MASK,  /* y = mask > 0 ? y + r : 0 */
    IMP_EPILOGUE_MASK_BITS, /* y = mask's bit ? r : 0; the mask's buffer is imp_mask_pack's */
    IMP_EPILOGUES
};

/* Ways to multiply matrices; imp_gemm_choose says which suits. */
enum imp_gemm {
    IMP_GEMM_VECTOR, /* built in, for CPUs: registers only */
    IMP_GEMM_TILED,  /* built in, for GPUs: local memory, any work-group size down to 1 */
    IMP_GEMM_CLBLAST,
};

/* A 3x3 convolution, stride 1, over x as its halo gives it. */
struct imp_conv {
    struct imp_tensor x, y; /* of equal height and width */
    int first, rows;        /* rows of y that are computed, from those of x and one more each way */
    int lead; /* algorithms that work by tiles begin so many rows before, for the sake of rounding */
    const struct imp_buffer *weights; /* packed by the algorithm */
    /* They are packed for y.channels to x.channels: this is that convolution's gradient. Only where the
     * packing is reversible. */
    bool reversed;
    const struct imp_buffer *bias;    /* (y.channels), for IMP_EPILOGUE_BIAS_RELU */
    struct imp_tensor mask;           /* shaped as y, for the _MASK epilogues */
    enum imp_epilogue epilogue;
    struct imp_buffer *workspace; /* of workspace_size() bytes; NULL where that is 0 */
    enum imp_gemm gemm;           /* for algorithms that multiply matrices */
    const char *label;            /* for the profile */
};

/* A float32 sum of n products differs from the exact one by a few units of rounding, growing like
 * sqrt(n): measured below 6e-6 of the rms for n = 9 * 512. */
#define IMP_CONV_ROUNDING 1e-5

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
    const char *summary; /* for --help and lists */
    /* Whether it can convolve `in` to `out` channels on the device. */
    bool (*supports)(const struct imp_caps *caps, int in, int out);
    const struct imp_conv_packing *packing;
    /* Largest error of an output over the outputs' root mean square that rounding may cause, with
     * up to 512 channels: what the self-test allows. */
    double bound;
    /* Estimated time of one call in units of a multiply-add of "direct": what "auto" minimises among
     * algorithms of one packing, where nothing was measured: imp_conv_cost. */
    double (*cost)(const struct imp_caps *caps, int in, int out, int height, int width);
    bool multiplies; /* conv->gemm matters */
    /* Bytes of workspace for calls of up to this height, `reversed` or not; the contents do not
     * matter. */
    size_t (*workspace_size)(const struct imp_caps *caps, int in, int out, int height, int width);
    enum impasto_status (*run)(struct imp_device *device, const struct imp_conv *conv);
};

extern const struct imp_conv_algorithm imp_conv_first;  /* conv_first.c */
extern const struct imp_conv_algorithm imp_conv_direct; /* conv_direct.c */
extern const struct imp_conv_algorithm imp_conv_implicit; /* conv_implicit.c */
extern const struct imp_conv_algorithm imp_conv_im2col; /* conv_im2col.c */

/* Every algorithm; ends with NULL. */
extern const struct imp_conv_algorithm *const imp_conv_algorithms[];

/*
 * The algorithm `name` for `in` to `out` channels. One that cannot is an error, with one documented
 * exception: the 3-channel picture's convolution is left to "first" where the named algorithm only
 * handles blocked tensors. NULL or "auto": the first that can, which fixes the packing; then
 * imp_conv_cheapest says for each size which one of that packing to run.
 */
enum impasto_status imp_conv_choose(struct imp_device *device, const char *name, int in, int out,
                                    const struct imp_conv_algorithm **algorithm);

/* The cost of algorithms that do all of the products, with those of the halo. */
double imp_conv_products(const struct imp_caps *caps, int in, int out, int height, int width);
/* Seconds of a multiply-add of "direct"; 0 where that was not measured. */
double imp_conv_unit(const struct imp_caps *caps);
/* Time of one call in units of that: measured on the device, or estimated. */
double imp_conv_cost(const struct imp_caps *caps, const struct imp_conv_algorithm *algorithm, int in,
                     int out, int height, int width);
const struct imp_conv_algorithm *imp_conv_cheapest(const struct imp_caps *caps,
                                                   const struct imp_conv_packing *packing, int in,
                                                   int out, int height, int width);
/* The one that is cheapest for the layers that take most of the time. */
const struct imp_conv_algorithm *imp_conv_common(const struct imp_caps *caps);
/* The buffer that an epilogue reads, for kernels that must be given one: bias, mask, or, where it reads
 * none, the input. */
const struct imp_buffer *imp_conv_aux(const struct imp_conv *conv);

/* weights (out, in, 3, 3) -> flipped (in, out, 3, 3), for the gradient to the input. */
void imp_conv_flip(int in, int out, const float *weights, float *flipped);

/*
 * A 1x1 convolution of a window's rows on blocked tensors: y = [y +] [p] (W x [+ bias]), p being weights
 * of positions (see struct imp_positions) and the parts in brackets as asked for.
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
/* The engines that serve it, and what they tell their kernels. */
int imp_pointwise_flags(const struct imp_pointwise *call);
enum impasto_status imp_conv_direct_pointwise(struct imp_device *device,
                                              const struct imp_pointwise *call);
enum impasto_status imp_conv_implicit_pointwise(struct imp_device *device,
                                                const struct imp_pointwise *call);
/* conv_direct.c: conv->workspace = conv->weights packed the other way around, and bytes for that. */
enum impasto_status imp_conv_reverse(struct imp_device *device, const struct imp_conv *conv);
size_t imp_conv_reverse_workspace(const struct imp_caps *caps, int in, int out, int height,
                                  int width);
/* What a work-item of the direct and Winograd kernels computes: vectors of output channels (part of
 * their weights' layout) times positions. */
struct imp_conv_block {
    int vectors, positions;
};
struct imp_conv_block imp_conv_block(const struct imp_caps *caps);

/* conv_first.c: a window's rows of y (3 channels, planar) += the part of the gradient that reaches the
 * picture through its replicated edge; x: gradient of conv1_1's output; weights packed by
 * imp_conv_first for x.channels to 3. */
enum impasto_status imp_conv_first_replicate(struct imp_device *device, const struct imp_tensor *x,
                                             const struct imp_window *window,
                                             const struct imp_buffer *weights,
                                             const struct imp_tensor *y);

/* ---- gemm.c ---------------------------------------------------------------------------------- */

/* Row pitches of B and C, and B's and C's buffers, are multiples of this many floats. */
#define IMP_GEMM_ALIGN 64

/* C = A B, row-major, (m x k) (k x n), pitches in floats (ldb, ldc multiples of IMP_GEMM_ALIGN).
 * Offsets: in floats, of B and C multiples of IMP_GEMM_ALIGN. The matrices of a batch follow one
 * another, m lda, k ldb and m ldc floats apart. */
struct imp_gemm_call {
    int m, n, k;
    const struct imp_buffer *a, *b, *c;
    int lda, ldb, ldc;
    size_t offset_a, offset_b, offset_c;
    int batch; /* products; 0: 1 */
    const char *label;
};
enum impasto_status imp_gemm(struct imp_device *device, enum imp_gemm which,
                             const struct imp_gemm_call *call);

/*
 * Which GEMM `name` (NULL or "auto", "clblast", "builtin") means on this device. CLBlast is trusted
 * only after it has matched the built-in one on test products, once per call of this function;
 * "auto" then falls back with a warning, "clblast" fails. "auto" is the built-in one where CLBlast
 * was left out of the build or the device's quirks advise against it.
 */
enum impasto_status imp_gemm_choose(struct imp_device *device, const char *name,
                                    enum imp_gemm *which);

/* The built-in GEMM that suits the device. */
enum imp_gemm imp_gemm_builtin(const struct imp_caps *caps);
/* TS of cl/tile.cl: the side of the largest square work-group that the device allows, 16 or less. */
int imp_tile_side(const struct imp_caps *caps);

/* gemm_clblast.c: present in every build; without CLBlast it fails. */
bool imp_gemm_clblast_available(void);
enum impasto_status imp_gemm_clblast(struct imp_device *device, const struct imp_gemm_call *call);
/* Forgets what CLBlast has compiled; before a context goes away. */
void imp_gemm_clblast_release(void);

/* ---- pool.c ---------------------------------------------------------------------------------- */

/* Rows of y = 2x2 pooling of a window of x; y, the whole, has half the size, rounded down. Windows begin at
 * an even row of the whole, and end at one or at its end. */
enum impasto_status imp_pool_forward(struct imp_device *device, const struct imp_tensor *x,
                                     const struct imp_window *window, const struct imp_tensor *y,
                                     bool average, struct imp_buffer *route);
/* A route, of imp_pool_route_bytes, says what the gradient needs to know of x: where each pooled value
 * came from, and through which ReLUs. NULL above: it is not wanted. */
size_t imp_pool_route_bytes(const struct imp_tensor *y);
/* A window's rows of g = the gradient gy of the pooled values by the route, both of the whole. x (NULL:
 * g holds nothing yet): what was in g where x > 0 is added; not g itself. */
enum impasto_status imp_pool_backward_route(struct imp_device *device,
                                            const struct imp_buffer *route,
                                            const struct imp_tensor *x,
                                            const struct imp_window *window,
                                            const struct imp_tensor *gy,
                                            const struct imp_tensor *g, bool average);
/* A window's rows of g = or (accumulate) += the gradient gy of the pooled values, masked by x > 0. gy: the
 * whole, half the size. g may be x itself. */
enum impasto_status imp_pool_backward(struct imp_device *device, const struct imp_tensor *x,
                                      const struct imp_window *window,
                                      const struct imp_tensor *gy, const struct imp_tensor *g,
                                      bool average, bool accumulate);

/* ---- gram.c ---------------------------------------------------------------------------------- */

/*
 * Where positions of a layer do not all count alike, a buffer has the weight of each, 0 or more: one plane
 * as the whole activation's have, halo and slack included. NULL: they count 1.
 */
size_t imp_positions_bytes(int height, int width);
/* Position p of a strip has weight p + this. */
int imp_positions_at(const struct imp_tensor *strip, const struct imp_window *window);

/* Bytes of workspace for imp_gram of a window. */
size_t imp_gram_workspace(const struct imp_caps *caps, int channels, int rows, int width);
/* gram (channels, channels) = or (unless the window begins the whole) += F diag(positions) F^T /
 * elements over a window of F. elements: channels times the sum of all positions' weights. */
enum impasto_status imp_gram(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_buffer *positions,
                             double elements, struct imp_buffer *workspace,
                             struct imp_buffer *gram, const char *label);
/* difference = factor * (gram - target), as weights for imp_conv_pointwise: with factor
 * w * 4 / (C^2 * C * M), their product with f is the gradient of w * mean((gram - target)^2). sums:
 * shares of the sum of (gram - target)^2. */
enum impasto_status imp_gram_difference(struct imp_device *device, const struct imp_buffer *gram,
                                        const struct imp_buffer *target, int channels, float factor,
                                        struct imp_buffer *difference, struct imp_buffer *sums,
                                        int sums_slot);

/* ---- moments.c ------------------------------------------------------------------------------- */

/* mean (channels) = or (unless the window begins the whole) += the sum of positions * f over a window /
 * mass. workspace: imp_gram's is large enough. */
enum impasto_status imp_mean(struct imp_device *device, const struct imp_tensor *f,
                             const struct imp_window *window, const struct imp_buffer *positions,
                             double mass, struct imp_buffer *workspace, struct imp_buffer *mean,
                             const char *label);
/* gram -= mean mean^T / channels: with imp_gram's of the same f, the covariance / channels. */
enum impasto_status imp_centre(struct imp_device *device, struct imp_buffer *gram,
                               const struct imp_buffer *mean, int channels);
/* bias = factor * (mean - target) - difference * mean, difference being imp_gram_difference's of
 * centred matrices: with factor w * 2 / (C * M), imp_conv_pointwise(f, difference, bias) is the gradient
 * of both losses. sums: shares of the sum of (mean - target)^2. */
enum impasto_status imp_mean_difference(struct imp_device *device, const struct imp_buffer *mean,
                                        const struct imp_buffer *target,
                                        const struct imp_buffer *difference, int channels,
                                        float factor, struct imp_buffer *bias,
                                        struct imp_buffer *sums, int sums_slot);

/* ---- programs.c ------------------------------------------------------------------------------ */

/* The small kernels that every job needs are one program with one set of macros. Returns COLUMNS, the
 * vectors or positions that a work-item does. */
#define IMP_SMALL_KERNELS "pointwise+pool+reduce+tv+adam+lbfgs+conv_first"
#define IMP_SMALL_MACROS 64
int imp_small_macros(const struct imp_device *device, char macros[IMP_SMALL_MACROS]);
/* Work-items for n vectors or positions, so many at a time. */
size_t imp_items(int n, int columns);

/* On CPUs: the products of the layers (Winograd's, with output tiles of this side), of Gram matrices, and of
 * their gradients (conv_direct with one tap). */
#define IMP_PRODUCT_PART 128
#define IMP_PRODUCT_MACROS (2 * IMP_PRODUCT_PART + 16)
#define IMP_PRODUCT_WINOGRAD 4
const char *imp_product_program(const struct imp_caps *caps, char macros[IMP_PRODUCT_MACROS]);
/* conv_winograd.c's and gram.c's part in it. m: side of an output tile. */
void imp_winograd_macros(const struct imp_caps *caps, int m, char macros[IMP_PRODUCT_PART]);
void imp_gram_macros(const struct imp_caps *caps, char macros[IMP_PRODUCT_PART]);

/* ---- pointwise.c ----------------------------------------------------------------------------- */

/* From RGB in [0, 1] to what the network expects: input_k = scale_k * rgb_order(k) + offset_k. */
struct imp_input_map {
    bool reverse; /* BGR */
    float scale[3], offset[3];
};
/* image: (3, height, width) floats; input: planar, a strip of the image from row `at` on, with its halo:
 * the image's rows next to it, and beyond the image zero or (replicate) its edge. */
enum impasto_status imp_input_forward(struct imp_device *device, const struct imp_buffer *image,
                                      int height, int at, const struct imp_tensor *input,
                                      const struct imp_input_map *map, bool replicate);
/* The window's rows of the image's gradient (3, height, width) from a strip's. */
enum impasto_status imp_input_backward(struct imp_device *device,
                                       const struct imp_tensor *input_gradient,
                                       const struct imp_window *window, int height,
                                       struct imp_buffer *gradient,
                                       const struct imp_input_map *map);
/* mask, of imp_mask_bytes of the whole, `height` rows: which elements of x are positive, a bit each, in a
 * window's rows. */
size_t imp_mask_bytes(const struct imp_tensor *x);
enum impasto_status imp_mask_pack(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window, int height,
                                  struct imp_buffer *mask);
/* A window's rows of the whole's mask, as the mask of a strip: shaped as the strip, the buffer the mask's.
 */
enum impasto_status imp_mask_take(struct imp_device *device, const struct imp_buffer *mask,
                                  int height, const struct imp_window *window,
                                  const struct imp_tensor *strip);
/* g = x > 0 ? g : 0 in a window's rows. */
enum impasto_status imp_relu_mask(struct imp_device *device, const struct imp_tensor *x,
                                  const struct imp_window *window,
                                  const struct imp_tensor *g);
/* A window's rows of g = or (accumulate) += factor * (f - target), where f and g are strips and target
 * the whole. */
enum impasto_status imp_content_backward(struct imp_device *device, const struct imp_tensor *f,
                                         const struct imp_window *window,
                                         const struct imp_tensor *target,
                                         const struct imp_tensor *g, float factor, bool accumulate);

/* y = (accumulate ? y : 0) + factor * x, over n floats. */
enum impasto_status imp_blend(struct imp_device *device, struct imp_buffer *y,
                              const struct imp_buffer *x, int n, float factor, bool accumulate);
/* y += factor * (x - y), over n floats. */
enum impasto_status imp_approach(struct imp_device *device, struct imp_buffer *y,
                                 const struct imp_buffer *x, int n, float factor);
/* Each of `planes` planes of n floats is multiplied by `weight`, one such plane. */
enum impasto_status imp_weigh_planes(struct imp_device *device, struct imp_buffer *g,
                                     const struct imp_buffer *weight, int planes, int n);

/* ---- tv.c ------------------------------------------------------------------------------------ */

/* tv = mean(dx^2) + mean(dy^2) of an image (3, height, width): shares of it, and gradient += factor
 * times its gradient. */
enum impasto_status imp_tv_sum(struct imp_device *device, const struct imp_buffer *image,
                               int height, int width, struct imp_buffer *sums, int sums_slot);
enum impasto_status imp_tv_backward(struct imp_device *device, const struct imp_buffer *image,
                                    int height, int width, struct imp_buffer *gradient,
                                    float factor);

/* ---- adam.c ---------------------------------------------------------------------------------- */

struct imp_adam {
    float learning_rate, beta1, beta2, epsilon;
    int step; /* 1 for the first */
};
/* One step of Adam on n floats, then a clamp to [0, 1]. */
enum impasto_status imp_adam_step(struct imp_device *device, const struct imp_adam *adam,
                                  struct imp_buffer *image, const struct imp_buffer *gradient,
                                  struct imp_buffer *moment1, struct imp_buffer *moment2, int n);

/* ---- lbfgs.c --------------------------------------------------------------------------------- */

/*
 * What L-BFGS keeps on the device (net/optim_lbfgs.c has the method). Of n floats: image and gradient,
 * where the loss was measured last. Of imp_lbfgs_pitch(n) floats, zero beyond n: the point it stands
 * on; reduced, the gradient there, zero where the variable is held at a bound; the direction. Of so many
 * floats a slot: the history's moves of the point and changes of the gradient.
 */
struct imp_lbfgs_vectors {
    int n;
    struct imp_buffer *image, *gradient;
    struct imp_buffer *point, *reduced, *direction;
    struct imp_buffer *moves, *changes;
    struct imp_buffer *coefficients; /* 2 slots + 1 floats */
    struct imp_buffer *sums;         /* imp_lbfgs_sums_bytes(slots) */
};
int imp_lbfgs_pitch(int n);
size_t imp_lbfgs_sums_bytes(int slots);
/* image = point + step * direction, clamped to [0, 1]. */
enum impasto_status imp_lbfgs_move(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   double step);
/* point = image, reduced = its gradient; the move and the change that this was go to a slot. */
enum impasto_status imp_lbfgs_accept(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                     int slot);
/* Waits. dots, IMP_LBFGS_ROWS rows of 2 slots + 1: products of the move and the change in `slot` and of
 * `reduced` with the moves and changes in the first `slots` slots and with `reduced`. */
#define IMP_LBFGS_ROWS 3
enum impasto_status imp_lbfgs_dots(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   int slot, int slots, double *dots);
/* Waits for what came before. direction = coefficients, 2 slots + 1 in the order above, times these
 * vectors; zero where the variable is held. */
enum impasto_status imp_lbfgs_combine(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                      int slots, const float *coefficients);
/* Waits. slope: of the loss at the image along the path that imp_lbfgs_move takes, per unit of step, as
 * the step grows; size: sum of |direction|. */
enum impasto_status imp_lbfgs_slope(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                    double *slope, double *size);

/* ---- reduce.c -------------------------------------------------------------------------------- */

/* Sums leave the device as this many shares per slot of a `sums` buffer, added up by the host in
 * double precision and always in the same order. PARTS in cl/common.cl. */
#define IMP_PARTS 1024
/* " -DCONTIGUOUS_SHARES" or "": the macros that make sums walk memory as the device likes it. */
const char *imp_reduce_macros(const struct imp_caps *caps);

/* Of (a - b)^2 over a window of a strip a; b is the whole. Added to the slot's shares unless the window
 * begins the whole. */
enum impasto_status imp_sum_squared_difference(struct imp_device *device, const struct imp_tensor *a,
                                               const struct imp_window *window,
                                               const struct imp_tensor *b, struct imp_buffer *sums,
                                               int sums_slot);
enum impasto_status imp_sum_squares(struct imp_device *device, const struct imp_tensor *a,
                                    struct imp_buffer *sums, int sums_slot);
/* The same over n plain floats, a multiple of the vector width. */
enum impasto_status imp_sum_squares_flat(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot);
/* How many of n floats are NaN or infinite. */
enum impasto_status imp_count_not_finite(struct imp_device *device, const struct imp_buffer *a,
                                         int n, struct imp_buffer *sums, int sums_slot);
/* Waits, and adds up `slots` slots into totals. */
enum impasto_status imp_sums_read(struct imp_device *device, const struct imp_buffer *sums,
                                  int slots, double *totals);

#endif
