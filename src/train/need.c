/* SPDX-License-Identifier: MIT */
/* Memory by purpose, of several layouts together. */

#include "train/train.h"

#include <string.h>

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Adds to the row of the purpose, which another layout may have had, too. */
static void add_row(struct imp_train_need *need, const struct impasto_plan_row *part)
{
    size_t at = 0;
    while (at < need->rows && strcmp(need->row[at].purpose, part->purpose) != 0)
        at++;
    if (at == IMP_TRAIN_ROWS)
        return;
    if (at == need->rows)
        need->row[need->rows++] = (struct impasto_plan_row){.purpose = part->purpose};
    need->row[at].bytes = add(need->row[at].bytes, part->bytes);
}

void imp_train_need_add(struct imp_train_need *need, const struct imp_layout *layout)
{
    struct impasto_plan_row rows[IMP_TRAIN_ROWS];
    const size_t count = imp_layout_rows(layout, rows, IMP_TRAIN_ROWS);
    const uint64_t largest = imp_layout_largest(layout);
    for (size_t i = 0; i < count; i++)
        add_row(need, &rows[i]);
    need->bytes = add(need->bytes, imp_layout_bytes(layout));
    need->largest = largest > need->largest ? largest : need->largest;
}

void imp_train_need_add_bytes(struct imp_train_need *need, const char *purpose, uint64_t bytes)
{
    const struct impasto_plan_row part = {.purpose = purpose, .bytes = bytes};
    if (bytes == 0)
        return;
    add_row(need, &part);
    need->bytes = add(need->bytes, bytes);
}
