/* SPDX-License-Identifier: MIT */
/* The names of the devices that paint a film. */

#include "cli/video/scenes_inside.h"

#include <string.h>

static const char *device_of(const struct cli_scene_painter *p)
{
    return p->remote.rank > 0 ? p->remote.answered.device : impasto_device_info(p->device)->name;
}

void cli_scenes_list_ranks(const struct cli_filming *f, FILE *stream)
{
    const struct cli_scenes *s = f->scenes;
    for (size_t i = 0; s && s->ranks && i < s->count; i++)
        fprintf(stream, "  rank %-19d %s\n", s->painter[i].remote.rank, device_of(&s->painter[i]));
}

void cli_scenes_name_devices(const struct cli_filming *f, FILE *stream)
{
    const char *first = impasto_device_info(f->device)->name;
    bool differ = false;
    fputs(first, stream);
    for (size_t i = 1; f->scenes && i < f->scenes->count; i++)
        differ |= strcmp(device_of(&f->scenes->painter[i]), first) != 0;
    for (size_t i = 1; differ && i < f->scenes->count; i++)
        fprintf(stream, ", %s", device_of(&f->scenes->painter[i]));
}
