/* SPDX-License-Identifier: MIT */
/* JPEG by libjpeg-turbo, the only file that knows it: gray, colour and CMYK in, colour out. */

#include "image/formats.h"

#include <setjmp.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* A progressive file may ask for any number of passes over the whole picture; cameras use
 * about 10. */
#define MOST_SCANS 100
/* Bytes between a scan's data and the next marker that are no sign of a decoder gone astray:
 * cameras and scanners leave a few. */
#define MOST_STRAY 64
/* How segments begin: APP1 with EXIF or XMP, APP2 with a piece of an ICC profile, APP13 with a
 * piece of Photoshop's resources. */
#define PHOTOSHOP_SEGMENT (JPEG_APP0 + 13)
static const char exif_mark[] = IMP_EXIF_MARK;
static const char xmp_mark[] = IMP_XMP_MARK;
static const char icc_mark[] = "ICC_PROFILE";
static const char photoshop_mark[] = "Photoshop 3.0";
#define ICC_HEADER 14 /* the mark, the piece's number, how many pieces */
#define LARGEST_SEGMENT 65533

struct session {
    struct jpeg_error_mgr manager; /* first: libjpeg hands us this */
    struct jpeg_progress_mgr progress;
    const char *path;
    struct impasto_error *error;
    enum impasto_status failure;
    FILE *stream;     /* being read */
    bool ended;       /* the file has ended before the picture's end marker */
    unsigned scanned; /* bit i: a scan has had component i */
    jmp_buf jump;
};

/* What is no fault of the file's but a kind of JPEG that libjpeg was not built for; NULL:
 * a fault. */
static const char *foreign_kind(j_common_ptr jpeg)
{
    const int value = jpeg->err->msg_parm.i[0];
    switch (jpeg->err->msg_code) {
    case JERR_BAD_PRECISION:
        return value == 12 ? "has 12 bits per channel; convert it: djpeg FILE | magick - FILE.png "
                             "(djpeg of libjpeg-turbo 3 or newer)"
                           : NULL;
    case JERR_SOF_UNSUPPORTED:
        if (value == 0xc3 || value == 0xcb)
            return "is a lossless JPEG, as scanners and medical devices write; convert it: "
                   "ffmpeg -i FILE FILE.png";
        return "is a hierarchical JPEG, which hardly a program reads; save it as plain JPEG or PNG "
               "where it comes from";
    case JERR_UNKNOWN_MARKER:
        return value == 0xf7 || value == 0xf8
                   ? "is a JPEG-LS picture; convert it: ffmpeg -i FILE FILE.png"
                   : NULL;
    case JERR_ARITH_NOTIMPL:
        return "is an arithmetic-coded JPEG; convert it: jpegtran FILE > FILE.jpg";
    case JERR_EMPTY_IMAGE:
        return "states no size before its pixels (DNL); save it as plain JPEG or PNG where it "
               "comes "
               "from";
    default:
        return NULL;
    }
}

static noreturn void refuse(j_common_ptr jpeg)
{
    struct session *session = (struct session *)jpeg->err;
    const char *kind = foreign_kind(jpeg);
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    if (kind)
        imp_fail(session->error, IMPASTO_ERROR_INPUT, "%s: %s", session->path, kind);
    else
        imp_fail(session->error, IMPASTO_ERROR_INPUT,
                 "%s: is a damaged or cut-short JPEG picture; get it anew (libjpeg: %s)",
                 session->path, text);
    longjmp(session->jump, 1);
}

static void on_error(j_common_ptr jpeg)
{
    struct session *session = (struct session *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY) {
        session->failure = imp_fail_memory(session->error, session->path, 0);
        longjmp(session->jump, 1);
    }
    if (session->failure == IMPASTO_ERROR_INPUT)
        refuse(jpeg);
    jpeg->err->format_message(jpeg, text);
    imp_fail(session->error, session->failure,
             "%s: cannot be written; name another file (libjpeg: %s)", session->path, text);
    longjmp(session->jump, 1);
}

/* Whether the `count` bytes before the marker just read are padding, all of one value. The first
 * may belong to the scan's last code, and the end is known to a few bytes. */
