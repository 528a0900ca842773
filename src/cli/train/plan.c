/* SPDX-License-Identifier: MIT */
/* --plan of a training: what would be trained, for how long, and in what memory. */

#include "cli/common/json.h"
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

json_t *cli_train_memory(const struct impasto_train_info *info)
{
    json_t *rows = json_object();
    for (size_t i = 0; i < info->plan_rows; i++) { /* a purpose may have several */
        const json_int_t before = json_integer_value(json_object_get(rows, info->plan[i].purpose));
        json_object_set_new(rows, info->plan[i].purpose,
                            json_integer(before + (json_int_t)info->plan[i].bytes));
    }
    return rows;
}

/* To a program. With --minutes, they are the time, and how many steps they have is not known. */
static void tell(struct cli_trainer *run, const struct impasto_train_info *info)
{
    const double minutes = (double)run->params.minutes;
    json_t *line = json_object();
    json_object_set_new(line, "device", cli_json_text(impasto_device_info(run->device)->name));
    json_object_set_new(line, "parameters", json_integer((json_int_t)info->parameters));
    if (minutes > 0) {
        json_object_set_new(line, "steps", json_null());
        json_object_set_new(line, "seconds", cli_json_number(60 * minutes));
    } else {
        json_object_set_new(line, "steps", json_integer(info->steps));
        json_object_set_new(
            line, "work",
            cli_json_number(cli_train_work(&run->params, info->steps, 0, info->steps)));
    }
    json_object_set_new(line, "memory", cli_train_memory(info));
    json_object_set_new(line, "bytes", json_integer((json_int_t)info->plan_bytes));
    cli_events_plan_of(&run->console, line);
}

void cli_train_print_plan(struct cli_trainer *run)
{
    const struct impasto_train_info *info = impasto_train_info(run->train);
    tell(run, info);
    print_network(info);
    print_schedule(run, info);
    printf("\nmemory on the device, at the most: %s\n", info->plan_moment);
    cli_print_memory(info->plan, info->plan_rows, info->plan_bytes);
    printf("\nmemory of the host\n  training pictures: at most %.1f MiB\n",
           (double)run->params.photo_memory / (1 << 20));
}
