/* SPDX-License-Identifier: MIT */
/* Frames of bytes: to images, through the network, and to bytes again, all of it on the device. */

#include "apply/apply.h"
#include "apply/film.h"

#include <stdlib.h>
#include <string.h>

/* ---- The caller's frames --------------------------------------------------------------------- */

/* What luma is made of: the shares of red and blue. */
static const struct {
    double red, blue;
} matrices[] = {
    [IMPASTO_MATRIX_BT601] = {0.299, 0.114},
    [IMPASTO_MATRIX_BT709] = {0.2126, 0.0722},
    [IMPASTO_MATRIX_BT2020] = {0.2627, 0.0593},
};

/* The two enumerations have the same order. */
static const enum imp_pixel_format formats[] = {
    [IMPASTO_PIXELS_RGB24] = IMP_PIXELS_RGB24, [IMPASTO_PIXELS_BGR24] = IMP_PIXELS_BGR24,
    [IMPASTO_PIXELS_GRAY8] = IMP_PIXELS_GRAY8, [IMPASTO_PIXELS_I420] = IMP_PIXELS_I420,
    [IMPASTO_PIXELS_I422] = IMP_PIXELS_I422,   [IMPASTO_PIXELS_I444] = IMP_PIXELS_I444,
    [IMPASTO_PIXELS_NV12] = IMP_PIXELS_NV12,   [IMPASTO_PIXELS_YUYV] = IMP_PIXELS_YUYV,
    [IMPASTO_PIXELS_UYVY] = IMP_PIXELS_UYVY,
};

static bool is_known(const struct impasto_pixels *pixels)
{
    return pixels->format < IMP_COUNT(formats) && pixels->matrix < IMP_COUNT(matrices);
}

static struct imp_pixels laid(const struct impasto_pixels *pixels)
{
    struct imp_pixels result =
        imp_pixels_of(formats[pixels->format], pixels->width, pixels->height);
    result.red = matrices[pixels->matrix].red;
    result.blue = matrices[pixels->matrix].blue;
    result.full = pixels->full != 0;
    result.left = pixels->centred == 0;
    return result;
}

size_t impasto_pixels_lay(struct impasto_pixels *pixels, unsigned char *bytes)
{
    struct impasto_pixels ours = {0};
    if (imp_sized_take("impasto_pixels", pixels, &ours, sizeof(ours), NULL) != IMPASTO_OK ||
        !is_known(&ours) || ours.width < 1 || ours.height < 1)
        return 0;
    const struct imp_pixels lie = laid(&ours);
    size_t at = 0;
    for (int p = 0; p < IMPASTO_PIXELS_PLANES; p++) {
        const bool there = lie.bytes > 0 && p < lie.planes;
        pixels->plane[p] = there && bytes ? bytes + at : NULL;
        pixels->stride[p] = there ? (size_t)lie.plane_bytes[p] : 0;
        at += there ? (size_t)lie.plane_rows[p] * (size_t)lie.plane_bytes[p] : 0;
    }
    return lie.bytes;
}

static enum impasto_status check_planes(const char *name, const struct impasto_pixels *pixels,
                                        const struct imp_pixels *lie, struct impasto_error *error)
{
    if (lie->bytes == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "`%s` is a frame of %dx%d pixels; less than 2 GiB can be", name,
                        pixels->width, pixels->height);
    for (int p = 0; p < lie->planes; p++)
        if (!pixels->plane[p] || pixels->stride[p] < (size_t)lie->plane_bytes[p])
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "`%s` lacks plane %d, or its rows have %zu bytes; at least %d are "
                            "needed",
                            name, p, pixels->stride[p], lie->plane_bytes[p]);
    return IMPASTO_OK;
}

/* The caller's frame in the struct of this version, checked, and how it lies. */
static enum impasto_status take(const char *name, const struct impasto_pixels *theirs,
                                struct impasto_pixels *ours, struct imp_pixels *lie,
                                struct impasto_error *error)
{
    *ours = (struct impasto_pixels){0};
    IMP_TRY(imp_sized_take("impasto_pixels", theirs, ours, sizeof(*ours), error));
    if (!is_known(ours))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`%s` has format %u and matrix %u; formats are 0 to %zu, matrices to %zu",
                        name, (unsigned)ours->format, (unsigned)ours->matrix,
                        IMP_COUNT(formats) - 1, IMP_COUNT(matrices) - 1);
    IMP_TRY(imp_applier_check_size("", ours->width, ours->height, error));
    *lie = laid(ours);
    return check_planes(name, ours, lie, error);
}

/* ---- On the device --------------------------------------------------------------------------- */

static size_t values_of(const struct imp_staging *s)
{
    return 3 * (size_t)s->in.width * (size_t)s->in.height;
}