static bool is_padding(const struct session *session, const struct jpeg_source_mgr *source,
                       long count)
{
    const long unsure = 12, place = ftell(session->stream);
    bool alike = place >= 0;
    long left = count - 2 * unsure;
    const long start = place - (long)source->bytes_in_buffer - count + unsure;
    alike = alike && left > 0 && start >= 0 && fseek(session->stream, start, SEEK_SET) == 0;
    const int first = alike ? getc(session->stream) : EOF;
    while (alike && --left > 0)
        alike = getc(session->stream) == first;
    return fseek(session->stream, place, SEEK_SET) == 0 && alike;
}

/* Bytes that belong to nothing may stand before a marker. Between tables they mean nothing. After a
 * scan's data they may be the rest of damaged data, which was decoded to other pixels. A file that
 * was lost in part and filled with zeros has such bytes. */
static bool is_harmless_litter(j_common_ptr jpeg)
{
    struct session *session = (struct session *)jpeg->err;
    const j_decompress_ptr reader = (j_decompress_ptr)jpeg;
    const int count = jpeg->err->msg_parm.i[0];
    if (reader->input_scan_number == 0 || (count <= MOST_STRAY && !session->ended))
        return true;
    return !session->ended && is_padding(session, reader->src, count);
}

/* Warnings say that something is odd. Those go on here after which all samples are those of the
 * file; with the others libjpeg makes some up. */
static void on_message(j_common_ptr jpeg, int level)
{
    struct session *session = (struct session *)jpeg->err;
    if (level >= 0)
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:    /* taken for what is usual */
    case JWRN_JFIF_MAJOR:     /* its segment says nothing of the samples */
    case JWRN_NOT_SEQUENTIAL: /* parameters that decoding does not look at */
        return;
    case JWRN_JPEG_EOF: /* perhaps after the last sample: missing ones are warned of then */
        session->ended = true;
        return;
    case JWRN_BOGUS_PROGRESSION: /* DC after AC: check_scans() looks whether it comes */
        if (((j_decompress_ptr)jpeg)->Ss > 0 && jpeg->err->msg_parm.i[1] == 0)
            return;
        break;
    case JWRN_EXTRANEOUS_DATA:
        if (is_harmless_litter(jpeg))
            return;
        break;
    default:
        break;
    }
    refuse(jpeg);
}

static void on_progress(j_common_ptr jpeg)
{
    struct session *session = (struct session *)jpeg->err;
    if (!jpeg->is_decompressor)
        return;
    const j_decompress_ptr reader = (j_decompress_ptr)jpeg;
    for (int i = 0; i < reader->comps_in_scan; i++)
        session->scanned |= 1u << reader->cur_comp_info[i]->component_index;
    if (reader->input_scan_number <= MOST_SCANS)
        return;
    imp_fail(session->error, IMPASTO_ERROR_INPUT,
             "%s: has over %d scans; save it again as a "
             "plain JPEG",
             session->path, MOST_SCANS);
    longjmp(session->jump, 1);
}

/* Some writers number restart markers wrongly. Any is taken for the one that is due: where one is
 * missing, the last data will be, too. */
static boolean take_restart(j_decompress_ptr jpeg, int due)
{
    const int marker = jpeg->unread_marker;
    if (marker < JPEG_RST0 || marker >= JPEG_RST0 + 8) {
        jpeg->err->msg_code = JWRN_MUST_RESYNC;
        jpeg->err->msg_parm.i[0] = marker;
        jpeg->err->msg_parm.i[1] = due;
        refuse((j_common_ptr)jpeg);
    }
    jpeg->unread_marker = 0;
    return TRUE;
}

static struct jpeg_error_mgr *session_errors(struct session *session)
{
    jpeg_std_error(&session->manager);
    session->manager.error_exit = on_error;
    session->manager.emit_message = on_message;
    session->progress.progress_monitor = on_progress;
    return &session->manager;
}

