/* SPDX-License-Identifier: MIT */
/*
 * The script that downloads weights and reads pickles: Python has what that takes. The program
 * becomes the script, so that signals, the terminal and the exit code are the script's.
 *
 * It is looked for beside the program, never in the current folder, and taken only from who could
 * have changed the program as well.
 */

#include "cli/weights/weights.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT "vgg19.py"
#define WORDS_MOST 64

/* Writes the path of this program; false: the system does not tell. */
static bool own_path(char path[PATH_MAX])
{
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return path[0] == '/';
}

/* Whether a file is the administrator's, the user's, or of the program's owner. */
static bool is_trusted(const char *path, const char *program)
{
    struct stat script, self;
    if (stat(path, &script) != 0 || !S_ISREG(script.st_mode))
        return false;
    return script.st_uid == 0 || script.st_uid == geteuid() ||
           (program[0] && stat(program, &self) == 0 && script.st_uid == self.st_uid);
}

/* Writes where the script is: as it is built, as it is installed, as it was to be installed. */
static bool find_script(char path[PATH_MAX])
{
    static const char *const beside[] = {"/" SCRIPT, "/../share/impasto/" SCRIPT};
    char program[PATH_MAX], folder[PATH_MAX] = "";
    if (own_path(program)) {
        memcpy(folder, program, sizeof(folder));
        *strrchr(folder, '/') = 0;
    }
    for (size_t i = 0; folder[0] && i < sizeof(beside) / sizeof(*beside); i++)
        if (snprintf(path, PATH_MAX, "%s%s", folder, beside[i]) < PATH_MAX &&
            is_trusted(path, program))
            return true;
    snprintf(path, PATH_MAX, "%s", IMP_DATA_FOLDER "/" SCRIPT);
    return is_trusted(path, program);
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
    fflush(NULL);
    execvp(argv[0], (char *const *)argv);
    if (errno == ENOENT)
        return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "this takes Python 3.9 or later, and there is no python3; install it and "
                        "give the same command again, or run %s where Python is",
                        script);
    return cli_fail(error, IMPASTO_ERROR_WEIGHTS, "python3 cannot be run: %s; install it anew",
                    strerror(errno));
}
