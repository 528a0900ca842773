/* SPDX-License-Identifier: MIT */
/* From a file's own colours to sRGB, by Little CMS where it is built in, else by gamma alone. The
 * only file that knows lcms2. */

#include "image/formats.h"

#include <math.h>
#include <stdlib.h>

/* sRGB's gamma as PNG files state it; a tolerance that libpng uses for the same question. */
#define SRGB_GAMMA 0.45455
#define GAMMA_TOLERANCE 0.05

static double srgb_encode(double linear)
{
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
}

static bool same_as_srgb(const struct imp_colour_source *source)
{
    static const double srgb[8] = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};
    if (source->gamma > 0 ? fabs(source->gamma / SRGB_GAMMA - 1) > GAMMA_TOLERANCE
                          : source->curve.exponent > 0)
        return false;
    if (source->chromaticities[0] > 0)
        for (int i = 0; i < 8; i++)
            if (fabs(source->chromaticities[i] - srgb[i]) > 0.005)
                return false;
    return true;
}

static const struct imp_curve srgb_curve = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};

static struct imp_curve curve_of(const struct imp_colour_source *source)
{
    if (source->gamma > 0)
        return (struct imp_curve){.exponent = 1 / source->gamma, .factor = 1};
    return source->curve.exponent > 0 ? source->curve : srgb_curve;
}

void imp_colour_adobe_rgb(struct imp_colour_source *source)
{
    *source = (struct imp_colour_source){
        .gamma = 256.0 / 563,
        .chromaticities = {0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06},
        .bytes = source->bytes,
    };
}

/* What happens without a transform: see imp_colour_open. */
static void convert_plainly(enum imp_colour_model model, const float *in, float *rgb, size_t pixels)
{
    /* NOLINTBEGIN(clang-analyzer-core.*): models are 1, 3 or 4 samples, and none is no model */
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++) {
            const float *sample = in + i * (size_t)model;
            rgb[3 * i + c] = model == IMP_COLOUR_GRAY  ? sample[0]
                             : model == IMP_COLOUR_RGB ? sample[c]
                                                       : (1 - sample[c]) * (1 - sample[3]);
        }
    /* NOLINTEND(clang-analyzer-core.*) */
}

/* Bytes become floats, a few at a time. */
#define BATCH 256

static void convert_batches(const struct imp_colour *colour, enum imp_colour_model model,
                            const unsigned char *in, float *rgb, size_t pixels)
{
    float batch[4 * BATCH];
    for (size_t done = 0; done < pixels; done += BATCH) {
        const size_t count = pixels - done < BATCH ? pixels - done : BATCH;
        for (size_t i = 0; i < count * (size_t)model; i++)
            batch[i] = (float)in[done * (size_t)model + i] / 255;
        imp_colour_convert(colour, model, batch, rgb + 3 * done, count);
    }
}

#ifdef IMP_HAVE_LCMS2

#include <lcms2.h>

#define FLAGS (cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE)
/* The first: how far bytes may be from the exact result on a coarse grid. The second: how far any
 * colour may move where a transform counts as that of sRGB to itself. It is a step of 8 bits, or an
 * eighth of one for deeper samples. */
#define MOST_ERROR 0.0005f
#define STEP (1.0f / 255)
/* Values of light that are encoded beforehand: few enough for the nearest cache. */
#define ENCODED 2048

/* Where a profile is curves and a matrix, light in sRGB's primaries is a sum of what each channel
 * gives. */
struct sums {
    float light[3][256][4]; /* red, green and blue light of a channel's byte, times ENCODED */
    struct {
        float value, step; /* of light i/ENCODED; to the next */
    } encoded[ENCODED + 1];
};

struct imp_colour {
    cmsContext context;
    cmsHTRANSFORM exact; /* from floats to floats */
    struct sums *sums;   /* of bytes; NULL: the profile is of another kind */
};

static cmsColorSpaceSignature space_of(enum imp_colour_model model)
{
    return model == IMP_COLOUR_GRAY  ? cmsSigGrayData
           : model == IMP_COLOUR_RGB ? cmsSigRgbData
                                     : cmsSigCmykData;
}

