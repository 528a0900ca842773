/* SPDX-License-Identifier: MIT */
#ifndef TEST_NET_REFERENCE_H
#define TEST_NET_REFERENCE_H

/* A style network in double precision, by plain loops over padded pictures, and its gradients. It
 * shares the rows with the library, and nothing else. */

#include "model/model.h"

/* painting: (3, height, width). gradient: of sum(weights * painting) by the parameters, or NULL;
 * weights: (3, height, width). Parameters are those of the shape's rows. Returns 0, or -1 where
 * there is no memory. */
int net_reference(const struct imp_model_shape *shape, const double *parameters, int style,
                  int height, int width, const double *image, double *painting,
                  const double *weights, double *gradient);

#endif
