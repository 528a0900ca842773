/* SPDX-License-Identifier: MIT */
#ifndef IMP_VGG_STAGE_H
#define IMP_VGG_STAGE_H

/* Inside the room: one stage of the network, for vgg19.c. */

#include "vgg/vgg.h"

/* The passes of one stage. Forwards, its output is pooled into pooled[stage]. Backwards, `upstream`
 * is the gradient of that output, or NULL. `downstream` becomes the gradient of the stage's input;
 * that of stage 0 is net->image_gradient. taps: as in vgg.h. */
enum impasto_status imp_stage_forward(struct imp_net *net, struct imp_device *device, int stage,
                                      const struct imp_taps *taps);
enum impasto_status imp_stage_backward(struct imp_net *net, struct imp_device *device, int stage,
                                       const struct imp_taps *taps,
                                       const struct imp_tensor *upstream,
                                       struct imp_tensor *downstream);
/* Whether nothing but the stage's input, and perhaps masks, stays from the forward pass to the
 * backward pass. */
bool imp_stage_keeps_input(const struct imp_stage *stage);
/* Whether a pass works on the stage in one strip. */
bool imp_stage_whole(const struct imp_stage *stage, bool backward);
/* The place for a strip of layer l's activation. */
enum imp_place imp_stage_strip_place(const struct imp_stage *stage, int l);
/* Rows by which the last layer is behind the first in the forward pass. */
int imp_stage_lag(const struct imp_stage *stage);
/* Rows of the largest of a pass's strips' tensors. */
int imp_stage_tensor_rows(const struct imp_stage *stage, bool backward);
/* How many rows beyond a strip's own are computed of a layer's activation, when the backward pass
 * recomputes it, and of its gradient. */
enum imp_reach { IMP_REACH_RECOMPUTED, IMP_REACH_GRADIENT };
int imp_stage_reach(const struct imp_stage *stage, int layer, enum imp_reach which);
/* The largest of these. */
int imp_stage_margin(const struct imp_stage *stage);
/* The most rows of a backward pass's strip with `reach` more on each side. */
int imp_stage_rows(const struct imp_stage *stage, int reach);
/* A tensor shaped as `like`, of `height` rows, at a place; its halo is zero, the rest undefined. */
enum impasto_status imp_place_use(struct imp_net *net, struct imp_device *device,
                                  enum imp_place place, const struct imp_tensor *like, int height,
                                  struct imp_tensor *tensor);
/* Of the two places of such a pair the one for stage s. */
enum imp_place imp_boundary_place(int s);
/* What all calls of layer l's convolution, or of its gradient's, have in common. The whole
 * picture's tensors have their channels. */
struct imp_conv imp_stage_conv(const struct imp_net *net, int l, bool backward, const char *label);
/* A convolution's call; where the net is a band, x gets the neighbours' rows. */
enum impasto_status imp_stage_run(struct imp_net *net, struct imp_device *device,
                                  const struct imp_conv_algorithm *algorithm,
                                  const struct imp_conv *conv);
/* A window's rows of layer l's activation y from the one before. lead: see struct imp_conv. x's
 * halo is zero before and after, whatever the edge, but for the rows of bands beside this one. */
enum impasto_status imp_stage_convolve(struct imp_net *net, struct imp_device *device, int l,
                                       const struct imp_tensor *x, const struct imp_tensor *y,
                                       const struct imp_window *window, int lead);

#endif
