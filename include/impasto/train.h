/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_TRAIN_H
#define IMPASTO_TRAIN_H

/*
 * Training a style network: a network that afterwards paints any picture in one pass. A training
 * runs step by step, and can be saved in a checkpoint. examples/train.c is a program that trains.
 *
 * Each step draws a few crops from training pictures, has the network paint them, and measures the
 * paintings as a job measures its picture. The gradient goes on to the network's parameters, which
 * Adam moves. A judge measures pictures that are never trained on. What it likes best is kept.
 */

#include <impasto/device.h>
#include <impasto/image.h>
#include <impasto/plan.h>
#include <impasto/progress.h>
#include <impasto/setting.h>
#include <impasto/weights.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMPASTO_TRAIN_AUTO 0 /* of some members: what suits */
#define IMPASTO_TRAIN_PATIENCE_AUTO (-1)
#define IMPASTO_TRAIN_BY_LENGTH (-1) /* what suits a training that is so long */

/*
 * Take the parameters from impasto_train_params_default() and change what you like.
 *
 * The objective of a step is the mean over its crops of
 *
 *   total = content_weight * content + style_weight * style
 *         + tv_weight * (mean(dx^2) + mean(dy^2))
 *         + range_weight * mean(max(0, |y - 1/2| - 1/2)^2)
 *         + lattice_weight * lattice + weave_weight * weave
 *
 * where y is the painting, not clamped, and dx and dy are the differences of its neighbouring
 * pixels. content is mean((F - P)^2) / mean(P^2), with features F of the painting and P of the
 * crop. style is the mean over some layers of 2 mean((G - A)^2) / (mean(A^2) + mean(G^2)), with
 * Gram matrices G of the painting and A of the style picture; struct impasto_params has these. It
 * is at most 2, so that no crop drowns the others. The judge measures the same without that bound,
 * over mean(A^2). The layers are those that suit the weights.
 *
 * lattice is how much the painting repeats every 4 pixels, as the network's upsampling does, which
 * shows as a weave in even skies. In windows of 32 x 32 pixels, side by side from the first one,
 * each of the 4 x 4 places has means of y and of dx dx, dy dy and dx dy. lattice is the mean square
 * of how far those of y are from the window's, plus 30 times that of dx dx and of dy dy and 60
 * times that of dx dy. What is left over at the far edges is not looked at.
 *
 * weave is how much the painting repeats 4, 8 or 12 pixels further on, beyond what the style's
 * picture and the crop do. With d the differences of the means of its 2 x 2 pixels to the right and
 * lower ones, in the same windows, and for each of 24 shifts, r is the mean of <d(p), d(p + shift)>
 * over (the mean of <d, d> + 0.0005), and weave the mean of max(0, |r| - limit)^2. limit is the
 * root of the mean of r^2 over the windows of the style's picture, and 1 where that has no window,
 * and for the identity; or the crop's own |r| in that window, where that is more.
 */
struct impasto_train_params {
    size_t struct_size; /* sizeof(struct impasto_train_params) */

    /* Channels of the first layer of a network that begins from nothing: 8, 16 or 32; default 16.
     * A base has its own width. */
    int width;

    /* Steps of the whole training, 1 to 1,000,000. IMPASTO_TRAIN_AUTO: 450 from a base, 2000 from
     * nothing. */
    int steps;
    /* Minutes that it may take instead, up to 100,000. After a few steps their number is decided by
     * the time that they took, so that another run need not end in the same bytes. 0: `steps` says
     * how many. */
    float minutes;
    /* Steps after which the training comes to its end if the judge has found nothing that is better
     * by 1 %, 0 to 1,000,000. The steps in which the learning rate falls are not left out then:
     * they begin. 0: it never ends early. IMPASTO_TRAIN_PATIENCE_AUTO, the default: a third of the
     * steps, as they are known by then, or 100 where that is more. */
    int patience;

    int batch, crop; /* crops of a step, 1 to 64, and their sides, 32 to 1024 pixels; 2 of 160 */
    /* The same towards the end: single crops of 288 pixels. */
    int late_batch, late_crop;
    float late_share; /* of the steps that are so, the last ones: 0 to 1; default 1/3 */

