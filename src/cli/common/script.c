/* SPDX-License-Identifier: MIT */
/* Python scripts download weights and read the files of other programs. */

#include "base/os.h"
#include "cli/common/common.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define WORDS_MOST 160
/* What comes before the words: python3, the script, --program and its value. */
#define WORDS_BEFORE 4
#define SPEAKER "impasto: "

/* What is run. */
struct line {
    char script[PATH_MAX], speaker[64];
    const char *argv[WORDS_BEFORE + WORDS_MOST + 1];
};

static enum impasto_status make_line(const struct cli_script *script, const char *const *words,
                                     struct line *line, struct impasto_error *error)
{
    size_t count = 0;
    if (!cli_find_shipped(script->name, line->script, sizeof(line->script)))
        return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s, which does this, is neither beside the program nor in %s; install "
                        "Impasto anew",
                        script->name, IMP_DATA_FOLDER);
    snprintf(line->speaker, sizeof(line->speaker), "impasto %s", script->command);
    line->argv[count++] = "python3";
    line->argv[count++] = line->script;
    line->argv[count++] = "--program";
    line->argv[count++] = line->speaker;
    for (size_t i = 0; words[i]; i++) {
        if (count == WORDS_BEFORE + WORDS_MOST)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': too many words at once", words[i]);
        line->argv[count++] = words[i];
    }
    line->argv[count] = NULL;
    return IMPASTO_OK;
}

/* Says why there is no Python. */
static enum impasto_status fail_python(const struct cli_script *script, const char *const *words,
                                       const struct line *line, int problem,
                                       struct impasto_error *error)
{
    if (problem == ENOENT)
        return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                        "%s %s takes Python 3.9 or later here, and there is no python3; install it "
                        "and give the same command again, or run %s where Python is",
                        script->command, words[0], line->script);
    return cli_fail(error, IMPASTO_ERROR_WEIGHTS, "python3 cannot be run: %s; install it anew",
                    strerror(problem));
}

enum impasto_status cli_script_become(const struct cli_script *script, const char *const *words,
                                      struct impasto_error *error)
{
    struct line line;
    const enum impasto_status status = make_line(script, words, &line, error);
    if (status != IMPASTO_OK)
        return status;
    return fail_python(script, words, &line, imp_os_become(line.argv), error);
}

/* The last line of what was said, without the break at its end. */
static const char *last_line(char *said)
{
    size_t length = strlen(said);
    while (length > 0 && said[length - 1] == '\n')
        said[--length] = '\0';
    const char *last = strrchr(said, '\n');
    return last ? last + 1 : said;
}

enum impasto_status cli_script_run(const struct cli_script *script, const char *const *words,
                                   struct impasto_error *error)
{
    struct line line;
    char said[1024];
    int code = 0;
    const enum impasto_status status = make_line(script, words, &line, error);
    if (status != IMPASTO_OK)
        return status;
    const int problem = imp_os_run(line.argv, said, sizeof(said), &code);
    if (problem != 0)
        return fail_python(script, words, &line, problem, error);
    if (code == 0)
        return IMPASTO_OK;
    const char *last = last_line(said);
    if (strncmp(last, SPEAKER, strlen(SPEAKER)) == 0 && code > 1 && code <= -IMPASTO_ERROR_NUMERIC)
        return cli_fail(error, (enum impasto_status) - code, "%s", last + strlen(SPEAKER));
    return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                    "%s ended with %d: %s; please report this as a bug", line.script, code,
                    last[0] ? last : "it said nothing");
}
