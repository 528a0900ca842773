/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_JOB_H
#define IMPASTO_JOB_H

/* A painting: pictures, parameters and a state, run step by step and saved in checkpoints. */

#include <impasto/device.h>
#include <impasto/image.h>
#include <impasto/params.h>
#include <impasto/plan.h>
#include <impasto/progress.h>
#include <impasto/weights.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Masks are pictures of any size and of the aspect of the picture they belong to (within 2 %). They
 * count by their lightness (the mean of their sRGB values) times their alpha: white is all, black
 * is nothing.
 */

/* A style picture. Transparent parts of it do not count. */
struct impasto_style {
    size_t struct_size; /* sizeof(struct impasto_style) */
    const struct impasto_image *image;
    float weight;                     /* beside the other pictures of the region; above 0 */
    const struct impasto_image *mask; /* what of the picture counts; NULL: all of it */
    int region;                       /* index of the region that it is for */
};

/* A part of the result with styles of its own. Where regions overlap, both count. */
struct impasto_region {
    size_t struct_size;               /* sizeof(struct impasto_region) */
    const struct impasto_image *mask; /* where in the content picture; NULL: everywhere */
    float weight;                     /* beside the other regions, however large; above 0 */
};

/* What a job works on. */
struct impasto_pictures {
    size_t struct_size;                  /* sizeof(struct impasto_pictures) */
    const struct impasto_image *content; /* its transparent parts stay so and get no style */
    const struct impasto_style *styles;
    size_t style_count;                   /* 1 or more */
    const struct impasto_region *regions; /* every region has a style */
    size_t region_count;                  /* 0: one region, everywhere */
    const struct impasto_image
        *keep; /* parts of the content picture that stay as they are; or NULL */
    const struct impasto_image *init; /* for IMPASTO_INIT_IMAGE, resized to the result, of the
                                         content's aspect as masks are; else NULL */
};

struct impasto_job; /* one optimisation: pictures, parameters, a state */

/*
 * The image after head.step steps. Losses of layers are unweighted; head.total is weighted.
 * head.step counts the iterations of all scales, from 0, the start image, to head.steps.
 */
struct impasto_job_progress {
    struct impasto_progress head;
    int scale, scales;              /* which one of how many; from 0 on */
    int width, height;              /* of the picture at this scale, pixels */
    double content[IMPASTO_LAYERS]; /* 0 where the layer is unused */
    double style[IMPASTO_LAYERS];
    double tv;
};

/* Return non-zero to stop: impasto_job_run then returns IMPASTO_ERROR_INTERRUPTED. The progress is
 * valid during the call. */
typedef int (*impasto_job_progress_fn)(void *user, const struct impasto_job_progress *progress);

/* One line of a profile: time spent in one kernel on behalf of one layer. */
struct impasto_profile_row {
    const char *label; /* of layer, direction and kernel: "conv3_2 forward conv_direct" */
    uint64_t launches;
    double seconds;
    double flops; /* of the kernel's own products: Winograd's are fewer than direct
                     convolution's for the same layer; 0 where nothing is counted */
};

/* The plan is that of the last scale, the largest. */
struct impasto_job_info {
    int width, height;                       /* of the result, pixels */
    int scale_width, scale_height;           /* of the picture at the scale at hand */
    int style_width, style_height;           /* of the first style picture as used in the end */
    const struct impasto_plan_scale *scales; /* in their order */
    size_t scale_count;
    int iterations;                      /* of all scales */
    const struct impasto_plan_row *plan; /* device memory by purpose */
    size_t plan_rows;
    uint64_t plan_bytes; /* their sum */
    double plan_cost;    /* estimated time over that of a job that keeps everything */
    const struct impasto_plan_stage *stages; /* how each block of the network comes by memory */
    size_t stage_count;
    const struct impasto_plan_layer *layers; /* how each layer is computed */
    size_t layer_count;
    const struct impasto_profile_row *profile; /* with params.profile; empty otherwise */
    size_t profile_rows;
};

