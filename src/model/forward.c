/* SPDX-License-Identifier: MIT */
/* From an image to its painting, row after row. */

#include "model/pass.h"

/* y = the row's normalisation of what its convolution left, its ReLU, and what it adds. */
static enum impasto_status normalise(const struct imp_pass *pass, int i, int style,
                                     const struct imp_map *raw)
{
    struct imp_pass_state *state = pass->state;
    const struct imp_model_row *row = &pass->rows.row[i];
    const struct imp_norm_row norm = pass_norm(pass, i, style);
    const struct imp_map y = pass_map(pass, &state->x[i + 1]);
    const int height = imp_map_height(raw);
    const struct imp_window whole = {.rows = height, .begins = true};
    struct imp_map added = {0};
    const bool adds = row->adds == IMP_ADDS_BLOCK_INPUT;
    if (adds)
        added = pass_map(pass, &state->x[i - 1]);
    IMP_TRY(imp_norm_sums(state->device, raw, &whole, state->sums));
    IMP_TRY(imp_norm_finish(state->device, state->sums, height, imp_map_width(raw),
                            pass->shape.epsilon, &norm, state->row[i].statistics));
    return imp_norm_apply(state->device, raw, state->row[i].statistics, row->relu,
                          adds ? &added : NULL, &y, 0, height);
}

static enum impasto_status forward_row(const struct imp_pass *pass, int i, int style)
{
    struct imp_pass_state *state = pass->state;
    const struct imp_model_row *row = &pass->rows.row[i];
    const bool normed = imp_model_normed(row);
    const struct imp_map raw = pass_map(pass, &state->row[i].raw);
    IMP_TRY(imp_conv_any_forward(state->device,
                                 &(struct imp_conv_any){.shape = row->conv,
                                                        .x = pass_map(pass, &state->x[i]),
                                                        .y = raw,
                                                        .packed = state->row[i].packed[IMP_FORWARD],
                                                        .bias = normed ? NULL : *pass->parameters,
                                                        .bias_at = row->bias,
                                                        .workspace = state->workspace,
                                                        .label = row->name}));
    if (normed)
        IMP_TRY(normalise(pass, i, style, &raw));
    if (i + 1 == pass->rows.count)
        return IMPASTO_OK;
    const struct imp_map next = pass_map(pass, &state->x[i + 1]);
    const struct imp_model_row *reader = &pass->rows.row[i + 1];
    return imp_map_fill(state->device, &next, imp_conv_any_margin(&reader->conv), pass_edge(reader),
                        true, true);
}

enum impasto_status imp_pass_forward(struct imp_pass *pass, int style,
                                     const struct imp_buffer *image, struct imp_buffer *painting)
{
    const struct imp_pass_state *state = pass->state;
    const struct imp_model_shape *shape = &pass->shape;
    const struct imp_map first = pass_map(pass, &state->x[0]);
    const struct imp_map last = pass_map(pass, &state->x[pass->rows.count]);
    IMP_TRY(pass_check_style(pass, style));
    const struct imp_noise noise = {shape->noise, pass->noise_seed, 0, pass->height};
    IMP_TRY(imp_map_take(state->device, image, pass->height, pass->width, 0, shape->in_scale, 0,
                         &noise, &first, imp_conv_any_margin(&pass->rows.row[0].conv)));
    for (int i = 0; i < pass->rows.count; i++)
        IMP_TRY(forward_row(pass, i, style));
    return imp_map_give(state->device, &last, 0, imp_map_height(&last), shape->output,
                        shape->out_scale, shape->out_offset, painting, pass->height, pass->width,
                        0);
}
