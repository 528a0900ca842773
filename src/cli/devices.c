/* SPDX-License-Identifier: MIT */
/* Tables: the devices, a self-test, a profile. */

#include "cli/cli.h"

#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

static const char *type_word(enum impasto_device_type type)
{
    switch (type) {
    case IMPASTO_DEVICE_GPU:
        return "gpu";
    case IMPASTO_DEVICE_IGPU:
        return "igpu";
    case IMPASTO_DEVICE_CPU:
        return "cpu";
    case IMPASTO_DEVICE_ACCELERATOR:
        return "accel";
    case IMPASTO_DEVICE_NONE:
        break;
    }
    return "-";
}

/* 5.2G, 512M, 32K; "-" for 0. */
static const char *amount(uint64_t bytes, char text[16])
{
    static const char units[] = "BKMGT";
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 2 < sizeof(units)) {
        value /= 1024;
        unit++;
    }
    if (bytes == 0)
        return "-";
    snprintf(text, 16, value < 10 && unit ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return text;
}

static void print_row(void *user, const struct impasto_device_info *d)
{
    size_t *rows = user;
    if ((*rows)++ == 0)
        printf(" #  P:D  TYPE   %-40s %-34s %-4s %6s %9s %6s %5s  %s\n", "DEVICE",
               "PLATFORM, DRIVER", "CL", "MEM", "MAX-ALLOC", "LOCAL", "WG", "NOTE");
    char where[24], platform[256], memory[16], allocation[16], local[16];
    snprintf(platform, sizeof(platform), "%s%s%s", d->platform, d->driver[0] ? ", " : "",
             d->driver);
    if (d->type == IMPASTO_DEVICE_NONE) {
        snprintf(where, sizeof(where), "%d:-", d->platform_index);
        printf(" -  %-4s %-6s %-40.40s %-34.34s %-4s %6s %9s %6s %5s  %s\n", where, "-",
               "(no device)", platform, "-", "-", "-", "-", "-", d->note);
        return;
    }
    snprintf(where, sizeof(where), "%d:%d", d->platform_index, d->device_index);
    printf("%c%d  %-4s %-6s %-40.40s %-34.34s %-4s %6s %9s %6s %5zu  %s\n",
           d->preferred ? '*' : ' ', d->index, where, type_word(d->type), d->name, platform,
           d->opencl, amount(d->memory, memory), amount(d->max_allocation, allocation),
           amount(d->local_memory, local), d->max_work_group, d->note);
}

static void append_json(void *user, const struct impasto_device_info *d)
{
    json_t *row = json_object();
    json_object_set_new(row, "index",
                        d->type == IMPASTO_DEVICE_NONE ? json_null() : json_integer(d->index));
    json_object_set_new(row, "platform_index", json_integer(d->platform_index));
    json_object_set_new(row, "device_index",
                        d->type == IMPASTO_DEVICE_NONE ? json_null()
                                                       : json_integer(d->device_index));
    json_object_set_new(row, "type", cli_json_text(type_word(d->type)));
    json_object_set_new(row, "name", cli_json_text(d->name));
    json_object_set_new(row, "platform", cli_json_text(d->platform));
    json_object_set_new(row, "driver", cli_json_text(d->driver));
    json_object_set_new(row, "opencl", cli_json_text(d->opencl));
    json_object_set_new(row, "pci", cli_json_text(d->pci));
    json_object_set_new(row, "uuid", cli_json_text(d->uuid));
    json_object_set_new(row, "memory", json_integer((json_int_t)d->memory));
    json_object_set_new(row, "max_allocation", json_integer((json_int_t)d->max_allocation));
    json_object_set_new(row, "local_memory", json_integer((json_int_t)d->local_memory));
    json_object_set_new(row, "max_work_group", json_integer((json_int_t)d->max_work_group));
    json_object_set_new(row, "compute_units", json_integer(d->compute_units));
    json_object_set_new(row, "preferred", json_boolean(d->preferred));
    json_object_set_new(row, "hidden", json_boolean(d->hidden));
    json_object_set_new(row, "note", cli_json_text(d->note));
    json_array_append_new(user, row);
}

enum impasto_status cli_list_devices(bool json, struct impasto_error *error)
{
    if (json) {
        json_t *rows = json_array();
        const enum impasto_status status = impasto_device_list(append_json, rows, error);
        if (status == IMPASTO_OK) {
            json_dumpf(rows, stdout, JSON_INDENT(2));
            putchar('\n');
        }
        json_decref(rows);
        return status;
    }
    size_t rows = 0;
    const enum impasto_status status = impasto_device_list(print_row, &rows, error);
    if (status == IMPASTO_OK && rows == 0) {
        /* The library knows what to install; asked for a device, it says so. */
        struct impasto_error advice = {0};
        struct impasto_device *device = NULL;
        if (impasto_device_open(NULL, NULL, NULL, &device, &advice) != IMPASTO_OK)
            puts(advice.message);
        impasto_device_close(&device);
    }
    return status;
}

static void print_check(void *user, const struct impasto_check *check)
{
    size_t *counts = user;
    counts[check->passed]++;
    printf("%-6s %-66s %9.1e  bound %.0e\n", check->passed ? "ok" : "FAILED", check->name,
           check->error, check->bound);
    fflush(stdout);
}

enum impasto_status cli_self_test(struct impasto_device *device, struct impasto_error *error)
{
    size_t counts[2] = {0};
    const struct impasto_device_info *info = impasto_device_info(device);
    printf("%s (%s, driver %s)\n", info->name, info->platform, info->driver);
    const enum impasto_status status = impasto_device_self_test(device, print_check, counts, error);
    printf("%s: %zu checks passed, %zu failed\n",
           status == IMPASTO_OK ? "This device computes rightly" : "This device must not be used",
           counts[true], counts[false]);
    return status;
}

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

void cli_print_plan(const struct impasto_job_info *info)
{
    printf("%dx%d, style %dx%d\n\n", info->width, info->height, info->style_width,
           info->style_height);
    for (size_t i = 0; i < info->scale_count && info->scale_count > 1; i++)
        printf("  %d iterations at %dx%d%s", info->scales[i].iterations, info->scales[i].width,
               info->scales[i].height, i + 1 < info->scale_count ? "\n" : "\n\nat that size:\n");
    printf("memory on the device\n");
    for (size_t i = 0; i < info->plan_rows; i++)
        print_mib(info->plan[i].purpose, info->plan[i].bytes);
    print_mib("in all", info->plan_bytes);
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