/*
 * Plans the memory, refuses what does not fit (IMPASTO_ERROR_MEMORY, naming the size that would),
 * compiles the kernels, and computes the targets. The device must outlive the job; the weights and
 * the pictures may be freed as soon as this returns. Pictures need at least 16 pixels on each side
 * after resizing (Lanczos, aspect kept). Features of theirs that are not finite, twice, are
 * IMPASTO_ERROR_WEIGHTS, also when a larger scale is entered: the weights are to blame, or the
 * device.
 *
 * Where the driver refuses memory that the plan counted on, here or when a larger scale is entered,
 * the scale is planned again with less, for as long as that helps; the log has a warning each time,
 * and the device's budget stays lower until it is closed. After IMPASTO_ERROR_DEVICE from a device
 * that worked, its context is lost: close the job and the device, and open them again, or resume
 * from a checkpoint.
 */
IMPASTO_API enum impasto_status
impasto_job_open(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_job_close(struct impasto_job **job);

/*
 * As impasto_job_open, but only plans: the job can tell its info and be closed, nothing else
 * (IMPASTO_ERROR_USAGE).
 */
IMPASTO_API enum impasto_status
impasto_job_plan(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Begins anew with another content picture, and masks of it, in the same styles: `styles` must be
 * what they were. The weights stay on the device, and where params.again was set, what is known of
 * the style pictures at a size stays known, with IMPASTO_COLOUR_STYLE. Errors: as
 * impasto_job_open's; the job can then be given other pictures, or closed.
 */
IMPASTO_API enum impasto_status impasto_job_again(struct impasto_job *job,
                                                  const struct impasto_pictures *pictures,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Valid until the next call on the job. */
IMPASTO_API const struct impasto_job_info *impasto_job_info(struct impasto_job *job);

/*
 * Measures the image as it is and reports it as iteration k, then, unless k is the last, takes the
 * step to k + 1. So progress->head.done comes with call iterations + 1, and the image then is the
 * one reported. progress (may be NULL) is valid until the next call on the job.
 *
 * Where the loss, the gradient, or what the optimiser remembers is not finite, that is a warning in
 * the log, and the same is measured again: faults of a device pass. If they do not, the step that
 * led there is taken back, to the bit, and half of it is taken, then a quarter, then an eighth;
 * with Adam only where the memory that is allowed has room for three more images. If none of this
 * helps, it is IMPASTO_ERROR_NUMERIC: the image, which can be read and saved, is that of the last
 * step that is known to be good, or could not be taken back.
 *
 * The first step at a size opens it, for which IMPASTO_ERROR_MEMORY and the other errors of
 * impasto_job_open may come. Then the job has the last size's picture, and a step tries it again.
 * Where the device or memory fails while the image moves, it is that of no one step: all that the
 * job can do then is to be closed, or begin again (IMPASTO_ERROR_USAGE).
 *
 * With IMPASTO_OPTIMIZER_LBFGS what is measured may be a trial that turns out too far, and even not
 * finite, twice: it is reported, and a shorter step is tried. progress->head.done comes with the
 * best image, which where that is not the last trial is measured again.
 */
IMPASTO_API enum impasto_status impasto_job_step(struct impasto_job *job,
                                                 const struct impasto_job_progress **progress,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Steps until done, calling `progress` (may be NULL) after each step. */
IMPASTO_API enum impasto_status impasto_job_run(struct impasto_job *job,
                                                impasto_job_progress_fn progress, void *user,
                                                struct impasto_error *error) IMPASTO_MUST_CHECK;

/* The picture so far, at the result's size whatever the scale, with the content's transparency and
 * EXIF block; the caller frees it. Also after a stopped run and one that failed, as far as
 * impasto_job_step says, and between two sizes: then that of the last one. With
 * IMPASTO_OPTIMIZER_LBFGS: the best that the line search has settled on, never a trial. */
IMPASTO_API enum impasto_status impasto_job_image(struct impasto_job *job,
                                                  struct impasto_image **image,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* The gradient of `total` with respect to the image as it is: 3 x info.scale_height x
 * info.scale_width floats, RGB planes. (With params.margin above 0, of the canvas, cut to the
 * picture.) Between steps of IMPASTO_OPTIMIZER_LBFGS that is where it will measure next. Where
 * `keep` holds the content, it is what is left of it: multiplied by 1 - keep. IMPASTO_ERROR_USAGE
 * also after a step that failed between two sizes. */
IMPASTO_API enum impasto_status
impasto_job_gradient(struct impasto_job *job, float *gradient,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Checkpoints ----------------------------------------------------------------------------- */

/*
 * A job in a file, from which another, in another process, goes on. On the same device, with the
 * same driver, version and memory plan, it ends in the same bytes as one that was never stopped;
 * where one of these is not the same, the log has a warning. The pictures and the weights are not
 * in it, only their checksums: who resumes gives them again. What is in it is the image, its
 * average, what the optimiser remembers, the parameters and the place in the schedule, as a
 * safetensors file with a checksum over all of it. It takes 12 bytes per pixel of the scale at hand
 * for the image, as many for params.average, twice as many for ADAM, and for LBFGS 3 times, and
 * twice for each step that it remembers.
 */

/*
 * Saves the job as it is between two steps: also from the progress callback of impasto_job_run,
 * once that has stopped the run, after IMPASTO_ERROR_NUMERIC, and after the end. The file appears
 * whole or not at all, and what was there before stays until then. Nothing of the job changes.
 * Where a step failed between two sizes, there is nothing to save: IMPASTO_ERROR_USAGE.
 *
 * note: what the caller wants to find again with it, UTF-8, at most IMPASTO_SETTINGS_MOST bytes;
 * NULL: nothing. IMPASTO_ERROR_OUTPUT where it cannot be written; the job can go on.
 */
IMPASTO_API enum impasto_status impasto_job_save(struct impasto_job *job, const char *path,
                                                 const char *note,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_checkpoint; /* an open file */

/* Texts are the checkpoint's. */
struct impasto_checkpoint_info {
    const char *version;                    /* of the library that wrote it */
    const char *device, *platform, *driver; /* what it was computed on */
    const char *note;                       /* the caller's; NULL: none */
    const struct impasto_params *params;    /* of the job */
    int iteration, iterations;              /* steps taken, and of all scales */
    int width, height;                      /* of the result, pixels */
    double seconds;                         /* that the steps took */
};

/*
 * Opens a checkpoint and checks all of it. The file stays open, so that it can be renamed over
 * meanwhile. IMPASTO_ERROR_INPUT where it is damaged, something else, or of a
 * newer format. */
IMPASTO_API enum impasto_status
impasto_checkpoint_open(const char *path, struct impasto_checkpoint **checkpoint,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_checkpoint_close(struct impasto_checkpoint **checkpoint);

/* Valid until the checkpoint is closed. */
IMPASTO_API const struct impasto_checkpoint_info *
impasto_checkpoint_info(const struct impasto_checkpoint *checkpoint);

/*
 * As impasto_job_open, but the job is where the saved one was: its progress goes on counting
 * iterations and seconds. The checkpoint may be closed afterwards.
 *
 * pictures: those of the saved job. Another one is IMPASTO_ERROR_INPUT; other weights are
 * IMPASTO_ERROR_WEIGHTS.
 * params: NULL for the checkpoint's; or the same with another conv, gemm, memory, again or profile,
 * or with other iterations or first_iterations, as far as a run of these from the start would have
 * come by the same place. All else is IMPASTO_ERROR_USAGE. So a finished job of ADAM can be given
 * more iterations; one of LBFGS where it was saved before its last report, progress->head.done, for
 * which it settles on its best image.
 */
IMPASTO_API enum impasto_status
impasto_job_resume(struct impasto_device *device, const struct impasto_weights *weights,
                   const struct impasto_pictures *pictures,
                   const struct impasto_checkpoint *checkpoint, const struct impasto_params *params,
                   struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
