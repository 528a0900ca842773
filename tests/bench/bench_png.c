/* SPDX-License-Identifier: MIT */
/*
 * Seconds of processor time that a PNG result of 3000 x 2000 takes to write, and its size, for
 * pictures enlarged to that:
 *
 *   taskset -c 0 build/tests/bench_png examples/night.jpg ...
 */

#include <impasto/impasto.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WIDTH 3000
#define HEIGHT 2000

static void check(enum impasto_status status, const struct impasto_error *error)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_png: %s\n", error->message);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct impasto_image *image = NULL, *large = NULL;
        struct impasto_error error;
        check(impasto_image_load(argv[i], 0, &image, &error), &error);
        check(impasto_image_resize(image, WIDTH, HEIGHT, &large, &error), &error);
        for (int bits = 8; bits <= 16; bits += 8) {
            const struct impasto_save_options options = {.struct_size = sizeof(options),
                                                         .bits = bits};
            unsigned char *bytes = NULL;
            size_t size = 0;
            const double start = seconds();
            check(impasto_image_encode(large, "x.png", &options, &bytes, &size, &error), &error);
            printf("%2d bits  %5.2f s  %9zu bytes  %s\n", bits, seconds() - start, size, argv[i]);
            fflush(stdout);
            free(bytes);
        }
        impasto_image_free(&large);
        impasto_image_free(&image);
    }
    return 0;
}
