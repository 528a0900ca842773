/* SPDX-License-Identifier: MIT */
/* The whole objective on a whole network: losses and the picture's gradient. */

#include "loss/objective.h"
#include "selftest/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOUNDED = 1, RANGE = 2, REFLECT = 4, FILM = 8, LATTICED = 16, WOVEN = 32 };

/* A problem: which layers, which variants, what size. */
static const struct problem {
    const char *name;
    int depth, height, width;
    uint32_t content, style; /* bits of layers */
    enum impasto_pooling pooling;
    enum impasto_padding padding;
    enum impasto_losses losses;
    enum impasto_keep keep;
    int strip; /* rows at a time, where the input is kept */
    enum impasto_style_loss style_loss;
    int regions; /* 1: everywhere, one style picture; 2: soft masks, blended and masked pictures */
    unsigned training; /* what else networks in training have, and films: bits */
} problems[] = {
    {"one layer replicate", 1, 16, 18, 1u << 0, 1u << 0, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"shallow max zero", 3, 16, 18, 1u << 2, 1u << 0 | 1u << 2, IMPASTO_POOLING_MAX,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     0},
    {"shallow average replicate", 3, 17, 16, 1u << 1, 1u << 1 | 1u << 2, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM,
     1, 0},
    {"all layers average replicate", 16, 16, 16, 1u << 9 | 1u << 15, 0xffff,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL,
     0, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"all layers average zero", 16, 19, 23, 1u << 3 | 1u << 12, 1u << 0 | 1u << 4 | 1u << 14,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"strips average replicate", 9, 75, 21, 1u << 5, 1u << 0 | 1u << 3 | 1u << 8,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE,
     IMPASTO_KEEP_INPUT, 4, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"masks average replicate", 10, 34, 19, 1u << 8, 1u << 0 | 1u << 5, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_MASKS, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"masks max zero", 5, 41, 24, 1u << 4, 1u << 1, IMPASTO_POOLING_MAX, IMPASTO_PADDING_ZERO,
     IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_MASKS, 0, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"strips max zero", 5, 41, 24, 1u << 4, 1u << 1 | 1u << 2, IMPASTO_POOLING_MAX,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_INPUT, 12, IMPASTO_STYLE_LOSS_GRAM, 1,
     0},
    {"strips and masks average replicate", 9, 75, 21, 1u << 5, 1u << 0 | 1u << 3 | 1u << 8,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE,
     IMPASTO_KEEP_INPUT_AND_MASKS, 8, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"strips and masks average zero", 13, 83, 39, 1u << 9, 1u << 2 | 1u << 4 | 1u << 8 | 1u << 12,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS,
     IMPASTO_KEEP_INPUT_AND_MASKS, 8, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"strips and masks max zero", 5, 57, 24, 1u << 4, 1u << 0, IMPASTO_POOLING_MAX,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_INPUT_AND_MASKS, 12,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"masks computed twice max replicate", 5, 41, 25, 1u << 2, 1u << 0 | 1u << 4,
     IMPASTO_POOLING_MAX, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE,
     IMPASTO_KEEP_INPUT_AND_MASKS, 1000, IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"computed twice average zero", 10, 33, 18, 1u << 9, 1u << 2 | 1u << 6, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_INPUT, 1000,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"three blocks max replicate", 5, 33, 24, 1u << 3, 1u << 0 | 1u << 2 | 1u << 4,
     IMPASTO_POOLING_MAX, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, 0},
    {"covariance average replicate", 5, 21, 18, 1u << 3, 1u << 0 | 1u << 2 | 1u << 4,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL,
     0, IMPASTO_STYLE_LOSS_COVARIANCE, 1, 0},
    {"regions average zero", 9, 33, 26, 1u << 5, 1u << 0 | 1u << 3 | 1u << 8,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_MASKS, 0,
     IMPASTO_STYLE_LOSS_GRAM, 2, 0},
    {"regions strips and masks average zero", 9, 73, 26, 1u << 5, 1u << 0 | 1u << 3 | 1u << 6,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS,
     IMPASTO_KEEP_INPUT_AND_MASKS, 8, IMPASTO_STYLE_LOSS_COVARIANCE, 2, 0},
    {"regions covariance strips average replicate", 5, 41, 23, 1u << 2, 1u << 0 | 1u << 1 | 1u << 4,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE,
     IMPASTO_KEEP_INPUT, 8, IMPASTO_STYLE_LOSS_COVARIANCE, 2, 0},
    {"film average replicate", 3, 19, 22, 1u << 2, 1u << 0 | 1u << 2, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, FILM},
    {"film regions strips average zero", 5, 41, 23, 1u << 2, 1u << 0 | 1u << 4,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS,
     IMPASTO_KEEP_INPUT_AND_MASKS, 8, IMPASTO_STYLE_LOSS_GRAM, 2, FILM},
    {"bounded range average zero", 5, 19, 22, 1u << 3, 1u << 0 | 1u << 2 | 1u << 4,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0,
     IMPASTO_STYLE_LOSS_GRAM, 1, BOUNDED | RANGE},
    {"lattice average zero", 1, 34, 66, 1u << 0, 1u << 0, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     BOUNDED | RANGE | LATTICED | WOVEN},
    {"bounded regions strips average replicate", 5, 41, 23, 1u << 2, 1u << 0 | 1u << 4,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_REPLICATE, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_INPUT,
     8, IMPASTO_STYLE_LOSS_GRAM, 2, BOUNDED},
    {"one layer reflect", 1, 16, 18, 1u << 0, 1u << 0, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     REFLECT},
    {"reflect average", 7, 13, 19, 1u << 6, 1u << 0 | 1u << 2 | 1u << 4, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     BOUNDED | RANGE | REFLECT},
    {"reflect narrow average", 5, 10, 9, 1u << 3, 1u << 1, IMPASTO_POOLING_AVERAGE,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_GATYS, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     REFLECT},
    {"reflect max", 5, 33, 24, 1u << 4, 1u << 0 | 1u << 2, IMPASTO_POOLING_MAX,
     IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_ALL, 0, IMPASTO_STYLE_LOSS_GRAM, 1,
     BOUNDED | REFLECT},
    {"reflect computed twice average", 7, 18, 21, 1u << 6, 1u << 0 | 1u << 2,
     IMPASTO_POOLING_AVERAGE, IMPASTO_PADDING_ZERO, IMPASTO_LOSSES_RELATIVE, IMPASTO_KEEP_INPUT,
     1000, IMPASTO_STYLE_LOSS_GRAM, 1, REFLECT},
};

