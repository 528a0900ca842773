/* SPDX-License-Identifier: MIT */
/* Where results go: names, checks before the work, whole files. */

#define _DEFAULT_SOURCE /* realpath, mkstemps, flock */

#include "cli/json.h"
#include "cli/pictures.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *cli_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Length of a file name without its extension; a leading dot is no extension. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

char *cli_default_output(const char *content, const char *style)
{
    const char *c = cli_file_name(content), *s = cli_file_name(style);
    const size_t folder = (size_t)(c - content);
    const size_t size = strlen(content) + strlen(style) + sizeof("-.png");
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%.*s%.*s-%.*s.png", (int)folder, content, (int)stem_length(c), c,
                 (int)stem_length(s), s);
    return path;
}

char *cli_numbered(const char *path, int number)
{
    const char *name = cli_file_name(path);
    const size_t stem = (size_t)(name - path) + stem_length(name), size = strlen(path) + 16;
    char *numbered = malloc(size);
    if (numbered)
        snprintf(numbered, size, "%.*s-%04d%s", (int)stem, path, number, path + stem);
    return numbered;
}

/* The folder that `path` is in; false: its name is longer than the system takes. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const size_t length = (size_t)(cli_file_name(path) - path);
    if (length >= PATH_MAX)
        return false;
    memcpy(folder, length ? path : ".", length ? length : 1);
    folder[length ? length : 1] = 0;
    return true;
}

static enum impasto_status check_folder(const char *path, struct impasto_error *error)
{
    char folder[PATH_MAX];
    struct stat info;
    if (!folder_of(path, folder))
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%.60s...: %s", path, strerror(ENAMETOOLONG));
    if (stat(folder, &info) != 0)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: the folder %s: %s", path, folder,
                        strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: %s is not a folder", path, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: the folder %s cannot be written to: %s",
                        path, folder, strerror(errno));
    return IMPASTO_OK;
}

enum impasto_status cli_check_target(const char *path, struct impasto_error *error)
{
    struct stat info;
    if (cli_file_name(path)[0] == 0)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: names a folder; name a file in it", path);
    if (stat(path, &info) != 0 && lstat(path, &info) == 0)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: is a link that leads to no file; remove it or choose another name",
                        path);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: is %s, not a regular file; choose another name", path,
                        S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    return check_folder(path, error);
}

bool cli_same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(a, b) == 0)
        return true;
    const bool there = stat(a, &x) == 0;
    if (there != (stat(b, &y) == 0))
        return false;
    if (!there) {
        char x_path[PATH_MAX], y_path[PATH_MAX];
        if (strcmp(cli_file_name(a), cli_file_name(b)) != 0 || !folder_of(a, x_path) ||
            !folder_of(b, y_path) || stat(x_path, &x) != 0 || stat(y_path, &y) != 0)
            return false;
    }
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool ends_with(const char *path, const char *extension)
{
    const size_t length = strlen(path), tail = strlen(extension);
    return length > tail && strcasecmp(path + length - tail, extension) == 0;
}

static enum impasto_status check_picture(const struct cli_settings *settings, const char *output,
                                         struct impasto_error *error)
{
    const bool jpeg = ends_with(output, ".jpg") || ends_with(output, ".jpeg");
    if (!jpeg && !ends_with(output, ".png"))
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: end the name in .png, .jpg or .jpeg",
                        output);
    if (jpeg && settings->bits == 16)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "%s: JPEG has 8 bits; use .png with --bits 16",
                        output);
    return IMPASTO_OK;
}

/* Whether a word that may carry a colour and a weight names that file. */
static bool names_file(const char *word, const char *output)
{
    struct cli_spec spec;
    struct impasto_error ignored = {0};
    const bool same = cli_spec_read(word, true, &spec, &ignored) == IMPASTO_OK &&
                      cli_same_file(output, spec.path);
    free(spec.path);
    return same;
}

static bool is_input(const struct cli_settings *settings, const char *output)
{
    const char *const files[] = {settings->content, settings->weights,
                                 cli_init_is_file(settings) ? settings->init : NULL};
    const struct cli_list *const lists[] = {&settings->styles, &settings->content_masks,
                                            &settings->style_masks};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (files[i] && cli_same_file(output, files[i]))
            return true;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        for (int k = 0; k < lists[i]->count; k++)
            if (names_file(lists[i]->item[k], output))
                return true;
    /* A checkpoint is replaced by later ones. */
    for (const struct cli_file *file = settings->files; file; file = file->before)
        if (!(file->resumed && output == settings->checkpoint) && cli_same_file(output, file->path))
            return true;
    return settings->keep && names_file(settings->keep, output);
}

