/* SPDX-License-Identifier: MIT */
/* PNG and JPEG files of every kind, written here by libpng and libjpeg or by hand, against the values
 * that went into them; what is carried over; what is refused. */

#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "files.h"
#include "image/formats.h"

#include <math.h>

#include <jpeglib.h>
#include <png.h>
#ifdef IMP_HAVE_LCMS2
#include <lcms2.h>
#endif

#define WIDTH 13
#define HEIGHT 9
#define PIXELS (WIDTH * HEIGHT)
#define MUTATIONS 4000

static struct impasto_image *expect_image(const char *path)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    if (impasto_image_load(path, 0, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

static void expect_refusal(const char *path, uint64_t max_pixels, const char *reason)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    const enum impasto_status status = impasto_image_load(path, max_pixels, &image, &error);
    if (status != IMPASTO_ERROR_INPUT || !strstr(error.message, reason))
        fail_msg("expected \"%s\", got %d: %s", reason, (int)status, error.message);
    assert_null(image);
    assert_non_null(strstr(error.message, path));
    assert_null(strchr(error.message, '\n'));
}

static void assert_near(float got, double expected, double tolerance)
{
    if (!(fabs((double)got - expected) <= tolerance))
        fail_msg("got %g, expected %g", (double)got, expected);
}

/* ---- PNG files of every type ------------------------------------------------------------------ */

struct png_case {
    int type, depth, interlace;
    bool transparent; /* with a tRNS chunk */
    double gamma;     /* gAMA; 0: none */
    const unsigned char *profile;
    size_t profile_size;
    const unsigned char *exif;
    size_t exif_size;
};

#define PALETTE_SIZE(depth) (1 << (depth))

static png_color palette_colour(int i)
{
    return (png_color){(png_byte)(37 * i), (png_byte)(255 - 11 * i), (png_byte)(91 * i + 5)};
}

static int channels_of(int type)
{
    return type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_PALETTE ? 1
           : type == PNG_COLOR_TYPE_GRAY_ALPHA                           ? 2
           : type == PNG_COLOR_TYPE_RGB                                  ? 3
                                                                         : 4;
}

/* The sample that goes into the file. */
static unsigned sample(int depth, int x, int y, int c)
{
    return imp_rng_bits(3, (uint32_t)c, (uint64_t)(y * WIDTH + x)) % (1u << depth);
}

static void write_png(const char *path, const struct png_case *c)
{
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(file);
    assert_non_null(info);
    if (setjmp(png_jmpbuf(png)))
        fail_msg("libpng could not write %s", path);
    png_init_io(png, file);
    png_set_IHDR(png, info, WIDTH, HEIGHT, c->depth, c->type, c->interlace, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    if (c->type == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[256];
        png_byte alphas[256];
        for (int i = 0; i < PALETTE_SIZE(c->depth); i++) {
            palette[i] = palette_colour(i);
            alphas[i] = (png_byte)(255 - i);
        }
        png_set_PLTE(png, info, palette, PALETTE_SIZE(c->depth));
        if (c->transparent)
            png_set_tRNS(png, info, alphas, PALETTE_SIZE(c->depth), NULL);
    } else if (c->transparent) {
        const png_color_16 colour = {.red = (png_uint_16)sample(c->depth, 0, 0, 0),
                                     .green = (png_uint_16)sample(c->depth, 0, 0, 1),
                                     .blue = (png_uint_16)sample(c->depth, 0, 0, 2),
                                     .gray = (png_uint_16)sample(c->depth, 0, 0, 0)};
        png_set_tRNS(png, info, NULL, 0, &colour);
    }
    if (c->gamma > 0)
        png_set_gAMA(png, info, c->gamma);
    if (c->profile)
        png_set_iCCP(png, info, "test", PNG_COMPRESSION_TYPE_BASE, c->profile,
                     (png_uint_32)c->profile_size);
    png_byte exif[256];
    if (c->exif) {
        memcpy(exif, c->exif, c->exif_size);
        png_set_eXIf_1(png, info, (png_uint_32)c->exif_size, exif);
    }
    const int channels = channels_of(c->type);
    png_byte rows[HEIGHT][WIDTH * 8] = {{0}};
    png_bytep pointers[HEIGHT];
    for (int y = 0; y < HEIGHT; y++) {
        pointers[y] = rows[y];
        for (int i = 0; i < WIDTH * channels; i++) {
            const unsigned v = sample(c->depth, i / channels, y, i % channels);
            if (c->depth == 16) {
                rows[y][2 * i] = (png_byte)(v >> 8);
                rows[y][2 * i + 1] = (png_byte)v;
            } else {
                const int bit = i * c->depth;
                rows[y][bit / 8] |= (png_byte)(v << (8 - c->depth - bit % 8));
            }
        }
    }
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
}

/* What a reader should make of pixel (x, y): colours and alpha in [0, 1]. */
static void png_pixel(const struct png_case *c, int x, int y, double rgba[4])
{
    const double top = (1 << c->depth) - 1;
    const unsigned first = sample(c->depth, x, y, 0);
    rgba[3] = 1;
    if (c->type == PNG_COLOR_TYPE_PALETTE) {
        const png_color colour = palette_colour((int)first);
        rgba[0] = colour.red / 255.0, rgba[1] = colour.green / 255.0, rgba[2] = colour.blue / 255.0;
        if (c->transparent)
            rgba[3] = (255 - (int)first) / 255.0;
        return;
    }
    const bool colour = (c->type & PNG_COLOR_MASK_COLOR) != 0;
    bool same = true;
    for (int k = 0; k < 3; k++) {
        rgba[k] = sample(c->depth, x, y, colour ? k : 0) / top;
        same = same && sample(c->depth, x, y, colour ? k : 0) == sample(c->depth, 0, 0, colour ? k : 0);
    }
    if (c->type & PNG_COLOR_MASK_ALPHA)
        rgba[3] = sample(c->depth, x, y, colour ? 3 : 1) / top;
    else if (c->transparent)
        rgba[3] = same ? 0 : 1;
}

static void png_types(void **state)
{
    (void)state;
    static const struct {
        int type, depths[6];
        bool transparent;
    } types[] = {
        {PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}, true},
        {PNG_COLOR_TYPE_PALETTE, {1, 2, 4, 8}, true},
        {PNG_COLOR_TYPE_RGB, {8, 16}, true},
        {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}, false},
        {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}, false},
    };
    for (size_t t = 0; t < IMP_COUNT(types); t++)
        for (int d = 0; types[t].depths[d]; d++)
            for (int variant = 0; variant < (types[t].transparent ? 4 : 2); variant++) {
                const struct png_case c = {.type = types[t].type,
                                           .depth = types[t].depths[d],
                                           .interlace = variant & 1,
                                           .transparent = variant > 1};
                write_png(in_folder("case.png"), &c);
                struct impasto_image *image = expect_image(in_folder("case.png"));
                assert_int_equal(image->width, WIDTH);
                assert_int_equal(image->height, HEIGHT);
                assert_int_equal(image->alpha != NULL,
                                 c.transparent || (c.type & PNG_COLOR_MASK_ALPHA) != 0);
                for (int i = 0; i < PIXELS; i++) {
                    double rgba[4];
                    png_pixel(&c, i % WIDTH, i / WIDTH, rgba);
                    for (int k = 0; k < 3; k++)
                        assert_near(image->rgb[3 * i + k], rgba[k], 1e-6);
                    if (image->alpha)
                        assert_near(image->alpha[i], rgba[3], 1e-6);
                }
                impasto_image_free(&image);
            }
}

