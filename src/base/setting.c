/* SPDX-License-Identifier: MIT */
/* Settings as texts and as members, by their rows. */

#include "base/os.h"
#include "base/setting.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of any row of SCALES, which may be a caller's. */
#define MOST_SIZES 64

const struct impasto_setting_word imp_setting_flag[] = {
    {"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {0}};

const struct impasto_setting *imp_setting_find(const struct impasto_setting *settings, size_t count,
                                               const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

size_t imp_setting_size(const struct impasto_setting *setting)
{
    switch (setting->kind) {
    case IMPASTO_SETTING_FLAG:
        return sizeof(bool);
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_CHOICE: /* an enumeration is an int: the owners of tables assert it */
        return sizeof(int);
    case IMPASTO_SETTING_UINT64:
    case IMPASTO_SETTING_BYTES:
        return sizeof(uint64_t);
    case IMPASTO_SETTING_FLOAT:
        return sizeof(float);
    case IMPASTO_SETTING_TEXT:
        return sizeof(const char *);
    case IMPASTO_SETTING_LAYERS:
        return (size_t)setting->count * sizeof(float);
    case IMPASTO_SETTING_SCALES:
        return (1 + (size_t)setting->count) * sizeof(int);
    }
    return 0;
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* Appends to a list of words; what does not fit is left out. */
static void append(char *list, size_t size, const char *before, const char *text, const char *after)
{
    const size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s%s", before, text, after);
}

static const struct impasto_setting_word *find_word(const struct impasto_setting *setting,
                                                    const char *text)
{
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
        if (strcmp(w->text, text) == 0)
            return w;
    return NULL;
}

/* The first word for a value. */
static const struct impasto_setting_word *word_for(const struct impasto_setting *setting,
                                                   double value)
{
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
        if ((double)w->value == value)
            return w;
    return NULL;
}

static enum impasto_status bad_choice(const struct impasto_setting *setting, const char *text,
                                      struct impasto_error *error)
{
    char list[256] = "";
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
        append(list, sizeof(list), w == setting->words ? "" : ", ", w->text, "");
    return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: '%s' is not one of %s", setting->name, text,
                    list);
}

/* ---- Numbers from texts ---------------------------------------------------------------------- */

static bool is_real(const struct impasto_setting *setting)
{
    return setting->kind == IMPASTO_SETTING_FLOAT;
}

/* Leaves errno as the C library does. */
static double read_real(const char *text, bool single, char **end)
{
    struct imp_os_numbers plain;
    (void)imp_os_enter_plain(&plain);
    errno = 0;
    const double number = single ? (double)strtof(text, end) : strtod(text, end);
    const int problem = errno;
    imp_os_leave_plain(&plain);
    errno = problem;
    return number;
}

/* What rounds to a float outside of the limits is outside. */
static bool is_within(const struct impasto_setting *setting, double number)
{
    const double low = is_real(setting) ? (double)(float)setting->low : setting->low;
    const double high = is_real(setting) ? (double)(float)setting->high : setting->high;
    return isfinite(number) && number >= low && number <= high &&
           !(setting->above_low && number == low) && !(setting->below_high && number == high);
}

/* The whole of the text as a number within the limits, as it will be stored. */
static bool read_number(const struct impasto_setting *setting, const char *text, double *number)
{
    char *end = NULL;
    bool exact = true;
    if (isspace((unsigned char)text[0]) || text[0] == 0)
        return false;
    errno = 0;
    if (is_real(setting)) {
        *number = read_real(text, true, &end);
    } else {
        const long long whole = strtoll(text, &end, 10);
        *number = (double)whole;
        exact = is_within(setting, *number) && (long long)*number == whole;
    }
    return *end == 0 && errno == 0 && exact && is_within(setting, *number);
}

/* "from 0.05 to 20", "above 0, up to 10", "from 0 to below 1" */
static void describe_limits(const struct impasto_setting *setting, char *text, size_t size)
{
    const int used =
        snprintf(text, size, "%s %.16g", setting->above_low ? "above" : "from", setting->low);
    if (!isinf(setting->high))
        snprintf(text + used, size - (size_t)used, "%s%.16g",
                 setting->below_high ? " to below " : " to ", setting->high);
    else if (!setting->above_low)
        snprintf(text + used, size - (size_t)used, " up");
}

static enum impasto_status bad_number(const struct impasto_setting *setting, const char *text,
                                      struct impasto_error *error)
{
    char words[64] = "", limits[80];
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++)
        append(words, sizeof(words), ", or '", w->text, "'");
    describe_limits(setting, limits, sizeof(limits));
    const char *noun = !is_real(setting)      ? "a whole number"
                       : isinf(setting->high) ? "a finite number"
                                              : "a number";
    const char *comma = strchr(text, ',');
    const bool point = is_real(setting) && comma && comma == strrchr(text, ',') &&
                       text[strspn(text, "0123456789,")] == 0;
    return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: '%s' is not %s %s%s%s", setting->name, text,
                    noun, limits, words, point ? "; write a point for the comma" : "");
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* 900M, 1.5G, 1.5GiB, or plain bytes. */
static bool read_bytes(const struct impasto_setting *setting, const char *text, double *number)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) || strpbrk(text, "xX"))
        return false;
    *number = read_real(text, false, &end);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        for (const char *u = units; u <= unit; u++)
            *number *= 1024;
        end++;
        if (imp_os_compare(end, "ib") == 0 || imp_os_compare(end, "b") == 0)
            end += strlen(end);
    }
    return *end == 0 && *number >= setting->low && *number <= setting->high;
}