/* The image, steadied if that is asked for. begins: what was before is nothing to go by. */
static enum impasto_status steady_image(struct impasto_applier *applier, bool begins)
{
    struct imp_staging *s = &applier->staging;
    const int pixels = s->in.width * s->in.height;
    if (s->steady && s->begun && !begins)
        return imp_pixels_steady(s->device, s->state, s->image, pixels,
                                 (double)applier->params.steady);
    s->begun = s->steady;
    return s->steady ? imp_buffer_copy(s->image, 0, s->state, 0, values_of(s) * sizeof(float))
                     : IMPASTO_OK;
}

/* What an image has of those before it. The layers' statistics are asked for by the strips. */
static enum impasto_status recall_image(struct impasto_applier *applier)
{
    struct imp_staging *s = &applier->staging;
    struct imp_recall *recall = &applier->recall;
    const bool smooths = applier->params.smooth > 0;
    bool begins = true;
    if (!imp_applier_follows(applier))
        return IMPASTO_OK;
    IMP_TRY(imp_recall_look(recall, s->image, &begins));
    applier->strips.kept = smooths ? recall->statistics : NULL;
    applier->strips.tone.kept = smooths ? recall->tone : NULL;
    applier->strips.stays = applier->params.smooth;
    applier->strips.begins = begins || !recall->smooths;
    recall->smooths = false; /* until it has gone well */
    return steady_image(applier, begins);
}

static void keep_image(struct impasto_applier *applier)
{
    if (!imp_applier_follows(applier))
        return;
    applier->recall.smooths = applier->params.smooth > 0;
    imp_recall_keep(&applier->recall);
}

static enum impasto_status paint_image(struct impasto_applier *applier)
{
    struct imp_staging *s = &applier->staging;
    const struct imp_rows rows = {.from = s->image, .to = s->painted};
    IMP_TRY(imp_strips_run(&applier->strips, &rows));
    if (applier->params.colour != IMPASTO_COLOUR_LUMA)
        return IMPASTO_OK;
    return imp_pixels_luma(s->device, s->image, s->painted, s->in.width * s->in.height,
                           matrices[IMPASTO_MATRIX_BT601].red, matrices[IMPASTO_MATRIX_BT601].blue);
}

/* ---- Colours that are matched ---------------------------------------------------------------- */

/* Planes to pixels, or back. */
static void interleave(const float *planes, size_t pixels, float *rgb)
{
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            rgb[3 * i + k] = planes[k * pixels + i];
}

static void part(const float *rgb, size_t pixels, float *planes)
{
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            planes[k * pixels + i] = rgb[3 * i + k];
}

/* Colours are matched when all of the frame is painted, as a picture of the host's. */
static enum impasto_status match_picture(struct impasto_applier *applier, float *planes,
                                         struct impasto_image *picture, struct impasto_error *error)
{
    struct imp_staging *s = &applier->staging;
    const size_t bytes = values_of(s) * sizeof(float);
    IMP_TRY(imp_lift(s->device, imp_buffer_read(s->image, 0, planes, bytes), error));
    interleave(planes, values_of(s) / 3, picture->rgb);
    IMP_TRY(imp_applier_match(applier, picture, error));
    part(picture->rgb, values_of(s) / 3, planes);
    return imp_lift(s->device, imp_buffer_write(s->painted, 0, planes, bytes), error);
}

