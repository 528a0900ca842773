/* SPDX-License-Identifier: MIT */
/* Lists of pictures in all encodings, and the patterns that results are named by: a path of the
 * list is put into each pattern. Whether a path is there is asked of the file system. */

#include "fuzz.h"
#include "cli/files/files.h"
#include "cli/batch/batch.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status visit(void *pattern, const char *path, struct impasto_error *error)
{
    const struct cli_naming naming = {.content = path, .style = path, .root = 1, .number = 7};
    struct impasto_error why = {0};
    (void)error;
    if (path[0] == 0)
        abort();
    fuzz_check(cli_pattern_check(path, true, &why), &why);
    char *name = cli_pattern_expand(pattern, &naming);
    free(name);
    name = cli_pattern_expand(path, &naming);
    if (!name)
        abort();
    free(name);
    return IMPASTO_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char pattern[] = "{folder}/{path}/{content}.{ext}-{style}{number}{{";
    struct impasto_error error = {0};
    char *text = malloc(size + 1);
    if (!text)
        return -1;
    memcpy(text, data, size);
    text[size] = 0;
    enum impasto_status status = cli_text_decode("list", &text, &size, &error);
    if (status == IMPASTO_OK && cli_text_is_plain(text, size))
        status = cli_list_visit(text, size, visit, pattern, &error);
    fuzz_check(status, &error);
    free(text);
    return 0;
}
