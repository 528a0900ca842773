/* SPDX-License-Identifier: MIT */
/* What a picture says of the network that painted it. */

#include "cli/apply/run.h"
#include "cli/common/json.h"

char *cli_apply_record(const struct cli_applying *a)
{
    json_t *record = cli_record_begin(a->settings->call->name, impasto_device_info(a->device));
    if (a->refining.taken < a->options->refine)
        json_object_set_new(record, "iterations", json_integer(a->refining.taken));
    json_object_set(record, "inputs", a->inputs);
    json_object_set_new(record, "settings",
                        cli_record_lasting(a->settings, NULL, a->builtin, true));
    char *text = cli_record_dump(record);
    json_decref(record);
    return text;
}
