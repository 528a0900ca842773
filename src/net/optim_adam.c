/* SPDX-License-Identifier: MIT */
/* Adam as a row of the table of optimisers; the arithmetic is in cl/adam.cl. */

#include "net/net.h"

static void layout(struct imp_optimizer_state *state, struct imp_layout *list)
{
    for (int k = 0; k < 2; k++)
        imp_layout_add(list, &state->vectors[k], (size_t)state->n * sizeof(float), "optimiser");
}

static enum impasto_status step(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct impasto_params *params, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient)
{
    (void)total;
    const struct imp_adam adam = {
        .learning_rate = params->learning_rate,
        .beta1 = params->beta1,
        .beta2 = params->beta2,
        .epsilon = params->epsilon,
        .step = ++state->step,
    };
    return imp_adam_step(device, &adam, image, gradient, state->vectors[0], state->vectors[1],
                         state->n);
}

static size_t saved(const struct imp_optimizer_state *state,
                    struct imp_saved_vector vectors[IMP_OPTIMIZER_VECTORS])
{
    static const char *const names[] = {"adam.first_moment", "adam.second_moment"};
    for (int k = 0; k < 2; k++)
        vectors[k] = (struct imp_saved_vector){names[k], state->vectors[k], (size_t)state->n};
    return 2;
}

const struct imp_optimizer imp_optimizer_adam = {
    .name = "adam",
    .id = IMPASTO_OPTIMIZER_ADAM,
    .carried = 2,
    .layout = layout,
    .step = step,
    .saved = saved,
};