    /* Adam's, above 0, up to 0.1. IMPASTO_TRAIN_AUTO: 0.003 from a base, 0.0015 from nothing. Over
     * the last 60 or 30 % of the steps it falls to 5 % of itself. */
    float learning_rate;
    float late_rate; /* its factor for late steps, above 0, up to 10; default 0.7 */
    /* Its factor for scale and shift of the normalisations, of which each style has its own, above
     * 0, up to 100. IMPASTO_TRAIN_AUTO: 10 from a base, or with several styles; else 1. */
    float norm_rate;
    float clip;    /* the most that the gradient's norm may be, above 0; it is made as short; 10 */
    float average; /* of the parameters over the steps: how much of it stays at each, 0 to below 1.
                      The model has the average, not the last step. Less at first; default 0.995 */

    float content_weight; /* 0 and above; default 1 */
    float style_weight;   /* above 0. IMPASTO_TRAIN_AUTO: 5.6, or 17 with the built-in weights */
    float tv_weight;      /* 0 and above; default 1 */
    float range_weight;   /* 0 and above; default 10 */
    float lattice_weight; /* 0 and above; default 20 */
    /* 0 and above. IMPASTO_TRAIN_BY_LENGTH, the default: 40 in a long training, of `minutes` from
     * 15 on or `steps` from 3000 on, and 0 in a shorter one, which it would cost more of the
     * content and style than there is time to win back. */
    float weave_weight;
    /* Deviation of the noise that is added to what the network sees, for RGB from 0 to 1, 0 to
     * 0.25. An even sky looks alike everywhere, and noise is what strokes in it can differ by. It
     * depends on the pixel's place alone, and belongs to the network: applying adds it, too.
     * IMPASTO_TRAIN_BY_LENGTH, the default: 0.0125 in a long training, in a shorter one that of the
     * base, or 0, and 0 with a steady_weight. With task.keep that of the base, and no other is
     * possible. */
    float noise;
    /* Steps over which the style's weight rises to its full height, by the square, 0 to 1,000,000.
     * That is for networks that begin from nothing, and is 0 for others; default 150. */
    int ramp;
    /* Longer side at which the style pictures are looked at, 32 to 4096 pixels; default 384. It
     * decides how large the strokes are. */
    int style_size;
    /* Also trains a style named "identity", which gives the picture back. Mixing it with a style
     * gives less of that. */
    bool identity;

    int judge_every; /* steps from one judgement to the next, 1 to 1,000,000; default 25 */
    int judge_size;  /* sides of the pictures that are judged, 32 to 1024 pixels; default 256 */

    uint64_t seed; /* of the network's beginning, and of crops and their order; default 0 */

    /* Bytes of device memory that the training may take, though never more than the device can
     * spare. 0: what the device can spare. */
    uint64_t memory;
    /* Bytes of the host's memory for training pictures, which are kept at a longer side of at most
     * 640 pixels; default 256 MiB. Of more photographs, evenly chosen ones are used. */
    uint64_t photo_memory;

    /* steady_weight above 0: the network learns to hold still in films. Each crop becomes two
     * frames, made of training pictures that shift, turn, near, pass before each other, change
     * their light, and have noise. Added to the objective, for the second of them, is
     *
     *   steady_weight * mean(c (y - w)^2) + steady_features * sum(c (F - W)^2) / sum(c W^2)
     *
     * where w is the painting of the first, carried along the motion and lighter by what the
     * second's luminance is; F and W are the features in the network's middle, likewise. c is 1
     * where both frames show the same, and 0 elsewhere (Gao et al. 2018, equations 4 and 5). What
     * is carried along counts as given. The judge adds steady_weight's term to its judgement. Each
     * 0 and above; defaults 0 and 0.5. */
    float steady_weight, steady_features;

    /* The gradient of each crop is read from the device, and they are added up without an order, so
     * that trainings by any number of ranks (see impasto_train_serve) end in the same bytes. Those
     * differ in the last bits from what one process does without; default false. */
    bool reproducible;
};

