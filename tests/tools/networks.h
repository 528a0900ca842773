/* SPDX-License-Identifier: MIT */
#ifndef TEST_NETWORKS_H
#define TEST_NETWORKS_H

/* Writes a style network of width 8 to `path`, with `count` styles of these names, 1 or more, whose
 * rows of normalisation are far apart. The same bytes each time. What goes wrong fails the test. */
void make_network(const char *path, const char *const *styles, int count);

#endif
