/* SPDX-License-Identifier: MIT */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/* The program's parts that speak JSON among themselves. */

#include "cli/cli.h"

#include <jansson.h>

/* ---- json.c ---------------------------------------------------------------------------------- */

/* Text as JSON; NULL is null. Bytes that are not UTF-8, as file names may have, become characters
 * from U+EF80 to U+EFFF. */
json_t *cli_json_text(const char *text);
/* The text that cli_json_text has made this of; a new string, NULL: out of memory. */
char *cli_json_name(const char *text);
json_t *cli_json_texts(const struct cli_list *list);
/* A number as JSON; null where it is not finite. */
json_t *cli_json_number(double number);

/* ---- settings_file.c ------------------------------------------------------------------------- */

struct cli_name {
    char *text;
    struct cli_name *before;
};

/* A file that --settings or --resume has named. */
struct cli_file {
    const char *path;
    bool resumed;                          /* by --resume */
    struct impasto_checkpoint *checkpoint; /* then */
    int number;                            /* as in cli_settings.givers */
    json_t *root;           /* what is in it: a record (see record.c), or the settings alone */
    json_t *texts;          /* numbers and layers as options have them; settings point to them */
    struct cli_name *names; /* likewise, those that are not UTF-8 */
    struct cli_file *before;
};

/* Fills in root, and checkpoint where the file was resumed, from path; path is in every error's
 * line. */
enum impasto_status cli_settings_read(struct cli_file *file, struct impasto_error *error);

/* ---- record.c -------------------------------------------------------------------------------- */

/* The recorded options in force, by their names: all, with null where nothing is set. */
json_t *cli_record_settings(const struct cli_settings *settings,
                            const struct impasto_params *params);

#endif
