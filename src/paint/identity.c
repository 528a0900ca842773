/* SPDX-License-Identifier: MIT */
/* What a job was made from and how it computes, as checksums: whether another can go on where it
 * was. */

#include "vgg/vgg.h"
#include "vgg/weights.h"
#include "paint/job.h"

#include <math.h>
#include <string.h>

/* Values of a picture looked at at a time. */
#define PIECE 4096
/* The steps in which they are told apart: all that files of 16 bits have. */
#define STEPS 65535.0f

/* ---- Pictures -------------------------------------------------------------------------------- */

static uint32_t add_values(uint32_t checksum, const float *values, size_t count)
{
    unsigned char piece[2 * PIECE];
    while (count > 0) {
        const size_t now = count < PIECE ? count : PIECE;
        for (size_t i = 0; i < now; i++) {
            /* NaN becomes 0. */
            const float value = values[i] > 0 ? fminf(values[i], 1) : 0;
            const unsigned step = (unsigned)lrintf(STEPS * value);
            piece[2 * i] = (unsigned char)step;
            piece[2 * i + 1] = (unsigned char)(step >> 8);
        }
        checksum = imp_checksum(checksum, piece, 2 * now);
        values += now;
        count -= now;
    }
    return checksum;
}

static uint32_t add_text(uint32_t checksum, const char *text)
{
    return imp_checksum(checksum, text, strlen(text));
}

static uint32_t add_image(uint32_t checksum, const struct impasto_image *image)
{
    char sizes[64];
    if (!image)
        return add_text(checksum, "none");
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    snprintf(sizes, sizeof(sizes), "%d x %d, %s", image->width, image->height,
             image->alpha ? "transparent" : "opaque");
    checksum = add_values(add_text(checksum, sizes), image->rgb, 3 * pixels);
    return image->alpha ? add_values(checksum, image->alpha, pixels) : checksum;
}

static uint32_t add_weight(uint32_t checksum, float weight, int region)
{
    char text[64];
    /* As bits: the decimal point is the locale's. */
    uint32_t bits;
    memcpy(&bits, &weight, sizeof(bits));
    snprintf(text, sizeof(text), "weight %08x, region %d", (unsigned)bits, region);
    return add_text(checksum, text);
}

json_t *imp_pictures_identity(const struct impasto_pictures *pictures,
                              const struct impasto_params *params)
{
    const struct impasto_image *content = pictures->content;
    json_t *identity = json_object(), *styles = json_array(), *regions = json_array();
    /* The result has the content's EXIF block. */
    const struct impasto_block *exif = &content->metadata.exif;
    const uint32_t first = imp_checksum(0, exif->data, exif->size);
    int failed = json_object_set_new(identity, "content", json_integer(add_image(first, content)));
    for (size_t i = 0; i < pictures->style_count; i++) {
        const struct impasto_style *style = &pictures->styles[i];
        const uint32_t checksum =
            add_weight(add_image(0, style->image), style->weight, style->region);
        failed |= json_array_append_new(styles, json_integer(add_image(checksum, style->mask)));
    }
    for (size_t i = 0; i < pictures->region_count; i++)
        failed |= json_array_append_new(
            regions, json_integer(add_weight(add_image(0, pictures->regions[i].mask),
                                             pictures->regions[i].weight, (int)i)));
    failed |= json_object_set_new(identity, "style", styles);
    failed |= json_object_set_new(identity, "region", regions);
    failed |= json_object_set_new(identity, "keep", json_integer(add_image(0, pictures->keep)));
    if (params->init == IMPASTO_INIT_IMAGE)
        failed |= json_object_set_new(identity, "init", json_integer(add_image(0, pictures->init)));
    if (failed == 0)
        return identity;
    json_decref(identity);
    return NULL;
}

static enum impasto_status other_picture(const char *what, const char *path,
                                         struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: was begun with another %s; give it the one that it was begun with", path,
                    what);
}

