/* SPDX-License-Identifier: MIT */
/* Pictures decoded in a sandbox, which sends them. What it sends has been made by a hostile file at
 * worst, so all of it is looked at as if it were that file. */

#include "image/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a decoder may take beside the pixels: libpng's share in png.c, and as much for everything
 * else. */
#define MOST_BESIDE ((uint64_t)128 << 20)
/* Addresses, not memory, that the C library sets aside for a second thread: its stack and heap. */
#define MOST_OF_THREADS ((uint64_t)256 << 20)
/* Seconds of processor time: for any picture, and one more for so many pixels that it may have. A
 * camera's 12 million take less than one. */
#define LEAST_SECONDS 60
#define PIXELS_PER_SECOND 1000000u
#define MOST_SECONDS 86400

/* What the child sends first; then, where all is well, colours, transparency, EXIF, XMP,
 * IPTC, settings. */
struct answer {
    enum impasto_status status;
    int width, height;
    bool alpha;
    size_t exif_size, xmp_size, iptc_size;
    double density[2];
    size_t settings_size; /* without an end */
    char message[sizeof(((struct impasto_error *)NULL)->message)];
};

struct task {
    const struct imp_image_source *source;
    const struct imp_image_format *format;
    bool settings_only;
};

/* ---- In the child ---------------------------------------------------------------------------- */

static void serve(void *user, int descriptor)
{
    const struct task *task = user;
    struct impasto_image only_settings = {0}, *image = &only_settings;
    struct impasto_error error = {0};
    struct answer answer = {0};
    if (!task->settings_only)
        answer.status = task->format->load(task->source, &image, &error);
    else if (task->format->load_settings)
        answer.status = task->format->load_settings(task->source, &image->settings, &error);
    if (answer.status == IMPASTO_OK) {
        answer.width = image->width;
        answer.height = image->height;
        answer.alpha = image->alpha != NULL;
        answer.exif_size = image->metadata.exif.size;
        answer.xmp_size = image->metadata.xmp.size;
        answer.iptc_size = image->metadata.iptc.size;
        memcpy(answer.density, image->metadata.density, sizeof(answer.density));
        answer.settings_size = image->settings ? strlen(image->settings) : 0;
    }
    /* Not the bytes after the message, which nobody has written. */
    snprintf(answer.message, sizeof(answer.message), "%s", error.message);
    const size_t pixels = (size_t)answer.width * (size_t)answer.height;
    /* Where one is not taken, nobody listens to the next. */
    (void)imp_sandbox_send(descriptor, &answer, sizeof(answer));
    if (answer.status == IMPASTO_OK) {
        (void)imp_sandbox_send(descriptor, image->rgb, 3 * pixels * sizeof(float));
        (void)imp_sandbox_send(descriptor, image->alpha, answer.alpha ? pixels * sizeof(float) : 0);
        (void)imp_sandbox_send(descriptor, image->metadata.exif.data, answer.exif_size);
        (void)imp_sandbox_send(descriptor, image->metadata.xmp.data, answer.xmp_size);
        (void)imp_sandbox_send(descriptor, image->metadata.iptc.data, answer.iptc_size);
        (void)imp_sandbox_send(descriptor, image->settings, answer.settings_size);
    }
}

/* ---- In the program -------------------------------------------------------------------------- */

/* Samples row by row, looked at while they are in the cache. Those outside of [0, 1], or that are
 * no numbers, come from no decoder of ours. */
static void receive_samples(const struct imp_sandbox_child *child, float *samples, size_t row,
                            int rows, bool *whole, bool *good)
{
    for (int y = 0; y < rows && *whole; y++, samples += row) {
        unsigned outside = 0;
        *whole = imp_sandbox_receive(child, samples, row * sizeof(*samples));
        for (size_t i = 0; i < row; i++)
            outside |= (unsigned)!(samples[i] >= 0) | (unsigned)!(samples[i] <= 1);
        *good = *good && outside == 0;
    }
}

static bool is_density(double pixels_per_inch)
{
    return pixels_per_inch >= 0 && pixels_per_inch <= 1e6; /* not NaN */
}

static bool sensible(const struct task *task, const struct answer *answer)
{
    const bool sized =
        answer->width >= 1 && answer->height >= 1 && answer->width <= IMP_IMAGE_LARGEST_SIDE &&
        answer->height <= IMP_IMAGE_LARGEST_SIDE &&
        (uint64_t)answer->width * (uint64_t)answer->height <= task->source->max_pixels;
    return answer->status == IMPASTO_OK && (sized || task->settings_only) &&
           answer->exif_size <= IMP_LARGEST_BLOCK && answer->xmp_size <= IMP_LARGEST_BLOCK &&
           answer->iptc_size <= IMP_LARGEST_BLOCK &&
           answer->settings_size <= IMPASTO_SETTINGS_MOST && is_density(answer->density[0]) &&
           is_density(answer->density[1]);
}

/* A block of bytes with a zero behind it, or NULL where there are none. */
static enum impasto_status receive_block(const struct imp_sandbox_child *child, size_t size,
                                         char **block, bool *whole, struct impasto_error *error)
{
    *block = size ? malloc(size + 1) : NULL;
    if (size && !*block)
        return imp_fail_memory(error, "what a picture carries", size);
    if (size)
        (*block)[size] = '\0';
    *whole = *whole && imp_sandbox_receive(child, *block, size);
    return IMPASTO_OK;
}

