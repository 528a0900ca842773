/* SPDX-License-Identifier: MIT */
/*
 * Winograd's minimal filtering: cl/winograd.cl. It has three rows of the table, for tiles of 4 x 4,
 * 4 x 8 and 2 x 2.
 *
 * On CPUs, layers of few channels go through in one launch, of which each work-item has a run of
 * tiles in its core's own cache from the input to the output: winograd_whole.
 *
 * Otherwise the picture goes through in chunks of tiles, and each chunk's output channels in
 * slices. So the workspace stays small and in cache, whatever the picture's size. The transformed
 * weights of F(4x4) take four times the weights, in each direction, those of F(4x8) seven times.
 * Where the caller has no room to keep them, a slice of them is made when it is needed. With F(4x4)
 * that costs a few percent of a large picture's time, and a quarter of a small one's.
 */

#include "ops/kernels.h"

/*
 * Bytes aimed at for a chunk, transformed and multiplied. On CPUs a chunk should stay in the outer
 * cache, of which it may take a quarter. The larger it is, the less often the weights are
 * transformed. At WEIGHT_SHARE times their size that costs a few percent. GPUs want large launches.
 */
#define CPU_CHUNK_LEAST (4u << 20)
#define CPU_CHUNK_MOST (28u << 20)
#define CACHE_SHARE 4
#define WEIGHT_SHARE 4
#define GPU_CHUNK_BYTES (128u << 20)
/* And for a slice of transformed weights: with its part of the input, a core's own cache. */
#define CPU_SLICE_BYTES (5u << 20)
/* On CPUs a work-item of the product does many blocks of tiles. They share a part of U in the
 * innermost cache, which is 3 to 10 % faster. There are at most this many blocks. Each core must
 * get this many work-items, since the last one may find the others at rest. */
#define SPAN_MOST 64
#define ITEMS_PER_UNIT 16
/* On CPUs a work-item does all three steps where it can do at least this many blocks of tiles with
 * V and M in its core's cache. With fewer, reading U again and again would take longer. */
#define WHOLE_LEAST 2

/* Offsets into the workspace are multiples of this many floats: a cache line of every device. */
#define ALIGN 64

/* Rows and columns of an output tile. */
struct tile {
    int rows, columns;
};

struct plan {
    struct tile tile;
    int n2;            /* products per tile */
    int across, total; /* tiles of the picture */
    int tiles, unit;   /* of a chunk; what they are a multiple of */
    int vectors;       /* of output channels per group */
    int groups, slice; /* groups of output channels, and how many of them at a time */
    size_t group;      /* floats of one group's transformed weights */
    size_t v, u,
        product; /* floats of V, U and M, with the most tiles that a lower picture may have */
    int whole;   /* tiles of a work-item that does all three steps; 0: each step is a launch */
};

static size_t aligned(size_t floats)
{
    return (floats + ALIGN - 1) / ALIGN * ALIGN;
}

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* weights: bytes of all transformed weights. */
static size_t chunk_bytes_of(const struct imp_caps *caps, size_t weights)
{
    if (caps->tuning.chunk)
        return (size_t)caps->tuning.chunk;
    if (!caps->cpu)
        return GPU_CHUNK_BYTES;
    size_t bytes = WEIGHT_SHARE * weights;
    if (bytes > CPU_CHUNK_MOST)
        bytes = CPU_CHUNK_MOST;
    if (bytes > caps->cache / CACHE_SHARE)
        bytes = (size_t)caps->cache / CACHE_SHARE;
    return bytes > CPU_CHUNK_LEAST ? bytes : CPU_CHUNK_LEAST;
}

/* Where V and M of enough tiles fit into local memory, and U is small enough to be in one slice: it
 * is read again for each run. Only by channels, so that strips and the whole picture have the same
 * kernels. */
static int whole_of(const struct imp_caps *caps, const struct plan *p, int in)
{
    const int scratch = imp_winograd_scratch(caps), lanes = caps->vector_width;
    if (scratch == 0 || p->slice < p->groups)
        return 0;
    const int fit = (scratch - 2 * p->n2) / (p->n2 * (in / lanes + p->vectors)) / p->unit * p->unit;
    if (fit < WHOLE_LEAST * p->unit)
        return 0;
    const int share = p->total / (ITEMS_PER_UNIT * (int)caps->info.compute_units);
    const int fair =
        round_up(share > WHOLE_LEAST * p->unit ? share : WHOLE_LEAST * p->unit, p->unit);
    return fit < fair ? fit : fair;
}

