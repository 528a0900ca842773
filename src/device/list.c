/* SPDX-License-Identifier: MIT */
/*
 * Which OpenCL devices there are. Drivers are met here for the first time, broken ones too. A query
 * that fails leaves its field empty and a remark in the note. A platform that fails or has no
 * device becomes an entry of its own. Nothing stops the list.
 */

#include "base/os.h"
#include "device/opencl.h"

#include <stdlib.h>
#include <string.h>

/* Longer answers (lists of extensions) than this are no answers. */
#define TEXT_LIMIT (1u << 20)
/* More entries than this are a driver's error. */
#define ENTRIES_LIMIT 256u

/* PCI queries of vendors' extensions that older headers do not name. */
#define DEVICE_PCI_BUS_ID_NV 0x4008u
#define DEVICE_PCI_SLOT_ID_NV 0x4009u
#define DEVICE_PCI_DOMAIN_ID_NV 0x400Au

/* The answer to CL_DEVICE_TOPOLOGY_AMD; its bytes are unsigned in fact. */
struct topology_amd {
    cl_uint type; /* 1: PCI Express */
    unsigned char unused[17];
    unsigned char bus, device, function;
};

struct list {
    struct imp_candidate *entries;
    size_t count;
    int devices; /* entries that are devices */
};

static struct imp_candidate *list_add(struct list *list)
{
    struct imp_candidate *entries =
        realloc(list->entries, (list->count + 1) * sizeof(*list->entries));
    if (entries == NULL)
        return NULL;
    list->entries = entries;
    entries[list->count] = (struct imp_candidate){0};
    return &entries[list->count++];
}

static void add_note(struct impasto_device_info *info, const char *text)
{
    const size_t used = strlen(info->note);
    snprintf(info->note + used, sizeof(info->note) - used, "%s%s", used > 0 ? "; " : "", text);
}

/* Copies driver text as one line, with runs of blanks made one and none at the ends. */
static void copy_text(char *target, size_t size, const char *text)
{
    size_t used = 0;
    for (; *text != '\0' && used + 1 < size; text++) {
        const bool blank = *text == ' ' || (*text >= '\t' && *text <= '\r');
        if (!blank)
            target[used++] = *text;
        else if (used > 0 && target[used - 1] != ' ')
            target[used++] = ' ';
    }
    while (used > 0 && target[used - 1] == ' ')
        used--;
    target[used] = '\0';
    imp_clean_line(target);
}