static cmsHPROFILE profile_of_numbers(cmsContext context, const struct imp_colour_source *source,
                                      enum imp_colour_model model)
{
    const double *c = source->chromaticities;
    const bool named = c[0] > 0;
    const cmsCIExyY white = {named ? c[0] : 0.3127, named ? c[1] : 0.3290, 1};
    const cmsCIExyYTRIPLE primaries = {{named ? c[2] : 0.64, named ? c[3] : 0.33, 1},
                                       {named ? c[4] : 0.30, named ? c[5] : 0.60, 1},
                                       {named ? c[6] : 0.15, named ? c[7] : 0.06, 1}};
    const struct imp_curve k = curve_of(source);
    const double numbers[] = {k.exponent, k.factor, k.offset, k.slope, k.limit};
    cmsToneCurve *curve = cmsBuildParametricToneCurve(context, 4, numbers);
    if (!curve)
        return NULL;
    cmsToneCurve *const curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = model == IMP_COLOUR_GRAY
                              ? cmsCreateGrayProfileTHR(context, &white, curve)
                              : cmsCreateRGBProfileTHR(context, &white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return profile;
}

static cmsHTRANSFORM make_transform(const struct imp_colour *colour, cmsHPROFILE from,
                                    enum imp_colour_model model, cmsHPROFILE to)
{
    static const cmsUInt32Number floats_of[] = {[IMP_COLOUR_GRAY] = TYPE_GRAY_FLT,
                                                [IMP_COLOUR_RGB] = TYPE_RGB_FLT,
                                                [IMP_COLOUR_CMYK] = TYPE_CMYK_FLT};
    if (!to || cmsGetColorSpace(from) != space_of(model))
        return NULL;
    return cmsCreateTransformTHR(colour->context, from, floats_of[model], to, TYPE_RGB_FLT,
                                 INTENT_RELATIVE_COLORIMETRIC, FLAGS);
}

static float clamp01(float v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0;
}

/* Little CMS takes CMYK as percentages of ink when samples are floats. */
#define INK_SCALE 100.0f

static void convert_exactly(const struct imp_colour *colour, enum imp_colour_model model,
                            const float *in, float *rgb, size_t pixels)
{
    float batch[4 * BATCH];
    for (size_t done = 0; done < pixels; done += BATCH) {
        const size_t count = pixels - done < BATCH ? pixels - done : BATCH;
        const float scale = model == IMP_COLOUR_CMYK ? INK_SCALE : 1;
        for (size_t i = 0; i < count * (size_t)model; i++)
            batch[i] = scale * in[done * (size_t)model + i];
        float *out = rgb + 3 * done;
        cmsDoTransform(colour->exact, batch, out, (cmsUInt32Number)count);
        for (size_t i = 0; i < 3 * count; i++)
            out[i] = clamp01(out[i]);
    }
}

/* ---- Bytes, quickly -------------------------------------------------------------------------- */

static void add_light(const struct sums *sums, enum imp_colour_model model, const unsigned char *in,
                      float (*light)[4], size_t pixels)
{
    const size_t channels = (size_t)model, second = channels > 1, third = channels > 2 ? 2 : 0;
    for (size_t i = 0; i < pixels; i++, in += channels) {
        const float *a = sums->light[0][in[0]];
        const float *b = sums->light[1][second ? in[second] : 0];
        const float *c = sums->light[2][third ? in[third] : 0];
        for (int k = 0; k < 4; k++) {
            const float sum = a[k] + b[k] + c[k], positive = sum > 0 ? sum : 0;
            light[i][k] = positive < ENCODED ? positive : ENCODED;
        }
    }
}

static void convert_by_sums(const struct sums *sums, enum imp_colour_model model,
                            const unsigned char *in, float *rgb, size_t pixels)
{
    float light[BATCH][4];
    for (size_t done = 0; done < pixels; done += BATCH) {
        const size_t count = pixels - done < BATCH ? pixels - done : BATCH;
        add_light(sums, model, in + done * (size_t)model, light, count);
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < 3; k++) {
                const int below = (int)light[i][k];
                rgb[3 * (done + i) + k] = sums->encoded[below].value +
                                          (light[i][k] - (float)below) * sums->encoded[below].step;
            }
    }
}

