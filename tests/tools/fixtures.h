/* SPDX-License-Identifier: MIT */
#ifndef TEST_FIXTURES_H
#define TEST_FIXTURES_H

/* Pictures for tests, and what a job stands on that takes moments on any device; all by the public
 * API alone. What goes wrong fails the test that asks. */

#include <impasto/impasto.h>

/* Save options of that many bits per channel, all else as usual. */
#define BITS(n)                                                                                    \
    (&(struct impasto_save_options){.struct_size = sizeof(struct impasto_save_options),            \
                                    .bits = (n)})

/* A black picture. To be freed. */
struct impasto_image *blank_picture(int width, int height);

/* A picture without chance: a pattern with slopes and edges, another for each `kind` and each
 * width. To be freed. */
struct impasto_image *painted_picture(int width, int height, int kind);

/* Fails unless both have the same size and the very same pixels. */
void expect_same_picture(const struct impasto_image *a, const struct impasto_image *b);

/*
 * Opens the usual device, which tells its log to `log`(`user`, ...), and the built-in weights; and
 * sets parameters of a small job: 48 pixels on the longer side, 2 iterations at each of 2 scales,
 * but 3 at the first, one content and two style layers. All of them within conv2_1, so that little
 * is to be compiled.
 */
void open_small_job(impasto_log_fn log, void *user, struct impasto_device **device,
                    struct impasto_weights **weights, struct impasto_params *params);

#endif
