/* SPDX-License-Identifier: MIT */
/* What the module has to offer. */

#include "video/libav/input.h"

/* Modules show no symbol but this one. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct imp_libav imp_libav_table = {
    .version = IMP_VERSION,
    .decode = imp_libav_decode,
    .encoder_open = imp_libav_encoder_open,
    .encode = imp_libav_encode,
    .encoder_close = imp_libav_encoder_close,
    .mux = imp_libav_mux,
};
