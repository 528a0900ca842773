/* SPDX-License-Identifier: MIT */
/* The pictures that a training learns from: a folder of photographs, or scenes that we draw. */

#include "base/os.h"
#include "draw/draw.h"
#include "image/image.h"
#include "train/train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCENE_HEIGHT 384
#define SCENE_WIDTH 512
/* Crops of half the shorter side would be too blurred. */
#define SMALLEST_SIDE 64
/* Photographs for each one that is held back, below which scenes are held back instead. */
#define PHOTOS_PER_HELD 4
/* More is no folder of photographs. */
#define MOST_NAMES 1000000

#define STREAM_HELD 0x7261496eu

/* ---- The folder ------------------------------------------------------------------------------ */

struct names {
    char **path;
    size_t count, capacity;
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->path[i]);
    free(names->path);
    *names = (struct names){0};
}

/* Takes the path over; NULL: there was no memory for it. */
static bool add_name(struct names *names, char *path)
{
    if (names->count == names->capacity) {
        const size_t capacity = names->capacity ? 2 * names->capacity : 64;
        char **more = path ? realloc(names->path, capacity * sizeof(*more)) : NULL;
        if (!more) {
            free(path);
            return false;
        }
        names->path = more;
        names->capacity = capacity;
    }
    names->path[names->count++] = path;
    return path != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The pictures in the folder, by their names' order; hidden files are none. */
static enum impasto_status list_folder(const char *folder, struct names *names,
                                       struct impasto_error *error)
{
    bool sound = true;
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    if (!entries)
        return imp_fail_file(error, IMPASTO_ERROR_INPUT, folder, "cannot be read", errno);
    for (const char *name; sound && (name = imp_os_next_name(entries));) {
        if (name[0] == '.' || names->count == MOST_NAMES)
            continue;
        char *path = imp_os_join(folder, name);
        if (path && !impasto_image_is_picture(path))
            free(path);
        else
            sound = add_name(names, path);
    }
    imp_os_close_folder(entries);
    if (!sound)
        return imp_fail_memory(error, "names of photographs", 0);
    if (names->count > 1)
        qsort(names->path, names->count, sizeof(*names->path), by_name);
    return IMPASTO_OK;
}

/* ---- A photograph ---------------------------------------------------------------------------- */

static enum impasto_status keep_pixels(const struct impasto_image *image, struct imp_photo *photo,
                                       struct impasto_error *error)
{
    const size_t count = 3 * (size_t)image->width * (size_t)image->height;
    photo->rgb = malloc(count);
    if (!photo->rgb)
        return imp_fail_memory(error, "a photograph", count);
    photo->width = image->width;
    photo->height = image->height;
    for (size_t i = 0; i < count; i++)
        photo->rgb[i] = (unsigned char)(fminf(fmaxf(image->rgb[i], 0), 1) * 255 + 0.5f);
    return IMPASTO_OK;
}

static enum impasto_status reduce(struct impasto_image **image, struct impasto_error *error)
{
    int width = (*image)->width, height = (*image)->height;
    struct impasto_image *smaller = NULL;
    if (width <= IMP_PHOTO_SIDE && height <= IMP_PHOTO_SIDE)
        return IMPASTO_OK;
    imp_image_fit(width, height, IMP_PHOTO_SIDE, &width, &height);
    IMP_TRY(imp_image_resize(*image, width, height, &smaller, error));
    impasto_image_free(image);
    *image = smaller;
    return IMPASTO_OK;
}

/* At the size at which it is kept; to be freed, also after a failure. */
static enum impasto_status decode(const char *path, uint64_t max_pixels,
                                  struct impasto_image **image, struct impasto_error *error)
{
    IMP_TRY(impasto_image_load_apart(path, max_pixels, image, error));
    IMP_TRY(imp_image_fill_hidden(*image, error));
    IMP_TRY(reduce(image, error));
    if ((*image)->width >= SMALLEST_SIDE && (*image)->height >= SMALLEST_SIDE)
        return IMPASTO_OK;
    return imp_fail(error, IMPASTO_ERROR_INPUT,
                    "%s: is %dx%d pixels, and a training picture needs %d each way", path,
                    (*image)->width, (*image)->height, SMALLEST_SIDE);
}

/* *usable: false where the photograph is to be left out; the error says why. One that is too large
 * to be decoded is such. A failure is that of keeping it. */
static enum impasto_status load_photo(const char *path, uint64_t max_pixels,
                                      struct imp_photo *photo, bool *usable,
                                      struct impasto_error *error)
{
    struct impasto_image *image = NULL;
    *usable = decode(path, max_pixels, &image, error) == IMPASTO_OK;
    const enum impasto_status status = *usable ? keep_pixels(image, photo, error) : IMPASTO_OK;
    impasto_image_free(&image);
    return status;
}

static uint32_t add_photo(uint32_t checksum, const struct imp_photo *photo)
{
    const int sides[2] = {photo->width, photo->height};
    checksum = imp_checksum(checksum, sides, sizeof(sides));
    return imp_checksum(checksum, photo->rgb, 3 * (size_t)photo->width * (size_t)photo->height);
}

/* Of `count` photographs, at most `most`, evenly chosen. What is wrong with one is told. */
static enum impasto_status load_photos(const struct names *names, size_t most, uint64_t max_pixels,
                                       const struct imp_log *log, struct imp_photos *photos,
                                       struct impasto_error *error)
{
    const size_t count = names->count < most ? names->count : most;
    for (size_t i = 0; i < count; i++) {
        struct imp_photo *photo = &photos->item[photos->count];
        struct impasto_error why = {0};
        const size_t at = (size_t)((double)i * (double)names->count / (double)count);
        bool usable;
        const enum impasto_status status =
            load_photo(names->path[at], max_pixels, photo, &usable, &why);
        if (status != IMPASTO_OK)
            return imp_fail(error, status, "%s", why.message);
        if (usable) {
            photos->checksum = add_photo(photos->checksum, photo);
            photos->count++;
        } else {
            imp_log(log, IMPASTO_LOG_WARNING, "left out of the training pictures: %s", why.message);
            photos->left_out++;
        }
    }
    return IMPASTO_OK;
}

/* ---- What is held back ----------------------------------------------------------------------- */

struct drawn_lot {
    uint32_t lot;
    size_t index;
};

static int by_lot(const void *a, const void *b)
{
    const struct drawn_lot *one = a, *other = b;
    if (one->lot != other->lot)
        return one->lot < other->lot ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

/* Indices in an order that follows from seed, stream and `first` alone. NULL: no memory. */
static size_t *draw_lots(uint64_t seed, uint32_t stream, uint64_t first, size_t count)
{
    struct drawn_lot *lots = calloc(count + 1, sizeof(*lots));
    size_t *order = calloc(count + 1, sizeof(*order));
    if (!lots || !order) {
        free(lots);
        free(order);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        lots[i] = (struct drawn_lot){imp_rng_bits(seed, stream, first + i), i};
    qsort(lots, count, sizeof(*lots), by_lot);
    for (size_t i = 0; i < count; i++)
        order[i] = lots[i].index;
    free(lots);
    return order;
}

/* Puts the photographs that are held back before the others. */
static enum impasto_status hold_back(struct imp_photos *photos, size_t judged,
                                     struct impasto_error *error)
{
    size_t *order = draw_lots(photos->seed, STREAM_HELD, 0, photos->count);
    struct imp_photo *sorted = calloc(photos->count + judged, sizeof(*sorted));
    if (!order || !sorted) {
        free(order);
        free(sorted);
        return imp_fail_memory(error, "training pictures", 0);
    }
    /* Too few photographs: scenes go before them. */
    const size_t scenes = photos->count < (PHOTOS_PER_HELD + 1) * judged ? judged : 0;
    for (size_t i = 0; i < photos->count; i++)
        sorted[scenes + i] = photos->item[order[i]];
    free(order);
    free(photos->item);
    photos->item = sorted;
    photos->count += scenes;
    photos->held = judged;
    return IMPASTO_OK;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static enum impasto_status open_folder(const char *folder, uint64_t max_pixels,
                                       const struct impasto_train_params *params,
                                       const struct imp_log *log, struct imp_photos *photos,
                                       struct impasto_error *error)
{
    struct names names = {0};
    const uint64_t each = 3 * (uint64_t)IMP_PHOTO_SIDE * IMP_PHOTO_SIDE;
    const uint64_t room = params->photo_memory / each;
    const size_t most = room < 1 ? 1 : room > MOST_NAMES ? MOST_NAMES : (size_t)room;
    enum impasto_status status = list_folder(folder, &names, error);
    if (status == IMPASTO_OK) {
        photos->item = calloc((names.count < most ? names.count : most) + 1, sizeof(*photos->item));
        status = photos->item ? load_photos(&names, most, max_pixels, log, photos, error)
                              : imp_fail_memory(error, "training pictures", 0);
    }
    if (status == IMPASTO_OK && names.count > most)
        imp_log(log, IMPASTO_LOG_INFO,
                "photographs: %zu of the %zu in %s, as many as `photo-memory` has room for", most,
                names.count, folder);
    free_names(&names);
    if (status == IMPASTO_OK && photos->count == 0)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: has no photograph that could be used; name another folder, or none, "
                        "and scenes are drawn",
                        folder);
    return status;
}

enum impasto_status imp_photos_open(const struct impasto_train_task *task,
                                    const struct impasto_train_params *params, size_t judged,
                                    const struct imp_log *log, struct imp_photos *photos,
                                    struct impasto_error *error)
{
    *photos =
        (struct imp_photos){.drawn = !task->photos, .seed = params->seed, .epoch = UINT64_MAX};
    if (task->photos) {
        IMP_TRY(open_folder(task->photos, task->max_pixels, params, log, photos, error));
        return hold_back(photos, judged, error);
    }
    photos->item = calloc(IMP_SCENES + judged, sizeof(*photos->item));
    if (!photos->item)
        return imp_fail_memory(error, "training pictures", 0);
    photos->count = IMP_SCENES + judged;
    photos->held = judged;
    return IMPASTO_OK;
}

void imp_photos_free(struct imp_photos *photos)
{
    for (size_t i = 0; photos->item && i < photos->count; i++)
        free(photos->item[i].rgb);
    free(photos->item);
    free(photos->order);
    *photos = (struct imp_photos){0};
}

static void keep_planes(const float *planes, struct imp_photo *photo)
{
    const size_t pixels = (size_t)SCENE_HEIGHT * SCENE_WIDTH;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            photo->rgb[3 * i + k] =
                (unsigned char)(fminf(fmaxf(planes[k * pixels + i], 0), 1) * 255 + 0.5f);
}

enum impasto_status imp_photos_need(struct imp_photos *photos, size_t index,
                                    struct impasto_error *error)
{
    struct imp_photo *photo = &photos->item[index];
    const size_t count = 3 * (size_t)SCENE_HEIGHT * SCENE_WIDTH;
    if (photo->rgb)
        return IMPASTO_OK;
    float *planes = malloc(count * sizeof(*planes));
    if (!planes)
        return imp_fail_memory(error, "a scene", count * sizeof(*planes));
    enum impasto_status status =
        imp_draw_scene(photos->seed, (int)index, SCENE_HEIGHT, SCENE_WIDTH, planes, error);
    if (status == IMPASTO_OK && !(photo->rgb = malloc(count)))
        status = imp_fail_memory(error, "a scene", count);
    if (status == IMPASTO_OK) {
        photo->width = SCENE_WIDTH;
        photo->height = SCENE_HEIGHT;
        keep_planes(planes, photo);
    }
    free(planes);
    return status;
}

/* ---- Their order ----------------------------------------------------------------------------- */

#define STREAM_ORDER 0x6f726465u

enum impasto_status imp_crop_picture(struct imp_photos *photos, uint64_t position, size_t *index,
                                     struct impasto_error *error)
{
    const size_t count = photos->count - photos->held;
    const uint64_t epoch = position / count;
    if (photos->epoch != epoch) {
        free(photos->order);
        photos->order = draw_lots(photos->seed, STREAM_ORDER, epoch * count, count);
        photos->epoch = photos->order ? epoch : UINT64_MAX;
        if (!photos->order)
            return imp_fail_memory(error, "training pictures", 0);
    }
    *index = photos->held + photos->order[position % count];
    return IMPASTO_OK;
}
