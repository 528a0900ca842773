/* SPDX-License-Identifier: MIT */
/* Prints the table of devices and that of a self-test. */

#include "cli/common/json.h"
#include "cli/devices/devices.h"

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

enum impasto_status cli_devices_json(json_t **rows, struct impasto_error *error)
{
    *rows = json_array();
    if (!*rows)
        return cli_fail_memory(error, "the list of devices");
    const enum impasto_status status = impasto_device_list(append_json, *rows, error);
    if (status == IMPASTO_OK)
        return status;
    json_decref(*rows);
    *rows = NULL;
    return status;
}

enum impasto_status cli_list_devices(bool json, struct impasto_error *error)
{
    if (json) {
        json_t *rows;
        const enum impasto_status status = cli_devices_json(&rows, error);
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