/* Losses are sums of many terms, and gradients pass up to 16 layers. Sizes are such that no
 * activation is so near to 0 that rounding decides about its ReLU. With maximum pooling a near-tie
 * may be decided either way. So a percentile is judged there, and the whole direction. The networks
 * are shallow there, or one such decision would reach all of so small a picture. */
#define LOSS_BOUND 1e-5
#define AVERAGE_BOUND 1e-4
#define PERCENTILE_BOUND 1e-3
#define COSINE_BOUND 1e-4

#define RANGE_WEIGHT 40
#define LATTICE_WEIGHT 300
#define WEAVE_WEIGHT 300
static const float weave_limits[WEAVE_SHIFTS] = {0.02f, 0, 0.01f};
#define TEMPORAL_WEIGHT 150
/* As heavy beside losses that are larger. */
#define TEMPORAL_WEIGHT_GATYS 1e6F

/* Weights as He et al. 2015 would start a network, so that activations neither die nor explode. */
static bool make_weights(struct imp_check_run *run, int depth, struct impasto_weights *weights)
{
    weights->info = (struct impasto_weights_info){
        .source = "self-test", .layers = depth, .convention = IMPASTO_CONVENTION_CAFFE};
    for (int l = 0; l < depth; l++) {
        const int in = imp_layer_shapes[l].in_channels, out = imp_layer_shapes[l].out_channels;
        const size_t n = (size_t)in * (size_t)out * 9;
        struct imp_layer_weights *layer = &weights->layers[l];
        layer->weight = imp_check_data(run, (uint32_t)(100 + l), n, false);
        layer->bias = imp_check_data(run, (uint32_t)(200 + l), (size_t)out, false);
        /* Uniform in [-1, 1) has variance 1/3; the picture's values are around 100. */
        const float gain = sqrtf(6.0f / (9.0f * (float)in)) * (l == 0 ? 0.01f : 1.0f);
        for (size_t i = 0; layer->weight && i < n; i++)
            layer->weight[i] *= gain;
    }
    return !run->broken;
}

