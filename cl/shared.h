/* SPDX-License-Identifier: MIT */
#ifndef IMP_CL_SHARED_H
#define IMP_CL_SHARED_H

/*
 * The constants that kernels and the C files of src/ops must agree on, as #defines alone. The text
 * stands before every kernel file, and src/ops includes it.
 */

/* Positions behind a tensor's last plane that kernels may read: a tile is at most so long. */
#define SLACK 16

/* Work-items that take a sum, each over a fixed share of the elements. They leave so many partial
 * sums, which the host adds up. */
#define PARTS 1024

/* Partial sums that the host adds up at first. A block of rows has a multiple of it, so that what it
 * adds up of a block does not depend on the others. */
#define PARTS_TOGETHER 8

/* What happens to a convolution's sum r before it is stored. */
#define EPILOGUE_STORE 0     /* y = r */
#define EPILOGUE_BIAS_RELU 1 /* y = max(r + bias, 0) */
#define EPILOGUE_MASK 2      /* y = mask > 0 ? r : 0 */
#define EPILOGUE_ADD_MASK 3  /* y = mask > 0 ? y + r : 0 */
#define EPILOGUE_MASK_BITS 4 /* y = mask's bit ? r : 0 */

/* How a 1x1 convolution's result r is stored: y = [y +] [weight] (r [+ bias]). */
#define POINTWISE_BIAS 1
#define POINTWISE_WEIGHT 2
#define POINTWISE_ADD 4

/* conv_first.cl: positions of a work-item. With three colours the backward kernel needs 3 * 8
 * accumulators. */
#define FIRST_RUN 8

/* fixed.cl: positions per partial sum, about. Few enough that single precision loses nothing that
 * matters, enough that the partial sums stay small beside the features. */
#define CHUNK 2048
/* Words of 32 bits of a sum that has no order. */
#define FIXED_WORDS 4

/* What is beyond a map's edge; what a style network's last numbers go through. */
#define EDGE_ZERO 0
#define EDGE_REFLECT 1
#define EDGE_REPLICATE 2
#define OUTPUT_LINEAR 0
#define OUTPUT_TANH 1
#define OUTPUT_SIGMOID 2

/* map.cl: pixels from one random number of the noise to the next in its finest octave, and octaves, each of
 * twice the pitch of the one before. */
#define NOISE_PITCH 4
#define NOISE_OCTAVES 3

/* lattice.cl: pixels a side that a style network makes of one position of its smallest maps, and of a
 * window in which they are looked at. */
#define LATTICE 4
#define LATTICE_WINDOW 32

/* weave.cl: pixels a side of a window, between shifts, and of the farthest of them; and shifts, which are all
 * multiples of the step but one of each pair of opposites, and none. */
#define WEAVE_WINDOW 32
#define WEAVE_STEP 4
#define WEAVE_REACH 12
#define WEAVE_SHIFTS 24

/* norm.cl: rows of a band, whose sums are taken first. */
#define NORM_BAND 16

/* What a normalisation's statistics are, of each channel. */
#define STAT_MEAN 0   /* rounded to a float */
#define STAT_RSTD 1   /* 1 / sqrt(variance + epsilon) */
#define STAT_SHIFT 2  /* xh = (x - MEAN) * RSTD + SHIFT: what the mean's rounding lost */
#define STAT_FACTOR 3 /* gamma xh + beta = (x - MEAN) * FACTOR + SUMMAND */
#define STAT_SUMMAND 4

/* tone.cl: numbers of a band's moments. */
#define TONE_MOMENTS 12

/* lbfgs.cl: columns of dot products taken at once. The rows are read once for all of them. */
#define LBFGS_TOGETHER 4

/* flow.cl: copies of the edge's pixels around a luma; pixels a side of a patch, and from one patch to
 * the next. */
#define FLOW_PAD 16
#define FLOW_PATCH 8
#define FLOW_STRIDE 4

/* probe.cl: independent multiply-adds of a work-item, enough to hide the latency of one. */
#define PROBE_CHAINS 12

#endif
