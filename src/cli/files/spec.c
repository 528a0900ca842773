/* SPDX-License-Identifier: MIT */
/* Reads a word that names a picture, and perhaps a colour and a weight. */

#include "base/os.h"
#include "cli/files/files.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number behind the last colon, above 0; false: there is none. Cuts it off. */
static bool cut_weight(char *path, float *weight)
{
    char *colon = strrchr(path, ':'), *end = NULL;
    if (!colon || colon == path || !(isdigit((unsigned char)colon[1]) || colon[1] == '.'))
        return false;
    errno = 0;
    const float number = strtof(colon + 1, &end);
    if (*end || errno || !(number > 0) || !isfinite(number))
        return false;
    *colon = 0;
    *weight = number;
    return true;
}

/* Likewise for six hexadecimal digits behind the last '#'. */
static bool cut_colour(char *path, uint32_t *colour)
{
    char *hash = strrchr(path, '#');
    if (!hash || hash == path || strlen(hash + 1) != 6 ||
        strspn(hash + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *colour = (uint32_t)strtoul(hash + 1, NULL, 16);
    *hash = 0;
    return true;
}

enum impasto_status cli_spec_read(const char *word, bool weighted, struct cli_spec *spec,
                                  struct impasto_error *error)
{
    *spec = (struct cli_spec){.path = strdup(word), .weight = 1};
    if (!spec->path)
        return cli_fail_memory(error, "the pictures");
    if (cli_is_standard(word) || imp_os_is_there(word))
        return IMPASTO_OK;
    if (weighted)
        cut_weight(spec->path, &spec->weight);
    spec->keyed = !imp_os_is_there(spec->path) && cut_colour(spec->path, &spec->colour);
    return IMPASTO_OK;
}

size_t cli_spec_length(const char *word, const char *operand)
{
    const char *equals = strchr(operand, '=') ? strrchr(word, '=') : NULL;
    return equals ? (size_t)(equals - word) : strlen(word);
}

char *cli_spec_path(const char *word, const char *operand)
{
    struct cli_spec spec;
    struct impasto_error ignored = {0};
    char *file = imp_os_copy_start(word, cli_spec_length(word, operand));
    if (!file || !strchr(operand, '['))
        return file;
    const enum impasto_status status =
        cli_spec_read(file, strstr(operand, "[:w]") != NULL, &spec, &ignored);
    const bool whole = status == IMPASTO_OK && spec.keyed && !strstr(operand, "[#");
    char *path = whole ? file : spec.path;
    free(whole ? spec.path : file);
    return path;
}

const char *cli_style_operand(const struct cli_settings *settings)
{
    return settings->call ? "FILE" : "FILE[:w]";
}
