/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_WEB_H
#define CLI_STUDIO_WEB_H

/* The files of the page, which are in the program. */

#include <stddef.h>

struct cli_web_file {
    const char *path; /* as it is asked for */
    const char *type;
    const char *text;
    size_t size;
    char tag[24]; /* another one where the text is another */
};

/* NULL: there is none of that path. Static. */
const struct cli_web_file *cli_web_find(const char *path);

#endif
