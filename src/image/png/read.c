/* SPDX-License-Identifier: MIT */
/* PNG pictures, read: every colour type and depth at full precision. */

#include "image/png/png.h"

#include <stdlib.h>
#include <string.h>

/* Caps on ancillary chunks, far beyond any honest file. They limit how many are kept, how large
 * each may become (libpng's own default), and what libpng may hold of all, with its rows. A few
 * bytes of compressed text can become many. The caps keep them from taking all memory, or minutes.
 */
#define MOST_CHUNKS 100
#define LARGEST_CHUNK (8u << 20)

static void finish(struct imp_png_reading *r)
{
    png_destroy_read_struct(&r->png, &r->info, NULL);
    imp_colour_close(&r->colour);
    free(r->samples);
    free(r->row);
}

/* The cICP chunk, which libpng before 1.6.45 does not know. false: there is none that is right. */
static bool read_cicp(const struct imp_png_reading *r, struct imp_cicp *cicp, bool *narrow)
{
    png_unknown_chunkp chunks;
    const int count = png_get_unknown_chunks(r->png, r->info, &chunks);
    for (int i = 0; i < count; i++) {
        const png_byte *data = chunks[i].data;
        if (memcmp(chunks[i].name, "cICP", 4) != 0)
            continue;
        /* Pixels of PNG are RGB, which is matrix 0. */
        if (chunks[i].size != 4 || data[2] != 0 || data[3] > 1)
            return false;
        *cicp = (struct imp_cicp){.primaries = data[0], .transfer = data[1]};
        *narrow = data[3] == 0;
        return imp_cicp_is_stated(cicp);
    }
    return false;
}

/* The first of cICP, iCCP, sRGB, and gAMA with cHRM says what the colours are. */
static enum impasto_status read_colour_source(struct imp_png_reading *r, const char *path,
                                              struct imp_colour_source *source,
                                              struct impasto_error *error)
{
    png_charp name;
    int compression, intent;
    png_bytep profile;
    png_uint_32 size;
    struct imp_cicp cicp;
    *source = (struct imp_colour_source){0};
    if (read_cicp(r, &cicp, &r->narrow))
        return imp_cicp_read(&cicp, path, source, error);
    r->narrow = false;
    if (png_get_iCCP(r->png, r->info, &name, &compression, &profile, &size)) {
        source->profile = profile;
        source->profile_size = size;
        return IMPASTO_OK;
    }
    if (png_get_sRGB(r->png, r->info, &intent))
        return IMPASTO_OK;
    png_get_gAMA(r->png, r->info, &source->gamma);
    double *c = source->chromaticities;
    png_get_cHRM(r->png, r->info, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7]);
    r->unstated = source->gamma <= 0 && c[0] <= 0;
    return IMPASTO_OK;
}

/* Colours that EXIF alone calls Adobe RGB. It may come behind the pixels. */
static void convert_from_exif(struct impasto_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    struct imp_colour_source source = {0};
    if (!imp_exif_is_adobe_rgb(&image->metadata.exif))
        return;
    imp_colour_adobe_rgb(&source);
    struct imp_colour *colour = imp_colour_open(&source, IMP_COLOUR_RGB);
    imp_colour_convert(colour, IMP_COLOUR_RGB, image->rgb, image->rgb, pixels);
    imp_colour_close(&colour);
}

/* What is to be known of rows of samples. */
struct layout {
    int channels, depth; /* depth 8 or 16 */
    enum imp_colour_model model;
};

/* Colours of samples of video's range, where 16/255 is black and 235/255 white. */
static float widen(float v)
{
    const float wide = (v * 255 - 16) / (235 - 16);
    return wide > 0 ? (wide < 1 ? wide : 1) : 0;
}

/* Splits a row of samples into colours in r->row, as they are stored, and alpha in place. */
static void unpack_row(struct imp_png_reading *r, png_const_bytep samples, const struct layout *l,
                       float *alpha)
{
    const size_t colours = (size_t)l->model, channels = (size_t)l->channels;
    for (size_t x = 0; x < (size_t)r->image->width; x++)
        for (size_t c = 0; c < channels; c++) {
            const size_t at = x * channels + c;
            const float v = l->depth == 16
                                ? (float)(samples[2 * at] << 8 | samples[2 * at + 1]) / 65535
                                : (float)samples[at] / 255;
            if (c == colours)
                /* NOLINTNEXTLINE(clang-analyzer-core.*): a channel more means that there is one */
                alpha[x] = v;
            else
                r->row[x * colours + c] = r->narrow ? widen(v) : v;
        }
}

