/* SPDX-License-Identifier: MIT */
/* Device specs, on a machine with one of everything. */

#include "fuzz.h"
#include "device/device.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 6

static struct imp_candidate machine[ROWS];

static void add(int row, int index, int platform, int device, enum impasto_device_type type,
                const char *name)
{
    struct impasto_device_info *info = &machine[row].info;
    info->index = index;
    info->platform_index = platform;
    info->device_index = device;
    info->type = type;
    snprintf(info->platform, sizeof(info->platform), "Platform %d of some maker", platform);
    snprintf(info->name, sizeof(info->name), "%s", name);
    snprintf(info->pci, sizeof(info->pci), "0000:%02x:00.0", row);
    snprintf(info->uuid, sizeof(info->uuid), "0123456789abcdef0123456789abcd%02x", row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct impasto_error error = {0};
    size_t *order = NULL, count = 0;
    if (!machine[0].info.name[0]) {
        add(0, 0, 0, 0, IMPASTO_DEVICE_CPU, "pthread-cpu (LLVM 15, 256 bits)");
        add(1, -1, 1, -1, IMPASTO_DEVICE_NONE, "none");
        add(2, 1, 2, 0, IMPASTO_DEVICE_IGPU, "Graphics 620");
        add(3, 2, 3, 0, IMPASTO_DEVICE_GPU, "card: 77");
        add(4, 3, 3, 1, IMPASTO_DEVICE_GPU, "card: 77");
        add(5, 4, 4, 0, IMPASTO_DEVICE_ACCELERATOR, "board");
        machine[4].alias = machine[4].info.hidden = true;
        machine[2].measured = 0.5;
        machine[3].measured = 0.7;
    }
    if (size < 1)
        return -1;
    char *spec = malloc(size);
    if (!spec)
        return -1;
    memcpy(spec, data + 1, size - 1);
    spec[size - 1] = 0;
    const enum impasto_status status =
        imp_candidates_select(machine, data[0] % (ROWS + 1), spec, &order, &count, &error);
    fuzz_check(status, &error);
    for (size_t i = 0; status == IMPASTO_OK && i < count; i++)
        if (order[i] >= ROWS || machine[order[i]].info.device_index < 0)
            abort();
    free(order);
    free(spec);
    return 0;
}