/* What a device or, where that is NULL, a platform says, as a new string; NULL where it fails. */
static char *query_text(cl_platform_id platform, cl_device_id device, cl_uint what)
{
    size_t size = 0;
    cl_int code = device == NULL ? clGetPlatformInfo(platform, what, 0, NULL, &size)
                                 : clGetDeviceInfo(device, what, 0, NULL, &size);
    if (code != CL_SUCCESS || size > TEXT_LIMIT)
        return NULL;
    char *text = calloc(size + 1, 1);
    if (text == NULL)
        return NULL;
    code = device == NULL ? clGetPlatformInfo(platform, what, size, text, NULL)
                          : clGetDeviceInfo(device, what, size, text, NULL);
    if (code != CL_SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

/* Fills a field with an answer; false, with the field empty, where the query fails. */
static bool query_field(cl_platform_id platform, cl_device_id device, cl_uint what, char *target,
                        size_t size)
{
    char *text = query_text(platform, device, what);
    target[0] = '\0';
    if (text == NULL)
        return false;
    copy_text(target, size, text);
    free(text);
    return true;
}

static bool query_number(cl_device_id device, cl_uint what, void *value, size_t size)
{
    memset(value, 0, size);
    if (clGetDeviceInfo(device, what, size, value, NULL) == CL_SUCCESS)
        return true;
    memset(value, 0, size);
    return false;
}

/* Whether `name` is one of the words of `extensions`. */
static bool has_extension(const char *extensions, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = extensions; (at = strstr(at, name)) != NULL; at += length)
        if ((at == extensions || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static void query_pci(cl_device_id device, const char *extensions, struct impasto_device_info *info)
{
    cl_device_pci_bus_info_khr address = {0};
    bool found = false;
    if (has_extension(extensions, "cl_khr_pci_bus_info"))
        found = query_number(device, CL_DEVICE_PCI_BUS_INFO_KHR, &address, sizeof(address));
    if (!found && has_extension(extensions, "cl_nv_device_attribute_query")) {
        cl_uint bus, slot, domain;
        found = query_number(device, DEVICE_PCI_BUS_ID_NV, &bus, sizeof(bus)) &&
                query_number(device, DEVICE_PCI_SLOT_ID_NV, &slot, sizeof(slot));
        /* Old drivers do not know the domain. A slot is the device and, in 3 bits, the function. */
        (void)query_number(device, DEVICE_PCI_DOMAIN_ID_NV, &domain, sizeof(domain));
        if (found)
            address = (cl_device_pci_bus_info_khr){domain, bus, slot >> 3, slot & 7};
    }
    if (!found && has_extension(extensions, "cl_amd_device_attribute_query")) {
        struct topology_amd topology;
        found = query_number(device, CL_DEVICE_TOPOLOGY_AMD, &topology, sizeof(topology)) &&
                topology.type == CL_DEVICE_TOPOLOGY_TYPE_PCIE_AMD;
        if (found)
            address =
                (cl_device_pci_bus_info_khr){0, topology.bus, topology.device, topology.function};
    }
    if (!found)
        return;
    const int length =
        snprintf(info->pci, sizeof(info->pci), "%04x:%02x:%02x.%x", address.pci_domain,
                 address.pci_bus, address.pci_device, address.pci_function);
    if (length >= (int)sizeof(info->pci))
        info->pci[0] = '\0'; /* no address is that long */
}

static void query_uuid(cl_device_id device, const char *extensions,
                       struct impasto_device_info *info)
{
    cl_uchar uuid[CL_UUID_SIZE_KHR];
    bool any = false;
    if (!has_extension(extensions, "cl_khr_device_uuid") ||
        !query_number(device, CL_DEVICE_UUID_KHR, uuid, sizeof(uuid)))
        return;
    for (size_t i = 0; i < sizeof(uuid); i++) {
        any = any || uuid[i] != 0;
        snprintf(info->uuid + 2 * i, 3, "%02x", uuid[i]);
    }
    if (!any)
        info->uuid[0] = '\0';
}

/* A device with several types is a simulator, which can stand for a GPU. */
static enum impasto_device_type query_type(cl_device_id device, int *failures)
{
    cl_device_type type;
    cl_bool unified;
    if (!query_number(device, CL_DEVICE_TYPE, &type, sizeof(type)))
        (*failures)++;
    if ((type & CL_DEVICE_TYPE_GPU) != 0) {
        (void)query_number(device, CL_DEVICE_HOST_UNIFIED_MEMORY, &unified, sizeof(unified));
        return unified ? IMPASTO_DEVICE_IGPU : IMPASTO_DEVICE_GPU;
    }
    return (type & CL_DEVICE_TYPE_CPU) != 0 ? IMPASTO_DEVICE_CPU : IMPASTO_DEVICE_ACCELERATOR;
}

static void query_device(cl_device_id device, struct imp_candidate *candidate)
{
    struct impasto_device_info *info = &candidate->info;
    int failures = 0;
    char version[64];
    cl_ulong memory, allocation, local;
    cl_uint units;
    cl_bool available, compiler;
    failures += !query_field(NULL, device, CL_DEVICE_NAME, info->name, sizeof(info->name));
    failures += !query_field(NULL, device, CL_DRIVER_VERSION, info->driver, sizeof(info->driver));
    failures += !query_field(NULL, device, CL_DEVICE_VERSION, version, sizeof(version));
    failures += !query_number(device, CL_DEVICE_GLOBAL_MEM_SIZE, &memory, sizeof(memory));
    failures +=
        !query_number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, &allocation, sizeof(allocation));
    failures += !query_number(device, CL_DEVICE_LOCAL_MEM_SIZE, &local, sizeof(local));
    failures += !query_number(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, &info->max_work_group,
                              sizeof(info->max_work_group));
    failures += !query_number(device, CL_DEVICE_MAX_COMPUTE_UNITS, &units, sizeof(units));
    info->memory = memory;
    info->max_allocation = allocation;
    info->local_memory = local;
    info->compute_units = units;
    info->type = query_type(device, &failures);
    int major = 0, minor = 0;
    /* NOLINTNEXTLINE(cert-err34-c): three digits fit */
    if (sscanf(version, "OpenCL %3d.%3d", &major, &minor) == 2)
        snprintf(info->opencl, sizeof(info->opencl), "%d.%d", major, minor);

    char *extensions = query_text(NULL, device, CL_DEVICE_EXTENSIONS);
    if (extensions != NULL) {
        query_pci(device, extensions, info);
        query_uuid(device, extensions, info);
    }
    failures += extensions == NULL;
    free(extensions);

    candidate->quirks = imp_quirks_lookup(info, info->note, sizeof(info->note));
    if (major == 1 && minor < 2)
        candidate->quirks |= IMP_QUIRK_CL11;
    if (query_number(device, CL_DEVICE_AVAILABLE, &available, sizeof(available)) && !available) {
        candidate->quirks |= IMP_QUIRK_HIDDEN;
        add_note(info, "not available now");
    }
    if (query_number(device, CL_DEVICE_COMPILER_AVAILABLE, &compiler, sizeof(compiler)) &&
        !compiler) {
        candidate->quirks |= IMP_QUIRK_HIDDEN;
        add_note(info, "has no compiler");
    }
    if (failures > 0) {
        char text[64];
        snprintf(text, sizeof(text), "the driver failed %d %s", failures,
                 failures == 1 ? "query" : "queries");
        add_note(info, text);
    }
}

/* The same hardware under a second driver, or a driver that was registered twice. On one platform,
 * equal addresses are parts of one card, which count as devices of their own. */
static bool same_hardware(const struct imp_candidate *a, const struct imp_candidate *b)
{
    if (a->info.platform_index == b->info.platform_index)
        return false;
    if (a->info.uuid[0] != '\0' && strcmp(a->info.uuid, b->info.uuid) == 0)
        return true;
    return a->info.pci[0] != '\0' && strcmp(a->info.pci, b->info.pci) == 0;
}

static void mark_aliases(struct imp_candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct impasto_device_info *info = &candidates[i].info;
        info->hidden = (candidates[i].quirks & IMP_QUIRK_HIDDEN) != 0;
        for (size_t j = 0; j < i && !candidates[i].alias; j++) {
            char text[32];
            if (info->device_index < 0 || candidates[j].info.hidden ||
                !same_hardware(&candidates[j], &candidates[i]))
                continue;
            candidates[i].alias = true;
            info->hidden = true;
            snprintf(text, sizeof(text), "same hardware as %d", candidates[j].info.index);
            add_note(info, text);
        }
    }
}

/* The handles of a platform's devices, a new array; NULL with *count 0 where there are none. */
static cl_device_id *list_devices(cl_platform_id platform, cl_uint *count, cl_int *code)
{
    /* Some drivers leave the number untouched when there is none. */
    *count = 0;
    *code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, count);
    if (*code != CL_SUCCESS || *count == 0 || *count > ENTRIES_LIMIT) {
        *count = 0;
        return NULL;
    }
    cl_device_id *devices = calloc(*count, sizeof(*devices));
    *code = devices == NULL ? CL_OUT_OF_HOST_MEMORY
                            : clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, *count, devices, NULL);
    if (*code != CL_SUCCESS) {
        free(devices);
        *count = 0;
        return NULL;
    }
    return devices;
}

