/* SPDX-License-Identifier: MIT */
/* Opening a device for the user: selection, and proof that it computes rightly before it
 * is used. */

#include "ops/gemm.h"
#include "session/session.h"
#include "selftest/selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *type_text(enum impasto_device_type type)
{
    switch (type) {
    case IMPASTO_DEVICE_GPU:
        return "GPU";
    case IMPASTO_DEVICE_IGPU:
        return "integrated GPU";
    case IMPASTO_DEVICE_CPU:
        return "CPU";
    case IMPASTO_DEVICE_ACCELERATOR:
        return "accelerator";
    case IMPASTO_DEVICE_NONE:
        break;
    }
    return "device";
}

/* The name of the first check that failed, for the message. */
struct first_failure {
    char name[128];
    double error;
};

static void note_failure(void *user, const struct impasto_check *check)
{
    struct first_failure *first = user;
    if (!check->passed && !first->name[0]) {
        snprintf(first->name, sizeof(first->name), "%s", check->name);
        first->error = check->error;
    }
}

enum impasto_status imp_lift(const struct imp_device *device, enum impasto_status status,
                             struct impasto_error *error)
{
    return status == IMPASTO_OK ? status
                                : imp_fail(error, status, "%s", imp_device_error(device)->message);
}

/* Of a self-test that could not be made: too little memory says nothing against the device. */
static enum impasto_status broken_status(const struct impasto_device *device)
{
    return imp_device_error(device->device)->status == IMPASTO_ERROR_MEMORY ? IMPASTO_ERROR_MEMORY
                                                                            : IMPASTO_ERROR_DEVICE;
}

enum impasto_status imp_device_check(struct impasto_device *device, struct impasto_error *error)
{
    if (device->checked)
        return IMPASTO_OK;
    struct first_failure first = {0};
    const char *name = imp_device_caps(device->device)->info.name;
    const int failed =
        imp_selftest_run(device->device, IMP_SELFTEST_BRIEF, NULL, note_failure, &first);
    if (failed < 0)
        return imp_fail(error, broken_status(device), "%s failed its self-check: %s", name,
                        imp_device_error(device->device)->message);
    if (failed > 0)
        return imp_fail(error, IMPASTO_ERROR_DEVICE,
                        "%s computes wrongly (%s: error %.1e); use another `device`, or see "
                        "what a whole `self-test` says",
                        name, first.name, first.error);
    device->checked = true;
    return IMPASTO_OK;
}

static bool is_auto(const char *spec)
{
    static const char word[] = "auto";
    if (!spec)
        return true;
    size_t i = 0;
    while (word[i] && (spec[i] | 0x20) == word[i])
        i++;
    return !word[i] && !spec[i];
}

static void say_opened(const struct imp_log *log, const struct impasto_device_info *info)
{
    imp_log(log, IMPASTO_LOG_INFO, "device %d: %s (%s, %s)", info->index, info->name,
            type_text(info->type), info->platform);
    if (!imp_sandbox_filtered())
        imp_log(log, IMPASTO_LOG_DEBUG,
                "decoders of files run in processes of their own, but without a filter of system "
                "calls: this system or this build has none");
}

enum impasto_status impasto_device_list(impasto_device_fn report, void *user,
                                        struct impasto_error *error)
{
    struct imp_candidate *candidates = NULL;
    size_t count = 0;
    if (report == NULL)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "impasto_device_list: no function to report to");
    IMP_TRY(imp_candidates_list(imp_tuning_seconds, &candidates, &count, error));
    for (size_t i = 0; i < count; i++)
        report(user, &candidates[i].info);
    free(candidates);
    return IMPASTO_OK;
}

enum impasto_status impasto_device_open(const char *spec, impasto_log_fn log, void *user,
                                        struct impasto_device **device, struct impasto_error *error)
{
    const struct imp_log sink = {log, user};
    struct imp_candidate *candidates = NULL;
    size_t count = 0, *order = NULL, order_count = 0;
    struct impasto_device *opened = calloc(1, sizeof(*opened));
    enum impasto_status status = IMPASTO_OK;
    if (!opened)
        return imp_fail_memory(error, "a device", sizeof(*opened));
    if ((status = imp_candidates_list(imp_tuning_seconds, &candidates, &count, error)) ||
        (status = imp_candidates_select(candidates, count, spec, &order, &order_count, error)))
        goto done;

    const bool automatic = is_auto(spec);
    for (size_t i = 0; i < order_count; i++) {
        const struct imp_candidate *candidate = &candidates[order[i]];
        struct imp_tuning tuning;
        const bool tuned = imp_tuning_load(&candidate->info, &tuning);
        const struct imp_device_options options = {.log = sink, .tuning = tuned ? &tuning : NULL};
        struct impasto_error why = {0};
        status = imp_device_open(candidate, &options, &opened->device, &why);
        if (status == IMPASTO_OK && automatic)
            status = imp_device_check(opened, &why);
        if (status == IMPASTO_OK) {
            say_opened(&sink, &candidate->info);
            goto done;
        }
        imp_device_close(&opened->device);
        if (i + 1 == order_count)
            imp_fail(error, status, "%s", why.message);
        else
            imp_log(&sink, IMPASTO_LOG_WARNING, "device %d passed over: %s", candidate->info.index,
                    why.message);
    }
done:
    free(order);
    free(candidates);
    if (status == IMPASTO_OK)
        *device = opened;
    else
        free(opened);
    return status;
}

