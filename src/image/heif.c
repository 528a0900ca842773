/* SPDX-License-Identifier: MIT */
/* HEIC and AVIF by libheif, the only file that knows it: the primary picture, which libheif has
 * turned and cropped as its file asks. */

#include "base/os.h"
#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

/* Whether one of the brands in a file's first box, the major one first, is among these. */
static bool has_brand(const unsigned char *head, size_t size, const char *const *brands)
{
    if (size < 12 || memcmp(head + 4, "ftyp", 4) != 0)
        return false;
    const size_t box = (size_t)head[2] << 8 | head[3];
    const size_t end = head[0] || head[1] || box > size ? size : box;
    for (size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) /* a version follows the first */
        for (size_t i = 0; brands[i]; i++)
            if (memcmp(head + at, brands[i], 4) == 0)
                return true;
    return false;
}

static bool probe_avif(const unsigned char *head, size_t size)
{
    static const char *const brands[] = {"avif", "avis", NULL};
    return has_brand(head, size, brands);
}

/* Files that only say what kind of container they are go to libheif as well. */
static bool probe_heic(const unsigned char *head, size_t size)
{
    static const char *const brands[] = {"heic", "heix", "hevc", "hevx", "heim", "heis",
                                         "hevm", "hevs", "mif1", "msf1", NULL};
    return !probe_avif(head, size) && has_brand(head, size, brands);
}

#ifdef IMP_HAVE_HEIF

#include <libheif/heif.h>

struct reading {
    const struct imp_image_source *source;
    const char *name; /* of the format */
    unsigned char *bytes;
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *decoded;
    unsigned char *profile;
    struct imp_colour *colour;
    struct impasto_image *image;
};

static void finish(struct reading *r)
{
    imp_colour_close(&r->colour);
    free(r->profile);
    heif_image_release(r->decoded);
    heif_image_handle_release(r->handle);
    heif_context_free(r->context);
    free(r->bytes);
}

static enum impasto_status fail_as(const struct reading *r, struct heif_error why,
                                   struct impasto_error *error)
{
    const char *path = r->source->path, *message = why.message ? why.message : "no more is known";
    if (why.code == heif_error_Memory_allocation_error &&
        why.subcode != heif_suberror_Security_limit_exceeded)
        return imp_fail_memory(error, path, 0);
    if (why.code == heif_error_Unsupported_filetype || why.code == heif_error_Unsupported_feature)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is a kind of %s picture that libheif cannot read here; save it as PNG "
                        "(libheif: %s)",
                        path, r->name, message);
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is a damaged or cut-short %s picture; get it anew (libheif: %s)", path,
                    r->name, message);
}

/* ---- Colours --------------------------------------------------------------------------------- */

static bool read_profile(struct reading *r, struct imp_colour_source *source)
{
    const size_t size = heif_image_handle_get_raw_color_profile_size(r->handle);
    if (size == 0 || !(r->profile = malloc(size)) ||
        heif_image_handle_get_raw_color_profile(r->handle, r->profile).code != heif_error_Ok)
        return false;
    source->profile = r->profile;
    source->profile_size = size;
    return true;
}

/* By the profile, else by numbers for primaries and transfer function. */
static enum impasto_status open_colour(struct reading *r, struct impasto_error *error)
{
    struct imp_colour_source source = {0};
    struct heif_color_profile_nclx *nclx = NULL;
    if (!read_profile(r, &source) &&
        heif_image_handle_get_nclx_color_profile(r->handle, &nclx).code == heif_error_Ok && nclx) {
        const struct imp_cicp cicp = {
            .primaries = (unsigned)nclx->color_primaries,
            .transfer = (unsigned)nclx->transfer_characteristics,
        };
        heif_nclx_color_profile_free(nclx);
        if (imp_cicp_is_stated(&cicp))
            IMP_TRY(imp_cicp_read(&cicp, r->source->path, &source, error));
    }
    source.bytes = heif_image_handle_get_luma_bits_per_pixel(r->handle) <= 8;
    r->colour = imp_colour_open(&source, IMP_COLOUR_RGB);
    return IMPASTO_OK;
}

/* ---- Metadata -------------------------------------------------------------------------------- */

