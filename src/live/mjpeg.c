/* SPDX-License-Identifier: MIT */
/*
 * JPEG as cameras have it, without its conversion to RGB: the device does that. Such frames mostly
 * lack their Huffman tables; libjpeg-turbo then takes the usual ones, which are meant.
 */

#include "live/mjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#define COMPONENTS 3
/* Rows of a component that libjpeg gives at a time. */
#define ROWS_MOST (4 * DCTSIZE)

struct imp_mjpeg {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    unsigned char *rows; /* of all components, as wide as blocks are */
    size_t size;
    bool torn; /* the frame at hand lacks a part */
};

static void fail(j_common_ptr jpeg)
{
    longjmp(((struct imp_mjpeg *)jpeg->client_data)->failed, 1);
}

/* Cameras' frames give cause for many warnings. Some say that the picture is not whole. */
static void take_warning(j_common_ptr jpeg, int level)
{
    const int code = jpeg->err->msg_code;
    if (level < 0 &&
        (code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF || code == JWRN_HUFF_BAD_CODE))
        ((struct imp_mjpeg *)jpeg->client_data)->torn = true;
}

static bool begin(struct imp_mjpeg *m)
{
    m->jpeg.err = jpeg_std_error(&m->errors);
    m->errors.error_exit = fail;
    m->errors.emit_message = take_warning;
    m->jpeg.client_data = m;
    if (setjmp(m->failed))
        return false;
    jpeg_create_decompress(&m->jpeg);
    return true;
}

struct imp_mjpeg *imp_mjpeg_open(void)
{
    struct imp_mjpeg *m = calloc(1, sizeof(*m));
    if (m && begin(m))
        return m;
    free(m);
    return NULL;
}

void imp_mjpeg_close(struct imp_mjpeg *m)
{
    if (!m)
        return;
    jpeg_destroy_decompress(&m->jpeg);
    free(m->rows);
    free(m);
}

/* ---- What a frame is ------------------------------------------------------------------------- */

static bool has_factors(const jpeg_component_info *c, int h, int v)
{
    return c->h_samp_factor == h && c->v_samp_factor == v;
}

static bool find_format(const struct jpeg_decompress_struct *jpeg,
                        enum impasto_pixel_format *format)
{
    const jpeg_component_info *c = jpeg->comp_info;
    if (jpeg->num_components == 1) {
        *format = IMPASTO_PIXELS_GRAY8;
        return has_factors(&c[0], 1, 1);
    }
    *format = has_factors(&c[0], 2, 2)   ? IMPASTO_PIXELS_I420
              : has_factors(&c[0], 2, 1) ? IMPASTO_PIXELS_I422
                                         : IMPASTO_PIXELS_I444;
    return jpeg->num_components == COMPONENTS && jpeg->jpeg_color_space == JCS_YCbCr &&
           (*format != IMPASTO_PIXELS_I444 || has_factors(&c[0], 1, 1)) &&
           has_factors(&c[1], 1, 1) && has_factors(&c[2], 1, 1);
}

static void read_header(struct imp_mjpeg *m, const unsigned char *bytes, size_t size)
{
    m->torn = false;
    jpeg_mem_src(&m->jpeg, bytes, size);
    (void)jpeg_read_header(&m->jpeg, TRUE);
}

bool imp_mjpeg_look(struct imp_mjpeg *m, const unsigned char *bytes, size_t size,
                    enum impasto_pixel_format *format)
{
    if (setjmp(m->failed)) {
        jpeg_abort_decompress(&m->jpeg);
        return false;
    }
    read_header(m, bytes, size);
    const bool known = find_format(&m->jpeg, format);
    jpeg_abort_decompress(&m->jpeg);
    return known;
}

/* ---- Its planes ------------------------------------------------------------------------------ */

static size_t width_of(const jpeg_component_info *c)
{
    return (size_t)c->width_in_blocks * DCTSIZE;
}

/* Room for the rows that come at a time, and pointers to each. */
static bool make_rows(struct imp_mjpeg *m, JSAMPROW rows[COMPONENTS][ROWS_MOST])
{
    size_t size = 0;
    for (int i = 0; i < m->jpeg.num_components; i++)
        size += width_of(&m->jpeg.comp_info[i]) * ROWS_MOST;
    if (size > m->size) {
        free(m->rows);
        m->rows = malloc(size);
        m->size = m->rows ? size : 0;
    }
    unsigned char *at = m->rows;
    for (int i = 0; at && i < m->jpeg.num_components; i++)
        for (int y = 0; y < ROWS_MOST; y++, at += width_of(&m->jpeg.comp_info[i]))
            rows[i][y] = at;
    return m->rows != NULL;
}

/* The rows of a component that have come, from row `first` of luma on. */
static void store_rows(const struct imp_mjpeg *m, int i, JSAMPROW *rows, size_t first,
                       const struct impasto_pixels *to)
{
    const jpeg_component_info *c = &m->jpeg.comp_info[i];
    const size_t reduced = (size_t)(m->jpeg.max_v_samp_factor / c->v_samp_factor);
    const size_t at = first / reduced, all = ((size_t)to->height + reduced - 1) / reduced;
    const size_t come = (size_t)c->v_samp_factor * DCTSIZE;
    for (size_t y = 0; y < come && at + y < all; y++)
        memcpy(to->plane[i] + (at + y) * to->stride[i], rows[y], to->stride[i]);
}

static void read_planes(struct imp_mjpeg *m, const struct impasto_pixels *to)
{
    JSAMPROW rows[COMPONENTS][ROWS_MOST];
    JSAMPARRAY planes[COMPONENTS] = {rows[0], rows[1], rows[2]};
    const JDIMENSION together = (JDIMENSION)(m->jpeg.max_v_samp_factor * DCTSIZE);
    if (!make_rows(m, rows))
        longjmp(m->failed, 1);
    while (m->jpeg.output_scanline < m->jpeg.output_height) {
        const size_t first = m->jpeg.output_scanline;
        if (jpeg_read_raw_data(&m->jpeg, planes, together) == 0)
            longjmp(m->failed, 1);
        for (int i = 0; i < m->jpeg.num_components; i++)
            store_rows(m, i, rows[i], first, to);
    }
}

bool imp_mjpeg_decode(struct imp_mjpeg *m, const unsigned char *bytes, size_t size,
                      const struct impasto_pixels *to)
{
    enum impasto_pixel_format format;
    if (setjmp(m->failed)) {
        jpeg_abort_decompress(&m->jpeg);
        return false;
    }
    read_header(m, bytes, size);
    const bool fits = find_format(&m->jpeg, &format) && format == to->format &&
                      m->jpeg.image_width == (JDIMENSION)to->width &&
                      m->jpeg.image_height == (JDIMENSION)to->height;
    m->jpeg.raw_data_out = TRUE;
    m->jpeg.do_fancy_upsampling = FALSE;
    if (fits && jpeg_start_decompress(&m->jpeg))
        read_planes(m, to);
    if (fits)
        (void)jpeg_finish_decompress(&m->jpeg);
    jpeg_abort_decompress(&m->jpeg);
    return fits && !m->torn;
}