static struct plan plan_of(const struct imp_caps *caps, struct tile tile, bool planar, int in,
                           int out, int height, int width)
{
    const struct imp_conv_block block = imp_conv_block_of(caps, out / caps->vector_width);
    struct plan p = {.tile = tile,
                     .n2 = (tile.rows + 2) * (tile.columns + 2),
                     .across = (width + tile.columns - 1) / tile.columns};
    p.total = p.across * ((height + tile.rows - 1) / tile.rows);
    p.vectors = block.vectors;
    const int group = caps->vector_width * block.vectors;
    const size_t tile_floats = (size_t)p.n2 * (size_t)in;
    p.groups = out / group;
    p.slice = p.groups;
    p.group = tile_floats * (size_t)group;
    const size_t chunk_bytes = chunk_bytes_of(caps, tile_floats * (size_t)out * sizeof(float));
    if (caps->cpu) {
        const int fit = (int)(CPU_SLICE_BYTES / (p.group * sizeof(float)));
        p.slice = fit < 1 ? 1 : fit < p.groups ? fit : p.groups;
    }
    p.unit = imp_winograd_unit(&block, planar);
    const size_t product_floats = (size_t)p.n2 * (size_t)p.slice * (size_t)group;
    const int fit = (int)(chunk_bytes / ((tile_floats + product_floats) * sizeof(float)));
    /* Chunks of equal size, so that the last is not mostly padding. */
    const int chunks = fit < 1 ? p.total : (p.total + fit - 1) / fit;
    p.tiles = round_up((p.total + chunks - 1) / chunks, p.unit);
    const int most = round_up(fit < p.total ? (fit < 1 ? 1 : fit) : p.total, p.unit);
    p.v = aligned(tile_floats * (size_t)most);
    p.u = aligned(p.group * (size_t)p.slice);
    p.product = aligned(product_floats * (size_t)most);
    p.whole = planar ? 0 : whole_of(caps, &p, in);
    return p;
}

static bool supports(const struct imp_caps *caps, int in, int out)
{
    return imp_conv_direct.supports(caps, in, out);
}

static size_t workspace_of(const struct imp_caps *caps, struct tile tile, int in, int out,
                           int height, int width)
{
    size_t largest = 0;
    for (int planar = 0; planar < 2; planar++) {
        const struct plan p = plan_of(caps, tile, planar, in, out, height + tile.rows - 1, width);
        const size_t bytes = (p.v + p.u + p.product) * sizeof(float);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

/* One call at work. */
struct work {
    struct imp_device *device;
    const struct imp_conv *conv;
    struct plan plan;
    bool planar;
    enum imp_program program;
    const struct imp_buffer
        *u;               /* transformed weights of the slice at hand: the workspace's, or kept */
    int u_at, v_at, m_at; /* offsets in u and in the workspace, in floats */
};

static enum impasto_status input(const struct work *w, int first, int count, int run)
{
    const struct imp_tensor *x = &w->conv->x;
    return imp_program_launch(
        w->device, w->program, "winograd_input",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(w->conv->workspace), imp_int(w->v_at),
                     IMP_ROWS(imp_tensor_blocks(x), x, w->conv->first, w->conv->rows),
                     imp_int(w->conv->lead % w->plan.tile.rows), imp_int(first), imp_int(count),
                     imp_int(w->plan.tiles)),
            .global = {(size_t)(round_up(count, w->plan.unit) / run), (size_t)imp_tensor_blocks(x)},
            .bytes = imp_float_bytes(2.0 * w->plan.n2 * count * x->channels),
            .label = w->conv->label,
        });
}

static double weights_bytes(const struct work *w, int groups)
{
    const double out = (double)groups * w->plan.vectors * imp_device_caps(w->device)->vector_width;
    return imp_float_bytes((9.0 + w->plan.n2) * out * w->conv->x.channels);
}

