/* SPDX-License-Identifier: MIT */
#ifndef IMP_PAINT_JOB_H
#define IMP_PAINT_JOB_H

/* A job from the inside, and what takes it to a file and back. */

#include "optim/optim.h"
#include "vgg/vgg.h"
#include "store/store.h"
#include "session/session.h"
#include "paint/scale.h"

#include <jansson.h>

#define IMP_PLAN_ROWS 16
#define IMP_WEIGHTS_NAME 64
#define IMP_ALGORITHM_NAME 32

struct impasto_job {
    struct imp_device *device;
    struct impasto_params params; /* without conv and gemm, which are the caller's */
    char conv[IMP_ALGORITHM_NAME], gemm[IMP_ALGORITHM_NAME]; /* as asked for; empty: nothing was */
    bool only_plan;                                          /* see impasto_job_plan */
    struct imp_film film;                                    /* zeroed: a picture is painted */
    bool told;       /* sizes and memory, and they stay: all scenes of a film have the same */
    double temporal; /* the temporal loss, as last measured */
    struct imp_schedule schedule;
    struct imp_sources sources;
    struct imp_model model;
    struct imp_layout weights; /* the model's */
    struct imp_scale scale;    /* the one at hand; zeroed: there is none */
    struct imp_carry carry;    /* between two scales: what the last one has left; else zeroed */
    struct imp_targets targets[IMPASTO_SCALES];
    int at;   /* which one of the schedule */
    int ends; /* the iteration at which it ends */
    int iteration;
    bool finished;                        /* the last report was made */
    double started;                       /* imp_host_seconds() of the first step; 0 before it */
    double before;                        /* seconds that the steps before a checkpoint took */
    struct json_t *pictures;              /* what was given, by imp_pictures_identity */
    char weights_name[IMP_WEIGHTS_NAME];  /* likewise, once they are loaded */
    struct impasto_job_progress progress; /* as last reported */
    struct impasto_job_info info;
    struct impasto_plan_scale scales[IMPASTO_SCALES];
    struct impasto_plan_row rows[IMP_PLAN_ROWS];
    struct impasto_plan_stage stages[IMP_STAGES];
    struct impasto_plan_layer layers[IMPASTO_LAYERS];
    struct impasto_profile_row *profile;
};

/* ---- job.c ----------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_USAGE where no scale is open: of a plan, and after failures. */
enum impasto_status imp_job_check_open(const struct impasto_job *job, struct impasto_error *error);
/* Leaves the scale at hand and opens the last one, as if it were the only one. */
enum impasto_status imp_job_open_last(struct impasto_job *job);

/* ---- identity.c ------------------------------------------------------------------------------ */

/* The pictures, as checksums of what a job sees of them. Values count in steps of 1/65535, so that
 * the last bit of a decoder does not matter. NULL: no memory. */
json_t *imp_pictures_identity(const struct impasto_pictures *pictures,
                              const struct impasto_params *params);
/* IMPASTO_ERROR_INPUT, naming the first picture that is not what it was. path: the checkpoint's. */
enum impasto_status imp_pictures_compare(const json_t *now, const json_t *then, const char *path,
                                         struct impasto_error *error);
/* The weights of a model, likewise; and the input that they expect. */
void imp_weights_name(const struct imp_model *model, char name[IMP_WEIGHTS_NAME]);
/* Of the ways in which the scale at hand and the last one are computed: algorithms, strips, blocks.
 * Where it is the same, so is the rounding on the same device. */
uint32_t imp_job_computing(const struct impasto_job *job);

/* ---- settings.c ------------------------------------------------------------------------------ */

/* NULL: no memory. */
json_t *imp_params_to_json(const struct impasto_params *params);
/* Texts are json's. false: something is missing, or of another type. */
bool imp_params_from_json(const json_t *json, struct impasto_params *params);

/* ---- checkpoint.c ---------------------------------------------------------------------------- */

struct impasto_checkpoint {
    struct imp_store store;
    const char *path; /* the file's */
    json_t *job;      /* what is in it besides tensors; see save.c */
    struct impasto_checkpoint_info info;
    struct impasto_params params;
    struct imp_schedule schedule; /* as it was; sizes are not filled in */
    int at, steps, optimizer_step;
    bool finished;
};

/* What is kept of a job. The vectors are image and average, and the optimiser's. */
#define IMP_JOB_VECTORS (2 + IMP_OPTIMIZER_VECTORS)
struct imp_saved {
    const json_t *job; /* see save.c */
    const char *note;  /* NULL: none */
    double *numbers;   /* the optimiser's, of the host */
    size_t number_count;
    struct imp_saved_vector vectors[IMP_JOB_VECTORS];
    size_t vector_count;
};
/* Fails into the device's error. */
enum impasto_status imp_checkpoint_write(struct imp_device *device, const char *path,
                                         const struct imp_saved *saved);
/* *numbers: a new array of *count; NULL where there are none. */
enum impasto_status imp_checkpoint_numbers(const struct impasto_checkpoint *checkpoint,
                                           double **numbers, size_t *count,
                                           struct impasto_error *error);
/* Fills the vector's buffer. Fails into the device's error. */
enum impasto_status imp_checkpoint_vector(const struct impasto_checkpoint *checkpoint,
                                          struct imp_device *device,
                                          const struct imp_saved_vector *vector);

/* ---- resume.c -------------------------------------------------------------------------------- */

/* What follows fails into the device's error. */
/* Before anything is computed: whether the pictures and the schedule allow to go on. */
enum impasto_status imp_resume_check(const struct impasto_job *job,
                                     const struct impasto_checkpoint *from);
/* Of an open job at the checkpoint's scale, with its weights loaded: puts it where it was. */
enum impasto_status imp_resume(struct impasto_job *job, const struct impasto_checkpoint *from);
/* The vectors that a checkpoint holds. Returns how many. */
size_t imp_job_vectors(const struct imp_scale *scale,
                       struct imp_saved_vector vectors[IMP_JOB_VECTORS]);

#endif
