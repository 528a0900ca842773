/* SPDX-License-Identifier: MIT */
/* Which kinds of files the library reads, and which are for the script. */

#include "base/os.h"
#include "cli/weights/weights.h"

#include <stdio.h>
#include <string.h>

/* As far as a tar's mark, the one that stands last. */
#define HEAD_SIZE 512

static const struct {
    size_t at;
    const char *mark;
    size_t size;
    enum cli_weights_kind kind;
} marks[] = {
    {8, "{", 1, CLI_WEIGHTS_SAFETENSORS},      {0, "\211HDF\r\n\032\n", 8, CLI_WEIGHTS_KERAS},
    {0, "PK\003\004", 4, CLI_WEIGHTS_FOREIGN}, /* PyTorch from 1.6 on, NumPy */
    {0, "\200", 1, CLI_WEIGHTS_FOREIGN},       /* PyTorch before */
    {0, "storages", 8, CLI_WEIGHTS_FOREIGN},   /* PyTorch before 0.1.10: a tar */
    {0, "sys_info", 8, CLI_WEIGHTS_FOREIGN},   /* likewise */
    {257, "ustar", 5, CLI_WEIGHTS_FOREIGN},
};

enum cli_weights_kind cli_weights_kind(const char *path)
{
    char head[HEAD_SIZE];
    FILE *file = imp_os_is_file(path) ? fopen(path, "rb") : NULL;
    if (!file)
        return CLI_WEIGHTS_UNKNOWN;
    const size_t size = fread(head, 1, sizeof(head), file);
    fclose(file);
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
        if (marks[i].at + marks[i].size <= size &&
            memcmp(head + marks[i].at, marks[i].mark, marks[i].size) == 0)
            return marks[i].kind;
    return CLI_WEIGHTS_UNKNOWN;
}
