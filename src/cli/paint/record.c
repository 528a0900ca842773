/* SPDX-License-Identifier: MIT */
/* What a painting and its checkpoint say of themselves, and --save-settings. */

#include "base/os.h"
#include "cli/common/json.h"
#include "cli/options/table.h"
#include "cli/paint/run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

char *cli_record(const struct cli_run *run, int iterations)
{
    struct impasto_params params = *run->params;
    json_t *record = cli_record_begin(NULL, run->device);
    if (run->settings->interpolate)
        json_object_set_new(record, "picture", json_integer(run->number + 1));
    /* A picture that was saved on the way can be that of a shorter run. There is no such run
     * between scales, or if the optimiser chooses from its trials in the end. */
    const bool shorter = run->job->scale_count == 1 && params.optimizer == IMPASTO_OPTIMIZER_ADAM;
    if (iterations < run->job->iterations && shorter)
        params.iterations = iterations;
    else if (iterations < run->job->iterations)
        json_object_set_new(record, "iterations", json_integer(iterations));
    json_object_set(record, "inputs", run->inputs);
    json_object_set_new(record, "settings",
                        cli_record_lasting(run->settings, &params, run->builtin, true));
    char *text = cli_record_dump(record);
    json_decref(record);
    return text;
}

char *cli_record_checkpoint(const struct cli_run *run)
{
    char folder[PATH_MAX];
    json_t *record = json_object();
    json_t *settings = cli_record_lasting(run->settings, run->params, run->builtin, false);
    const struct cli_option *device = cli_find("device", strlen("device"));
    const char *named = run->settings->values[device - cli_options];
    /* It stays on this machine, as the run does. */
    if (named)
        json_object_set_new(settings, device->name, cli_json_text(named));
    const int every = cli_timelapse_every(run->settings, run->job->iterations);
    if (every > 0)
        json_object_set_new(record, "frames", json_integer(every));
    if (imp_os_current_folder(folder, sizeof(folder)))
        json_object_set_new(record, "folder", cli_json_text(folder));
    json_object_set_new(record, "impasto", cli_json_text(impasto_version()));
    json_object_set(record, "inputs", run->inputs);
    json_object_set_new(record, "settings", settings);
    char *text = cli_record_dump(record);
    json_decref(record);
    return text;
}

enum impasto_status cli_settings_save(const struct cli_settings *settings,
                                      const struct impasto_params *params, bool builtin,
                                      struct impasto_error *error)
{
    json_t *json = cli_record_lasting(settings, params, builtin, false);
    char *text = json_dumps(json, JSON_INDENT(4) | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (!text)
        return cli_fail_memory(error, "the settings");
    const enum impasto_status status = cli_write_text(settings->save_settings, text, error);
    free(text);
    return status;
}
