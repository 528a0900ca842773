/* SPDX-License-Identifier: MIT */
/*
 * A Python script downloads weights and reads pickles. The program becomes the script, so that
 * signals, the terminal and the exit code are the script's.
 *
 * The script is looked for beside the program, never in the current folder. Its owner must be
 * somebody who could have changed the program, too.
 */

#include "base/os.h"
#include "cli/weights/weights.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT "vgg19.py"
#define WORDS_MOST 64

/* Writes where the script is: as it is built, as it is installed, as it was to be installed. */
static bool find_script(char path[PATH_MAX])
{
    static const char *const beside[] = {SCRIPT, "../share/impasto/" SCRIPT};
    char program[PATH_MAX], folder[PATH_MAX] = "";
    if (imp_os_own_program(program, sizeof(program)))
        snprintf(folder, sizeof(folder), "%.*s", (int)(imp_os_name(program) - program), program);
    for (size_t i = 0; folder[0] && i < sizeof(beside) / sizeof(*beside); i++)
        if (snprintf(path, PATH_MAX, "%s%s", folder, beside[i]) < PATH_MAX &&
            imp_os_is_trusted(path, program))
            return true;
    snprintf(path, PATH_MAX, "%s", IMP_DATA_FOLDER "/" SCRIPT);
    return imp_os_is_trusted(path, program);
}

enum impasto_status cli_weights_script(const char *const *words, struct impasto_error *error)
{
    char script[PATH_MAX];
    const char *argv[WORDS_MOST + 5] = {"python3", script, "--program", "impasto weights"};
    size_t count = 4;
    if (!find_script(script))
        return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s, which does this, is neither beside the program nor in %s; install "
                        "Impasto anew",
                        SCRIPT, IMP_DATA_FOLDER);
    for (size_t i = 0; words[i]; i++) {
        if (count == WORDS_MOST + 4)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': too many files at once", words[i]);
        argv[count++] = words[i];
    }
    const int problem = imp_os_become(argv);
    if (problem == ENOENT)
        return cli_fail(
            error, IMPASTO_ERROR_WEIGHTS,
            "weights %s takes Python 3.9 or later here, and there is no python3; install "
            "it and give the same command again, or run %s where Python is",
            words[0], script);
    return cli_fail(error, IMPASTO_ERROR_WEIGHTS, "python3 cannot be run: %s; install it anew",
                    strerror(problem));
}
