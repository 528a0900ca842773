/* SPDX-License-Identifier: MIT */
#ifndef IMP_CHECK_MAP_H
#define IMP_CHECK_MAP_H

/* Maps as the checks of style networks see them: planes of floats, margins included. */

#include "ops/map.h"
#include "selftest/check.h"

/* Floats of all planes, margins included, and the place of a pixel, which may be in the margin. */
size_t imp_check_map_floats(const struct imp_map *map);
size_t imp_check_map_at(const struct imp_map *map, int c, int y, int x);
/* Gives a map, of imp_map_of, a buffer with a guard zone. planes: what is in it; NULL: NaN. */
bool imp_check_map(struct imp_check_run *run, struct imp_map *map, const float *planes);
/* Reads the planes; INFINITY, as an error, where the guard zone has been written to. */
double imp_check_read_map(struct imp_check_run *run, const struct imp_map *map, float *planes);
/* How many of n floats are not the same bits. */
double imp_check_differing(const float *a, const float *b, size_t n);

#endif
