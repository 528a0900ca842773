/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_NUMBERED_H
#define IMP_VIDEO_NUMBERED_H

/* Films that are a picture for each frame: names such as "frames/%05d.png". */

#include "video/kinds.h"

/* Whether a name has one place for a number, %d or such as %05d, and nothing is there that is
 * called so itself. */
bool imp_numbered(const char *path);
/* The name of a picture, a new string; NULL: no memory. */
char *imp_numbered_name(const char *path, int64_t number);
/* Whether there is a picture of that number. */
bool imp_numbered_is_there(const char *path, int64_t number);
/* The number of the first picture, 0 or 1; -1: there is none. */
int64_t imp_numbered_first(const char *path);

#endif
