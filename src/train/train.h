/* SPDX-License-Identifier: MIT */
#ifndef IMP_TRAIN_H
#define IMP_TRAIN_H

/* A training from the inside: its settings, its pictures, its network, and its steps. */

#include "loss/objective.h"
#include "model/model.h"
#include "ops/step.h"
#include "session/session.h"
#include "store/store.h"

#include <impasto/train.h>
#include <jansson.h>

/* ---- settings.c ------------------------------------------------------------------------------ */

/* Four halvings must leave a pixel for the network that judges, and strokes some room. */
#define IMP_SMALLEST_CROP 32
#define IMP_LARGEST_CROP 1024
#define IMP_MOST_STEPS 1000000
#define IMP_LARGEST_BATCH 64

const struct impasto_setting *imp_train_settings(size_t *count);
/* The defaults, and what members are that an older program does not know. */
struct impasto_train_params imp_train_usual(void);
/* IMPASTO_ERROR_USAGE for a value out of range. */
enum impasto_status imp_train_check(const struct impasto_train_params *params,
                                    struct impasto_error *error);
/* The first setting that differs of those that a resumed training must have kept; NULL: none. */
const char *imp_train_difference(const struct impasto_train_params *a,
                                 const struct impasto_train_params *b);
/* NULL: no memory. */
json_t *imp_train_params_to_json(const struct impasto_train_params *params);
/* false: something is missing, or of another type. */
bool imp_train_params_from_json(const json_t *json, struct impasto_train_params *params);

/* ---- schedule.c ------------------------------------------------------------------------------ */

/* How the steps go: what is decided once the beginning is known. */
struct imp_train_schedule {
    bool scratch;     /* the network begins from nothing */
    int steps;        /* of all, as far as is known */
    float late_share; /* of them */
    double falling;   /* of them, those over which the learning rate falls; the last ones */
    float rate, late_rate, norm_rate;
    int ramp; /* 0: none */
    double style_weight;
    float weave_weight;
};
/* Whether it is long enough for noise and the weave to pay; see struct impasto_train_params. */
bool imp_train_is_long(const struct impasto_train_params *params);
/* With what is left to the library decided. builtin: the weights are. */
struct imp_train_schedule imp_train_schedule_make(const struct impasto_train_params *params,
                                                  bool scratch, bool builtin, int styles);
/* Whether a step, from 0 on, is a late one. */
bool imp_train_is_late(const struct imp_train_schedule *schedule, int step);
/* Whether the learning rate falls, or has begun to. */
bool imp_train_is_falling(const struct imp_train_schedule *schedule, int step);
/* The learning rate of a step. */
float imp_train_rate(const struct imp_train_schedule *schedule, int step);
/* The style's weight in a step. */
double imp_train_style_weight(const struct imp_train_schedule *schedule, int step);
/* How much of the average stays when it takes in the parameters after a step. */
float imp_train_average(const struct impasto_train_params *params, int step);
/* How many steps, of all, a training can afford which has taken `step` of them and has time for so
 * many pixels of crops more. early, late: those of a step. Late steps stay late ones. Once they
 * have come, or the learning rate falls, the end may only come nearer. */
int imp_train_affordable(const struct imp_train_schedule *schedule, int step, double pixels,
                         double early, double late);
/* The steps of a training that begins to end now. */
int imp_train_ending(const struct imp_train_schedule *schedule, int step);
/* The layers and weights that suit the weights of the network that judges. bounded: for training.
 */
struct imp_loss_options imp_train_losses(const struct impasto_train_params *params,
                                         const struct imp_train_schedule *schedule, bool builtin,
                                         bool bounded);

/* ---- photos.c -------------------------------------------------------------------------------- */

/* The longer side at which training pictures are kept. */
#define IMP_PHOTO_SIDE 640
/* Scenes that are drawn where there are no photographs. */
#define IMP_SCENES 48

/* A training picture. */
struct imp_photo {
    int width, height;
    unsigned char *rgb; /* height x width x 3; NULL: a scene that is still to be drawn */
};