static void free_weights(struct impasto_weights *weights)
{
    for (int l = 0; l < IMPASTO_LAYERS; l++)
        imp_layer_weights_free(&weights->layers[l]);
}

/* Pictures and masks. The style pictures lie on their side, for a size of their own. */
struct data {
    float *content, *start, *style[2], *style_mask, *mask[2];
};

/* Which style pictures go to which region, with what share: the first row alone, or all of them. */
static const struct source {
    int region, picture;
    bool masked, begins, ends;
    double share;
} sources[][3] = {{{0, 0, false, true, true, 1}},
                  {{0, 0, false, true, false, 0.7},
                   {0, 1, true, false, true, 0.3},
                   {1, 1, false, true, true, 1}}};
static const double region_weights[][2] = {{1}, {0.4, 0.6}};

static int source_count(const struct problem *p)
{
    return p->regions == 1 ? 1 : 3;
}

static size_t picture_bytes(const struct problem *p)
{
    return sizeof(float) * 3 * (size_t)p->height * (size_t)p->width;
}

/* Everything that lives on the device for one problem. */
struct machine {
    struct imp_model model;
    struct imp_objective objective;
    struct imp_style_pass pass[2]; /* over all of a style picture, and masked */
    struct imp_buffer *image;
    struct imp_layout layout;
};

static enum impasto_status make_machine(struct imp_check_run *run, const struct problem *p,
                                        const struct imp_loss_options *losses,
                                        const struct impasto_weights *weights, struct machine *m)
{
    struct imp_device *device = run->device;
    const struct imp_caps *caps = imp_device_caps(device);
    struct imp_objective *objective = &m->objective;
    const struct imp_model_options options = {
        .layers = p->depth,
        .average = p->pooling == IMPASTO_POOLING_AVERAGE,
        .edge = p->training & REFLECT                     ? IMP_EDGE_REFLECT
                : p->padding == IMPASTO_PADDING_REPLICATE ? IMP_EDGE_REPLICATE
                                                          : IMP_EDGE_ZERO,
    };
    struct imp_stage_plan plan[IMP_STAGES];
    struct impasto_error error;
    IMP_TRY(imp_model_init(&m->model, device, &weights->info, &options));
    imp_model_layout(&m->model, caps, &m->layout);
    IMP_TRY(imp_objective_init(objective, device,
                               &(struct imp_objective_options){.model = &m->model,
                                                               .losses = losses,
                                                               .height = p->height,
                                                               .width = p->width,
                                                               .regions = p->regions}));
    /* Small pictures' own is too small to be lent. */
    objective->gradient_bytes *= 8;
    for (int s = 0; s < IMP_STAGES; s++)
        plan[s] = (struct imp_stage_plan){.keep = p->keep, .rows = p->strip};
    imp_net_plan(&objective->net, caps, plan);
    objective->net.keeps_transformed = p->keep != IMPASTO_KEEP_INPUT;
    for (int r = 0; r < p->regions; r++) {
        objective->region[r].weight = region_weights[p->regions - 1][r];
        imp_guide_init(&objective->region[r].guide, p->height, p->width, p->regions > 1, NULL);
    }
    imp_objective_layout_targets(objective, &m->layout);
    imp_objective_layout(objective, &m->layout);
    imp_layout_add(&m->layout, &m->image, picture_bytes(p), "self-test");
    for (int masked = 0; masked < 2; masked++) {
        struct imp_style_pass *pass = &m->pass[masked];
        imp_style_pass_init(pass, &m->model, caps, p->width, p->height, masked && p->regions > 1);
        if (p->strip > 0)
            imp_net_plan(&pass->net, caps, plan);
        imp_style_pass_list(pass, objective);
        IMP_TRY(imp_layout_allocate(&pass->layout, device));
    }
    IMP_TRY(imp_layout_allocate(&m->layout, device));
    return imp_model_load(&m->model, device, weights, &error);
}

