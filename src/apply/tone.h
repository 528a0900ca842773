/* SPDX-License-Identifier: MIT */
#ifndef IMP_APPLY_TONE_H
#define IMP_APPLY_TONE_H

/*
 * Inside the room: the colours of a painting that is in part the network's identity.
 *
 * Instance normalisation takes the mean and the contrast out of a photograph, so no identity can
 * give them back: it paints all photographs in the same light. So the painting's colours take the
 * identity's share of the way to the photograph's, in mean and covariance
 * (imp_colours_approach). Both are those of the whole picture, as the normalisation's statistics
 * are: what a region paints depends on its mix alone, not on where its mask is.
 */

#include "ops/tone.h"

#include <stdbool.h>

/* Floats of what is remembered from frame to frame: whether there is something; then mean and
 * covariance of the photograph and of the painting, 9 each. */
#define IMP_TONE_STATE 19

struct imp_tone {
    float share;                              /* 0 to 1; 0: what is painted stays as it is */
    struct imp_buffer *photograph, *painting; /* sums of bands */
    /* Of a film's frames: IMP_TONE_STATE floats, the caller's. NULL: each picture is its own. */
    float *kept;
};

/* How the colours of a picture are to be moved, both of whose sums are complete. With `kept`, means
 * and covariances are `stays` times those kept and 1 - stays times this frame's, and are kept;
 * `begins`: nothing that is kept is looked at. Waits. */
enum impasto_status imp_tone_find(const struct imp_tone *tone, struct imp_device *device,
                                  int height, int width, float stays, bool begins,
                                  struct imp_tone_map *map);

#endif
