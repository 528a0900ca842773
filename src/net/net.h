/* SPDX-License-Identifier: MIT */
#ifndef IMP_NET_H
#define IMP_NET_H

/*
 * The mathematics: VGG19 at one size, forwards and backwards; the losses at its taps; the optimiser;
 * and the memory that all of this takes, known before any of it is allocated.
 *
 * Objects here are plain structs. Their life: _init decides, without touching the device's memory;
 * _layout lists the buffers wanted; imp_layout_allocate makes them (imp_layout_release frees them);
 * then they are used. So one list serves the plan, the refusal and the allocation.
 */

#include "net/weights.h"
#include "ops/ops.h"

/* ---- plan.c ---------------------------------------------------------------------------------- */

struct imp_allocation {
    struct imp_buffer **slot; /* where the buffer goes */
    size_t bytes;             /* SIZE_MAX: larger than anything can index */
    const char *purpose;      /* static; rows of the plan are sums by purpose */
};

struct imp_layout {
    struct imp_allocation *items;
    size_t count, capacity;
    bool failed; /* out of host memory while listing; imp_layout_allocate reports it */
};

void imp_layout_add(struct imp_layout *layout, struct imp_buffer **slot, size_t bytes,
                    const char *purpose);
/* Bytes of all buffers (saturating), and of the largest. */
uint64_t imp_layout_bytes(const struct imp_layout *layout);
uint64_t imp_layout_largest(const struct imp_layout *layout);
/* Bytes of those that have been allocated. */
uint64_t imp_layout_held(const struct imp_layout *layout);
/* Sums by purpose in order of appearance; returns how many rows, at most `limit`. */
size_t imp_layout_rows(const struct imp_layout *layout, struct impasto_plan_row *rows,
                       size_t limit);
/* Creates every buffer, or none. */
enum impasto_status imp_layout_allocate(const struct imp_layout *layout, struct imp_device *device);
/* Frees every listed buffer and the list. */
void imp_layout_release(struct imp_layout *layout);

/* ---- model.c --------------------------------------------------------------------------------- */

/* How the network is to be computed, apart from its weights. */
struct imp_model_options {
    int layers;   /* how many, from conv1_1 on */
    bool average; /* pooling */
    bool replicate; /* the picture's edge is repeated at conv1_1, instead of zeros */
    const char *conv, *gemm; /* names; NULL: auto */
};

struct imp_model_layer {
    /* As named in the options, or under "auto" the first of the packing used. */
    const struct imp_conv_algorithm *forward, *backward;
    /* reversed: both directions use the forward ones. */
    bool reversed;
    struct imp_buffer *forward_weights, *backward_weights, *bias;
};

