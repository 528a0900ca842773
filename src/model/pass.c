/* SPDX-License-Identifier: MIT */
/* A network at one size: which maps there are, and which of them share a buffer. */

#include "model/pass.h"

#include <stdlib.h>

#define PURPOSE_MAPS "network's activations"
#define PURPOSE_GRADIENTS "network's gradients"
#define PURPOSE_PACKED "network's weights"
#define PURPOSE_SCRATCH "network's workspace"

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static size_t larger_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- Slots ----------------------------------------------------------------------------------- */

static int add_slot(struct imp_pass_state *state, const char *purpose)
{
    state->slot[state->slots].purpose = purpose;
    return state->slots++;
}

/* Puts a map there. */
static void place(struct imp_pass_state *state, struct pass_map *map, int slot)
{
    map->slot = slot;
    state->slot[slot].bytes = larger_size(state->slot[slot].bytes, imp_map_bytes(&map->map));
}

/* Three slots that maps have by turns, the largest first. The ends of a network go to A and back to
 * B. So do the halves of a block, and C has what a block's other way needs. */
struct turns {
    int a, b, c;
};

static struct turns add_turns(struct imp_pass_state *state, const char *purpose)
{
    return (struct turns){.a = add_slot(state, purpose),
                          .b = add_slot(state, purpose),
                          .c = add_slot(state, purpose)};
}

/* ---- Maps ------------------------------------------------------------------------------------ */

static struct imp_map map_of(const struct imp_pass *pass, int channels, int height, int width,
                             int margin)
{
    const struct imp_caps *caps = imp_device_caps(pass->state->device);
    return imp_map_of(channels, height, width, margin, channels == 3 ? 1 : caps->vector_width);
}

/* The margin that a gradient needs at boundary i, which row i writes and row i - 1 reads. */
static int gradient_margin(const struct imp_pass *pass, int i)
{
    int margin = imp_conv_any_gradient_margin(&pass->rows.row[i - 1].conv);
    if (i == pass->rows.count)
        return margin;
    const struct imp_conv_shape *conv = &pass->rows.row[i].conv;
    margin = larger(margin, imp_conv_any_margin(conv));
    /* The fast convolutions want both gradients to lie alike. */
    if (conv->size == 3 && conv->stride == 1 && !conv->upsample)
        margin = larger(margin, imp_conv_any_gradient_margin(conv));
    return margin;
}

static void shape_maps(struct imp_pass *pass)
{
    struct imp_pass_state *state = pass->state;
    int height = (pass->height + IMP_MODEL_STRIDE - 1) / IMP_MODEL_STRIDE * IMP_MODEL_STRIDE;
    int width = (pass->width + IMP_MODEL_STRIDE - 1) / IMP_MODEL_STRIDE * IMP_MODEL_STRIDE;
    for (int i = 0; i <= pass->rows.count; i++) {
        const bool last = i == pass->rows.count;
        const struct imp_conv_shape *conv = &pass->rows.row[last ? i - 1 : i].conv;
        const int channels = last ? conv->out : conv->in;
        state->x[i].map =
            map_of(pass, channels, height, width, last ? 1 : imp_conv_any_margin(conv));
        if (i > 0) {
            state->row[i - 1].raw.map = map_of(pass, channels, height, width, 1);
            state->gradient[i].map =
                map_of(pass, channels, height, width, gradient_margin(pass, i));
        }
        height = height / conv->stride * (conv->upsample ? 2 : 1);
        width = width / conv->stride * (conv->upsample ? 2 : 1);
    }
}

/* Without a way back, each output takes a slot that nothing needs any more. A block's input stays
 * in A or C until its output is in the other of these. */
static void place_by_turns(struct imp_pass *pass)
{
    struct imp_pass_state *state = pass->state;
    const struct turns turns = add_turns(state, PURPOSE_MAPS);
    place(state, &state->x[0], turns.b);
    for (int i = 0; i < pass->rows.count; i++) {
        int slot = state->x[i].slot == turns.b ? turns.a : turns.b;
        if (pass->rows.row[i].adds == IMP_ADDS_BLOCK_INPUT && state->x[i - 1].slot == turns.a)
            slot = turns.c;
        place(state, &state->x[i + 1], slot);
        state->row[i].raw = state->x[i + 1];
    }
}

/* Everything that the way back needs has a slot of its own. Gradients take turns. */
static void place_apart(struct imp_pass *pass)
{
    struct imp_pass_state *state = pass->state;
    const int count = pass->rows.count;
    place(state, &state->x[0], add_slot(state, PURPOSE_MAPS));
    for (int i = 0; i < count; i++) {
        place(state, &state->row[i].raw, add_slot(state, PURPOSE_MAPS));
        state->x[i + 1].slot = state->row[i].raw.slot;
        if (imp_model_normed(&pass->rows.row[i]))
            place(state, &state->x[i + 1], add_slot(state, PURPOSE_MAPS));
    }
    const struct turns turns = add_turns(state, PURPOSE_GRADIENTS);
    place(state, &state->gradient[count], turns.b);
    for (int i = count - 1; i >= 1; i--) {
        const struct pass_map *next = &state->gradient[i + 1];
        place(state, &state->gradient[i], next->slot == turns.b ? turns.a : turns.b);
        state->row[i].kept = *next;
        if (pass->rows.row[i].adds == IMP_ADDS_BLOCK_INPUT)
            place(state, &state->row[i].kept, turns.c);
    }
}

