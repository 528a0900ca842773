/* SPDX-License-Identifier: MIT */
/* PNG by libpng, the only file that knows it. Every colour type and depth is read at full
 * precision; written are 8 or 16 bits, with transparency where there is some. */

#include "image/formats.h"

#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Caps on ancillary chunks, far beyond any honest file. They limit how many are kept, how large
 * each may become (libpng's own default), and what libpng may hold of all, with its rows. A few
 * bytes of compressed text can become many. The caps keep them from taking all memory, or minutes.
 */
#define MOST_CHUNKS 100
#define LARGEST_CHUNK (8u << 20)
#define MOST_HELD ((size_t)64 << 20)

/* The text chunk that holds XMP. */
#define XMP_KEYWORD "XML:com.adobe.xmp"
#define METRES_PER_INCH 0.0254

/* What libpng's callbacks reach: where to put its message, where to jump to. */
struct session {
    const char *path;
    struct impasto_error *error;
    enum impasto_status failure; /* the status that a libpng error means */
    size_t held;                 /* bytes that libpng has allocated */
    bool starved;                /* there was no memory for it */
    jmp_buf jump;
};

/* Before each block that libpng allocates. */
union block {
    size_t size;
    max_align_t align;
};

static png_voidp take(png_structp png, png_alloc_size_t size)
{
    struct session *session = png_get_mem_ptr(png);
    if (size > MOST_HELD - session->held)
        return NULL;
    union block *block = malloc(sizeof(*block) + size);
    if (!block) {
        session->starved = true;
        return NULL;
    }
    block->size = size;
    session->held += size;
    return block + 1;
}

static void give_back(png_structp png, png_voidp memory)
{
    struct session *session = png_get_mem_ptr(png);
    if (!memory)
        return;
    union block *block = (union block *)memory - 1;
    session->held -= block->size;
    free(block);
}

static void on_error(png_structp png, png_const_charp message)
{
    struct session *session = png_get_error_ptr(png);
    if (session->starved) {
        session->failure = imp_fail_memory(session->error, session->path, 0);
        longjmp(session->jump, 1);
    }
    const char *advice = session->failure == IMPASTO_ERROR_INPUT
                             ? "is a damaged or cut-short PNG picture; get it anew"
                             : "cannot be written; name another file";
    imp_fail(session->error, session->failure, "%s: %s (libpng: %s)", session->path, advice,
             message);
    longjmp(session->jump, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static bool probe(const unsigned char *head, size_t size)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return size >= sizeof(signature) && memcmp(head, signature, sizeof(signature)) == 0;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Everything that must be freed when libpng jumps, so it lives outside the function that calls
 * setjmp. */
struct reading {
    png_structp png;
    png_infop info;
    struct impasto_image *image;
    struct imp_colour *colour;
    bool narrow;       /* samples are of video's range */
    bool unstated;     /* no chunk says what colours are */
    png_bytep samples; /* one row, or all of them of an interlaced picture */
    float *row;        /* one row as floats, up to 4 channels, then colours alone */
};

static void finish(struct reading *r)
{
    png_destroy_read_struct(&r->png, &r->info, NULL);
    imp_colour_close(&r->colour);
    free(r->samples);
    free(r->row);
}

/* The cICP chunk, which libpng before 1.6.45 does not know. false: there is none that is right. */
static bool read_cicp(const struct reading *r, struct imp_cicp *cicp, bool *narrow)
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
static enum impasto_status read_colour_source(struct reading *r, const char *path,
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
static void unpack_row(struct reading *r, png_const_bytep samples, const struct layout *l,
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
static void close_up_row(const struct reading *r, png_bytep samples, const struct layout *l,
                         float *alpha)
{
    const size_t colours = (size_t)l->model, channels = (size_t)l->channels;
    for (size_t x = 0; channels > colours && x < (size_t)r->image->width; x++) {
        alpha[x] = (float)samples[x * channels + colours] / 255;
        for (size_t c = 0; c < colours; c++)
            samples[x * colours + c] = samples[x * channels + c];
    }
}

static void convert_row(struct reading *r, png_bytep samples, const struct layout *l, size_t y)
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

/* ---- What stands beside the pixels ----------------------------------------------------------- */

/* PNG has pixels per metre. 300 per inch are 11811, which are 299.9994: the whole number
 * is meant. */
static png_uint_32 per_metre(double per_inch)
{
    return (png_uint_32)(per_inch / METRES_PER_INCH + 0.5);
}

static double per_inch(png_uint_32 per_metre_given)
{
    const double exact = per_metre_given * METRES_PER_INCH, whole = floor(exact + 0.5);
    return per_metre(whole) == per_metre_given ? whole : exact;
}

/* A raw profile: EXIF and XMP may have the mark that they have in JPEG files. */
static enum impasto_status take_profile(const struct impasto_block *profile,
                                        struct impasto_metadata *metadata,
                                        struct impasto_error *error)
{
    static const char exif_mark[] = IMP_EXIF_MARK, xmp_mark[] = IMP_XMP_MARK;
    const unsigned char *data = profile->data, *end = data + profile->size;
    const unsigned char *exif = imp_behind_mark(data, profile->size, exif_mark, sizeof(exif_mark));
    const unsigned char *xmp = imp_behind_mark(data, profile->size, xmp_mark, sizeof(xmp_mark));
    if (exif && metadata->exif.size == 0)
        return imp_block_copy(exif, (size_t)(end - exif), &metadata->exif, error);
    if (xmp && metadata->xmp.size == 0)
        return imp_block_copy(xmp, (size_t)(end - xmp), &metadata->xmp, error);
    if (metadata->iptc.size == 0)
        return imp_iptc_unwrap(data, profile->size, &metadata->iptc, error);
    return IMPASTO_OK;
}

static enum impasto_status take_text(const png_text *text, struct impasto_metadata *metadata,
                                     struct impasto_error *error)
{
    static const char raw[] = "Raw profile type ";
    if (strcmp(text->key, XMP_KEYWORD) == 0 && metadata->xmp.size == 0)
        return imp_block_copy(text->text, strlen(text->text), &metadata->xmp, error);
    if (strncmp(text->key, raw, sizeof(raw) - 1) != 0)
        return IMPASTO_OK;
    struct impasto_block profile = {0};
    enum impasto_status status = imp_raw_profile_read(text->text, &profile, error);
    if (status == IMPASTO_OK && profile.size > 0)
        status = take_profile(&profile, metadata, error);
    free(profile.data);
    return status;
}

/* The chunk for EXIF comes before what others have instead. */
static enum impasto_status take_metadata(struct reading *r, struct impasto_error *error)
{
    struct impasto_metadata *metadata = &r->image->metadata;
    png_uint_32 size, across, down;
    png_bytep block;
    png_textp texts;
    int unit;
    if (png_get_eXIf_1(r->png, r->info, &size, &block) && size > 0)
        IMP_TRY(imp_block_copy(block, size, &metadata->exif, error));
    const int count = png_get_text(r->png, r->info, &texts, NULL);
    for (int i = 0; i < count; i++)
        IMP_TRY(take_text(&texts[i], metadata, error));
    imp_exif_density(&metadata->exif, metadata->density);
    if (png_get_pHYs(r->png, r->info, &across, &down, &unit) && unit == PNG_RESOLUTION_METER)
        imp_density_set(metadata->density, per_inch(across), per_inch(down), 1);
    return imp_exif_turn(&r->image, imp_exif_orientation(&metadata->exif, true), error);
}

/* The first text under our keyword that is fit to be settings: a new string, or *settings as it
 * was. Our own is UTF-8 (iTXt), but other programs that keep it may choose another kind
 * of chunk. */
static enum impasto_status take_settings(const struct reading *r, char **settings,
                                         struct impasto_error *error)
{
    png_textp texts;
    const int count = png_get_text(r->png, r->info, &texts, NULL);
    for (int i = 0; i < count; i++) {
        const size_t size = strlen(texts[i].text);
        if (strcmp(texts[i].key, IMP_IMAGE_SETTINGS_KEYWORD) != 0 || size == 0 ||
            !imp_image_settings_fit(texts[i].text))
            continue;
        *settings = strdup(texts[i].text);
        if (!*settings)
            return imp_fail_memory(error, "the settings", size + 1);
        break;
    }
    return IMPASTO_OK;
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
static void begin(struct reading *r, const struct imp_image_source *source)
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
static enum impasto_status read_rest(struct reading *r, struct session *session)
{
    struct impasto_error fault = {0};
    struct session rest = {.path = session->path, .error = &fault, .failure = session->failure};
    png_set_error_fn(r->png, &rest, on_error, on_warning);
    if (setjmp(rest.jump)) {
        png_set_error_fn(r->png, session, on_error, on_warning);
        if (session->starved)
            return imp_fail_memory(session->error, session->path, 0);
        if (!is_in_pixels(r->png))
            return IMPASTO_OK;
        return imp_fail(session->error, rest.failure, "%s", fault.message);
    }
    png_read_end(r->png, r->info);
    png_set_error_fn(r->png, session, on_error, on_warning);
    return IMPASTO_OK;
}

/* All that may jump. */
static enum impasto_status decode(struct reading *r, const struct imp_image_source *source,
                                  struct session *session)
{
    struct impasto_error *error = session->error;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, session, on_error, on_warning, session,
                                      take, give_back);
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
    IMP_TRY(take_settings(r, &r->image->settings, error));
    IMP_TRY(take_metadata(r, error));
    if (r->unstated && layout.model == IMP_COLOUR_RGB)
        convert_from_exif(r->image);
    return IMPASTO_OK;
}

static enum impasto_status load(const struct imp_image_source *source, struct impasto_image **image,
                                struct impasto_error *error)
{
    struct session session = {.path = source->path, .error = error, .failure = IMPASTO_ERROR_INPUT};
    struct reading reading = {0};
    IMP_TRY(refuse_crushed(source, error));
    const enum impasto_status status = decode(&reading, source, &session);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

static enum impasto_status decode_settings(struct reading *r, const struct imp_image_source *source,
                                           char **settings, struct session *session)
{
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, session, on_error, on_warning, session,
                                      take, give_back);
    if (!r->png || !(r->info = png_create_info_struct(r->png)))
        return imp_fail_memory(session->error, "a PNG reader", 0);
    if (setjmp(session->jump))
        return session->failure;
    begin(r, source);
    png_set_user_limits(r->png, IMP_IMAGE_LARGEST_SIDE, IMP_IMAGE_LARGEST_SIDE);
    png_read_info(r->png, r->info);
    IMP_TRY(take_settings(r, settings, session->error));
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
    return take_settings(r, settings, session->error);
}

static enum impasto_status load_settings(const struct imp_image_source *source, char **settings,
                                         struct impasto_error *error)
{
    struct session session = {.path = source->path, .error = error, .failure = IMPASTO_ERROR_INPUT};
    struct reading reading = {0};
    const enum impasto_status status = decode_settings(&reading, source, settings, &session);
    finish(&reading);
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------- */

struct writing {
    png_structp png;
    png_infop info;
    png_bytep row;
    bool alpha;
    int bits;
    size_t counted; /* bytes that were written, where they go nowhere */
    char *iptc;     /* as a raw profile */
};

static void pack_row(const struct impasto_image *image, int y, bool alpha, int bits, png_bytep row)
{
    const size_t width = (size_t)image->width, base = (size_t)y * width;
    const unsigned top = bits == 16 ? 65535 : 255;
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < (alpha ? 4u : 3u); c++) {
            const unsigned v = imp_sample_quantize(
                c == 3 ? image->alpha[base + x] : image->rgb[3 * (base + x) + c], top);
            if (bits == 16)
                *row++ = (png_byte)(v >> 8);
            *row++ = (png_byte)(v & 0xff);
        }
}

/* ---- How hard to compress -------------------------------------------------------------------- */

/* Painted pictures hold hardly anything twice. Once rows are filtered, the gain is in how often
 * values come, and in runs of them. Looking for longer repetitions takes most of the time, and
 * helps drawings and flat colours. So a few bands of rows are tried, with zlib's strategies from
 * the fast to the thorough. */
enum { STRATEGY_FILTERED = 1, STRATEGY_RUNS = 3 }; /* of zlib.h */
static const struct effort {
    int level, strategy;
} efforts[] = {
    {6, STRATEGY_RUNS}, {4, STRATEGY_FILTERED}, {5, STRATEGY_FILTERED}, {6, STRATEGY_FILTERED}};
#define THOROUGH (&efforts[IMP_COUNT(efforts) - 1])
/* What a faster one may add to the size. */
#define WORTH_THE_TIME 1.028
/* Rows that are tried; pictures of fewer pixels are soon written anyway. */
#define BANDS 4
#define BAND_ROWS 16
#define LEAST_PIXELS 250000

static void count_bytes(png_structp png, png_bytep bytes, size_t size)
{
    size_t *counted = png_get_io_ptr(png);
    (void)bytes;
    *counted += size;
}

static void count_nothing(png_structp png)
{
    (void)png;
}

/* A writer, and room for a row. */
static enum impasto_status open_writing(struct writing *w, const struct impasto_image *image,
                                        int bits, struct session *session)
{
    const size_t row = (size_t)image->width * 8;
    w->bits = bits;
    w->alpha = imp_image_is_transparent(image);
    w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, session, on_error, on_warning,
                                       session, take, give_back);
    w->row = malloc(row);
    if (!w->png || !w->row || !(w->info = png_create_info_struct(w->png)))
        return imp_fail_memory(session->error, "a PNG writer", row);
    return IMPASTO_OK;
}

static void close_writing(struct writing *w)
{
    png_destroy_write_struct(&w->png, &w->info);
    free(w->iptc);
    free(w->row);
}

/* May jump. */
static void set_layout(struct writing *w, int width, int height, const struct effort *effort)
{
    png_set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, w->bits,
                 w->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_compression_level(w->png, effort->level);
    png_set_compression_strategy(w->png, effort->strategy);
}

/* Compresses the bands, whose size comes to w->counted. */
static enum impasto_status try_effort(struct writing *w, const struct impasto_image *image,
                                      const struct effort *effort, struct session *session)
{
    if (setjmp(session->jump))
        return session->failure;
    png_set_write_fn(w->png, &w->counted, count_bytes, count_nothing);
    set_layout(w, image->width, BANDS * BAND_ROWS, effort);
    png_write_info(w->png, w->info);
    for (int i = 0; i < BANDS * BAND_ROWS; i++) {
        const int start = i / BAND_ROWS * ((image->height - BAND_ROWS) / (BANDS - 1));
        pack_row(image, start + i % BAND_ROWS, w->alpha, w->bits, w->row);
        png_write_row(w->png, w->row);
    }
    png_write_end(w->png, NULL);
    return IMPASTO_OK;
}

static enum impasto_status measure_effort(const struct impasto_image *image, int bits,
                                          const struct effort *effort, struct session *session,
                                          size_t *size)
{
    struct writing w = {0};
    enum impasto_status status = open_writing(&w, image, bits, session);
    if (status == IMPASTO_OK)
        status = try_effort(&w, image, effort, session);
    *size = w.counted;
    close_writing(&w);
    return status;
}

/* The fastest that is worth it. */
static enum impasto_status choose_effort(const struct impasto_image *image, int bits,
                                         struct session *session, const struct effort **effort)
{
    size_t least, size;
    *effort = THOROUGH;
    if ((size_t)image->width * (size_t)image->height < LEAST_PIXELS ||
        image->height < BANDS * BAND_ROWS)
        return IMPASTO_OK;
    IMP_TRY(measure_effort(image, bits, THOROUGH, session, &least));
    for (*effort = efforts; *effort < THOROUGH; ++*effort) {
        IMP_TRY(measure_effort(image, bits, *effort, session, &size));
        if ((double)size <= WORTH_THE_TIME * (double)least)
            break;
    }
    return IMPASTO_OK;
}

/* ---- A whole file ---------------------------------------------------------------------------- */

static png_text international(const char *keyword, const unsigned char *text)
{
    static char nothing[] = "";
    return (png_text){.compression = PNG_ITXT_COMPRESSION_NONE,
                      .key = (char *)keyword,
                      .text = (char *)text,
                      .lang = nothing,
                      .lang_key = nothing};
}

/* Who wrote the file, the picture's settings, XMP and IPTC; before the pixels, where they are found
 * soonest. No times, so that equal pictures give equal bytes. May jump. */
static void set_texts(struct writing *w, const struct impasto_image *image)
{
    static char software[] = "Software", writer[] = IMP_IMAGE_WRITER;
    static char iptc[] = "Raw profile type iptc";
    png_text texts[4] = {{PNG_TEXT_COMPRESSION_NONE, software, writer, 0, 0, NULL, NULL}};
    int count = 1;
    if (image->settings)
        texts[count++] =
            international(IMP_IMAGE_SETTINGS_KEYWORD, (const unsigned char *)image->settings);
    if (image->metadata.xmp.size)
        texts[count++] = international(XMP_KEYWORD, image->metadata.xmp.data);
    if (w->iptc)
        texts[count++] = (png_text){PNG_TEXT_COMPRESSION_zTXt, iptc, w->iptc, 0, 0, NULL, NULL};
    png_set_text(w->png, w->info, texts, count);
}

/* May jump. */
static void set_info(struct writing *w, const struct impasto_image *image)
{
    const double *density = image->metadata.density;
    png_set_sRGB(w->png, w->info, PNG_sRGB_INTENT_PERCEPTUAL);
    if (density[0] > 0)
        png_set_pHYs(w->png, w->info, per_metre(density[0]), per_metre(density[1]),
                     PNG_RESOLUTION_METER);
    if (image->metadata.exif.size)
        png_set_eXIf_1(w->png, w->info, (png_uint_32)image->metadata.exif.size,
                       image->metadata.exif.data);
    set_texts(w, image);
}

static enum impasto_status wrap_iptc(struct writing *w, const struct impasto_image *image,
                                     struct impasto_error *error)
{
    struct impasto_block resources = {0};
    if (image->metadata.iptc.size == 0)
        return IMPASTO_OK;
    IMP_TRY(imp_iptc_wrap(&image->metadata.iptc, "", 0, &resources, error));
    const enum impasto_status status = imp_raw_profile_write("iptc", &resources, &w->iptc, error);
    free(resources.data);
    return status;
}

static enum impasto_status encode(struct writing *w, const struct impasto_image *image,
                                  FILE *stream, const struct effort *effort,
                                  struct session *session)
{
    if (setjmp(session->jump))
        return session->failure;
    png_init_io(w->png, stream);
    set_layout(w, image->width, image->height, effort);
    set_info(w, image);
    png_write_info(w->png, w->info);
    for (int y = 0; y < image->height; y++) {
        pack_row(image, y, w->alpha, w->bits, w->row);
        png_write_row(w->png, w->row);
    }
    /* Without the info: all of it is written, and libpng before 1.6.40 writes EXIF again. */
    png_write_end(w->png, NULL);
    return IMPASTO_OK;
}

static enum impasto_status save(const struct impasto_image *image, FILE *stream, const char *path,
                                const struct impasto_save_options *options,
                                struct impasto_error *error)
{
    struct session session = {.path = path, .error = error, .failure = IMPASTO_ERROR_OUTPUT};
    const struct effort *effort;
    struct writing writing = {0};
    IMP_TRY(choose_effort(image, options->bits, &session, &effort));
    enum impasto_status status = open_writing(&writing, image, options->bits, &session);
    if (status == IMPASTO_OK)
        status = wrap_iptc(&writing, image, error);
    if (status == IMPASTO_OK)
        status = encode(&writing, image, stream, effort, &session);
    close_writing(&writing);
    return status;
}

static const char *const extensions[] = {".png", NULL};

const struct imp_image_format imp_image_png = {
    .info =
        {
            .format = IMPASTO_FORMAT_PNG,
            .name = "PNG",
            .extensions = extensions,
            .reads = true,
            .writes = true,
            .largest_side = IMP_IMAGE_LARGEST_SIDE,
            .bits = 16,
        },
    .probe = probe,
    .load = load,
    .load_settings = load_settings,
    .save = save,
};