/* The largest unit that leaves a whole number: 16M. */
static void write_bytes(double bytes, char *text, size_t size)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    size_t unit = 0;
    while (unit + 1 < IMP_COUNT(units) && fmod(bytes, 1024) == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, "%.0f%s", bytes, units[unit]);
}

static enum impasto_status bad_bytes(const struct impasto_setting *setting, const char *text,
                                     struct impasto_error *error)
{
    char low[32], high[32];
    write_bytes(setting->low, low, sizeof(low));
    write_bytes(setting->high, high, sizeof(high));
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "`%s`: '%s' is not a size from %s to %s, such as 900M or 1.5GiB", setting->name,
                    text, low, high);
}

/* ---- Scales ---------------------------------------------------------------------------------- */

/* Numbers with commas between them; returns how many, 0 where it is no such list. */
static int read_list(const struct impasto_setting *setting, const char *text, int *sizes)
{
    for (int count = 0; count < setting->count; text++) {
        char *end = NULL;
        errno = 0;
        const long number = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
        if (number < 1 || number > (long)setting->high || errno)
            return 0;
        sizes[count++] = (int)number;
        text = end;
        if (*text != ',')
            return *text == 0 ? count : 0;
    }
    return 0;
}

/* A word, a number of scales, or longer sides. One number is that many scales if it can be. */
static enum impasto_status read_scales(const struct impasto_setting *setting, const char *text,
                                       int *member, struct impasto_error *error)
{
    const struct impasto_setting_word *word = find_word(setting, text);
    int values[1 + MOST_SIZES] = {word ? word->value : 0}, *sizes = values + 1;
    if (setting->count < 1 || setting->count > MOST_SIZES)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: its row has a count of %d, not 1 to %d",
                        setting->name, setting->count, MOST_SIZES);
    const int count = word ? 0 : read_list(setting, text, sizes);
    if (count == 1 && sizes[0] <= setting->count) {
        values[0] = sizes[0];
        sizes[0] = 0;
    }
    bool sound = word || count > 0;
    for (int i = 0; i < count && sizes[i] != 0; i++)
        sound = sound && sizes[i] >= setting->low;
    if (!sound)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "`%s`: '%s' is not 'auto', a number from 1 to %d, or sizes from %.0f to "
                        "%.0f such as 128,256",
                        setting->name, text, setting->count, setting->low, setting->high);
    if (member)
        memcpy(member, values, imp_setting_size(setting));
    return IMPASTO_OK;
}

static bool write_scales(const struct impasto_setting *setting, const int *member, char *text,
                         size_t size)
{
    const int *sizes = member + 1;
    const struct impasto_setting_word *word = word_for(setting, member[0]);
    size_t used = 0;
    if (sizes[0] == 0 && word)
        return (size_t)snprintf(text, size, "%s", word->text) < size;
    if (sizes[0] == 0)
        return (size_t)snprintf(text, size, "%d", member[0]) < size;
    for (int i = 0; i < setting->count && sizes[i] != 0 && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? "," : "", sizes[i]);
    return used < size;
}

/* ---- Texts ----------------------------------------------------------------------------------- */

