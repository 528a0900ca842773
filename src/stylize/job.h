/* SPDX-License-Identifier: MIT */
#ifndef IMP_JOB_H
#define IMP_JOB_H

/* A job from the inside, and what takes it to a file and back. */

#include "net/optim.h"
#include "net/safetensors.h"
#include "net/vgg.h"
#include "stylize/scale.h"

#include <jansson.h>

#define IMP_PLAN_ROWS 16
#define IMP_WEIGHTS_NAME 64
#define IMP_ALGORITHM_NAME 32

struct impasto_job {
    struct imp_device *device;
    struct impasto_params params; /* without conv and gemm, which are the caller's */
    char conv[IMP_ALGORITHM_NAME], gemm[IMP_ALGORITHM_NAME]; /* as asked for; empty: nothing was */
    bool only_plan;                                          /* see impasto_job_plan */
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
    bool finished;                       /* the last report was made */
    double started;                      /* imp_host_seconds() of the first step; 0 before it */
    double before;                       /* seconds that the steps before a checkpoint took */
    struct json_t *pictures;             /* what was given, by imp_pictures_identity */
    char weights_name[IMP_WEIGHTS_NAME]; /* likewise, once they are loaded */
    struct impasto_job_info info;
    struct impasto_plan_scale scales[IMPASTO_SCALES];
    struct impasto_plan_row rows[IMP_PLAN_ROWS];
    struct impasto_plan_stage stages[IMP_STAGES];
    struct impasto_plan_layer layers[IMPASTO_LAYERS];
    struct impasto_profile_row *profile;
};

/* ---- job.c ----------------------------------------------------------------------------------- */

/* from: the checkpoint to go on from; NULL: from the start. */
enum impasto_status imp_job_open(struct impasto_device *device,
                                 const struct impasto_weights *weights,
                                 const struct impasto_pictures *pictures,
                                 const struct impasto_params *params, bool only_plan,
                                 const struct impasto_checkpoint *from, struct impasto_job **job,
                                 struct impasto_error *error);

/* IMPASTO_ERROR_USAGE where no scale is open: of a plan, and after failures. */
enum impasto_status imp_job_check_open(const struct impasto_job *job, struct impasto_error *error);

/* ---- identity.c ------------------------------------------------------------------------------ */

/* The pictures, by checksums of what a job sees of them: in steps of 1/65535, so that the last bit
 * of a decoder does not count. NULL: no memory. */
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

/* ---- checkpoint_params.c --------------------------------------------------------------------- */

/* NULL: no memory. */
json_t *imp_params_to_json(const struct impasto_params *params);
/* Texts are json's. false: something is missing, or of another type. */
bool imp_params_from_json(const json_t *json, struct impasto_params *params);
/* The first that differs of those that a resumed job must have kept; NULL: none does. */
const char *imp_params_difference(const struct impasto_params *a, const struct impasto_params *b);

/* ---- checkpoint.c ---------------------------------------------------------------------------- */

struct impasto_checkpoint {
    struct imp_safetensors file;
    json_t *job; /* what is in it besides tensors; see resume.c */
    struct impasto_checkpoint_info info;
    struct imp_schedule schedule; /* as it was; sizes are not filled in */
    int at, steps, optimizer_step;
    bool finished;
};

/* Writes a checkpoint. job, note: what becomes of it is in struct impasto_checkpoint. */
enum impasto_status imp_checkpoint_write(const char *path, const json_t *job, const char *note,
                                         struct imp_device *device, const double *numbers,
                                         size_t number_count,
                                         const struct imp_saved_vector *vectors,
                                         size_t vector_count, struct impasto_error *error);
/* *numbers: a new array of *count; NULL where there are none. */
enum impasto_status imp_checkpoint_numbers(const struct impasto_checkpoint *checkpoint,
                                           double **numbers, size_t *count,
                                           struct impasto_error *error);
/* Fills the vector's buffer. */
enum impasto_status imp_checkpoint_vector(const struct impasto_checkpoint *checkpoint,
                                          struct imp_device *device,
                                          const struct imp_saved_vector *vector,
                                          struct impasto_error *error);
/* A failure to blame on the file. */
enum impasto_status imp_checkpoint_damaged(const char *path, struct impasto_error *error);

/* ---- resume.c -------------------------------------------------------------------------------- */

/* Before anything is computed: whether the pictures and the schedule allow to go on. */
enum impasto_status imp_resume_check(const struct impasto_job *job,
                                     const struct impasto_checkpoint *from,
                                     struct impasto_error *error);
/* Of an open job at the checkpoint's scale, with its weights loaded: puts it where it was. */
enum impasto_status imp_resume(struct impasto_job *job, const struct impasto_checkpoint *from,
                               struct impasto_error *error);

#endif
