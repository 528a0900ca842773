/* SPDX-License-Identifier: MIT */
#ifndef IMP_BUDGET_H
#define IMP_BUDGET_H

/* What a job will allocate, in the three parts of its life, before it allocates any of it. */

#include "stylize/stylize.h"

/* The network that looks at the style picture, once. */
struct imp_style_pass {
    struct imp_net net;
    struct imp_buffer *image;
};

struct imp_memory {
    struct imp_layout fixed; /* from opening to closing: weights, targets, Gram matrices */
    struct imp_layout style; /* only while the style picture is looked at */
    struct imp_layout main;  /* afterwards: activations, gradients, image, optimiser */
    struct imp_style_pass pass;
    /* Estimated time of an iteration, and of one that keeps everything; see imp_net_cost. */
    double cost, cost_of_keeping;
};

/* Where the buffers go. */
struct imp_parts {
    struct imp_model *model; /* initialised */
    struct imp_losses *losses;
    struct imp_net *net;
    const struct imp_optimizer *optimizer;
    struct imp_optimizer_state *state;
    struct imp_buffer **image, **gradient;
};

/* Initialises losses, nets and optimiser state for these sizes. */
void imp_memory_init(struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params, const struct imp_sizes *sizes,
                     const struct imp_parts *parts);
/* Lists their buffers, as the nets are planned. */
void imp_memory_list(struct imp_memory *memory, struct imp_device *device,
                     const struct imp_sizes *sizes, const struct imp_parts *parts);
void imp_memory_release(struct imp_memory *memory);

/* Bytes at the fullest moment; and by purpose, with what the style pass takes beyond the main part
 * as a row of its own. */
uint64_t imp_memory_peak(const struct imp_memory *memory);
size_t imp_memory_rows(const struct imp_memory *memory, struct impasto_plan_row *rows, size_t limit);
/* Within the device's limits and params->memory. */
bool imp_memory_fits(const struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params);

/* planner.c: plans the nets and lists their buffers. false: not even the smallest plan fits, which then
 * is the one listed. */
bool imp_memory_plan(struct imp_memory *memory, struct imp_device *device,
                     const struct impasto_params *params, const struct imp_sizes *sizes,
                     const struct imp_parts *parts);

/* IMPASTO_ERROR_MEMORY, with the largest size that would fit. */
enum impasto_status imp_memory_refuse(const struct imp_memory *memory, struct imp_device *device,
                                      const struct impasto_params *params,
                                      const struct imp_model *model,
                                      const struct imp_optimizer *optimizer,
                                      const struct impasto_image *content,
                                      const struct impasto_image *style,
                                      const struct imp_sizes *sizes, struct impasto_error *error);

#endif
