/* SPDX-License-Identifier: MIT */
/* What the module has to offer. */

#include "video/libav/input.h"

/* Modules show no symbol but this one. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct imp_libav imp_libav_table = {IMP_VERSION, imp_libav_decode};
