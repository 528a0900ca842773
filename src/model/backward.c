/* SPDX-License-Identifier: MIT */
/* From a painting's gradient to that of the parameters, row after row. */

#include "model/pass.h"

/* g: the gradient of what the row leaves. It becomes that of what the convolution left. */
static enum impasto_status through_norm(const struct imp_pass *pass, int i, int style,
                                        const struct imp_map *g)
{
    struct imp_pass_state *state = pass->state;
    const struct imp_norm_row norm = pass_norm(pass, i, style);
    const struct imp_map raw = pass_map(pass, &state->row[i].raw);
    if (pass->rows.row[i].adds == IMP_ADDS_BLOCK_INPUT) {
        const struct imp_map kept = pass_map(pass, &state->row[i].kept);
        IMP_TRY(imp_buffer_copy(g->tensor.buffer, 0, kept.tensor.buffer, 0, imp_map_bytes(g)));
    }
    return imp_norm_backward(state->device, &raw, state->row[i].statistics, &norm,
                             pass->rows.row[i].relu, g, state->sums, *pass->gradient);
}

static enum impasto_status weights(const struct imp_pass *pass, int i, const struct imp_map *g)
{
    const struct imp_pass_state *state = pass->state;
    const struct imp_model_row *row = &pass->rows.row[i];
    return imp_conv_any_weights(
        state->device,
        &(struct imp_conv_any_weights){.shape = row->conv,
                                       .x = pass_map(pass, &state->x[i]),
                                       .y_gradient = *g,
                                       .gradient = *pass->gradient,
                                       .at = row->weights,
                                       .bias_at = imp_model_normed(row) ? -1 : (long)row->bias,
                                       .workspace = state->workspace,
                                       .label = row->name});
}

/* The gradient of what the row reads, from g, with a margin of zeros as the row before wants it. */
static enum impasto_status through_convolution(const struct imp_pass *pass, int i,
                                               const struct imp_map *g)
{
    struct imp_pass_state *state = pass->state;
    const struct imp_model_row *row = &pass->rows.row[i];
    const struct imp_map x = pass_map(pass, &state->gradient[i]);
    const int margin = imp_conv_any_margin(&row->conv);
    const int wanted = imp_conv_any_gradient_margin(&pass->rows.row[i - 1].conv);
    IMP_TRY(imp_conv_any_backward(
        state->device, &(struct imp_conv_any){.shape = row->conv,
                                              .x = x,
                                              .y = *g,
                                              .packed = state->row[i].packed[IMP_BACKWARD],
                                              .workspace = state->workspace,
                                              .label = row->name}));
    IMP_TRY(imp_map_fold(state->device, &x, margin, pass_edge(row)));
    if (wanted > margin)
        IMP_TRY(imp_map_fill(state->device, &x, wanted, IMP_EDGE_ZERO, true, true));
    if (i + 1 == pass->rows.count || pass->rows.row[i + 1].adds != IMP_ADDS_BLOCK_INPUT)
        return IMPASTO_OK;
    /* The block's other way. */
    const struct imp_map kept = pass_map(pass, &state->row[i + 1].kept);
    return imp_map_add(state->device, &kept, &x);
}

enum impasto_status imp_pass_backward(struct imp_pass *pass, int style,
                                      const struct imp_buffer *painting_gradient)
{
    const struct imp_pass_state *state = pass->state;
    const int count = pass->rows.count;
    const struct imp_map last = pass_map(pass, &state->x[count]);
    const struct imp_map end = pass_map(pass, &state->gradient[count]);
    IMP_TRY(pass_check_style(pass, style));
    if (!pass->backward)
        return imp_device_fail(state->device, IMPASTO_ERROR_INTERNAL,
                               "a pass without a way back was asked for gradients");
    IMP_TRY(imp_map_give_backward(state->device, &last, pass->shape.output, pass->shape.out_scale,
                                  painting_gradient, pass->height, pass->width, &end));
    for (int i = count - 1; i >= 0; i--) {
        const struct imp_map g = pass_map(pass, &state->gradient[i + 1]);
        IMP_TRY(pass_hold_middle(pass, i + 1));
        if (imp_model_normed(&pass->rows.row[i]))
            IMP_TRY(through_norm(pass, i, style, &g));
        IMP_TRY(weights(pass, i, &g));
        if (i > 0)
            IMP_TRY(through_convolution(pass, i, &g));
    }
    return IMPASTO_OK;
}
