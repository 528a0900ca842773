/* SPDX-License-Identifier: MIT */
/* The command `impasto model info`: says what a style network is. */

#include "cli/common/json.h"
#include "cli/model/model.h"

#include <stdlib.h>

/* Texts of a file may hold anything, and a terminal must not obey them. */
static void put_text(const char *text)
{
    while (*text) {
        const size_t length = cli_printable(text);
        if (length > 0)
            fwrite(text, 1, length, stdout);
        else
            putchar('?');
        text += length > 0 ? length : 1;
    }
}

static void put_row(const char *label, const char *text)
{
    printf("  %s: ", label);
    put_text(text);
    putchar('\n');
}

/* ---- How it was trained ---------------------------------------------------------------------- */

/* "300 steps, with drawn scenes and trained weights, by Impasto 0.1.0" */
static void put_steps(const json_t *training)
{
    printf("  training: %" JSON_INTEGER_FORMAT " steps",
           json_integer_value(json_object_get(training, "steps")));
    const char *pictures = json_string_value(json_object_get(training, "pictures"));
    const char *weights = json_string_value(json_object_get(training, "weights"));
    const char *version = json_string_value(json_object_get(training, "impasto"));
    if (pictures) {
        fputs(" with ", stdout);
        put_text(pictures);
    }
    if (weights) {
        fputs(pictures ? " and " : " with ", stdout);
        put_text(weights);
        fputs(" weights", stdout);
    }
    if (version) {
        fputs(", by Impasto ", stdout);
        put_text(version);
    }
    putchar('\n');
}

static void put_judgement(const json_t *training)
{
    const json_t *judgement = json_object_get(training, "judgement");
    if (json_is_number(judgement))
        printf("  judgement: a loss of %.4g after step %" JSON_INTEGER_FORMAT ", the best\n",
               json_number_value(judgement),
               json_integer_value(json_object_get(training, "judged_step")));
    else if (json_is_null(judgement))
        puts("  judgement: none");
}

/* Settings that say most of the look. */
static void put_settings(const json_t *settings)
{
    static const char *const keys[] = {"style_size", "style_weight", "learning_rate",
                                       "norm_rate",  "noise",        "seed"};
    const char *between = "  settings: ";
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        char *value = json_dumps(json_object_get(settings, keys[i]),
                                 JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
        if (!value)
            continue;
        printf("%s%s ", between, keys[i]);
        put_text(value);
        between = ", ";
        free(value);
    }
    if (between[0] == ',')
        putchar('\n');
}

/* "style night: starry.jpg, SHA-256 ..." */
static void put_file(const char *what, const char *which, const json_t *file)
{
    const char *name = json_string_value(json_object_get(file, "name"));
    const char *hash = json_string_value(json_object_get(file, "sha256"));
    if (!name)
        return;
    printf("  %s", what);
    put_text(which);
    fputs(": ", stdout);
    put_text(name);
    if (hash) {
        fputs(", SHA-256 ", stdout);
        put_text(hash);
    }
    putchar('\n');
}

/* The files that it was made of. */
static void put_inputs(const json_t *inputs)
{
    const json_t *styles = json_object_get(inputs, "styles");
    for (size_t i = 0; i < json_array_size(styles); i++) {
        const json_t *style = json_array_get(styles, i);
        const char *name = json_string_value(json_object_get(style, "style"));
        put_file("style ", name ? name : "", style);
    }
    put_file("base", "", json_object_get(inputs, "base"));
    put_file("weights", "", json_object_get(inputs, "weights"));
}

/* What trained it may not have been Impasto, and may say anything. */
static void put_training(const char *text)
{
    json_t *training = json_loads(text, 0, NULL);
    const char *origin = json_string_value(json_object_get(training, "converted from"));
    const bool ours = json_is_integer(json_object_get(training, "steps"));
    if (origin)
        put_row("converted from", origin);
    if (ours) {
        put_steps(training);
        put_judgement(training);
        put_settings(json_object_get(training, "settings"));
        put_inputs(json_object_get(training, "inputs"));
    }
    if (!origin && !ours && json_object_size(training) > 0)
        put_row("training", text);
    json_decref(training);
}

/* ---- The whole ------------------------------------------------------------------------------- */

void cli_model_describe(const struct impasto_model *model)
{
    const struct impasto_model_info *info = impasto_model_info(model);
    printf("%s\n", info->source);
    printf("  network: width %d, %d residual blocks, ends of %dx%d, %zu parameters\n", info->width,
           info->blocks, info->end_size, info->end_size, info->parameters);
    printf("  styles: %zu\n", info->style_count);
    for (size_t i = 0; i < info->style_count; i++) {
        fputs("    ", stdout);
        put_text(info->styles[i]);
        puts((int)i == info->identity              ? " (the photograph; --strength mixes it in)"
             : impasto_model_has_picture(model, i) ? ", with its picture"
                                                   : "");
    }
    if (info->licence)
        put_row("licence", info->licence);
    if (info->training)
        put_training(info->training);
}

static enum impasto_status tell_one(const char *word, struct impasto_error *error)
{
    struct impasto_model *model = NULL;
    int style;
    const enum impasto_status status = cli_model_open(word, &model, &style, error);
    if (status == IMPASTO_OK)
        cli_model_describe(model);
    impasto_model_close(&model);
    return status;
}

/* All that are installed, and the first failure among them. */
struct told {
    struct impasto_error *error;
    enum impasto_status status;
    size_t count;
};

/* One that cannot be used does not hide the others. */
static void tell_installed(void *user, const char *path)
{
    struct told *told = user;
    struct impasto_error error = {0};
    const enum impasto_status status = tell_one(path, &error);
    told->count++;
    if (status == IMPASTO_OK)
        return;
    put_text(path);
    putchar('\n');
    put_row("cannot be used", error.message);
    if (told->status == IMPASTO_OK) {
        told->status = status;
        *told->error = error;
    }
}

enum impasto_status cli_model_tell(const struct cli_call *call, struct impasto_error *error)
{
    struct told told = {.error = error};
    enum impasto_status status = IMPASTO_OK;
    for (size_t i = 0; i < call->operand_count && status == IMPASTO_OK; i++)
        status = tell_one(call->operands[i], error);
    if (call->operand_count > 0)
        return status;
    cli_model_tell_installed(tell_installed, &told);
    if (told.count == 0)
        return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "no model is installed; name a file, or install Impasto anew");
    return told.status;
}
