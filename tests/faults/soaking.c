/* SPDX-License-Identifier: MIT */
/* What programs share that work on and on: soaking.h. */

#define _GNU_SOURCE /* malloc_trim */

#include "soaking.h"

#include <dirent.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Resident memory: the median of the last quarter of the samples may be so much above that of the
 * first quarter after the warm-up, which is a tenth of all or more. The share is what the project
 * allows, the constant what the heap's fragments come to: a short form has few samples, of jobs
 * that differ.
 */
#define WARM_UP 0.1
#define GROWTH 0.01
#define FRAGMENTS_KIB 8192

/* ---- What is watched ------------------------------------------------------------------------- */

static struct sample *samples;
static size_t sample_count, sample_room;
long failures;

void complain(long job, const char *what)
{
    failures++;
    printf("FAILED job %ld: %s\n", job, what);
    fflush(stdout);
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static long entries(const char *folder)
{
    DIR *opened = opendir(folder);
    long count = 0;
    while (opened && readdir(opened))
        count++;
    if (opened)
        closedir(opened);
    return count;
}

/* The second number of statm, in KiB; 0 where there is no such file. */
long resident(void)
{
    long all, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void take_sample(void)
{
    if (sample_count == sample_room) {
        sample_room = sample_room ? 2 * sample_room : 1024;
        samples = realloc(samples, sample_room * sizeof(*samples));
        if (!samples)
            exit(2);
    }
    /* What is freed but kept for the next allocation is not lost. */
    malloc_trim(0);
    samples[sample_count++] =
        (struct sample){resident(), entries("/proc/self/fd"), entries("/proc/self/task")};
}

static int compare(const void *a, const void *b)
{
    const long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

/* The median of one figure, at its place in struct sample, of the samples from first to end. */
static long median(size_t place, size_t first, size_t end)
{
    long *values = malloc((end - first) * sizeof(*values));
    if (!values)
        exit(2);
    for (size_t i = first; i < end; i++)
        memcpy(&values[i - first], (const char *)&samples[i] + place, sizeof(*values));
    qsort(values, end - first, sizeof(*values), compare);
    const long middle = values[(end - first) / 2];
    free(values);
    return middle;
}

struct opencl_layer layer;

/* How many OpenCL objects of a kind there are; NULL: of all kinds. 0 where nobody counts them. */
long objects(const char *kind)
{
    return layer.left ? layer.left(kind) : 0;
}

const struct sample *last_sample(void)
{
    return &samples[sample_count - 1];
}

void compare_quarters(size_t least)
{
    size_t first = (size_t)((double)sample_count * WARM_UP);
    first = first < least ? least : first;
    const size_t quarter = sample_count > first ? (sample_count - first) / 4 : 0;
    static const struct {
        const char *name;
        size_t place;
        double share;
        long most; /* beside the share */
    } figures[] = {
        {"resident KiB", offsetof(struct sample, resident), GROWTH, FRAGMENTS_KIB},
        {"descriptors", offsetof(struct sample, descriptors), 0, 0},
        {"threads", offsetof(struct sample, threads), 0, 0},
    };
    if (quarter == 0) {
        printf("too few jobs to compare\n");
        return;
    }
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        const long a = median(figures[i].place, first, first + quarter);
        const long b = median(figures[i].place, sample_count - quarter, sample_count);
        printf("%s: median of the first quarter %ld, of the last %ld (%+.2f %%)\n", figures[i].name,
               a, b, 100 * (double)(b - a) / (double)a);
        if ((double)b > (double)a * (1 + figures[i].share) + (double)figures[i].most)
            complain((long)sample_count, "grows");
    }
}

/* ---- Dice ------------------------------------------------------------------------------------ */

/* Sebastiano Vigna's splitmix64. */
uint64_t state;
static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From 0 to below `end`. */
int below(int end)
{
    return (int)(draw() % (uint64_t)end);
}

bool chance(int percent)
{
    return below(100) < percent;
}

struct impasto_image *picture(int width, int height)
{
    struct impasto_image *image = NULL;
    if (impasto_image_create(width, height, &image, NULL) != IMPASTO_OK)
        exit(2);
    const int kind = 5 + below(90);
    for (int i = 0; i < 3 * width * height; i++)
        image->rgb[i] = (float)((i * kind + i / (3 * width) * 31) % 97) / 96;
    return image;
}
