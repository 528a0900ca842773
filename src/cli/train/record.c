/* SPDX-License-Identifier: MIT */
/* What a model says of the files that it was made of:
 *   {"styles": [{"style": NAME, "name": FILE, "sha256": "..."} or {"style": NAME, "drawn": true}],
 *    "base": {"name": FILE, "sha256": "..."},
 *    "weights": {"name": FILE, "sha256": "..."} or {"name": "builtin", "version": N}}
 * No file is named with its folders, and of hashes there are those that could be computed. */

#include "cli/common/json.h"
#include "cli/train/run.h"

#include <stdlib.h>
#include <string.h>

static json_t *describe_file(const char *path)
{
    char hash[CLI_HASH_SIZE];
    json_t *file = json_object();
    json_object_set_new(file, "name", cli_json_text(cli_file_name(path)));
    if (cli_hash_file(path, hash))
        json_object_set_new(file, "sha256", json_string(hash));
    return file;
}

static json_t *describe_styles(const struct cli_trainer *run)
{
    json_t *styles = json_array();
    for (size_t i = 0; i < run->task.style_count; i++) {
        json_t *style = run->images[i] ? describe_file(run->paths[i]) : json_object();
        json_object_set_new(style, "style", cli_json_text(run->names[i]));
        if (!run->images[i])
            json_object_set_new(style, "drawn", json_true());
        json_array_append_new(styles, style);
    }
    return styles;
}

enum impasto_status cli_train_describe_inputs(struct cli_trainer *run)
{
    const struct impasto_weights_info *weights = impasto_weights_info(run->weights);
    json_t *inputs = json_object();
    json_object_set_new(inputs, "styles", describe_styles(run));
    if (run->base)
        json_object_set_new(inputs, "base", describe_file(run->base));
    json_object_set_new(inputs, "weights",
                        weights->version
                            ? json_pack("{ss si}", "name", "builtin", "version", weights->version)
                            : describe_file(weights->source));
    run->inputs = json_dumps(inputs, JSON_COMPACT);
    /* Dozens of styles with long names are no reason to lose a training. */
    if (run->inputs && strlen(run->inputs) > IMPASTO_TRAIN_INPUTS_MOST) {
        free(run->inputs);
        json_object_del(inputs, "styles");
        run->inputs = json_dumps(inputs, JSON_COMPACT);
    }
    json_decref(inputs);
    run->task.inputs = run->inputs;
    return run->inputs ? IMPASTO_OK : cli_fail_memory(run->error, "the names of the inputs");
}
