/* SPDX-License-Identifier: MIT */
/*
 * Seconds of processor time that large pictures take: loading JPEG of 24 megapixels without a
 * profile and with two, shrinking it in linear light, and saving a PNG. For figures of one core:
 *
 *   taskset -c 0 build/tests/bench_pictures [ROUNDS]
 */

#include <impasto/impasto.h>

#include <lcms2.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 6000
#define HEIGHT 4000
#define MOST_ROUNDS 99

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_pictures: %s\n", error->message);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Slopes, waves and some noise, as photographs have. */
static struct impasto_image *paint(int width, int height)
{
    struct impasto_image *image = NULL;
    struct impasto_error error;
    check(impasto_image_create(width, height, &image, &error), &error);
    unsigned noise = 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                noise = noise * 1664525u + 1013904223u;
                const float wave = sinf((float)(x + 40 * c) / 37) * sinf((float)y / 53);
                const float grain = (float)(noise >> 16) / 65535 - 0.5f;
                image->rgb[3 * ((size_t)y * (size_t)width + (size_t)x) + (size_t)c] =
                    0.5f + 0.4f * wave + 0.03f * grain;
            }
    return image;
}

/* Copies a JPEG file with another profile, or NULL: none. */
static void change_profile(const char *from, const char *to, cmsHPROFILE profile)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    unsigned char segment[65540] = "\xff\xe2??ICC_PROFILE\0\1\1", mark[4];
    cmsUInt32Number size = 0;
    if (!in || !out || fread(mark, 1, 2, in) != 2)
        exit(1);
    fwrite(mark, 1, 2, out);
    if (profile) {
        if (!cmsSaveProfileToMem(profile, NULL, &size) || size > sizeof(segment) - 18 ||
            !cmsSaveProfileToMem(profile, segment + 18, &size))
            exit(1);
        segment[2] = (unsigned char)((size + 16) >> 8);
        segment[3] = (unsigned char)(size + 16);
        fwrite(segment, 1, size + 18, out);
        cmsCloseProfile(profile);
    }
    while (fread(mark, 1, 4, in) == 4) {
        const size_t length = (size_t)(mark[2] << 8 | mark[3]) - 2;
        if (fread(segment, 1, length, in) != length)
            exit(1);
        if (mark[1] == 0xe2) /* the old profile */
            continue;
        fwrite(mark, 1, 4, out);
        fwrite(segment, 1, length, out);
        if (mark[1] == 0xda) /* a scan, and nothing but data behind it */
            break;
    }
    for (size_t count; (count = fread(segment, 1, sizeof(segment), in)) > 0;)
        fwrite(segment, 1, count, out);
    if (fclose(in) != 0 || fclose(out) != 0)
        exit(1);
}

static cmsHPROFILE adobe_rgb(void)
{
    const cmsCIExyY white = {0.3127, 0.3290, 1};
    const cmsCIExyYTRIPLE primaries = {{0.64, 0.33, 1}, {0.21, 0.71, 1}, {0.15, 0.06, 1}};
    cmsToneCurve *curve = cmsBuildGamma(NULL, 563.0 / 256);
    cmsToneCurve *const curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return profile;
}

enum work { LOAD, SHRINK, SAVE };

static double median_of(enum work work, const char *path, const struct impasto_image *image,
                        int rounds)
{
    double taken[MOST_ROUNDS] = {0};
    struct impasto_error error;
    for (int i = 0; i < rounds; i++) {
        struct impasto_image *made = NULL;
        const double start = seconds();
        if (work == LOAD)
            check(impasto_image_load(path, 0, &made, &error), &error);
        else if (work == SHRINK)
            check(impasto_image_resize(image, 512, 341, &made, &error), &error);
        else
            check(impasto_image_save(image, path, NULL, &error), &error);
        taken[i] = seconds() - start;
        impasto_image_free(&made);
    }
    qsort(taken, (size_t)rounds, sizeof(*taken), by_value);
    return taken[rounds / 2];
}

int main(int count, char **words)
{
    const int asked = count > 1 ? atoi(words[1]) : 5;
    const int rounds = asked < 1 ? 1 : asked > MOST_ROUNDS ? MOST_ROUNDS : asked;
    char folder[] = "/tmp/impasto-bench-XXXXXX";
    struct impasto_error error;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    struct impasto_image *large = paint(WIDTH, HEIGHT), *result = paint(3000, 2000);
    check(impasto_image_save(large, "srgb.jpg", NULL, &error), &error);
    change_profile("srgb.jpg", "plain.jpg", NULL);
    change_profile("srgb.jpg", "adobe.jpg", adobe_rgb());
    printf("seconds of processor time, the median of %d\n", rounds);
    printf("load a JPEG of 24 megapixels          %.2f\n",
           median_of(LOAD, "plain.jpg", NULL, rounds));
    printf("... with a profile of sRGB            %.2f\n",
           median_of(LOAD, "srgb.jpg", NULL, rounds));
    printf("... with a profile of Adobe RGB       %.2f\n",
           median_of(LOAD, "adobe.jpg", NULL, rounds));
    printf("shrink 24 megapixels to 512 pixels    %.2f\n", median_of(SHRINK, NULL, large, rounds));
    printf("save a PNG of 3000x2000               %.2f\n",
           median_of(SAVE, "result.png", result, rounds));
    impasto_image_free(&large);
    impasto_image_free(&result);
    for (size_t i = 0; i < 4; i++)
        (void)unlink((const char *[]){"plain.jpg", "srgb.jpg", "adobe.jpg", "result.png"}[i]);
    return rmdir(folder) == 0 ? 0 : 1;
}