/* ---- What else it takes ---------------------------------------------------------------------- */

static void size_scratch(struct imp_pass *pass)
{
    struct imp_pass_state *state = pass->state;
    const struct imp_caps *caps = imp_device_caps(state->device);
    for (int i = 0; i < pass->rows.count; i++) {
        const struct imp_conv_shape *conv = &pass->rows.row[i].conv;
        const int height = imp_map_height(&state->x[i].map),
                  width = imp_map_width(&state->x[i].map);
        size_t *work = &state->workspace_bytes;
        *work = larger_size(*work, imp_conv_any_workspace(caps, conv, height, width));
        if (pass->backward)
            *work = larger_size(*work, imp_conv_any_weights_workspace(caps, conv, height, width));
        state->sums_bytes =
            larger_size(state->sums_bytes,
                        imp_norm_sums_bytes(caps, conv->out, imp_map_height(&state->x[i + 1].map)));
        state->row[i].packed_bytes[IMP_FORWARD] = imp_conv_any_packed(caps, conv, IMP_FORWARD);
        if (pass->backward && i > 0)
            state->row[i].packed_bytes[IMP_BACKWARD] =
                imp_conv_any_packed(caps, conv, IMP_BACKWARD);
    }
}

enum impasto_status imp_pass_init(struct imp_pass *pass, struct imp_device *device,
                                  const struct imp_model_shape *shape, int height, int width,
                                  bool backward)
{
    *pass =
        (struct imp_pass){.shape = *shape, .height = height, .width = width, .backward = backward};
    if (height < IMP_MODEL_LEAST || width < IMP_MODEL_LEAST)
        return imp_device_fail(device, IMPASTO_ERROR_USAGE,
                               "%dx%d pixels are too few for a style network; the least is %dx%d",
                               width, height, IMP_MODEL_LEAST, IMP_MODEL_LEAST);
    imp_model_rows(shape, &pass->rows);
    pass->state = calloc(1, sizeof(*pass->state));
    if (!pass->state)
        return imp_device_fail_memory(device, "a style network", sizeof(*pass->state));
    pass->state->device = device;
    shape_maps(pass);
    if (backward)
        place_apart(pass);
    else
        place_by_turns(pass);
    size_scratch(pass);
    return IMPASTO_OK;
}

void imp_pass_layout(struct imp_pass *pass, struct imp_layout *layout)
{
    struct imp_pass_state *state = pass->state;
    for (int i = 0; i < state->slots; i++)
        if (state->slot[i].bytes > 0)
            imp_layout_add(layout, &state->slot[i].buffer, state->slot[i].bytes,
                           state->slot[i].purpose);
    for (int i = 0; i < pass->rows.count; i++) {
        struct pass_row *row = &state->row[i];
        if (imp_model_normed(&pass->rows.row[i]))
            imp_layout_add(layout, &row->statistics,
                           imp_norm_statistics_bytes(pass->rows.row[i].conv.out), PURPOSE_SCRATCH);
        for (int way = IMP_FORWARD; way <= IMP_BACKWARD; way++)
            if (row->packed_bytes[way] > 0)
                imp_layout_add(layout, &row->packed[way], row->packed_bytes[way], PURPOSE_PACKED);
    }
    imp_layout_add(layout, &state->sums, state->sums_bytes, PURPOSE_SCRATCH);
    if (state->workspace_bytes > 0)
        imp_layout_add(layout, &state->workspace, state->workspace_bytes, PURPOSE_SCRATCH);
}

void imp_pass_release(struct imp_pass *pass)
{
    free(pass->state);
    *pass = (struct imp_pass){0};
}

enum impasto_status imp_pass_pack(struct imp_pass *pass)
{
    for (int i = 0; i < pass->rows.count; i++) {
        const struct imp_model_row *row = &pass->rows.row[i];
        struct pass_row *own = &pass->state->row[i];
        for (int way = IMP_FORWARD; way <= IMP_BACKWARD; way++)
            if (own->packed[way])
                IMP_TRY(imp_conv_any_pack(pass->state->device, &row->conv, (enum imp_direction)way,
                                          *pass->parameters, row->weights, own->packed[way]));
    }
    return IMPASTO_OK;
}

/* ---- For both ways --------------------------------------------------------------------------- */

struct imp_map pass_map(const struct imp_pass *pass, const struct pass_map *map)
{
    struct imp_map result = map->map;
    result.tensor.buffer = pass->state->slot[map->slot].buffer;
    return result;
}

struct imp_norm_row pass_norm(const struct imp_pass *pass, int row, int style)
{
    const struct imp_model_row *own = &pass->rows.row[row];
    const size_t at = (size_t)style * (size_t)own->conv.out;
    return (struct imp_norm_row){.parameters = *pass->parameters,
                                 .gamma = own->gamma + at,
                                 .beta = own->beta + at,
                                 .channels = own->conv.out};
}

enum imp_edge pass_edge(const struct imp_model_row *row)
{
    return row->conv.upsample ? IMP_EDGE_REPLICATE : IMP_EDGE_REFLECT;
}

enum impasto_status pass_check_style(const struct imp_pass *pass, int style)
{
    if (style >= 0 && style < pass->shape.styles)
        return IMPASTO_OK;
    return imp_device_fail(pass->state->device, IMPASTO_ERROR_INTERNAL,
                           "style %d of a network that has %d", style, pass->shape.styles);
}