enum impasto_status imp_pictures_compare(const json_t *now, const json_t *then, const char *path,
                                         struct impasto_error *error)
{
    static const struct {
        const char *key, *what;
    } kinds[] = {{"content", "content picture"},
                 {"style", "style picture"},
                 {"region", "mask of a region, or weight of it"},
                 {"keep", "mask of what to keep"},
                 {"init", "picture to start from"}};
    for (size_t i = 0; i < IMP_COUNT(kinds); i++) {
        const json_t *a = json_object_get(now, kinds[i].key);
        const json_t *b = json_object_get(then, kinds[i].key);
        const size_t count = json_array_size(a);
        if (json_equal(a, b) || (!a && !b))
            continue;
        if (i != 1)
            return other_picture(kinds[i].what, path, error);
        if (count != json_array_size(b))
            return imp_fail(error, IMPASTO_ERROR_INPUT,
                            "%s: was begun with %zu style pictures, not %zu; give it the same",
                            path, json_array_size(b), count);
        for (size_t k = 0; k < count; k++) {
            char what[96];
            snprintf(what, sizeof(what), "style picture, mask or weight (style %zu)", k + 1);
            if (!json_equal(json_array_get(a, k), json_array_get(b, k)))
                return other_picture(what, path, error);
        }
    }
    return IMPASTO_OK;
}

/* ---- Weights and arithmetic ------------------------------------------------------------------ */

void imp_weights_name(const struct imp_model *model, char name[IMP_WEIGHTS_NAME])
{
    char checksum[32];
    if (model->checksum)
        snprintf(checksum, sizeof(checksum), "%08x", (unsigned)model->checksum);
    else
        snprintf(checksum, sizeof(checksum), "built-in %d", IMP_BUILTIN_VERSION);
    snprintf(name, IMP_WEIGHTS_NAME, "%s for %s", checksum,
             model->input.reverse ? IMP_CONVENTION_CAFFE : IMP_CONVENTION_TORCHVISION);
}

static uint32_t add_number(uint32_t checksum, long long number)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld ", number);
    return add_text(checksum, text);
}

/* Of whole stages their height does not matter: bands differ in it. */
static uint32_t add_stage(uint32_t checksum, int first, int last, enum impasto_keep keep, int rows,
                          int height)
{
    rows = rows < height ? rows : 0;
    return add_number(add_number(add_number(add_number(checksum, first), last), keep), rows);
}

static uint32_t add_algorithms(uint32_t checksum, const struct imp_net *net, int layers)
{
    for (int l = 0; l < layers; l++)
        for (int k = 0; k < 2 && net->algorithm[l][k]; k++)
            checksum = add_text(checksum, net->algorithm[l][k]->name);
    return checksum;
}

static uint32_t add_stages(uint32_t checksum, const struct imp_net *net)
{
    for (int s = 0; s < net->stages; s++)
        checksum =
            add_stage(checksum, net->stage[s].first, net->stage[s].last, net->stage[s].plan.keep,
                      net->stage[s].plan.rows, net->stage[s].height);
    return checksum;
}

uint32_t imp_job_computing(const struct impasto_job *job)
{
    const struct imp_caps *caps = imp_device_caps(job->device);
    uint32_t checksum = 0;
    checksum = add_number(checksum, caps->vector_width);
    checksum = add_number(checksum, (long long)caps->max_work_group);
    checksum = add_number(checksum, caps->tuning.block_vectors);
    checksum = add_number(checksum, caps->tuning.block_positions);
    checksum = add_number(checksum, (long long)caps->tuning.chunk);
    checksum = add_number(checksum, (long long)job->model.gemm);
    checksum = add_algorithms(checksum, &job->scale.objective.net, job->model.layers);
    checksum = add_stages(checksum, &job->scale.objective.net);
    /* Of what goes forwards only, strips do not change a bit. */
    for (int i = 0; i < job->scale.passes; i++)
        checksum = add_algorithms(checksum, &job->scale.pass[i].net, job->model.layers);
    for (size_t l = 0; l < job->info.layer_count; l++)
        checksum = add_text(add_text(checksum, job->layers[l].forward), job->layers[l].backward);
    for (size_t s = 0; s < job->info.stage_count; s++)
        checksum = add_stage(checksum, job->stages[s].first, job->stages[s].last,
                             job->stages[s].keep, job->stages[s].rows, job->stages[s].height);
    return checksum;
}
