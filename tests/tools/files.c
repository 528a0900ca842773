/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "files.h"

char folder[PATH_SIZE / 2];

int make_folder(void **state)
{
    (void)state;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/impasto-test-XXXXXX",
             temporary == NULL || strlen(temporary) > sizeof(folder) / 2 ? "/tmp" : temporary);
    /* Nothing of the user's may be found by the searches under test. */
    unsetenv("IMPASTO_WEIGHTS");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char child[PATH_SIZE];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) < (int)sizeof(child) &&
            unlink(child) != 0)
            remove_tree(child);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

int remove_folder(void **state)
{
    (void)state;
    remove_tree(folder);
    return 0;
}

const char *in_folder(const char *name)
{
    static char paths[4][PATH_SIZE];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(paths[turn], PATH_SIZE, "%s/%s", folder, name);
    return paths[turn];
}

int count_files(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

unsigned char *read_bytes(const char *path, size_t *size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    *size = (size_t)info.st_size;
    unsigned char *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    bytes[*size] = '\0';
    return bytes;
}
