/* SPDX-License-Identifier: MIT */
/* WebP by libwebp, the only file that knows it: still pictures and the first frame of moving ones
 * in, lossy and lossless ones out. */

#include "image/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool probe(const unsigned char *head, size_t size)
{
    return size >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0;
}

#ifdef IMP_HAVE_WEBP

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

/* ---- Reading --------------------------------------------------------------------------------- */

struct reading {
    unsigned char *bytes; /* the file */
    WebPDemuxer *demuxer; /* points into it */
    WebPIterator frame;
    unsigned char *canvas; /* RGBA */
    struct imp_colour *colour;
    struct impasto_image *image;
};

static void finish(struct reading *r)
{
    imp_colour_close(&r->colour);
    free(r->canvas);
    WebPDemuxReleaseIterator(&r->frame);
    WebPDemuxDelete(r->demuxer);
    free(r->bytes);
}

static enum impasto_status damaged(const struct imp_image_source *source,
                                   struct impasto_error *error)
{
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged or cut-short WebP picture; get it anew", source->path);
}

/* A chunk of the file beside its frames. `prefix`: left out where the chunk begins with it. */
static enum impasto_status take_chunk(struct reading *r, const char *name, const char *prefix,
                                      size_t prefix_size, struct impasto_block *block,
                                      struct impasto_error *error)
{
    WebPChunkIterator chunk = {0};
    enum impasto_status status = IMPASTO_OK;
    if (WebPDemuxGetChunk(r->demuxer, name, 1, &chunk)) {
        const bool skip =
            chunk.chunk.size >= prefix_size && memcmp(chunk.chunk.bytes, prefix, prefix_size) == 0;
        const size_t from = skip ? prefix_size : 0;
        if (chunk.chunk.size > from)
            status =
                imp_block_take(chunk.chunk.bytes + from, chunk.chunk.size - from, block, error);
    }
    WebPDemuxReleaseChunkIterator(&chunk);
    return status;
}

/* The profile outlives its iterator: it lies in the file's bytes. */
static void open_colour(struct reading *r)
{
    WebPChunkIterator chunk = {0};
    struct imp_colour_source colours = {.bytes = true};
    if (WebPDemuxGetChunk(r->demuxer, "ICCP", 1, &chunk)) {
        colours.profile = chunk.chunk.bytes;
        colours.profile_size = chunk.chunk.size;
    }
    r->colour = imp_colour_open(&colours, IMP_COLOUR_RGB);
    WebPDemuxReleaseChunkIterator(&chunk);
}

/* Draws the first frame, which may be smaller than the canvas, where it belongs. */
static bool draw_frame(struct reading *r, size_t width, size_t height)
{
    const WebPIterator *frame = &r->frame;
    const size_t stride = 4 * width;
    if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width < 1 || frame->height < 1 ||
        (size_t)frame->x_offset + (size_t)frame->width > width ||
        (size_t)frame->y_offset + (size_t)frame->height > height || !frame->complete)
        return false;
    const size_t at = (size_t)frame->y_offset * stride + 4 * (size_t)frame->x_offset;
    return WebPDecodeRGBAInto(frame->fragment.bytes, frame->fragment.size, r->canvas + at,
                              stride * height - at, (int)stride) != NULL;
}

