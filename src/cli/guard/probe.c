/* SPDX-License-Identifier: MIT */
/*
 * CLBlast compiles and runs code of its own on the device. If it crashed, or the driver's compiler
 * did, the run would be lost. So another process tries it before.
 *
 * That is done if --gemm or --conv ask for CLBlast, if a device's tuning names it, and before
 * tuning, which measures it. The other process is forked before any driver is loaded, as drivers do
 * not survive a fork.
 */

#include "cli/guard/guard.h"
#include "cli/options/table.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* On slow devices the kernels take a minute to compile. */
#define DEADLINE_SECONDS 600
/* The smallest that a job takes. */
#define SIDE 16

/* What is tried. */
struct attempt {
    const char *device, *conv, *gemm;
    bool tune; /* all that tuning measures */
};

/* Opens a job as far as its plan: the library checks CLBlast before it is used. What it says of it
 * is for the run to find out, and to tell. */
static void try_job(struct impasto_device *device, const char *conv, const char *gemm)
{
    struct impasto_error error;
    struct impasto_weights *weights = NULL;
    struct impasto_image *image = NULL;
    struct impasto_params params;
    struct impasto_job *job = NULL;
    if (impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) ||
        impasto_params_preset(weights, NULL, &params, &error) ||
        impasto_image_create(SIDE, SIDE, &image, &error))
        return;
    const struct impasto_style style = {.struct_size = sizeof(style), .image = image, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = image, .styles = &style, .style_count = 1};
    params.size = SIDE;
    params.conv = conv;
    params.gemm = gemm;
    if (impasto_job_plan(device, weights, &pictures, &params, &job, &error))
        return;
}

static void try_library(const struct attempt *attempt)
{
    struct impasto_error error;
    struct impasto_device *device = NULL;
    if (impasto_device_open(attempt->device, NULL, NULL, &device, &error))
        return;
    if (!attempt->tune) {
        try_job(device, attempt->conv, attempt->gemm);
    } else if (attempt->gemm || impasto_device_info(device)->type != IMPASTO_DEVICE_CPU) {
        try_job(device, "winograd4", "clblast"); /* batches of products */
        try_job(device, "im2col", "clblast");    /* one at a time */
    }
}

static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* The signal that ended the other process; 0: none did. */
static int signal_of(const struct attempt *attempt)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        /* It is to end by its signal, without a last word. */
        for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
            (void)signal(crashes[i], SIG_DFL);
        /* Nothing that a crash has to say is of use. */
        if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr)) {
            (void)alarm(DEADLINE_SECONDS);
            try_library(attempt);
        }
        _exit(0);
    }
    /* Without a process the run itself will see. */
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return 0;
    return WTERMSIG(status);
}

static const char *given(const struct cli_settings *settings, const char *name)
{
    const char *value = settings->values[cli_find(name, strlen(name)) - cli_options];
    return value && strcmp(value, "auto") != 0 ? value : NULL;
}

/* Tries it. Returns whether it crashed, and then puts that into words. */
static bool crashes_in(const struct attempt *attempt, struct cli_console *console, char *line,
                       size_t size)
{
    cli_drivers_prepare(console);
    const int number = signal_of(attempt);
    if (number == 0 || number == SIGINT || number == SIGTERM)
        return false;
    snprintf(line, size, "CLBlast %s when it was tried on this device (%s)",
             number == SIGALRM ? "did not come back" : "crashed", strsignal(number));
    return true;
}

static void say_builtin(struct cli_console *console, const char *why)
{
    char line[256];
    snprintf(line, sizeof(line), "%s, so the built-in GEMM is used", why);
    cli_console_log(console, IMPASTO_LOG_WARNING, line);
}

enum impasto_status cli_probe_gemm(struct cli_settings *settings, const char *device,
                                   struct cli_console *console, struct impasto_error *error)
{
    char why[160];
    const struct attempt attempt = {device, given(settings, "conv"), given(settings, "gemm"),
                                    false};
    if (attempt.gemm ? strcmp(attempt.gemm, "clblast") != 0
                     : !attempt.conv && !impasto_tuning_names_clblast())
        return IMPASTO_OK;
    if (!crashes_in(&attempt, console, why, sizeof(why)))
        return IMPASTO_OK;
    if (attempt.gemm)
        return cli_fail(error, IMPASTO_ERROR_DEVICE, "%s; use --gemm builtin", why);
    say_builtin(console, why);
    return cli_give(settings, cli_find("gemm", strlen("gemm")), "builtin", error);
}

const char *cli_probe_tuning(const char *device, const char *gemm, struct cli_console *console)
{
    char why[160];
    const bool automatic = !gemm || strcmp(gemm, "auto") == 0;
    const struct attempt attempt = {device, NULL, automatic ? NULL : gemm, true};
    if (!automatic && strcmp(gemm, "clblast") != 0)
        return gemm;
    if (!crashes_in(&attempt, console, why, sizeof(why)))
        return gemm;
    say_builtin(console, why);
    return "builtin";
}