enum impasto_status cli_check_outputs(const struct cli_settings *settings, const char *output,
                                      struct impasto_error *error)
{
    const char *const outputs[] = {output, settings->trace, settings->gradient,
                                   settings->export_weights, settings->save_settings, settings->report,
                                   settings->checkpoint};
    const size_t count = sizeof(outputs) / sizeof(*outputs);
    for (size_t i = 0; i < count; i++) {
        if (!outputs[i])
            continue;
        enum impasto_status status = cli_check_target(outputs[i], error);
        if (status == IMPASTO_OK && i == 0)
            status = check_picture(settings, output, error);
        if (status == IMPASTO_OK && outputs[i] == settings->report &&
            !ends_with(outputs[i], ".html") && !ends_with(outputs[i], ".htm"))
            status = cli_fail(error, IMPASTO_ERROR_USAGE, "%s: end the name of the report in .html",
                              outputs[i]);
        if (status != IMPASTO_OK)
            return status;
        if (is_input(settings, outputs[i]))
            return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: is also an input; choose another name for the output",
                            outputs[i]);
        for (size_t k = 0; k < i; k++)
            if (outputs[k] && cli_same_file(outputs[i], outputs[k]))
                return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                                "%s: two outputs have this name; choose another", outputs[i]);
    }
    return cli_timelapse_check(settings, outputs, count, error);
}

/* Tries in case somebody takes the new file for a dead process's before it is locked. */
#define TEMPORARY_TRIES 10

/*
 * The library's temporary files have such names and are locked while their process lives, and it
 * removes what a killed one has left from the folders that it writes to; see src/base/temporary.c. So
 * these are like them. NULL: errno says why not.
 */
static char *name_temporary(const char *target)
{
    char folder[PATH_MAX], host[65] = "unknown", *temporary;
    const size_t size = strlen(target) + sizeof(host) + sizeof("/.impasto--XXXXXX.tmp");
    if (!folder_of(target, folder)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    (void)!gethostname(host, sizeof(host) - 1);
    for (char *c = host; *c; c++)
        *c = *c == '/' ? '_' : *c;
    temporary = malloc(size + 1);
    if (temporary)
        snprintf(temporary, size + 1, "%s/.impasto-%s-XXXXXX.tmp", folder, host);
    return temporary;
}

static int open_temporary(char *temporary)
{
    char *const unique = temporary + strlen(temporary) - strlen("XXXXXX.tmp");
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        struct stat info;
        memcpy(unique, "XXXXXX", strlen("XXXXXX"));
        const int descriptor = mkstemps(temporary, (int)strlen(".tmp"));
        if (descriptor < 0)
            return -1;
        const bool taken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!taken && fstat(descriptor, &info) == 0 && info.st_nlink > 0)
            return descriptor;
        close(descriptor);
    }
    errno = EEXIST;
    return -1;
}

/* 0, or the errno that says why not. */
static int write_temporary(char *temporary, const char *target, cli_write_fn write,
                           const void *data)
{
    const int descriptor = open_temporary(temporary);
    if (descriptor < 0)
        return errno;
    int why = 0;
    errno = 0;
    /* Keeps the lock until the file has its name. */
    const int lock = dup(descriptor);
    FILE *stream = lock < 0 ? NULL : fdopen(descriptor, "wb");
    if (!stream || !write(stream, data) || fflush(stream) != 0 || fsync(descriptor) != 0)
        why = errno ? errno : EIO;
    if ((stream ? fclose(stream) : close(descriptor)) != 0 && !why)
        why = errno;
    const mode_t mask = umask(0);
    umask(mask);
    if (!why && (chmod(temporary, 0666 & ~mask) != 0 || rename(temporary, target) != 0))
        why = errno;
    if (why)
        unlink(temporary);
    if (lock >= 0)
        close(lock);
    return why;
}

enum impasto_status cli_write_file(const char *path, cli_write_fn write, const void *data,
                                   struct impasto_error *error)
{
    /* A link stays one; what it leads to is replaced. */
    char *resolved = realpath(path, NULL);
    const char *target = resolved ? resolved : path;
    char *temporary = name_temporary(target);
    const int why = temporary ? write_temporary(temporary, target, write, data) : errno;
    free(temporary);
    free(resolved);
    return why == 0 ? IMPASTO_OK
                    : cli_fail(error, IMPASTO_ERROR_OUTPUT, "%s: cannot be written: %s", path,
                               strerror(why));
}

struct floats {
    const float *data;
    size_t count;
};

static bool write_little_endian(FILE *stream, const void *user)
{
    const struct floats *floats = user;
    for (size_t i = 0; i < floats->count; i++) {
        uint32_t bits;
        memcpy(&bits, &floats->data[i], sizeof(bits));
        const unsigned char bytes[4] = {(unsigned char)bits, (unsigned char)(bits >> 8),
                                        (unsigned char)(bits >> 16), (unsigned char)(bits >> 24)};
        if (fwrite(bytes, 1, sizeof(bytes), stream) != sizeof(bytes))
            return false;
    }
    return true;
}

enum impasto_status cli_write_floats(const char *path, const float *data, size_t count,
                                     struct impasto_error *error)
{
    const struct floats floats = {data, count};
    return cli_write_file(path, write_little_endian, &floats, error);
}

static bool write_line(FILE *stream, const void *text)
{
    return fputs(text, stream) != EOF && fputc('\n', stream) != EOF;
}

enum impasto_status cli_write_text(const char *path, const char *text, struct impasto_error *error)
{
    return cli_write_file(path, write_line, text, error);
}
