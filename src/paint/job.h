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

/* The jobs of all devices that paint one picture; each is a rank of a team. (team.c) */
struct imp_team {
    int size;
    struct impasto_job *job[IMPASTO_DEVICES]; /* the first is the caller's */
};

/* The seconds that an iteration takes in bands, at the least, and on one device. */
struct imp_team_times {
    double together; /* of the slowest band; 0: not all devices are tuned */
    double exchange; /* its exchanges */
    double alone;    /* on the fastest device that has room for all rows; infinite: none has */
};

struct impasto_job {
    struct imp_device *device;
    struct imp_team *team;       /* the first rank's; NULL: it is another's, or there is none */
    struct imp_comm *comm;       /* with the other ranks; NULL: there are none */
    struct impasto_ranks *apart; /* these are processes, by serve.c; NULL: threads, or none */
    struct imp_band band;        /* of the scale at hand, where that is in bands */
    bool idle;                   /* the first rank does the scale at hand alone */
    bool agreed;                 /* that all have failed, and nobody waits */
    bool shared;                 /* the rows, as was asked for */
    double share, tuned;         /* of the rows; speed as measured by tuning. 0: not known */
    struct imp_comm_cost cost;   /* of exchanges; zeroed: not measured yet */
    double measured;             /* rows a second as this run has found; 0: not yet */
    double room;                 /* rows that there is memory for, by the last plan; 0: not known */
    double busy;                 /* seconds of the scale's steps, without waiting for other ranks */
    int timed;                   /* steps that these are of */
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
    struct impasto_plan_band bands[IMPASTO_RANKS];
    size_t band_count;
    struct impasto_profile_row *profile;
    struct imp_team_times times; /* by the bands; zeroed: not known */
};

/* ---- job.c ----------------------------------------------------------------------------------- */

/* IMPASTO_ERROR_USAGE where no scale is open: of a plan, and after failures. */
enum impasto_status imp_job_check_open(const struct impasto_job *job, struct impasto_error *error);

/* ---- enter.c --------------------------------------------------------------------------------- */

/* Initialises and plans the scale of that place in the schedule; refuses what does not fit. */
enum impasto_status imp_job_plan_scale(struct impasto_job *job, int at);
/* Opens the planned scale. The driver may have no memory though the budget had. Then the scale is
 * planned again with less, until it opens or not even the smallest plan fits. Each time the budget
 * gets smaller. In a team all ranks plan again, of which those that were refused have less.
 *
 * carry: what the scale before has left; NULL: there was none. */
enum impasto_status imp_job_enter_scale(struct impasto_job *job, const struct imp_carry *carry);
/* Leaves the scale at hand and opens the last one, as if it were the only one. */
enum impasto_status imp_job_open_last(struct impasto_job *job);

/* ---- team.c ---------------------------------------------------------------------------------- */

/* The jobs of the devices that were joined to job's, and the lines between them; nothing without
 * any. */
enum impasto_status imp_team_open(struct impasto_job *job, struct impasto_device *device,
                                  struct impasto_error *error);
/* Leaves the team. The first rank's job is the last to be closed. */
void imp_team_close(struct impasto_job *job);
/* What the first rank asks for, which tells other processes so. */
enum imp_call {
    IMP_CALL_OPEN = IMP_RANKS_END + 1,
    IMP_CALL_STEP,
    IMP_CALL_IMAGE,
    IMP_CALL_SAVE,
    IMP_CALL_GRADIENT,
    IMP_CALL_CLOSE, /* of the job; no task */
    IMP_CALLS
};
/* Something that all ranks do at once. */
struct imp_task {
    enum imp_call call;
    enum impasto_status (*work)(struct impasto_job *job, void *user);
    bool tells_last; /* `user` is a bool that other processes are told; else they have their own */
};
/* Does the work of all ranks at once; alone, of this job. When one fails, all do, in the first
 * one's device's error. */
enum impasto_status imp_team_run(struct impasto_job *job, const struct imp_task *task, void *user);
/* One rank's part of it. A failure that was not agreed on fails all others. */
enum impasto_status imp_team_take_part(struct impasto_job *job, const struct imp_task *task,
                                       void *user);
/* Within such work: OK where all ranks have come so far; else the first failure for all. */
enum impasto_status imp_team_agree(struct impasto_job *job, enum impasto_status mine);
/* Shares the rows of the next scale, whose sizes are given: opens job->band, or sets job->idle; or
 * neither, where the job is alone. within_room: no rank gets more rows than there is memory for. */
enum impasto_status imp_team_cut(struct impasto_job *job, const struct imp_sizes *sizes,
                                 bool within_room);
/* Fills job->bands for the scale at hand, which is planned. */
enum impasto_status imp_team_describe(struct impasto_job *job);
/* room: rows that there is memory for on each of their devices. */
struct imp_team_times imp_team_times(const struct impasto_plan_band *bands, const double *room,
                                     size_t count);
/* Whether one device alone is faster, and it is for the exchanges that it is: bands that are shared
 * badly are no reason for fewer devices. */
bool imp_team_is_slowed(const struct imp_team_times *times);
/* The band of the scale at hand; NULL: this rank does all of it. */
struct imp_band *imp_team_band(struct impasto_job *job);
/* Whether any rank's answer is no. */
enum impasto_status imp_team_any_not(struct impasto_job *job, bool mine, bool *any_not);
/* What the first rank alone has left of a scale, for all. */
enum impasto_status imp_team_share_carry(struct impasto_job *job, struct imp_carry *carry);
/* The first rank's bytes, on every rank; without a team nothing is done. */
enum impasto_status imp_share(struct impasto_job *job, void *bytes, size_t size);
/* IMPASTO_ERROR_USAGE in a team: `what` is not for several devices. */
enum impasto_status imp_team_refuse(const struct impasto_job *job, const char *what,
                                    struct impasto_error *error);

