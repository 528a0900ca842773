/* SPDX-License-Identifier: MIT */
/* How people and programs of this user find the studio: a link with a code that works once, and a
 * file that nobody else reads. */

#include "base/os.h"
#include "cli/studio/studio.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* $XDG_RUNTIME_DIR is the user's alone, and goes when they log out. NULL: there is none, and
 * nothing is written elsewhere. */
static char *path_of(const struct cli_studio *studio, const char *ending)
{
    const char *folder = getenv("XDG_RUNTIME_DIR");
    char name[60];
    snprintf(name, sizeof(name), "impasto/studio-%d%s", cli_http_port(studio->http), ending);
    return folder && imp_os_is_absolute(folder) ? imp_os_join(folder, name) : NULL;
}

static void write_private(const char *path, const char *text)
{
    cli_make_folders(path, true);
    (void)unlink(path);
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return; /* there is the link still */
    (void)imp_os_write_all(file, text, strlen(text));
    imp_os_close(file);
}

void cli_link_print(struct cli_studio *studio)
{
    if (!cli_secret_make(studio->code, sizeof(studio->code)))
        return;
    printf("http://127.0.0.1:%d/#code=%s\n", cli_http_port(studio->http), studio->code);
    fflush(stdout);
}

void cli_link_publish(const struct cli_studio *studio, bool there)
{
    char *path = path_of(studio, ".json"), text[300];
    if (!path)
        return;
    snprintf(text, sizeof(text),
             "{\"url\": \"http://127.0.0.1:%d/\", \"token\": \"%s\", "
             "\"process\": %ld}\n",
             cli_http_port(studio->http), studio->token, imp_os_process());
    if (there)
        write_private(path, text);
    else
        (void)unlink(path);
    free(path);
    if (!there && (path = path_of(studio, ".html"))) {
        (void)unlink(path);
        free(path);
    }
}

/* The words of a process are there for everybody to read, so the code goes through a file. */
static bool open_file(const char *path)
{
    extern char **environ;
    const char *const words[] = {"xdg-open", path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t process;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool opened = true;
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        opened &= posix_spawn_file_actions_addopen(&actions, i, IMP_OS_NOWHERE, O_RDWR, 0) == 0;
    opened = opened &&
             posix_spawnp(&process, words[0], &actions, NULL, (char *const *)words, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return opened;
}

void cli_link_browse(struct cli_studio *studio)
{
    char *path = path_of(studio, ".html"), text[400];
    const bool display = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    if (!path || !display)
        return;
    snprintf(text, sizeof(text),
             "<!doctype html><meta charset=utf-8><meta http-equiv=refresh "
             "content=\"0;url=http://127.0.0.1:%d/#code=%s\">\n",
             cli_http_port(studio->http), studio->code);
    write_private(path, text);
    (void)open_file(path);
    free(path);
}
