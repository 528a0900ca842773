/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_JOB_H
#define IMPASTO_JOB_H

/* A painting. A job has pictures, parameters and a state. It runs step by step, and can be saved in
 * a checkpoint. */

#include <impasto/device.h>
#include <impasto/image.h>
#include <impasto/params.h>
#include <impasto/plan.h>
#include <impasto/progress.h>
#include <impasto/weights.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A mask is a picture of any size. Its aspect is that of the picture it belongs to, within 2 %. It
 * counts by its lightness, the mean of its sRGB values, times its alpha. White is all, and black is
 * nothing.
 */

/* A style picture. Its transparent parts do not count. */
struct impasto_style {
    size_t struct_size; /* sizeof(struct impasto_style) */
    const struct impasto_image *image;
    float weight;                     /* relative to the other pictures of the region; above 0 */
    const struct impasto_image *mask; /* the parts of the picture that count; NULL: all */
    int region;                       /* index of the region that is painted in this style */
};

/* A part of the result with styles of its own. Where regions overlap, both count. */
struct impasto_region {
    size_t struct_size;               /* sizeof(struct impasto_region) */
    const struct impasto_image *mask; /* where in the content picture; NULL: everywhere */
    float weight; /* relative to the other regions, whatever their sizes; above 0 */
};

/* What a job works on. */
struct impasto_pictures {
    size_t struct_size;                  /* sizeof(struct impasto_pictures) */
    const struct impasto_image *content; /* its transparent parts stay transparent, without style */
    const struct impasto_style *styles;
    size_t style_count;                   /* 1 or more */
    const struct impasto_region *regions; /* each region has a style */
    size_t region_count;                  /* 0: one region, everywhere */
    const struct impasto_image
        *keep; /* parts of the content picture that stay as they are; or NULL */
    const struct impasto_image *init; /* for IMPASTO_INIT_IMAGE: of the content's aspect within 2 %;
                                         is resized to the result. Else NULL */
};

struct impasto_job; /* one optimisation: pictures, parameters, a state */

/*
 * The image after head.step steps. Losses of layers are unweighted; head.total is weighted.
 * head.step counts the iterations of all scales, from 0, the start image, to head.steps.
 */
struct impasto_job_progress {
    struct impasto_progress head;
    int scale, scales;              /* the scale at hand, from 0 on, and their number */
    int width, height;              /* of the picture at this scale, pixels */
    double content[IMPASTO_LAYERS]; /* 0 where the layer is unused */
    double style[IMPASTO_LAYERS];
    double tv;
};

/* Return non-zero to stop. impasto_job_run then returns IMPASTO_ERROR_INTERRUPTED. The progress is
 * valid during the call. */
typedef int (*impasto_job_progress_fn)(void *user, const struct impasto_job_progress *progress);

/* One line of a profile: time spent in one kernel on behalf of one layer. */
struct impasto_profile_row {
    const char *label; /* layer, direction and kernel: "conv3_2 forward conv_direct" */
    uint64_t launches;
    double seconds;
    double flops; /* that the kernel computes. Winograd needs fewer for a layer than direct
                     convolution. 0: they are not counted */
};

/* What a job does. The plan is that of the last scale, which is the largest. */
struct impasto_job_info {
    int width, height;                       /* of the result, pixels */
    int scale_width, scale_height;           /* of the picture at the scale at hand */
    int style_width, style_height;           /* of the first style picture at the last scale */
    const struct impasto_plan_scale *scales; /* in their order */
    size_t scale_count;
    int iterations;                      /* of all scales */
    const struct impasto_plan_row *plan; /* device memory by purpose */
    size_t plan_rows;
    uint64_t plan_bytes; /* their sum */
    double plan_cost;    /* estimated time, over that of a plan with memory for everything */
    const struct impasto_plan_stage *stages; /* how each stage of the network is computed */
    size_t stage_count;
    const struct impasto_plan_layer *layers; /* how each layer is computed */
    size_t layer_count;
    const struct impasto_profile_row *profile; /* with params.profile; empty otherwise */
    size_t profile_rows;
    const struct impasto_plan_band *bands; /* of several devices, of the last scale; none: the first
                                              device works on all rows */
    size_t band_count;
};

