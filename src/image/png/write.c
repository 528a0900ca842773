/* SPDX-License-Identifier: MIT */
/* PNG pictures, written: 8 or 16 bits, with transparency where there is some. */

#include "image/png/png.h"

#include <stdlib.h>

/* Painted pictures hold hardly anything twice. Once rows are filtered, the gain is in how often
 * values come, and in runs of them. Looking for longer repetitions takes most of the time, and
 * helps drawings and flat colours. So a few bands of rows are tried, with zlib's strategies from
 * the fast to the thorough. */
enum { STRATEGY_FILTERED = 1, STRATEGY_RUNS = 3 }; /* of zlib.h */
static const struct imp_png_effort efforts[] = {
    {6, STRATEGY_RUNS}, {4, STRATEGY_FILTERED}, {5, STRATEGY_FILTERED}, {6, STRATEGY_FILTERED}};
#define THOROUGH (&efforts[IMP_COUNT(efforts) - 1])
/* What a faster one may add to the size. */
#define WORTH_THE_TIME 1.028
/* Rows that are tried; pictures of fewer pixels are soon written anyway. */
#define BANDS 4
#define BAND_ROWS 16
#define LEAST_PIXELS 250000

/* Filters the rows that are tried, one band behind the other. false: no memory. */
static bool filter_bands(const struct imp_png_pixels *pixels, size_t band, unsigned char *out)
{
    const int step = (pixels->image->height - BAND_ROWS) / (BANDS - 1);
    bool filtered = true;
    for (int i = 0; i < BANDS && filtered; i++, out += band)
        filtered = imp_png_filter_rows(pixels, i * step, i * step + BAND_ROWS, out);
    return filtered;
}

/* false: it cannot be told. */
static bool measure_effort(const unsigned char *bytes, size_t count,
                           const struct imp_png_effort *effort, size_t *size)
{
    struct imp_png_piece piece;
    const enum impasto_status status = imp_png_compress(bytes, count, effort, true, &piece);
    *size = piece.size;
    free(piece.bytes);
    return status == IMPASTO_OK;
}

/* The fastest that is worth it, by the bands' bytes. */
static const struct imp_png_effort *try_efforts(const unsigned char *bytes, size_t count)
{
    size_t least, size;
    if (!measure_effort(bytes, count, THOROUGH, &least))
        return THOROUGH;
    for (const struct imp_png_effort *effort = efforts; effort < THOROUGH; effort++)
        if (measure_effort(bytes, count, effort, &size) &&
            (double)size <= WORTH_THE_TIME * (double)least)
            return effort;
    return THOROUGH;
}

/* Without memory to try others, it is the thorough one: that only takes longer. */
static const struct imp_png_effort *choose_effort(const struct imp_png_pixels *pixels)
{
    const struct impasto_image *image = pixels->image;
    const size_t band = BAND_ROWS * (1 + imp_png_row_bytes(pixels));
    const struct imp_png_effort *effort = THOROUGH;
    if ((size_t)image->width * (size_t)image->height < LEAST_PIXELS ||
        image->height < BANDS * BAND_ROWS)
        return effort;
    unsigned char *bytes = malloc(BANDS * band);
    if (bytes && filter_bands(pixels, band, bytes))
        effort = try_efforts(bytes, BANDS * band);
    free(bytes);
    return effort;
}

static enum impasto_status open_writing(struct imp_png_writing *w,
                                        const struct imp_png_pixels *pixels,
                                        const struct imp_png_cut *cut,
                                        struct imp_png_session *session)
{
    w->png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, session, imp_png_on_error,
                                  imp_png_on_warning, session, imp_png_take, imp_png_give_back);
    if (!w->png || !(w->info = png_create_info_struct(w->png)))
        return imp_fail_memory(session->error, "a PNG writer", 0);
    return imp_png_compress_open(pixels, choose_effort(pixels), cut, &w->compressing,
                                 session->error);
}

static void close_writing(struct imp_png_writing *w)
{
    imp_png_compress_close(&w->compressing);
    png_destroy_write_struct(&w->png, &w->info);
    free(w->piece.bytes);
    free(w->iptc);
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

/* May jump. */
static void write_number(png_structp png, unsigned long number)
{
    const png_byte bytes[4] = {(png_byte)(number >> 24), (png_byte)(number >> 16),
                               (png_byte)(number >> 8), (png_byte)number};
    png_write_chunk_data(png, bytes, sizeof(bytes));
}

/* The stream's pieces, each in a chunk, and its head and checksum around them. May jump. */
static enum impasto_status write_pixels(struct imp_png_writing *w, struct impasto_error *error)
{
    static const png_byte name[] = "IDAT", head[] = {0x78, 0x9c};
    unsigned long adler = 1;
    for (bool first = true, last = false; !last; first = false) {
        IMP_TRY(imp_png_compress_next(w->compressing, &w->piece, &last, error));
        adler = imp_png_add_adler(adler, &w->piece);
        png_write_chunk_start(w->png, name,
                              (png_uint_32)(w->piece.size + (first ? 2 : 0) + (last ? 4 : 0)));
        if (first)
            png_write_chunk_data(w->png, head, sizeof(head));
        png_write_chunk_data(w->png, w->piece.bytes, w->piece.size);
        if (last)
            write_number(w->png, adler);
        png_write_chunk_end(w->png);
        free(w->piece.bytes);
        w->piece.bytes = NULL;
    }
    return IMPASTO_OK;
}

static enum impasto_status encode(struct imp_png_writing *w, const struct imp_png_pixels *pixels,
                                  FILE *stream, struct imp_png_session *session)
{
    static const png_byte name[] = "IEND";
    const struct impasto_image *image = pixels->image;
    if (setjmp(session->jump))
        return session->failure;
    png_init_io(w->png, stream);
    png_set_IHDR(w->png, w->info, (png_uint_32)image->width, (png_uint_32)image->height,
                 pixels->bits, pixels->alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    imp_png_set_info(w, image);
    png_write_info(w->png, w->info);
    IMP_TRY(write_pixels(w, session->error));
    png_write_chunk(w->png, name, NULL, 0);
    return IMPASTO_OK;
}

enum impasto_status imp_png_save_cut(const struct impasto_image *image, FILE *stream,
                                     const char *path, const struct impasto_save_options *options,
                                     const struct imp_png_cut *cut, struct impasto_error *error)
{
    struct imp_png_session session = {
        .path = path, .error = error, .failure = IMPASTO_ERROR_OUTPUT};
    const struct imp_png_pixels pixels = {
        .image = image, .alpha = imp_image_is_transparent(image), .bits = options->bits};
    struct imp_png_writing writing = {0};
    enum impasto_status status = open_writing(&writing, &pixels, cut, &session);
    if (status == IMPASTO_OK)
        status = wrap_iptc(&writing, image, error);
    if (status == IMPASTO_OK)
        status = encode(&writing, &pixels, stream, &session);
    close_writing(&writing);
    return status;
}

enum impasto_status imp_png_save(const struct impasto_image *image, FILE *stream, const char *path,
                                 const struct impasto_save_options *options,
                                 struct impasto_error *error)
{
    const struct imp_png_cut cut = imp_png_usual_cut();
    return imp_png_save_cut(image, stream, path, options, &cut, error);
}