/* What a training learns from. The first `held` pictures are the judge's alone. */
struct imp_photos {
    struct imp_photo *item;
    size_t count, held;
    size_t left_out; /* photographs that could not be used */
    bool drawn;      /* scenes, by the seed */
    uint64_t seed;
    uint32_t checksum; /* of all of them; 0: drawn */
    size_t *order;     /* of the pictures that are learnt from, in the epoch at hand */
    uint64_t epoch;    /* UINT64_MAX: none */
};
/* Reads the photographs of the task's folder, or prepares scenes where it has none. Those that
 * cannot be used are named in the log. To be freed, also after a failure. judged: pictures that the
 * judge wants. */
enum impasto_status imp_photos_open(const struct impasto_train_task *task,
                                    const struct impasto_train_params *params, size_t judged,
                                    const struct imp_log *log, struct imp_photos *photos,
                                    struct impasto_error *error);
void imp_photos_free(struct imp_photos *photos);
/* The picture's pixels are there afterwards. */
enum impasto_status imp_photos_need(struct imp_photos *photos, size_t index,
                                    struct impasto_error *error);

/* ---- crops.c --------------------------------------------------------------------------------- */

/* Which picture a position in the training looks at. It follows from the seed, the position and the
 * number of pictures alone: each epoch has all of them, in an order of its own.
 * IMPASTO_ERROR_MEMORY.
 */
enum impasto_status imp_crop_picture(struct imp_photos *photos, uint64_t position, size_t *index,
                                     struct impasto_error *error);
/* The crop at a position: planes (3, size, size), RGB from 0 to 1. */
enum impasto_status imp_crop_draw(struct imp_photos *photos, uint64_t position, int size,
                                  float *planes, struct impasto_error *error);
/* The middle of a held-back picture, likewise. */
enum impasto_status imp_crop_judged(struct imp_photos *photos, size_t index, int size,
                                    float *planes, struct impasto_error *error);

/* ---- pair.c ---------------------------------------------------------------------------------- */

/* Two frames of a film that is made of training pictures, square, and the exact motion from `now`
 * to `before`, as ops/warp.h has it. Coarse: of IMP_MODEL_STRIDE pixels each, for features. */
struct imp_pair {
    int size, coarse_size;
    float *before, *now; /* (3, size, size), RGB from 0 to 1 */
    float *light;        /* (3, size, size): by how much `now` is lighter, in all planes alike */
    float *flow, *reliability; /* (2, size, size); (size, size): 1 where it is to be seen in both */
    float *coarse_flow, *coarse_reliability;
    float *block; /* all of them */
};
/* Room for pairs of that size. IMPASTO_ERROR_MEMORY. */
enum impasto_status imp_pair_open(struct imp_pair *pair, int size, struct impasto_error *error);
void imp_pair_close(struct imp_pair *pair); /* also of a zeroed one */
/* The pair at a position, which follows from it, the seed and the pictures alone. */
enum impasto_status imp_pair_draw(struct imp_photos *photos, uint64_t position,
                                  struct imp_pair *pair, struct impasto_error *error);
/* One of the middle of a held-back picture, likewise. */
enum impasto_status imp_pair_judged(struct imp_photos *photos, size_t index, struct imp_pair *pair,
                                    struct impasto_error *error);

/* ---- sitting.c ------------------------------------------------------------------------------- */

/* The network and the objective that judges its paintings, at one size. */
struct imp_sitting {
    int height, width;
    bool learns; /* it also has gradients */
    struct imp_pass pass;
    struct imp_objective objective;
    struct imp_buffer *image, *painting;
    struct imp_layout layout;
    const struct imp_targets *targets; /* which the objective has; NULL: none */
    const float *limits;               /* likewise */
    /* Where paintings are held to those of the frame before: that one, the motion, and the light;
     * and the network's middle, where it learns and that has a weight. */
    bool holds;
    struct imp_buffer *before, *flow, *light;
    struct imp_middle middle;
};