static bool list_platform(struct list *list, cl_platform_id platform, int platform_index)
{
    cl_uint count;
    cl_int code;
    struct impasto_device_info base = {.index = -1,
                                       .platform_index = platform_index,
                                       .device_index = -1,
                                       .type = IMPASTO_DEVICE_NONE,
                                       .hidden = true};
    (void)query_field(platform, NULL, CL_PLATFORM_NAME, base.platform, sizeof(base.platform));
    cl_device_id *devices = list_devices(platform, &count, &code);
    if (count == 0) {
        struct imp_candidate *entry = list_add(list);
        if (entry == NULL)
            return false;
        entry->platform = platform;
        entry->info = base;
        entry->quirks = imp_quirks_lookup(&base, entry->info.note, sizeof(entry->info.note));
        entry->quirks |= IMP_QUIRK_HIDDEN;
        if (code != CL_SUCCESS && code != CL_DEVICE_NOT_FOUND) {
            char text[96];
            snprintf(text, sizeof(text), "the driver failed: %s (%d)", imp_cl_name(code), code);
            add_note(&entry->info, text);
        } else if (entry->info.note[0] == '\0') {
            add_note(&entry->info, "no device");
        }
        return true;
    }
    for (cl_uint i = 0; i < count; i++) {
        struct imp_candidate *entry = list_add(list);
        if (entry == NULL) {
            free(devices);
            return false;
        }
        entry->platform = platform;
        entry->device = devices[i];
        entry->info = base;
        entry->info.index = list->devices++;
        entry->info.device_index = (int)i;
        query_device(devices[i], entry);
    }
    free(devices);
    return true;
}

