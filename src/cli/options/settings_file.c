/* SPDX-License-Identifier: MIT */
/* Reads the JSON in a file that --settings or --resume has named. It is a text, a PNG result or a
 * checkpoint. */

#include "cli/common/json.h"
#include "cli/options/options.h"
#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How a checkpoint goes on after the eight bytes that it begins with. */
#define CHECKPOINT "{\"__metadata__\":{\"impasto.checkpoint\""

/* The whole of a file; PNG files begin otherwise than any JSON. text: to be freed. */
static enum impasto_status read_file(const char *path, char **text, size_t *size,
                                     struct impasto_error *error)
{
    struct imp_os_about about;
    const bool standard = cli_is_standard(path);
    FILE *file = NULL;
    char *bytes = malloc(IMPASTO_SETTINGS_MOST + 1);
    bool failed = !standard && !imp_os_look(path, &about);
    if (!bytes)
        return cli_fail_memory(error, "the settings");
    if (!failed && !standard && about.kind != IMP_OS_FILE) {
        free(bytes);
        return cli_fail(error, IMPASTO_ERROR_INPUT, "%s: is %s, not a file of settings", path,
                        about.kind == IMP_OS_FOLDER ? "a folder" : "a device, pipe or socket");
    }
    if (!failed && (file = standard ? stdin : fopen(path, "rb")))
        *size = fread(bytes, 1, IMPASTO_SETTINGS_MOST + 1, file);
    failed = !file || ferror(file);
    const int reason = errno;
    if (file && !standard)
        fclose(file);
    if (!failed) {
        *text = bytes;
        return IMPASTO_OK;
    }
    free(bytes);
    return cli_fail_file(error, IMPASTO_ERROR_INPUT, path, "cannot be read", reason);
}

static bool begins_with(const char *bytes, size_t size, const char *head, size_t length)
{
    return size >= length && memcmp(bytes, head, length) == 0;
}

/* The record in a checkpoint, which stays open for the run. text: to be freed. */
static enum impasto_status read_checkpoint(struct cli_file *file, char **text, size_t *size,
                                           struct impasto_error *error)
{
    const enum impasto_status status =
        impasto_checkpoint_open(file->path, &file->checkpoint, error);
    if (status != IMPASTO_OK)
        return status;
    const char *note = impasto_checkpoint_info(file->checkpoint)->note;
    if (!note)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: carries no settings: another program wrote it", file->path);
    *text = strdup(note);
    *size = strlen(note);
    return *text ? IMPASTO_OK : cli_fail_memory(error, "the settings");
}

/* The JSON text in a file, which may be a picture. text: to be freed. */
static enum impasto_status read_json(const char *path, char **text, size_t *size,
                                     struct impasto_error *error)
{
    const char *name = cli_name_of_input(path);
    enum impasto_status status = read_file(path, text, size, error);
    if (status != IMPASTO_OK)
        return status;
    if (cli_is_standard(path) && begins_with(*text, *size, "\x89PNG", 4)) {
        free(*text);
        *text = NULL;
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "standard input: is a picture, not JSON; name it as a file");
    }
    if (begins_with(*text, *size, "\x89PNG", 4)) {
        free(*text);
        *text = NULL;
        status = impasto_image_load_settings_apart(path, text, error);
        if (status == IMPASTO_OK && !*text)
            status = cli_fail(error, IMPASTO_ERROR_INPUT,
                              "%s: carries no settings: it was not made by Impasto, or another "
                              "program has left them out",
                              path);
        *size = *text ? strlen(*text) : 0;
        return status;
    }
    if (begins_with(*text, *size, "\xff\xd8", 2))
        status = cli_fail(error, IMPASTO_ERROR_INPUT,
                          "%s: is a JPEG picture, which carries no settings; PNG results do", name);
    else if (*size > 8 && begins_with(*text + 8, *size - 8, CHECKPOINT, strlen(CHECKPOINT)))
        status = cli_fail(error, IMPASTO_ERROR_INPUT,
                          "%s: is a checkpoint: --resume goes on with it, and with --save-settings "
                          "writes its settings",
                          name);
    else if (*size > IMPASTO_SETTINGS_MOST)
        status = cli_fail(error, IMPASTO_ERROR_INPUT,
                          "%s: is larger than settings can be, which is 1 MiB", name);
    else
        status = cli_text_decode(name, text, size, error);
    if (status == IMPASTO_OK && *size == 0)
        status = cli_fail(error, IMPASTO_ERROR_INPUT, "%s: is empty", name);
    if (status != IMPASTO_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

enum impasto_status cli_settings_read(struct cli_file *file, struct impasto_error *error)
{
    char *text = NULL;
    size_t size = 0;
    json_error_t problem;
    const enum impasto_status status = file->resumed ? read_checkpoint(file, &text, &size, error)
                                                     : read_json(file->path, &text, &size, error);
    if (status != IMPASTO_OK)
        return status;
    file->root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    free(text);
    if (file->root)
        return IMPASTO_OK;
    return cli_fail(error, IMPASTO_ERROR_INPUT, "%s: line %d, column %d: not sound JSON: %s%s",
                    cli_name_of_input(file->path), problem.line, problem.column, problem.text,
                    json_error_code(&problem) == json_error_invalid_utf8 ? "; save it as UTF-8"
                                                                         : "");
}