/* ---- Colour ------------------------------------------------------------------------------------ */

static double srgb_encode(double linear)
{
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
}

/* Samples that are linear light come out encoded. */
static void expect_linear_read(const char *path)
{
    const struct png_case plain = {.type = PNG_COLOR_TYPE_RGB, .depth = 16};
    struct impasto_image *image = expect_image(path);
    for (int i = 0; i < PIXELS; i++) {
        double rgba[4];
        png_pixel(&plain, i % WIDTH, i / WIDTH, rgba);
        /* Little CMS tabulates curves. */
        for (int k = 0; k < 3; k++)
            assert_near(image->rgb[3 * i + k], srgb_encode(rgba[k]), 2e-3);
    }
    impasto_image_free(&image);
}

static void gamma_is_honoured(void **state)
{
    (void)state;
    const struct png_case c = {.type = PNG_COLOR_TYPE_RGB, .depth = 16, .gamma = 1};
    write_png(in_folder("linear.png"), &c);
    expect_linear_read(in_folder("linear.png"));
    /* 1/2.2 is what writers put for sRGB: nothing changes. */
    const struct png_case usual = {.type = PNG_COLOR_TYPE_GRAY, .depth = 8, .gamma = 0.45455};
    write_png(in_folder("usual.png"), &usual);
    struct impasto_image *image = expect_image(in_folder("usual.png"));
    for (int i = 0; i < PIXELS; i++)
        assert_near(image->rgb[3 * i], sample(8, i % WIDTH, i / WIDTH, 0) / 255.0, 1e-6);
    impasto_image_free(&image);
}