static enum impasto_status decode(struct reading *r, const struct imp_image_source *source,
                                  struct impasto_error *error)
{
    size_t size;
    IMP_TRY(imp_image_read_whole(source, &r->bytes, &size, error));
    const WebPData data = {.bytes = r->bytes, .size = size};
    r->demuxer = WebPDemux(&data);
    if (!r->demuxer)
        return damaged(source, error);
    const size_t width = WebPDemuxGetI(r->demuxer, WEBP_FF_CANVAS_WIDTH);
    const size_t height = WebPDemuxGetI(r->demuxer, WEBP_FF_CANVAS_HEIGHT);
    IMP_TRY(imp_image_check_size(source, width, height, error));
    if (!WebPDemuxGetFrame(r->demuxer, 1, &r->frame))
        return damaged(source, error);
    if (!(r->canvas = calloc(width * height, 4)))
        return imp_fail_memory(error, source->path, width * height * 4);
    if (!draw_frame(r, width, height))
        return damaged(source, error);
    open_colour(r);
    IMP_TRY(impasto_image_create((int)width, (int)height, &r->image, error));
    const bool alpha = (WebPDemuxGetI(r->demuxer, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0 ||
                       r->frame.has_alpha || (size_t)r->frame.width < width ||
                       (size_t)r->frame.height < height;
    const struct imp_samples samples = {
        .data = r->canvas, .stride = 4 * width, .step = 4, .alpha = alpha, .top = 255};
    IMP_TRY(imp_samples_take(&samples, r->colour, r->image, error));
    free(r->canvas);
    r->canvas = NULL; /* there is to be room to turn the picture in */
    struct impasto_metadata *metadata = &r->image->metadata;
    IMP_TRY(take_chunk(r, "EXIF", IMP_EXIF_MARK, sizeof(IMP_EXIF_MARK), &metadata->exif, error));
    IMP_TRY(take_chunk(r, "XMP ", "", 0, &metadata->xmp, error));
    imp_exif_density(&metadata->exif, metadata->density);
    return imp_exif_turn(&r->image, imp_exif_orientation(&metadata->exif, true), error);
}

static enum impasto_status load(const struct imp_image_source *source, struct impasto_image **image,
                                struct impasto_error *error)
{
    struct reading reading = {0};
    const enum impasto_status status = decode(&reading, source, error);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* From here on qualities are without loss. */
#define LOSSLESS 100

struct writing {
    WebPPicture picture;
    WebPMemoryWriter bytes;
    unsigned char *samples;
    struct impasto_block signature; /* EXIF of a picture that has none */
    WebPMux *mux;
    WebPData file;
};

static void end_writing(struct writing *w)
{
    WebPPictureFree(&w->picture);
    WebPMemoryWriterClear(&w->bytes);
    WebPMuxDelete(w->mux);
    WebPDataClear(&w->file);
    free(w->samples);
    free(w->signature.data);
}

static void pack(const struct impasto_image *image, bool alpha, unsigned char *to)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++) {
        for (size_t c = 0; c < 3; c++)
            *to++ = (unsigned char)imp_sample_quantize(image->rgb[3 * i + c], 255);
        if (alpha)
            *to++ = (unsigned char)imp_sample_quantize(image->alpha[i], 255);
    }
}

/* The picture alone. */
static enum impasto_status compress(struct writing *w, const struct impasto_image *image,
                                    const char *path, int quality, struct impasto_error *error)
{
    const bool alpha = imp_image_is_transparent(image);
    const int channels = alpha ? 4 : 3, stride = channels * image->width;
    WebPConfig config;
    WebPPicture *picture = &w->picture;
    if (!WebPConfigInit(&config) || !WebPPictureInit(picture))
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: another version of libwebp is installed than the one that this "
                        "program was built for; build it anew",
                        path);
    WebPMemoryWriterInit(&w->bytes);
    config.quality = (float)quality;
    config.lossless = quality >= LOSSLESS;
    config.use_sharp_yuv = 1; /* painted strokes have sharp edges in colour too */
    config.exact = config.lossless;
    picture->use_argb = 1;
    picture->width = image->width;
    picture->height = image->height;
    picture->writer = WebPMemoryWrite;
    picture->custom_ptr = &w->bytes;
    const size_t size = (size_t)stride * (size_t)image->height;
    if (!(w->samples = malloc(size)))
        return imp_fail_memory(error, path, size);
    pack(image, alpha, w->samples);
    if (!(alpha ? WebPPictureImportRGBA(picture, w->samples, stride)
                : WebPPictureImportRGB(picture, w->samples, stride)) ||
        !WebPEncode(&config, picture))
        return picture->error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
                       picture->error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY
                   ? imp_fail_memory(error, path, size)
                   : imp_fail(error, IMPASTO_ERROR_OUTPUT,
                              "%s: cannot be written as WebP (libwebp: error %d); let the name end "
                              "in .png",
                              path, (int)picture->error_code);
    return IMPASTO_OK;
}

static bool set_chunk(struct writing *w, const char *name, const struct impasto_block *block)
{
    const WebPData data = {.bytes = block->data, .size = block->size};
    return block->size == 0 || WebPMuxSetChunk(w->mux, name, &data, 0) == WEBP_MUX_OK;
}

/* Puts what the picture says of itself around it. */
static enum impasto_status assemble(struct writing *w, const struct impasto_image *image,
                                    const char *path, struct impasto_error *error)
{
    const WebPData bitstream = {.bytes = w->bytes.mem, .size = w->bytes.size};
    const struct impasto_block *exif = &image->metadata.exif;
    if (exif->size == 0) {
        IMP_TRY(imp_exif_signature(&w->signature, error));
        exif = &w->signature;
    }
    w->mux = WebPMuxNew();
    if (!w->mux || WebPMuxSetImage(w->mux, &bitstream, 0) != WEBP_MUX_OK ||
        !set_chunk(w, "EXIF", exif) || !set_chunk(w, "XMP ", &image->metadata.xmp) ||
        WebPMuxAssemble(w->mux, &w->file) != WEBP_MUX_OK)
        return imp_fail_memory(error, path, w->bytes.size);
    return IMPASTO_OK;
}

static enum impasto_status save(const struct impasto_image *image, FILE *stream, const char *path,
                                const struct impasto_save_options *options,
                                struct impasto_error *error)
{
    struct writing writing = {0};
    enum impasto_status status = compress(&writing, image, path, options->quality, error);
    if (status == IMPASTO_OK)
        status = assemble(&writing, image, path, error);
    if (status == IMPASTO_OK &&
        fwrite(writing.file.bytes, 1, writing.file.size, stream) != writing.file.size)
        status = imp_fail_file(error, IMPASTO_ERROR_OUTPUT, path, "cannot be written", errno);
    end_writing(&writing);
    return status;
}

#endif

static const char *const extensions[] = {".webp", NULL};

const struct imp_image_format imp_image_webp = {
    .info =
        {
            .format = IMPASTO_FORMAT_WEBP,
            .name = "WebP",
            .extensions = extensions,
            .library = "libwebp",
#ifdef IMP_HAVE_WEBP
            .reads = true,
            .writes = true,
            .largest_side = WEBP_MAX_DIMENSION,
            .bits = 8,
#endif
        },
    .probe = probe,
#ifdef IMP_HAVE_WEBP
    .load = load,
    .save = save,
#endif
};
