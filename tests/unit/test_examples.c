/* SPDX-License-Identifier: MIT */
/* The example pictures are what the program beside them draws: test_examples DRAW FOLDER */

#include <impasto/impasto.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Mathematical libraries differ in the last bit, which may move an edge; the pictures stay the same
 * to the eye. Mean absolute difference of values in [0, 1]. */
#define BOUND (2.0 / 255)

static double difference(const struct impasto_image *a, const struct impasto_image *b)
{
    if (a->width != b->width || a->height != b->height)
        return INFINITY;
    const size_t n = 3 * (size_t)a->width * (size_t)a->height;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a->rgb[i] - (double)b->rgb[i]);
    return sum / (double)n;
}

static int check(const char *draw, const char *folder, const char *motif)
{
    char drawn[64], committed[4096], command[8192];
    struct impasto_image *ours = NULL, *theirs = NULL;
    struct impasto_error error = {0};
    snprintf(drawn, sizeof(drawn), "/tmp/impasto-example-%ld.jpg", (long)getpid());
    snprintf(committed, sizeof(committed), "%s/%s.jpg", folder, motif);
    snprintf(command, sizeof(command), "'%s' %s %s", draw, motif, drawn);
    int failed = 1;
    if (system(command) != 0) {
        printf("%s failed\n", command);
    } else if (impasto_image_load(drawn, 0, &ours, &error) ||
               impasto_image_load(committed, 0, &theirs, &error)) {
        printf("%s\n", error.message);
    } else {
        const double d = difference(ours, theirs);
        printf("%s: mean difference %.5f, bound %.5f\n", motif, d, BOUND);
        failed = !(d <= BOUND);
    }
    impasto_image_free(&ours);
    impasto_image_free(&theirs);
    unlink(drawn);
    return failed;
}

int main(int argc, char **argv)
{
    static const char *const motifs[] = {"lighthouse", "night", "sunset"};
    int failed = 0;
    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof(motifs) / sizeof(*motifs); i++)
        failed += check(argv[1], argv[2], motifs[i]);
    return failed != 0;
}