struct imp_sitting_options {
    struct imp_device *device;
    const struct imp_model *model;
    const struct imp_loss_options *losses;
    const struct imp_model_shape *shape;
    struct imp_buffer **parameters, **gradient; /* gradient: NULL: it does not learn */
    int height, width;
    bool keeps_transformed; /* see struct imp_net */
    float middle_weight;    /* of losses->earlier; 0: the middle is not held */
};
/* Decides and lists; to be released, also after a failure. Buffers are allocated by the caller. */
enum impasto_status imp_sitting_init(struct imp_sitting *sitting,
                                     const struct imp_sitting_options *options);
void imp_sitting_release(struct imp_sitting *sitting);
/* Once its buffers are there: learns from the first crops how strong contents are, so that what is
 * flat does not drown the others. IMPASTO_ERROR_WEIGHTS: features are not finite, twice. */
enum impasto_status imp_sitting_expect(struct imp_sitting *sitting, struct imp_photos *photos);

/* What is measured of a painting. */
struct imp_sitting_losses {
    double total, content, style, tv, range, lattice, weave;
    double steady, features; /* 0 where nothing is held */
};
/* What is painted, and how. */
struct imp_sitting_task {
    const float *planes;               /* the crop, (3, height, width) */
    const struct imp_pair *pair;       /* whose `now` is the crop, where the sitting holds */
    int row;                           /* of the network's styles */
    const struct imp_targets *targets; /* the style's; also where it has no weight */
    const float *limits;               /* likewise, of its weave: WEAVE_SHIFTS of them */
    double style_weight;
    uint32_t noise_seed; /* of what the network sees with the crop */
};
/* Paints the crop and measures the painting. A sitting that learns then adds the gradient of the
 * parameters to theirs. Waits. Where the crop's features are not finite, twice, nor are the losses,
 * and there is no gradient. */
enum impasto_status imp_sitting_measure(struct imp_sitting *sitting,
                                        const struct imp_sitting_task *task,
                                        struct imp_sitting_losses *losses);

/* ---- need.c ---------------------------------------------------------------------------------- */

/* More purposes than memory is taken for. */
#define IMP_TRAIN_ROWS 32

/* Device memory that is taken at one time, and of the host's where that is the same. */
struct imp_train_need {
    struct impasto_plan_row row[IMP_TRAIN_ROWS]; /* by purpose */
    size_t rows;
    uint64_t bytes, largest; /* of all buffers, saturating; of the largest */
};
/* Adds what a layout lists. */
void imp_train_need_add(struct imp_train_need *need, const struct imp_layout *layout);
/* Adds what is no buffer of the device; 0: nothing. */
void imp_train_need_add_bytes(struct imp_train_need *need, const char *purpose, uint64_t bytes);

/* ---- styles.c -------------------------------------------------------------------------------- */

/* The styles that are learnt, and what the losses want of their paintings. */
struct imp_train_styles {
    int count;  /* of those that have a picture */
    int taught; /* and with the identity, which comes last */
    int first;  /* the row of the first of them in the network */
    struct imp_targets *targets;
    float (*limits)[WEAVE_SHIFTS]; /* of the weave; those of the identity are 1: anything goes */
    uint32_t *checksums;           /* of the pictures */
};
/* What style pictures are looked at with. */
struct imp_style_look {
    struct imp_device *device;
    const struct imp_model *model;
    const struct imp_loss_options *losses;
};
/* The most that looking at one of them takes, at that size of the strokes, besides the model's
 * weights. IMPASTO_ERROR_INPUT: one has too few pixels then. */
enum impasto_status imp_train_styles_need(const struct imp_style_look *look,
                                          const struct impasto_train_task *task, int size,
                                          struct imp_train_need *most);
/* Looks at the style pictures, or draws those that have none, at the size of the strokes. The
 * model's weights must be on the device. To be freed, also after a failure. pictures: what the
 * network keeps of each, for the caller to free; those that are too large are named in the log. */
enum impasto_status imp_train_styles_capture(struct imp_train_styles *styles,
                                             const struct imp_style_look *look,
                                             const struct impasto_train_task *task,
                                             const struct impasto_train_params *params,
                                             char **pictures);
