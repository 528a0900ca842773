/* SPDX-License-Identifier: MIT */
/* Which GEMM "auto" takes where CLBlast is welcome, as on GPUs: on the first device, as if it were
 * one. */

#include "ops/gemm.h"

#include <stdlib.h>

static void print_line(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING)
        printf("warning: %s\n", line);
}

int main(void)
{
    const struct imp_device_options options = {.log = {print_line, NULL}};
    struct imp_candidate *candidates = NULL;
    size_t count = 0;
    struct imp_device *device = NULL;
    struct impasto_error error = {0};
    enum imp_gemm which = IMP_GEMM_VECTOR;
    if (imp_candidates_list(NULL, &candidates, &count, &error) != IMPASTO_OK || count == 0 ||
        imp_device_open(&candidates[0], &options, &device, &error) != IMPASTO_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 77;
    }
    struct imp_caps *caps = (struct imp_caps *)(uintptr_t)imp_device_caps(device);
    caps->quirks &= ~(uint32_t)IMP_QUIRK_NO_FAST_GEMM_LIBRARY;
    const enum impasto_status status = imp_gemm_choose(device, "auto", &which);
    printf("%s\n", status != IMPASTO_OK        ? imp_device_error(device)->message
                   : which == IMP_GEMM_CLBLAST ? "clblast"
                                               : "builtin");
    imp_gemm_clblast_release();
    imp_device_close(&device);
    free(candidates);
    return status == IMPASTO_OK ? 0 : 1;
}