#ifdef IMP_HAVE_LCMS2
/* A profile with sRGB's primaries and linear curves; to be freed. */
static unsigned char *linear_profile(size_t *size)
{
    const cmsCIExyY white = {0.3127, 0.3290, 1};
    const cmsCIExyYTRIPLE primaries = {{0.64, 0.33, 1}, {0.30, 0.60, 1}, {0.15, 0.06, 1}};
    cmsToneCurve *curve = cmsBuildGamma(NULL, 1);
    cmsToneCurve *const curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsUInt32Number bytes = 0;
    assert_true(cmsSaveProfileToMem(profile, NULL, &bytes));
    unsigned char *memory = malloc(bytes);
    assert_true(cmsSaveProfileToMem(profile, memory, &bytes));
    cmsCloseProfile(profile);
    cmsFreeToneCurve(curve);
    *size = bytes;
    return memory;
}

static void profiles_are_honoured(void **state)
{
    (void)state;
    size_t size;
    unsigned char *profile = linear_profile(&size);
    struct png_case c = {.type = PNG_COLOR_TYPE_RGB,
                         .depth = 16,
                         .profile = profile,
                         .profile_size = size};
    write_png(in_folder("profile.png"), &c);
    expect_linear_read(in_folder("profile.png"));
    /* A broken one is ignored. Header and table of tags stay, or libpng would not take it. */
    const size_t tags_end = 132 + 12 * (size_t)profile[131];
    memset(profile + tags_end, 0xff, size - tags_end);
    write_png(in_folder("broken.png"), &c);
    struct impasto_image *image = expect_image(in_folder("broken.png"));
    assert_near(image->rgb[0], sample(16, 0, 0, 0) / 65535.0, 1e-6);
    impasto_image_free(&image);
    free(profile);
}
#endif

/* ---- JPEG files -------------------------------------------------------------------------------- */

struct jpeg_case {
    J_COLOR_SPACE space;
    bool adobe, progressive;
    const unsigned char *exif;
    size_t exif_size;
    const unsigned char *profile;
    size_t profile_size;
    int pieces; /* of the profile */
};

#define BLOCK 16 /* pixels of one colour, so that compression hardly changes them */
#define JPEG_WIDTH (3 * BLOCK)
#define JPEG_HEIGHT (2 * BLOCK)

/* The channels of block (bx, by): far apart in every channel, so that no two blocks look alike. */
static JSAMPLE jpeg_sample(int bx, int by, int c)
{
    return (JSAMPLE)((60 + 97 * bx + 53 * by + 31 * c * (1 + bx)) % 256);
}

static void write_jpeg(const char *path, const struct jpeg_case *c)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = JPEG_WIDTH;
    jpeg.image_height = JPEG_HEIGHT;
    jpeg.in_color_space = c->space;
    jpeg.input_components = c->space == JCS_GRAYSCALE ? 1 : c->space == JCS_CMYK ? 4 : 3;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    if (c->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg.write_Adobe_marker = c->adobe;
    jpeg_start_compress(&jpeg, TRUE);
    if (c->exif) {
        unsigned char segment[300] = "Exif\0";
        memcpy(segment + 6, c->exif, c->exif_size);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, segment, (unsigned)(6 + c->exif_size));
    }
    for (int i = c->pieces; i >= 1; i--) { /* the last first: numbers say the order */
        const size_t from = c->profile_size * (size_t)(i - 1) / (size_t)c->pieces;
        const size_t to = c->profile_size * (size_t)i / (size_t)c->pieces;
        unsigned char *segment = calloc(1, 14 + to - from);
        memcpy(segment, "ICC_PROFILE", 12);
        segment[12] = (unsigned char)i;
        segment[13] = (unsigned char)c->pieces;
        memcpy(segment + 14, c->profile + from, to - from);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 2, segment, (unsigned)(14 + to - from));
        free(segment);
    }
    for (int y = 0; y < JPEG_HEIGHT; y++) {
        JSAMPLE row[JPEG_WIDTH * 4], *pointer = row;
        for (int i = 0; i < JPEG_WIDTH * jpeg.input_components; i++)
            row[i] = jpeg_sample(i / jpeg.input_components / BLOCK, y / BLOCK,
                                 i % jpeg.input_components);
        jpeg_write_scanlines(&jpeg, &pointer, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
}

static void jpeg_types(void **state)
{
    (void)state;
    static const struct jpeg_case cases[] = {
        {.space = JCS_GRAYSCALE},
        {.space = JCS_RGB},
        {.space = JCS_RGB, .progressive = true},
        {.space = JCS_CMYK},
        {.space = JCS_CMYK, .adobe = true},
    };
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        write_jpeg(in_folder("case.jpg"), &cases[i]);
        struct impasto_image *image = expect_image(in_folder("case.jpg"));
        assert_int_equal(image->width, JPEG_WIDTH);
        assert_int_equal(image->height, JPEG_HEIGHT);
        assert_null(image->alpha);
        for (int y = BLOCK / 2; y < JPEG_HEIGHT; y += BLOCK)
            for (int x = BLOCK / 2; x < JPEG_WIDTH; x += BLOCK)
                for (int k = 0; k < 3; k++) {
                    const bool gray = cases[i].space == JCS_GRAYSCALE;
                    double v = jpeg_sample(x / BLOCK, y / BLOCK, gray ? 0 : k) / 255.0;
                    double black = jpeg_sample(x / BLOCK, y / BLOCK, 3) / 255.0;
                    if (cases[i].space == JCS_CMYK)
                        /* Adobe's are inverted, so that the sample is what light is left. */
                        v = cases[i].adobe ? v * black : (1 - v) * (1 - black);
                    assert_near(image->rgb[3 * (y * JPEG_WIDTH + x) + k], v, 0.02);
                }
        impasto_image_free(&image);
    }
}