/*
 * Opens a job: plans the memory, compiles the kernels and computes the targets.
 *
 * The device must outlive the job. The weights and the pictures may be freed as soon as this
 * returns. After resizing (Lanczos, aspect kept), each side of a picture needs 16 pixels or more.
 *
 * Errors
 * - IMPASTO_ERROR_MEMORY: the job does not fit; the message names the size that would.
 * - IMPASTO_ERROR_WEIGHTS: features of a picture are not finite, twice. The weights or the device
 *   are to blame. This can also come later, when a step enters a larger scale.
 * - IMPASTO_ERROR_DEVICE from a device that worked: its context is lost. Close the job and the
 *   device, and open them again, or resume from a checkpoint.
 *
 * The driver may refuse memory that the plan counted on, here or when a step enters a larger scale.
 * Then the scale is planned again with less, for as long as that helps. The log has a warning each
 * time. The device's budget stays lower until the device is closed.
 */
IMPASTO_API enum impasto_status
impasto_job_open(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_job_close(struct impasto_job **job);

/*
 * Plans as impasto_job_open does, and does nothing else. impasto_job_info and impasto_job_close
 * take such a job. All other functions refuse it with IMPASTO_ERROR_USAGE.
 */
IMPASTO_API enum impasto_status
impasto_job_plan(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Begins anew with another content picture and other masks of it. The styles must be those that the
 * job has.
 *
 * The weights stay on the device. With params.reuse and IMPASTO_COLOUR_STYLE, the job also keeps
 * what it knows of the style pictures at each size. Errors are those of impasto_job_open; after
 * one, the job can be given other pictures, or closed.
 */
IMPASTO_API enum impasto_status impasto_job_reuse(struct impasto_job *job,
                                                  const struct impasto_pictures *pictures,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Valid until the next call on the job. */
IMPASTO_API const struct impasto_job_info *impasto_job_info(struct impasto_job *job);

/*
 * Measures the image and reports it as iteration k. Unless k is the last, then takes the step to
 * k + 1. Example with 2 iterations: three calls report 0, 1 and 2; the third has head.done, and the
 * image is the one that it reported.
 *
 * progress: may be NULL; *progress is valid until the next call on the job.
 *
 * Sizes. The first step at a size opens that size. It may fail with IMPASTO_ERROR_MEMORY and the
 * other errors of impasto_job_open. The job then still has the picture of the size before, and
 * another step tries again. With devices that are joined, the failure is final: the job has that
 * picture and nothing else, and one that is resumed from a checkpoint goes on.
 *
 * Numbers that are not finite. They may be in the loss, the gradient or the optimiser's memory. The
 * log has a warning, and the same image is measured again, since faults of a device pass. If they
 * stay, the last step is taken back exactly, and half of it is tried, then a quarter, then an
 * eighth. Adam can take steps back only where the allowed memory has room for three more images. If
 * nothing helps, the step fails with IMPASTO_ERROR_NUMERIC. The image can still be read and saved.
 * It is that of the last good step, unless the bad step could not be taken back.
 *
 * Failures on the way. The device or memory may fail while the image is being moved. The image is
 * then neither the old one nor the new one. The job can only be closed or begun again; other calls
 * fail with IMPASTO_ERROR_USAGE.
 *
 * L-BFGS. What is measured may be a trial of the line search. A trial that goes too far, or that is
 * not finite twice, is reported, and a shorter one follows. The call that reports head.done leaves
 * the best image. If that is not the last trial, the best image is measured again.
 */
IMPASTO_API enum impasto_status impasto_job_step(struct impasto_job *job,
                                                 const struct impasto_job_progress **progress,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Steps until done, calling `progress` (may be NULL) after each step. */
IMPASTO_API enum impasto_status impasto_job_run(struct impasto_job *job,
                                                impasto_job_progress_fn progress, void *user,
                                                struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Makes the picture as it is now. It has the result's size at every scale, and the content's
 * transparency and EXIF block. The caller frees it.
 *
 * It can be taken after a run that was stopped and, as far as impasto_job_step says, after one that
 * failed. Between two sizes it is the picture of the smaller one. With IMPASTO_OPTIMIZER_LBFGS it
 * is the best image that the line search has settled on, never a trial.
 */
IMPASTO_API enum impasto_status impasto_job_image(struct impasto_job *job,
                                                  struct impasto_image **image,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Computes the gradient of head.total with respect to the image.
 *
 * gradient: (3, info.scale_height, info.scale_width) floats, planes of R, G and B; the caller's.
 * With params.margin above 0, the canvas's gradient is cut to the picture. Where `keep` holds the
 * content, the gradient is multiplied by 1 - keep. With IMPASTO_OPTIMIZER_LBFGS, the image is the
 * one that the next step will measure. After a step that failed between two sizes there is no
 * gradient: IMPASTO_ERROR_USAGE.
 */
IMPASTO_API enum impasto_status
impasto_job_gradient(struct impasto_job *job, float *gradient,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Checkpoints ----------------------------------------------------------------------------- */

/*
 * A checkpoint is a job in a file. Another process can resume the job from it. With the same
 * device, driver, version and memory plan, a resumed job ends in the same bytes as one that was
 * never stopped. If one of these differs, the log has a warning.
 *
 * In the file are the image, its average, what the optimiser remembers, the parameters, and the
 * place in the schedule. Of pictures and weights there are only checksums. Who resumes the job
 * gives pictures and weights again. The file is in the format safetensors, with a checksum of all.
 *
 * Its size is 12 bytes for each pixel of the scale at hand, times the sum of
 * - 1 for the image;
 * - 1 for the average, with params.average above 0;
 * - 2 with ADAM, or 3 with LBFGS and 2 for each step that it remembers.
 */

/*
 * Saves the job as it is between two steps. The job does not change. The file appears whole or not
 * at all, as by impasto_file_write.
 *
 * It can be called from the progress callback of impasto_job_run; after the callback has stopped
 * the run; after IMPASTO_ERROR_NUMERIC; and at the end.
 *
 * note: text of the caller's that is stored with the job, in UTF-8, at most IMPASTO_SETTINGS_MOST
 * bytes. NULL: none.
 *
 * IMPASTO_ERROR_OUTPUT: the file cannot be written. The job can go on. IMPASTO_ERROR_USAGE: a step
 * has failed between two sizes, so that there is nothing to save.
 */
IMPASTO_API enum impasto_status impasto_job_save(struct impasto_job *job, const char *path,
                                                 const char *note,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_checkpoint; /* an open checkpoint */

/* What a checkpoint says of its job. */
struct impasto_checkpoint_info {
    const char *version;                    /* of the library that wrote it */
    const char *device, *platform, *driver; /* what it was computed on */
    const char *note;                       /* the caller's; NULL: none */
    const struct impasto_params *params;    /* of the job */
    int iteration, iterations;              /* steps taken, and of all scales */
    int width, height;                      /* of the result, pixels */
    double seconds;                         /* that these steps took */
};

/*
 * Opens a checkpoint and checks all of it. The file stays open. Meanwhile, another file may be
 * renamed to its name.
 *
 * IMPASTO_ERROR_INPUT: the file is damaged, is something else, or has a newer format.
 */
IMPASTO_API enum impasto_status
impasto_checkpoint_open(const char *path, struct impasto_checkpoint **checkpoint,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_checkpoint_close(struct impasto_checkpoint **checkpoint);

/* Valid until the checkpoint is closed. */
IMPASTO_API const struct impasto_checkpoint_info *
impasto_checkpoint_info(const struct impasto_checkpoint *checkpoint);

/*
 * Opens a job that goes on where the saved one was. Its progress goes on counting iterations and
 * seconds. The checkpoint may be closed afterwards.
 *
 * pictures: those of the saved job. Another picture is IMPASTO_ERROR_INPUT; other weights are
 * IMPASTO_ERROR_WEIGHTS.
 *
 * params: NULL for the checkpoint's. These members may differ from it: conv, gemm, memory, reuse,
 * profile, iterations and first_iterations. The last two must be such that a run with them from the
 * start passes through the saved state. All else is IMPASTO_ERROR_USAGE. Example: a finished job
 * with ADAM can be given more iterations. One with LBFGS can only if it was saved before its last
 * report, since that settles on the best image.
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
