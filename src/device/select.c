/* SPDX-License-Identifier: MIT */
/*
 * From what the user wrote to a device. Nothing is guessed. A spec that fits no device or several
 * is an error that shows the devices. Only "auto" has a second choice.
 */

#include "base/os.h"
#include "device/device.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Shown of a device's name where candidates are listed. */
#define NAME_SHOWN 48

enum form {
    FORM_AUTO,
    FORM_INDEX,
    FORM_PAIR,
    FORM_TYPE,
    FORM_PCI,
    FORM_UUID,
    FORM_DIGITS,
    FORM_TEXT
};

/* A spec taken apart. */
struct spec {
    enum form form;
    const char *text; /* all of it, for messages; or what to look for */
    int first;        /* N, P, or the N of "TYPE:N" */
    int second;       /* D */
    unsigned types;   /* bits 1 << type */
    bool numbered;    /* "TYPE:N" */
};

static const struct {
    const char *word;
    unsigned types;
} type_words[] = {
    {"gpu", 1u << IMPASTO_DEVICE_GPU | 1u << IMPASTO_DEVICE_IGPU},
    {"igpu", 1u << IMPASTO_DEVICE_IGPU},
    {"cpu", 1u << IMPASTO_DEVICE_CPU},
    {"accel", 1u << IMPASTO_DEVICE_ACCELERATOR},
    {"accelerator", 1u << IMPASTO_DEVICE_ACCELERATOR},
};

static bool equal_ignoring_case(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

/* Whether the first `length` characters of `part` are in `text`, ignoring case. */
static bool contains(const char *text, const char *part, size_t length)
{
    const size_t total = strlen(text);
    for (size_t start = 0; start + length <= total; start++)
        if (equal_ignoring_case(text + start, part, length))
            return true;
    return false;
}

/* Reads a decimal number that ends at `end` characters; false where there is anything else. */
static bool read_index(const char *text, size_t length, int *value)
{
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        const int digit = text[i] - '0';
        *value = *value > (INT_MAX - digit) / 10 ? INT_MAX : *value * 10 + digit;
    }
    return length > 0;
}

/* "gpu" or "gpu:1". */
static bool read_type(const char *text, struct spec *spec)
{
    const char *colon = strchr(text, ':');
    const size_t length = colon == NULL ? strlen(text) : (size_t)(colon - text);
    spec->first = 0;
    for (size_t i = 0; i < IMP_COUNT(type_words); i++) {
        if (strlen(type_words[i].word) != length ||
            !equal_ignoring_case(text, type_words[i].word, length))
            continue;
        if (colon != NULL && !read_index(colon + 1, strlen(colon + 1), &spec->first))
            continue;
        spec->types = type_words[i].types;
        spec->numbered = colon != NULL;
        return true;
    }
    return false;
}

static struct spec read_spec(const char *text)
{
    struct spec spec = {.form = FORM_TEXT, .text = text};
    const char *colon = strchr(text, ':');
    if (strlen(text) == strlen("auto") && equal_ignoring_case(text, "auto", strlen("auto"))) {
        spec.form = FORM_AUTO;
    } else if (read_index(text, strlen(text), &spec.first)) {
        spec.form = FORM_INDEX;
    } else if (colon != NULL && read_index(text, (size_t)(colon - text), &spec.first) &&
               read_index(colon + 1, strlen(colon + 1), &spec.second)) {
        spec.form = FORM_PAIR;
    } else if (read_type(text, &spec)) {
        spec.form = FORM_TYPE;
    } else if (equal_ignoring_case(text, "pci:", strnlen(text, 4)) && strlen(text) > 4) {
        spec.form = FORM_PCI;
        spec.text = text + 4;
    } else if (equal_ignoring_case(text, "uuid:", strnlen(text, 5)) && strlen(text) > 5) {
        spec.form = FORM_UUID;
        spec.text = text + 5;
    }
    return spec;
}

/* "PTEXT:DTEXT" or "PTEXT:N", divided at `colon`. */
static bool fits_halves(const struct impasto_device_info *info, const char *text, const char *colon)
{
    const size_t length = (size_t)(colon - text);
    int index;
    if (!contains(info->platform, text, length) &&
        !contains(imp_quirks_nickname(info), text, length))
        return false;
    if (read_index(colon + 1, strlen(colon + 1), &index))
        return info->device_index == index;
    return contains(info->name, colon + 1, strlen(colon + 1));
}