#ifdef IMP_HAVE_LCMS2
static void jpeg_profile_in_pieces(void **state)
{
    (void)state;
    size_t size;
    unsigned char *profile = linear_profile(&size);
    for (int pieces = 1; pieces <= 3; pieces++) {
        const struct jpeg_case c = {
            .space = JCS_RGB, .profile = profile, .profile_size = size, .pieces = pieces};
        write_jpeg(in_folder("profile.jpg"), &c);
        struct impasto_image *image = expect_image(in_folder("profile.jpg"));
        const int at = 3 * (BLOCK / 2 * JPEG_WIDTH + BLOCK / 2);
        for (int k = 0; k < 3; k++)
            assert_near(image->rgb[at + k], srgb_encode(jpeg_sample(0, 0, k) / 255.0), 0.03);
        impasto_image_free(&image);
    }
    free(profile);
}
#endif

/* ---- EXIF -------------------------------------------------------------------------------------- */

/* A block with a maker's name and the orientation; returns its size. */
static size_t make_exif(unsigned char *block, bool big, int orientation)
{
    static const unsigned char little_block[] = {
        'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0,                    /* header, two entries */
        0x0f, 0x01, 2, 0, 4, 0, 0, 0, 'a', 'b', 'c', 0,       /* Make */
        0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* Orientation, no next directory */
    };
    static const unsigned char big_block[] = {
        'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2,
        0x01, 0x0f, 0, 2, 0, 0, 0, 4, 'a', 'b', 'c', 0,
        0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    memcpy(block, big ? big_block : little_block, sizeof(big_block));
    block[30 + big] = (unsigned char)orientation;
    return sizeof(big_block);
}

enum side { TOP, BOTTOM, LEFT, RIGHT };

/* The standard's own words for 1 to 8: where row 0 and column 0 of the stored picture are seen. */
static const enum side seen[8][2] = {
    {TOP, LEFT}, {TOP, RIGHT}, {BOTTOM, RIGHT}, {BOTTOM, LEFT},
    {LEFT, TOP}, {RIGHT, TOP}, {RIGHT, BOTTOM}, {LEFT, BOTTOM},
};

/* Where stored (row, column) of rows x columns is seen. */
static void seen_at(int orientation, int rows, int columns, int row, int column, int *x, int *y)
{
    const enum side *side = seen[orientation - 1];
    for (int k = 0; k < 2; k++) {
        const int at = k == 0 ? row : column, last = (k == 0 ? rows : columns) - 1;
        switch (side[k]) {
        case TOP: *y = at; break;
        case BOTTOM: *y = last - at; break;
        case LEFT: *x = at; break;
        case RIGHT: *x = last - at; break;
        }
    }
}

static void orientations(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int big = 0; big < 2; big++) {
            unsigned char exif[64];
            const size_t size = make_exif(exif, big != 0, orientation);
            const bool sideways = orientation >= 5;
            int x = 0, y = 0;

            const struct png_case p = {
                .type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 8, .exif = exif, .exif_size = size};
            write_png(in_folder("turned.png"), &p);
            struct impasto_image *image = expect_image(in_folder("turned.png"));
            assert_int_equal(image->width, sideways ? HEIGHT : WIDTH);
            assert_int_equal(image->height, sideways ? WIDTH : HEIGHT);
            for (int i = 0; i < PIXELS; i++) {
                double rgba[4];
                png_pixel(&p, i % WIDTH, i / WIDTH, rgba);
                seen_at(orientation, HEIGHT, WIDTH, i / WIDTH, i % WIDTH, &x, &y);
                assert_near(image->rgb[3 * (y * image->width + x)], rgba[0], 1e-6);
                assert_near(image->alpha[y * image->width + x], rgba[3], 1e-6);
            }
            /* The block came along, saying that the picture is upright now. */
            assert_int_equal(image->metadata_size, size);
            assert_int_equal(imp_exif_orientation(image->metadata, size, false), 1);
            exif[30 + big] = 1;
            assert_memory_equal(image->metadata, exif, size);
            impasto_image_free(&image);

            make_exif(exif, big != 0, orientation);
            const struct jpeg_case j = {.space = JCS_RGB, .exif = exif, .exif_size = size};
            write_jpeg(in_folder("turned.jpg"), &j);
            image = expect_image(in_folder("turned.jpg"));
            assert_int_equal(image->width, sideways ? JPEG_HEIGHT : JPEG_WIDTH);
            for (int by = 0; by < 2; by++)
                for (int bx = 0; bx < 3; bx++) {
                    seen_at(orientation, JPEG_HEIGHT, JPEG_WIDTH, by * BLOCK + BLOCK / 2,
                            bx * BLOCK + BLOCK / 2, &x, &y);
                    for (int k = 0; k < 3; k++)
                        assert_near(image->rgb[3 * (y * image->width + x) + k],
                                    jpeg_sample(bx, by, k) / 255.0, 0.02);
                }
            assert_int_equal(imp_exif_orientation(image->metadata, image->metadata_size, false), 1);
            impasto_image_free(&image);
        }
}

