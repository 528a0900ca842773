/* SPDX-License-Identifier: MIT */
/* The files of the page: web/ holds them, and the build puts them in here. */

#include "cli/studio/web.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct studio_source {
    const char *name;
    const char *text;
    size_t size;
};
extern const struct studio_source studio_sources[];
extern const size_t studio_source_count;

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".svg", "image/svg+xml"},
                                           {".jpg", "image/jpeg"}};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (ending && strcmp(ending, types[i][0]) == 0)
            return types[i][1];
    return "text/plain; charset=utf-8";
}

/* FNV-1a (Fowler, Noll and Vo), 64 bits. */
static void write_tag(const struct studio_source *source, char tag[24])
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < source->size; i++)
        hash = (hash ^ (unsigned char)source->text[i]) * 1099511628211u;
    snprintf(tag, 24, "\"%016llx\"", (unsigned long long)hash);
}

const struct cli_web_file *cli_web_find(const char *path)
{
    static struct cli_web_file found;
    const char *name = strcmp(path, "/") == 0 ? "index.html" : path + 1;
    for (size_t i = 0; path[0] == '/' && i < studio_source_count; i++) {
        if (strcmp(studio_sources[i].name, name) != 0)
            continue;
        found = (struct cli_web_file){.path = studio_sources[i].name,
                                      .type = type_of(name),
                                      .text = studio_sources[i].text,
                                      .size = studio_sources[i].size};
        write_tag(&studio_sources[i], found.tag);
        return &found;
    }
    return NULL;
}
