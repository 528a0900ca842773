/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_MODEL_H
#define IMPASTO_MODEL_H

/* Style networks in files: networks that were trained once for one or more styles, and turn any
 * picture into a painting in a moment. apply.h applies them. */

#include <impasto/base.h>
#include <impasto/image.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct impasto_model; /* a style network, in the host's memory */

/* What a model is. */
struct impasto_model_info {
    const char *source;        /* the file that it was read from */
    int width;                 /* channels of its first layer */
    int blocks;                /* residual blocks */
    int end_size;              /* of the first and the last convolution, pixels */
    size_t parameters;         /* numbers that were trained */
    const char *const *styles; /* their names */
    size_t style_count;        /* 1 or more */
    int identity;         /* the style that leaves photographs as they are; -1: there is none */
    const char *training; /* how it was trained, as JSON; or NULL */
    const char *licence;  /* of the model, or NULL */
};

/*
 * Opens a model: safetensors written by impasto, or with the names of PyTorch's example
 * fast_neural_style.
 *
 * IMPASTO_ERROR_WEIGHTS: the file cannot be read, or is no such model; the message says why.
 */
IMPASTO_API enum impasto_status impasto_model_open(const char *path, struct impasto_model **model,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;
/* Takes a pointer to NULL, too. Appliers do not need the model any longer. */
IMPASTO_API void impasto_model_close(struct impasto_model **model);

/* Valid until the model is closed. */
IMPASTO_API const struct impasto_model_info *impasto_model_info(const struct impasto_model *model);

/* The index of the style of that name; -1: there is none. */
IMPASTO_API int impasto_model_style(const struct impasto_model *model, const char *name);

/*
 * A model that impasto has trained keeps the picture of each style: as large as the training looked
 * at it, which is the size of its strokes, and in a JPEG, so that it differs a little. Of styles
 * that the library draws it knows which, and they are drawn again. The identity has none, nor has a
 * style whose picture takes more than 90,000 bytes in the lowest quality that is tried.
 */
/* style: an index. false: there is none. */
IMPASTO_API bool impasto_model_has_picture(const struct impasto_model *model, size_t style);
/*
 * Decodes or draws that picture. A child process decodes it, as by impasto_image_decode_apart. The
 * caller frees it.
 *
 * IMPASTO_ERROR_USAGE: there is none. IMPASTO_ERROR_WEIGHTS: it is damaged, or another version of
 * the library draws it.
 */
IMPASTO_API enum impasto_status
impasto_model_picture(const struct impasto_model *model, size_t style, struct impasto_image **image,
                      struct impasto_error *error) IMPASTO_MUST_CHECK;
/* Takes all pictures out of a model, so that it is saved without. */
IMPASTO_API void impasto_model_forget_pictures(struct impasto_model *model);

/*
 * Makes a model of some styles of another, in the order of their names. Both are to be closed.
 *
 * IMPASTO_ERROR_USAGE: no style at all, one that the model does not have, or one twice.
 */
IMPASTO_API enum impasto_status impasto_model_pick(const struct impasto_model *model,
                                                   const char *const *styles, size_t style_count,
                                                   struct impasto_model **picked,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes a model as safetensors. The file appears whole or not at all.
 *
 * half: 16-bit numbers, which halve the file. A picture changes by less than 1/255.
 */
IMPASTO_API enum impasto_status impasto_model_save(const struct impasto_model *model,
                                                   const char *path, bool half,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
