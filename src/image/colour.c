/* SPDX-License-Identifier: MIT */
/* From a file's own colours to sRGB, by Little CMS where it is built in, else by gamma alone. The only
 * file that knows lcms2. */

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
    if (source->gamma > 0 && fabs(source->gamma / SRGB_GAMMA - 1) > GAMMA_TOLERANCE)
        return false;
    if (source->chromaticities[0] > 0)
        for (int i = 0; i < 8; i++)
            if (fabs(source->chromaticities[i] - srgb[i]) > 0.005)
                return false;
    return true;
}

/* What happens without a transform: see imp_colour_open. */
static void convert_plainly(enum imp_colour_model model, double gamma, const float *in, float *rgb,
                            size_t pixels)
{
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++) {
            const float *sample = in + i * (size_t)model;
            float v = model == IMP_COLOUR_GRAY  ? sample[0]
                      : model == IMP_COLOUR_RGB ? sample[c]
                                                : (1 - sample[c]) * (1 - sample[3]);
            if (gamma > 0)
                v = (float)srgb_encode(pow((double)v, 1 / gamma));
            rgb[3 * i + c] = v;
        }
}

#ifdef IMP_HAVE_LCMS2

#include <lcms2.h>

struct imp_colour {
    cmsContext context;
    cmsHTRANSFORM transform;
};

static cmsColorSpaceSignature space_of(enum imp_colour_model model)
{
    return model == IMP_COLOUR_GRAY  ? cmsSigGrayData
           : model == IMP_COLOUR_RGB ? cmsSigRgbData
                                     : cmsSigCmykData;
}

static cmsHPROFILE profile_of_gamma(cmsContext context, const struct imp_colour_source *source,
                                    enum imp_colour_model model)
{
    const double *c = source->chromaticities;
    const bool named = c[0] > 0;
    const cmsCIExyY white = {named ? c[0] : 0.3127, named ? c[1] : 0.3290, 1};
    const cmsCIExyYTRIPLE primaries = {{named ? c[2] : 0.64, named ? c[3] : 0.33, 1},
                                       {named ? c[4] : 0.30, named ? c[5] : 0.60, 1},
                                       {named ? c[6] : 0.15, named ? c[7] : 0.06, 1}};
    const double gamma = source->gamma > 0 ? 1 / source->gamma : 2.2;
    cmsToneCurve *curve = cmsBuildGamma(context, gamma);
    if (!curve)
        return NULL;
    cmsToneCurve *const curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = model == IMP_COLOUR_GRAY
                              ? cmsCreateGrayProfileTHR(context, &white, curve)
                              : cmsCreateRGBProfileTHR(context, &white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return profile;
}

/* Little CMS takes CMYK as percentages of ink when samples are floats. */
#define INK_SCALE 100.0f

struct imp_colour *imp_colour_open(const struct imp_colour_source *source,
                                   enum imp_colour_model model)
{
    const bool has_profile = source->profile_size > 0 && source->profile_size <= UINT32_MAX;
    if (!has_profile && (model == IMP_COLOUR_CMYK || same_as_srgb(source)))
        return NULL;
    struct imp_colour *colour = calloc(1, sizeof(*colour));
    /* Without an error handler of ours a context keeps Little CMS silent. */
    if (!colour || !(colour->context = cmsCreateContext(NULL, NULL))) {
        free(colour);
        return NULL;
    }
    cmsHPROFILE from = has_profile
                           ? cmsOpenProfileFromMemTHR(colour->context, source->profile,
                                                      (cmsUInt32Number)source->profile_size)
                           : profile_of_gamma(colour->context, source, model);
    cmsHPROFILE to = cmsCreate_sRGBProfileTHR(colour->context);
    if (from && to && cmsGetColorSpace(from) == space_of(model))
        colour->transform = cmsCreateTransformTHR(
            colour->context, from,
            model == IMP_COLOUR_GRAY  ? TYPE_GRAY_FLT
            : model == IMP_COLOUR_RGB ? TYPE_RGB_FLT
                                      : TYPE_CMYK_FLT,
            to, TYPE_RGB_FLT, INTENT_RELATIVE_COLORIMETRIC,
            cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE);
    if (from)
        cmsCloseProfile(from);
    if (to)
        cmsCloseProfile(to);
    if (!colour->transform)
        imp_colour_close(&colour);
    return colour;
}

void imp_colour_convert(const struct imp_colour *colour, enum imp_colour_model model,
                        const float *in, float *rgb, size_t pixels)
{
    if (!colour) {
        convert_plainly(model, 0, in, rgb, pixels);
        return;
    }
    float batch[4 * 256];
    for (size_t done = 0; done < pixels; done += 256) {
        const size_t count = pixels - done < 256 ? pixels - done : 256;
        const float scale = model == IMP_COLOUR_CMYK ? INK_SCALE : 1;
        for (size_t i = 0; i < count * (size_t)model; i++)
            batch[i] = scale * in[done * (size_t)model + i];
        float *out = rgb + 3 * done;
        cmsDoTransform(colour->transform, batch, out, (cmsUInt32Number)count);
        for (size_t i = 0; i < 3 * count; i++)
            out[i] = out[i] > 0 ? (out[i] < 1 ? out[i] : 1) : 0;
    }
}

void imp_colour_close(struct imp_colour **colour)
{
    if (!*colour)
        return;
    if ((*colour)->transform)
        cmsDeleteTransform((*colour)->transform);
    cmsDeleteContext((*colour)->context);
    free(*colour);
    *colour = NULL;
}

#else

struct imp_colour {
    double gamma;
};

struct imp_colour *imp_colour_open(const struct imp_colour_source *source,
                                   enum imp_colour_model model)
{
    if (model == IMP_COLOUR_CMYK || source->profile_size > 0 || same_as_srgb(source) ||
        source->gamma <= 0)
        return NULL;
    struct imp_colour *colour = calloc(1, sizeof(*colour));
    if (colour)
        colour->gamma = source->gamma;
    return colour;
}

void imp_colour_convert(const struct imp_colour *colour, enum imp_colour_model model,
                        const float *in, float *rgb, size_t pixels)
{
    convert_plainly(model, colour ? colour->gamma : 0, in, rgb, pixels);
}

void imp_colour_close(struct imp_colour **colour)
{
    free(*colour);
    *colour = NULL;
}

#endif
