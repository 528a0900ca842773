/* SPDX-License-Identifier: MIT */
/* What a picture says of the network that painted it:
 *   {"impasto": VERSION, "device": {"name", "platform", "driver"},
 *    "apply": {"model": FILE, "content": FILE, "mix", "strength", "stroke", "size", "colour"}} */

#include "cli/apply/run.h"
#include "cli/common/json.h"

static json_t *mix_of(const struct cli_applying *applying)
{
    const struct impasto_model_info *info = impasto_model_info(applying->model);
    json_t *mix = json_object();
    for (size_t i = 0; i < info->style_count; i++) {
        const float weight = applying->mix ? applying->mix[i] : (float)(i == 0);
        if (weight > 0)
            json_object_set_new(mix, info->styles[i], json_real(cli_shortest(weight)));
    }
    return mix;
}

static json_t *device_of(const struct cli_applying *applying)
{
    const struct impasto_device_info *info = impasto_device_info(applying->device);
    json_t *device = json_object();
    json_object_set_new(device, "name", cli_json_text(info->name));
    json_object_set_new(device, "platform", cli_json_text(info->platform));
    json_object_set_new(device, "driver", cli_json_text(info->driver));
    return device;
}

char *cli_apply_record(const struct cli_applying *applying, const char *content)
{
    const struct cli_apply_options *options = applying->options;
    json_t *record = json_object(), *apply = json_object();
    json_object_set_new(apply, "model",
                        cli_json_text(cli_file_name(impasto_model_info(applying->model)->source)));
    json_object_set_new(apply, "content", cli_json_text(cli_file_name(content)));
    json_object_set_new(apply, "mix", mix_of(applying));
    json_object_set_new(apply, "strength", json_real(cli_shortest(options->strength)));
    json_object_set_new(apply, "stroke", json_real(cli_shortest(options->stroke)));
    if (options->size > 0)
        json_object_set_new(apply, "size", json_integer(options->size));
    json_object_set_new(apply, "colour",
                        json_string(options->colour == IMPASTO_COLOUR_LUMA ? "luma" : "style"));
    json_object_set_new(record, "impasto", json_string(impasto_version()));
    json_object_set_new(record, "device", device_of(applying));
    json_object_set_new(record, "apply", apply);
    char *text = json_dumps(record, JSON_COMPACT);
    json_decref(record);
    return text;
}