static bool fits_text(const struct imp_candidate *candidate, const char *text)
{
    const struct impasto_device_info *info = &candidate->info;
    char full[sizeof(info->platform) + sizeof(info->name) + 32];
    const size_t length = strlen(text);
    snprintf(full, sizeof(full), "%s %s", info->platform, info->name);
    if (contains(full, text, length))
        return true;
    snprintf(full, sizeof(full), "%s %s", imp_quirks_nickname(info), info->name);
    if (contains(full, text, length))
        return true;
    /* An address names hardware: the second driver of the same hardware does not make it unclear.
     */
    if (!candidate->alias &&
        (contains(info->pci, text, length) || contains(info->uuid, text, length)))
        return true;
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':'))
        if (colon != text && colon[1] != '\0' && fits_halves(info, text, colon))
            return true;
    return false;
}

/* So few digits may be meant for an index that there is not: they must be a whole number of the
 * name. */
#define FEW_DIGITS 2

static bool has_digits(const char *text, const char *digits)
{
    const size_t length = strlen(digits);
    for (const char *at = text; (at = strstr(at, digits)) != NULL; at++)
        if (length > FEW_DIGITS || ((at == text || !isdigit((unsigned char)at[-1])) &&
                                    !isdigit((unsigned char)at[length])))
            return true;
    return false;
}

/* UUIDs are often written with dashes; ours have none. */
static bool fits_uuid(const char *uuid, const char *text)
{
    char plain[sizeof(((struct impasto_device_info *)NULL)->uuid)];
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (length + 1 >= sizeof(plain))
            return false;
        plain[length++] = *text;
    }
    return length > 0 && contains(uuid, plain, length);
}

static bool fits(const struct imp_candidate *candidate, const struct spec *spec)
{
    const struct impasto_device_info *info = &candidate->info;
    if (info->device_index < 0)
        return false;
    switch (spec->form) {
    case FORM_AUTO:
        return !info->hidden && !candidate->alias && (candidate->quirks & IMP_QUIRK_HIDDEN) == 0;
    case FORM_INDEX:
        return info->index == spec->first;
    case FORM_PAIR:
        return info->platform_index == spec->first && info->device_index == spec->second;
    case FORM_TYPE:
        return (spec->types & 1u << info->type) != 0;
    case FORM_PCI:
        return !candidate->alias && contains(info->pci, spec->text, strlen(spec->text));
    case FORM_UUID:
        return !candidate->alias && fits_uuid(info->uuid, spec->text);
    case FORM_DIGITS:
        return has_digits(info->name, spec->text) || has_digits(info->platform, spec->text);
    case FORM_TEXT:
        return fits_text(candidate, spec->text);
    }
    return false;
}

/* Lower is better: what "auto" takes first. */
static int rank(const struct imp_candidate *candidate)
{
    static const int of_type[] = {[IMPASTO_DEVICE_NONE] = 4,
                                  [IMPASTO_DEVICE_GPU] = 0,
                                  [IMPASTO_DEVICE_IGPU] = 1,
                                  [IMPASTO_DEVICE_ACCELERATOR] = 2,
                                  [IMPASTO_DEVICE_CPU] = 3};
    int result = of_type[candidate->info.type];
    if ((candidate->quirks & IMP_QUIRK_LAST_CHOICE) != 0)
        result += 10;
    /* Only met with type words, where they still come after those that work. */
    if (candidate->alias || candidate->info.hidden || (candidate->quirks & IMP_QUIRK_HIDDEN) != 0)
        result += 100;
    return result;
}

/* Stable, so that equals keep the list's order; there are few. */
static void sort_by_rank(const struct imp_candidate *candidates, size_t *order, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && rank(&candidates[order[j]]) < rank(&candidates[order[j - 1]]);
             j--) {
            const size_t swap = order[j];
            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
}

/* Where several were measured, the fastest of them comes first. */
static void put_fastest_first(const struct imp_candidate *candidates, size_t *order, size_t count)
{
    size_t measured = 0, fastest = 0;
    for (size_t i = 0; i < count; i++) {
        const double seconds = candidates[order[i]].measured;
        if (seconds > 0 && (measured++ == 0 || seconds < candidates[order[fastest]].measured))
            fastest = i;
    }
    if (measured < 2)
        return;
    const size_t first = order[fastest];
    memmove(order + 1, order, fastest * sizeof(*order));
    order[0] = first;
}

/* Writes "0: NAME, 2: NAME" for the given candidates, as many as there is room for. */
static void list_text(const struct imp_candidate *candidates, const size_t *chosen, size_t count,
                      char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct impasto_device_info *info = &candidates[chosen[i]].info;
        char item[256];
        const int length =
            snprintf(item, sizeof(item), "%s%d: %.*s (%.*s)", i > 0 ? ", " : "", info->index,
                     NAME_SHOWN, info->name, NAME_SHOWN, info->platform);
        /* 24: room for "and 999 more". */
        if (length < 0 || used + (size_t)length + 24 >= size) {
            snprintf(text + used, size - used, " and %zu more", count - i);
            return;
        }
        memcpy(text + used, item, (size_t)length + 1);
        used += (size_t)length;
    }
}

