/* SPDX-License-Identifier: MIT */
/* --plan of a training: what would be trained, for how long, and in what memory. */

#include "cli/train/run.h"

#include <math.h>

static void print_network(const struct impasto_train_info *info)
{
    printf("a network of width %d with %llu parameters, begun from %s\n", info->width,
           (unsigned long long)info->parameters, info->base ? info->base : "nothing");
    printf("its styles: ");
    for (size_t i = 0; i < info->style_count; i++)
        printf("%s%s", i ? ", " : "", info->styles[i]);
    putchar('\n');
}

/* "12 steps of 2 crops of 160 pixels" */
static void print_steps(int steps, int batch, int crop)
{
    if (steps > 0)
        printf("  %d steps of %d crop%s of %d pixels\n", steps, batch, batch == 1 ? "" : "s", crop);
}

static void print_schedule(const struct cli_trainer *run, const struct impasto_train_info *info)
{
    const struct impasto_train_params *p = &run->params;
    const int early = (int)ceil(info->steps * (1 - (double)p->late_share));
    if (p->minutes > 0) {
        printf("  as many steps as %g minutes have\n", (double)p->minutes);
    } else {
        print_steps(early, p->batch, p->crop);
        print_steps(info->steps - early, p->late_batch, p->late_crop);
    }
    printf("  judged every %d steps, with pictures of %d pixels\n", p->judge_every, p->judge_size);
}

void cli_train_print_plan(struct cli_trainer *run)
{
    const struct impasto_train_info *info = impasto_train_info(run->train);
    print_network(info);
    print_schedule(run, info);
    printf("\nmemory on the device, at the most: %s\n", info->plan_moment);
    cli_print_memory(info->plan, info->plan_rows, info->plan_bytes);
    printf("\nmemory of the host\n  training pictures: at most %.1f MiB\n",
           (double)run->params.photo_memory / (1 << 20));
}
