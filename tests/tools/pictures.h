/* SPDX-License-Identifier: MIT */
#ifndef PICTURES_H
#define PICTURES_H

/* Procedural pictures with the statistics of natural ones, to calibrate on. */

#define PICTURES 4
#define PICTURE_SIDE 128

/* Draws picture `index` as the network takes it: (3, PICTURE_SIDE, PICTURE_SIDE), BGR, 0 to 255,
 * less the means that VGG's weights expect. Always the same. Returns 0, or -1 when out
 * of memory. */
int picture_draw(int index, float *planes);

#endif