/* Transforms the weights of a slice, to offset u_at of `u`. */
static enum impasto_status weights(const struct work *w, struct imp_buffer *u, int first_group,
                                   int groups)
{
    const struct imp_tensor *x = &w->conv->x;
    if (w->conv->reversed)
        return imp_program_launch(
            w->device, w->program, "winograd_weights_reversed",
            &(struct imp_launch){
                IMP_ARGS(imp_buf(w->conv->weights), imp_buf(u), imp_int(w->u_at),
                         imp_int(imp_tensor_blocks(x)), imp_int(w->plan.groups), imp_int(groups),
                         imp_int(first_group)),
                .global = {(size_t)imp_tensor_blocks(x), (size_t)groups * (size_t)w->plan.vectors},
                .bytes = weights_bytes(w, groups),
                .label = w->conv->label,
            });
    return imp_program_launch(
        w->device, w->program, "winograd_weights",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(w->conv->weights), imp_buf(u), imp_int(w->u_at),
                     imp_int(imp_tensor_blocks(x)), imp_int(groups), imp_int(first_group)),
            .global = {(size_t)x->channels, (size_t)groups},
            .bytes = weights_bytes(w, groups),
            .label = w->conv->label,
        });
}

/* Blocks of tiles per work-item of the product, of that many in all. */
static int span_of(const struct imp_caps *caps, int blocks)
{
    const int span = blocks / (ITEMS_PER_UNIT * (int)caps->info.compute_units);
    return span < 1 ? 1 : span < SPAN_MOST ? span : SPAN_MOST;
}

static enum impasto_status multiply(const struct work *w, int count, int groups)
{
    const struct imp_tensor *x = &w->conv->x;
    const struct plan *p = &w->plan;
    const int tiles = round_up(count, p->unit);
    const int out = groups * p->vectors * imp_device_caps(w->device)->vector_width;
    if (w->planar)
        return imp_gemm(w->device, w->conv->gemm,
                        &(struct imp_gemm_call){
                            .m = out,
                            .n = tiles,
                            .k = x->channels,
                            .a = w->u,
                            .b = w->conv->workspace,
                            .c = w->conv->workspace,
                            .lda = x->channels,
                            .ldb = p->tiles,
                            .ldc = p->tiles,
                            .offset_a = (size_t)w->u_at,
                            .offset_b = (size_t)w->v_at,
                            .offset_c = (size_t)w->m_at,
                            .batch = p->n2,
                            .label = w->conv->label,
                        });
    const int block = p->unit;
    const int span = span_of(imp_device_caps(w->device), tiles / block * groups * p->n2);
    return imp_program_launch(
        w->device, w->program, "winograd_multiply",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(w->u), imp_int(w->u_at), imp_buf(w->conv->workspace), imp_int(w->v_at),
                     imp_int(w->m_at), imp_int(imp_tensor_blocks(x)), imp_int(groups),
                     imp_int(p->tiles), imp_int(tiles), imp_int(span)),
            .global = {(size_t)((tiles + block * span - 1) / (block * span)), (size_t)groups,
                       (size_t)p->n2},
            .flops = 2.0 * p->n2 * tiles * out * x->channels,
            .label = w->conv->label,
        });
}

static enum impasto_status output(const struct work *w, int first, int count, int first_group,
                                  int groups, int run)
{
    const struct imp_conv *conv = w->conv;
    const struct imp_tensor *y = &conv->y;
    const int vectors = groups * w->plan.vectors;
    return imp_program_launch(
        w->device, w->program, "winograd_output",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(conv->workspace), imp_int(w->m_at), imp_buf(y->buffer),
                     imp_buf(imp_conv_aux(conv)), imp_int(first_group * w->plan.vectors),
                     IMP_ROWS(vectors, y, conv->first, conv->rows),
                     imp_int(conv->lead % w->plan.tile.rows), imp_int(first), imp_int(count),
                     imp_int(w->plan.tiles), imp_int((int)conv->epilogue)),
            .global = {(size_t)((count + run - 1) / run), (size_t)vectors},
            .bytes = imp_float_bytes((w->plan.n2 + 2.0 * w->plan.tile.rows * w->plan.tile.columns) *
                                     count * vectors * imp_device_caps(w->device)->vector_width),
            .label = conv->label,
        });
}

/* All three steps. */
static enum impasto_status whole(const struct work *w)
{
    const struct imp_conv *conv = w->conv;
    const struct imp_tensor *x = &conv->x, *y = &conv->y;
    const struct plan *p = &w->plan;
    return imp_program_launch(
        w->device, w->program, "winograd_whole",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(x->buffer), imp_buf(w->u), imp_int(w->u_at), imp_buf(y->buffer),
                     imp_buf(imp_conv_aux(conv)), imp_int(imp_tensor_blocks(x)),
                     IMP_ROWS(p->groups, y, conv->first, conv->rows),
                     imp_int(conv->lead % p->tile.rows), imp_int(p->total), imp_int(p->whole),
                     imp_int((int)conv->epilogue)),
            .global = {(size_t)((p->total + p->whole - 1) / p->whole)},
            .flops = 2.0 * p->n2 * p->total * x->channels * y->channels,
            .label = conv->label,
        });
}

