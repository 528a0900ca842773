/* SPDX-License-Identifier: MIT */
/* The checks, and which of them a level runs. */

#include "selftest/check.h"

int imp_selftest_run(struct imp_device *device, enum imp_selftest_level level, const char *filter,
                     impasto_check_fn report, void *user)
{
    struct imp_check_run run = {
        .device = device, .level = level, .filter = filter, .report = report, .user = user};
    imp_check_conv(&run);
    imp_check_gram(&run);
    imp_check_moments(&run);
    if (level > IMP_SELFTEST_BRIEF) {
        imp_check_conv_any(&run);
        imp_check_conv_edge(&run);
        imp_check_gemm(&run);
        imp_check_pool(&run);
        imp_check_pointwise(&run);
        imp_check_lbfgs(&run);
        imp_check_map_ops(&run);
        imp_check_bounds(&run);
        imp_check_conv_any_weights(&run);
        imp_check_norm(&run);
        imp_check_features(&run);
        imp_check_clip(&run);
        imp_check_temporal(&run);
        imp_check_warp(&run);
        imp_check_rows_ops(&run);
        imp_check_pixels(&run);
        imp_check_tone(&run);
        imp_check_flow_ops(&run);
        imp_check_objective(&run);
    }
    return run.broken ? -1 : run.failed;
}
