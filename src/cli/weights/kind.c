/* SPDX-License-Identifier: MIT */
/* Tells the kind of a file of weights: for the library, for the script, or damaged. */

#include "base/os.h"
#include "cli/weights/weights.h"

#include <stdio.h>
#include <string.h>

/* What reads those that the library does not. */
const struct cli_script cli_weights_script = {"vgg19.py", "weights"};

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

/* Keras publishes these. */
static const struct {
    const char *name, *md5;
} published[] = {
    {"vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6"},
    {"vgg19_weights_tf_dim_ordering_tf_kernels.h5", "cbe5617147190e668d6c5d5026f83318"},
};

enum impasto_status cli_weights_check_name(const char *path, struct impasto_error *error)
{
    char md5[CLI_HASH_SIZE];
    for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++)
        if (strcmp(imp_os_name(path), published[i].name) == 0 && cli_hash_file_md5(path, md5) &&
            strcmp(md5, published[i].md5) != 0)
            return cli_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: its MD5 is not %s, the published one: a damaged download; get it "
                            "anew",
                            path, published[i].md5);
    return IMPASTO_OK;
}