/* vectors: of the block that the plan is made for. */
static enum imp_program program_of(const struct imp_caps *caps, struct tile tile, bool planar,
                                   int vectors)
{
    if (tile.columns == 8)
        return planar ? IMP_PROGRAM_PLANAR4X8 : IMP_PROGRAM_WINOGRAD4X8;
    if (planar)
        return tile.rows == 4 ? IMP_PROGRAM_PLANAR4 : IMP_PROGRAM_PLANAR2;
    if (vectors < imp_conv_block(caps).vectors)
        return 2 * vectors < imp_conv_block(caps).vectors ? IMP_PROGRAM_WINOGRAD4_QUARTER
                                                          : IMP_PROGRAM_WINOGRAD4_HALF;
    return tile.rows == 4 ? IMP_PROGRAM_WINOGRAD4 : IMP_PROGRAM_WINOGRAD2;
}

static struct work work_of(struct imp_device *device, const struct imp_conv *conv, struct tile tile)
{
    const struct imp_caps *caps = imp_device_caps(device);
    struct work w = {.device = device, .conv = conv, .planar = conv->gemm != IMP_GEMM_VECTOR};
    w.plan = plan_of(caps, tile, w.planar, conv->x.channels, conv->y.channels,
                     conv->rows + conv->lead % tile.rows, conv->y.width);
    w.program = program_of(caps, tile, w.planar, w.plan.vectors);
    return w;
}

/* Groups of the slice that begins with that one. */
static int slice_at(const struct plan *plan, int group)
{
    const int rest = plan->groups - group;
    return rest < plan->slice ? rest : plan->slice;
}

/* Slices one after the other, each as the workspace would have it. */
static enum impasto_status transform(struct imp_device *device, const struct imp_conv *conv,
                                     struct tile tile, struct imp_buffer *transformed)
{
    struct imp_conv any = *conv; /* slices are the same for all heights and widths */
    any.rows = any.y.width = tile.rows;
    struct work w = work_of(device, &any, tile);
    for (int group = 0; group < w.plan.groups; group += w.plan.slice) {
        w.u_at = (int)(w.plan.group * (size_t)group);
        IMP_TRY(weights(&w, transformed, group, slice_at(&w.plan, group)));
    }
    return IMPASTO_OK;
}

/* Finds or makes the transformed weights of a slice. */
static enum impasto_status take_weights(struct work *w, int first, int group, int groups)
{
    w->u_at = w->conv->transformed ? (int)(w->plan.group * (size_t)group) : (int)w->plan.v;
    /* A slice that is all of them stays. */
    if (w->conv->transformed || (first > 0 && w->plan.slice == w->plan.groups))
        return IMPASTO_OK;
    return weights(w, w->conv->workspace, group, groups);
}

static enum impasto_status run(struct imp_device *device, const struct imp_conv *conv,
                               struct tile tile)
{
    struct work w = work_of(device, conv, tile);
    const int tiles_each = imp_winograd_run(imp_device_caps(device), w.plan.unit);
    w.u = conv->transformed ? conv->transformed : conv->workspace;
    w.m_at = (int)(w.plan.v + w.plan.u);
    if (w.plan.whole) {
        IMP_TRY(take_weights(&w, 0, 0, w.plan.groups));
        return whole(&w);
    }
    for (int first = 0; first < w.plan.total; first += w.plan.tiles) {
        const int left = w.plan.total - first;
        const int count = left < w.plan.tiles ? left : w.plan.tiles;
        IMP_TRY(input(&w, first, count, tiles_each));
        for (int group = 0; group < w.plan.groups; group += w.plan.slice) {
            const int groups = slice_at(&w.plan, group);
            IMP_TRY(take_weights(&w, first, group, groups));
            IMP_TRY(multiply(&w, count, groups));
            IMP_TRY(output(&w, first, count, group, groups, tiles_each));
        }
    }
    return IMPASTO_OK;
}

static size_t transformed_size_of(struct tile tile, int in, int out)
{
    return sizeof(float) * (size_t)(tile.rows + 2) * (size_t)(tile.columns + 2) * (size_t)in *
           (size_t)out;
}

