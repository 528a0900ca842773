/* SPDX-License-Identifier: MIT */
/* The command line: words divided by zeros, up to the parameters and the masks' names. */

#include "fuzz.h"
#include "cli/files/files.h"
#include "cli/batch/batch.h"

#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char program[] = "impasto";
    char *words[MOST_WORDS + 1] = {program};
    int count = 1;
    struct cli_settings settings = {0};
    struct impasto_params params = {0};
    struct impasto_error error = {0};
    struct cli_spec spec = {0};
    char *text = malloc(size + 1);
    if (!text)
        return -1;
    memcpy(text, data, size);
    text[size] = 0;
    for (char *at = text; at < text + size && count < MOST_WORDS; at += strlen(at) + 1)
        words[count++] = at;
    enum impasto_status status = cli_parse(count, words, &settings, &error);
    if (status == IMPASTO_OK && settings.batch.count > 0)
        status = cli_batch_words(&settings, &error);
    if (status == IMPASTO_OK)
        status = cli_override(&settings, &params, &error);
    fuzz_check(status, &error);
    for (int i = 0; status == IMPASTO_OK && i < settings.content_masks.count; i++) {
        if (cli_spec_read(settings.content_masks.item[i], true, &spec, &error) == IMPASTO_OK &&
            !(spec.weight > 0))
            abort();
        free(spec.path);
    }
    cli_release(&settings);
    free(text);
    return 0;
}
