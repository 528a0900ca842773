/* SPDX-License-Identifier: MIT */
/*
 * The pictures that styles were learnt from, as a model keeps them: texts of its metadata, so that
 * other programs load the tensors as before. A text is a URL with the bytes of a JPEG or PNG in
 * base64, or says what the library draws again: "drawn:SIZE:NAME".
 */

#include "draw/draw.h"
#include "model/file.h"

#include <stdlib.h>
#include <string.h>

#define DRAWN "drawn:"
/* Bytes of an encoded picture, so that those of IMP_STYLES_MOST styles fit into a header: in
 * base64, with key and quotes. Beside them, it has a licence, of which each byte may be escaped;
 * the training, JSON in which nothing but quotes and backslashes is escaped again; and the names
 * and tensors. */
#define BYTES_MOST 90000
#define TEXT_BYTES ((BYTES_MOST + 2) / 3 * 4 + 64)
#define BESIDE_TEXTS (1 << 16)
_Static_assert((IMP_STORE_ESCAPED + 2) * TEXT_MOST + IMP_STYLES_MOST * TEXT_BYTES + BESIDE_TEXTS <=
                   IMP_STORE_HEADER_MOST,
               "a network with all its pictures could not be read");
/* Qualities of a JPEG, from the first that is tried to the last. */
#define BEST_QUALITY 90
#define WORST_QUALITY 30
#define QUALITY_STEP 20
/* Pixels of a side of a style that is drawn anew, which is a square. A picture that is decoded has
 * at most as many pixels as the largest square, whatever its sides. */
#define SIDE_MOST 4096

/* Pictures in base64: what their texts begin with, and what these go on with where the bytes are
 * such a file's. */
static const struct encoding {
    const char *url, *magic, *name;
} jpeg = {"data:image/jpeg;base64,", "/9j/", "JPEG"},
  png = {"data:image/png;base64,", "iVBORw0KGgo", "PNG"};

/* ---- Base64 ---------------------------------------------------------------------------------- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What the letters of three bytes stand for. to: 4 letters. */
static void put_three(const unsigned char *bytes, size_t count, char *to)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 3; i++)
        value = value << 8 | (i < count ? bytes[i] : 0u);
    for (size_t i = 0; i < 4; i++)
        to[i] = i <= count ? letters[value >> (18 - 6 * i) & 63] : '=';
}

/* start, and the bytes in base64; a new string, NULL: no memory. */
static char *encode(const char *start, const unsigned char *bytes, size_t size)
{
    const size_t before = strlen(start), after = (size + 2) / 3 * 4;
    char *text = malloc(before + after + 1);
    if (!text)
        return NULL;
    memcpy(text, start, before + 1);
    for (size_t i = 0; i < size; i += 3)
        put_three(bytes + i, size - i, text + before + i / 3 * 4);
    text[before + after] = '\0';
    return text;
}

/* The number that a letter stands for; -1: none. */
static int digit_of(char letter)
{
    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? (int)(found - letters) : -1;
}

/* Bytes that a text in base64 stands for; 0: it is not sound. */
static size_t decoded_size(const char *text)
{
    const size_t length = strlen(text);
    size_t ends = 0;
    while (ends < 2 && ends < length && text[length - 1 - ends] == '=')
        ends++;
    for (size_t i = 0; i < length - ends; i++)
        if (digit_of(text[i]) < 0)
            return 0;
    return length % 4 == 0 ? length / 4 * 3 - ends : 0;
}

/* Of a sound text. bytes: decoded_size of them. */
static void decode(const char *text, unsigned char *bytes, size_t size)
{
    uint32_t value = 0;
    unsigned bits = 0;
    for (size_t at = 0; at < size; text++) {
        value = value << 6 | (uint32_t)digit_of(*text);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[at++] = (unsigned char)(value >> bits);
        }
    }
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* How a stored picture is encoded; NULL: it is no such text. */
static const struct encoding *encoding_of(const char *text)
{
    return begins(text, jpeg.url) ? &jpeg : begins(text, png.url) ? &png : NULL;
}

/* Size and name of one that is drawn; NULL: it is no such text. */
static const char *drawn(const char *text, int *size)
{
    char *end;
    if (!begins(text, DRAWN))
        return NULL;
    const long number = strtol(text + strlen(DRAWN), &end, 10);
    if (*end != ':' || number < 1 || number > SIDE_MOST || !imp_style_name_sound(end + 1))
        return NULL;
    *size = (int)number;
    return end + 1;
}

bool imp_style_picture_sound(const char *text)
{
    int size;
    const struct encoding *encoding = encoding_of(text);
    if (!encoding)
        return drawn(text, &size) != NULL;
    const size_t count = decoded_size(text + strlen(encoding->url));
    return count > 0 && count <= BYTES_MOST;
}

enum impasto_status imp_style_picture_drawn(const char *name, int size, char **text,
                                            struct impasto_error *error)
{
    const size_t length = strlen(name) + 32;
    *text = malloc(length);
    if (!*text)
        return imp_fail_memory(error, "a style's name", length);
    snprintf(*text, length, DRAWN "%d:%s", size, name);
    return IMPASTO_OK;
}

