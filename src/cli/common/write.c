/* SPDX-License-Identifier: MIT */
/* Files that are written whole or not at all. */

#include "base/os.h"
#include "cli/common/common.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum impasto_status cli_write_file(const char *path, cli_write_fn write, const void *data,
                                   struct impasto_error *error)
{
    struct imp_os_memory text;
    if (!imp_os_memory_open(&text))
        return cli_fail_memory(error, path);
    const bool written = write(text.stream, data);
    /* It has grown by allocating, which is all that can fail. */
    const enum impasto_status status = imp_os_memory_close(&text) && written
                                           ? impasto_file_write(path, text.bytes, text.size, error)
                                           : cli_fail_memory(error, path);
    free(text.bytes);
    return status;
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
    if (cli_is_standard(path)) {
        puts(text); /* main() sees to what has become of it */
        return IMPASTO_OK;
    }
    return cli_write_file(path, write_line, text, error);
}

void cli_make_folders(const char *path, bool ours)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)imp_os_make_folder(folder, ours);
        *slash = '/';
    }
}
