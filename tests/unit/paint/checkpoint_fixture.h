/* SPDX-License-Identifier: MIT */
#ifndef TEST_CHECKPOINT_FIXTURE_H
#define TEST_CHECKPOINT_FIXTURE_H

/* What the tests of checkpoints share: pictures, and jobs by the public API that are opened,
 * stepped, saved and resumed. What goes wrong fails the test that asks. */

#include "files.h"
#include "fixtures.h"

/* From set_up() to tear_down(). */
extern struct impasto_device *device;
extern struct impasto_weights *weights;
extern struct impasto_params usual; /* a small job's, at three scales: 4, 2 and 2 iterations */
extern struct impasto_image *content, *style, *second, *mask, *start;
extern char path[PATH_SIZE]; /* of the checkpoint, in the test's folder */

/* How many warnings the device's log has had. */
extern unsigned warnings;

/* What simple() and rich() point to: tests change them, and call either again for what it was. */
extern struct impasto_style styles[2];
extern struct impasto_region regions[2];

/* Of a group. */
int set_up(void **state);
int tear_down(void **state);

/* A content and a style. */
struct impasto_pictures simple(void);

/* Everything that pictures can be. */
struct impasto_pictures rich(void);

/* A job from its beginning. To be closed. */
struct impasto_job *open_job(const struct impasto_pictures *p, const struct impasto_params *params);

/* The checkpoint at `path`. To be closed. */
struct impasto_checkpoint *open_file(void);

/* A job from the checkpoint at `path`; params: NULL for the checkpoint's. To be closed. */
struct impasto_job *resume(const struct impasto_pictures *p, const struct impasto_params *params);

/* Saves the job at `path`. note: may be NULL. */
void save(struct impasto_job *job, const char *note);

struct impasto_job_progress step(struct impasto_job *job);

/* The picture as it is. To be freed. */
struct impasto_image *picture(struct impasto_job *job);

/* Runs to the end and closes the job; returns the picture, to be freed. */
struct impasto_image *finish(struct impasto_job **job);

/* Fails unless the checkpoint at `path` is refused for these pictures, parameters and weights, with
 * a message that says `words`. */
void expect_resume_refused(const struct impasto_pictures *p, const struct impasto_params *params,
                           const struct impasto_weights *with, enum impasto_status status,
                           const char *words);

#endif
