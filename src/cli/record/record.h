/* SPDX-License-Identifier: MIT */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

/* What results say of how they were made: settings and the files that went in, as JSON. */

#include "cli/files/files.h"

struct cli_console;
struct json_t;

/* ---- record.c -------------------------------------------------------------------------------- */

/* The name of a file as others may see it. The folders are cut off if they tell of this machine:
 * the path is absolute, on any system, or leads up from here. */
const char *cli_shown_name(const char *path);

/* The values of all recorded options, by their names. What is not set is null. */
struct json_t *cli_record_settings(const struct cli_settings *settings,
                                   const struct impasto_params *params);
/* The pictures, and the recorded options that are set, to be read again. builtin: the weights are
 * the built-in ones. shown: others will see it. */
struct json_t *cli_record_lasting(const struct cli_settings *settings,
                                  const struct impasto_params *params, bool builtin, bool shown);

/* A record with what each has. command: by which it is made; NULL: painting. */
struct json_t *cli_record_begin(const char *command, const struct impasto_device_info *device);
/* The record as text, which the caller frees. If it is more than a picture can have, its longest
 * parts are left out. NULL: out of memory. */
char *cli_record_dump(struct json_t *record);

/* ---- inputs.c -------------------------------------------------------------------------------- */

/* Refuses pictures and weights that a settings file names and that are not there. */
enum impasto_status cli_inputs_check(const struct cli_settings *settings,
                                     struct impasto_error *error);
/* Hashes the content and the style pictures. To be freed with cli_inputs_free. */
struct json_t *cli_inputs_begin(const struct cli_settings *settings);
/* Hashes a file that was found, or may have been. path: where; version: of what is built in, 0: it
 * is a file. */
void cli_inputs_add(struct json_t *inputs, const char *name, const char *path, int version);
/* Hashes the files that options name, but for those that were added. */
void cli_inputs_add_options(struct json_t *inputs, const struct cli_settings *settings,
                            const struct impasto_params *params);
/* Goes on to the next picture of a batch. Only the content is another one. */
void cli_inputs_next(struct json_t *inputs, const struct cli_settings *settings);
void cli_inputs_free(struct json_t **inputs);
/* Warns of inputs that have changed since a settings file was made. */
void cli_inputs_compare(const struct cli_settings *settings, const struct json_t *inputs,
                        struct cli_console *console);

#endif
