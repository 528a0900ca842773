/* SPDX-License-Identifier: MIT */
/* The command `impasto weights path`: tells where weights are looked for. */

#include "cli/weights/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct home {
    char *path;
    size_t size;
    bool known;
};

static void take_first(void *user, const char *path, bool is_there)
{
    struct home *home = user;
    (void)is_there;
    if (!home->known)
        home->known = (size_t)snprintf(home->path, home->size, "%s", path) < home->size;
}

bool cli_weights_home(char *path, size_t size)
{
    struct home home = {path, size, false};
    impasto_weights_places(take_first, &home);
    return home.known;
}

static void print_place(const char *state, const char *path)
{
    printf("%-8s  %s\n", state, path);
}

static void print_file(void *used, const char *path, bool is_there)
{
    bool *taken = used;
    print_place(!is_there ? "nothing" : *taken ? "not used" : "in use", path);
    *taken = *taken || is_there;
}

enum impasto_status cli_weights_path(const struct cli_call *call, struct impasto_error *error)
{
    (void)call, (void)error;
    const char *variable = getenv("IMPASTO_WEIGHTS");
    bool taken = variable && variable[0];
    const bool builtin = taken && strcmp(variable, "builtin") == 0;
    char line[1200];
    snprintf(line, sizeof(line), "$IMPASTO_WEIGHTS%s%s", taken ? ": " : "", taken ? variable : "");
    print_place(taken ? "in use" : "not set", line);
    impasto_weights_places(print_file, &taken);
    print_place(taken && !builtin ? "not used" : "in use",
                "built-in weights, learned from drawn pictures");
    if (!taken)
        puts("\nimpasto weights fetch downloads trained ones.");
    return IMPASTO_OK;
}