static bool writes_jpeg(void)
{
    const struct impasto_format_info *info;
    for (size_t i = 0; (info = impasto_image_format(i)); i++)
        if (info->format == IMPASTO_FORMAT_JPEG)
            return info->writes;
    return false;
}

enum impasto_status imp_style_picture_store(const struct impasto_image *image, char **text,
                                            struct impasto_error *error)
{
    const bool lossy = writes_jpeg();
    struct impasto_save_options options = {
        .struct_size = sizeof(options),
        .format = lossy ? IMPASTO_FORMAT_JPEG : IMPASTO_FORMAT_PNG,
        .privacy = IMPASTO_PRIVACY_NONE,
        .quality = BEST_QUALITY,
    };
    unsigned char *bytes = NULL;
    size_t size = 0;
    *text = NULL;
    IMP_TRY(impasto_image_encode(image, "style", &options, &bytes, &size, error));
    while (lossy && size > BYTES_MOST && options.quality > WORST_QUALITY) {
        options.quality -= QUALITY_STEP;
        free(bytes);
        bytes = NULL;
        IMP_TRY(impasto_image_encode(image, "style", &options, &bytes, &size, error));
    }
    const bool fits = size <= BYTES_MOST;
    if (fits)
        *text = encode(lossy ? jpeg.url : png.url, bytes, size);
    free(bytes);
    return *text || !fits ? IMPASTO_OK : imp_fail_memory(error, "a style picture", size * 2);
}

/* ---- Pictures -------------------------------------------------------------------------------- */

enum impasto_status imp_style_draw(const char *name, int size, struct impasto_image **image,
                                   struct impasto_error *error)
{
    const size_t pixels = (size_t)size * (size_t)size;
    float *planes = malloc(3 * pixels * sizeof(*planes));
    if (!planes)
        return imp_fail_memory(error, "a drawn style", 3 * pixels * sizeof(*planes));
    enum impasto_status status = imp_draw_style(name, size, size, planes, error);
    if (status == IMPASTO_OK)
        status = impasto_image_create(size, size, image, error);
    for (size_t i = 0; status == IMPASTO_OK && i < pixels; i++)
        for (size_t k = 0; k < 3; k++)
            (*image)->rgb[3 * i + k] = planes[k * pixels + i];
    free(planes);
    return status;
}

/* No other kind of file is decoded than the one that the text says. It is looked at only here: a
 * model paints as well without its pictures. */
static enum impasto_status decode_picture(const struct impasto_model *model, size_t style,
                                          const struct encoding *encoding,
                                          struct impasto_image **image, struct impasto_error *error)
{
    char name[600];
    const char *text = model->net.pictures[style] + strlen(encoding->url);
    const size_t size = decoded_size(text);
    if (!begins(text, encoding->magic))
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%.400s: its picture of \"%.80s\" is not the %s that it says; get the file "
                        "anew",
                        model->source, model->net.names[style], encoding->name);
    unsigned char *bytes = malloc(size);
    if (!bytes)
        return imp_fail_memory(error, "a style picture", size);
    decode(text, bytes, size);
    snprintf(name, sizeof(name), "%.400s: its picture of \"%.80s\"", model->source,
             model->net.names[style]);
    const enum impasto_status status = impasto_image_decode_apart(
        bytes, size, name, (uint64_t)SIDE_MOST * SIDE_MOST, image, error);
    free(bytes);
    /* The file that is at fault is the model's. */
    if (status == IMPASTO_ERROR_INPUT && error)
        error->status = IMPASTO_ERROR_WEIGHTS;
    return status == IMPASTO_ERROR_INPUT ? IMPASTO_ERROR_WEIGHTS : status;
}

bool impasto_model_has_picture(const struct impasto_model *model, size_t style)
{
    return style < model->info.style_count && model->net.pictures[style];
}

enum impasto_status impasto_model_picture(const struct impasto_model *model, size_t style,
                                          struct impasto_image **image, struct impasto_error *error)
{
    int size = 0;
    if (!impasto_model_has_picture(model, style))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: has no picture of its style %zu; ask impasto_model_has_picture",
                        model->source, style);
    const char *text = model->net.pictures[style];
    const struct encoding *encoding = encoding_of(text);
    if (encoding)
        return decode_picture(model, style, encoding, image, error);
    const char *name = drawn(text, &size);
    if (!imp_draw_style_exists(name))
        return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s: its style \"%.80s\" is one that another version of Impasto draws, as "
                        "\"%.80s\"; name a picture of it",
                        model->source, model->net.names[style], name);
    return imp_style_draw(name, size, image, error);
}

void impasto_model_forget_pictures(struct impasto_model *model)
{
    for (size_t s = 0; s < model->info.style_count; s++) {
        free(model->net.pictures[s]);
        model->net.pictures[s] = NULL;
    }
}