/* The same of bytes that are to stay bytes: the colours move together. */
static void close_up_row(const struct imp_png_reading *r, png_bytep samples, const struct layout *l,
                         float *alpha)
{
    const size_t colours = (size_t)l->model, channels = (size_t)l->channels;
    for (size_t x = 0; channels > colours && x < (size_t)r->image->width; x++) {
        alpha[x] = (float)samples[x * channels + colours] / 255;
        for (size_t c = 0; c < colours; c++)
            samples[x * colours + c] = samples[x * channels + c];
    }
}

static void convert_row(struct imp_png_reading *r, png_bytep samples, const struct layout *l,
                        size_t y)
{
    const size_t width = (size_t)r->image->width;
    float *rgb = r->image->rgb + 3 * y * width;
    float *alpha = r->image->alpha ? r->image->alpha + y * width : NULL;
    if (l->depth == 8 && !r->narrow) {
        close_up_row(r, samples, l, alpha);
        imp_colour_convert_bytes(r->colour, l->model, samples, rgb, width);
    } else {
        unpack_row(r, samples, l, alpha);
        imp_colour_convert(r->colour, l->model, r->row, rgb, width);
    }
}

/* Whether the file is what Xcode makes of a PNG: no PNG, but with its signature. */
static bool is_crushed(FILE *stream)
{
    unsigned char head[16] = {0}; /* a signature, a chunk's length and name */
    const size_t size = fread(head, 1, sizeof(head), stream);
    return fseek(stream, 0, SEEK_SET) == 0 && size == sizeof(head) &&
           memcmp(head + 12, "CgBI", 4) == 0;
}

static enum impasto_status refuse_crushed(const struct imp_image_source *source,
                                          struct impasto_error *error)
{
    if (!is_crushed(source->stream))
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a PNG as Xcode packs it for iPhones; convert it: xcrun -sdk iphoneos "
                    "pngcrush -revert-iphone-optimizations FILE FILE.png",
                    source->path);
}

/* A reader at the start of its file, with caps on chunks. May jump. */
static void begin(struct imp_png_reading *r, const struct imp_image_source *source)
{
    png_init_io(r->png, source->stream);
    /* Some writers state a smaller window than they use; the largest is 32 KiB. */
    png_set_option(r->png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_ALWAYS, (png_const_bytep) "cICP", 1);
    png_set_chunk_cache_max(r->png, MOST_CHUNKS);
    png_set_chunk_malloc_max(r->png, LARGEST_CHUNK);
}

/* Whether libpng is inside of a chunk of pixels, its checksum included. */
static bool is_in_pixels(png_structp png)
{
    static const png_uint_32 pixels = (png_uint_32)'I' << 24 | 'D' << 16 | 'A' << 8 | 'T';
    return png_get_io_chunk_type(png) == pixels &&
           (png_get_io_state(png) & PNG_IO_MASK_LOC) != PNG_IO_CHUNK_HDR;
}

/* Reads on behind the pixels, for texts and the like. What is damaged or missing there costs no
 * pixel: the picture is whole without an end, too. A bad checksum of the last pixels is
 * an error. */
static enum impasto_status read_rest(struct imp_png_reading *r, struct imp_png_session *session)
{
    struct impasto_error fault = {0};
    struct imp_png_session rest = {
        .path = session->path, .error = &fault, .failure = session->failure};
    png_set_error_fn(r->png, &rest, imp_png_on_error, imp_png_on_warning);
    if (setjmp(rest.jump)) {
        png_set_error_fn(r->png, session, imp_png_on_error, imp_png_on_warning);
        if (session->starved)
            return imp_fail_memory(session->error, session->path, 0);
        if (!is_in_pixels(r->png))
            return IMPASTO_OK;
        return imp_fail(session->error, rest.failure, "%s", fault.message);
    }
    png_read_end(r->png, r->info);
    png_set_error_fn(r->png, session, imp_png_on_error, imp_png_on_warning);
    return IMPASTO_OK;
}

