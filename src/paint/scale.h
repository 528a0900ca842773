/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAINT_SCALE_H
#define IMP_PAINT_SCALE_H

/*
 * The optimisation at one size: the list of what it will allocate, in the parts of its life; the
 * targets; and the image as it moves.
 */

#include "optim/guard.h"
#include "loss/objective.h"
#include "optim/optim.h"
#include "paint/film.h"
#include "paint/sources.h"

struct imp_scale {
    struct imp_device *device;
    const struct impasto_params *params;
    const struct imp_model *model;
    const struct imp_layout *weights; /* the model's memory, which outlives the scale */
    struct imp_film film;
    struct imp_sizes sizes;
    struct imp_band *band;          /* NULL: the whole picture is on this device */
    bool agreed;                    /* all ranks have failed to open it together */
    struct imp_elsewhere elsewhere; /* the same, for the optimiser */
    bool quiet;                     /* another rank says the same */
    struct imp_objective objective;
    struct imp_style_pass *pass; /* one for each style picture */
    int passes;
    const struct imp_optimizer *optimizer;
    struct imp_optimizer_state state;
    int steps; /* taken at this scale */
    struct imp_guard guard;
    /* A step failed on its way: the image, and what goes with it, are partly of the step before. */
    bool torn;
    struct imp_buffer *image;
    struct imp_buffer *average; /* of the images, not yet divided by what it counts; NULL: none */
    struct imp_buffer *average_before; /* the last step */
    bool average_undoable;             /* that is known */
    struct imp_layout targets;         /* from opening to closing: targets, masks, Gram matrices */
    struct imp_layout main; /* after the style passes: activations, gradients, image, optimiser */
    /* Estimated time of an iteration, and of one that keeps everything; see imp_net_cost. */
    double cost, cost_of_keeping;
};

/* ---- scale.c --------------------------------------------------------------------------------- */

/* Initialises the scale of a longer side `size`, in a run that ends with sources' size, where alone
 * a film's frames are held to earlier ones. The pointers but `film` must outlive it; of the sources
 * only shapes matter here. band: of its canvas, or NULL. IMPASTO_ERROR_MEMORY, of the host's. */
enum impasto_status imp_scale_init(struct imp_scale *scale, struct imp_device *device,
                                   const struct impasto_params *params,
                                   const struct imp_model *model, const struct imp_layout *weights,
                                   const struct imp_sources *sources, const struct imp_film *film,
                                   struct imp_band *band, int size);
/* Also when it was only initialised, or zeroed. */
void imp_scale_release(struct imp_scale *scale);

/* What goes from one scale to the next: the image and the optimiser's vectors, (3,
 * height, width). */
struct imp_carry {
    int height, width;
    float *image;
    float *vectors[2];
    int step;
};
void imp_carry_free(struct imp_carry *carry);

/* Of a planned scale: allocates the targets and computes those of the styles, or takes them from
 * `known`; remembers them there (NULL: neither). */
enum impasto_status imp_scale_open_styles(struct imp_scale *scale,
                                          const struct imp_sources *sources,
                                          struct imp_targets *known);
/* Then allocates the rest and computes the targets of the content. The image begins with what was
 * carried or, where that is NULL, as the parameters say. */
enum impasto_status imp_scale_open_content(struct imp_scale *scale,
                                           const struct imp_sources *sources,
                                           const struct imp_carry *carry);
/* carry: to be freed in any case. */
enum impasto_status imp_scale_carry(const struct imp_scale *scale, struct imp_carry *carry);

/* ---- planes.c -------------------------------------------------------------------------------- */

/* Room for planes on the host, which the caller frees, here and below. */
enum impasto_status imp_planes_make(struct imp_device *device, size_t count, size_t pixels,
                                    float **planes);
/* A picture at the size of `sizes`, without the margin: (3, height, width). */
enum impasto_status imp_planes_of_image(struct imp_device *device, const struct imp_sizes *sizes,
                                        const struct impasto_image *image, float **planes);
/* A plane (height, width) at the size of `sizes`, spread over the canvas. */
enum impasto_status imp_canvas_plane(struct imp_device *device, const struct imp_sizes *sizes,
                                     const float *plane, int height, int width, float **spread);
/* To a buffer, spread over the canvas, of which it has the device's rows: a picture of any size;
 * planes (3, height, width). And planes back from there; band: of whose devices (NULL: all rows are
 * there). */
enum impasto_status imp_canvas_write_image(struct imp_device *device, const struct imp_sizes *sizes,
                                           const struct impasto_image *image,
                                           struct imp_buffer *buffer);