/* ---- share.c --------------------------------------------------------------------------------- */

/* Without a team nothing is done. */
enum impasto_status imp_share_settings(struct impasto_job *job);
/* job->sources and job->schedule, as far as other ranks need them. */
enum impasto_status imp_share_pictures(struct impasto_job *job);
/* IMPASTO_ERROR_WEIGHTS, for all, where a rank has others than the first. */
enum impasto_status imp_share_weights(struct impasto_job *job);
/* Where a checkpoint goes on. */
struct imp_resumption {
    bool resumes; /* there is one */
    int at, steps, optimizer_step, iteration;
    bool finished;
    double seconds;
};
/* from: the first rank's, NULL: it begins. */
enum impasto_status imp_share_resumption(struct impasto_job *job,
                                         const struct impasto_checkpoint *from,
                                         struct imp_resumption *place);

/* ---- The tasks: job.c, save.c ---------------------------------------------------------------- */

/* What a job is opened with. */
struct imp_opening {
    struct impasto_device *device;
    const struct impasto_weights *weights;
    const struct impasto_pictures *pictures; /* the first rank's, like the next */
    const struct impasto_checkpoint *from;
};
extern const struct imp_task imp_open_task, imp_step_task, imp_image_task, imp_save_task,
    imp_gradient_task;

/* ---- announce.c ------------------------------------------------------------------------------ */

/* Fills the info from the last scale, as planned. */
void imp_job_describe(struct impasto_job *job);
/* Log lines, from the info: the weights and layers; the sizes, bands and memory. */
void imp_job_announce_weights(const struct impasto_job *job,
                              const struct impasto_weights_info *weights);
void imp_job_announce_sizes(const struct impasto_job *job);

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

/* ---- band_vectors.c -------------------------------------------------------------------------- */

/* A vector that is saved, as one device has it, of which the ranks have bands: image after image of
 * it. */
struct imp_band_vector {
    struct imp_band *band;
    const struct imp_saved_vector *vector;
    size_t own, own_pitch; /* floats of a band's image, and from one to the next */
    size_t all, pitch;     /* the same of the whole image */
    size_t images;
    size_t next;         /* the image that is collected, or awaited, next */
    float *here, *whole; /* room for one; whole: NULL where only others want it */
};
/* collects: this rank wants it. IMPASTO_ERROR_MEMORY, of the host's. To be closed in any case. */
enum impasto_status imp_band_vector_open(struct imp_band_vector *bands, struct imp_band *band,
                                         const struct imp_saved_vector *vector, bool collects);
void imp_band_vector_close(struct imp_band_vector *bands);
/* For the file, which has the whole. */
struct imp_store_tensor imp_band_vector_tensor(struct imp_band_vector *bands);
/* Collects the images that have not been yet. Waits for the other ranks. */
enum impasto_status imp_band_vector_finish(struct imp_band_vector *bands);
/* Of a rank that does not read the file: its rows of all images, as the first one reads them. */
enum impasto_status imp_band_vector_receive(struct imp_band_vector *bands);

/* ---- checkpoint.c, again --------------------------------------------------------------------- */

/* What is kept of a job. The vectors are image and average, and the optimiser's. */
#define IMP_JOB_VECTORS (2 + IMP_OPTIMIZER_VECTORS)
struct imp_saved {
    const json_t *job; /* see save.c */
    const char *note;  /* NULL: none */
    double *numbers;   /* the optimiser's, of the host */
    size_t number_count;
    struct imp_saved_vector vectors[IMP_JOB_VECTORS];
    struct imp_band_vector *bands; /* the same of a job in bands; NULL: of one that is not */
    size_t vector_count;
};
/* Fails into the device's error. */
enum impasto_status imp_checkpoint_write(struct imp_device *device, const char *path,
                                         const struct imp_saved *saved);
/* *numbers: a new array of *count; NULL where there are none. */
enum impasto_status imp_checkpoint_numbers(const struct impasto_checkpoint *checkpoint,
                                           double **numbers, size_t *count,
                                           struct impasto_error *error);
/* Fills the vector's buffer, which has the band's rows, or all (NULL). In bands the first rank
 * reads the file for all; the others' checkpoint is NULL. Fails into the device's error. */
enum impasto_status imp_checkpoint_vector(const struct impasto_checkpoint *checkpoint,
                                          struct imp_device *device, struct imp_band *band,
                                          const struct imp_saved_vector *vector);

/* ---- resume.c -------------------------------------------------------------------------------- */

/* What follows fails into the device's error. */
/* Before anything is computed: whether the pictures and the schedule allow to go on. */
enum impasto_status imp_resume_check(const struct impasto_job *job,
                                     const struct impasto_checkpoint *from);
/* Of an open job at the checkpoint's scale, with its weights loaded: puts it where it was. from:
 * NULL on all ranks but the first. */
enum impasto_status imp_resume(struct impasto_job *job, const struct impasto_checkpoint *from,
                               const struct imp_resumption *place);
/* The vectors that a checkpoint holds. Returns how many. */
size_t imp_job_vectors(const struct imp_scale *scale,
                       struct imp_saved_vector vectors[IMP_JOB_VECTORS]);

#endif