void imp_train_styles_free(struct imp_train_styles *styles);
/* IMPASTO_ERROR_USAGE: no style of that name is drawn. (drawn.c) */
enum impasto_status imp_train_check_drawn(const char *name, struct impasto_error *error);
/* Of the style whose turn it is: its row, its targets, and its weight. */
void imp_train_styles_turn(const struct imp_train_styles *styles, uint64_t turn, double weight,
                           struct imp_sitting_task *task);

/* ---- learner.c ------------------------------------------------------------------------------- */

/* Buffers that a step changes and the next one builds on: values, two moments, average. */
#define IMP_LEARNT 4

/* The network's parameters on the device, and what moves them. All buffers have `floats` floats,
 * zero behind the parameters. */
struct imp_learner {
    struct imp_device *device;
    size_t parameters, norms; /* see struct imp_model_rows */
    int floats;               /* a multiple of the widest vector */
    bool norms_only;          /* the convolutions stay as they are */
    int step;                 /* of Adam, taken so far */
    struct imp_buffer *values, *gradient, *mean, *moments[2]; /* mean: over a step's pictures */
    struct imp_buffer *average, *best;
    struct imp_buffer *before[IMP_LEARNT]; /* the same before the step at hand */
    struct imp_buffer *sums;
};
void imp_learner_init(struct imp_learner *learner, struct imp_device *device,
                      const struct imp_model_rows *rows, bool norms_only);
void imp_learner_layout(struct imp_learner *learner, struct imp_layout *layout);
/* The values from the host; the average and the best begin with them. */
enum impasto_status imp_learner_begin(struct imp_learner *learner, const float *values);
enum impasto_status imp_learner_clear_gradient(struct imp_learner *learner);

struct imp_learner_step {
    float rate, norm_rate; /* norm_rate: a factor */
    float clip;
    int batch;     /* pictures whose gradients were added up */
    float average; /* see imp_train_average */
};
/* Moves the values down the gradient, and the average after them. *norm: the gradient's before it
 * was clipped. *sound: false where the gradient or what was learnt is not finite; then all is as it
 * was before. Waits. */
enum impasto_status imp_learner_step(struct imp_learner *learner,
                                     const struct imp_learner_step *step, double *norm,
                                     bool *sound);
/* The best becomes the average. */
enum impasto_status imp_learner_keep(struct imp_learner *learner);
/* Reads the parameters of one of the buffers. */
enum impasto_status imp_learner_read(const struct imp_learner *learner,
                                     const struct imp_buffer *buffer, float *values);

/* What the judge remembers. */
struct imp_verdicts {
    double last, best; /* NAN: none yet */
    int best_step;
    double mark;   /* what has to be fallen short of by 1 % for the training to go on */
    int mark_step; /* when that was */
};

/* ---- start.c --------------------------------------------------------------------------------- */

/* The network that the training begins with, on the host, and its styles' names. *first: the row of
 * the first style that is learnt. *base: the checksum of the base's parameters; 0: there is none.
 */
enum impasto_status imp_train_begin(const struct impasto_train_task *task,
                                    const struct impasto_train_params *params,
                                    struct imp_stylenet *net, int *first, uint32_t *base,
                                    struct impasto_error *error);

/* ---- gradients.c ----------------------------------------------------------------------------- */

/* Of a step, on the host, where gradients are computed apart and then added up. */
struct imp_gradients {
    float *parts;  /* (count, parameters): this rank's own, or of its crops */
    int64_t *sums; /* of all parts of all ranks, of each parameter */
    size_t count;
};

/* ---- trainer.c ------------------------------------------------------------------------------- */

/* Steps running that may be taken back. */
#define IMP_TRAIN_TRIES 5