/* A number, as it is stored. */
static void store(const struct impasto_setting *setting, double number, void *member)
{
    const float real = (float)number;
    const bool flag = number != 0;
    if (!member)
        return;
    if (setting->kind == IMPASTO_SETTING_FLOAT)
        memcpy(member, &real, sizeof(real));
    else if (setting->kind == IMPASTO_SETTING_FLAG)
        memcpy(member, &flag, sizeof(flag));
    else if (imp_setting_size(setting) == sizeof(int))
        memcpy(member, &(int){(int)number}, sizeof(int));
    else
        memcpy(member, &(uint64_t){(uint64_t)number}, sizeof(uint64_t));
}

static enum impasto_status read_text(const struct impasto_setting *setting, const char *text,
                                     void *member, struct impasto_error *error)
{
    if (text[0] == 0)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s`: is empty; give it a value",
                        setting->name);
    if (member)
        memcpy(member, &text, sizeof(text));
    return IMPASTO_OK;
}

enum impasto_status imp_setting_read(const struct impasto_setting *setting, const char *text,
                                     void *members, struct impasto_error *error)
{
    void *member = members ? (char *)members + setting->offset : NULL;
    const struct impasto_setting_word *word = find_word(setting, text);
    double number = word ? word->value : 0;
    switch (setting->kind) {
    case IMPASTO_SETTING_TEXT:
        return read_text(setting, text, member, error);
    case IMPASTO_SETTING_SCALES:
        return read_scales(setting, text, member, error);
    case IMPASTO_SETTING_LAYERS:
        return imp_fail(error, IMPASTO_ERROR_INTERNAL, "`%s`: has names of layers", setting->name);
    case IMPASTO_SETTING_FLAG:
    case IMPASTO_SETTING_CHOICE:
        if (!word)
            return bad_choice(setting, text, error);
        break;
    case IMPASTO_SETTING_BYTES:
        if (!word && !read_bytes(setting, text, &number))
            return bad_bytes(setting, text, error);
        break;
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_UINT64:
    case IMPASTO_SETTING_FLOAT:
        if (!word && !read_number(setting, text, &number))
            return bad_number(setting, text, error);
        break;
    }
    store(setting, number, member);
    return IMPASTO_OK;
}

bool imp_setting_write_float(float number, char *text, size_t size)
{
    struct imp_os_numbers plain;
    (void)imp_os_enter_plain(&plain);
    int length = 0;
    /* 9 digits tell any two floats apart. */
    for (int digits = 1; digits <= 9; digits++) {
        length = snprintf(text, size, "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    imp_os_leave_plain(&plain);
    return (size_t)length < size;
}

/* Of all kinds that are one number. */
static bool write_number(const struct impasto_setting *setting, const void *member, char *text,
                         size_t size)
{
    uint64_t large = 0;
    int whole = 0;
    if (setting->kind == IMPASTO_SETTING_FLAG)
        whole = *(const bool *)member;
    else if (imp_setting_size(setting) == sizeof(int))
        memcpy(&whole, member, sizeof(whole));
    else
        memcpy(&large, member, sizeof(large));
    const bool is_large = setting->kind == IMPASTO_SETTING_UINT64;
    const struct impasto_setting_word *word = is_large ? NULL : word_for(setting, whole);
    const int length = word       ? snprintf(text, size, "%s", word->text)
                       : is_large ? snprintf(text, size, "%" PRIu64, large)
                                  : snprintf(text, size, "%d", whole);
    return (size_t)length < size;
}

bool imp_setting_write(const struct impasto_setting *setting, const void *members, char *text,
                       size_t size)
{
    const void *member = (const char *)members + setting->offset;
    const char *kept;
    const struct impasto_setting_word *word;
    uint64_t bytes;
    float real;
    char number[32] = "";
    switch (setting->kind) {
    case IMPASTO_SETTING_TEXT:
        memcpy(&kept, member, sizeof(kept));
        return (size_t)snprintf(text, size, "%s", kept ? kept : "") < size;
    case IMPASTO_SETTING_SCALES:
        return write_scales(setting, member, text, size);
    case IMPASTO_SETTING_BYTES:
        memcpy(&bytes, member, sizeof(bytes));
        if (bytes > 0)
            write_bytes((double)bytes, number, sizeof(number));
        return (size_t)snprintf(text, size, "%s", number) < size;
    case IMPASTO_SETTING_FLOAT:
        memcpy(&real, member, sizeof(real));
        word = word_for(setting, (double)real);
        return word ? (size_t)snprintf(text, size, "%s", word->text) < size
                    : imp_setting_write_float(real, text, size);
    case IMPASTO_SETTING_LAYERS:
        return false; /* the work's */
    case IMPASTO_SETTING_FLAG:
    case IMPASTO_SETTING_CHOICE:
    case IMPASTO_SETTING_INT:
    case IMPASTO_SETTING_UINT64:
        break;
    }
    return write_number(setting, member, text, size);
}

/* ---- Limits of members ----------------------------------------------------------------------- */

/* "16 to 16384 or 'source'", "above 0, up to 10", "relative or gatys" */
static void describe_range(const struct impasto_setting *setting, char *text, size_t size)
{
    const bool choice = setting->kind == IMPASTO_SETTING_CHOICE;
    const char *quote = choice ? "" : "'";
    text[0] = 0;
    if (!choice && isinf(setting->high))
        snprintf(text, size, "finite and %s",
                 setting->above_low ? "above 0" : "not negative"); /* no row begins elsewhere */
    else if (!choice && setting->above_low)
        snprintf(text, size, "above %.9g, up to %.9g", setting->low, setting->high);
    else if (!choice)
        snprintf(text, size, "%.9g to %s%.9g", setting->low, setting->below_high ? "below " : "",
                 setting->high);
    for (const struct impasto_setting_word *w = setting->words; w && w->text; w++) {
        append(text, size, text[0] == 0 ? "" : w[1].text ? ", " : " or ", quote, w->text);
        append(text, size, quote, "", "");
    }
}

static enum impasto_status out_of_range(const struct impasto_setting *setting, double value,
                                        const char *range, struct impasto_error *error)
{
    char text[64];
    if (setting->kind == IMPASTO_SETTING_FLOAT)
        (void)imp_setting_write_float((float)value, text, sizeof(text));
    else
        snprintf(text, sizeof(text), "%.0f", value);
    return imp_fail(error, IMPASTO_ERROR_USAGE, "`%s` is %s; it must be %s", setting->name, text,
                    range);
}

static enum impasto_status check_scales(const struct impasto_setting *setting, const int *member,
                                        struct impasto_error *error)
{
    char range[64];
    snprintf(range, sizeof(range), "0 (auto) to %d", setting->count);
    if (member[0] < 0 || member[0] > setting->count)
        return out_of_range(setting, member[0], range, error);
    snprintf(range, sizeof(range), "%.0f to %.0f each", setting->low, setting->high);
    for (int i = 1; i <= setting->count && member[i] != 0; i++)
        if (member[i] < setting->low || member[i] > setting->high)
            return out_of_range(setting, member[i], range, error);
    return IMPASTO_OK;
}

enum impasto_status imp_setting_check(const struct impasto_setting *setting, const void *members,
                                      struct impasto_error *error)
{
    const void *member = (const char *)members + setting->offset;
    char range[256];
    float real;
    int whole;
    double value;
    bool sound = false;
    if (setting->kind == IMPASTO_SETTING_SCALES)
        return check_scales(setting, member, error);
    if (setting->kind == IMPASTO_SETTING_FLOAT) {
        memcpy(&real, member, sizeof(real));
        value = (double)real;
        sound = word_for(setting, value) != NULL;
    } else if (setting->kind == IMPASTO_SETTING_INT || setting->kind == IMPASTO_SETTING_CHOICE) {
        memcpy(&whole, member, sizeof(whole));
        value = whole;
        sound = word_for(setting, whole) != NULL;
    } else {
        return IMPASTO_OK;
    }
    if (setting->kind != IMPASTO_SETTING_CHOICE)
        sound = sound || is_within(setting, value);
    describe_range(setting, range, sizeof(range));
    return sound ? IMPASTO_OK : out_of_range(setting, value, range, error);
}

bool imp_setting_same(const struct impasto_setting *setting, const void *a, const void *b)
{
    const char *one, *other;
    a = (const char *)a + setting->offset;
    b = (const char *)b + setting->offset;
    if (setting->kind != IMPASTO_SETTING_TEXT)
        return memcmp(a, b, imp_setting_size(setting)) == 0;
    memcpy(&one, a, sizeof(one));
    memcpy(&other, b, sizeof(other));
    return one == other || (one && other && strcmp(one, other) == 0);
}