/* The network's weights on the device, packed for the algorithms that use them; any size of picture. */
struct imp_model {
    int layers;
    uint32_t checksum; /* of the weights as loaded; 0: they are generated */
    bool average, replicate;
    bool automatic; /* each size chooses among the algorithms of a layer's packing */
    enum imp_gemm gemm;
    struct imp_input_map input;
    struct imp_model_layer layer[IMPASTO_LAYERS];
    struct imp_buffer *edge_weights; /* for the gradient through a replicated edge */
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

/* ---- vgg19.c and stage*.c -------------------------------------------------------------------- */

/* What looks at the activations on their way. Bit l of `layers` is set where layer l is wanted. */
struct imp_taps {
    uint32_t layers;
    void *user;
    /* Called in the forward pass when a wanted layer's activation (after the ReLU) is complete, for
     * one window of it after the other, from the top. `ends`: this was the last. workspace: of the
     * bytes that imp_net_layout was told. */
    enum impasto_status (*measure)(void *user, int layer, const struct imp_tensor *activation,
                                   const struct imp_window *window, bool ends,
                                   struct imp_buffer *workspace);
    /* Called in the backward pass: overwrites a window of `gradient` (shaped as the activation) with
     * the gradient of the loss with respect to this activation as tapped, not masked. */
    enum impasto_status (*gradient)(void *user, int layer, const struct imp_tensor *activation,
                                    const struct imp_window *window,
                                    const struct imp_tensor *gradient);
};

/* Blocks of convolutions between poolings are the stages in which memory is managed. */
#define IMP_STAGES 5

/* rows: how many rows of a stage's activations are worked on at a time in the backward pass, where there
 * is one; rounded up to a multiple of IMP_STRIP_UNIT, and to all of them unless the stage's input is kept.
 */
struct imp_stage_plan {
    enum impasto_keep keep;
    int rows;
};
#define IMP_STRIP_UNIT 4 /* a row of Winograd tiles */

/* A buffer that holds tensors of one shape after another; `held` is the last, whose halo is zero. */
struct imp_slot {
    struct imp_buffer *buffer;
    struct imp_tensor held;
};

struct imp_stage {
    int first, last;   /* layers */
    int height, width; /* of its activations */
    struct imp_stage_plan plan;
    int forward_rows; /* of a strip in the forward pass */
    int again;        /* layers first to `again` are computed again; first - 1: none */
    int margin;       /* rows above and below a strip for which its tensors have room, backwards */
    /* Which slot has each layer's activation in the forward pass (-1: it has a buffer; see
     * imp_stage_slot), and which passing slot the stage's output pooled (-1: it is kept). */
    int transient[4], pooled_transient;
    /* Which has the gradient of each layer's activation (-1: it replaces the activation), and of the
     * stage's input. */
    int slot[4], input_slot;
};

/* The network at one size. */
struct imp_net {
    const struct imp_model *model;
    int height, width;
    bool backward;  /* else only for forward passes */
    uint32_t tapped; /* the taps->layers of a backward pass */
    int stages;
    struct imp_stage stage[IMP_STAGES];
    const struct imp_conv_algorithm *algorithm[IMPASTO_LAYERS][2]; /* forwards, backwards */
    /* The whole picture's tensors; those of stages without IMPASTO_KEEP_ALL have no buffer. */
    struct imp_tensor input;                      /* planar; only ever a strip of it exists */
    struct imp_tensor activation[IMPASTO_LAYERS]; /* after the ReLU */
    struct imp_tensor pooled[IMP_STAGES - 1];     /* outputs of the stages but the last */
    struct imp_tensor view[IMPASTO_LAYERS];       /* the strip at hand */
    struct imp_buffer *mask[IMPASTO_LAYERS];      /* of layers that are neither kept nor computed again */
    /* Of stages' last layers, pooled: the same, and for maxima also of those computed again. */
    struct imp_buffer *route[IMP_STAGES - 1];
    /* Memory of strips: the stage's input, its activations, the gradient of its input until it may be
     * written; tensors on their way from one operation to the next; gradients of pooled outputs on
     * their way between stages. */
    struct imp_slot strip_input, strip[4], pending, passing[2], boundary[2];
    struct imp_buffer *strip_mask;
    struct imp_buffer *workspace; /* of the convolutions and the taps */
    /* A buffer of `lent_bytes` that is of no use to anyone from a forward pass on until the backward pass
     * writes the image's gradient to it; or NULL. The caller's, before imp_net_layout. */
    struct imp_buffer **lent;
    size_t lent_bytes;
    int borrower; /* pooled[borrower] is there; 0: none */
    const struct imp_buffer *image;    /* of the last forward pass: it may not change before */
    struct imp_buffer *image_gradient; /* the backward pass at work */
};

/* backward: for imp_net_backward too, with the taps->layers `tapped`. Every stage keeps all, or,
 * without `backward`, works on whole activations. */
void imp_net_init(struct imp_net *net, const struct imp_model *model, const struct imp_caps *caps,
                  int height, int width, bool backward, uint32_t tapped);
/* Another use of memory. plan: IMP_STAGES of them. Before imp_net_layout. */
void imp_net_plan(struct imp_net *net, const struct imp_caps *caps,
                  const struct imp_stage_plan *plan);
/* The most rows for which every tensor of a stage's strips takes at most `bytes`; at least 1. */
int imp_net_rows_within(const struct imp_net *net, int stage, enum impasto_keep keep,
                        uint64_t bytes);
/* Estimated time of a forward and (where meant for it) a backward pass through a stage, in multiply-adds
 * of direct convolution. Depends on no other stage's plan. */
double imp_net_cost(const struct imp_net *net, const struct imp_caps *caps, int stage);
/* The most rows that a window of layer l's activation has in the forward pass. */
int imp_net_window_rows(const struct imp_net *net, int layer);
/* tap_workspace: bytes of workspace that the taps' measure needs. */
void imp_net_layout(struct imp_net *net, const struct imp_caps *caps, size_t tap_workspace,
                    struct imp_layout *layout);
/* image: (3, height, width) floats, RGB in [0, 1]. taps->gradient is not used. */
enum impasto_status imp_net_forward(struct imp_net *net, struct imp_device *device,
                                    const struct imp_buffer *image, const struct imp_taps *taps);
/* After a forward pass, whose image must still be what it was: image_gradient (3, height, width) =
 * gradient of the tapped losses. Needs another forward pass before it can be called again. */
enum impasto_status imp_net_backward(struct imp_net *net, struct imp_device *device,
                                     const struct imp_taps *taps,
                                     struct imp_buffer *image_gradient);

/* stage*.c, for vgg19.c: one stage forwards, its output pooled into pooled[stage]; and backwards, from
 * `upstream`, the gradient of that output (NULL: none), to `downstream`, the gradient of its input, or
 * for stage 0 net->image_gradient. taps as above. */
enum impasto_status imp_stage_forward(struct imp_net *net, struct imp_device *device, int stage,
                                      const struct imp_taps *taps);
enum impasto_status imp_stage_backward(struct imp_net *net, struct imp_device *device, int stage,
                                       const struct imp_taps *taps,
                                       const struct imp_tensor *upstream,
                                       struct imp_tensor *downstream);
/* Whether nothing but the stage's input, and perhaps masks, stays from the forward pass to the backward
 * pass. */
bool imp_stage_keeps_input(const struct imp_stage *stage);
/* Whether a pass works on the stage in one strip. */
bool imp_stage_whole(const struct imp_stage *stage, bool backward);
/* By the numbers in `transient`: passing slots, then strips'. */
struct imp_slot *imp_stage_slot(struct imp_net *net, int slot);
/* Rows by which the last layer is behind the first in the forward pass. */
int imp_stage_lag(const struct imp_stage *stage);
/* Rows of the largest of a pass's strips' tensors. */
int imp_stage_tensor_rows(const struct imp_stage *stage, bool backward);
/* How many rows beyond a strip's own are computed of a layer's activation, when it is computed again for
 * the backward pass, and of its gradient. */
enum imp_reach { IMP_REACH_AGAIN, IMP_REACH_GRADIENT };
int imp_stage_reach(const struct imp_stage *stage, int layer, enum imp_reach which);
/* The largest of these. */
int imp_stage_margin(const struct imp_stage *stage);
/* The most rows of a backward pass's strip with `reach` more on each side. */
int imp_stage_rows(const struct imp_stage *stage, int reach);
/* A tensor shaped as `like`, of `height` rows, in a slot; its halo is zero, the rest undefined. */
enum impasto_status imp_slot_use(struct imp_slot *slot, struct imp_device *device,
                                 const struct imp_tensor *like, int height,
                                 struct imp_tensor *tensor);
/* A window's rows of layer l's activation y from the one before. lead: see struct imp_conv. */
enum impasto_status imp_stage_convolve(struct imp_net *net, struct imp_device *device, int l,
                                       const struct imp_tensor *x, const struct imp_tensor *y,
                                       const struct imp_window *window, int lead);

/* ---- guide.c --------------------------------------------------------------------------------- */

/* How much each position of a picture counts for a style, 0 to 1, at the size of every stage. */
struct imp_guide {
    bool used; /* false: every position counts 1 */
    int height, width;                        /* of the picture */
    double mass[IMP_STAGES];                  /* sum of the stage's weights */
    struct imp_buffer *positions[IMP_STAGES]; /* NULL unless used; see ops.h */
};

void imp_guide_init(struct imp_guide *guide, int height, int width, bool used);
/* stages: bits of those that are looked at. */
void imp_guide_layout(struct imp_guide *guide, uint32_t stages, struct imp_layout *layout);
/* plane: height * width weights; shrunk by averaging as pooling shrinks activations. */
enum impasto_status imp_guide_fill(struct imp_guide *guide, struct imp_device *device,
                                   const float *plane);

/* ---- style.c --------------------------------------------------------------------------------- */

/* The style loss in one region of the picture. All of its matrices are per layer. */
struct imp_style_region {
    double weight; /* its share of the style loss */
    struct imp_guide guide;
    struct imp_buffer *target[IMPASTO_LAYERS], *mean_target[IMPASTO_LAYERS];
    /* The Gram matrix as it grows, strip by strip; then its difference to the target, as weights. */
    struct imp_buffer *difference[IMPASTO_LAYERS];
    struct imp_buffer *bias[IMPASTO_LAYERS]; /* the same for the mean: see moments.c */
    double energy[IMPASTO_LAYERS], mean_energy[IMPASTO_LAYERS]; /* divisors; 1 for Gatys */
    int slot[IMPASTO_LAYERS], mean_slot[IMPASTO_LAYERS];
};

struct imp_style {
    struct imp_device *device;
    bool relative, covariance;
    double weight;
    float layers[IMPASTO_LAYERS];
    struct imp_style_region *region; /* the caller's */
    int regions;
    struct imp_buffer *gram, *mean; /* scratch, of the layer at hand */
    struct imp_buffer *const *sums; /* the losses' */
};

/* region: `regions` of them, weight and guide initialised; the weights sum to 1. slots: counted on. */
void imp_style_init(struct imp_style *style, struct imp_device *device,
                    const struct impasto_params *params, struct imp_style_region *region,
                    int regions, int *slots);
void imp_style_layout(struct imp_style *style, struct imp_layout *layout);
/* Bits of the stages that are looked at. */
uint32_t imp_style_stages(const struct imp_style *style);
/* Of a region too small for a layer (less than a position of it), that layer's loss is left out. */
bool imp_style_sees(const struct imp_style *style, const struct imp_style_region *region, int layer);
/* What measuring on this net needs, as it is planned. */
size_t imp_style_workspace(const struct imp_style *style, const struct imp_net *net);

/* A style picture, as the pass over it captures it: added with its share to the region's targets. */
struct imp_style_source {
    struct imp_style *style;
    struct imp_style_region *region;
    const struct imp_guide *guide; /* of the style picture */
    double share;                  /* in its region; they sum to 1 */
    bool begins, ends;             /* the region's first and last */
};
struct imp_taps imp_style_source_taps(struct imp_style_source *source);

/* As struct imp_taps' functions, for layers that a style looks at. */
enum impasto_status imp_style_measure(struct imp_style *style, int layer,
                                      const struct imp_tensor *f, const struct imp_window *window,
                                      bool ends, struct imp_buffer *workspace);
/* Whether anything was written. */
enum impasto_status imp_style_gradient(struct imp_style *style, int layer,
                                       const struct imp_tensor *f, const struct imp_window *window,
                                       const struct imp_tensor *g, bool *written);
/* A layer's loss from the totals of all slots. */
double imp_style_loss(const struct imp_style *style, int layer, const double *totals);

/* ---- losses.c -------------------------------------------------------------------------------- */

/* The weighted objective at one size of picture; the formulas are at struct impasto_params. */
struct imp_losses {
    struct imp_device *device;
    bool relative;
    float content_weight, tv_weight;
    float content_layers[IMPASTO_LAYERS];
    int height, width; /* of the picture */
    double content_energy[IMPASTO_LAYERS]; /* divisors; 1 for Gatys */
    struct imp_tensor content_target[IMPASTO_LAYERS];
    struct imp_style style;
    struct imp_buffer *sums;
    int content_slot[IMPASTO_LAYERS], tv_slot, slots;
    int check_slot; /* the first of IMP_CHECKS */
    int checked;    /* how many of them are in use */
};

/* Buffers that can be checked for numbers that are not finite: the gradient, the optimiser's vectors that
 * are carried, the average. */
#define IMP_CHECKS 4

/* What params->strength multiplies the style's weight with, and divides the content's by. */
double imp_strength(const struct impasto_params *params);
/* params: weights, layers, strength and kind of losses are read. region: as imp_style_init's. */
void imp_losses_init(struct imp_losses *losses, struct imp_device *device,
                     const struct impasto_params *params, int height, int width,
                     struct imp_style_region *region, int regions);
void imp_losses_layout(struct imp_losses *losses, struct imp_layout *layout);
/* The taps for the content picture's pass, and the optimisation's. */
struct imp_taps imp_losses_content_taps(struct imp_losses *losses);
struct imp_taps imp_losses_taps(struct imp_losses *losses);
/* Total variation of the image; and its gradient added to gradient. Nothing where tv_weight is 0,
 * except that the sum is always taken, for the report. */
enum impasto_status imp_losses_measure_tv(struct imp_losses *losses, const struct imp_buffer *image);
enum impasto_status imp_losses_tv_gradient(struct imp_losses *losses,
                                           const struct imp_buffer *image,
                                           struct imp_buffer *gradient);
/* Counts the NaN and infinite elements of a buffer of the image's size, as check number `which` for
 * imp_losses_read. */
enum impasto_status imp_losses_check(struct imp_losses *losses, int which,
                                     const struct imp_buffer *buffer);
/* Waits; fills total, content, style and tv of the progress, and how many elements were not finite in
 * each buffer as last checked, 0 where there was none. */
enum impasto_status imp_losses_read(struct imp_losses *losses, struct impasto_progress *progress,
                                    double not_finite[IMP_CHECKS]);

/* ---- optim.c and optim_*.c ------------------------------------------------------------------- */

#define IMP_OPTIMIZER_VECTORS 7

/* What an optimiser keeps between steps. */
struct imp_optimizer_state {
    int n;       /* elements of the image */
    int history; /* params->history */
    int step;    /* taken so far */
    struct imp_buffer *vectors[IMP_OPTIMIZER_VECTORS]; /* each optimiser has names for its own */
    struct imp_lbfgs *lbfgs; /* optim_lbfgs.c's, from its first step on; see imp_optimizer_release */
    bool undoes;   /* there is room for copies of what a step changes; before `layout` */
    bool undoable; /* Adam's: the copies of what the last step has changed are whole */
    /* What the last step met that was not finite, and got over; static. NULL: nothing */
    const char *fault;
};

/*
 * Numbers of the host on their way to a checkpoint or back: one walk through them serves both. Saving,
 * they are written to the array as far as it has room, which without any only counts them; loading, they
 * are read from it, and `wrong` is set where it is too short or has what cannot be.
 */
struct imp_ledger {
    double *numbers;
    size_t size, at;
    bool loading, wrong;
};
void imp_ledger_number(struct imp_ledger *ledger, double *number);
/* From low to high. */
void imp_ledger_integer(struct imp_ledger *ledger, int *number, int low, int high);
void imp_ledger_flag(struct imp_ledger *ledger, bool *flag);

/* A device vector that goes into a checkpoint. */
struct imp_saved_vector {
    const char *name; /* static, and the same for ever */
    struct imp_buffer *buffer;
    size_t floats; /* from its beginning on */
};

/* A way to step. To add one: its file, its row in imp_optimizers, the build list. */
struct imp_optimizer {
    const char *name;
    enum impasto_optimizer id;
    /* How many of the state's first vectors go on, resized, when the picture grows: none is negative but
     * the first may be. They are checked for numbers that are not finite with each evaluation. */
    int carried;
    void (*layout)(struct imp_optimizer_state *state, struct imp_layout *layout);
    /* Is told the loss at the image, and its gradient, which may be overwritten; moves the image to
     * where it wants them next, within [0, 1]. total: NaN where loss or gradient are not finite, which
     * only an optimiser that has a best point elsewhere is told. */
    enum impasto_status (*step)(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct impasto_params *params, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient);
    /* What the next step depends on, besides the image and `step`. First the host's numbers (NULL: none);
     * loading, the state is a fresh one, of which everything is made that is to hold them. Then, these
     * being in place, the vectors; returns how many. */
    enum impasto_status (*numbers)(struct imp_device *device, struct imp_optimizer_state *state,
                                   struct imp_ledger *ledger);
    size_t (*saved)(const struct imp_optimizer_state *state,
                    struct imp_saved_vector vectors[IMP_OPTIMIZER_VECTORS]);
    /* Takes the last step back: image and state are what they were before it, to the bit. Only where
     * state->undoable. NULL: where the image was, `best` tells. */
    enum impasto_status (*undo)(struct imp_optimizer_state *state, struct imp_buffer *image);
    /* The four below are for optimisers whose image may be a mere trial. NULL: it never is. */
    /* Makes the trial again, to the bit, as there may have been a fault in it. */
    enum impasto_status (*retry)(struct imp_device *device, struct imp_optimizer_state *state,
                                 struct imp_buffer *image);
    /* The best point so far, where the picture is to be read from: n floats, or image itself. */
    const struct imp_buffer *(*best)(const struct imp_optimizer_state *state,
                                     const struct imp_buffer *image);
    /* After the last evaluation: leaves the image at the best point that was evaluated. total: the loss
     * at the image as it is. *moved: that is not the best. Then there are no more steps to take. */
    enum impasto_status (*finish)(struct imp_device *device, struct imp_optimizer_state *state,
                                  double total, struct imp_buffer *image, bool *moved);
    /* Frees what is the host's and forgets everything, so that the next step is the first. */
    void (*release)(struct imp_optimizer_state *state);
};

extern const struct imp_optimizer imp_optimizer_adam;  /* optim_adam.c */
extern const struct imp_optimizer imp_optimizer_lbfgs; /* optim_lbfgs.c */
extern const struct imp_optimizer *const imp_optimizers[]; /* ends with NULL */
const struct imp_optimizer *imp_optimizer_find(enum impasto_optimizer id); /* NULL: none */
/* As above, for any optimiser. release: before the state goes away, is laid out anew, or is to begin
 * from another image; of NULL or twice does nothing. */
const struct imp_buffer *imp_optimizer_best(const struct imp_optimizer *optimizer,
                                            const struct imp_optimizer_state *state,
                                            const struct imp_buffer *image);
enum impasto_status imp_optimizer_finish(const struct imp_optimizer *optimizer,
                                         struct imp_device *device,
                                         struct imp_optimizer_state *state, double total,
                                         struct imp_buffer *image, bool *moved);
void imp_optimizer_release(const struct imp_optimizer *optimizer,
                           struct imp_optimizer_state *state);
enum impasto_status imp_optimizer_numbers(const struct imp_optimizer *optimizer,
                                          struct imp_device *device,
                                          struct imp_optimizer_state *state,
                                          struct imp_ledger *ledger);

/* ---- linesearch.c ---------------------------------------------------------------------------- */

struct imp_search_point {
    double step, loss, slope; /* slope: of the loss over the step */
};

/* A search for a step that satisfies the strong Wolfe conditions, one evaluation at a time. */
struct imp_linesearch {
    double step; /* where the next evaluation is wanted */
    struct imp_search_point start;
    struct imp_search_point best; /* the lowest loss so far; the start where none is below its */
    /* The best that had decreased enough; once `bracketed`, what is wanted lies between it and high. */
    struct imp_search_point low, high;
    bool bracketed;
    bool settled; /* step is to be taken, whatever is found there */
    double width; /* of the bracket when it was last cut */
    int evaluations;
};

enum imp_search_verdict {
    IMP_SEARCH_TRY,   /* evaluate at search->step */
    IMP_SEARCH_TAKE,  /* the step just evaluated is the one */
    IMP_SEARCH_FAILED /* no step tried was below the start */
};

/* loss, slope (below 0): at step 0. step: above 0, the first to try. */
void imp_linesearch_begin(struct imp_linesearch *search, double loss, double slope, double step);
/* loss, slope: at search->step; where one of them is not finite, the step is too long. Says TRY a
 * bounded number of times. */
enum imp_search_verdict imp_linesearch_advance(struct imp_linesearch *search, double loss,
                                               double slope);
void imp_linesearch_numbers(struct imp_linesearch *search, struct imp_ledger *ledger);

/* ---- lbfgs_history.c ------------------------------------------------------------------------- */

/*
 * Which pairs L-BFGS remembers, and the products among them; the vectors are imp_lbfgs_vectors'. For
 * a pair: take a slot (_slot), put the pair there (imp_lbfgs_accept) and take its products with the
 * first _used slots (imp_lbfgs_dots), hand them over (_add), ask where to go (_direction).
 */
struct imp_lbfgs_history;

struct imp_lbfgs_history *imp_lbfgs_history_new(int limit); /* NULL: no memory */
void imp_lbfgs_history_free(struct imp_lbfgs_history **history);
void imp_lbfgs_history_clear(struct imp_lbfgs_history *history);
int imp_lbfgs_history_count(const struct imp_lbfgs_history *history); /* pairs */
/* The next pair's slot; where there is no room, the oldest pair is forgotten now. */
int imp_lbfgs_history_slot(struct imp_lbfgs_history *history);
/* How many slots, from 0 on, dots and coefficients are about. */
int imp_lbfgs_history_used(const struct imp_lbfgs_history *history);
/* dots: as imp_lbfgs_dots gives them. Returns false, and remembers only the gradient's products, where
 * the pair says nothing about the curvature or that it is not positive. */
bool imp_lbfgs_history_add(struct imp_lbfgs_history *history, const double *dots);
/* coefficients: of minus the inverse Hessian times the gradient, for imp_lbfgs_combine; without pairs,
 * of minus the gradient. false: not representable. */
bool imp_lbfgs_history_direction(const struct imp_lbfgs_history *history, float *coefficients);
void imp_lbfgs_history_numbers(struct imp_lbfgs_history *history, struct imp_ledger *ledger);

#endif
