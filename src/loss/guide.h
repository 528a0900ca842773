/* SPDX-License-Identifier: MIT */
#ifndef IMP_LOSS_GUIDE_H
#define IMP_LOSS_GUIDE_H

/* Where in a picture a style counts. */

#include "vgg/vgg.h"

/* How much each position of a picture counts for a style, 0 to 1, at the size of every stage. */
struct imp_guide {
    bool used;                                /* false: every position counts 1 */
    struct imp_band *band;                    /* of the picture, with its positions; NULL: all */
    int height, width;                        /* of the picture */
    double mass[IMP_STAGES];                  /* sum of the stage's weights */
    struct imp_buffer *positions[IMP_STAGES]; /* NULL unless used; see ops/tensor.h */
};

void imp_guide_init(struct imp_guide *guide, int height, int width, bool used,
                    struct imp_band *band);
/* stages: bits of those that are looked at. */
void imp_guide_layout(struct imp_guide *guide, uint32_t stages, struct imp_layout *layout);
/* plane: height * width weights; shrunk by averaging as pooling shrinks activations. */
enum impasto_status imp_guide_fill(struct imp_guide *guide, struct imp_device *device,
                                   const float *plane);

#endif
