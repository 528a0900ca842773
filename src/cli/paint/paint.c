/* SPDX-License-Identifier: MIT */
/* The command `impasto paint`, whose name may be left out. Its options decide what is done. */

#include <string.h>
#include "cli/devices/devices.h"
#include "cli/batch/batch.h"
#include "cli/paint/paint.h"
#include "cli/paint/run.h"

static enum impasto_status export_only(const struct cli_settings *settings,
                                       struct impasto_error *error)
{
    struct cli_console console;
    struct impasto_weights *weights = NULL;
    cli_console_init(&console, &settings->common);
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
    cli_console_init(&console, &settings->common);
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
    if (settings->version) {
        printf("impasto %s\n", impasto_version());
        return IMPASTO_OK;
    }
    cli_watch_driver();
    if (settings->list_devices)
        return cli_devices_list(&settings->common, settings->json, error);
    if (settings->json)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "--json goes with --list-devices");
    if (settings->self_test)
        return cli_devices_test(&settings->common, error);
    if (settings->tune)
        return cli_devices_tune(&settings->common,
                                settings->values[cli_find("gemm", strlen("gemm")) - cli_options],
                                error);
    if (settings->save_settings)
        return save_settings(settings, error);
    if (settings->batch.count > 0)
        return cli_batch(settings, error);
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

/* What is written to standard output besides; NULL: nothing. */
static const char *other_output(const struct cli_settings *s)
{
    return s->list_devices                     ? "--list-devices"
           : s->self_test                      ? "--self-test"
           : s->plan                           ? "--plan"
           : cli_is_standard(s->output)        ? "-o -"
           : cli_is_standard(s->trace)         ? "--trace -"
           : cli_is_standard(s->save_settings) ? "--save-settings -"
                                               : NULL;
}

static enum impasto_status open_progress(struct cli_settings *settings, struct impasto_error *error)
{
    return settings->help || settings->version
               ? IMPASTO_OK
               : cli_progress_open(&settings->common, other_output(settings), error);
}

static enum impasto_status obey(int argc, char **argv, const struct cli_command *const *commands,
                                struct cli_settings *settings, struct impasto_error *error)
{
    struct impasto_error unheard = {0};
    enum impasto_status status = cli_parse(argc, argv, settings, error);
    if (status == IMPASTO_OK && settings->batch.count > 0)
        status = cli_batch_words(settings, error);
    if (status == IMPASTO_OK && settings->mpi && !settings->common.ranks)
        status = cli_fail(error, IMPASTO_ERROR_USAGE,
                          "--mpi is for one picture, painted by several processes; leave it out");
    const enum impasto_status opened =
        open_progress(settings, status == IMPASTO_OK ? error : &unheard);
    if (status == IMPASTO_OK)
        status = opened;
    if (status != IMPASTO_OK)
        return status;
    return settings->help ? cli_help(stdout, settings, commands, error) : dispatch(settings, error);
}

enum impasto_status cli_paint(int argc, char **argv, const struct cli_command *const *commands,
                              struct cli_settings *settings, struct impasto_error *error)
{
    enum impasto_status status = cli_ranks_open(argc, argv, &settings->common, error);
    if (status != IMPASTO_OK)
        return status;
    if (cli_ranks_follows(&settings->common))
        return cli_ranks_follow(&settings->common, error);
    status = obey(argc, argv, commands, settings, error);
    cli_ranks_dismiss(&settings->common);
    return status;
}