/* Does what impasto_train_params_default does, for callers that are not compiled with this header.
 * struct_size: bytes of *params as the caller knows it. No more are written. */
IMPASTO_API enum impasto_status
impasto_train_params_default_sized(size_t struct_size, struct impasto_train_params *params,
                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Fills all of `params` with the defaults. */
static inline void impasto_train_params_default(struct impasto_train_params *params)
{
    (void)!impasto_train_params_default_sized(sizeof(*params), params, NULL);
}

/* The settings of struct impasto_train_params by name, as impasto_setting_at() and its like have
 * those of struct impasto_params. impasto_setting_read() reads a value. */
IMPASTO_API const struct impasto_setting *impasto_train_setting_at(size_t index);
IMPASTO_API const struct impasto_setting *impasto_train_setting_find(const char *name);

/* A style that is learnt. */
struct impasto_train_style {
    size_t struct_size; /* sizeof(struct impasto_train_style) */
    /* Transparent parts are filled from around them. NULL: the library draws the style, by its
     * name.
     */
    const struct impasto_image *image;
    const char *name; /* in the model; no two are alike */
};

/* The styles that the library draws, by name, from index 0 on. NULL: the index is behind the last
 * one. Static. */
IMPASTO_API const char *impasto_train_drawn(size_t index);

/* What a training works on. */
struct impasto_train_task {
    size_t struct_size; /* sizeof(struct impasto_train_task) */
    const struct impasto_train_style *styles;
    size_t style_count; /* 1 to 64, with those of a base that are kept */
    /* A folder with photographs to train on. Each is decoded before the start, in a process of its
     * own. What cannot be used is named in the log, and left out. NULL: the library draws scenes.
     */
    const char *photos;
    /* A model to start from. The new styles begin at the mean of its own. NULL: a network begins
     * from nothing, with random numbers. That takes many more steps. */
    const char *base;
    /* The base's own styles stay in the model, to the bit. Then only scale and shift of the new
     * ones are learnt. Otherwise all parameters are, and the model has the new styles alone. */
    bool keep;
    /* A picture that impasto_train_image will be asked for on the way, so that there is memory for
     * it. One that no network paints at params.judge_size is refused. NULL: none. */
    const struct impasto_image *shown;
    /* Photographs with more pixels are left out. 0: the usual limit of impasto_image_load. */
    uint64_t max_pixels;
    /* What the model's file says of the files that it was made of: a JSON object, at most
     * IMPASTO_TRAIN_INPUTS_MOST bytes. NULL: nothing. */
    const char *inputs;
};
#define IMPASTO_TRAIN_INPUTS_MOST 32768

struct impasto_train; /* one training: pictures, parameters, a state */

/*
 * What the step did that was just taken. Losses are means over its crops, unweighted; head.total is
 * weighted. `style` is over those crops that learn a style, and NAN where all learn the identity.
 * head.step counts the steps taken, from 1 to head.steps, which may change where params.minutes or
 * params.patience decide it.
 */
struct impasto_train_progress {
    struct impasto_progress head;
    double content, style, tv;
    double range, lattice, weave; /* 0 where they have no weight */
    double learning_rate;
    double gradient;   /* norm, before it is cut to params.clip */
    int batch, crop;   /* of the step */
    uint64_t pictures; /* crops that have been learnt from */
    bool skipped;      /* something was not finite, and the step was taken back */
    bool judged;       /* the judge has just measured */
    double judgement;  /* the last one: content + weighted style; NAN: none yet */
    double best;       /* the lowest; NAN: none yet */
    int best_step;     /* after which that was */
    /* With params.steady_weight; 0 otherwise: how far paintings are from holding still, and the
     * features in the network's middle from being the same. */
    double steady, steady_features;
};

/* Return non-zero to stop. impasto_train_run then returns IMPASTO_ERROR_INTERRUPTED. The progress
 * is valid during the call. */
typedef int (*impasto_train_progress_fn)(void *user, const struct impasto_train_progress *progress);

/* What a training does. */
struct impasto_train_info {
    int width;                 /* of the network */
    uint64_t parameters;       /* numbers that it has */
    const char *const *styles; /* names of all of its styles */
    size_t style_count;        /* their number */
    const char *base;          /* NULL: it began from nothing */
    bool drawn;                /* the training pictures are scenes, no photographs */
    size_t pictures;           /* training pictures */
    size_t left_out;           /* photographs that could not be used */
    int steps;                 /* taken and to be taken, as far as is known */
    int step;                  /* taken */
    /* What was decided, where the parameters left that to the library. */
    double style_weight, learning_rate, norm_rate;
    /* Device memory by purpose, when it takes the most; and, where that is the host's, the
     * gradients that are kept there. */
    const struct impasto_plan_row *plan;
    size_t plan_rows;
    uint64_t plan_bytes;     /* their sum */
    const char *plan_moment; /* when that is: "looking at the styles", "steps", "late steps" */
    /* The training's own, with what was decided where they left that to the library. */
    const struct impasto_train_params *params;
};

/*
 * Opens a training: plans the memory, reads the training pictures, and looks at the styles.
 *
 * The device must outlive the training. Weights, pictures and texts may be freed as soon as this
 * returns.
 *
 * Errors
 * - IMPASTO_ERROR_USAGE: two styles have the same name; there are too many; one without a picture
 *   is none that is drawn; a parameter is out of its range; task.shown has too few pixels.
 * - IMPASTO_ERROR_INPUT: there is no photograph in the folder that could be used; a style picture
 *   has too few pixels.
 * - IMPASTO_ERROR_WEIGHTS: the base cannot be read. Or features of a style picture or a training
 *   picture are not finite, twice.
 * - IMPASTO_ERROR_MEMORY: the training does not fit; the message names a size that would, of
 *   crops, of the judge's pictures, or of the style pictures.
 */
IMPASTO_API enum impasto_status
impasto_train_open(struct impasto_device *device, const struct impasto_weights *weights,
                   const struct impasto_train_task *task, const struct impasto_train_params *params,
                   struct impasto_train **train, struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_train_close(struct impasto_train **train);

/*
 * Plans as impasto_train_open does, and does nothing else: no training picture is read, and
 * info.pictures is 0. impasto_train_info and impasto_train_close take such a training. All other
 * functions refuse it with IMPASTO_ERROR_USAGE.
 */
IMPASTO_API enum impasto_status
impasto_train_plan(struct impasto_device *device, const struct impasto_weights *weights,
                   const struct impasto_train_task *task, const struct impasto_train_params *params,
                   struct impasto_train **train, struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Valid until the next call on the training. */
IMPASTO_API const struct impasto_train_info *impasto_train_info(struct impasto_train *train);

/*
 * Takes the next step and reports it. The call that takes the last step reports head.done. Calls
 * after it do nothing and report the same.
 *
 * progress: may be NULL; *progress is valid until the next call on the training.
 *
 * A step in which a loss, the gradient or a parameter is not finite is taken back. The log has a
 * warning, and the next step has other crops. IMPASTO_ERROR_NUMERIC: so were five running, or
 * features were not finite as the crops got another size. The training is as it was before, and can
 * be saved.
 *
 * IMPASTO_ERROR_DEVICE, IMPASTO_ERROR_MEMORY: the device has failed on the way. The training can
 * only be closed, and resumed from a checkpoint; other calls fail with IMPASTO_ERROR_USAGE.
 */
IMPASTO_API enum impasto_status impasto_train_step(struct impasto_train *train,
                                                   const struct impasto_train_progress **progress,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Steps until done, calling `progress` (may be NULL) after each step. */
IMPASTO_API enum impasto_status impasto_train_run(struct impasto_train *train,
                                                  impasto_train_progress_fn progress, void *user,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes the model: what the judge likes best so far or, before it was asked, the average of the
 * parameters. doc/formats.md describes the file. It appears whole or not at all.
 *
 * half: numbers are stored in half precision, which halves the file.
 */
IMPASTO_API enum impasto_status impasto_train_save(struct impasto_train *train, const char *path,
                                                   bool half,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Paints a picture as the model would by now, to show how far it is. The longer side of the
 * painting has at most params.judge_size pixels. The memory for task.shown is part of the plan.
 *
 * style: index among info.styles. painting: the caller frees it.
 */
IMPASTO_API enum impasto_status impasto_train_image(struct impasto_train *train,
                                                    const struct impasto_image *picture,
                                                    size_t style, struct impasto_image **painting,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Ranks ----------------------------------------------------------------------------------- */

/*
 * For all ranks but the first, whose device was joined by impasto_device_join_ranks: takes part in
 * the trainings that rank 0 opens, until it closes its device. Each rank looks at its share of a
 * step's crops, of which there must be one for each at least. The same number of ranks, with
 * devices of a kind, ends in the same bytes; with params.reproducible, any number does.
 *
 * Rank 0 calls the functions above as if it were alone, and has the settings, the time and the
 * checkpoint. One training or job may be open at a time.
 *
 * weights, task: as rank 0 has them; `shown` and `inputs` may be NULL. A training is refused with
 * IMPASTO_ERROR_INPUT or IMPASTO_ERROR_WEIGHTS where pictures, base or weights are others. Failures
 * that all ranks agree on are rank 0's to tell, and do not end it. Others do.
 */
IMPASTO_API enum impasto_status impasto_train_serve(struct impasto_device *device,
                                                    const struct impasto_weights *weights,
                                                    const struct impasto_train_task *task,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Checkpoints ----------------------------------------------------------------------------- */

/*
 * A checkpoint is a training in a file. Another process can go on from it. With the same device,
 * driver, version and number of ranks, a resumed training ends in the same bytes as one that was
 * never stopped. If one of these differs, the log has a warning. With params.reproducible the
 * number of ranks does not matter.
 *
 * In the file are the parameters, their average, the best of them, Adam's moments, the settings and
 * the place among the training pictures. Of pictures and weights there are only checksums.
 */

/*
 * Saves the training as it is between two steps. It does not change. The file appears whole or not
 * at all. It can be called from the progress callback, and after a step that failed with
 * IMPASTO_ERROR_NUMERIC.
 *
 * note: text of the caller's that is stored with it, in UTF-8, at most IMPASTO_SETTINGS_MOST bytes.
 * NULL: none.
 */
IMPASTO_API enum impasto_status
impasto_train_save_checkpoint(struct impasto_train *train, const char *path, const char *note,
                              struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_train_checkpoint; /* an open checkpoint */

/* What a checkpoint says of its training. */
struct impasto_train_checkpoint_info {
    const char *version;                       /* of the library that wrote it */
    const char *device, *platform, *driver;    /* what it was computed on */
    const char *note;                          /* the caller's; NULL: none */
    const struct impasto_train_params *params; /* of the training */
    int step, steps;                           /* taken, and of all */
    bool done;                                 /* it has come to its end */
    double seconds;                            /* that these steps took */
};

/* Opens a checkpoint and checks all of it. The file stays open. IMPASTO_ERROR_INPUT: the file is
 * damaged, is something else, or has a newer format. */
IMPASTO_API enum impasto_status
impasto_train_checkpoint_open(const char *path, struct impasto_train_checkpoint **checkpoint,
                              struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_train_checkpoint_close(struct impasto_train_checkpoint **checkpoint);

/* Valid until the checkpoint is closed. */
IMPASTO_API const struct impasto_train_checkpoint_info *
impasto_train_checkpoint_info(const struct impasto_train_checkpoint *checkpoint);

/*
 * Opens a training that goes on where the saved one was. Its progress goes on counting steps and
 * seconds. The checkpoint may be closed afterwards.
 *
 * task: that of the saved training. Other style pictures, photographs, another base or another
 * `keep` are IMPASTO_ERROR_INPUT; other weights are IMPASTO_ERROR_WEIGHTS.
 *
 * params: NULL for the checkpoint's. Only `memory` may differ from it.
 */
IMPASTO_API enum impasto_status
impasto_train_resume(struct impasto_device *device, const struct impasto_weights *weights,
                     const struct impasto_train_task *task,
                     const struct impasto_train_checkpoint *checkpoint,
                     const struct impasto_train_params *params, struct impasto_train **train,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