/* Blocks that make no sense leave the picture as it is, whatever they claim. */
static void damaged_exif(void **state)
{
    (void)state;
    unsigned char sound[64], changed[64];
    const size_t size = make_exif(sound, true, 6);
    for (int i = 0; i < MUTATIONS; i++) {
        const size_t length = damage(sound, size, size - 8, 5, i, changed);
        /* An exact allocation, so that a sanitizer sees the first byte beyond. */
        unsigned char *block = malloc(length ? length : 1);
        memcpy(block, changed, length);
        const int orientation = imp_exif_orientation(block, length, true);
        assert_in_range(orientation, 1, 8);
        free(block);
    }
    assert_int_equal(imp_exif_orientation(NULL, 0, true), 1);
}

/* ---- Saving ------------------------------------------------------------------------------------ */

static struct impasto_image *create(bool alpha)
{
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(WIDTH, HEIGHT, &image, NULL), IMPASTO_OK);
    if (alpha)
        assert_int_equal(imp_image_add_alpha(image, NULL), IMPASTO_OK);
    for (int i = 0; i < PIXELS; i++) {
        for (int k = 0; k < 3; k++)
            image->rgb[3 * i + k] = imp_rng_uniform(4, 0, (uint64_t)(3 * i + k));
        if (alpha)
            image->alpha[i] = imp_rng_uniform(4, 1, (uint64_t)i);
    }
    return image;
}

static void round_trips(void **state)
{
    (void)state;
    for (int bits = 8; bits <= 16; bits += 8)
        for (int alpha = 0; alpha < 2; alpha++) {
            struct impasto_image *image = create(alpha != 0), *back;
            image->metadata = malloc(64);
            image->metadata_size = make_exif(image->metadata, false, 1);
            const double half_step = 0.5 / ((1 << bits) - 1) + 1e-7;
            assert_int_equal(impasto_image_save(image, in_folder("out.PNG"), bits, NULL), IMPASTO_OK);
            back = expect_image(in_folder("out.PNG"));
            for (int i = 0; i < 3 * PIXELS; i++)
                assert_near(back->rgb[i], (double)image->rgb[i], half_step);
            assert_int_equal(back->alpha != NULL, alpha);
            for (int i = 0; alpha && i < PIXELS; i++)
                assert_near(back->alpha[i], (double)image->alpha[i], half_step);
            assert_int_equal(back->metadata_size, image->metadata_size);
            assert_memory_equal(back->metadata, image->metadata, image->metadata_size);
            /* And what was loaded saves to the same pixels. */
            assert_int_equal(impasto_image_save(back, in_folder("again.png"), bits, NULL), IMPASTO_OK);
            size_t size, again_size;
            unsigned char *bytes = read_bytes(in_folder("out.PNG"), &size);
            unsigned char *again = read_bytes(in_folder("again.png"), &again_size);
            assert_int_equal(size, again_size);
            assert_memory_equal(bytes, again, size);
            free(bytes);
            free(again);
            impasto_image_free(&back);
            impasto_image_free(&image);
        }
}