static enum impasto_status match_image(struct impasto_applier *applier, struct impasto_error *error)
{
    struct imp_staging *s = &applier->staging;
    struct impasto_image *picture = NULL;
    float *planes = malloc(values_of(s) * sizeof(float));
    if (!planes)
        return imp_fail_memory(error, "a frame", values_of(s) * sizeof(float));
    enum impasto_status status = impasto_image_create(s->in.width, s->in.height, &picture, error);
    if (status == IMPASTO_OK)
        status = match_picture(applier, planes, picture, error);
    impasto_image_free(&picture);
    free(planes);
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* Whether the buffers are those of such frames, but for the strips. */
static bool fits(const struct impasto_applier *applier, const struct imp_pixels *in,
                 const struct imp_pixels *out)
{
    const struct imp_recall *recall = &applier->recall;
    return imp_staging_fits(&applier->staging, in, out, applier->params.steady > 0) &&
           (imp_applier_follows(applier) ? imp_recall_fits(recall, in->height, in->width)
                                         : !recall->device);
}

/* The strips come last, as they take what memory the others leave. Where these change, they are
 * planned anew. */
static enum impasto_status open(struct impasto_applier *applier, const struct imp_pixels *in,
                                const struct imp_pixels *out)
{
    if (!fits(applier, in, out))
        imp_strips_release(&applier->strips);
    IMP_TRY(
        imp_staging_open(&applier->staging, applier->device, in, out, applier->params.steady > 0));
    if (imp_applier_follows(applier))
        IMP_TRY(imp_recall_open(&applier->recall, applier->device, in->height, in->width));
    else
        imp_recall_release(&applier->recall);
    return imp_applier_prepare(applier, in->height, in->width, applier->params.mix);
}

static enum impasto_status bring(struct impasto_applier *applier, const struct impasto_pixels *from)
{
    struct imp_staging *s = &applier->staging;
    IMP_TRY(imp_staging_send(s, from));
    return imp_pixels_take(s->device, &s->in, s->bytes_in, s->image);
}

/* From s->image to s->painted. */
static enum impasto_status paint(struct impasto_applier *applier, struct impasto_error *error)
{
    enum impasto_status status = imp_lift(applier->device, recall_image(applier), error);
    if (status == IMPASTO_OK)
        status = applier->params.colour == IMPASTO_COLOUR_MATCH
                     ? match_image(applier, error)
                     : imp_lift(applier->device, paint_image(applier), error);
    if (status == IMPASTO_OK)
        keep_image(applier);
    applier->strips.kept = NULL;
    applier->strips.tone.kept = NULL;
    return status;
}

static enum impasto_status give(struct impasto_applier *applier, const struct impasto_pixels *to)
{
    struct imp_staging *s = &applier->staging;
    IMP_TRY(imp_pixels_give(s->device, &s->out, s->painted, s->bytes_out, s->odd));
    return imp_staging_fetch(s, to);
}

/* A frame of bytes, all of it. */
static enum impasto_status paint_bytes(struct impasto_applier *applier,
                                       const struct impasto_pixels *source,
                                       const struct imp_pixels *in,
                                       const struct impasto_pixels *target,
                                       const struct imp_pixels *out, struct impasto_error *error)
{
    enum impasto_status status = open(applier, in, out);
    if (status == IMPASTO_OK)
        status = bring(applier, source);
    if (status != IMPASTO_OK)
        return imp_lift(applier->device, status, error);
    IMP_TRY(paint(applier, error));
    return imp_lift(applier->device, give(applier, target), error);
}

enum impasto_status impasto_applier_pixels(struct impasto_applier *applier,
                                           const struct impasto_pixels *from,
                                           const struct impasto_pixels *to,
                                           struct impasto_error *error)
{
    struct impasto_pixels source, target;
    struct imp_pixels in, out;
    IMP_TRY(take("from", from, &source, &in, error));
    IMP_TRY(take("to", to, &target, &out, error));
    if (in.width != out.width || in.height != out.height)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "a frame of %dx%d pixels becomes one of %dx%d; both must have one size",
                        in.width, in.height, out.width, out.height);
    const enum impasto_status status = paint_bytes(applier, &source, &in, &target, &out, error);
    if (status != IMPASTO_OK)
        imp_applier_forget(applier); /* what it has left for the next one may be wrong as well */
    return status;
}

/* ---- Frames of films ------------------------------------------------------------------------- */

enum impasto_status imp_applier_open_film(struct impasto_applier *applier, int width, int height)
{
    const struct imp_pixels lie = imp_pixels_of(IMP_PIXELS_RGB24, width, height);
    return open(applier, &lie, &lie);
}

static enum impasto_status film_planes(struct impasto_applier *applier, float *planes,
                                       struct impasto_error *error)
{
    struct imp_staging *s = &applier->staging;
    const size_t bytes = values_of(s) * sizeof(float);
    float odd = 0;
    IMP_TRY(imp_lift(s->device, imp_buffer_write(s->image, 0, planes, bytes), error));
    IMP_TRY(paint(applier, error));
    IMP_TRY(imp_lift(s->device, imp_buffer_read(s->painted, 0, planes, bytes), error));
    for (size_t i = 0; i < values_of(s); i++)
        odd += planes[i] - planes[i];
    return odd == 0 ? IMPASTO_OK : imp_lift(s->device, imp_strips_odd(s->device), error);
}

enum impasto_status imp_applier_film_frame(struct impasto_applier *applier,
                                           struct impasto_image *frame, struct impasto_error *error)
{
    const size_t pixels = (size_t)frame->width * (size_t)frame->height;
    IMP_TRY(imp_applier_check_size("", frame->width, frame->height, error));
    float *planes = malloc(3 * pixels * sizeof(float));
    if (!planes)
        return imp_fail_memory(error, "a frame", 3 * pixels * sizeof(float));
    part(frame->rgb, pixels, planes);
    enum impasto_status status = imp_lift(
        applier->device, imp_applier_open_film(applier, frame->width, frame->height), error);
    if (status == IMPASTO_OK)
        status = film_planes(applier, planes, error);
    if (status == IMPASTO_OK)
        interleave(planes, pixels, frame->rgb);
    else
        imp_applier_forget(applier);
    free(planes);
    return status;
}

enum impasto_status impasto_applier_frame(struct impasto_applier *applier, int width, int height,
                                          const unsigned char *from, size_t from_stride,
                                          unsigned char *to, size_t to_stride,
                                          struct impasto_error *error)
{
    const struct impasto_pixels source = {.struct_size = sizeof(source),
                                          .format = IMPASTO_PIXELS_RGB24,
                                          .width = width,
                                          .height = height,
                                          .plane = {(unsigned char *)from}, /* only read */
                                          .stride = {from_stride}};
    struct impasto_pixels target = source;
    target.plane[0] = to;
    target.stride[0] = to_stride;
    return impasto_applier_pixels(applier, &source, &target, error);
}