static bool probe(const unsigned char *head, size_t size)
{
    return size >= 3 && head[0] == 0xff && head[1] == 0xd8 && head[2] == 0xff;
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reading {
    struct jpeg_decompress_struct jpeg;
    struct impasto_image *image;
    struct imp_colour *colour;
    unsigned char *profile;
    JSAMPLE *samples; /* one row */
};

static void finish(struct reading *r)
{
    jpeg_destroy_decompress(&r->jpeg);
    imp_colour_close(&r->colour);
    free(r->profile);
    free(r->samples);
}

/* Puts the pieces of an ICC profile together; a profile with a piece missing or twice
 * is ignored. */
static size_t join_profile(struct reading *r)
{
    jpeg_saved_marker_ptr pieces[256] = {0};
    unsigned count = 0;
    size_t size = 0;
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next) {
        if (m->marker != JPEG_APP0 + 2 || m->data_length < ICC_HEADER ||
            memcmp(m->data, icc_mark, sizeof(icc_mark)) != 0)
            continue;
        const unsigned number = m->data[12], of = m->data[13];
        if (number == 0 || number > of || pieces[number] || (count && of != count))
            return 0;
        count = of;
        pieces[number] = m;
        size += m->data_length - ICC_HEADER;
    }
    for (unsigned i = 1; i <= count; i++)
        if (!pieces[i])
            return 0;
    if (size == 0 || !(r->profile = malloc(size)))
        return 0;
    size_t used = 0;
    for (unsigned i = 1; i <= count; i++) {
        memcpy(r->profile + used, pieces[i]->data + ICC_HEADER,
               pieces[i]->data_length - ICC_HEADER);
        used += pieces[i]->data_length - ICC_HEADER;
    }
    return size;
}

/* The pieces of Photoshop's resources, put together, have the IPTC datasets. */
static enum impasto_status take_iptc(const struct reading *r, struct impasto_error *error)
{
    struct impasto_block joined = {0};
    size_t size = 0;
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next)
        size += m->marker == PHOTOSHOP_SEGMENT ? m->data_length : 0;
    if (size == 0)
        return IMPASTO_OK;
    joined.data = malloc(size);
    if (!joined.data)
        return imp_fail_memory(error, "IPTC datasets", size);
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next) {
        const unsigned char *piece =
            m->marker == PHOTOSHOP_SEGMENT
                ? imp_behind_mark(m->data, m->data_length, photoshop_mark, sizeof(photoshop_mark))
                : NULL;
        if (!piece)
            continue;
        memcpy(joined.data + joined.size, piece, m->data_length - sizeof(photoshop_mark));
        joined.size += m->data_length - sizeof(photoshop_mark);
    }
    const enum impasto_status status =
        imp_iptc_unwrap(joined.data, joined.size, &r->image->metadata.iptc, error);
    free(joined.data);
    return status;
}

/* The first of each kind counts. */
static enum impasto_status take_metadata(const struct reading *r, struct impasto_error *error)
{
    static const double units[] = {[1] = 1, [2] = 2.54};
    struct impasto_metadata *metadata = &r->image->metadata;
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next) {
        const unsigned char *const end = m->data + m->data_length;
        const unsigned char *exif =
            imp_behind_mark(m->data, m->data_length, exif_mark, sizeof(exif_mark));
        const unsigned char *xmp =
            imp_behind_mark(m->data, m->data_length, xmp_mark, sizeof(xmp_mark));
        if (m->marker == JPEG_APP0 + 1 && exif && metadata->exif.size == 0)
            IMP_TRY(imp_block_copy(exif, (size_t)(end - exif), &metadata->exif, error));
        if (m->marker == JPEG_APP0 + 1 && xmp && metadata->xmp.size == 0)
            IMP_TRY(imp_block_copy(xmp, (size_t)(end - xmp), &metadata->xmp, error));
    }
    imp_exif_density(&metadata->exif, metadata->density);
    if (r->jpeg.saw_JFIF_marker && (r->jpeg.density_unit == 1 || r->jpeg.density_unit == 2))
        imp_density_set(metadata->density, r->jpeg.X_density, r->jpeg.Y_density,
                        units[r->jpeg.density_unit]);
    return take_iptc(r, error);
}

/* Whether the scans have brought every component, and all bits of what they have begun: else scans
 * are missing. What none has begun may be meant to be nothing, but not where the file ends without
 * an end marker. libjpeg takes what it lacks for gray and says nothing. */
static bool check_scans(const struct jpeg_decompress_struct *jpeg, const struct session *session)
{
    for (int i = 0; i < jpeg->num_components; i++) {
        const int *bits = jpeg->coef_bits ? jpeg->coef_bits[i] : NULL; /* -1: none so far */
        if (!(session->scanned >> i & 1) || (bits && bits[0] < 0))
            return false;
        for (int k = 0; k < DCTSIZE2 && bits; k++)
            if (bits[k] > 0 || (bits[k] < 0 && session->ended))
                return false;
    }
    return true;
}