static void jpeg_saving(void **state)
{
    (void)state;
    struct impasto_image *image = NULL, *back;
    assert_int_equal(impasto_image_create(32, 16, &image, NULL), IMPASTO_OK);
    assert_int_equal(imp_image_add_alpha(image, NULL), IMPASTO_OK);
    for (int i = 0; i < 32 * 16; i++) {
        const bool right = i % 32 >= 16;
        image->rgb[3 * i] = right ? 0.9f : 0.2f;
        image->rgb[3 * i + 1] = 0.4f;
        image->alpha[i] = right ? 0.25f : 1;
    }
    image->metadata = malloc(64);
    image->metadata_size = make_exif(image->metadata, false, 1);
    assert_int_equal(impasto_image_save(image, in_folder("out.jpeg"), 8, NULL), IMPASTO_OK);
    back = expect_image(in_folder("out.jpeg"));
    assert_null(back->alpha);
    /* Transparency over white. */
    assert_near(back->rgb[3 * (8 * 32 + 8)], 0.2, 0.02);
    assert_near(back->rgb[3 * (8 * 32 + 24)], 0.25 * 0.9 + 0.75, 0.02);
    assert_near(back->rgb[3 * (8 * 32 + 24) + 1], 0.25 * 0.4 + 0.75, 0.02);
    assert_int_equal(back->metadata_size, image->metadata_size);
    assert_memory_equal(back->metadata, image->metadata, image->metadata_size);
    impasto_image_free(&back);
    impasto_image_free(&image);
}

static void strange_values(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.1f, 1.1f};
    static const float expected[] = {0, 1, 0, 0, 1};
    struct impasto_image *image = create(false);
    memcpy(image->rgb, values, sizeof(values));
    for (int bits = 8; bits <= 16; bits += 8) {
        assert_int_equal(impasto_image_save(image, in_folder("s.png"), bits, NULL), IMPASTO_OK);
        struct impasto_image *back = expect_image(in_folder("s.png"));
        assert_memory_equal(back->rgb, expected, sizeof(expected));
        impasto_image_free(&back);
    }
    assert_int_equal(impasto_image_save(image, in_folder("s.jpg"), 8, NULL), IMPASTO_OK);
    impasto_image_free(&image);
}

