/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_FILM_H
#define IMP_APPLY_FILM_H

/* Appliers as films use them: frames of floats, and what one frame leaves for the next. */

#include <impasto/apply.h>

/* Whether a frame depends on those before. */
bool imp_applier_follows(const struct impasto_applier *applier);
/* Of the model's numbers and the parameters that decide what frames look like. */
uint32_t imp_applier_identity(const struct impasto_applier *applier);
/* Paints a frame where it is, as impasto_applier_pixels() does, without rounding. */
enum impasto_status imp_applier_film_frame(struct impasto_applier *applier,
                                           struct impasto_image *frame,
                                           struct impasto_error *error);
/* Looks at a frame (3, height, width) in place of painting it. *begins: it depends on none of those
 * that were looked at before. For appliers that paint none in between. */
enum impasto_status imp_applier_film_look(struct impasto_applier *applier, const float *planes,
                                          int width, int height, bool *begins,
                                          struct impasto_error *error);
/* The next frame is a film's first. */
void imp_applier_forget(struct impasto_applier *applier);

/* What frames of that size leave for the next one: so many floats, and these, once there was one.
 */
size_t imp_applier_state_floats(const struct impasto_applier *applier, int width, int height);
/* IMPASTO_ERROR_USAGE: the last frame has failed, and left none. */
enum impasto_status imp_applier_state_get(struct impasto_applier *applier, float *state,
                                          struct impasto_error *error);
enum impasto_status imp_applier_state_put(struct impasto_applier *applier, int width, int height,
                                          const float *state, struct impasto_error *error);

#endif