static enum impasto_status check_shares(const float *shares, size_t count,
                                        struct impasto_error *error)
{
    for (size_t i = 0; shares && i < count; i++)
        if (!(shares[i] > 0) || isinf(shares[i]))
            return imp_fail(error, IMPASTO_ERROR_USAGE,
                            "a device's share of a picture is %g; it must be above 0 and finite",
                            (double)shares[i]);
    return IMPASTO_OK;
}

static enum impasto_status check_others(const struct impasto_device *device,
                                        struct impasto_device *const *others, size_t count,
                                        struct impasto_error *error)
{
    bool wrong = false;
    for (size_t i = 0; i < count; i++) {
        wrong = wrong || others[i] == device || others[i]->first || others[i]->ranks;
        for (size_t j = 0; j < i; j++)
            wrong = wrong || others[i] == others[j];
    }
    return wrong ? imp_fail(error, IMPASTO_ERROR_USAGE,
                            "a device cannot be joined to itself or twice, nor one that is joined "
                            "to others")
                 : IMPASTO_OK;
}

static void log_in_turn(void *user, enum impasto_log_level level, const char *line)
{
    struct impasto_device *device = user;
    imp_os_lock(&device->first->log_mutex);
    device->log.write(device->log.user, level, line);
    imp_os_unlock(&device->first->log_mutex);
}

static void make_part_of(struct impasto_device *first, struct impasto_device *device)
{
    device->first = first;
    device->log = *imp_device_log(device->device);
    if (device->log.write)
        imp_device_set_log(device->device, &(struct imp_log){log_in_turn, device});
}

enum impasto_status impasto_device_join(struct impasto_device *device,
                                        struct impasto_device *const *others, size_t count,
                                        const float *shares, struct impasto_error *error)
{
    if (device->first || device->ranks || count == 0 || count >= IMPASTO_DEVICES)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "1 to %d devices can be joined to another, and only once",
                        IMPASTO_DEVICES - 1);
    IMP_TRY(check_others(device, others, count, error));
    IMP_TRY(check_shares(shares, count + 1, error));
    struct impasto_device **list = malloc(count * sizeof(*list));
    float *parts = shares ? malloc((count + 1) * sizeof(*parts)) : NULL;
    if (!list || (shares && !parts)) {
        free(list);
        free(parts);
        return imp_fail_memory(error, "joined devices", count * sizeof(*list));
    }
    memcpy(list, others, count * sizeof(*list));
    if (parts)
        memcpy(parts, shares, (count + 1) * sizeof(*parts));
    device->others = list;
    device->shares = parts;
    device->joined = (int)count;
    make_part_of(device, device);
    for (size_t i = 0; i < count; i++)
        make_part_of(device, list[i]);
    return IMPASTO_OK;
}

enum impasto_status imp_refuse_several(bool several, const char *what, struct impasto_error *error)
{
    return several ? imp_fail(error, IMPASTO_ERROR_USAGE,
                              "%s is not for several devices at once; name one `device`", what)
                   : IMPASTO_OK;
}

enum impasto_status imp_device_alone(const struct impasto_device *device, const char *what,
                                     struct impasto_error *error)
{
    return imp_refuse_several(device->first || device->ranks, what, error);
}

double impasto_device_waiting(const struct impasto_device *device, double *expected)
{
    return imp_device_waiting(device ? device->device : NULL, expected);
}

void impasto_device_close(struct impasto_device **device)
{
    if (!device || !*device)
        return;
    imp_ranks_end((*device)->ranks);
    for (int i = 0; i < (*device)->joined; i++)
        impasto_device_close(&(*device)->others[i]);
    imp_gemm_clblast_release();
    imp_device_close(&(*device)->device);
    free((*device)->others);
    free((*device)->shares);
    free(*device);
    *device = NULL;
}

const struct impasto_device_info *impasto_device_info(const struct impasto_device *device)
{
    return &imp_device_caps(device->device)->info;
}

enum impasto_status impasto_device_self_test(struct impasto_device *device, impasto_check_fn report,
                                             void *user, struct impasto_error *error)
{
    const int failed = imp_selftest_run(device->device, IMP_SELFTEST_USER, NULL, report, user);
    if (failed < 0)
        return imp_fail(error, broken_status(device), "%s failed its self-test: %s",
                        impasto_device_info(device)->name,
                        imp_device_error(device->device)->message);
    if (failed > 0)
        return imp_fail(error, IMPASTO_ERROR_DEVICE,
                        "%s computes wrongly: %d checks failed; use another `device`",
                        impasto_device_info(device)->name, failed);
    device->checked = true;
    return IMPASTO_OK;
}