static size_t find_devices(const struct imp_candidate *candidates, size_t count, size_t *found)
{
    size_t devices = 0;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].info.device_index >= 0)
            found[devices++] = i;
    return devices;
}

/* The message for a spec that fits nothing. order: room for all candidates. */
static enum impasto_status fail_without_match(const struct imp_candidate *candidates, size_t count,
                                              const char *text, const struct spec *spec,
                                              size_t *order, struct impasto_error *error)
{
    char list[640];
    const size_t devices = find_devices(candidates, count, order);
    if (devices == 0 && count == 0)
        return imp_fail(error, IMPASTO_ERROR_DEVICE, "no OpenCL device found; %s",
                        imp_quirks_advice());
    if (devices == 0)
        return imp_fail(error, IMPASTO_ERROR_DEVICE, "no OpenCL device found (%s: %s); %s",
                        candidates[0].info.platform, candidates[0].info.note, imp_quirks_advice());
    list_text(candidates, order, devices, list, sizeof(list));
    if (spec->form == FORM_AUTO)
        return imp_fail(error, IMPASTO_ERROR_DEVICE,
                        "no OpenCL device fit for \"auto\"; there is %s; name one of these, or %s",
                        list, imp_quirks_advice());
    return imp_fail(error, IMPASTO_ERROR_DEVICE, "device \"%.100s\": fits no device; there is %s",
                    text, list);
}

static size_t find_fitting(const struct imp_candidate *candidates, size_t count,
                           const struct spec *spec, size_t *order)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (fits(&candidates[i], spec))
            order[found++] = i;
    return found;
}

static enum impasto_status select_spec(const struct imp_candidate *candidates, size_t count,
                                       const char *text, size_t *order, size_t *order_count,
                                       struct impasto_error *error)
{
    struct spec spec = read_spec(text);
    size_t found = find_fitting(candidates, count, &spec, order);
    /* "3060", "81:00": numbers that count no device are parts of a name or an address. */
    if (found == 0 && (spec.form == FORM_INDEX || spec.form == FORM_PAIR)) {
        spec.form = spec.form == FORM_INDEX ? FORM_DIGITS : FORM_TEXT;
        found = find_fitting(candidates, count, &spec, order);
    }
    if (spec.form == FORM_AUTO || (spec.form == FORM_TYPE && !spec.numbered))
        sort_by_rank(candidates, order, found);
    if (spec.form == FORM_AUTO)
        put_fastest_first(candidates, order, found);
    if (spec.form == FORM_TYPE && found > 0) {
        if (spec.numbered && (size_t)spec.first >= found)
            found = 0;
        else
            order[0] = order[spec.first];
    }
    if (found == 0)
        return fail_without_match(candidates, count, text, &spec, order, error);
    if (found > 1 && spec.form != FORM_AUTO && spec.form != FORM_TYPE) {
        char list[640];
        list_text(candidates, order, found, list, sizeof(list));
        return imp_fail(error, IMPASTO_ERROR_DEVICE,
                        "device \"%.100s\": fits %s; give an index or more of the name", text,
                        list);
    }
    *order_count = spec.form == FORM_AUTO ? found : 1;
    return IMPASTO_OK;
}

enum impasto_status imp_candidates_select(const struct imp_candidate *candidates, size_t count,
                                          const char *spec, size_t **order, size_t *order_count,
                                          struct impasto_error *error)
{
    const char *start = spec == NULL ? "auto" : spec;
    while (isspace((unsigned char)*start))
        start++;
    size_t length = strlen(start);
    while (length > 0 && isspace((unsigned char)start[length - 1]))
        length--;
    if (length == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "device: the text is empty; give \"auto\", an index or part of a name");
    /* A comma makes a list, unless it belongs to a name: "llvmpipe (LLVM 15.0.6, 256 bits)". */
    const bool comma = memchr(start, ',', length) != NULL;
    const bool all = length == strlen("all") && equal_ignoring_case(start, "all", length);
    struct impasto_error as_name = {0};
    char *text = imp_os_copy_start(start, length);
    size_t *found = calloc(count + 1, sizeof(*found));
    enum impasto_status status;
    if (text == NULL || found == NULL)
        status = imp_fail_memory(error, "the choice of a device", count * sizeof(*found));
    else
        status = all ? IMPASTO_ERROR_USAGE
                     : select_spec(candidates, count, text, found, order_count,
                                   comma ? &as_name : error);
    if (all || (comma && status != IMPASTO_OK))
        status = imp_fail(error, IMPASTO_ERROR_USAGE,
                          "device \"%.100s\": several devices serve paintings, films and "
                          "batches only; name one",
                          start);
    free(text);
    if (status != IMPASTO_OK) {
        free(found);
        return status;
    }
    *order = found;
    return IMPASTO_OK;
}
