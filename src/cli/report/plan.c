/* SPDX-License-Identifier: MIT */
/* Tables of how a job uses a device: --plan, --profile. */

#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

static int by_seconds(const void *a, const void *b)
{
    const struct impasto_profile_row *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

void cli_print_profile(const struct impasto_job_info *info)
{
    struct impasto_profile_row *rows = malloc((info->profile_rows + 1) * sizeof(*rows));
    if (!rows)
        return;
    if (info->profile_rows)
        memcpy(rows, info->profile, info->profile_rows * sizeof(*rows));
    qsort(rows, info->profile_rows, sizeof(*rows), by_seconds);
    double total = 0;
    for (size_t i = 0; i < info->profile_rows; i++)
        total += rows[i].seconds;
    fprintf(stderr, "%-48s %8s %10s %6s %8s\n", "KERNEL", "LAUNCHES", "MS EACH", "SHARE",
            "GFLOP/S");
    for (size_t i = 0; i < info->profile_rows; i++) {
        fprintf(stderr, "%-48s %8llu %10.3f %5.1f%%", rows[i].label,
                (unsigned long long)rows[i].launches,
                1e3 * rows[i].seconds / (double)rows[i].launches, 100 * rows[i].seconds / total);
        if (rows[i].flops > 0)
            fprintf(stderr, " %8.1f", 1e-9 * rows[i].flops / rows[i].seconds);
        fputc('\n', stderr);
    }
    fprintf(stderr, "%-48s %8s %10.3f\n", "all", "", 1e3 * total);
    free(rows);
}

const char *cli_stage_words(const struct impasto_plan_stage *stage, char *text, size_t size)
{
    if (stage->keep == IMPASTO_KEEP_ALL)
        snprintf(text, size, "kept");
    else if (stage->keep == IMPASTO_KEEP_MASKS)
        snprintf(text, size, "kept where a loss needs them, otherwise their signs");
    else {
        const char *what = stage->keep == IMPASTO_KEEP_INPUT
                               ? "computed twice"
                               : "computed twice where a loss needs them, otherwise their signs";
        if (stage->rows >= stage->height)
            snprintf(text, size, "%s", what);
        else
            snprintf(text, size, "%s, %d of %d rows at a time", what, stage->rows, stage->height);
    }
    return text;
}

static void print_mib(const char *what, uint64_t bytes)
{
    printf("  %-24s %10.1f MiB\n", what, (double)bytes / (1 << 20));
}

void cli_print_memory(const struct impasto_plan_row *rows, size_t count, uint64_t bytes)
{
    for (size_t i = 0; i < count; i++)
        print_mib(rows[i].purpose, rows[i].bytes);
    print_mib("in all", bytes);
}

static void print_band(size_t rank, const struct impasto_plan_band *band)
{
    const bool small = band->exchange < 1;
    printf("  rank %zu, device %d: %d rows from row %d on, %.1f MiB, sends %.3f MiB an iteration, "
           "in ",
           rank, band->device, band->rows, band->begin, (double)band->bytes / (1 << 20),
           (double)band->sent / (1 << 20));
    printf(small ? "%.3f ms or more\n" : "%.2f s or more\n",
           small ? 1e3 * band->exchange : band->exchange);
}

void cli_print_plan(const struct impasto_job_info *info)
{
    printf("%dx%d, style %dx%d\n\n", info->width, info->height, info->style_width,
           info->style_height);
    for (size_t i = 0; i < info->scale_count && info->scale_count > 1; i++)
        printf("  %d iterations at %dx%d%s", info->scales[i].iterations, info->scales[i].width,
               info->scales[i].height, i + 1 < info->scale_count ? "\n" : "\n\nat that size:\n");
    printf("memory on the device\n");
    cli_print_memory(info->plan, info->plan_rows, info->plan_bytes);
    if (info->band_count > 0)
        printf("\nbands of the picture, with its margin\n");
    for (size_t i = 0; i < info->band_count; i++)
        print_band(i, &info->bands[i]);
    printf("\nactivations\n");
    for (size_t i = 0; i < info->stage_count; i++) {
        const struct impasto_plan_stage *stage = &info->stages[i];
        char words[96];
        printf("  %s to %s: %s\n", impasto_layer_name(stage->first),
               impasto_layer_name(stage->last), cli_stage_words(stage, words, sizeof(words)));
    }
    printf("\nconvolutions, forwards and backwards\n");
    for (size_t i = 0; i < info->layer_count; i++)
        printf("  %s: %s, %s\n", impasto_layer_name(info->layers[i].layer), info->layers[i].forward,
               info->layers[i].backward);
    printf("\nexpected time: %.2f times that of keeping everything\n", info->plan_cost);
}