/* In memory: the very bytes of the file. */
static void encoding(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int bits;
    } cases[] = {{"mem.png", 8}, {"mem.png", 16}, {"mem.jpg", 8}};
    struct impasto_image *image = create(true);
    image->metadata = malloc(64);
    image->metadata_size = make_exif(image->metadata, false, 1);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        unsigned char *bytes = NULL;
        size_t size = 0, file_size;
        assert_int_equal(impasto_image_save(image, in_folder(cases[i].name), cases[i].bits, NULL),
                         IMPASTO_OK);
        assert_int_equal(
            impasto_image_encode(image, cases[i].name, cases[i].bits, &bytes, &size, NULL),
            IMPASTO_OK);
        unsigned char *file = read_bytes(in_folder(cases[i].name), &file_size);
        assert_int_equal(size, file_size);
        assert_memory_equal(bytes, file, size);
        free(file);
        free(bytes);
        assert_int_equal(unlink(in_folder(cases[i].name)), 0);
    }
    unsigned char *untouched = NULL;
    size_t size = 7;
    struct impasto_error error;
    assert_int_equal(impasto_image_encode(image, "x.gif", 8, &untouched, &size, &error),
                     IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_image_encode(image, "x.jpg", 16, &untouched, &size, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(untouched);
    assert_int_equal(size, 7);
    impasto_image_free(&image);
}

static void refused_saves(void **state)
{
    (void)state;
    struct impasto_image *image = create(false);
    struct impasto_error error;
    static const struct {
        const char *name;
        int bits;
        enum impasto_status status;
        const char *reason;
    } cases[] = {
        {"x.gif", 8, IMPASTO_ERROR_USAGE, ".png"},
        {"png", 8, IMPASTO_ERROR_USAGE, ".png"},
        {"x.png", 12, IMPASTO_ERROR_USAGE, "8 or 16"},
        {"x.jpg", 16, IMPASTO_ERROR_USAGE, ".png"},
        {"nowhere/x.png", 8, IMPASTO_ERROR_OUTPUT, "nowhere"},
        {"folder.png", 8, IMPASTO_ERROR_OUTPUT, "folder.png"},
        {"pipe.png", 8, IMPASTO_ERROR_OUTPUT, "pipe.png"},
    };
    assert_int_equal(mkdir(in_folder("folder.png"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("pipe.png"), 0600), 0);
    for (size_t i = 0; i < IMP_COUNT(cases); i++) {
        const char *path = in_folder(cases[i].name);
        assert_int_equal(impasto_image_save(image, path, cases[i].bits, &error), cases[i].status);
        assert_non_null(strstr(error.message, cases[i].reason));
    }
    assert_int_not_equal(access(in_folder("x.png"), F_OK), 0);
    impasto_image_free(&image);
}

/* ---- What is not a picture --------------------------------------------------------------------- */

static void refused_files(void **state)
{
    (void)state;
    expect_refusal(in_folder("missing.png"), 0, "No such file");
    expect_refusal(folder, 0, "is a folder");
    assert_int_equal(mkfifo(in_folder("fifo.png"), 0600), 0);
    expect_refusal(in_folder("fifo.png"), 0, "pipe");
    expect_refusal("/dev/null", 0, "a device");
    write_bytes(in_folder("empty.png"), "", 0);
    expect_refusal(in_folder("empty.png"), 0, "is empty");
    write_bytes(in_folder("text.png"), "hello, world, hello", 19);
    expect_refusal(in_folder("text.png"), 0, "not a PNG or JPEG");
    write_bytes(in_folder("short.png"), "\x89PNG\r\n\x1a\n", 8);
    expect_refusal(in_folder("short.png"), 0, "cut-short");
    struct impasto_image *image = NULL;
    assert_int_equal(impasto_image_create(0, 5, &image, NULL), IMPASTO_ERROR_USAGE);
    assert_int_equal(impasto_image_create(5, 65501, &image, NULL), IMPASTO_ERROR_USAGE);
    assert_null(image);
}

static void put32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (24 - 8 * i));
}

static uint32_t crc32_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* A sound PNG whose header claims another size: a few hundred bytes that ask for gigabytes. */
static void write_bomb(const char *path, uint32_t width, uint32_t height)
{
    const struct png_case c = {.type = PNG_COLOR_TYPE_GRAY, .depth = 1};
    size_t size;
    write_png(path, &c);
    unsigned char *bytes = read_bytes(path, &size);
    put32(bytes + 16, width);
    put32(bytes + 20, height);
    put32(bytes + 29, crc32_of(bytes + 12, 17));
    write_bytes(path, bytes, size);
    free(bytes);
}

static void bombs(void **state)
{
    (void)state;
    const char *path = in_folder("bomb.png");
    write_bomb(path, 60000, 60000);
    expect_refusal(path, 0, "over the limit of 100000000");
    write_bomb(path, 2000000000, 2000000000);
    expect_refusal(path, 0, "sides of 1 to 65500");
    write_bomb(path, 0, 10);
    expect_refusal(path, 0, "damaged");
    /* Within the cap, but there is not so much in it. */
    write_bomb(path, 2000, 2000);
    expect_refusal(path, 0, "cut-short");
    expect_refusal(path, 1000, "over the limit of 1000;");
    /* The cap is the caller's; a cap beyond the machine's memory leaves it to that. */
    write_bomb(path, 65500, 65500);
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    const enum impasto_status status = impasto_image_load(path, UINT64_MAX, &image, &error);
    if (imp_host_memory() < UINT64_C(65500) * 65500 * 12) {
        assert_int_equal(status, IMPASTO_ERROR_MEMORY);
        assert_non_null(strstr(error.message, "MiB"));
    }
    assert_null(image);

    unsigned char *bytes;
    size_t size;
    const struct jpeg_case c = {.space = JCS_RGB};
    write_jpeg(in_folder("bomb.jpg"), &c);
    bytes = read_bytes(in_folder("bomb.jpg"), &size);
    for (size_t i = 0; i + 9 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0) /* the frame: height, then width */
            memset(bytes + i + 5, 0xfd, 4);
    write_bytes(in_folder("bomb.jpg"), bytes, size);
    free(bytes);
    expect_refusal(in_folder("bomb.jpg"), 0, "over the limit");
}