/* EXIF stands behind the distance, of 32 bits, to its TIFF structure. */
static size_t exif_begin(const unsigned char *bytes, size_t size)
{
    if (size < 4)
        return size;
    const size_t offset =
        (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | (size_t)bytes[3];
    return offset < size - 4 ? 4 + offset : size;
}

static enum impasto_status take_item(struct reading *r, heif_item_id id, bool exif,
                                     struct impasto_block *block, struct impasto_error *error)
{
    const size_t size = heif_image_handle_get_metadata_size(r->handle, id);
    unsigned char *bytes = size > 0 ? malloc(size) : NULL;
    enum impasto_status status = IMPASTO_OK;
    if (size > 0 && !bytes)
        return imp_fail_memory(error, r->source->path, size);
    if (size > 0 && heif_image_handle_get_metadata(r->handle, id, bytes).code == heif_error_Ok) {
        const size_t begin = exif ? exif_begin(bytes, size) : 0;
        if (begin < size)
            status = imp_block_take(bytes + begin, size - begin, block, error);
    }
    free(bytes);
    return status;
}

static enum impasto_status take_metadata(struct reading *r, struct impasto_error *error)
{
    heif_item_id ids[16];
    struct impasto_metadata *metadata = &r->image->metadata;
    const int count =
        heif_image_handle_get_list_of_metadata_block_IDs(r->handle, NULL, ids, IMP_COUNT(ids));
    for (int i = 0; i < count; i++) {
        const char *kind = heif_image_handle_get_metadata_type(r->handle, ids[i]);
        const char *content = heif_image_handle_get_metadata_content_type(r->handle, ids[i]);
        if (kind && strcmp(kind, "Exif") == 0 && !metadata->exif.data)
            IMP_TRY(take_item(r, ids[i], true, &metadata->exif, error));
        if (kind && content && strcmp(kind, "mime") == 0 && !metadata->xmp.data &&
            strcmp(content, "application/rdf+xml") == 0)
            IMP_TRY(take_item(r, ids[i], false, &metadata->xmp, error));
    }
    /* The picture has been turned by what its container says, whatever EXIF adds. */
    (void)imp_exif_orientation(&metadata->exif, true);
    imp_exif_density(&metadata->exif, metadata->density);
    return IMPASTO_OK;
}

/* ---- Pixels ---------------------------------------------------------------------------------- */

static void do_nothing(void *user)
{
    (void)user;
}

/* libde265 starts a thread, and where it gets none it waits for that for ever. */
static enum impasto_status check_threads(const struct reading *r, struct impasto_error *error)
{
    struct imp_os_thread *thread;
    const int problem = imp_os_start_thread(&thread, do_nothing, NULL);
    if (problem != 0)
        return imp_fail(error, IMPASTO_ERROR_MEMORY,
                        "%s: no thread to decode it in: %s; end other programs, or allow more "
                        "processes (see ulimit -u)",
                        r->source->path, strerror(problem));
    imp_os_join_thread(&thread);
    return IMPASTO_OK;
}

static enum heif_chroma choose_chroma(bool wide, bool alpha)
{
    const uint16_t one = 1;
    const bool little = *(const unsigned char *)&one == 1;
    if (!wide)
        return alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    if (little)
        return alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
    return alpha ? heif_chroma_interleaved_RRGGBBAA_BE : heif_chroma_interleaved_RRGGBB_BE;
}

static enum impasto_status decode_pixels(struct reading *r, struct impasto_error *error)
{
    const bool alpha = heif_image_handle_has_alpha_channel(r->handle) != 0;
    const bool wide = heif_image_handle_get_luma_bits_per_pixel(r->handle) > 8;
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options)
        return imp_fail_memory(error, r->source->path, 0);
    options->strict_decoding = 1;
    const struct heif_error why = heif_decode_image(r->handle, &r->decoded, heif_colorspace_RGB,
                                                    choose_chroma(wide, alpha), options);
    heif_decoding_options_free(options);
    if (why.code != heif_error_Ok)
        return fail_as(r, why, error);
    const int width = heif_image_get_width(r->decoded, heif_channel_interleaved);
    const int height = heif_image_get_height(r->decoded, heif_channel_interleaved);
    const int bits = heif_image_get_bits_per_pixel_range(r->decoded, heif_channel_interleaved);
    IMP_TRY(imp_image_check_size(r->source, width > 0 ? (uint64_t)width : 0,
                                 height > 0 ? (uint64_t)height : 0, error));
    int stride = 0;
    const struct imp_samples samples = {
        .data = heif_image_get_plane_readonly(r->decoded, heif_channel_interleaved, &stride),
        .step = alpha ? 4 : 3,
        .alpha = alpha,
        .premultiplied = heif_image_handle_is_premultiplied_alpha(r->handle) != 0,
        .wide = wide,
        .top = bits >= 8 && bits <= 16 ? (1u << bits) - 1 : 255,
        .stride = (size_t)stride,
    };
    if (!samples.data || stride <= 0)
        return fail_as(r, (struct heif_error){0}, error);
    IMP_TRY(impasto_image_create(width, height, &r->image, error));
    return imp_samples_take(&samples, r->colour, r->image, error);
}