static void free_machine(struct machine *m)
{
    for (int masked = 0; masked < 2; masked++)
        imp_layout_release(&m->pass[masked].layout);
    imp_layout_release(&m->layout);
    imp_objective_release(&m->objective);
}

static enum impasto_status capture(struct imp_check_run *run, const struct problem *p,
                                   const struct data *d, struct machine *m)
{
    struct imp_objective *objective = &m->objective;
    IMP_TRY(imp_guide_fill(&m->pass[true].guide, run->device, d->style_mask));
    for (int r = 0; r < p->regions; r++)
        IMP_TRY(imp_guide_fill(&objective->region[r].guide, run->device, d->mask[r]));
    for (int i = 0; i < source_count(p); i++) {
        const struct source *s = &sources[p->regions - 1][i];
        struct imp_style_pass *pass = &m->pass[s->masked];
        IMP_TRY(imp_buffer_write(pass->image, 0, d->style[s->picture], picture_bytes(p)));
        IMP_TRY(
            imp_objective_capture_style(objective, pass, s->region, s->share, s->begins, s->ends));
    }
    IMP_TRY(imp_buffer_write(m->image, 0, d->content, picture_bytes(p)));
    return imp_objective_capture_content(objective, m->image);
}

/* To a style picture, as if that were an earlier frame. */
static enum impasto_status hold(const struct problem *p, const struct data *d,
                                struct imp_temporal *temporal)
{
    temporal->held = temporal->room;
    if (temporal->room == 0)
        return IMPASTO_OK;
    IMP_TRY(imp_buffer_write(temporal->target[0], 0, d->style[1], picture_bytes(p)));
    return imp_buffer_write(temporal->reliability[0], 0, d->style_mask, picture_bytes(p) / 3);
}

static enum impasto_status run_machine(struct imp_check_run *run, const struct problem *p,
                                       const struct data *d, struct machine *m,
                                       struct imp_loss_values *values, float *gradient)
{
    struct imp_objective *objective = &m->objective;
    IMP_TRY(capture(run, p, d, m));
    IMP_TRY(hold(p, d, &objective->losses.temporal));
    if (p->training & WOVEN)
        IMP_TRY(imp_buffer_write(objective->losses.weave.limits, 0, weave_limits,
                                 sizeof(weave_limits)));
    IMP_TRY(imp_buffer_write(m->image, 0, d->start, picture_bytes(p)));
    IMP_TRY(imp_objective_evaluate(objective, m->image, true));
    IMP_TRY(imp_losses_read(&objective->losses, values, NULL, 0));
    return imp_buffer_read(objective->gradient, 0, gradient, picture_bytes(p));
}

/* Rounding features by a share d moves a loss, the mean square of a difference, by 2 d sqrt(loss *
 * energy of the target). Where image and target hardly differ, that is much of the loss. So the
 * error is taken relative to the loss and a tenth of that root. Relative losses have an energy of
 * 1. */
static double term_error(double found, double expected, double energy)
{
    if (expected == 0) /* it has no weight */
        return found == 0 ? 0 : INFINITY;
    return imp_check_over(found, expected, expected + 0.1 * sqrt(expected * energy));
}

