/* SPDX-License-Identifier: MIT */
/* Conversions to sRGB: against formulas, the quick one against the exact one, and what needs none.
 */

#include "image_files.h"

#include <math.h>

#ifdef IMP_HAVE_LCMS2

#include <lcms2.h>

static const double p3[8] = {0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06};
static const double bt2020[8] = {0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046};
static const double bt709[8] = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};

static double srgb_light(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double bt709_light(double v)
{
    return v < 0.081 ? v / 4.5 : pow((v + 0.099) / 1.099, 1 / 0.45);
}

static void invert(double m[3][3], double inverse[3][3])
{
    double determinant = 0;
    for (int i = 0; i < 3; i++)
        determinant += m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] -
                                  m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            inverse[j][i] = (m[(i + 1) % 3][(j + 1) % 3] * m[(i + 2) % 3][(j + 2) % 3] -
                             m[(i + 1) % 3][(j + 2) % 3] * m[(i + 2) % 3][(j + 1) % 3]) /
                            determinant;
}

static void apply(double m[3][3], const double in[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
}

/* The matrix from light in the primaries to XYZ. */
static void matrix_of(const double c[8], double m[3][3])
{
    double inverse[3][3], share[3];
    const double white[3] = {c[0] / c[1], 1, (1 - c[0] - c[1]) / c[1]};
    for (int k = 0; k < 3; k++) {
        m[0][k] = c[2 + 2 * k];
        m[1][k] = c[3 + 2 * k];
        m[2][k] = 1 - c[2 + 2 * k] - c[3 + 2 * k];
    }
    invert(m, inverse);
    apply(inverse, white, share);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            m[i][k] *= share[k];
}

/* sRGB of samples in primaries with D65 as white, out of the definitions. */
static void by_formula(const double c[8], double (*light)(double), const float in[3], double out[3])
{
    double from[3][3], to[3][3], back[3][3], linear[3], xyz[3];
    for (int i = 0; i < 3; i++)
        linear[i] = light((double)in[i]);
    matrix_of(c, from);
    matrix_of(bt709, to);
    invert(to, back);
    apply(from, linear, xyz);
    apply(back, xyz, out);
    for (int i = 0; i < 3; i++)
        out[i] = srgb_encode(fmin(1, fmax(0, out[i])));
}

#define STEPS 12

static void expect_formula(const struct imp_colour_source *source, const double c[8],
                           double (*light)(double))
{
    struct imp_colour *colour = imp_colour_open(source, IMP_COLOUR_RGB);
    assert_non_null(colour);
    for (int i = 0; i < STEPS * STEPS * STEPS; i++) {
        const int steps[3] = {i % STEPS, i / STEPS % STEPS, i / STEPS / STEPS};
        const float in[3] = {(float)steps[0] / (STEPS - 1), (float)steps[1] / (STEPS - 1),
                             (float)steps[2] / (STEPS - 1)};
        float rgb[3];
        double expected[3];
        imp_colour_convert(colour, IMP_COLOUR_RGB, in, rgb, 1);
        by_formula(c, light, in, expected);
        for (int k = 0; k < 3; k++)
            assert_near(rgb[k], expected[k], 2e-3);
    }
    imp_colour_close(&colour);
}

/* By numbers, as in PNG's cICP. */
static void numbers_are_converted(void **state)
{
    (void)state;
    static const struct {
        struct imp_cicp cicp;
        const double *chromaticities;
        double (*light)(double);
    } cases[] = {
        {{12, 13}, p3, srgb_light},     {{9, 1}, bt2020, bt709_light},
        {{9, 6}, bt2020, bt709_light},  {{9, 14}, bt2020, bt709_light},
        {{9, 15}, bt2020, bt709_light}, {{9, 13}, bt2020, srgb_light},
        {{1, 1}, bt709, bt709_light},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct imp_colour_source source;
        assert_int_equal(imp_cicp_read(&cases[i].cicp, "x", &source, NULL), IMPASTO_OK);
        expect_formula(&source, cases[i].chromaticities, cases[i].light);
    }
}

/* Primaries alone, as in cHRM without gAMA: the curve is sRGB's own. */
static void primaries_alone(void **state)
{
    (void)state;
    struct imp_colour_source source = {0};
    memcpy(source.chromaticities, p3, sizeof(p3));
    expect_formula(&source, p3, srgb_light);
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/* A profile in memory; to be freed. The profile and the curve are closed. */
static unsigned char *save_profile(cmsHPROFILE profile, size_t *size)
{
    cmsUInt32Number bytes = 0;
    assert_non_null(profile);
    assert_true(cmsSaveProfileToMem(profile, NULL, &bytes));
    unsigned char *memory = malloc(bytes);
    assert_true(cmsSaveProfileToMem(profile, memory, &bytes));
    cmsCloseProfile(profile);
    *size = bytes;
    return memory;
}

static cmsHPROFILE rgb_profile(const double c[8], double gamma)
{
    const cmsCIExyY white = {c[0], c[1], 1};
    const cmsCIExyYTRIPLE primaries = {{c[2], c[3], 1}, {c[4], c[5], 1}, {c[6], c[7], 1}};
    cmsToneCurve *curve = cmsBuildGamma(NULL, gamma);
    cmsToneCurve *const curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return profile;
}

static cmsHPROFILE gray_profile(double gamma)
{
    cmsToneCurve *curve = cmsBuildGamma(NULL, gamma);
    cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
    cmsFreeToneCurve(curve);
    return profile;
}

/* All of 52 levels of each channel, the darkest 16 among them. */
static int level(int i)
{
    return i < 16 ? i : 16 + (i - 16) * 239 / 35;
}

static void expect_quick(cmsHPROFILE profile, enum imp_colour_model model)
{
    enum { LEVELS = 52 };
    struct imp_colour_source source = {.bytes = true};
    unsigned char *bytes = save_profile(profile, &source.profile_size);
    source.profile = bytes;
    struct imp_colour *colour = imp_colour_open(&source, model);
    assert_non_null(colour);
    const int others = model == IMP_COLOUR_GRAY ? 1 : LEVELS * LEVELS;
    for (int i = 0; i < others; i++) {
        unsigned char in[3 * LEVELS];
        float floats[3 * LEVELS], exact[3 * LEVELS], quick[3 * LEVELS];
        for (int k = 0; k < LEVELS; k++) {
            const int channels[3] = {level(k), level(i % LEVELS), level(i / LEVELS)};
            for (int c = 0; c < (int)model; c++) {
                in[k * (int)model + c] = (unsigned char)channels[c];
                floats[k * (int)model + c] = (float)channels[c] / 255;
            }
        }
        imp_colour_convert(colour, model, floats, exact, LEVELS);
        imp_colour_convert_bytes(colour, model, in, quick, LEVELS);
        for (int k = 0; k < 3 * LEVELS; k++)
            assert_near(quick[k], (double)exact[k], 1e-3);
    }
    imp_colour_close(&colour);
    free(bytes);
}

static void bytes_are_near_the_exact(void **state)
{
    (void)state;
    static const double adobe[8] = {0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06};
    static const double prophoto[8] = {0.3457,   0.3585,   0.734699, 0.265301,
                                       0.159597, 0.840403, 0.036598, 0.000105};
    expect_quick(rgb_profile(adobe, 563.0 / 256), IMP_COLOUR_RGB);
    expect_quick(rgb_profile(p3, 2.2), IMP_COLOUR_RGB);
    expect_quick(rgb_profile(prophoto, 1.8), IMP_COLOUR_RGB);
    expect_quick(rgb_profile(bt709, 1), IMP_COLOUR_RGB);
    expect_quick(gray_profile(1.8), IMP_COLOUR_GRAY);
    expect_quick(gray_profile(1), IMP_COLOUR_GRAY);
}

/* ---- What needs nothing --------------------------------------------------------------------- */

static void profiles_of_srgb(void **state)
{
    (void)state;
    struct imp_colour_source source = {.bytes = true};
    unsigned char *bytes = save_profile(cmsCreate_sRGBProfile(), &source.profile_size);
    source.profile = bytes;
    assert_null(imp_colour_open(&source, IMP_COLOUR_RGB));
    source.bytes = false;
    assert_null(imp_colour_open(&source, IMP_COLOUR_RGB));
    free(bytes);
    /* The name is not asked: this one is called sRGB, and is not. */
    source = (struct imp_colour_source){.bytes = true};
    cmsHPROFILE other = rgb_profile(bt709, 2.2);
    cmsMLU *name = cmsMLUalloc(NULL, 1);
    assert_true(cmsMLUsetASCII(name, "en", "US", "sRGB IEC61966-2.1"));
    assert_true(cmsWriteTag(other, cmsSigProfileDescriptionTag, name));
    cmsMLUfree(name);
    bytes = save_profile(other, &source.profile_size);
    source.profile = bytes;
    struct imp_colour *colour = imp_colour_open(&source, IMP_COLOUR_RGB);
    assert_non_null(colour);
    imp_colour_close(&colour);
    free(bytes);
}

#endif

static void numbers_of_srgb(void **state)
{
    (void)state;
    struct imp_colour_source source;
    assert_int_equal(imp_cicp_read(&(struct imp_cicp){1, 13}, "x", &source, NULL), IMPASTO_OK);
    assert_null(imp_colour_open(&source, IMP_COLOUR_RGB));
    assert_null(imp_colour_open(&source, IMP_COLOUR_GRAY));
    const unsigned char in[6] = {0, 1, 128, 200, 254, 255};
    float rgb[6];
    imp_colour_convert_bytes(NULL, IMP_COLOUR_RGB, in, rgb, 2);
    for (int i = 0; i < 6; i++)
        assert_near(rgb[i], in[i] / 255.0, 1e-7);
}

static void numbers_refused(void **state)
{
    (void)state;
    static const struct {
        struct imp_cicp cicp;
        const char *reason;
    } cases[] = {
        {{9, 16}, "HDR picture (PQ)"},
        {{9, 18}, "HDR picture (HLG)"},
        {{1, 9}, "cICP 1/9"},
        {{10, 13}, "cICP 10/13"},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        struct imp_colour_source source;
        struct impasto_error error = {0};
        assert_true(imp_cicp_is_stated(&cases[i].cicp));
        assert_int_equal(imp_cicp_read(&cases[i].cicp, "x.png", &source, &error),
                         IMPASTO_ERROR_INPUT);
        assert_non_null(strstr(error.message, cases[i].reason));
        assert_non_null(strstr(error.message, "x.png: "));
    }
    static const struct imp_cicp nothing[] = {{2, 13}, {1, 2}, {0, 13}, {1, 0}, {3, 13}, {1, 99}};
    for (size_t i = 0; i < IMP_COUNT(nothing); i++)
        assert_false(imp_cicp_is_stated(&nothing[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(numbers_are_converted),    cmocka_unit_test(primaries_alone),
        cmocka_unit_test(bytes_are_near_the_exact), cmocka_unit_test(profiles_of_srgb),
#endif
        cmocka_unit_test(numbers_of_srgb),          cmocka_unit_test(numbers_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
