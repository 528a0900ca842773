/* SPDX-License-Identifier: MIT */
#ifndef IMP_OPS_FLOW_H
#define IMP_OPS_FLOW_H

/*
 * The steps of an optical flow, one level of the pyramid at a time: flow.c has those of frames,
 * patches and whole flows, flow_refine.c the refinement. src/flow puts them together.
 *
 * cl/flow.cl has the layouts of what is kept: lumas, fields and dealt planes.
 */

#include "ops/tensor.h"

/* The least that a side of a level may have: a patch's. */
#define IMP_FLOW_SIDE 8

/* A level of a pyramid: its size, and where in the pyramid's buffer its luma and the two fields of
 * its slopes begin, in floats. */
struct imp_level {
    int height, width;
    int luma_at, slopes_at;
};

/* Floats of a level's luma, of a field, of a dealt plane, and of what all of its patches find. The
 * first three depend on the device's vectors. */
size_t imp_luma_floats(int lanes, int height, int width);
size_t imp_field_floats(int lanes, int height, int width);
size_t imp_dealt_floats(int lanes, int height, int width);
size_t imp_patches_floats(int height, int width);

/* ---- A frame's pyramid ----------------------------------------------------------------------- */

/* The level's luma, 0 to 255, from a picture (planes, height, width) in [0, 1]: RGB or, with one
 * plane, luma. The level is as large, or larger: there it goes on as the picture's edge. */
enum impasto_status imp_flow_luma(struct imp_device *device, const struct imp_buffer *picture,
                                  int planes, int height, int width, struct imp_buffer *pyramid,
                                  const struct imp_level *level);
/* The luma of a level from that of the level below, of twice its size or one pixel more. */
enum impasto_status imp_flow_halve(struct imp_device *device, struct imp_buffer *pyramid,
                                   const struct imp_level *from, const struct imp_level *to);
/* The slopes of a level, from its luma. */
enum impasto_status imp_flow_slopes(struct imp_device *device, struct imp_buffer *pyramid,
                                    const struct imp_level *level);

/* ---- Patches --------------------------------------------------------------------------------- */

/* The pyramids of two frames, and the level at hand. */
struct imp_flow_pair {
    const struct imp_buffer *from, *to;
    const struct imp_level *level;
};

/* A flow (2, height, width) that may be near: of pictures that the level is the `number`-th of. */
struct imp_flow_prior {
    const struct imp_buffer *flow;
    int height, width, number;
};
/* Patches descend, in so many steps at most, from the flow of the level above, two fields; above
 * NULL: from no motion. Where a prior (NULL: none) is cheaper, they descend from there. */
enum impasto_status imp_flow_search(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_level *above, const struct imp_buffer *flow,
                                    const struct imp_flow_prior *prior, int steps,
                                    struct imp_buffer *found);
/* Patches take what their neighbours have found, where that is better, and descend from there. */
enum impasto_status imp_flow_spread(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_buffer *found, int steps,
                                    struct imp_buffer *better);
/* The level's flow, two fields with margins, from its patches'. */
enum impasto_status imp_flow_densify(struct imp_device *device, const struct imp_flow_pair *pair,
                                     const struct imp_buffer *found, struct imp_buffer *flow);

/* ---- Refinement (flow_refine.c) -------------------------------------------------------------- */

struct imp_refinement {
    float smoothness, gradient, intensity; /* weights of the terms */
    float relaxation;                      /* factor of each relaxation, 1 to 2 */
    int robust, sweeps; /* how often the weights are taken anew, and relaxations after each */
};

/* Scratch of a refinement: for the largest level, fields of the warped luma (1) and the mean slopes
 * (2), and dealt planes of terms (9), flow (2), stiffness (1) and equations (7). */
struct imp_refining {
    struct imp_buffer *warped, *middle, *terms, *refined, *stiffness, *system;
};
enum { IMP_WARPED = 1, IMP_MIDDLE = 2, IMP_TERMS = 9, IMP_REFINED = 2, IMP_SYSTEM = 7 };

/* The level's flow, two fields, refined: into `result` as such fields, which may be the same, or,
 * where these are not 0, as a flow (2, plain_height, plain_width), of a picture that the level is
 * an extension of. */
enum impasto_status imp_flow_refine(struct imp_device *device, const struct imp_flow_pair *pair,
                                    const struct imp_buffer *flow, const struct imp_refinement *how,
                                    const struct imp_refining *scratch, struct imp_buffer *result,
                                    int plain_height, int plain_width);

/* ---- Whole flows ----------------------------------------------------------------------------- */

/* A level's flow, two fields, enlarged twofold with its vectors: into fields of height x width, or,
 * plain, into a flow (2, height, width). Where that is one pixel more, or less, it goes on as the
 * edge, or is cut off. */
enum impasto_status imp_flow_enlarge(struct imp_device *device, const struct imp_level *small,
                                     const struct imp_buffer *flow, int height, int width,
                                     struct imp_buffer *enlarged, bool plain);
/* trust (height, width): -0.4 where a pixel is not in the other frame, as the flow back from there
 * does not lead here (Sundaram et al. 2010), 0 at edges of the motion, else 1. */
enum impasto_status imp_flow_trust(struct imp_device *device, const struct imp_buffer *forward,
                                   const struct imp_buffer *backward, int height, int width,
                                   struct imp_buffer *trust);
/* reliable = trust, softened by a Gaussian of 0.8 pixels' deviation, within 0 to 1. */
enum impasto_status imp_flow_soften(struct imp_device *device, const struct imp_buffer *trust,
                                    int height, int width, struct imp_buffer *reliable);
/* lowest = the least of the square of `radius` pixels around each; scratch: as large. */
enum impasto_status imp_flow_lowest(struct imp_device *device, const struct imp_buffer *plane,
                                    int height, int width, int radius, struct imp_buffer *scratch,
                                    struct imp_buffer *lowest);
/* Shares of three sums for a cut, in three slots: pixels less than half reliable, and of r and r^2
 * with r the difference of the lumas along the flow. The level is the `number`-th from the size of
 * flow and reliable. */
enum impasto_status imp_flow_cut_sums(struct imp_device *device, const struct imp_flow_pair *pair,
                                      int number, const struct imp_buffer *flow,
                                      const struct imp_buffer *reliable, int height, int width,
                                      struct imp_buffer *sums);

#endif