static enum impasto_status decode(struct reading *r, const struct imp_image_source *source,
                                  struct session *session)
{
    struct impasto_error *error = session->error;
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    jpeg->err = session_errors(session);
    if (setjmp(session->jump))
        return session->failure;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &session->progress;
    jpeg_stdio_src(jpeg, source->stream);
    jpeg->src->resync_to_restart = take_restart;
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(jpeg, JPEG_APP0 + 2, 0xffff);
    jpeg_save_markers(jpeg, PHOTOSHOP_SEGMENT, 0xffff);
    jpeg_read_header(jpeg, TRUE);
    IMP_TRY(imp_image_check_size(source, jpeg->image_width, jpeg->image_height, error));

    enum imp_colour_model model = IMP_COLOUR_RGB;
    if (jpeg->jpeg_color_space == JCS_GRAYSCALE)
        model = IMP_COLOUR_GRAY;
    else if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK)
        model = IMP_COLOUR_CMYK;
    jpeg->out_color_space = model == IMP_COLOUR_GRAY  ? JCS_GRAYSCALE
                            : model == IMP_COLOUR_RGB ? JCS_RGB
                                                      : JCS_CMYK;
    struct imp_colour_source colours = {.profile_size = join_profile(r), .bytes = true};
    colours.profile = r->profile;
    const size_t width = jpeg->image_width, count = width * (size_t)model;
    IMP_TRY(impasto_image_create((int)width, (int)jpeg->image_height, &r->image, error));
    IMP_TRY(take_metadata(r, error));
    if (!colours.profile && model == IMP_COLOUR_RGB &&
        imp_exif_is_adobe_rgb(&r->image->metadata.exif))
        imp_colour_adobe_rgb(&colours);
    r->colour = imp_colour_open(&colours, model);
    r->samples = malloc(count);
    if (!r->samples)
        return imp_fail_memory(error, source->path, count);
    /* CMYK is stored inverted, 255 for no ink: by Adobe's programs, and by those that do not leave
     * Adobe's marker, too. */
    const bool inverted = model == IMP_COLOUR_CMYK;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        float *rgb = r->image->rgb + 3 * width * (size_t)jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &r->samples, 1);
        for (size_t i = 0; inverted && i < count; i++)
            r->samples[i] = (JSAMPLE)(255 - r->samples[i]);
        imp_colour_convert_bytes(r->colour, model, r->samples, rgb, width);
    }
    if (!check_scans(jpeg, session))
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is a cut-short JPEG picture: scans are missing; get it anew",
                        source->path);
    jpeg_finish_decompress(jpeg);
    return imp_exif_turn(&r->image, imp_exif_orientation(&r->image->metadata.exif, true), error);
}