static enum impasto_status decode(struct reading *r, struct impasto_error *error)
{
    size_t size;
    struct heif_error why;
    IMP_TRY(check_threads(r, error));
    IMP_TRY(imp_image_read_whole(r->source, &r->bytes, &size, error));
    if (!(r->context = heif_context_alloc()))
        return imp_fail_memory(error, r->source->path, 0);
    heif_context_set_max_decoding_threads(r->context, 0);
    heif_context_set_maximum_image_size_limit(r->context, IMP_IMAGE_LARGEST_SIDE);
    why = heif_context_read_from_memory_without_copy(r->context, r->bytes, size, NULL);
    if (why.code == heif_error_Ok)
        why = heif_context_get_primary_image_handle(r->context, &r->handle);
    if (why.code != heif_error_Ok)
        return fail_as(r, why, error);
    /* As stored and as turned: what is cut away is decoded, too. */
    const int sides[] = {
        heif_image_handle_get_ispe_width(r->handle), heif_image_handle_get_ispe_height(r->handle),
        heif_image_handle_get_width(r->handle), heif_image_handle_get_height(r->handle)};
    for (int i = 0; i < 4; i += 2)
        IMP_TRY(imp_image_check_size(r->source, sides[i] > 0 ? (uint64_t)sides[i] : 0,
                                     sides[i + 1] > 0 ? (uint64_t)sides[i + 1] : 0, error));
    IMP_TRY(open_colour(r, error));
    IMP_TRY(decode_pixels(r, error));
    return take_metadata(r, error);
}

static enum impasto_status load(const char *name, const struct imp_image_source *source,
                                struct impasto_image **image, struct impasto_error *error)
{
    struct reading reading = {.source = source, .name = name};
    const enum impasto_status status = decode(&reading, error);
    finish(&reading);
    if (status == IMPASTO_OK)
        *image = reading.image;
    else
        impasto_image_free(&reading.image);
    return status;
}

static enum impasto_status load_heic(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    return load("HEIC", source, image, error);
}

static enum impasto_status load_avif(const struct imp_image_source *source,
                                     struct impasto_image **image, struct impasto_error *error)
{
    return load("AVIF", source, image, error);
}

/* Decoders that are plugins are loaded here, as none can be in a sandbox. */
static void begin(void)
{
    (void)heif_init(NULL);
}

static void end(void)
{
    heif_deinit();
}

#endif

static const char *const heic_extensions[] = {".heic", ".heif", NULL};
static const char *const avif_extensions[] = {".avif", NULL};

const struct imp_image_format imp_image_heic = {
    .info =
        {
            .format = IMPASTO_FORMAT_HEIC,
            .name = "HEIC",
            .extensions = heic_extensions,
            .library = "libheif",
#ifdef IMP_HAVE_HEIF
            .reads = true,
#endif
        },
    .threads = true,
    .probe = probe_heic,
#ifdef IMP_HAVE_HEIF
    .begin = begin,
    .end = end,
    .load = load_heic,
#endif
};

const struct imp_image_format imp_image_avif = {
    .info =
        {
            .format = IMPASTO_FORMAT_AVIF,
            .name = "AVIF",
            .extensions = avif_extensions,
            .library = "libheif",
#ifdef IMP_HAVE_HEIF
            .reads = true,
#endif
        },
    .threads = true,
    .probe = probe_avif,
#ifdef IMP_HAVE_HEIF
    .begin = begin,
    .end = end,
    .load = load_avif,
#endif
};
