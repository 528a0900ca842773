/* SPDX-License-Identifier: MIT */
#include "fixtures.h"
#include "image_files.h"

#include <math.h>

#ifdef IMP_HAVE_LCMS2
#include <lcms2.h>
#endif

struct impasto_image *expect_image(const char *path)
{
    struct impasto_image *image = NULL;
    struct impasto_error error = {0};
    if (impasto_image_load(path, 0, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

void expect_image_refused(const char *path, uint64_t max_pixels, const char *reason)
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

void assert_near(float got, double expected, double tolerance)
{
    if (!(fabs((double)got - expected) <= tolerance))
        fail_msg("got %g, expected %g", (double)got, expected);
}

/* ---- PNG ------------------------------------------------------------------------------------ */

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

unsigned png_sample(int depth, int x, int y, int c)
{
    return imp_rng_bits(3, (uint32_t)c, (uint64_t)(y * WIDTH + x)) % (1u << depth);
}

void write_png(const char *path, const struct png_case *c)
{
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(file);
    assert_non_null(info);
    if (setjmp(png_jmpbuf(png)))
        fail_msg("libpng could not write %s", path);
    png_init_io(png, file);
    png_set_IHDR(png, info, WIDTH, HEIGHT, c->depth, c->type, c->interlace,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
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
        const png_color_16 colour = {.red = (png_uint_16)png_sample(c->depth, 0, 0, 0),
                                     .green = (png_uint_16)png_sample(c->depth, 0, 0, 1),
                                     .blue = (png_uint_16)png_sample(c->depth, 0, 0, 2),
                                     .gray = (png_uint_16)png_sample(c->depth, 0, 0, 0)};
        png_set_tRNS(png, info, NULL, 0, &colour);
    }
    if (c->gamma > 0)
        png_set_gAMA(png, info, c->gamma);
    if (c->p3)
        png_set_cHRM(png, info, 0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06);
    png_unknown_chunk cicp = {.name = "cICP", .size = 4, .location = PNG_HAVE_IHDR};
    if (c->cicp) {
        png_byte numbers[4];
        memcpy(numbers, c->cicp, 4);
        cicp.data = numbers;
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, (png_const_bytep) "cICP", 1);
        png_set_unknown_chunks(png, info, &cicp, 1);
    }
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
            const unsigned v = png_sample(c->depth, i / channels, y, i % channels);
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

void png_pixel(const struct png_case *c, int x, int y, double rgba[4])
{
    const double top = (1 << c->depth) - 1;
    const unsigned first = png_sample(c->depth, x, y, 0);
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
        rgba[k] = png_sample(c->depth, x, y, colour ? k : 0) / top;
        same = same && png_sample(c->depth, x, y, colour ? k : 0) ==
                           png_sample(c->depth, 0, 0, colour ? k : 0);
    }
    if (c->type & PNG_COLOR_MASK_ALPHA)
        rgba[3] = png_sample(c->depth, x, y, colour ? 3 : 1) / top;
    else if (c->transparent)
        rgba[3] = same ? 0 : 1;
}

/* ---- JPEG ----------------------------------------------------------------------------------- */

JSAMPLE jpeg_sample(int bx, int by, int c)
{
    return (JSAMPLE)((60 + 97 * bx + 53 * by + 31 * c * (1 + bx)) % 256);
}

void write_jpeg(const char *path, const struct jpeg_case *c)
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
    if (c->ycck)
        jpeg_set_colorspace(&jpeg, JCS_YCCK);
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

/* ---- What travels with the pixels ----------------------------------------------------------- */

size_t make_exif(unsigned char *block, bool big, int orientation)
{
    static const unsigned char little_block[] = {
        'I',  'I',  42, 0, 8, 0, 0, 0, 2,   0,           /* header, two entries */
        0x0f, 0x01, 2,  0, 4, 0, 0, 0, 'a', 'b', 'c', 0, /* Make */
        0x12, 0x01, 3,  0, 1, 0, 0, 0, 0,   0,   0,   0,
        0,    0,    0,  0, /* Orientation, no next directory */
    };
    static const unsigned char big_block[] = {
        'M', 'M', 0, 42,   0,    0, 0, 8, 0, 2, 0x01, 0x0f, 0, 2, 0, 0, 0, 4, 'a',
        'b', 'c', 0, 0x01, 0x12, 0, 3, 0, 0, 0, 1,    0,    0, 0, 0, 0, 0, 0, 0,
    };
    memcpy(block, big ? big_block : little_block, sizeof(big_block));
    block[EXIF_ORIENTATION(big)] = (unsigned char)orientation;
    return sizeof(big_block);
}

double srgb_encode(double linear)
{
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
}

#ifdef IMP_HAVE_LCMS2
unsigned char *linear_profile(size_t *size)
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
#endif

struct impasto_image *noisy_picture(bool alpha)
{
    struct impasto_image *image = blank_picture(WIDTH, HEIGHT);
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
