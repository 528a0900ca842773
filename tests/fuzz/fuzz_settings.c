/* SPDX-License-Identifier: MIT */
/* Settings files, up to the parameters that they lead to. Those in pictures are fuzz_png.c's, and
 * cost a process each here. */

#include "fuzz.h"
#include "cli/options/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 0x89)
        return -1;
    char program[] = "impasto", option[] = "--settings", name[64];
    char *words[] = {program, option, name, NULL};
    struct cli_settings settings = {0};
    struct impasto_params params = {0};
    struct impasto_error error = {0};
    snprintf(name, sizeof(name), "%s", fuzz_file(data, size));
    enum impasto_status status = cli_parse(3, words, &settings, &error);
    if (status == IMPASTO_OK)
        status = cli_override(&settings, &params, &error);
    fuzz_check(status, &error);
    cli_release(&settings);
    return 0;
}