/* A plane (height, width) likewise. */
enum impasto_status imp_canvas_write_plane(struct imp_device *device, const struct imp_sizes *sizes,
                                           const float *plane, struct imp_buffer *buffer);
enum impasto_status imp_canvas_write(struct imp_device *device, const struct imp_sizes *sizes,
                                     const float *planes, struct imp_buffer *buffer);
enum impasto_status imp_canvas_read(struct imp_device *device, const struct imp_sizes *sizes,
                                    struct imp_band *band, const struct imp_buffer *buffer,
                                    float *planes);

/* ---- steps.c --------------------------------------------------------------------------------- */

/* Losses of the image as it is, and, with `gradient`, the gradient; what of these and of the state
 * is not finite is IMPASTO_ERROR_NUMERIC. iteration: for messages, here and below. */
enum impasto_status imp_scale_evaluate(struct imp_scale *scale, bool gradient, int iteration,
                                       struct imp_loss_values *values);
/*
 * The same with the gradient, for imp_scale_step. What follows a number that is not finite, with a
 * warning each time:
 * - It is measured again.
 * - The last step is taken back, and a shorter one taken.
 * - An optimiser that has a better image to go back to is told by a NaN.
 *
 * IMPASTO_ERROR_NUMERIC where none of this helps. The image is then that of the last good step.
 */
enum impasto_status imp_scale_measure(struct imp_scale *scale, int iteration,
                                      struct imp_loss_values *values, double *total);
/* Moves the image. */
enum impasto_status imp_scale_step(struct imp_scale *scale, int iteration, double total);
/* Instead of measuring and a step, at the end of all: leaves the image at the best one and measures
 * it. */
enum impasto_status imp_scale_finish(struct imp_scale *scale, int iteration,
                                     struct imp_loss_values *values);
/* To be called between steps before anything is kept: what the last step led to has not been
 * measured yet. Where it is not finite, it is taken back; IMPASTO_ERROR_NUMERIC where it
 * cannot be. */
enum impasto_status imp_scale_verify(struct imp_scale *scale, int iteration);
/* Where the picture is: not always where the next evaluation is to be. */
const struct imp_buffer *imp_scale_best(const struct imp_scale *scale);

/* ---- scale.c --------------------------------------------------------------------------------- */

/* The picture so far, or the gradient: (3, height, width). */
enum impasto_status imp_scale_picture(const struct imp_scale *scale, float *planes);
enum impasto_status imp_scale_gradient(const struct imp_scale *scale, float *planes);

/* ---- budget.c -------------------------------------------------------------------------------- */

/* Lists the buffers, as the nets are planned. */
void imp_scale_list(struct imp_scale *scale);
/* Frees what was allocated, and the lists. */
void imp_scale_unlist(struct imp_scale *scale);
/* Bytes at the fullest moment; and by purpose, with what the style passes take beyond the main part
 * as a row of its own. */
uint64_t imp_scale_peak(const struct imp_scale *scale);
size_t imp_scale_rows(const struct imp_scale *scale, struct impasto_plan_row *rows, size_t limit);
/* Bytes on the device that belong to other jobs. */
uint64_t imp_scale_others(const struct imp_scale *scale);
/* Bytes that a job may take: what the device can spare, or less where the user says so. */
uint64_t imp_scale_budget(const struct imp_scale *scale);
/* Bytes of the largest buffer that is listed. */
uint64_t imp_scale_largest(const struct imp_scale *scale);
/* How many of a band's rows would be within the limits, by what its own take as listed. */
double imp_scale_room(const struct imp_scale *scale);
/* Within the device's limits, as far as others leave room, and params->memory. */
bool imp_scale_fits(const struct imp_scale *scale);

/* ---- planner.c ------------------------------------------------------------------------------- */

/* Plans the nets and lists their buffers. false: not even the smallest plan fits, which then is the
 * one listed. */
bool imp_scale_plan(struct imp_scale *scale);

/* ---- traffic.c ------------------------------------------------------------------------------- */

/* Of a planned scale: bytes that this rank gives to others in an iteration: rows, once for each
 * neighbour, and its part of each sum, once. With L-BFGS: once its memory is full, where the
 * first trial is taken. 0: all rows are here. */
uint64_t imp_scale_traffic(const struct imp_scale *scale);
/* The seconds that this takes, with nothing else to do meanwhile. 0: all rows are here. */
double imp_scale_exchanging(const struct imp_scale *scale, const struct imp_comm_cost *cost);

/* ---- refuse.c -------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_MEMORY, with the largest size that would fit. */
enum impasto_status imp_scale_refuse(const struct imp_scale *scale,
                                     const struct imp_sources *sources);

#endif
