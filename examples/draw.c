/* SPDX-License-Identifier: MIT */
/* Draws the example pictures of this folder: draw MOTIF OUT.png|OUT.jpg */

#include "draw.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int width, height;
    const struct motif *motif; /* NULL: the photograph */
} pictures[] = {
    {"lighthouse", 640, 480, NULL},
    {"night", 640, 480, &draw_night},
    {"sunset", 640, 480, &draw_sunset},
};

int main(int argc, char **argv)
{
    const size_t count = sizeof(pictures) / sizeof(*pictures);
    size_t which = 0;
    while (argc == 3 && which < count && strcmp(argv[1], pictures[which].name) != 0)
        which++;
    if (argc != 3 || which == count) {
        fprintf(stderr, "usage: draw lighthouse|night|sunset OUT.png|OUT.jpg\n");
        return 2;
    }

    struct impasto_image *image;
    struct impasto_error error;
    int result = 1;
    if (impasto_image_create(pictures[which].width, pictures[which].height, &image, &error) !=
        IMPASTO_OK) {
        fprintf(stderr, "draw: %s\n", error.message);
        return result;
    }
    if (pictures[which].motif && !draw_painting(pictures[which].motif, image)) {
        fprintf(stderr, "draw: out of memory\n");
        goto done;
    }
    if (!pictures[which].motif)
        draw_photo(image);
    if (impasto_image_save(image, argv[2], NULL, &error) != IMPASTO_OK) {
        fprintf(stderr, "draw: %s\n", error.message);
        goto done;
    }
    result = 0;
done:
    impasto_image_free(&image);
    return result;
}
