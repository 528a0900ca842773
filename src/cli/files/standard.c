/* SPDX-License-Identifier: MIT */
/* Pictures from standard input and to standard output, both of which are called "-". */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/options/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than any camera's picture; what has no end is to be noticed before the memory is full. */
#define MOST_BYTES ((size_t)1 << 30)
#define FIRST_BYTES ((size_t)1 << 16)

/* ---- In -------------------------------------------------------------------------------------- */

/* Makes room for more than `used` bytes. */
static enum impasto_status grow(unsigned char **bytes, size_t used, size_t *capacity,
                                struct impasto_error *error)
{
    if (used < *capacity)
        return IMPASTO_OK;
    if (used >= MOST_BYTES)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "standard input: has over %zu MiB, which is no picture; name a file",
                        MOST_BYTES >> 20);
    const size_t wanted = *capacity ? 2 * *capacity : FIRST_BYTES;
    unsigned char *more = realloc(*bytes, wanted);
    if (!more)
        return cli_fail_memory(error, "standard input");
    *bytes = more;
    *capacity = wanted;
    return IMPASTO_OK;
}

/* Everything up to its end; the caller frees *bytes, also after a failure. */
static enum impasto_status read_all(unsigned char **bytes, size_t *size,
                                    struct impasto_error *error)
{
    size_t capacity = 0;
    ptrdiff_t got = 0;
    *size = 0;
    do {
        const enum impasto_status status = grow(bytes, *size, &capacity, error);
        if (status != IMPASTO_OK)
            return status;
        got = imp_os_read(IMP_OS_STDIN, *bytes + *size, capacity - *size);
        if (got < 0 && errno == EINTR && cli_stop_signal())
            return cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
        if (got < 0 && errno != EINTR)
            return cli_fail_file(error, IMPASTO_ERROR_INPUT, "standard input", "cannot be read",
                                 errno);
        *size += got > 0 ? (size_t)got : 0;
    } while (got != 0);
    return IMPASTO_OK;
}

enum impasto_status cli_picture_load(const char *path, uint64_t max_pixels,
                                     struct impasto_image **image, struct impasto_error *error)
{
    unsigned char *bytes = NULL;
    size_t size;
    if (!cli_is_standard(path))
        return impasto_image_load_apart(path, max_pixels, image, error);
    enum impasto_status status = read_all(&bytes, &size, error);
    if (status == IMPASTO_OK)
        status = impasto_image_decode_apart(bytes, size, cli_name_of_input(path), max_pixels, image,
                                            error);
    free(bytes);
    return status;
}

/* ---- Out ------------------------------------------------------------------------------------- */

enum impasto_status cli_picture_save(const struct impasto_image *image, const char *path,
                                     const struct impasto_save_options *options,
                                     struct impasto_error *error)
{
    unsigned char *bytes;
    size_t size;
    if (!cli_is_standard(path))
        return impasto_image_save(image, path, options, error);
    const enum impasto_status status =
        impasto_image_encode(image, cli_name_of_output(path), options, &bytes, &size, error);
    if (status != IMPASTO_OK)
        return status;
    const bool written = fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
    const int problem = errno;
    free(bytes);
    return written ? IMPASTO_OK
                   : cli_fail_file(error, IMPASTO_ERROR_OUTPUT, cli_name_of_output(path),
                                   "cannot be written", problem);
}

/* ---- What goes with them --------------------------------------------------------------------- */

/* Whether a word is "-", which may end as its operand says. */
static bool reads_input(const char *word, const char *operand)
{
    char *path = cli_spec_path(word, operand);
    const bool standard = cli_is_standard(path);
    free(path);
    return standard;
}

static int count_list(const struct cli_list *list, const char *operand)
{
    int count = 0;
    for (int i = 0; i < list->count; i++)
        count += reads_input(list->item[i], operand);
    return count;
}

static void count_option(void *user, const struct cli_option *option, const struct cli_value *value)
{
    int *count = user;
    if (!option->operand || !cli_has_placeholder(option, "FILE"))
        return;
    if (value->kind == CLI_VALUE_TEXT && value->text)
        *count += reads_input(value->text, option->operand);
    else if (value->kind == CLI_VALUE_LIST)
        *count += count_list(value->list, option->operand);
}

static enum impasto_status check_input(const struct cli_settings *s, struct impasto_error *error)
{
    static const struct impasto_params unset; /* of which none is a file */
    const char *style = cli_style_operand(s);
    int count = cli_is_standard(s->content) + count_list(&s->styles, style);
    cli_visit(s, &unset, count_option, &count);
    if (count == 0)
        return IMPASTO_OK;
    if (count + s->standard > 1)
        return cli_fail(
            error, IMPASTO_ERROR_USAGE,
            "-: standard input can be read once only; save all but one of them to files");
    if (s->batch.count > 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-: a picture from standard input is for one run; save it to a file, or "
                        "leave out --batch");
    if (s->checkpoint || s->resume)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--%s: a picture from standard input is not there when the run is resumed; "
                        "save it to a file",
                        s->resume ? "resume" : "checkpoint");
    if (!s->output && (cli_is_standard(s->content) || reads_input(s->styles.item[0], style)))
        return cli_fail(
            error, IMPASTO_ERROR_USAGE,
            "-: the result of a picture from standard input has no usual name; give one "
            "by -o");
    if (imp_os_is_terminal(IMP_OS_STDIN))
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "-: standard input is a terminal; send a picture into it: impasto - ... < "
                        "FILE");
    return IMPASTO_OK;
}

enum impasto_status cli_standard_check(const struct cli_settings *s, struct impasto_error *error)
{
    const enum impasto_status status = check_input(s, error);
    if (status != IMPASTO_OK || !cli_is_standard(s->output))
        return status;
    if (!s->format)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "-o -: say by --format in what format: %s",
                        cli_find("format", strlen("format"))->operand);
    const char *many = s->batch.count > 0   ? "batch"
                       : s->interpolate > 0 ? "interpolate"
                       : s->save_every > 0  ? "save-every"
                                            : NULL;
    if (many)
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--%s: writes more than one picture, and standard output takes one; name a "
                        "file by -o",
                        many);
    if (!s->plan && imp_os_is_terminal(IMP_OS_STDOUT))
        return cli_fail(
            error, IMPASTO_ERROR_USAGE,
            "-o -: standard output is a terminal; send it to a file or a program: ... > "
            "FILE");
    return IMPASTO_OK;
}