struct impasto_train {
    struct imp_device *device;
    /* Of a team: all its ranks train the same. NULL: this one is alone. */
    struct impasto_ranks *ranks;
    struct imp_comm *comm; /* the ranks' */
    bool agreed;           /* all know of the failure at hand */
    struct imp_gradients gradients;
    struct impasto_train_params params;
    struct imp_train_schedule schedule;
    struct imp_photos photos;
    struct imp_stylenet net; /* as it began; its parameters are the learner's */
    char *base;              /* path; NULL: from nothing */
    uint32_t base_checksum;
    bool keep;    /* the base's styles */
    bool builtin; /* the weights */
    char *weights_source;
    json_t *inputs; /* of the task; NULL: none */
    struct imp_model model;
    struct imp_layout weights; /* the model's */
    struct imp_train_styles styles;
    struct imp_learner learner;
    struct imp_layout learning; /* the learner's */
    struct imp_sitting sitting; /* of the steps */
    struct imp_sitting judging;
    bool keeps_transformed; /* of the steps' loss network: there is memory for it */
    bool late;              /* the sitting is that of late steps */
    float *crop;            /* planes of the crop at hand */
    struct imp_pair pair;   /* in place of it, where the network learns to hold still */
    struct imp_verdicts verdicts;
    int step;               /* taken */
    uint64_t position;      /* crops drawn */
    int failures;           /* steps running that were taken back */
    bool done, torn;        /* torn: the device failed on the way */
    bool only_plan;         /* nothing else is there */
    double started, before; /* as a job's */
    double timed, worked;   /* seconds at which the steps began that decide their number, and the
                               pixels of their crops since */
    bool fixed;             /* their number is decided, and no longer by the time */
    struct impasto_train_progress progress;
    struct impasto_train_params decided; /* which the info has */
    struct impasto_train_info info;
    struct imp_train_need need; /* the plan, which the info has */
};

/* ---- ranks.c --------------------------------------------------------------------------------- */

/* Pictures or crops from `begin` to before `end`. */
struct imp_train_part {
    size_t begin, end;
};
/* Of so many that a step or the judge looks at, those of this rank; alone, all. */
struct imp_train_part imp_train_part(const struct impasto_train *train, size_t count);
/* values: (count, width), of which this rank has filled in its part; then all ranks have all. */
enum impasto_status imp_train_gather(const struct impasto_train *train, double *values,
                                     size_t count, size_t width);
/* values[0..count) += those of all other ranks. */
enum impasto_status imp_train_sum(const struct impasto_train *train, int64_t *values, size_t count);
/* The first rank's bytes, on all. */
enum impasto_status imp_train_share(const struct impasto_train *train, void *bytes, size_t size);
/* A point that all ranks pass together or not at all; alone, `mine`. */
enum impasto_status imp_train_agree(struct impasto_train *train, enum impasto_status mine);

/* Whether another rank leads this one. */
bool imp_train_follows(const struct impasto_train *train);
/* For what is said once, by the first. NULL on the others. */
const struct imp_log *imp_train_log(const struct impasto_train *train);

/* Takes its place among the ranks of the device, where that has some. */
enum impasto_status imp_train_join(struct impasto_train *train, struct impasto_device *device,
                                   struct impasto_error *error);
/* A rank that follows cannot even begin: the others wait for it, and must know. */
void imp_train_miss(const struct impasto_device *device, enum impasto_status status,
                    const struct impasto_error *error);
/* The others close theirs. Also of one that has no ranks. */
void imp_train_leave(struct impasto_train *train);
/* The first tells the others what is done next: one of session.h's numbers. */
enum impasto_status imp_train_tell(struct impasto_train *train, int call);
/* What this rank has done, and how that went: lets the others know of a failure that was not agreed
 * on. Returns the status. */
enum impasto_status imp_train_take_part(struct impasto_train *train, enum impasto_status status);

/* The first rank's settings, for all. */
enum impasto_status imp_train_share_settings(struct impasto_train *train);
/* IMPASTO_ERROR_USAGE: a step has fewer crops than there are ranks. */
enum impasto_status imp_train_check_batch(const struct impasto_train *train);
/* Of an open training: fails where a rank has other inputs than the first, and puts all where that
 * is. */
enum impasto_status imp_train_share_place(struct impasto_train *train);
/* What the first has learnt, for all: unlike devices drift apart by rounding. */
enum impasto_status imp_train_share_learnt(struct impasto_train *train);

/* Whether gradients are computed apart: of ranks, or of crops. If not, the functions below do
 * nothing. (gradients.c) */