/* All that may jump. */
static enum impasto_status decode(struct imp_png_reading *r, const struct imp_image_source *source,
                                  struct imp_png_session *session)
{
    struct impasto_error *error = session->error;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, session, imp_png_on_error,
                                      imp_png_on_warning, session, imp_png_take, imp_png_give_back);
    if (!r->png || !(r->info = png_create_info_struct(r->png)))
        return imp_fail_memory(error, "a PNG reader", 0);
    if (setjmp(session->jump))
        return session->failure;
    begin(r, source);
    /* Our own cap has the better message; libpng's must only not come first. */
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(r->png, r->info);

    const png_uint_32 width = png_get_image_width(r->png, r->info);
    const png_uint_32 height = png_get_image_height(r->png, r->info);
    IMP_TRY(imp_image_check_size(source, width, height, error));
    struct imp_colour_source colours;
    IMP_TRY(read_colour_source(r, source->path, &colours, error));

    /* Palettes become RGB, 1 to 4 bits become 8, a transparent colour becomes alpha. */
    png_set_expand(r->png);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    const int channels = png_get_channels(r->png, r->info);
    const struct layout layout = {.channels = channels,
                                  .depth = png_get_bit_depth(r->png, r->info),
                                  .model = channels <= 2 ? IMP_COLOUR_GRAY : IMP_COLOUR_RGB};
    const size_t stride = png_get_rowbytes(r->png, r->info);

    IMP_TRY(impasto_image_create((int)width, (int)height, &r->image, error));
    if (channels == 2 || channels == 4)
        IMP_TRY(imp_image_add_alpha(r->image, error));
    const bool interlaced = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    const size_t held = interlaced ? height : 1;
    r->samples = malloc(stride * held);
    r->row = malloc(3 * sizeof(float) * width);
    if (!r->samples || !r->row)
        return imp_fail_memory(error, source->path, stride * held);
    colours.bytes = layout.depth == 8 && !r->narrow;
    r->colour = imp_colour_open(&colours, layout.model);
    for (int pass = 0; interlaced && pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        for (png_uint_32 y = 0; y < height; y++)
            png_read_row(r->png, r->samples + y * stride, NULL);
    /* NOLINTBEGIN(clang-analyzer-unix.Malloc): load frees what is in *r */
    for (png_uint_32 y = 0; y < height; y++) {
        if (!interlaced)
            png_read_row(r->png, r->samples, NULL);
        convert_row(r, r->samples + (interlaced ? y * stride : 0), &layout, y);
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
    IMP_TRY(read_rest(r, session));
    IMP_TRY(imp_png_take_settings(r, &r->image->settings, error));
    IMP_TRY(imp_png_take_metadata(r, error));
    if (r->unstated && layout.model == IMP_COLOUR_RGB)
        convert_from_exif(r->image);
    return IMPASTO_OK;
}

enum impasto_status imp_png_load(const struct imp_image_source *source,
                                 struct impasto_image **image, struct impasto_error *error)
{
    struct imp_png_session session = {
        .path = source->path, .error = error, .failure = IMPASTO_ERROR_INPUT};
    struct imp_png_reading reading = {0};
    IMP_TRY(refuse_crushed(source, error));
    const enum impasto_status status = decode(&reading, source, &session);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

static enum impasto_status decode_settings(struct imp_png_reading *r,
                                           const struct imp_image_source *source, char **settings,
                                           struct imp_png_session *session)
{
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, session, imp_png_on_error,
                                      imp_png_on_warning, session, imp_png_take, imp_png_give_back);
    if (!r->png || !(r->info = png_create_info_struct(r->png)))
        return imp_fail_memory(session->error, "a PNG reader", 0);
    if (setjmp(session->jump))
        return session->failure;
    begin(r, source);
    png_set_user_limits(r->png, IMP_IMAGE_LARGEST_SIDE, IMP_IMAGE_LARGEST_SIDE);
    png_read_info(r->png, r->info);
    IMP_TRY(imp_png_take_settings(r, settings, session->error));
    if (*settings)
        return IMPASTO_OK;
    /* Some programs write texts after the pixels. libpng can only step over these row by row. That
     * takes minutes where the picture is far larger than it seems. */
    const int passes = png_set_interlace_handling(r->png);
    const png_uint_32 height = png_get_image_height(r->png, r->info);
    if ((uint64_t)png_get_image_width(r->png, r->info) * height > source->max_pixels)
        return IMPASTO_OK;
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < height; y++)
            png_read_row(r->png, NULL, NULL);
    IMP_TRY(read_rest(r, session));
    return imp_png_take_settings(r, settings, session->error);
}

enum impasto_status imp_png_load_settings(const struct imp_image_source *source, char **settings,
                                          struct impasto_error *error)
{
    struct imp_png_session session = {
        .path = source->path, .error = error, .failure = IMPASTO_ERROR_INPUT};
    struct imp_png_reading reading = {0};
    const enum impasto_status status = decode_settings(&reading, source, settings, &session);
    finish(&reading);
    return status;
}