static double loss_error(const struct imp_ref_objective *objective,
                         const struct imp_loss_values *found,
                         const struct imp_loss_values *expected)
{
    double worst =
        fmax(term_error(found->total, expected->total, 0), term_error(found->tv, expected->tv, 0));
    worst = fmax(worst, term_error(found->range, expected->range, 0));
    worst = fmax(worst, term_error(found->lattice, expected->lattice, 0));
    worst = fmax(worst, term_error(found->weave, expected->weave, 0));
    worst = fmax(worst, term_error(found->temporal, expected->temporal, 0));
    const bool content = objective->params->losses == IMPASTO_LOSSES_RELATIVE;
    const bool style = content || objective->bounded;
    for (int l = 0; l < objective->depth; l++) {
        worst = fmax(worst, term_error(found->content[l], expected->content[l], content));
        worst = fmax(worst, term_error(found->style[l], expected->style[l], style));
    }
    return worst;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void judge_gradient(struct imp_check_run *run, const struct problem *p, const float *found,
                           double *expected, size_t n)
{
    double dot = 0, ours = 0, theirs = 0, errors = 0;
    for (size_t i = 0; i < n; i++) {
        const double f = (double)found[i], d = f - expected[i];
        dot += f * expected[i];
        ours += f * f;
        theirs += expected[i] * expected[i];
        errors += d * d;
        expected[i] = fabs(d); /* from here on the differences */
    }
    const double cosine = dot / sqrt(ours * theirs), rms = sqrt(theirs / (double)n);
    qsort(expected, n, sizeof(*expected), ascending);
    if (p->pooling == IMPASTO_POOLING_AVERAGE) {
        if (imp_check_begin(run, "gradient %s: rms", p->name))
            imp_check_end(run, isfinite(cosine) ? sqrt(errors / theirs) : INFINITY, AVERAGE_BOUND);
        return;
    }
    if (imp_check_begin(run, "gradient %s: 90th percentile", p->name))
        imp_check_end(run, isfinite(cosine) ? expected[n * 9 / 10] / rms : INFINITY,
                      PERCENTILE_BOUND);
    if (imp_check_begin(run, "gradient %s: 1 - cosine", p->name))
        imp_check_end(run, isfinite(cosine) ? 1 - cosine : INFINITY, COSINE_BOUND);
}

/* n: values of a picture. The masks of regions add up to 1. */
static void make_data(struct imp_check_run *run, size_t n, struct data *d)
{
    d->content = imp_check_data(run, 0, n, true);
    d->style[0] = imp_check_data(run, 1, n, true);
    d->start = imp_check_data(run, 2, n, true);
    d->style[1] = imp_check_data(run, 4, n, true);
    d->style_mask = imp_check_data(run, 5, n / 3, true);
    d->mask[0] = imp_check_data(run, 6, n / 3, true);
    d->mask[1] = imp_check_data(run, 7, n / 3, true);
    for (size_t i = 0; i < n / 3 && d->mask[0] && d->mask[1]; i++)
        d->mask[1][i] = 1 - d->mask[0][i];
}

static void free_data(struct data *d)
{
    free(d->content);
    free(d->start);
    free(d->style[0]);
    free(d->style[1]);
    free(d->style_mask);
    free(d->mask[0]);
    free(d->mask[1]);
}

static struct impasto_params params_of(const struct problem *p)
{
    struct impasto_params params = {
        .losses = p->losses,
        .style_loss = p->style_loss,
        .pooling = p->pooling,
        .padding = p->padding,
        .strength = 0.5f,
        .content_weight = 2,
        .style_weight = 30,
        .tv_weight = 5,
    };
    for (int l = 0; l < IMPASTO_LAYERS; l++) {
        params.content_layers[l] = p->content >> l & 1u ? 1.0f + 0.1f * (float)l : 0;
        params.style_layers[l] = p->style >> l & 1u ? 1.0f + 0.2f * (float)l : 0;
    }
    return params;
}

static struct imp_loss_options losses_of(const struct problem *p,
                                         const struct impasto_params *params)
{
    struct imp_loss_options losses = {
        .relative = params->losses == IMPASTO_LOSSES_RELATIVE,
        .covariance = params->style_loss == IMPASTO_STYLE_LOSS_COVARIANCE,
        .bounded = p->training & BOUNDED,
        .range_weight = p->training & RANGE ? RANGE_WEIGHT : 0,
        .lattice_weight = p->training & LATTICED ? LATTICE_WEIGHT : 0,
        .weave_weight = p->training & WOVEN ? WEAVE_WEIGHT : 0,
        .temporal_weight =
            params->losses == IMPASTO_LOSSES_RELATIVE ? TEMPORAL_WEIGHT : TEMPORAL_WEIGHT_GATYS,
        .earlier = p->training & FILM ? 1 : 0,
        .content_weight = (double)params->content_weight,
        .style_weight = (double)params->style_weight,
        .tv_weight = params->tv_weight,
    };
    memcpy(losses.content_layers, params->content_layers, sizeof(losses.content_layers));
    memcpy(losses.style_layers, params->style_layers, sizeof(losses.style_layers));
    return losses;
}

/* The style pictures and regions for the reference. */
static void list_pictures(const struct problem *p, const struct data *d, double *const style[2],
                          struct imp_ref_picture pictures[3], struct imp_ref_region regions[2])
{
    for (int i = 0; i < source_count(p); i++) {
        const struct source *s = &sources[p->regions - 1][i];
        struct imp_ref_region *region = &regions[s->region];
        pictures[i] = (struct imp_ref_picture){.image = style[s->picture],
                                               .height = p->width,
                                               .width = p->height,
                                               .mask = s->masked ? d->style_mask : NULL,
                                               .share = s->share};
        region->weight = region_weights[p->regions - 1][s->region];
        region->mask = p->regions > 1 ? d->mask[s->region] : NULL;
        region->pictures = s->begins ? &pictures[i] : region->pictures;
        region->picture_count++;
    }
}

static void check(struct imp_check_run *run, const struct problem *p)
{
    const size_t n = 3 * (size_t)p->height * (size_t)p->width;
    const struct impasto_params params = params_of(p);
    const struct imp_loss_options losses = losses_of(p, &params);
    struct impasto_weights weights = {0};
    struct machine machine = {0};
    struct data d;
    struct imp_ref_picture pictures[3] = {0};
    struct imp_ref_region regions[2] = {0};
    struct imp_ref_objective objective = {.params = &params,
                                          .weights = &weights,
                                          .bounded = p->training & BOUNDED,
                                          .reflect = p->training & REFLECT,
                                          .range_weight = (double)losses.range_weight,
                                          .lattice_weight = (double)losses.lattice_weight,
                                          .weave_weight = (double)losses.weave_weight,
                                          .weave_limits = weave_limits,
                                          .temporal_weight = (double)losses.temporal_weight,
                                          .depth = p->depth,
                                          .height = p->height,
                                          .width = p->width,
                                          .regions = regions,
                                          .region_count = p->regions};
    struct imp_loss_values found = {0};
    struct imp_loss_values expected = {0};
    make_data(run, n, &d);
    for (size_t i = 0; i < n && p->training & RANGE && d.start; i++)
        d.start[i] = 1.5f * d.start[i] - 0.25f;
    float *gradient = imp_check_data(run, 3, n, false);
    double *content = imp_check_widen(run, d.content, n), *start = imp_check_widen(run, d.start, n);
    double *style[2] = {imp_check_widen(run, d.style[0], n), imp_check_widen(run, d.style[1], n)};
    double *reliability = imp_check_widen(run, d.style_mask, n / 3);
    double *reference = imp_check_doubles(run, n);
    if (run->broken || !make_weights(run, p->depth, &weights) ||
        !imp_check_ok(run, make_machine(run, p, &losses, &weights, &machine)) ||
        !imp_check_ok(run, run_machine(run, p, &d, &machine, &found, gradient)))
        goto done;
    objective.map = machine.model.input;
    list_pictures(p, &d, style, pictures, regions);
    objective.earlier = p->training & FILM ? style[1] : NULL;
    objective.reliability = reliability;
    if (!imp_ref_objective_init(&objective, content) ||
        !imp_ref_objective_evaluate(&objective, start, &expected, reference)) {
        (void)imp_check_ok(run, imp_device_fail(run->device, IMPASTO_ERROR_MEMORY,
                                                "out of memory for a self-test"));
        goto done;
    }
    if (imp_check_begin(run, "losses %s", p->name))
        imp_check_end(run, loss_error(&objective, &found, &expected), LOSS_BOUND);
    judge_gradient(run, p, gradient, reference, n);
done:
    imp_ref_objective_free(&objective);
    free_machine(&machine);
    free_weights(&weights);
    free_data(&d);
    free(gradient);
    free(content);
    free(start);
    free(style[0]);
    free(style[1]);
    free(reliability);
    free(reference);
}

void imp_check_objective(struct imp_check_run *run)
{
    const size_t count = imp_check_rows(run, 0, 0, 3, IMP_COUNT(problems));
    for (size_t i = 0; i < count; i++) {
        /* The parts of a problem are computed together; a filter that names none leaves all out. */
        if (imp_check_begin(run, "losses %s", problems[i].name) ||
            imp_check_begin(run, "gradient %s: rms 90th percentile 1 - cosine", problems[i].name))
            check(run, &problems[i]);
    }
}