bool imp_gradients_apart(const struct impasto_train *train);
/* What they take of the host's memory. */
size_t imp_gradients_bytes(const struct impasto_train *train);
/* IMPASTO_ERROR_MEMORY. To be closed, also after a failure. */
enum impasto_status imp_gradients_open(struct impasto_train *train);
void imp_gradients_close(struct imp_gradients *gradients);
/* After a crop: takes its gradient away from the device, where each counts for itself. */
enum impasto_status imp_gradients_take(struct impasto_train *train);
/* The learner's gradient becomes the sum over all crops of all ranks. */
enum impasto_status imp_gradients_sum(struct impasto_train *train);

/* ---- info.c ---------------------------------------------------------------------------------- */

/* How many train it, this one among them. */
int imp_train_ranks(const struct impasto_train *train);
/* The parameters, with what was decided in place of what was left to the library. */
struct impasto_train_params imp_train_decided(const struct impasto_train *train);
/* IMPASTO_ERROR_USAGE: the device has failed on the way, or there is only a plan. */
enum impasto_status imp_train_check_whole(const struct impasto_train *train,
                                          struct impasto_error *error);
/* Fills in what the progress says of the training as a whole. */
void imp_train_report(struct impasto_train *train);

/* ---- judge.c --------------------------------------------------------------------------------- */

/* The pictures that the judge wants. */
size_t imp_judge_pictures(const struct impasto_train_task *task,
                          const struct impasto_train_params *params);
/* Measures the average's paintings of the held-back pictures, and keeps the best. */
enum impasto_status imp_judge(struct impasto_train *train);
/* Steps that it waits for something better. */
int imp_judge_patience(const struct impasto_train *train);
/* Whether nothing better has come for so long. */
bool imp_judge_is_tired(const struct impasto_train *train);

/* ---- preview.c ------------------------------------------------------------------------------- */

/* Where the network paints a picture to be looked at. */
struct imp_easel {
    struct imp_pass pass;
    struct imp_layout layout;
    struct imp_buffer *image, *painting;
};
/* The size at which a picture is painted, of its own. longer: the judge's. */
void imp_easel_size(int longer, int *width, int *height);
/* Decides and lists; to be released, also after a failure. */
enum impasto_status imp_easel_init(struct imp_easel *easel, struct impasto_train *train, int width,
                                   int height);
void imp_easel_release(struct imp_easel *easel);

/* ---- memory.c -------------------------------------------------------------------------------- */

/* Lists what lasts, finds what takes the most, and refuses with IMPASTO_ERROR_MEMORY what does not
 * fit. The model's weights are listed. */
enum impasto_status imp_train_plan(struct impasto_train *train,
                                   const struct impasto_train_task *task);
/* Opens the sitting for the steps from train->step on, where there are any. */
enum impasto_status imp_train_sit(struct impasto_train *train);

/* ---- checkpoint.c ---------------------------------------------------------------------------- */

/* Where a training was. */
struct imp_train_place {
    int step, steps, adam, failures;
    uint64_t position;
    bool done, fixed;
    double timed, worked, seconds;
    struct impasto_train_progress last;
    struct imp_verdicts verdicts;
};

struct impasto_train_checkpoint {
    struct imp_store store;
    json_t *training;
    struct imp_train_place place;
    struct impasto_train_checkpoint_info info;
    struct impasto_train_params params;
};
/* Checksums of what the training reads, as the checkpoint has them. NULL: no memory. */
json_t *imp_train_describe_inputs(const struct impasto_train *train);
/* Compares these with those of another run. then: NULL: there was no memory for them. *what: what
 * differs; the status: that of refusing it. NULL: nothing, or there is no memory. */
enum impasto_status imp_train_other_input(const struct impasto_train *train, const json_t *then,
                                          const char **what);
/* Before anything is restored: whether pictures, weights and base are those of the checkpoint. */
enum impasto_status imp_train_compare(const struct impasto_train *train,
                                      const struct impasto_train_checkpoint *from);
/* Of an open training: puts it where it was. */
enum impasto_status imp_train_restore(struct impasto_train *train,
                                      const struct impasto_train_checkpoint *from);

#endif