static enum impasto_status receive_metadata(const struct imp_sandbox_child *child,
                                            const struct answer *answer,
                                            struct impasto_metadata *metadata, bool *whole,
                                            struct impasto_error *error)
{
    const size_t sizes[] = {answer->exif_size, answer->xmp_size, answer->iptc_size};
    struct impasto_block *const blocks[] = {&metadata->exif, &metadata->xmp, &metadata->iptc};
    for (size_t i = 0; i < IMP_COUNT(sizes); i++) {
        char *bytes;
        IMP_TRY(receive_block(child, sizes[i], &bytes, whole, error));
        *blocks[i] = (struct impasto_block){.data = (unsigned char *)bytes, .size = sizes[i]};
    }
    memcpy(metadata->density, answer->density, sizeof(metadata->density));
    return IMPASTO_OK;
}

static enum impasto_status receive_pixels(const struct imp_sandbox_child *child,
                                          const struct answer *answer, struct impasto_image **image,
                                          bool *whole, bool *good, struct impasto_error *error)
{
    const size_t width = (size_t)answer->width;
    IMP_TRY(impasto_image_create(answer->width, answer->height, image, error));
    if (answer->alpha)
        IMP_TRY(imp_image_add_alpha(*image, error));
    receive_samples(child, (*image)->rgb, 3 * width, answer->height, whole, good);
    if (answer->alpha)
        receive_samples(child, (*image)->alpha, width, answer->height, whole, good);
    return IMPASTO_OK;
}

/* *image: freed by the caller, also after a failure; for settings alone there is one, without any.
 * *whole: whether the child has sent all. */
static enum impasto_status receive(const struct imp_sandbox_child *child, const struct task *task,
                                   struct impasto_image **image, bool *whole,
                                   struct impasto_error *error)
{
    const char *path = task->source->path;
    struct answer answer;
    *whole = imp_sandbox_receive(child, &answer, sizeof(answer));
    if (!*whole)
        return IMPASTO_OK;
    answer.message[sizeof(answer.message) - 1] = '\0';
    if (answer.status == IMPASTO_ERROR_INPUT || answer.status == IMPASTO_ERROR_MEMORY)
        return imp_fail(error, answer.status, "%s", answer.message);
    bool good = sensible(task, &answer);
    if (good && !task->settings_only)
        IMP_TRY(receive_pixels(child, &answer, image, whole, &good, error));
    if (good) {
        struct impasto_image *const out = *image;
        IMP_TRY(receive_metadata(child, &answer, &out->metadata, whole, error));
        IMP_TRY(receive_block(child, answer.settings_size, &out->settings, whole, error));
        good = !*whole || !out->settings || imp_image_settings_fit(out->settings);
    }
    if (!good)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is a damaged picture, in a way that misleads its decoder; get it anew",
                        path);
    return IMPASTO_OK;
}

static enum impasto_status decode(const struct task *task, struct impasto_image **image,
                                  struct impasto_error *error)
{
    const struct imp_image_source *source = task->source;
    const uint64_t seconds = source->max_pixels / PIXELS_PER_SECOND;
    const uint64_t most_pixels = (uint64_t)IMP_IMAGE_LARGEST_SIDE * IMP_IMAGE_LARGEST_SIDE;
    const uint64_t pixels = source->max_pixels < most_pixels ? source->max_pixels : most_pixels;
    const struct imp_sandbox sandbox = {
        .memory = pixels * IMP_IMAGE_MOST_BYTES_PER_PIXEL + MOST_BESIDE +
                  (task->format->threads ? MOST_OF_THREADS : 0),
        .seconds = LEAST_SECONDS + (unsigned)(seconds < MOST_SECONDS ? seconds : MOST_SECONDS),
        .descriptor = fileno(source->stream), /* of bytes: none, -1 */
        .threads = task->format->threads,
        .work = serve,
        .user = (void *)task,
    };
    struct imp_sandbox_child child;
    bool whole;
    if (!imp_sandbox_start(&sandbox, &child))
        return imp_sandbox_fail(error, source->path, "decode", errno);
    const enum impasto_status status = receive(&child, task, image, &whole, error);
    const char *end = imp_sandbox_end(&child);
    if (status == IMPASTO_OK && !whole)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is a damaged picture: its decoder %s; get it anew", source->path,
                        end ? end : "stops");
    return status;
}

enum impasto_status imp_image_load_apart(const struct imp_image_source *source,
                                         const struct imp_image_format *format,
                                         struct impasto_image **image, struct impasto_error *error)
{
    const struct task task = {.source = source, .format = format};
    struct impasto_image *decoded = NULL;
    const enum impasto_status status = decode(&task, &decoded, error);
    if (status == IMPASTO_OK)
        *image = decoded;
    else
        impasto_image_free(&decoded);
    return status;
}

enum impasto_status imp_image_load_settings_apart(const struct imp_image_source *source,
                                                  const struct imp_image_format *format,
                                                  char **settings, struct impasto_error *error)
{
    const struct task task = {.source = source, .format = format, .settings_only = true};
    struct impasto_image *carrier = NULL;
    IMP_TRY(impasto_image_create(1, 1, &carrier, error));
    const enum impasto_status status = decode(&task, &carrier, error);
    if (status == IMPASTO_OK) {
        *settings = carrier->settings;
        carrier->settings = NULL;
    }
    impasto_image_free(&carrier);
    return status;
}