/* Measures what each channel alone gives, through a transform to light. */
static void measure_light(cmsHTRANSFORM transform, enum imp_colour_model model, struct sums *sums)
{
    const float dark[3] = {0};
    float black[3];
    cmsDoTransform(transform, dark, black, 1);
    for (int channel = 0; channel < (int)model; channel++)
        for (int v = 0; v < 256; v++) {
            float in[3] = {0}, *out = sums->light[channel][v];
            in[channel] = (float)v / 255;
            cmsDoTransform(transform, in, out, 1);
            for (int k = 0; k < 3; k++)
                out[k] = ENCODED * (out[k] - (channel > 0 ? black[k] : 0));
        }
    for (int i = 0; i <= ENCODED; i++) {
        const double value = srgb_encode((double)i / ENCODED);
        sums->encoded[i].value = (float)value;
        sums->encoded[i].step = (float)(srgb_encode((i + 1.0) / ENCODED) - value);
    }
}

static void open_sums(struct imp_colour *colour, cmsHPROFILE from, enum imp_colour_model model)
{
    /* Straight below 0 as well: one channel alone may lie outside of sRGB. */
    const struct imp_colour_source light = {.curve = {.exponent = 1, .factor = 1, .slope = 1}};
    cmsHPROFILE to = profile_of_numbers(colour->context, &light, IMP_COLOUR_RGB);
    cmsHTRANSFORM transform = make_transform(colour, from, model, to);
    if (transform && (colour->sums = calloc(1, sizeof(*colour->sums))))
        measure_light(transform, model, colour->sums);
    if (transform)
        cmsDeleteTransform(transform);
    if (to)
        cmsCloseProfile(to);
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* The colours on which transforms are compared: a grid that is fine where light is little, as
 * curves are steep there. */
static const unsigned char levels[] = {0,  1,  2,  3,  4,   6,   8,   11,  15,  21,
                                       30, 45, 64, 90, 120, 150, 180, 210, 235, 255};
#define LEVELS IMP_COUNT(levels)

/* Sets pixels i to i + BATCH of the grid; returns how many there are. */
static size_t fill_grid(enum imp_colour_model model, size_t first, unsigned char *samples)
{
    size_t all = 1, count = 0;
    for (int c = 0; c < (int)model; c++)
        all *= LEVELS;
    for (; count < BATCH && first + count < all; count++)
        for (size_t c = 0, rest = first + count; c < (size_t)model; c++, rest /= LEVELS)
            samples[count * (size_t)model + c] = levels[rest % LEVELS];
    return count;
}

/* How far apart two results lie at most. */
static float difference(const float *a, const float *b, size_t count, float most)
{
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(a[i] - b[i]));
    return most;
}

/* Compares on the grid: *identity with no transform at all, *error the sums with the exact one. */
static void compare(const struct imp_colour *colour, enum imp_colour_model model, float *identity,
                    float *error)
{
    unsigned char samples[4 * BATCH];
    float exact[3 * BATCH], other[3 * BATCH];
    size_t count;
    *identity = *error = 0;
    for (size_t done = 0; (count = fill_grid(model, done, samples)) > 0; done += count) {
        convert_batches(colour, model, samples, exact, count);
        convert_batches(NULL, model, samples, other, count);
        *identity = difference(exact, other, 3 * count, *identity);
        if (colour->sums) {
            convert_by_sums(colour->sums, model, samples, other, count);
            *error = difference(exact, other, 3 * count, *error);
        }
    }
}

