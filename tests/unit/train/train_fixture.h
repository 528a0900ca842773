/* SPDX-License-Identifier: MIT */
#ifndef TEST_TRAIN_FIXTURE_H
#define TEST_TRAIN_FIXTURE_H

/* What the tests of trainings by the public API share. What goes wrong fails the test that asks. */

#include "files.h"
#include "fixtures.h"

/* From set_up() to tear_down(). */
extern struct impasto_device *device;
extern struct impasto_weights *weights;
extern struct impasto_image *styles[2];   /* 48x40 pixels */
extern struct impasto_train_params usual; /* six small steps, the last of them late */

/* What task_of() points to: tests change it, and call that again for what it was. */
extern struct impasto_train_style given[2];
/* A task of the first so many styles, called first and second, which learns from four photographs.
 */
struct impasto_train_task task_of(size_t count);

/* Of a group. */
int set_up(void **state);
int tear_down(void **state);

/* A training from its beginning. To be closed. */
struct impasto_train *open_train(const struct impasto_train_task *task,
                                 const struct impasto_train_params *params);
struct impasto_train_progress step(struct impasto_train *train);
/* Saves a checkpoint in the test's folder. note: may be NULL. */
void save(struct impasto_train *train, const char *note);
/* A training from that checkpoint; params: NULL for the checkpoint's. To be closed. */
struct impasto_train *resume(const struct impasto_train_task *task,
                             const struct impasto_train_params *params);
/* Runs to the end and closes the training; the model's bytes, to be freed. */
unsigned char *finish(struct impasto_train **train, size_t *size);

#endif
