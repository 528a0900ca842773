/* SPDX-License-Identifier: MIT */
/* PNG pictures, written: 8 or 16 bits, with transparency where there is some. */

#include "image/png/png.h"

#include <stdlib.h>
#include <string.h>

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
static enum impasto_status open_writing(struct imp_png_writing *w,
                                        const struct impasto_image *image, int bits,
                                        struct imp_png_session *session)
{
    const size_t row = (size_t)image->width * 8;
    w->bits = bits;
    w->alpha = imp_image_is_transparent(image);
    w->png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, session, imp_png_on_error,
                                  imp_png_on_warning, session, imp_png_take, imp_png_give_back);
    w->row = malloc(row);
    if (!w->png || !w->row || !(w->info = png_create_info_struct(w->png)))
        return imp_fail_memory(session->error, "a PNG writer", row);
    return IMPASTO_OK;
}

static void close_writing(struct imp_png_writing *w)
{
    png_destroy_write_struct(&w->png, &w->info);
    free(w->iptc);
    free(w->row);
}

/* May jump. */
static void set_layout(struct imp_png_writing *w, int width, int height,
                       const struct effort *effort)
{
    png_set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, w->bits,
                 w->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_compression_level(w->png, effort->level);
    png_set_compression_strategy(w->png, effort->strategy);
}

/* Compresses the bands, whose size comes to w->counted. */
static enum impasto_status try_effort(struct imp_png_writing *w, const struct impasto_image *image,
                                      const struct effort *effort, struct imp_png_session *session)
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
                                          const struct effort *effort,
                                          struct imp_png_session *session, size_t *size)
{
    struct imp_png_writing w = {0};
    enum impasto_status status = open_writing(&w, image, bits, session);
    if (status == IMPASTO_OK)
        status = try_effort(&w, image, effort, session);
    *size = w.counted;
    close_writing(&w);
    return status;
}

/* The fastest that is worth it. */
static enum impasto_status choose_effort(const struct impasto_image *image, int bits,
                                         struct imp_png_session *session,
                                         const struct effort **effort)
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

static enum impasto_status wrap_iptc(struct imp_png_writing *w, const struct impasto_image *image,
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

static enum impasto_status encode(struct imp_png_writing *w, const struct impasto_image *image,
                                  FILE *stream, const struct effort *effort,
                                  struct imp_png_session *session)
{
    if (setjmp(session->jump))
        return session->failure;
    png_init_io(w->png, stream);
    set_layout(w, image->width, image->height, effort);
    imp_png_set_info(w, image);
    png_write_info(w->png, w->info);
    for (int y = 0; y < image->height; y++) {
        pack_row(image, y, w->alpha, w->bits, w->row);
        png_write_row(w->png, w->row);
    }
    /* Without the info: all of it is written, and libpng before 1.6.40 writes EXIF again. */
    png_write_end(w->png, NULL);
    return IMPASTO_OK;
}

enum impasto_status imp_png_save(const struct impasto_image *image, FILE *stream, const char *path,
                                 const struct impasto_save_options *options,
                                 struct impasto_error *error)
{
    struct imp_png_session session = {
        .path = path, .error = error, .failure = IMPASTO_ERROR_OUTPUT};
    const struct effort *effort;
    struct imp_png_writing writing = {0};
    IMP_TRY(choose_effort(image, options->bits, &session, &effort));
    enum impasto_status status = open_writing(&writing, image, options->bits, &session);
    if (status == IMPASTO_OK)
        status = wrap_iptc(&writing, image, error);
    if (status == IMPASTO_OK)
        status = encode(&writing, image, stream, effort, &session);
    close_writing(&writing);
    return status;
}
