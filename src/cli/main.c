/* SPDX-License-Identifier: MIT */
/* The command-line program: which of the things that it does is asked for, and the exit code. */

#include "cli/commands.h"
#include "cli/events.h"
#include "cli/run.h"

#include <fcntl.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

static enum impasto_status export_only(const struct cli_settings *settings,
                                       struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_weights *weights = NULL;
    cli_console_init(&console, settings);
    enum impasto_status status = cli_painter_check(settings, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_weights_open(
            settings->weights, (enum impasto_convention)settings->convention, &weights, error);
    if (status == IMPASTO_OK)
        status = cli_save_weights(weights, settings->export_weights, &console, error);
    impasto_weights_close(&weights);
    return status;
}

static enum impasto_status save_settings(const struct cli_settings *settings,
                                         struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_weights *weights = NULL;
    struct impasto_params params;
    char line[1200];
    enum impasto_status status;
    if (settings->plan || settings->export_weights)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--save-settings does nothing else; leave --%s for another run",
                        settings->plan ? "plan" : "export-weights");
    cli_console_init(&console, settings);
    cli_warn_of_preset(settings, &console);
    if ((status = cli_painter_check(settings, NULL, error)) ||
        (status = impasto_weights_open(
             settings->weights, (enum impasto_convention)settings->convention, &weights, error)))
        return status;
    if ((status = impasto_params_preset(weights, settings->preset, &params, error)) == IMPASTO_OK &&
        (status = cli_override(settings, &params, error)) == IMPASTO_OK)
        status =
            cli_settings_save(settings, &params, impasto_weights_info(weights)->builtin, error);
    impasto_weights_close(&weights);
    snprintf(line, sizeof(line), "wrote the settings to %s", settings->save_settings);
    if (status == IMPASTO_OK && !cli_is_standard(settings->save_settings))
        cli_console_log(&console, IMPASTO_LOG_INFO, line);
    return status;
}

static enum impasto_status dispatch(struct cli_settings *settings, struct impasto_error *error)
{
    if (settings->help)
        return cli_help(stdout, settings, error);
    if (settings->version) {
        printf("impasto %s\n", impasto_version());
        return IMPASTO_OK;
    }
    cli_watch_driver();
    if (settings->list_devices)
        return cli_devices_list(settings, error);
    if (settings->json)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--json goes with --list-devices");
    if (settings->self_test)
        return cli_devices_test(settings, error);
    if (settings->tune)
        return cli_devices_tune(settings, error);
    if (settings->save_settings)
        return save_settings(settings, error);
    if (settings->batch.count > 0)
        return settings->no_clobber && settings->overwrite
                   ? cli_fail(error, IMPASTO_ERROR_USAGE,
                              "--overwrite and --no-clobber say the opposite; leave out one")
                   : cli_batch(settings, error);
    if (settings->overwrite || settings->recursive)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s goes with --batch",
                        settings->overwrite ? "overwrite" : "recursive");
    if (settings->export_weights && !settings->content)
        return export_only(settings, error);
    if (!settings->content)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "name a content picture and a style picture; see --help");
    if (settings->styles.count == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: a style picture must follow the content picture; see --help",
                        settings->content);
    return cli_run(settings, error);
}

/* Large blocks go back to the system as soon as they are freed. glibc would keep them once a few
 * have been, which adds tens of MiB to what a job needs. */
static void return_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

/* Of the three descriptors that programs have from the start, some may be closed. The next files
 * opened would get their numbers, and what is said on stderr would go into a trace. They are opened
 * so that reading stdin and writing stdout fail as they would have. */
static void hold_standard_streams(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", modes[i]) != i)
            _exit(-IMPASTO_ERROR_OUTPUT); /* there is nowhere to say why */
}

/* Ends the program's progress, says what is wrong, and returns the exit code. */
static int conclude(struct cli_settings *settings, enum impasto_status status,
                    struct impasto_error *error)
{
    cli_name_options(error->message);
    const bool signalled = status == IMPASTO_ERROR_INTERRUPTED && cli_stop_signal();
    /* As a shell reports a program that a signal ended. */
    const int code = signalled ? 128 + cli_stop_signal() : -(int)status;
    cli_events_end(settings, status, code, error->message[0] ? error->message : NULL);
    if (status != IMPASTO_OK && !signalled)
        fprintf(stderr, "impasto: %s\n", error->message);
    return code;
}

static enum impasto_status paint(int argc, char **argv, struct cli_settings *settings,
                                 struct impasto_error *error)
{
    struct impasto_error unheard = {0};
    const enum impasto_status status = cli_parse(argc, argv, settings, error);
    const enum impasto_status opened =
        cli_events_open(settings, status == IMPASTO_OK ? error : &unheard);
    return status != IMPASTO_OK   ? status
           : opened != IMPASTO_OK ? opened
                                  : dispatch(settings, error);
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    return_memory();
    struct cli_settings settings = {0};
    struct impasto_error error = {0};
    const struct cli_command *command;
    enum impasto_status status = cli_command_of(argc, argv, &command, &error);
    if (status == IMPASTO_OK)
        status = command ? cli_command_run(command, argc - 2, argv + 2, &settings, &error)
                         : paint(argc, argv, &settings, &error);
    cli_release(&settings);
    cli_leave_driver();
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == IMPASTO_OK)
        status = cli_fail(&error, IMPASTO_ERROR_OUTPUT, "standard output cannot be written");
    return conclude(&settings, status, &error);
}