struct imp_colour *imp_colour_open(const struct imp_colour_source *source,
                                   enum imp_colour_model model)
{
    const bool has_profile = source->profile_size > 0 && source->profile_size <= UINT32_MAX;
    if (has_profile ? imp_srgb_profile_is(source->profile, source->profile_size)
                    : model == IMP_COLOUR_CMYK || same_as_srgb(source))
        return NULL;
    struct imp_colour *colour = calloc(1, sizeof(*colour));
    /* Without an error handler of ours a context keeps Little CMS silent. */
    if (!colour || !(colour->context = cmsCreateContext(NULL, NULL))) {
        free(colour);
        return NULL;
    }
    cmsHPROFILE from = has_profile ? cmsOpenProfileFromMemTHR(colour->context, source->profile,
                                                              (cmsUInt32Number)source->profile_size)
                                   : profile_of_numbers(colour->context, source, model);
    cmsHPROFILE to = cmsCreate_sRGBProfileTHR(colour->context);
    if (from)
        colour->exact = make_transform(colour, from, model, to);
    if (colour->exact && source->bytes && model != IMP_COLOUR_CMYK)
        open_sums(colour, from, model);
    if (from)
        cmsCloseProfile(from);
    if (to)
        cmsCloseProfile(to);
    if (!colour->exact) {
        imp_colour_close(&colour);
        return NULL;
    }
    float identity, error;
    compare(colour, model, &identity, &error);
    if (error > MOST_ERROR) {
        free(colour->sums);
        colour->sums = NULL;
    }
    if (model != IMP_COLOUR_CMYK && identity <= (source->bytes ? STEP : STEP / 8))
        imp_colour_close(&colour);
    return colour;
}

void imp_colour_convert(const struct imp_colour *colour, enum imp_colour_model model,
                        const float *in, float *rgb, size_t pixels)
{
    if (colour)
        convert_exactly(colour, model, in, rgb, pixels);
    else
        convert_plainly(model, in, rgb, pixels);
}

void imp_colour_convert_bytes(const struct imp_colour *colour, enum imp_colour_model model,
                              const unsigned char *in, float *rgb, size_t pixels)
{
    if (colour && colour->sums)
        convert_by_sums(colour->sums, model, in, rgb, pixels);
    else if (colour || model != IMP_COLOUR_RGB)
        convert_batches(colour, model, in, rgb, pixels);
    else
        for (size_t i = 0; i < 3 * pixels; i++)
            rgb[i] = (float)in[i] / 255;
}

void imp_colour_close(struct imp_colour **colour)
{
    if (!*colour)
        return;
    if ((*colour)->exact)
        cmsDeleteTransform((*colour)->exact);
    free((*colour)->sums);
    cmsDeleteContext((*colour)->context);
    free(*colour);
    *colour = NULL;
}

#else

struct imp_colour {
    struct imp_curve curve;
};

struct imp_colour *imp_colour_open(const struct imp_colour_source *source,
                                   enum imp_colour_model model)
{
    if (model == IMP_COLOUR_CMYK || source->profile_size > 0 || same_as_srgb(source) ||
        (source->gamma <= 0 && source->curve.exponent <= 0))
        return NULL;
    struct imp_colour *colour = calloc(1, sizeof(*colour));
    if (colour)
        colour->curve = curve_of(source);
    return colour;
}

void imp_colour_convert(const struct imp_colour *colour, enum imp_colour_model model,
                        const float *in, float *rgb, size_t pixels)
{
    convert_plainly(model, in, rgb, pixels);
    for (size_t i = 0; colour && i < 3 * pixels; i++) {
        const struct imp_curve *k = &colour->curve;
        const double v = (double)rgb[i];
        const double light =
            v < k->limit ? k->slope * v : pow(k->factor * v + k->offset, k->exponent);
        rgb[i] = (float)srgb_encode(light);
    }
}

void imp_colour_convert_bytes(const struct imp_colour *colour, enum imp_colour_model model,
                              const unsigned char *in, float *rgb, size_t pixels)
{
    convert_batches(colour, model, in, rgb, pixels);
}

void imp_colour_close(struct imp_colour **colour)
{
    free(*colour);
    *colour = NULL;
}

#endif