/*
 * Estimates in multiply-adds of the direct kernel, from timings of VGG19's layers at 512 pixels on
 * two AVX-512 cores. A transformed element of V or M takes as long as TRANSFORM of them. One of U
 * takes as long as WEIGHT. A call with next to nothing to do takes as long as CALL.
 */
#define TRANSFORM 40
#define TRANSFORM_IN_CACHE 20 /* where all three steps are one launch */
#define WEIGHT 24
#define CALL 3e7
/* A GPU's work-items have too few registers for tiles of 6 x 10 vectors. An estimate. */
#define UNSUITED 2

/* Of transforming the weights. */
static double weights_cost(const struct plan *p, int in, int out)
{
    const int chunks = p->whole ? 1 : (p->total + p->tiles - 1) / p->tiles;
    return WEIGHT * (double)p->n2 * chunks * in * out;
}

static double cost_of(const struct imp_caps *caps, struct tile tile, int in, int out, int height,
                      int width)
{
    const struct plan p = plan_of(caps, tile, false, in, out, height, width);
    const int chunks = (p.total + p.tiles - 1) / p.tiles;
    const double tiles = p.whole ? p.total : (double)chunks * p.tiles;
    const int transform = p.whole ? TRANSFORM_IN_CACHE : TRANSFORM;
    const double unsuited = tile.columns == 8 && !caps->cpu ? UNSUITED : 1;
    return CALL + weights_cost(&p, in, out) +
           unsuited * p.n2 * (tiles * in * out + transform * (double)(in + out) * p.total);
}

static double transforming_of(const struct imp_caps *caps, struct tile tile, int in, int out,
                              int height, int width)
{
    const struct plan p = plan_of(caps, tile, false, in, out, height, width);
    return weights_cost(&p, in, out) / cost_of(caps, tile, in, out, height, width);
}

/* Measured with up to 512 channels: 7e-6, 1.4e-5 and 7.7e-5. */
#define BOUND_2 1e-5
#define BOUND_4 3e-5
#define BOUND_4x8 1.5e-4

#define TILE(rows, columns) ((struct tile){rows, columns})

#define ROW(id, down, along)                                                                       \
    static size_t workspace_size_##id(const struct imp_caps *caps, int in, int out, int height,    \
                                      int width)                                                   \
    {                                                                                              \
        return workspace_of(caps, TILE(down, along), in, out, height, width);                      \
    }                                                                                              \
    static enum impasto_status run_##id(struct imp_device *device, const struct imp_conv *conv)    \
    {                                                                                              \
        return run(device, conv, TILE(down, along));                                               \
    }                                                                                              \
    static double cost_##id(const struct imp_caps *caps, int in, int out, int height, int width)   \
    {                                                                                              \
        return cost_of(caps, TILE(down, along), in, out, height, width);                           \
    }                                                                                              \
    static size_t transformed_size_##id(const struct imp_caps *caps, int in, int out)              \
    {                                                                                              \
        (void)caps;                                                                                \
        return transformed_size_of(TILE(down, along), in, out);                                    \
    }                                                                                              \
    static enum impasto_status transform_##id(                                                     \
        struct imp_device *device, const struct imp_conv *conv, struct imp_buffer *transformed)    \
    {                                                                                              \
        return transform(device, conv, TILE(down, along), transformed);                            \
    }                                                                                              \
    static double transforming_##id(const struct imp_caps *caps, int in, int out, int height,      \
                                    int width)                                                     \
    {                                                                                              \
        return transforming_of(caps, TILE(down, along), in, out, height, width);                   \
    }                                                                                              \
    const struct imp_conv_algorithm imp_conv_winograd##id = {                                      \
        .name = "winograd" #id,                                                                    \
        .summary = "Winograd's filtering with tiles of " #down " by " #along,                      \
        .supports = supports,                                                                      \
        .packing = &imp_conv_blocked,                                                              \
        .bound = BOUND_##id,                                                                       \
        .cost = cost_##id,                                                                         \
        .transformed_size = transformed_size_##id,                                                 \
        .transform = transform_##id,                                                               \
        .transforming = transforming_##id,                                                         \
        .workspace_size = workspace_size_##id,                                                     \
        .run = run_##id,                                                                           \
        .products = IMP_PRODUCTS_BATCHED,                                                          \
    };

ROW(2, 2, 2)
ROW(4, 4, 4)
ROW(4x8, 4, 8)