static enum impasto_status load(const struct imp_image_source *source, struct impasto_image **image,
                                struct impasto_error *error)
{
    struct session session = {.path = source->path,
                              .error = error,
                              .failure = IMPASTO_ERROR_INPUT,
                              .stream = source->stream};
    struct reading reading;
    memset(&reading, 0, sizeof(reading));
    const enum impasto_status status = decode(&reading, source, &session);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------- */

struct writing {
    struct jpeg_compress_struct jpeg;
    struct impasto_block resources; /* IPTC, with its mark */
    struct impasto_block profile;
    unsigned char *segment; /* the one that is written */
    JSAMPLE *row;
};

/* A mark and what follows it, where there is room for it. May jump. */
static void write_segment(struct writing *w, int marker, const void *mark, size_t mark_size,
                          const struct impasto_block *block)
{
    if (block->size == 0 || block->size > LARGEST_SEGMENT - mark_size)
        return;
    memcpy(w->segment, mark, mark_size);
    memcpy(w->segment + mark_size, block->data, block->size);
    jpeg_write_marker(&w->jpeg, marker, w->segment, (unsigned)(mark_size + block->size));
}

/* May jump. */
static void write_segments(struct writing *w, const struct impasto_metadata *metadata)
{
    /* The first piece of one. */
    static const char whole_profile[ICC_HEADER] = "ICC_PROFILE\0\1\1";
    static const char writer[] = IMP_IMAGE_WRITER;
    write_segment(w, JPEG_APP0 + 1, exif_mark, sizeof(exif_mark), &metadata->exif);
    write_segment(w, JPEG_APP0 + 1, xmp_mark, sizeof(xmp_mark), &metadata->xmp);
    write_segment(w, JPEG_APP0 + 2, whole_profile, sizeof(whole_profile), &w->profile);
    write_segment(w, PHOTOSHOP_SEGMENT, "", 0, &w->resources);
    jpeg_write_marker(&w->jpeg, JPEG_COM, (const JOCTET *)writer, sizeof(writer) - 1);
}

/* Samples as they come, with the colours that this library has. May jump. */
static void start(struct writing *w, const struct impasto_image *image, FILE *stream, int quality)
{
    struct jpeg_compress_struct *jpeg = &w->jpeg;
    jpeg_create_compress(jpeg);
    jpeg_stdio_dest(jpeg, stream);
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    /* 4:4:4: painted strokes have sharp edges in colour too. */
    jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    jpeg->optimize_coding = TRUE;
    if (image->metadata.density[0] > 0) {
        jpeg->density_unit = 1; /* inches */
        jpeg->X_density = (UINT16)(image->metadata.density[0] + 0.5);
        jpeg->Y_density = (UINT16)(image->metadata.density[1] + 0.5);
    }
    jpeg_start_compress(jpeg, TRUE);
}

/* What the segments hold. */
static enum impasto_status prepare(struct writing *w, const struct impasto_image *image,
                                   struct impasto_error *error)
{
    const size_t row = 3 * (size_t)image->width;
    w->row = malloc(row);
    w->segment = malloc(LARGEST_SEGMENT);
    if (!w->row || !w->segment)
        return imp_fail_memory(error, "a JPEG writer", row + LARGEST_SEGMENT);
    IMP_TRY(imp_srgb_profile(&w->profile, error));
    if (image->metadata.iptc.size == 0)
        return IMPASTO_OK;
    return imp_iptc_wrap(&image->metadata.iptc, photoshop_mark, sizeof(photoshop_mark),
                         &w->resources, error);
}

static enum impasto_status encode(struct writing *w, const struct impasto_image *image,
                                  FILE *stream, const struct impasto_save_options *options,
                                  struct session *session)
{
    struct jpeg_compress_struct *jpeg = &w->jpeg;
    const size_t width = (size_t)image->width;
    IMP_TRY(prepare(w, image, session->error));
    jpeg->err = session_errors(session);
    if (setjmp(session->jump))
        return session->failure;
    start(w, image, stream, options->quality);
    write_segments(w, &image->metadata);
    while (jpeg->next_scanline < jpeg->image_height) {
        const size_t base = width * (size_t)jpeg->next_scanline;
        for (size_t x = 0; x < width; x++) {
            const float alpha = image->alpha ? image->alpha[base + x] : 1;
            for (size_t c = 0; c < 3; c++)
                w->row[3 * x + c] = (JSAMPLE)imp_sample_quantize(
                    alpha * image->rgb[3 * (base + x) + c] + (1 - alpha), 255);
        }
        jpeg_write_scanlines(jpeg, &w->row, 1);
    }
    jpeg_finish_compress(jpeg);
    return IMPASTO_OK;
}

static enum impasto_status save(const struct impasto_image *image, FILE *stream, const char *path,
                                const struct impasto_save_options *options,
                                struct impasto_error *error)
{
    struct session session = {.path = path, .error = error, .failure = IMPASTO_ERROR_OUTPUT};
    struct writing writing;
    memset(&writing, 0, sizeof(writing));
    const enum impasto_status status = encode(&writing, image, stream, options, &session);
    jpeg_destroy_compress(&writing.jpeg);
    free(writing.resources.data);
    free(writing.profile.data);
    free(writing.row);
    free(writing.segment);
    return status;
}

static const char *const extensions[] = {".jpg", ".jpeg", NULL};

const struct imp_image_format imp_image_jpeg = {
    .info =
        {
            .format = IMPASTO_FORMAT_JPEG,
            .name = "JPEG",
            .extensions = extensions,
            .reads = true,
            .writes = true,
            .largest_side = IMP_IMAGE_LARGEST_SIDE,
            .bits = 8,
        },
    .probe = probe,
    .load = load,
    .save = save,
};