/* A file cut anywhere is refused: a picture with made-up pixels is worse than none. */
static void cut_short(void **state)
{
    (void)state;
    static const char *const names[] = {"whole.png", "whole.jpg"};
    const struct png_case p = {.type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlace = 1};
    const struct jpeg_case j = {.space = JCS_RGB, .progressive = true};
    write_png(in_folder(names[0]), &p);
    write_jpeg(in_folder(names[1]), &j);
    for (int k = 0; k < 2; k++) {
        size_t size;
        unsigned char *bytes = read_bytes(in_folder(names[k]), &size);
        const char *path = in_folder("cut");
        for (size_t length = 1; length < size; length++) {
            write_bytes(path, bytes, length);
            expect_refusal(path, 0, "");
        }
        free(bytes);
    }
}

/* Progressive JPEG with more scans than any camera writes: each costs a pass over the picture. */
static void too_many_scans(void **state)
{
    (void)state;
    const struct jpeg_case c = {.space = JCS_GRAYSCALE, .progressive = true};
    size_t size, scan = 0, end = 0;
    write_jpeg(in_folder("scans.jpg"), &c);
    unsigned char *bytes = read_bytes(in_folder("scans.jpg"), &size);
    /* The last scan, from its own tables on, repeated. */
    for (size_t i = 0; i + 1 < size; i++) {
        if (bytes[i] == 0xff && bytes[i + 1] == 0xda)
            scan = i;
        if (bytes[i] == 0xff && bytes[i + 1] == 0xd9)
            end = i;
    }
    assert_true(scan > 0 && end > scan);
    FILE *file = fopen(in_folder("scans.jpg"), "wb");
    fwrite(bytes, 1, end, file);
    for (int i = 0; i < 200; i++)
        fwrite(bytes + scan, 1, end - scan, file);
    fwrite(bytes + end, 1, size - end, file);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    expect_refusal(in_folder("scans.jpg"), 0, "");
}

/* Whatever is done to a file, the end is a picture or one line. */
static void damaged_files(void **state)
{
    (void)state;
    const struct png_case p[] = {
        {.type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16},
        {.type = PNG_COLOR_TYPE_PALETTE, .depth = 4, .interlace = 1, .transparent = true},
    };
    unsigned char exif[64];
    const size_t exif_size = make_exif(exif, true, 6);
    const struct jpeg_case j[] = {
        {.space = JCS_RGB, .progressive = true, .exif = exif, .exif_size = exif_size},
        {.space = JCS_CMYK, .adobe = true},
    };
    for (uint32_t k = 0; k < 4; k++) {
        const char *path = in_folder(k < 2 ? "sound.png" : "sound.jpg");
        size_t size;
        if (k < 2)
            write_png(path, &p[k]);
        else
            write_jpeg(path, &j[k - 2]);
        unsigned char *bytes = read_bytes(path, &size), *changed = malloc(size);
        int refused = 0;
        path = in_folder("damaged");
        for (int i = 0; i < MUTATIONS / 4; i++) {
            struct impasto_image *image = NULL;
            struct impasto_error error = {0};
            write_bytes(path, changed, damage(bytes, size, size - 8, 30 + k, i, changed));
            const enum impasto_status status = impasto_image_load(path, 1000000, &image, &error);
            assert_int_equal(status == IMPASTO_OK, image != NULL);
            if (status != IMPASTO_OK) {
                refused++;
                assert_true(error.message[0] && !strchr(error.message, '\n'));
            }
            impasto_image_free(&image);
        }
        assert_true(refused > MUTATIONS / 16);
        free(bytes);
        free(changed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_types),
        cmocka_unit_test(gamma_is_honoured),
#ifdef IMP_HAVE_LCMS2
        cmocka_unit_test(profiles_are_honoured),
        cmocka_unit_test(jpeg_profile_in_pieces),
#endif
        cmocka_unit_test(jpeg_types),
        cmocka_unit_test(orientations),
        cmocka_unit_test(damaged_exif),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(jpeg_saving),
        cmocka_unit_test(strange_values),
        cmocka_unit_test(encoding),
        cmocka_unit_test(refused_saves),
        cmocka_unit_test(refused_files),
        cmocka_unit_test(bombs),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(too_many_scans),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
