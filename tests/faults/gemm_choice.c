/* SPDX-License-Identifier: MIT */
/*
 * Decisions about CLBlast on the first device, as if it were a GPU: gemm_choice WHAT
 *
 *   single, batched   which GEMM "auto" takes for such products
 *
 *   tune              what tuning finds to be faster
 *
 *   store             keeps a tuning that says that CLBlast is the faster one
 */

#include "ops/gemm.h"
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

static void print_line(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level == IMPASTO_LOG_WARNING)
        printf("warning: %s\n", line);
}

static const struct imp_log sink = {print_line, NULL};

static enum impasto_status choose(struct imp_device *device, enum imp_products products)
{
    enum imp_gemm which = IMP_GEMM_VECTOR;
    struct imp_caps *caps = (struct imp_caps *)(uintptr_t)imp_device_caps(device);
    caps->quirks &= ~(uint32_t)IMP_QUIRK_NO_FAST_GEMM_LIBRARY;
    const enum impasto_status status = imp_gemm_choose(device, "auto", products, &which);
    printf("%s\n", status != IMPASTO_OK        ? imp_device_error(device)->message
                   : which == IMP_GEMM_CLBLAST ? "clblast"
                                               : "builtin");
    return status;
}

static enum impasto_status tune(struct imp_device *device)
{
    static const char *const names[] = {"unknown", "builtin", "clblast"};
    struct imp_tuning tuning = {0};
    const enum impasto_status status = imp_tune_products(device, &sink, &tuning);
    printf("single %s\nbatched %s\n", names[tuning.single], names[tuning.batched]);
    return status;
}

static enum impasto_status store(struct imp_device *device)
{
    struct impasto_error error = {0};
    char *path = NULL;
    const struct imp_caps *caps = imp_device_caps(device);
    const struct imp_tuning tuning = {.vector_width = caps->vector_width,
                                      .block_vectors = 1,
                                      .block_positions = 4,
                                      .chunk = 16u << 20,
                                      .seconds = 1,
                                      .single = IMP_FASTER_LIBRARY,
                                      .batched = IMP_FASTER_LIBRARY};
    const enum impasto_status status = imp_tuning_store(&caps->info, &tuning, &path, &error);
    puts(status == IMPASTO_OK ? path : error.message);
    free(path);
    return status;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "single";
    const struct imp_device_options options = {.log = sink};
    struct imp_candidate *candidates = NULL;
    size_t count = 0;
    struct imp_device *device = NULL;
    struct impasto_error error = {0};
    if (imp_candidates_list(NULL, &candidates, &count, &error) != IMPASTO_OK || count == 0 ||
        imp_device_open(&candidates[0], &options, &device, &error) != IMPASTO_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 77;
    }
    const enum impasto_status status = strcmp(what, "tune") == 0    ? tune(device)
                                       : strcmp(what, "store") == 0 ? store(device)
                                       : strcmp(what, "batched") == 0
                                           ? choose(device, IMP_PRODUCTS_BATCHED)
                                           : choose(device, IMP_PRODUCTS_SINGLE);
    imp_gemm_clblast_release();
    imp_device_close(&device);
    free(candidates);
    return status == IMPASTO_OK ? 0 : 1;
}
