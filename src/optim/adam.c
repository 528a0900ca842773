/* SPDX-License-Identifier: MIT */
/*
 * Adam as a row of the table of optimisers. cl/adam.cl has the arithmetic. A step changes image and
 * moments in place. Where there is room for three more images, they are copied before, so that the
 * step can be taken back exactly. By the bytes that move, that takes a thousandth of an iteration.
 */

#include "optim/optim.h"

/* state->vectors. The last three are the first two and the image from before the step. */
enum { MOMENT_1, MOMENT_2, MOMENT_1_BEFORE, MOMENT_2_BEFORE, IMAGE_BEFORE, VECTORS };

static void layout(struct imp_optimizer_state *state, struct imp_layout *list)
{
    const int count = state->undoes ? VECTORS : MOMENT_1_BEFORE;
    for (int k = 0; k < count; k++)
        imp_layout_add(list, &state->vectors[k], (size_t)state->n * sizeof(float), "optimiser");
}

static enum impasto_status copy(const struct imp_optimizer_state *state,
                                const struct imp_buffer *from, struct imp_buffer *to)
{
    return imp_buffer_copy(from, 0, to, 0, (size_t)state->n * sizeof(float));
}

static enum impasto_status step(struct imp_device *device, struct imp_optimizer_state *state,
                                const struct imp_step_options *options, double total,
                                struct imp_buffer *image, struct imp_buffer *gradient)
{
    (void)total;
    struct imp_buffer *const *v = state->vectors;
    state->undoable = false;
    if (state->undoes) {
        IMP_TRY(copy(state, v[MOMENT_1], v[MOMENT_1_BEFORE]));
        IMP_TRY(copy(state, v[MOMENT_2], v[MOMENT_2_BEFORE]));
        IMP_TRY(copy(state, image, v[IMAGE_BEFORE]));
        state->undoable = true;
    }
    const struct imp_adam adam = {
        .learning_rate = options->learning_rate,
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .epsilon = options->epsilon,
        .bounds = state->bounds,
        .step = ++state->step,
    };
    return imp_adam_step(device, &adam, image, gradient, v[MOMENT_1], v[MOMENT_2], state->n);
}

static enum impasto_status undo(struct imp_optimizer_state *state, struct imp_buffer *image)
{
    struct imp_buffer *const *v = state->vectors;
    state->undoable = false;
    state->step--;
    IMP_TRY(copy(state, v[MOMENT_1_BEFORE], v[MOMENT_1]));
    IMP_TRY(copy(state, v[MOMENT_2_BEFORE], v[MOMENT_2]));
    return copy(state, v[IMAGE_BEFORE], image);
}

static size_t saved(const struct imp_optimizer_state *state,
                    struct imp_saved_vector vectors[IMP_OPTIMIZER_VECTORS])
{
    static const char *const names[] = {"adam.first_moment", "adam.second_moment"};
    for (int k = 0; k < 2; k++)
        vectors[k] =
            (struct imp_saved_vector){names[k], state->vectors[k], (size_t)state->n, false};
    return 2;
}

const struct imp_optimizer imp_optimizer_adam = {
    .name = "adam",
    .id = IMPASTO_OPTIMIZER_ADAM,
    .carried = 2,
    .layout = layout,
    .step = step,
    .saved = saved,
    .undo = undo,
};