/* Fills the list from the platforms there are. */
static enum impasto_status list_platforms(struct list *list, struct impasto_error *error)
{
    cl_uint count = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &count);
    /* The loader's way to say that there is nothing. */
    if (code == CL_PLATFORM_NOT_FOUND_KHR || (code == CL_SUCCESS && count == 0))
        return IMPASTO_OK;
    if (code != CL_SUCCESS || count > ENTRIES_LIMIT)
        return imp_fail(error, IMPASTO_ERROR_DEVICE, "OpenCL cannot list its platforms: %s (%d)",
                        imp_cl_name(code), code);
    cl_platform_id *platforms = calloc(count, sizeof(*platforms));
    if (platforms == NULL)
        return imp_fail_memory(error, "the list of devices", count * sizeof(*platforms));
    enum impasto_status status = IMPASTO_OK;
    code = clGetPlatformIDs(count, platforms, NULL);
    if (code != CL_SUCCESS)
        status = imp_fail(error, IMPASTO_ERROR_DEVICE, "OpenCL cannot list its platforms: %s (%d)",
                          imp_cl_name(code), code);
    for (cl_uint i = 0; i < count && status == IMPASTO_OK; i++)
        if (!list_platform(list, platforms[i], (int)i))
            status = imp_fail_memory(error, "the list of devices", sizeof(struct imp_candidate));
    free(platforms);
    return status;
}

/* The first queries of a process make drivers look for their devices, and some crash, or have none,
 * where two threads ask at a time. */
static struct imp_os_mutex first_queries;

enum impasto_status imp_candidates_list(double (*measured)(const struct impasto_device_info *info),
                                        struct imp_candidate **candidates, size_t *count,
                                        struct impasto_error *error)
{
    struct list list = {0};
    imp_os_lock(&first_queries);
    struct imp_clock *clock = imp_clock_take();
    imp_clock_start(clock, -1);
    imp_os_save_handlers();
    const enum impasto_status status = list_platforms(&list, error);
    imp_os_restore_handlers();
    imp_clock_give(clock);
    imp_os_unlock(&first_queries);
    if (status != IMPASTO_OK) {
        free(list.entries);
        return status;
    }
    mark_aliases(list.entries, list.count);
    for (size_t i = 0; measured != NULL && i < list.count; i++)
        if (list.entries[i].info.device_index >= 0)
            list.entries[i].measured = measured(&list.entries[i].info);
    size_t *order = NULL, order_count = 0;
    if (imp_candidates_select(list.entries, list.count, NULL, &order, &order_count, NULL) ==
        IMPASTO_OK)
        /* NOLINTNEXTLINE(clang-analyzer-*): where one was found, there is an order */
        list.entries[order[0]].info.preferred = true;
    free(order);
    *candidates = list.entries;
    *count = list.count;
    return IMPASTO_OK;
}
