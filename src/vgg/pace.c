/* SPDX-License-Identifier: MIT */
/* Whether bands exchange rows while they compute others: by the clock. */

#include "vgg/band.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Iterations of each way, of which the fastest counts: the first ones compile, and any may meet
 * with other work. */
#define TRIES 4
/* What overlapping must spare, as a share of an iteration, to be tried on a CPU, and to be kept. A
 * CPU has nothing to hide but what the lines take. Of other devices nobody knows how long they
 * read and write. */
#define WORTH_TRYING 0.01
#define WORTH_KEEPING 0.02

static void decide(struct imp_pace *pace, bool overlaps)
{
    pace->decided = true;
    pace->overlaps = overlaps;
}

void imp_pace_open(struct imp_pace *pace)
{
    const char *word = getenv("IMPASTO_OVERLAP");
    *pace = (struct imp_pace){0};
    if (word && (strcmp(word, "on") == 0 || strcmp(word, "off") == 0))
        decide(pace, strcmp(word, "on") == 0);
}

/* Where all iterations of a way have been made. */
static void judge(struct imp_pace *pace, bool cpu)
{
    const double plain = pace->least[false];
    if (pace->overlaps)
        decide(pace, pace->least[true] < (1 - WORTH_KEEPING) * plain);
    else if (cpu && pace->lines < WORTH_TRYING * plain)
        decide(pace, false);
    else
        pace->overlaps = true;
}

void imp_pace_keep(struct imp_pace *pace, bool cpu)
{
    const double now = imp_host_seconds(), took = now - pace->begun;
    double *least = &pace->least[pace->overlaps];
    const int iterations = pace->iterations++;
    pace->begun = now;
    if (pace->decided || iterations == 0)
        return;
    *least = *least > 0 ? fmin(*least, took) : took;
    if (iterations % TRIES == 0)
        judge(pace, cpu);
}
