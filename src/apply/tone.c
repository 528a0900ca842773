/* SPDX-License-Identifier: MIT */
/* The colours of a painting and of its photograph: tone.h. */

#include "apply/tone.h"

#include "image/image.h"

/* ---- From frame to frame --------------------------------------------------------------------- */

/* The numbers of *colours, in a fixed order. */
static void list(struct imp_colours *colours, double *numbers[9])
{
    int n = 0;
    for (int i = 0; i < 3; i++)
        numbers[n++] = &colours->mean[i];
    for (int i = 0; i < 3; i++)
        for (int j = i; j < 3; j++)
            numbers[n++] = &colours->covariance[i][j];
}

static void mirror(struct imp_colours *colours)
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < i; j++)
            colours->covariance[i][j] = colours->covariance[j][i];
}

/* Moves both. What is kept is what is used, rounded to floats. */
static void smooth(struct imp_colours *colours, float *kept, double stays, bool begins)
{
    double *numbers[9];
    list(colours, numbers);
    for (int i = 0; i < 9; i++) {
        if (!begins)
            *numbers[i] += stays * ((double)kept[i] - *numbers[i]);
        kept[i] = (float)*numbers[i];
        *numbers[i] = (double)kept[i];
    }
    mirror(colours);
}

/* ---- A picture ------------------------------------------------------------------------------- */

enum impasto_status imp_tone_find(const struct imp_tone *tone, struct imp_device *device,
                                  int height, int width, float stays, bool begins,
                                  struct imp_tone_map *map)
{
    struct imp_colours photograph, painting;
    IMP_TRY(imp_tone_measure(device, tone->photograph, height, width, photograph.mean,
                             photograph.covariance));
    IMP_TRY(imp_tone_measure(device, tone->painting, height, width, painting.mean,
                             painting.covariance));
    if (tone->kept) {
        const bool first = begins || tone->kept[0] == 0;
        smooth(&photograph, tone->kept + 1, (double)stays, first);
        smooth(&painting, tone->kept + 10, (double)stays, first);
        tone->kept[0] = 1;
    }
    imp_colours_approach(&painting, &photograph, (double)tone->share, map->matrix, map->added);
    return IMPASTO_OK;
}
